# Seed of the fuzzer's corpus: compares feed logic on CR bits, moves of fields and branches both ways.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_compare_and_select_1:
  #_ REGISTER_IN r4 0x0000000100000001
  #_ REGISTER_IN r5 0x0000000000000002
  #_ REGISTER_IN cr 0x12345678
  #_ REGISTER_IN vscr 0x00010000
  cmpw cr1,r4,r5
  cmpld cr2,r4,r5
  crandc 0,5,9
  cror 30,4,8
  mcrf cr5,cr1
  mfcr r6
  bt 0,skip1
  addi r7,r7,1
skip1:
  bf 30,over1
  addi r7,r7,2
over1:
  mtcrf 0x42,r7
  mfcr r8
  blr
  #_ REGISTER_OUT r6 0x000000001844587A
  #_ REGISTER_OUT r7 0x0000000000000003
  #_ REGISTER_OUT r8 0x000000001044580A
  #_ REGISTER_OUT cr 0x1044580A
