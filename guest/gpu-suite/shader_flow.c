// Shaders beyond arithmetic: loops, branches, calls, predicates, addressed
// registers, derivatives, depth.
#include "scene.h"
#include "texture.h"

static void loop_constant(Scene *s, uint32_t index, uint32_t count, uint32_t start, int step) {
    set(s, LOOP_CONSTANTS + index, count | start << 8 | ((uint32_t)step & 255) << 16);
}

// Columns of 16 pixels with their number as the first one of their numbers.
static void columns(Scene *s, float y0, float y1) {
    Vertex list[8 * 3];
    for (int i = 0; i < 24; i++)
        list[i] = (Vertex){(float)(i / 3 * 16 + (i % 3 == 1 ? 16 : 0)), i % 3 == 2 ? y1 : y0, 0, 1,
                           {(float)(i / 3), 0, 0, 1}};
    draw(s, RECTANGLE_LIST, list, 24);
}

// Constants n: n / 256 of red, 1 / 16 of green.
static void counting_constants(Scene *s) {
    for (uint32_t i = 0; i < 64; i++) pixel_constants(&s->commands, i, RGBA((float)i / 256, 1.0f / 16, 0, 1), 1);
}

// The sum of the constants at the loop's address.
//     loop i0, done
//     top:
//     add r1, r1, c[aL+0]
//     endloop i0, top
//     done:
//     exec
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t sum_pixel[] = {
    0x00000003, 0x10037000, 0x10000000, 0x00000001, 0x00048000, 0x10000000, 0x00000000, 0x1004C400,
    0x20000000, 0xC80F0001, 0x80000000, 0xA0010000, 0xC88F8000, 0x00000000, 0xE2010100,
};

// n times in column n: above from 1 on in twos, below from 40 down in threes.
void loops(Scene *s) {
    counting_constants(s);
    pixel_shader(s, sum_pixel, WORDS(sum_pixel));
    for (uint32_t i = 0; i < 8; i++) {
        loop_constant(s, 0, i, 1, 2);
        fill(s, (float)(i * 16), 0, (float)(i * 16 + 16), 64, RGBA(0, 0, 0, 0));
        loop_constant(s, 0, i, 40, -3);
        fill(s, (float)(i * 16), 64, (float)(i * 16 + 16), 128, RGBA(0, 0, 0, 0));
    }
}

// A loop in a loop; inside the inner one's address counts, after it the outer one's again.
//     max r1, r0.y, r0.y
//     loop i0, done
//     outer:
//     loop i1, inside
//     inner:
//     add r1.x, r1, c[aL+0]
//     endloop i1, inner
//     inside:
//     add r1.y, r1, c[aL+0].x
//     endloop i0, outer
//     done:
//     exec
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t nested_pixel[] = {
    0x00001005, 0x00071000, 0x70000000, 0x00010005, 0x10067000, 0x10000000, 0x00010003, 0x10078000,
    0x10000000, 0x00000002, 0x00088000, 0x10000000, 0x00000000, 0x1008C400, 0x20000000, 0xC80F0001,
    0x00B1B100, 0xE2000000, 0xC8010001, 0x80000000, 0xA0010000, 0xC8020001, 0x80006C00, 0xA0010000,
    0xC88F8000, 0x00000000, 0xE2010100,
};

void loops_nested(Scene *s) {
    counting_constants(s);
    pixel_shader(s, nested_pixel, WORDS(nested_pixel));
    loop_constant(s, 0, 3, 10, 10);
    loop_constant(s, 1, 4, 1, 1);
    fill(s, 0, 0, SIDE, SIDE, RGBA(0, 0, 0, 0));
}

// A loop that is left when the sum reaches the column's number, in each pixel on its own.
//     loop i0, done
//     top:
//     add r1.x, r1.x, c[0].w
//     add r2.x, r1.x, -r0.x
//     setp_ge r3._, r2.x
//     endloop i0, top, p0
//     done:
//     exec
//     alloc colors
//     mul oC0.x001, r1.x, c[1].x
static const uint32_t leave_pixel[] = {
    0x00000003, 0x30037000, 0x10000000, 0x00200001, 0x00068400, 0x10000000, 0x00000000, 0x1006C400,
    0x20000000, 0xC8010001, 0x006C1B00, 0xA0010000, 0xC8010002, 0x026C6C00, 0xE0010000, 0x78000000,
    0x00000040, 0xE2000002, 0xC889C000, 0x006C6C00, 0xA1010100,
};

void loop_left(Scene *s) {
    static const float constants[2][4] = {{0, 0, 0, 1}, {1.0f / 16, 0, 0, 0}};
    pixel_shader(s, leave_pixel, WORDS(leave_pixel));
    pixel_constants(&s->commands, 0, constants, 2);
    loop_constant(s, 0, 6, 0, 0);
    columns(s, 0, SIDE);
}

// Jumps that each pixel takes or not: columns from 4 on.
//     add r1.x, r0.x, c[0].x
//     setp_ge r2._, r1.x
//     jump far, p0
//     exec
//     max r3, c[1], c[1]
//     jump join
//     far:
//     exec
//     max r3, c[2], c[2]
//     join:
//     exec
//     alloc colors
//     max oC0, r3, r3
static const uint32_t jump_pixel[] = {
    0x00002004, 0x40041000, 0xB4000000, 0x00001006, 0x20051000, 0xB0000000, 0x00001007, 0x00081000,
    0x10000000, 0x00000000, 0x1008C400, 0x20000000, 0xC8010001, 0x006C6C00, 0xA0000000, 0x78000000,
    0x00000040, 0xE2000001, 0xC80F0003, 0x00000000, 0x22010100, 0xC80F0003, 0x00000000, 0x22020200,
    0xC80F8000, 0x00000000, 0xE2030300,
};

void jumps(Scene *s) {
    static const float constants[3][4] = {{-4, 0, 0, 0}, {1, 0, 0, 1}, {0, 1, 0, 1}};
    pixel_shader(s, jump_pixel, WORDS(jump_pixel));
    pixel_constants(&s->commands, 0, constants, 3);
    columns(s, 0, SIDE);
}

// A function, called twice with a clause between, and once more if boolean constant 3 is set.
//     call twice
//     exec
//     add r1.y, r1.y, c[0].x
//     call twice
//     call twice, b3
//     jump end
//     twice:
//     exec
//     add r1.x, r1.x, c[0].x
//     ret
//     end:
//     exec
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t call_pixel[] = {
    0x00002005, 0x10059000, 0x10000000, 0x00002005, 0x00059000, 0x940C0000, 0x00002007, 0x1006B000,
    0x10000000, 0x00000000, 0x0007A000, 0x10000000, 0x00000000, 0x1007C400, 0x20000000, 0xC8020001,
    0x00B16C00, 0xA0010000, 0xC8010001, 0x006C6C00, 0xA0010000, 0xC88F8000, 0x00000000, 0xE2010100,
};

void calls(Scene *s) {
    pixel_shader(s, call_pixel, WORDS(call_pixel));
    pixel_constants(&s->commands, 0, RGBA(0.25f, 0, 0, 0), 1);
    fill(s, 0, 0, 64, SIDE, RGBA(0, 0, 0, 0));
    set(s, BOOL_CONSTANTS, 1 << 3);
    fill(s, 64, 0, 128, SIDE, RGBA(0, 0, 0, 0));
}

// Clauses by boolean constants: number 0 for red, number 37 clear for green, number 255 for blue.
//     exec b0
//     max r1.x, c[0].x, c[0].x
//     exec !b37
//     max r1.y, c[0].x, c[0].x
//     exec b255
//     max r1.z, c[0].x, c[0].x
//     exec
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t boolean_pixel[] = {
    0x00001003, 0x10043400, 0x30940000, 0x00001005, 0x000637FC, 0x10000000, 0x00000000, 0x1006C400,
    0x20000000, 0xC8010001, 0x006C6C00, 0x22000000, 0xC8020001, 0x006C6C00, 0x22000000, 0xC8040001,
    0x006C6C00, 0x22000000, 0xC88F8000, 0x00000000, 0xE2010100,
};

void booleans(Scene *s) {
    pixel_shader(s, boolean_pixel, WORDS(boolean_pixel));
    pixel_constants(&s->commands, 0, RGBA(1, 0, 0, 0), 1);
    for (uint32_t i = 0; i < 8; i++) {
        set(s, BOOL_CONSTANTS, i & 1);
        set(s, BOOL_CONSTANTS + 1, (i >> 1 & 1) << 5);
        set(s, BOOL_CONSTANTS + 7, (i >> 2 & 1) << 31);
        fill(s, (float)(i * 16), 0, (float)(i * 16 + 16), SIDE, RGBA(0, 0, 0, 0));
    }
}

// Instructions and clauses by the predicate, which the column's number sets.
//     setp_ne r1._, r0.x
//     (p0) max r2.x, c[0].x, c[0].x
//     (!p0) max r2.y, c[0].x, c[0].x
//     exec p0
//     max r2.z, c[0].x, c[0].x
//     exec
//     alloc colors
//     max oC0.xyz1, r2, r2
static const uint32_t predicate_pixel[] = {
    0x00003003, 0x10061000, 0x54000000, 0x00000007, 0x00001000, 0xC4000000, 0x00001007, 0x00002000,
    0x00000000, 0x70000000, 0x00000040, 0xE2000000, 0xC8010002, 0x186C6C00, 0x22000000, 0xC8020002,
    0x106C6C00, 0x22000000, 0xC8040002, 0x006C6C00, 0x22000000, 0xC88F8000, 0x00000000, 0xE2020200,
};

void predicates(Scene *s) {
    pixel_shader(s, predicate_pixel, WORDS(predicate_pixel));
    pixel_constants(&s->commands, 0, RGBA(1, 0, 0, 0), 1);
    columns(s, 0, SIDE);
}

// Constants at the address register: the column's number, rounded above and cut below.
//     add r1.x, r0.x, c[62].x
//     maxas r2._, r1.xx
//     alloc colors
//     max oC0.xyz1, c[a0+8], c[a0+8]
static const uint32_t rounded_pixel[] = {
    0x00002002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0xC8010001, 0x006C6C00,
    0xA0003E00, 0x5C000000, 0x00000040, 0xE2000001, 0xC88F8000, 0xE0000000, 0x22080800,
};

//     add r1.x, r0.x, c[62].x
//     maxasf r2._, r1.xx
//     alloc colors
//     max oC0.xyz1, c[a0+8], c[a0+8]
static const uint32_t cut_pixel[] = {
    0x00002002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0xC8010001, 0x006C6C00,
    0xA0003E00, 0x60000000, 0x00000040, 0xE2000001, 0xC88F8000, 0xE0000000, 0x22080800,
};

void address_register(Scene *s) {
    counting_constants(s);
    pixel_constants(&s->commands, 62, RGBA(0.75f, 0, 0, 0), 1);
    pixel_shader(s, rounded_pixel, WORDS(rounded_pixel));
    columns(s, 0, 64);
    pixel_shader(s, cut_pixel, WORDS(cut_pixel));
    columns(s, 64, 128);
}

// Registers at the loop's address: the first loop writes r2 to r9, the second
// one adds up every other of them.
//     loop i0, filled
//     fill:
//     max r[aL+2], c[aL+0], c[aL+0]
//     endloop i0, fill
//     filled:
//     exec
//     max r1, r0.y, r0.y
//     loop i1, done
//     top:
//     add r1, r1, r[aL+2]
//     endloop i1, top
//     done:
//     exec
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t relative_pixel[] = {
    0x00000003, 0x10057000, 0x10000000, 0x00000001, 0x10068000, 0x10000000, 0x00010007, 0x10077000,
    0x10000000, 0x00010005, 0x00088000, 0x10000000, 0x00000000, 0x1008C400, 0x20000000, 0xC80F0042,
    0xC0000000, 0x22000000, 0xC80F0001, 0x00B1B100, 0xE2000000, 0xC80F0001, 0x00000000, 0xE0014200,
    0xC88F8000, 0x00000000, 0xE2010100,
};

void relative_registers(Scene *s) {
    counting_constants(s);
    pixel_shader(s, relative_pixel, WORDS(relative_pixel));
    loop_constant(s, 0, 8, 0, 1);
    loop_constant(s, 1, 4, 1, 2);
    fill(s, 0, 0, SIDE, SIDE, RGBA(0, 0, 0, 0));
}

// Operands and results: negated, absolute, swizzled, saturated, parts
// of the result, of constants too.
//     mad_sat r1.x_z, -r0_abs.wzyx, c[0].y, c[0]
//     mul r1._y, r0.x, -c[1].w
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t operand_pixel[] = {
    0x00002002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0xC9050001, 0x0477B100,
    0x8B800000, 0xC8020001, 0x026C1B00, 0xA1000100, 0xC88F8000, 0x00000000, 0xE2010100,
};

void operands(Scene *s) {
    static const float constants[2][4] = {{0.875f, 0.5f, 1.75f, 0}, {0, 0, 0, 0.75f}};
    pixel_shader(s, operand_pixel, WORDS(operand_pixel));
    pixel_constants(&s->commands, 0, constants, 2);
    fill(s, 0, 0, SIDE, SIDE, RGBA(-0.5f, -0.25f, 2, -1));
}

//     alloc colors
//     max oC0, c[0], c[0]
static const uint32_t constant_pixel[] = {
    0x00000000, 0x1001C400, 0x20000000, 0xC80F8000, 0x00000000, 0x22000000,
};

// Pixel constants begin where the register says: at 300.
void constant_base(Scene *s) {
    static const float green[4] = {0, 1, 0, 1};
    pixel_constants(&s->commands, 0, RED, 1);
    pixel_constants(&s->commands, 300 - FIRST_PIXEL_CONSTANT, green, 1);
    set(s, SQ_PS_CONST, 300 | 100 << 12);
    pixel_shader(s, constant_pixel, WORDS(constant_pixel));
    fill(s, 0, 0, SIDE, SIDE, BLUE);
}

// Differences between neighbours: 3 across and 5 down of the first number,
// -2 and 4 of the second, over 16.
//     getGradients r1, r0.xy, tf0
//     mad r1, r1, c[0].x, c[0].y
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t gradient_pixel[] = {
    0x00012002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0x50001012, 0x10FFF688,
    0x00000000, 0xC80F0001, 0x00006CB1, 0x8B010000, 0xC88F8000, 0x00000000, 0xE2010100,
};

void gradients(Scene *s) {
    pixel_shader(s, gradient_pixel, WORDS(gradient_pixel));
    pixel_constants(&s->commands, 0, RGBA(1.0f / 16, 0.5f, 0, 0), 1);
    slope(s, 0, 0, SIDE, SIDE, RGBA(0, 0, 0, 0), RGBA(3 * SIDE, -2 * SIDE, 0, 0), RGBA(5 * SIDE, 4 * SIDE, 0, 0));
}

// The shader says the depth: the first number, against a half.
//     alloc colors 2
//     max oDepth.x, r0.x, r0.x
//     max oC0, c[0], c[0]
static const uint32_t depth_pixel[] = {
    0x00000001, 0x2001C400, 0x20000000, 0xC801803D, 0x006C6C00, 0xE2000000, 0xC80F8000, 0x00000000,
    0x22000000,
};

void depth_export(Scene *s) {
    set(s, RB_DEPTHCONTROL, 2 | 4 | 7 << 4);
    fill_at(s, 0, 0, SIDE, SIDE, 0.5f, BLACK);
    set(s, RB_DEPTHCONTROL, 2 | 4 | 1 << 4);
    pixel_shader(s, depth_pixel, WORDS(depth_pixel));
    pixel_constants(&s->commands, 0, RED, 1);
    slope(s, 0, 0, SIDE, SIDE, RGBA(0, 0, 0, 0), RGBA(1, 0, 0, 0), RGBA(0, 0, 0, 0));
    // The written depths: from 1/4 to 1/2, green is nearer only where no pixel was drawn.
    plain_programs(s);
    set(s, RB_COLOR_MASK, 2);
    fill_at(s, 0, 64, SIDE, SIDE, 0.25f, GREEN);
}

// A vertex shader that fetches from a texture: the colour of its column.
//     vfetch r1.xyzw, r0.x, vf0, format=38, stride=8, offset=0
//     vfetch r2.xyzw, r0.x, vf0, format=38, stride=8, offset=4
//     tfetch2D r3, r2.xy, tf1, nolod, unnormalized
//     alloc position
//     max oPos, r1, r1
//     alloc interpolators 1
//     max o0, r3, r3
static const uint32_t fetching_vertex[] = {
    0x00153003, 0x00001000, 0xC2000000, 0x00001006, 0x00001000, 0xC4000000, 0x00001007, 0x00002000,
    0x00000000, 0x00081000, 0x00260688, 0x00000008, 0x00082000, 0x00260688, 0x00000408, 0x52103041,
    0x00FFF688, 0x00004000, 0xC80F803E, 0x00000000, 0xE2010100, 0xC80F8000, 0x00000000, 0xE2030300,
};

void vertex_texture(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 8, .height = 1,
                 .pitch = 32, .swizzle = XYZW};
    uint32_t *texels = place(s, 256, &t.physical);
    for (uint32_t i = 0; i < 8; i++) texels[i] = i * 0x20 | (0xFF - i * 0x20) << 8 | 0xFF000000;
    texture(s, 1, &t);
    vertex_shader(s, fetching_vertex, WORDS(fetching_vertex));
    Vertex list[24];
    for (int i = 0; i < 24; i++)
        list[i] = (Vertex){(float)(i / 3 * 16 + (i % 3 == 1 ? 16 : 0)), i % 3 == 2 ? SIDE : 0, 0, 1,
                           {(float)(i / 3) + 0.5f, 0.5f, 0, 1}};
    draw(s, RECTANGLE_LIST, list, 24);
}

// Weights of a linear filter between texels, and how far apart texels and pixels are.
//     getWeights2D r1, r0.xy, tf1
//     alloc colors
//     max oC0.xy01, r1, r1
static const uint32_t weight_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x50101013, 0x10FFF688,
    0x00004000, 0xC88BC000, 0x00000000, 0xE2010100,
};

//     getCompTexLOD2D r1, r0.xy, tf1
//     mul r1.x, r1.x, c[0].x
//     alloc colors
//     max oC0.x001, r1, r1
static const uint32_t distance_pixel[] = {
    0x00012002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0x50101011, 0x10FFF688,
    0x00004000, 0xC8010001, 0x006C6C00, 0xA1010000, 0xC889C000, 0x00000000, 0xE2010100,
};

static void small_texture(Scene *s, uint32_t side) {
    Texture t = {.format = FORMAT_8_8_8_8, .dimension = TEXTURE_2D, .width = side, .height = side, .pitch = 64,
                 .swizzle = XYZW};
    place(s, side * 256, &t.physical);
    texture(s, 1, &t);
}

void texture_weights(Scene *s) {
    small_texture(s, 8);
    pixel_shader(s, weight_pixel, WORDS(weight_pixel));
    span(s, 0, 0, SIDE, SIDE, 0, 0, 1, 1);
}

// 64 texels over 128, 64, 32, 16 pixels, ...: levels of detail -1, 0, 1, 2 and so on; eighths of red.
void level_of_detail(Scene *s) {
    small_texture(s, 64);
    pixel_shader(s, distance_pixel, WORDS(distance_pixel));
    pixel_constants(&s->commands, 0, RGBA(0.125f, 0, 0, 0), 1);
    for (int i = 0; i < 6; i++)
        span(s, 0, (float)(i * 16), SIDE, (float)(i * 16 + 16), 0, 0, (float)(1 << i), (float)(1 << i) / 8);
}
