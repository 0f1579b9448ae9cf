# Seed of the fuzzer's corpus: the rounding mode changes between operations on the same values.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_rounding_modes_1:
  #_ REGISTER_IN f1 0x3FF0000000000000
  #_ REGISTER_IN f2 0x4008000000000000
  #_ REGISTER_IN vscr 0x00010000
  mtfsfi 7,1
  fdiv f3,f1,f2
  mtfsfi 7,2
  fdiv f4,f1,f2
  mtfsb1 31
  fdivs f5,f1,f2
  mtfsfi 7,0
  fadd f6,f3,f4
  fmadd f7,f3,f4,f1
  fctid f8,f7
  fctidz f9,f4
  blr
  #_ REGISTER_OUT f3 0x3FD5555555555555
  #_ REGISTER_OUT f4 0x3FD5555555555556
  #_ REGISTER_OUT f5 0x3FD5555540000000
  #_ REGISTER_OUT f6 0x3FE5555555555556
  #_ REGISTER_OUT f7 0x3FF1C71C71C71C72
  #_ REGISTER_OUT f8 0x0000000000000001
