# bclr: Branch Conditional to Link Register.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_bclr_1:
  #_ REGISTER_IN cr 0x050DA646
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here1
here1:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 0,15
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x050DA646
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_2:
  #_ REGISTER_IN cr 0x543968C1
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here2
here2:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 0,4
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x543968C1
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_3:
  #_ REGISTER_IN cr 0x7353F105
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here3
here3:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 0,23
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x7353F105
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_4:
  #_ REGISTER_IN cr 0x31A67B61
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
  #_ REGISTER_OUT cr 0x31A67B61
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_5:
  #_ REGISTER_IN cr 0x1C237D8D
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here5
here5:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 2,14
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x1C237D8D
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_6:
  #_ REGISTER_IN cr 0xD00D558E
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here6
here6:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 2,2
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xD00D558E
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_7:
  #_ REGISTER_IN cr 0xEE93BF4C
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here7
here7:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 2,14
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xEE93BF4C
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_8:
  #_ REGISTER_IN cr 0xD5560757
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here8
here8:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 2,8
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xD5560757
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_9:
  #_ REGISTER_IN cr 0xC4B2742F
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here9
here9:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 4,21
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xC4B2742F
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_10:
  #_ REGISTER_IN cr 0x18366E82
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here10
here10:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 4,1
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x18366E82
  #_ REGISTER_OUT ctr 0x0000000000000002

test_bclr_11:
  #_ REGISTER_IN cr 0x2BB892C9
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here11
here11:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 4,6
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x2BB892C9
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_12:
  #_ REGISTER_IN cr 0x5EB0FFF9
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here12
here12:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 4,7
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x5EB0FFF9
  #_ REGISTER_OUT ctr 0xDEADBEEF00000001

test_bclr_13:
  #_ REGISTER_IN cr 0x3FF95D54
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here13
here13:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 8,12
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x3FF95D54
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_14:
  #_ REGISTER_IN cr 0xBF9610A4
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here14
here14:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 8,15
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xBF9610A4
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_15:
  #_ REGISTER_IN cr 0xF5D3BF25
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here15
here15:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 8,19
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xF5D3BF25
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_16:
  #_ REGISTER_IN cr 0x8523F078
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here16
here16:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 8,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x8523F078
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_17:
  #_ REGISTER_IN cr 0x6CBC4929
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here17
here17:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 10,10
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x6CBC4929
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_18:
  #_ REGISTER_IN cr 0xF9B2F0DA
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here18
here18:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 10,21
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xF9B2F0DA
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_19:
  #_ REGISTER_IN cr 0xEA37E814
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here19
here19:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 10,27
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xEA37E814
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_20:
  #_ REGISTER_IN cr 0xEC5B02EC
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here20
here20:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 10,18
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xEC5B02EC
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_21:
  #_ REGISTER_IN cr 0xE89458AB
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here21
here21:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 12,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xE89458AB
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_22:
  #_ REGISTER_IN cr 0xF901AAA2
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here22
here22:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 12,23
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xF901AAA2
  #_ REGISTER_OUT ctr 0x0000000000000002

test_bclr_23:
  #_ REGISTER_IN cr 0x37FB6418
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here23
here23:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 12,8
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x37FB6418
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_24:
  #_ REGISTER_IN cr 0x057C2D5E
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here24
here24:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 12,16
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x057C2D5E
  #_ REGISTER_OUT ctr 0xDEADBEEF00000001

test_bclr_25:
  #_ REGISTER_IN cr 0xDFDE2332
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here25
here25:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 16,27
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xDFDE2332
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_26:
  #_ REGISTER_IN cr 0x9242285A
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here26
here26:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 16,4
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x9242285A
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_27:
  #_ REGISTER_IN cr 0x914A785C
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here27
here27:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 16,18
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x914A785C
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_28:
  #_ REGISTER_IN cr 0x3326A8DB
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here28
here28:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 16,8
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x3326A8DB
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_29:
  #_ REGISTER_IN cr 0x35EB559A
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here29
here29:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 18,30
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x35EB559A
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_30:
  #_ REGISTER_IN cr 0x89151F03
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here30
here30:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 18,2
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x89151F03
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_31:
  #_ REGISTER_IN cr 0x96FB7FC0
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here31
here31:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 18,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x96FB7FC0
  #_ REGISTER_OUT ctr 0xFFFFFFFFFFFFFFFF

test_bclr_32:
  #_ REGISTER_IN cr 0xEBCB9369
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here32
here32:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 18,5
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xEBCB9369
  #_ REGISTER_OUT ctr 0xDEADBEEF00000000

test_bclr_33:
  #_ REGISTER_IN cr 0x5070C824
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bl here33
here33:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 20,9
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x5070C824
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bclr_34:
  #_ REGISTER_IN cr 0xD9F1E824
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bl here34
here34:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclr 20,2
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xD9F1E824
  #_ REGISTER_OUT ctr 0x0000000000000002

test_bclr_35:
  #_ REGISTER_IN cr 0x6C793895
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here35
here35:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 20,12
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x6C793895
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bclr_36:
  #_ REGISTER_IN cr 0x96F6202B
  #_ REGISTER_IN ctr 0xDEADBEEF00000001
  mflr r12
  bl here36
here36:
  mflr r4
  addi r4,r4,20
  mtlr r4
  li r3,1
  bclrl 20,20
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x96F6202B
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
