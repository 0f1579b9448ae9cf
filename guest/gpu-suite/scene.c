#include "scene.h"
#include "copy.h"
#include "runtime.h"

//     vfetch r1.xyzw, r0.x, vf0, format=38, stride=8, offset=0
//     vfetch r2.xyzw, r0.x, vf0, format=38, stride=8, offset=4
//     alloc position
//     max oPos, r1, r1
//     alloc interpolators 1
//     max o0, r2, r2
static const uint32_t plain_vertex[] = {
    0x00052003, 0x00001000, 0xC2000000, 0x00001005, 0x00001000, 0xC4000000, 0x00001006, 0x00002000,
    0x00000000, 0x00081000, 0x00260688, 0x00000008, 0x00082000, 0x00260688, 0x00000408, 0xC80F803E,
    0x00000000, 0xE2010100, 0xC80F8000, 0x00000000, 0xE2020200,
};

//     alloc colors
//     max oC0, r0, r0
static const uint32_t plain_pixel[] = {
    0x00000000, 0x1001C400, 0x20000000, 0xC80F8000, 0x00000000, 0xE2000000,
};

enum { PAGE = 0x1000, REGISTERS = 32 };

static void set_range(Scene *s, uint32_t first, uint32_t last, uint32_t value) {
    emit(&s->commands, TYPE0(first, last - first + 1));
    for (uint32_t i = first; i <= last; i++) emit(&s->commands, value);
}

void whole_surface(Scene *s) {
    set(s, RB_SURFACE_INFO, PITCH);
    set(s, RB_COLOR_INFO, 0);
    set(s, PA_SC_WINDOW_OFFSET, 0);
    set(s, PA_SC_WINDOW_SCISSOR_TL, 1u << 31); // not shifted by the window offset
    set(s, PA_SC_WINDOW_SCISSOR_BR, SIDE | SIDE << 16);
}

void scene_begin(Scene *s) {
    s->used = 0;
    commands_begin(&s->commands);
    // Nothing of the scene before is left.
    set_range(s, RB_SURFACE_INFO, PA_SC_SCREEN_SCISSOR_BR, 0);
    set_range(s, PA_SC_WINDOW_OFFSET, PA_SC_WINDOW_SCISSOR_BR, 0);
    set_range(s, VGT_MAX_VTX_INDX, PA_CL_VPORT_XSCALE + 5, 0);
    set_range(s, SQ_PROGRAM_CNTL, SQ_INTERPOLATOR_CNTL, 0);
    set_range(s, RB_DEPTHCONTROL, RB_BLENDCONTROL1 + 2, 0);
    set_range(s, PA_SU_POINT_SIZE, PA_SU_POINT_MINMAX, 0);
    set_range(s, PA_SU_POLY_OFFSET_FRONT_SCALE, PA_SU_POLY_OFFSET_FRONT_SCALE + 3, 0);
    set_range(s, FETCH_CONSTANTS, FETCH_CONSTANTS + 191, 0);
    set_range(s, BOOL_CONSTANTS, LOOP_CONSTANTS + 31, 0);

    set(s, RB_MODECONTROL, MODE_COLOR_DEPTH);
    whole_surface(s);
    set(s, RB_DEPTH_INFO, DEPTH_TILE);
    set(s, PA_SC_SCREEN_SCISSOR_BR, 8192 | 8192 << 16);
    set(s, VGT_MAX_VTX_INDX, 0xFFFFFF);
    set(s, RB_COLOR_MASK, 0xF);
    for (int i = 0; i < 4; i++) set(s, i == 0 ? RB_BLENDCONTROL : RB_BLENDCONTROL1 + i - 1, 0x00010001);
    set(s, PA_CL_CLIP_CNTL, 1 << 16 | 1 << 19); // nothing is clipped; depth runs from 0 to w
    set(s, PA_CL_VTE_CNTL, 0x300);              // positions come as pixels
    set(s, PA_SU_VTX_CNTL, 1 | 2 << 1 | 5 << 3); // centres at halves, 1/16 pixel
    set(s, SQ_VS_CONST, 0 | 255 << 12);
    set(s, SQ_PS_CONST, FIRST_PIXEL_CONSTANT | 255 << 12);
    set(s, PA_SC_AA_CONFIG, 0);
    set(s, PA_SC_AA_MASK, 0xFFFF);
    set(s, PA_SU_SC_MODE_CNTL, MULTISAMPLED);
    set(s, SQ_PROGRAM_CNTL, (REGISTERS - 1) | (REGISTERS - 1) << 8 | 1 << 16 | 1 << 17);
    set(s, SQ_INTERPOLATOR_CNTL, 0xFFFF); // smooth
    plain_programs(s);
    fill(s, 0, 0, SIDE, SIDE, BLACK);
}

void scene_end(Scene *s) {
    whole_surface(s);
    Copy whole = COPY_OF_COLOR;
    whole.to = s->front.memory.physical;
    copy(s, &whole);
}

void *place(Scene *s, uint32_t bytes, uint32_t *physical) {
    uint8_t *at = (uint8_t *)s->memory.at + s->used;
    *physical = s->memory.physical + s->used;
    s->used += (bytes + PAGE - 1) & -PAGE;
    memset(at, 0, bytes);
    return at;
}

void vertex_shader(Scene *s, const uint32_t *words, uint32_t count) {
    load_shader(&s->commands, VERTEX_SHADER, words, count);
}

void pixel_shader(Scene *s, const uint32_t *words, uint32_t count) {
    load_shader(&s->commands, PIXEL_SHADER, words, count);
}

void plain_programs(Scene *s) {
    vertex_shader(s, plain_vertex, WORDS(plain_vertex));
    pixel_shader(s, plain_pixel, WORDS(plain_pixel));
}

void vertices(Scene *s, const Vertex *list, uint32_t count) {
    uint32_t physical;
    memcpy(place(s, count * sizeof *list, &physical), list, count * sizeof *list);
    vertex_buffer(&s->commands, 0, physical, count * sizeof *list / 4);
}

void draw(Scene *s, uint32_t primitive, const Vertex *list, uint32_t count) {
    vertices(s, list, count);
    draw_counted(&s->commands, primitive, count);
}

void fill(Scene *s, float x0, float y0, float x1, float y1, const float a[4]) {
    fill_at(s, x0, y0, x1, y1, 0, a);
}

void fill_at(Scene *s, float x0, float y0, float x1, float y1, float z, const float a[4]) {
    const Vertex corners[3] = {
        {x0, y0, z, 1, {a[0], a[1], a[2], a[3]}},
        {x1, y0, z, 1, {a[0], a[1], a[2], a[3]}},
        {x0, y1, z, 1, {a[0], a[1], a[2], a[3]}},
    };
    draw(s, RECTANGLE_LIST, corners, 3);
}

void slope(Scene *s, float x0, float y0, float x1, float y1, const float left_top[4], const float right_top[4],
           const float left_bottom[4]) {
    Vertex corners[3] = {{.x = x0, .y = y0}, {.x = x1, .y = y0}, {.x = x0, .y = y1}};
    const float *const numbers[3] = {left_top, right_top, left_bottom};
    for (int i = 0; i < 3; i++) {
        corners[i].w = 1;
        memcpy(corners[i].a, numbers[i], sizeof corners[i].a);
    }
    draw(s, RECTANGLE_LIST, corners, 3);
}

void span(Scene *s, float x0, float y0, float x1, float y1, float u0, float v0, float u1, float v1) {
    slope(s, x0, y0, x1, y1, RGBA(u0, v0, 0, 1), RGBA(u1, v0, 0, 1), RGBA(u0, v1, 0, 1));
}
