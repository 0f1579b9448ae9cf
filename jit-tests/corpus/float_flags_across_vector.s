# XX when vector arithmetic, which is never recorded in FPSCR, lies between scalar additions.
# Expected: worked out by hand from PowerISA 2.02: 1 + 2^-60 is inexact, 1 + 1 is not.

test_float_flags_across_vector_1:
  #_ REGISTER_IN f1 0x3FF0000000000000
  #_ REGISTER_IN f2 0x3C30000000000000
  #_ REGISTER_IN v1 [3F800000, 3F800000, 3F800000, 3F800000]
  #_ REGISTER_IN v2 [33000000, 33000000, 33000000, 33000000]
  fadd f3,f1,f2
  vaddfp v3,v1,v1
  fadd f4,f1,f1
  vaddfp v4,v1,v2
  fadd f5,f1,f1
  mcrfs cr0,0
  mcrfs cr1,1
  blr
  #_ REGISTER_OUT f4 0x4000000000000000
  #_ REGISTER_OUT v3 [40000000, 40000000, 40000000, 40000000]
  #_ REGISTER_OUT v4 [3F800000, 3F800000, 3F800000, 3F800000]
  #_ REGISTER_OUT cr 0x82000000

test_float_flags_across_vector_2:
  #_ REGISTER_IN f1 0x3FF0000000000000
  #_ REGISTER_IN v1 [3F800000, 3F800000, 3F800000, 3F800000]
  #_ REGISTER_IN v2 [33000000, 33000000, 33000000, 33000000]
  fadd f3,f1,f1
  vaddfp v3,v1,v2
  fadd f4,f1,f1
  vaddfp v4,v1,v2
  fadd f5,f1,f1
  mcrfs cr0,0
  mcrfs cr1,1
  blr
  #_ REGISTER_OUT f4 0x4000000000000000
  #_ REGISTER_OUT v3 [3F800000, 3F800000, 3F800000, 3F800000]
  #_ REGISTER_OUT cr 0x00000000
