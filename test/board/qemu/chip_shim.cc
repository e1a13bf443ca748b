// SPDX-License-Identifier: MIT
#include "chip_shim.h"

#include <strings.h>

#include <memory>
#include <new>

#include "chip/chip.h"
#include "chip/free_runner.h"

namespace {

const chip::Model* Find(const char* name) {
  for (const chip::Model* model : chip::kModels)
    if (strcasecmp(model->name, name) == 0) return model;
  return nullptr;
}

}  // namespace

struct board_chip final : private chip::EventSink {
  board_chip(void (*line_changed)(void*), void* opaque) : line_changed_(line_changed), opaque_(opaque) {}
  bool Start(const chip::Model& chip_model, chip::Memory memory) {
    model = chip::Chip::Create(chip_model, memory, this);
    if (!model) return false;
    runner_.reset(new (std::nothrow) chip::FreeRunner(model.get(), 1));
    return runner_ && runner_->Start();
  }

  std::unique_ptr<chip::Chip> model;

 private:
  void OnEvent(const chip::Event& event) noexcept override {
    if (event.kind == chip::Event::Kind::kInterruptLine) line_changed_(opaque_);
  }

  void (*line_changed_)(void*);
  void* opaque_;
  std::unique_ptr<chip::FreeRunner> runner_;
};

bool chip_find(const char* name, struct chip_model* model) {
  const chip::Model* const found = Find(name);
  if (!found) return false;
  model->cores = found->cores();
  for (unsigned i = 0; i < found->cores(); ++i) {
    const unsigned place = chip::CoreIdAt(i / found->columns, i % found->columns);
    model->core_ids[i] = static_cast<uint16_t>(found->origin + place);
  }
  model->sram_bytes = chip::kSramBytes;
  model->dram_host_address = chip::kDramHostAddress;
  model->dram_bytes = chip::kDramBytes;
  return true;
}

struct board_chip* chip_new(const char* name, unsigned char* sram, unsigned char* dram,
                            void (*line_changed)(void*), void* opaque) {
  const chip::Model* const model = Find(name);
  std::unique_ptr<struct board_chip> made(new (std::nothrow) struct board_chip(line_changed, opaque));
  return model && made && made->Start(*model, {sram, dram}) ? made.release() : nullptr;
}

bool chip_load(struct board_chip* chip, uint32_t address, unsigned bytes, uint32_t* value) {
  const chip::Loaded loaded = chip->model->Load(address, bytes);
  *value = loaded.value;
  return loaded.bus == chip::Bus::kOk;
}

bool chip_store(struct board_chip* chip, uint32_t address, uint32_t value, unsigned bytes) {
  return chip->model->Store(address, value, bytes) == chip::Bus::kOk;
}

bool chip_interrupt_line(struct board_chip* chip) {
  return chip->model->interrupt_line();
}

bool chip_answers(struct board_chip* chip) {
  return chip->model->answers();
}

void chip_set_powered(struct board_chip* chip, bool powered) {
  chip->model->Inject(chip::Fault::kNoPower, 0, !powered);
}

void chip_set_dead_link(struct board_chip* chip, bool dead) {
  chip->model->Inject(chip::Fault::kDeadLink, 0, dead);
}

bool chip_set_stuck(struct board_chip* chip, unsigned core_id, bool stuck) {
  return chip->model->Inject(chip::Fault::kCoreStuck, core_id, stuck);
}

bool chip_push_mailbox(struct board_chip* chip, uint32_t low, uint32_t high) {
  return chip->model->PushMailbox(low, high);
}
