# bclr: Branch Conditional to Link Register.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_bclr_1:
  #_ REGISTER_IN cr 0x489057BB
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here1
here1:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 0,31
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x489057BB
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_2:
  #_ REGISTER_IN cr 0xDEECC2F4
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here2
here2:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 0,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xDEECC2F4
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_3:
  #_ REGISTER_IN cr 0x4545BF11
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here3
here3:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 0,9
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x4545BF11
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_4:
  #_ REGISTER_IN cr 0x1C23CD25
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here4
here4:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 0,1
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x1C23CD25
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_5:
  #_ REGISTER_IN cr 0x83F7AAF9
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here5
here5:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 2,7
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x83F7AAF9
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_6:
  #_ REGISTER_IN cr 0xC59B207A
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here6
here6:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 2,23
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xC59B207A
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_7:
  #_ REGISTER_IN cr 0x3FB12510
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here7
here7:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 2,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x3FB12510
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_8:
  #_ REGISTER_IN cr 0x91341BDA
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here8
here8:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 2,16
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x91341BDA
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_9:
  #_ REGISTER_IN cr 0x49F9DFA2
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here9
here9:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 4,9
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x49F9DFA2
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_10:
  #_ REGISTER_IN cr 0xD4459533
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here10
here10:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 4,29
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xD4459533
  #_ REGISTER_OUT ctr 0x0000000000000002

test_bclr_11:
  #_ REGISTER_IN cr 0xD9F2690D
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here11
here11:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 4,1
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xD9F2690D
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_12:
  #_ REGISTER_IN cr 0xB16E5467
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here12
here12:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 4,5
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xB16E5467
  #_ REGISTER_OUT ctr 0xDEADBEEF00000001

test_bclr_13:
  #_ REGISTER_IN cr 0xF16DF80F
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here13
here13:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 8,2
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xF16DF80F
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_14:
  #_ REGISTER_IN cr 0xA516FAEB
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here14
here14:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 8,9
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xA516FAEB
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_15:
  #_ REGISTER_IN cr 0x45F712C2
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here15
here15:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 8,10
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x45F712C2
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_16:
  #_ REGISTER_IN cr 0xBA1CEAA2
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here16
here16:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 8,27
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xBA1CEAA2
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_17:
  #_ REGISTER_IN cr 0xD487526A
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here17
here17:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 10,25
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xD487526A
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_18:
  #_ REGISTER_IN cr 0x98D9045D
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here18
here18:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 10,22
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x98D9045D
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_19:
  #_ REGISTER_IN cr 0x6BBB3CFE
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here19
here19:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 10,4
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x6BBB3CFE
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_20:
  #_ REGISTER_IN cr 0x52E2AAD6
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here20
here20:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 10,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x52E2AAD6
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_21:
  #_ REGISTER_IN cr 0xEC3219B2
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here21
here21:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 12,19
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xEC3219B2
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_22:
  #_ REGISTER_IN cr 0x0C14379C
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here22
here22:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 12,26
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x0C14379C
  #_ REGISTER_OUT ctr 0x0000000000000002

test_bclr_23:
  #_ REGISTER_IN cr 0xC38AEA64
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here23
here23:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 12,14
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xC38AEA64
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_24:
  #_ REGISTER_IN cr 0xED18F39E
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here24
here24:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 12,15
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xED18F39E
  #_ REGISTER_OUT ctr 0xDEADBEEF00000001

test_bclr_25:
  #_ REGISTER_IN cr 0xFA323C80
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here25
here25:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 16,6
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xFA323C80
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_26:
  #_ REGISTER_IN cr 0x3502F0BE
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here26
here26:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 16,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x3502F0BE
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_27:
  #_ REGISTER_IN cr 0xCB246B30
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here27
here27:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 16,20
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xCB246B30
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_28:
  #_ REGISTER_IN cr 0xE05D64E8
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here28
here28:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 16,16
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xE05D64E8
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_29:
  #_ REGISTER_IN cr 0x7667706D
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here29
here29:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 18,25
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x7667706D
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_30:
  #_ REGISTER_IN cr 0x63CFB16D
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here30
here30:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 18,3
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x63CFB16D
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_31:
  #_ REGISTER_IN cr 0x36B3DB3C
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here31
here31:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 18,28
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x36B3DB3C
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_32:
  #_ REGISTER_IN cr 0x01A86330
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here32
here32:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 18,15
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x01A86330
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_33:
  #_ REGISTER_IN cr 0x2F98C74A
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here33
here33:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 20,28
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x2F98C74A
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_34:
  #_ REGISTER_IN cr 0x97FE063F
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here34
here34:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 20,23
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x97FE063F
  #_ REGISTER_OUT ctr 0x0000000000000002

test_bclr_35:
  #_ REGISTER_IN cr 0x506ED6C3
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here35
here35:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 20,31
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x506ED6C3
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_36:
  #_ REGISTER_IN cr 0x50E16744
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here36
here36:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 20,19
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x50E16744
  #_ REGISTER_OUT ctr 0xDEADBEEF00000001

test_bclr_37:
  mflr r12
  bl here37
here37:
  mflr r4
  addi r6,r4,20
  mtlr r6
  li r3,1
  bclrl 20,lt
there37:
  mflr r5
  sub r5,r5,r4
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000001
  #_ REGISTER_OUT r5 0x0000000000000014
