/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second core of a Zynq, which QEMU's machine does not have, or does not start Linux with.
 *
 * On silicon its clock stops and its reset is held until the first core has put a branch at address 0 and says so in
 * the SLCR. Linux does exactly this (arch/arm/mach-zynq), so nothing stands in for the boot ROM here.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#if __has_include("system/reset.h")
#include "system/reset.h" /* from QEMU 10.0 on */
#else
#include "sysemu/reset.h"
#endif
#include "exec/address-spaces.h"
#include "hw/cpu/a9mpcore.h"
#include "hw/qdev-properties.h"
#include "cpu.h"
#include "target/arm/arm-powerctl.h"

#include "board.h"

#define CORES 2
#define A9_CPU_RST_CTRL 0xf8000244
#define SECOND_RESET (1 << 1)
#define SECOND_CLOCK_STOP (1 << 5)

static DeviceRealize realize_a9mpcore;
static DeviceState *a9mpcore;

static void realize_for_two(DeviceState *dev, Error **errp)
{
    a9mpcore = dev;
    qdev_prop_set_uint32(dev, "num-cpu", CORES);
    realize_a9mpcore(dev, errp);
}

/* ---- The one register of the SLCR that matters here. */

static uint32_t reset_control;

static uint64_t reset_control_read(void *opaque, hwaddr offset, unsigned size)
{
    return reset_control;
}

static void reset_control_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    bool was_held = reset_control & (SECOND_RESET | SECOND_CLOCK_STOP);
    bool is_held = value & (SECOND_RESET | SECOND_CLOCK_STOP);

    reset_control = value;
    if (is_held && !was_held) {
        arm_set_cpu_off(1);
    } else if (was_held && !is_held) {
        arm_set_cpu_on(1, 0, 0, 1, false);
    }
}

static const MemoryRegionOps reset_control_ops = {
    .read = reset_control_read,
    .write = reset_control_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

/* ---- The core. */

static void reset_second(void *opaque)
{
    reset_control = 0;
    cpu_reset(opaque);
}

static Object *new_core_like(Object *first, const char *type)
{
    static const char *const same[] = { "midr", "reset-cbar" };
    Object *core = object_new(type);

    object_property_set_bool(core, "has_el3", false, &error_fatal);
    object_property_set_bool(core, "start-powered-off", true, &error_fatal);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        object_property_set_int(core, same[i], object_property_get_int(first, same[i], &error_fatal), &error_fatal);
    }
    return core;
}

void zynq_init_with_two_cores(MachineState *machine, void (*init)(MachineState *machine))
{
    DeviceClass *class = DEVICE_CLASS(object_class_by_name(TYPE_A9MPCORE_PRIV));
    MemoryRegion *control = g_new(MemoryRegion, 1);
    Object *core;

    /* With two cores there from the start, QEMU would load its own way of starting the second, over the kernel. */
    realize_a9mpcore = class->realize;
    class->realize = realize_for_two;
    machine->smp.cpus = 1;
    init(machine);
    machine->smp.cpus = CORES;
    class->realize = realize_a9mpcore;

    core = new_core_like(OBJECT(qemu_get_cpu(0)), machine->cpu_type);
    qdev_realize(DEVICE(core), NULL, &error_fatal);
    sysbus_connect_irq(SYS_BUS_DEVICE(a9mpcore), 1, qdev_get_gpio_in(DEVICE(core), ARM_CPU_IRQ));
    qemu_register_reset(reset_second, core);

    memory_region_init_io(control, OBJECT(machine), &reset_control_ops, NULL, "zynq.a9-cpu-rst-ctrl", 4);
    memory_region_add_subregion_overlap(get_system_memory(), A9_CPU_RST_CTRL, control, 1);
}
