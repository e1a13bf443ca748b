// SPDX-License-Identifier: GPL-2.0-only
/* Files of events: what happens to a board, as records that can be waited for. */
#include <linux/anon_inodes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "internal.h"

#define RECORDS_AT_ONCE 8

/* Each event walks all files with a spinlock held: there cannot be any number of them. */
#define MAX_STREAMS	   512
#define MAX_FAMILY_STREAMS 16

/* An open file of events. It holds no power: waiting is no use of the chip. */
struct epi_stream {
	struct list_head list; /* of the eLink; guarded as the ring, by its ring_lock */
	struct epi_elink *elink;
	struct epi_ring ring;
	u64 family;
	u32 mask;
	wait_queue_head_t wait;
};

/* Tells all files that want it; a family, if it is not zero, is whom it is for. */
void epi_event(struct epi_elink *elink, u32 type, u32 flags, u64 payload, u64 family)
{
	u64 now = ktime_get_ns();
	struct epi_stream *stream;

	spin_lock(&elink->ring_lock);
	list_for_each_entry(stream, &elink->streams, list) {
		if (!(stream->mask & EPIPHANY_EVENT_BIT(type)) ||
		    (family && family != stream->family))
			continue;
		epi_ring_push(&stream->ring, type, flags, now, payload);
		wake_up_interruptible_poll(&stream->wait, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock(&elink->ring_lock);
}

/* After the end: those who wait return. */
void epi_events_wake(struct epi_elink *elink)
{
	struct epi_stream *stream;

	spin_lock(&elink->ring_lock);
	list_for_each_entry(stream, &elink->streams, list)
		wake_up_all(&stream->wait);
	spin_unlock(&elink->ring_lock);
	wake_up_all(&elink->wait);
}

static bool has_records(struct epi_stream *stream)
{
	bool empty;

	spin_lock(&stream->elink->ring_lock);
	empty = epi_ring_is_empty(&stream->ring);
	spin_unlock(&stream->elink->ring_lock);
	return !empty;
}

static int wait_for_records(struct epi_stream *stream, bool nonblocking)
{
	if (has_records(stream))
		return 0;
	/* What came before the end can still be read after it. */
	if (READ_ONCE(stream->elink->gone))
		return -ENODEV;
	if (nonblocking)
		return -EAGAIN;
	return wait_event_interruptible(stream->wait,
					has_records(stream) || READ_ONCE(stream->elink->gone));
}

/* Some of the oldest records go to the user, or stay: EFAULT if pages for them are not there. */
static int take(struct epi_stream *stream, struct epiphany_event __user *to, int wanted, int *got)
{
	struct epiphany_event records[RECORDS_AT_ONCE];
	int ret = 0;

	spin_lock(&stream->elink->ring_lock);
	*got = epi_ring_peek(&stream->ring, records, min(wanted, RECORDS_AT_ONCE));
	if (*got)
		ret = copy_to_user_nofault(to, records, *got * sizeof(*records));
	if (*got && !ret)
		epi_ring_drop(&stream->ring, records[*got - 1].sequence);
	spin_unlock(&stream->elink->ring_lock);
	return ret;
}

/* How many of them went, which may be none, or an error. */
static int take_all(struct epi_stream *stream, struct epiphany_event __user *to, int wanted)
{
	int done = 0;
	int got;

	do {
		if (!take(stream, to + done, wanted - done, &got)) {
			done += got;
			continue;
		}
		/* For as long as the provider of the pages likes: so under no lock. */
		if (fault_in_writeable((char __user *)(to + done), got * sizeof(*to)))
			return done ?: -EFAULT;
		if (signal_pending(current))
			return done ?: -ERESTARTSYS;
	} while (got && done < wanted);
	return done;
}

static ssize_t stream_read(struct file *filp, char __user *buffer, size_t count, loff_t *offset)
{
	struct epi_stream *stream = filp->private_data;
	int wanted = min_t(size_t, count / sizeof(struct epiphany_event), INT_MAX);
	int ret;

	if (!wanted)
		return -EINVAL;
	do {
		ret = wait_for_records(stream, filp->f_flags & O_NONBLOCK);
		if (!ret)
			ret = take_all(stream, (struct epiphany_event __user *)buffer, wanted);
		/* Another reader may have been faster: then wait again. */
	} while (!ret);
	return ret > 0 ? (ssize_t)ret * sizeof(struct epiphany_event) : ret;
}

static __poll_t stream_poll(struct file *filp, poll_table *wait)
{
	struct epi_stream *stream = filp->private_data;
	__poll_t events = 0;

	poll_wait(filp, &stream->wait, wait);
	if (has_records(stream))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(stream->elink->gone))
		events |= EPOLLHUP | EPOLLERR;
	return events;
}

static int stream_release(struct inode *inode, struct file *filp)
{
	struct epi_stream *stream = filp->private_data;

	spin_lock(&stream->elink->ring_lock);
	list_del(&stream->list);
	spin_unlock(&stream->elink->ring_lock);
	put_device(&stream->elink->dev);
	epi_ring_free(&stream->ring);
	kfree(stream);
	return 0;
}

static const struct file_operations stream_fops = {
	.owner = THIS_MODULE,
	.read = stream_read,
	.poll = stream_poll,
	.release = stream_release,
};

static int add_stream(struct epi_stream *stream)
{
	struct epi_elink *elink = stream->elink;
	unsigned int all = 0, family = 0;
	struct epi_stream *other;
	int ret = 0;

	spin_lock(&elink->ring_lock);
	list_for_each_entry(other, &elink->streams, list) {
		all++;
		family += other->family == stream->family;
	}
	if (family >= MAX_FAMILY_STREAMS)
		ret = -EMFILE;
	else if (all >= MAX_STREAMS)
		ret = -ENFILE;
	else
		list_add_tail(&stream->list, &elink->streams);
	spin_unlock(&elink->ring_lock);
	return ret;
}

struct file *epi_events_create(struct epi_file *file, u32 mask)
{
	struct epi_elink *elink = file->elink;
	struct epi_stream *stream;
	struct file *filp;
	int ret;

	stream = kzalloc(sizeof(*stream), GFP_KERNEL_ACCOUNT);
	if (!stream)
		return ERR_PTR(-ENOMEM);
	ret = epi_ring_init(&stream->ring, EPI_EVENT_RECORDS);
	if (ret)
		goto free_stream;
	INIT_LIST_HEAD(&stream->list);
	stream->elink = elink;
	stream->family = file->family;
	stream->mask = mask | EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_GONE);
	init_waitqueue_head(&stream->wait);
	filp = anon_inode_getfile("[epiphany-events]", &stream_fops, stream, O_RDONLY);
	if (IS_ERR(filp)) {
		ret = PTR_ERR(filp);
		goto free_ring;
	}
	get_device(&elink->dev);

	mutex_lock(&elink->lock);
	ret = elink->gone ? -ENODEV : add_stream(stream);
	mutex_unlock(&elink->lock);
	if (!ret)
		return filp;
	fput(filp); /* releases the rest */
	return ERR_PTR(ret);

free_ring:
	epi_ring_free(&stream->ring);
free_stream:
	kfree(stream);
	return ERR_PTR(ret);
}
