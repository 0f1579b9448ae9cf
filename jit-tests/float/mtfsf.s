# mtfsf: Move to FPSCR Fields.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_mtfsf_1:
  #_ REGISTER_IN f1 0x40CC8ADB82000005
  #_ REGISTER_IN fpscr 0x00000000
  mtfsf 16,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsf_2:
  #_ REGISTER_IN f1 0x4059000082000005
  #_ REGISTER_IN fpscr 0x82000003
  mtfsf 128,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000003

test_mtfsf_3:
  #_ REGISTER_IN f1 0x800000008A021000
  #_ REGISTER_IN fpscr 0x82000000
  mtfsf 16,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82020000

test_mtfsf_4:
  #_ REGISTER_IN f1 0x7FEFFFFF0000F007
  #_ REGISTER_IN fpscr 0x00000003
  mtfsf 1,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000007

test_mtfsf_5:
  #_ REGISTER_IN f1 0x0000000000000000
  #_ REGISTER_IN fpscr 0x82000000
  mtfsf 1,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x82000000

test_mtfsf_6:
  #_ REGISTER_IN f1 0x405900000000F002
  #_ REGISTER_IN fpscr 0x00000002
  mtfsf 60,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x0000F002

test_mtfsf_7:
  #_ REGISTER_IN f1 0x413D5DAA82000003
  #_ REGISTER_IN fpscr 0x00000000
  mtfsf 85,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x02000003

test_mtfsf_8:
  #_ REGISTER_IN f1 0x3FF8000082000000
  #_ REGISTER_IN fpscr 0x00000002
  mtfsf 60,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000002

test_mtfsf_9:
  #_ REGISTER_IN f1 0xFFF800000000F001
  #_ REGISTER_IN fpscr 0x00000001
  mtfsf. 128,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000001

test_mtfsf_10:
  #_ REGISTER_IN f1 0x47EFFFFF82000000
  #_ REGISTER_IN fpscr 0x00000000
  mtfsf. 85,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x02000000

test_mtfsf_11:
  #_ REGISTER_IN f1 0x405900008A021006
  #_ REGISTER_IN fpscr 0x82000003
  mtfsf. 253,f1
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x8A021006

test_mtfsf_12:
  #_ REGISTER_IN f1 0x405900008A021007
  #_ REGISTER_IN fpscr 0x82000003
  mtfsf. 60,f1
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82021003

test_mtfsf_13:
  #_ REGISTER_IN f1 0x47EFFFFFA0100000
  #_ REGISTER_IN fpscr 0x00000003
  mtfsf. 60,f1
  blr
  #_ REGISTER_OUT cr 0x02000000
  #_ REGISTER_OUT fpscr 0x20100003

test_mtfsf_14:
  #_ REGISTER_IN f1 0x3FE0000000000000
  #_ REGISTER_IN fpscr 0x00000000
  mtfsf. 128,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsf_15:
  #_ REGISTER_IN f1 0xC1E000000000F000
  #_ REGISTER_IN fpscr 0x00000002
  mtfsf. 85,f1
  blr
  #_ REGISTER_OUT cr 0x00000000
  #_ REGISTER_OUT fpscr 0x00000000

test_mtfsf_16:
  #_ REGISTER_IN f1 0x41E00000A0100000
  #_ REGISTER_IN fpscr 0x82000001
  mtfsf. 1,f1
  blr
  #_ REGISTER_OUT cr 0x08000000
  #_ REGISTER_OUT fpscr 0x82000000
