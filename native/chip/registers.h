// SPDX-License-Identifier: MIT
// Names for those registers of a core, and for those of their bits, that the model itself refers to.
// Source: Epiphany Architecture Reference, appendix B.
#ifndef CHIP_REGISTERS_H_
#define CHIP_REGISTERS_H_

#include <cstdint>

namespace chip {

// Offsets within the register page.
namespace reg {
inline constexpr uint32_t kConfig = 0x400;
inline constexpr uint32_t kStatus = 0x404;
inline constexpr uint32_t kPc = 0x408;
inline constexpr uint32_t kDebugStatus = 0x40c;
inline constexpr uint32_t kLoopCount = 0x414;
inline constexpr uint32_t kLoopStart = 0x418;
inline constexpr uint32_t kLoopEnd = 0x41c;
inline constexpr uint32_t kIret = 0x420;
inline constexpr uint32_t kImask = 0x424;
inline constexpr uint32_t kIlat = 0x428;
inline constexpr uint32_t kIlatSet = 0x42c;
inline constexpr uint32_t kIlatClear = 0x430;
inline constexpr uint32_t kIpend = 0x434;
inline constexpr uint32_t kTimer0 = 0x438;
inline constexpr uint32_t kTimer1 = 0x43c;
inline constexpr uint32_t kFstatus = 0x440;
inline constexpr uint32_t kDebugCommand = 0x448;
inline constexpr uint32_t kDma0 = 0x500;
inline constexpr uint32_t kDma1 = 0x520;
inline constexpr uint32_t kMemStatus = 0x604;
inline constexpr uint32_t kMemProtect = 0x608;
inline constexpr uint32_t kMeshConfig = 0x700;
inline constexpr uint32_t kCoreId = 0x704;
inline constexpr uint32_t kMulticast = 0x708;
inline constexpr uint32_t kResetCore = 0x70c;
}  // namespace reg

// The registers of a DMA channel, from its DMAxCONFIG on, and their bits.
namespace dma {
inline constexpr uint32_t kStride = 0x04;
inline constexpr uint32_t kCount = 0x08;
inline constexpr uint32_t kSource = 0x0c;
inline constexpr uint32_t kDestination = 0x10;
inline constexpr uint32_t kAuto0 = 0x14;
inline constexpr uint32_t kAuto1 = 0x18;
inline constexpr uint32_t kStatus = 0x1c;

// CONFIG.
inline constexpr uint32_t kEnable = 1u << 0;
inline constexpr uint32_t kMaster = 1u << 1;
inline constexpr uint32_t kChain = 1u << 2;
inline constexpr uint32_t kStartup = 1u << 3;
inline constexpr uint32_t kInterruptEnable = 1u << 4;
inline constexpr uint32_t kMessage = 1u << 10;
inline constexpr uint32_t kShiftSourceInner = 1u << 12;
inline constexpr uint32_t kShiftDestinationInner = 1u << 13;
inline constexpr uint32_t kShiftSourceOuter = 1u << 14;
inline constexpr uint32_t kShiftDestinationOuter = 1u << 15;
// The logarithm of the width in bytes.
constexpr unsigned Size(uint32_t config) {
  return config >> 5 & 3;
}

// STATUS.
inline constexpr uint32_t kStateMask = 0xf;

inline constexpr uint32_t kDescriptorAlignment = 8;
}  // namespace dma

inline constexpr uint32_t kLinkRegister = 14;  // R14

inline constexpr uint32_t kInterruptMask = 0x3ff;  // ten interrupts
namespace interrupt {
inline constexpr uint32_t kSync = 1u << 0;
inline constexpr uint32_t kException = 1u << 1;
inline constexpr uint32_t kMemoryFault = 1u << 2;
inline constexpr uint32_t kTimer0 = 1u << 3;
inline constexpr uint32_t kMessage = 1u << 5;
inline constexpr uint32_t kDma0 = 1u << 6;
inline constexpr uint32_t kWand = 1u << 8;
}  // namespace interrupt

namespace status {
inline constexpr uint32_t kActive = 1u << 0;
inline constexpr uint32_t kGid = 1u << 1;
inline constexpr uint32_t kKm = 1u << 2;
inline constexpr uint32_t kWand = 1u << 3;
inline constexpr uint32_t kAz = 1u << 4;
inline constexpr uint32_t kAn = 1u << 5;
inline constexpr uint32_t kAc = 1u << 6;
inline constexpr uint32_t kAv = 1u << 7;
inline constexpr uint32_t kBz = 1u << 8;
inline constexpr uint32_t kBn = 1u << 9;
inline constexpr uint32_t kBv = 1u << 10;
inline constexpr uint32_t kReserved = 1u << 11;
inline constexpr uint32_t kAvs = 1u << 12;
inline constexpr uint32_t kBis = 1u << 13;
inline constexpr uint32_t kBvs = 1u << 14;
inline constexpr uint32_t kBus = 1u << 15;
inline constexpr uint32_t kCauseShift = 16;
inline constexpr uint32_t kCause = 0xfu << kCauseShift;
}  // namespace status

namespace config {
inline constexpr uint32_t kTruncate = 1u << 0;
inline constexpr uint32_t kFpuExceptions = 0xeu;
inline constexpr uint32_t kInvalidEnable = 1u << 1;
inline constexpr uint32_t kOverflowEnable = 1u << 2;
inline constexpr uint32_t kUnderflowEnable = 1u << 3;
inline constexpr uint32_t kDmaPause = 1u << 24;
inline constexpr uint32_t kTimerWrap = 1u << 26;
constexpr uint32_t TimerEvent(uint32_t config, unsigned timer) {
  return config >> (4 + 4 * timer) & 15;
}
constexpr uint32_t CtrlMode(uint32_t config) {
  return config >> 12 & 15;
}
inline constexpr uint32_t kMulticastMode = 3;
inline constexpr uint32_t kMessageMode = 12;
constexpr uint32_t ArithMode(uint32_t config) {
  return config >> 17 & 7;
}
inline constexpr uint32_t kFloat = 0;
inline constexpr uint32_t kInteger = 4;
}  // namespace config

namespace debug {
inline constexpr uint32_t kHalted = 1u << 0;
inline constexpr uint32_t kLoadPending = 1u << 1;
inline constexpr uint32_t kMulticoreBreakpoint = 1u << 2;
}  // namespace debug

}  // namespace chip

#endif  // CHIP_REGISTERS_H_
