# Seed of the fuzzer's corpus: results that nobody reads still leave their flags; a move takes FPSCR in between.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_overwritten_conversion_1:
  #_ REGISTER_IN f1 0x3FD5555555555555
  #_ REGISTER_IN f2 0x3FF0000000000000
  #_ REGISTER_IN vscr 0x00010000
  fctiw f3,f1
  fmr f3,f2
  mffs f4
  frsp f5,f1
  fadd f5,f2,f2
  mcrfs cr2,0
  fcmpu cr3,f1,f3
  fsel f6,f4,f2,f1
  blr
  #_ REGISTER_OUT f3 0x3FF0000000000000
  #_ REGISTER_OUT f4 0x0000000082020000
  #_ REGISTER_OUT f5 0x4000000000000000
  #_ REGISTER_OUT f6 0x3FF0000000000000
  #_ REGISTER_OUT cr 0x00880000
