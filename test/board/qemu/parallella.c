/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Parallella: QEMU's Zynq with both cores, an eLink with its chip in the FPGA, and a bus on which an access that
 * nobody answers is an error, as it is on silicon.
 *
 * In the FPGA there are also a test bench and virtio devices, by which tests reach the board; no Parallella has those.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/cpu/a9mpcore.h"
#include "hw/misc/unimp.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"

#include "board.h"

#define BENCH_BASE 0x43c00000
#define VIRTIO_BASE 0x43d00000
#define VIRTIO_BYTES 0x1000
#define VIRTIO_SLOTS 8
#define VIRTIO_FIRST_SPI 29
/* The peripherals of the Zynq itself, not all of which QEMU has: what lacks reads zero. */
#define PERIPHERALS_BASE 0xe0000000
#define PERIPHERALS_BYTES (512 * MiB)

static void (*zynq_init)(MachineState *machine);

static void parallella_init(MachineState *machine)
{
    DeviceState *mpcore, *epiphany, *bench;

    zynq_init_with_two_cores(machine, zynq_init);
    create_unimplemented_device("zynq.peripherals", PERIPHERALS_BASE, PERIPHERALS_BYTES);
    mpcore = DEVICE(object_resolve_path_type("", TYPE_A9MPCORE_PRIV, NULL));

    epiphany = fpga_add_epiphany(machine, mpcore);

    bench = fpga_new_device(machine, "bench", TYPE_EPIPHANY_BENCH);
    object_property_set_link(OBJECT(bench), "chip", OBJECT(epiphany), &error_fatal);
    fpga_map_device(bench, BENCH_BASE);

    for (int i = 0; i < VIRTIO_SLOTS; i++) {
        g_autofree char *name = g_strdup_printf("virtio%d", i);
        DeviceState *slot = fpga_new_device(machine, name, "virtio-mmio");

        object_property_set_bool(OBJECT(slot), "force-legacy", false, &error_fatal);
        fpga_map_device(slot, VIRTIO_BASE + i * VIRTIO_BYTES);
        sysbus_connect_irq(SYS_BUS_DEVICE(slot), 0, qdev_get_gpio_in(mpcore, VIRTIO_FIRST_SPI + i));
    }
}

static void parallella_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "Adapteva Parallella, for tests";
    zynq_init = mc->init;
    mc->init = parallella_init;
    mc->ignore_memory_transaction_failures = false;
    mc->default_ram_size = 1 * GiB;
    mc->min_cpus = mc->max_cpus = mc->default_cpus = 2;
    fpga_add_chip_property(oc);
}

static const TypeInfo parallella_info = {
    .name = MACHINE_TYPE_NAME("parallella"),
    .parent = MACHINE_TYPE_NAME("xilinx-zynq-a9"),
    .class_init = parallella_class_init,
};

static void parallella_register(void)
{
    type_register_static(&parallella_info);
}

type_init(parallella_register)
