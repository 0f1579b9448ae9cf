# crandc: Condition Register AND with Complement.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_crandc_1:
  #_ REGISTER_IN cr 0x65615777
  #_ REGISTER_IN xer 0x80000000
  crandc 29,27,15
  blr
  #_ REGISTER_OUT cr 0x65615773
  #_ REGISTER_OUT xer 0x80000000

test_crandc_2:
  #_ REGISTER_IN cr 0x6ACBB8A2
  #_ REGISTER_IN xer 0x80000000
  crandc 0,12,20
  blr
  #_ REGISTER_OUT cr 0x6ACBB8A2
  #_ REGISTER_OUT xer 0x80000000

test_crandc_3:
  #_ REGISTER_IN cr 0x9B441D47
  #_ REGISTER_IN xer 0x0000007F
  crandc 29,20,6
  blr
  #_ REGISTER_OUT cr 0x9B441D43
  #_ REGISTER_OUT xer 0x0000007F

test_crandc_4:
  #_ REGISTER_IN cr 0xFC89A7CA
  #_ REGISTER_IN xer 0xE0000000
  crandc 13,9,14
  blr
  #_ REGISTER_OUT cr 0xFC89A7CA
  #_ REGISTER_OUT xer 0xE0000000

test_crandc_5:
  #_ REGISTER_IN cr 0x3DB72540
  #_ REGISTER_IN xer 0x00000000
  crandc 17,29,4
  blr
  #_ REGISTER_OUT cr 0x3DB72540
  #_ REGISTER_OUT xer 0x00000000

test_crandc_6:
  #_ REGISTER_IN cr 0x225562F7
  #_ REGISTER_IN xer 0xE0000000
  crandc 27,11,14
  blr
  #_ REGISTER_OUT cr 0x225562F7
  #_ REGISTER_OUT xer 0xE0000000

test_crandc_7:
  #_ REGISTER_IN cr 0x856393D3
  #_ REGISTER_IN xer 0xE0000000
  crandc 15,6,29
  blr
  #_ REGISTER_OUT cr 0x856293D3
  #_ REGISTER_OUT xer 0xE0000000

test_crandc_8:
  #_ REGISTER_IN cr 0xAD336A51
  #_ REGISTER_IN xer 0x00000000
  crandc 30,27,26
  blr
  #_ REGISTER_OUT cr 0xAD336A53
  #_ REGISTER_OUT xer 0x00000000

test_crandc_9:
  #_ REGISTER_IN cr 0x2D5FE63C
  #_ REGISTER_IN xer 0x00000000
  crandc 4,12,27
  blr
  #_ REGISTER_OUT cr 0x255FE63C
  #_ REGISTER_OUT xer 0x00000000

test_crandc_10:
  #_ REGISTER_IN cr 0x82B80F47
  #_ REGISTER_IN xer 0x00000000
  crandc 27,9,14
  blr
  #_ REGISTER_OUT cr 0x82B80F47
  #_ REGISTER_OUT xer 0x00000000

test_crandc_11:
  #_ REGISTER_IN cr 0x8ADD987C
  #_ REGISTER_IN xer 0xE0000000
  crandc 27,6,12
  blr
  #_ REGISTER_OUT cr 0x8ADD986C
  #_ REGISTER_OUT xer 0xE0000000

test_crandc_12:
  #_ REGISTER_IN cr 0x4235F5B8
  #_ REGISTER_IN xer 0x0000007F
  crandc 15,22,17
  blr
  #_ REGISTER_OUT cr 0x4234F5B8
  #_ REGISTER_OUT xer 0x0000007F
