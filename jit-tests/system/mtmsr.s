# mtmsr: Move to Machine State Register.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtmsr_1:
  mfmsr r3
  rldicl r4,r3,1,63
  rldicl r5,r3,51,63
  rldicl r6,r3,39,63
  blr
  #_ REGISTER_OUT r4 0x0000000000000000
  #_ REGISTER_OUT r5 0x0000000000000001
  #_ REGISTER_OUT r6 0x0000000000000001

test_mtmsr_2:
  #_ REGISTER_IN r10 0x0000000000008002
  mfmsr r10
  li r4,0
  mtmsr r4,1
  mfmsr r5
  xor r6,r5,r10
  andi. r6,r6,0x8002
  andi. r5,r5,0x8002
  mtmsr r10,1
  mfmsr r7
  xor r7,r7,r10
  blr
  #_ REGISTER_OUT r5 0x0000000000000000
  #_ REGISTER_OUT r7 0x0000000000000000

test_mtmsr_3:
  mfmsr r10
  li r4,0x2000
  andc r4,r10,r4
  mtmsr r4
  mfmsr r5
  andi. r5,r5,0x2000
  mtmsr r10
  mfmsr r6
  xor r6,r6,r10
  blr
  #_ REGISTER_OUT r5 0x0000000000000000
  #_ REGISTER_OUT r6 0x0000000000000000
