# mtmsrd: Move to Machine State Register Doubleword.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtmsrd_1:
  mfmsr r3
  rldicl r4,r3,1,63
  rldicl r5,r3,51,63
  rldicl r6,r3,39,63
  blr
  #_ REGISTER_OUT r4 0x0000000000000000
  #_ REGISTER_OUT r5 0x0000000000000001
  #_ REGISTER_OUT r6 0x0000000000000001

test_mtmsrd_2:
  #_ REGISTER_IN r10 0x0000000000008002
  mfmsr r10
  li r4,0
  mtmsrd r4,1
  mfmsr r5
  xor r6,r5,r10
  andi. r6,r6,0x8002
  andi. r5,r5,0x8002
  mtmsrd r10,1
  mfmsr r7
  xor r7,r7,r10
  blr
  #_ REGISTER_OUT r5 0x0000000000000000
  #_ REGISTER_OUT r7 0x0000000000000000

test_mtmsrd_3:
  mfmsr r10
  li r4,0x2000
  andc r4,r10,r4
  mtmsrd r4
  mfmsr r5
  andi. r5,r5,0x2000
  mtmsrd r10
  mfmsr r6
  xor r6,r6,r10
  blr
  #_ REGISTER_OUT r5 0x0000000000000000
  #_ REGISTER_OUT r6 0x0000000000000000

test_mtmsrd_4:
  #_ REGISTER_IN r5 0x000000007FFFFFFF
  #_ REGISTER_IN r6 0x0000000000000001
  mfmsr r10
  li r4,1
  sldi r4,r4,63
  or r4,r4,r10
  mtmsrd r4
  addo. r3,r5,r6
  mfcr r7
  mfxer r8
  addc r9,r5,r5
  mfxer r9
  mtmsrd r10
  blr
  #_ REGISTER_OUT r3 0x0000000080000000
  #_ REGISTER_OUT r7 0x0000000040000000
  #_ REGISTER_OUT r8 0x0000000000000000
  #_ REGISTER_OUT r9 0x0000000000000000

test_mtmsrd_5:
  #_ REGISTER_IN r5 0x7FFFFFFFFFFFFFFF
  #_ REGISTER_IN r6 0x0000000000000001
  mfmsr r10
  li r4,1
  sldi r4,r4,63
  or r4,r4,r10
  mtmsrd r4
  addo. r3,r5,r6
  mfcr r7
  mfxer r8
  addc r9,r5,r5
  mfxer r9
  mtmsrd r10
  blr
  #_ REGISTER_OUT r3 0x8000000000000000
  #_ REGISTER_OUT r7 0x0000000090000000
  #_ REGISTER_OUT r8 0x00000000C0000000
  #_ REGISTER_OUT r9 0x00000000C0000000

test_mtmsrd_6:
  #_ REGISTER_IN r5 0x00000000FFFFFFFF
  #_ REGISTER_IN r6 0x0000000000000001
  mfmsr r10
  li r4,1
  sldi r4,r4,63
  or r4,r4,r10
  mtmsrd r4
  addo. r3,r5,r6
  mfcr r7
  mfxer r8
  addc r9,r5,r5
  mfxer r9
  mtmsrd r10
  blr
  #_ REGISTER_OUT r3 0x0000000100000000
  #_ REGISTER_OUT r7 0x0000000040000000
  #_ REGISTER_OUT r8 0x0000000000000000
  #_ REGISTER_OUT r9 0x0000000000000000

test_mtmsrd_7:
  #_ REGISTER_IN r5 0xFFFFFFFFFFFFFFFF
  #_ REGISTER_IN r6 0x0000000000000001
  mfmsr r10
  li r4,1
  sldi r4,r4,63
  or r4,r4,r10
  mtmsrd r4
  addo. r3,r5,r6
  mfcr r7
  mfxer r8
  addc r9,r5,r5
  mfxer r9
  mtmsrd r10
  blr
  #_ REGISTER_OUT r3 0x0000000000000000
  #_ REGISTER_OUT r7 0x0000000020000000
  #_ REGISTER_OUT r8 0x0000000000000000
  #_ REGISTER_OUT r9 0x0000000020000000
