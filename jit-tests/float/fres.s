# fres: Floating Reciprocal Estimate Single.
# Expected: measured on a Cell PPE (https://github.com/RPCS3/ps3autotests, tests/cpu).
# Expected: worked out by hand from PowerISA 2.02 and the AltiVec manual.
# Written by make-cases (jit-tests/src/bin/make-cases).

test_fres_1:
  #_ REGISTER_IN f2 0x3FF0000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x3FEFE00000000000
  #_ REGISTER_OUT fpscr 0x00004000

test_fres_2:
  #_ REGISTER_IN f2 0x3FF8000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x3FE5400000000000
  #_ REGISTER_OUT fpscr 0x00004000

test_fres_3:
  #_ REGISTER_IN f2 0x3FF6666666666666
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x3FE6D00000000000
  #_ REGISTER_OUT fpscr 0x00004000

test_fres_4:
  #_ REGISTER_IN f2 0x7FF0000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x0000000000000000
  #_ REGISTER_OUT fpscr 0x00002000

test_fres_5:
  #_ REGISTER_IN f2 0xFFF0000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x8000000000000000
  #_ REGISTER_OUT fpscr 0x00012000

test_fres_6:
  #_ REGISTER_IN f2 0x0000000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF0000000000000
  #_ REGISTER_OUT fpscr 0x84005000

test_fres_7:
  #_ REGISTER_IN f2 0x8000000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFF0000000000000
  #_ REGISTER_OUT fpscr 0x84009000

test_fres_8:
  #_ REGISTER_IN f2 0x7FF8000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF8000000000000
  #_ REGISTER_OUT fpscr 0x00011000

test_fres_9:
  #_ REGISTER_IN f2 0x7FF4000000000000
  fres f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FFC000000000000
  #_ REGISTER_OUT fpscr 0xA1011000
