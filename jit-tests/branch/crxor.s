# crxor: Condition Register XOR.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_crxor_1:
  #_ REGISTER_IN cr 0x212ED4C1
  #_ REGISTER_IN xer 0xE0000000
  crxor 14,21,14
  blr
  #_ REGISTER_OUT cr 0x212CD4C1
  #_ REGISTER_OUT xer 0xE0000000

test_crxor_2:
  #_ REGISTER_IN cr 0x828E185A
  #_ REGISTER_IN xer 0x80000000
  crxor 20,20,11
  blr
  #_ REGISTER_OUT cr 0x828E185A
  #_ REGISTER_OUT xer 0x80000000

test_crxor_3:
  #_ REGISTER_IN cr 0xA2034F77
  #_ REGISTER_IN xer 0x0000007F
  crxor 23,0,22
  blr
  #_ REGISTER_OUT cr 0xA2034E77
  #_ REGISTER_OUT xer 0x0000007F

test_crxor_4:
  #_ REGISTER_IN cr 0x4BBD0BDB
  #_ REGISTER_IN xer 0x00000000
  crxor 13,22,28
  blr
  #_ REGISTER_OUT cr 0x4BB90BDB
  #_ REGISTER_OUT xer 0x00000000

test_crxor_5:
  #_ REGISTER_IN cr 0x5B789D83
  #_ REGISTER_IN xer 0x20000000
  crxor 26,5,22
  blr
  #_ REGISTER_OUT cr 0x5B789D83
  #_ REGISTER_OUT xer 0x20000000

test_crxor_6:
  #_ REGISTER_IN cr 0x0B44EE04
  #_ REGISTER_IN xer 0x00000000
  crxor 10,3,29
  blr
  #_ REGISTER_OUT cr 0x0B64EE04
  #_ REGISTER_OUT xer 0x00000000

test_crxor_7:
  #_ REGISTER_IN cr 0x7C143CD4
  #_ REGISTER_IN xer 0x00000000
  crxor 28,23,23
  blr
  #_ REGISTER_OUT cr 0x7C143CD4
  #_ REGISTER_OUT xer 0x00000000

test_crxor_8:
  #_ REGISTER_IN cr 0x8F017D04
  #_ REGISTER_IN xer 0x0000007F
  crxor 15,12,17
  blr
  #_ REGISTER_OUT cr 0x8F017D04
  #_ REGISTER_OUT xer 0x0000007F

test_crxor_9:
  #_ REGISTER_IN cr 0x2545CFF7
  #_ REGISTER_IN xer 0x80000000
  crxor 11,26,12
  blr
  #_ REGISTER_OUT cr 0x2555CFF7
  #_ REGISTER_OUT xer 0x80000000

test_crxor_10:
  #_ REGISTER_IN cr 0xEBFD3033
  #_ REGISTER_IN xer 0x0000007F
  crxor 23,6,22
  blr
  #_ REGISTER_OUT cr 0xEBFD3133
  #_ REGISTER_OUT xer 0x0000007F

test_crxor_11:
  #_ REGISTER_IN cr 0xC447EC6A
  #_ REGISTER_IN xer 0xE0000000
  crxor 30,6,30
  blr
  #_ REGISTER_OUT cr 0xC447EC6A
  #_ REGISTER_OUT xer 0xE0000000

test_crxor_12:
  #_ REGISTER_IN cr 0xA09F1EFD
  #_ REGISTER_IN xer 0xE0000000
  crxor 10,24,5
  blr
  #_ REGISTER_OUT cr 0xA0BF1EFD
  #_ REGISTER_OUT xer 0xE0000000
