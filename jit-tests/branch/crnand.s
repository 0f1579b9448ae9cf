# crnand: Condition Register NAND.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_crnand_1:
  #_ REGISTER_IN cr 0x5F7CAB34
  #_ REGISTER_IN xer 0x80000000
  crnand 17,11,26
  blr
  #_ REGISTER_OUT cr 0x5F7CAB34
  #_ REGISTER_OUT xer 0x80000000

test_crnand_2:
  #_ REGISTER_IN cr 0x89370427
  #_ REGISTER_IN xer 0x20000000
  crnand 14,4,8
  blr
  #_ REGISTER_OUT cr 0x89370427
  #_ REGISTER_OUT xer 0x20000000

test_crnand_3:
  #_ REGISTER_IN cr 0x406EB347
  #_ REGISTER_IN xer 0x20000000
  crnand 7,22,23
  blr
  #_ REGISTER_OUT cr 0x406EB347
  #_ REGISTER_OUT xer 0x20000000

test_crnand_4:
  #_ REGISTER_IN cr 0xDB42E329
  #_ REGISTER_IN xer 0x20000000
  crnand 25,15,8
  blr
  #_ REGISTER_OUT cr 0xDB42E369
  #_ REGISTER_OUT xer 0x20000000

test_crnand_5:
  #_ REGISTER_IN cr 0x75F7FC8B
  #_ REGISTER_IN xer 0x20000000
  crnand 4,18,18
  blr
  #_ REGISTER_OUT cr 0x75F7FC8B
  #_ REGISTER_OUT xer 0x20000000

test_crnand_6:
  #_ REGISTER_IN cr 0x19CBA441
  #_ REGISTER_IN xer 0xE0000000
  crnand 14,4,17
  blr
  #_ REGISTER_OUT cr 0x19CBA441
  #_ REGISTER_OUT xer 0xE0000000

test_crnand_7:
  #_ REGISTER_IN cr 0x3A5187BA
  #_ REGISTER_IN xer 0x20000000
  crnand 20,21,13
  blr
  #_ REGISTER_OUT cr 0x3A518FBA
  #_ REGISTER_OUT xer 0x20000000

test_crnand_8:
  #_ REGISTER_IN cr 0x8CBF6227
  #_ REGISTER_IN xer 0x80000000
  crnand 6,29,4
  blr
  #_ REGISTER_OUT cr 0x8CBF6227
  #_ REGISTER_OUT xer 0x80000000

test_crnand_9:
  #_ REGISTER_IN cr 0xE77CF210
  #_ REGISTER_IN xer 0x20000000
  crnand 16,27,29
  blr
  #_ REGISTER_OUT cr 0xE77CF210
  #_ REGISTER_OUT xer 0x20000000

test_crnand_10:
  #_ REGISTER_IN cr 0x3E22A0A9
  #_ REGISTER_IN xer 0x80000000
  crnand 2,6,25
  blr
  #_ REGISTER_OUT cr 0x3E22A0A9
  #_ REGISTER_OUT xer 0x80000000

test_crnand_11:
  #_ REGISTER_IN cr 0xD19098C6
  #_ REGISTER_IN xer 0x80000000
  crnand 18,18,4
  blr
  #_ REGISTER_OUT cr 0xD190B8C6
  #_ REGISTER_OUT xer 0x80000000

test_crnand_12:
  #_ REGISTER_IN cr 0xD6466246
  #_ REGISTER_IN xer 0x00000000
  crnand 6,19,28
  blr
  #_ REGISTER_OUT cr 0xD6466246
  #_ REGISTER_OUT xer 0x00000000
