# vd_swap: VdSwap for C. gcc's ABI has the ninth and tenth argument at r1+8 and r1+12 of the caller;
# the kernel wants them at r1+0x54, 8 bytes apart.
    .text
    .globl vd_swap
    .type vd_swap,@function
vd_swap:
    mflr    0
    stw     0, 4(1)
    lwz     11, 8(1)
    lwz     12, 12(1)
    stwu    1, -128(1)
    stw     11, 0x54(1)
    stw     12, 0x5C(1)
    bl      VdSwap
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size vd_swap, . - vd_swap
