/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machines of the virtual board have in common: devices beside QEMU's own, and which chip there is.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/sysbus.h"

#include "board.h"

#define WINDOW_BASE 0x80000000
#define EPIPHANY_SPI 55

/* The name of the chip. A machine of QEMU's own has no place to keep it. */
static char *chip_name;
static const char *const usual_chip = "e16g301";

DeviceState *fpga_new_device(MachineState *machine, const char *name, const char *type)
{
    DeviceState *dev = qdev_new(type);

    object_property_add_child(OBJECT(machine), name, OBJECT(dev));
    return dev;
}

void fpga_map_device(DeviceState *dev, hwaddr base)
{
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, base);
}

DeviceState *fpga_add_epiphany(MachineState *machine, DeviceState *interrupts)
{
    DeviceState *epiphany = fpga_new_device(machine, "epiphany", TYPE_EPIPHANY);

    object_property_set_str(OBJECT(epiphany), "chip", chip_name ?: usual_chip, &error_fatal);
    object_property_set_link(OBJECT(epiphany), "ram", OBJECT(machine->ram), &error_fatal);
    fpga_map_device(epiphany, WINDOW_BASE);
    sysbus_connect_irq(SYS_BUS_DEVICE(epiphany), 0, qdev_get_gpio_in(interrupts, EPIPHANY_SPI));
    return epiphany;
}

static char *get_chip(Object *obj, Error **errp)
{
    return g_strdup(chip_name ?: usual_chip);
}

static void set_chip(Object *obj, const char *value, Error **errp)
{
    g_free(chip_name);
    chip_name = g_strdup(value);
}

void fpga_add_chip_property(ObjectClass *oc)
{
    object_class_property_add_str(oc, "chip", get_chip, set_chip);
    object_class_property_set_description(oc, "chip", "e16g301 or e64g401");
}
