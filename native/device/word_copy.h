// SPDX-License-Identifier: MIT
// Copies to and from device memory.
//
// Device memory tolerates only naturally aligned accesses of at most four bytes: ARM faults on anything
// else, and the eLink's AXI slave corrupts the neighbours of a partial write. memcpy and memset choose
// their own widths and touch bytes twice, so none of these may be used on it. Every function here issues
// whole aligned words, with single bytes and half-words only at a ragged head and tail.
#ifndef DEVICE_WORD_COPY_H_
#define DEVICE_WORD_COPY_H_

#include <cstddef>
#include <cstdint>

namespace device {

void CopyToDevice(volatile void* to, const void* from, size_t bytes);
void CopyFromDevice(void* to, const volatile void* from, size_t bytes);
void FillDevice(volatile void* to, uint8_t byte, size_t bytes);

void FillWords(volatile uint32_t* to, uint32_t word, size_t words);
// Both sides are device memory and may overlap.
void MoveWords(volatile uint32_t* to, const volatile uint32_t* from, size_t words);

}  // namespace device

#endif  // DEVICE_WORD_COPY_H_
