// SPDX-License-Identifier: MIT
// What main() finds: arguments, variables as they are declared, constructors run, the core's own coordinates.
#include <ecore.h>

struct {
  uint32_t id, row, column, rank, size, third;
  int argc;
  char last_argument[16];
  const char* behind_arguments;
  int initialised, zeroed, constructed;
  const void* global;
  float product;
  int quotient;
} report;

static volatile int initialised = 0x1234567;
static volatile int zeroed[100];
static volatile int constructed;
static volatile float factor = 1.5f;
static volatile int dividend = -1000;

__attribute__((constructor)) static void construct(void) {
  constructed = initialised + 1;
}

int main(int argc, char** argv) {
  report.id = ecore_id();
  report.row = ecore_row(report.id);
  report.column = ecore_column(report.id);
  report.rank = ecore_group_rank();
  report.size = ecore_group_size();
  report.third = ecore_group_core(3);
  report.argc = argc;
  if (argc > 0) {
    for (int i = 0; argv[argc - 1][i] != 0; ++i) report.last_argument[i] = argv[argc - 1][i];
  }
  report.behind_arguments = argv[argc];
  report.initialised = initialised;
  for (int i = 0; i < 100; ++i) report.zeroed |= zeroed[i]++;  // for the next start
  report.constructed = constructed;
  report.global = ecore_at(report.third, &report);
  report.product = factor * 3;
  report.quotient = dividend / 7;
  return argc + 40;
}
