/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface of the 5.4-era driver: names, numbers and layouts as they were. Programs include
 * misc/epiphany.h, which includes this and has E_IO().
 */
#ifndef _UAPI_MISC_EPIPHANY_LEGACY_H
#define _UAPI_MISC_EPIPHANY_LEGACY_H

#include <linux/types.h>

#define E_MESH_MAX_ARRAYS	128
#define E_LINK_MAX_MEM_MAPPINGS	256

enum e_connection_type {
	E_CONN_DISCONNECTED = 0,
	E_CONN_ELINK,
	E_CONN_ARRAY,
	E_CONN_MAX
};

struct e_mappings_info {
	__u64 nmappings;
	struct {
		__u64 emesh_addr;
		__u64 size;
	} mappings[E_LINK_MAX_MEM_MAPPINGS];
} __attribute__((packed));

struct e_array_info {
	__u64 id;
	__u64 chip_type;
	__u64 chip_rows;
	__u64 chip_cols;
	__u64 parent_side;
	__u64 mesh_dev;
	struct {
		__u64 type;
		union {
			__u64 dev;
			__u64 id;
		};
	} connections[E_SIDE_MAX];
} __attribute__((packed));

struct e_elink_info {
	__u64 dev;
	__u32 version;
	__u32 _pad;
	__u64 connection_type;
	union {
		struct e_array_info array;
		__u64 remote_elink_id;
	};
} __attribute__((packed));

struct e_mesh_info {
	__u64 dev;
	__u64 chip_type;
	__u64 narrays;
	struct e_array_info arrays[E_MESH_MAX_ARRAYS];
} __attribute__((packed));

/* The message of a core is in from, which is MAILBOXLO; data is MAILBOXHI. */
struct e_mailbox_msg {
	__u32 from;
	__u32 data;
} __attribute__((packed));

#define E_IOCTL_RESET			E_IO(0x00)
#define E_IOCTL_ELINK_PROBE		E_IOR(0x01, struct e_elink_info)
#define E_IOCTL_MESH_PROBE		E_IOR(0x02, struct e_mesh_info)
#define E_IOCTL_GET_MAPPINGS		E_IOR(0x03, struct e_mappings_info)
#define E_IOCTL_MAILBOX_READ		E_IOWR(0x04, struct e_mailbox_msg)
#define E_IOCTL_MAILBOX_COUNT		E_IO(0x05)
#define E_IOCTL_THERMAL_DISALLOW	E_IO(0x06)
#define E_IOCTL_THERMAL_ALLOW		E_IO(0x07)

#define E_IOCTL_MAXNR			0x07

#endif /* _UAPI_MISC_EPIPHANY_LEGACY_H */
