; SPDX-License-Identifier: MIT
;
; A program in the shape of those that the Epiphany SDK makes: startup code and tables in sections of the SDK's names,
; which its linker scripts put where they belong. It ends with an exit code that tells what its tables say:
; row << 4 | column of the core within its group, and with LOADER the flags of the loader above that, from bit 8 on.
;
; TABLES=1: the tables are objects of the program, as of all that use the SDK's library.
; LOADER=1: the startup code of 2016, which asks its loader what was done. That section was never marked as one that is
; loaded.

        .section IVT_RESET, "a"
        .global _start
_start:
        b.l     normal_start

        .section RESERVED_CRT0, "ax"
        .global normal_start
normal_start:
        mov     r1,#0x28
        ldr     r0,[r1,#7]              ; row within the group
        lsl     r0,r0,#4
        ldr     r2,[r1,#8]              ; column
        orr     r0,r0,r2
.ifdef LOADER
        mov     r1,%low(loader_flags)
        movt    r1,%high(loader_flags)
        ldr     r2,[r1]
        lsl     r2,r2,#8
        orr     r0,r0,r2
.endif
        trap    3
        .global halted
halted:
        idle
        b       halted

.ifdef TABLES
        .section workgroup_cfg, "aw"
        .space  40
        .section ext_mem_cfg, "aw"
        .space  8
.endif

.ifdef LOADER
        .section loader_cfg
        .global loader_flags
loader_flags:
        .space  16
.endif
