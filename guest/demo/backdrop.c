// Sky and floor behind everything: a strip of colours down the screen.
// It also resets the depth buffer.
#include "scene.h"
#include "pm4.h"
#include "shaders.h"

static const struct {
    float height, red, green, blue;
} bands[] = {
    {1.0f, 0.020f, 0.022f, 0.060f},
    {0.45f, 0.060f, 0.040f, 0.130f},
    {0.10f, 0.160f, 0.070f, 0.210f},
    {HORIZON, 0.330f, 0.135f, 0.260f},
    {HORIZON, 0.150f, 0.080f, 0.180f},
    {-0.45f, 0.060f, 0.048f, 0.115f},
    {-1.0f, 0.022f, 0.022f, 0.055f},
};

enum { BANDS = sizeof bands / sizeof *bands, WORDS = 5 };

static Shared vertices;

void init_backdrop(void) {
    gpu_allocate(&vertices, BANDS * 2 * WORDS * 4);
    float *out = vertices.at;
    for (int i = 0; i < BANDS; i++) {
        for (int side = -1; side <= 1; side += 2) {
            *out++ = (float)side;
            *out++ = bands[i].height;
            *out++ = bands[i].red;
            *out++ = bands[i].green;
            *out++ = bands[i].blue;
        }
    }
}

void draw_backdrop(const Frame *frame) {
    Commands *commands = frame->commands;
    // A glow behind the knot, an ellipse that is centred above the horizon.
    Vec to_vertices[] = {vec4(0.95f, 0.85f, 0, -0.10f)};
    Vec to_pixels[] = {vec4(0.105f, 0.070f, 0.175f, 0), vec4(0, 1, 0, 0)};
    state_draw(commands, DEPTH_FILL, BLEND_NONE, CULL_NONE);
    load_program(commands, &program_backdrop);
    vertex_constants(commands, 0, to_vertices, 1);
    pixel_constants(commands, 0, to_pixels, 2);
    vertex_buffer(commands, 0, vertices.physical, BANDS * 2 * WORDS);
    draw_counted(commands, TRIANGLE_STRIP, BANDS * 2);
}
