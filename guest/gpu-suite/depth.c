// Depth and stencil tests.
#include "copy.h"
#include "texture.h"

enum { STENCIL = 1, TEST = 2, WRITE = 4, BACK_FACES = 1 << 7 };
enum { NEVER, LESS, EQUAL, LESS_EQUAL, GREATER, NOT_EQUAL, GREATER_EQUAL, ALWAYS };
enum { D24S8, D24FS8 };
enum { KEEP, STENCIL_ZERO, REPLACE, INCREMENT, DECREMENT, INVERT, INCREMENT_WRAP, DECREMENT_WRAP };
// Shifts in RB_DEPTHCONTROL.
enum { DEPTH_FUNCTION = 4, FUNCTION = 8, FAIL = 11, PASS = 14, DEPTH_FAIL = 17, FUNCTION_BACK = 20, FAIL_BACK = 23,
       PASS_BACK = 26, DEPTH_FAIL_BACK = 29 };

#define GREY(level) RGBA(level, level, level, 1)

// Reference, mask of the comparison, mask of what is written; for front faces and for back faces.
static void stencil_values(Scene *s, uint32_t reference, uint32_t mask, uint32_t written) {
    set(s, RB_STENCILREFMASK, reference | mask << 8 | written << 16);
    set(s, RB_STENCILREFMASK_BF, reference | mask << 8 | written << 16);
}

static void clear_depth(Scene *s, float depth, uint32_t stencil) {
    stencil_values(s, stencil, 0xFF, 0xFF);
    set(s, RB_DEPTHCONTROL, STENCIL | TEST | WRITE | ALWAYS << DEPTH_FUNCTION | ALWAYS << FUNCTION | REPLACE << PASS);
    set(s, RB_COLOR_MASK, 0);
    fill_at(s, 0, 0, SIDE, SIDE, depth, BLACK);
    set(s, RB_COLOR_MASK, 0xF);
}

// The 8 comparisons down; across, depths from 1/8 to 7/8 against 1/2.
static void comparisons(Scene *s, uint32_t format) {
    set(s, RB_DEPTH_INFO, DEPTH_TILE | format << 16);
    clear_depth(s, 0.5f, 0);
    for (uint32_t function = 0; function < 8; function++) {
        set(s, RB_DEPTHCONTROL, TEST | function << DEPTH_FUNCTION);
        for (int i = 1; i < 8; i++)
            fill_at(s, (float)(i * 16), (float)(function * 16), (float)(i * 16 + 16), (float)(function * 16 + 16),
                    (float)i / 8, RED);
    }
}

void depth_comparisons_24(Scene *s) {
    comparisons(s, D24S8);
}

void depth_comparisons_24_float(Scene *s) {
    comparisons(s, D24FS8);
}

// Draws with the test on and writing, with the test on and not writing, with the test off.
void depth_writes(Scene *s) {
    clear_depth(s, 0.5f, 0);
    set(s, RB_DEPTHCONTROL, TEST | WRITE | LESS << DEPTH_FUNCTION);
    fill_at(s, 0, 0, 128, 32, 0.25f, RED);
    set(s, RB_DEPTHCONTROL, TEST | LESS << DEPTH_FUNCTION);
    fill_at(s, 0, 32, 128, 64, 0.25f, RED);
    set(s, RB_DEPTHCONTROL, WRITE | LESS << DEPTH_FUNCTION);
    fill_at(s, 0, 64, 128, 96, 0.25f, RED);
    // Pixels that fail are not written.
    set(s, RB_DEPTHCONTROL, TEST | WRITE | GREATER << DEPTH_FUNCTION);
    fill_at(s, 0, 96, 128, 128, 0.25f, RED);
    // On the right half, blue where the depth is above 3/8.
    set(s, RB_DEPTHCONTROL, TEST | LESS << DEPTH_FUNCTION);
    fill_at(s, 64, 0, 128, 128, 0.375f, BLUE);
}

// Depth that varies: a plane from 0 on the left to 1 on the right against horizontal steps.
void depth_plane(Scene *s) {
    const Vertex plane[3] = {
        {0, 0, 0, 1, {0, 1, 0, 1}}, {128, 0, 1, 1, {0, 1, 0, 1}}, {0, 128, 0, 1, {0, 1, 0, 1}}};
    set(s, RB_DEPTHCONTROL, TEST | WRITE | ALWAYS << DEPTH_FUNCTION);
    for (int i = 0; i < 8; i++)
        fill_at(s, 0, (float)(i * 16), 128, (float)(i * 16 + 16), ((float)i + 0.5f) / 8, RED);
    set(s, RB_DEPTHCONTROL, TEST | WRITE | LESS << DEPTH_FUNCTION);
    draw(s, RECTANGLE_LIST, plane, 3);
}

// A constant bias on front faces: enough to lift the second drawing in front of the first.
void depth_bias(Scene *s) {
    enum { OFFSET_FRONT = 1 << 11 };
    const Vertex square[4] = {{16, 16, 0.5f, 1, {1, 0, 0, 1}}, {112, 16, 0.5f, 1, {1, 0, 0, 1}},
                              {16, 112, 0.5f, 1, {1, 0, 0, 1}}, {112, 112, 0.5f, 1, {1, 0, 0, 1}}};
    clear_depth(s, 0.5f, 0);
    set(s, RB_DEPTHCONTROL, TEST | WRITE | LESS << DEPTH_FUNCTION);
    draw(s, TRIANGLE_STRIP, square, 4); // equal: nothing
    set(s, PA_SU_SC_MODE_CNTL, OFFSET_FRONT | 1 << 2);
    set_float(s, PA_SU_POLY_OFFSET_FRONT_SCALE + 1, -0.0625f);
    set(s, PA_SC_WINDOW_SCISSOR_BR, 64 | 128 << 16);
    draw(s, TRIANGLE_STRIP, square, 4);
    set_float(s, PA_SU_POLY_OFFSET_FRONT_SCALE + 1, 0.0625f);
    set(s, PA_SC_WINDOW_SCISSOR_TL, 1u << 31 | 64);
    set(s, PA_SC_WINDOW_SCISSOR_BR, 128 | 128 << 16);
    draw(s, TRIANGLE_STRIP, square, 4);
}

// The 8 comparisons down; across, references 0 to 15 against 8; on the lower half of each row only
// the lowest two bits count.
void stencil_comparisons(Scene *s) {
    clear_depth(s, 0.5f, 8);
    for (uint32_t function = 0; function < 8; function++) {
        set(s, RB_DEPTHCONTROL, STENCIL | function << FUNCTION);
        for (uint32_t i = 0; i < 16; i++)
            for (uint32_t half = 0; half < 2; half++) {
                float x = (float)(i * 8), y = (float)(function * 16 + half * 8);
                stencil_values(s, i, half ? 3 : 0xFF, 0);
                fill(s, x, y, x + 8, y + 8, RED);
            }
    }
}

// Shows the stencil buffer: bit n of each value adds 2^n / 255.
static void show_stencil(Scene *s) {
    set(s, RB_BLENDCONTROL, 0x01010101);
    for (uint32_t bit = 0; bit < 8; bit++) {
        float level = (float)(1 << bit) / 255;
        stencil_values(s, 1u << bit, 1u << bit, 0);
        set(s, RB_DEPTHCONTROL, STENCIL | EQUAL << FUNCTION);
        fill(s, 0, 0, SIDE, SIDE, GREY(level));
    }
}

// A square of two triangles that faces us or not; rectangles have no faces.
static void square(Scene *s, float x, float y, float side, float depth, int back) {
    const Vertex corners[4] = {{x, y, depth, 1, {0}},
                               {back ? x : x + side, back ? y + side : y, depth, 1, {0}},
                               {back ? x + side : x, back ? y : y + side, depth, 1, {0}},
                               {x + side, y + side, depth, 1, {0}}};
    draw(s, TRIANGLE_STRIP, corners, 4);
}

// The 8 operations across, in cells of 16 pixels; rows: stencil fails, depth fails, both pass, for
// each of the values 0, 0x5A and 0xFF; the last row is left as it is. Reference 0x33.
static void operations(Scene *s, uint32_t written, int back) {
    static const uint32_t values[3] = {0, 0x5A, 0xFF};
    clear_depth(s, 0.5f, 0x11);
    set(s, RB_COLOR_MASK, 0);
    set(s, PA_SU_SC_MODE_CNTL, 1 << 2); // clockwise is the front
    for (int v = 0; v < 3; v++)
        for (int test = 0; test < 2; test++)
            for (uint32_t i = 0; i < 8; i++) {
                float x = (float)(i * 16), y = (float)(v * 32 + test * 16);
                // First the value.
                stencil_values(s, values[v], 0xFF, 0xFF);
                set(s, RB_DEPTHCONTROL, STENCIL | ALWAYS << FUNCTION | REPLACE << PASS);
                square(s, x, y, 16, 0.5f, 0);
                // Then the operation: in the upper row on the left where the stencil test
                // fails, on the right where the depth test does; in the lower row where both
                // pass. The other operations would show.
                for (int half = 0; half < 2; half++) {
                    uint32_t fails = !test && !half, depth_fails = !test && half;
                    uint32_t function = fails ? NEVER : ALWAYS;
                    uint32_t fail = fails ? i : INVERT, depth_fail = depth_fails ? i : INVERT;
                    uint32_t pass = test ? i : INVERT;
                    uint32_t word = STENCIL | TEST | LESS << DEPTH_FUNCTION;
                    if (back)
                        word |= BACK_FACES | NEVER << FUNCTION | function << FUNCTION_BACK | fail << FAIL_BACK |
                                pass << PASS_BACK | depth_fail << DEPTH_FAIL_BACK;
                    else
                        word |= function << FUNCTION | fail << FAIL | pass << PASS | depth_fail << DEPTH_FAIL;
                    stencil_values(s, 0x33, 0xFF, written);
                    if (back) set(s, RB_STENCILREFMASK, 0xFF << 16);
                    set(s, RB_DEPTHCONTROL, word);
                    for (int row = 0; row < 2; row++)
                        square(s, x + (float)(half * 8), y + (float)(row * 8), 8, depth_fails ? 0.75f : 0.25f, back);
                }
            }
    set(s, PA_SU_SC_MODE_CNTL, 0);
    set(s, RB_COLOR_MASK, 0xF);
    show_stencil(s);
}

void stencil_operations(Scene *s) {
    operations(s, 0xFF, 0);
}

// Only the lower four bits are written.
void stencil_write_mask(Scene *s) {
    operations(s, 0x0F, 0);
}

void stencil_operations_of_back_faces(Scene *s) {
    operations(s, 0xFF, 1);
}

// Without the switch for them, back faces are treated as front faces.
void stencil_one_side(Scene *s) {
    clear_depth(s, 0.5f, 0);
    set(s, RB_COLOR_MASK, 0);
    stencil_values(s, 0x80, 0xFF, 0xFF);
    set(s, RB_DEPTHCONTROL, STENCIL | ALWAYS << FUNCTION | REPLACE << PASS | NEVER << FUNCTION_BACK |
                                STENCIL_ZERO << PASS_BACK);
    set(s, PA_SU_SC_MODE_CNTL, 1 << 2);
    square(s, 16, 16, 32, 0.5f, 0);
    square(s, 64, 16, 32, 0.5f, 1);
    set(s, PA_SU_SC_MODE_CNTL, 0);
    set(s, RB_COLOR_MASK, 0xF);
    show_stencil(s);
}

// Copies depth and stencil out and shows them as numbers: depth of 24 bits in red (high byte),
// green and blue (low), where it was 1 - 2^-n for column n; then the stencil values below.
static void copied(Scene *s, uint32_t format) {
    uint32_t image;
    place(s, SIDE * SIDE * 4, &image);
    set(s, RB_DEPTH_INFO, DEPTH_TILE | format << 16);
    clear_depth(s, 0, 0);
    float depth = 1;
    for (uint32_t i = 0; i < 16; i++) {
        float x = (float)(i * 8);
        stencil_values(s, i * 16 + 3, 0xFF, 0xFF);
        set(s, RB_DEPTHCONTROL, STENCIL | TEST | WRITE | ALWAYS << DEPTH_FUNCTION | ALWAYS << FUNCTION |
                                    REPLACE << PASS);
        fill_at(s, x, 0, x + 8, SIDE, 1 - depth, BLACK);
        depth /= 2;
    }
    set(s, RB_DEPTHCONTROL, 0);
    Copy depths = COPY_OF_COLOR;
    depths.source = SOURCE_DEPTH;
    depths.command = COPY_RAW;
    depths.to = image;
    copy(s, &depths);
    // The stencil value is the lowest byte.
    Texture t = TEXTURE_OF_COPY;
    t.physical = image;
    t.swizzle = SWIZZLE(3, 2, 1, 5);
    texture(s, 1, &t);
    show_texture(s, 0, 0, SIDE, 64, 0, 0);
    t.swizzle = SWIZZLE(0, 0, 0, 5);
    texture(s, 1, &t);
    show_texture(s, 0, 64, SIDE, 64, 0, 0);
}

// A copied depth buffer as a texture of its own format: a plane of depth, in steps of 1/32.
static void sampled(Scene *s, uint32_t depth_format, uint32_t texture_format) {
    Texture t = TEXTURE_OF_COPY;
    place(s, SIDE * SIDE * 4, &t.physical);
    set(s, RB_DEPTH_INFO, DEPTH_TILE | depth_format << 16);
    set(s, RB_DEPTHCONTROL, TEST | WRITE | ALWAYS << DEPTH_FUNCTION);
    for (int i = 0; i < 32; i++) fill_at(s, (float)(i * 4), 0, (float)(i * 4 + 4), SIDE, (float)i / 32, BLACK);
    set(s, RB_DEPTHCONTROL, 0);
    Copy depths = COPY_OF_COLOR;
    depths.source = SOURCE_DEPTH;
    depths.command = COPY_RAW;
    depths.to = t.physical;
    copy(s, &depths);
    t.format = texture_format;
    t.swizzle = SWIZZLE(0, 4, 4, 5);
    texture(s, 1, &t);
    show_texture(s, 0, 0, SIDE, SIDE, 0, 0);
}

void depth_texture_24(Scene *s) {
    sampled(s, D24S8, 22);
}

void depth_texture_24_float(Scene *s) {
    sampled(s, D24FS8, 23);
}

void depth_bits_24(Scene *s) {
    copied(s, D24S8);
}

void depth_bits_24_float(Scene *s) {
    copied(s, D24FS8);
}
