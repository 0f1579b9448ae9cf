# SPRG0 to SPRG3 (SPRs 272 to 275): four registers of 64 bits that the supervisor reads and writes.
# Expected: PowerISA 2.02 III, Software-use SPRs: each gives back what was moved to it, and nothing else changes.

test_sprg_are_four_registers:
  #_ REGISTER_IN r4 0x0123456789ABCDEF
  #_ REGISTER_IN r5 0xFEDCBA9876543210
  #_ REGISTER_IN r6 0x8000000000000001
  #_ REGISTER_IN r7 0x00000000FFFFFFFF
  mtspr 272,r4
  mtspr 273,r5
  mtspr 274,r6
  mtspr 275,r7
  mfspr r8,272
  mfspr r9,273
  mfspr r10,274
  mfspr r11,275
  blr
  #_ REGISTER_OUT r0 0x0000000000000000
  #_ REGISTER_OUT r2 0x0000000000000000
  #_ REGISTER_OUT r8 0x0123456789ABCDEF
  #_ REGISTER_OUT r9 0xFEDCBA9876543210
  #_ REGISTER_OUT r10 0x8000000000000001
  #_ REGISTER_OUT r11 0x00000000FFFFFFFF

test_sprg_is_written_anew:
  #_ REGISTER_IN r4 0x1111111122222222
  #_ REGISTER_IN r5 0x3333333344444444
  mtspr 273,r4
  mfspr r6,273
  mtspr 273,r5
  mfspr r7,273
  mfspr r8,272
  blr
  #_ REGISTER_OUT r6 0x1111111122222222
  #_ REGISTER_OUT r7 0x3333333344444444
  #_ REGISTER_OUT r8 0x0000000000000000
