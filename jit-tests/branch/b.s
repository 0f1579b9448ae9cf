# b: Branch.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_b_1:
  #_ REGISTER_IN cr 0x00000005
  mflr r12
  bl here1
here1:
  mflr r4
  li r3,1
  b there1
  li r3,2
there1:
  mflr r5
  sub r5,r5,r4
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000001
  #_ REGISTER_OUT r5 0x0000000000000000
  #_ REGISTER_OUT cr 0x00000005

test_b_2:
  #_ REGISTER_IN cr 0x00000005
  mflr r12
  bl here2
here2:
  mflr r4
  li r3,1
  bl there2
  li r3,2
there2:
  mflr r5
  sub r5,r5,r4
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000001
  #_ REGISTER_OUT r5 0x000000000000000C
  #_ REGISTER_OUT cr 0x00000005

test_b_3:
  li r3,0
  b one3
two3:
  addi r3,r3,2
  b three3
one3:
  addi r3,r3,1
  b two3
three3:
  blr
  #_ REGISTER_OUT r3 0x0000000000000003
