// cpu-suite: small programs with known answers, for checking and measuring engines.
//
// A kernel is a function `uint32_t kernel_NAME(uint32_t rounds)` that returns a checksum. It takes
// all its inputs from `suite_random`, so a kernel's answer depends on `rounds` alone. The same
// sources build for the guest and for the host (floating-point contraction is off), so the known
// answers in answers.inc come from a native build: `make answers`-style, see build.sh.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Shared scratch: kernels run one after the other.
#define SUITE_BUFFER_SIZE (1u << 20)
extern uint8_t suite_buffer_a[SUITE_BUFFER_SIZE];
extern uint8_t suite_buffer_b[2 * SUITE_BUFFER_SIZE];

// Restarts the pseudo-random sequence (xorshift32); every kernel begins with it.
void suite_seed(uint32_t seed);
uint32_t suite_random(void);

// Folds a value into a checksum.
static inline uint32_t suite_fold(uint32_t sum, uint32_t value) { return sum * 31 + value; }

// The bits of a float.
static inline uint32_t suite_float_bits(float value) {
    union { float f; uint32_t u; } bits = {value};
    return bits.u;
}

// Name and rounds of every kernel: `rounds` is what the title runs and what answers.inc is for.
#define FOR_EACH_KERNEL(X) \
    X(crc32_bitwise, 1)    \
    X(crc32_table, 2)      \
    X(sha256, 1)           \
    X(quicksort, 2)        \
    X(lz, 4)               \
    X(dijkstra, 1)         \
    X(sieve, 1)            \
    X(byteswap_copy, 4)    \
    X(pointer_calls, 200)  \
    X(fib, 24)             \
    X(mat4_scalar, 20)     \
    X(mat4_vmx, 20)        \
    X(fft, 8)              \
    X(nbody, 8000)         \
    X(setjmp_longjmp, 20000)

#define DECLARE_KERNEL(name, rounds) uint32_t kernel_##name(uint32_t rounds_to_run);
FOR_EACH_KERNEL(DECLARE_KERNEL)
#undef DECLARE_KERNEL
