// A ring of glowing dust that circles the knot, and a still sky of faint stars.
#include "scene.h"
#include "pm4.h"
#include "shaders.h"

enum { DUST = 224, SKY = 96, WORDS = 4, DUST_VERTICES = DUST * 4, SKY_VERTICES = SKY * 4 };

// Orbits of four grains each: place on the orbit, its radius, height
// above the ring's plane, brightness.
static struct {
    Vec phase, radius, height, size, speed;
} orbits[DUST / 4];
static Shared dust[2], sky, corners;

// A fixed sequence of numbers from 0 to 1.
static float next_random(void) {
    static uint32_t state = 20051122;
    state = state * 1664525 + 1013904223;
    return (float)(state >> 8) / (1 << 24);
}

static Vec random4(float low, float high) {
    Vec range = splat(high - low);
    return vec_madd(vec4(next_random(), next_random(), next_random(), next_random()), range, splat(low));
}

void init_stars(void) {
    for (int i = 0; i < DUST / 4; i++) {
        Vec spread = multiply(random4(-1, 1), random4(0, 1)); // most are near the middle
        orbits[i].phase = random4(0, 1);
        orbits[i].radius = vec_madd(spread, splat(0.34f), splat(2.45f));
        orbits[i].height = multiply(multiply(random4(-1, 1), random4(0, 1)), splat(0.16f));
        orbits[i].size = vec_madd(multiply(random4(0, 1), random4(0, 1)), splat(0.85f), splat(0.22f));
        orbits[i].speed = vec_madd(spread, splat(-0.012f), splat(0.045f)); // slower further out
    }
    for (int i = 0; i < 2; i++) gpu_allocate(&dust[i], DUST * WORDS * 4);

    gpu_allocate(&sky, SKY * WORDS * 4);
    Vec *out = sky.at;
    for (int i = 0; i < SKY; i++) {
        float brightness = next_random();
        float height = HORIZON + 0.03f + (1 - HORIZON) * next_random();
        *out++ = vec4(2 * next_random() - 1, height, 0.9f, 0.25f + 0.75f * brightness * brightness);
    }

    static const float square[8] = {-1, -1, 1, -1, 1, 1, -1, 1};
    gpu_allocate(&corners, sizeof square);
    for (int i = 0; i < 8; i++) ((float *)corners.at)[i] = square[i];
}

void update_stars(const Frame *frame) {
    Vec *out = dust[frame->parity].at;
    Vec time = splat(frame->time), quarter = splat(0.25f);
    for (int i = 0; i < DUST / 4; i++) {
        Vec angle = vec_madd(orbits[i].speed, time, orbits[i].phase);
        Vec twinkle = sine4(vec_madd(time, splat(0.35f), multiply(orbits[i].phase, splat(9))));
        Vec grains[4] = {
            multiply(orbits[i].radius, sine4(vec_add(angle, quarter))),
            orbits[i].height,
            multiply(orbits[i].radius, sine4(angle)),
            multiply(orbits[i].size, vec_madd(twinkle, splat(0.22f), splat(0.78f))),
        };
        transpose4(grains);
        for (int j = 0; j < 4; j++) *out++ = grains[j];
    }
}

static void draw(Commands *commands, const Matrix *to_clip, Shared places, uint32_t count, float size, Vec color) {
    Vec to_vertices[] = {
        to_clip->column[0], to_clip->column[1], to_clip->column[2], to_clip->column[3],
        vec4(size * SCREEN_HEIGHT / SCREEN_WIDTH, size, 0, 0), vec4(0.25f, -4, 0, 0), color,
    };
    Vec to_pixels[] = {vec4(1, 0, 0, 0)};
    vertex_constants(commands, 0, to_vertices, sizeof to_vertices / sizeof *to_vertices);
    pixel_constants(commands, 0, to_pixels, 1);
    vertex_buffer(commands, 0, places.physical, count / 4 * WORDS);
    draw_counted(commands, QUAD_LIST, count);
}

void draw_stars(const Frame *frame) {
    Commands *commands = frame->commands;
    state_draw(commands, DEPTH_TEST_ONLY, BLEND_ADD, CULL_NONE);
    load_program(commands, &program_stars);
    vertex_buffer(commands, 1, corners.physical, 8);

    Matrix as_it_is, tilt, lean, model, to_clip;
    translation(&as_it_is, 0, 0, 0);
    draw(commands, &as_it_is, sky, SKY_VERTICES, 0.006f, vec4(0.62f, 0.62f, 0.80f, 1));

    rotation(&tilt, 0, 1, 0.04f);
    rotation(&lean, 1, 2, 0.05f);
    product(&model, &tilt, &lean);
    product(&to_clip, &frame->mirrored, &model);
    draw(commands, &to_clip, dust[frame->parity], DUST_VERTICES, 0.12f, vec4(0.10f, 0.10f, 0.22f, 1));
    product(&to_clip, &frame->view_projection, &model);
    draw(commands, &to_clip, dust[frame->parity], DUST_VERTICES, 0.12f, vec4(0.75f, 0.72f, 1.0f, 1));
}
