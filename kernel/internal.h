/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of the Adapteva Epiphany: what its parts owe each other.
 * README.md tells the objects, their lifetimes, and the lock.
 */
#ifndef _EPIPHANY_INTERNAL_H
#define _EPIPHANY_INTERNAL_H

#include <linux/cdev.h>
#include <linux/clk.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/regulator/consumer.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <misc/epiphany.h>

#include "layout.h"
#include "legacy.h"
#include "ring.h"

struct dma_chan;
struct epi_elink;
struct gen_pool;
struct seq_file;
struct workqueue_struct;

#define EPI_EVENT_RECORDS 1024

/* What has to stop: what uses the chip, as that will have been reset; or everything, for good. */
enum epi_scope { EPI_SCOPE_CHIP, EPI_SCOPE_ALL };

/* Stops it before the chip or the eLink goes; the lock of the eLink is held. */
typedef void (*epi_quiesce_fn)(struct epi_elink *elink, enum epi_scope scope);

/* Whether the first user after the last one gets a chip that was off, if it is still on. */
enum epi_first_use {
	EPI_FIRST_USE_NEVER,
	EPI_FIRST_USE_ALWAYS,
	EPI_FIRST_USE_LEGACY, /* an old program does, unless its `nopm` keeps the chip on */
};

/*
 * One eLink, and the chip behind it.
 *
 * Lives until the last device, file and mapping of it is gone; after unbinding
 * (gone) nothing of it reaches hardware.
 */
struct epi_elink {
	struct device dev;
	struct cdev cdev;
	int index;
	struct inode *inode; /* its address space holds all mappings of all files */

	/*
	 * Guards what is below, up to the rings, and every access to hardware.
	 * The fault handler takes it: no user memory is touched under it, and
	 * no runtime PM reference is waited for.
	 */
	struct mutex lock;
	bool gone;
	bool active;	    /* runtime PM wants power */
	bool powered;	    /* and there is: out of reset, links up */
	bool thermal;	    /* switched off by the thermal daemon */
	unsigned int users; /* files that hold power */
	bool was_left;	    /* by the last of them, and is as they left it */
	enum epi_first_use first_use;
	u64 generation;		/* counts resets of any scope, and changes of power */
	u64 epoch;		/* counts those that end work-groups */
	u64 families;		/* numbers open files */
	struct list_head files; /* that are open */
	struct list_head claims;
	struct epi_use *uses;  /* of each core, EPI_MAX_CORES of them */
	struct rb_root blocks; /* of DRAM that were given out, by address */

	const struct epi_chip *chip;
	struct epi_layout layout; /* without cores until an array is there */
	struct epi_array *array;
	struct gen_pool *pools[EPI_MAX_DRAM]; /* of eMesh addresses, as the layout has them */
	void __iomem *regs;
	u32 txcfg; /* as written: reading it needs the chip's clock */
	u32 rxcfg;
	u32 version;
	bool coreid_pins;
	int irq;
	bool mailbox_off;  /* nobody may read it: its thread ends, however many words there are */
	bool mailbox_dead; /* it did not answer, and its interrupt is off until the next reset */
	struct regulator *vdd;	       /* or NULL */
	int vdd_wanted;		       /* microvolts, -1 for the highest state of the chip */
	const epi_quiesce_fn *quiesce; /* each in turn; NULL ends the list */

	struct workqueue_struct *dma_queue;
	struct mutex dma_lock;	    /* guards the request for the next; taken without the lock */
	struct dma_chan *dma;	    /* NULL until there is an engine */
	struct list_head dma_jobs;  /* not yet completed */
	struct completion dma_done; /* of the one that runs */
	u64 dma_cookie;

	/* Guards the rings; taken in the interrupt's thread. */
	spinlock_t ring_lock;
	struct epi_legacy legacy;
	struct list_head streams; /* files of events */
	u64 messages;		  /* that came at all */
	wait_queue_head_t wait;	  /* of those who wait by a device node, a work-group or DRAM */

	struct dentry *debugfs;
};

struct epi_array {
	struct device dev;
	struct epi_elink *elink;
	struct epi_array_geometry geometry;
	struct epi_layout layout; /* for the eLink */
	void __iomem **cores;	  /* SRAM, and registers after it, of each core */
	struct epi_mesh *mesh;
};

struct epi_mesh {
	struct device dev;
	struct cdev cdev;
	struct epi_array *array;
};

/*
 * Who uses a core; guarded by the lock of the eLink, as claims are. Faults and
 * mappings, of which there may be very many, need nothing else.
 */
struct epi_use {
	struct epi_claim *exclusive; /* the last that had it to itself, stale perhaps, or NULL */
	unsigned int mappings;	     /* of device nodes, which claim it without a work-group */
};

/* Cores of a work-group. */
struct epi_claim {
	struct list_head list;
	u64 family;
	u32 flags;
	u32 on_release;
	u64 epoch; /* when it was made */
	u64 dead_man_address;
	u32 dead_man_value;
	struct file *dead_man_dram;
	DECLARE_BITMAP(cores, EPI_MAX_CORES);
};

struct epi_block {
	struct rb_node node; /* of the eLink's */
	u64 address;
	u64 bytes;
	unsigned int pool;
	bool scrub; /* zeroed at its end, too */
};

enum epi_file_kind { EPI_FILE_DEVICE, EPI_FILE_GROUP, EPI_FILE_DRAM };

struct epi_file;

/* What differs by kind, besides what reach.c decides. NULL is nothing; nodes have no name. */
struct epi_file_ops {
	const char *name;
	void (*release)(struct epi_file *file);
	__poll_t (*poll)(struct epi_file *file);
};

/* An open file that reaches memory: a device node, a work-group, or DRAM. */
struct epi_file {
	struct list_head list;
	struct epi_elink *elink;
	enum epi_file_kind kind;
	const struct epi_file_ops *ops;
	u64 family;	/* of the open device node that it comes from */
	bool has_power; /* holds a runtime PM reference */
	bool is_legacy; /* a device node by which nobody used an ioctl of ours */
	unsigned int mappings;
	unsigned int *core_mappings; /* of a device node, by core; NULL until there is one */
	struct page *dummy;	     /* what its mappings read when there is nothing else */
	struct epi_claim *claim;     /* of a work-group */
	struct epi_block *block;     /* of DRAM */
};

/* What is at an address, as somebody may reach it. */
struct epi_place {
	enum epi_page page;
	unsigned int core;
	phys_addr_t phys;
	bool normal; /* memory that merges and reorders: DRAM that was given out */
};

/* reach.c */
int epi_state_error(struct epi_elink *elink);
struct epi_block *epi_dram_block(struct epi_elink *elink, u64 address);
void epi_dram_add(struct epi_elink *elink, struct epi_block *block);
int epi_claim_add(struct epi_file *opener, struct epi_claim *claim);
void epi_claim_remove(struct epi_elink *elink, struct epi_claim *claim);
int epi_use_add(struct epi_file *file, u64 address, u64 bytes);
void epi_use_remove(struct epi_file *file, u64 address, u64 bytes);
bool epi_claim_excludes(struct epi_elink *elink, u64 family, unsigned int core);
bool epi_claim_by_others(struct epi_elink *elink, u64 family, const unsigned long *cores);
int epi_file_reach(struct epi_file *file, u64 address, bool raw, struct epi_place *place);

/* pool.c */
int epi_pools_init(struct gen_pool *pools[], const struct epi_layout *layout);
void epi_pools_free(struct gen_pool *pools[]);
int epi_pools_take(struct gen_pool *pools[], const struct epi_layout *layout,
		   const struct epiphany_dram_alloc *request, struct epi_block *block);
void epi_pools_give(struct gen_pool *pools[], const struct epi_block *block);

/* class.c */
int epi_class_init(void);
void epi_class_exit(void);
extern struct class epiphany_class;
dev_t epi_devt(int index, bool mesh);
int epi_index_get(void);
void epi_index_put(int index);
struct inode *epi_inode_new(void);
void epi_inode_free(struct inode *inode);

/* elink.c, array.c */
extern struct platform_driver epi_elink_driver;
extern struct platform_driver epi_array_driver;
void epi_elink_set_array(struct epi_elink *elink, struct epi_array *array);

/* registers.c: only with power, except RESET */
#define EPI_RESET	0xf0200
#define EPI_CHIPID	0xf0208
#define EPI_VERSION	0xf020c
#define EPI_TXCFG	0xf0210
#define EPI_RXCFG	0xf0300
#define EPI_RXDELAY0	0xf0310
#define EPI_RXDELAY1	0xf0314
#define EPI_MAILBOXLO	0xf0730
#define EPI_MAILBOXHI	0xf0734
#define EPI_MAILBOXSTAT 0xf0738

#define EPI_CORE_CONFIG	     0xf0400
#define EPI_CORE_DEBUGSTATUS 0xf040c
#define EPI_CORE_DEBUGCMD    0xf0448
#define EPI_CORE_MESHCONFIG  0xf0700
#define EPI_CORE_RESETCORE   0xf070c
#define EPI_CORE_LINKCFG     0xf0300
#define EPI_CORE_LINKTXCFG   0xf0304
#define EPI_CORE_LINKRXCFG   0xf0308

bool epi_safe_read(void);
int epi_read_word(void __iomem *address, u32 *value);
void epi_elink_write(struct epi_elink *elink, u32 offset, u32 value);
int epi_elink_read(struct epi_elink *elink, u32 offset, u32 *value);
void __iomem *epi_core_address(struct epi_elink *elink, unsigned int core, u32 local);
void epi_core_write(struct epi_elink *elink, unsigned int core, u32 local, u32 value);
void epi_link_write(struct epi_elink *elink, unsigned int side, u32 local, u32 value);

/* power.c */
int epi_power_probe(struct epi_elink *elink);
void epi_power_end(struct epi_elink *elink);
void epi_power_remove(struct epi_elink *elink);
int epi_power_up(struct epi_elink *elink);
void epi_power_down(struct epi_elink *elink);
int epi_vdd(struct epi_elink *elink);
int epi_file_power(struct epi_file *file);
void epi_file_put_power(struct epi_file *file);
int epi_reset_chip(struct epi_elink *elink);
void epi_reset_cores(struct epi_elink *elink, u32 scope, const unsigned long *cores);
extern const struct dev_pm_ops epi_pm_ops;
extern const struct attribute_group epi_power_group;

/* fpga.c */
int epi_fpga_wait(struct device *dev);
bool epi_fpga_is_configured(struct epi_elink *elink);

/* vdd.c */
int epi_vdd_enable(struct epi_elink *elink);
void epi_vdd_disable(struct epi_elink *elink);
int epi_vdd_hwmon(struct epi_elink *elink);
u32 epi_vdd_link_divider(struct epi_elink *elink);
extern const struct attribute_group epi_vdd_group;

/* mailbox.c */
int epi_mailbox_probe(struct epi_elink *elink);
void epi_mailbox_enable(struct epi_elink *elink);
void epi_mailbox_disable(struct epi_elink *elink);

/* events.c */
struct file *epi_events_create(struct epi_file *file, u32 mask);
void epi_event(struct epi_elink *elink, u32 type, u32 flags, u64 payload, u64 family);
void epi_events_wake(struct epi_elink *elink);

/* file.c */
struct epi_file *epi_file_new(struct epi_elink *elink, enum epi_file_kind kind,
			      const struct epi_file_ops *ops, u64 family);
void epi_file_free(struct epi_file *file);
int epi_file_release(struct inode *inode, struct file *filp);
void epi_file_adopt(struct file *filp, struct epi_file *file);
struct file *epi_file_publish(struct epi_file *file, const struct file_operations *fops);
struct epi_file *epi_file_of(struct file *filp, struct epi_elink *elink);

/* fops.c */
extern const struct file_operations epi_elink_fops;
extern const struct file_operations epi_mesh_fops;

/* ioctl.c */
long epi_ioctl(struct file *filp, unsigned int cmd, unsigned long argument);

/* access.c: pread and pwrite */
int epi_file_access(struct epi_file *file, u64 address, void *buffer, size_t bytes, bool write);
ssize_t epi_file_read(struct file *filp, char __user *buffer, size_t count, loff_t *offset);
ssize_t epi_file_write(struct file *filp, const char __user *buffer, size_t count, loff_t *offset);
loff_t epi_file_llseek(struct file *filp, loff_t offset, int whence);

/* mapping.c */
int epi_file_mmap(struct file *filp, struct vm_area_struct *vma);
void epi_mappings_quiesce(struct epi_elink *elink, enum epi_scope scope);
void epi_mappings_zap_range(struct epi_elink *elink, u64 address, u64 bytes);

/* claim.c */
struct epi_file *epi_claim_create(struct epi_file *opener, const struct epiphany_claim *request);

/* dram.c */
struct epi_file *epi_dram_create(struct epi_file *opener, struct epiphany_dram_alloc *request);
void epi_dram_quiesce(struct epi_elink *elink, enum epi_scope scope);

/* dma.c, engine.c */
bool epi_dma_has_engine(struct epi_elink *elink);
int epi_dma_probe(struct epi_elink *elink);
void epi_dma_remove(struct epi_elink *elink);
void epi_dma_quiesce(struct epi_elink *elink, enum epi_scope scope);
int epi_dma_copy(struct epi_file *file, struct epiphany_dma_copy *request);

/* debugfs.c */
void epi_debugfs_init(void);
void epi_debugfs_exit(void);
void epi_debugfs_add(struct epi_elink *elink);
void epi_debugfs_remove(struct epi_elink *elink);
void epi_fdinfo(struct seq_file *seq, struct file *filp);

#endif /* _EPIPHANY_INTERNAL_H */
