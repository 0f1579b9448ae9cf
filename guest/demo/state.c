#include "state.h"
#include "pm4.h"

enum {
    DEPTH_TILE = 1280 / 80 * (SCREEN_HEIGHT / 16), // the depth buffer lies behind the colour buffer
    STRIP_END = 0xFFFF,
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
