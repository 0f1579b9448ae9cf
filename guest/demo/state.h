// Groups of registers that draws need, and the draws themselves.
#pragma once
#include "gpu.h"
#include "vmath.h"

typedef enum { DEPTH_OFF, DEPTH_FILL, DEPTH_TEST, DEPTH_TEST_ONLY } Depth;
typedef enum { BLEND_NONE, BLEND_OVER, BLEND_ADD } Blend;
typedef enum { CULL_NONE, CULL_COUNTERCLOCKWISE, CULL_CLOCKWISE } Cull;

// Everything that stays the same for all draws of a frame.
void state_begin(Commands *commands);
void state_draw(Commands *commands, Depth depth, Blend blend, Cull cull);

// Microcode of both shaders, and how many interpolators go from one to the other.
typedef struct {
    const uint32_t *vertex;
    uint32_t vertex_words, vertex_registers;
    const uint32_t *pixel;
    uint32_t pixel_words, pixel_registers;
    uint32_t interpolators;
} Program;

void state_program(Commands *commands, const Program *program);

// Float constants, from number `first` on.
void vertex_constants(Commands *commands, uint32_t first, const Vec *values, uint32_t count);
void pixel_constants(Commands *commands, uint32_t first, const Vec *values, uint32_t count);
// Vertex buffer `slot` (vf0, vf1, …).
void vertex_buffer(Commands *commands, uint32_t slot, uint32_t physical, uint32_t words);

void draw_indexed(Commands *commands, uint32_t primitive, uint32_t physical, uint32_t count);
void draw_counted(Commands *commands, uint32_t primitive, uint32_t count);

// Copies the picture to the front buffer.
void state_copy(Commands *commands, uint32_t rectangle, uint32_t front);
// The front buffer as a texture.
void front_fetch(uint32_t fetch[6], uint32_t physical);
