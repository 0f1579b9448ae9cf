# creqv: Condition Register Equivalent.
# Expected: qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_creqv_1:
  #_ REGISTER_IN cr 0x9A176CDA
  #_ REGISTER_IN xer 0x20000000
  creqv 21,23,24
  blr
  #_ REGISTER_OUT cr 0x9A1768DA
  #_ REGISTER_OUT xer 0x20000000

test_creqv_2:
  #_ REGISTER_IN cr 0x3082B6E5
  #_ REGISTER_IN xer 0x00000000
  creqv 9,18,16
  blr
  #_ REGISTER_OUT cr 0x30C2B6E5
  #_ REGISTER_OUT xer 0x00000000

test_creqv_3:
  #_ REGISTER_IN cr 0x3310FD1F
  #_ REGISTER_IN xer 0x20000000
  creqv 16,11,26
  blr
  #_ REGISTER_OUT cr 0x33107D1F
  #_ REGISTER_OUT xer 0x20000000

test_creqv_4:
  #_ REGISTER_IN cr 0x069F97B7
  #_ REGISTER_IN xer 0x0000007F
  creqv 0,26,31
  blr
  #_ REGISTER_OUT cr 0x869F97B7
  #_ REGISTER_OUT xer 0x0000007F

test_creqv_5:
  #_ REGISTER_IN cr 0x7B77E3D8
  #_ REGISTER_IN xer 0x0000007F
  creqv 12,9,4
  blr
  #_ REGISTER_OUT cr 0x7B7FE3D8
  #_ REGISTER_OUT xer 0x0000007F

test_creqv_6:
  #_ REGISTER_IN cr 0xEAB60453
  #_ REGISTER_IN xer 0x00000000
  creqv 28,9,16
  blr
  #_ REGISTER_OUT cr 0xEAB6045B
  #_ REGISTER_OUT xer 0x00000000

test_creqv_7:
  #_ REGISTER_IN cr 0x2CBB9D50
  #_ REGISTER_IN xer 0x20000000
  creqv 5,18,27
  blr
  #_ REGISTER_OUT cr 0x28BB9D50
  #_ REGISTER_OUT xer 0x20000000

test_creqv_8:
  #_ REGISTER_IN cr 0x7397186D
  #_ REGISTER_IN xer 0x0000007F
  creqv 27,15,2
  blr
  #_ REGISTER_OUT cr 0x7397187D
  #_ REGISTER_OUT xer 0x0000007F

test_creqv_9:
  #_ REGISTER_IN cr 0xC1D5CF39
  #_ REGISTER_IN xer 0x80000000
  creqv 1,14,26
  blr
  #_ REGISTER_OUT cr 0x81D5CF39
  #_ REGISTER_OUT xer 0x80000000

test_creqv_10:
  #_ REGISTER_IN cr 0x6B181116
  #_ REGISTER_IN xer 0xE0000000
  creqv 15,24,31
  blr
  #_ REGISTER_OUT cr 0x6B191116
  #_ REGISTER_OUT xer 0xE0000000

test_creqv_11:
  #_ REGISTER_IN cr 0xD3FE61A2
  #_ REGISTER_IN xer 0x80000000
  creqv 29,8,6
  blr
  #_ REGISTER_OUT cr 0xD3FE61A6
  #_ REGISTER_OUT xer 0x80000000

test_creqv_12:
  #_ REGISTER_IN cr 0xB2404B29
  #_ REGISTER_IN xer 0x80000000
  creqv 10,25,18
  blr
  #_ REGISTER_OUT cr 0xB2604B29
  #_ REGISTER_OUT xer 0x80000000
