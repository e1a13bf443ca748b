/* SPDX-License-Identifier: MIT */
/* A page of memory whose first touch waits until somebody provides it, as one of a network's or a FUSE file system may. */
#ifndef STALLED_PAGE_H
#define STALLED_PAGE_H

#include "client.h"

#include <linux/userfaultfd.h>
#include <sys/syscall.h>

struct stalled_page {
	int faults;
	void *address;
};

static inline struct stalled_page make_stalled_page(void)
{
	struct stalled_page page = { .faults = syscall(SYS_userfaultfd, O_CLOEXEC) };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all;

	REQUIRE(page.faults >= 0);
	REQUIRE(!ioctl(page.faults, UFFDIO_API, &api));
	page.address =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(page.address != MAP_FAILED);
	all = (struct uffdio_register) {
		.range = { (uintptr_t)page.address, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	REQUIRE(!ioctl(page.faults, UFFDIO_REGISTER, &all));
	return page;
}

/* Until somebody waits for it. */
static inline void wait_for_touch(const struct stalled_page *page)
{
	struct uffd_msg message;

	REQUIRE(read(page->faults, &message, sizeof(message)) == sizeof(message));
	EXPECT_EQ(message.event, UFFD_EVENT_PAGEFAULT);
}

static inline void provide(const struct stalled_page *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page->address, PAGE } };

	EXPECT(!ioctl(page->faults, UFFDIO_ZEROPAGE, &zero));
}

#endif /* STALLED_PAGE_H */
