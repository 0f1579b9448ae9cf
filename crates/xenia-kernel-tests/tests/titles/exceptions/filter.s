# A function with __try calls one that saves registers, changes them, and raises an exception.
# The filter returns the word at DATA.
        words_before __C_specific_handler, main_scopes
main:   mflr 12
        bl save_29
        addi 31, 1, -160
        stwu 1, -160(1)
main_body:
        li 29, 0x2929
        lis 30, 0x3030
        ori 30, 30, 0x3131
        sldi 30, 30, 16
        lis 9, number@ha
        lfd 31, number@l(9)
        vspltisw 14, 5
        vspltisw 20, 7
        crset 12                        # CR3[LT], non-volatile
        stw 1, 80(31)                   # must be unchanged in the handler
main_try:
        bl victim
        nop
main_try_end:
        li 3, 0x77
        b main_out
main_except:                            # r3: the code
        stw 3, 84(31)
        bl log
        mr 3, 29
        bl log
        srdi 3, 30, 32
        bl log
        stfd 31, 88(31)
        lwz 3, 88(31)
        bl log
        addi 9, 31, 96
        stvx 14, 0, 9
        lwz 3, 96(31)
        bl log
        addi 9, 31, 96
        stvx 20, 0, 9
        lwz 3, 96(31)
        bl log
        mfcr 3
        rlwinm 3, 3, 16, 28, 31
        bl log
        lwz 3, 80(31)
        subf 3, 1, 3
        bl log
        li 3, 0x66
main_out:
        addi 1, 31, 160
        b rest_29
main_end:

main_scopes:
        .long 1
        .long main_try, main_try_end, main_filter, main_except

# r3: EXCEPTION_POINTERS, r12: the frame of main.
main_filter:
        std 31, -8(1)
        addi 31, 12, -160
        std 30, -16(1)
        mflr 12
        stw 12, -24(1)
        stwu 1, -112(1)
main_filter_body:
        mr 30, 3
        lwz 9, 0(30)                    # the record
        lwz 3, 0(9)
        bl log
        lwz 9, 0(30)
        lwz 3, 0x18(9)                  # its second parameter
        bl log
        lwz 9, 4(30)                    # the registers
        lwz 3, 8(9)                     # the raising instruction's successor
        lis 10, raise@ha
        addi 10, 10, raise@l
        subf 3, 10, 3
        bl log
        lwz 3, 80(31)                   # a variable of main
        subf 3, 31, 3
        bl log
        lis 9, DATA@h
        lwz 3, 0(9)
        lwz 1, 0(1)
        ld 31, -8(1)
        ld 30, -16(1)
        lwz 12, -24(1)
        mtlr 12
        blr
main_filter_end:

# Saves without routines: general, floating-point, vector, condition registers; changes all.
victim: mflr 12
        bl save_29
        stfd 31, -40(1)
        mfcr 12
        stw 12, -48(1)
        li 12, -64
        stvx 14, 1, 12
        li 12, -80
        stvx 20, 1, 12
        stwu 1, -192(1)
victim_body:
        li 29, 1
        li 30, 2
        li 31, 3
        fsub 31, 31, 31
        vspltisw 14, 0
        vspltisw 20, 0
        crclr 12
        lis 3, 0xE000
        ori 3, 3, 1
        lis 4, DATA@h
        lwz 4, 4(4)                     # flags
        bl raise
        note 0x55
        addi 1, 1, 192
        li 12, -80
        lvx 20, 1, 12
        li 12, -64
        lvx 14, 1, 12
        lwz 12, -48(1)
        mtcrf 0x38, 12
        lfd 31, -40(1)
        b rest_29
victim_end:

        .align 3
number: .long 0x40090000, 0
