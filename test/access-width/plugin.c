// SPDX-License-Identifier: MIT
//
// A QEMU user-mode plugin that records how a program touches the memory it announces (announce.h): loads and
// stores by width and alignment, per phase, and the first instructions that break the rule for device memory.
// It sees what the guest executes, no matter what emitted it: a compiler, libc, V8's interpreter or its JIT.
//
// The rule: naturally aligned, at most 4 bytes, one access per instruction, no atomic read-modify-write, and
// no buffer for the kernel, which would copy as it likes.
//
// The report goes to the file of the plugin argument report=FILE at exit, one JSON object per line.

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"

// ---- The part of QEMU's plugin ABI, version 1, that is in use here ----

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
typedef uint32_t mem_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info {
  const char* target_name;  // the rest is not read
};
enum { NO_REGISTERS = 0, LOADS_AND_STORES = 3 };

typedef void translate_cb(plugin_id, struct qemu_plugin_tb*);
typedef void access_cb(unsigned vcpu, mem_info, uint64_t address, void* user);
typedef void syscall_cb(plugin_id, unsigned vcpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t, uint64_t, uint64_t);
typedef void exit_cb(plugin_id, void* user);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, translate_cb*);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn*, access_cb*, int registers, int kind,
                                      void* user);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, syscall_cb*);
void qemu_plugin_register_atexit_cb(plugin_id, exit_cb*, void* user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn*);
char* qemu_plugin_insn_disas(const struct qemu_plugin_insn*);
unsigned qemu_plugin_mem_size_shift(mem_info);
bool qemu_plugin_mem_is_store(mem_info);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id, const struct qemu_info*, int argc, char** argv);

// ---- What depends on the architecture ----

static const struct target {
  const char* name;
  // How the mnemonics begin of instructions whose accesses QEMU shows one by one, as if each were innocent.
  const char* unfit[24];
  // System calls that copy from or to the memory of their second argument: read, write, pread64, pwrite64,
  // sendto, recvfrom.
  int64_t copying_calls[6];
} targets[] = {
    // xchg is not among them: it is x64's sequentially consistent store.
    {"x86_64", {"rep", "lock"}, {0, 1, 17, 18, 44, 45}},
    {"arm",
     {"ldm",  "stm",   "push", "pop",  "ldrd", "strd", "ldrex", "strex", "ldaex", "stlex", "swp", "vldm",
      "vstm", "vpush", "vpop", "vld1", "vld2", "vld3", "vld4",  "vst1",  "vst2",  "vst3",  "vst4"},
     {3, 4, 180, 181, 290, 292}},
    {"aarch64",
     {"ldp",   "ldnp",  "stp",   "stnp",  "ldxr", "ldxp", "ldax", "stxr", "stxp", "stlx", "cas", "swp",
      "ldadd", "ldclr", "ldeor", "ldset", "ld1",  "ld2",  "ld3",  "ld4",  "st1",  "st2",  "st3", "st4"},
     {63, 64, 67, 68, 206, 207}},
};
static const struct target* target;

static bool is_unfit(const char* text) {
  if (*text == '.') return true;  // ".byte …": the disassembler does not know it, so neither do we
  for (size_t i = 0; i < sizeof target->unfit / sizeof *target->unfit && target->unfit[i]; i++)
    if (strncmp(text, target->unfit[i], strlen(target->unfit[i])) == 0) return true;
  return false;
}

// ---- State, shared by the guest's threads ----

enum { RANGES = 64, WIDTHS = 6, WIDEST = 1 << (WIDTHS - 1), SHOWN = 4 };

static struct range { uint64_t start, end; } ranges[RANGES];
static int range_count;
// Every access that touches a range starts in [low, low + span). This is all that the others cost, and they
// are nearly all.
static uint64_t low, span;

static unsigned phase;
static struct tally {
  uint64_t count, misaligned, unfit;
} tallies[EW_PHASES][2][WIDTHS];  // [phase][is a store][log2 of its bytes]
static unsigned offences[EW_PHASES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE* report;

static void die(const char* why) {
  fprintf(stderr, "access-width plugin: %s\n", why);
  abort();
}

static bool touches_range(uint64_t address, uint64_t bytes) {
  for (int i = 0; i < range_count; i++)
    if (address < ranges[i].end && address + bytes > ranges[i].start) return true;
  return false;
}

/** Whether this offence is among the first of its phase, which are the ones worth a line each. */
static bool is_shown(void) {
  return __atomic_fetch_add(&offences[phase], 1, __ATOMIC_RELAXED) < SHOWN;
}

// ---- Accesses ----

struct instruction {
  uint64_t pc;
  bool unfit;
  const char* text;
};

static void on_access(unsigned vcpu, mem_info info, uint64_t address, void* user) {
  (void)vcpu;
  if (address - low >= span) return;

  const struct instruction* instruction = user;
  unsigned shift = qemu_plugin_mem_size_shift(info);
  bool store = qemu_plugin_mem_is_store(info);
  uint64_t bytes = 1u << shift;
  if (shift >= WIDTHS) die("an access wider than any known");
  if (!touches_range(address, bytes)) return;

  bool misaligned = address & (bytes - 1);
  struct tally* tally = &tallies[phase][store][shift];
  __atomic_fetch_add(&tally->count, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&tally->misaligned, misaligned, __ATOMIC_RELAXED);
  __atomic_fetch_add(&tally->unfit, instruction->unfit, __ATOMIC_RELAXED);
  if ((misaligned || instruction->unfit || bytes > 4) && is_shown())
    fprintf(report,
            "{\"phase\":%u,\"pc\":\"0x%" PRIx64 "\",\"instruction\":\"%s\",\"store\":%s,\"bytes\":%" PRIu64
            ",\"address\":\"0x%" PRIx64 "\"}\n",
            phase, instruction->pc, instruction->text, store ? "true" : "false", bytes, address);
}

static void on_translate(plugin_id id, struct qemu_plugin_tb* block) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
    struct qemu_plugin_insn* from = qemu_plugin_tb_get_insn(block, i);
    // Never freed: QEMU does not tell when it drops a translation.
    struct instruction* instruction = malloc(sizeof *instruction);
    if (!instruction) die("out of memory");
    instruction->pc = qemu_plugin_insn_vaddr(from);
    instruction->text = qemu_plugin_insn_disas(from);
    instruction->unfit = is_unfit(instruction->text);
    qemu_plugin_register_vcpu_mem_cb(from, on_access, NO_REGISTERS, LOADS_AND_STORES, instruction);
  }
}

// ---- System calls: announcements, and buffers for the kernel ----

static void watch(uint64_t start, uint64_t length) {
  if (range_count == RANGES) die("too many ranges");
  ranges[range_count++] = (struct range){start, start + length};
  uint64_t end = 0;
  uint64_t first = UINT64_MAX;
  for (int i = 0; i < range_count; i++) {
    if (ranges[i].start < first) first = ranges[i].start;
    if (ranges[i].end > end) end = ranges[i].end;
  }
  low = first - (WIDEST - 1);
  span = end - low;
}

static void on_announcement(int kind, uint64_t address, uint64_t length) {
  pthread_mutex_lock(&lock);
  switch (kind) {
    case EW_WATCH:
      watch(address, length);
      break;
    case EW_FORGET:
      span = 0;
      range_count = 0;
      break;
    case EW_BEGIN:
      if (address == 0 || address >= EW_PHASES) die("a phase number out of range");
      phase = (unsigned)address;
      break;
    case EW_END:
      phase = 0;
      break;
    default:
      die("an unknown announcement");
  }
  pthread_mutex_unlock(&lock);
}

static bool copies(int64_t number) {
  for (size_t i = 0; i < sizeof target->copying_calls / sizeof *target->copying_calls; i++)
    if (target->copying_calls[i] == number) return true;
  return false;
}

static void on_syscall(plugin_id id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                       uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)vcpu, (void)a5, (void)a6, (void)a7, (void)a8;
  // QEMU sign-extends a 32-bit guest's arguments, but not the addresses of its accesses.
  if ((int64_t)a2 < 0) a2 = (uint32_t)a2;

  if ((a1 & ~0xffull) == EW_MAGIC && a4 == EW_SEAL) {
    on_announcement(a1 & 0xff, a2, a3);
  } else if (copies(number) && touches_range(a2, a3) && is_shown()) {
    fprintf(report, "{\"phase\":%u,\"syscall\":%" PRId64 ",\"address\":\"0x%" PRIx64 "\"}\n", phase, number,
            a2);
  }
}

// ---- Begin and end ----

static void on_end(plugin_id id, void* user) {
  (void)id, (void)user;
  for (unsigned p = 0; p < EW_PHASES; p++)
    for (int store = 0; store < 2; store++)
      for (int shift = 0; shift < WIDTHS; shift++) {
        struct tally* tally = &tallies[p][store][shift];
        if (tally->count)
          fprintf(report,
                  "{\"phase\":%u,\"store\":%s,\"bytes\":%d,\"count\":%" PRIu64 ",\"misaligned\":%" PRIu64
                  ",\"unfit\":%" PRIu64 "}\n",
                  p, store ? "true" : "false", 1 << shift, tally->count, tally->misaligned, tally->unfit);
      }
  fflush(report);  // not fclose: other threads still run
}

int qemu_plugin_install(plugin_id id, const struct qemu_info* info, int argc, char** argv) {
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
    if (strcmp(targets[i].name, info->target_name) == 0) target = &targets[i];
  if (!target) die("an architecture it does not know");
  if (argc != 1 || strncmp(argv[0], "report=", 7) != 0) die("needs one argument, report=FILE");
  report = fopen(argv[0] + 7, "w");
  if (!report) die("cannot write the report");

  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  qemu_plugin_register_atexit_cb(id, on_end, NULL);
  return 0;
}
