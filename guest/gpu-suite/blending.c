// Blending, write masks, alpha test, several targets.
#include "copy.h"
#include "texture.h"

enum { ZERO, ONE, DESTINATION_ALPHA = 10 };

static const uint32_t factors[15] = {0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

#define SOURCE RGBA(1, 0.2f, 0.6f, 0.6f)
#define OLD RGBA(0.4f, 0.6f, 0.2f, 0.8f)

// A control word for colours and one for alpha, each of source factor,
// destination factor and function.
static uint32_t control(uint32_t source, uint32_t destination, uint32_t function) {
    return source | function << 5 | destination << 8;
}

static void blend(Scene *s, uint32_t color, uint32_t alpha) {
    set(s, RB_BLENDCONTROL, color | alpha << 16);
}

// Shows the alpha of a part of the surface as a grey.
static void show_alpha(Scene *s, float x0, float y0, float x1, float y1) {
    blend(s, control(DESTINATION_ALPHA, ZERO, 0), control(ONE, ZERO, 0));
    fill(s, x0, y0, x1, y1, WHITE);
}

// A column of 8 pixels for each of `count` control words: colours are blended in the upper half,
// alpha in the lower one, where it is shown.
static void columns(Scene *s, const uint32_t *words, int count) {
    static const float constant[4] = {0.8f, 0.4f, 0.6f, 0.2f};
    fill(s, 0, 0, (float)(count * 8), SIDE, OLD);
    for (int i = 0; i < 4; i++) set_float(s, RB_BLEND_RED + (uint32_t)i, constant[i]);
    for (int i = 0; i < count; i++) {
        float x = (float)(i * 8);
        blend(s, words[i], control(ONE, ZERO, 0));
        fill(s, x, 0, x + 8, 64, SOURCE);
        blend(s, control(ONE, ZERO, 0), words[i]);
        fill(s, x, 64, x + 8, 128, SOURCE);
    }
    show_alpha(s, 0, 64, (float)(count * 8), 128);
}

void blend_source_factors(Scene *s) {
    uint32_t words[15];
    for (int i = 0; i < 15; i++) words[i] = control(factors[i], ZERO, 0);
    columns(s, words, 15);
}

// Here the source is left out.
void blend_destination_factors(Scene *s) {
    uint32_t words[15];
    for (int i = 0; i < 15; i++) words[i] = control(ZERO, factors[i], 0);
    columns(s, words, 15);
}

// The five functions, with the factors one and one, and with source
// alpha and one minus source alpha.
void blend_functions(Scene *s) {
    uint32_t words[10];
    for (uint32_t i = 0; i < 5; i++) {
        words[i * 2] = control(ONE, ONE, i);
        words[i * 2 + 1] = control(6, 7, i);
    }
    columns(s, words, 10);
}

// The 16 masks, a column each.
void color_write_masks(Scene *s) {
    fill(s, 0, 0, SIDE, SIDE, OLD);
    for (uint32_t i = 0; i < 16; i++) {
        set(s, RB_COLOR_MASK, i);
        fill(s, (float)(i * 8), 0, (float)(i * 8 + 8), SIDE, SOURCE);
    }
    set(s, RB_COLOR_MASK, 15);
    show_alpha(s, 0, 64, SIDE, SIDE);
}

// 8 comparisons down, 16 alphas across, against the middle one.
void alpha_test(Scene *s) {
    set_float(s, RB_ALPHA_REF, 8.0f / 16);
    for (uint32_t function = 0; function < 8; function++) {
        set(s, RB_COLORCONTROL, function | 1 << 3);
        for (int i = 0; i < 16; i++)
            fill(s, (float)(i * 8), (float)(function * 16), (float)(i * 8 + 8), (float)(function * 16 + 16),
                 RGBA(1, 1, 0, (float)i / 16));
    }
}

// The pixel's colour to four targets, with its components moved round.
//     alloc colors
//     max oC0, r0, r0
//     max oC1, r0.yzxw, r0.yzxw
//     max oC2, r0.zxyw, r0.zxyw
//     max oC3, r0.wwww, r0.wwww
static const uint32_t four_pixel[] = {
    0x00000000, 0x4001C400, 0x20000000, 0xC80F8000, 0x00000000, 0xE2000000, 0xC80F8001, 0x00252500,
    0xE2000000, 0xC80F8002, 0x003E3E00, 0xE2000000, 0xC80F8003, 0x001B1B00, 0xE2000000,
};

// Four targets with a write mask and blending of their own, then shown one after the other.
void four_targets(Scene *s) {
    static const uint32_t infos[4] = {RB_COLOR_INFO, RB_COLOR1_INFO, RB_COLOR2_INFO, RB_COLOR3_INFO};
    uint32_t images[4];
    for (uint32_t i = 0; i < 4; i++) {
        place(s, SIDE * SIDE * 4, &images[i]);
        set(s, infos[i], i * 128);
        set(s, RB_COLOR_INFO, i * 128);
        fill(s, 0, 0, 64, 64, OLD);
    }
    set(s, RB_COLOR_INFO, 0);
    pixel_shader(s, four_pixel, WORDS(four_pixel));
    set(s, RB_COLOR_MASK, 0xF | 0x7 << 4 | 0x2 << 8 | 0xF << 12);
    set(s, RB_BLENDCONTROL1, control(ONE, ONE, 0) | control(ONE, ONE, 0) << 16);
    set(s, RB_BLENDCONTROL1 + 2, control(ZERO, 4, 0) | control(ONE, ZERO, 0) << 16);
    fill(s, 0, 0, 64, 64, SOURCE);
    plain_programs(s);
    for (uint32_t i = 0; i < 4; i++) {
        Copy target = COPY_OF_COLOR;
        target.source = i;
        target.to = images[i];
        copy(s, &target);
    }
    set(s, RB_COLOR_MASK, 0xF);
    for (uint32_t i = 0; i < 4; i++) {
        Texture t = TEXTURE_OF_COPY;
        t.physical = images[i];
        texture(s, 1, &t);
        show_texture(s, (float)(i % 2 * 64), (float)(i / 2 * 64), 64, 64, 0, 0);
    }
}
