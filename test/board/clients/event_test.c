/* SPDX-License-Identifier: MIT */
/* Files of events: what they tell to whom, how they are read and waited for, and what is told of losses. */
#include "stalled_page.h"

#include <pthread.h>

#define BIT(type) EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_##type)
#define RECORDS	  1024

static unsigned int read_all(int queue, struct epiphany_event *records, unsigned int count)
{
	ssize_t bytes = read(queue, records, count * sizeof(*records));

	return bytes < 0 ? 0 : bytes / sizeof(*records);
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* A file that keeps the chip on. */
static int open_powered(void)
{
	int fd = open_mesh();

	must_map(fd, core_address(0, 0), PAGE);
	return fd;
}

TEST(masks)
{
	int fd = open_powered(), all = events(fd, 0xfe), none = events(fd, 0),
	    mailbox = events(fd, BIT(MAILBOX));
	struct epiphany_event records[16];

	set_nonblocking(all);
	set_nonblocking(none);
	set_nonblocking(mailbox);
	send_messages(0x77, 1);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x84a));
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(read_all(all, records, 16), 3);
	EXPECT_EQ(records[0].type, EPIPHANY_EVENT_MAILBOX);
	EXPECT_EQ(records[0].payload, 0x77);
	EXPECT_EQ(records[0].flags, 0);
	uint64_t generation = info_of(fd).generation;
	EXPECT_EQ(records[1].type, EPIPHANY_EVENT_RESET);
	EXPECT_EQ(records[1].payload,
		  (uint64_t)EPIPHANY_RESET_CORE << 48 | 0x84aull << 32 | (generation - 1));
	EXPECT_EQ(records[2].payload, (uint64_t)EPIPHANY_RESET_CHIP << 48 | generation);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(records[i].sequence, i + 1);
	EXPECT(records[0].time && records[0].time <= records[1].time &&
	       records[1].time <= records[2].time);
	EXPECT(records[2].time < (seconds_now() + 0.001) * 1e9);
	EXPECT_ERROR(read(none, records, sizeof(records)), EAGAIN);
	EXPECT_EQ(read_all(mailbox, records, 16), 1);
}

TEST(power_and_thermal)
{
	int fd = open_mesh(), queue = events(fd, BIT(POWER) | BIT(THERMAL));
	struct epiphany_event records[8];

	REQUIRE(wait_for_state("powered", 0, 10));
	set_nonblocking(queue);
	read(queue, records, sizeof(records));
	uint32_t word;
	EXPECT_EQ(pread(fd, &word, 4, core_address(0, 0)), 4);
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_DISALLOW));
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_DISALLOW));
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_ALLOW));
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_ALLOW));
	static const uint64_t expected[5][2] = {
		{ EPIPHANY_EVENT_POWER, 1 },   { EPIPHANY_EVENT_POWER, 0 },
		{ EPIPHANY_EVENT_THERMAL, 1 }, { EPIPHANY_EVENT_POWER, 1 },
		{ EPIPHANY_EVENT_THERMAL, 0 },
	};
	EXPECT_EQ(read_all(queue, records, 8), 5);
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(records[i].type, expected[i][0]);
		EXPECT_EQ(records[i].payload, expected[i][1]);
	}
}

TEST(sizes_and_buffers_of_reads)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX));
	struct epiphany_event records[8];
	uint8_t *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

	set_nonblocking(queue);
	REQUIRE(!mprotect(memory + PAGE, PAGE, PROT_NONE));
	for (size_t size = 0; size < 32; size += 31)
		EXPECT_ERROR(read(queue, records, size), EINVAL);
	send_messages(1, 5);
	EXPECT_EQ(read(queue, records, 33), 32);
	EXPECT_EQ(records[0].payload, 1);
	/* What cannot be delivered is not lost. */
	EXPECT_ERROR(read(queue, memory + PAGE, 32), EFAULT);
	EXPECT_ERROR(read(queue, memory + PAGE - 16, 32), EFAULT);
	EXPECT_ERROR(read(queue, memory + PAGE - 32, 64), EFAULT);
	EXPECT_ERROR(read(queue, (void *)sysconf(_SC_PAGESIZE), 64), EFAULT);
	EXPECT_EQ(read(queue, memory + PAGE - 32, 32), 32);
	EXPECT_EQ(((struct epiphany_event *)(memory + PAGE - 32))->payload, 2);
	EXPECT_EQ(read(queue, records, 95), 64);
	EXPECT_EQ(records[1].payload, 4);
	EXPECT_EQ(read(queue, records, sizeof(records)), 32);
	EXPECT_EQ(records[0].payload, 5);
	EXPECT_ERROR(read(queue, records, 32), EAGAIN);
	EXPECT_ERROR(pread(queue, records, 32, 0), ESPIPE);
	EXPECT_ERROR(lseek(queue, 0, SEEK_SET), ESPIPE);
	EXPECT_ERROR(write(queue, records, 32), EBADF);
	EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, queue, 0) == MAP_FAILED);
}

TEST(losses_are_counted)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX));
	static struct epiphany_event records[2 * RECORDS];
	const unsigned int sent = RECORDS + 500;

	set_nonblocking(queue);
	send_messages(1, sent);
	unsigned int got = read_all(queue, records, 2 * RECORDS);
	EXPECT(got > RECORDS / 2 && got <= RECORDS);
	for (unsigned int i = 0; i < got - 1; i++)
		if (!EXPECT(records[i].type == EPIPHANY_EVENT_MAILBOX &&
			    records[i].payload == i + 1 && records[i].sequence == i + 1))
			break;
	EXPECT_EQ(records[got - 1].type, EPIPHANY_EVENT_OVERFLOW);
	EXPECT_EQ(records[got - 1].payload, sent - (got - 1));
	EXPECT_EQ(records[got - 1].sequence, sent);
	EXPECT_ERROR(read(queue, records, sizeof(records)), EAGAIN);
	/* Those that come after it go on counting. */
	send_messages(7, 1);
	EXPECT_EQ(read_all(queue, records, 10), 1);
	EXPECT_EQ(records[0].sequence, sent + 1);
	EXPECT_EQ(records[0].payload, 7);
	/* Reading in the midst of it: every one is there, or told as lost, in its place. */
	uint64_t seen = sent + 1, lost = 0, kept = 0;
	pid_t child = fork();
	if (!child) {
		for (int i = 0; i < 4; i++)
			send_messages(1, RECORDS / 2);
		_exit(0);
	}
	int status = 0;
	bool has_ended = false;
	while (!has_ended) {
		has_ended = waitpid(child, &status, WNOHANG) == child;
		sleep_ms(30);
		while ((got = read_all(queue, records, 7)))
			for (unsigned int i = 0; i < got; i++) {
				bool is_loss = records[i].type == EPIPHANY_EVENT_OVERFLOW;
				lost += is_loss ? records[i].payload : 0;
				kept += !is_loss;
				if (!EXPECT_EQ(records[i].sequence,
					       seen + (is_loss ? records[i].payload : 1)))
					return;
				seen = records[i].sequence;
			}
	}
	EXPECT_EQ(kept + lost, 4 * RECORDS / 2);
}

TEST(waiting_by_read_poll_and_epoll)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX));
	struct epiphany_event record;
	struct pollfd polled = { .fd = queue, .events = POLLIN };
	struct epoll_event waited = { .events = EPOLLIN | EPOLLET }, got;
	int set = epoll_create1(0);

	REQUIRE(!epoll_ctl(set, EPOLL_CTL_ADD, queue, &waited));
	EXPECT_EQ(poll(&polled, 1, 10), 0);
	EXPECT_EQ(epoll_wait(set, &got, 1, 10), 0);
	for (int way = 0; way < 3; way++) {
		pid_t child = fork();
		if (!child) {
			sleep_ms(100);
			send_messages(100 + way, 1);
			_exit(0);
		}
		if (way == 1)
			EXPECT_EQ(poll(&polled, 1, 5000), 1);
		if (way == 1)
			EXPECT_EQ(polled.revents, POLLIN);
		if (way == 2)
			EXPECT_EQ(epoll_wait(set, &got, 1, 5000), 1);
		if (way == 2)
			EXPECT_EQ(got.events, EPOLLIN);
		EXPECT_EQ(read(queue, &record, sizeof(record)), sizeof(record));
		EXPECT_EQ(record.payload, 100 + way);
		waitpid(child, NULL, 0);
		if (way < 2)
			epoll_wait(set, &got, 1, 0);
	}
	EXPECT_EQ(poll(&polled, 1, 0), 0);
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST(a_signal_ends_a_wait)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX));
	struct epiphany_event record;
	struct sigaction action = { .sa_handler = on_signal };

	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	sigaction(SIGALRM, &action, NULL);
	ualarm(50000, 0);
	EXPECT_ERROR(read(queue, &record, sizeof(record)), EINTR);
	ualarm(50000, 0);
	struct e_mailbox_msg message;
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, &message), EINTR);
	/* And may be begun again. */
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	pid_t child = fork();
	if (!child) {
		sleep_ms(200);
		send_messages(1, 1);
		_exit(0);
	}
	ualarm(50000, 0);
	EXPECT_EQ(read(queue, &record, sizeof(record)), sizeof(record));
	waitpid(child, NULL, 0);
}

static int waited_for;
static volatile int waiting_thread;

static void *wait_in_thread(void *unused)
{
	struct epiphany_event record;

	(void)unused;
	waiting_thread = gettid();
	read(waited_for, &record, sizeof(record));
	return NULL;
}

/* A process one of whose threads waits while the other does this. */
static pid_t waiter(int fd, void (*then)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		pthread_t thread;
		waited_for = events(fd, BIT(MAILBOX));
		if (waited_for < 0 || pthread_create(&thread, NULL, wait_in_thread, NULL))
			_exit(2);
		/* Until it sleeps. */
		char path[64];
		do {
			sleep_ms(10);
			snprintf(path, sizeof(path), "/proc/self/task/%d/stat", waiting_thread);
		} while (!waiting_thread || !strstr(read_text(path), ") S "));
		then();
		_exit(3);
	}
	return child;
}

static void exit_at_once(void)
{
	_exit(0);
}

static void become_another(void)
{
	execl("/bin/sh", "sh", "-c", ":", NULL);
}

/* The child has all files, too, and one of them for longer. */
static void fork_and_exit(void)
{
	pid_t child = fork();

	if (!child) {
		sleep_ms(300);
		_exit(0);
	}
	_exit(child < 0);
}

TEST(exit_exec_and_fork_in_the_midst_of_a_wait)
{
	static void (*const ends[])(void) = { exit_at_once, become_another, fork_and_exit };
	int fd = open_powered();
	long long files = state("files");

	for (unsigned int i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		bool was_late;
		EXPECT_EQ(wait_within(waiter(fd, ends[i]), 30, &was_late), 0);
		EXPECT(wait_for_state("files", files, 10));
	}
	/* Nothing of theirs takes what comes. */
	int queue = events(fd, BIT(MAILBOX));
	struct epiphany_event record;
	send_messages(9, 1);
	EXPECT_EQ(read(queue, &record, sizeof(record)), sizeof(record));
	EXPECT_EQ(record.payload, 9);
}

TEST(two_readers_share_what_comes)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX)), results[2];
	const unsigned int sent = 600;
	static uint8_t seen[1024];

	REQUIRE(!pipe(results));
	pid_t readers[2];
	for (int i = 0; i < 2; i++) {
		readers[i] = fork();
		if (!readers[i]) {
			struct epiphany_event records[3];
			for (;;) {
				unsigned int got = read_all(queue, records, 3);
				for (unsigned int j = 0; j < got; j++) {
					uint32_t payload = records[j].payload;
					if (write(results[1], &payload, 4) != 4)
						_exit(1);
				}
			}
		}
	}
	send_messages(0, sent);
	for (unsigned int i = 0; i < sent; i++) {
		uint32_t payload;
		REQUIRE(read(results[0], &payload, 4) == 4 && payload < sent);
		EXPECT_EQ(seen[payload]++, 0);
	}
	for (int i = 0; i < 2; i++) {
		kill(readers[i], SIGKILL);
		waitpid(readers[i], NULL, 0);
	}
}

TEST(every_file_gets_every_message)
{
	int fd = open_powered(), other = open_mesh(), queues[3];
	struct epiphany_event records[4];

	queues[0] = events(fd, BIT(MAILBOX));
	queues[1] = events(fd, BIT(MAILBOX));
	queues[2] = events(other, BIT(MAILBOX));
	send_messages(5, 3);
	/* They outlive the file that they were made from. */
	close(other);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(read_all(queues[i], records, 4), 3);
		EXPECT_EQ(records[2].payload, 7);
	}
}

TEST(waiting_holds_no_power)
{
	int fd = open_mesh(), queue = events(fd, 0xfe);

	EXPECT(wait_for_state("powered", 0, 10));
	EXPECT(queue >= 0);
	EXPECT_EQ(bench_get(BENCH_POWERED), 0);
}

/* Every event walks them all, so there are not any number of them. */
TEST(there_are_not_any_number_of_queues)
{
	enum { OF_A_FILE = 16, FILES = 32 };
	int files[FILES + 1], queues[FILES][OF_A_FILE];

	for (int i = 0; i <= FILES; i++)
		files[i] = open_mesh();
	for (int i = 0; i < FILES; i++) {
		for (int j = 0; j < OF_A_FILE; j++) {
			queues[i][j] = events(files[i], 0xfe);
			REQUIRE(queues[i][j] >= 0);
		}
		EXPECT_ERROR(events(files[i], 0xfe), EMFILE);
	}
	EXPECT_ERROR(events(files[FILES], 0xfe), ENFILE);
	close(queues[3][5]);
	EXPECT(events(files[FILES], 0xfe) >= 0);
	EXPECT_ERROR(events(files[3], 0xfe), ENFILE);
	EXPECT_ERROR(events(files[FILES], 0xfe), ENFILE);
	/* Whose files are closed leaves none. */
	for (int j = 0; j < OF_A_FILE; j++)
		close(queues[0][j]);
	for (int j = 1; j < OF_A_FILE; j++)
		EXPECT(events(files[FILES], 0) >= 0);
	EXPECT_ERROR(events(files[FILES], 0), EMFILE);
	EXPECT(events(files[0], 0) >= 0);
}

struct stalled_reader {
	struct stalled_page page;
	int queue;
	ssize_t bytes;
};

static void *read_into(void *argument)
{
	struct stalled_reader *reader = argument;

	reader->bytes = read(reader->queue, reader->page.address, 2 * sizeof(struct epiphany_event));
	return NULL;
}

TEST(a_reader_whose_page_does_not_come_is_in_nobodys_way)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX));
	struct stalled_reader reader = { .page = make_stalled_page(), .queue = queue };
	struct epiphany_event record;
	pthread_t thread;

	set_nonblocking(queue);
	send_messages(0x30, 3);
	REQUIRE(!pthread_create(&thread, NULL, read_into, &reader));
	wait_for_touch(&reader.page);
	EXPECT_EQ(read(queue, &record, sizeof(record)), sizeof(record));
	EXPECT_EQ(record.payload, 0x30);
	provide(&reader.page);
	pthread_join(thread, NULL);
	EXPECT_EQ(reader.bytes, 2 * sizeof(record));
	memcpy(&record, reader.page.address, sizeof(record));
	EXPECT_EQ(record.payload, 0x31);
	EXPECT_ERROR(read(queue, &record, sizeof(record)), EAGAIN);
}

TEST(records_that_cannot_be_handed_over_stay)
{
	int fd = open_powered(), queue = events(fd, BIT(MAILBOX));
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	struct epiphany_event record, *last = (void *)(pages + PAGE - sizeof(record));

	/* No hole: the bench may be mapped into one, and would take a record for orders. */
	REQUIRE(pages != MAP_FAILED && !mprotect(pages + PAGE, PAGE, PROT_NONE));
	set_nonblocking(queue);
	/* There is room for one, in a page that nobody has touched yet. */
	send_messages(0x40, 1);
	EXPECT_EQ(read(queue, last, 4 * sizeof(record)), sizeof(record));
	EXPECT_EQ(last->payload, 0x40);
	send_messages(0x41, 2);
	EXPECT_ERROR(read(queue, last + 1, 2 * sizeof(record)), EFAULT);
	EXPECT_EQ(read(queue, &record, sizeof(record)), sizeof(record));
	EXPECT_EQ(record.payload, 0x41);
	EXPECT_EQ(read(queue, &record, sizeof(record)), sizeof(record));
	EXPECT_EQ(record.payload, 0x42);
}

MAIN
