# mcrf: Move Condition Register Field.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mcrf_1:
  #_ REGISTER_IN cr 0xB0C69674
  #_ REGISTER_IN xer 0x0000007F
  mcrf cr2,4
  blr
  #_ REGISTER_OUT cr 0xB0969674
  #_ REGISTER_OUT xer 0x0000007F

test_mcrf_2:
  #_ REGISTER_IN cr 0x8A8F75D3
  #_ REGISTER_IN xer 0x20000000
  mcrf cr1,7
  blr
  #_ REGISTER_OUT cr 0x838F75D3
  #_ REGISTER_OUT xer 0x20000000

test_mcrf_3:
  #_ REGISTER_IN cr 0x07B4DC5A
  #_ REGISTER_IN xer 0x80000000
  mcrf cr1,6
  blr
  #_ REGISTER_OUT cr 0x05B4DC5A
  #_ REGISTER_OUT xer 0x80000000

test_mcrf_4:
  #_ REGISTER_IN cr 0x206043F6
  #_ REGISTER_IN xer 0xE0000000
  mcrf cr7,1
  blr
  #_ REGISTER_OUT cr 0x206043F0
  #_ REGISTER_OUT xer 0xE0000000

test_mcrf_5:
  #_ REGISTER_IN cr 0x2C069EFC
  #_ REGISTER_IN xer 0x0000007F
  mcrf cr1,0
  blr
  #_ REGISTER_OUT cr 0x22069EFC
  #_ REGISTER_OUT xer 0x0000007F

test_mcrf_6:
  #_ REGISTER_IN cr 0xB929DC06
  #_ REGISTER_IN xer 0x00000000
  mcrf cr4,0
  blr
  #_ REGISTER_OUT cr 0xB929BC06
  #_ REGISTER_OUT xer 0x00000000

test_mcrf_7:
  #_ REGISTER_IN cr 0x1A25A5F6
  #_ REGISTER_IN xer 0xE0000000
  mcrf cr0,5
  blr
  #_ REGISTER_OUT cr 0x5A25A5F6
  #_ REGISTER_OUT xer 0xE0000000

test_mcrf_8:
  #_ REGISTER_IN cr 0x78C6DD91
  #_ REGISTER_IN xer 0x00000000
  mcrf cr3,6
  blr
  #_ REGISTER_OUT cr 0x78C9DD91
  #_ REGISTER_OUT xer 0x00000000

test_mcrf_9:
  #_ REGISTER_IN cr 0x909754ED
  #_ REGISTER_IN xer 0x0000007F
  mcrf cr6,1
  blr
  #_ REGISTER_OUT cr 0x9097540D
  #_ REGISTER_OUT xer 0x0000007F

test_mcrf_10:
  #_ REGISTER_IN cr 0x92407432
  #_ REGISTER_IN xer 0x20000000
  mcrf cr4,7
  blr
  #_ REGISTER_OUT cr 0x92402432
  #_ REGISTER_OUT xer 0x20000000

test_mcrf_11:
  #_ REGISTER_IN cr 0x244D2CF8
  #_ REGISTER_IN xer 0x0000007F
  mcrf cr6,4
  blr
  #_ REGISTER_OUT cr 0x244D2C28
  #_ REGISTER_OUT xer 0x0000007F

test_mcrf_12:
  #_ REGISTER_IN cr 0xA5ACA736
  #_ REGISTER_IN xer 0xE0000000
  mcrf cr7,0
  blr
  #_ REGISTER_OUT cr 0xA5ACA73A
  #_ REGISTER_OUT xer 0xE0000000
