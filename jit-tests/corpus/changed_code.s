# Seed of the fuzzer's corpus: code that replaces its own next instruction and says so.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_changed_code_1:
  #_ REGISTER_IN r4 0x0000000080000001
  #_ REGISTER_IN vscr 0x00010000
  mflr r12
  bcl 20,31,here1
here1:
  mflr r6
  addi r6,r6,40
  lis r7,0x6C85
  ori r7,r7,0x1234
  stw r7,0(r6)
  dcbst 0,r6
  sync
  icbi 0,r6
  sync
  isync
  addi r5,r4,17
  xor r8,r5,r4
  mtlr r12
  blr
  #_ REGISTER_OUT r5 0x0000000092340001
  #_ REGISTER_OUT r8 0x0000000012340000
