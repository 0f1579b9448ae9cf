# sc: System Call.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_sc_1:
  #_ REGISTER_IN cr 0x12345678
  li r0,0
  li r3,0
  li r4,0
  li r5,7
  sc
  addi r5,r5,1
  blr
  #_ REGISTER_OUT r5 0x0000000000000008
  #_ REGISTER_OUT cr 0x12345678
