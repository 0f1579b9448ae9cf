// One scene: the commands that draw it, the memory they refer to, and what scenes are drawn with.
//
// Every scene starts from the same state (scene_begin): a black surface of SIDE x SIDE
// pixels, 8_8_8_8, one sample per pixel, positions in pixels, nothing tested or blended.
// The surface is shown at the end.
#pragma once
#include "draw.h"
#include "pm4.h"

enum {
    SIDE = 128,        // width and height of every picture
    PITCH = 160,       // of the surface, in pixels
    DEPTH_TILE = 1024, // the depth buffer's place in the EDRAM
    SPARE_TILE = 512,  // for further surfaces
};
// PA_SU_SC_MODE_CNTL: samples have places of their own, and masks.
enum { MULTISAMPLED = 1 << 15 };

typedef struct {
    Commands commands;
    // Memory for vertices, indices and textures; `used` bytes of it are taken.
    Shared memory;
    uint32_t used;
    Front front;
} Scene;

// Position, and what goes to the pixel shader.
typedef struct {
    float x, y, z, w;
    float a[4];
} Vertex;

#define RGBA(red, green, blue, alpha) ((const float[4]){red, green, blue, alpha})
#define BLACK RGBA(0, 0, 0, 1)
#define WHITE RGBA(1, 1, 1, 1)
#define RED RGBA(1, 0, 0, 1)
#define GREEN RGBA(0, 1, 0, 1)
#define BLUE RGBA(0, 0, 1, 1)
// Words of an array.
#define WORDS(array) (sizeof(array) / 4)

void scene_begin(Scene *s);
// The surface that is shown, and all of it.
void whole_surface(Scene *s);
// Copies that surface to the front buffer.
void scene_end(Scene *s);

static inline void set(Scene *s, uint32_t index, uint32_t value) {
    emit_register(&s->commands, index, value);
}

static inline void set_float(Scene *s, uint32_t index, float value) {
    emit_float_register(&s->commands, index, value);
}

// Memory of this scene, zeroed, that begins a page.
void *place(Scene *s, uint32_t bytes, uint32_t *physical);

void vertex_shader(Scene *s, const uint32_t *words, uint32_t count);
void pixel_shader(Scene *s, const uint32_t *words, uint32_t count);
// The programs that scene_begin loads: the four numbers of each vertex go to the pixels as they
// are, and are their colours.
void plain_programs(Scene *s);

// Puts vertices into memory and into vf0.
void vertices(Scene *s, const Vertex *list, uint32_t count);
void draw(Scene *s, uint32_t primitive, const Vertex *list, uint32_t count);
// A rectangle whose corners all have the same numbers.
void fill(Scene *s, float x0, float y0, float x1, float y1, const float a[4]);
// The same with a depth.
void fill_at(Scene *s, float x0, float y0, float x1, float y1, float z, const float a[4]);
// A rectangle with numbers for its corners at the left top, right top and left bottom.
void slope(Scene *s, float x0, float y0, float x1, float y1, const float left_top[4], const float right_top[4],
           const float left_bottom[4]);
// A rectangle whose first two numbers run from (u0, v0) to (u1, v1).
void span(Scene *s, float x0, float y0, float x1, float y1, float u0, float v0, float u1, float v1);
