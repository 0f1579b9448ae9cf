// The things in the picture. Each has init_…, called once, and draw_…,
// which appends a frame's commands.
#pragma once
#include "gpu.h"
#include "vmath.h"

// Values common to all objects of a frame.
typedef struct {
    Commands *commands;
    uint32_t parity;        // which of the two sets of moving vertices to use
    float time;             // in seconds
    Matrix view_projection; // of the world
    Matrix mirrored;        // the same with the world seen in the floor
    Vec eye;
} Frame;

// The floor's height, in the world.
#define FLOOR (-1.85f)
// Where eye level is on the screen, from -1 (bottom) to 1.
#define HORIZON (-0.16f)

void init_knot(void);
void update_knot(const Frame *frame);
void draw_knot(const Frame *frame, int in_floor);

void init_backdrop(void);
void draw_backdrop(const Frame *frame);

void init_stars(void);
void update_stars(const Frame *frame);
void draw_stars(const Frame *frame);

void init_letters(void);
void draw_letters(const Frame *frame);
