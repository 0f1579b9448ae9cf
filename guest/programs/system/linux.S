# The system layer for qemu-ppc: guest_system_call is Linux's system call.
# musl's own start-up goes before it.
    .text
    .globl guest_system_call
    .type guest_system_call,@function
guest_system_call:
    mr      0, 3
    mr      3, 4
    mr      4, 5
    mr      5, 6
    mr      6, 7
    mr      7, 8
    mr      8, 9
    sc
    bnslr+
    neg     3, 3
    blr
    .size guest_system_call, . - guest_system_call
    .section .note.GNU-stack,"",@progbits
