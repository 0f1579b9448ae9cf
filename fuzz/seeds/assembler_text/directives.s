# every kind of data, places and symbols
    .set step, 4 * (2 + 1)
    .equ mask, ~0 & 0xFFFF
start:
    .long 1, start, . - start, 0x12345678
    .byte 'a', 255, -1
    .half 0x1234
    .quad 0x0123456789ABCDEF
    .float 1.5, -0.25e3
    .double 2.5
    .ascii "text\n\101"
    .asciz "end"
    .align 4
    .balign 8
    .space 8, 0xAA
    .fill 2, 4, step
1:  b 1b
    beq cr7, 1f
    lis r3, start@ha
    addi r3, r3, start@l
    ori r4, r4, mask
1:  blr
