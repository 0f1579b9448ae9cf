// Texture formats: texels whose components are x, y, their exclusive or and their sum, in
// each format's own bits. 64 x 64 texels; above as a linear texture (on the left) and a tiled
// one, below the tiled one's alpha.
#include "packing.h"
#include "runtime.h"
#include "texture.h"

// Writes a texel of `bytes` bytes, from which the GPU makes `words` by the byte order `endian`.
static void put(uint8_t *at, const uint32_t words[4], uint32_t bytes, uint32_t endian) {
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t flip = endian == ENDIAN_8IN16 ? 1 : endian == ENDIAN_8IN32 ? 3 : endian == ENDIAN_16IN32 ? 2 : 0;
        at[i ^ flip] = (uint8_t)(words[i / 4] >> (i % 4 * 8));
    }
}

typedef struct {
    uint32_t format, bytes_log2, endian, swizzle;
    uint8_t bits[4];
    Packing packing;
} Kind;

static void show_kind(Scene *s, const Kind *kind) {
    uint32_t bytes = 1u << kind->bytes_log2;
    uint32_t row = (64 * bytes + 255) & -256u; // linear rows begin at multiples of 256 bytes
    Texture t = {.format = kind->format, .endian = kind->endian, .dimension = TEXTURE_2D, .width = 64, .height = 64,
                 .pitch = 64, .swizzle = kind->swizzle};
    for (uint32_t tiled = 0; tiled < 2; tiled++) {
        uint8_t *texels = place(s, 64 * row, &t.physical);
        for (uint32_t y = 0; y < 64; y++)
            for (uint32_t x = 0; x < 64; x++) {
                uint32_t words[4] = {0};
                uint8_t swapped[16];
                const uint32_t components[4] = {x, y, x ^ y, (x + y) % 64};
                kind->packing(words, kind->bits, components);
                uint32_t at = tiled ? tiled_offset(x, y, 64, kind->bytes_log2) : x * bytes + y * row;
                // Orders of 32 bits reach across texels of 8 and 16; those are not used here.
                put(swapped, words, bytes, kind->endian);
                memcpy(texels + at, swapped, bytes);
            }
        t.tiled = tiled;
        texture(s, 1, &t);
        show_texture(s, (float)(tiled * 64), 0, 64, 64, 0, 0);
    }
    uint32_t alpha = kind->swizzle >> 9;
    t.swizzle = SWIZZLE(alpha, alpha, alpha, 5);
    texture(s, 1, &t);
    show_texture(s, 64, 64, 64, 64, 0, 0);
}

#define ALL XYZW
#define THREE SWIZZLE(0, 1, 2, 5)
#define TWO SWIZZLE(0, 1, 4, 5)
#define SINGLE SWIZZLE(0, 4, 4, 5)
#define KIND(name, number, log2, order, components, how, ...)                            \
    void name(Scene *s) {                                                                \
        static const Kind kind = {number, log2, order, components, {__VA_ARGS__}, how};  \
        show_kind(s, &kind);                                                             \
    }

KIND(texture_8, 2, 0, ENDIAN_NONE, SINGLE, pack_fields, 8)
KIND(texture_1_5_5_5, 3, 1, ENDIAN_8IN16, ALL, pack_fields, 5, 5, 5, 1)
KIND(texture_5_6_5, 4, 1, ENDIAN_8IN16, THREE, pack_fields, 5, 6, 5)
KIND(texture_6_5_5, 5, 1, ENDIAN_8IN16, THREE, pack_fields, 5, 5, 6)
KIND(texture_8_8_8_8, 6, 2, ENDIAN_8IN32, ALL, pack_fields, 8, 8, 8, 8)
KIND(texture_2_10_10_10, 7, 2, ENDIAN_8IN32, ALL, pack_fields, 10, 10, 10, 2)
KIND(texture_8_a, 8, 0, ENDIAN_NONE, SINGLE, pack_fields, 8)
KIND(texture_8_b, 9, 0, ENDIAN_NONE, SINGLE, pack_fields, 8)
KIND(texture_8_8, 10, 1, ENDIAN_8IN16, TWO, pack_fields, 8, 8)
KIND(texture_8_8_8_8_a, 14, 2, ENDIAN_8IN32, ALL, pack_fields, 8, 8, 8, 8)
KIND(texture_4_4_4_4, 15, 1, ENDIAN_8IN16, ALL, pack_fields, 4, 4, 4, 4)
KIND(texture_10_11_11, 16, 2, ENDIAN_8IN32, THREE, pack_fields, 11, 11, 10)
KIND(texture_11_11_10, 17, 2, ENDIAN_8IN32, THREE, pack_fields, 10, 11, 11)
KIND(texture_16, 24, 1, ENDIAN_8IN16, SINGLE, pack_fields, 16)
KIND(texture_16_16, 25, 2, ENDIAN_8IN16, TWO, pack_fields, 16, 16)
KIND(texture_16_16_16_16, 26, 3, ENDIAN_8IN16, ALL, pack_fields, 16, 16, 16, 16)
KIND(texture_16_expand, 27, 1, ENDIAN_8IN16, SINGLE, pack_halves, 16)
KIND(texture_16_16_expand, 28, 2, ENDIAN_8IN16, TWO, pack_halves, 16, 16)
KIND(texture_16_16_16_16_expand, 29, 3, ENDIAN_8IN16, ALL, pack_halves, 16, 16, 16, 16)
KIND(texture_16_float, 30, 1, ENDIAN_8IN16, SINGLE, pack_halves, 16)
KIND(texture_16_16_float, 31, 2, ENDIAN_8IN16, TWO, pack_halves, 16, 16)
KIND(texture_16_16_16_16_float, 32, 3, ENDIAN_8IN16, ALL, pack_halves, 16, 16, 16, 16)
KIND(texture_32, 33, 2, ENDIAN_8IN32, SINGLE, pack_fields, 32)
KIND(texture_32_32, 34, 3, ENDIAN_8IN32, TWO, pack_fields, 32, 32)
KIND(texture_32_32_32_32, 35, 4, ENDIAN_8IN32, ALL, pack_fields, 32, 32, 32, 32)
KIND(texture_32_float, 36, 2, ENDIAN_8IN32, SINGLE, pack_singles, 32)
KIND(texture_32_32_float, 37, 3, ENDIAN_8IN32, TWO, pack_singles, 32, 32)
KIND(texture_32_32_32_32_float, 38, 4, ENDIAN_8IN32, ALL, pack_singles, 32, 32, 32, 32)
KIND(texture_8_8_8_8_as_16_16_16_16, 50, 2, ENDIAN_8IN32, ALL, pack_fields, 8, 8, 8, 8)
KIND(texture_2_10_10_10_as_16_16_16_16, 54, 2, ENDIAN_8IN32, ALL, pack_fields, 10, 10, 10, 2)
KIND(texture_10_11_11_as_16_16_16_16, 55, 2, ENDIAN_8IN32, THREE, pack_fields, 11, 11, 10)
KIND(texture_11_11_10_as_16_16_16_16, 56, 2, ENDIAN_8IN32, THREE, pack_fields, 10, 11, 11)
KIND(texture_bytes_in_order, 6, 2, ENDIAN_NONE, ALL, pack_fields, 8, 8, 8, 8)
KIND(texture_bytes_swapped_in_halves, 6, 2, ENDIAN_8IN16, ALL, pack_fields, 8, 8, 8, 8)
KIND(texture_halves_swapped, 6, 2, ENDIAN_16IN32, ALL, pack_fields, 8, 8, 8, 8)
KIND(texture_64_bits_by_words, 26, 3, ENDIAN_8IN32, ALL, pack_fields, 16, 16, 16, 16)
