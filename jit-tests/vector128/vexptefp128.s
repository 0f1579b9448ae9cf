# vexptefp128: Vector128 2 Raised to the Exponent Estimate Floating Point.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Expected: from RPCS3's tables of a Cell PPE (https://github.com/RPCS3/rpcs3, Emu/Cell/Common.h).
# Written by make-cases (jit-tests/src/bin/make-cases).

test_vexptefp128_1:
  #_ REGISTER_IN v127 [00000000, 80000000, 3F800000, 40000000]
  vexptefp128 v65,v127
  blr
  #_ REGISTER_OUT v65 [3F800000, 3F800000, 40000000, 40800000]
  #_ REGISTER_OUT vscr 0x00010000

test_vexptefp128_2:
  #_ REGISTER_IN v127 [7F800000, FF800000, 7FC00000, 7F800001]
  vexptefp128 v65,v127
  blr
  #_ REGISTER_OUT v65 [7F800000, 00000000, 7FC00000, 7FC00001]
  #_ REGISTER_OUT vscr 0x00010000

test_vexptefp128_3:
  #_ REGISTER_IN v127 [41200000, C0400000, 42FE0000, C2FC0000]
  vexptefp128 v65,v127
  blr
  #_ REGISTER_OUT v65 [44800000, 3E000000, 7F000000, 00800000]
  #_ REGISTER_OUT vscr 0x00010000

test_vexptefp128_4:
  #_ REGISTER_IN v127 [3F000000, BF000000, 3F400000, C2FD0000]
  vexptefp128 v65,v127
  blr
  #_ REGISTER_OUT v65 [3FB50000, 3F350000, 3FD71000, 00000000]
  #_ REGISTER_OUT vscr 0x00010000
