/* SPDX-License-Identifier: MIT */
/*
 * Whether the driver survives what nobody would do, and leaves nothing behind:
 * random calls, clients that are killed at any moment, and bindings that end
 * with everything in use.
 *
 *	survival [SEED [OPERATIONS [KILLS [BINDINGS]]]]
 */
#include "client.h"

#include <sched.h>
#include <sys/syscall.h>

static unsigned int seed = 1, operations = 200000, kills = 500, bindings = 100;

/* ---- Random numbers: the same ones for the same seed. */

static uint64_t random_state;

static uint32_t any(uint32_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return below ? (random_state >> 33) % below : 0;
}

/* ---- A client that does anything. */

#define FILES	 24
#define MAPPINGS 16

static struct {
	int files[FILES];
	struct {
		volatile uint8_t *memory;
		size_t bytes;
	} mappings[MAPPINGS];
	uint64_t blocks[8]; /* addresses of DRAM that was given out */
	uint8_t *buffer;
	volatile bool *has_opened; /* shared with those who want to know, or NULL */
} client;

#define BUFFER (16 * PAGE)

static int *any_file(void)
{
	return &client.files[any(FILES)];
}

static void keep_file(int fd)
{
	int *place = any_file();

	if (fd < 0)
		return;
	if (client.has_opened)
		*client.has_opened = true;
	if (*place >= 0)
		close(*place);
	*place = fd;
	/* No reader is to wait for ever. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static uint64_t any_address(void)
{
	static const uint32_t locals[] = { 0,	   0x1000, 0x7ffc,	0x8000, R0,
					   CONFIG, COREID, DEBUGSTATUS, 0xff000 };

	switch (any(10)) {
	case 0:
		return DRAM_BASE + (any(0x2000) << 12);
	case 1:
		return client.blocks[any(8)];
	case 2:
		return ELINK_BASE + (any(0x101) << 12);
	case 3:
		return (uint64_t)any(UINT32_MAX) << any(33);
	default:
		return core_address(any(5), any(5)) + (any(3) ? locals[any(9)] : any(0x100000));
	}
}

static size_t any_bytes(void)
{
	return any(4) ? any(300) : any(4) ? any(BUFFER) : any(UINT32_MAX);
}

static void *any_memory(void)
{
	unsigned int i = any(MAPPINGS);

	switch (any(12)) {
	case 0:
		return NULL;
	case 1:
		/* The kernel's, or nobody's: not our own, or we would break ourselves. */
		return (void *)(uintptr_t)(any(2) ? 0xc0000000 | any(UINT32_MAX) : any(0x10000));
	case 2:
	case 3:
		return client.mappings[i].memory
			       ? (void *)(client.mappings[i].memory + any(client.mappings[i].bytes))
			       : NULL;
	default:
		return client.buffer + any(BUFFER);
	}
}

static uint32_t any_word(void)
{
	static const uint32_t words[] = {
		0, 1, 2, 3, 4, 0xffffffff, 0x80000000, 0x808, 0x8cb, PAGE
	};

	return any(2) ? words[any(10)] : any(UINT32_MAX);
}

static void do_open(void)
{
	static const int flags[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };

	keep_file(open_kind(any(2) ? "mesh" : "elink", flags[any(5)] | O_NONBLOCK));
}

static void do_claim(void)
{
	struct epiphany_claim request = {
		.size = sizeof(request),
		.flags = any(8) ? any(2) : any(8),
		.row = any(4),
		.column = any(4),
		.rows = 1 + any(2),
		.columns = 1 + any(2),
		.on_release = any(8) ? any(4) : any_word(),
	};

	if (request.flags & EPIPHANY_CLAIM_DEAD_MAN) {
		request.dead_man_address = any_address();
		request.dead_man_fd = request.flags & EPIPHANY_CLAIM_DEAD_MAN_DRAM ? *any_file()
										   : 0;
		request.dead_man_value = any_word();
	}
	if (!ioctl(*any_file(), EPIPHANY_IOC_CLAIM, &request))
		keep_file(request.fd);
}

static void do_alloc(void)
{
	struct epiphany_dram_alloc request = {
		.size = sizeof(request),
		.flags = any(2) ? EPIPHANY_DRAM_SCRUB : 0,
		.bytes = any(8) ? any(0x20000) : any(DRAM_BYTES),
		.align = any(3) ? 0 : 1u << any(31),
	};

	if (!any(4)) {
		request.flags |= EPIPHANY_DRAM_FIXED;
		request.address = any_address() & ~(uint64_t)(any(8) ? PAGE - 1 : 0);
		request.align = 0;
	}
	if (!ioctl(*any_file(), EPIPHANY_IOC_DRAM_ALLOC, &request)) {
		keep_file(request.fd);
		client.blocks[any(8)] = request.address;
	}
}

static struct epiphany_dma_place any_end(void)
{
	if (any(2))
		return (struct epiphany_dma_place) { EPIPHANY_DMA_USER, 0,
						     (uintptr_t)any_memory() & ~(any(8) ? 3u : 0) };
	return (struct epiphany_dma_place) { EPIPHANY_DMA_FILE, *any_file(),
					     any_address() & ~(any(8) ? 3ull : 0) };
}

static void do_copy(void)
{
	struct epiphany_dma_copy request = {
		.size = sizeof(request),
		.source = any_end(),
		.destination = any_end(),
		.bytes = any_bytes() & ~(any(8) ? 3u : 0),
	};

	ioctl(*any_file(), EPIPHANY_IOC_DMA_COPY, &request);
}

static void do_reset(void)
{
	struct epiphany_reset request = { .size = sizeof(request),
					  .scope = any(5),
					  .core = any(2) ? 0 : core_address(any(4), any(4)) >> 20 };

	/* Of the chip more rarely: it takes long, and ends work-groups. */
	if (request.scope == EPIPHANY_RESET_CHIP && any(8))
		request.scope = EPIPHANY_RESET_CORE;
	ioctl(*any_file(), EPIPHANY_IOC_RESET, &request);
}

static void do_events(void)
{
	struct epiphany_events request = { .size = sizeof(request),
					   .mask = any(8) ? 0xfe & any_word() : any_word() };

	if (!ioctl(*any_file(), EPIPHANY_IOC_EVENTS, &request))
		keep_file(request.fd);
}

static void do_ask(void)
{
	struct epiphany_region region = { .size = sizeof(region), .index = any(40) };
	struct epiphany_info info = { .size = sizeof(info) };

	ioctl(*any_file(), EPIPHANY_IOC_INFO, &info);
	ioctl(*any_file(), EPIPHANY_IOC_REGION, &region);
}

/* Any number with anything, but no reset of the old kind all the time, and no heat. */
static void do_nonsense(void)
{
	static const uint32_t sizes[] = { 0, 1, 16, 32, 40, 48, 64, 72, 100, PAGE, PAGE + 1 };
	unsigned int number = any(3) ? 0x10 + any(8) : any(32), direction = any(3) ? 3 : any(4);
	uint32_t *argument = any_memory();

	if ((number == 0 && any(20)) || number == 6 || number == 7)
		return;
	if ((uint8_t *)argument >= client.buffer &&
	    (uint8_t *)argument < client.buffer + BUFFER - 4) {
		for (unsigned int i = 1;
		     i < 18 && (uint8_t *)(argument + i) < client.buffer + BUFFER - 4; i++)
			argument[i] = any(2) ? 0 : any_word();
		*argument = sizes[any(11)];
	}
	/* An unlucky one is of the right form; what it makes is closed. */
	ioctl(*any_file(), _IOC(direction, 'E', number, any(8) ? 48 : any(200)), argument);
}

static void do_access(void)
{
	size_t bytes = any_bytes();
	uint64_t address = any_address();

	if (bytes > BUFFER)
		bytes = any(2) ? BUFFER : bytes;
	if (any(2))
		syscall(SYS_pread64, *any_file(), any_memory(), bytes, 0, (uint32_t)address,
			(uint32_t)(address >> 32));
	else
		syscall(SYS_pwrite64, *any_file(), any_memory(), bytes & 0xfff, 0,
			(uint32_t)address, (uint32_t)(address >> 32));
}

static void do_read(void)
{
	syscall(SYS_read, *any_file(), any_memory(), any_bytes());
}

static void do_map(void)
{
	unsigned int i = any(MAPPINGS);
	size_t bytes = any(8) ? PAGE << any(4) : PAGE * (1 + any(0x4000));
	static const int flags[] = { MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_SHARED | MAP_POPULATE,
				     MAP_PRIVATE };

	if (client.mappings[i].memory)
		munmap((void *)client.mappings[i].memory, client.mappings[i].bytes);
	client.mappings[i].memory = NULL;
	void *memory = (void *)syscall(
		SYS_mmap2, NULL, bytes,
		PROT_READ | (any(4) ? PROT_WRITE : 0) | (any(16) ? 0 : PROT_EXEC), flags[any(5)],
		*any_file(), (uint32_t)(any_address() >> 12) + (any(16) ? 0 : any_word()));
	if (memory == MAP_FAILED)
		return;
	client.mappings[i].memory = memory;
	client.mappings[i].bytes = bytes;
}

static void do_change_mapping(void)
{
	unsigned int i = any(MAPPINGS);
	uint8_t *memory = (void *)client.mappings[i].memory;
	size_t bytes = client.mappings[i].bytes;

	if (!memory)
		return;
	switch (any(5)) {
	case 0:
		munmap(memory + PAGE * any(bytes / PAGE), PAGE);
		break;
	case 1:
		mprotect(memory + PAGE * any(bytes / PAGE), PAGE, any(8));
		break;
	case 2: {
		size_t now = PAGE * (1 + any(bytes / PAGE + 1));
		void *moved = mremap(memory, bytes, now, MREMAP_MAYMOVE);
		if (moved != MAP_FAILED) {
			client.mappings[i].memory = moved;
			client.mappings[i].bytes = now;
		}
		break;
	}
	case 3:
		madvise(memory, bytes, any(26));
		break;
	default:
		msync(memory, bytes, any(8));
	}
}

/* A load or a store, which may end in a signal. */
static void do_touch(void)
{
	unsigned int i = any(MAPPINGS);
	volatile uint8_t *memory = client.mappings[i].memory;
	bool is_store = any(2);

	if (!memory)
		return;
	memory += any(client.mappings[i].bytes) & ~3u;
	if (!sigsetjmp(bus_error_jump, 1)) {
		if (is_store)
			*(volatile uint32_t *)memory = any_word();
		else
			(void)*(volatile uint32_t *)memory;
	}
}

static void do_poll(void)
{
	struct pollfd polled[4];

	for (int i = 0; i < 4; i++)
		polled[i] = (struct pollfd) { .fd = *any_file(), .events = any(64) };
	poll(polled, 4, 0);
}

static void do_old(void)
{
	static uint8_t argument[0x8000];
	static const unsigned long numbers[] = { E_IOCTL_ELINK_PROBE, E_IOCTL_MESH_PROBE,
						 E_IOCTL_GET_MAPPINGS, E_IOCTL_MAILBOX_READ,
						 E_IOCTL_MAILBOX_COUNT };

	ioctl(*any_file(), numbers[any(5)], any(4) ? argument : any_memory());
}

static void do_close(void)
{
	int *file = any_file();

	if (*file >= 0)
		close(*file);
	*file = -1;
}

static void do_duplicate(void)
{
	int fd = *any_file();

	if (fd >= 0)
		keep_file(dup(fd));
}

static void do_seek(void)
{
	lseek(*any_file(), any_address(), any(3));
}

/* A child that does something with what it has, and ends as it likes. */
static void do_fork(void)
{
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < 5; i++) {
			do_access();
			do_map();
			do_touch();
		}
		if (any(2))
			raise(SIGKILL);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* Now and then a core runs, or the bench sends a message. */
static void do_run(void)
{
	int fd = *any_file();
	uint32_t start = 1, program = any(2) ? PROGRAM_LOOP : any_word();
	uint64_t core = core_address(any(4), any(4));

	if (pwrite(fd, &program, 4, core) == 4)
		pwrite(fd, &start, 4, core + ILATST);
	/* A bus error if there is no room, as nobody reads the messages of a chip that is dead or off. */
	uint32_t message = any_word();
	if (!sigsetjmp(bus_error_jump, 1))
		bench_set(BENCH_MESSAGE, message);
}

/* Something, by weight. */
static void do_anything(void)
{
	static const struct {
		unsigned int weight;
		void (*run)(void);
	} all[] = {
		{ 40, do_access },   { 60, do_touch }, { 30, do_map },	 { 15, do_change_mapping },
		{ 20, do_nonsense }, { 15, do_claim }, { 10, do_alloc }, { 10, do_copy },
		{ 4, do_reset },     { 5, do_events }, { 10, do_ask },	 { 10, do_read },
		{ 10, do_poll },     { 5, do_old },    { 15, do_close }, { 10, do_open },
		{ 4, do_duplicate }, { 4, do_seek },   { 1, do_fork },	 { 3, do_run },
	};
	unsigned int total = 0, chosen;

	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++)
		total += all[i].weight;
	chosen = any(total);
	for (unsigned int i = 0;; i++) {
		if (chosen < all[i].weight) {
			all[i].run();
			return;
		}
		chosen -= all[i].weight;
	}
}

static void begin_anything(uint64_t from)
{
	struct sigaction action = { .sa_handler = on_bus_error };

	random_state = from * 2862933555777941757ull + 3037000493ull;
	memset(client.files, 0xff, sizeof(client.files));
	client.buffer = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	REQUIRE(client.buffer != MAP_FAILED);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	bench_registers();
	/* Of the files' group, mostly: root may reach the eLink's registers, and so break the chip until its next reset. */
	if (from % 8)
		REQUIRE(!setuid(1000));
	do_open();
}

/* Descriptors that nonsense made and nobody knows. */
static void close_unknown(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		bool is_known = false;
		for (int i = 0; i < FILES; i++)
			is_known |= client.files[i] == fd;
		if (!is_known)
			close(fd);
	}
}

static void do_many(uint64_t from, unsigned int count)
{
	begin_anything(from);
	for (unsigned int i = 0; i < count; i++) {
		do_anything();
		if (i % 500 == 499)
			close_unknown();
	}
}

/* ---- Tests. */

/* What everybody who is gone has left. */
static void expect_nothing_left(void)
{
	char path[64];

	EXPECT(wait_for_state("files", 0, 30));
	EXPECT_EQ(state("mappings"), 0);
	/* Files of bindings that have ended are in no list, but hold the module. */
	double end = seconds_now() + 30;
	while (strcmp(read_text("/sys/module/epiphany/refcnt"), "0") && seconds_now() < end)
		sleep_ms(10);
	EXPECT_EQ(strtol(read_text("/sys/module/epiphany/refcnt"), NULL, 0), 0);
	EXPECT_EQ(strlen(read_text("/sys/module/epiphany/refcnt")), 1);
	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/epiphany/elink%d/claims", i);
		EXPECT_EQ(strlen(read_text(path)), 0);
		snprintf(path, sizeof(path), "/sys/kernel/debug/epiphany/elink%d/dram", i);
		EXPECT_EQ(strlen(read_text(path)), 0);
	}
	EXPECT(wait_for_state("powered", 0, 10));
	/* All of DRAM can be had, and every core to oneself. */
	uint64_t address = 0;
	int fd = open_mesh();
	EXPECT(dram_alloc(fd, DRAM_BYTES, &address) >= 0);
	EXPECT(claim(fd, 0, 0, 4, 4, EPIPHANY_CLAIM_EXCLUSIVE, 0) >= 0);
}

TEST_WITHIN(random_operations, 600)
{
	/* Two at a time, who meet each other. In parts: a part that dies takes no other with it. */
	const unsigned int part = 5000;
	unsigned int parts = (operations + part - 1) / part, begun = 0, running = 0;

	while (begun < parts || running) {
		int status;
		while (running < 2 && begun < parts) {
			uint64_t from = (uint64_t)seed << 32 | begun++;
			fflush(stdout);
			if (!fork()) {
				do_many(from, part);
				_exit(0);
			}
			running++;
		}
		pid_t child = wait(&status);
		running--;
		expect_at(child > 0 && status == 0, __LINE__, "a part ended with 0x%x", status);
	}
	printf("# %u operations, seed %u\n", parts * part, seed);
	expect_nothing_left();
}

/* How long a client takes to open anything, in microseconds: what a slow kernel, or a busy host, makes of it. */
static unsigned int until_first_open(void)
{
	double begin = seconds_now();
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (!child)
		do_many((uint64_t)seed << 32 | UINT32_MAX, UINT32_MAX);
	while (!*client.has_opened && seconds_now() < begin + 60)
		usleep(1000);
	kill(child, SIGKILL);
	EXPECT_EQ(waitpid(child, NULL, 0), child);
	return (seconds_now() - begin) * 1e6;
}

TEST_WITHIN(killed_at_random_moments, 900)
{
	const unsigned int shortest = 40000, longest = 4000000;
	unsigned int window, in_use = 0;

	client.has_opened = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
				 0);
	REQUIRE(client.has_opened != MAP_FAILED);
	fflush(stdout);
	window = 5 * until_first_open();
	window = window < shortest ? shortest : window > longest ? longest : window;
	random_state = seed;
	for (unsigned int i = 0; i < kills; i++) {
		unsigned int microseconds = any(window);
		int status = 0;

		*client.has_opened = false;
		fflush(stdout);
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (!child)
			do_many((uint64_t)seed << 32 | i, UINT32_MAX);
		usleep(microseconds);
		kill(child, SIGKILL);
		EXPECT_EQ(waitpid(child, &status, 0), child);
		expect_at(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, __LINE__,
			  "a client ended with 0x%x", status);
		/* Most are to have something by then, however slow the kernel: some four in five. */
		if (*client.has_opened) {
			in_use++;
			window -= window / 32;
		} else {
			window += window / 8;
		}
		window = window < shortest ? shortest : window > longest ? longest : window;
	}
	printf("# %u kills, %u of them after the first open, the last within %u us\n", kills,
	       in_use, window);
	EXPECT(in_use >= kills / 2);
	expect_nothing_left();
}

TEST_WITHIN(unbound_with_everything_in_use, 900)
{
	enum { CLIENTS = 6 };
	pid_t clients[CLIENTS] = {};

	random_state = seed;
	for (unsigned int i = 0; i < bindings; i++) {
		for (int j = 0; j < CLIENTS; j++)
			if (!clients[j]) {
				fflush(stdout);
				clients[j] = fork();
				if (!clients[j])
					wait_with_all(any(1000) + j, -1);
				any(1);
			}
		usleep(10000 + any(30000));
		unbind_driver();
		usleep(any(5000));
		bind_driver();
		for (int j = 0; j < CLIENTS; j++)
			if (waitpid(clients[j], NULL, WNOHANG) == clients[j])
				clients[j] = 0;
	}
	/* One more for those who have come since. */
	usleep(200000);
	unbind_driver();
	for (int j = 0; j < CLIENTS; j++) {
		bool was_late = false;
		EXPECT(!clients[j] || wait_within(clients[j], 30, &was_late) == 0);
		EXPECT(!was_late);
	}
	bind_driver();
	printf("# %u bindings\n", bindings + 1);
	expect_nothing_left();
}

int main(int argc, char **argv)
{
	unsigned int *numbers[] = { &seed, &operations, &kills, &bindings };

	for (int i = 1; i < argc && i <= 4; i++)
		*numbers[i - 1] = strtoul(argv[i], NULL, 0);
	return run_tests(1, argv);
}
