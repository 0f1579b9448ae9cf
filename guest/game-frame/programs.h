// The shaders, each in memory for the chip to load.
#pragma once
#include "draw.h"

enum {
    SOLID_VERTEX,
    COMPACT_VERTEX,
    SKINNED_VERTEX,
    SOLID_DEPTH_VERTEX,
    COMPACT_DEPTH_VERTEX,
    PARTICLE_VERTEX,
    SCREEN_VERTEX,
    CLEAR_VERTEX,
    PLAIN_PIXEL,
    CLEAR_PIXEL,
    BRIGHT_PIXEL,
    SMALLER_PIXEL,
    BLUR_PIXEL,
    COMPOSE_PIXEL,
    GRADE_PIXEL,
    CODES,
};

// Pixel shaders of materials, and the constants with their colours.
enum { MATERIALS = 192, FIRST_TINT = 32 };
// Rows of bones: four bones of three rows.
enum { FIRST_BONE = 64, BONES = 4 };
// Vertex exports besides interpolators: the size of points.
enum { SPRITE_EXPORTS = 2 };

typedef struct {
    const uint32_t *words;
    uint32_t count, registers, physical;
} Code;

void init_programs(void);
const Code *code(uint32_t which);
// Numbers wrap.
const Code *material(uint32_t number);
void use(Commands *commands, const Code *vertex, const Code *pixel, uint32_t interpolators, uint32_t exports);
