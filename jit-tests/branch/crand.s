# crand: Condition Register AND.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_crand_1:
  #_ REGISTER_IN cr 0x3D0C7311
  #_ REGISTER_IN xer 0x20000000
  crand 12,27,8
  blr
  #_ REGISTER_OUT cr 0x3D047311
  #_ REGISTER_OUT xer 0x20000000

test_crand_2:
  #_ REGISTER_IN cr 0xC5650723
  #_ REGISTER_IN xer 0xE0000000
  crand 29,28,21
  blr
  #_ REGISTER_OUT cr 0xC5650723
  #_ REGISTER_OUT xer 0xE0000000

test_crand_3:
  #_ REGISTER_IN cr 0xED5CD69B
  #_ REGISTER_IN xer 0x80000000
  crand 29,1,8
  blr
  #_ REGISTER_OUT cr 0xED5CD69B
  #_ REGISTER_OUT xer 0x80000000

test_crand_4:
  #_ REGISTER_IN cr 0xFE7D1C67
  #_ REGISTER_IN xer 0x00000000
  crand 26,6,14
  blr
  #_ REGISTER_OUT cr 0xFE7D1C47
  #_ REGISTER_OUT xer 0x00000000

test_crand_5:
  #_ REGISTER_IN cr 0x8BE696BB
  #_ REGISTER_IN xer 0x80000000
  crand 5,31,10
  blr
  #_ REGISTER_OUT cr 0x8FE696BB
  #_ REGISTER_OUT xer 0x80000000

test_crand_6:
  #_ REGISTER_IN cr 0x2489B879
  #_ REGISTER_IN xer 0x0000007F
  crand 4,25,15
  blr
  #_ REGISTER_OUT cr 0x2C89B879
  #_ REGISTER_OUT xer 0x0000007F

test_crand_7:
  #_ REGISTER_IN cr 0x527E2A65
  #_ REGISTER_IN xer 0xE0000000
  crand 22,26,14
  blr
  #_ REGISTER_OUT cr 0x527E2A65
  #_ REGISTER_OUT xer 0xE0000000

test_crand_8:
  #_ REGISTER_IN cr 0x6722DFB1
  #_ REGISTER_IN xer 0x00000000
  crand 4,6,29
  blr
  #_ REGISTER_OUT cr 0x6722DFB1
  #_ REGISTER_OUT xer 0x00000000

test_crand_9:
  #_ REGISTER_IN cr 0x8DF6E14F
  #_ REGISTER_IN xer 0x00000000
  crand 19,3,11
  blr
  #_ REGISTER_OUT cr 0x8DF6E14F
  #_ REGISTER_OUT xer 0x00000000

test_crand_10:
  #_ REGISTER_IN cr 0xDC848866
  #_ REGISTER_IN xer 0x0000007F
  crand 22,25,17
  blr
  #_ REGISTER_OUT cr 0xDC848866
  #_ REGISTER_OUT xer 0x0000007F

test_crand_11:
  #_ REGISTER_IN cr 0xDCE97D0C
  #_ REGISTER_IN xer 0x0000007F
  crand 27,0,4
  blr
  #_ REGISTER_OUT cr 0xDCE97D1C
  #_ REGISTER_OUT xer 0x0000007F

test_crand_12:
  #_ REGISTER_IN cr 0xA5EDB05B
  #_ REGISTER_IN xer 0x80000000
  crand 10,6,26
  blr
  #_ REGISTER_OUT cr 0xA5CDB05B
  #_ REGISTER_OUT xer 0x80000000
