; SPDX-License-Identifier: MIT
;
; First light: a whole program for one eCore, without a C library and without a runtime.
;
; SYNC starts it. It computes the table of the CRC-32 that zlib and Ethernet use, takes the CRC of a message through
; the table and once more bit by bit, and leaves for the host
;
;       core_id   which core this is
;       result    the CRC of the message
;       done      1 if both ways agree, 2 if they do not, 0 as long as it runs
;       fault     STATUS at the time of an exception, should there be one
;
; and rests. Every core runs the same image; another SYNC runs it again.
;
; Addresses in SRAM fit 16 bits, so one MOV loads each of them.

        .equ    POLYNOMIAL, 0xedb88320          ; CRC-32, lowest bit first

; ---------------------------------------------------------------------------------------------------------------------
; Vectors: one branch per interrupt, the highest priority first. Their targets lie in another section and must be
; global: binutils 2.40 counts the offset of a local one twice.

        .section .ivt, "ax"
        .global start, on_fault, on_event

        b.l     start                           ; SYNC: the host says go
        b.l     on_fault                        ; software exception
        b.l     on_fault                        ; memory protection
        b.l     on_event                        ; timer 0
        b.l     on_event                        ; timer 1
        b.l     on_event                        ; message
        b.l     on_event                        ; DMA 0
        b.l     on_event                        ; DMA 1
        b.l     on_event                        ; WAND
        b.l     on_event                        ; user

; ---------------------------------------------------------------------------------------------------------------------
        .data
        .balign 8
        .global message
        .type   message, @object
message:
        .ascii  "First light from an eCore.\n"
        .ascii  "I own four banks of eight KiB and sixty-four registers, and no operating system.\n"
        .ascii  "My neighbours to the north, east, south and west are a store instruction away.\n"
        .ascii  "Nobody schedules me, nothing pages me out, and no cache guesses what I want next.\n"
        .ascii  "Wake me with a SYNC and I will read every letter of this, twice, and tell you its CRC.\n"
message_end:
        .size   message, message_end - message

; ---------------------------------------------------------------------------------------------------------------------
        .bss
        .balign 8

        .macro  variable name, bytes
        .global \name
        .type   \name, @object
        .size   \name, \bytes
\name:  .space  \bytes
        .endm

        variable crc_table, 1024
        variable core_id, 4
        variable result, 4
        variable done, 4
        variable fault, 4

; ---------------------------------------------------------------------------------------------------------------------
        .text

        .macro  function name
        .global \name
        .type   \name, @function
\name:
        .endm

        .macro  end name
        .size   \name, . - \name
        .endm

        ; One bit of a CRC: r0 = r0 >> 1, with the polynomial (r6) mixed in if the bit shifted out was set.
        .macro  crc_bit
        lsr     r2,r0,#1
        eor     r3,r2,r6
        lsl     r0,r0,#31                       ; only for its flags: AZ if the bit is clear
        mov     r0,r3
        moveq   r0,r2
        .endm

        .macro  save_r4_to_r7
        strd    r4,[sp],#-1
        strd    r6,[sp],#-1
        .endm

        .macro  restore_r4_to_r7
        ldrd    r6,[sp,#+1]
        ldrd    r4,[sp,#+2]
        add     sp,sp,#16
        .endm

; The SYNC interrupt. Returning from it into main, instead of calling main, lets the next SYNC in.
        function start
        mov     sp,%low(stack_top)
        mov     r0,%low(main)
        movts   iret,r0
        rti
        end     start

        function main
        mov     r5,%low(done)
        mov     r0,#0
        str     r0,[r5]
        movfs   r0,coreid
        mov     r1,%low(core_id)
        str     r0,[r1]

        bl      make_table
        mov     r0,%low(message)
        mov     r1,#(message_end - message)
        bl      crc_by_table
        mov     r1,%low(result)
        str     r0,[r1]
        mov     r4,r0

        mov     r0,%low(message)
        mov     r1,#(message_end - message)
        bl      crc_by_bits
        mov     r1,#1
        mov     r2,#2
        sub     r0,r0,r4
        moveq   r2,r1
        str     r2,[r5]                         ; the last store: who sees it sees the others too
        end     main                            ; falls through to:

        function rest
        idle
        b       rest                            ; an event woke the core; nothing follows from it
        end     rest

; crc_table[n] = n after eight bits, for n = 255 … 0.
        function make_table
        save_r4_to_r7
        mov     r6,%low(POLYNOMIAL)
        movt    r6,%high(POLYNOMIAL)
        mov     r4,%low(crc_table)
        mov     r1,#255
next_entry:
        mov     r0,r1
        .rept   8
        crc_bit
        .endr
        lsl     r2,r1,#2
        str     r0,[r4,r2]
        sub     r1,r1,#1
        bgte    next_entry
        restore_r4_to_r7
        rts
        end     make_table

; r0 = CRC of the r1 bytes (at least one) at r0, a byte at a time through crc_table.
        function crc_by_table
        save_r4_to_r7
        mov     r7,#0
        sub     r7,r7,#1                        ; all ones: what a CRC-32 begins with, and is inverted with
        mov     r6,%low(crc_table)
        mov     r2,r7
next_byte:
        ldrb    r3,[r0],#1
        eor     r3,r3,r2
        lsl     r3,r3,#24
        lsr     r3,r3,#22                       ; four times the low byte
        ldr     r3,[r6,r3]
        lsr     r2,r2,#8
        eor     r2,r2,r3
        sub     r1,r1,#1
        bne     next_byte
        eor     r0,r2,r7
        restore_r4_to_r7
        rts
        end     crc_by_table

; The same by definition, without the table.
        function crc_by_bits
        save_r4_to_r7
        mov     r6,%low(POLYNOMIAL)
        movt    r6,%high(POLYNOMIAL)
        mov     r7,#0
        sub     r7,r7,#1
        mov     r4,r0
        mov     r0,r7
next_letter:
        ldrb    r2,[r4],#1
        eor     r0,r0,r2
        .rept   8
        crc_bit
        .endr
        sub     r1,r1,#1
        bne     next_letter
        eor     r0,r0,r7
        restore_r4_to_r7
        rts
        end     crc_by_bits

; Keeps what happened for the host, clears the cause and gives up.
        function on_fault
        movfs   r0,status
        mov     r1,%low(fault)
        str     r0,[r1]
        mov     r0,#0
        movts   status,r0
        mov     r0,%low(rest)
        movts   iret,r0
        rti
        end     on_fault

        function on_event
        rti
        end     on_event
