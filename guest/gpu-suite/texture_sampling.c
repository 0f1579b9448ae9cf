// How textures are sampled: coordinates outside, filters, levels, signs, exponents, swizzles.
#include "copy.h"
#include "texture.h"

// The fetch constant decides about filters; coordinates are shares of the texture.
//     tfetch2D r0, r0.xy, tf1
//     alloc colors
//     max oC0, r0, r0
static const uint32_t share_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x50100001, 0x10FFF688,
    0x00004000, 0xC80F8000, 0x00000000, 0xE2000000,
};

static uint32_t grey(uint32_t level) {
    return level | level << 8 | level << 16 | 0xFFu << 24;
}

// 8 x 8 texels: red from x, green from y.
static void make_small(Scene *s, Texture *t) {
    *t = (Texture){.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 8, .height = 8,
                   .pitch = 32, .tiled = 1, .swizzle = XYZW};
    uint8_t *texels = place(s, 4096, &t->physical);
    for (uint32_t y = 0; y < 8; y++)
        for (uint32_t x = 0; x < 8; x++)
            *(uint32_t *)(texels + tiled_offset(x, y, 32, 2)) = (x * 32 + 16) | (y * 32 + 16) << 8 | 0xFFu << 24;
}

// Coordinates from -1 to 3, across and down. Each texel is 4 pixels wide.
static void clamped(Scene *s, uint32_t mode, uint32_t border) {
    Texture t;
    make_small(s, &t);
    t.clamp[0] = t.clamp[1] = mode;
    t.border = border;
    texture(s, 1, &t);
    pixel_shader(s, share_pixel, WORDS(share_pixel));
    span(s, 0, 0, SIDE, SIDE, -1, -1, 3, 3);
}

void clamp_repeat(Scene *s) {
    clamped(s, REPEAT, 0);
}

void clamp_mirror(Scene *s) {
    clamped(s, MIRROR, 0);
}

void clamp_to_edge(Scene *s) {
    clamped(s, CLAMP, 0);
}

void clamp_mirror_to_edge(Scene *s) {
    clamped(s, MIRROR_CLAMP, 0);
}

void clamp_to_black_border(Scene *s) {
    clamped(s, BORDER, 0);
}

void clamp_to_white_border(Scene *s) {
    clamped(s, BORDER, 1);
}

void clamp_mirror_to_border(Scene *s) {
    clamped(s, MIRROR_BORDER, 1);
}

// Modes of their own across and down.
void clamp_two_modes(Scene *s) {
    Texture t;
    make_small(s, &t);
    t.clamp[0] = MIRROR, t.clamp[1] = CLAMP;
    texture(s, 1, &t);
    pixel_shader(s, share_pixel, WORDS(share_pixel));
    span(s, 0, 0, SIDE, SIDE, -1, -1, 3, 3);
}

// 8 x 8 texels over the whole picture, filtered.
void filter_linear(Scene *s) {
    Texture t;
    make_small(s, &t);
    t.clamp[0] = t.clamp[1] = CLAMP;
    t.filter = FILTER_LINEAR;
    texture(s, 1, &t);
    pixel_shader(s, share_pixel, WORDS(share_pixel));
    span(s, 0, 0, SIDE, SIDE, 0, 0, 1, 1);
}

// Across the edge, the other side's texels are mixed in.
void filter_linear_repeat(Scene *s) {
    Texture t;
    make_small(s, &t);
    t.filter = FILTER_LINEAR;
    texture(s, 1, &t);
    pixel_shader(s, share_pixel, WORDS(share_pixel));
    span(s, 0, 0, SIDE, SIDE, 0.5f, 0.5f, 1.5f, 1.5f);
}

// 64 x 64 texels and levels; on level n red is x, green y, blue n.
static void make_levels(Scene *s, Texture *t, uint32_t packed) {
    *t = (Texture){.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 64, .height = 64,
                   .pitch = 64, .tiled = 1, .swizzle = XYZW, .clamp = {CLAMP, CLAMP, CLAMP}, .max_level = 6,
                   .packed = packed};
    // The small levels' places in the tile that they share.
    static const uint32_t places[7][2] = {{0, 0}, {0, 0}, {16, 0}, {8, 0}, {4, 0}, {0, 8}, {0, 4}};
    uint8_t *base = place(s, 64 * 64 * 4, &t->physical), *mips = place(s, 6 * 4096, &t->mips);
    for (uint32_t level = 0; level <= 6; level++) {
        uint32_t side = 64 >> level, x0 = packed ? places[level][0] : 0, y0 = packed ? places[level][1] : 0;
        uint32_t tile = packed && level > 2 ? 1 : level - 1;
        uint8_t *at = level == 0 ? base : mips + tile * 4096;
        for (uint32_t y = 0; y < side; y++)
            for (uint32_t x = 0; x < side; x++)
                *(uint32_t *)(at + tiled_offset(x0 + x, y0 + y, level == 0 ? 64 : 32, 2)) =
                    x * 4 | y * 4 << 8 | (level * 40 + 10) << 16 | 0xFFu << 24;
    }
}

// Each level at its own size, beside each other.
static void show_levels(Scene *s, const Texture *t) {
    texture(s, 1, t);
    pixel_shader(s, share_pixel, WORDS(share_pixel));
    float x = 0;
    for (int level = 0; level <= 6; level++) {
        float side = (float)(64 >> level);
        // Quads of 2 x 2 pixels see the change from pixel to pixel. A quarter of a texel keeps
        // coordinates off the edges between texels where other levels are taken.
        span(s, x, 0, x + side, side, 0.25f / 64, 0.25f / 64, 1 + 0.25f / 64, 1 + 0.25f / 64);
        x += side;
    }
}

void levels_apart(Scene *s) {
    Texture t;
    make_levels(s, &t, 0);
    show_levels(s, &t);
}

void levels_packed(Scene *s) {
    Texture t;
    make_levels(s, &t, 1);
    show_levels(s, &t);
}

// The highest level that may be used is 2, the lowest 1.
void levels_limited(Scene *s) {
    Texture t;
    make_levels(s, &t, 1);
    t.min_level = 1, t.max_level = 2;
    show_levels(s, &t);
}

// Only the base level is looked at.
void levels_base_only(Scene *s) {
    Texture t;
    make_levels(s, &t, 1);
    t.mip_filter = FILTER_BASE;
    show_levels(s, &t);
}

// A wide texture's levels lie above each other: 128 x 32.
void levels_packed_wide(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 128, .height = 32,
                 .pitch = 128, .tiled = 1, .swizzle = XYZW, .clamp = {CLAMP, CLAMP, CLAMP}, .max_level = 5,
                 .packed = 1};
    // Levels 1 (64 x 16) to 5 (4 x 1).
    static const uint32_t places[6][2] = {{0, 0}, {0, 16}, {0, 8}, {0, 4}, {32, 0}, {16, 0}};
    uint8_t *base = place(s, 128 * 32 * 4, &t.physical), *mips = place(s, 64 * 32 * 4, &t.mips);
    for (uint32_t level = 0; level <= 5; level++) {
        uint32_t width = 128 >> level, height = level == 5 ? 1 : 32 >> level, pitch = level ? 64 : 128;
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                *(uint32_t *)((level ? mips : base) +
                              tiled_offset(places[level][0] + x, places[level][1] + y, pitch, 2)) =
                    x * 2 | y * 8 << 8 | (level * 40 + 10) << 16 | 0xFFu << 24;
    }
    texture(s, 1, &t);
    pixel_shader(s, share_pixel, WORDS(share_pixel));
    float y = 0;
    for (int level = 0; level <= 5; level++) {
        float width = (float)(128 >> level), height = level == 5 ? 1 : (float)(32 >> level);
        span(s, 0, y, width, y + height, 0, 0, 1, 1);
        y += height;
    }
}

// The level comes from a register: n in column n of 16 pixels, halves in the lower half.
//     setTexLOD r0.____, r0.z, tf1
//     tfetch2D r0, r0.xy, tf1, nolod, reglod
//     alloc colors
//     max oC0, r0, r0
static const uint32_t level_pixel[] = {
    0x00052002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0xA8100018, 0x10FFFFFF,
    0x00000000, 0x50100001, 0x20FFF688, 0x00004000, 0xC80F8000, 0x00000000, 0xE2000000,
};

static void by_register(Scene *s, uint32_t mip_filter) {
    Texture t;
    make_levels(s, &t, 1);
    t.mip_filter = mip_filter;
    texture(s, 1, &t);
    pixel_shader(s, level_pixel, WORDS(level_pixel));
    for (int i = 0; i < 14; i++) {
        float x = (float)(i / 2 * 16), y = (float)(i % 2 * 64), level = (float)(i / 2) + (i % 2 ? 0.25f : 0);
        const float all[4] = {0.01f, 0.01f, level, 0};
        fill(s, x, y, x + 16, y + 64, all);
    }
}

void level_from_register(Scene *s) {
    by_register(s, FILTER_POINT);
}

void levels_mixed(Scene *s) {
    by_register(s, FILTER_LINEAR);
}

// Half of what was fetched plus a half, so that negative numbers show.
//     tfetch2D r0, r0.xy, tf1, unnormalized
//     mad r0, r0, c[0].x, c[0].y
//     alloc colors
//     max oC0, r0, r0
static const uint32_t scaled_pixel[] = {
    0x00012002, 0x00001000, 0xC4000000, 0x00001004, 0x00002000, 0x00000000, 0x52100001, 0x10FFF688,
    0x00004000, 0xC80F0000, 0x00006CB1, 0x8B000000, 0xC80F8000, 0x00000000, 0xE2000000,
};

// A row of 128 texels with levels 0 to 254, two apart, in all components.
static void make_ramp(Scene *s, Texture *t) {
    *t = (Texture){.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 128, .height = 1,
                   .pitch = 128, .swizzle = XYZW};
    uint32_t *texels = place(s, 128 * 4, &t->physical);
    for (uint32_t x = 0; x < 128; x++) texels[x] = x * 0x02020202;
}

static void show_ramp(Scene *s, const Texture *t, float y, float scale, float offset) {
    texture(s, 1, t);
    pixel_shader(s, scaled_pixel, WORDS(scaled_pixel));
    pixel_constants(&s->commands, 0, RGBA(scale, offset, 0, 0), 1);
    span(s, 0, y, SIDE, y + 32, 0, 0, SIDE, 0);
}

void texture_signs(Scene *s) {
    Texture t;
    make_ramp(s, &t);
    t.signs = SIGNED | BIASED << 2 | GAMMA << 4;
    show_ramp(s, &t, 0, 0.5f, 0.5f);
    show_ramp(s, &t, 32, 1, 0);
    show_ramp(s, &t, 64, -1, 0);
}

// Two to the power of the exponent: 1, -1, 31 and back.
void texture_exponents(Scene *s) {
    Texture t;
    make_ramp(s, &t);
    t.exponent = 1;
    show_ramp(s, &t, 0, 1, 0);
    t.exponent = -1;
    show_ramp(s, &t, 32, 1, 0);
    t.exponent = 31;
    show_ramp(s, &t, 64, 1.0f / 2147483648.0f, 0);
    t.exponent = -32;
    show_ramp(s, &t, 96, 4294967296.0f, 0);
}

// Integers, in units of 1/255; signed ones below.
void texture_integers(Scene *s) {
    Texture t;
    make_ramp(s, &t);
    t.integer = 1;
    show_ramp(s, &t, 0, 1.0f / 255, 0);
    t.signs = SIGNED * 0x55;
    show_ramp(s, &t, 32, 1.0f / 255, 0.5f);
}

// Swizzles: a texel with 0x20, 0x60, 0xA0, 0xE0 in its components.
void texture_swizzles(Scene *s) {
    static const uint32_t swizzles[8] = {
        SWIZZLE(0, 1, 2, 3), SWIZZLE(3, 2, 1, 0), SWIZZLE(1, 1, 1, 1), SWIZZLE(4, 4, 4, 4),
        SWIZZLE(5, 5, 5, 5), SWIZZLE(4, 5, 3, 0), SWIZZLE(2, 0, 1, 3), SWIZZLE(3, 4, 5, 2),
    };
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 1, .height = 1,
                 .pitch = 32};
    uint32_t *texels = place(s, 256, &t.physical);
    texels[0] = 0xE0A06020;
    for (int i = 0; i < 8; i++) {
        t.swizzle = swizzles[i];
        texture(s, 1, &t);
        pixel_shader(s, share_pixel, WORDS(share_pixel));
        span(s, (float)(i * 16), 0, (float)(i * 16 + 16), SIDE, 0, 0, 1, 1);
    }
}

// Offsets in the instruction are texels: 1.5 to the right, 2 up.
//     tfetch2D r0, r0.xy, tf1, unnormalized, offsetx=1.5, offsety=-2
//     alloc colors
//     max oC0, r0, r0
static const uint32_t offset_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x52100001, 0x10FFF688,
    0x03834000, 0xC80F8000, 0x00000000, 0xE2000000,
};

void fetch_offsets(Scene *s) {
    Texture t;
    make_small(s, &t);
    texture(s, 1, &t);
    pixel_shader(s, offset_pixel, WORDS(offset_pixel));
    span(s, 0, 0, SIDE, SIDE, 0, 0, 8, 8);
}

// A copy writes over a texture that was drawn with.
void texture_written_over(Scene *s) {
    Texture t = TEXTURE_OF_COPY;
    uint32_t *texels = place(s, SIDE * SIDE * 4, &t.physical);
    for (uint32_t i = 0; i < SIDE * SIDE; i++) texels[i] = grey(200);
    texture(s, 1, &t);
    show_texture(s, 0, 0, 64, 64, 0, 0);
    plain_programs(s);
    fill(s, 64, 64, 128, 128, RED);
    Copy over = COPY_OF_COLOR;
    over.to = t.physical;
    copy(s, &over);
    texture(s, 1, &t);
    // The same texels again: those are grey no more.
    show_texture(s, 64, 0, 64, 64, 0, 0);
    show_texture(s, 0, 64, 64, 64, 64, 64);
}
