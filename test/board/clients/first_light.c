/* SPDX-License-Identifier: MIT */
/*
 * The driver from end to end, in C: maps core (3,3), writes and reads, gets one
 * message of the mailbox by poll, is revoked by unbinding, and lives. As root,
 * for the unbinding. What runs on the core: three instructions, below.
 */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <misc/epiphany.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CORE 0x8cb
#define BASE ((off_t)CORE << 20)
#define MESSAGE 0xcb000123

static void check(int is_true, const char *what)
{
	printf("%s %s\n", is_true ? "ok" : "not ok", what);
	fflush(stdout);
	if (!is_true) {
		perror("errno");
		exit(1);
	}
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* MOV R0, MESSAGE; MOV R1, MAILBOXLO; STR R0, [R1]; IDLE. */
static void put_program(volatile uint32_t *sram)
{
	const uint32_t low = MESSAGE & 0xffff, high = MESSAGE >> 16;
	const uint32_t to_low = 0x0730, to_high = 0x810f;
	const uint32_t mov = 0x0002000b, movt = 0x1002000b;
	const uint32_t r1 = 1u << 13;
	uint32_t code[] = {
		mov | (low & 0xff) << 5 | (low >> 8) << 20,
		movt | (high & 0xff) << 5 | (high >> 8) << 20,
		mov | r1 | (to_low & 0xff) << 5 | (to_low >> 8) << 20,
		movt | r1 | (to_high & 0xff) << 5 | (to_high >> 8) << 20,
		0x01b20454, /* STR R0, [R1]; IDLE */
	};

	for (unsigned i = 0; i < sizeof(code) / sizeof(*code); i++)
		sram[i] = code[i];
}

int main(void)
{
	struct epiphany_info info = { .size = sizeof(info) };
	struct epiphany_events events = { .size = sizeof(events), .mask = ~0u };
	struct epiphany_event event;
	int fd = open("/dev/epiphany/mesh0", O_RDWR | O_CLOEXEC);

	check(fd >= 0, "open /dev/epiphany/mesh0");
	check(!ioctl(fd, EPIPHANY_IOC_INFO, &info), "INFO");
	printf("# ABI %u, %u x %u cores from 0x%03x, VDD %u uV, features 0x%llx\n", info.abi_version, info.rows,
	       info.columns, info.first_core, info.vdd_microvolt, (unsigned long long)info.features);
	events.mask = EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_MAILBOX);
	check(!ioctl(fd, EPIPHANY_IOC_EVENTS, &events), "EVENTS");

	volatile uint32_t *sram = mmap(NULL, 0x8000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, BASE);
	check(sram != MAP_FAILED, "map SRAM of core (3,3)");
	volatile uint32_t *registers = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, BASE + 0xf0000);
	check(registers != MAP_FAILED, "map its registers");

	for (uint32_t i = 0; i < 0x2000; i++)
		sram[i] = i * 2654435761u;
	uint32_t wrong = 0;
	for (uint32_t i = 0; i < 0x2000; i++)
		wrong += sram[i] != i * 2654435761u;
	check(!wrong, "8192 words written and read");
	check(registers[0x704 / 4] == CORE, "COREID");

	put_program(sram);
	registers[0x428 / 4 + 1] = 1; /* ILATST: SYNC starts the program at 0 */

	struct pollfd waiting = { .fd = events.fd, .events = POLLIN };
	check(poll(&waiting, 1, 5000) == 1 && waiting.revents == POLLIN, "poll");
	check(read(events.fd, &event, sizeof(event)) == sizeof(event), "read an event");
	check(event.type == EPIPHANY_EVENT_MAILBOX && (uint32_t)event.payload == MESSAGE, "the core's message");
	check(poll(&waiting, 1, 0) == 0, "no other");

	write_file("/sys/bus/platform/drivers/epiphany-elink/unbind", "81000000.elink");
	check(sram[0] == 0 && registers[0x704 / 4] == 0, "its mappings read zeros");
	sram[0] = 1;
	check(ioctl(fd, EPIPHANY_IOC_INFO, &info) == -1 && errno == ENODEV, "ENODEV");
	check(poll(&waiting, 1, 0) == 1 && waiting.revents & POLLHUP, "POLLHUP");
	check(open("/dev/epiphany/mesh0", O_RDWR) == -1 && errno == ENOENT, "the device is gone");
	write_file("/sys/bus/platform/drivers/epiphany-elink/bind", "81000000.elink");
	fd = open("/dev/epiphany/elink0", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = open("/dev/epiphany/elink1", O_RDWR | O_CLOEXEC);
	check(fd >= 0, "bound again");
	check(!ioctl(fd, EPIPHANY_IOC_INFO, &info) && info.rows == 4, "INFO");
	return 0;
}
