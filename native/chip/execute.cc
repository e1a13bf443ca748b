// SPDX-License-Identifier: MIT
// The execution loop: what each instruction does.
// Sources: Epiphany Architecture Reference, appendix A; docs/validation.md for what was compared with which
// other simulators, and for every point that the reference leaves open.
#include "chip/core.h"
#include "chip/fpu.h"
#include "chip/memory.h"
#include "chip/mesh.h"

namespace chip {
namespace {

using Register = std::atomic<uint32_t>;

inline uint32_t Get(const Register& word) {
  return word.load(std::memory_order_relaxed);
}
inline void Set(Register& word, uint32_t value) {
  word.store(value, std::memory_order_relaxed);
}

// --- flags of the integer unit, and conditions

// The flags of STATUS in the form in which they come about, so that an instruction whose flags nobody looks
// at costs little.
struct Flags {
  uint32_t zero;       // AZ if it is 0
  uint32_t negative;   // AN if bit 31 is set
  uint32_t carry;      // AC
  uint32_t overflow;   // AV if bit 31 is set
  uint32_t overflown;  // AVS if bit 31 is set
  uint32_t others;     // the rest of STATUS
};

constexpr uint32_t kIntegerFlags = status::kAz | status::kAn | status::kAc | status::kAv | status::kAvs;

inline Flags Unpack(uint32_t status) {
  return {(status & status::kAz) == 0,          status & status::kAn ? 1u << 31 : 0,
          (status & status::kAc) != 0,          status & status::kAv ? 1u << 31 : 0,
          status & status::kAvs ? 1u << 31 : 0, status & ~kIntegerFlags};
}

inline uint32_t Pack(const Flags& flags) {
  return flags.others | (flags.zero == 0 ? status::kAz : 0) | (flags.negative >> 31) * status::kAn |
         flags.carry * status::kAc | (flags.overflow >> 31) * status::kAv |
         (flags.overflown >> 31) * status::kAvs;
}

inline void SetResult(Flags& flags, uint32_t result) {
  flags.zero = flags.negative = result;
}

inline void SetLogic(Flags& flags, uint32_t result) {
  SetResult(flags, result);
  flags.carry = flags.overflow = 0;
}

inline uint32_t Add(Flags& flags, uint32_t a, uint32_t b) {
  const uint32_t result = a + b;
  SetResult(flags, result);
  flags.carry = result < a;
  flags.overflow = (a ^ result) & (b ^ result);
  flags.overflown |= flags.overflow;
  return result;
}

inline uint32_t Sub(Flags& flags, uint32_t a, uint32_t b) {
  const uint32_t result = a - b;
  SetResult(flags, result);
  flags.carry = a >= b;
  flags.overflow = (a ^ b) & (a ^ result);
  flags.overflown |= flags.overflow;
  return result;
}

inline bool Test(const Flags& flags, unsigned condition) {
  const bool differ = (flags.overflow ^ flags.negative) >> 31;
  switch (static_cast<Condition>(condition)) {
    case Condition::kEq:
      return flags.zero == 0;
    case Condition::kNe:
      return flags.zero != 0;
    case Condition::kGtu:
      return flags.carry && flags.zero != 0;
    case Condition::kGteu:
      return flags.carry;
    case Condition::kLteu:
      return flags.zero == 0 || !flags.carry;
    case Condition::kLtu:
      return !flags.carry;
    case Condition::kGt:
      return flags.zero != 0 && !differ;
    case Condition::kGte:
      return !differ;
    case Condition::kLt:
      return differ;
    case Condition::kLte:
      return flags.zero == 0 || differ;
    case Condition::kBeq:
      return flags.others & status::kBz;
    case Condition::kBne:
      return !(flags.others & status::kBz);
    case Condition::kBlt:
      return (flags.others & status::kBn) && !(flags.others & status::kBz);
    case Condition::kBlte:
      return flags.others & (status::kBn | status::kBz);
    case Condition::kAlways:
      break;
  }
  return true;
}

inline uint32_t ShiftRightSigned(uint32_t value, unsigned by) {
  return static_cast<uint32_t>(static_cast<int32_t>(value) >> by);
}

uint32_t ReverseBits(uint32_t value) {
  value = (value >> 1 & 0x55555555) | (value & 0x55555555) << 1;
  value = (value >> 2 & 0x33333333) | (value & 0x33333333) << 2;
  value = (value >> 4 & 0x0f0f0f0f) | (value & 0x0f0f0f0f) << 4;
  return __builtin_bswap32(value);
}

// --- the second datapath

constexpr uint32_t kFloatFlags = status::kBz | status::kBn | status::kBv;

uint32_t IntegerMode(Handler handler, uint32_t d, uint32_t n, uint32_t m) {
  switch (handler) {
    case Handler::kFadd:
      return n + m;
    case Handler::kFsub:
      return n - m;
    case Handler::kFmul:
      return n * m;
    case Handler::kFmadd:
      return d + n * m;
    default:
      return d - n * m;
  }
}

bool IsFloatException(uint32_t status, uint32_t config) {
  return ((config & config::kInvalidEnable) && (status & status::kBis)) ||
         ((config & config::kOverflowEnable) && (status & status::kBvs)) ||
         ((config & config::kUnderflowEnable) && (status & status::kBus));
}

bool HasIntegerMode(Handler handler) {
  return handler != Handler::kFloat && handler != Handler::kFix && handler != Handler::kFabs;
}

// Whether time matters to an access to this register.
constexpr bool IsOfTimers(uint32_t offset) {
  return offset == reg::kConfig || offset == reg::kTimer0 || offset == reg::kTimer1;
}

// --- loads and stores

inline uint32_t Offset(const Entry& entry, bool has_immediate, const Register* r) {
  const auto immediate = static_cast<uint32_t>(entry.immediate);
  return has_immediate ? immediate : (Get(r[entry.rm]) ^ immediate) - immediate;
}

constexpr bool IsAligned(uint32_t address, unsigned size) {
  return (address & ((1u << size) - 1)) == 0;
}

// What is set in an address that is not of SRAM, or not aligned.
constexpr uint32_t Unfit(unsigned size) {
  return ~(kSramBytes - 1) | ((1u << size) - 1);
}

// Does an access to the core's own SRAM, and nothing else. False if it is another one, or none that may be.
template <Handler kForm>
inline __attribute__((always_inline)) bool AccessSram(const Entry& entry, Register* r, unsigned char* sram,
                                                      uint32_t* stored) {
  constexpr AccessForm kAccess = AccessForm::Of(kForm);
  const uint32_t base = Get(r[entry.rn]);
  const uint32_t moved = base + Offset(entry, kAccess.has_immediate, r);
  const uint32_t address = kAccess.post_modify ? base : moved;
  if (__builtin_expect((address & Unfit(kAccess.size)) != 0, false)) return false;
  if (kAccess.size == 3 && (entry.rd & 1)) return false;
  unsigned char* at = sram + address;
  if (kAccess.is_store) {
    uint64_t value = Get(r[entry.rd]);
    if (kAccess.size == 3) value |= uint64_t{Get(r[entry.rd + 1])} << 32;
    StoreMemory(at, value, kAccess.size);
    *stored = address;
  } else {
    const uint64_t value = LoadMemory(at, kAccess.size);
    // Where RD is RN, what is moved on is the address, not what was loaded.
    Set(r[entry.rd], static_cast<uint32_t>(value));
    if (kAccess.size == 3) Set(r[entry.rd + 1], static_cast<uint32_t>(value >> 32));
  }
  if (kAccess.post_modify) Set(r[entry.rn], moved);
  return true;
}

}  // namespace

// An access that is not one to the core's own SRAM. STATUS and PC are up to date.
Access Core::SlowAccess(const Entry& entry) {
  Register* const r = registers_.general();
  const AccessForm form = AccessForm::Of(entry.handler);
  const uint32_t base = Get(r[entry.rn]);
  const uint32_t moved = base + Offset(entry, form.has_immediate, r);
  const uint32_t address = form.post_modify ? base : moved;
  Access access = Access::kDone;
  if (!IsAligned(address, form.size) || (form.size == 3 && (entry.rd & 1))) {
    // No data moves, but the base register does.
    Raise(Exception::kUnaligned);
  } else if (form.is_store) {
    uint64_t value = Get(r[entry.rd]);
    if (form.size == 3) value |= uint64_t{Get(r[entry.rd + 1])} << 32;
    const uint32_t mode = config::CtrlMode(registers_.Get(reg::kConfig));
    const bool is_local = address >> 20 == 0;
    if (mode == config::kMulticastMode && !is_local) {
      mesh_->Multicast(*this, address, form.size, value);
    } else {
      access = mesh_->Store(*this, address, form.size, value, mode == config::kMessageMode && !is_local);
    }
    if (access == Access::kNever) access = Access::kDone;  // a store is posted, and nobody misses it
  } else {
    uint64_t value;
    access = mesh_->Load(*this, address, form.size, &value);
    if (access != Access::kDone) return access;
    Set(r[entry.rd], static_cast<uint32_t>(value));
    if (form.size == 3) Set(r[entry.rd + 1], static_cast<uint32_t>(value >> 32));
  }
  if (access == Access::kDone && form.post_modify) Set(r[entry.rn], moved);
  return access;
}

Access Core::TestAndSet(const Entry& entry) {
  Register* const r = registers_.general();
  const uint32_t address = AddressOf(entry);
  if (!IsAligned(address, 2)) {
    Raise(Exception::kUnaligned);
    return Access::kDone;
  }
  uint32_t old;
  const Access access = mesh_->TestAndSet(*this, address, Get(r[entry.rd]), &old);
  if (access == Access::kDone) Set(r[entry.rd], old);
  return access;
}

// Of a load, a store, or TESTSET.
uint32_t Core::AddressOf(const Entry& entry) const {
  const Register* const r = registers_.general();
  if (entry.handler == Handler::kTestset) return Get(r[entry.rn]) + Offset(entry, false, r);
  const AccessForm form = AccessForm::Of(entry.handler);
  return Get(r[entry.rn]) + (form.post_modify ? 0 : Offset(entry, form.has_immediate, r));
}

bool Core::IsIdleAt(uint32_t offset) const {
  return offset < kSramBytes && Decode(LoadUnit<uint16_t>(sram_ + offset)).operation == Operation::kIdle;
}

// The beginning of a run: at most so many instructions, and no further than the end of a hardware loop.
const Entry* Core::Cut(const Block& block, uint32_t offset, uint64_t instructions, const Entry** loop_end) {
  const bool is_looping = registers_.Get(reg::kLoopCount) != 0;
  const uint32_t last = ((registers_.Get(reg::kLoopEnd) & 0xfffff) - offset) / 2;
  unsigned count = 0;
  while (count < block.instructions && count < instructions && !*loop_end) {
    const Entry& entry = cut_[count] = block.entries[count];
    ++count;
    if (is_looping && entry.at == last) *loop_end = &cut_[count];
  }
  cut_[count] = kEndOfBlock;
  cut_[count].at = block.entries[count].at;
  return cut_.data();
}

// An instruction that is in the memory of others, or null if it cannot be had.
const Block* Core::FetchOutside(uint32_t pc, Access* access) {
  uint16_t low = 0;
  uint16_t high = 0;
  *access = mesh_->Fetch(*this, pc, &low);
  if (*access != Access::kDone) return nullptr;
  Instruction instruction = Decode(low);
  if (instruction.length == 4) {
    *access = mesh_->Fetch(*this, pc + 2, &high);
    if (*access != Access::kDone) return nullptr;
    instruction = Decode(low | uint32_t{high} << 16);
  }
  outside_[0] = MakeEntry(instruction);
  outside_[1] = kEndOfBlock;
  outside_[1].at = outside_[0].halfwords;
  outside_block_ = {outside_.data(), 0, 1, outside_[0].halfwords};
  return &outside_block_;
}

// Every operation ends in NEXT, unless it leaves the block. In the threaded form each has its own copy of the
// dispatch, from which the host's branch predictor learns what follows what; the other form is standard C++.
#ifdef CHIP_PLAIN_SWITCH
#define DISPATCH() \
  dispatch:        \
  switch (e->handler)
#define OPERATION(name) case Handler::k##name:
#define GO() goto dispatch
#else
#define DISPATCH() GO();
#define OPERATION(name) label##name:
#define GO() goto* kLabels[static_cast<size_t>(e->handler)]
#endif
#define COUNT() \
  if (kCounting) ++counters_.instructions[static_cast<size_t>(e->kind)]
// Around the parts of the model that look at registers, or change them.
#define PUBLISH()                              \
  do {                                         \
    registers_.Set(reg::kStatus, Pack(flags)); \
    registers_.Set(reg::kPc, AFTER());         \
  } while (false)
#define NEXT() \
  do {         \
    COUNT();   \
    ++e;       \
    GO();      \
  } while (false)

// Executes at most so many instructions, and fewer if something turns up that has to be looked at between two
// of them. Answers how many.
template <bool kCounting>
uint64_t Core::Execute(const uint64_t limit) {
  Register* const r = registers_.general();
  unsigned char* const sram = sram_;
  // What the loop works with. The registers have it only when somebody is to look at them.
  Flags flags = Unpack(registers_.Get(reg::kStatus));
  uint32_t pc = registers_.Get(reg::kPc) & ~1u;
  uint64_t left = limit;

  const uint32_t config = registers_.Get(reg::kConfig);
  const bool is_float = config::ArithMode(config) == config::kFloat;
  const FpuMode mode = {(config & config::kTruncate) != 0, profile_};
  const bool is_multicast = config::CtrlMode(config) == config::kMulticastMode;
  const bool is_protected = registers_.Get(reg::kMemProtect) != 0;
  is_blocked_ = false;

#ifndef CHIP_PLAIN_SWITCH
  static const void* const kLabels[] = {
#define LABEL(name) &&label##name,
      CHIP_HANDLERS(LABEL)
#undef LABEL
  };
#endif

  while (left > 0 && !attention_.load(std::memory_order_relaxed)) {
    // --- fetch the straight run that begins at PC
    const uint32_t offset = pc & 0xfffff;
    const bool is_own = pc >> 20 == 0 || pc >> 20 == id_;
    const Block* block;
    Access fetched = Access::kIllegal;
    if (__builtin_expect(is_own && offset < kSramBytes, true)) {
      block = code_.Enter(offset);
    } else {
      block = FetchOutside(pc, &fetched);
    }
    if (__builtin_expect(!block, false)) {
      is_blocked_ = fetched == Access::kLater;
      if (fetched == Access::kNever) SetLoadPending(true);
      if (fetched != Access::kIllegal) break;
      // There is no instruction to be behind, so the exception comes back to here.
      registers_.Set(reg::kStatus, Pack(flags));
      Raise(Exception::kIllegalAccess);
      flags = Unpack(registers_.Get(reg::kStatus));
      last_kind_ = InstructionClass::kControl;
      --left;
      break;
    }
    const uint32_t block_bytes = 2u * block->halfwords;
    const Entry* first = block->entries;
    const Entry* loop_end = nullptr;
    if (__builtin_expect(left < block->instructions || registers_.Get(reg::kLoopCount) != 0, false)) {
      first = Cut(*block, offset, left, &loop_end);
    }
    if (limit == 1) last_kind_ = first->kind;

    const Entry* e = first;
    uint32_t stored = 0;
    Exception exception = Exception::kUnaligned;
#define HERE() (pc + 2u * e->at)
#define AFTER() (HERE() + 2u * e->halfwords)
#define IS_FIRST_OF_ALL() (left == limit && e == first)

    // --- execute it
    DISPATCH() {
      OPERATION(EndOfBlock) {
        goto over;
      }

      OPERATION(Branch) {
        if (!Test(flags, e->rm)) NEXT();
        pc = HERE() + static_cast<uint32_t>(e->immediate);
        goto jumped;
      }
      OPERATION(BranchAlways) {
        pc = HERE() + static_cast<uint32_t>(e->immediate);
        goto jumped;
      }
      OPERATION(BranchLink) {
        const uint32_t from = HERE();
        Set(r[kLinkRegister], AFTER());
        pc = from + static_cast<uint32_t>(e->immediate);
        goto jumped;
      }
      OPERATION(Jump) {
        pc = Get(r[e->rn]) & ~1u;
        goto jumped;
      }
      OPERATION(JumpLink) {
        // RN is read first, so that JALR R14 goes where R14 pointed.
        const uint32_t target = Get(r[e->rn]) & ~1u;
        Set(r[kLinkRegister], AFTER());
        pc = target;
        goto jumped;
      }

      OPERATION(MoveIf) {
        if (Test(flags, e->rm)) Set(r[e->rd], Get(r[e->rn]));
        NEXT();
      }
      OPERATION(Move) {
        Set(r[e->rd], Get(r[e->rn]));
        NEXT();
      }
      OPERATION(MoveImmediate) {
        Set(r[e->rd], static_cast<uint32_t>(e->immediate));
        NEXT();
      }
      OPERATION(MoveTop) {
        Set(r[e->rd], (Get(r[e->rd]) & 0xffff) | static_cast<uint32_t>(e->immediate) << 16);
        NEXT();
      }
      OPERATION(Movfs) {
        const auto which = static_cast<uint32_t>(e->immediate);
        if (IsOfTimers(which) && !IS_FIRST_OF_ALL()) goto later;
        PUBLISH();
        Set(r[e->rd], which == reg::kPc ? HERE() : LoadRegister(which));
        NEXT();
      }
      OPERATION(Movts) {
        const auto which = static_cast<uint32_t>(e->immediate);
        if (IsOfTimers(which) && !IS_FIRST_OF_ALL()) goto later;
        PUBLISH();
        StoreRegister(which, Get(r[e->rd]), true);
        goto looked_at;
      }

#define ACCESS(name)                                                                      \
  OPERATION(name) {                                                                       \
    constexpr bool kIsStore = AccessForm::Of(Handler::k##name).is_store;                  \
    if (kIsStore && is_protected) goto slow_access;                                       \
    if (!AccessSram<Handler::k##name>(*e, r, sram, &stored)) goto slow_access;            \
    /* A store into the run that is being executed is for the next instruction to see. */ \
    if (kIsStore && stored + 7 - offset < 7 + block_bytes) goto stepped;                  \
    NEXT();                                                                               \
  }
      CHIP_ACCESSES(ACCESS)
#undef ACCESS
      OPERATION(Testset) {
      slow_access:
        const uint32_t address = AddressOf(*e);
        const bool is_to_itself = address >> 20 == 0 || address >> 20 == id_ || is_multicast;
        // The core's own registers can be reached by address, too.
        if (is_to_itself && (address & 0xfffff) >= kRegistersBase && !IS_FIRST_OF_ALL()) goto later;
        PUBLISH();
        const Access access = e->handler == Handler::kTestset ? TestAndSet(*e) : SlowAccess(*e);
        if (access == Access::kIllegal) Raise(Exception::kIllegalAccess);
        // An access to others changes nothing that is in use here, unless it calls for attention.
        if (!is_to_itself && access == Access::kDone && !attention_.load(std::memory_order_relaxed)) NEXT();
        if (access == Access::kDone || access == Access::kIllegal) goto looked_at;
        if (access == Access::kNever) SetLoadPending(true);
        is_blocked_ = access == Access::kLater;
        goto later;
      }

      OPERATION(Add) {
        Set(r[e->rd], Add(flags, Get(r[e->rn]), Get(r[e->rm])));
        NEXT();
      }
      OPERATION(AddImmediate) {
        Set(r[e->rd], Add(flags, Get(r[e->rn]), static_cast<uint32_t>(e->immediate)));
        NEXT();
      }
      OPERATION(Sub) {
        Set(r[e->rd], Sub(flags, Get(r[e->rn]), Get(r[e->rm])));
        NEXT();
      }
      OPERATION(SubImmediate) {
        Set(r[e->rd], Sub(flags, Get(r[e->rn]), static_cast<uint32_t>(e->immediate)));
        NEXT();
      }
#define LOGIC(name, expression)         \
  OPERATION(name) {                     \
    const uint32_t n = Get(r[e->rn]);   \
    const uint32_t result = expression; \
    Set(r[e->rd], result);              \
    SetLogic(flags, result);            \
    NEXT();                             \
  }
      LOGIC(And, n & Get(r[e->rm]))
      LOGIC(Orr, n | Get(r[e->rm]))
      LOGIC(Eor, n ^ Get(r[e->rm]))
      LOGIC(Lsl, n << (Get(r[e->rm]) & 31))
      LOGIC(LslImmediate, n << e->immediate)
      LOGIC(Lsr, n >> (Get(r[e->rm]) & 31))
      LOGIC(LsrImmediate, n >> e->immediate)
      LOGIC(Asr, ShiftRightSigned(n, Get(r[e->rm]) & 31))
      LOGIC(AsrImmediate, ShiftRightSigned(n, static_cast<unsigned>(e->immediate)))
      LOGIC(Bitr, ReverseBits(n))
#undef LOGIC

#define FLOAT(name, expression)                                                                            \
  OPERATION(name) {                                                                                        \
    if (!is_float) goto other_mode;                                                                        \
    const FpuResult result = expression;                                                                   \
    Set(r[e->rd], result.value);                                                                           \
    flags.others = (flags.others & ~kFloatFlags) | result.flags;                                           \
    if ((config & config::kFpuExceptions) && IsFloatException(flags.others, config)) goto float_exception; \
    NEXT();                                                                                                \
  }
      FLOAT(Fadd, Fadd(Get(r[e->rn]), Get(r[e->rm]), mode))
      FLOAT(Fsub, Fsub(Get(r[e->rn]), Get(r[e->rm]), mode))
      FLOAT(Fmul, Fmul(Get(r[e->rn]), Get(r[e->rm]), mode))
      FLOAT(Fmadd, Fmadd(Get(r[e->rd]), Get(r[e->rn]), Get(r[e->rm]), mode))
      FLOAT(Fmsub, Fmsub(Get(r[e->rd]), Get(r[e->rn]), Get(r[e->rm]), mode))
      FLOAT(Float, Float(Get(r[e->rn]), mode))
      FLOAT(Fix, Fix(Get(r[e->rn]), mode))
      FLOAT(Fabs, Fabs(Get(r[e->rn]), mode))
#undef FLOAT
    float_exception:
      exception = Exception::kFpu;
      goto raise;
    other_mode:
      if (config::ArithMode(config) != config::kInteger || !HasIntegerMode(e->handler)) {
        exception = Exception::kIllegalAccess;
        goto raise;
      } else {
        const uint32_t result = IntegerMode(e->handler, Get(r[e->rd]), Get(r[e->rn]), Get(r[e->rm]));
        Set(r[e->rd], result);
        flags.others = (flags.others & ~kFloatFlags) | (result == 0 ? status::kBz : 0) |
                       (result >> 31 ? status::kBn : 0);
        NEXT();
      }

      OPERATION(Nop) {
        NEXT();
      }
      OPERATION(Idle) {
        flags.others &= ~status::kActive;
        barrier_.Idle(*this, registers_.Get(reg::kIpend), HERE());
        CallAttention();
        goto stepped;
      }
      OPERATION(Gie) {
        flags.others &= ~status::kGid;
        // Source: Adapteva's barrier example, which an interrupt between the two would hang.
        holds_interrupts_ = is_own && HERE() % 8 == 0 && IsIdleAt(AFTER() & 0xfffff);
        CallAttention();
        goto stepped;
      }
      OPERATION(Gid) {
        flags.others |= status::kGid;
        goto stepped;
      }
      OPERATION(Rti) {
        const uint32_t pending = registers_.Get(reg::kIpend);
        registers_.Set(reg::kIpend, pending & (pending - 1));
        flags.others &= ~(status::kGid | status::kKm);
        pc = registers_.Get(reg::kIret) & ~1u;
        CallAttention();
        goto jumped;
      }
      OPERATION(Swi) {
        exception = Exception::kSwi;
        goto raise;
      }
      OPERATION(Undefined) {
        exception = Exception::kUnimplemented;
        goto raise;
      }
      OPERATION(Unimpl) {
        exception = Exception::kUnimplemented;
        goto raise;
      }
      OPERATION(Trap) {
        registers_.at(reg::kDebugStatus).fetch_or(debug::kHalted);
        Halted(Halt::kTrap, static_cast<uint32_t>(e->immediate));
        CallAttention();
        goto stepped;
      }
      OPERATION(Bkpt) {
        // PC stays: the one who resumes the core has first put the instruction back that was here.
        pc = HERE();
        HaltBy(Halt::kBreakpoint);
        goto jumped;
      }
      OPERATION(Mbkpt) {
        mesh_->HaltAll(*this);
        goto stepped;
      }
      OPERATION(Sync) {
        mesh_->Sync(*this);
        goto stepped;
      }
      OPERATION(Wand) {
        flags.others |= status::kWand;
        barrier_.Wand(registers_.Get(reg::kIpend));
        mesh_->Wand(*this);
        goto stepped;
      }
    }

  raise:
    registers_.Set(reg::kStatus, Pack(flags));
    Raise(exception);
    flags = Unpack(registers_.Get(reg::kStatus));
    goto stepped;
  later:
    // After the clock has been brought up to date, or somebody else has let go.
    CallAttention();
    goto over;
  looked_at:
    // Registers may have changed. If PC has, that was a jump.
    flags = Unpack(registers_.Get(reg::kStatus));
    if (registers_.Get(reg::kPc) != AFTER()) {
      pc = registers_.Get(reg::kPc) & ~1u;
      goto jumped;
    }
  stepped:
    COUNT();
    ++e;
  over:
    left -= static_cast<uint64_t>(e - first);
    pc = HERE();
    // The last instruction of the loop may itself have ended it.
    if (const uint32_t count = registers_.Get(reg::kLoopCount); e == loop_end && count != 0) {
      registers_.Set(reg::kLoopCount, count - 1);
      if (count != 1) pc = registers_.Get(reg::kLoopStart) & ~1u;
    }
    continue;
  jumped:
    COUNT();
    left -= static_cast<uint64_t>(e - first) + 1;
  }
  registers_.Set(reg::kStatus, Pack(flags));
  registers_.Set(reg::kPc, pc);
  return limit - left;
}

template uint64_t Core::Execute<false>(uint64_t);
template uint64_t Core::Execute<true>(uint64_t);

}  // namespace chip
