# twi: Trap Word Immediate.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_twi_1:
  #_ REGISTER_IN r4 0x00000000DEADBEEF
  li r3,1
  twi 4,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_2:
  #_ REGISTER_IN r4 0xD784639261A63FEB
  li r3,1
  twi 4,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_3:
  #_ REGISTER_IN r4 0x0000000000000001
  li r3,1
  twi 1,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_4:
  #_ REGISTER_IN r4 0x966B7C2D67EB0956
  li r3,1
  twi 20,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_5:
  #_ REGISTER_IN r4 0xF0905F556535707B
  li r3,1
  twi 16,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_6:
  #_ REGISTER_IN r4 0x0000000000000002
  li r3,1
  twi 13,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_7:
  #_ REGISTER_IN r4 0x93A84E12ED6119E9
  li r3,1
  twi 13,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_8:
  #_ REGISTER_IN r4 0x0000000000000040
  li r3,1
  twi 6,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_9:
  #_ REGISTER_IN r4 0x0000000000007FFF
  li r3,1
  twi 17,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_10:
  #_ REGISTER_IN r4 0x0000000000000000
  li r3,1
  twi 2,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_11:
  #_ REGISTER_IN r4 0xDEADBEEF00000000
  li r3,1
  twi 3,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_12:
  #_ REGISTER_IN r4 0x000000000000007F
  li r3,1
  twi 21,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_13:
  #_ REGISTER_IN r4 0x0000000000000040
  li r3,1
  twi 5,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_14:
  #_ REGISTER_IN r4 0x0000000100000000
  li r3,1
  twi 1,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_15:
  #_ REGISTER_IN r4 0x7B604EADCD730279
  li r3,1
  twi 12,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_16:
  #_ REGISTER_IN r4 0x0000000000000001
  li r3,1
  twi 5,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
