// Copies out of the EDRAM.
#include "copy.h"
#include "texture.h"

// A copy that clears the colours behind itself, of the middle only.
void copy_clears(Scene *s) {
    uint32_t elsewhere;
    place(s, SIDE * SIDE * 4, &elsewhere);
    fill(s, 0, 0, SIDE, SIDE, RED);
    set(s, RB_COLOR_CLEAR, 0xFF336699);
    Copy middle = COPY_OF_COLOR;
    middle.to = elsewhere;
    middle.clears = CLEAR_COLOR;
    middle.x0 = 32, middle.y0 = 48, middle.x1 = 96, middle.y1 = 80;
    copy(s, &middle);
}

// A copy that clears depth and stencil.
void copy_clears_depth(Scene *s) {
    uint32_t elsewhere;
    place(s, SIDE * SIDE * 4, &elsewhere);
    set(s, RB_DEPTHCONTROL, 2 | 4 | 7 << 4);
    fill_at(s, 0, 0, SIDE, SIDE, 0.25f, BLACK);
    set(s, RB_DEPTHCONTROL, 0);
    set(s, RB_DEPTH_CLEAR, 0x80000055);
    Copy middle = COPY_OF_COLOR;
    middle.to = elsewhere;
    middle.clears = CLEAR_DEPTH;
    middle.x0 = 32, middle.y0 = 48, middle.x1 = 96, middle.y1 = 80;
    copy(s, &middle);
    set(s, RB_STENCILREFMASK, 0x55 | 0xFF << 8);
    set(s, RB_DEPTHCONTROL, 1 | 2 | 1 << 4 | 7 << 8); // depth less, stencil always
    fill_at(s, 0, 0, SIDE, SIDE, 0.375f, RED);
    set(s, RB_DEPTHCONTROL, 1 | 2 << 8); // stencil equal
    set(s, RB_COLOR_MASK, 2);
    fill(s, 0, 0, SIDE, SIDE, GREEN);
}

// Colours of 64 bits are cleared to two words: 16_16_16_16_FLOAT with 1, 0.5, 0.25, 1.
void copy_clears_64_bits(Scene *s) {
    uint32_t elsewhere;
    Texture t = TEXTURE_OF_COPY;
    place(s, SIDE * SIDE * 4, &elsewhere);
    place(s, SIDE * SIDE * 4, &t.physical);
    set(s, RB_COLOR_INFO, SPARE_TILE | 7 << 16);
    set(s, RB_COLOR_CLEAR, 0x3C003400);    // alpha and blue
    set(s, RB_COLOR_CLEAR_LO, 0x38003C00); // green and red
    Copy whole = COPY_OF_COLOR;
    whole.to = elsewhere;
    whole.clears = CLEAR_COLOR;
    copy(s, &whole);
    whole.to = t.physical;
    whole.clears = 0;
    copy(s, &whole);
    whole_surface(s);
    texture(s, 1, &t);
    show_texture(s, 0, 0, SIDE, SIDE, 0, 0);
}

// Into a larger picture: only the rectangle is written, the rest of the texture stays.
void copy_of_a_part(Scene *s) {
    Texture t = TEXTURE_OF_COPY;
    uint32_t *texels = place(s, SIDE * SIDE * 4, &t.physical);
    for (uint32_t i = 0; i < SIDE * SIDE; i++) texels[i] = 0xFF00FF00;
    fill(s, 0, 0, SIDE, SIDE, RED);
    fill(s, 40, 40, 72, 72, BLUE);
    Copy part = COPY_OF_COLOR;
    part.to = t.physical;
    part.x0 = 24, part.y0 = 32, part.x1 = 104, part.y1 = 56;
    copy(s, &part);
    texture(s, 1, &t);
    show_texture(s, 0, 0, SIDE, SIDE, 0, 0);
}

// The window offset moves the rectangle that is copied, if vertices are
// moved, and the scissor cuts it.
void copy_moved(Scene *s) {
    enum { VERTICES_SHIFTED = 1 << 16 };
    Texture t = TEXTURE_OF_COPY;
    place(s, SIDE * SIDE * 4, &t.physical);
    fill(s, 0, 0, SIDE, SIDE, RED);
    set(s, PA_SC_WINDOW_OFFSET, 16 | 8 << 16);
    set(s, PA_SU_SC_MODE_CNTL, VERTICES_SHIFTED);
    set(s, PA_SC_WINDOW_SCISSOR_BR, 64 | 48 << 16);
    Copy part = COPY_OF_COLOR;
    part.to = t.physical;
    part.x0 = 8, part.y0 = 16, part.x1 = 88, part.y1 = 32;
    copy(s, &part);
    set(s, PA_SU_SC_MODE_CNTL, 0);
    whole_surface(s);
    texture(s, 1, &t);
    show_texture(s, 0, 0, SIDE, SIDE, 0, 0);
}

// 64 columns with v, 1 - v, v / 2 and v, where v runs from 0 to 63/64, in a target that holds them exactly.
static void ramp(Scene *s) {
    set(s, RB_COLOR_INFO, SPARE_TILE | 7 << 16);
    for (int i = 0; i < 64; i++) {
        float v = (float)i / 64;
        fill(s, (float)(i * 2), 0, (float)(i * 2 + 2), 32, RGBA(v, 1 - v, v / 2, v));
    }
}

typedef struct {
    uint32_t format, bytes, endian, texture_endian, swizzle;
    int32_t exponent;
    uint32_t swap, command;
} Kind;

// Copies the ramp as `kind` says and shows it as a texture of the same format, its alpha below.
static void show_kind(Scene *s, const Kind *kind) {
    Texture t = TEXTURE_OF_COPY;
    place(s, SIDE * 32 * kind->bytes, &t.physical);
    Copy what = COPY_OF_COLOR;
    what.to = t.physical;
    what.format = kind->format;
    what.endian = kind->endian;
    what.exponent = kind->exponent;
    what.swap = kind->swap;
    what.command = kind->command;
    what.height = 32, what.y1 = 32;
    copy(s, &what);
    whole_surface(s);
    t.format = kind->format;
    t.endian = kind->texture_endian;
    t.swizzle = kind->swizzle;
    t.height = 32;
    texture(s, 1, &t);
    show_texture(s, 0, 0, SIDE, 32, 0, 0);
    uint32_t alpha = kind->swizzle >> 9;
    t.swizzle = SWIZZLE(alpha, alpha, alpha, 5);
    texture(s, 1, &t);
    show_texture(s, 0, 32, SIDE, 32, 0, 0);
}

#define ALL XYZW
#define THREE SWIZZLE(0, 1, 2, 5)
#define TWO SWIZZLE(0, 1, 4, 5)
#define SINGLE SWIZZLE(0, 4, 4, 5)
#define KIND(name, ...)                           \
    void name(Scene *s) {                         \
        static const Kind kind = {__VA_ARGS__};   \
        ramp(s);                                  \
        show_kind(s, &kind);                      \
    }

#define COPY_KIND(name, format, bytes, endian, swizzle) \
    KIND(name, format, bytes, endian, endian, swizzle, 0, 0, COPY_CONVERT)

COPY_KIND(copy_8, 2, 1, ENDIAN_NONE, SINGLE)
COPY_KIND(copy_1_5_5_5, 3, 2, ENDIAN_8IN16, ALL)
COPY_KIND(copy_5_6_5, 4, 2, ENDIAN_8IN16, THREE)
COPY_KIND(copy_6_5_5, 5, 2, ENDIAN_8IN16, THREE)
COPY_KIND(copy_8_8_8_8, 6, 4, ENDIAN_8IN32, ALL)
COPY_KIND(copy_2_10_10_10, 7, 4, ENDIAN_8IN32, ALL)
COPY_KIND(copy_8_a, 8, 1, ENDIAN_NONE, SINGLE)
COPY_KIND(copy_8_b, 9, 1, ENDIAN_NONE, SINGLE)
COPY_KIND(copy_8_8, 10, 2, ENDIAN_8IN16, TWO)
COPY_KIND(copy_8_8_8_8_a, 14, 4, ENDIAN_8IN32, ALL)
COPY_KIND(copy_4_4_4_4, 15, 2, ENDIAN_8IN16, ALL)
COPY_KIND(copy_10_11_11, 16, 4, ENDIAN_8IN32, THREE)
COPY_KIND(copy_11_11_10, 17, 4, ENDIAN_8IN32, THREE)
COPY_KIND(copy_16, 24, 2, ENDIAN_8IN16, SINGLE)
COPY_KIND(copy_16_16, 25, 4, ENDIAN_8IN16, TWO)
COPY_KIND(copy_16_16_16_16, 26, 8, ENDIAN_8IN16, ALL)
COPY_KIND(copy_16_float, 30, 2, ENDIAN_8IN16, SINGLE)
COPY_KIND(copy_16_16_float, 31, 4, ENDIAN_8IN16, TWO)
COPY_KIND(copy_16_16_16_16_float, 32, 8, ENDIAN_8IN16, ALL)
COPY_KIND(copy_32_float, 36, 4, ENDIAN_8IN32, SINGLE)
COPY_KIND(copy_32_32_float, 37, 8, ENDIAN_8IN32, TWO)
COPY_KIND(copy_32_32_32_32_float, 38, 16, ENDIAN_8IN32, ALL)
COPY_KIND(copy_8_8_8_8_as_16_16_16_16, 50, 4, ENDIAN_8IN32, ALL)
COPY_KIND(copy_2_10_10_10_as_16_16_16_16, 54, 4, ENDIAN_8IN32, ALL)
COPY_KIND(copy_10_11_11_as_16_16_16_16, 55, 4, ENDIAN_8IN32, THREE)
COPY_KIND(copy_11_11_10_as_16_16_16_16, 56, 4, ENDIAN_8IN32, THREE)
KIND(copy_without_byte_order, 6, 4, ENDIAN_NONE, ENDIAN_NONE, ALL, 0, 0, COPY_CONVERT)
KIND(copy_with_halves_swapped, 6, 4, ENDIAN_16IN32, ENDIAN_16IN32, ALL, 0, 0, COPY_CONVERT)
// Orders of 64 and 128 bits also exchange the words; textures can only
// undo the bytes' order in each.
KIND(copy_8_in_64, 26, 8, ENDIAN_8IN64, ENDIAN_8IN32, SWIZZLE(2, 3, 0, 1), 0, 0, COPY_CONVERT)
KIND(copy_8_in_128, 38, 16, ENDIAN_8IN128, ENDIAN_8IN32, SWIZZLE(3, 2, 1, 0), 0, 0, COPY_CONVERT)
KIND(copy_exponent_up, 6, 4, ENDIAN_8IN32, ENDIAN_8IN32, ALL, 1, 0, COPY_CONVERT)
KIND(copy_exponent_down, 6, 4, ENDIAN_8IN32, ENDIAN_8IN32, ALL, -2, 0, COPY_CONVERT)
KIND(copy_swapped, 6, 4, ENDIAN_8IN32, ENDIAN_8IN32, ALL, 0, 1, COPY_CONVERT)
KIND(copy_raw, 32, 8, ENDIAN_8IN16, ENDIAN_8IN16, ALL, 0, 0, COPY_RAW)

// Into slices of a 3D texture of 32 x 32 x 8: slice n is n / 8 of red.
//     tfetch3D r0, r0.xyz, tf1, unnormalized, volmag=point, volmin=point
//     alloc colors
//     max oC0, r0, r0
static const uint32_t box_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x92100001, 0x10FFF688,
    0x00008000, 0xC80F8000, 0x00000000, 0xE2000000,
};

void copy_to_slices(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_3D, .width = 32, .height = 32,
                 .depth = 8, .pitch = 32, .tiled = 1, .swizzle = XYZW};
    place(s, 32 * 32 * 8 * 4, &t.physical);
    Copy slice = COPY_OF_COLOR;
    slice.array = 1, slice.pitch = 32, slice.height = 32;
    slice.x1 = 32, slice.y1 = 32;
    slice.to = t.physical;
    for (uint32_t i = 0; i < 8; i++) {
        fill(s, 0, 0, 32, 32, RGBA((float)i / 8, 0, 1, 1));
        fill(s, 8, 0, 16, 32, RGBA((float)i / 8, 1, 0, 1));
        slice.slice = i;
        copy(s, &slice);
    }
    texture(s, 1, &t);
    pixel_shader(s, box_pixel, WORDS(box_pixel));
    for (int z = 0; z < 8; z++) {
        float x = (float)(z % 4 * 32), y = (float)(z / 4 * 32), at = (float)z + 0.5f;
        slope(s, x, y, x + 32, y + 32, RGBA(0, 0, at, 1), RGBA(32, 0, at, 1), RGBA(0, 32, at, 1));
    }
    plain_programs(s);
    fill(s, 0, 64, 128, 128, BLACK);
}
