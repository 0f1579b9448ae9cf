#include "copy.h"

void copy(Scene *s, const Copy *what) {
    uint32_t physical;
    float *corners = place(s, 6 * 4, &physical);
    corners[0] = what->x0, corners[1] = what->y0;
    corners[2] = what->x1, corners[3] = what->y0;
    corners[4] = what->x1, corners[5] = what->y1;
    vertex_buffer(&s->commands, 0, physical, 6);
    set(s, RB_MODECONTROL, MODE_COPY);
    set(s, RB_COPY_CONTROL, what->source | what->samples << 4 | what->clears << 8 | what->command << 20);
    set(s, RB_COPY_DEST_BASE, what->to);
    set(s, RB_COPY_DEST_PITCH, what->pitch | what->height << 16);
    set(s, RB_COPY_DEST_INFO, what->endian | what->array << 3 | what->slice << 4 | what->format << 7 |
                                  what->number << 13 | ((uint32_t)what->exponent & 63) << 16 | what->swap << 24);
    draw_counted(&s->commands, RECTANGLE_LIST, 3);
    set(s, RB_MODECONTROL, MODE_COLOR_DEPTH);
}
