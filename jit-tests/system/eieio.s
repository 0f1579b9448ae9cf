# eieio: Enforce In-Order Execution of I/O.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_eieio_1:
  #_ REGISTER_IN r3 0x0000000012345678
  #_ REGISTER_IN r4 0x0000000010002000
  #_ REGISTER_IN cr 0x12345678
  stw r3,0(r4)
  eieio
  lwz r5,0(r4)
  blr
  #_ REGISTER_OUT r5 0x0000000012345678
  #_ REGISTER_OUT cr 0x12345678
