# mcrfs: Move to Condition Register from FPSCR.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mcrfs_1:
  #_ REGISTER_IN fpscr 0x00000002
  mcrfs cr4,2
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000002

test_mcrfs_2:
  #_ REGISTER_IN fpscr 0x00000000
  mcrfs cr0,5
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mcrfs_3:
  #_ REGISTER_IN fpscr 0x00000000
  mcrfs cr0,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mcrfs_4:
  #_ REGISTER_IN fpscr 0x82000001
  mcrfs cr0,4
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000001

test_mcrfs_5:
  #_ REGISTER_IN fpscr 0x82000000
  mcrfs cr5,2
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mcrfs_6:
  #_ REGISTER_IN fpscr 0x00000002
  mcrfs cr6,0
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000002

test_mcrfs_7:
  #_ REGISTER_IN fpscr 0x82000001
  mcrfs cr0,5
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000001

test_mcrfs_8:
  #_ REGISTER_IN fpscr 0x82000000
  mcrfs cr6,3
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mcrfs_9:
  #_ REGISTER_IN fpscr 0x82000000
  mcrfs cr2,4
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mcrfs_10:
  #_ REGISTER_IN fpscr 0x00000003
  mcrfs cr5,6
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000003

test_mcrfs_11:
  #_ REGISTER_IN fpscr 0x82000001
  mcrfs cr6,1
  blr
  #_ REGISTER_OUT cr 0x00000020
  #_ REGISTER_OUT fpscr 0x80000001

test_mcrfs_12:
  #_ REGISTER_IN fpscr 0x00000001
  mcrfs cr5,7
  blr
  #_ REGISTER_OUT cr 0x00000100
  #_ REGISTER_OUT fpscr 0x00000001
