/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's own virtual ARM board with an eLink and its chip. Distributions have kernels for it, and none for a Zynq.
 *
 * Its memory begins at 1 GiB, so the 32 MiB that the chip shares are at 0x7e000000. The chip has power all the time:
 * there is no test bench.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/intc/arm_gic_common.h"
#include "hw/qdev-core.h"

#include "board.h"

#define VIRT MACHINE_TYPE_NAME("virt-" stringify(QEMU_VERSION_MAJOR) "." stringify(QEMU_VERSION_MINOR))

static void (*virt_init)(MachineState *machine);

static void epiphany_virt_init(MachineState *machine)
{
    DeviceState *epiphany;

    virt_init(machine);
    epiphany = fpga_add_epiphany(machine, DEVICE(object_resolve_path_type("", TYPE_ARM_GIC_COMMON, NULL)));
    object_property_set_uint(OBJECT(epiphany), "powered", 1, &error_fatal);
}

static void epiphany_virt_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "QEMU's ARM board with an Epiphany, for tests";
    mc->alias = NULL;
    mc->is_default = false;
    virt_init = mc->init;
    mc->init = epiphany_virt_init;
    mc->default_ram_size = 1 * GiB;
    fpga_add_chip_property(oc);
}

static const TypeInfo epiphany_virt_info = {
    .name = MACHINE_TYPE_NAME("epiphany-virt"),
    .parent = VIRT,
    .class_init = epiphany_virt_class_init,
};

static void epiphany_virt_register(void)
{
    type_register_static(&epiphany_virt_info);
}

type_init(epiphany_virt_register)
