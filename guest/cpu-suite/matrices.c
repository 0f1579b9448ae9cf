// 4×4 matrix times vectors of four floats: scalar, and by vector instructions. Both fuse every
// multiply-add, so they have the same answer.
#include "suite.h"

enum { VECTORS = 1024 };

static float matrix[16] __attribute__((aligned(16)));

static void fill_input(float *in) {
    suite_seed(404);
    for (uint32_t i = 0; i < VECTORS * 4; i++) in[i] = (float)((int)(suite_random() & 1023) - 512) / 8;
    for (uint32_t i = 0; i < 16; i++) matrix[i] = (float)((int)(suite_random() & 63) - 32) / 3;
}

static uint32_t sum_of(const float *out) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < VECTORS * 4; i++) sum = suite_fold(sum, suite_float_bits(out[i]));
    return sum;
}

__attribute__((noinline)) static void multiply_scalar(const float *m, const float *in, float *out) {
    for (uint32_t i = 0; i < VECTORS; i++, in += 4, out += 4) {
        float x = in[0], y = in[1], z = in[2], w = in[3];
        for (int row = 0; row < 4; row++)
            out[row] = __builtin_fmaf(
                m[12 + row], w,
                __builtin_fmaf(m[8 + row], z, __builtin_fmaf(m[4 + row], y, m[row] * x)));
    }
}

uint32_t kernel_mat4_scalar(uint32_t rounds) {
    float *in = (float *)suite_buffer_a, *out = (float *)suite_buffer_b;
    fill_input(in);
    for (uint32_t round = 0; round < rounds; round++) multiply_scalar(matrix, in, out);
    return sum_of(out);
}

#ifdef __ALTIVEC__
#include <altivec.h>

__attribute__((noinline)) static void multiply_vector(const float *m, const float *in, float *out) {
    vector float c0 = vec_ld(0, m), c1 = vec_ld(16, m), c2 = vec_ld(32, m), c3 = vec_ld(48, m);
    // Minus zero: the only addend that leaves every product as it is.
    vector float nothing = (vector float)vec_sl(vec_splat_u32(-1), vec_splat_u32(-1));
    for (uint32_t i = 0; i < VECTORS; i++, in += 4, out += 4) {
        vector float v = vec_ld(0, in);
        vector float r = vec_madd(c0, vec_splat(v, 0), nothing);
        r = vec_madd(c1, vec_splat(v, 1), r);
        r = vec_madd(c2, vec_splat(v, 2), r);
        r = vec_madd(c3, vec_splat(v, 3), r);
        vec_st(r, 0, out);
    }
}
#else
#define multiply_vector multiply_scalar
#endif

uint32_t kernel_mat4_vmx(uint32_t rounds) {
    float *in = (float *)suite_buffer_a, *out = (float *)suite_buffer_b;
    fill_input(in);
    for (uint32_t round = 0; round < rounds; round++) multiply_vector(matrix, in, out);
    return sum_of(out);
}
