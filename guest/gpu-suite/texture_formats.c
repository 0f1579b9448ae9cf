// Texture formats: texels whose bits are written by rule, linear and tiled.
#include "texture.h"

// 64 x 64 texels, red from x, green from y, blue from both; on the left linear, on the right tiled.
void texture_8_8_8_8(Scene *s) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 64,
                 .height = 64, .pitch = 64, .swizzle = XYZW};
    for (int tiled = 0; tiled < 2; tiled++) {
        uint8_t *texels = place(s, 64 * 64 * 4, &t.physical);
        for (uint32_t y = 0; y < 64; y++)
            for (uint32_t x = 0; x < 64; x++) {
                uint32_t at = tiled ? tiled_offset(x, y, 64, 2) : (x + y * 64) * 4;
                *(uint32_t *)(texels + at) = x * 4 | y * 4 << 8 | (x ^ y) << 16 | 0xFFu << 24;
            }
        t.tiled = (uint32_t)tiled;
        texture(s, 1, &t);
        show_texture(s, (float)(tiled * 64), 0, 64, 64, 0, 0);
    }
}
