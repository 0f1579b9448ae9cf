// Surfaces in the EDRAM, and what is copied out of them.
#include "frame.h"
#include "runtime.h"

enum { STRIP_END = 0xFFFF };

static uint32_t corners;

void init_state(void) {
    static const float unit[6] = {0, 0, 1, 0, 0, 1};
    Shared memory;
    gpu_allocate(&memory, 4096);
    memcpy(memory.at, unit, sizeof unit);
    corners = memory.physical;
}

void begin_state(const Frame *frame) {
    Scene *s = frame->scene;
    set(s, PA_SC_SCREEN_SCISSOR_TL, 0);
    set(s, PA_SC_SCREEN_SCISSOR_BR, 8192 | 8192 << 16);
    set(s, VGT_MAX_VTX_INDX, 0xFFFFFF);
    set(s, VGT_MIN_VTX_INDX, 0);
    set(s, VGT_INDX_OFFSET, 0);
    set(s, VGT_MULTI_PRIM_IB_RESET_INDX, STRIP_END);
    set(s, RB_BLENDCONTROL, BLEND_NONE);
    set(s, RB_COLORCONTROL, 7); // alpha test: always
    set(s, PA_SU_VTX_CNTL, 1 | 2 << 1 | 5 << 3); // centres at halves, 1/16 pixel
    set(s, SQ_VS_CONST, 0 | 255 << 12);
    set(s, SQ_PS_CONST, FIRST_PIXEL_CONSTANT | 255 << 12);
    set(s, PA_SC_AA_MASK, 0xFFFF);
    set(s, PA_SU_POINT_MINMAX, 0xFFFF << 16);
    set(s, RB_SAMPLE_COUNT_CTL, 1);
    set(s, RB_STENCILREFMASK, 0);
    set(s, RB_STENCILREFMASK_BF, 0);
}

void set_surface(Scene *s, uint32_t width, uint32_t height, uint32_t samples, uint32_t mode) {
    uint32_t log2 = samples / 2, columns = (width * (samples == 4 ? 2 : 1) + 79) / 80;
    uint32_t rows = (height * (samples > 1 ? 2 : 1) + 15) / 16, depth_only = mode == MODE_DEPTH;
    set(s, RB_MODECONTROL, mode);
    // Pitches are whole tiles.
    set(s, RB_SURFACE_INFO, (width + 79) / 80 * 80 | log2 << 16);
    set(s, RB_COLOR_INFO, 0);
    set(s, RB_DEPTH_INFO, depth_only ? 0 : columns * rows);
    set(s, RB_COLOR_MASK, depth_only ? 0 : 0xF);
    set(s, PA_SC_AA_CONFIG, log2);
    set(s, PA_SC_WINDOW_OFFSET, 0);
    set(s, PA_SC_WINDOW_SCISSOR_TL, 1u << 31); // scissors are not moved by the window offset
    set(s, PA_SC_WINDOW_SCISSOR_BR, width | height << 16);
}

void pixels_space(Scene *s) {
    set(s, PA_CL_CLIP_CNTL, 1 << 16 | 1 << 19); // nothing is clipped
    set(s, PA_CL_VTE_CNTL, 0x300);
    set(s, PA_SU_SC_MODE_CNTL, FRONT_CLOCKWISE | MULTISAMPLED);
    set(s, RB_DEPTHCONTROL, 0);
}

void clip_space(Scene *s, uint32_t width, uint32_t height) {
    const float x = (float)width / 2, y = (float)height / 2, viewport[6] = {x, x, -y, y, 1, 0};
    set(s, PA_CL_CLIP_CNTL, 1 << 19); // depth runs from 0 to w
    set(s, PA_CL_VTE_CNTL, 0x43F);
    for (uint32_t i = 0; i < 6; i++) set_float(s, PA_CL_VPORT_XSCALE + i, viewport[i]);
}

void clear_surface(Scene *s, uint32_t width, uint32_t height, float depth, const float color[4]) {
    const float size[4] = {(float)width, (float)height, depth, 0};
    pixels_space(s);
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_WRITE | DEPTH_ALWAYS);
    use(&s->commands, code(CLEAR_VERTEX), code(CLEAR_PIXEL), 0, 0);
    vertex_constants(&s->commands, 0, size, 1);
    pixel_constants(&s->commands, 4, color, 1);
    vertex_buffer(&s->commands, 0, corners, 6);
    draw_counted(&s->commands, RECTANGLE_LIST, 3);
}

void cover(Scene *s, uint32_t width, uint32_t height, const Code *pixel) {
    const float size[4] = {(float)width, (float)height, 1, 1};
    set_surface(s, width, height, 1, MODE_COLOR_DEPTH);
    pixels_space(s);
    use(&s->commands, code(SCREEN_VERTEX), pixel, 1, 0);
    vertex_constants(&s->commands, 0, size, 1);
    vertex_buffer(&s->commands, 0, corners, 6);
    draw_counted(&s->commands, RECTANGLE_LIST, 3);
}

void picture_texture(Texture *t, uint32_t width, uint32_t height, uint32_t format) {
    uint32_t pitch = (width + 31) & -32u, rows = (height + 31) & -32u;
    Shared memory;
    gpu_allocate(&memory, pitch * rows * 4);
    *t = (Texture){.physical = memory.physical, .format = format, .endian = ENDIAN_8IN32, .dimension = TEXTURE_2D,
                   .width = width, .height = height, .pitch = pitch, .tiled = 1, .swizzle = XYZW,
                   .clamp = {CLAMP, CLAMP, CLAMP}, .filter = FILTER_LINEAR};
}

void copy_surface(Scene *s, const Texture *to, uint32_t source, uint32_t samples, uint32_t row, uint32_t width,
                  uint32_t height) {
    Copy what = {.source = source, .samples = samples,
                 .command = source == SOURCE_DEPTH ? COPY_RAW : COPY_CONVERT, .format = FORMAT_8_8_8_8,
                 .endian = ENDIAN_8IN32, .to = to->physical + row * to->pitch * 4, .pitch = to->pitch,
                 .height = (to->height + 31) & -32u, .x1 = (float)width, .y1 = (float)height};
    set(s, PA_SC_WINDOW_OFFSET, 0);
    copy(s, &what);
}

void *place_words(Scene *s, uint32_t words, uint32_t *physical) {
    return place(s, words * 4, physical);
}

void set_rows(Commands *commands, uint32_t first, const Matrix *matrix, uint32_t rows) {
    Matrix all = *matrix;
    transpose4(all.column);
    vertex_constants(commands, first, &all, rows);
}

void set_bin_mask(Commands *commands, uint32_t tiles) {
    emit(commands, TYPE3(SET_BIN_MASK_LO, 1));
    emit(commands, tiles);
}

void set_bin_select(Commands *commands, uint32_t tiles) {
    emit(commands, TYPE3(SET_BIN_SELECT_LO, 1));
    emit(commands, tiles);
    emit(commands, TYPE3(SET_BIN_SELECT_HI, 1));
    emit(commands, 0);
}
