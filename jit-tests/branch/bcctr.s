# bcctr: Branch Conditional to Count Register.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_bcctr_1:
  #_ REGISTER_IN cr 0xC620DB04
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here1
here1:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctr 4,23
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xC620DB04

test_bcctr_2:
  #_ REGISTER_IN cr 0xC8CE1265
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here2
here2:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctr 4,18
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xC8CE1265

test_bcctr_3:
  #_ REGISTER_IN cr 0xA75E0D0C
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here3
here3:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctrl 4,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xA75E0D0C

test_bcctr_4:
  #_ REGISTER_IN cr 0x85C2AEB9
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here4
here4:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctrl 4,19
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x85C2AEB9

test_bcctr_5:
  #_ REGISTER_IN cr 0x245C250E
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here5
here5:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctr 12,18
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x245C250E

test_bcctr_6:
  #_ REGISTER_IN cr 0x4697D5B3
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here6
here6:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctr 12,2
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x4697D5B3

test_bcctr_7:
  #_ REGISTER_IN cr 0x78BEA96C
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here7
here7:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctrl 12,1
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x78BEA96C

test_bcctr_8:
  #_ REGISTER_IN cr 0x26C32C65
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here8
here8:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctrl 12,16
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x26C32C65

test_bcctr_9:
  #_ REGISTER_IN cr 0x8B302BEB
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here9
here9:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctr 20,11
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x8B302BEB

test_bcctr_10:
  #_ REGISTER_IN cr 0x553A253E
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here10
here10:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctr 20,2
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x553A253E

test_bcctr_11:
  #_ REGISTER_IN cr 0xB646C7A5
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here11
here11:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctrl 20,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0xB646C7A5

test_bcctr_12:
  #_ REGISTER_IN cr 0x2F1EA4BE
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bl here12
here12:
  mflr r4
  addi r4,r4,20
  mtctr r4
  li r3,1
  bcctrl 20,31
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
  #_ REGISTER_OUT cr 0x2F1EA4BE

test_bcctr_13:
  mflr r12
  bl here13
here13:
  mflr r4
  addi r6,r4,20
  mtctr r6
  li r3,1
  bcctrl 20,lt
there13:
  mflr r5
  sub r5,r5,r4
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000001
  #_ REGISTER_OUT r5 0x0000000000000014
