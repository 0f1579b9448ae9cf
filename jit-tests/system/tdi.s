# tdi: Trap Doubleword Immediate.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_tdi_1:
  #_ REGISTER_IN r4 0xB335E00A8D7AA754
  li r3,1
  tdi 0,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_2:
  #_ REGISTER_IN r4 0x0000000000007FFF
  li r3,1
  tdi 25,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_3:
  #_ REGISTER_IN r4 0x000000000000003F
  li r3,1
  tdi 20,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_4:
  #_ REGISTER_IN r4 0x0000000000007FFF
  li r3,1
  tdi 4,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_5:
  #_ REGISTER_IN r4 0xDEADBEEF00000000
  li r3,1
  tdi 4,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_6:
  #_ REGISTER_IN r4 0x88D325901F18B2C6
  li r3,1
  tdi 10,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_7:
  #_ REGISTER_IN r4 0x314AD813AB335251
  li r3,1
  tdi 16,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_8:
  #_ REGISTER_IN r4 0xE8B99654DD0B0CD4
  li r3,1
  tdi 8,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_9:
  #_ REGISTER_IN r4 0x31D7A5C35349EF4A
  li r3,1
  tdi 18,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_10:
  #_ REGISTER_IN r4 0x0000000000000001
  li r3,1
  tdi 1,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_11:
  #_ REGISTER_IN r4 0x0000000080000000
  li r3,1
  tdi 6,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_12:
  #_ REGISTER_IN r4 0x0000000000000000
  li r3,1
  tdi 10,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_13:
  #_ REGISTER_IN r4 0x0000000000000001
  li r3,1
  tdi 10,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_14:
  #_ REGISTER_IN r4 0x000000007FFFFFFF
  li r3,1
  tdi 5,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_15:
  #_ REGISTER_IN r4 0x8000000000000000
  li r3,1
  tdi 14,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_16:
  #_ REGISTER_IN r4 0xFFFFFFFF7FFFFFFF
  li r3,1
  tdi 2,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
