/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The eLink of a Parallella with an Epiphany behind it, as a QEMU device.
 *
 * The chip's registers and the eLink's are answered by the model. The SRAM of its cores is memory that the guest maps
 * directly, as long as the chip would answer; while it would not, what is below that memory reports an error.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/irq.h"
#include "hw/sysbus.h"

#include "chip_shim.h"
#include "board.h"

OBJECT_DECLARE_SIMPLE_TYPE(EpiphanyState, EPIPHANY)

/* Core ID 0x800 and local address 0: where the first row of cores begins, on the mesh and for the host. */
#define WINDOW_BASE 0x80000000u
#define MAX_CORES ARRAY_SIZE(((struct chip_model *)NULL)->core_ids)

/* A part of the window. */
typedef struct {
    EpiphanyState *epiphany;
    uint32_t base;
    MemoryRegion region;
} Part;

struct EpiphanyState {
    SysBusDevice parent_obj;

    char *name;
    MemoryRegion *ram;

    struct chip_model model;
    struct board_chip *chip;
    QEMUBH *line_bh;
    qemu_irq irq;
    bool powered;
    bool dead_link;
    uint32_t microvolts;

    Part window;
    MemoryRegion sram;
    Part unanswered[MAX_CORES];
    MemoryRegion mapped[MAX_CORES];
};

/* The level of the interrupt, and which memory is there, follow from the chip's state. Under the big lock. */
static void epiphany_update(EpiphanyState *s)
{
    bool answers = chip_answers(s->chip);

    qemu_set_irq(s->irq, chip_interrupt_line(s->chip));
    if (answers == s->mapped[0].enabled) {
        return;
    }
    memory_region_transaction_begin();
    for (unsigned i = 0; i < s->model.cores; i++) {
        memory_region_set_enabled(&s->mapped[i], answers);
    }
    memory_region_transaction_commit();
}

static void epiphany_line_bh(void *opaque)
{
    epiphany_update(opaque);
}

/* On the chip's own thread, or in the midst of an access: the big lock may or may not be held. */
static void epiphany_line_changed(void *opaque)
{
    EpiphanyState *s = opaque;

    qemu_bh_schedule(s->line_bh);
}

static MemTxResult epiphany_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size, MemTxAttrs attrs)
{
    Part *part = opaque;
    uint32_t value;
    bool answered = chip_load(part->epiphany->chip, part->base + offset, size, &value);

    *data = value;
    epiphany_update(part->epiphany);
    return answered ? MEMTX_OK : MEMTX_ERROR;
}

static MemTxResult epiphany_write(void *opaque, hwaddr offset, uint64_t data, unsigned size, MemTxAttrs attrs)
{
    Part *part = opaque;
    bool answered = chip_store(part->epiphany->chip, part->base + offset, data, size);

    epiphany_update(part->epiphany);
    return answered ? MEMTX_OK : MEMTX_ERROR;
}

static const MemoryRegionOps epiphany_ops = {
    .read_with_attrs = epiphany_read,
    .write_with_attrs = epiphany_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
};

static void epiphany_init_part(EpiphanyState *s, Part *part, uint32_t base, const char *name, uint64_t size)
{
    part->epiphany = s;
    part->base = base;
    memory_region_init_io(&part->region, OBJECT(s), &epiphany_ops, part, name, size);
}

/* Whole rows of 64 columns, as many as the chip needs. */
static uint64_t epiphany_window_size(const struct chip_model *model)
{
    uint64_t end = ((uint64_t)model->core_ids[model->cores - 1] + 1) << 20;

    return QEMU_ALIGN_UP(end - WINDOW_BASE, 64 * MiB);
}

static void epiphany_realize(DeviceState *dev, Error **errp)
{
    EpiphanyState *s = EPIPHANY(dev);
    struct chip_model *model = &s->model;
    unsigned char *ram;

    if (!s->name || !chip_find(s->name, model)) {
        error_setg(errp, "there is no chip %s", s->name ?: "without a name");
        return;
    }
    if (!s->ram || memory_region_size(s->ram) < model->dram_host_address + model->dram_bytes) {
        error_setg(errp, "the chip shares the last part of 1 GiB of memory: -m 1G");
        return;
    }
    memory_region_init_ram(&s->sram, OBJECT(s), "epiphany.sram", model->cores * model->sram_bytes, &error_fatal);
    ram = memory_region_get_ram_ptr(s->ram);
    s->line_bh = qemu_bh_new(epiphany_line_bh, s);
    s->chip = chip_new(s->name, memory_region_get_ram_ptr(&s->sram), ram + model->dram_host_address,
                       epiphany_line_changed, s);
    if (!s->chip) {
        error_setg(errp, "no memory or no thread for the chip");
        return;
    }
    /* As its regulator is when a board starts. */
    chip_set_powered(s->chip, false);

    epiphany_init_part(s, &s->window, WINDOW_BASE, "epiphany.window", epiphany_window_size(model));
    for (unsigned i = 0; i < model->cores; i++) {
        uint32_t base = (uint32_t)model->core_ids[i] << 20;

        /*
         * Below the memory there is a part of its own, so that there are as many parts with as without the memory:
         * QEMU before 8.1 finds the devices by their number, and a second core may hold numbers of before.
         */
        epiphany_init_part(s, &s->unanswered[i], base, "epiphany.unanswered", model->sram_bytes);
        memory_region_add_subregion_overlap(&s->window.region, base - WINDOW_BASE, &s->unanswered[i].region, 1);
        memory_region_init_alias(&s->mapped[i], OBJECT(s), "epiphany.mapped", &s->sram, i * model->sram_bytes,
                                 model->sram_bytes);
        memory_region_set_enabled(&s->mapped[i], false);
        memory_region_add_subregion_overlap(&s->window.region, base - WINDOW_BASE, &s->mapped[i], 2);
    }
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->window.region);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &s->irq);
}

/* ---- What a test may do, and see. */

static bool set_powered(EpiphanyState *s, uint64_t value)
{
    if (!s->powered && value) {
        /* What comes up is neither what was there nor zero. */
        memset(memory_region_get_ram_ptr(&s->sram), 0x5a, memory_region_size(&s->sram));
    }
    s->powered = value;
    chip_set_powered(s->chip, value);
    return true;
}

static uint64_t get_powered(EpiphanyState *s)
{
    return s->powered;
}

static bool set_microvolts(EpiphanyState *s, uint64_t value)
{
    s->microvolts = value;
    return true;
}

static uint64_t get_microvolts(EpiphanyState *s)
{
    return s->microvolts;
}

static bool set_dead_link(EpiphanyState *s, uint64_t value)
{
    s->dead_link = value;
    chip_set_dead_link(s->chip, value);
    return true;
}

static uint64_t get_dead_link(EpiphanyState *s)
{
    return s->dead_link;
}

static bool set_stuck_core(EpiphanyState *s, uint64_t value)
{
    if (value) {
        return chip_set_stuck(s->chip, value, true);
    }
    for (unsigned i = 0; i < s->model.cores; i++) {
        chip_set_stuck(s->chip, s->model.core_ids[i], false);
    }
    return true;
}

static bool set_message(EpiphanyState *s, uint64_t value)
{
    return chip_push_mailbox(s->chip, value, value >> 32);
}

static uint64_t get_answers(EpiphanyState *s)
{
    return chip_answers(s->chip);
}

static uint64_t get_interrupt(EpiphanyState *s)
{
    return chip_interrupt_line(s->chip);
}

typedef struct {
    const char *name;
    const char *description;
    bool (*set)(EpiphanyState *s, uint64_t value);
    uint64_t (*get)(EpiphanyState *s);
} Control;

static const Control controls[] = {
    { "powered", "whether the chip has a supply", set_powered, get_powered },
    { "microvolts", "what its regulator is set to; nothing follows from it", set_microvolts, get_microvolts },
    { "dead-link", "nothing answers any more", set_dead_link, get_dead_link },
    { "stuck-core", "ID of a core that waits for ever, or 0 to end all such waits", set_stuck_core, NULL },
    { "message", "comes to the mailbox as if a core had sent it", set_message, NULL },
    { "answers", "whether the host could read from the chip", NULL, get_answers },
    { "interrupt", "level of the mailbox interrupt", NULL, get_interrupt },
};

static bool control_is_ready(Object *obj, Error **errp)
{
    if (DEVICE(obj)->realized) {
        return true;
    }
    error_setg(errp, "there is no chip yet");
    return false;
}

static void control_get(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
    const Control *control = opaque;
    /* QEMU lists the properties of devices that it never realizes. */
    uint64_t value = DEVICE(obj)->realized ? control->get(EPIPHANY(obj)) : 0;

    visit_type_uint64(v, name, &value, errp);
}

static void control_set(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
    const Control *control = opaque;
    EpiphanyState *s = EPIPHANY(obj);
    uint64_t value;

    if (!visit_type_uint64(v, name, &value, errp) || !control_is_ready(obj, errp)) {
        return;
    }
    if (!control->set(s, value)) {
        error_setg(errp, "the chip refuses %s", name);
        return;
    }
    epiphany_update(s);
}

/* ---- The device. */

static char *epiphany_get_name(Object *obj, Error **errp)
{
    return g_strdup(EPIPHANY(obj)->name);
}

static void epiphany_set_name(Object *obj, const char *value, Error **errp)
{
    EpiphanyState *s = EPIPHANY(obj);

    g_free(s->name);
    s->name = g_strdup(value);
}

static void epiphany_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = epiphany_realize;
    dc->desc = "Epiphany behind the eLink of a Parallella";
    /* It is wired to one board. */
    dc->user_creatable = false;
    object_class_property_add_str(oc, "chip", epiphany_get_name, epiphany_set_name);
    object_class_property_add_link(oc, "ram", TYPE_MEMORY_REGION, offsetof(EpiphanyState, ram),
                                   object_property_allow_set_link, OBJ_PROP_LINK_STRONG);
    for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
        const Control *control = &controls[i];

        object_class_property_add(oc, control->name, "uint64", control->get ? control_get : NULL,
                                  control->set ? control_set : NULL, NULL, (void *)control);
        object_class_property_set_description(oc, control->name, control->description);
    }
}

static const TypeInfo epiphany_info = {
    .name = TYPE_EPIPHANY,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(EpiphanyState),
    .class_init = epiphany_class_init,
};

static void epiphany_register(void)
{
    type_register_static(&epiphany_info);
}

type_init(epiphany_register)
