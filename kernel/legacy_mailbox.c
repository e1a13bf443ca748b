// SPDX-License-Identifier: GPL-2.0-only
/* Messages of the mailbox as 5.4-era programs read them: one FIFO for everybody. */
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "internal.h"

#define MESSAGES 2048

int epi_legacy_init(struct epi_elink *elink)
{
	return kfifo_alloc(&elink->legacy.messages, MESSAGES, GFP_KERNEL);
}

void epi_legacy_free(struct epi_elink *elink)
{
	kfifo_free(&elink->legacy.messages);
}

/* A message that came. The lock of the rings is held. */
void epi_legacy_put(struct epi_elink *elink, u64 payload)
{
	if (!kfifo_put(&elink->legacy.messages, payload))
		elink->legacy.lost++;
}

void epi_legacy_clear(struct epi_elink *elink)
{
	spin_lock(&elink->ring_lock);
	kfifo_reset(&elink->legacy.messages);
	spin_unlock(&elink->ring_lock);
}

/* For debugfs. The lock of the rings is held. */
void epi_legacy_show(struct epi_elink *elink, struct seq_file *seq)
{
	seq_printf(seq, "legacy lost: %llu\n", elink->legacy.lost);
}

static unsigned int count_messages(struct epi_elink *elink)
{
	unsigned int count;

	spin_lock(&elink->ring_lock);
	count = kfifo_len(&elink->legacy.messages);
	spin_unlock(&elink->ring_lock);
	return count;
}

__poll_t epi_legacy_poll(struct epi_file *file)
{
	return count_messages(file->elink) ? EPOLLIN | EPOLLRDNORM : 0;
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

int epi_legacy_count(struct epi_elink *elink)
{
	return end_error(elink) ?: (int)count_messages(elink);
}

/*
 * Hands the oldest message over. EAGAIN if there is none; EFAULT if the user's page is not there:
 * then the message stays.
 */
static int take(struct epi_elink *elink, struct e_mailbox_msg __user *to)
{
	struct e_mailbox_msg message;
	u64 payload;
	int ret;

	ret = end_error(elink);
	if (ret)
		return ret;
	spin_lock(&elink->ring_lock);
	if (kfifo_peek(&elink->legacy.messages, &payload)) {
		message.from = lower_32_bits(payload);
		message.data = upper_32_bits(payload);
		ret = copy_to_user_nofault(to, &message, sizeof(message));
		if (!ret)
			kfifo_skip(&elink->legacy.messages);
	} else {
		ret = -EAGAIN;
	}
	spin_unlock(&elink->ring_lock);
	return ret;
}

/* Until there is a message, or there will be none; ERESTARTSYS if a signal came. */
static int wait_for_message(struct epi_elink *elink)
{
	return wait_event_interruptible(elink->wait, has_ended(elink) || count_messages(elink));
}

int epi_legacy_read(struct epi_elink *elink, bool nonblocking, struct e_mailbox_msg __user *to)
{
	int ret;

	for (;;) {
		ret = take(elink, to);
		if (ret == -EFAULT) {
			/* For as long as the provider of the page likes: so under no lock. */
			if (fault_in_writeable((char __user *)to, sizeof(*to)))
				return -EFAULT;
			if (signal_pending(current))
				return -ERESTARTSYS;
		} else if (ret == -EAGAIN && !nonblocking) {
			ret = wait_for_message(elink);
			if (ret)
				return ret;
		} else {
			return ret;
		}
	}
}
