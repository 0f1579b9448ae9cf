// Arithmetic of shaders: each operation on an 8 x 8 grid of numbers. A pixel's numbers
// are a and b, which are the same over cells of 16 pixels, 1/2 and 2. Results are
// divided by 16 and moved up by a half.
#include "runtime.h"
#include "scene.h"

// The operation's number is put into a program that was assembled with another one.
enum { VECTOR_WORD = 2, VECTOR_SHIFT = 24, VECTOR_FIELD = 31, SCALAR_WORD = 0, SCALAR_SHIFT = 26, SCALAR_FIELD = 63 };

// Vector operations: all take three operands here, and use as many as they have.
//     mad r4, r0, r0.yzwx, r0.zwxy
//     alloc colors
//     mad oC0, r4, c[0].x, c[0].y
static const uint32_t vector_pixel[] = {
    0x00001002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0xC80F0004, 0x000055AA,
    0xEB000000, 0xC80F8000, 0x00006CB1, 0x8B040000,
};

// The same with a and b alone, in all components.
//     mad r4, r0.x, r0.y, r0.z
//     alloc colors
//     mad oC0, r4, c[0].x, c[0].y
static const uint32_t pair_pixel[] = {
    0x00001002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0xC80F0004, 0x006CB1C6,
    0xEB000000, 0xC80F8000, 0x00006CB1, 0x8B040000,
};

// Scalar operations: a and b, after an operation whose result was b. The predicate shows as green.
//     max r5, r0, r0
//     + maxs r6.x, r0.yy
//     max r5, r0, r0
//     + adds r4.x, r0.xy
//     mad r7.x, r4.x, c[0].x, c[0].y
//     max r7.y, c[0].w, c[0].w
//     (p0) max r7.y, c[0].z, c[0].z
//     alloc colors
//     max oC0.xy01, r7, r7
static const uint32_t scalar_pixel[] = {
    0x00005002, 0x00001000, 0xC4000000, 0x00001007, 0x00002000, 0x00000000, 0x141F0605, 0x00000081,
    0xE2000000, 0x001F0405, 0x00000041, 0xE2000000, 0xC8010007, 0x006C6CB1, 0x8B040000, 0xC8020007,
    0x001B1B00, 0x22000000, 0xC8020007, 0x18C6C600, 0x22000000, 0xC88BC000, 0x00000000, 0xE2070700,
};

// Those of a constant, 3/4, and a register of an even number, a.
//     max r5, r0, r0
//     + mulsc r4.x, c[1].x, r0.x
//     mad r7.x, r4.x, c[0].x, c[0].y
//     max r7.y, c[0].w, c[0].w
//     (p0) max r7.y, c[0].z, c[0].z
//     alloc colors
//     max oC0.xy01, r7, r7
static const uint32_t even_pixel[] = {
    0x00004002, 0x00001000, 0xC4000000, 0x00001006, 0x00002000, 0x00000000, 0xA81F0405, 0x00000040,
    0xC2000001, 0xC8010007, 0x006C6CB1, 0x8B040000, 0xC8020007, 0x001B1B00, 0x22000000, 0xC8020007,
    0x18C6C600, 0x22000000, 0xC88BC000, 0x00000000, 0xE2070700,
};

// And of an odd number.
//     max r1, r0, r0
//     max r5, r0, r0
//     + mulsc r4.x, c[1].x, r1.x
//     mad r7.x, r4.x, c[0].x, c[0].y
//     max r7.y, c[0].w, c[0].w
//     (p0) max r7.y, c[0].z, c[0].z
//     alloc colors
//     max oC0.xy01, r7, r7
static const uint32_t odd_pixel[] = {
    0x00005002, 0x00001000, 0xC4000000, 0x00001007, 0x00002000, 0x00000000, 0xC80F0001, 0x00000000,
    0xE2000000, 0xAC1F0405, 0x00000040, 0xC2000001, 0xC8010007, 0x006C6CB1, 0x8B040000, 0xC8020007,
    0x001B1B00, 0x22000000, 0xC8020007, 0x18C6C600, 0x22000000, 0xC88BC000, 0x00000000, 0xE2070700,
};

static void grid(Scene *s) {
    static const float numbers[8] = {-2, -1, -0.5f, 0, 0.25f, 0.5f, 1, 3};
    Vertex list[64 * 3];
    for (int cell = 0; cell < 64; cell++)
        for (int corner = 0; corner < 3; corner++) {
            float x = (float)((cell % 8 + (corner == 1)) * 16), y = (float)((cell / 8 + (corner == 2)) * 16);
            list[cell * 3 + corner] = (Vertex){x, y, 0, 1, {numbers[cell % 8], numbers[cell / 8], 0.5f, 2}};
        }
    draw(s, RECTANGLE_LIST, list, 64 * 3);
}

// `place` counts instructions from the end of the program.
static void __attribute__((noinline)) run(Scene *s, const uint32_t *program, uint32_t words, uint32_t place, uint32_t word, uint32_t shift,
                uint32_t field, uint32_t operation) {
    static const float constants[2][4] = {{1.0f / 16, 0.5f, 1, 0}, {0.75f, 0, 0, 0}};
    uint32_t code[64];
    memcpy(code, program, words * 4);
    uint32_t *at = &code[words - place * 3 + word];
    *at = (*at & ~(field << shift)) | operation << shift;
    pixel_shader(s, code, words);
    pixel_constants(&s->commands, 0, constants, 2);
    grid(s);
}

#define VECTOR(name, number)                                                                                      \
    void name(Scene *s) {                                                                                         \
        run(s, vector_pixel, WORDS(vector_pixel), 2, VECTOR_WORD, VECTOR_SHIFT, VECTOR_FIELD, number);            \
    }
#define PAIR(name, number)                                                                                        \
    void name(Scene *s) {                                                                                         \
        run(s, pair_pixel, WORDS(pair_pixel), 2, VECTOR_WORD, VECTOR_SHIFT, VECTOR_FIELD, number);                \
    }
#define SCALAR(name, number)                                                                                      \
    void name(Scene *s) {                                                                                         \
        run(s, scalar_pixel, WORDS(scalar_pixel), 5, SCALAR_WORD, SCALAR_SHIFT, SCALAR_FIELD, number);            \
    }
#define EVEN(name, number)                                                                                        \
    void name(Scene *s) {                                                                                         \
        run(s, even_pixel, WORDS(even_pixel), 5, SCALAR_WORD, SCALAR_SHIFT, SCALAR_FIELD, number);                \
    }
#define ODD(name, number)                                                                                         \
    void name(Scene *s) {                                                                                         \
        run(s, odd_pixel, WORDS(odd_pixel), 5, SCALAR_WORD, SCALAR_SHIFT, SCALAR_FIELD, number);                  \
    }

VECTOR(alu_add, 0)
VECTOR(alu_mul, 1)
VECTOR(alu_max, 2)
VECTOR(alu_min, 3)
VECTOR(alu_seq, 4)
VECTOR(alu_sgt, 5)
VECTOR(alu_sge, 6)
VECTOR(alu_sne, 7)
VECTOR(alu_frc, 8)
VECTOR(alu_trunc, 9)
VECTOR(alu_floor, 10)
VECTOR(alu_mad, 11)
VECTOR(alu_cndeq, 12)
VECTOR(alu_cndge, 13)
VECTOR(alu_cndgt, 14)
VECTOR(alu_dp4, 15)
VECTOR(alu_dp3, 16)
VECTOR(alu_dp2add, 17)
VECTOR(alu_max4, 19)
VECTOR(alu_setp_eq_push, 20)
VECTOR(alu_setp_ne_push, 21)
VECTOR(alu_setp_gt_push, 22)
VECTOR(alu_setp_ge_push, 23)
VECTOR(alu_kill_any, 24)
PAIR(alu_kill_eq, 24)
PAIR(alu_kill_gt, 25)
PAIR(alu_kill_ge, 26)
PAIR(alu_kill_ne, 27)
VECTOR(alu_dst, 28)
VECTOR(alu_maxa, 29)
SCALAR(alu_adds, 0)
SCALAR(alu_adds_prev, 1)
SCALAR(alu_muls, 2)
SCALAR(alu_muls_prev, 3)
SCALAR(alu_maxs, 5)
SCALAR(alu_mins, 6)
SCALAR(alu_seqs, 7)
SCALAR(alu_sgts, 8)
SCALAR(alu_sges, 9)
SCALAR(alu_snes, 10)
SCALAR(alu_frcs, 11)
SCALAR(alu_truncs, 12)
SCALAR(alu_floors, 13)
SCALAR(alu_muls_prev2, 4)
SCALAR(alu_exp, 14)
SCALAR(alu_logc, 15)
SCALAR(alu_log, 16)
SCALAR(alu_rcpc, 17)
SCALAR(alu_rcpf, 18)
SCALAR(alu_rcp, 19)
SCALAR(alu_rsqc, 20)
SCALAR(alu_rsqf, 21)
SCALAR(alu_rsq, 22)
SCALAR(alu_maxas, 23)
SCALAR(alu_maxasf, 24)
SCALAR(alu_subs, 25)
SCALAR(alu_subs_prev, 26)
SCALAR(alu_setp_eq, 27)
SCALAR(alu_setp_ne, 28)
SCALAR(alu_setp_gt, 29)
SCALAR(alu_setp_ge, 30)
SCALAR(alu_setp_inv, 31)
SCALAR(alu_setp_pop, 32)
SCALAR(alu_setp_clr, 33)
SCALAR(alu_setp_rstr, 34)
SCALAR(alu_kills_eq, 35)
SCALAR(alu_kills_gt, 36)
SCALAR(alu_kills_ge, 37)
SCALAR(alu_kills_ne, 38)
SCALAR(alu_kills_one, 39)
SCALAR(alu_sqrt, 40)
EVEN(alu_mulsc0, 42)
ODD(alu_mulsc1, 43)
EVEN(alu_addsc0, 44)
ODD(alu_addsc1, 45)
EVEN(alu_subsc0, 46)
ODD(alu_subsc1, 47)
SCALAR(alu_sin, 48)
SCALAR(alu_cos, 49)
SCALAR(alu_retain_prev, 50)
