# crnor: Condition Register NOR.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_crnor_1:
  #_ REGISTER_IN cr 0xA2504D63
  #_ REGISTER_IN xer 0x0000007F
  crnor 25,30,0
  blr
  #_ REGISTER_OUT cr 0xA2504D23
  #_ REGISTER_OUT xer 0x0000007F

test_crnor_2:
  #_ REGISTER_IN cr 0x6F521C5C
  #_ REGISTER_IN xer 0x20000000
  crnor 1,24,15
  blr
  #_ REGISTER_OUT cr 0x6F521C5C
  #_ REGISTER_OUT xer 0x20000000

test_crnor_3:
  #_ REGISTER_IN cr 0x8466A543
  #_ REGISTER_IN xer 0x80000000
  crnor 16,25,1
  blr
  #_ REGISTER_OUT cr 0x84662543
  #_ REGISTER_OUT xer 0x80000000

test_crnor_4:
  #_ REGISTER_IN cr 0x2D87D274
  #_ REGISTER_IN xer 0x00000000
  crnor 18,22,24
  blr
  #_ REGISTER_OUT cr 0x2D87D274
  #_ REGISTER_OUT xer 0x00000000

test_crnor_5:
  #_ REGISTER_IN cr 0xCEBB7DF9
  #_ REGISTER_IN xer 0xE0000000
  crnor 30,25,10
  blr
  #_ REGISTER_OUT cr 0xCEBB7DF9
  #_ REGISTER_OUT xer 0xE0000000

test_crnor_6:
  #_ REGISTER_IN cr 0x002855F0
  #_ REGISTER_IN xer 0x00000000
  crnor 6,26,15
  blr
  #_ REGISTER_OUT cr 0x002855F0
  #_ REGISTER_OUT xer 0x00000000

test_crnor_7:
  #_ REGISTER_IN cr 0x9E623EBC
  #_ REGISTER_IN xer 0x80000000
  crnor 10,30,20
  blr
  #_ REGISTER_OUT cr 0x9E423EBC
  #_ REGISTER_OUT xer 0x80000000

test_crnor_8:
  #_ REGISTER_IN cr 0x58A98061
  #_ REGISTER_IN xer 0x20000000
  crnor 28,12,23
  blr
  #_ REGISTER_OUT cr 0x58A98061
  #_ REGISTER_OUT xer 0x20000000

test_crnor_9:
  #_ REGISTER_IN cr 0x01AA1959
  #_ REGISTER_IN xer 0x0000007F
  crnor 25,4,19
  blr
  #_ REGISTER_OUT cr 0x01AA1919
  #_ REGISTER_OUT xer 0x0000007F

test_crnor_10:
  #_ REGISTER_IN cr 0xC62DA476
  #_ REGISTER_IN xer 0x20000000
  crnor 6,0,9
  blr
  #_ REGISTER_OUT cr 0xC42DA476
  #_ REGISTER_OUT xer 0x20000000

test_crnor_11:
  #_ REGISTER_IN cr 0x00FC1FC2
  #_ REGISTER_IN xer 0xE0000000
  crnor 12,27,8
  blr
  #_ REGISTER_OUT cr 0x00F41FC2
  #_ REGISTER_OUT xer 0xE0000000

test_crnor_12:
  #_ REGISTER_IN cr 0xF6CF5677
  #_ REGISTER_IN xer 0x00000000
  crnor 4,0,29
  blr
  #_ REGISTER_OUT cr 0xF6CF5677
  #_ REGISTER_OUT xer 0x00000000
