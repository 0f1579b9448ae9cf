# Operands of vexptefp at the limits of its results, the largest numbers and the smallest.
# Source: docs/src/decisions/0004-instruction-results.md.

test_vexptefp_limits:
  #_ REGISTER_IN v2 [7F7FFFFF, FF7FFFFF, 43000000, 42FFFFFF]
  vexptefp v1,v2
  blr
  #_ REGISTER_OUT v1 [7F800000, 00000000, 7F800000, 7F7FF000]

test_vexptefp_least_powers:
  #_ REGISTER_IN v2 [C2FDFFFF, C2FC0001, 00000001, B8000000]
  vexptefp v1,v2
  blr
  #_ REGISTER_OUT v1 [00000000, 00800000, 3F800000, 3F7FF000]

test_vexptefp_of_its_own_register:
  #_ REGISTER_IN v1 [47000000, C7000001, 4F000000, CF000001]
  vexptefp128 v1,v1
  blr
  #_ REGISTER_OUT v1 [7F800000, 00000000, 7F800000, 00000000]
