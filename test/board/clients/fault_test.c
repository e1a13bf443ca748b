/* SPDX-License-Identifier: MIT */
/* A chip that dies, a driver that is unbound, and what becomes of who is in the midst of something. */
#include "client.h"

#define BIT(type) EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_##type)

static bool is_alive(void)
{
	int fd = open_mesh();
	uint32_t id = 0;
	bool is_right = pread(fd, &id, 4, core_address(2, 1) + COREID) == 4 && id == 0x889;

	close(fd);
	return is_right;
}

/* ---- The chip. */

TEST(reads_of_a_dead_chip_are_errors)
{
	int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, EPIPHANY_RELEASE_SCRUB);
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), PAGE);
	uint8_t bytes[PAGE];

	EXPECT_EQ(load_signal(memory), 0);
	bench_set(BENCH_DEAD_LINK, 1);
	EXPECT_ERROR(pread(fd, bytes, 4, core_address(0, 0)), EIO);
	EXPECT_ERROR(pread(fd, bytes, PAGE, core_address(0, 0)), EIO);
	EXPECT_ERROR(pread(fd, bytes, 4, core_address(0, 0) + COREID), EIO);
	EXPECT_ERROR(pread(fd, bytes, 4, core_address(0, 0) + R0), EIO);
	EXPECT_ERROR(pread(group, bytes, 4, core_address(0, 0)), EIO);
	/* Writes are not answered, as ever. */
	EXPECT_EQ(pwrite(fd, bytes, 4, core_address(0, 0)), 4);
	/* A user's load is a user's bus error; a system call's argument there is a bad one. */
	EXPECT_EQ(load_signal(memory), SIGBUS);
	EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_INFO, memory), EFAULT);
	EXPECT_ERROR(pwrite(fd, (void *)memory, 64, DRAM_BASE), EFAULT);
	info_of(fd);
	EXPECT(!reset(group, EPIPHANY_RESET_GROUP, 0));
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_ERROR(pread(fd, bytes, 4, core_address(0, 0)), EIO);
	close(group);
	bench_set(BENCH_DEAD_LINK, 0);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT(is_alive());
	EXPECT_EQ(load_signal(memory), 0);
}

TEST(a_chip_that_dies_with_messages)
{
	int fd = open_mesh(), queue = events(fd, BIT(MAILBOX));

	must_map(fd, core_address(0, 0), PAGE);
	fcntl(queue, F_SETFL, O_NONBLOCK);
	for (int round = 0; round < 3; round++) {
		volatile uint32_t *sram = must_map(fd, core_address(1, 1), PAGE);
		volatile uint32_t *registers = must_map(fd, core_address(1, 1) + REGISTERS, PAGE);
		put_sender(sram, 0x42, PROGRAM_SEND_FOR_EVER);
		start_core(registers);
		sleep_ms(100);
		bench_set(BENCH_DEAD_LINK, 1);
		sleep_ms(300);
		EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
		sleep_ms(100);
		bench_set(BENCH_DEAD_LINK, 0);
		EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
		munmap((void *)sram, PAGE);
		munmap((void *)registers, PAGE);
		/* Messages come as before. */
		struct epiphany_event records[64];
		while (read(queue, records, sizeof(records)) > 0)
			;
		send_messages(0x17, 3);
		EXPECT_EQ(read(queue, records, sizeof(records)), 96);
	}
	EXPECT(is_alive());
}

TEST(a_chip_that_dies_while_it_is_copied)
{
	uint64_t address = 0;
	int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, 0),
	    dram = dram_alloc(fd, SRAM_BYTES, &address);
	int queue = events(fd, BIT(DMA));
	struct epiphany_dma_copy request = {
		.size = sizeof(request),
		.bytes = SRAM_BYTES,
		.source = { EPIPHANY_DMA_FILE, group, core_address(0, 0) },
		.destination = { EPIPHANY_DMA_FILE, dram, address },
	};
	struct epiphany_event event;
	struct pollfd polled = { .fd = queue, .events = POLLIN };

	bench_set(BENCH_DEAD_LINK, 1);
	EXPECT(!ioctl(fd, EPIPHANY_IOC_DMA_COPY, &request));
	/* QEMU's engine does not see bus errors; what matters is that there is an end. */
	EXPECT_EQ(poll(&polled, 1, 20000), 1);
	EXPECT_EQ(read(queue, &event, sizeof(event)), sizeof(event));
	printf("# ended with %s\n", event.flags ? strerror(event.flags) : "no error");
	bench_set(BENCH_DEAD_LINK, 0);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT(is_alive());
}

TEST(a_chip_that_loses_its_supply)
{
	int fd = open_mesh();
	uint32_t word;

	must_map(fd, core_address(0, 0), PAGE);
	bench_set(BENCH_POWERED, 0);
	EXPECT_ERROR(pread(fd, &word, 4, core_address(0, 0)), EIO);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	bench_set(BENCH_POWERED, 1);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT(is_alive());
}

/* A core that counts, in its own memory. */
struct counter {
	uint32_t id;
	volatile uint32_t *sram, *registers;
};

static struct counter counter_of(int fd, unsigned int row, unsigned int column)
{
	return (struct counter) { 0x808 + (row << 6) + column,
				  must_map(fd, core_address(row, column), PAGE),
				  must_map(fd, core_address(row, column) + REGISTERS, PAGE) };
}

#define COUNT 32 /* a word of its memory */

static void start_counter(const struct counter *core)
{
	/* MOV R0, 0; MOV R1, 4 * COUNT; STR R0, [R1]; ADD R0, R0, 1; B to the store */
	static const uint32_t code[] = { 0x30030003, 0x00930454, 0x0000fee0 };

	for (unsigned int i = 0; i < 3; i++)
		core->sram[i] = code[i];
	start_core(core->registers);
}

static bool counts(const struct counter *core)
{
	uint32_t before = core->sram[COUNT];
	double end = seconds_now() + 5;

	while (core->sram[COUNT] == before && seconds_now() < end)
		sleep_ms(1);
	return core->sram[COUNT] != before;
}

/* It may yet end what it has begun. */
static bool stands_still(const struct counter *core)
{
	uint32_t before;

	sleep_ms(100);
	before = core->sram[COUNT];
	sleep_ms(200);
	return core->sram[COUNT] == before;
}

/* Bit 0: halted; bit 1: waits for a load. */
static uint32_t waits(const struct counter *core)
{
	return *reg(core->registers, DEBUGSTATUS) & 3;
}

TEST(a_core_that_is_stuck)
{
	int fd = open_mesh();
	struct counter stuck = counter_of(fd, 0, 1), other = counter_of(fd, 1, 2);
	uint32_t id = 0;

	start_counter(&stuck);
	start_counter(&other);
	EXPECT(counts(&stuck) && counts(&other));
	EXPECT_EQ(waits(&stuck), 0);
	bench_set(BENCH_STUCK_CORE, stuck.id);
	/* It is active, and yet does nothing; its memory and its registers answer. */
	EXPECT_EQ(waits(&stuck), 2);
	EXPECT_EQ(*reg(stuck.registers, STATUS) & 1, 1);
	EXPECT(stands_still(&stuck));
	EXPECT_EQ(pread(fd, &id, 4, core_address(0, 1) + COREID), 4);
	EXPECT_EQ(id, stuck.id);
	EXPECT_EQ(waits(&other), 0);
	EXPECT(counts(&other));
	/* It cannot be halted, and its own reset does not help it. */
	*reg(stuck.registers, DEBUGCMD) = 1;
	EXPECT_EQ(waits(&stuck), 2);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, stuck.id));
	EXPECT_EQ(waits(&stuck), 2);
	EXPECT_EQ(*reg(stuck.registers, STATUS) & 1, 0);
	start_counter(&stuck);
	EXPECT(stands_still(&stuck));
	/* A work-group of it can be reset, and ends as any other. */
	int group = claim(fd, 0, 1, 1, 1, 0, EPIPHANY_RELEASE_SCRUB);
	EXPECT(!reset(group, EPIPHANY_RESET_GROUP, 0));
	close(group);
	EXPECT_EQ(waits(&stuck), 2);
	EXPECT_EQ(stuck.sram[0], 0);
	EXPECT(counts(&other));
	/* Its load is answered: the start that it was told meanwhile is not lost. */
	start_counter(&stuck);
	bench_set(BENCH_STUCK_CORE, 0);
	EXPECT_EQ(waits(&stuck), 0);
	EXPECT(counts(&stuck) && counts(&other));
	/* Or the chip is reset, and nobody runs. */
	bench_set(BENCH_STUCK_CORE, stuck.id);
	EXPECT_EQ(waits(&stuck), 2);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(waits(&stuck), 0);
	EXPECT(stands_still(&stuck) && stands_still(&other));
	start_counter(&stuck);
	EXPECT(counts(&stuck));
	EXPECT(stands_still(&other));
	EXPECT(is_alive());
}

/* ---- The binding. */

TEST(every_file_outlives_its_binding)
{
	struct epiphany_dram_alloc alloc = { .size = sizeof(alloc),
					     .flags = EPIPHANY_DRAM_SCRUB,
					     .bytes = PAGE };
	int fd = open_mesh(), elink = open_kind("elink", O_RDWR),
	    group = claim(fd, 0, 0, 1, 1, 0, EPIPHANY_RELEASE_SCRUB);
	REQUIRE(!ioctl(fd, EPIPHANY_IOC_DRAM_ALLOC, &alloc));
	uint64_t address = alloc.address;
	int dram = alloc.fd, queue = events(fd, 0xfe), set = epoll_create1(0);
	volatile uint32_t *node = must_map(fd, core_address(0, 0), PAGE),
			  *held = must_map(group, core_address(0, 0), PAGE);
	volatile uint32_t *given = must_map(dram, address, PAGE),
			  *everybodys = must_map(fd, DRAM_BASE + 0x500000, PAGE);
	volatile uint32_t *raw = must_map(elink, ELINK_BASE, PAGE);
	struct epoll_event waited = { .events = EPOLLIN | EPOLLET }, got[4];
	struct epiphany_event records[64];
	uint32_t word;
	char path[64];

	node[0] = held[1] = given[0] = everybodys[0] = 0x42;
	epoll_ctl(set, EPOLL_CTL_ADD, fd, &waited);
	epoll_ctl(set, EPOLL_CTL_ADD, group, &waited);
	epoll_ctl(set, EPOLL_CTL_ADD, queue, &waited);
	epoll_wait(set, got, 4, 0);
	unbind_driver();
	EXPECT_EQ(node[0] | held[1] | given[0] | everybodys[0] | raw[0], 0);
	node[1] = held[1] = given[1] = everybodys[1] = raw[1] = 1;
	int files[] = { fd, elink, group, dram };
	for (int i = 0; i < 4; i++) {
		EXPECT_ERROR(ioctl(files[i], EPIPHANY_IOC_INFO, &word), ENODEV);
		EXPECT_ERROR(ioctl(files[i], E_IOCTL_RESET), ENODEV);
		EXPECT_ERROR(pread(files[i], &word, 4, i == 3 ? address : core_address(0, 0)),
			     ENODEV);
		EXPECT_ERROR(pwrite(files[i], &word, 4, i == 3 ? address : core_address(0, 0)),
			     ENODEV);
		EXPECT_ERROR(map(files[i], i == 3 ? address : core_address(0, 0), PAGE), ENODEV);
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", files[i]);
		EXPECT(strstr(read_text(path), "epiphany-elink"));
		struct pollfd polled = { .fd = files[i], .events = POLLIN };
		EXPECT_EQ(poll(&polled, 1, 0), 1);
		EXPECT(polled.revents & POLLHUP);
	}
	EXPECT(epoll_wait(set, got, 4, 0) == 3);
	/* What came before the end can be read, and the end. */
	ssize_t bytes = read(queue, records, sizeof(records));
	EXPECT(bytes >= 64 && records[bytes / 32 - 1].type == EPIPHANY_EVENT_GONE);
	EXPECT_ERROR(read(queue, records, sizeof(records)), ENODEV);
	EXPECT_ERROR(open_kind("mesh", O_RDWR), ENOENT);
	bind_driver();
	EXPECT(is_alive());
	/* The old files are not the new device's. */
	EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_INFO, &word), ENODEV);
	EXPECT_ERROR(map(fd, core_address(0, 0), PAGE), ENODEV);
	EXPECT_ERROR(map(elink, ELINK_BASE, PAGE), ENODEV);
	EXPECT_EQ(node[2], 0);
	int again = open_mesh();
	EXPECT(claim(again, 0, 0, 4, 4, EPIPHANY_CLAIM_EXCLUSIVE, 0) >= 0);
	/* What was in the DRAM, which was to be scrubbed, is not theirs to see. */
	EXPECT_EQ(pread(again, &word, 4, address), 4);
	EXPECT_EQ(word, 0);
	/* An exit afterwards, with the old mappings alive, does nothing to it. */
	must_map(again, core_address(1, 1), PAGE)[0] = 7;
	munmap((void *)held, PAGE);
	close(group);
	munmap((void *)given, PAGE);
	close(dram);
	EXPECT_EQ(pread(again, &word, 4, core_address(1, 1)), 4);
	EXPECT_EQ(word, 7);
}

TEST(the_chip_goes_off_after_old_files_were_used)
{
	int fd = open_mesh();

	must_map(fd, core_address(0, 0), PAGE);
	unbind_driver();
	bind_driver();
	EXPECT(wait_for_state("powered", 0, 10));
	EXPECT_ERROR(map(fd, core_address(0, 0), PAGE), ENODEV);
	EXPECT_ERROR(map(fd, ELINK_BASE, PAGE), ENODEV);
	EXPECT(!bench_get(BENCH_POWERED));
	close(fd);
	EXPECT(is_alive());
	EXPECT(wait_for_state("powered", 0, 10));
}

/* A child in the midst of waiting, and whether it ended as it should. */
static void wait_until_unbound(void (*wait_for)(int fd, int queue))
{
	int fd = open_mesh(), queue = events(fd, BIT(MAILBOX)), status;
	bool was_late;

	must_map(fd, core_address(0, 0), PAGE);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		has_failed = false;
		wait_for(fd, queue);
		fflush(stdout);
		_exit(has_failed);
	}
	sleep_ms(200);
	unbind_driver();
	status = wait_within(child, 20, &was_late);
	EXPECT(!was_late);
	EXPECT_EQ(status, 0);
	bind_driver();
}

static void by_read(int fd, int queue)
{
	struct epiphany_event event;

	(void)fd;
	EXPECT_EQ(read(queue, &event, sizeof(event)), sizeof(event));
	EXPECT_EQ(event.type, EPIPHANY_EVENT_GONE);
	EXPECT_ERROR(read(queue, &event, sizeof(event)), ENODEV);
}

static void by_poll(int fd, int queue)
{
	struct pollfd polled[2] = { { .fd = queue, .events = POLLIN },
				    { .fd = fd, .events = POLLIN } };

	EXPECT(poll(polled, 2, -1) >= 1);
	EXPECT(polled[0].revents & POLLHUP || polled[1].revents & POLLHUP);
}

static void by_poll_of_the_device(int fd, int queue)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	(void)queue;
	EXPECT_EQ(poll(&polled, 1, -1), 1);
	EXPECT(polled.revents & POLLHUP);
}

static void by_poll_of_a_group(int fd, int queue)
{
	struct pollfd polled = { .fd = claim(fd, 0, 0, 1, 1, 0, 0), .events = POLLIN };

	(void)queue;
	EXPECT_EQ(poll(&polled, 1, -1), 1);
	EXPECT(polled.revents & POLLHUP);
}

static void by_epoll(int fd, int queue)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int set = epoll_create1(0);

	(void)fd;
	epoll_ctl(set, EPOLL_CTL_ADD, queue, &event);
	EXPECT_EQ(epoll_wait(set, &event, 1, -1), 1);
}

static void by_mailbox_read(int fd, int queue)
{
	struct e_mailbox_msg message;

	(void)queue;
	EXPECT_ERROR(ioctl(fd, E_IOCTL_MAILBOX_READ, &message), ENODEV);
}

TEST(unbound_in_the_midst_of_a_read)
{
	wait_until_unbound(by_read);
}

TEST(unbound_in_the_midst_of_a_poll)
{
	wait_until_unbound(by_poll);
	wait_until_unbound(by_poll_of_the_device);
	wait_until_unbound(by_poll_of_a_group);
}

TEST(unbound_in_the_midst_of_an_epoll)
{
	wait_until_unbound(by_epoll);
}

TEST(unbound_in_the_midst_of_mailbox_read)
{
	wait_until_unbound(by_mailbox_read);
}

TEST(unbound_with_a_flood_of_messages)
{
	int fd = open_mesh();
	volatile uint32_t *sram = must_map(fd, core_address(1, 1), PAGE);
	volatile uint32_t *registers = must_map(fd, core_address(1, 1) + REGISTERS, PAGE);

	put_sender(sram, 0x42, PROGRAM_SEND_FOR_EVER);
	start_core(registers);
	sleep_ms(200);
	EXPECT(state("messages") > 0);
	unbind_driver();
	bind_driver();
	sleep_ms(200);
	EXPECT_EQ(state("messages"), 0);
	EXPECT(is_alive());
}

TEST(unbound_while_it_is_copied)
{
	const uint32_t bytes = 4 << 20;
	uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

	REQUIRE(memory != MAP_FAILED);
	for (int round = 0; round < 5; round++) {
		uint64_t address = 0;
		int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, 0),
		    dram = dram_alloc(fd, bytes, &address);
		int queue = events(fd, BIT(DMA)), count = 0, ended = 0;
		struct epiphany_dma_copy to_dram = {
			.size = sizeof(to_dram), .bytes = bytes, .source = { EPIPHANY_DMA_USER, 0, (uintptr_t)memory },
			.destination = { EPIPHANY_DMA_FILE, dram, address },
		}, to_core = {
			.size = sizeof(to_core), .bytes = SRAM_BYTES, .source = { EPIPHANY_DMA_FILE, dram, address },
			.destination = { EPIPHANY_DMA_FILE, group, core_address(0, 0) },
		};
		for (; count < 20; count++) {
			struct epiphany_dma_copy request = round & 1 && count & 1 ? to_core
										  : to_dram;
			EXPECT(!ioctl(fd, EPIPHANY_IOC_DMA_COPY, &request));
		}
		sleep_ms(20 * round);
		double begin = seconds_now();
		unbind_driver();
		EXPECT(seconds_now() - begin < 120);
		struct epiphany_event event;
		while (read(queue, &event, sizeof(event)) == sizeof(event))
			if (event.type == EPIPHANY_EVENT_DMA) {
				EXPECT(event.flags == 0 || event.flags == ENODEV);
				ended++;
			}
		EXPECT_EQ(ended, count);
		EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_DMA_COPY, &to_dram), ENODEV);
		bind_driver();
		close(queue);
		close(dram);
		close(group);
		close(fd);
	}
	EXPECT(is_alive());
	EXPECT(strstr(read_text("/proc/self/status"), "VmLck:\t       0 kB"));
}

TEST(unbound_while_it_is_too_hot)
{
	int fd = open_mesh();

	must_map(fd, core_address(0, 0), PAGE);
	EXPECT(!ioctl(fd, E_IOCTL_THERMAL_DISALLOW));
	unbind_driver();
	EXPECT_ERROR(ioctl(fd, E_IOCTL_THERMAL_ALLOW), ENODEV);
	bind_driver();
	EXPECT(is_alive());
}

TEST_WITHIN(unbound_a_hundred_times_while_others_do_as_they_like, 900)
{
	pid_t children[4];
	volatile bool *is_over = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		srand(i);
		while (!*is_over) {
			int fd = open_kind(rand() % 2 ? "mesh" : "elink", O_RDWR);
			if (fd < 0) {
				sleep_ms(1);
				continue;
			}
			uint64_t address = 0;
			uint32_t word;
			int group = claim(fd, rand() % 4, rand() % 4, 1, 1, 0, rand() % 4);
			int dram = dram_alloc(fd, PAGE, &address), queue = events(fd, 0xfe);
			volatile uint32_t *memory = map(group, core_address(rand() % 4, rand() % 4),
							PAGE);
			volatile uint32_t *given = map(dram, address, PAGE),
					  *node = map(fd, core_address(0, 0), PAGE);
			for (int j = 0; j < rand() % 20; j++) {
				if (memory != MAP_FAILED)
					memory[j]++;
				if (given != MAP_FAILED)
					given[j]++;
				if (node != MAP_FAILED)
					node[j] = PROGRAM_LOOP;
				pread(fd, &word, 4, core_address(1, 1));
			}
			if (rand() % 8 == 0)
				ioctl(fd, E_IOCTL_RESET);
			if (memory != MAP_FAILED)
				munmap((void *)memory, PAGE);
			if (given != MAP_FAILED)
				munmap((void *)given, PAGE);
			if (node != MAP_FAILED)
				munmap((void *)node, PAGE);
			close(queue);
			close(dram);
			close(group);
			close(fd);
		}
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		sleep_ms(rand() % 20);
		unbind_driver();
		sleep_ms(rand() % 5);
		bind_driver();
	}
	*is_over = true;
	for (int i = 0; i < 4; i++) {
		int status;
		waitpid(children[i], &status, 0);
		EXPECT_EQ(status, 0);
	}
	EXPECT(is_alive());
	EXPECT(wait_for_state("files", 0, 10));
}

/* ---- The machine's end. */

TEST(after_shutdown_nothing_reaches_the_chip)
{
	uint64_t address = 0;
	int fd = open_mesh(), other = open_mesh(), elink = open_kind("elink", O_RDWR);
	int dram = dram_alloc(fd, PAGE, &address), queue = events(fd, BIT(GONE));
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), PAGE),
			  *given = must_map(dram, address, PAGE);
	struct epiphany_event event;
	uint32_t word;

	memory[0] = given[0] = 1;
	write_text("/sys/module/test_shutdown/parameters/device", platform_device());
	EXPECT(!bench_get(BENCH_POWERED));
	/* Users may still run then: kexec and `reboot -f` do not end them. */
	EXPECT_ERROR(pread(fd, &word, 4, core_address(0, 0)), ENODEV);
	EXPECT_ERROR(pread(other, &word, 4, core_address(0, 0)), ENODEV);
	EXPECT_ERROR(ioctl(fd, E_IOCTL_RESET), ENODEV);
	EXPECT_ERROR(ioctl(elink, E_IOCTL_THERMAL_ALLOW), ENODEV);
	EXPECT_ERROR(open_kind("mesh", O_RDWR), ENODEV);
	EXPECT_EQ(memory[0], 0);
	EXPECT_EQ(given[0], 0);
	write_text(platform_file("power/control"), "on");
	EXPECT(!bench_get(BENCH_POWERED));
	write_text(platform_file("power/control"), "auto");
	EXPECT_EQ(read(queue, &event, sizeof(event)), sizeof(event));
	unbind_driver();
	bind_driver();
	EXPECT(is_alive());
}

MAIN
