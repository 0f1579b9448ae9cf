# FX, UX and XX of products below the normal range: inexact, rounded up to the smallest normal
# number, exact, and of an operand that is not a single.
# Expected: worked out by hand from PowerISA 2.02; tininess is detected before rounding.

test_denormal_products_1:
  #_ REGISTER_IN f1 0x3810000000000000
  #_ REGISTER_IN f2 0x3FE5555560000000
  #_ REGISTER_IN f3 0x3FEFFFFFE0000000
  #_ REGISTER_IN f4 0x3FE0000000000000
  #_ REGISTER_IN f5 0x3FE5555555555555
  fmuls f12,f1,f2
  mcrfs cr0,0
  mcrfs cr1,1
  fmuls f13,f1,f3
  mcrfs cr2,0
  mcrfs cr3,1
  fmuls f14,f1,f4
  mcrfs cr4,0
  mcrfs cr5,1
  fmuls f15,f1,f5
  mcrfs cr6,0
  mcrfs cr7,1
  blr
  #_ REGISTER_OUT f12 0x3805555580000000
  #_ REGISTER_OUT f13 0x3810000000000000
  #_ REGISTER_OUT f14 0x3800000000000000
  #_ REGISTER_OUT f15 0x3805555540000000
  #_ REGISTER_OUT cr 0x8A8A008A

test_denormal_products_2:
  #_ REGISTER_IN f1 0x3810000000000000
  #_ REGISTER_IN f2 0xBFE5555560000000
  #_ REGISTER_IN f3 0x36A0000000000000
  #_ REGISTER_IN f4 0x3FE0000000000000
  fmuls f12,f1,f2
  mffs f13
  fmuls f14,f3,f4
  mffs f15
  blr
  #_ REGISTER_OUT f12 0xB805555580000000
  #_ REGISTER_OUT f13 0x000000008A078000
  #_ REGISTER_OUT f14 0x0000000000000000
  #_ REGISTER_OUT f15 0x000000008A022000
