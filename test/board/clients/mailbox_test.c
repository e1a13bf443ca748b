/* SPDX-License-Identifier: MIT */
/* The old calls for messages: MAILBOX_READ, MAILBOX_COUNT and poll on the device. */
#include "stalled_page.h"

#include <pthread.h>

#define QUEUE 2048

static int open_powered(int flags)
{
	int fd = open_kind("mesh", O_RDWR | flags);

	REQUIRE(fd >= 0);
	must_map(fd, core_address(0, 0), PAGE);
	return fd;
}

/* Nothing is left of the tests before. */
static void drain(int fd)
{
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 0);
}

TEST(read_and_count)
{
	int fd = open_powered(O_NONBLOCK), elink = open_kind("elink", O_RDWR | O_NONBLOCK);
	struct e_mailbox_msg message;
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	drain(fd);
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, &message), EAGAIN);
	EXPECT_EQ(poll(&polled, 1, 0), 0);
	send_messages(0x10, 3);
	EXPECT_EQ(poll(&polled, 1, 0), 1);
	EXPECT_EQ(polled.revents, POLLIN);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 3);
	EXPECT_EQ(ioctl(elink, E_IOCTL_MAILBOX_COUNT), 3);
	EXPECT(!ioctl(fd, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 0x10);
	EXPECT_EQ(message.data, 0);
	EXPECT(!ioctl(elink, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 0x11);
	/* What cannot be delivered stays. */
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, NULL), EFAULT);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 1);
	EXPECT(!ioctl(fd, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 0x12);
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, NULL), EAGAIN);
}

TEST(what_the_queue_cannot_hold_is_lost_without_an_error)
{
	int fd = open_powered(O_NONBLOCK);
	struct e_mailbox_msg message;
	unsigned int got = 0;

	drain(fd);
	long long lost = state("legacy lost");
	send_messages(0, QUEUE + 300);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), QUEUE);
	while (!ioctl(fd, E_IOCTL_MAILBOX_READ, &message))
		if (!EXPECT_EQ(message.from, got++))
			return;
	EXPECT_EQ(errno, EAGAIN);
	EXPECT_EQ(got, QUEUE);
	EXPECT_EQ(state("legacy lost") - lost, 300);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 0);
	send_messages(5, 1);
	EXPECT(!ioctl(fd, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 5);
}

static void *read_into(void *argument)
{
	const struct stalled_page *page = argument;
	int fd = open_kind("mesh", O_RDWR);

	REQUIRE(!ioctl(fd, E_IOCTL_MAILBOX_READ, page->address));
	close(fd);
	return NULL;
}

TEST(a_reader_whose_page_does_not_come_is_in_nobodys_way)
{
	int fd = open_powered(O_NONBLOCK), waiting = open_kind("elink", O_RDWR);
	struct stalled_page page = make_stalled_page();
	struct e_mailbox_msg message;
	pthread_t reader;

	drain(fd);
	send_messages(0x20, 3);
	REQUIRE(!pthread_create(&reader, NULL, read_into, &page));
	wait_for_touch(&page);
	EXPECT(!ioctl(fd, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 0x20);
	EXPECT(!ioctl(waiting, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 0x21);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 1);
	provide(&page);
	pthread_join(reader, NULL);
	memcpy(&message, page.address, sizeof(message));
	EXPECT_EQ(message.from, 0x22);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 0);
}

TEST(a_reset_clears_the_queue)
{
	int fd = open_powered(O_NONBLOCK);
	struct e_mailbox_msg message;

	send_messages(1, 10);
	EXPECT(ioctl(fd, E_IOCTL_MAILBOX_COUNT) >= 10);
	EXPECT(!ioctl(fd, E_IOCTL_RESET));
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 0);
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, &message), EAGAIN);
}

TEST(a_reader_waits)
{
	int fd = open_powered(0);
	struct e_mailbox_msg message;

	drain(fd);
	pid_t child = fork();
	if (!child) {
		sleep_ms(100);
		/* A reset wakes it, and it waits on. */
		reset(fd, EPIPHANY_RESET_CHIP, 0);
		sleep_ms(100);
		send_messages(0x99, 1);
		_exit(0);
	}
	EXPECT(!ioctl(fd, E_IOCTL_MAILBOX_READ, &message));
	EXPECT_EQ(message.from, 0x99);
	waitpid(child, NULL, 0);
}

TEST(while_it_is_too_hot)
{
	int fd = open_powered(0);
	struct e_mailbox_msg message;

	drain(fd);
	pid_t child = fork();
	if (!child) {
		sleep_ms(100);
		_exit(ioctl(fd, E_IOCTL_THERMAL_DISALLOW) != 0);
	}
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, &message), EACCES);
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_COUNT), EACCES);
	EXPECT_ERROR(ioctl(fd, E_IOCTL_RESET), EACCES);
	waitpid(child, NULL, 0);
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_ALLOW));
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 0);
}

TEST(messages_of_all_cores)
{
	int fd = open_powered(O_NONBLOCK);
	struct e_mailbox_msg message;
	uint32_t seen = 0;

	drain(fd);
	for (unsigned int core = 0; core < 16; core++) {
		uint64_t address = core_address(core / 4, core % 4);
		volatile uint32_t *sram = must_map(fd, address, PAGE);
		volatile uint32_t *registers = must_map(fd, address + REGISTERS, PAGE);
		put_sender(sram, 0x100 + core, PROGRAM_SEND_AND_IDLE);
		start_core(registers);
	}
	sleep_ms(100);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 16);
	while (!ioctl(fd, E_IOCTL_MAILBOX_READ, &message))
		seen |= 1u << (message.from & 15);
	EXPECT_EQ(seen, 0xffff);
}

/* All of them, in order, for each reader: those that are not there are told as lost. */
static void flood(bool has_reader)
{
	int fd = open_powered(O_NONBLOCK);
	struct epiphany_events request = { .size = sizeof(request),
					   .mask = EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_MAILBOX) };
	static struct epiphany_event records[256];
	const unsigned int sent = 100000;
	uint64_t kept = 0, lost = 0, sequence = 0;

	drain(fd);
	long long before = state("messages");
	REQUIRE(!ioctl(fd, EPIPHANY_IOC_EVENTS, &request));
	fcntl(request.fd, F_SETFL, O_NONBLOCK);
	double begin = seconds_now();
	pid_t child = fork();
	if (!child) {
		for (unsigned int i = 0; i < sent; i++) {
			bench_set(BENCH_MESSAGE, i);
			if (i % 8 == 7)
				while (bench_get(BENCH_INTERRUPT))
					;
		}
		_exit(0);
	}
	int status;
	bool has_ended = false;
	while (!has_ended) {
		ssize_t bytes;
		has_ended = waitpid(child, &status, WNOHANG) == child;
		if (has_ended)
			sleep_ms(100);
		if (!has_reader && !has_ended) {
			sleep_ms(10);
			continue;
		}
		while ((bytes = read(request.fd, records, sizeof(records))) > 0)
			for (unsigned int i = 0; i < bytes / sizeof(*records); i++) {
				bool is_loss = records[i].type == EPIPHANY_EVENT_OVERFLOW;
				uint64_t step = is_loss ? records[i].payload : 1;
				if (!EXPECT_EQ(records[i].sequence, sequence + step))
					return;
				sequence += step;
				if (!is_loss && !EXPECT_EQ(records[i].payload, sequence - 1))
					return;
				kept += !is_loss;
				lost += is_loss ? records[i].payload : 0;
			}
		if (!has_ended) {
			struct pollfd polled = { .fd = request.fd, .events = POLLIN };
			poll(&polled, 1, 10);
		}
	}
	EXPECT_EQ(kept + lost, sent);
	EXPECT_EQ(state("messages") - before, sent);
	printf("# %llu read, %llu told as lost, %.0f in a second\n", (unsigned long long)kept,
	       (unsigned long long)lost, sent / (seconds_now() - begin));
	drain(fd);
}

TEST_WITHIN(a_hundred_thousand_with_a_reader, 900)
{
	flood(true);
}

TEST_WITHIN(a_hundred_thousand_without_a_reader, 900)
{
	flood(false);
}

TEST(a_core_that_never_stops_can_be_reset)
{
	int fd = open_powered(O_NONBLOCK);
	volatile uint32_t *sram = must_map(fd, core_address(1, 1), PAGE);
	volatile uint32_t *registers = must_map(fd, core_address(1, 1) + REGISTERS, PAGE);

	put_sender(sram, 0x42, PROGRAM_SEND_FOR_EVER);
	start_core(registers);
	sleep_ms(500);
	EXPECT(state("messages") > 1000);
	double begin = seconds_now();
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT(seconds_now() - begin < 60);
	long long messages = state("messages");
	sleep_ms(200);
	EXPECT_EQ(state("messages"), messages);
	EXPECT_EQ(ioctl(fd, E_IOCTL_MAILBOX_COUNT), 0);
	/* By the core alone, and by closing. */
	put_sender(sram, 0x42, PROGRAM_SEND_FOR_EVER);
	start_core(registers);
	sleep_ms(50);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x849));
	sleep_ms(100);
	messages = state("messages");
	sleep_ms(200);
	EXPECT_EQ(state("messages"), messages);
}

MAIN
