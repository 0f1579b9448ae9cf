// A title that takes little of the host's time: a small picture of one colour, another one in each
// frame.
#include "gpu.h"

enum {
    WIDTH = 128,
    HEIGHT = 72,
    // Tiles have 32 rows, of which the last are only in part in the picture.
    WORDS = WIDTH * ((HEIGHT + 31) / 32 * 32),
    // Fields of a frame: 20 frames a second.
    FIELDS = 3,
};

int main(void) {
    Commands commands;
    Front front = {.width = WIDTH, .height = HEIGHT};
    gpu_start();
    gpu_allocate(&front.memory, WORDS * 4);
    commands_allocate(&commands, 0x100);
    for (uint32_t frame = 1;; frame++) {
        uint32_t *pixels = front.memory.at;
        // Never grey, which is the colour of the window's pages.
        for (uint32_t i = 0; i < WORDS; i++) pixels[i] = 0xFF004000 | (frame * 8 & 0xFF);
        commands_begin(&commands);
        emit(&commands, 0x80000000);
        gpu_submit(&commands, &front, frame);
        gpu_wait_for_fence(frame);
        for (uint32_t field = 0; field < FIELDS; field++) gpu_wait_for_blank();
    }
}
