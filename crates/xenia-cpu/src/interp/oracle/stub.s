# Runs single instructions under qemu-ppc64: reads 320-byte records from standard input, loads the
# state from them, executes their word, stores the state into them and writes them to standard output.
#
#   0 word   8 FPSCR   16 VSCR   32 CR   40 XER   48 r5   56 r6
#  64 f0-f7   128 v0-v7   256 memory (64 bytes, r4 points at it)
    .abiversion 2
    .section .slot, "awx"
    .globl _start
_start:
    lis 31, buffer@ha
    addi 31, 31, buffer@l
next:
    mr 30, 31
    li 29, 320
more:
    li 0, 3
    li 3, 0
    mr 4, 30
    mr 5, 29
    sc
    cmpdi 3, 0
    ble end
    add 30, 30, 3
    subf. 29, 3, 29
    bne more
    lwz 3, 0(31)
    lis 4, slot@ha
    addi 4, 4, slot@l
    lwz 5, 0(4)
    cmpw 3, 5
    beq same
    stw 3, 0(4)
    dcbst 0, 4
    sync
    icbi 0, 4
    sync
    isync
same:
    lfd 0, 8(31)
    mtfsf 0xFF, 0
    li 3, 16
    lvx 0, 31, 3
    mtvscr 0
    ld 3, 32(31)
    mtcrf 0xFF, 3
    ld 3, 40(31)
    mtxer 3
    lfd 0, 64(31)
    lfd 1, 72(31)
    lfd 2, 80(31)
    lfd 3, 88(31)
    lfd 4, 96(31)
    lfd 5, 104(31)
    lfd 6, 112(31)
    lfd 7, 120(31)
    addi 3, 31, 128
    lvx 0, 0, 3
    addi 3, 3, 16
    lvx 1, 0, 3
    addi 3, 3, 16
    lvx 2, 0, 3
    addi 3, 3, 16
    lvx 3, 0, 3
    addi 3, 3, 16
    lvx 4, 0, 3
    addi 3, 3, 16
    lvx 5, 0, 3
    addi 3, 3, 16
    lvx 6, 0, 3
    addi 3, 3, 16
    lvx 7, 0, 3
    addi 4, 31, 256
    ld 5, 48(31)
    ld 6, 56(31)
slot:
    nop
    std 5, 48(31)
    std 6, 56(31)
    stfd 0, 64(31)
    stfd 1, 72(31)
    stfd 2, 80(31)
    stfd 3, 88(31)
    stfd 4, 96(31)
    stfd 5, 104(31)
    stfd 6, 112(31)
    stfd 7, 120(31)
    mffs 0
    stfd 0, 8(31)
    addi 3, 31, 128
    stvx 0, 0, 3
    addi 3, 3, 16
    stvx 1, 0, 3
    addi 3, 3, 16
    stvx 2, 0, 3
    addi 3, 3, 16
    stvx 3, 0, 3
    addi 3, 3, 16
    stvx 4, 0, 3
    addi 3, 3, 16
    stvx 5, 0, 3
    addi 3, 3, 16
    stvx 6, 0, 3
    addi 3, 3, 16
    stvx 7, 0, 3
    mfvscr 0
    li 3, 16
    stvx 0, 31, 3
    mfcr 3
    std 3, 32(31)
    mfxer 3
    std 3, 40(31)
    li 0, 4
    li 3, 1
    mr 4, 31
    li 5, 320
    sc
    b next
end:
    li 0, 1
    li 3, 0
    sc

    .bss
    .balign 4096
buffer:
    .space 4096
