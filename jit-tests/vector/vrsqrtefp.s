# vrsqrtefp: Vector Reciprocal Square Root Estimate Floating Point.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_vrsqrtefp_1:
  #_ REGISTER_IN v2 [7F800000, 00000000, 80000000, 7FC00000]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [00000000, 7F800000, FF800000, 7FC00000]
  #_ REGISTER_OUT vscr 0x00010000

test_vrsqrtefp_2:
  #_ REGISTER_IN v2 [BF800000, FF800000, 7F800001, FFC12345]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FC00000, 7FC00000, 7FC00001, FFC12345]
  #_ REGISTER_OUT vscr 0x00010000
