# mfmsr: Move from Machine State Register.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mfmsr_1:
  mfmsr r3
  rldicl r4,r3,1,63
  rldicl r5,r3,51,63
  rldicl r6,r3,39,63
  blr
  #_ REGISTER_OUT r4 0x0000000000000000
  #_ REGISTER_OUT r5 0x0000000000000001
  #_ REGISTER_OUT r6 0x0000000000000001
