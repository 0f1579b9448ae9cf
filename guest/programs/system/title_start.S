# Entry and end of a plain-ELF title: it ends when its entry returns, so the way back is kept here
# until the C library wants to exit.
    .text
    .globl _start
    .type _start,@function
_start:
    mflr    0
    lis     9, way_back@ha
    addi    9, 9, way_back@l
    stw     0, 0(9)
    stw     1, 4(9)
    stwu    1, -64(1)
    bl      title_main
    .size _start, . - _start

# title_exit(code): what _start returns is the title's exit code.
    .globl title_exit
    .type title_exit,@function
title_exit:
    lis     9, way_back@ha
    addi    9, 9, way_back@l
    lwz     0, 0(9)
    lwz     1, 4(9)
    mtlr    0
    blr
    .size title_exit, . - title_exit

    .bss
    .balign 4
way_back:
    .space 8
    .section .note.GNU-stack,"",@progbits
