// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mailbox of the eLink: words that eCores send to the host.
 *
 * Its FIFO stalls every write of the chip from the moment that it is half full,
 * so it is emptied at once, whoever wants the words. The line is a level, up
 * while there are words; old device trees call it an edge. Emptying to the last
 * word is right for both.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/ktime.h>

#include "internal.h"
#include "trace.h"

/* After so many words in one go, others get the processor. */
#define WORDS_AT_ONCE 256

static void deal(struct epi_elink *elink, u64 payload)
{
	epi_event(elink, EPIPHANY_EVENT_MAILBOX, 0, payload, 0);
	spin_lock(&elink->ring_lock);
	elink->messages++;
	epi_ring_push(&elink->legacy, EPIPHANY_EVENT_MAILBOX, 0, ktime_get_ns(), payload);
	spin_unlock(&elink->ring_lock);
	wake_up_interruptible(&elink->wait);
}

/* Runs only while the chip is powered: whoever switches it off disables the interrupt first. */
static irqreturn_t drain(int irq, void *data)
{
	struct epi_elink *elink = data;
	unsigned int words = 0;
	u32 stat, low, high;

	/* A chip that never stops sending must not keep anybody from resetting it. */
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
	dev_err_ratelimited(&elink->dev, "the eLink does not answer\n");
	return IRQ_NONE;
}

void epi_mailbox_enable(struct epi_elink *elink)
{
	/* What came before a reset is over. */
	spin_lock(&elink->ring_lock);
	epi_ring_clear(&elink->legacy);
	spin_unlock(&elink->ring_lock);
	WRITE_ONCE(elink->mailbox_off, false);
	enable_irq(elink->irq);
}

/* Returns when the interrupt's thread has ended. */
void epi_mailbox_disable(struct epi_elink *elink)
{
	WRITE_ONCE(elink->mailbox_off, true);
	disable_irq(elink->irq);
}

static bool has_ended(struct epi_elink *elink)
{
	return READ_ONCE(elink->gone) || READ_ONCE(elink->thermal);
}

static int end_error(struct epi_elink *elink)
{
	int ret;

	mutex_lock(&elink->lock);
	ret = elink->gone ? -ENODEV : elink->thermal ? -EACCES : 0;
	mutex_unlock(&elink->lock);
	return ret;
}

/* The oldest message, which stays until epi_mailbox_drop(). EAGAIN if there is none. */
int epi_mailbox_peek(struct epi_elink *elink, struct epiphany_event *message)
{
	unsigned int count;
	int ret;

	ret = end_error(elink);
	if (ret)
		return ret;
	spin_lock(&elink->ring_lock);
	count = epi_ring_peek(&elink->legacy, message, 1);
	spin_unlock(&elink->ring_lock);
	return count ? 0 : -EAGAIN;
}

/* Until there is a message, or there will be none; ERESTARTSYS if a signal came. */
int epi_mailbox_wait(struct epi_elink *elink)
{
	return wait_event_interruptible(elink->wait,
					has_ended(elink) || epi_mailbox_messages(elink));
}

void epi_mailbox_drop(struct epi_elink *elink, const struct epiphany_event *message)
{
	spin_lock(&elink->ring_lock);
	epi_ring_drop(&elink->legacy, message->sequence);
	spin_unlock(&elink->ring_lock);
}

/* How many there are, an error of MAILBOX_READ among them. */
unsigned int epi_mailbox_messages(struct epi_elink *elink)
{
	unsigned int count;

	spin_lock(&elink->ring_lock);
	count = elink->legacy.count + !!elink->legacy.lost;
	spin_unlock(&elink->ring_lock);
	return count;
}

int epi_mailbox_count(struct epi_elink *elink)
{
	return end_error(elink) ?: (int)epi_mailbox_messages(elink);
}

int epi_mailbox_probe(struct epi_elink *elink)
{
	/* Power enables it. */
	irq_set_status_flags(elink->irq, IRQ_NOAUTOEN);
	return devm_request_threaded_irq(elink->dev.parent, elink->irq, NULL, drain, IRQF_ONESHOT,
					 "epiphany", elink);
}
