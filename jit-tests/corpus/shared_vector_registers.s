# Seed of the fuzzer's corpus: VMX128 forms and AltiVec forms on the same registers, results into their own sources.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_shared_vector_registers_1:
  #_ REGISTER_IN v3 [3F800000, C0000000, 40400000, 3F000000]
  #_ REGISTER_IN v4 [40000000, 3F800000, BF800000, 40800000]
  #_ REGISTER_IN vscr 0x00010000
  vaddfp128 v3,v3,v4
  vmaddfp128 v3,v4,v3
  vmaddcfp128 v4,v3,v4
  vaddfp v4,v4,v3
  vmulfp128 v5,v4,v4
  vrlimi128 v5,v3,6,1
  vpermwi128 v6,v5,147
  vcmpgefp128. v7,v6,v5
  mfcr r3
  blr
  #_ REGISTER_OUT v3 [41100000, C0000000, 00000000, 41B40000]
  #_ REGISTER_OUT v4 [41E80000, C0400000, BF800000, 42E90000]
  #_ REGISTER_OUT v5 [44524000, 00000000, 41B40000, 46541100]
  #_ REGISTER_OUT v6 [41B40000, 00000000, 44524000, 46541100]
  #_ REGISTER_OUT v7 [00000000, FFFFFFFF, FFFFFFFF, FFFFFFFF]
