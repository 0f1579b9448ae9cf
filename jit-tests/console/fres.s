# fres.: estimates of special values and of both ends of the table; CR1.
# Source: captures of an Xbox 360, https://github.com/xenia-project/xenia/pull/1348.

test_console_fres_1:
  #_ REGISTER_IN f2 0x0000000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF0000000000000
  #_ REGISTER_OUT cr 0x08000000

test_console_fres_2:
  #_ REGISTER_IN f2 0x8000000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFF0000000000000
  #_ REGISTER_OUT cr 0x08000000

test_console_fres_3:
  #_ REGISTER_IN f2 0x0000000000000001
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF0000000000000
  #_ REGISTER_OUT cr 0x09000000

test_console_fres_4:
  #_ REGISTER_IN f2 0x000FFFFFFFFFFFFF
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF0000000000000
  #_ REGISTER_OUT cr 0x09000000

test_console_fres_5:
  #_ REGISTER_IN f2 0x3FF0000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x3FEFE00000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_6:
  #_ REGISTER_IN f2 0xBFF0000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0xBFEFE00000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_7:
  #_ REGISTER_IN f2 0xC1E0000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0xBDFFE00000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_8:
  #_ REGISTER_IN f2 0x41DFFFFFFFC00000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x3E00000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_9:
  #_ REGISTER_IN f2 0x7FF0000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x0000000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_10:
  #_ REGISTER_IN f2 0xFFF0000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0x8000000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_11:
  #_ REGISTER_IN f2 0xFFF8000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFF8000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_fres_12:
  #_ REGISTER_IN f2 0xFFF4000000000000
  fres. f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFFC000000000000
  #_ REGISTER_OUT cr 0x0A000000
