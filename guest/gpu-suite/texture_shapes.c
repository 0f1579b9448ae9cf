// Textures of one and three dimensions, stacks, cubes. Texel (x, y, z) has x
// in red, y in green, z in blue.
#include "texture.h"

static uint32_t texel(uint32_t x, uint32_t y, uint32_t z) {
    return (x * 8 & 255) | (y * 8 & 255) << 8 | (z * 16 & 255) << 16 | 0xFFu << 24;
}

//     tfetch1D r0, r0.x, tf1, unnormalized
//     alloc colors
//     max oC0, r0, r0
static const uint32_t line_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x02100001, 0x10FFF688,
    0x00000000, 0xC80F8000, 0x00000000, 0xE2000000,
};

// 128 texels, in every row of the picture.
void texture_1d(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_1D, .width = 128, .height = 1,
                 .pitch = 128, .swizzle = XYZW};
    uint32_t *texels = place(s, 128 * 4, &t.physical);
    for (uint32_t x = 0; x < 128; x++) texels[x] = texel(x, x / 32, 0);
    texture(s, 1, &t);
    pixel_shader(s, line_pixel, WORDS(line_pixel));
    span(s, 0, 0, SIDE, SIDE, 0, 0, SIDE, 0);
}

//     tfetch3D r0, r0.xyz, tf1, unnormalized, volmag=point, volmin=point
//     alloc colors
//     max oC0, r0, r0
static const uint32_t box_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x92100001, 0x10FFF688,
    0x00008000, 0xC80F8000, 0x00000000, 0xE2000000,
};

//     tfetch3D r0, r0.xyz, tf1, volmag=point, volmin=point
//     alloc colors
//     max oC0, r0, r0
static const uint32_t share_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x90100001, 0x10FFF688,
    0x00008000, 0xC80F8000, 0x00000000, 0xE2000000,
};

// 16 layers of 32 x 32 texels as 4 x 4 squares. In units of texels, or of the whole texture.
static void show_layers(Scene *s, int normalized) {
    pixel_shader(s, normalized ? share_pixel : box_pixel, normalized ? WORDS(share_pixel) : WORDS(box_pixel));
    float side = normalized ? 1 : 32, step = normalized ? 1.0f / 16 : 1;
    for (int z = 0; z < 16; z++) {
        float x = (float)(z % 4 * 32), y = (float)(z / 4 * 32), at = ((float)z + 0.5f) * step;
        slope(s, x, y, x + 32, y + 32, RGBA(0, 0, at, 1), RGBA(side, 0, at, 1), RGBA(0, side, at, 1));
    }
}

static void box(Scene *s, uint32_t tiled, int normalized) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_3D, .width = 32, .height = 32,
                 .depth = 16, .pitch = 64, .tiled = tiled, .swizzle = XYZW, .clamp = {CLAMP, CLAMP, CLAMP}};
    uint8_t *texels = place(s, 64 * 32 * 16 * 4, &t.physical);
    for (uint32_t z = 0; z < 16; z++)
        for (uint32_t y = 0; y < 32; y++)
            for (uint32_t x = 0; x < 32; x++) {
                uint32_t at = tiled ? tiled_offset_3d(x, y, z, 64, 32, 2) : (x + (y + z * 32) * 64) * 4;
                *(uint32_t *)(texels + at) = texel(x, y, z);
            }
    texture(s, 1, &t);
    show_layers(s, normalized);
}

void texture_3d_tiled(Scene *s) {
    box(s, 1, 0);
}

void texture_3d_linear(Scene *s) {
    box(s, 0, 0);
}

void texture_3d_normalized(Scene *s) {
    box(s, 1, 1);
}

// Layers that are 2D textures, 4096 bytes each.
static void make_stack(Scene *s, Texture *t) {
    *t = (Texture){.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .stacked = 1, .width = 32,
                   .height = 32, .depth = 16, .pitch = 32, .tiled = 1, .swizzle = XYZW};
    uint8_t *texels = place(s, 16 * 4096, &t->physical);
    for (uint32_t z = 0; z < 16; z++)
        for (uint32_t y = 0; y < 32; y++)
            for (uint32_t x = 0; x < 32; x++)
                *(uint32_t *)(texels + z * 4096 + tiled_offset(x, y, 32, 2)) = texel(x, y, z);
    texture(s, 1, t);
}

void texture_stack(Scene *s) {
    Texture t;
    make_stack(s, &t);
    show_layers(s, 0);
}

void texture_stack_normalized(Scene *s) {
    Texture t;
    make_stack(s, &t);
    show_layers(s, 1);
}

//     tfetch2D r0, r0.xyz, tf1, unnormalized
//     alloc colors
//     max oC0, r0, r0
static const uint32_t flat_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x92100001, 0x10FFF688,
    0x00004000, 0xC80F8000, 0x00000000, 0xE2000000,
};

// A fetch of two dimensions knows nothing of layers.
void texture_stack_as_2d(Scene *s) {
    Texture t;
    make_stack(s, &t);
    pixel_shader(s, flat_pixel, WORDS(flat_pixel));
    slope(s, 0, 0, 32, 32, RGBA(0, 0, 5.5f, 1), RGBA(32, 0, 5.5f, 1), RGBA(0, 32, 5.5f, 1));
}

// The usual way to a face: the cube operation gives t, s, twice the major axis, and the face's
// number; the place on the face is s and t over that, plus 1.5.
//     cube r1, r0.zzxy, r0.yxzz
//     max r3.z, r1.w, r1.w
//     + rcp r2.x, r1_abs.z
//     mad r3.xy, r1.yxzw, r2.x, c[0].x
//     tfetchCube r0, r3.xyz, tf1
//     alloc colors
//     max oC0, r0, r0
static const uint32_t cube_pixel[] = {
    0x00404002, 0x00001000, 0xC4000000, 0x00001006, 0x00002000, 0x00000000, 0xC80F0001, 0x00A6CD00,
    0xF2000000, 0x4C140203, 0x001B1BC2, 0xE2010181, 0xC8030003, 0x000D6C6C, 0xCB010200, 0x90100061,
    0x10FFF688, 0x0000C000, 0xC80F8000, 0x00000000, 0xE2000000,
};

// Directions to the left top corner of each face, and from there to the right and down.
typedef struct {
    float corner[4], right[4], down[4];
} Face;

static const Face faces[6] = {
    {{1, 1, 1, 0}, {0, 0, -2, 0}, {0, -2, 0, 0}},   // +x
    {{-1, 1, -1, 0}, {0, 0, 2, 0}, {0, -2, 0, 0}},  // -x
    {{-1, 1, -1, 0}, {2, 0, 0, 0}, {0, 0, 2, 0}},   // +y
    {{-1, -1, 1, 0}, {2, 0, 0, 0}, {0, 0, -2, 0}},  // -y
    {{-1, 1, 1, 0}, {2, 0, 0, 0}, {0, -2, 0, 0}},   // +z
    {{1, 1, -1, 0}, {-2, 0, 0, 0}, {0, -2, 0, 0}},  // -z
};

void texture_cube(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_CUBE, .width = 32, .height = 32,
                 .pitch = 32, .tiled = 1, .swizzle = XYZW};
    uint8_t *texels = place(s, 6 * 4096, &t.physical);
    for (uint32_t z = 0; z < 6; z++)
        for (uint32_t y = 0; y < 32; y++)
            for (uint32_t x = 0; x < 32; x++)
                *(uint32_t *)(texels + z * 4096 + tiled_offset(x, y, 32, 2)) = texel(x, y, z);
    texture(s, 1, &t);
    pixel_shader(s, cube_pixel, WORDS(cube_pixel));
    pixel_constants(&s->commands, 0, RGBA(1.5f, 0, 0, 0), 1);
    for (int f = 0; f < 6; f++) {
        float x = (float)(f % 4 * 32), y = (float)(f / 4 * 32), right[4], down[4];
        for (int c = 0; c < 4; c++) {
            right[c] = faces[f].corner[c] + faces[f].right[c];
            down[c] = faces[f].corner[c] + faces[f].down[c];
        }
        slope(s, x, y, x + 32, y + 32, faces[f].corner, right, down);
    }
}

// The memory of a tiled texture, seen as a linear one: where each of
// its texels lies. 32 x 128 texels.
void texture_tiling(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 128, .height = 64,
                 .pitch = 128, .tiled = 1, .swizzle = SWIZZLE(0, 1, 2, 5)};
    uint32_t *texels = place(s, 128 * 64 * 4, &t.physical);
    for (uint32_t i = 0; i < 128 * 64; i++) texels[i] = (i & 255) | (i >> 8) << 8;
    texture(s, 1, &t);
    show_texture(s, 0, 0, 128, 64, 0, 0);
}
