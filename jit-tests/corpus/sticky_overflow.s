# Seed of the fuzzer's corpus: SO stays, and CR0 of later record forms copies it, until mcrxr takes it.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_sticky_overflow_1:
  #_ REGISTER_IN r4 0x000000007FFFFFFF
  #_ REGISTER_IN r5 0x0000000000000003
  #_ REGISTER_IN vscr 0x00010000
  addo r3,r4,r4
  subf. r9,r4,r4
  mullwo. r6,r4,r4
  nego r7,r4
  or. r8,r4,r4
  mcrxr cr3
  add. r9,r4,r4
  divwo. r10,r4,r5
  mfxer r11
  blr
  #_ REGISTER_OUT r3 0x00000000FFFFFFFE
  #_ REGISTER_OUT r6 0x3FFFFFFF00000001
  #_ REGISTER_OUT r7 0xFFFFFFFF80000001
  #_ REGISTER_OUT r8 0x000000007FFFFFFF
  #_ REGISTER_OUT r9 0x00000000FFFFFFFE
  #_ REGISTER_OUT r10 0x000000002AAAAAAA
  #_ REGISTER_OUT cr 0x40080000
