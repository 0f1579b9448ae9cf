// The name "xenia-rs" in strokes with round ends: lines and arcs, made into strips once. A vertex
// knows how far it is from the stroke's middle, so the pixel shader draws smooth edges.
#include "scene.h"
#include "pm4.h"
#include "runtime.h"
#include "shaders.h"

// Half the strokes' width, in heights of an "x".
#define HALF_WIDTH 0.105f
// Strips are this much wider than the stroke, for the soft edge and the light around.
#define MARGIN 1.25f
#define LETTER_GAP 0.44f
#define LETTER_SIZE 0.105f // of an "x", in half screen heights
#define BASELINE (-0.84f)

enum { MAX_POINTS = 64, MAX_VERTICES = 2048, MAX_INDICES = 2304, WORDS = 6 };

static Shared vertices, indices;
static uint32_t vertex_count, index_count;
static float points[MAX_POINTS][2];
static uint32_t point_count;
static float name_width;

static void point(float x, float y) {
    if (point_count == MAX_POINTS) return;
    points[point_count][0] = x;
    points[point_count++][1] = y;
}

// Part of an ellipse; angles in turns from the right, counterclockwise.
static void arc(float x, float y, float radius_x, float radius_y, float from, float to) {
    enum { STEPS = 24 };
    for (int i = 0; i <= STEPS; i++) {
        float angle = from + (to - from) * (float)i / STEPS;
        point(x + radius_x * cosine(angle), y + radius_y * sine(angle));
    }
}

static void vertex(const float at[2], float along_x, float along_y, float along, float across) {
    float *out = (float *)vertices.at + vertex_count * WORDS;
    *out++ = at[0];
    *out++ = at[1];
    *out++ = along_x * along - along_y * across;
    *out++ = along_y * along + along_x * across;
    *out++ = along;
    *out++ = across;
    ((uint16_t *)indices.at)[index_count++] = (uint16_t)vertex_count++;
}

// Two vertices across the stroke at a point, `along` units before or behind it.
static void pair(uint32_t i, float direction_x, float direction_y, float along) {
    vertex(points[i], direction_x, direction_y, along, MARGIN);
    vertex(points[i], direction_x, direction_y, along, -MARGIN);
}

// Ends a stroke: turns its points into a strip, with the letter's left edge at `left`.
static void stroke(float left) {
    if (vertex_count + 2 * point_count + 4 <= MAX_VERTICES && index_count + 2 * point_count + 5 <= MAX_INDICES) {
        for (uint32_t i = 0; i < point_count; i++) points[i][0] += left;
        for (uint32_t i = 0; i < point_count; i++) {
            uint32_t before = i ? i - 1 : 0, after = i + 1 < point_count ? i + 1 : i;
            float x = points[after][0] - points[before][0], y = points[after][1] - points[before][1];
            float length = square_root(x * x + y * y);
            x = length > 0 ? x / length : 1;
            y = length > 0 ? y / length : 0;
            if (i == 0) pair(i, x, y, -MARGIN);
            pair(i, x, y, 0);
            if (i + 1 == point_count) pair(i, x, y, MARGIN);
        }
        ((uint16_t *)indices.at)[index_count++] = 0xFFFF;
    }
    point_count = 0;
}

static void line(float left, float x0, float y0, float x1, float y1) {
    point(x0, y0);
    point(x1, y1);
    stroke(left);
}

// Draws a letter and returns its width.
static float letter(char which, float left) {
    switch (which) {
    case 'x':
        line(left, 0, 0, 0.8f, 1);
        line(left, 0, 1, 0.8f, 0);
        return 0.8f;
    case 'e':
        point(0, 0.52f);
        arc(0.5f, 0.5f, 0.5f, 0.5f, 0.0f, 0.88f);
        points[0][0] = 0.02f; // the bar, from the left to where the bow begins
        stroke(left);
        return 1;
    case 'n':
        line(left, 0, 0, 0, 1);
        arc(0.42f, 0.58f, 0.42f, 0.42f, 0.5f, 0);
        point(0.84f, 0);
        stroke(left);
        return 0.84f;
    case 'i':
        line(left, 0, 0, 0, 1);
        point(0, 1.45f);
        stroke(left);
        return 0;
    case 'a':
        arc(0.5f, 0.5f, 0.5f, 0.5f, 0.06f, 0.94f);
        stroke(left);
        line(left, 1, 0, 1, 1);
        return 1;
    case 'r':
        line(left, 0, 0, 0, 1);
        arc(0.42f, 0.58f, 0.42f, 0.42f, 0.5f, 0.16f);
        stroke(left);
        return 0.6f;
    case 's':
        arc(0.36f, 0.75f, 0.34f, 0.25f, 0.07f, 0.75f);
        arc(0.36f, 0.25f, 0.34f, 0.25f, 0.25f, -0.43f);
        stroke(left);
        return 0.72f;
    default: // a dash
        line(left, 0, 0.5f, 0.5f, 0.5f);
        return 0.5f;
    }
}

void init_letters(void) {
    gpu_allocate(&vertices, MAX_VERTICES * WORDS * 4);
    gpu_allocate(&indices, MAX_INDICES * 2);
    float left = 0;
    for (const char *c = "xenia-rs"; *c; c++) left += letter(*c, left) + LETTER_GAP;
    name_width = left - LETTER_GAP;
}

void draw_letters(const Frame *frame) {
    Commands *commands = frame->commands;
    const float size_x = LETTER_SIZE * SCREEN_HEIGHT / SCREEN_WIDTH;
    Vec to_screen = vec4(size_x, LETTER_SIZE, -size_x * name_width / 2, BASELINE);
    // Pixels from the middle of a stroke to its edge.
    const float half_pixels = HALF_WIDTH * LETTER_SIZE * SCREEN_HEIGHT / 2;
    // The shine passes every six seconds.
    float pass = frame->time * (1.0f / 6);
    pass -= (float)(int)pass;
    float shine = -3 + pass * (name_width + 12);
    Vec to_pixels[] = {
        vec4(0.36f, 0.78f, 1.00f, 0),
        vec4(0.60f / name_width, -0.36f / name_width, -0.22f / name_width, 0),
        vec4(shine, half_pixels, 0.9f, 0),
        vec4(0, 1, 0.45f, 0),
    };

    load_program(commands, &program_glow);
    state_draw(commands, DEPTH_OFF, BLEND_ADD, CULL_NONE);
    vertex_buffer(commands, 0, vertices.physical, vertex_count * WORDS);
    vertex_constants(commands, 0, (Vec[]){to_screen, splat(HALF_WIDTH * 1.85f)}, 2);
    pixel_constants(commands, 0, to_pixels, sizeof to_pixels / sizeof *to_pixels);
    draw_indexed(commands, TRIANGLE_STRIP, indices.physical, index_count);

    load_program(commands, &program_letters);
    state_draw(commands, DEPTH_OFF, BLEND_OVER, CULL_NONE);
    vertex_constants(commands, 1, (Vec[]){splat(HALF_WIDTH)}, 1);
    draw_indexed(commands, TRIANGLE_STRIP, indices.physical, index_count);
}
