# Processor exceptions: the filter logs code, parameters and address, repairs the registers,
# and continues.
        words_before __C_specific_handler, main_scopes
main:
        enter 160
main_body:
        mr 31, 1
        lis 30, DATA@h
main_try:
        li 4, 0x10
        lwz 3, 4(4)                     # unmapped memory; r4 becomes DATA
main_access:
        bl log
        lis 4, main@h
        stw 4, 0(4)                     # code is read-only; r4 becomes DATA
        li 5, 0
        twllei 5, 0                     # the trap of a division by 0; r5 becomes 1
        li 5, -1
        twlgei 5, -1
        .long 0                         # illegal instruction
        mtctr 5                         # r5 is -1: a call to a bad address
        bctrl
        twui 3, 7
main_try_end:
        note 0x60
        li 3, 0x61
        leave 160
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_end
main_filter:
        enter 112
main_filter_body:
        mr 31, 3
        lwz 9, 0(31)
        lwz 3, 0(9)
        bl log
        lwz 9, 0(31)
        lwz 3, 0x10(9)                  # number of parameters
        cmpwi 3, 2
        bne 1f
        lwz 3, 0x14(9)
        bl log
        lwz 9, 0(31)
        lwz 3, 0x18(9)
        bl log
1:      lwz 9, 0(31)
        lwz 10, 4(31)
        lwz 3, 0xC(9)                   # the address, equal to the pc
        lwz 8, 8(10)
        cmpw 3, 8
        bne wrong
        lwz 9, 0(9)
        lis 8, 0xC000
        ori 8, 8, 5
        cmpw 9, 8
        beq 2f
        addi 3, 3, 4                    # the others: resume after it
        stw 3, 8(10)
        b 3f
2:      lis 8, DATA@h
        li 7, 0
        std 7, 0x18+32(10)
        stw 8, 0x18+36(10)              # r4
        lwz 8, 8(10)
        cmpwi 8, -4
        bne 3f
        lwz 8, 0xC(10)                  # the bad call: as if it had returned
        stw 8, 8(10)
3:      li 3, -1
        leave 112
wrong:
        note 0xBAD
        li 3, 0
        leave 112
main_filter_end:
