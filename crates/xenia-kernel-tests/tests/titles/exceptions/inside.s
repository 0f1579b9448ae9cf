# A filter raises another exception, which the outer function handles.
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
main_try:
        bl inner
        nop
main_try_end:
        li 3, 0
        b main_out
main_except:
        bl log
        note 4
        li 3, 5
main_out:
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_except
main_filter:                            # accepts only 0xE0000002
        enter 96
main_filter_body:
        lwz 9, 0(3)
        lwz 30, 0(9)
        lwz 3, 4(9)                     # flags
        bl log
        li 3, 0
        clrlwi 30, 30, 16
        cmpwi 30, 2
        bne 1f
        li 3, 1
1:
        leave 96
main_filter_end:

        words_before __C_specific_handler, inner_scopes
inner:
        enter 96
inner_body:
inner_try:
        lis 3, 0xE000
        ori 3, 3, 1
        li 4, 0
        bl raise
        nop
inner_try_end:
        leave 96
inner_end:
inner_scopes:
        .long 2
        .long inner_try, inner_try_end, inner_filter, inner_end
        .long inner_try, inner_try_end, inner_finally, 0
inner_filter:                           # raises once, then declines
        enter 96
inner_filter_body:
        lwz 9, 0(3)
        lwz 30, 4(9)
        mr 3, 30
        bl log
        lis 9, DATA@h
        lwz 3, 0(9)
        cmpwi 3, 0
        li 3, 0
        bne 1f
        li 3, 1
        stw 3, 0(9)
        lis 3, 0xE000
        ori 3, 3, 2
        li 4, 0
        bl raise
        note 0x99
1:      li 3, 0
        leave 96
inner_filter_end:
inner_finally:
        enter 96
inner_finally_body:
        note 3
        leave 96
inner_finally_end:
