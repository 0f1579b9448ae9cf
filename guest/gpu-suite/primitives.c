// Primitive types. What is drawn adds a third of white, so that a pixel that is drawn twice shows.
#include "scene.h"

#define THIRD RGBA(1.0f / 3, 1.0f / 3, 1.0f / 3, 1)

typedef struct {
    float x, y;
} Point;

static void add(Scene *s) {
    set(s, RB_BLENDCONTROL, 0x01010101);
}

static void shape(Scene *s, uint32_t primitive, const Point *points, uint32_t count) {
    Vertex list[64];
    add(s);
    for (uint32_t i = 0; i < count && i < 64; i++)
        list[i] = (Vertex){points[i].x, points[i].y, 0, 1, {1.0f / 3, 1.0f / 3, 1.0f / 3, 0}};
    draw(s, primitive, list, count);
}

// Two squares, each of two triangles with a common edge, one of them the other way round.
void triangle_list(Scene *s) {
    static const Point points[] = {
        {8, 8},  {56, 8},   {8, 56},  {56, 8},   {56, 56},  {8, 56},
        {72, 8}, {72, 120}, {120, 8}, {120, 8}, {72, 120}, {120, 120},
    };
    shape(s, TRIANGLE_LIST, points, 12);
}
