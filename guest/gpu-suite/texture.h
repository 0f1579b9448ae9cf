// Textures: fetch constants, and texels put at their places in memory.
#pragma once
#include "scene.h"

enum { TEXTURE_1D, TEXTURE_2D, TEXTURE_3D, TEXTURE_CUBE };
enum { REPEAT, MIRROR, CLAMP, MIRROR_CLAMP, HALFWAY, MIRROR_HALFWAY, BORDER, MIRROR_BORDER };
enum { FILTER_POINT, FILTER_LINEAR, FILTER_BASE };
enum { UNSIGNED, SIGNED, BIASED, GAMMA };
// Swizzles of fetch constants, 3 bits for each component: a stored one (0 to 3), zero (4), one (5).
#define SWIZZLE(x, y, z, w) ((x) | (y) << 3 | (z) << 6 | (w) << 9)
#define XYZW SWIZZLE(0, 1, 2, 3)

typedef struct {
    uint32_t physical, mips;
    uint32_t format, endian, dimension, stacked;
    uint32_t width, height, depth; // texels; depth is also the number of layers
    uint32_t pitch;                // texels, a multiple of 32
    uint32_t tiled, packed;
    uint32_t clamp[3], signs, swizzle, integer, border;
    int32_t exponent;
    uint32_t filter; // of magnification and minification
    uint32_t mip_filter, min_level, max_level;
} Texture;

// Texture made by COPY_OF_COLOR, without `physical`.
#define TEXTURE_OF_COPY                                                                                      \
    {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = SIDE, .height = SIDE, \
     .pitch = SIDE, .tiled = 1, .swizzle = XYZW}

// Texture `slot` (tf1, tf2, …; vf0 lies where tf0 would).
void texture(Scene *s, uint32_t slot, const Texture *what);
// A pixel shader that shows tf1 at the texel that the first two numbers say.
void show_texels(Scene *s);
// Draws tf1, one pixel for one texel: texels from (u, v) on.
void show_texture(Scene *s, float x, float y, float width, float height, float u, float v);

// Byte offset of a block in a tiled image; `pitch` and `rows` in
// blocks, blocks of 2^bytes_log2 bytes.
uint32_t tiled_offset(uint32_t x, uint32_t y, uint32_t pitch, uint32_t bytes_log2);
uint32_t tiled_offset_3d(uint32_t x, uint32_t y, uint32_t z, uint32_t pitch, uint32_t rows, uint32_t bytes_log2);
