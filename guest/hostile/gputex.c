// One pixel whose shader fetches from six textures of 256 MiB each.
#include "draws.h"

//     tfetch2D r1, r0.xy, tf1, unnormalized
//     add r2, r2, r1
//     …, with tf2 to tf6
//     alloc colors
//     max oC0, r2, r2
static const uint32_t fetching_pixel[] = {
    0x01116002, 0x60081000, 0x10000111, 0x00000000, 0x100EC400, 0x20000000, 0x52101001, 0x10FFF688,
    0x00004000, 0xC80F0002, 0x00000000, 0xE0020100, 0x52201001, 0x10FFF688, 0x00004000, 0xC80F0002,
    0x00000000, 0xE0020100, 0x52301001, 0x10FFF688, 0x00004000, 0xC80F0002, 0x00000000, 0xE0020100,
    0x52401001, 0x10FFF688, 0x00004000, 0xC80F0002, 0x00000000, 0xE0020100, 0x52501001, 0x10FFF688,
    0x00004000, 0xC80F0002, 0x00000000, 0xE0020100, 0x52601001, 0x10FFF688, 0x00004000, 0xC80F0002,
    0x00000000, 0xE0020100, 0xC80F8000, 0x00000000, 0xE2020200,
};

enum { TEXTURES = 6, WIDTH = 4096, HEIGHT = 4096, FORMAT_32_32_32_32_FLOAT = 38 };

int main(void) {
    Scene s;
    scene_start(&s);
    for (uint32_t i = 1; i <= TEXTURES; i++) {
        const Texture large = {.physical = i << 16, .format = FORMAT_32_32_32_32_FLOAT, .dimension = TEXTURE_2D,
                               .width = WIDTH, .height = HEIGHT, .pitch = WIDTH, .tiled = 1, .swizzle = XYZW};
        texture(&s, i, &large);
    }
    pixel_shader(&s, fetching_pixel, WORDS(fetching_pixel));
    fill(&s, 0, 0, 1, 1, WHITE);
    plain_programs(&s);
    scene_show(&s);
    return 0;
}
