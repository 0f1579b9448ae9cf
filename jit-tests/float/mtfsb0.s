# mtfsb0: Move to FPSCR Bit 0.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtfsb0_1:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb0 19
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsb0_2:
  #_ REGISTER_IN fpscr 0x00000001
  mtfsb0 30
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb0_3:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsb0 19
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mtfsb0_4:
  #_ REGISTER_IN fpscr 0x00000001
  mtfsb0 30
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb0_5:
  #_ REGISTER_IN fpscr 0x82000002
  mtfsb0 18
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000002

test_mtfsb0_6:
  #_ REGISTER_IN fpscr 0x82000003
  mtfsb0 18
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000003

test_mtfsb0_7:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsb0 18
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000003

test_mtfsb0_8:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb0 19
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsb0_9:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsb0. 30
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mtfsb0_10:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb0. 16
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsb0_11:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsb0. 31
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsb0_12:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsb0. 18
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mtfsb0_13:
  #_ REGISTER_IN fpscr 0x82000002
  mtfsb0. 19
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82000002

test_mtfsb0_14:
  #_ REGISTER_IN fpscr 0x00000001
  mtfsb0. 15
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsb0_15:
  #_ REGISTER_IN fpscr 0x00000002
  mtfsb0. 17
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000002

test_mtfsb0_16:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsb0. 30
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82000000
