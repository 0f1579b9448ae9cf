# Calls that gcc's 32-bit ABI can't make: 64-bit arguments and results are one register for the kernel and two for gcc.
    .text

# ke_set_timer(timer, due_high, due_low, period, dpc) is KeSetTimerEx(timer, due, period, dpc).
    .globl ke_set_timer
    .type ke_set_timer,@function
ke_set_timer:
    sldi    4, 4, 32
    clrldi  5, 5, 32
    or      4, 4, 5
    mr      5, 6
    mr      6, 7
    b       KeSetTimerEx
    .size ke_set_timer, . - ke_set_timer

# ke_interrupt_time() is KeQueryInterruptTime() in two registers.
    .globl ke_interrupt_time
    .type ke_interrupt_time,@function
ke_interrupt_time:
    mflr    0
    stw     0, 4(1)
    stwu    1, -128(1)
    bl      KeQueryInterruptTime
    mr      4, 3
    srdi    3, 3, 32
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size ke_interrupt_time, . - ke_interrupt_time

# add_doublewords(word, rounds) adds 1 to a doubleword, by reservation, as often as that.
    .globl add_doublewords
    .type add_doublewords,@function
add_doublewords:
    mtctr   4
1:  ldarx   5, 0, 3
    addi    5, 5, 1
    stdcx.  5, 0, 3
    bne-    1b
    bdnz    1b
    blr
    .size add_doublewords, . - add_doublewords
