// The way: the camera goes along it at a constant speed, and looks a little to the sides. The world
// moves past it, so that numbers stay small.
#include "frame.h"

enum { FRAMES_PER_SECOND = 30 };
#define SPEED 9.0f
#define FOCAL 1.5f
#define NEAR 0.5f
#define FAR 90.0f
#define HORIZON 0.15f
#define EYE 2.4f

uint32_t tile_top(uint32_t tile) {
    if (tile == 0) return 0;
    // Copies begin at rows of whole tiles in memory.
    uint32_t half = (settings.height / 2 + 31) & -32u;
    return tile == 1 && half < settings.height ? half : settings.height;
}

void aim(Frame *frame) {
    Matrix lens, turned, moved, seen;
    frame->time = (float)frame->number / FRAMES_PER_SECOND;
    frame->travelled = frame->time * SPEED;
    perspective(&lens, FOCAL, (float)settings.width / (float)settings.height, NEAR, FAR, HORIZON);
    rotation(&turned, 2, 0, 0.02f * sine(0.11f * frame->time));
    translation(&moved, 0.8f * sine(0.07f * frame->time), -EYE, 0);
    product(&seen, &turned, &moved);
    product(&frame->projection, &lens, &seen);
    // The sun's view: the world from -24 to 24 and from 0 to -64, as places in
    // the shadow map; its rays lean.
    frame->light.column[0] = vec4(1.0f / 48, 0, 0, 0);
    frame->light.column[1] = vec4(0.4f / 48, 0.2f / 64, -1.0f / 24, 0);
    frame->light.column[2] = vec4(0, -1.0f / 64, 0, 0);
    frame->light.column[3] = vec4(0.5f, 0, 0.9f, 1);
}

uint32_t tiles_of(const Frame *frame, Vec centre, float radius) {
    Vec clip = transform(&frame->projection, centre);
    float w = lane(clip, 3) - radius, y = lane(clip, 1), reach = radius * FOCAL;
    uint32_t all = (1u << TILES) - 1;
    if (w + 2 * radius < NEAR) return 0;
    if (w < NEAR) return all;
    // Rows from the top; a ball's outline is inside of this.
    float high = (y + reach) / w, low = (y - reach) / w, half = (float)settings.height / 2;
    if (y + reach < 0) high = (y + reach) / (w + 2 * radius);
    if (y - reach > 0) low = (y - reach) / (w + 2 * radius);
    float first = (1 - high) * half - 1, last = (1 - low) * half + 1, middle = (float)tile_top(1);
    if (last < 0 || first > (float)settings.height) return 0;
    return (first < middle ? 1 : 0) | (last > middle ? 2 : 0);
}
