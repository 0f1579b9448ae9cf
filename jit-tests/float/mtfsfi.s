# mtfsfi: Move to FPSCR Field Immediate.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtfsfi_1:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsfi 7,1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsfi_2:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsfi 3,1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82010000

test_mtfsfi_3:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsfi 7,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsfi_4:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsfi 3,1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00010003

test_mtfsfi_5:
  #_ REGISTER_IN fpscr 0x82000002
  mtfsfi 3,3
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82030002

test_mtfsfi_6:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsfi 7,1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000001

test_mtfsfi_7:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsfi 7,3
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000003

test_mtfsfi_8:
  #_ REGISTER_IN fpscr 0x82000001
  mtfsfi 3,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000001

test_mtfsfi_9:
  #_ REGISTER_IN fpscr 0x00000002
  mtfsfi. 4,3
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00003002

test_mtfsfi_10:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsfi. 7,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsfi_11:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsfi. 4,1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00001000

test_mtfsfi_12:
  #_ REGISTER_IN fpscr 0x00000003
  mtfsfi. 7,2
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000002

test_mtfsfi_13:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsfi. 4,1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00001000

test_mtfsfi_14:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsfi. 3,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsfi_15:
  #_ REGISTER_IN fpscr 0x82000000
  mtfsfi. 3,1
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82010000

test_mtfsfi_16:
  #_ REGISTER_IN fpscr 0x00000000
  mtfsfi. 7,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000
