# Entry of a title: the kernel calls it as the main thread's start routine, with a stack in r1 and a
# return address that ends the thread. The result of main is the title's exit code.
    .text
    .globl _start
    .type _start,@function
_start:
    mflr    0
    stw     0, 4(1)
    stwu    1, -64(1)
    bl      main
    lwz     0, 68(1)
    mtlr    0
    addi    1, 1, 64
    blr
    .size _start, . - _start
