# Seed of the fuzzer's corpus: a call through CTR and a return through LR, decided by compares of two kinds.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_branches_through_registers_1:
  #_ REGISTER_IN f1 0x3FF0000000000000
  #_ REGISTER_IN f2 0x3FD5555555555555
  #_ REGISTER_IN vscr 0x00010000
  mflr r12
  bcl 20,31,here1
here1:
  mflr r6
  addi r7,r6,32
  mtctr r7
  fcmpu cr0,f1,f2
  bctrl
  addi r3,r3,1
  mtlr r12
  b end1
  addi r3,r3,16
  bnelr
  addi r3,r3,32
  blr
end1:
  cmpdi cr1,r3,17
  blr
  #_ REGISTER_OUT r3 0x0000000000000011
  #_ REGISTER_OUT cr 0x42000000
