# vrsqrtefp: estimates, and what becomes of denormals (NJ = 1), negatives and NaNs.
# Source: captures of an Xbox 360, https://github.com/xenia-project/xenia/pull/1348.

test_console_vrsqrtefp_1:
  #_ REGISTER_IN v2 [00000000, 00000001, 0000007F, 0000FF00]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7F800000, 7F800000, 7F800000, 7F800000]

test_console_vrsqrtefp_2:
  #_ REGISTER_IN v2 [0000FFFF, 00010080, 00010203, 00020003]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7F800000, 7F800000, 7F800000, 7F800000]

test_console_vrsqrtefp_3:
  #_ REGISTER_IN v2 [00020081, 00030082, 000D000D, 00112233]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7F800000, 7F800000, 7F800000, 7F800000]

test_console_vrsqrtefp_4:
  #_ REGISTER_IN v2 [00FFFF00, 04010203, 04040404, 04050607]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [5EB502BA, 5D344EA6, 5D32464C, 5D3197F2]

test_console_vrsqrtefp_5:
  #_ REGISTER_IN v2 [07070707, 08080808, 08090A0B, 0C0D0E0F]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [5BB03DF2, 5B2F920D, 5B2EF270, 592C7677]

test_console_vrsqrtefp_6:
  #_ REGISTER_IN v2 [11223344, 12121212, 12345678, 3F800000]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [56A0D1DC, 56297783, 56188502, 3F7FF400]

test_console_vrsqrtefp_7:
  #_ REGISTER_IN v2 [3F8CCCCD, 3FC00000, 3FF33333, 41200000]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [3F741F80, 3F510200, 3F39BB42, 3EA1E400]

test_console_vrsqrtefp_8:
  #_ REGISTER_IN v2 [41700000, 41A00000, 41F00000, 44556677]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [3E843100, 3E64F200, 3E3AF200, 3D0C3322]

test_console_vrsqrtefp_9:
  #_ REGISTER_IN v2 [55667788, 7070FFFF, 7F800203, 7F800A0B]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [3486E829, 2703ECCA, 7FC00203, 7FC00A0B]

test_console_vrsqrtefp_10:
  #_ REGISTER_IN v2 [7FFFFFFF, 80081010, 808F0000, 87654321]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FFFFFFF, FF800000, 7FC00000, 7FC00000]

test_console_vrsqrtefp_11:
  #_ REGISTER_IN v2 [8899AABB, 8FFFFFFF, BF800000, BF8CCCCD]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FC00000, 7FC00000, 7FC00000, 7FC00000]

test_console_vrsqrtefp_12:
  #_ REGISTER_IN v2 [BFC00000, BFF33333, C1200000, C1700000]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FC00000, 7FC00000, 7FC00000, 7FC00000]

test_console_vrsqrtefp_13:
  #_ REGISTER_IN v2 [C1A00000, CCDDEEFF, CDCDCDCD, F8F9FAFB]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FC00000, 7FC00000, 7FC00000, 7FC00000]

test_console_vrsqrtefp_14:
  #_ REGISTER_IN v2 [FCFDFEFF, FEFEFEFE, FF0000FF, FFFCFF7D]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7FC00000, 7FC00000, 7FC00000, FFFCFF7D]

test_console_vrsqrtefp_15:
  #_ REGISTER_IN v2 [FFFCFFFD, FFFDFF7E, FFFEFF7F, FFFEFFFF]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [FFFCFFFD, FFFDFF7E, FFFEFF7F, FFFEFFFF]

test_console_vrsqrtefp_16:
  #_ REGISTER_IN v2 [FFFF0000, FFFF00FF, FFFF0101, FFFFFF80]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [FFFF0000, FFFF00FF, FFFF0101, FFFFFF80]

test_console_vrsqrtefp_17:
  #_ REGISTER_IN v2 [FFFFFFFF, 00000000, 00000000, 00000000]
  vrsqrtefp v1,v2
  blr
  #_ REGISTER_OUT v1 [FFFFFFFF, 7F800000, 7F800000, 7F800000]
