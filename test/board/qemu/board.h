/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the virtual board know of each other. */
#ifndef BOARD_H
#define BOARD_H

#include "hw/boards.h"

/*
 * The eLink with its chip, a sysbus device: MMIO 0 is the window through which the host sees the mesh, IRQ 0 the
 * mailbox. Before it is realized it wants "chip", a name, and "ram", the host's memory from address 0 on.
 *
 * What a test may do to it are properties, all of them numbers: see epiphany.c.
 */
#define TYPE_EPIPHANY "epiphany"

/* What a program on the board may do to the chip: a sysbus device that wants "chip", a link to a TYPE_EPIPHANY. */
#define TYPE_EPIPHANY_BENCH "epiphany-bench"

/* A device of the FPGA, by its name in /machine; and its first MMIO region at `base`, once it has been realized. */
DeviceState *fpga_new_device(MachineState *machine, const char *name, const char *type);
void fpga_map_device(DeviceState *dev, hwaddr base);

/* The eLink with the machine's chip, at its place. `interrupts` has SPIs by their number. */
DeviceState *fpga_add_epiphany(MachineState *machine, DeviceState *interrupts);

/* Lets the chip of a machine be chosen: -machine …,chip=NAME. */
void fpga_add_chip_property(ObjectClass *oc);

/* Makes the Zynq that `init` builds one of two cores. */
void zynq_init_with_two_cores(MachineState *machine, void (*init)(MachineState *machine));

#endif
