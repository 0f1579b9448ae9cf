# cror: Condition Register OR.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_cror_1:
  #_ REGISTER_IN cr 0x561077AC
  #_ REGISTER_IN xer 0xE0000000
  cror 19,27,13
  blr
  #_ REGISTER_OUT cr 0x561067AC
  #_ REGISTER_OUT xer 0xE0000000

test_cror_2:
  #_ REGISTER_IN cr 0xD7F93418
  #_ REGISTER_IN xer 0x80000000
  cror 7,17,4
  blr
  #_ REGISTER_OUT cr 0xD6F93418
  #_ REGISTER_OUT xer 0x80000000

test_cror_3:
  #_ REGISTER_IN cr 0x1218AED8
  #_ REGISTER_IN xer 0x00000000
  cror 27,3,1
  blr
  #_ REGISTER_OUT cr 0x1218AED8
  #_ REGISTER_OUT xer 0x00000000

test_cror_4:
  #_ REGISTER_IN cr 0x654A0F45
  #_ REGISTER_IN xer 0xE0000000
  cror 29,21,18
  blr
  #_ REGISTER_OUT cr 0x654A0F45
  #_ REGISTER_OUT xer 0xE0000000

test_cror_5:
  #_ REGISTER_IN cr 0xFA96A163
  #_ REGISTER_IN xer 0x80000000
  cror 20,30,2
  blr
  #_ REGISTER_OUT cr 0xFA96A963
  #_ REGISTER_OUT xer 0x80000000

test_cror_6:
  #_ REGISTER_IN cr 0xE3B98914
  #_ REGISTER_IN xer 0x20000000
  cror 6,21,25
  blr
  #_ REGISTER_OUT cr 0xE1B98914
  #_ REGISTER_OUT xer 0x20000000

test_cror_7:
  #_ REGISTER_IN cr 0xA3EA0AD3
  #_ REGISTER_IN xer 0x0000007F
  cror 13,1,8
  blr
  #_ REGISTER_OUT cr 0xA3EE0AD3
  #_ REGISTER_OUT xer 0x0000007F

test_cror_8:
  #_ REGISTER_IN cr 0xBBAFF197
  #_ REGISTER_IN xer 0x80000000
  cror 14,15,29
  blr
  #_ REGISTER_OUT cr 0xBBAFF197
  #_ REGISTER_OUT xer 0x80000000

test_cror_9:
  #_ REGISTER_IN cr 0x17AF39E8
  #_ REGISTER_IN xer 0x80000000
  cror 19,27,6
  blr
  #_ REGISTER_OUT cr 0x17AF39E8
  #_ REGISTER_OUT xer 0x80000000

test_cror_10:
  #_ REGISTER_IN cr 0xE7CC5780
  #_ REGISTER_IN xer 0x80000000
  cror 31,4,2
  blr
  #_ REGISTER_OUT cr 0xE7CC5781
  #_ REGISTER_OUT xer 0x80000000

test_cror_11:
  #_ REGISTER_IN cr 0x04B0272C
  #_ REGISTER_IN xer 0x20000000
  cror 10,14,7
  blr
  #_ REGISTER_OUT cr 0x0490272C
  #_ REGISTER_OUT xer 0x20000000

test_cror_12:
  #_ REGISTER_IN cr 0x5A69DEA0
  #_ REGISTER_IN xer 0x0000007F
  cror 15,13,21
  blr
  #_ REGISTER_OUT cr 0x5A69DEA0
  #_ REGISTER_OUT xer 0x0000007F
