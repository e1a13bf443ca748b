/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test bench around the chip, for programs on the board: each register is one of the chip's properties, so that what
 * a test on the host does through QEMU's monitor, a test on the board does with a store. The test's regulator is one
 * of those who store here.
 *
 * No Parallella has this.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/sysbus.h"

#include "board.h"

OBJECT_DECLARE_SIMPLE_TYPE(EpiphanyBenchState, EPIPHANY_BENCH)

struct EpiphanyBenchState {
    SysBusDevice parent_obj;
    Object *chip;
    MemoryRegion registers;
};

/* By number; each is a word. test/board/guest/bench.h has the same list. */
static const char *const properties[] = {
    "powered", "microvolts", "dead-link", "stuck-core", "message", "answers", "interrupt",
};

static MemTxResult bench_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    EpiphanyBenchState *s = opaque;
    Error *error = NULL;

    if (offset / 4 >= ARRAY_SIZE(properties)) {
        return MEMTX_ERROR;
    }
    *data = object_property_get_uint(s->chip, properties[offset / 4], &error);
    if (!error) {
        return MEMTX_OK;
    }
    error_free(error);
    return MEMTX_ERROR;
}

static MemTxResult bench_write(void *opaque, hwaddr offset, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    EpiphanyBenchState *s = opaque;
    Error *error = NULL;

    if (offset / 4 >= ARRAY_SIZE(properties)) {
        return MEMTX_ERROR;
    }
    if (object_property_set_uint(s->chip, properties[offset / 4], data, &error)) {
        return MEMTX_OK;
    }
    error_free(error);
    return MEMTX_ERROR;
}

static const MemoryRegionOps bench_ops = {
    .read_with_attrs = bench_read,
    .write_with_attrs = bench_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

static void bench_realize(DeviceState *dev, Error **errp)
{
    EpiphanyBenchState *s = EPIPHANY_BENCH(dev);

    if (!s->chip) {
        error_setg(errp, "there is no chip to be tested");
        return;
    }
    memory_region_init_io(&s->registers, OBJECT(s), &bench_ops, s, "epiphany.bench", 0x1000);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->registers);
}

static void bench_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = bench_realize;
    dc->desc = "test bench around an Epiphany";
    dc->user_creatable = false;
    object_class_property_add_link(oc, "chip", TYPE_EPIPHANY, offsetof(EpiphanyBenchState, chip),
                                   object_property_allow_set_link, OBJ_PROP_LINK_STRONG);
}

static const TypeInfo bench_info = {
    .name = TYPE_EPIPHANY_BENCH,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(EpiphanyBenchState),
    .class_init = bench_class_init,
};

static void bench_register(void)
{
    type_register_static(&bench_info);
}

type_init(bench_register)
