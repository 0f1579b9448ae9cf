# 64-bit computation mode: MSR[SF] = 1.
# Source: PowerISA 2.02, book I, 1.12.2 (update forms write the whole effective address), 2.4.1 (branches test all of
# CTR), 3.3.8 and 3.3.9 (CR0, CA and OV of 64-bit results). That storage is addressed with the low 32 bits is ours.

test_lbzu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lbzu r3,16(r4)
  blr
  #_ REGISTER_OUT r3 0x000000000000003f
  #_ REGISTER_OUT r4 0xffffffff10002010

test_lhzu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lhzu r3,16(r4)
  blr
  #_ REGISTER_OUT r3 0x0000000000003f80
  #_ REGISTER_OUT r4 0xffffffff10002010

test_lhau_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lhau r3,16(r4)
  blr
  #_ REGISTER_OUT r3 0x0000000000003f80
  #_ REGISTER_OUT r4 0xffffffff10002010

test_lwzu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lwzu r3,16(r4)
  blr
  #_ REGISTER_OUT r3 0x000000003f800000
  #_ REGISTER_OUT r4 0xffffffff10002010

test_ldu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  ldu r3,16(r4)
  blr
  #_ REGISTER_OUT r3 0x3f80000080000001
  #_ REGISTER_OUT r4 0xffffffff10002010

test_lbzux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lbzux r3,r4,r5
  blr
  #_ REGISTER_OUT r3 0x000000000000003f
  #_ REGISTER_OUT r4 0x0000000410002010

test_lhzux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lhzux r3,r4,r5
  blr
  #_ REGISTER_OUT r3 0x0000000000003f80
  #_ REGISTER_OUT r4 0x0000000410002010

test_lhaux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lhaux r3,r4,r5
  blr
  #_ REGISTER_OUT r3 0x0000000000003f80
  #_ REGISTER_OUT r4 0x0000000410002010

test_lwzux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lwzux r3,r4,r5
  blr
  #_ REGISTER_OUT r3 0x000000003f800000
  #_ REGISTER_OUT r4 0x0000000410002010

test_ldux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  ldux r3,r4,r5
  blr
  #_ REGISTER_OUT r3 0x3f80000080000001
  #_ REGISTER_OUT r4 0x0000000410002010

test_lwaux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lwaux r3,r4,r5
  blr
  #_ REGISTER_OUT r3 0x000000003f800000
  #_ REGISTER_OUT r4 0x0000000410002010

test_lfsu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lfsu f3,16(r4)
  blr
  #_ REGISTER_OUT f3 0x3ff0000000000000
  #_ REGISTER_OUT r4 0xffffffff10002010

test_lfsux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lfsux f3,r4,r5
  blr
  #_ REGISTER_OUT f3 0x3ff0000000000000
  #_ REGISTER_OUT r4 0x0000000410002010

test_lfdu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lfdu f3,16(r4)
  blr
  #_ REGISTER_OUT f3 0x3f80000080000001
  #_ REGISTER_OUT r4 0xffffffff10002010

test_lfdux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r5 0x0000000500000010
  #_ MEMORY_IN 10002010 3F 80 00 00 80 00 00 01
  lfdux f3,r4,r5
  blr
  #_ REGISTER_OUT f3 0x3f80000080000001
  #_ REGISTER_OUT r4 0x0000000410002010

test_stbu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  stbu r3,-16(r4)
  blr
  #_ REGISTER_OUT r4 0xffffffff10001ff0
  #_ MEMORY_OUT 10001FF0 EF

test_stbux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  #_ REGISTER_IN r5 0xFFFFFFF1FFFFFFF0
  stbux r3,r4,r5
  blr
  #_ REGISTER_OUT r4 0xfffffff110001ff0
  #_ MEMORY_OUT 10001FF0 EF

test_sthu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  sthu r3,-16(r4)
  blr
  #_ REGISTER_OUT r4 0xffffffff10001ff0
  #_ MEMORY_OUT 10001FF0 CD EF

test_sthux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  #_ REGISTER_IN r5 0xFFFFFFF1FFFFFFF0
  sthux r3,r4,r5
  blr
  #_ REGISTER_OUT r4 0xfffffff110001ff0
  #_ MEMORY_OUT 10001FF0 CD EF

test_stwu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  stwu r3,-16(r4)
  blr
  #_ REGISTER_OUT r4 0xffffffff10001ff0
  #_ MEMORY_OUT 10001FF0 89 AB CD EF

test_stwux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  #_ REGISTER_IN r5 0xFFFFFFF1FFFFFFF0
  stwux r3,r4,r5
  blr
  #_ REGISTER_OUT r4 0xfffffff110001ff0
  #_ MEMORY_OUT 10001FF0 89 AB CD EF

test_stdu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  stdu r3,-16(r4)
  blr
  #_ REGISTER_OUT r4 0xffffffff10001ff0
  #_ MEMORY_OUT 10001FF0 01 23 45 67 89 AB CD EF

test_stdux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN r3 0x0123456789abcdef
  #_ REGISTER_IN r5 0xFFFFFFF1FFFFFFF0
  stdux r3,r4,r5
  blr
  #_ REGISTER_OUT r4 0xfffffff110001ff0
  #_ MEMORY_OUT 10001FF0 01 23 45 67 89 AB CD EF

test_stfsu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN f3 1.0
  stfsu f3,-16(r4)
  blr
  #_ REGISTER_OUT r4 0xffffffff10001ff0
  #_ MEMORY_OUT 10001FF0 3F 80 00 00

test_stfsux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN f3 1.0
  #_ REGISTER_IN r5 0xFFFFFFF1FFFFFFF0
  stfsux f3,r4,r5
  blr
  #_ REGISTER_OUT r4 0xfffffff110001ff0
  #_ MEMORY_OUT 10001FF0 3F 80 00 00

test_stfdu_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN f3 1.0
  stfdu f3,-16(r4)
  blr
  #_ REGISTER_OUT r4 0xffffffff10001ff0
  #_ MEMORY_OUT 10001FF0 3F F0 00 00 00 00 00 00

test_stfdux_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xffffffff10002000
  #_ REGISTER_IN f3 1.0
  #_ REGISTER_IN r5 0xFFFFFFF1FFFFFFF0
  stfdux f3,r4,r5
  blr
  #_ REGISTER_OUT r4 0xfffffff110001ff0
  #_ MEMORY_OUT 10001FF0 3F F0 00 00 00 00 00 00

test_bdnz_64_1:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000001
  li r3,1
  bc 16,0,there1
  li r3,2
there1:
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x0000000100000000

test_bdnzlr_64_2:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000001
  mflr r12
  bcl 20,31,here2
here2:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 16,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x0000000100000000

test_bdnz_64_3:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000001
  li r3,1
  bc 16,0,there3
  li r3,2
there3:
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bdnzlr_64_4:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bcl 20,31,here4
here4:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 16,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bdnz_64_5:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000000
  li r3,1
  bc 16,0,there5
  li r3,2
there5:
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0xffffffffffffffff

test_bdnzlr_64_6:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bcl 20,31,here6
here6:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 16,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0xffffffffffffffff

test_bdnz_64_7:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000002
  li r3,1
  bc 16,0,there7
  li r3,2
there7:
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bdnzlr_64_8:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bcl 20,31,here8
here8:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 16,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bdnz_64_9:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000000
  li r3,1
  bc 16,0,there9
  li r3,2
there9:
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x00000000ffffffff

test_bdnzlr_64_10:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000000
  mflr r12
  bcl 20,31,here10
here10:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 16,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x00000000ffffffff

test_bdz_64_11:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000001
  li r3,1
  bc 18,0,there11
  li r3,2
there11:
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x0000000100000000

test_bdzlr_64_12:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000001
  mflr r12
  bcl 20,31,here12
here12:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 18,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x0000000100000000

test_bdz_64_13:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000001
  li r3,1
  bc 18,0,there13
  li r3,2
there13:
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bdzlr_64_14:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000001
  mflr r12
  bcl 20,31,here14
here14:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 18,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x1
  #_ REGISTER_OUT ctr 0x0000000000000000

test_bdz_64_15:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000000
  li r3,1
  bc 18,0,there15
  li r3,2
there15:
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0xffffffffffffffff

test_bdzlr_64_16:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000000
  mflr r12
  bcl 20,31,here16
here16:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 18,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0xffffffffffffffff

test_bdz_64_17:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000002
  li r3,1
  bc 18,0,there17
  li r3,2
there17:
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bdzlr_64_18:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000000000002
  mflr r12
  bcl 20,31,here18
here18:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 18,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x0000000000000001

test_bdz_64_19:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000000
  li r3,1
  bc 18,0,there19
  li r3,2
there19:
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x00000000ffffffff

test_bdzlr_64_20:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN ctr 0x0000000100000000
  mflr r12
  bcl 20,31,here20
here20:
  mflr r4
  addi r4,r4,24
  mtlr r4
  li r3,1
  bclr 18,0
  li r3,2
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x2
  #_ REGISTER_OUT ctr 0x00000000ffffffff

test_mr_rc_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0x0000000080000000
  #_ REGISTER_IN xer 0x80000000
  mr. r3,r4
  blr
  #_ REGISTER_OUT r3 0x0000000080000000
  #_ REGISTER_OUT cr 0x50000000

test_mr_rc_64_negative:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0x8000000000000000
  mr. r3,r4
  blr
  #_ REGISTER_OUT cr 0x80000000

test_mr_rc_64_low_word_zero:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0x0000000100000000
  mr. r3,r4
  blr
  #_ REGISTER_OUT cr 0x40000000

test_stwcx_64_address:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0xABCDEF0010002000
  #_ REGISTER_IN r3 7
  lwarx r5,r0,r4
  stwcx. r3,r0,r4
  blr
  #_ REGISTER_OUT cr 0x20000000
  #_ MEMORY_OUT 10002000 00 00 00 07

test_lmw_64:
  #_ REGISTER_IN msr 0x800000000200A002
  #_ REGISTER_IN r4 0x1234567810002000
  #_ MEMORY_IN 10002000 80 00 00 00 00 00 00 02
  lmw r30,0(r4)
  blr
  #_ REGISTER_OUT r30 0x0000000080000000
  #_ REGISTER_OUT r31 0x0000000000000002

test_bl_link_64:
  #_ REGISTER_IN msr 0x800000000200A002
  mflr r12
  bcl 20,31,here
here:
  mflr r3
  mtlr r12
  rldicl r3,r3,32,32
  blr
  #_ REGISTER_OUT r3 0x0000000000000000

test_modes_alternate:
  #_ REGISTER_IN r4 0x00000000FFFFFFFF
  li r5,1
  mfmsr r10
  sldi r11,r5,63
  or r11,r11,r10
  li r6,3
  mtctr r6
  li r7,0
  li r8,0
again:
  addic. r3,r4,1
  adde r7,r7,r7
  mtmsrd r11
  addic. r3,r4,1
  adde r8,r8,r8
  mtmsrd r10
  bdnz again
  mfcr r9
  blr
  #_ REGISTER_OUT r3 0x0000000100000000
  #_ REGISTER_OUT r7 0x0000000000000007
  #_ REGISTER_OUT r8 0x0000000000000000
  #_ REGISTER_OUT r9 0x0000000040000000
