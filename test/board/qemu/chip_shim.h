/* SPDX-License-Identifier: MIT */
/* The chip of native/chip, as far as a C program that stands in for its board needs it. */
#ifndef CHIP_SHIM_H
#define CHIP_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chip_model {
    unsigned cores;
    uint16_t core_ids[64];
    size_t sram_bytes; /* of each core */
    uint32_t dram_host_address;
    size_t dram_bytes;
};

/* By name, such as "e16g301". False if there is none. */
bool chip_find(const char *name, struct chip_model *model);

struct board_chip;

/*
 * A powered chip, whose cores run on a thread of their own. `line_changed` is called on any thread, with no lock
 * held, when the eLink's interrupt may have a new level. Null if there is no memory or no thread.
 */
struct board_chip *chip_new(const char *name, unsigned char *sram, unsigned char *dram,
                      void (*line_changed)(void *opaque), void *opaque);

/* Accesses by the host's bus, at eMesh addresses. False if the bus reports an error. */
bool chip_load(struct board_chip *chip, uint32_t address, unsigned bytes, uint32_t *value);
bool chip_store(struct board_chip *chip, uint32_t address, uint32_t value, unsigned bytes);

bool chip_interrupt_line(struct board_chip *chip);
/* Whether a load from a core would succeed. */
bool chip_answers(struct board_chip *chip);

void chip_set_powered(struct board_chip *chip, bool powered);
void chip_set_dead_link(struct board_chip *chip, bool dead);
/* False if there is no such core. */
bool chip_set_stuck(struct board_chip *chip, unsigned core_id, bool stuck);
/* False if the mailbox was full, and the message is lost. */
bool chip_push_mailbox(struct board_chip *chip, uint32_t low, uint32_t high);

#ifdef __cplusplus
}
#endif

#endif
