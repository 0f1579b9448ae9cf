// Compressed formats: 64 x 64 texels in blocks of 4 x 4. Block (bx, by)'s end points come from its
// place; weight number n of a texel is (x + y) mod the number of weights. On the left a linear
// texture, on the right a tiled one; below the tiled one's alpha.
#include "texture.h"

enum { BLOCKS = 16 };

// Writes a block as 16-bit words, which the CPU's byte order needs ENDIAN_8IN16 for.
typedef void (*Block)(uint16_t *words, uint32_t bx, uint32_t by);

static void show_blocks(Scene *s, uint32_t format, uint32_t bytes_log2, uint32_t swizzle, Block block) {
    uint32_t bytes = 1u << bytes_log2;
    // 32 blocks is the least pitch of tiled textures.
    Texture t = {.format = format, .endian = ENDIAN_8IN16, .dimension = TEXTURE_2D, .width = 64, .height = 64,
                 .pitch = 128, .swizzle = swizzle};
    for (uint32_t tiled = 0; tiled < 2; tiled++) {
        uint8_t *blocks = place(s, 32 * 32 * bytes, &t.physical);
        for (uint32_t by = 0; by < BLOCKS; by++)
            for (uint32_t bx = 0; bx < BLOCKS; bx++)
                block((uint16_t *)(blocks + (tiled ? tiled_offset(bx, by, 32, bytes_log2) : (bx + by * 32) * bytes)),
                      bx, by);
        t.tiled = tiled;
        texture(s, 1, &t);
        show_texture(s, (float)(tiled * 64), 0, 64, 64, 0, 0);
    }
    uint32_t alpha = swizzle >> 9;
    t.swizzle = SWIZZLE(alpha, alpha, alpha, 5);
    texture(s, 1, &t);
    show_texture(s, 64, 64, 64, 64, 0, 0);
}

// 16 weights of two bits.
static void weights_2(uint16_t *words) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 16; i++) bits |= (i % 4 + i / 4) % 4 << i * 2;
    words[0] = (uint16_t)bits;
    words[1] = (uint16_t)(bits >> 16);
}

// Colours of five, six and five bits. The first is the greater number
// in the left half of the blocks.
static void colors(uint16_t *words, uint32_t bx, uint32_t by) {
    uint16_t high = (uint16_t)((16 + by) << 11 | bx * 4 << 5 | 10), low = (uint16_t)(by << 11 | (60 - bx * 4) << 5 | (31 - by));
    words[0] = bx < 8 ? high : low;
    words[1] = bx < 8 ? low : high;
    weights_2(words + 2);
}

// Two levels and 16 weights of three bits. The first level is the greater
// in the upper half of the blocks.
static void levels(uint16_t *words, uint32_t bx, uint32_t by) {
    uint32_t high = 128 + bx * 8, low = 7 * by;
    uint64_t bits = by < 8 ? high | low << 8 : low | high << 8;
    for (uint32_t i = 0; i < 16; i++) bits |= (uint64_t)((i % 4 + i / 4) % 8) << (16 + i * 3);
    for (uint32_t i = 0; i < 4; i++) words[i] = (uint16_t)(bits >> i * 16);
}

// 16 levels of four bits: the column of the block plus the texel's number.
static void nibbles(uint16_t *words, uint32_t bx, uint32_t by) {
    for (uint32_t row = 0; row < 4; row++) {
        words[row] = 0;
        for (uint32_t i = 0; i < 4; i++) words[row] |= (uint16_t)((bx + by + row * 4 + i) % 16 << i * 4);
    }
}

static void dxt3(uint16_t *words, uint32_t bx, uint32_t by) {
    nibbles(words, bx, by);
    colors(words + 4, bx, by);
}

static void dxt5(uint16_t *words, uint32_t bx, uint32_t by) {
    levels(words, bx, by);
    colors(words + 4, bx, by);
}

static void dxn(uint16_t *words, uint32_t bx, uint32_t by) {
    levels(words, bx, by);
    levels(words + 4, by, bx);
}

// Two pairs of bytes, the second component in the low one.
static void ctx1(uint16_t *words, uint32_t bx, uint32_t by) {
    words[0] = (uint16_t)(bx * 16 << 8 | by * 16);
    words[1] = (uint16_t)((255 - bx * 8) << 8 | by * 8);
    weights_2(words + 2);
}

void texture_dxt1(Scene *s) {
    show_blocks(s, 18, 3, XYZW, colors);
}

void texture_dxt2_3(Scene *s) {
    show_blocks(s, 19, 4, XYZW, dxt3);
}

void texture_dxt4_5(Scene *s) {
    show_blocks(s, 20, 4, XYZW, dxt5);
}

void texture_dxn(Scene *s) {
    show_blocks(s, 49, 4, SWIZZLE(0, 1, 4, 5), dxn);
}

void texture_dxt3a(Scene *s) {
    show_blocks(s, 58, 3, SWIZZLE(0, 4, 4, 5), nibbles);
}

void texture_dxt5a(Scene *s) {
    show_blocks(s, 59, 3, SWIZZLE(0, 4, 4, 5), levels);
}

void texture_ctx1(Scene *s) {
    show_blocks(s, 60, 3, SWIZZLE(0, 1, 4, 5), ctx1);
}

void texture_dxt3a_as_1_1_1_1(Scene *s) {
    show_blocks(s, 61, 3, XYZW, nibbles);
}

// Two texels in 32 bits: two lumas and the chroma that they share. Luma is x + y, the chromas are
// the pair's column and the row.
static void chroma(Scene *s, uint32_t format, int luma_first) {
    Texture t = {.format = format, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 64, .height = 64,
                 .pitch = 64, .swizzle = SWIZZLE(0, 1, 2, 5)};
    // Rows of 32 pairs are 128 bytes; linear ones begin at multiples of 256.
    for (uint32_t tiled = 0; tiled < 2; tiled++) {
        uint8_t *pairs = place(s, 64 * 256, &t.physical);
        for (uint32_t y = 0; y < 64; y++)
            for (uint32_t pair = 0; pair < 32; pair++) {
                uint32_t luma0 = pair * 2 + y, luma1 = pair * 2 + 1 + y, blue = pair * 8, red = y * 4;
                uint32_t word = luma_first ? luma0 | blue << 8 | luma1 << 16 | red << 24
                                           : blue | luma0 << 8 | red << 16 | luma1 << 24;
                *(uint32_t *)(pairs + (tiled ? tiled_offset(pair, y, 32, 2) : pair * 4 + y * 256)) = word;
            }
        t.tiled = tiled;
        texture(s, 1, &t);
        show_texture(s, (float)(tiled * 64), 0, 64, 64, 0, 0);
    }
}

void texture_cr_y1_cb_y0(Scene *s) {
    chroma(s, 11, 1);
}

void texture_y1_cr_y0_cb(Scene *s) {
    chroma(s, 12, 0);
}
