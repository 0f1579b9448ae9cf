# vrefp: Vector Reciprocal Estimate Floating Point.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Expected: from RPCS3's tables of a Cell PPE (https://github.com/RPCS3/rpcs3, Emu/Cell/Common.h).
# Written by make-cases (jit-tests/src/bin/make-cases).

test_vrefp_1:
  #_ REGISTER_IN v2 [7F800000, FF800000, 00000000, 80000000]
  vrefp v1,v2
  blr
  #_ REGISTER_OUT v1 [00000000, 80000000, 7F800000, FF800000]
  #_ REGISTER_OUT vscr 0x00010000

test_vrefp_2:
  #_ REGISTER_IN v2 [7FC00000, FFC12345, 7F800001, 7F800000]
  vrefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FC00000, FFC12345, 7FC00001, 00000000]
  #_ REGISTER_OUT vscr 0x00010000

test_vrefp_3:
  #_ REGISTER_IN v2 [3F800000, BFC00000, 40400000, 3FFFFFFF]
  vrefp v1,v2
  blr
  #_ REGISTER_OUT v1 [3F7FF800, BF2AA800, 3EAAA800, 3F000106]
  #_ REGISTER_OUT vscr 0x00010000
