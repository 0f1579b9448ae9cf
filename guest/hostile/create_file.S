# create_file: NtCreateFile for C. gcc's ABI has the ninth argument at r1+8 of the caller; the
# kernel wants it at r1+0x54.
    .text
    .globl create_file
    .type create_file,@function
create_file:
    mflr    0
    stw     0, 4(1)
    lwz     11, 8(1)
    stwu    1, -128(1)
    stw     11, 0x54(1)
    bl      NtCreateFile
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size create_file, . - create_file
