/* SPDX-License-Identifier: MIT */
/* Nothing of the FPGA is touched before its manager says that it is configured. */
#include "client.h"

#include <sys/syscall.h>

static void remove_module(const char *name)
{
	REQUIRE(!syscall(SYS_delete_module, name, O_NONBLOCK));
}

static void load_module(const char *pattern, const char *parameters)
{
	glob_t found;

	REQUIRE(!glob(pattern, 0, NULL, &found));
	int file = open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC);
	REQUIRE(!syscall(SYS_finit_module, file, parameters, 0));
	close(file);
}

static void load_driver(void)
{
	load_module("/run/board/modules/*-epiphany.ko", "");
}

static void load_manager(const char *parameters)
{
	load_module("/run/board/modules/*-test_fpga.ko", parameters);
}

/* Until a device is there. */
static bool is_there(double seconds)
{
	double end = seconds_now() + seconds;

	while (access("/dev/epiphany/mesh0", F_OK) && seconds_now() < end)
		sleep_ms(10);
	return !access("/dev/epiphany/mesh0", F_OK);
}

/* Whether the driver waits, for this reason. */
static bool waits_for(const char *what)
{
	double end = seconds_now() + 5;
	const char *line;

	do {
		line = strstr(read_text("/sys/kernel/debug/devices_deferred"), platform_device());
		if (line && strstr(line, what))
			return true;
		sleep_ms(10);
	} while (seconds_now() < end);
	return false;
}

static void expect_it_works(void)
{
	uint32_t id = 0;

	EXPECT(is_there(10));
	EXPECT_EQ(pread(open_mesh(), &id, 4, core_address(0, 1) + COREID), 4);
	EXPECT_EQ(id, 0x809);
}

TEST(it_waits_for_the_manager)
{
	remove_module("epiphany");
	remove_module("test_fpga");
	load_driver();
	EXPECT(waits_for("waits for the FPGA's manager"));
	EXPECT(!is_there(0.5));
	/* A device that is bound makes the kernel try again. */
	load_manager("");
	expect_it_works();
}

TEST(it_waits_for_the_configuration)
{
	remove_module("epiphany");
	remove_module("test_fpga");
	load_manager("configured=0");
	load_driver();
	EXPECT(waits_for("waits for the FPGA to be configured"));
	EXPECT(!is_there(0.5));
	remove_module("test_fpga");
	load_manager("configured=1");
	expect_it_works();
}

TEST(it_does_not_hold_the_manager)
{
	EXPECT(is_there(10));
	int fd = open_mesh();
	remove_module("test_fpga");
	load_manager("");
	EXPECT(info_of(fd).abi_version > 0);
}

/* Whether the eLink is out of reset; RESET itself cannot be read. */
static bool is_out_of_reset(void)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	volatile uint32_t *registers = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, ELINK_BASE + 0xf0000);
	bool answers;

	REQUIRE(registers != MAP_FAILED);
	close(fd);
	bench_set(BENCH_POWERED, 1); /* it answers with power only */
	answers = !load_signal(registers + 0x300 / 4);
	bench_set(BENCH_POWERED, 0);
	munmap((void *)registers, PAGE);
	return answers;
}

#define CONFIGURED "/sys/module/test_fpga/parameters/configured"

TEST(what_is_configured_anew_is_left_alone)
{
	uint32_t id = 0;

	EXPECT(is_there(10));
	int fd = open_mesh();
	REQUIRE(wait_for_state("powered", 0, 10));
	write_text(CONFIGURED, "0");
	EXPECT_ERROR(pread(fd, &id, 4, core_address(0, 1) + COREID), EIO);
	EXPECT(!bench_get(BENCH_POWERED));
	write_text(CONFIGURED, "1");
	EXPECT_EQ(pread(fd, &id, 4, core_address(0, 1) + COREID), 4);
	EXPECT_EQ(id, 0x809);
	/* In the midst of use, there is no reset, and the chip goes off. */
	int queue = events(fd, EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_RESET));
	fcntl(queue, F_SETFL, O_NONBLOCK);
	struct epiphany_event event;
	write_text(CONFIGURED, "0");
	EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CORE, 0x808), EIO);
	EXPECT(bench_get(BENCH_POWERED));
	EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CHIP, 0), EIO);
	EXPECT(!bench_get(BENCH_POWERED));
	EXPECT_ERROR(read(queue, &event, sizeof(event)), EAGAIN);
	EXPECT_ERROR(pread(fd, &id, 4, core_address(0, 1) + COREID), EIO);
	write_text(CONFIGURED, "1");
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(pread(fd, &id, 4, core_address(0, 1) + COREID), 4);
	/* Nor does its last user's going touch it. */
	write_text(CONFIGURED, "0");
	close(fd);
	close(queue);
	EXPECT(wait_for_state("powered", 0, 10));
	EXPECT(!bench_get(BENCH_POWERED));
	EXPECT(is_out_of_reset());
	write_text(CONFIGURED, "1");
	fd = open_mesh();
	EXPECT_EQ(pread(fd, &id, 4, core_address(0, 1) + COREID), 4);
	close(fd);
	EXPECT(wait_for_state("powered", 0, 10));
	EXPECT(!is_out_of_reset());
}

MAIN
