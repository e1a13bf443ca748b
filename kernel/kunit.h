/* SPDX-License-Identifier: GPL-2.0-only */
/* What the KUnit tests share. */
#ifndef _EPIPHANY_KUNIT_H
#define _EPIPHANY_KUNIT_H

#include <kunit/test.h>

#include "layout.h"

extern const struct epi_range parallella_memory;
void make_layout(struct kunit *test, struct epi_layout *layout, u32 type);
enum epi_page expected_page(u32 address, u32 size, unsigned int *core);

extern struct kunit_suite epi_layout_suite;
extern struct kunit_suite epi_reach_suite;
extern struct kunit_suite epi_pool_suite;
extern struct kunit_suite epi_ring_suite;
extern struct kunit_suite epi_copy_suite;

#endif /* _EPIPHANY_KUNIT_H */
