; SPDX-License-Identifier: MIT
;
; What runs before main and around interrupts: vectors, the records that a loader fills in, startup, the end of the
; program, and the way from an interrupt to a C function. All of it lies in SRAM: a vector is one branch, and from SRAM
; no branch reaches shared DRAM.
;
; Names in C have a prefix with some compilers and none with others. What C shares with this file by the names
; __ecore_… has none with any; ecore.h says so where it declares them.

        .file   "crt0.S"                        ; not the name of a temporary file

#define JOIN(a, b) a##b
#define WITH_PREFIX(prefix, name) JOIN(prefix, name)
#define C_NAME(name) WITH_PREFIX(__USER_LABEL_PREFIX__, name)

#define BYTES_SAVED 208      /* registers of an interrupted program; the numbers below are in words and in pairs */
#define FRAME (BYTES_SAVED + 16) /* any function may use the 16 bytes from its stack pointer on for itself */
#define CLOCK_GATING 0x0040  /* CONFIG bit 22, upper half */
#define ALL_BUT_EXCEPTIONS 0x3f8
#define ALL_BUT_SYNC 0x3fe
#define ENOMEM 12

        .macro  address register, name
        mov     \register,%low(\name)
        movt    \register,%high(\name)
        .endm

        .macro  function name
        .balign 4
        .global \name
        .type   \name, @function
\name:
        .endm

        .macro  end name
        .size   \name, . - \name
        .endm

; ---------------------------------------------------------------------------------------------------------------------
; Vectors: of SYNC here; the linker scripts add those of the other interrupts (ecore-vectors.ld). The target must be global:
; binutils 2.40 counts the offset of a local one in another section twice.

        .section .ecore_vectors, "ax"
        .global __ecore_vectors
__ecore_vectors:
        b.l     __ecore_start

; ---------------------------------------------------------------------------------------------------------------------
; Records that a loader fills in. The 2016 host library finds them by the names of these sections.

        .macro  record section, bytes
        .section \section, "a"
        .global __ecore_\section
        .type   __ecore_\section, @object
        .size   __ecore_\section, \bytes
__ecore_\section:
        .space  \bytes
        .endm

        record  workgroup_cfg, 40
        record  ext_mem_cfg, 8
        record  loader_cfg, 16

; ---------------------------------------------------------------------------------------------------------------------
        .section .bss.__ecore_handlers, "aw", @nobits
        .balign 8
        .global __ecore_handlers
        .type   __ecore_handlers, @object
        .size   __ecore_handlers, 40
__ecore_handlers:
        .space  40                              ; C functions by interrupt, 0 for none

; ---------------------------------------------------------------------------------------------------------------------
        .section .ecore_text, "ax"

; The SYNC interrupt: startup. A program that runs, or that hangs in an interrupt, starts again.
        function __ecore_start
        gid
        address sp,__ecore_stack
        mov     r0,#ALL_BUT_SYNC
        movts   imask,r0
        movts   ilatcl,r0

; Leaves every interrupt that is in progress: the highest of them would keep all lower ones out for ever.
__ecore_leave_interrupts:
        address r0,__ecore_left_interrupt
        movts   iret,r0
        rti
__ecore_left_interrupt:
        gid
        movfs   r0,ipend
        orr     r0,r0,r0
        bne     __ecore_leave_interrupts

        movts   lc,r0                           ; r0 is 0: no hardware loop
        movts   status,r0                       ; no exception, no sticky flag
        movfs   r1,config                       ; clock gating is for the host to choose; timers off,
        movt    r0,#CLOCK_GATING
        and     r1,r1,r0
        address r0,__ecore_config               ; rounding and arithmetic as the program was linked for
        orr     r1,r1,r0
        movts   config,r1

        address r0,__ecore_bss_begin            ; both ends are multiples of eight
        address r1,__ecore_bss_end
        mov     r2,#0
        mov     r3,#0
        sub     r12,r0,r1
        beq     __ecore_run
__ecore_clear:
        strd    r2,[r0],#+1
        sub     r12,r0,r1
        bne     __ecore_clear
__ecore_run:
        mov     r0,#ALL_BUT_EXCEPTIONS
        movts   imask,r0
        gie

        address r4,__ecore_constructors_begin
        address r5,__ecore_constructors_end
__ecore_construct:
        sub     r0,r4,r5
        beq     __ecore_constructed
        ldr     r0,[r4],#+1
        jalr    r0
        b       __ecore_construct
__ecore_constructed:
        address r1,__ecore_arguments
        ldr     r0,[r1],#+1                     ; argc; the pointers of argv follow
        mov     r2,#0
        address r3,C_NAME(main)
        jalr    r3
        end     __ecore_start

; After main: exit() if the program has it, which only those have that call it. Else what is left of exit() for a
; program that writes to streams. For nothing but a few variables, the C library would take more than a KiB.
        .weak   C_NAME(exit)
        .weak   C_NAME(fflush)
        address r3,C_NAME(exit)
        orr     r3,r3,r3
        beq     __ecore_no_exit
        jalr    r3
__ecore_no_exit:
        mov     r4,r0
        mov     r0,#0
        address r3,C_NAME(fflush)
        orr     r3,r3,r3
        beq     __ecore_no_streams
        jalr    r3
__ecore_no_streams:
        mov     r0,r4

; The end of every program: R0 is its exit code. TRAP halts the core; if it is resumed it is idle. Another
; SYNC starts it again.
        function C_NAME(_exit)
        gid
        mov     r1,#ALL_BUT_SYNC
        movts   imask,r1
        trap    #3
        gie
__ecore_rest:
        idle
        b       __ecore_rest
        end     C_NAME(_exit)

; What the C library wants of a system. Each function is in a section of its own, to be left out where it is not used.
; libgloss has them too; but those that ask the host lose its answer when there is an error, and those for signals bring
; vectors along. With all of these, nothing of libgloss is linked.

; Asks the host: TRAP 7 with a number in R3. It answers with a result in R0 and, in R3, an error number or 0.
        .macro  system_call name, number
        .section .text.\name, "ax"
        function C_NAME(\name)
        mov     r3,#\number
        address r12,__ecore_system_call
        jr      r12
        end     C_NAME(\name)
        .endm

        system_call _open, 2
        system_call _close, 3
        system_call _read, 4
        system_call _write, 5
        system_call _lseek, 6
        system_call _unlink, 7
        system_call _fstat, 10
        system_call _stat, 15
        system_call _gettimeofday, 19
        system_call _link, 21

        .weak   C_NAME(__errno)
        .section .text.__ecore_system_call, "ax"
        function __ecore_system_call
        trap    #7
        function __ecore_system_result          ; returns R0, and sets errno to R3 unless that is 0
        orr     r3,r3,r3
        beq     1f
        strd    r4,[sp],#-2                     ; and 8 bytes more: the next function may use 16
        str     lr,[sp,#+2]
        mov     r4,r0
        mov     r5,r3
        address r3,C_NAME(__errno)              ; the address of errno
        orr     r3,r3,r3
        beq     2f
        jalr    r3
        str     r5,[r0]
2:      mov     r0,r4
        ldr     lr,[sp,#+2]
        ldrd    r4,[sp,#+2]
        add     sp,sp,#16
1:      jr      lr
        end     __ecore_system_result
        end     __ecore_system_call

; Memory for malloc(): R0 bytes more.
        .section .bss.__ecore_heap_used, "aw", @nobits
        .balign 4
__ecore_heap_used:
        .space  4

        .section .text._sbrk, "ax"
        function C_NAME(_sbrk)
        address r12,__ecore_heap_used
        ldr     r2,[r12]
        address r1,__ecore_heap_begin
        add     r1,r1,r2                        ; so far
        add     r2,r2,r0
        address r3,__ecore_heap_bytes
        sub     r3,r3,r2
        bltu    1f                              ; both less than none and too much
        str     r2,[r12]
        mov     r0,r1
        jr      lr
1:      mov     r0,#0
        sub     r0,r0,#1
        mov     r3,#ENOMEM
        address r12,__ecore_system_result
        jr      r12
        end     C_NAME(_sbrk)

; The standard streams are terminals: each line is written when it ends.
        .section .text._isatty, "ax"
        function C_NAME(_isatty)
        mov     r1,#1
        mov     r2,#0
        sub     r0,r0,#3
        movltu  r2,r1
        mov     r0,r2
        jr      lr
        end     C_NAME(_isatty)

; There is one process, and a signal that nobody handles ends it; abort() does so.
        .section .text._getpid, "ax"
        function C_NAME(_getpid)
        mov     r0,#1
        jr      lr
        end     C_NAME(_getpid)

        .section .text._kill, "ax"
        function C_NAME(_kill)
        add     r0,r1,#64
        add     r0,r0,#64                       ; 128 + signal, as a shell reports it
        address r3,C_NAME(_exit)
        jr      r3
        end     C_NAME(_kill)

        .section .ecore_text, "ax"

; From the vectors. The flags must not be touched before they are saved, nor the 16 bytes at the stack pointer, which
; belong to whatever was interrupted; below it nothing is in use.
        .macro  vector number
        function __ecore_vector_\number
        strd    r0,[sp,#-1]
        mov     r0,#\number
        b       __ecore_dispatch
        end     __ecore_vector_\number
        .endm

        vector  1
        vector  2
        vector  3
        vector  4
        vector  5
        vector  6
        vector  7
        vector  8
        vector  9

; Saves what a C function may change, by the rules of any compiler: R28 … R31 are constants to all of them.
        .macro  each_pair instruction
        \instruction r16,[sp,#-4]
        \instruction r18,[sp,#-5]
        \instruction r20,[sp,#-6]
        \instruction r22,[sp,#-7]
        \instruction r24,[sp,#-8]
        \instruction r26,[sp,#-9]
        \instruction r32,[sp,#-10]
        \instruction r34,[sp,#-11]
        \instruction r36,[sp,#-12]
        \instruction r38,[sp,#-13]
        \instruction r40,[sp,#-14]
        \instruction r42,[sp,#-15]
        \instruction r44,[sp,#-16]
        \instruction r46,[sp,#-17]
        \instruction r48,[sp,#-18]
        \instruction r50,[sp,#-19]
        \instruction r52,[sp,#-20]
        \instruction r54,[sp,#-21]
        \instruction r56,[sp,#-22]
        \instruction r58,[sp,#-23]
        \instruction r60,[sp,#-24]
        \instruction r62,[sp,#-25]
        .endm

        function __ecore_dispatch
        strd    r2,[sp,#-2]
        movfs   r2,status
        movfs   r3,iret                         ; a handler that enables interrupts lets others overwrite it
        str     r12,[sp,#-52]
        str     lr,[sp,#-51]
        each_pair strd

        sub     r1,r0,#1                        ; after an exception its cause, STATUS bits 19:16, must not stay:
        bne     1f
        mov     r1,#0xffff
        movt    r1,#0xfff0                      ; it would be raised again
        and     r12,r2,r1
        b       2f
1:      mov     r12,r2
        sub     r1,r0,#8                        ; after WAND its flag, bit 3, must not stay
        bne     2f
        mov     r1,#0xfff7
        movt    r1,#0xffff
        and     r12,r12,r1
2:      str     r12,[sp,#-6]
        str     r3,[sp,#-5]
        sub     sp,sp,#FRAME

        lsl     r1,r0,#2
        address r12,__ecore_handlers
        ldr     r12,[r12,r1]
        orr     r12,r12,r12
        beq     3f
        jalr    r12                             ; handler(interrupt)
4:      gid
        add     sp,sp,#FRAME
        each_pair ldrd
        ldr     lr,[sp,#-51]
        ldr     r12,[sp,#-52]
        ldr     r2,[sp,#-6]
        ldr     r3,[sp,#-5]
        movts   iret,r3
        movts   status,r2
        ldrd    r2,[sp,#-2]
        ldrd    r0,[sp,#-1]
        rti
3:      sub     r0,r0,#3
        bgte    4b
        end     __ecore_dispatch

; An exception, or a memory fault, that the program has no handler for. It cannot be mended: the core halts with
; STATUS in R0, whose bits 19:16 tell the cause, and in R1 the address behind the instruction.
        function __ecore_unhandled
        mov     r0,r2
        mov     r1,r3
        bkpt
        b       __ecore_unhandled
        end     __ecore_unhandled
