// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of everything that is logic alone. A module of its own, with its own
 * copy of that logic: each *_test.c includes the source that it tests. The
 * driver need not be loaded, nor any hardware be there.
 */
#include <linux/module.h>

#include "kunit.h"

kunit_test_suites(&epi_layout_suite, &epi_reach_suite, &epi_pool_suite, &epi_ring_suite,
		  &epi_copy_suite);

MODULE_DESCRIPTION("KUnit tests of the Epiphany driver");
MODULE_LICENSE("GPL");
