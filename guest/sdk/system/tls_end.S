# The last object of a title: where its image of thread-local variables ends, counted from its
# start, as the C library wants to know.
    .section .tdata,"awT",@progbits
    .balign 16
.Ldata_end:
    .section .tbss,"awT",@nobits
    .balign 16
.Lend:
    .text
    .globl thread_local_sizes
    .type thread_local_sizes,@function
# thread_local_sizes(sizes): bytes with contents, and bytes in all. Thread
# pointers are 0x7000 beyond the start.
thread_local_sizes:
    lis     4, .Ldata_end@tprel@ha
    addi    4, 4, .Ldata_end@tprel@l
    addi    4, 4, 0x7000
    stw     4, 0(3)
    lis     4, .Lend@tprel@ha
    addi    4, 4, .Lend@tprel@l
    addi    4, 4, 0x7000
    stw     4, 4(3)
    blr
    .section .note.GNU-stack,"",@progbits
