/* SPDX-License-Identifier: MIT */
/* Power: when the chip is on, who may switch it off, its voltage; and who may do what. */
#include "client.h"

#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>

/* What the regulator fails with when it is to be switched on; 0 for nothing. */
#define SUPPLY_ERROR "/sys/module/test_regulator/parameters/error"

static bool is_on(void)
{
	return bench_get(BENCH_POWERED);
}

static void wait_until_off(void)
{
	EXPECT(wait_for_state("powered", 0, 10));
	EXPECT(!is_on());
	EXPECT(!bench_get(BENCH_ANSWERS));
}

/* The folder of elinkN, whose number is another one after each binding. */
static const char *elink_folder(const char *file)
{
	static char path[128];

	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/class/epiphany/elink%d/%s", i, file);
		if (!access(path, F_OK))
			break;
	}
	return path;
}

TEST(it_is_off_when_nobody_uses_it)
{
	uint32_t word;
	int fd = open_mesh();

	wait_until_off();
	/* To open it is no use, nor are questions, DRAM and events. */
	info_of(fd);
	uint64_t address = 0;
	dram_alloc(fd, PAGE, &address);
	events(fd, 0xfe);
	must_map(fd, DRAM_BASE + 0x400000, PAGE)[0] = 1;
	EXPECT(ioctl(fd, E_IOCTL_MAILBOX_COUNT) >= 0);
	EXPECT(!is_on());
	EXPECT_EQ(info_of(fd).state, 0);
	/* Each of these is. */
	for (int use = 0; use < 5; use++) {
		int own = open_mesh(), group = -1;
		void *memory = NULL;
		switch (use) {
		case 0:
			memory = (void *)must_map(own, core_address(0, 0), PAGE);
			break;
		case 1:
			group = claim(own, 0, 0, 1, 1, 0, 0);
			EXPECT(group >= 0);
			break;
		case 2:
			EXPECT_EQ(pread(own, &word, 4, core_address(0, 0)), 4);
			break;
		case 3:
			EXPECT(!reset(own, EPIPHANY_RESET_CHIP, 0));
			break;
		case 4:
			memory = (void *)must_map(own, ELINK_BASE, PAGE);
			break;
		}
		EXPECT(is_on());
		EXPECT(bench_get(BENCH_ANSWERS));
		EXPECT_EQ(info_of(fd).state, EPIPHANY_STATE_POWERED);
		/* For as long as it is open, or mapped. */
		close(use == 1 ? own : -1);
		sleep_ms(2500);
		EXPECT(is_on());
		close(own);
		close(group);
		if (memory) {
			sleep_ms(2500);
			EXPECT(is_on());
			munmap(memory, PAGE);
		}
		wait_until_off();
	}
}

/* What the next user of a chip that is still on reads where the last one wrote this. */
static uint32_t left_for(bool is_old)
{
	int fd = open_mesh();
	uint32_t word = 0x1234567, seen = 0;

	EXPECT_EQ(pwrite(fd, &word, 4, core_address(0, 0)), 4);
	/* While somebody uses it, nobody else changes anything. */
	int other = open_mesh();
	EXPECT_EQ(pread(other, &seen, 4, core_address(0, 0)), 4);
	EXPECT_EQ(seen, word);
	close(fd);
	close(other);
	fd = open_mesh();
	if (!is_old)
		info_of(fd);
	EXPECT_EQ(pread(fd, &seen, 4, core_address(0, 0)), 4);
	if (is_old) {
		/* Its later calls are no first use. */
		uint32_t first = seen;
		EXPECT_EQ(pread(fd, &seen, 4, core_address(0, 0)), 4);
		EXPECT_EQ(seen, first);
	}
	close(fd);
	return seen;
}

TEST(a_new_user_soon_after)
{
	const uint32_t word = 0x1234567;
	uint32_t seen;

	wait_until_off();
	EXPECT(!strcmp(read_text(elink_folder("first_use_power_cycle")), "legacy"));
	EXPECT_EQ(left_for(false), word);
	EXPECT(left_for(true) != word);
	/* What is kept on is kept as it is, as by the module parameter of old. */
	write_text(platform_file("power/control"), "on");
	EXPECT_EQ(left_for(true), word);
	write_text(platform_file("power/control"), "auto");
	write_text(elink_folder("first_use_power_cycle"), "always\n");
	EXPECT(left_for(false) != word);
	EXPECT(left_for(true) != word);
	write_text(elink_folder("first_use_power_cycle"), "never");
	EXPECT_EQ(left_for(false), word);
	EXPECT_EQ(left_for(true), word);
	int file = open(elink_folder("first_use_power_cycle"), O_WRONLY | O_CLOEXEC);
	EXPECT_ERROR(write(file, "sometimes", 9), EINVAL);
	EXPECT(!strcmp(read_text(elink_folder("first_use_power_cycle")), "never"));
	write_text(elink_folder("first_use_power_cycle"), "legacy");
	/* A process that comes later finds nothing anyway. */
	int fd = open_mesh();
	info_of(fd);
	EXPECT_EQ(pwrite(fd, &word, 4, core_address(0, 0)), 4);
	close(fd);
	wait_until_off();
	fd = open_mesh();
	EXPECT_EQ(pread(fd, &seen, 4, core_address(0, 0)), 4);
	EXPECT(seen != word);
}

static void *use_and_close(void *argument)
{
	unsigned int *others = argument;
	uint32_t word;

	for (int i = 0; i < 40; i++) {
		int fd = open_mesh();
		if (pread(fd, &word, 4, core_address(0, 0)) != 4 && errno != EPROTO)
			__atomic_fetch_add(others, 1, __ATOMIC_RELAXED);
		close(fd);
	}
	return NULL;
}

TEST(a_supply_that_fails_is_tried_again_by_whoever_comes_next)
{
	int fd = open_mesh();
	unsigned int others = 0;
	pthread_t users[4];
	uint32_t word;

	wait_until_off();
	write_text(SUPPLY_ERROR, "71"); /* EPROTO, which nobody else has */
	for (int i = 0; i < 3; i++)
		EXPECT_ERROR(pread(fd, &word, 4, core_address(0, 0)), EPROTO);
	EXPECT_ERROR(claim(fd, 0, 0, 1, 1, 0, 0), EPROTO);
	EXPECT(map(fd, core_address(0, 0), PAGE) == MAP_FAILED);
	EXPECT_EQ(info_of(fd).state, 0);
	/* Nobody is told of what happened to another, nor of what runtime PM thinks of it. */
	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&users[i], NULL, use_and_close, &others));
	for (int i = 0; i < 4; i++)
		pthread_join(users[i], NULL);
	EXPECT_EQ(others, 0);
	write_text(SUPPLY_ERROR, "0");
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 0)), 4);
	EXPECT(is_on());
	close(fd);
	wait_until_off();
	/* While it is kept on, too. */
	write_text(SUPPLY_ERROR, "71");
	write_text(platform_file("power/control"), "on");
	EXPECT(!is_on());
	fd = open_mesh();
	EXPECT_ERROR(pread(fd, &word, 4, core_address(0, 0)), EPROTO);
	write_text(SUPPLY_ERROR, "0");
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 0)), 4);
	write_text(platform_file("power/control"), "auto");
}

TEST(it_stays_on_if_it_is_told_to)
{
	write_text(platform_file("power/control"), "on");
	EXPECT(is_on());
	sleep_ms(3000);
	EXPECT(is_on());
	write_text(platform_file("power/control"), "auto");
	wait_until_off();
}

TEST(it_goes_off_when_it_is_told_to)
{
	int fd = open_mesh();
	uint32_t word;

	write_text(platform_file("power/autosuspend_delay_ms"), "100");
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 0)), 4);
	close(fd);
	EXPECT(wait_for_state("powered", 0, 1.5));
	write_text(platform_file("power/autosuspend_delay_ms"), "2000");
}

/* ---- Voltage. */

TEST(the_voltage_that_somebody_wants)
{
	static const struct {
		const char *wanted;
		int error;
		int shown, voltage;
	} cases[] = {
		{ "950000\n", 0, 950000, 950000 },
		{ "960000", 0, 950000, 950000 },
		{ "1200000", 0, 1200000, 1200000 },
		{ "900000", 0, 900000, 900000 },
		{ "899999", ERANGE, 900000, 900000 },
		{ "1200001", ERANGE, 900000, 900000 },
		{ "2147483647", ERANGE, 900000, 900000 },
		{ "99999999999", ERANGE, 900000, 900000 },
		{ "much", EINVAL, 900000, 900000 },
		{ "", EINVAL, 900000, 900000 },
		{ "0", 0, -1, 1000000 },
		{ "-5", 0, -1, 1000000 },
		{ "-1", 0, -1, 1000000 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int file = open(elink_folder("vdd_wanted"), O_WRONLY | O_CLOEXEC);
		REQUIRE(file >= 0);
		if (*cases[i].wanted) {
			errno = 0;
			ssize_t ret = write(file, cases[i].wanted, strlen(cases[i].wanted));
			EXPECT_EQ(ret < 0 ? errno : 0, cases[i].error);
		}
		close(file);
		EXPECT_EQ(atoi(read_text(elink_folder("vdd_wanted"))), cases[i].shown);
		wait_until_off();
		int fd = open_mesh();
		EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
		EXPECT_EQ(info_of(fd).vdd_microvolt, cases[i].voltage);
		EXPECT_EQ(atoi(read_text(elink_folder("vdd_current"))), cases[i].voltage);
		EXPECT_EQ(bench_get(0x04), cases[i].voltage);
		close(fd);
	}
}

TEST(hwmon_tells_the_voltage)
{
	char folder[300] = "", path[330];
	DIR *all = opendir("/sys/class/hwmon");
	struct dirent *entry;

	REQUIRE(all);
	while ((entry = readdir(all))) {
		snprintf(path, sizeof(path), "/sys/class/hwmon/%s/name", entry->d_name);
		if (!strcmp(read_text(path), "epiphany"))
			snprintf(folder, sizeof(folder), "/sys/class/hwmon/%s", entry->d_name);
	}
	closedir(all);
	REQUIRE(*folder);
	int fd = open_mesh();
	must_map(fd, core_address(0, 0), PAGE);
	snprintf(path, sizeof(path), "%s/in0_input", folder);
	EXPECT_EQ(atoi(read_text(path)), 1000);
	snprintf(path, sizeof(path), "%s/in0_label", folder);
	EXPECT(!strcmp(read_text(path), "VDD"));
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_DISALLOW));
	snprintf(path, sizeof(path), "%s/in0_input", folder);
	EXPECT_EQ(atoi(read_text(path)), 0);
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_ALLOW));
	EXPECT_EQ(atoi(read_text(path)), 1000);
}

/* ---- Heat. */

TEST(while_it_is_too_hot)
{
	int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, 0);
	volatile uint32_t *node = must_map(fd, core_address(0, 1), PAGE);
	volatile uint32_t *held = must_map(group, core_address(0, 0), PAGE);
	uint64_t address = 0;
	int dram = dram_alloc(fd, PAGE, &address);
	volatile uint32_t *given = must_map(dram, address, PAGE);
	uint32_t word = 0;

	node[0] = held[0] = given[0] = 0x77;
	int daemon = open_kind("elink", O_RDWR);
	EXPECT(!ioctl(daemon, E_IOCTL_THERMAL_DISALLOW));
	/* It lasts, no matter who closes. */
	close(daemon);
	EXPECT(!is_on());
	EXPECT_EQ(info_of(fd).state, EPIPHANY_STATE_THERMAL);
	EXPECT_EQ(state("thermal"), 1);
	EXPECT_EQ(node[0], 0);
	EXPECT_EQ(held[0], 0);
	EXPECT_EQ(given[0], 0x77);
	node[0] = held[0] = 1;
	EXPECT_ERROR(pread(fd, &word, 4, core_address(0, 0)), ESHUTDOWN);
	EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CHIP, 0), ESHUTDOWN);
	EXPECT_ERROR(claim(fd, 0, 1, 1, 1, 0, 0), ESHUTDOWN);
	EXPECT_ERROR(pread(group, &word, 4, core_address(0, 0)), ESTALE);
	EXPECT_EQ(pread(dram, &word, 4, address), 4);
	/* A mapping may be made. */
	int other = open_mesh();
	volatile uint32_t *early = must_map(other, core_address(1, 1), PAGE);
	EXPECT_EQ(early[0], 0);
	EXPECT(!is_on());
	write_text(platform_file("power/control"), "on");
	EXPECT(!is_on());
	EXPECT(!ioctl(other, E_IOCTL_THERMAL_ALLOW));
	EXPECT(is_on());
	/* Device nodes reach the chip again; the work-group does not. */
	EXPECT_EQ(node[0], 0x5a5a5a5a);
	EXPECT_EQ(early[0], 0x5a5a5a5a);
	/* It has its page of zeros, and what was written there. */
	EXPECT_EQ(held[0], 1);
	node[0] = 5;
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 1)), 4);
	EXPECT_EQ(word, 5);
	write_text(platform_file("power/control"), "auto");
}

TEST(heat_of_a_chip_that_is_off)
{
	int fd = open_mesh();

	wait_until_off();
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_DISALLOW));
	EXPECT(!is_on());
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_ALLOW));
	EXPECT(!is_on());
	uint32_t word;
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 0)), 4);
	EXPECT(is_on());
}

/* ---- Who may do what. */

static void become(uid_t user, gid_t group)
{
	REQUIRE(!setgroups(1, &group) && !setgid(group) && !setuid(user));
}

TEST(of_the_group_and_not_of_it)
{
	char mesh[40], elink[40];
	struct stat stat_mesh;

	for (int i = 0; i < 64; i++) {
		snprintf(mesh, sizeof(mesh), "/dev/epiphany/mesh%d", i);
		snprintf(elink, sizeof(elink), "/dev/epiphany/elink%d", i);
		if (!access(mesh, F_OK))
			break;
	}
	REQUIRE(!stat(mesh, &stat_mesh));
	EXPECT_EQ(stat_mesh.st_mode & 0777, 0660);
	REQUIRE(!chown(mesh, 0, 555) && !chown(elink, 0, 555));
	IN_CHILD({
		become(1000, 1000);
		EXPECT_ERROR(open(mesh, O_RDWR), EACCES);
		EXPECT_ERROR(open(elink, O_RDONLY), EACCES);
	});
	IN_CHILD({
		become(1000, 555);
		uint64_t address = 0;
		int fd = open(elink, O_RDWR);
		REQUIRE(fd >= 0);
		EXPECT(claim(fd, 0, 0, 4, 4, EPIPHANY_CLAIM_EXCLUSIVE, 0) >= 0);
		EXPECT(dram_alloc(fd, PAGE, &address) >= 0);
		EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
		EXPECT(!ioctl(fd, E_IOCTL_RESET));
		must_map(fd, core_address(0, 0), PAGE)[0] = 1;
		EXPECT_ERROR(ioctl(fd, E_IOCTL_THERMAL_DISALLOW), EPERM);
		EXPECT_ERROR(ioctl(fd, E_IOCTL_THERMAL_ALLOW), EPERM);
		EXPECT_ERROR(map(fd, ELINK_BASE, PAGE), EACCES);
		EXPECT(open(elink_folder("vdd_wanted"), O_WRONLY) == -1);
		EXPECT(open(elink_folder("vdd_wanted"), O_RDONLY) >= 0);
	});
	REQUIRE(!chown(mesh, 0, 0) && !chown(elink, 0, 0));
}

TEST(tracepoints_tell_what_happens)
{
	uint32_t word;

	write_text("/sys/kernel/tracing/events/epiphany/enable", "1");
	int fd = open_mesh();
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), PAGE);
	memory[0] = 1;
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 0)), 4);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x808));
	send_messages(0x1234, 1);
	write_text("/sys/kernel/tracing/events/epiphany/enable", "0");
	const char *trace = read_text("/sys/kernel/tracing/trace");
	EXPECT(strstr(trace, "epiphany_fault: elink") && strstr(trace, "0x80800000"));
	EXPECT(strstr(trace, "epiphany_reset: elink") && strstr(trace, "scope 1 core 0x808"));
	EXPECT(strstr(trace, "epiphany_mailbox: elink") && strstr(trace, "0x00001234 0x00000000"));
	EXPECT(strstr(trace, "epiphany_ioctl: elink"));
}

MAIN
