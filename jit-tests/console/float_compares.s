# fcmpu, fcmpo: NaNs and denormals.
# Source: captures of an Xbox 360, https://github.com/xenia-project/xenia/pull/1348.

test_console_fcmpu_1:
  #_ REGISTER_IN f2 0x0000000000000000
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x08000000

test_console_fcmpu_2:
  #_ REGISTER_IN f2 0x0000000000000001
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x02000000

test_console_fcmpu_3:
  #_ REGISTER_IN f2 0x000FFFFFFFFFFFFF
  #_ REGISTER_IN f3 0x0000000000000000
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x04000000

test_console_fcmpu_4:
  #_ REGISTER_IN f2 0x000FFFFFFFFFFFFF
  #_ REGISTER_IN f3 0xFFF8000000000000
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpu_5:
  #_ REGISTER_IN f2 0xC1E0000000000000
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x08000000

test_console_fcmpu_6:
  #_ REGISTER_IN f2 0x7FF0000000000000
  #_ REGISTER_IN f3 0xFFF8000000000000
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpu_7:
  #_ REGISTER_IN f2 0xFFF8000000000000
  #_ REGISTER_IN f3 0x3FF0000000000000
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpu_8:
  #_ REGISTER_IN f2 0xFFF4000000000000
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpu cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpo_1:
  #_ REGISTER_IN f2 0x0000000000000000
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x08000000

test_console_fcmpo_2:
  #_ REGISTER_IN f2 0x0000000000000001
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x02000000

test_console_fcmpo_3:
  #_ REGISTER_IN f2 0x000FFFFFFFFFFFFF
  #_ REGISTER_IN f3 0x0000000000000000
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x04000000

test_console_fcmpo_4:
  #_ REGISTER_IN f2 0x000FFFFFFFFFFFFF
  #_ REGISTER_IN f3 0xFFF8000000000000
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpo_5:
  #_ REGISTER_IN f2 0xC1E0000000000000
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x08000000

test_console_fcmpo_6:
  #_ REGISTER_IN f2 0x7FF0000000000000
  #_ REGISTER_IN f3 0xFFF8000000000000
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpo_7:
  #_ REGISTER_IN f2 0xFFF8000000000000
  #_ REGISTER_IN f3 0x3FF0000000000000
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000

test_console_fcmpo_8:
  #_ REGISTER_IN f2 0xFFF4000000000000
  #_ REGISTER_IN f3 0x0000000000000001
  fcmpo cr1,f2,f3
  blr
  #_ REGISTER_OUT cr 0x01000000
