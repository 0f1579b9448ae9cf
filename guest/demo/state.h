// Groups of registers that draws need, and the draws themselves.
#pragma once
#include "draw.h"
#include "vmath.h"

enum { SCREEN_WIDTH = 1280, SCREEN_HEIGHT = 720 };

typedef enum { DEPTH_OFF, DEPTH_FILL, DEPTH_TEST, DEPTH_TEST_ONLY } Depth;
typedef enum { BLEND_NONE, BLEND_OVER, BLEND_ADD } Blend;
typedef enum { CULL_NONE, CULL_COUNTERCLOCKWISE, CULL_CLOCKWISE } Cull;

// Everything that stays the same for all draws of a frame.
void state_begin(Commands *commands);
void state_draw(Commands *commands, Depth depth, Blend blend, Cull cull);

// Copies the picture to the front buffer.
void state_copy(Commands *commands, uint32_t rectangle, uint32_t front);
