# The last object of a C++ title's unwind tables: a length of zero ends them.
    .section .eh_frame,"a",@progbits
    .balign 4
    .long 0
    .section .note.GNU-stack,"",@progbits
