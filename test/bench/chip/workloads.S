// SPDX-License-Identifier: MIT
// What the benchmark of the simulated cores executes. Each workload has a page of its own, takes its arguments in
// R0 and on, and ends in IDLE with its result in R0. workloads.c has the same in C.

// Shifts, logic and additions on one number.  R0: rounds.
        .text
        .org 0x000
integer:
        mov   r1,#1             // the number
        mov   r2,#0             // sum of all that it has been
0:      lsl   r3,r1,#13
        eor   r1,r1,r3
        lsr   r3,r1,#17
        eor   r1,r1,r3
        lsl   r3,r1,#5
        eor   r1,r1,r3
        add   r2,r2,r1
        sub   r0,r0,#1
        bne   0b
        mov   r0,r2
        idle

// Copies doublewords, in a loop as short as can be.  R0: rounds, R1: from, R2: to, R3: how many.
        .org 0x100
copy:
0:      mov   r4,r1
        mov   r5,r2
        mov   r12,r3
1:      ldrd  r6,[r4],#1
        strd  r6,[r5],#1
        sub   r12,r12,#1
        bne   1b
        sub   r0,r0,#1
        bne   0b
        mov   r0,r6
        idle

// Inner product of two vectors.  R0: rounds, R1 and R2: vectors, R3: half of their length.
        .org 0x200
inner:
        mov   r20,#0            // two partial sums
        mov   r21,#0
0:      mov   r4,r1
        mov   r5,r2
        mov   r12,r3
1:      ldrd  r16,[r4],#1
        ldrd  r18,[r5],#1
        fmadd r20,r16,r18
        fmadd r21,r17,r19
        sub   r12,r12,#1
        bne   1b
        sub   r0,r0,#1
        bne   0b
        fadd  r0,r20,r21
        idle

// Multiply-adds alone, on what is in registers.  R0: rounds, R1 and R2: factors.
        .org 0x300
fused:
        mov   r20,#0
        mov   r21,#0
        mov   r22,#0
        mov   r23,#0
0:      fmadd r20,r1,r2
        fmadd r21,r1,r2
        fmadd r22,r1,r2
        fmadd r23,r1,r2
        sub   r0,r0,#1
        bne   0b
        fadd  r20,r20,r21
        fadd  r22,r22,r23
        fadd  r0,r20,r22
        idle

// The sieve of Gilbreath's benchmark (BYTE, September 1981): odd primes up to 16383.  R0: rounds, R1: flags.
        .org 0x400
sieve:
        mov   r2,#8191          // flags
        mov   r3,#1
0:      mov   r12,#0            // primes
        mov   r4,#0
1:      strb  r3,[r1,r4]        // all are
        add   r4,r4,#1
        sub   r5,r4,r2
        bne   1b
        mov   r4,#0
2:      ldrb  r5,[r1,r4]
        sub   r5,r5,#0
        beq   4f
        add   r6,r4,r4
        add   r6,r6,#3          // this one is, and its multiples are not
        add   r12,r12,#1
        add   r7,r4,r6
        mov   r16,#0
        sub   r17,r7,r2
        bgteu 4f
3:      strb  r16,[r1,r7]
        add   r7,r7,r6
        sub   r17,r7,r2
        bltu  3b
4:      add   r4,r4,#1
        sub   r5,r4,r2
        bne   2b
        sub   r0,r0,#1
        bne   0b
        mov   r0,r12
        idle

// How many steps Collatz takes from every number down to 1, all together. Nobody foresees its branches.  R0: numbers.
        .org 0x500
collatz:
        mov   r1,#1
        mov   r2,#0             // steps
0:      mov   r3,r0
1:      sub   r4,r3,#1
        beq   4f
        add   r2,r2,#1
        and   r4,r3,r1
        beq   2f
        lsl   r4,r3,#1
        add   r3,r3,r4
        add   r3,r3,#1
        b     1b
2:      lsr   r3,r3,#1
        b     1b
4:      sub   r0,r0,#1
        bne   0b
        mov   r0,r2
        idle

// Fibonacci's numbers by definition: calls, and a stack.  R0: which number, R13: stack.
        .org 0x600
fibonacci:
        bl    0f
        idle
0:      sub   r1,r0,#2
        blt   1f
        sub   sp,sp,#16
        strd  r4,[sp]
        str   lr,[sp,#2]
        mov   r4,r0
        sub   r0,r0,#1
        bl    0b
        mov   r5,r0
        sub   r0,r4,#2
        bl    0b
        add   r0,r0,r5
        ldr   lr,[sp,#2]
        ldrd  r4,[sp]
        add   sp,sp,#16
1:      rts
