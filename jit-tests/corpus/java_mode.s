# Seed of the fuzzer's corpus: NJ changes between vector operations on denormals.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_java_mode_1:
  #_ REGISTER_IN v1 [00000001, 807FFFFF, 3F800000, 00800000]
  #_ REGISTER_IN v2 [00000002, 00400000, 00000001, 80800000]
  #_ REGISTER_IN v7 [00000000, 00000000, 00000000, 00010000]
  #_ REGISTER_IN vscr 0x00010000
  vaddfp v3,v1,v2
  vspltisw v4,0
  mtvscr v4
  vaddfp v5,v1,v2
  vmaddfp v6,v1,v2,v1
  mtvscr v7
  vmaddfp v8,v1,v2,v1
  vcmpgtfp. v9,v5,v3
  mfvscr v10
  blr
  #_ REGISTER_OUT v3 [00000000, 00000000, 3F800000, 00000000]
  #_ REGISTER_OUT v5 [00000003, 803FFFFF, 3F800000, 00000000]
  #_ REGISTER_OUT v6 [00000001, 807FFFFF, 3F800000, 00800000]
  #_ REGISTER_OUT v8 [00000000, 80000000, 3F800000, 00000000]
  #_ REGISTER_OUT v10 [00000000, 00000000, 00000000, 00010000]
  #_ REGISTER_OUT cr 0x00000020
