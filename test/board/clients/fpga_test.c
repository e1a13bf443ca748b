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

MAIN
