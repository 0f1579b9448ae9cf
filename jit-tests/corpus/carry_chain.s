# Seed of the fuzzer's corpus: carries through an add, a subtraction and their extended forms, with a record form between.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_carry_chain_1:
  #_ REGISTER_IN r4 0x00000000FFFFFFFF
  #_ REGISTER_IN r5 0x0000000000000001
  #_ REGISTER_IN xer 0xA0000000
  #_ REGISTER_IN vscr 0x00010000
  addc r3,r4,r5
  adde r6,r4,r4
  subfe. r7,r5,r4
  addme r8,r7
  subfze r9,r8
  addic r10,r9,-1
  subfic r11,r10,3
  addzeo. r12,r11
  blr
  #_ REGISTER_OUT r3 0x0000000100000000
  #_ REGISTER_OUT r6 0x00000001FFFFFFFF
  #_ REGISTER_OUT r7 0x00000000FFFFFFFE
  #_ REGISTER_OUT r8 0x00000000FFFFFFFE
  #_ REGISTER_OUT r9 0xFFFFFFFF00000002
  #_ REGISTER_OUT r10 0xFFFFFFFF00000001
  #_ REGISTER_OUT r11 0x0000000100000002
  #_ REGISTER_OUT cr 0x50000000
  #_ REGISTER_OUT xer 0x80000000
