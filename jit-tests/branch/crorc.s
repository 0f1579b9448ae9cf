# crorc: Condition Register OR with Complement.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_crorc_1:
  #_ REGISTER_IN cr 0xFA9372C1
  #_ REGISTER_IN xer 0x00000000
  crorc 3,17,26
  blr
  #_ REGISTER_OUT cr 0xFA9372C1
  #_ REGISTER_OUT xer 0x00000000

test_crorc_2:
  #_ REGISTER_IN cr 0x7AFA6860
  #_ REGISTER_IN xer 0x80000000
  crorc 12,5,29
  blr
  #_ REGISTER_OUT cr 0x7AFA6860
  #_ REGISTER_OUT xer 0x80000000

test_crorc_3:
  #_ REGISTER_IN cr 0x79DFF75A
  #_ REGISTER_IN xer 0x80000000
  crorc 14,10,18
  blr
  #_ REGISTER_OUT cr 0x79DDF75A
  #_ REGISTER_OUT xer 0x80000000

test_crorc_4:
  #_ REGISTER_IN cr 0x7F93DA83
  #_ REGISTER_IN xer 0x0000007F
  crorc 30,24,17
  blr
  #_ REGISTER_OUT cr 0x7F93DA83
  #_ REGISTER_OUT xer 0x0000007F

test_crorc_5:
  #_ REGISTER_IN cr 0xD7B513A7
  #_ REGISTER_IN xer 0x80000000
  crorc 26,13,11
  blr
  #_ REGISTER_OUT cr 0xD7B513A7
  #_ REGISTER_OUT xer 0x80000000

test_crorc_6:
  #_ REGISTER_IN cr 0x74A57B8A
  #_ REGISTER_IN xer 0x0000007F
  crorc 6,27,30
  blr
  #_ REGISTER_OUT cr 0x74A57B8A
  #_ REGISTER_OUT xer 0x0000007F

test_crorc_7:
  #_ REGISTER_IN cr 0x6B09AC20
  #_ REGISTER_IN xer 0x80000000
  crorc 13,10,15
  blr
  #_ REGISTER_OUT cr 0x6B09AC20
  #_ REGISTER_OUT xer 0x80000000

test_crorc_8:
  #_ REGISTER_IN cr 0x20BD6182
  #_ REGISTER_IN xer 0x20000000
  crorc 23,27,30
  blr
  #_ REGISTER_OUT cr 0x20BD6082
  #_ REGISTER_OUT xer 0x20000000

test_crorc_9:
  #_ REGISTER_IN cr 0x11471C34
  #_ REGISTER_IN xer 0xE0000000
  crorc 0,4,5
  blr
  #_ REGISTER_OUT cr 0x91471C34
  #_ REGISTER_OUT xer 0xE0000000

test_crorc_10:
  #_ REGISTER_IN cr 0x991061E9
  #_ REGISTER_IN xer 0x80000000
  crorc 23,19,10
  blr
  #_ REGISTER_OUT cr 0x991061E9
  #_ REGISTER_OUT xer 0x80000000

test_crorc_11:
  #_ REGISTER_IN cr 0x878D7016
  #_ REGISTER_IN xer 0xE0000000
  crorc 22,0,15
  blr
  #_ REGISTER_OUT cr 0x878D7216
  #_ REGISTER_OUT xer 0xE0000000

test_crorc_12:
  #_ REGISTER_IN cr 0x8EE5A720
  #_ REGISTER_IN xer 0x80000000
  crorc 23,11,2
  blr
  #_ REGISTER_OUT cr 0x8EE5A720
  #_ REGISTER_OUT xer 0x80000000
