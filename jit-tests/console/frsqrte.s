# frsqrte.: estimates of special values, denormals and negatives; CR1.
# Source: captures of an Xbox 360, https://github.com/xenia-project/xenia/pull/1348.

test_console_frsqrte_1:
  #_ REGISTER_IN f2 0x0000000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF0000000000000
  #_ REGISTER_OUT cr 0x08000000

test_console_frsqrte_2:
  #_ REGISTER_IN f2 0x8000000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFF0000000000000
  #_ REGISTER_OUT cr 0x08000000

test_console_frsqrte_3:
  #_ REGISTER_IN f2 0x0000000000000001
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x617F100000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_frsqrte_4:
  #_ REGISTER_IN f2 0x000FFFFFFFFFFFFF
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x5FE0800000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_frsqrte_5:
  #_ REGISTER_IN f2 0x3FF0000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x3FEF100000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_frsqrte_6:
  #_ REGISTER_IN f2 0xBFF0000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF8000000000000
  #_ REGISTER_OUT cr 0x0A000000

test_console_frsqrte_7:
  #_ REGISTER_IN f2 0xC1E0000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF8000000000000
  #_ REGISTER_OUT cr 0x0A000000

test_console_frsqrte_8:
  #_ REGISTER_IN f2 0x41DFFFFFFFC00000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x3EF7000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_frsqrte_9:
  #_ REGISTER_IN f2 0x7FF0000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x0000000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_frsqrte_10:
  #_ REGISTER_IN f2 0xFFF0000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0x7FF8000000000000
  #_ REGISTER_OUT cr 0x0A000000

test_console_frsqrte_11:
  #_ REGISTER_IN f2 0xFFF8000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFF8000000000000
  #_ REGISTER_OUT cr 0x00000000

test_console_frsqrte_12:
  #_ REGISTER_IN f2 0xFFF4000000000000
  frsqrte. f1,f2
  blr
  #_ REGISTER_OUT f1 0xFFFC000000000000
  #_ REGISTER_OUT cr 0x0A000000
