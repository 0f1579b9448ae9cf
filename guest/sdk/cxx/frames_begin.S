# The first object of a C++ title's unwind tables: where they begin.
    .section .eh_frame,"a",@progbits
    .balign 4
    .globl frames_begin
    .hidden frames_begin
frames_begin:
    .section .note.GNU-stack,"",@progbits
