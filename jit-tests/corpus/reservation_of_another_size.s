# A conditional store of four bytes where eight are reserved, whose halves are equal: qemu stores and says that it has not.
# Expected: PowerISA 2.02 II 3.3.2 leaves it open; here it fails (docs/src/decisions/0013-qemu-differences.md).

test_reservation_of_another_size_1:
  #_ REGISTER_IN r4 0x55
  #_ REGISTER_IN r20 0x10002000
  #_ MEMORY_IN 10002000 C3E00000C3E00000
  ldarx r3,0,r20
  stwcx. r4,0,r20
  mfcr r6
  blr
  #_ REGISTER_OUT r3 0xC3E00000C3E00000
