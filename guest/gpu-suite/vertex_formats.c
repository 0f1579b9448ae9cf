// Vertex formats: 64 rectangles of 2 pixels' width whose colour comes from an attribute in each
// format's own bits: n, 63 - n, n / 2 and n in the highest ones. Below the fourth component.
#include "packing.h"
#include "runtime.h"
#include "scene.h"

//     vfetch r1.xyzw, r0.x, vf0, format=38, stride=4, offset=0
//     vfetch r2.xyzw, r0.x, vf1, format=6, stride=4, offset=0
//     mad r2, r2, c[0].x, c[0].y
//     alloc position
//     max oPos, r1, r1
//     alloc interpolators 1
//     max o0, r2, r2
static const uint32_t format_vertex[] = {
    0x00053003, 0x00001000, 0xC2000000, 0x00001006, 0x00001000, 0xC4000000, 0x00001007, 0x00002000,
    0x00000000, 0x00081000, 0x00260688, 0x00000004, 0x02082000, 0x00060688, 0x00000004, 0xC80F0002,
    0x00006CB1, 0x8B020000, 0xC80F803E, 0x00000000, 0xE2010100, 0xC80F8000, 0x00000000, 0xE2020200,
};

//     alloc colors
//     max oC0, r0.w, r0.w
static const uint32_t fourth_pixel[] = {
    0x00000000, 0x1001C400, 0x20000000, 0xC80F8000, 0x001B1B00, 0xE2000000,
};

enum { FORMAT_SHIFT = 16, SIGNED_NUMBERS = 1 << 12, INTEGERS = 1 << 13, COLUMNS = 64 };

typedef struct {
    uint32_t format, flags;
    uint8_t bits[4];
    Packing packing;
    float scale, offset;
    uint32_t endian;
} Kind;

// Rectangles of 64 rows from row y on.
static uint32_t rectangles(Scene *s, float y) {
    uint32_t physical;
    float *corner = place(s, COLUMNS * 3 * 16, &physical);
    for (uint32_t i = 0; i < COLUMNS * 3; i++, corner += 4) {
        corner[0] = (float)(i / 3 * 2 + (i % 3 == 1 ? 2 : 0));
        corner[1] = y + (i % 3 == 2 ? 64 : 0);
        corner[3] = 1;
    }
    return physical;
}

static void show_kind(Scene *s, const Kind *kind) {
    uint32_t code[WORDS(format_vertex)], attributes;
    uint32_t *out = place(s, COLUMNS * 3 * 16, &attributes);
    for (uint32_t i = 0; i < COLUMNS * 3; i++, out += 4) {
        const uint32_t n = i / 3, components[4] = {n, 63 - n, n / 2, n};
        kind->packing(out, kind->bits, components);
        if (kind->endian == ENDIAN_8IN16)
            for (int w = 0; w < 4; w++) out[w] = out[w] << 16 | out[w] >> 16;
    }
    memcpy(code, format_vertex, sizeof code);
    // The second fetch's second word; four instructions come after it.
    uint32_t *fetch = &code[WORDS(format_vertex) - 4 * 3 + 1];
    *fetch = (*fetch & ~(63u << FORMAT_SHIFT)) | kind->format << FORMAT_SHIFT | kind->flags;
    vertex_shader(s, code, WORDS(format_vertex));
    vertex_constants(&s->commands, 0, RGBA(kind->scale, kind->offset, 0, 0), 1);
    emit(&s->commands, TYPE0(FETCH_CONSTANTS + 2, 2));
    emit(&s->commands, attributes | 3);
    emit(&s->commands, kind->endian | COLUMNS * 3 * 4 << 2);
    for (int half = 0; half < 2; half++) {
        vertex_buffer(&s->commands, 0, rectangles(s, half ? 64 : 0), COLUMNS * 3 * 4);
        if (half) pixel_shader(s, fourth_pixel, WORDS(fourth_pixel));
        draw_counted(&s->commands, RECTANGLE_LIST, COLUMNS * 3);
    }
}

#define KIND(name, format, flags, packing, scale, offset, endian, ...)                                    \
    void name(Scene *s) {                                                                                 \
        static const Kind kind = {format, flags, {__VA_ARGS__}, packing, scale, offset, endian};          \
        show_kind(s, &kind);                                                                              \
    }

KIND(vertex_8_8_8_8, 6, 0, pack_fields, 1, 0, ENDIAN_8IN32, 8, 8, 8, 8)
KIND(vertex_2_10_10_10, 7, 0, pack_fields, 1, 0, ENDIAN_8IN32, 10, 10, 10, 2)
KIND(vertex_10_11_11, 16, 0, pack_fields, 1, 0, ENDIAN_8IN32, 11, 11, 10)
KIND(vertex_11_11_10, 17, 0, pack_fields, 1, 0, ENDIAN_8IN32, 10, 11, 11)
KIND(vertex_16_16, 25, 0, pack_fields, 1, 0, ENDIAN_8IN32, 16, 16)
KIND(vertex_16_16_16_16, 26, 0, pack_fields, 1, 0, ENDIAN_8IN16, 16, 16, 16, 16)
KIND(vertex_16_16_float, 31, 0, pack_halves, 1, 0, ENDIAN_8IN32, 16, 16)
KIND(vertex_16_16_16_16_float, 32, 0, pack_halves, 1, 0, ENDIAN_8IN16, 16, 16, 16, 16)
KIND(vertex_32, 33, 0, pack_fields, 1, 0, ENDIAN_8IN32, 32)
KIND(vertex_32_32, 34, 0, pack_fields, 1, 0, ENDIAN_8IN32, 32, 32)
KIND(vertex_32_32_32_32, 35, 0, pack_fields, 1, 0, ENDIAN_8IN32, 32, 32, 32, 32)
KIND(vertex_32_float, 36, 0, pack_singles, 1, 0, ENDIAN_8IN32, 32)
KIND(vertex_32_32_float, 37, 0, pack_singles, 1, 0, ENDIAN_8IN32, 32, 32)
KIND(vertex_32_32_32_float, 57, 0, pack_singles, 1, 0, ENDIAN_8IN32, 32, 32, 32)
KIND(vertex_32_32_32_32_float, 38, 0, pack_singles, 1, 0, ENDIAN_8IN32, 32, 32, 32, 32)
// Signed numbers plus one, halved.
KIND(vertex_8_8_8_8_signed, 6, SIGNED_NUMBERS, pack_fields, 0.5f, 0.5f, ENDIAN_8IN32, 8, 8, 8, 8)
KIND(vertex_16_16_signed, 25, SIGNED_NUMBERS, pack_fields, 0.5f, 0.5f, ENDIAN_8IN32, 16, 16)
// Integers over 255.
KIND(vertex_8_8_8_8_integer, 6, INTEGERS, pack_fields, 1.0f / 255, 0, ENDIAN_8IN32, 8, 8, 8, 8)
KIND(vertex_8_8_8_8_signed_integer, 6, INTEGERS | SIGNED_NUMBERS, pack_fields, 1.0f / 255, 0.5f, ENDIAN_8IN32, 8, 8, 8, 8)
