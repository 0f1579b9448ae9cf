// Blending: every factor and function.
#include "scene.h"

enum { ONE = 1, ZERO = 0 };

static const uint32_t factors[15] = {0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

// 15 factors: a column of 8 pixels for each. Colours are blended in the upper half; in the lower half only
// alpha is, and then shown as the factor of white.
void blend_source_factors(Scene *s) {
    static const float constant[4] = {0.8f, 0.4f, 0.6f, 0.2f};
    fill(s, 0, 0, 120, SIDE, RGBA(0.4f, 0.6f, 0.2f, 0.8f));
    for (int i = 0; i < 4; i++) set_float(s, RB_BLEND_RED + i, constant[i]);
    for (int i = 0; i < 15; i++) {
        float x = (float)(i * 8);
        set(s, RB_BLENDCONTROL, factors[i] | ZERO << 8 | ONE << 16 | ZERO << 24);
        fill(s, x, 0, x + 8, 64, RGBA(1, 0.2f, 0.6f, 0.6f));
        set(s, RB_BLENDCONTROL, ONE | ZERO << 8 | factors[i] << 16 | ZERO << 24);
        fill(s, x, 64, x + 8, 128, RGBA(1, 0.2f, 0.6f, 0.6f));
    }
    // White times the alpha that is there.
    set(s, RB_BLENDCONTROL, 10 | ZERO << 8 | ONE << 16 | ZERO << 24);
    fill(s, 0, 64, 120, 128, WHITE);
}
