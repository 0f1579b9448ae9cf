# mftb: Move from Time Base.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mftb_1:
  mftb r3
  li r6,4096
  mtctr r6
wait1:
  bdnz wait1
  mftb r4
  subfc r5,r3,r4
  subfe r8,r8,r8
  cmpldi cr1,r5,0
  mfcr r7
  rlwinm r7,r7,6,31,31
  blr
  #_ REGISTER_OUT r7 0x0000000000000001
  #_ REGISTER_OUT r8 0x0000000000000000

test_mftb_2:
  mftbu r3
  mftb r4
  srdi r4,r4,32
  sub r5,r4,r3
  blr
  #_ REGISTER_OUT r5 0x0000000000000000
