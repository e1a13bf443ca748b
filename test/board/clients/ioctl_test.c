/* SPDX-License-Identifier: MIT */
/* Every ioctl: its answers, and what it makes of arguments that are wrong. */
#include "client.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The numbers of this driver's own interface, and what is right for them. */
union request {
	uint32_t size;
	struct epiphany_info info;
	struct epiphany_region region;
	struct epiphany_claim claim;
	struct epiphany_reset reset;
	struct epiphany_dram_alloc dram;
	struct epiphany_dma_copy dma;
	struct epiphany_events events;
	uint8_t bytes[3 * PAGE];
};

static const struct command {
	const char *name;
	unsigned long number;
	uint32_t size;
} commands[] = {
	{ "INFO", EPIPHANY_IOC_INFO, sizeof(struct epiphany_info) },
	{ "REGION", EPIPHANY_IOC_REGION, sizeof(struct epiphany_region) },
	{ "CLAIM", EPIPHANY_IOC_CLAIM, sizeof(struct epiphany_claim) },
	{ "RESET", EPIPHANY_IOC_RESET, sizeof(struct epiphany_reset) },
	{ "DRAM_ALLOC", EPIPHANY_IOC_DRAM_ALLOC, sizeof(struct epiphany_dram_alloc) },
	{ "EVENTS", EPIPHANY_IOC_EVENTS, sizeof(struct epiphany_events) },
	{ "DMA_COPY", EPIPHANY_IOC_DMA_COPY, sizeof(struct epiphany_dma_copy) },
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static uint8_t source[64] __attribute__((aligned(64)));

/* A request that is right. DMA needs a DRAM file, which stays open. */
static void fill(union request *request, unsigned int i, int fd)
{
	uint64_t address = 0;

	memset(request, 0, sizeof(*request));
	request->size = commands[i].size;
	switch (commands[i].number) {
	case EPIPHANY_IOC_CLAIM:
		request->claim.rows = request->claim.columns = 1;
		break;
	case EPIPHANY_IOC_RESET:
		request->reset.scope = EPIPHANY_RESET_CORE;
		request->reset.core = 0x808;
		break;
	case EPIPHANY_IOC_DRAM_ALLOC:
		request->dram.bytes = PAGE;
		break;
	case EPIPHANY_IOC_DMA_COPY:
		request->dma.source = (struct epiphany_dma_place) { EPIPHANY_DMA_USER, 0,
								    (uintptr_t)source };
		request->dma.destination.kind = EPIPHANY_DMA_FILE;
		request->dma.destination.fd = dram_alloc(fd, PAGE, &address);
		request->dma.destination.address = address;
		request->dma.bytes = 64;
		break;
	}
}

/* What a success made is closed again. */
static void close_made(unsigned int i, const union request *request)
{
	switch (commands[i].number) {
	case EPIPHANY_IOC_CLAIM:
		close(request->claim.fd);
		break;
	case EPIPHANY_IOC_DRAM_ALLOC:
		close(request->dram.fd);
		break;
	case EPIPHANY_IOC_EVENTS:
		close(request->events.fd);
		break;
	case EPIPHANY_IOC_DMA_COPY:
		close(request->dma.destination.fd);
		break;
	}
}

static bool attempt(int fd, unsigned int i, union request *request, int error)
{
	int ret = ioctl(fd, commands[i].number, request);
	bool is_right = error ? ret == -1 && errno == error : !ret;

	expect_at(is_right, __LINE__, "%s with size %u: %d", commands[i].name, request->size, ret);
	return is_right && !error;
}

TEST(every_size_of_an_argument)
{
	static union request request;
	int fd = open_mesh();

	for (unsigned int i = 0; i < COMMANDS; i++) {
		const struct {
			uint32_t size;
			int error;
		} cases[] = {
			{ 0, EINVAL },
			{ 1, EINVAL },
			{ 4, EINVAL },
			{ commands[i].size - 1, EINVAL },
			{ commands[i].size, 0 },
			{ commands[i].size + 1, 0 },
			{ commands[i].size + 8, 0 },
			{ PAGE, 0 },
			{ PAGE + 1, E2BIG },
			{ 2 * PAGE, E2BIG },
			{ 0x80000000, E2BIG },
			{ UINT32_MAX, E2BIG },
		};

		for (unsigned int j = 0; j < sizeof(cases) / sizeof(*cases); j++) {
			fill(&request, i, fd);
			request.size = cases[j].size;
			bool is_made = attempt(fd, i, &request, cases[j].error);
			if (is_made)
				EXPECT_EQ(request.size, commands[i].size);
			close_made(i, &request);
		}
	}
}

TEST(fields_that_this_kernel_does_not_know)
{
	static union request request;
	int fd = open_mesh();

	for (unsigned int i = 0; i < COMMANDS; i++) {
		static const unsigned int places[] = { 0, 1, 7, 100 };

		for (unsigned int j = 0; j < sizeof(places) / sizeof(*places); j++) {
			fill(&request, i, fd);
			request.size = commands[i].size + places[j] + 1;
			request.bytes[commands[i].size + places[j]] = 1;
			attempt(fd, i, &request, E2BIG);
			if (commands[i].number == EPIPHANY_IOC_DMA_COPY)
				close_made(i, &request);
		}
		/* What the caller has there and does not name is his own. */
		fill(&request, i, fd);
		memset(request.bytes + commands[i].size, 0xa5, 64);
		if (attempt(fd, i, &request, 0))
			for (unsigned int j = 0; j < 64; j++)
				EXPECT_EQ(request.bytes[commands[i].size + j], 0xa5);
		close_made(i, &request);
	}
}

/* Right at its end there is nothing any more. */
static void *end_of_memory(int protection)
{
	uint8_t *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

	REQUIRE(memory != MAP_FAILED);
	REQUIRE(!mprotect(memory + PAGE, PAGE, protection));
	return memory + PAGE;
}

static unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

TEST(arguments_at_the_end_of_memory)
{
	static union request request;
	int fd = open_mesh();
	uint8_t *end = end_of_memory(PROT_NONE);

	for (unsigned int i = 0; i < COMMANDS; i++) {
		fill(&request, i, fd);
		memcpy(end - commands[i].size, &request, commands[i].size);
		if (attempt(fd, i, (union request *)(end - commands[i].size), 0))
			memcpy(&request, end - commands[i].size, commands[i].size);
		close_made(i, &request);

		fill(&request, i, fd);
		unsigned int before = open_files();
		for (unsigned int there = 1; there < commands[i].size; there += 3) {
			memcpy(end - there, &request, there);
			EXPECT_ERROR(ioctl(fd, commands[i].number, end - there), EFAULT);
		}
		EXPECT_EQ(open_files(), before);
		if (commands[i].number == EPIPHANY_IOC_DMA_COPY)
			close_made(i, &request);
		EXPECT_ERROR(ioctl(fd, commands[i].number, NULL), EFAULT);
		EXPECT_ERROR(ioctl(fd, commands[i].number, 1), EFAULT);
		EXPECT_ERROR(ioctl(fd, commands[i].number, 0xc0000000), EFAULT);
		EXPECT_ERROR(ioctl(fd, commands[i].number, 0xfffffffc), EFAULT);
	}
}

TEST(arguments_that_may_not_be_written)
{
	static union request request;
	int fd = open_mesh();
	uint8_t *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

	REQUIRE(memory != MAP_FAILED);
	uint64_t generation = info_of(fd).generation;
	for (unsigned int i = 0; i < COMMANDS; i++) {
		fill(&request, i, fd);
		memcpy(memory, &request, commands[i].size);
		REQUIRE(!mprotect(memory, PAGE, PROT_READ));
		unsigned int before = open_files();
		EXPECT_ERROR(ioctl(fd, commands[i].number, memory), EFAULT);
		EXPECT_EQ(open_files(), before);
		REQUIRE(!mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
		if (commands[i].number == EPIPHANY_IOC_DMA_COPY)
			close_made(i, &request);
	}
	EXPECT(wait_for_state("files", 1, 5));
	/* Nor was the core reset. Power may have come, so one. */
	EXPECT(info_of(fd).generation <= generation + 1);
}

TEST(a_table_of_files_that_is_full)
{
	static union request request;
	int fd = open_mesh();

	for (unsigned int i = 0; i < COMMANDS; i++) {
		fill(&request, i, fd);
		int other[1024], count = 0;
		while ((other[count] = dup(fd)) >= 0)
			count++;
		REQUIRE(errno == EMFILE);
		bool makes_file = commands[i].number == EPIPHANY_IOC_CLAIM ||
				  commands[i].number == EPIPHANY_IOC_DRAM_ALLOC ||
				  commands[i].number == EPIPHANY_IOC_EVENTS;
		attempt(fd, i, &request, makes_file ? EMFILE : 0);
		while (count)
			close(other[--count]);
		if (commands[i].number == EPIPHANY_IOC_DMA_COPY)
			close_made(i, &request);
	}
}

TEST(flags_and_padding)
{
	static union request request;
	int fd = open_mesh();

#define REFUSES(i, field, value)                                                                   \
	do {                                                                                       \
		fill(&request, i, fd);                                                             \
		request.field = value;                                                             \
		EXPECT_ERROR(ioctl(fd, commands[i].number, &request), EINVAL);                     \
		if (commands[i].number == EPIPHANY_IOC_DMA_COPY)                                   \
			close(request.dma.destination.fd);                                         \
	} while (0)
	REFUSES(1, region.kind, 1);
	REFUSES(1, region.flags, 1);
	REFUSES(1, region.address, 1);
	REFUSES(1, region.bytes, 1);
	REFUSES(1, region.index, UINT32_MAX);
	for (unsigned int bit = 3; bit < 32; bit++)
		REFUSES(2, claim.flags, 1u << bit);
	REFUSES(2, claim.rows, 0);
	REFUSES(2, claim.columns, 0);
	REFUSES(2, claim.rows, 5);
	REFUSES(2, claim.rows, UINT32_MAX);
	REFUSES(2, claim.row, 4);
	REFUSES(2, claim.row, UINT32_MAX);
	REFUSES(2, claim.column, 4);
	REFUSES(2, claim.columns, UINT32_MAX);
	REFUSES(2, claim.on_release, 4);
	REFUSES(2, claim.on_release, UINT32_MAX);
	REFUSES(2, claim.dead_man_fd, fd);
	REFUSES(2, claim.dead_man_address, 0x80800000);
	REFUSES(2, claim.dead_man_value, 1);
	REFUSES(2, claim.fd, 1);
	REFUSES(2, claim.flags, EPIPHANY_CLAIM_DEAD_MAN); /* of address 0 */
	REFUSES(2, claim.flags, EPIPHANY_CLAIM_DEAD_MAN_DRAM);
	REFUSES(3, reset.pad, 1);
	REFUSES(3, reset.generation, 1);
	REFUSES(3, reset.scope, 0);
	REFUSES(3, reset.scope, 4);
	REFUSES(3, reset.scope, EPIPHANY_RESET_GROUP); /* of a device node */
	REFUSES(3, reset.core, 0);
	REFUSES(3, reset.core, 0x80c);
	REFUSES(3, reset.core, UINT32_MAX);
	for (unsigned int bit = 2; bit < 32; bit++)
		REFUSES(4, dram.flags, 1u << bit);
	REFUSES(4, dram.bytes, 0);
	REFUSES(4, dram.align, 3);
	REFUSES(4, dram.align, 1ull << 31);
	REFUSES(4, dram.align, 1ull << 63);
	REFUSES(4, dram.address, DRAM_BASE);
	REFUSES(4, dram.fd, 1);
	REFUSES(4, dram.pad, 1);
	for (unsigned int bit = 8; bit < 32; bit++)
		REFUSES(5, events.mask, 1u << bit);
	REFUSES(5, events.mask, 1);
	REFUSES(5, events.fd, 1);
	REFUSES(5, events.pad, 1);
	REFUSES(6, dma.flags, 1);
	REFUSES(6, dma.cookie, 1);
	REFUSES(6, dma.bytes, 0);
	REFUSES(6, dma.bytes, 3);
	REFUSES(6, dma.bytes, (16 << 20) + 4);
	REFUSES(6, dma.bytes, UINT64_MAX - 3);
	REFUSES(6, dma.source.kind, 0);
	REFUSES(6, dma.source.kind, 3);
	REFUSES(6, dma.source.fd, 1);
	REFUSES(6, dma.source.address, 2);
	REFUSES(6, dma.source.address, 1ull << 32);
	REFUSES(6, dma.source.address, UINT64_MAX - 3);
	REFUSES(6, dma.destination.kind, EPIPHANY_DMA_USER);
}

TEST(numbers_that_nobody_knows)
{
	uint64_t address;
	int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, 0),
	    dram = dram_alloc(fd, PAGE, &address);
	int queue = events(fd, 0);
	static uint8_t argument[PAGE];

	REQUIRE(group >= 0 && dram >= 0 && queue >= 0);
	for (unsigned int number = 0; number < 256; number++) {
		memset(argument, 0xff, sizeof(argument));
		if (number < 0x10 ? number > E_IOCTL_MAXNR : number > 0x16) {
			EXPECT_ERROR(ioctl(fd, _IO('E', number), argument), ENOTTY);
			EXPECT_ERROR(ioctl(fd, _IOWR('E', number, uint64_t), argument), ENOTTY);
		}
		/* The old ones are of device nodes alone; other types are nobody's. */
		if (number <= E_IOCTL_MAXNR)
			EXPECT_ERROR(ioctl(group, _IO('E', number), argument), ENOTTY);
		EXPECT_ERROR(ioctl(dram, _IOWR('E', number, uint64_t), argument), ENOTTY);
		EXPECT_ERROR(ioctl(dram, _IO('E', number), argument), ENOTTY);
		EXPECT_ERROR(ioctl(queue, _IOWR('E', number, uint64_t), argument), ENOTTY);
		EXPECT_ERROR(ioctl(fd, _IOWR('F', number, uint64_t), argument), ENOTTY);
	}
	/* Numbers of ours with another direction are others. */
	EXPECT_ERROR(ioctl(fd, _IO('E', 0x10), argument), ENOTTY);
	EXPECT_ERROR(ioctl(fd, _IOW('E', 0x10, struct epiphany_info), argument), ENOTTY);
	EXPECT_ERROR(ioctl(group, EPIPHANY_IOC_CLAIM, argument), ENOTTY);
	EXPECT_ERROR(ioctl(group, EPIPHANY_IOC_DRAM_ALLOC, argument), ENOTTY);
	EXPECT_ERROR(ioctl(group, EPIPHANY_IOC_DMA_COPY, argument), ENOTTY);
	EXPECT_ERROR(ioctl(group, EPIPHANY_IOC_EVENTS, argument), ENOTTY);
}

TEST(info_tells_what_there_is)
{
	struct epiphany_info info;
	int fd = open_mesh(), group = claim(fd, 1, 1, 2, 2, 0, 0);

	memset(&info, 0xff, sizeof(info));
	info.size = sizeof(info);
	REQUIRE(!ioctl(fd, EPIPHANY_IOC_INFO, &info));
	EXPECT_EQ(info.size, sizeof(info));
	EXPECT_EQ(info.abi_version, EPIPHANY_ABI_VERSION);
	EXPECT_EQ(info.features,
		  EPIPHANY_FEATURE_SAFE_READ | EPIPHANY_FEATURE_DMA_COPY | EPIPHANY_FEATURE_VDD);
	EXPECT_EQ(info.chip_type, E_CHIP_E16G301);
	EXPECT_EQ(info.rows, 4);
	EXPECT_EQ(info.columns, 4);
	EXPECT_EQ(info.first_core, 0x808);
	EXPECT_EQ(info.sram_bytes, 0x8000);
	EXPECT_EQ(info.region_count, 2 * 16 + 2);
	EXPECT_EQ(info.vdd_microvolt, 1000000);
	EXPECT_EQ(info.state, EPIPHANY_STATE_POWERED);
	EXPECT_EQ(info.pad, 0);
	REQUIRE(!ioctl(group, EPIPHANY_IOC_INFO, &info));
	EXPECT_EQ(info.region_count, 8);
}

TEST(regions_tell_where_it_is)
{
	int fd = open_mesh(), group = claim(fd, 3, 1, 1, 2, 0, 0);
	struct epiphany_region region = { .size = sizeof(region) };

	for (unsigned int i = 0; i < 32; i++) {
		region = (struct epiphany_region) { .size = sizeof(region), .index = i };
		REQUIRE(!ioctl(fd, EPIPHANY_IOC_REGION, &region));
		EXPECT_EQ(region.kind, i % 2 ? EPIPHANY_REGION_REGISTERS : EPIPHANY_REGION_SRAM);
		EXPECT_EQ(region.address, core_address(i / 8, i / 2 % 4) + (i % 2 ? REGISTERS : 0));
		EXPECT_EQ(region.bytes, i % 2 ? PAGE : SRAM_BYTES);
		EXPECT_EQ(region.flags, 15);
	}
	region = (struct epiphany_region) { .size = sizeof(region), .index = 32 };
	REQUIRE(!ioctl(fd, EPIPHANY_IOC_REGION, &region));
	EXPECT_EQ(region.kind, EPIPHANY_REGION_DRAM);
	EXPECT_EQ(region.address, DRAM_BASE);
	EXPECT_EQ(region.bytes, DRAM_BYTES);
	region = (struct epiphany_region) { .size = sizeof(region), .index = 33 };
	REQUIRE(!ioctl(fd, EPIPHANY_IOC_REGION, &region));
	EXPECT_EQ(region.kind, EPIPHANY_REGION_ELINK);
	EXPECT_EQ(region.address, ELINK_BASE);
	region = (struct epiphany_region) { .size = sizeof(region), .index = 34 };
	EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_REGION, &region), EINVAL);

	for (unsigned int i = 0; i < 4; i++) {
		region = (struct epiphany_region) { .size = sizeof(region), .index = i };
		REQUIRE(!ioctl(group, EPIPHANY_IOC_REGION, &region));
		EXPECT_EQ(region.address, core_address(3, 1 + i / 2) + (i % 2 ? REGISTERS : 0));
	}
	region = (struct epiphany_region) { .size = sizeof(region), .index = 4 };
	EXPECT_ERROR(ioctl(group, EPIPHANY_IOC_REGION, &region), EINVAL);
}

TEST(what_is_made_is_closed_on_exec)
{
	uint64_t address;
	int fd = open_mesh();

	EXPECT_EQ(fcntl(claim(fd, 0, 0, 1, 1, 0, 0), F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(dram_alloc(fd, 1, &address), F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(events(fd, 0), F_GETFD), FD_CLOEXEC);
}

/* ---- The interface of the 5.4-era driver. */

static uint64_t device_number(int fd)
{
	struct stat stat;

	REQUIRE(!fstat(fd, &stat));
	return stat.st_rdev;
}

TEST(old_probes_describe_elink_and_mesh)
{
	int mesh = open_mesh(), elink = open_kind("elink", O_RDWR);
	struct e_elink_info info;
	static struct e_mesh_info mesh_info;

	memset(&info, 0xff, sizeof(info));
	memset(&mesh_info, 0xff, sizeof(mesh_info));
	REQUIRE(elink >= 0 && !ioctl(elink, E_IOCTL_ELINK_PROBE, &info));
	EXPECT_EQ(info.dev, device_number(elink));
	EXPECT_EQ(info._pad, 0);
	EXPECT_EQ(info.connection_type, E_CONN_ARRAY);
	EXPECT_EQ(info.array.id, 0x808);
	EXPECT_EQ(info.array.chip_type, E_CHIP_E16G301);
	EXPECT_EQ(info.array.chip_rows, 1);
	EXPECT_EQ(info.array.chip_cols, 1);
	EXPECT_EQ(info.array.parent_side, E_SIDE_E);
	EXPECT_EQ(info.array.mesh_dev, device_number(mesh));
	for (int side = 0; side < E_SIDE_MAX; side++) {
		EXPECT_EQ(info.array.connections[side].type,
			  side == E_SIDE_E ? E_CONN_ELINK : E_CONN_DISCONNECTED);
		EXPECT_EQ(info.array.connections[side].dev,
			  side == E_SIDE_E ? device_number(elink) : 0);
	}
	REQUIRE(!ioctl(mesh, E_IOCTL_MESH_PROBE, &mesh_info));
	EXPECT_EQ(mesh_info.dev, device_number(mesh));
	EXPECT_EQ(mesh_info.chip_type, E_CHIP_E16G301);
	EXPECT_EQ(mesh_info.narrays, 1);
	EXPECT(!memcmp(&mesh_info.arrays[0], &info.array, sizeof(info.array)));
	for (unsigned int i = 0; i < sizeof(struct e_array_info) * (E_MESH_MAX_ARRAYS - 1); i++)
		if (!EXPECT_EQ(((uint8_t *)&mesh_info.arrays[1])[i], 0))
			break;
	/* Both nodes are the same chip. */
	EXPECT(!ioctl(mesh, E_IOCTL_ELINK_PROBE, &info));
	EXPECT(!ioctl(elink, E_IOCTL_MESH_PROBE, &mesh_info));
}

TEST(old_mappings_tell_where_dram_is)
{
	static struct e_mappings_info info;
	int fd = open_mesh();

	memset(&info, 0xff, sizeof(info));
	REQUIRE(!ioctl(fd, E_IOCTL_GET_MAPPINGS, &info));
	EXPECT_EQ(info.nmappings, 1);
	EXPECT_EQ(info.mappings[0].emesh_addr, DRAM_BASE);
	EXPECT_EQ(info.mappings[0].size, DRAM_BYTES);
	for (unsigned int i = 1; i < E_LINK_MAX_MEM_MAPPINGS; i++)
		if (!EXPECT(!info.mappings[i].emesh_addr && !info.mappings[i].size))
			break;
}

TEST(old_arguments_that_are_wrong)
{
	int fd = open_mesh();
	uint8_t *end = end_of_memory(PROT_NONE), *read_only = end_of_memory(PROT_READ);
	const unsigned long numbers[] = { E_IOCTL_ELINK_PROBE, E_IOCTL_MESH_PROBE,
					  E_IOCTL_GET_MAPPINGS };

	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_ERROR(ioctl(fd, numbers[i], NULL), EFAULT);
		EXPECT_ERROR(ioctl(fd, numbers[i], end - 4), EFAULT);
		EXPECT_ERROR(ioctl(fd, numbers[i], read_only), EFAULT);
		EXPECT_ERROR(ioctl(fd, numbers[i], 0xfffffffc), EFAULT);
	}
}

MAIN
