# Seed of the fuzzer's corpus: which operand's NaN a result takes, quiet and signalling, in sums, products and both at once.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_nan_order_1:
  #_ REGISTER_IN f1 0x7FF0000000000001
  #_ REGISTER_IN f2 0x7FFC000000001234
  #_ REGISTER_IN f3 0xFFF8000000000055
  #_ REGISTER_IN f4 0x3FF0000000000000
  #_ REGISTER_IN vscr 0x00010000
  fadd f5,f1,f2
  fadd f6,f2,f1
  fmul f7,f2,f3
  fmadd f8,f1,f2,f3
  fmadd f9,f4,f2,f3
  fnmsub f10,f4,f4,f1
  fsub f11,f3,f1
  fneg f12,f5
  blr
  #_ REGISTER_OUT f5 0x7FF8000000000001
  #_ REGISTER_OUT f6 0x7FFC000000001234
  #_ REGISTER_OUT f7 0x7FFC000000001234
  #_ REGISTER_OUT f8 0x7FF8000000000001
  #_ REGISTER_OUT f9 0xFFF8000000000055
  #_ REGISTER_OUT f10 0x7FF8000000000001
  #_ REGISTER_OUT f11 0xFFF8000000000055
  #_ REGISTER_OUT f12 0xFFF8000000000001
