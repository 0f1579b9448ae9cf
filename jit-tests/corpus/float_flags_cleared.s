# UX and XX after mcrfs has cleared them, which exact arithmetic does not raise again.
# Expected: worked out by hand from PowerISA 2.02: the product of 2^-126 and a single below 1 is a
# denormal that ends in a tie.

test_float_flags_cleared_1:
  #_ REGISTER_IN f1 0x3810000000000000
  #_ REGISTER_IN f2 0x3FE5555560000000
  #_ REGISTER_IN f5 0x3FF0000000000000
  fmuls f3,f1,f2
  mcrfs cr0,0
  mcrfs cr1,1
  fadds f4,f5,f5
  mcrfs cr2,0
  mcrfs cr3,1
  fmuls f6,f1,f2
  fmuls f6,f1,f2
  mcrfs cr4,0
  mcrfs cr5,1
  fadd f7,f5,f5
  mcrfs cr6,0
  mcrfs cr7,1
  blr
  #_ REGISTER_OUT f3 0x3805555580000000
  #_ REGISTER_OUT f4 0x4000000000000000
  #_ REGISTER_OUT f6 0x3805555580000000
  #_ REGISTER_OUT f7 0x4000000000000000
  #_ REGISTER_OUT cr 0x8A008A00
