// Copies out of the EDRAM.
#include "copy.h"

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
