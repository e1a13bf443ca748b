// SPDX-License-Identifier: MIT
#include "chip/fpu.h"

#include "chip/registers.h"

namespace chip {
namespace {

constexpr uint32_t kSign = 0x80000000;
constexpr uint32_t kHidden = 0x00800000;  // the leading one that a number does not store
constexpr uint32_t kFraction = kHidden - 1;
constexpr uint32_t kSmallestNormal = 0x00800000;
constexpr uint32_t kLargestFinite = 0x7f7fffff;
constexpr uint32_t kInfinity = 0x7f800000;
constexpr uint32_t kQuiet = 0x00400000;
constexpr uint32_t kQuietNan = kInfinity | kQuiet;
constexpr int kBias = 127;

// A finite number: significand * 2^(exponent - kBias - kPoint), negative if `sign` is kSign. The significand
// is below 2^62, so that the sum of two fits, and so does its sign.
struct Number {
  uint32_t sign;
  int32_t exponent;
  uint64_t significand;
};
constexpr int kPoint = 61;
// Of zero. That of a product with zero is near it. Both are lower than any other, so that to align them never
// costs the other number a bit.
constexpr int32_t kZeroExponent = -1000;

constexpr bool IsZero(uint32_t bits) {  // denormal numbers are zero
  return (bits & kInfinity) == 0;
}
constexpr bool IsInfinity(uint32_t bits) {
  return (bits & ~kSign) == kInfinity;
}
constexpr bool IsNan(uint32_t bits) {
  return (bits & ~kSign) > kInfinity;
}
constexpr bool IsFinite(uint32_t bits) {
  return (bits & ~kSign) < kInfinity;
}
// Finite and not zero, as operands usually are: one more makes exponents 0 and 255 to 1 and 0.
constexpr bool IsNormal(uint32_t bits) {
  return ((bits + kHidden) & 0x7f000000) != 0;
}

// All ones or none. Signs are masks, not branches: they are data, and no branch predictor knows them.
constexpr uint64_t Mask(bool is_set) {
  return 0 - static_cast<uint64_t>(is_set);
}

inline Number UnpackNormal(uint32_t bits) {
  return {bits & kSign, static_cast<int32_t>(bits >> 23 & 0xff),
          static_cast<uint64_t>((bits & kFraction) | kHidden) << (kPoint - 23)};
}

inline Number Unpack(uint32_t bits) {
  return IsZero(bits) ? Number{bits & kSign, kZeroExponent, 0} : UnpackNormal(bits);
}

// Exact: 24 bits by 24 are 48. That the product of two numbers in [1, 2) can be 2 or more is why the exponent
// is one higher, and the significand half.
inline Number Product(const Number& n, const Number& m) {
  return {n.sign ^ m.sign, n.exponent + m.exponent - kBias + 1,
          (n.significand >> (kPoint - 23)) * (m.significand >> (kPoint - 23)) << (kPoint - 47)};
}

// Keeps in the lowest bit whether any one was shifted out. That is enough to round by: only a distance above
// 14 loses ones, and then a difference still has its leading one in bit 59 or 60.
inline uint64_t ShiftRight(uint64_t significand, int32_t distance) {
  if (distance >= 64) return significand != 0;
  const uint64_t shifted = significand >> distance;
  return shifted | (shifted << distance != significand);
}

constexpr unsigned kNegativeBit = 9;
static_assert(status::kBn == 1u << kNegativeBit);

inline FpuResult Result(uint32_t value, uint32_t other_flags = 0) {
  const uint32_t zero = (value & ~kSign) == 0 ? status::kBz : 0;
  const uint32_t negative = value & kSign ? status::kBn : 0;
  return {value, zero | negative | other_flags};
}

FpuResult Overflow(uint32_t sign, FpuMode mode) {
  return Result(sign | (mode.truncate ? kLargestFinite : kInfinity), status::kBv | status::kBvs);
}

// A result that even rounded to 24 bits is below the smallest normal number. `significand` has its leading
// one in bit 63, and so `exponent` is zero or less.
FpuResult Underflow(uint32_t sign, int32_t exponent, uint64_t significand, FpuMode mode) {
  // "Any denormal or underflow result from an arithmetic operation is flushed to zero and an underflow
  // exception is generated": exact or not.
  if (mode.profile == Profile::kManual) return Result(sign, status::kBus);
  // The GNU simulator behaves as if it rounded to a denormal number, and then replaced that by zero. So there
  // is no underflow if the number was exact, a multiple of 2^-149; and it may round to a normal one.
  const int32_t lowest = 41 - exponent;  // the bit of the significand that is worth 2^-149
  const bool is_exact = lowest < 64 && (significand & ((uint64_t{1} << lowest) - 1)) == 0;
  const bool is_normal = !mode.truncate && exponent == 0 && significand >> 40 == 0xffffff;
  return Result(sign | (is_normal ? kSmallestNormal : 0), is_exact ? 0 : status::kBus);
}

// Of a significand that is not zero.
inline FpuResult Round(const Number& number, FpuMode mode) {
  const int shift = __builtin_clzll(number.significand) - 1;
  const uint64_t significand = number.significand << shift;  // with its leading one in bit 62
  const int32_t exponent = number.exponent + (62 - kPoint) - shift;
  // Almost half of what is worth one in the result; all of that half if this makes the result even.
  const uint64_t half = 0x3fffffffff + (significand >> 39 & 1);
  const uint32_t kept = static_cast<uint32_t>((significand + (mode.truncate ? 0 : half)) >> 39);
  // The leading one of `kept` counts as one in the exponent; and so does the carry if all bits were ones.
  const uint32_t magnitude = (static_cast<uint32_t>(exponent - 1) << 23) + kept;
  // Exponents are between -171 and 383, so that none looks like another modulo 512.
  if (magnitude - kSmallestNormal < kInfinity - kSmallestNormal) {
    return {number.sign | magnitude, number.sign >> 31 << kNegativeBit};
  }
  if (exponent > 0) return Overflow(number.sign, mode);
  return Underflow(number.sign, exponent, significand << 1, mode);
}

// Of a number and one whose exponent is not higher.
inline FpuResult Sum(const Number& high, const Number& low, FpuMode mode) {
  const uint64_t aligned = ShiftRight(low.significand, high.exponent - low.exponent);
  const uint64_t difference = Mask(high.sign != low.sign);
  const uint64_t sum = high.significand + (aligned ^ difference) - difference;
  // Zero from numbers of different signs is positive.
  if (sum == 0) return Result(high.sign & low.sign);
  const uint64_t negative = Mask(sum >> 63 != 0);
  return Round(
      {high.sign ^ (static_cast<uint32_t>(negative) & kSign), high.exponent, (sum ^ negative) - negative},
      mode);
}

// The manual: "NAN inputs generate an invalid exception and return a quiet NAN", with the XOR of the signs of
// the operands. It does not say which quiet NaN: as in the GNU simulator, the first operand that is one.
FpuResult Nan(uint32_t nan, uint32_t signs, FpuMode mode) {
  const uint32_t sign = mode.profile == Profile::kManual ? signs : nan;
  return Result((nan & ~kSign) | kQuiet | (sign & kSign), status::kBis);
}

// An operation without a result: infinity times zero, or minus infinity.
FpuResult Invalid() {
  return Result(kQuietNan, status::kBis);
}

// At least one of them infinite, neither a NaN.
FpuResult InfiniteSum(uint32_t a, uint32_t b) {
  if (IsInfinity(a) && IsInfinity(b) && a != b) return Invalid();
  return Result(IsInfinity(a) ? a : b);
}

// An infinite one if one of them is; else only its sign, for InfiniteSum. False if there is no product.
bool InfiniteProduct(uint32_t rn, uint32_t rm, uint32_t* product) {
  *product = (rn ^ rm) & kSign;
  if (!IsInfinity(rn) && !IsInfinity(rm)) return true;
  *product |= kInfinity;
  return !IsZero(rn) && !IsZero(rm);
}

// The operations with operands that are not finite. `negate` is kSign if what is added is to be subtracted.
FpuResult AddSpecial(uint32_t rn, uint32_t rm, uint32_t negate, FpuMode mode) {
  if (IsNan(rn)) return Nan(rn, rn ^ rm, mode);
  if (IsNan(rm)) return Nan(rm, rn ^ rm, mode);
  return InfiniteSum(rn, rm ^ negate);
}

FpuResult MultiplySpecial(uint32_t rn, uint32_t rm, FpuMode mode) {
  if (IsNan(rn)) return Nan(rn, rn ^ rm, mode);
  if (IsNan(rm)) return Nan(rm, rn ^ rm, mode);
  uint32_t product;
  return InfiniteProduct(rn, rm, &product) ? Result(product) : Invalid();
}

FpuResult MultiplyAddSpecial(uint32_t rd, uint32_t rn, uint32_t rm, uint32_t negate, FpuMode mode) {
  const uint32_t signs = rd ^ rn ^ rm;
  if (IsNan(rn)) return Nan(rn, signs, mode);
  if (IsNan(rm)) return Nan(rm, signs, mode);
  if (IsNan(rd)) return Nan(rd, signs, mode);
  uint32_t product;
  return InfiniteProduct(rn, rm, &product) ? InfiniteSum(rd, product ^ negate) : Invalid();
}

// In a sum of many numbers the same one is the higher one most of the time: that is a branch.
inline FpuResult Add(const Number& n, const Number& m, FpuMode mode) {
  return n.exponent < m.exponent ? Sum(m, n, mode) : Sum(n, m, mode);
}

inline FpuResult Add(uint32_t rn, uint32_t rm, uint32_t negate, FpuMode mode) {
  if (IsNormal(rn) && IsNormal(rm)) return Add(UnpackNormal(rn), UnpackNormal(rm ^ negate), mode);
  if (!IsFinite(rn) || !IsFinite(rm)) return AddSpecial(rn, rm, negate, mode);
  return Add(Unpack(rn), Unpack(rm ^ negate), mode);
}

inline FpuResult MultiplyAdd(uint32_t rd, uint32_t rn, uint32_t rm, uint32_t negate, FpuMode mode) {
  if (IsNormal(rd) && IsNormal(rn) && IsNormal(rm))
    return Add(UnpackNormal(rd), Product(UnpackNormal(rn ^ negate), UnpackNormal(rm)), mode);
  if (!IsFinite(rd) || !IsFinite(rn) || !IsFinite(rm)) return MultiplyAddSpecial(rd, rn, rm, negate, mode);
  return Add(Unpack(rd), Product(Unpack(rn ^ negate), Unpack(rm)), mode);
}

// BZ looks at all bits of an integer: -2^31 is not zero.
FpuResult IntegerResult(uint32_t value, uint32_t other_flags = 0) {
  const uint32_t zero = value == 0 ? status::kBz : 0;
  const uint32_t negative = value & kSign ? status::kBn : 0;
  return {value, zero | negative | other_flags};
}

}  // namespace

FpuResult Fadd(uint32_t rn, uint32_t rm, FpuMode mode) {
  return Add(rn, rm, 0, mode);
}

FpuResult Fsub(uint32_t rn, uint32_t rm, FpuMode mode) {
  return Add(rn, rm, kSign, mode);
}

FpuResult Fmul(uint32_t rn, uint32_t rm, FpuMode mode) {
  if (IsNormal(rn) && IsNormal(rm)) return Round(Product(UnpackNormal(rn), UnpackNormal(rm)), mode);
  if (!IsFinite(rn) || !IsFinite(rm)) return MultiplySpecial(rn, rm, mode);
  return Result((rn ^ rm) & kSign);  // of zero
}

FpuResult Fmadd(uint32_t rd, uint32_t rn, uint32_t rm, FpuMode mode) {
  return MultiplyAdd(rd, rn, rm, 0, mode);
}

FpuResult Fmsub(uint32_t rd, uint32_t rn, uint32_t rm, FpuMode mode) {
  return MultiplyAdd(rd, rn, rm, kSign, mode);
}

FpuResult Float(uint32_t rn, FpuMode mode) {
  const uint32_t sign = rn & kSign;
  if (rn == 0) return Result(0);
  return Round({sign, kBias + kPoint, sign != 0 ? 0 - rn : rn}, mode);
}

FpuResult Fix(uint32_t rn, FpuMode mode) {
  constexpr uint32_t kTwoTo31 = (kBias + 31) << 23;
  const bool is_manual = mode.profile == Profile::kManual;
  const bool is_negative = (rn & kSign) != 0;
  // "A floating-point all ones result", and NaN inputs "generate an invalid exception".
  if (IsNan(rn) && is_manual) return IntegerResult(0xffffffff, status::kBis);
  // The GNU simulator saturates only what is above 2^31; that one becomes -2^31, and invalid.
  if (rn == kTwoTo31 && !is_manual) return IntegerResult(0x80000000, status::kBis);
  if ((rn & ~kSign) >= kTwoTo31) return IntegerResult(is_negative ? 0x80000000 : 0x7fffffff);
  const uint32_t exponent = rn >> 23 & 0xff;
  if (exponent < kBias - 1) return IntegerResult(0);  // less than one half
  // With 24 bits after the point: unshifted, it is one half or more, but less than 1.
  const uint64_t fixed = static_cast<uint64_t>((rn & kFraction) | kHidden) << (exponent - (kBias - 1));
  const uint32_t truncated = static_cast<uint32_t>(fixed >> 24);
  const uint32_t rest = static_cast<uint32_t>(fixed & 0xffffff);
  // The manual rounds halves to even, as everywhere; the GNU simulator rounds them away from zero.
  const uint32_t is_half_up = is_manual ? truncated & 1 : 1;
  const uint32_t magnitude = truncated + (!mode.truncate && rest + is_half_up > 0x800000);
  return IntegerResult(is_negative ? 0 - magnitude : magnitude);
}

FpuResult Fabs(uint32_t rn, FpuMode mode) {
  if (IsZero(rn)) return Result(0);
  if (IsNan(rn) && mode.profile == Profile::kManual) return Nan(rn, 0, mode);
  return Result(rn & ~kSign);
}

}  // namespace chip
