#include "texture.h"

// Coordinates are texels.
//     tfetch2D r0, r0.xy, tf1, unnormalized
//     alloc colors
//     max oC0, r0, r0
static const uint32_t texels_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x52100001, 0x10FFF688,
    0x00004000, 0xC80F8000, 0x00000000, 0xE2000000,
};

void texture(Scene *s, uint32_t slot, const Texture *t) {
    uint32_t size = t->dimension == TEXTURE_1D ? t->width - 1 : t->dimension == TEXTURE_3D
        ? (t->width - 1) | (t->height - 1) << 11 | (t->depth - 1) << 22
        : (t->width - 1) | (t->height - 1) << 13 | (t->stacked ? t->depth - 1 : 0) << 26;
    emit(&s->commands, TYPE0(FETCH_CONSTANTS + slot * 6, 6));
    emit(&s->commands, 2 | t->signs << 2 | t->clamp[0] << 10 | t->clamp[1] << 13 | t->clamp[2] << 16 |
                           t->pitch / 32 << 22 | t->tiled << 31);
    emit(&s->commands, t->format | t->endian << 6 | t->stacked << 10 | t->physical);
    emit(&s->commands, size);
    emit(&s->commands, t->integer | t->swizzle << 1 | ((uint32_t)t->exponent & 63) << 13 | t->filter << 19 |
                           t->filter << 21 | t->mip_filter << 23);
    emit(&s->commands, t->min_level << 2 | t->max_level << 6);
    emit(&s->commands, t->border | t->dimension << 9 | t->packed << 11 | t->mips);
}

void show_texels(Scene *s) {
    pixel_shader(s, texels_pixel, WORDS(texels_pixel));
}

void show_texture(Scene *s, float x, float y, float width, float height, float u, float v) {
    show_texels(s);
    span(s, x, y, x + width, y + height, u, v, u + width, v + height);
}

uint32_t tiled_offset(uint32_t x, uint32_t y, uint32_t pitch, uint32_t bytes_log2) {
    uint32_t macro = (x / 32 + y / 32 * (pitch / 32)) << (bytes_log2 + 7);
    uint32_t micro = ((x & 7) | (y & 14) << 2) << bytes_log2;
    uint32_t at = macro + (micro / 16 * 32) + micro % 16 + (y & 1) * 16;
    uint32_t low = at % 64, middle = at / 64 % 8, high = at / 512;
    uint32_t channel = ((y & 8) / 4 + x / 8) % 4;
    return high * 4096 + (y & 16) * 128 + middle * 256 + channel * 64 + low;
}

uint32_t tiled_offset_3d(uint32_t x, uint32_t y, uint32_t z, uint32_t pitch, uint32_t rows, uint32_t bytes_log2) {
    uint32_t macro = (x / 32 + (y / 16 + z / 4 * (rows / 16)) * (pitch / 32)) << (bytes_log2 + 7);
    uint32_t micro = ((x & 7) | (y & 6) << 2) << bytes_log2;
    uint32_t at = ((macro + micro / 16 * 16) * 2) + micro % 16 + ((z & 3) << (bytes_log2 + 6)) + (y & 1) * 16;
    uint32_t bank = (y / 8 + z / 4) & 1;
    uint32_t channel = (x / 8 + bank * 2) & 3;
    return at / 512 * 4096 + bank * 2048 + at / 64 % 8 * 256 + channel * 64 + at % 64;
}
