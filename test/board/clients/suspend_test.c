/* SPDX-License-Identifier: MIT */
/* A board that sleeps, with everything in use. Needs the debug kernel, whose sleep may end by itself. */
#include "client.h"

static void sleep_once(const char *depth)
{
	write_text("/sys/power/pm_test", depth);
	write_text("/sys/power/state", "freeze");
}

static void sleep_and_look(const char *depth)
{
	uint64_t address = 0;
	int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, 0),
	    dram = dram_alloc(fd, PAGE, &address);
	volatile uint32_t *node = must_map(fd, core_address(1, 1), PAGE),
			  *held = must_map(group, core_address(0, 0), PAGE);
	volatile uint32_t *given = must_map(dram, address, PAGE);
	int queue = events(fd, EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_POWER));
	struct epiphany_event records[8];
	uint32_t word;

	node[0] = held[0] = given[0] = 0x99;
	sleep_once(depth);
	/* The chip was off, and is on again. */
	EXPECT_EQ(read(queue, records, sizeof(records)), 64);
	EXPECT(records[0].payload == 0 && records[1].payload == 1);
	EXPECT_EQ(node[0], 0x5a5a5a5a);
	EXPECT_EQ(held[0], 0);
	EXPECT_EQ(given[0], 0x99);
	EXPECT_EQ(pread(fd, &word, 4, core_address(1, 1) + COREID), 4);
	EXPECT_EQ(word, 0x849);
	EXPECT_ERROR(pread(group, &word, 4, core_address(0, 0)), ESTALE);
	send_messages(1, 1);
	close(group);
	EXPECT(claim(fd, 0, 0, 1, 1, 0, 0) >= 0);
}

TEST(asleep_to_the_devices)
{
	sleep_and_look("devices");
}

TEST(asleep_to_the_platform)
{
	sleep_and_look("platform");
}

TEST(asleep_when_it_was_off)
{
	EXPECT(wait_for_state("powered", 0, 10));
	sleep_once("devices");
	EXPECT_EQ(state("powered"), 0);
	uint32_t word;
	EXPECT_EQ(pread(open_mesh(), &word, 4, core_address(1, 1) + COREID), 4);
}

TEST(asleep_when_it_was_too_hot)
{
	int fd = open_mesh();

	must_map(fd, core_address(0, 0), PAGE);
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_DISALLOW));
	sleep_once("devices");
	EXPECT_EQ(state("thermal"), 1);
	EXPECT(!bench_get(BENCH_POWERED));
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_ALLOW));
	EXPECT(bench_get(BENCH_POWERED));
}

/* Copies between blocks of DRAM need no chip, but an engine, which sleeps like everything else. */
TEST_WITHIN(no_copy_is_made_while_it_sleeps, 900)
{
	const uint64_t bytes = 4 << 20;
	uint64_t from = 0, to = 0;
	int fd = open_mesh(), source = dram_alloc(fd, bytes, &from),
	    target = dram_alloc(fd, bytes, &to);
	int queue = events(fd, EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_POWER) |
				       EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_DMA));
	struct epiphany_event event;
	uint64_t off = 0, on = 0;
	unsigned int copies = 0, after = 0;

	/* It is on, so that its going off tells when the devices went to sleep. */
	must_map(fd, core_address(0, 0), PAGE);
	for (int i = 0; i < 64; i++) {
		struct epiphany_dma_copy request = {
			.size = sizeof(request),
			.source = { EPIPHANY_DMA_FILE, source, from },
			.destination = { EPIPHANY_DMA_FILE, target, to },
			.bytes = bytes,
		};
		if (!ioctl(fd, EPIPHANY_IOC_DMA_COPY, &request))
			copies++;
	}
	EXPECT(copies > 32);
	sleep_once("devices");
	for (unsigned int done = 0; done < copies;) {
		REQUIRE(read(queue, &event, sizeof(event)) == sizeof(event));
		if (event.type == EPIPHANY_EVENT_POWER) {
			*(event.payload ? &on : &off) = event.time;
			continue;
		}
		done++;
		/* None is lost for it. */
		EXPECT_EQ(event.flags, 0);
		EXPECT(!off || on);
		after += on != 0;
	}
	EXPECT(off && on);
	/* Or it was all over before, and nothing was shown. */
	EXPECT(after > 0);
}

MAIN
