# cmpli: Compare Logical Immediate.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Expected: qemu-ppc64 7.2 with MSR[SF] set, for cases that set it.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_cmpli_1:
  #_ REGISTER_IN r3 0x000000000000003F
  #_ REGISTER_IN cr 0xE68B6176
  #_ REGISTER_IN xer 0x0000007F
  cmpli cr2,1,r3,65535
  blr
  #_ REGISTER_OUT cr 0xE68B6176
  #_ REGISTER_OUT xer 0x0000007F

test_cmpli_2:
  #_ REGISTER_IN r3 0x000000000000007F
  #_ REGISTER_IN cr 0x0AB16B0C
  #_ REGISTER_IN xer 0xE0000000
  cmpli cr4,0,r3,21845
  blr
  #_ REGISTER_OUT cr 0x0AB19B0C
  #_ REGISTER_OUT xer 0xE0000000

test_cmpli_3:
  #_ REGISTER_IN r3 0x53B784AC55369C03
  #_ REGISTER_IN cr 0xBFB6B5A3
  #_ REGISTER_IN xer 0x0000007F
  cmpli cr7,1,r3,32768
  blr
  #_ REGISTER_OUT cr 0xBFB6B5A4
  #_ REGISTER_OUT xer 0x0000007F

test_cmpli_4:
  #_ REGISTER_IN r3 0x380E318DC22F6002
  #_ REGISTER_IN cr 0x584305E7
  #_ REGISTER_IN xer 0xE0000000
  cmpli cr4,1,r3,1
  blr
  #_ REGISTER_OUT cr 0x584355E7
  #_ REGISTER_OUT xer 0xE0000000

test_cmpli_5:
  #_ REGISTER_IN r3 0x96FB7BAF54A77DED
  #_ REGISTER_IN cr 0x0ECFE672
  #_ REGISTER_IN xer 0xE0000000
  cmpli cr4,0,r3,0
  blr
  #_ REGISTER_OUT cr 0x0ECF5672
  #_ REGISTER_OUT xer 0xE0000000

test_cmpli_6:
  #_ REGISTER_IN r3 0x000000000000FFFF
  #_ REGISTER_IN cr 0x32ADC951
  #_ REGISTER_IN xer 0x20000000
  cmpli cr5,0,r3,21845
  blr
  #_ REGISTER_OUT cr 0x32ADC451
  #_ REGISTER_OUT xer 0x20000000

test_cmpli_7:
  #_ REGISTER_IN r3 0x8492537FEBA52833
  #_ REGISTER_IN cr 0x6D709F77
  #_ REGISTER_IN xer 0xE0000000
  cmpli cr1,0,r3,32767
  blr
  #_ REGISTER_OUT cr 0x65709F77
  #_ REGISTER_OUT xer 0xE0000000

test_cmpli_8:
  #_ REGISTER_IN r3 0xF0973FD2A34FC56D
  #_ REGISTER_IN cr 0x28E94184
  #_ REGISTER_IN xer 0x80000000
  cmpli cr0,1,r3,32767
  blr
  #_ REGISTER_OUT cr 0x58E94184
  #_ REGISTER_OUT xer 0x80000000

test_cmpli_9:
  #_ REGISTER_IN r3 0x0123456789ABCDEF
  #_ REGISTER_IN cr 0x8F507E87
  #_ REGISTER_IN xer 0x0000007F
  cmpli cr4,0,r3,0
  blr
  #_ REGISTER_OUT cr 0x8F504E87
  #_ REGISTER_OUT xer 0x0000007F

test_cmpli_10:
  #_ REGISTER_IN r3 0x0000000000000000
  #_ REGISTER_IN cr 0xA37E17A8
  #_ REGISTER_IN xer 0x0000007F
  cmpli cr4,0,r3,0
  blr
  #_ REGISTER_OUT cr 0xA37E27A8
  #_ REGISTER_OUT xer 0x0000007F

test_cmpli_11:
  #_ REGISTER_IN r3 0xFFFFFFFF80000000
  #_ REGISTER_IN cr 0x3791D017
  #_ REGISTER_IN xer 0x00000000
  cmpli cr3,1,r3,32768
  blr
  #_ REGISTER_OUT cr 0x3794D017
  #_ REGISTER_OUT xer 0x00000000

test_cmpli_12:
  #_ REGISTER_IN r3 0xC48AB72D1247EE8A
  #_ REGISTER_IN cr 0x36294B3F
  #_ REGISTER_IN xer 0x20000000
  cmpli cr3,1,r3,21845
  blr
  #_ REGISTER_OUT cr 0x36244B3F
  #_ REGISTER_OUT xer 0x20000000

test_cmpli_13:
  #_ REGISTER_IN r3 0x00000000DEADBEEF
  #_ REGISTER_IN cr 0xC514162A
  #_ REGISTER_IN xer 0x20000000
  mfmsr r30
  li r31,1
  sldi r31,r31,63
  or r31,r31,r30
  mtmsrd r31
  cmpli cr5,0,r3,32767
  mtmsrd r30
  blr
  #_ REGISTER_OUT cr 0xC514142A
  #_ REGISTER_OUT xer 0x20000000

test_cmpli_14:
  #_ REGISTER_IN r3 0x000000000000007F
  #_ REGISTER_IN cr 0x6AE87E6A
  #_ REGISTER_IN xer 0x80000000
  mfmsr r30
  li r31,1
  sldi r31,r31,63
  or r31,r31,r30
  mtmsrd r31
  cmpli cr6,0,r3,32767
  mtmsrd r30
  blr
  #_ REGISTER_OUT cr 0x6AE87E9A
  #_ REGISTER_OUT xer 0x80000000

test_cmpli_15:
  #_ REGISTER_IN r3 0x7FFFB95B3E4601D7
  #_ REGISTER_IN cr 0x314F8E1B
  #_ REGISTER_IN xer 0x00000000
  mfmsr r30
  li r31,1
  sldi r31,r31,63
  or r31,r31,r30
  mtmsrd r31
  cmpli cr3,1,r3,1
  mtmsrd r30
  blr
  #_ REGISTER_OUT cr 0x31448E1B
  #_ REGISTER_OUT xer 0x00000000
