# mcrxr: Move to Condition Register from XER.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mcrxr_1:
  #_ REGISTER_IN cr 0x12345678
  #_ REGISTER_IN xer 0xA0000011
  mcrxr cr0
  blr
  #_ REGISTER_OUT xer 0x00000011
  #_ REGISTER_OUT cr 0xA2345678

test_mcrxr_2:
  #_ REGISTER_IN cr 0x12345678
  #_ REGISTER_IN xer 0xE0000000
  mcrxr cr7
  blr
  #_ REGISTER_OUT xer 0x00000000
  #_ REGISTER_OUT cr 0x1234567E

test_mcrxr_3:
  #_ REGISTER_IN cr 0x12345678
  #_ REGISTER_IN xer 0x4000007F
  mcrxr cr3
  blr
  #_ REGISTER_OUT xer 0x0000007F
  #_ REGISTER_OUT cr 0x12345678
