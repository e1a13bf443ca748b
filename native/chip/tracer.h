// SPDX-License-Identifier: MIT
// Sees every instruction of every core. While there is one, cores run an instruction at a time.
#ifndef CHIP_TRACER_H_
#define CHIP_TRACER_H_

namespace chip {

class Core;

class Tracer {
 public:
  // Around one instruction, on the thread that executes it; the core's registers are up to date.
  virtual void Before(Core& core) noexcept = 0;
  virtual void After(Core& core) noexcept = 0;

 protected:
  ~Tracer() = default;
};

}  // namespace chip

#endif  // CHIP_TRACER_H_
