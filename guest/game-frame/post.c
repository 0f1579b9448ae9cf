// Effects after the world: light around what is bright, mist by depth, and steps of colour
// grading, the last of which is shown. Every step is a picture over a whole surface, and a
// copy that the next one samples.
#include "frame.h"

enum { SMALLER = 3 };

static Texture smaller[SMALLER], blurred[2], whole[2];

void init_post(void) {
    for (uint32_t i = 0; i < SMALLER; i++)
        picture_texture(&smaller[i], settings.width >> (i + 1), settings.height >> (i + 1), FORMAT_8_8_8_8);
    for (int i = 0; i < 2; i++) {
        picture_texture(&blurred[i], settings.width / 8, settings.height / 8, FORMAT_8_8_8_8);
        picture_texture(&whole[i], settings.width, settings.height, FORMAT_8_8_8_8);
    }
}

// Draws `from` with a program and copies the surface to `to`.
static void step(const Frame *frame, const Texture *from, const Texture *to, uint32_t program) {
    texture(frame->scene, COLOR_SLOT, from);
    cover(frame->scene, to->width, to->height, code(program));
    copy_surface(frame->scene, to, 0, SAMPLE_0, 0, to->width, to->height);
}

static void blur(const Frame *frame, const Texture *from, const Texture *to, float x, float y) {
    const Vec steps[2] = {vec4(x, y, 2 * x, 2 * y), vec4(0.38f, 0.24f, 0.07f, 0)};
    pixel_constants(frame->commands, 6, steps, 2);
    step(frame, from, to, BLUR_PIXEL);
}

void draw_post(const Frame *frame, const Front *front) {
    const Vec numbers = vec4(0.7f, 2, 0.985f, 60), grade = vec4(0.1f, 0, 0, 0), mist = vec4(0.62f, 0.70f, 0.80f, 1);
    const Pictures *pictures = frame->pictures;
    pixel_constants(frame->commands, 4, &mist, 1);
    pixel_constants(frame->commands, 5, &numbers, 1);
    step(frame, &pictures->scene, &smaller[0], BRIGHT_PIXEL);
    for (int i = 1; i < SMALLER; i++) step(frame, &smaller[i - 1], &smaller[i], SMALLER_PIXEL);
    blur(frame, &smaller[SMALLER - 1], &blurred[0], 8.0f / (float)settings.width, 0);
    blur(frame, &blurred[0], &blurred[1], 0, 8.0f / (float)settings.height);

    // Scene and depth are two of the copies.
    Texture shown = whole[0];
    shown.physical = front->memory.physical;
    uint32_t steps = settings.copies - 2;
    texture(frame->scene, GRAIN_SLOT, &blurred[1]);
    texture(frame->scene, SHADOW_SLOT, &pictures->depth);
    step(frame, &pictures->scene, steps == 1 ? &shown : &whole[0], COMPOSE_PIXEL);
    pixel_constants(frame->commands, 5, &grade, 1);
    for (uint32_t i = 1; i < steps; i++)
        step(frame, &whole[(i - 1) % 2], i + 1 == steps ? &shown : &whole[i % 2], GRADE_PIXEL);
}
