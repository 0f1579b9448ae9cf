# mtfsb1: Move to FPSCR Bit 1.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtfsb1_1:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1 16
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00008000

test_mtfsb1_2:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1 17
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00004000

test_mtfsb1_3:
  #_ REGISTER_IN fpscr 0x00000001
  mtfsb1 31
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb1_4:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1 31
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb1_5:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsb1 17
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82004000

test_mtfsb1_6:
  #_ REGISTER_IN fpscr 0x00000001
  mtfsb1 17
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00004001

test_mtfsb1_7:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1 31
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb1_8:
  #_ REGISTER_IN fpscr 0x82000002
  mtfsb1 19
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82001002

test_mtfsb1_9:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1. 19
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00001000

test_mtfsb1_10:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsb1. 15
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00010003

test_mtfsb1_11:
  #_ REGISTER_IN fpscr 0x82000001
  mtfsb1. 15
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82010001

test_mtfsb1_12:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsb1. 19
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00001003

test_mtfsb1_13:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1. 31
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb1_14:
  #_ REGISTER_IN fpscr 0x82000001
  mtfsb1. 15
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82010001

test_mtfsb1_15:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb1. 17
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00004000

test_mtfsb1_16:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsb1. 18
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00002003
