// Index buffers: sizes, byte orders, restarts, offsets, bounds.
#include "scene.h"

enum { WIDE = 1 << 11, RESTARTS = 1 << 21 };

// Draws from indices in memory; `kind` is WIDE or 0.
static void draw_from(Scene *s, uint32_t primitive, uint32_t physical, uint32_t count, uint32_t kind,
                      uint32_t endian) {
    emit(&s->commands, TYPE3(DRAW_INDX, 4));
    emit(&s->commands, 0);
    emit(&s->commands, primitive | kind | count << 16);
    emit(&s->commands, physical);
    emit(&s->commands, endian << 30 | count);
}

static uint32_t swapped(uint32_t word) {
    return word << 24 | (word & 0xFF00) << 8 | (word >> 8 & 0xFF00) | word >> 24;
}

static uint32_t turned(uint32_t word) {
    return word << 16 | word >> 16;
}

// 16 x 16 lattice points, 8 pixels apart: index n is at (n % 16 * 8, n / 16 * 8).
static void lattice(Scene *s) {
    Vertex list[256];
    for (int i = 0; i < 256; i++)
        list[i] = (Vertex){(float)(i % 16 * 8), (float)(i / 16 * 8), 0, 1, {1.0f / 3, 1.0f / 3, 1.0f / 3, 0}};
    set(s, RB_BLENDCONTROL, 0x01010101);
    vertices(s, list, 256);
}

// The strips' corners: a square of 16 pixels at lattice point `at`.
static const uint16_t square[4] = {0, 2, 32, 34};

// 16-bit indices in both byte orders.
void indices_16(Scene *s) {
    lattice(s);
    for (int order = ENDIAN_NONE; order <= ENDIAN_8IN16; order++) {
        uint32_t physical;
        uint16_t *words = place(s, 8, &physical);
        for (int i = 0; i < 4; i++) {
            uint32_t index = square[i] + 17 + (uint32_t)order * 4;
            words[i] = (uint16_t)(order == ENDIAN_NONE ? index << 8 | index >> 8 : index);
        }
        draw_from(s, TRIANGLE_STRIP, physical, 4, 0, (uint32_t)order);
    }
}

// 32-bit indices in four byte orders; the highest byte doesn't count.
void indices_32(Scene *s) {
    lattice(s);
    for (uint32_t order = ENDIAN_NONE; order <= ENDIAN_16IN32; order++) {
        uint32_t physical;
        uint32_t *words = place(s, 16, &physical);
        for (int i = 0; i < 4; i++) {
            uint32_t index = (square[i] + 17 + order * 3) | 0xAB000000;
            words[i] = order == ENDIAN_NONE     ? swapped(index)
                       : order == ENDIAN_8IN16  ? turned(index)
                       : order == ENDIAN_16IN32 ? swapped(turned(index))
                                                : index;
        }
        draw_from(s, TRIANGLE_STRIP, physical, 4, WIDE, order);
    }
}

// Indices in the packet: two of 16 bits in a word, the first in its low half, or one of 32 bits.
void indices_in_the_packet(Scene *s) {
    enum { IN_PACKET = 1 << 6 };
    lattice(s);
    emit(&s->commands, TYPE3(DRAW_INDX_2, 3));
    emit(&s->commands, TRIANGLE_STRIP | IN_PACKET | 4 << 16);
    emit(&s->commands, (17u + square[0]) | (17u + square[1]) << 16);
    emit(&s->commands, (17u + square[2]) | (17u + square[3]) << 16);
    emit(&s->commands, TYPE3(DRAW_INDX_2, 5));
    emit(&s->commands, TRIANGLE_STRIP | IN_PACKET | WIDE | 4 << 16);
    for (int i = 0; i < 4; i++) emit(&s->commands, 21u + square[i]);
}

// A strip of two squares with an end between them, in both sizes.
void restart_index(Scene *s) {
    lattice(s);
    set(s, PA_SU_SC_MODE_CNTL, RESTARTS);
    for (uint32_t wide = 0; wide < 2; wide++) {
        uint32_t physical, end = wide ? 0xFFFFFF : 0xFFFF, base = 17 + wide * 64;
        void *words = place(s, 9 * 4, &physical);
        for (uint32_t i = 0; i < 9; i++) {
            uint32_t index = i == 4 ? end : base + square[i % 5] + (i > 4 ? 4u : 0);
            if (wide) ((uint32_t *)words)[i] = index;
            else ((uint16_t *)words)[i] = (uint16_t)index;
        }
        set(s, VGT_MULTI_PRIM_IB_RESET_INDX, end);
        draw_from(s, TRIANGLE_STRIP, physical, 9, wide ? WIDE : 0, wide ? ENDIAN_8IN32 : ENDIAN_8IN16);
    }
}

// Another index than the highest ends strips, too.
void restart_other_index(Scene *s) {
    uint32_t physical;
    static const uint16_t list[] = {17, 19, 49, 51, 0, 21, 23, 53, 55};
    lattice(s);
    set(s, PA_SU_SC_MODE_CNTL, RESTARTS);
    set(s, VGT_MULTI_PRIM_IB_RESET_INDX, 0);
    uint16_t *words = place(s, sizeof list, &physical);
    for (int i = 0; i < 9; i++) words[i] = list[i];
    draw_from(s, TRIANGLE_STRIP, physical, 9, 0, ENDIAN_8IN16);
}

// An offset that is added to indices, once up and once down, and bounds that they are clamped to.
void index_offset_and_bounds(Scene *s) {
    uint32_t physical;
    lattice(s);
    uint16_t *words = place(s, 8, &physical);
    for (int i = 0; i < 4; i++) words[i] = (uint16_t)(100 + square[i]);
    set(s, VGT_INDX_OFFSET, (uint32_t)-83 & 0xFFFFFF);
    draw_from(s, TRIANGLE_STRIP, physical, 4, 0, ENDIAN_8IN16);
    set(s, VGT_INDX_OFFSET, 45);
    draw_from(s, TRIANGLE_STRIP, physical, 4, 0, ENDIAN_8IN16);
    // 100, 102, 132, 134 become 101, 102, 118, 118: a triangle of 8 by 8 pixels at (40, 48).
    set(s, VGT_INDX_OFFSET, 0);
    set(s, VGT_MIN_VTX_INDX, 101);
    set(s, VGT_MAX_VTX_INDX, 118);
    draw_from(s, TRIANGLE_STRIP, physical, 4, 0, ENDIAN_8IN16);
}
