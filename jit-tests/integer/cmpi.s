# cmpi: Compare Immediate.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Expected: qemu-ppc64 7.2 with MSR[SF] set, for cases that set it.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_cmpi_1:
  #_ REGISTER_IN r3 0x0000000000000020
  #_ REGISTER_IN cr 0x0B137489
  #_ REGISTER_IN xer 0xE0000000
  cmpi cr2,1,r3,4660
  blr
  #_ REGISTER_OUT cr 0x0B937489
  #_ REGISTER_OUT xer 0xE0000000

test_cmpi_2:
  #_ REGISTER_IN r3 0x000000000000007F
  #_ REGISTER_IN cr 0x3EC975C9
  #_ REGISTER_IN xer 0x80000000
  cmpi cr3,0,r3,-1
  blr
  #_ REGISTER_OUT cr 0x3EC575C9
  #_ REGISTER_OUT xer 0x80000000

test_cmpi_3:
  #_ REGISTER_IN r3 0x0123456789ABCDEF
  #_ REGISTER_IN cr 0x0D7C3B37
  #_ REGISTER_IN xer 0xE0000000
  cmpi cr0,0,r3,0
  blr
  #_ REGISTER_OUT cr 0x9D7C3B37
  #_ REGISTER_OUT xer 0xE0000000

test_cmpi_4:
  #_ REGISTER_IN r3 0x000000000000003F
  #_ REGISTER_IN cr 0xFB5839C8
  #_ REGISTER_IN xer 0x20000000
  cmpi cr2,0,r3,4660
  blr
  #_ REGISTER_OUT cr 0xFB8839C8
  #_ REGISTER_OUT xer 0x20000000

test_cmpi_5:
  #_ REGISTER_IN r3 0x000000000000001F
  #_ REGISTER_IN cr 0x593E6688
  #_ REGISTER_IN xer 0x0000007F
  cmpi cr7,1,r3,-1
  blr
  #_ REGISTER_OUT cr 0x593E6684
  #_ REGISTER_OUT xer 0x0000007F

test_cmpi_6:
  #_ REGISTER_IN r3 0x0000000000000001
  #_ REGISTER_IN cr 0xE267822B
  #_ REGISTER_IN xer 0x0000007F
  cmpi cr2,1,r3,32767
  blr
  #_ REGISTER_OUT cr 0xE287822B
  #_ REGISTER_OUT xer 0x0000007F

test_cmpi_7:
  #_ REGISTER_IN r3 0xFFFFFFFFFFFFFFFF
  #_ REGISTER_IN cr 0x508098A6
  #_ REGISTER_IN xer 0x00000000
  cmpi cr5,0,r3,4660
  blr
  #_ REGISTER_OUT cr 0x508098A6
  #_ REGISTER_OUT xer 0x00000000

test_cmpi_8:
  #_ REGISTER_IN r3 0x0000000000000040
  #_ REGISTER_IN cr 0xC89F96A6
  #_ REGISTER_IN xer 0x80000000
  cmpi cr2,0,r3,0
  blr
  #_ REGISTER_OUT cr 0xC85F96A6
  #_ REGISTER_OUT xer 0x80000000

test_cmpi_9:
  #_ REGISTER_IN r3 0xFFFFFFFF7FFFFFFF
  #_ REGISTER_IN cr 0xE0DEE7F0
  #_ REGISTER_IN xer 0x00000000
  cmpi cr4,1,r3,-1
  blr
  #_ REGISTER_OUT cr 0xE0DE87F0
  #_ REGISTER_OUT xer 0x00000000

test_cmpi_10:
  #_ REGISTER_IN r3 0xFFFFFFFFFFFFFFFF
  #_ REGISTER_IN cr 0x51ACA40B
  #_ REGISTER_IN xer 0xE0000000
  cmpi cr5,0,r3,-4661
  blr
  #_ REGISTER_OUT cr 0x51ACA50B
  #_ REGISTER_OUT xer 0xE0000000

test_cmpi_11:
  #_ REGISTER_IN r3 0x0000000000000002
  #_ REGISTER_IN cr 0x46965446
  #_ REGISTER_IN xer 0x0000007F
  cmpi cr4,0,r3,0
  blr
  #_ REGISTER_OUT cr 0x46964446
  #_ REGISTER_OUT xer 0x0000007F

test_cmpi_12:
  #_ REGISTER_IN r3 0x00000000FFFFFFFF
  #_ REGISTER_IN cr 0x59F1B3D3
  #_ REGISTER_IN xer 0x20000000
  cmpi cr4,0,r3,32767
  blr
  #_ REGISTER_OUT cr 0x59F183D3
  #_ REGISTER_OUT xer 0x20000000

test_cmpi_13:
  #_ REGISTER_IN r3 0xFFFFFFFF80000000
  #_ REGISTER_IN cr 0xEE73B3B2
  #_ REGISTER_IN xer 0xE0000000
  mfmsr r30
  li r31,1
  sldi r31,r31,63
  or r31,r31,r30
  mtmsrd r31
  cmpi cr4,1,r3,-1
  mtmsrd r30
  blr
  #_ REGISTER_OUT cr 0xEE7393B2
  #_ REGISTER_OUT xer 0xE0000000

test_cmpi_14:
  #_ REGISTER_IN r3 0x000000000000007F
  #_ REGISTER_IN cr 0xDBC17575
  #_ REGISTER_IN xer 0x20000000
  mfmsr r30
  li r31,1
  sldi r31,r31,63
  or r31,r31,r30
  mtmsrd r31
  cmpi cr2,0,r3,1
  mtmsrd r30
  blr
  #_ REGISTER_OUT cr 0xDB417575
  #_ REGISTER_OUT xer 0x20000000

test_cmpi_15:
  #_ REGISTER_IN r3 0x0000000000000000
  #_ REGISTER_IN cr 0x89DCB6A2
  #_ REGISTER_IN xer 0x0000007F
  mfmsr r30
  li r31,1
  sldi r31,r31,63
  or r31,r31,r30
  mtmsrd r31
  cmpi cr6,0,r3,0
  mtmsrd r30
  blr
  #_ REGISTER_OUT cr 0x89DCB622
  #_ REGISTER_OUT xer 0x0000007F
