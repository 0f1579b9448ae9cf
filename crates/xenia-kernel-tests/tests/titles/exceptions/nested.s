# Three functions: the inner filter declines and has a __finally, the middle one has a
# __finally, the outer one handles the exception.
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
main_try:
        bl middle
        nop
main_try_end:
        li 3, 0
        b main_out
main_except:
        note 5
        li 3, 6
main_out:
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_except
main_filter:
        enter 96
main_filter_body:
        note 2
        li 3, 1
        leave 96
main_filter_end:

        words_before __C_specific_handler, middle_scopes
middle:
        enter 96
middle_body:
middle_try:
        bl inner
        nop
middle_try_end:
        leave 96
middle_end:
middle_scopes:
        .long 1, middle_try, middle_try_end, middle_finally, 0
middle_finally:                         # r3: abnormal
        enter 96
middle_finally_body:
        addi 3, 3, 0x40
        bl log
        leave 96
middle_finally_end:

# Two nested scopes, and one that does not cover the call.
        words_before __C_specific_handler, inner_scopes
inner:
        enter 96
inner_body:
inner_try:
        lis 3, 0xE000
        li 4, 0
        bl raise
        nop
inner_try_end:
        nop
inner_rest:
        nop
inner_rest_end:
        leave 96
inner_end:
inner_scopes:
        .long 3
        .long inner_rest, inner_rest_end, inner_wrong, 0
        .long inner_try, inner_try_end, inner_filter, inner_rest
        .long inner_try, inner_rest, inner_finally, 0
inner_filter:
        enter 96
inner_filter_body:
        note 1
        li 3, 0
        leave 96
inner_filter_end:
inner_finally:
        enter 96
inner_finally_body:
        note 3
        leave 96
inner_finally_end:
inner_wrong:
        enter 96
inner_wrong_body:
        note 0x99
        leave 96
inner_wrong_end:
