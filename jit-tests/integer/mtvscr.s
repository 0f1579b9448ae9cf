# mtvscr: Move to VSCR.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtvscr_1:
  #_ REGISTER_IN v1 [00000000, 00000000, 00000000, 00010001]
  mtvscr v1
  blr
  #_ REGISTER_OUT vscr 0x00010001

test_mtvscr_2:
  #_ REGISTER_IN v1 [00000000, 00000000, 00000000, 00000000]
  mtvscr v1
  blr
  #_ REGISTER_OUT vscr 0x00000000

test_mtvscr_3:
  #_ REGISTER_IN v1 [00000000, 00000000, 00000000, 00000001]
  mtvscr v1
  blr
  #_ REGISTER_OUT vscr 0x00000001

test_mtvscr_4:
  #_ REGISTER_IN v1 [DEADBEEF, 00000000, 00000000, 00010000]
  mtvscr v1
  blr
  #_ REGISTER_OUT vscr 0x00010000
