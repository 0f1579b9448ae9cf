# A result that the next instruction overwrites still counts in FPSCR: FX, XX, FR, FI and FPRF are those
# of the operation, whether or not anybody reads its value.
# Source: PowerISA 2.02, book I, 4.2.2 (FPSCR) and 4.6.7 (conversions).

test_fcfid_overwritten_inexact:
  #_ REGISTER_IN f2 0x7FFFFFFFFFFFFFFF
  #_ REGISTER_IN f3 0xBFF0000000000000
  fcfid f1, f2
  fabs f1, f3
  blr
  #_ REGISTER_OUT f1 0x3FF0000000000000
  #_ REGISTER_OUT fpscr 0x82064000

test_fctiwz_overwritten_inexact:
  #_ REGISTER_IN f2 0x3FF8000000000000
  #_ REGISTER_IN f3 0xBFF0000000000000
  fctiwz f1, f2
  fabs f1, f3
  blr
  #_ REGISTER_OUT f1 0x3FF0000000000000
  #_ REGISTER_OUT fpscr 0x82020000

test_fctid_overwritten_inexact:
  #_ REGISTER_IN f2 0x3FF8000000000000
  #_ REGISTER_IN f3 0xBFF0000000000000
  fctid f1, f2
  fabs f1, f3
  blr
  #_ REGISTER_OUT f1 0x3FF0000000000000
  #_ REGISTER_OUT fpscr 0x82060000

test_frsp_overwritten_inexact:
  #_ REGISTER_IN f2 0x3FF0000000000001
  #_ REGISTER_IN f3 0xBFF0000000000000
  frsp f1, f2
  fabs f1, f3
  blr
  #_ REGISTER_OUT f1 0x3FF0000000000000
  #_ REGISTER_OUT fpscr 0x82024000
