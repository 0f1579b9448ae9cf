# A compare of a denormal, and a vector instruction that flushes denormals before a branch looks at the result.
# Expected: worked out by hand from PowerISA 2.02: zero is less than a denormal, so EQ is clear.

test_float_compare_across_vector_1:
  #_ REGISTER_IN r20 0x10002000
  #_ MEMORY_IN 10002000 00006CCF8311C90D
  mflr r12
  lfd f18,0(r20)
  fcmpu cr7,f31,f18
  vcuxwfp128 v1,v25,25
  bdnzfl 4*cr7+eq,differs1
  li r3,1
differs1:
  addi r3,r3,16
  mtlr r12
  blr
  #_ REGISTER_OUT r3 16
  #_ REGISTER_OUT cr 0x00000008

test_float_compare_across_vector_2:
  #_ REGISTER_IN f18 0x00006CCF8311C90D
  #_ REGISTER_IN r20 0x10002000
  fcmpo cr0,f18,f31
  vaddfp v1,v2,v2
  bne differs2
  li r3,1
differs2:
  stw r3,0(r20)
  addi r3,r3,16
  blr
  #_ REGISTER_OUT r3 16
  #_ REGISTER_OUT cr 0x40000000
