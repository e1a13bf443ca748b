// SPDX-License-Identifier: MIT
#include "reference.h"

#include <array>
#include <cstddef>

namespace fpu_test {

Reached reached = {};

int Exponent(uint32_t bits) {
  return static_cast<int>(bits >> 23 & 0xff);
}

namespace {

// The reference. Values are exact, as multiples of 2^-322: room for the square of the largest number, and for
// 24 bits of the square of the smallest one.
constexpr int kWords = 10;
constexpr int kUnit = 322;

using Exact = std::array<uint64_t, kWords>;

// value * 2^bit units.
Exact Place(uint64_t value, int bit) {
  Exact exact{};
  const size_t word = static_cast<size_t>(bit / 64);
  const int shift = bit % 64;
  exact[word] = value << shift;
  if (shift != 0 && word + 1 < kWords) exact[word + 1] = value >> (64 - shift);
  return exact;
}

int Compare(const Exact& a, const Exact& b) {
  for (size_t i = kWords; i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

Exact Plus(const Exact& a, const Exact& b) {
  Exact sum{};
  uint64_t carry = 0;
  for (size_t i = 0; i < kWords; i++) {
    const uint64_t partial = a[i] + carry;
    sum[i] = partial + b[i];
    carry = partial < carry || sum[i] < partial;
  }
  return sum;
}

Exact Minus(const Exact& a, const Exact& b) {  // a >= b
  Exact difference{};
  uint64_t borrow = 0;
  for (size_t i = 0; i < kWords; i++) {
    const uint64_t partial = a[i] - borrow;
    const uint64_t next = a[i] < borrow || partial < b[i];
    difference[i] = partial - b[i];
    borrow = next;
  }
  return difference;
}

bool IsZero(const Exact& a) {
  return a == Exact{};
}

// All numbers of 24 bits in ascending order, whatever their exponent, by their rank. Where there are normal
// numbers, ranks are their bits plus kRankOffset.
Exact OfRank(uint64_t rank) {
  return Place((rank & 0x7fffff) | 0x800000, static_cast<int>(rank >> 23));
}
constexpr uint64_t kRankOffset = static_cast<uint64_t>(kUnit - 126 - 23 - 1) << 23;

uint64_t Significand(uint32_t bits) {
  return (bits & kInf) == 0 ? 0 : (bits & 0x7fffff) | 0x800000;
}

bool IsNan(uint32_t bits) {
  return (bits & 0x7fffffff) > kInf;
}

bool IsInfinity(uint32_t bits) {
  return (bits & 0x7fffffff) == kInf;
}

FpuResult Flagged(uint32_t value, uint32_t other_flags) {
  return {value, ((value & 0x7fffffff) == 0 ? kZ : 0) | (value >> 31 != 0 ? kN : 0) | other_flags};
}

Wanted Same(FpuResult result) {
  return {{result, result, result, result}};
}

// What the number becomes by comparing it with candidates, found by bisection: never by shifting it.
Wanted RoundExact(bool is_negative, const Exact& magnitude) {
  const uint32_t sign = is_negative ? kMinus : 0;
  if (IsZero(magnitude)) {
    reached.zeros++;
    return Same(Flagged(sign, 0));
  }
  uint64_t low = 0;
  uint64_t high = uint64_t{600} << 23;
  while (high - low > 1) {
    const uint64_t middle = (low + high) / 2;
    (Compare(OfRank(middle), magnitude) <= 0 ? low : high) = middle;
  }
  const int side = Compare(Plus(magnitude, magnitude), Plus(OfRank(low), OfRank(high)));
  reached.ties += side == 0;
  Wanted wanted;
  for (int i = 0; i < 4; i++) {
    const FpuMode mode = kModes[i];
    const bool is_up = !mode.truncate && (side > 0 || (side == 0 && low % 2 != 0));
    const uint64_t rank = is_up ? high : low;
    FpuResult& result = wanted.by_mode[i];
    if (Compare(OfRank(rank), Place(1, kUnit + 128)) >= 0) {
      result = Flagged(sign | (mode.truncate ? kMax : kInf), kV);
      reached.overflows++;
    } else if (Compare(OfRank(rank), Place(1, kUnit - 126)) >= 0) {
      result = Flagged(sign | static_cast<uint32_t>(rank - kRankOffset), 0);
    } else if (mode.profile == Profile::kManual) {
      result = Flagged(sign, kU);
      reached.underflows++;
    } else {
      // 2^-126 less half of 2^-149 is the least that becomes 2^-126 among the multiples of 2^-149.
      const Exact tie = Minus(Place(1, kUnit - 126), Place(1, kUnit - 150));
      const bool is_normal = !mode.truncate && Compare(magnitude, tie) >= 0;
      bool is_exact = true;
      for (int bit = 0; bit < kUnit - 149; bit++) {
        if (magnitude[static_cast<size_t>(bit / 64)] >> bit % 64 & 1) is_exact = false;
      }
      result = Flagged(sign | (is_normal ? kMin : 0), is_exact ? 0 : kU);
      reached.rounded_to_normal += is_normal;
      reached.exact_underflows += is_exact;
    }
  }
  return wanted;
}

Wanted RoundSum(bool is_a_negative, const Exact& a, bool is_b_negative, const Exact& b) {
  if (is_a_negative == is_b_negative) return RoundExact(is_a_negative, Plus(a, b));
  const int order = Compare(a, b);
  if (order == 0) return RoundExact(false, Exact{});
  return order > 0 ? RoundExact(is_a_negative, Minus(a, b)) : RoundExact(is_b_negative, Minus(b, a));
}

Exact ExactOf(uint32_t bits) {
  return Place(Significand(bits), Exponent(bits) - 150 + kUnit);
}

Exact ExactProduct(uint32_t a, uint32_t b) {
  return Place(Significand(a) * Significand(b), Exponent(a) + Exponent(b) - 300 + kUnit);
}

Wanted WantedNan(uint32_t nan, uint32_t signs) {
  reached.invalid++;
  const FpuResult manual = Flagged((nan & 0x7fffffff) | 0x00400000 | (signs & kMinus), kI);
  const FpuResult gnu = Flagged(nan | 0x00400000, kI);
  return {{manual, manual, gnu, gnu}};
}

// FADD, FSUB, FMADD, FMSUB: an addend, and RN or a product to add or to subtract.
Wanted ReferenceSum(Op op, const Operands& operands) {
  const auto [rd, rn, rm] = operands;
  const bool is_fused = op == kFmadd || op == kFmsub;
  const uint32_t signs = rn ^ rm ^ (is_fused ? rd : 0);
  if (IsNan(rn)) return WantedNan(rn, signs);
  if (IsNan(rm)) return WantedNan(rm, signs);
  if (is_fused && IsNan(rd)) return WantedNan(rd, signs);
  const uint32_t a = is_fused ? rd : rn;
  bool is_b_negative = ((is_fused ? rn ^ rm : rm) & kMinus) != 0;
  if (op == kFsub || op == kFmsub) is_b_negative = !is_b_negative;
  const bool is_b_infinite = IsInfinity(rm) || (is_fused && IsInfinity(rn));
  const bool is_a_negative = (a & kMinus) != 0;
  if (is_fused && is_b_infinite && (Significand(rn) == 0 || Significand(rm) == 0)) {
    return Same(Flagged(kNan, kI));
  }
  if (IsInfinity(a) && is_b_infinite && is_a_negative != is_b_negative) return Same(Flagged(kNan, kI));
  if (IsInfinity(a)) return Same(Flagged(a, 0));
  if (is_b_infinite) return Same(Flagged(kInf | (is_b_negative ? kMinus : 0), 0));
  return RoundSum(is_a_negative, ExactOf(a), is_b_negative, is_fused ? ExactProduct(rn, rm) : ExactOf(rm));
}

Wanted ReferenceProduct(uint32_t rn, uint32_t rm) {
  if (IsNan(rn)) return WantedNan(rn, rn ^ rm);
  if (IsNan(rm)) return WantedNan(rm, rn ^ rm);
  const uint32_t sign = (rn ^ rm) & kMinus;
  if (IsInfinity(rn) || IsInfinity(rm)) {
    if (Significand(rn) == 0 || Significand(rm) == 0) return Same(Flagged(kNan, kI));
    return Same(Flagged(sign | kInf, 0));
  }
  return RoundExact(sign != 0, ExactProduct(rn, rm));
}

Wanted ReferenceFloat(uint32_t rn) {
  const int64_t integer = static_cast<int32_t>(rn);
  return RoundExact(integer < 0, Place(static_cast<uint64_t>(integer < 0 ? -integer : integer), kUnit));
}

Wanted ReferenceFix(uint32_t rn) {
  const bool is_negative = (rn & kMinus) != 0;
  Wanted wanted;
  for (int i = 0; i < 4; i++) {
    const FpuMode mode = kModes[i];
    const bool is_manual = mode.profile == Profile::kManual;
    uint32_t value;
    uint32_t flags = 0;
    if (IsNan(rn) && is_manual) {
      value = 0xffffffff;
      flags = kI;
    } else if (IsNan(rn) || IsInfinity(rn)) {
      value = is_negative ? 0x80000000 : 0x7fffffff;
    } else {
      const Exact magnitude = ExactOf(rn);
      uint64_t low = 0;
      uint64_t high = uint64_t{1} << 33;
      while (high - low > 1) {
        const uint64_t middle = (low + high) / 2;
        (Compare(Place(middle, kUnit), magnitude) <= 0 ? low : high) = middle;
      }
      const int side = Compare(Plus(magnitude, magnitude), Place(low + high, kUnit));
      const bool is_up = !mode.truncate && (side > 0 || (side == 0 && (!is_manual || low % 2 != 0)));
      reached.ties += side == 0;
      const uint64_t integer = is_up ? high : low;
      if (is_negative) {
        value = static_cast<uint32_t>(0 - (integer > 0x80000000 ? 0x80000000 : integer));
      } else if (!is_manual && Compare(magnitude, Place(0x80000000, kUnit)) == 0) {
        value = 0x80000000;
        flags = kI;
      } else {
        value = static_cast<uint32_t>(integer > 0x7fffffff ? 0x7fffffff : integer);
      }
    }
    wanted.by_mode[i] = {value, (value == 0 ? kZ : 0) | (value >> 31 != 0 ? kN : 0) | flags};
  }
  return wanted;
}

Wanted ReferenceFabs(uint32_t rn) {
  const uint32_t magnitude = rn & 0x7fffffff;
  Wanted wanted = Same(Flagged(magnitude < kMin ? 0 : magnitude, 0));
  if (IsNan(rn)) wanted.by_mode[0] = wanted.by_mode[1] = Flagged(magnitude | 0x00400000, kI);
  return wanted;
}

}  // namespace

Wanted Reference(Op op, const Operands& operands) {
  switch (op) {
    case kFmul:
      return ReferenceProduct(operands.rn, operands.rm);
    case kFloat:
      return ReferenceFloat(operands.rn);
    case kFix:
      return ReferenceFix(operands.rn);
    case kFabs:
      return ReferenceFabs(operands.rn);
    default:
      return ReferenceSum(op, operands);
  }
}

}  // namespace fpu_test
