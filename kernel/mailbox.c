// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mailbox of the eLink: words that eCores send to the host.
 *
 * Its FIFO stalls every write of the chip from the moment that it is half full,
 * so it is emptied at once, even if nobody wants the words. The line is a level, up
 * while there are words; old device trees call it an edge. Emptying to the last
 * word is right for both.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "internal.h"
#include "trace.h"

/* After so many words in one go, others get the processor. */
#define WORDS_AT_ONCE 256

static void deal(struct epi_elink *elink, u64 payload)
{
	epi_event(elink, EPIPHANY_EVENT_MAILBOX, 0, payload, 0);
	spin_lock(&elink->ring_lock);
	elink->messages++;
	epi_legacy_put(elink, payload);
	spin_unlock(&elink->ring_lock);
	wake_up_interruptible(&elink->wait);
}

/* Runs only while the chip is powered: the interrupt is disabled before it is switched off. */
static irqreturn_t drain(int irq, void *data)
{
	struct epi_elink *elink = data;
	unsigned int words = 0;
	u32 stat, low, high;

	/* A core may send without end, and must not keep the chip from being reset. */
	while (!READ_ONCE(elink->mailbox_off)) {
		if (epi_elink_read(elink, EPI_MAILBOXSTAT, &stat))
			goto dead;
		if (!epi_mailbox_not_empty(stat))
			break;
		/* LO pops, and lays the other half into HI. Source: open eLink RTL, emailbox. */
		if (epi_elink_read(elink, EPI_MAILBOXLO, &low) ||
		    epi_elink_read(elink, EPI_MAILBOXHI, &high))
			goto dead;
		trace_epiphany_mailbox(elink->index, low, high);
		deal(elink, (u64)high << 32 | low);
		if (++words % WORDS_AT_ONCE == 0)
			usleep_range(50, 100);
	}
	/* A line that is up for nothing is for the kernel's detection of storms. */
	return words ? IRQ_HANDLED : IRQ_NONE;

dead:
	/* The level would stay up for ever; a kernel that sees a storm has no way back. */
	dev_err_ratelimited(&elink->dev, "the eLink does not answer\n");
	elink->mailbox_dead = true;
	disable_irq_nosync(elink->irq);
	return IRQ_HANDLED;
}

void epi_mailbox_enable(struct epi_elink *elink)
{
	epi_legacy_clear(elink); /* what came before a reset is over */
	WRITE_ONCE(elink->mailbox_off, false);
	if (elink->mailbox_dead)
		enable_irq(elink->irq);
	elink->mailbox_dead = false;
	enable_irq(elink->irq);
}

/* Returns when the interrupt's thread has ended. */
void epi_mailbox_disable(struct epi_elink *elink)
{
	WRITE_ONCE(elink->mailbox_off, true);
	disable_irq(elink->irq);
}

int epi_mailbox_probe(struct epi_elink *elink)
{
	/* Power enables it. */
	irq_set_status_flags(elink->irq, IRQ_NOAUTOEN);
	return devm_request_threaded_irq(elink->dev.parent, elink->irq, NULL, drain, IRQF_ONESHOT,
					 "epiphany", elink);
}
