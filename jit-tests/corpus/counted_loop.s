# Seed of the fuzzer's corpus: bdnz counts a CTR whose upper half is not zero; values live across the loop's back edge.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_counted_loop_1:
  #_ REGISTER_IN r4 0x0000000087654321
  #_ REGISTER_IN ctr 0xDEADBEEF00000006
  #_ REGISTER_IN vscr 0x00010000
  li r3,0
loop1:
  add r3,r3,r4
  rotlwi r4,r4,3
  xor. r5,r3,r4
  bdnzf 0,loop1
  mfctr r6
  blr
  #_ REGISTER_OUT r3 0x0000000087654321
  #_ REGISTER_OUT r4 0x000000003B2A190C
  #_ REGISTER_OUT r5 0x00000000BC4F5A2D
  #_ REGISTER_OUT r6 0xDEADBEEF00000005
  #_ REGISTER_OUT cr 0x80000000
  #_ REGISTER_OUT ctr 0xDEADBEEF00000005
