# Kernel functions with nine arguments, for C: gcc's ABI has the ninth at r1+8 of the caller; the
# kernel wants it at r1+0x54.
    .text
    .macro nine_arguments name, kernel
    .globl \name
    .type \name,@function
\name:
    mflr    0
    stw     0, 4(1)
    lwz     11, 8(1)
    stwu    1, -128(1)
    stw     11, 0x54(1)
    bl      \kernel
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size \name, . - \name
    .endm

    nine_arguments create_file, NtCreateFile
    nine_arguments query_directory, NtQueryDirectoryFile
    .section .note.GNU-stack,"",@progbits
