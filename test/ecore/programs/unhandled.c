// SPDX-License-Identifier: MIT
// An exception that nobody handles.
int main(void) {
  __asm__ __volatile__(".global unaligned_store\nunaligned_store: str %0,[%1]"
                       :
                       : "r"(1), "r"(0x7002)
                       : "memory");
  return 0;
}
