# A stack without locks. Its head is a doubleword, the first entry's address and a count of changes,
# so that an entry that was popped and pushed again in the meantime is noticed whatever the machine
# takes for the end of a reservation.
    .text

# push_counted(head, entry)
    .globl push_counted
    .type push_counted,@function
push_counted:
    sldi    8, 4, 32
1:  ldarx   5, 0, 3
    srdi    6, 5, 32
    stw     6, 0(4)
    lwsync
    addi    7, 5, 1
    clrldi  7, 7, 32
    or      7, 7, 8
    stdcx.  7, 0, 3
    bne-    1b
    blr
    .size push_counted, . - push_counted

# pop_counted(head) is an entry, or 0.
    .globl pop_counted
    .type pop_counted,@function
pop_counted:
1:  ldarx   5, 0, 3
    srdi    6, 5, 32
    cmpwi   6, 0
    beq     2f
    lwz     7, 0(6)
    addi    8, 5, 1
    clrldi  8, 8, 32
    sldi    7, 7, 32
    or      8, 8, 7
    stdcx.  8, 0, 3
    bne-    1b
    isync
2:  mr      3, 6
    blr
    .size pop_counted, . - pop_counted
