/* SPDX-License-Identifier: MIT */
/*
 * A client of the 5.4-era driver, written from what is known of its interface:
 * numbers and layouts are spelled out here, and no header of ours is included.
 *
 *	old_abi DEVICE [USER]
 *
 * As the user of this number, if it is given, with what was opened before.
 */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RESET 0x00004500
#define ELINK_PROBE 0x80884501
#define MESH_PROBE 0xb8184502
#define GET_MAPPINGS 0x90084503
#define MAILBOX_READ 0xc0084504
#define MAILBOX_COUNT 0x00004505
#define THERMAL_DISALLOW 0x00004506
#define THERMAL_ALLOW 0x00004507

#define CORE 0x84a
#define DRAM 0x8e000000
#define DRAM_BYTES 0x02000000
#define REGISTERS 0xf0000
#define PC (0x408 / 4)
#define DEBUGSTATUS (0x40c / 4)
#define ILATST (0x42c / 4)
#define FSTATUS (0x440 / 4)
#define DEBUGCMD (0x448 / 4)
#define MESSAGE 0x84a54321

/* Of structures, words of 64 bits: where each field is. */
enum { PROBE_VERSION = 1, PROBE_CONNECTION, PROBE_ID, PROBE_CHIP, PROBE_ROWS, PROBE_COLUMNS, PROBE_SIDE, PROBE_WORDS = 17 };
enum { MAPPINGS_COUNT = 0, MAPPINGS_ADDRESS, MAPPINGS_SIZE, MAPPINGS_WORDS = 513 };
enum { MESH_CHIP = 1, MESH_ARRAYS, MESH_FIRST_ID, MESH_WORDS = 1795 };

static int number;

static void check(int is_true, const char *what)
{
	printf("%sok %d - %s\n", is_true ? "" : "not ", ++number, what);
	fflush(stdout);
	if (!is_true) {
		perror("errno");
		exit(1);
	}
}

static volatile uint32_t *map(int fd, off_t offset, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	return memory == MAP_FAILED ? NULL : memory;
}

/* MOV R0, MESSAGE; MOV R1, 0x810f0730; STR R0, [R1]; IDLE. */
static void send_message(volatile uint32_t *sram, volatile uint32_t *registers)
{
	const uint32_t mov = 0x0002000b, movt = 0x1002000b, r1 = 1u << 13;
	const uint32_t halves[] = { MESSAGE & 0xffff, MESSAGE >> 16, 0x0730, 0x810f };

	for (int i = 0; i < 4; i++)
		sram[i] = (i & 1 ? movt : mov) | (i & 2 ? r1 : 0) | (halves[i] & 0xff) << 5 | (halves[i] >> 8) << 20;
	sram[4] = 0x01b20454;
	registers[ILATST] = 1; /* SYNC starts what is at 0 */
}

static void test_probes(int fd)
{
	uint64_t probe[PROBE_WORDS], mappings[MAPPINGS_WORDS], mesh[MESH_WORDS];

	check(ioctl(fd, ELINK_PROBE, probe) == 0, "ELINK_PROBE");
	check(probe[PROBE_CONNECTION] == 2 && probe[PROBE_ID] == 0x808 && probe[PROBE_SIDE] == 1, "an array, from 0x808, east");
	check((probe[PROBE_CHIP] == 1 || probe[PROBE_CHIP] == 2) && probe[PROBE_ROWS] == 1 && probe[PROBE_COLUMNS] == 1,
	      "of one chip that is known");
	check(ioctl(fd, GET_MAPPINGS, mappings) == 0, "GET_MAPPINGS");
	check(mappings[MAPPINGS_COUNT] == 1 && mappings[MAPPINGS_ADDRESS] == DRAM && mappings[MAPPINGS_SIZE] == DRAM_BYTES,
	      "32 MiB from 0x8e000000");
	if (ioctl(fd, MESH_PROBE, mesh))
		check(errno == ENOTTY, "MESH_PROBE as the old driver has it: not at all");
	else
		check(mesh[MESH_CHIP] == probe[PROBE_CHIP] && mesh[MESH_ARRAYS] == 1 && mesh[MESH_FIRST_ID] == 0x808, "MESH_PROBE");
	check(ioctl(fd, 0x00004508) == -1 && errno == ENOTTY, "no number 8");
}

static void test_memory(volatile uint32_t *sram, volatile uint32_t *dram)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 0x2000; i++)
		sram[i] = i * 2654435761u;
	for (uint32_t i = 0; i < 0x2000; i++)
		wrong += sram[i] != i * 2654435761u;
	check(!wrong, "SRAM keeps what is stored");
	dram[0] = 0x12345678;
	dram[DRAM_BYTES / 4 - 1] = 0x9abcdef0;
	check(dram[0] == 0x12345678 && dram[DRAM_BYTES / 4 - 1] == 0x9abcdef0, "so does DRAM, to its last word");
}

static void test_mailbox(int fd, int other, volatile uint32_t *sram, volatile uint32_t *registers)
{
	uint32_t message[2] = { 0 };

	while (!ioctl(other, MAILBOX_READ, message))
		; /* of those before us */
	check(errno == EAGAIN, "MAILBOX_READ of an empty one, not waiting");
	check(ioctl(fd, MAILBOX_COUNT) == 0, "MAILBOX_COUNT: none");
	send_message(sram, registers);
	check(ioctl(fd, MAILBOX_READ, message) == 0, "MAILBOX_READ, waiting");
	check(message[0] == MESSAGE, "the core's word, in the first half");
	check(ioctl(other, MAILBOX_READ, message) == -1 && errno == EAGAIN, "it came once");
}

static int is_halted(volatile uint32_t *registers)
{
	return registers[DEBUGSTATUS] & 1;
}

/* Leaves the core halted, about to begin at 0. */
static void prepare(volatile uint32_t *sram, volatile uint32_t *registers, uint32_t first, uint32_t second)
{
	registers[DEBUGCMD] = 1;
	sram[0] = first;
	sram[1] = second;
	registers[PC] = 0;
	registers[FSTATUS] = 1; /* active */
}

/* What a host sees of a core that it resumes depends on what the core comes to next, and on nothing else. */
static void test_halting(volatile uint32_t *sram, volatile uint32_t *registers)
{
	uint32_t wrong = 0;

	prepare(sram, registers, 0xe0, 0); /* B to itself */
	for (int i = 0; i < 1000; i++) {
		registers[DEBUGCMD] = 0;
		wrong += is_halted(registers);
		registers[DEBUGCMD] = 1;
		wrong += !is_halted(registers);
	}
	check(!wrong, "a core that is resumed and comes to no TRAP is not halted");

	prepare(sram, registers, 0x1fe20093, 0xfee0); /* ADD R0, R0, 1; TRAP 7; B to the ADD */
	registers[0] = 0;
	for (uint32_t traps = 0; traps < 1000; traps++) {
		wrong += registers[0] != traps;
		registers[DEBUGCMD] = 0;
		while (!is_halted(registers))
			; /* at the next TRAP, sooner or later */
	}
	check(!wrong, "one that comes to a TRAP is halted again, once for each time that it is resumed");
}

static void test_reset(int fd, volatile uint32_t *sram, volatile uint32_t *registers)
{
	check(ioctl(fd, RESET) == 0, "RESET");
	sram[0] = 42;
	check(sram[0] == 42 && registers[0x704 / 4] == CORE, "mappings of before go on");
	if (ioctl(fd, THERMAL_DISALLOW)) {
		check(errno == EPERM, "THERMAL_DISALLOW is for root");
		return;
	}
	check(ioctl(fd, RESET) == -1 && errno == EACCES, "too hot to be reset");
	check(ioctl(fd, THERMAL_ALLOW) == 0, "THERMAL_ALLOW");
	check(ioctl(fd, RESET) == 0 && registers[0x704 / 4] == CORE, "as before");
}

int main(int argc, char **argv)
{
	const char *device = argc > 1 ? argv[1] : "/dev/epiphany/mesh0";
	int fd = open(device, O_RDWR | O_SYNC), other = open(device, O_RDWR | O_NONBLOCK);
	volatile uint32_t *sram, *registers, *dram;

	check(fd >= 0 && other >= 0, device);
	if (argc > 2)
		check(!setgid(atoi(argv[2])) && !setuid(atoi(argv[2])), "as another user");
	test_probes(fd);
	sram = map(fd, (off_t)CORE << 20, 0x8000);
	registers = map(fd, ((off_t)CORE << 20) + REGISTERS, 0x1000);
	dram = map(fd, DRAM, DRAM_BYTES);
	check(sram && registers && dram, "mmap of a core, of its registers and of DRAM");
	check(registers[0x704 / 4] == CORE, "COREID");
	test_memory(sram, dram);
	test_mailbox(fd, other, sram, registers);
	test_halting(sram, registers);
	test_reset(fd, sram, registers);
	printf("1..%d\n", number);
	return 0;
}
