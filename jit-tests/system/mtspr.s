# mtspr: Move to Special-Purpose Register.
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtspr_1:
  #_ REGISTER_IN r4 0xDEADBEEF87654321
  mflr r12
  mtspr 1,r4
  mfspr r3,1
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000080000021
  #_ REGISTER_OUT xer 0x80000021

test_mtspr_2:
  #_ REGISTER_IN r4 0xFFFFFFFFFFFFFFFF
  mflr r12
  mtspr 1,r4
  mfspr r3,1
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x00000000E000007F
  #_ REGISTER_OUT xer 0xE000007F

test_mtspr_3:
  #_ REGISTER_IN r4 0xDEADBEEF87654321
  mflr r12
  mtspr 8,r4
  mfspr r3,8
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0xDEADBEEF87654321

test_mtspr_4:
  #_ REGISTER_IN r4 0xDEADBEEF87654321
  mflr r12
  mtspr 9,r4
  mfspr r3,9
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0xDEADBEEF87654321
  #_ REGISTER_OUT ctr 0xDEADBEEF87654321

test_mtspr_5:
  #_ REGISTER_IN r4 0xDEADBEEF87654321
  mflr r12
  mtspr 256,r4
  mfspr r3,256
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000087654321
  #_ REGISTER_OUT vrsave 0x87654321

test_mtspr_6:
  #_ REGISTER_IN r4 0x0000000000000000
  mflr r12
  mtspr 1,r4
  mfspr r3,1
  mtlr r12
  blr
  #_ REGISTER_OUT r3 0x0000000000000000
  #_ REGISTER_OUT xer 0x00000000
