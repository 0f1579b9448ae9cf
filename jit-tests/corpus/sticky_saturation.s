# Seed of the fuzzer's corpus: SAT stays set over operations that don't saturate and goes by mtvscr.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_sticky_saturation_1:
  #_ REGISTER_IN v1 [FFFF0001, 7FFFFFFF, 80000000, 01020304]
  #_ REGISTER_IN v2 [01010101, 7FFFFFFF, 80000000, 00000001]
  #_ REGISTER_IN vscr 0x00010000
  vaddubs v3,v1,v2
  vaddubm v4,v1,v2
  mfvscr v5
  mtvscr v6
  vpkswss v7,v1,v2
  vsumsws v8,v1,v2
  mfvscr v9
  vcmpequw. v10,v5,v9
  mfcr r3
  blr
  #_ REGISTER_OUT v3 [FFFF0102, FEFFFFFF, FF000000, 01020305]
  #_ REGISTER_OUT v4 [00000102, FEFEFEFE, 00000000, 01020305]
  #_ REGISTER_OUT v5 [00000000, 00000000, 00000000, 00010001]
  #_ REGISTER_OUT v7 [80007FFF, 80007FFF, 7FFF7FFF, 80000001]
  #_ REGISTER_OUT v8 [00000000, 00000000, 00000000, 01010305]
  #_ REGISTER_OUT v9 [00000000, 00000000, 00000000, 00000001]
  #_ REGISTER_OUT v10 [FFFFFFFF, FFFFFFFF, FFFFFFFF, 00000000]
  #_ REGISTER_OUT vscr 0x00000001
