/* SPDX-License-Identifier: MIT */
/*
 * Every allocation and every user copy of every call fails once, in turn, and so
 * does every one of a probe. Needs the debug kernel.
 */
#include "client.h"

static int fail_nth = -1;
static int fd, group, dram, queue;
static uint64_t dram_address;

static void prepare(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	char path[96];

	for (unsigned int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait", kinds[i]);
		write_text(path, "N");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		write_text(path, "0");
	}
	write_text("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_text("/sys/kernel/debug/fail_usercopy/verbose", "0");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	REQUIRE(fail_nth >= 0);
}

static void arm(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	/* This, too, may be what is made to fail; then not again. */
	while (pwrite(fail_nth, text, length, 0) != length)
		REQUIRE(errno == EFAULT || errno == ENOMEM);
}

/* Whether something was made to fail since. */
static bool disarm(void)
{
	char text[16] = {};
	/* If the reading fails, nothing before it did. */
	bool has_failed_one = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	arm(0);
	return has_failed_one;
}

/* A call, made to fail at each place that it has; 0 or an errno. In the end it succeeds. */
static void sweep(const char *name, int (*call)(void))
{
	unsigned int nth = 1, errors = 0;
	bool is_done = false;
	int error = 0;

	for (; !is_done && nth < 2000; nth++) {
		arm(nth);
		error = call();
		is_done = !disarm();
		errors += error != 0;
		if (error && error != ENOMEM && error != EFAULT && error != ENOSPC &&
		    error != ENFILE && error != EMFILE && error != EINTR && error != EAGAIN)
			expect_at(false, __LINE__, "%s, place %u: %s", name, nth, strerror(error));
	}
	expect_at(is_done && !error, __LINE__, "%s: %s in the end", name, strerror(error));
	printf("# %s: %u places, %u errors\n", name, nth - 2, errors);
}

static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

static int call_open(void)
{
	int own = open("/dev/epiphany/mesh0", O_RDWR | O_CLOEXEC), error = result(own);

	close(own);
	return error;
}

static int call_info(void)
{
	struct epiphany_info info = { .size = sizeof(info) };

	return result(ioctl(fd, EPIPHANY_IOC_INFO, &info));
}

static int call_region(void)
{
	struct epiphany_region region = { .size = sizeof(region) };

	return result(ioctl(fd, EPIPHANY_IOC_REGION, &region));
}

static int call_claim(void)
{
	int own = claim(fd, 1, 1, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, EPIPHANY_RELEASE_SCRUB),
	    error = result(own);

	close(own);
	return error;
}

static int call_dram(void)
{
	struct epiphany_dram_alloc request = { .size = sizeof(request),
					       .flags = EPIPHANY_DRAM_SCRUB,
					       .bytes = 4 * PAGE };
	int error = result(ioctl(fd, EPIPHANY_IOC_DRAM_ALLOC, &request));

	if (!error)
		close(request.fd);
	return error;
}

static int call_events(void)
{
	int own = events(fd, 0xfe), error = result(own);

	close(own);
	return error;
}

static int call_reset(void)
{
	return result(reset(fd, EPIPHANY_RESET_CORE, 0x808));
}

static int call_group_reset(void)
{
	return result(reset(group, EPIPHANY_RESET_GROUP, 0));
}

/* The group does not outlive it. */
static int call_chip_reset(void)
{
	return result(reset(fd, EPIPHANY_RESET_CHIP, 0));
}

static int call_old_reset(void)
{
	return result(ioctl(fd, E_IOCTL_RESET));
}

static int call_old_probes(void)
{
	static struct e_elink_info elink;
	static struct e_mesh_info mesh;
	static struct e_mappings_info mappings;

	return result(ioctl(fd, E_IOCTL_ELINK_PROBE, &elink))
		       ?: result(ioctl(fd, E_IOCTL_MESH_PROBE, &mesh))
		       ?: result(ioctl(fd, E_IOCTL_GET_MAPPINGS, &mappings));
}

/* Its message comes before anything can fail. */
static int call_old_mailbox(void)
{
	struct e_mailbox_msg message;

	bench_set(BENCH_MESSAGE, 1);
	while (ioctl(fd, E_IOCTL_MAILBOX_COUNT) < 1)
		sleep_ms(1);
	/* A message that cannot be handed over stays. */
	int error = result(ioctl(fd, E_IOCTL_MAILBOX_READ, &message));
	while (ioctl(fd, E_IOCTL_MAILBOX_COUNT) > 0)
		if (ioctl(fd, E_IOCTL_MAILBOX_READ, &message) < 0)
			error = error ?: errno;
	return error;
}

static int call_thermal(void)
{
	int error = result(ioctl(fd, E_IOCTL_THERMAL_DISALLOW));

	/* Or the next one would find it so. */
	while (ioctl(fd, E_IOCTL_THERMAL_ALLOW) < 0)
		error = error ?: errno;
	return error;
}

static int call_read(void)
{
	static uint8_t bytes[2 * PAGE];

	return result(pread(fd, bytes, sizeof(bytes), core_address(0, 0)))
		       ?: result(pread(dram, bytes, sizeof(bytes), dram_address));
}

static int call_write(void)
{
	static uint8_t bytes[2 * PAGE];

	return result(pwrite(fd, bytes, sizeof(bytes), core_address(0, 0)));
}

static int call_map(void)
{
	void *memory = (void *)map(fd, core_address(0, 0), 2 * PAGE);

	if (memory == MAP_FAILED)
		return errno;
	munmap(memory, 2 * PAGE);
	return 0;
}

static int call_copy(void)
{
	static uint8_t bytes[2 * PAGE] __attribute__((aligned(64)));
	struct epiphany_dma_copy request = {
		.size = sizeof(request),
		.bytes = sizeof(bytes),
		.source = { EPIPHANY_DMA_USER, 0, (uintptr_t)bytes },
		.destination = { EPIPHANY_DMA_FILE, dram, dram_address },
	};

	return result(ioctl(fd, EPIPHANY_IOC_DMA_COPY, &request));
}

static int call_read_events(void)
{
	struct epiphany_event records[8];

	reset(fd, EPIPHANY_RESET_CORE, 0x808);
	return result(read(queue, records, sizeof(records)));
}

TEST_WITHIN(every_place_of_every_call, 1200)
{
	uint64_t ignored = 0;

	prepare();
	bench_registers(); /* now: opening them is no call of the driver's */
	fd = open_mesh();
	group = claim(fd, 0, 0, 1, 1, 0, 0);
	dram = dram_alloc(fd, 8 * PAGE, &dram_address);
	queue = events(fd, 0xfe);
	REQUIRE(group >= 0 && dram >= 0 && queue >= 0);
	long long files = state("files");
	sweep("open", call_open);
	sweep("INFO", call_info);
	sweep("REGION", call_region);
	sweep("CLAIM", call_claim);
	sweep("DRAM_ALLOC", call_dram);
	sweep("EVENTS", call_events);
	sweep("RESET of a core", call_reset);
	sweep("RESET of a group", call_group_reset);
	sweep("old probes", call_old_probes);
	sweep("old mailbox", call_old_mailbox);
	sweep("pread", call_read);
	sweep("pwrite", call_write);
	sweep("mmap", call_map);
	sweep("DMA_COPY", call_copy);
	sweep("read of events", call_read_events);
	sweep("RESET of the chip", call_chip_reset);
	sweep("old RESET", call_old_reset);
	sweep("old thermal calls", call_thermal);
	EXPECT(wait_for_state("files", files, 30));
	EXPECT_EQ(state("mappings"), 0);
	close(dram);
	/* A copy may still hold it. */
	EXPECT(wait_for_state("files", files - 1, 30));
	EXPECT(dram_alloc(fd, DRAM_BYTES, &ignored) >= 0);
}

/* Its first touch, of a page of zeros. */
TEST(no_memory_for_a_page_of_zeros)
{
	prepare();
	fd = open_mesh();
	group = claim(fd, 0, 0, 1, 1, 0, 0);
	volatile uint32_t *memory = must_map(group, core_address(0, 0), PAGE);

	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	uint64_t place = 0;
	int source = dram_alloc(fd, PAGE, &place);
	/* By a system call, which fails, and not by a load, which would call the OOM killer. */
	for (unsigned int nth = 1; nth < 20; nth++) {
		arm(nth);
		ssize_t ret = pread(source, (void *)memory, 4, place);
		bool has_failed_one = disarm();
		EXPECT(ret == 4 || errno == EFAULT || errno == ENOMEM);
		if (!has_failed_one)
			break;
	}
	EXPECT_EQ(memory[0], 0);
}

TEST_WITHIN(every_place_of_a_probe, 2400)
{
	unsigned int nth = 1, failed = 0;
	bool is_done = false;

	prepare();
	int unbinder = open(DRIVER "/unbind", O_WRONLY | O_CLOEXEC),
	    binder = open(DRIVER "/bind", O_WRONLY | O_CLOEXEC);
	const char *device = platform_device();
	const size_t length = strlen(device);
	REQUIRE(unbinder >= 0 && binder >= 0);
	for (; !is_done && nth < 5000; nth++) {
		REQUIRE(write(unbinder, device, length) == (ssize_t)length);
		arm(nth);
		ssize_t ret = write(binder, device, length);
		is_done = !disarm();
		if (ret < 0) {
			failed++;
			REQUIRE(write(binder, device, length) == (ssize_t)length);
		}
		/* It may be there without its chip: a child that did not probe does not end its parent. */
		if (access("/dev/epiphany/mesh0", F_OK))
			continue;
		int own = open("/dev/epiphany/mesh0", O_RDWR | O_CLOEXEC);
		EXPECT(own >= 0);
		close(own);
	}
	EXPECT(is_done);
	printf("# %u places, %u probes failed\n", nth - 2, failed);
	uint32_t id = 0;
	REQUIRE(write(unbinder, device, length) == (ssize_t)length &&
		write(binder, device, length) == (ssize_t)length);
	EXPECT_EQ(pread(open_mesh(), &id, 4, core_address(3, 3) + COREID), 4);
	EXPECT_EQ(id, 0x8cb);
}

int main(int argc, char **argv)
{
	/* The kernel kills a program whose rseq area it cannot write, and that, too, is made to fail. */
	if (!getenv("GLIBC_TUNABLES")) {
		setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
		execv("/proc/self/exe", argv);
	}
	return run_tests(argc, argv);
}
