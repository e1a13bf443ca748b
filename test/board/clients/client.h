/* SPDX-License-Identifier: MIT */
/*
 * What the clients of the driver share: tests that report as TAP, each in a
 * process of its own, and the few steps that most of them begin with.
 */
#ifndef CLIENT_H
#define CLIENT_H

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <misc/epiphany.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	   4096u
#define SRAM_BYTES 0x8000u
#define REGISTERS  0xf0000u
#define DRAM_BASE  0x8e000000ull
#define DRAM_BYTES 0x02000000ull
#define ELINK_BASE 0x81000000ull
#define DRIVER	   "/sys/bus/platform/drivers/epiphany-elink"
#define DEVICES	   "/sys/bus/platform/devices/"

/* Local addresses of core registers */
#define R0	    0xf0000u
#define CONFIG	    0xf0400u
#define STATUS	    0xf0404u /* bit 0: active */
#define DEBUGSTATUS 0xf040cu
#define ILATST	    0xf042cu
#define DEBUGCMD    0xf0448u
#define COREID	    0xf0704u

/* The test bench: see test/board/README.md. */
#define BENCH_POWERED	 0x00
#define BENCH_DEAD_LINK	 0x08
#define BENCH_STUCK_CORE 0x0c
#define BENCH_MESSAGE	 0x10
#define BENCH_ANSWERS	 0x14
#define BENCH_INTERRUPT	 0x18

/* ---- Tests. */

struct test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
};

static struct test tests[128];
static unsigned int test_count;
static bool has_failed;

/* A test with its own time limit, in seconds; the name becomes its title. */
#define TEST_WITHIN(id, limit)                                                                     \
	static void id(void);                                                                      \
	__attribute__((constructor)) static void add_##id(void)                                    \
	{                                                                                          \
		tests[test_count++] = (struct test) { #id, id, limit };                            \
	}                                                                                          \
	static void id(void)
#define TEST(id) TEST_WITHIN(id, 300)

__attribute__((format(printf, 3, 4))) static inline bool expect_at(bool is_true, int line,
								   const char *format, ...)
{
	int error = errno;
	va_list arguments;

	if (is_true)
		return true;
	has_failed = true;
	printf("# line %d: ", line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf(" (errno: %s)\n", strerror(error));
	return false;
}

#define EXPECT(condition) expect_at(condition, __LINE__, "%s", #condition)
#define EXPECT_EQ(a, b)                                                                            \
	({                                                                                         \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		expect_at(a_ == b_, __LINE__, "%s is 0x%llx, not 0x%llx", #a, a_, b_);             \
	})
/* A call that is to fail with this error. */
#define EXPECT_ERROR(call, error)                                                                  \
	({                                                                                         \
		errno = 0;                                                                         \
		long result_ = (long)(call);                                                       \
		expect_at(result_ == -1 && errno == (error), __LINE__, "%s is %ld, not %s", #call, \
			  result_, #error);                                                        \
	})
/* What a test cannot go on without. */
#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!EXPECT(condition)) {                                                          \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000l };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

/* The exit status of a child, or -1 and its end if it did not come in time. */
static inline int wait_within(pid_t child, unsigned int seconds, bool *was_late)
{
	double end = seconds_now() + seconds;
	int status;

	*was_late = false;
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (seconds_now() > end) {
			*was_late = true;
			kill(child, SIGKILL);
			/* It may hang in the kernel for good: then nobody waits. */
			for (int i = 0; i < 50; i++) {
				if (waitpid(child, &status, WNOHANG))
					return -1;
				sleep_ms(100);
			}
			return -1;
		}
		sleep_ms(2);
	}
	return status;
}

/*
 * Ends all that is left of a process group, so that no test meets what the one before has begun.
 * False if something hangs in the kernel for good: then nobody waits.
 */
static inline bool end_group(pid_t group)
{
	double end = seconds_now() + 30;
	pid_t ended;

	kill(-group, SIGKILL);
	/* Whose parent is gone is ours to reap. */
	while ((ended = waitpid(-group, NULL, WNOHANG)) != -1) {
		if (!ended && seconds_now() > end)
			return false;
		if (!ended)
			sleep_ms(2);
	}
	return true;
}

/* The running test's group, or 0. A terminal's Ctrl-C does not reach it by itself. */
static volatile pid_t test_group;

static inline void on_end(int signal)
{
	if (test_group)
		kill(-test_group, SIGKILL);
	_exit(128 + signal);
}

static inline void set_end(void (*handler)(int))
{
	signal(SIGINT, handler);
	signal(SIGTERM, handler);
	signal(SIGHUP, handler);
}

/* A test in a process group of its own; its process. */
static inline pid_t begin_test(const struct test *test)
{
	fflush(stdout);
	pid_t child = fork();

	REQUIRE(child >= 0);
	/* On both sides: neither may go on without it. */
	setpgid(child, child);
	test_group = child;
	if (!child) {
		set_end(SIG_DFL);
		test->run();
		fflush(stdout);
		_exit(has_failed);
	}
	return child;
}

/* With names as arguments, runs those only. */
static inline int run_tests(int argc, char **argv)
{
	unsigned int failed = 0, number = 0;
	/* A kernel that looks for mistakes takes its time, and its host may be busy. */
	unsigned int patience = access("/sys/kernel/debug/kmemleak", F_OK) ? 1 : 8;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	set_end(on_end);
	for (unsigned int i = 0; i < test_count; i++) {
		bool is_wanted = argc < 2, was_late;
		char title[96];

		for (int j = 1; j < argc; j++)
			is_wanted |= !strcmp(argv[j], tests[i].name);
		if (!is_wanted)
			continue;
		pid_t child = begin_test(&tests[i]);
		int status = wait_within(child, tests[i].seconds * patience, &was_late);
		bool is_over = end_group(child);
		test_group = 0;
		if (!is_over)
			printf("# what it began does not end when it is killed\n");
		if (was_late)
			printf("# not done after %u s\n", tests[i].seconds * patience);
		else if (WIFSIGNALED(status))
			printf("# killed by signal %d\n", WTERMSIG(status));
		snprintf(title, sizeof(title), "%s", tests[i].name);
		for (char *c = title; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		bool is_good = !status && is_over;
		printf("%s %u - %s\n", is_good ? "ok" : "not ok", ++number, title);
		failed += !is_good;
	}
	printf("1..%u\n", number);
	return failed != 0;
}

#define MAIN                                                                                       \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return run_tests(argc, argv);                                                      \
	}

/* ---- The board. */

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (!expect_at(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), __LINE__,
		       "cannot write %s to %s", text, path)) {
		fflush(stdout);
		_exit(1);
	}
	close(fd);
}

/* What a file holds, without the newline; empty if it cannot be read. */
static inline const char *read_text(const char *path)
{
	static char text[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = 0, part;

	while (fd >= 0 && bytes < (ssize_t)sizeof(text) - 1 &&
	       (part = read(fd, text + bytes, sizeof(text) - 1 - bytes)) > 0)
		bytes += part;
	if (fd >= 0)
		close(fd);
	while (bytes > 0 && text[bytes - 1] == '\n')
		bytes--;
	text[bytes] = 0;
	return text;
}

/* The eLink's platform device, which older trees call otherwise; its child has a colon in its name. */
static inline const char *platform_device(void)
{
	static const char *name;
	glob_t found;

	if (name)
		return name;
	REQUIRE(!glob(DEVICES "81000000.elink*", 0, NULL, &found));
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!strchr(found.gl_pathv[i], ':'))
			name = found.gl_pathv[i] + strlen(DEVICES);
	REQUIRE(name);
	return name;
}

/* A file of it in sysfs. */
static inline const char *platform_file(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), DEVICES "%s/%s", platform_device(), name);
	return path;
}

static inline void unbind_driver(void)
{
	write_text(DRIVER "/unbind", platform_device());
}

static inline void bind_driver(void)
{
	write_text(DRIVER "/bind", platform_device());
}

static inline volatile uint32_t *bench_registers(void)
{
	static volatile uint32_t *registers;
	int fd;

	if (registers)
		return registers;
	fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	registers = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0x43c00000);
	REQUIRE(registers != MAP_FAILED);
	close(fd);
	return registers;
}

static inline void bench_set(unsigned int offset, uint32_t value)
{
	bench_registers()[offset / 4] = value;
}

static inline uint32_t bench_get(unsigned int offset)
{
	return bench_registers()[offset / 4];
}

/* A device of this kind; its number is another one after each binding. */
static inline int open_kind(const char *kind, int flags)
{
	char path[32];

	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/dev/epiphany/%s%d", kind, i);
		int fd = open(path, flags | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	errno = ENOENT;
	return -1;
}

static inline int open_mesh(void)
{
	int fd = open_kind("mesh", O_RDWR);

	REQUIRE(fd >= 0);
	return fd;
}

/* A line of debugfs's state, as a number. */
static inline long long state(const char *name)
{
	const char *text = "", *line;
	char path[64];

	for (int i = 0; i < 64 && !*text; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/epiphany/elink%d/state", i);
		/* One that lives on without a binding has no device. */
		text = read_text(path);
	}
	line = strstr(text, name);
	return line ? strtoll(line + strlen(name) + 1, NULL, 0) : -1;
}

/* Until a number of debugfs's state is this one; false if it does not become so. */
static inline bool wait_for_state(const char *name, long long value, double seconds)
{
	double end = seconds_now() + seconds;

	while (state(name) != value) {
		if (seconds_now() > end)
			return false;
		sleep_ms(10);
	}
	return true;
}

static inline struct epiphany_info info_of(int fd)
{
	struct epiphany_info info = { .size = sizeof(info) };

	REQUIRE(!ioctl(fd, EPIPHANY_IOC_INFO, &info));
	return info;
}

static inline uint64_t core_address(unsigned int row, unsigned int column)
{
	return (uint64_t)(0x808 + (row << 6) + column) << 20;
}

/* A work-group's file, or -1. */
static inline int claim(int fd, unsigned int row, unsigned int column, unsigned int rows,
			unsigned int columns, unsigned int flags, unsigned int on_release)
{
	struct epiphany_claim claim = {
		.size = sizeof(claim),
		.flags = flags,
		.row = row,
		.column = column,
		.rows = rows,
		.columns = columns,
		.on_release = on_release,
	};

	return ioctl(fd, EPIPHANY_IOC_CLAIM, &claim) ? -1 : claim.fd;
}

static inline int reset(int fd, unsigned int scope, unsigned int core)
{
	struct epiphany_reset reset = { .size = sizeof(reset), .scope = scope, .core = core };

	return ioctl(fd, EPIPHANY_IOC_RESET, &reset);
}

/* A file of DRAM, and its address, or -1. */
static inline int dram_alloc(int fd, uint64_t bytes, uint64_t *address)
{
	struct epiphany_dram_alloc alloc = { .size = sizeof(alloc), .bytes = bytes };

	if (ioctl(fd, EPIPHANY_IOC_DRAM_ALLOC, &alloc))
		return -1;
	*address = alloc.address;
	return alloc.fd;
}

static inline int events(int fd, uint32_t mask)
{
	struct epiphany_events events = { .size = sizeof(events), .mask = mask };

	return ioctl(fd, EPIPHANY_IOC_EVENTS, &events) ? -1 : events.fd;
}

static inline volatile uint32_t *map(int fd, uint64_t address, size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, address);
}

static inline volatile uint32_t *must_map(int fd, uint64_t address, size_t bytes)
{
	volatile uint32_t *memory = map(fd, address, bytes);

	REQUIRE(memory != MAP_FAILED);
	return memory;
}

/* Messages come to the mailbox as if from a core, and have been dealt out. The chip must be on. */
static inline void send_messages(uint32_t first, unsigned int count)
{
	long long before = state("messages");

	for (unsigned int i = 0; i < count; i++) {
		bench_set(BENCH_MESSAGE, first + i);
		/* The FIFO is not deep. */
		while (bench_get(BENCH_INTERRUPT))
			;
	}
	EXPECT(wait_for_state("messages", before + count, 10));
}

/* ---- Programs for cores: at address 0, where SYNC starts them. */

#define PROGRAM_LOOP	      0x00e0u	  /* B . */
#define PROGRAM_SEND_AND_IDLE 0x01b20454u /* STR R0, [R1]; IDLE */
#define PROGRAM_SEND_FOR_EVER 0xffe00454u /* STR R0, [R1]; B to it */

/* MOV R0, message; MOV R1, MAILBOXLO; and what is to be done with them. */
static inline void put_sender(volatile uint32_t *sram, uint32_t message, uint32_t then)
{
	const uint32_t low = message & 0xffff, high = message >> 16;
	const uint32_t mov = 0x0002000b, movt = 0x1002000b, r1 = 1u << 13;
	const uint32_t code[] = {
		mov | (low & 0xff) << 5 | (low >> 8) << 20,
		movt | (high & 0xff) << 5 | (high >> 8) << 20,
		mov | r1 | 0x30 << 5 | 0x07 << 20,
		movt | r1 | 0x0f << 5 | 0x81 << 20,
		then,
	};

	for (unsigned int i = 0; i < 5; i++)
		sram[i] = code[i];
}

/* A core's registers, by local address, in a mapping of its page. */
static inline volatile uint32_t *reg(volatile uint32_t *page, uint32_t local)
{
	return page + (local - REGISTERS) / 4;
}

static inline void start_core(volatile uint32_t *registers)
{
	*reg(registers, ILATST) = 1;
}

/* Whether it runs, or begins to before long. */
static inline bool runs(volatile uint32_t *registers)
{
	double end = seconds_now() + 5;

	while (!(*reg(registers, STATUS) & 1) && seconds_now() < end)
		sleep_ms(1);
	return *reg(registers, STATUS) & 1;
}

/*
 * Waits in one way or another, with everything in use, until the eLink is gone. Writes a byte to
 * `ready` once all of it is, a running core too; -1 is nobody's, and then less will do.
 */
static inline void wait_with_all(int way, int ready)
{
	const uint64_t core = core_address(way % 4, way / 4 % 4);
	uint64_t address = 0;
	int fd = open_kind("mesh", O_RDWR);

	if (fd < 0)
		_exit(0);
	int group = claim(fd, way % 4, way / 4 % 4, 1, 1, 0, way % 4),
	    dram = dram_alloc(fd, 4 * PAGE, &address);
	int queue = events(fd, 0xfe);
	volatile uint32_t *sram = map(group, core, PAGE);
	volatile uint32_t *registers = map(group, core + REGISTERS, PAGE);
	volatile uint32_t *given = map(dram, address, 4 * PAGE);
	struct epiphany_event event;
	struct e_mailbox_msg message;
	struct pollfd polled[2] = { { .fd = queue, .events = POLLIN },
				    { .fd = group, .events = POLLIN } };
	struct epoll_event waited = { .events = EPOLLIN };
	int set = epoll_create1(0);

	if (sram != MAP_FAILED && registers != MAP_FAILED) {
		put_sender(sram, way, way % 3 ? PROGRAM_SEND_FOR_EVER : PROGRAM_LOOP);
		start_core(registers);
	}
	/* Unbound already: then nothing would end a wait. */
	if (group < 0 || queue < 0)
		_exit(0);
	epoll_ctl(set, EPOLL_CTL_ADD, fd, &waited);
	if (ready >= 0) {
		REQUIRE(sram != MAP_FAILED && registers != MAP_FAILED && given != MAP_FAILED);
		REQUIRE(runs(registers));
		REQUIRE(write(ready, "", 1) == 1);
	}
	for (;;) {
		bool is_over = false;
		switch (way % 5) {
		case 0:
			is_over = read(queue, &event, sizeof(event)) < 0;
			break;
		case 1:
			is_over = poll(polled, 2, -1) < 0 ||
				  (polled[0].revents | polled[1].revents) & POLLHUP;
			if (!is_over)
				read(queue, &event, sizeof(event));
			break;
		case 2:
			is_over = epoll_wait(set, &waited, 1, -1) < 0 || waited.events & EPOLLHUP;
			if (!is_over)
				ioctl(fd, E_IOCTL_MAILBOX_READ, &message);
			break;
		case 3:
			is_over = ioctl(fd, E_IOCTL_MAILBOX_READ, &message) < 0;
			break;
		default:
			if (given != MAP_FAILED)
				given[0]++;
			is_over = ioctl(fd, EPIPHANY_IOC_INFO, &event) < 0 && errno == ENODEV;
		}
		if (is_over)
			break;
	}
	/* Some go at once, others stay for a while with all that they have. */
	usleep(way % 7 * 5000);
	_exit(0);
}

/* ---- Accesses that may end in a signal. */

static sigjmp_buf bus_error_jump;

static inline void on_bus_error(int signal)
{
	siglongjmp(bus_error_jump, signal);
}

/* The signal that a load ends with, or 0. */
static inline int load_signal(const volatile void *address)
{
	struct sigaction action = { .sa_handler = on_bus_error }, bus, segment;
	int signal;

	sigaction(SIGBUS, &action, &bus);
	sigaction(SIGSEGV, &action, &segment);
	signal = sigsetjmp(bus_error_jump, 1);
	if (!signal)
		(void)*(const volatile uint32_t *)address;
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segment, NULL);
	return signal;
}

/* ---- Others. */

/* Runs a part of a test in another process; true if all went well there. */
#define IN_CHILD(...)                                                                              \
	({                                                                                         \
		bool was_late_;                                                                    \
		fflush(stdout);                                                                    \
		pid_t child_ = fork();                                                             \
		if (!child_) {                                                                     \
			has_failed = false;                                                        \
			__VA_ARGS__;                                                               \
			fflush(stdout);                                                            \
			_exit(has_failed);                                                         \
		}                                                                                  \
		expect_at(wait_within(child_, 30, &was_late_) == 0, __LINE__, "the child failed"); \
	})

#endif
