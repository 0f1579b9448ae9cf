# An APC that interrupts a wait raises an exception, which the waiting function handles, twice.
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
        li 30, 0
main_again:
        lis 3, -1
        ori 3, 3, 0xFFFE
        lis 4, routine@ha
        addi 4, 4, routine@l
        addi 5, 30, 1
        li 6, 0
        li 7, 0
        bl NtQueueApcThread
        lis 9, DATA@h
        li 3, -1
        stw 3, 8(9)
        lis 3, -0x100
        stw 3, 12(9)
main_try:
        li 3, 1
        li 4, 1
        addi 5, 9, 8
        bl KeDelayExecutionThread
        nop
main_try_end:
        note 0x99
main_except:
        bl log
        addi 30, 30, 1
        cmpwi 30, 2
        bne main_again
        li 3, 7
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, 1, main_except
routine:
        enter 96
routine_body:
        oris 3, 3, 0xE000
        li 4, 0
        bl raise
        leave 96
routine_end:
