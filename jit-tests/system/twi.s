# twi: Trap Word Immediate.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_twi_1:
  #_ REGISTER_IN r4 0x02B320FD511EBBC6
  li r3,1
  twi 4,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_2:
  #_ REGISTER_IN r4 0x909C2D9C96DDFBAF
  li r3,1
  twi 9,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_3:
  #_ REGISTER_IN r4 0x000000000000003F
  li r3,1
  twi 20,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_4:
  #_ REGISTER_IN r4 0x000000000000003F
  li r3,1
  twi 8,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_5:
  #_ REGISTER_IN r4 0x0000000000000021
  li r3,1
  twi 21,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_6:
  #_ REGISTER_IN r4 0x000000007FFFFFFF
  li r3,1
  twi 6,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_7:
  #_ REGISTER_IN r4 0x0000000000000020
  li r3,1
  twi 13,r4,32767
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_8:
  #_ REGISTER_IN r4 0x7FFFFFFFFFFFFFFF
  li r3,1
  twi 25,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_9:
  #_ REGISTER_IN r4 0xFFFFFFFF80000000
  li r3,1
  twi 8,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_10:
  #_ REGISTER_IN r4 0x0000000000000000
  li r3,1
  twi 20,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_11:
  #_ REGISTER_IN r4 0x39A3E99A7AD27504
  li r3,1
  twi 16,r4,0
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_12:
  #_ REGISTER_IN r4 0x0000000080000000
  li r3,1
  twi 4,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_13:
  #_ REGISTER_IN r4 0x0000000100000000
  li r3,1
  twi 5,r4,-32768
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_14:
  #_ REGISTER_IN r4 0xD95FE1F822496BAA
  li r3,1
  twi 18,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_15:
  #_ REGISTER_IN r4 0xFFFFFFFF7FFFFFFF
  li r3,1
  twi 6,r4,1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002

test_twi_16:
  #_ REGISTER_IN r4 0x8000000000000000
  li r3,1
  twi 5,r4,-1
  li r3,2
  blr
  #_ REGISTER_OUT r3 0x0000000000000002
