#include "state.h"
#include "pm4.h"

enum {
    DEPTH_TILE = 1280 / 80 * (SCREEN_HEIGHT / 16), // the depth buffer lies behind the colour buffer
    FIRST_PIXEL_CONSTANT = 256,
    STRIP_END = 0xFFFF,
    FORMAT_8_8_8_8 = 6,
    // RB_MODECONTROL
    MODE_COLOR_DEPTH = 4,
    MODE_COPY = 6,
};

void state_begin(Commands *commands) {
    emit_register(commands, RB_MODECONTROL, MODE_COLOR_DEPTH);
    emit(commands, TYPE0(RB_SURFACE_INFO, 3));
    emit(commands, SCREEN_WIDTH);
    emit(commands, 0); // colour at tile 0, 8_8_8_8
    emit(commands, DEPTH_TILE);
    emit(commands, TYPE0(PA_SC_SCREEN_SCISSOR_TL, 2));
    emit(commands, 0);
    emit(commands, 8192 | 8192 << 16);
    emit(commands, TYPE0(PA_SC_WINDOW_OFFSET, 3));
    emit(commands, 0);
    emit(commands, 1u << 31); // scissors are not shifted
    emit(commands, SCREEN_WIDTH | SCREEN_HEIGHT << 16);
    emit(commands, TYPE0(VGT_MAX_VTX_INDX, 4));
    emit(commands, 0xFFFFFF); // indices from
    emit(commands, 0);        // to
    emit(commands, 0);        // shifted by
    emit(commands, STRIP_END);
    emit_register(commands, RB_COLOR_MASK, 0xF);
    emit(commands, TYPE0(PA_CL_VPORT_XSCALE, 6));
    static const float viewport[6] = {SCREEN_WIDTH / 2,   SCREEN_WIDTH / 2, -SCREEN_HEIGHT / 2,
                                      SCREEN_HEIGHT / 2, 1,                0};
    for (int i = 0; i < 6; i++) emit(commands, ((const uint32_t *)viewport)[i]);
    emit_register(commands, RB_COLORCONTROL, 7); // alpha test: always
    emit_register(commands, PA_CL_CLIP_CNTL, 1 << 19); // depth runs from 0 to w
    emit_register(commands, PA_CL_VTE_CNTL, 0x43F);    // the whole transform; w as it is
    emit_register(commands, PA_SU_VTX_CNTL, 1 | 2 << 1 | 5 << 3); // centres at halves, 1/16 pixel
    emit(commands, TYPE0(SQ_VS_CONST, 2));
    emit(commands, 0 | 255 << 12);
    emit(commands, FIRST_PIXEL_CONSTANT | 255 << 12);
    emit_register(commands, PA_SC_AA_CONFIG, 0);
    emit_register(commands, PA_SC_AA_MASK, 0xFFFF);
}

void state_draw(Commands *commands, Depth depth, Blend blend, Cull cull) {
    static const uint32_t depth_control[] = {
        0,
        1 << 1 | 1 << 2 | 7 << 4, // always, written
        1 << 1 | 1 << 2 | 3 << 4, // less or equal, written
        1 << 1 | 3 << 4,
    };
    static const uint32_t blend_control[] = {
        0x00010001, // one, zero
        0x07060706, // source alpha, one minus source alpha
        0x01010101, // one, one
    };
    // A clockwise triangle is a front face; strips end at STRIP_END.
    static const uint32_t culling[] = {1 << 2 | 1 << 21, 1 << 2 | 1 << 21 | 2, 1 << 2 | 1 << 21 | 1};
    emit_register(commands, RB_DEPTHCONTROL, depth_control[depth]);
    emit_register(commands, RB_BLENDCONTROL, blend_control[blend]);
    emit_register(commands, PA_SU_SC_MODE_CNTL, culling[cull]);
}

static void load_shader(Commands *commands, uint32_t kind, const uint32_t *words, uint32_t count) {
    emit(commands, TYPE3(IM_LOAD_IMMEDIATE, count + 2));
    emit(commands, kind);
    emit(commands, count);
    for (uint32_t i = 0; i < count; i++) emit(commands, words[i]);
}

void state_program(Commands *commands, const Program *program) {
    emit(commands, TYPE0(SQ_PROGRAM_CNTL, 3));
    emit(commands, (program->vertex_registers - 1) | (program->pixel_registers - 1) << 8 | 1 << 16 | 1 << 17 |
                       (program->interpolators - 1) << 20);
    emit(commands, 0);
    emit(commands, 0xFFFFFFFF >> 16); // smooth shading, sampled at centres
    load_shader(commands, VERTEX_SHADER, program->vertex, program->vertex_words);
    load_shader(commands, PIXEL_SHADER, program->pixel, program->pixel_words);
}

static void constants(Commands *commands, uint32_t first, const Vec *values, uint32_t count) {
    emit(commands, TYPE3(SET_CONSTANT, count * 4 + 1));
    emit(commands, first * 4); // kind 0: float constants
    const uint32_t *words = (const uint32_t *)values;
    for (uint32_t i = 0; i < count * 4; i++) emit(commands, words[i]);
}

void vertex_constants(Commands *commands, uint32_t first, const Vec *values, uint32_t count) {
    constants(commands, first, values, count);
}

void pixel_constants(Commands *commands, uint32_t first, const Vec *values, uint32_t count) {
    constants(commands, FIRST_PIXEL_CONSTANT + first, values, count);
}

void vertex_buffer(Commands *commands, uint32_t slot, uint32_t physical, uint32_t words) {
    emit(commands, TYPE0(FETCH_CONSTANTS + slot * 2, 2));
    emit(commands, physical | 3); // a vertex buffer
    emit(commands, ENDIAN_8IN32 | words << 2);
}

void draw_indexed(Commands *commands, uint32_t primitive, uint32_t physical, uint32_t count) {
    emit(commands, TYPE3(DRAW_INDX, 4));
    emit(commands, 0); // no visibility query
    emit(commands, primitive | count << 16);
    emit(commands, physical);
    emit(commands, (uint32_t)ENDIAN_8IN16 << 30 | count);
}

void draw_counted(Commands *commands, uint32_t primitive, uint32_t count) {
    emit(commands, TYPE3(DRAW_INDX_2, 1));
    emit(commands, primitive | 2 << 6 | count << 16);
}

void state_copy(Commands *commands, uint32_t rectangle, uint32_t front) {
    vertex_buffer(commands, 0, rectangle, 6);
    emit_register(commands, RB_MODECONTROL, MODE_COPY);
    emit(commands, TYPE0(RB_COPY_CONTROL, 4));
    emit(commands, 1 << 20); // convert sample 0 of colour buffer 0
    emit(commands, front);
    emit(commands, SCREEN_WIDTH | SCREEN_HEIGHT << 16);
    emit(commands, ENDIAN_8IN32 | FORMAT_8_8_8_8 << 7);
    draw_counted(commands, RECTANGLE_LIST, 3);
    emit_register(commands, RB_MODECONTROL, MODE_COLOR_DEPTH);
}

void front_fetch(uint32_t fetch[6], uint32_t physical) {
    fetch[0] = 2 | 1u << 31 | SCREEN_WIDTH / 32 << 22; // a tiled texture, its pitch
    fetch[1] = FORMAT_8_8_8_8 | ENDIAN_8IN32 << 6 | physical;
    fetch[2] = (SCREEN_WIDTH - 1) | (SCREEN_HEIGHT - 1) << 13;
    fetch[3] = 0x688 << 1; // components in their own order
    fetch[4] = 0;
    fetch[5] = 1 << 9; // two dimensions
}
