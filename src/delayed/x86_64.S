/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_64.S - functions that jump to a library's, which the first call of each finds.
 *
 * A slot is `struct delayed` of delayed.c: where to jump to, and the function's name. It leads back
 * to the stub's second half at first, which has the slot filled and jumps again, with all registers
 * of the System V ABI that may hold arguments as they were.
 */
.macro DELAYED name
    .text
    .globl \name
    .hidden \name
    .type \name, @function
\name:
    endbr64
    jmp *slot_\name(%rip)
first_\name:
    leaq slot_\name(%rip), %r11
    jmp find
    .size \name, . - \name
    .section .data.delayed, "aw", @progbits
    .balign 8
slot_\name:
    .quad first_\name, text_\name
    .section .rodata.delayed, "a", @progbits
text_\name:
    .asciz "\name"
.endm

    .text
    .type find, @function
find:
    .cfi_startproc
    pushq %r11
    .cfi_adjust_cfa_offset 8
    pushq %rax
    .cfi_adjust_cfa_offset 8
    pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    pushq %r8
    .cfi_adjust_cfa_offset 8
    pushq %r9
    .cfi_adjust_cfa_offset 8
    subq $136, %rsp
    .cfi_adjust_cfa_offset 136
    movups %xmm0, (%rsp)
    movups %xmm1, 16(%rsp)
    movups %xmm2, 32(%rsp)
    movups %xmm3, 48(%rsp)
    movups %xmm4, 64(%rsp)
    movups %xmm5, 80(%rsp)
    movups %xmm6, 96(%rsp)
    movups %xmm7, 112(%rsp)
    movq %r11, %rdi
    call delayed_find
    movups (%rsp), %xmm0
    movups 16(%rsp), %xmm1
    movups 32(%rsp), %xmm2
    movups 48(%rsp), %xmm3
    movups 64(%rsp), %xmm4
    movups 80(%rsp), %xmm5
    movups 96(%rsp), %xmm6
    movups 112(%rsp), %xmm7
    addq $136, %rsp
    .cfi_adjust_cfa_offset -136
    popq %r9
    .cfi_adjust_cfa_offset -8
    popq %r8
    .cfi_adjust_cfa_offset -8
    popq %rcx
    .cfi_adjust_cfa_offset -8
    popq %rdx
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    popq %rax
    .cfi_adjust_cfa_offset -8
    popq %r11
    .cfi_adjust_cfa_offset -8
    jmp *(%r11)
    .cfi_endproc
    .size find, . - find

    .section .note.GNU-stack, "", @progbits
