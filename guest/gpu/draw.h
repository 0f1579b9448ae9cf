// Parts of a draw: programs, constants, vertex buffers, primitives.
#pragma once
#include "gpu.h"

// Where a pixel shader's float constants begin.
enum { FIRST_PIXEL_CONSTANT = 256 };

// Microcode of both shaders, and how many interpolators go from one to the other.
typedef struct {
    const uint32_t *vertex;
    uint32_t vertex_words, vertex_registers;
    const uint32_t *pixel;
    uint32_t pixel_words, pixel_registers;
    uint32_t interpolators;
} Program;

void load_shader(Commands *commands, uint32_t kind, const uint32_t *words, uint32_t count);
// Both shaders and what the chip must know of them; everything is interpolated smoothly.
void load_program(Commands *commands, const Program *program);

// Float constants, from number `first` on; four words each.
void vertex_constants(Commands *commands, uint32_t first, const void *values, uint32_t count);
void pixel_constants(Commands *commands, uint32_t first, const void *values, uint32_t count);
// Vertex buffer `slot` (vf0, vf1, …).
void vertex_buffer(Commands *commands, uint32_t slot, uint32_t physical, uint32_t words);

// 16-bit indices from memory; counted up from zero.
void draw_indexed(Commands *commands, uint32_t primitive, uint32_t physical, uint32_t count);
void draw_counted(Commands *commands, uint32_t primitive, uint32_t count);
