# A noncontinuable exception: a filter that continues raises another, nested in the first.
        words_before __C_specific_handler, main_scopes
main:
        enter 96
main_body:
main_try:
        lis 3, 0xE000
        li 4, 1                         # noncontinuable
        bl raise
        nop
main_try_end:
        li 3, 0
        b main_out
main_except:
        bl log
        li 3, 5
main_out:
        leave 96
main_end:
main_scopes:
        .long 1, main_try, main_try_end, main_filter, main_except
main_filter:
        enter 96
main_filter_body:
        lwz 31, 0(3)
        lwz 30, 0(31)
        mr 3, 30
        bl log
        lwz 3, 4(31)
        bl log
        clrlwi 30, 30, 24
        cmpwi 30, 0x25
        li 3, -1
        bne 1f
        lwz 9, 8(31)                    # the first record
        lwz 3, 0(9)
        bl log
        li 3, 1
1:
        leave 96
main_filter_end:
