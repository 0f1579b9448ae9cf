# tdi: Trap Doubleword Immediate.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_tdi_1:
  #_ REGISTER_IN r4 0x000000000000003F
  li r3,1
  tdi 1,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_2:
  #_ REGISTER_IN r4 0xFFFFFFFF80000000
  li r3,1
  tdi 10,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_3:
  #_ REGISTER_IN r4 0xFFFFFFFFFFFFFFFF
  li r3,1
  tdi 16,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_4:
  #_ REGISTER_IN r4 0xCD577A805FCAC440
  li r3,1
  tdi 12,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_5:
  #_ REGISTER_IN r4 0x0000000000000001
  li r3,1
  tdi 19,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_6:
  #_ REGISTER_IN r4 0x000000000000007F
  li r3,1
  tdi 4,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_7:
  #_ REGISTER_IN r4 0x8000000000000000
  li r3,1
  tdi 6,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_8:
  #_ REGISTER_IN r4 0x000000000000003F
  li r3,1
  tdi 16,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_9:
  #_ REGISTER_IN r4 0x383B5CF08C2FFD2D
  li r3,1
  tdi 21,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_10:
  #_ REGISTER_IN r4 0xDEADBEEF00000000
  li r3,1
  tdi 12,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_11:
  #_ REGISTER_IN r4 0x0000000000000002
  li r3,1
  tdi 9,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_12:
  #_ REGISTER_IN r4 0x00000000DEADBEEF
  li r3,1
  tdi 17,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_13:
  #_ REGISTER_IN r4 0xDEADBEEF00000000
  li r3,1
  tdi 10,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_14:
  #_ REGISTER_IN r4 0x64FB17DDB377F31C
  li r3,1
  tdi 5,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_15:
  #_ REGISTER_IN r4 0x000000000000003F
  li r3,1
  tdi 21,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_tdi_16:
  #_ REGISTER_IN r4 0x0000000000000002
  li r3,1
  tdi 20,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
