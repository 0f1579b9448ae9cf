# A __finally block that runs because of an exception starts another unwind, to an outer function.
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
        addi 30, 1, 96                  # establisher frame, for the unwind
        lis 9, DATA@h
        stw 30, 0(9)
main_try:
        bl middle
        nop
main_try_end:
        note 0x98
main_label:                             # r3: the unwind's value
        bl log
        li 3, 9
        leave 96
main_except:
        note 0x97
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_except
main_filter:
        enter 96
main_filter_body:
        note 1
        li 3, 1
        leave 96
main_filter_end:

        words_before __C_specific_handler, middle_scopes
middle:
        enter 96
middle_body:
middle_outer:
middle_try:
        lis 3, 0xE000
        li 4, 0
        bl raise
        nop
middle_try_end:
        nop
middle_outer_end:
        leave 96
middle_end:
middle_scopes:
        .long 2
        .long middle_try, middle_try_end, middle_finally, 0
        .long middle_outer, middle_outer_end, middle_last, 0
middle_finally:
        enter 96
middle_finally_body:
        note 2
        lis 9, DATA@h
        lwz 3, 0(9)
        lis 4, main_label@ha
        addi 4, 4, main_label@l
        li 5, 0
        li 6, 0x33
        addi 7, 9, 0x1000               # the buffer for the registers that handlers see
        bl RtlUnwind2
        note 0x96
        leave 96
middle_finally_end:
middle_last:
        enter 96
middle_last_body:
        note 3
        leave 96
middle_last_end:
