# Entry of a title: takes memory for a stack as large as programs are used to, and goes on there.
# Nothing returns to the kernel: the title ends by a call.
    .text
    .globl _start
    .type _start,@function
_start:
    stwu    1, -64(1)
    lis     3, stack_size@ha
    lwz     3, stack_size@l(3)
    stw     3, 16(1)
    bl      take_memory
    lwz     4, 16(1)
    add     3, 3, 4
    addi    1, 3, -64
    li      0, 0
    stw     0, 0(1)
    stw     0, 4(1)
    bl      begin
    .size _start, . - _start

# Bytes of the main thread's stack; a title may define its own.
    .section .rodata
    .balign 4
    .weak stack_size
stack_size:
    .long 0x800000
    .section .note.GNU-stack,"",@progbits
