.macro load register, value=0
    lis \register, \value@h
    ori \register, \register, \value@l
.endm
    load r3, 0x12345678
    load r4
.rept 3
    addi r5, r5, 1
.endr
unique\@:
    /* a comment */ nop // another
