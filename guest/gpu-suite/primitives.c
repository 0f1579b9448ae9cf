// Primitive types. Draws add a third of white, which shows pixels that are drawn twice.
#include "scene.h"

typedef struct {
    float x, y;
} Point;

// Draws a shape.
static void shape(Scene *s, uint32_t primitive, const Point *points, uint32_t count) {
    Vertex list[16];
    set(s, RB_BLENDCONTROL, 0x01010101); // one, one
    for (uint32_t i = 0; i < count; i++)
        list[i] = (Vertex){points[i].x, points[i].y, 0, 1, {1.0f / 3, 1.0f / 3, 1.0f / 3, 0}};
    draw(s, primitive, list, count);
}

// Two rectangles, each of two triangles with a common edge; one goes round the other way.
void triangle_list(Scene *s) {
    static const Point points[] = {
        {8, 8},  {56, 8},   {8, 56},  {56, 8},  {56, 56},  {8, 56},
        {72, 8}, {72, 120}, {120, 8}, {120, 8}, {72, 120}, {120, 120},
    };
    shape(s, TRIANGLE_LIST, points, 12);
}

// A band with a step: two triangles for each pair of points.
void triangle_strip(Scene *s) {
    static const Point points[] = {{8, 8}, {8, 56}, {56, 8}, {56, 56}, {56, 56}, {56, 120}, {120, 56}, {120, 120}};
    shape(s, TRIANGLE_STRIP, points, 8);
}

// A square around its corner, by way of the middle of its sides.
void triangle_fan(Scene *s) {
    static const Point points[] = {{16, 16}, {64, 16}, {112, 16}, {112, 64}, {112, 112}, {64, 112}, {16, 112}};
    shape(s, TRIANGLE_FAN, points, 7);
}

// An octagon.
void polygon(Scene *s) {
    static const Point points[] = {{40, 8},  {88, 8},   {120, 40}, {120, 88},
                                   {88, 120}, {40, 120}, {8, 88},   {8, 40}};
    shape(s, POLYGON, points, 8);
}

// Three corners each; the fourth lies opposite the end of the longest side. Each
// rectangle leaves out another corner.
void rectangle_list(Scene *s) {
    static const Point points[] = {
        {8, 8},  {56, 8},  {8, 40},  {72, 8},  {120, 8},   {120, 40},
        {8, 56}, {8, 120}, {56, 120}, {120, 56}, {120, 120}, {72, 120},
    };
    shape(s, RECTANGLE_LIST, points, 12);
}

// Across a rectangle the fourth corner's numbers are the sum of its
// neighbours' less the opposite one's.
void rectangle_numbers(Scene *s) {
    static const Vertex corners[3] = {
        {0, 0, 0, 1, {0.25f, 0, 1, 1}},
        {128, 0, 0, 1, {0.75f, 0, 0.5f, 1}},
        {0, 128, 0, 1, {0.25f, 1, 0.5f, 1}},
    };
    draw(s, RECTANGLE_LIST, corners, 3);
}

void quad_list(Scene *s) {
    static const Point points[] = {{8, 8}, {56, 8}, {56, 56}, {8, 56}, {64, 64}, {64, 120}, {120, 120}, {120, 64}};
    shape(s, QUAD_LIST, points, 8);
}

// Quads that share an edge each: an L.
void quad_strip(Scene *s) {
    static const Point points[] = {{8, 8}, {40, 8}, {8, 80}, {40, 80}, {8, 120}, {40, 120}};
    static const Point other[] = {{40, 120}, {40, 80}, {80, 120}, {80, 80}, {120, 120}, {120, 80}};
    shape(s, QUAD_STRIP, points, 6);
    shape(s, QUAD_STRIP, other, 6);
}

// Lines lie a quarter above pixel centres, and end between pixels.
void line_list(Scene *s) {
    static const Point points[] = {{8, 8.25f},     {120, 8.25f}, {120, 16.25f}, {8, 16.25f},
                                   {32.25f, 32}, {32.25f, 112},  {48.25f, 112}, {48.25f, 32}};
    shape(s, LINE_LIST, points, 8);
}

void line_strip(Scene *s) {
    static const Point points[] = {{8, 8.25f}, {64, 8.25f}, {120, 8.25f}};
    static const Point down[] = {{32.25f, 32}, {32.25f, 64}, {32.25f, 112}};
    shape(s, LINE_STRIP, points, 3);
    shape(s, LINE_STRIP, down, 3);
}

// There and back again: the last line goes from the last point to the first.
void line_loop(Scene *s) {
    static const Point points[] = {{8, 8.25f}, {64, 8.25f}, {120, 8.25f}};
    shape(s, LINE_LOOP, points, 3);
}

// 45 degrees: one pixel in each row and column.
void line_diagonal(Scene *s) {
    static const Point points[] = {{8, 8}, {120, 120}, {120, 7}, {7, 120}};
    shape(s, LINE_LIST, points, 4);
}

// The register has half of width and height in sixteenths.
void point_list(Scene *s) {
    static const Point points[] = {{24, 24}, {64, 64}, {104, 104}};
    set(s, PA_SU_POINT_SIZE, 8 * 16 | 4 * 16 << 16);
    shape(s, POINT_LIST, points, 3);
    // Halves of a pixel: from 95.5 to 112.5 and from 21.5 to 26.5.
    static const Point single[] = {{104, 24}};
    set(s, PA_SU_POINT_SIZE, 40 | 136 << 16);
    shape(s, POINT_LIST, single, 1);
}

// Each vertex says its point's diameter.
//     vfetch r1.xyzw, r0.x, vf0, format=38, stride=8, offset=0
//     vfetch r2.xyzw, r0.x, vf0, format=38, stride=8, offset=4
//     alloc position
//     max oPos.xy01, r1, r1
//     max oPts, r1.z, r1.z
//     alloc interpolators 1
//     max o0, r2, r2
static const uint32_t sized_vertex[] = {
    0x00052003, 0x00001000, 0xC2000000, 0x00002005, 0x00001000, 0xC4000000, 0x00001007, 0x00002000,
    0x00000000, 0x00081000, 0x00260688, 0x00000008, 0x00082000, 0x00260688, 0x00000408, 0xC88BC03E,
    0x00000000, 0xE2010100, 0xC80F803F, 0x00C6C600, 0xE2010100, 0xC80F8000, 0x00000000, 0xE2020200,
};

enum { SPRITE_EXPORTS = 2, EXPORT_MODE_SHIFT = 24 };

static void sized(Scene *s) {
    static const float grey[4] = {1.0f / 3, 1.0f / 3, 1.0f / 3, 0};
    Vertex list[3] = {{24, 24, 16, 1, {0}}, {64, 64, 32, 1, {0}}, {104, 104, 2, 1, {0}}};
    for (int i = 0; i < 12; i++) list[i / 4].a[i % 4] = grey[i % 4];
    set(s, RB_BLENDCONTROL, 0x01010101);
    set(s, PA_SU_POINT_SIZE, 5 * 16 | 5 * 16 << 16);
    set(s, SQ_PROGRAM_CNTL, 31 | 31 << 8 | 3 << 16 | SPRITE_EXPORTS << EXPORT_MODE_SHIFT);
    vertex_shader(s, sized_vertex, WORDS(sized_vertex));
    draw(s, POINT_LIST, list, 3);
}

void point_sizes(Scene *s) {
    set(s, PA_SU_POINT_MINMAX, 0xFFFF << 16);
    sized(s);
}

// Half sizes from 4 to 8.
void point_limits(Scene *s) {
    set(s, PA_SU_POINT_MINMAX, 4 * 16 | 8 * 16 << 16);
    sized(s);
}

// The place within the point, as the position register's third and fourth component.
//     alloc colors
//     max oC0.xy01, r0.zwww, r0.zwww
static const uint32_t place_pixel[] = {
    0x00000000, 0x1001C400, 0x20000000, 0xC88BC000, 0x001A1A00, 0xE2000000,
};

void point_places(Scene *s) {
    static const Vertex point = {64, 64, 0, 1, {0, 0, 0, 0}};
    set(s, PA_SU_POINT_SIZE, 32 * 16 | 48 * 16 << 16);
    set(s, SQ_PROGRAM_CNTL, 31 | 31 << 8 | 7 << 16); // the position register is r0
    pixel_shader(s, place_pixel, WORDS(place_pixel));
    draw(s, POINT_LIST, &point, 1);
}
