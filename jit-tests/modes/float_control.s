# FPSCR's control bits change in the middle of code: rounding modes, and enabled exceptions that nothing takes
# (MSR[FE0] and MSR[FE1] are 0).
# Source: PowerISA 2.02, book I, 4.2.2 (FPSCR), 4.3.6 (rounding), 4.4 (exceptions).

test_rounding_modes_in_turn:
  #_ REGISTER_IN f2 1.0
  #_ REGISTER_IN f3 0x3C30000000000000
  fadd f4,f2,f3
  mtfsfi 7,1
  fadd f5,f2,f3
  mtfsfi 7,2
  fadd f6,f2,f3
  mtfsfi 7,3
  fsub f7,f2,f3
  fadd f8,f2,f3
  mtfsfi 7,0
  fsub f9,f2,f3
  blr
  #_ REGISTER_OUT f4 0x3FF0000000000000
  #_ REGISTER_OUT f5 0x3FF0000000000000
  #_ REGISTER_OUT f6 0x3FF0000000000001
  #_ REGISTER_OUT f7 0x3FEFFFFFFFFFFFFF
  #_ REGISTER_OUT f8 0x3FF0000000000000
  #_ REGISTER_OUT f9 0x3FF0000000000000
  #_ REGISTER_OUT fpscr 0x82064000

test_a_loop_that_changes_modes:
  #_ REGISTER_IN f2 1.0
  #_ REGISTER_IN f3 0x3E70000000000000
  li r5,3
  mtctr r5
  fmr f4,f2
  fmr f5,f2
again:
  mtfsfi 7,2
  fadds f4,f4,f3
  mtfsfi 7,0
  fadds f5,f5,f3
  bdnz again
  blr
  #_ REGISTER_OUT f4 0x3FF0000060000000
  #_ REGISTER_OUT f5 0x3FF0000000000000
  #_ REGISTER_OUT fpscr 0x82024000

test_an_enabled_invalid_operation_keeps_the_target:
  #_ REGISTER_IN f1 5.0
  #_ REGISTER_IN f2 0.0
  #_ REGISTER_IN f3 1.0
  fadd f1,f1,f3
  mtfsb1 24
  fdiv f1,f2,f2
  mffs f4
  mtfsb0 24
  mtfsfi 0,0
  mtfsfi 2,0
  fdiv f5,f2,f2
  blr
  #_ REGISTER_OUT f1 6.0
  #_ REGISTER_OUT f4 0x00000000E0204080
  #_ REGISTER_OUT f5 0x7FF8000000000000
  #_ REGISTER_OUT fpscr 0xA0211000

test_an_enabled_zero_divide_keeps_the_target:
  #_ REGISTER_IN f1 5.0
  #_ REGISTER_IN f2 0.0
  #_ REGISTER_IN f3 1.0
  mtfsb1 27
  fdiv. f1,f3,f2
  blr
  #_ REGISTER_OUT f1 5.0
  #_ REGISTER_OUT cr 0x0C000000
  #_ REGISTER_OUT fpscr 0xC4000010

test_an_enabled_underflow_adjusts_the_exponent:
  #_ REGISTER_IN f2 0x0010000000000000
  #_ REGISTER_IN f3 0x3FE0000000000000
  mtfsb1 26
  fmul f1,f2,f3
  mtfsb0 26
  fmul f4,f2,f3
  blr
  #_ REGISTER_OUT f1 0x6000000000000000
  #_ REGISTER_OUT f4 0x0008000000000000
  #_ REGISTER_OUT fpscr 0x88014000

test_flags_raised_before_and_after_a_mode:
  #_ REGISTER_IN f2 1.0
  #_ REGISTER_IN f3 3.0
  fdiv f4,f2,f3
  mtfsfi 7,1
  mcrfs cr3,1
  fadd f5,f2,f2
  mtfsfi 7,0
  fadd. f6,f2,f2
  blr
  #_ REGISTER_OUT f4 0x3FD5555555555555
  #_ REGISTER_OUT f5 2.0
  #_ REGISTER_OUT f6 2.0
  #_ REGISTER_OUT cr 0x08020000
  #_ REGISTER_OUT fpscr 0x80004000
