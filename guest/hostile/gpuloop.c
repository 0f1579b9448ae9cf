// One rectangle of 1280 by 2032 pixels, each of which goes through three nested loops of 255.
#include "draws.h"

//     alloc colors
//     max oC0, r0, r0
//     loop i0, out
//     first:
//     loop i0, next
//     second:
//     loop i0, done
//     third:
//     add r1, r1, r0
//     endloop i0, third
//     done:
//     endloop i0, second
//     next:
//     endloop i0, first
//     out:
//     nop
static const uint32_t endless_pixel[] = {
    0x00000000, 0x1006C400, 0x10000000, 0x00000009, 0x00087000, 0x70000000, 0x00000007, 0x10077000,
    0x10000000, 0x00000005, 0x00048000, 0x80000000, 0x00000003, 0x00008000, 0x00000000, 0x00000008,
    0x00002000, 0x00000000, 0xC80F8000, 0x00000000, 0xE2000000, 0xC80F0001, 0x00000000, 0xE0010000,
};

enum { WIDTH = 1280, HEIGHT = 2032 };

int main(void) {
    Scene s;
    scene_start(&s);
    set(&s, RB_SURFACE_INFO, WIDTH);
    set(&s, PA_SC_WINDOW_SCISSOR_BR, WIDTH | HEIGHT << 16);
    set(&s, LOOP_CONSTANTS, 255);
    pixel_shader(&s, endless_pixel, WORDS(endless_pixel));
    fill(&s, 0, 0, WIDTH, HEIGHT, WHITE);
    plain_programs(&s);
    scene_show(&s);
    return 0;
}
