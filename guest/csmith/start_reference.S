# Entry of the reference program under Linux: main, then the system call exit.
    .text
    .globl _start
    .type _start,@function
_start:
    stwu    1, -64(1)
    bl      main
    li      0, 1
    sc
    .size _start, . - _start
