/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM epiphany

#if !defined(_EPIPHANY_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _EPIPHANY_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(epiphany_power,
	TP_PROTO(int elink, bool on),
	TP_ARGS(elink, on),
	TP_STRUCT__entry(
		__field(int, elink)
		__field(bool, on)
	),
	TP_fast_assign(
		__entry->elink = elink;
		__entry->on = on;
	),
	TP_printk("elink%d %s", __entry->elink, __entry->on ? "on" : "off")
);

TRACE_EVENT(epiphany_reset,
	TP_PROTO(int elink, u32 scope, u32 core_id),
	TP_ARGS(elink, scope, core_id),
	TP_STRUCT__entry(
		__field(int, elink)
		__field(u32, scope)
		__field(u32, core_id)
	),
	TP_fast_assign(
		__entry->elink = elink;
		__entry->scope = scope;
		__entry->core_id = core_id;
	),
	TP_printk("elink%d scope %u core 0x%03x", __entry->elink, __entry->scope, __entry->core_id)
);

TRACE_EVENT(epiphany_mailbox,
	TP_PROTO(int elink, u32 low, u32 high),
	TP_ARGS(elink, low, high),
	TP_STRUCT__entry(
		__field(int, elink)
		__field(u32, low)
		__field(u32, high)
	),
	TP_fast_assign(
		__entry->elink = elink;
		__entry->low = low;
		__entry->high = high;
	),
	TP_printk("elink%d 0x%08x 0x%08x", __entry->elink, __entry->low, __entry->high)
);

TRACE_EVENT(epiphany_ioctl,
	TP_PROTO(int elink, unsigned int cmd, long ret),
	TP_ARGS(elink, cmd, ret),
	TP_STRUCT__entry(
		__field(int, elink)
		__field(unsigned int, cmd)
		__field(long, ret)
	),
	TP_fast_assign(
		__entry->elink = elink;
		__entry->cmd = cmd;
		__entry->ret = ret;
	),
	TP_printk("elink%d 0x%08x = %ld", __entry->elink, __entry->cmd, __entry->ret)
);

TRACE_EVENT(epiphany_fault,
	TP_PROTO(int elink, u64 address, bool dummy),
	TP_ARGS(elink, address, dummy),
	TP_STRUCT__entry(
		__field(int, elink)
		__field(u64, address)
		__field(bool, dummy)
	),
	TP_fast_assign(
		__entry->elink = elink;
		__entry->address = address;
		__entry->dummy = dummy;
	),
	TP_printk("elink%d 0x%08llx%s", __entry->elink, __entry->address, __entry->dummy ? " dummy" : "")
);

#endif /* _EPIPHANY_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
