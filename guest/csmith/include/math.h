// The mathematics of csmith's floating-point wrappers: all built into the compiler, which folds
// ldexp of constants at every level.
#pragma once
#define fabs(x) __builtin_fabs(x)
#define fabsf(x) __builtin_fabsf(x)
#define ldexp(x, exponent) __builtin_ldexp(x, exponent)
#define ldexpf(x, exponent) __builtin_ldexpf(x, exponent)
