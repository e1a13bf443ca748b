// SPDX-License-Identifier: MIT
// The eMesh: where the accesses of cores and of their DMA go, and what one core does to many.
// Source: Epiphany Architecture Reference, chapters on the mesh and the memory map; open eLink RTL for what
// leaves the chip.
#ifndef CHIP_MESH_H_
#define CHIP_MESH_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "chip/core.h"
#include "chip/doorbell.h"
#include "chip/elink.h"
#include "chip/model.h"
#include "chip/outbox.h"

namespace chip {

class Mesh {
 public:
  Mesh(const Model& model, unsigned char* dram, Elink* elink) : model_(model), dram_(dram), elink_(elink) {}
  // False if there is no memory for the cores.
  bool Construct(unsigned char* sram);

  const Model& model() const { return model_; }
  unsigned cores() const { return model_.cores(); }
  const Core* first_core() const { return cores_.get(); }
  Core& core(unsigned index) { return cores_[index]; }
  const Core& core(unsigned index) const { return cores_[index]; }
  // Null if there is none.
  Core* CoreById(unsigned id);

  // Accesses by a core whose claim the caller holds, 1 << size bytes wide at a multiple of that.
  Access Load(Core& from, uint32_t address, unsigned size, uint64_t* value);
  Access Store(Core& from, uint32_t address, unsigned size, uint64_t value, bool is_message);
  Access Fetch(Core& from, uint32_t address, uint16_t* bits);
  // The old value; the new one is stored if it was zero.
  Access TestAndSet(Core& from, uint32_t address, uint32_t value, uint32_t* old);
  // Whether a load from outside the chip would come back.
  bool IsAnswered(uint32_t address) const { return address >> 20 != kElinkId && DramAt(address) != nullptr; }
  // To every core whose MULTICAST is the address's core ID.
  void Multicast(Core& from, uint32_t address, unsigned size, uint64_t value);

  void Wand(Core& from);
  // It has executed WAND, and others of its region have not yet.
  bool AwaitsOthers(const Core& core) const { return wand_.load() >> core.index() & 1; }
  void ForgetWand(Core& core) { wand_.fetch_and(~(uint64_t{1} << core.index())); }
  void Sync(Core& from);
  void HaltAll(Core& from);

  Outbox& outbox() { return outbox_; }
  Doorbell& doorbell() { return doorbell_; }
  // Cores have halted by themselves so often: by a breakpoint or a trap.
  uint64_t halts() const { return halts_.load(std::memory_order_relaxed); }
  void CountHalt() { halts_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t wand() const { return wand_.load(); }
  void set_wand(uint64_t cores) { wand_.store(cores); }

 private:
  struct Region {
    unsigned first_row, last_row, first_column, last_column;
  };
  // As far as the edges in MESHCONFIG let a signal of this core spread.
  Region RegionOf(Core& from);
  template <typename Use>
  void ForEach(const Region& region, Use use);
  // Whether an address that is no core's leaves through the link that has a host at its other end.
  bool GoesToHost(uint32_t address) const;
  // The shared DRAM behind an address that leaves the chip, or null.
  unsigned char* DramAt(uint32_t address) const;
  Access StoreCore(Core& from, Core& to, uint32_t local, unsigned size, uint64_t value, bool is_message);
  bool IsProtected(Core& from, Core& to, uint32_t local);

  const Model& model_;
  unsigned char* dram_;
  Elink* elink_;
  std::unique_ptr<Core[]> cores_;
  std::atomic<uint64_t> wand_{0};  // of each core: it executed WAND, and the others have not all done so
  std::atomic<uint64_t> halts_{0};
  Outbox outbox_;
  Doorbell doorbell_;
};

}  // namespace chip

#endif  // CHIP_MESH_H_
