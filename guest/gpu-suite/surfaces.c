// Render targets: formats, their bits in the EDRAM, samples.
#include "copy.h"
#include "texture.h"

enum { ONE_SAMPLE, TWO_SAMPLES, FOUR_SAMPLES };

static void surface(Scene *s, uint32_t tile, uint32_t format, uint32_t pitch, uint32_t samples) {
    set(s, RB_COLOR_INFO, tile | format << 16);
    set(s, RB_SURFACE_INFO, pitch | samples << 16);
}

// Copies the surface's left top corner as 8_8_8_8.
static void copy_to(Scene *s, Texture *t, uint32_t width, uint32_t height, uint32_t samples) {
    Copy what = COPY_OF_COLOR;
    place(s, SIDE * SIDE * 4, &what.to);
    what.samples = samples;
    what.x1 = (float)width, what.y1 = (float)height;
    copy(s, &what);
    *t = (Texture)TEXTURE_OF_COPY;
    t->physical = what.to;
}

static void show(Scene *s, Texture *t, uint32_t swizzle, float x, float y, float width, float height) {
    t->swizzle = swizzle;
    texture(s, 1, t);
    show_texture(s, x, y, width, height, 0, 0);
}

// 32 columns with v, 1 - v, v / 2 and v times `scale` plus `offset`, where v runs from 0 to 31/32, in a target of that
// format. Rows 0 to 31 show what a copy makes of it; rows 32 to 63 the lowest three bytes of the
// words in the EDRAM, and rows 64 to 95 the highest.
static void target(Scene *s, uint32_t format, uint32_t wide, float scale, float offset) {
    Texture converted, words;
    float step = wide ? 2 : 4; // wide formats have two words for each pixel
    surface(s, SPARE_TILE, format, PITCH, ONE_SAMPLE);
    for (int i = 0; i < 32; i++) {
        float v = (float)i / 32, x = (float)i * step;
        fill(s, x, 0, x + step, 32,
             RGBA(v * scale + offset, (1 - v) * scale + offset, v / 2 * scale + offset, v * scale + offset));
    }
    uint32_t width = wide ? 64 : 128;
    copy_to(s, &converted, width, 32, SAMPLE_0);
    surface(s, SPARE_TILE, 0, wide ? PITCH * 2 : PITCH, ONE_SAMPLE);
    copy_to(s, &words, 128, 32, SAMPLE_0);
    whole_surface(s);
    show(s, &converted, SWIZZLE(0, 1, 2, 5), 0, 0, (float)width, 32);
    show(s, &words, SWIZZLE(0, 1, 2, 5), 0, 32, 128, 32);
    show(s, &words, SWIZZLE(3, 3, 3, 5), 0, 64, 128, 32);
}

#define TARGET(name, format, wide, scale, offset)  \
    void name(Scene *s) {                          \
        target(s, format, wide, scale, offset);    \
    }

TARGET(target_8_8_8_8, 0, 0, 1, 0)
TARGET(target_8_8_8_8_gamma, 1, 0, 1, 0)
TARGET(target_2_10_10_10, 2, 0, 1, 0)
TARGET(target_2_10_10_10_float, 3, 0, 4, 0)
TARGET(target_16_16, 4, 0, 64, -32)
TARGET(target_16_16_16_16, 5, 1, 64, -32)
TARGET(target_16_16_float, 6, 0, 64, -32)
TARGET(target_16_16_16_16_float, 7, 1, 64, -32)
TARGET(target_2_10_10_10_as_10_10_10_10, 10, 0, 1, 0)
TARGET(target_2_10_10_10_float_as_16_16_16_16, 12, 0, 4, 0)
TARGET(target_32_float, 14, 0, 64, -32)
TARGET(target_32_32_float, 15, 1, 64, -32)
// Values out of range are clamped.
TARGET(target_8_8_8_8_clamps, 0, 0, 4, -1.5f)
TARGET(target_2_10_10_10_float_clamps, 3, 0, 128, -64)

// Colours are multiplied by a power of two: by 1/2 on the left, by 4 on the right.
void target_exponent(Scene *s) {
    for (uint32_t i = 0; i < 2; i++) {
        set(s, RB_COLOR_INFO, (i ? 2u : 63u) << 20);
        for (int c = 0; c < 16; c++)
            fill(s, (float)(i * 64 + (uint32_t)c * 4), 0, (float)(i * 64 + (uint32_t)c * 4 + 4), SIDE,
                 RGBA((float)c / 16, (float)c / 64, 0.25f, 1));
    }
}

// Draws a 4 x 4 pattern over a surface of one sample per pixel: thirds of
// red by column, of green by row.
static void pattern(Scene *s, float width, float height) {
    Texture t = {.format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D, .width = 4, .height = 4,
                 .pitch = 32, .swizzle = XYZW};
    uint32_t *texels = place(s, 64 * 4 * 4, &t.physical);
    for (uint32_t i = 0; i < 16; i++) texels[i / 4 * 64 + i % 4] = 0xFF000000 | (i / 4 * 85) << 8 | i % 4 * 85;
    texture(s, 1, &t);
    show_texture(s, 0, 0, width, height, 0, 0);
}

// A surface of one sample per pixel, seen as one of several: what each sample
// selection takes. 32 x 32 pixels each.
static void selections(Scene *s, uint32_t samples, uint32_t pitch) {
    Texture taken[7];
    set(s, RB_COLOR_INFO, SPARE_TILE);
    pattern(s, 128, 128);
    surface(s, SPARE_TILE, 0, pitch, samples);
    for (uint32_t i = 0; i < 7; i++) copy_to(s, &taken[i], 32, 32, i);
    whole_surface(s);
    for (uint32_t i = 0; i < 7; i++)
        show(s, &taken[i], XYZW, (float)(i % 4 * 32), (float)(i / 4 * 32), 32, 32);
}

void samples_of_four(Scene *s) {
    selections(s, FOUR_SAMPLES, PITCH / 2);
}

void samples_of_two(Scene *s) {
    selections(s, TWO_SAMPLES, PITCH);
}

// Edges at odd sixteenths of a pixel; the mean of the samples says how many are covered. Upper
// half: bands of 8 rows with the left edge at 8 and the right one at 40, plus 1/16, 3/16, ...;
// lower half: the same with top and bottom. Column x is the first that shows them.
static void edges(Scene *s, uint32_t samples, float x) {
    Texture mean;
    surface(s, SPARE_TILE, 0, PITCH / 2, samples);
    fill(s, 0, 0, 64, 128, BLACK);
    for (int i = 0; i < 8; i++) {
        float shift = ((float)i * 2 + 1) / 16, at = (float)(i * 8);
        fill(s, 8 + shift, at, 40 + shift, at + 8, WHITE);
        fill(s, at, 72 + shift, at + 8, 104 + shift, WHITE);
    }
    copy_to(s, &mean, 64, 128, SAMPLES_0123);
    whole_surface(s);
    show(s, &mean, XYZW, x, 0, 64, 128);
}

void edges_of_four_samples(Scene *s) {
    edges(s, FOUR_SAMPLES, 0);
}

void edges_of_two_samples(Scene *s) {
    edges(s, TWO_SAMPLES, 0);
}

// Four samples on the left, two on the right.
void edges_without_multisampling(Scene *s) {
    set(s, PA_SU_SC_MODE_CNTL, 0);
    edges(s, FOUR_SAMPLES, 0);
    plain_programs(s);
    edges(s, TWO_SAMPLES, 64);
}

// Where the samples of a surface lie when it is seen as one of one sample per pixel: a rectangle
// from 8 + 1/2 on covers the right ones only, from 8 + 1/2 down the lower ones.
void places_of_four_samples(Scene *s) {
    Texture cells;
    surface(s, SPARE_TILE, 0, PITCH / 2, FOUR_SAMPLES);
    fill(s, 0, 0, 64, 64, BLACK);
    fill(s, 8.5f, 0, 32, 32, RED);
    fill(s, 0, 40.5f, 64, 64, BLUE);
    surface(s, SPARE_TILE, 0, PITCH, ONE_SAMPLE);
    copy_to(s, &cells, 128, 128, SAMPLE_0);
    whole_surface(s);
    show(s, &cells, XYZW, 0, 0, 128, 128);
}

// Each sample has its own blue; red and green say which pixel it is.
static void numbered(Scene *s, float width, uint32_t samples, uint32_t count) {
    surface(s, SPARE_TILE, 0, samples == FOUR_SAMPLES ? PITCH / 2 : PITCH, samples);
    set(s, PA_SU_SC_MODE_CNTL, MULTISAMPLED);
    set(s, SQ_CONTEXT_MISC, 1 << 2); // interpolated at centres, however few samples are drawn
    for (uint32_t i = 0; i < count; i++) {
        float blue = (float)i / (float)(count - 1);
        set(s, PA_SC_AA_MASK, 0x1111u << i);
        slope(s, 0, 0, width, 64, RGBA(0, 0, blue, 1), RGBA(1, 0, blue, 1), RGBA(0, 1, blue, 1));
    }
    set(s, PA_SU_SC_MODE_CNTL, 0);
    set(s, PA_SC_AA_MASK, 0xFFFF);
}

// Where they lie: the surface, seen as one of one sample per pixel.
static void layout(Scene *s, float width, uint32_t samples, uint32_t count) {
    Texture words;
    numbered(s, width, samples, count);
    surface(s, SPARE_TILE, 0, PITCH, ONE_SAMPLE);
    copy_to(s, &words, 128, 128, SAMPLE_0);
    whole_surface(s);
    show(s, &words, XYZW, 0, 0, 128, 128);
}

void layout_of_four_samples(Scene *s) {
    layout(s, 64, FOUR_SAMPLES, 4);
}

void layout_of_two_samples(Scene *s) {
    layout(s, 128, TWO_SAMPLES, 2);
}

// Each comes back by its own selection.
void copies_of_each_sample(Scene *s) {
    Texture taken[6];
    numbered(s, 64, FOUR_SAMPLES, 4);
    for (uint32_t i = 0; i < 4; i++) copy_to(s, &taken[i], 32, 32, i);
    numbered(s, 64, TWO_SAMPLES, 2);
    for (uint32_t i = 0; i < 2; i++) copy_to(s, &taken[4 + i], 32, 32, i);
    whole_surface(s);
    for (uint32_t i = 0; i < 6; i++)
        show(s, &taken[i], XYZW, (float)(i % 4 * 32), (float)(i / 4 * 32), 32, 32);
}

// Only some samples are drawn: mask n in column n, the mean of all.
void sample_masks(Scene *s) {
    Texture mean;
    surface(s, SPARE_TILE, 0, PITCH / 2, FOUR_SAMPLES);
    fill(s, 0, 0, 64, 64, BLACK);
    set(s, PA_SU_SC_MODE_CNTL, MULTISAMPLED);
    for (uint32_t i = 0; i < 8; i++) {
        set(s, PA_SC_AA_MASK, i * 0x1111);
        fill(s, (float)(i * 8), 0, (float)(i * 8 + 8), 64, WHITE);
    }
    set(s, PA_SU_SC_MODE_CNTL, 0);
    copy_to(s, &mean, 64, 64, SAMPLES_0123);
    whole_surface(s);
    show(s, &mean, XYZW, 0, 0, 64, 64);
}

// Depth is tested for each sample: a plane that rises by one in 64 pixels against one half. At the
// pixel where it crosses, some samples are nearer.
void depths_of_four_samples(Scene *s) {
    Texture mean;
    const Vertex plane[3] = {{0, 0, 0, 1, {1, 0, 0, 1}}, {4, 0, 1, 1, {1, 0, 0, 1}}, {0, 64, 0, 1, {1, 0, 0, 1}}};
    surface(s, SPARE_TILE, 0, PITCH / 2, FOUR_SAMPLES);
    set(s, RB_DEPTHCONTROL, 2 | 4 | 7 << 4);
    fill_at(s, 0, 0, 64, 64, 0.5f, BLACK);
    set(s, RB_DEPTHCONTROL, 2 | 1 << 4);
    draw(s, RECTANGLE_LIST, plane, 3);
    set(s, RB_DEPTHCONTROL, 0);
    copy_to(s, &mean, 64, 64, SAMPLES_0123);
    whole_surface(s);
    show(s, &mean, XYZW, 0, 0, 64, 64);
}

// A depth buffer, seen as colours: the halves of each row of 80 samples are exchanged. Stencil
// values count columns of four pixels.
void depth_seen_as_color(Scene *s) {
    Texture words;
    for (uint32_t i = 0; i < 32; i++) {
        set(s, RB_STENCILREFMASK, (i * 8) | 0xFF << 8 | 0xFF << 16);
        set(s, RB_DEPTHCONTROL, 1 | 2 | 4 | 7 << 4 | 7 << 8 | 2 << 14);
        fill_at(s, (float)(i * 4), 0, (float)(i * 4 + 4), SIDE, 1, BLACK);
    }
    set(s, RB_DEPTHCONTROL, 0);
    surface(s, DEPTH_TILE, 0, PITCH, ONE_SAMPLE);
    copy_to(s, &words, 128, 128, SAMPLE_0);
    whole_surface(s);
    show(s, &words, SWIZZLE(0, 1, 2, 5), 0, 0, 80, 128);
}

// Colours, seen as depth: 0x80000000 is a depth of a half.
void color_seen_as_depth(Scene *s) {
    set(s, RB_COLOR_INFO, DEPTH_TILE);
    for (int i = 0; i < 20; i++) fill(s, (float)(i * 8), 0, (float)(i * 8 + 8), SIDE, RGBA(0, 0, 0, (float)i * 8 / 255));
    set(s, RB_COLOR_INFO, 0);
    set(s, RB_DEPTHCONTROL, 2 | 4 << 4); // greater
    for (int i = 0; i < 16; i++)
        fill_at(s, 0, (float)(i * 8), 80, (float)(i * 8 + 8), ((float)i * 8 + 4) / 255, RED);
}

// Tile numbers wrap: a surface that begins at the last tiles goes on at the first.
void tiles_wrap(Scene *s) {
    Texture end, begin;
    surface(s, 2047, 0, 80, ONE_SAMPLE);
    fill(s, 0, 0, 80, 32, GREEN);
    fill(s, 0, 0, 80, 16, RED);
    copy_to(s, &end, 80, 32, SAMPLE_0);
    surface(s, 0, 0, 80, ONE_SAMPLE);
    copy_to(s, &begin, 80, 16, SAMPLE_0);
    whole_surface(s);
    fill(s, 0, 0, SIDE, SIDE, BLACK);
    show(s, &end, XYZW, 0, 0, 80, 32);
    show(s, &begin, XYZW, 0, 64, 80, 16);
}
