// Tests and transformations of draws: bins, queries, scissors, offsets, faces, viewports, clipping.
#include "copy.h"
#include "texture.h"

// A draw of three vertices in vf0, which only takes place where the bin
// mask and the bin selection meet.
static void draw_in_bins(Scene *s) {
    emit(&s->commands, TYPE3(DRAW_INDX_2, 1) | 1);
    emit(&s->commands, RECTANGLE_LIST | 2 << 6 | 3 << 16);
}

static void set_bins(Scene *s, uint32_t low, uint32_t value) {
    emit(&s->commands, TYPE3(low, 1));
    emit(&s->commands, value);
}

// Columns of 16 pixels: bins 0, 5, 31, 32, 40, 63, one that is selected and not in the mask, and
// none at all. In the lower half the packets aren't predicated.
void predicated_draws(Scene *s) {
    static const uint64_t selections[8] = {1, 1u << 5, 1u << 31, 1ull << 32, 1ull << 40, 1ull << 63, 1u << 6, 0};
    static const uint64_t mask = 1 | 1u << 5 | 1u << 31 | 1ull << 32 | 1ull << 40 | 1ull << 63;
    for (uint32_t i = 0; i < 8; i++) {
        const float x = (float)(i * 16);
        for (uint32_t half = 0; half < 2; half++) {
            const float y = half ? 64 : 0;
            const Vertex corners[3] = {{x, y, 0, 1, {1, 0, 0, 1}}, {x + 16, y, 0, 1, {1, 0, 0, 1}},
                                       {x, y + 64, 0, 1, {1, 0, 0, 1}}};
            vertices(s, corners, 3);
            set_bins(s, SET_BIN_MASK_LO, (uint32_t)mask);
            set_bins(s, SET_BIN_MASK_HI, (uint32_t)(mask >> 32));
            set_bins(s, SET_BIN_SELECT_LO, (uint32_t)selections[i]);
            set_bins(s, SET_BIN_SELECT_HI, (uint32_t)(selections[i] >> 32));
            if (half) draw_counted(&s->commands, RECTANGLE_LIST, 3);
            else draw_in_bins(s);
        }
    }
    set_bins(s, SET_BIN_MASK_LO, 0xFFFFFFFF);
    set_bins(s, SET_BIN_MASK_HI, 0xFFFFFFFF);
    set_bins(s, SET_BIN_SELECT_LO, 0xFFFFFFFF);
    set_bins(s, SET_BIN_SELECT_HI, 0xFFFFFFFF);
}

// The difference of two reports in memory: samples that passed, of which the
// chip writes two halves, over 8192.
//     max r3, c[0].x, c[0].x
//     vfetch r1.xy__, r3.x, vf3, format=34, stride=1, offset=4, integer
//     vfetch r2.xy__, r3.x, vf4, format=34, stride=1, offset=4, integer
//     add r1.xy, r2, -r1
//     add r1.x, r1.x, r1.y
//     mul r1.x, r1.x, c[0].y
//     alloc colors
//     mad oC0, r1.x, c[0].zxxx, c[0].xxxz
static const uint32_t count_pixel[] = {
    0x00146002, 0x00001000, 0xC4000000, 0x00001008, 0x00002000, 0x00000000, 0xC80F0003, 0x006C6C00,
    0x22000000, 0x00181060, 0x00222FC8, 0x00000401, 0x02182060, 0x00222FC8, 0x00000401, 0xC8030001,
    0x02000000, 0xE0020100, 0xC8010001, 0x006CB100, 0xE0010100, 0xC8010001, 0x006CB100, 0xA1010000,
    0xC80F8000, 0x006C6EEC, 0x8B010000,
};

static void report(Scene *s, uint32_t physical) {
    set(s, RB_SAMPLE_COUNT_ADDR, physical);
    emit(&s->commands, TYPE3(EVENT_WRITE_ZPD, 1));
    emit(&s->commands, ZPASS_DONE);
}

static void show_count(Scene *s, const uint32_t reports[2]) {
    for (uint32_t i = 0; i < 2; i++) {
        emit(&s->commands, TYPE0(FETCH_CONSTANTS + 6 + i * 2, 2));
        emit(&s->commands, reports[i] | 3);
        emit(&s->commands, ENDIAN_NONE | 8 << 2); // as the chip writes it
    }
    pixel_shader(s, count_pixel, WORDS(count_pixel));
    pixel_constants(&s->commands, 0, RGBA(0, 1.0f / 8192, 1, 0), 1);
    fill(s, 0, 0, SIDE, SIDE, BLACK);
}

// Mark that the titles' library stores in the report at a query's end.
enum { PENDING = 0xFFFFFEED };

// 64 x 64 pixels, of which a quarter fails the depth test.
void occlusion_query(Scene *s) {
    uint32_t reports[2];
    place(s, 32, &reports[0]);
    uint32_t *end = place(s, 32, &reports[1]);
    for (int i = 0; i < 8; i++) end[i] = PENDING;
    set(s, RB_DEPTHCONTROL, 2 | 4 | 7 << 4);
    fill_at(s, 0, 0, SIDE, SIDE, 0.5f, BLACK);
    fill_at(s, 0, 0, 32, 32, 0.125f, BLACK);
    set(s, RB_SAMPLE_COUNT_CTL, 1);
    report(s, reports[0]);
    set(s, RB_DEPTHCONTROL, 2 | 1 << 4);
    fill_at(s, 0, 0, 64, 64, 0.25f, RED);
    report(s, reports[1]);
    set(s, RB_DEPTHCONTROL, 0);
    fill(s, 0, 0, 100, 100, RED); // doesn't count any more
    show_count(s, reports);
}

// Samples are counted, not pixels: 32 x 32 pixels with four each.
void occlusion_query_of_samples(Scene *s) {
    uint32_t reports[2];
    place(s, 32, &reports[0]);
    uint32_t *end = place(s, 32, &reports[1]);
    for (int i = 0; i < 8; i++) end[i] = PENDING;
    set(s, RB_COLOR_INFO, SPARE_TILE);
    set(s, RB_SURFACE_INFO, PITCH / 2 | 2 << 16);
    set(s, RB_SAMPLE_COUNT_CTL, 1);
    report(s, reports[0]);
    fill(s, 0, 0, 32, 32, RED);
    report(s, reports[1]);
    whole_surface(s);
    show_count(s, reports);
}

// Reports count on: of three, the second begins a query within the first's, and
// none of the first two has a mark.
void occlusion_queries_overlap(Scene *s) {
    uint32_t reports[3];
    place(s, 32, &reports[0]);
    place(s, 32, &reports[1]);
    uint32_t *end = place(s, 32, &reports[2]);
    for (int i = 0; i < 8; i++) end[i] = PENDING;
    report(s, reports[0]);
    fill(s, 0, 0, 32, 32, RED);
    report(s, reports[1]);
    fill(s, 0, 0, 64, 64, RED);
    report(s, reports[2]);
    show_count(s, (uint32_t[]){reports[0], reports[2]});
}

// Flags of PA_SC_VIZ_QUERY, of VIZ_QUERY and of DRAW_INDX.
enum { CULLED = 1 << 7, AT_END = 1 << 8, IF_VISIBLE = 1 << 8 };
enum { HIZ_ENABLE = 2 };

static void viz_query(Scene *s, uint32_t word) {
    emit(&s->commands, TYPE3(VIZ_QUERY, 1));
    emit(&s->commands, word);
}

// The draws of a survey follow: with a depth test, and with writes unless they are culled.
static void begin_survey(Scene *s, uint32_t id, uint32_t flags) {
    viz_query(s, id);
    set(s, PA_SC_VIZ_QUERY, 1 | id << 1 | flags);
    set(s, RB_DEPTHCONTROL, 2 | 4 | 1 << 4);
}

static void end_survey(Scene *s, uint32_t id) {
    set(s, PA_SC_VIZ_QUERY, 0);
    set(s, RB_DEPTHCONTROL, 0);
    viz_query(s, id | AT_END);
}

// A red square at the bottom of a column of 16 pixels, if the token says so.
static void red_square(Scene *s, uint32_t token, uint32_t column) {
    const float x = (float)(column * 16);
    const Vertex corners[3] = {{x, 112, 0, 1, {1, 0, 0, 1}}, {x + 16, 112, 0, 1, {1, 0, 0, 1}},
                               {x, 128, 0, 1, {1, 0, 0, 1}}};
    vertices(s, corners, 3);
    emit(&s->commands, TYPE3(DRAW_INDX, 2));
    emit(&s->commands, token);
    emit(&s->commands, RECTANGLE_LIST | 2 << 6 | 3 << 16);
}

// Depth 1/4 in the upper half and 3/4 in the lower one; surveys are at 1/2.
static void wall(Scene *s) {
    set(s, RB_DEPTHCONTROL, 2 | 4 | 7 << 4);
    fill_at(s, 0, 0, SIDE, 64, 0.25f, BLACK);
    fill_at(s, 0, 64, SIDE, SIDE, 0.75f, BLACK);
    set(s, RB_HIZCONTROL, HIZ_ENABLE);
}

// Columns of 16 pixels, whose surveys are culled: hidden, visible, visible in one row of pixels,
// without a draw, hidden and visible, hidden with the last identifier, no survey at all, and hidden
// where the square doesn't depend on it.
void conditional_draws(Scene *s) {
    static const uint32_t ids[8] = {0, 5, 31, 32, 40, 63, 1, 2};
    static const float ends[8][2] = {{0, 64}, {64, 80}, {0, 65}, {0, 0}, {0, 64}, {0, 64}, {0, 0}, {0, 64}};
    wall(s);
    for (uint32_t i = 0; i < 8; i++) {
        const float x = (float)(i * 16);
        if (i == 6) continue;
        begin_survey(s, ids[i], CULLED);
        if (i != 3) fill_at(s, x, ends[i][0], x + 16, ends[i][1], 0.5f, GREEN);
        if (i == 4) fill_at(s, x, 64, x + 16, 80, 0.5f, GREEN);
        end_survey(s, ids[i]);
    }
    for (uint32_t i = 0; i < 8; i++) red_square(s, i == 7 ? ids[i] : IF_VISIBLE | ids[i], i);
}

// Columns of 16 pixels: a survey that is drawn, one that is hidden, one that is culled, one whose
// pixels all fail the alpha test, which comes later, and a culled one in the wall without the
// buffer that knows the wall.
void surveyed_draws(Scene *s) {
    enum { ALPHA_TEST = 1 << 3 };
    wall(s);
    for (uint32_t i = 0; i < 5; i++) {
        const float x = (float)(i * 16), y = i == 1 || i == 4 ? 16 : 80;
        if (i == 3) set(s, RB_COLORCONTROL, ALPHA_TEST); // never
        if (i == 4) set(s, RB_HIZCONTROL, 0);
        begin_survey(s, i, i == 2 || i == 4 ? CULLED : 0);
        fill_at(s, x, y, x + 16, y + 16, 0.5f, GREEN);
        end_survey(s, i);
        set(s, RB_COLORCONTROL, 0);
        red_square(s, IF_VISIBLE | i, i);
    }
}

static void window_scissor(Scene *s, uint32_t flags, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1) {
    set(s, PA_SC_WINDOW_SCISSOR_TL, flags | x0 | y0 << 16);
    set(s, PA_SC_WINDOW_SCISSOR_BR, x1 | y1 << 16);
}

enum { NOT_SHIFTED = 1u << 31 };

void scissors(Scene *s) {
    window_scissor(s, NOT_SHIFTED, 8, 16, 64, 48);
    fill(s, 0, 0, SIDE, SIDE, RED);
    // Both scissors count.
    set(s, PA_SC_SCREEN_SCISSOR_TL, 72 | 72 << 16);
    set(s, PA_SC_SCREEN_SCISSOR_BR, 104 | 104 << 16);
    window_scissor(s, NOT_SHIFTED, 80, 64, 120, 96);
    fill(s, 0, 0, SIDE, SIDE, GREEN);
    // Nothing is left.
    window_scissor(s, NOT_SHIFTED, 64, 64, 64, 120);
    fill(s, 0, 0, SIDE, SIDE, BLUE);
    set(s, PA_SC_SCREEN_SCISSOR_TL, 0);
    set(s, PA_SC_SCREEN_SCISSOR_BR, 8192 | 8192 << 16);
}

// An offset of (32, 16), of the scissor, of vertices, of both, in the four
// quarters; then one to the left above.
void window_offsets(Scene *s) {
    enum { VERTICES_SHIFTED = 1 << 16 };
    set(s, PA_SC_WINDOW_OFFSET, 32 | 16 << 16);
    window_scissor(s, 0, 0, 0, 16, 16);
    fill(s, 0, 0, 64, 64, RED);
    set(s, PA_SU_SC_MODE_CNTL, VERTICES_SHIFTED);
    window_scissor(s, NOT_SHIFTED, 64, 0, 128, 64);
    fill(s, 40, 8, 72, 24, GREEN);
    window_scissor(s, 0, 0, 64, 16, 112);
    fill(s, 0, 72, 64, 88, BLUE);
    set(s, PA_SC_WINDOW_OFFSET, (-16 & 0x7FFF) | (-8 & 0x7FFF) << 16);
    window_scissor(s, 0, 80, 80, 144, 136);
    fill(s, 96, 96, 128, 128, WHITE);
    set(s, PA_SU_SC_MODE_CNTL, 0);
}

// A triangle in the upper left half of a square, clockwise or not, then the
// other one as a rectangle list's.
static void face(Scene *s, float x, float y, int clockwise) {
    const Vertex corners[3] = {{x, y, 0, 1, {1, 0, 0, 1}},
                               {clockwise ? x + 8 : x, clockwise ? y : y + 8, 0, 1, {1, 0, 0, 1}},
                               {clockwise ? x : x + 8, clockwise ? y + 8 : y, 0, 1, {1, 0, 0, 1}}};
    draw(s, TRIANGLE_LIST, corners, 3);
}

// Columns of 16 pixels: cull nothing, the front, the back, both; then the same with clockwise
// fronts. Rows of 16: a clockwise triangle, one that isn't, a strip of two clockwise ones, a
// rectangle, which has no faces.
void culling(Scene *s) {
    for (uint32_t i = 0; i < 8; i++) {
        float x = (float)(i * 16);
        set(s, PA_SU_SC_MODE_CNTL, i); // front, back, clockwise is the front
        face(s, x, 0, 1);
        face(s, x, 16, 0);
        const Vertex strip[4] = {{x, 32, 0, 1, {1, 0, 0, 1}}, {x + 8, 32, 0, 1, {1, 0, 0, 1}},
                                 {x, 40, 0, 1, {1, 0, 0, 1}}, {x + 8, 40, 0, 1, {1, 0, 0, 1}}};
        draw(s, TRIANGLE_STRIP, strip, 4);
        fill(s, x, 48, x + 8, 56, RED);
    }
    set(s, PA_SU_SC_MODE_CNTL, 0);
}

// Pixel centres at whole numbers on the left, at halves on the right.
void pixel_centers(Scene *s) {
    for (uint32_t i = 0; i < 2; i++) {
        float x = (float)(i * 64);
        set(s, PA_SU_VTX_CNTL, i | 2 << 1 | 5 << 3);
        fill(s, x + 8.25f, 8.25f, x + 24.25f, 24.25f, RED);
        fill(s, x + 32.75f, 8.75f, x + 48.75f, 24.75f, RED);
        fill(s, x + 8, 40, x + 24, 56, RED);
        fill(s, x + 32.5f, 40.5f, x + 48.5f, 56.5f, RED);
    }
    set(s, PA_SU_VTX_CNTL, 1 | 2 << 1 | 5 << 3);
}

// Positions in clip space from here on: the viewport is (x, y) plus and minus
// (half_width, half_height), depth from `near` to `far`.
static void viewport(Scene *s, float x, float y, float half_width, float half_height, float near, float far) {
    const float values[6] = {half_width, x, -half_height, y, far - near, near};
    for (uint32_t i = 0; i < 6; i++) set_float(s, PA_CL_VPORT_XSCALE + i, values[i]);
    set(s, PA_CL_VTE_CNTL, 0x43F);
    set(s, PA_CL_CLIP_CNTL, 1 << 19); // clipped; depth from 0 to w
}

static void positions_in_pixels(Scene *s) {
    set(s, PA_CL_VTE_CNTL, 0x300);
    set(s, PA_CL_CLIP_CNTL, 1 << 16 | 1 << 19);
}

// All of clip space in a viewport of 64 x 32 pixels around (80, 40); y goes up.
void viewports(Scene *s) {
    const Vertex square[4] = {{-1, 1, 0, 1, {1, 0, 0, 1}}, {0.5f, 1, 0, 1, {1, 0, 0, 1}},
                              {-1, 0, 0, 1, {1, 0, 0, 1}}, {0.5f, 0, 0, 1, {1, 0, 0, 1}}};
    // The same with w = 4: divided by it.
    const Vertex far[4] = {{-4, 0, 0, 4, {0, 1, 0, 1}}, {2, 0, 0, 4, {0, 1, 0, 1}},
                           {-4, -4, 0, 4, {0, 1, 0, 1}}, {2, -4, 0, 4, {0, 1, 0, 1}}};
    viewport(s, 80, 40, 32, 16, 0, 1);
    draw(s, TRIANGLE_STRIP, square, 4);
    draw(s, TRIANGLE_STRIP, far, 4);
    positions_in_pixels(s);
}

// Depths from 1/4 to 3/4: z of 0, 1/2 and 1 against 3/8 and 5/8.
void depth_range(Scene *s) {
    set(s, RB_DEPTHCONTROL, 2 | 4 | 7 << 4);
    fill_at(s, 0, 0, SIDE, 64, 0.375f, BLACK);
    fill_at(s, 0, 64, SIDE, 128, 0.625f, BLACK);
    set(s, RB_DEPTHCONTROL, 2 | 1 << 4);
    viewport(s, 64, 64, 64, 64, 0.25f, 0.75f);
    for (int i = 0; i < 3; i++) {
        float x = (float)i * 0.5f - 1, z = (float)i / 2;
        const Vertex band[4] = {{x, 1, z, 1, {1, 0, 0, 1}}, {x + 0.5f, 1, z, 1, {1, 0, 0, 1}},
                                {x, -1, z, 1, {1, 0, 0, 1}}, {x + 0.5f, -1, z, 1, {1, 0, 0, 1}}};
        draw(s, TRIANGLE_STRIP, band, 4);
    }
    set(s, RB_DEPTHCONTROL, 0);
    positions_in_pixels(s);
}

// Numbers are interpolated in space: from w = 1 above to w = 4 below, a floor that runs away. On
// the right the correction is off.
void perspective(Scene *s) {
    enum { AFFINE = 1 << 20 };
    viewport(s, 64, 64, 64, 64, 0, 1);
    for (uint32_t i = 0; i < 2; i++) {
        float x = i ? 0 : -1;
        const Vertex strip[4] = {{x, 1, 0, 1, {0, 0, 0, 1}}, {x + 1, 1, 0, 1, {0, 0, 0, 1}},
                                 {x * 4, -4, 0, 4, {1, 0, 0, 1}}, {(x + 1) * 4, -4, 0, 4, {1, 0, 0, 1}}};
        set(s, PA_SU_SC_MODE_CNTL, i ? AFFINE : 0);
        draw(s, TRIANGLE_STRIP, strip, 4);
    }
    set(s, PA_SU_SC_MODE_CNTL, 0);
    positions_in_pixels(s);
}

// A band whose depth runs from -1/2 on the left to 3/2 on the right: the middle half is kept. Below
// with clipping off; there depths are clamped or not, but everything is drawn.
void depth_clipping(Scene *s) {
    viewport(s, 64, 64, 64, 64, 0, 1);
    for (uint32_t i = 0; i < 2; i++) {
        float y = i ? 0 : 1;
        const Vertex band[4] = {{-1, y, -0.5f, 1, {1, 0, 0, 1}}, {1, y, 1.5f, 1, {1, 0, 0, 1}},
                                {-1, y - 1, -0.5f, 1, {1, 0, 0, 1}}, {1, y - 1, 1.5f, 1, {1, 0, 0, 1}}};
        set(s, PA_CL_CLIP_CNTL, 1 << 19 | i << 16);
        draw(s, TRIANGLE_STRIP, band, 4);
    }
    positions_in_pixels(s);
}

// Planes of the title's own: x > -w / 2, and x + y < w / 2 + 1 / 64 w.
void user_clip_planes(Scene *s) {
    enum { FIRST_PLANE = 0x2388 };
    static const float planes[2][4] = {{1, 0, 0, 0.5f}, {-1, -1, 0, 0.515625f}};
    const Vertex square[4] = {{-1, 1, 0, 1, {1, 0, 0, 1}}, {1, 1, 0, 1, {1, 0, 0, 1}},
                              {-1, -1, 0, 1, {1, 0, 0, 1}}, {1, -1, 0, 1, {1, 0, 0, 1}}};
    viewport(s, 64, 64, 64, 64, 0, 1);
    for (uint32_t i = 0; i < 8; i++) set_float(s, FIRST_PLANE + i, planes[i / 4][i % 4]);
    set(s, PA_CL_CLIP_CNTL, 1 << 19 | 3);
    draw(s, TRIANGLE_STRIP, square, 4);
    positions_in_pixels(s);
}

// Flat shading: the first vertex of a triangle decides, or the last one.
void flat_shading(Scene *s) {
    enum { LAST = 1 << 19 };
    set(s, SQ_INTERPOLATOR_CNTL, 0xFFFE);
    for (uint32_t i = 0; i < 2; i++) {
        float x = i ? 64 : 0;
        const Vertex corners[3] = {{x, 0, 0, 1, {1, 0, 0, 1}}, {x + 128, 0, 0, 1, {0, 1, 0, 1}},
                                   {x, 128, 0, 1, {0, 0, 1, 1}}};
        set(s, PA_SU_SC_MODE_CNTL, i ? LAST : 0);
        window_scissor(s, NOT_SHIFTED, i * 64, 0, i * 64 + 64, 64);
        draw(s, TRIANGLE_LIST, corners, 3);
    }
    set(s, PA_SU_SC_MODE_CNTL, 0);
}

// The position register: x and y of the pixel over 128; blue where it is a back face.
//     mul r1.xy, r0_abs, c[0].x
//     max r2.x, r0.x, r0.x
//     + rcpc r2.x, r0.x
//     cndge r1.z, r2.x, c[0].z, c[0].w
//     max r1.w, c[0].w, c[0].w
//     alloc colors
//     max oC0, r1, r1
static const uint32_t place_pixel[] = {
    0x00004002, 0x00001000, 0xC4000000, 0x00001006, 0x00002000, 0x00000000, 0xC8030001, 0x00006C00,
    0xA1800000, 0x44110202, 0x006C6C40, 0xE2000000, 0xC8040001, 0x006CC61B, 0x8D020000, 0xC8080001,
    0x001B1B00, 0x22000000, 0xC80F8000, 0x00000000, 0xE2010100,
};

void position_register(Scene *s) {
    const Vertex front[4] = {{0, 0, 0, 1, {0}}, {64, 0, 0, 1, {0}}, {0, 128, 0, 1, {0}}, {64, 128, 0, 1, {0}}};
    const Vertex back[4] = {{64, 0, 0, 1, {0}}, {64, 128, 0, 1, {0}}, {128, 0, 0, 1, {0}}, {128, 128, 0, 1, {0}}};
    set(s, SQ_PROGRAM_CNTL, 31 | 31 << 8 | 7 << 16);
    set(s, PA_SU_SC_MODE_CNTL, 4); // clockwise is the front
    pixel_shader(s, place_pixel, WORDS(place_pixel));
    pixel_constants(&s->commands, 0, RGBA(1.0f / 128, 0, 0, 1), 1);
    draw(s, TRIANGLE_STRIP, front, 4);
    draw(s, TRIANGLE_STRIP, back, 4);
    set(s, PA_SU_SC_MODE_CNTL, 0);
}
