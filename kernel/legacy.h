/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What 5.4-era programs have beside the driver's own interface. The patches for
 * the kernel's developers leave it out, with every line that has its name: see
 * UPSTREAM.md.
 */
#ifndef _EPIPHANY_LEGACY_H
#define _EPIPHANY_LEGACY_H

#include <linux/kfifo.h>
#include <linux/types.h>

struct e_mailbox_msg;
struct epi_elink;
struct epi_file;
struct file;
struct seq_file;

/* Messages for MAILBOX_READ; guarded by the lock of the rings. */
struct epi_legacy {
	DECLARE_KFIFO_PTR(messages, u64);
	u64 lost;
};

/* legacy_mailbox.c */
int epi_legacy_init(struct epi_elink *elink);
void epi_legacy_free(struct epi_elink *elink);
void epi_legacy_put(struct epi_elink *elink, u64 payload);
void epi_legacy_clear(struct epi_elink *elink);
void epi_legacy_show(struct epi_elink *elink, struct seq_file *seq);
__poll_t epi_legacy_poll(struct epi_file *file);
int epi_legacy_count(struct epi_elink *elink);
int epi_legacy_read(struct epi_elink *elink, bool nonblocking, struct e_mailbox_msg __user *to);

/* legacy.c */
void epi_legacy_end(struct epi_file *file);
long epi_legacy_ioctl(struct file *filp, unsigned int cmd, void __user *argument);

#endif /* _EPIPHANY_LEGACY_H */
