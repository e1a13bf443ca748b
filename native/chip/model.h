// SPDX-License-Identifier: MIT
// The chips there are, as data.
#ifndef CHIP_MODEL_H_
#define CHIP_MODEL_H_

#include <cstddef>
#include <cstdint>

namespace chip {

enum class Generation : uint8_t { kEpiphany3 = 3, kEpiphany4 = 4 };

struct Model {
  const char* name;
  uint8_t type;  // as the Linux driver numbers chips
  Generation generation;
  uint8_t rows;
  uint8_t columns;
  uint16_t origin;  // core ID of the north-west core, as the Parallella wires its pins
  // Cores whose page also holds the registers of a chip link, relative to the origin: north, east, south,
  // west. Source: tables of the Linux driver and of the 2016 host library, which agree. A transcription of
  // the E64G401 datasheet has other cores for north and west.
  uint16_t link_cores[4];

  constexpr unsigned cores() const { return rows * columns; }
};

constexpr unsigned CoreIdAt(unsigned row, unsigned column) {
  return row << 6 | column;
}

inline constexpr Model kE16G301 = {"E16G301",
                                   1,
                                   Generation::kEpiphany3,
                                   4,
                                   4,
                                   0x808,
                                   {CoreIdAt(0, 2), CoreIdAt(2, 3), CoreIdAt(3, 2), CoreIdAt(2, 0)}};
inline constexpr Model kE64G401 = {"E64G401",
                                   2,
                                   Generation::kEpiphany4,
                                   8,
                                   8,
                                   0x808,
                                   {CoreIdAt(0, 2), CoreIdAt(2, 7), CoreIdAt(7, 2), CoreIdAt(2, 0)}};
inline constexpr const Model* kModels[] = {&kE16G301, &kE64G401};
inline constexpr unsigned kMaxCores = 64;

inline constexpr uint32_t kSramBytes = 0x8000;
inline constexpr uint32_t kRegistersBase = 0xf0000;
inline constexpr uint32_t kRegistersBytes = 0x1000;
inline constexpr uint32_t kDramBytes = 0x2000000;
// Where the host has the memory that it shares with the chip.
inline constexpr uint32_t kDramHostAddress = 0x3e000000;
inline constexpr uint32_t kElinkId = 0x810;

}  // namespace chip

#endif  // CHIP_MODEL_H_
