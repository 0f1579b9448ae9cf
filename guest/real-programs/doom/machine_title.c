// The console's screen and pads: each picture is a texture, drawn over the whole screen.
//
// There are two of everything, so that the processor writes one picture while the chip draws the
// other. Commands are made once.
#include "machine.h"
#include "draw.h"
#include "gpu.h"
#include "pm4.h"
#include "runtime.h"

enum { SCREEN_WIDTH = 640, SCREEN_HEIGHT = 480, DEPTH_TILE = 1024, COMMAND_BYTES = 0x1000, PADS = 4 };
enum { CONVERT = 1 << 20, TEXTURE_2D = 1 << 9, CLAMP_TO_EDGE = 2 };

// Positions are pixels, coordinates are texels.
//     vfetch r1.xyzw, r0.x, vf0, format=38, stride=8, offset=0
//     vfetch r2.xyzw, r0.x, vf0, format=38, stride=8, offset=4
//     alloc position
//     max oPos, r1, r1
//     alloc interpolators 1
//     max o0, r2, r2
static const uint32_t vertex_words[] = {
    0x00052003, 0x00001000, 0xC2000000, 0x00001005, 0x00001000, 0xC4000000, 0x00001006, 0x00002000,
    0x00000000, 0x00081000, 0x00260688, 0x00000008, 0x00082000, 0x00260688, 0x00000408, 0xC80F803E,
    0x00000000, 0xE2010100, 0xC80F8000, 0x00000000, 0xE2020200,
};
//     tfetch2D r0, r0.xy, tf1, unnormalized
//     alloc colors
//     max oC0, r0, r0
static const uint32_t pixel_words[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x52100001, 0x10FFF688,
    0x00004000, 0xC80F8000, 0x00000000, 0xE2000000,
};
static const Program program = {
    vertex_words, sizeof vertex_words / 4, 3, pixel_words, sizeof pixel_words / 4, 1, 1,
};

// The picture's corners, with their texels; then the rectangle that is copied to the front buffer.
static const float corners[] = {
    0,           0,             0, 1, 0,     0,      0, 1, //
    SCREEN_WIDTH, 0,            0, 1, WIDTH, 0,      0, 1, //
    0,           SCREEN_HEIGHT, 0, 1, 0,     HEIGHT, 0, 1,
};
static const float rectangle[] = {0, 0, SCREEN_WIDTH, 0, SCREEN_WIDTH, SCREEN_HEIGHT};

static Shared vertices, textures[2];
static Front fronts[2];
static Commands lists[2];
static uint32_t number;

struct pad_state {
    uint32_t packet;
    uint16_t buttons;
    uint8_t left_trigger, right_trigger;
    int16_t left_x, left_y, right_x, right_y;
};
uint32_t XamInputGetState(uint32_t user, uint32_t flags, struct pad_state *state);

static void set_state(Commands *c) {
    emit_register(c, RB_MODECONTROL, MODE_COLOR_DEPTH);
    emit(c, TYPE0(RB_SURFACE_INFO, 3));
    emit(c, SCREEN_WIDTH);
    emit(c, 0); // colour at tile 0, 8_8_8_8
    emit(c, DEPTH_TILE);
    emit(c, TYPE0(PA_SC_SCREEN_SCISSOR_TL, 2));
    emit(c, 0);
    emit(c, 8192 | 8192 << 16);
    emit(c, TYPE0(PA_SC_WINDOW_OFFSET, 3));
    emit(c, 0);
    emit(c, 1u << 31); // scissors are not shifted
    emit(c, SCREEN_WIDTH | SCREEN_HEIGHT << 16);
    emit_register(c, VGT_MAX_VTX_INDX, 0xFFFFFF);
    emit_register(c, VGT_MIN_VTX_INDX, 0);
    emit_register(c, VGT_INDX_OFFSET, 0);
    emit_register(c, RB_COLOR_MASK, 0xF);
    emit_register(c, RB_DEPTHCONTROL, 0);
    emit_register(c, RB_BLENDCONTROL, 0x00010001); // one, zero
    emit_register(c, RB_COLORCONTROL, 7);          // alpha test: always
    emit_register(c, PA_CL_CLIP_CNTL, 1 << 16 | 1 << 19); // nothing is clipped; depth runs from 0 to w
    emit_register(c, PA_SU_SC_MODE_CNTL, 0);
    emit_register(c, PA_CL_VTE_CNTL, 0x300);              // positions come as pixels
    emit_register(c, PA_SU_VTX_CNTL, 1 | 2 << 1 | 5 << 3); // centres at halves, 1/16 pixel
    emit_register(c, SQ_VS_CONST, 0 | 255 << 12);
    emit_register(c, SQ_PS_CONST, FIRST_PIXEL_CONSTANT | 255 << 12);
    emit_register(c, PA_SC_AA_CONFIG, 0);
    emit_register(c, PA_SC_AA_MASK, 0xFFFF);
}

static void set_texture(Commands *c, uint32_t physical) {
    emit(c, TYPE0(FETCH_CONSTANTS + 6, 6)); // tf1
    emit(c, 2 | CLAMP_TO_EDGE << 10 | CLAMP_TO_EDGE << 13 | WIDTH / 32 << 22);
    emit(c, FORMAT_8_8_8_8 | ENDIAN_8IN32 << 6 | physical);
    emit(c, (WIDTH - 1) | (HEIGHT - 1) << 13);
    emit(c, 0x688 << 1); // components in their own order, the nearest texel
    emit(c, 0);
    emit(c, TEXTURE_2D);
}

static void make_list(Commands *c, uint32_t texture, uint32_t front) {
    set_state(c);
    load_program(c, &program);
    set_texture(c, texture);
    vertex_buffer(c, 0, vertices.physical, sizeof corners / 4);
    draw_counted(c, RECTANGLE_LIST, 3);
    vertex_buffer(c, 0, vertices.physical + sizeof corners, sizeof rectangle / 4);
    emit_register(c, RB_MODECONTROL, MODE_COPY);
    emit(c, TYPE0(RB_COPY_CONTROL, 4));
    emit(c, CONVERT);
    emit(c, front);
    emit(c, SCREEN_WIDTH | SCREEN_HEIGHT << 16);
    emit(c, ENDIAN_8IN32 | FORMAT_8_8_8_8 << 7);
    draw_counted(c, RECTANGLE_LIST, 3);
    emit_register(c, RB_MODECONTROL, MODE_COLOR_DEPTH);
}

void screen_begin(void) {
    gpu_start();
    gpu_allocate(&vertices, sizeof corners + sizeof rectangle);
    memcpy(vertices.at, corners, sizeof corners);
    memcpy((char *)vertices.at + sizeof corners, rectangle, sizeof rectangle);
    for (int i = 0; i < 2; i++) {
        fronts[i] = (Front){.width = SCREEN_WIDTH, .height = SCREEN_HEIGHT};
        gpu_allocate(&fronts[i].memory, SCREEN_WIDTH * SCREEN_HEIGHT * 4);
        gpu_allocate(&textures[i], WIDTH * HEIGHT * 4);
        commands_allocate(&lists[i], COMMAND_BYTES);
        make_list(&lists[i], textures[i].physical, fronts[i].memory.physical);
    }
}

void screen_show(const uint8_t *pixels, const uint32_t palette[256]) {
    uint32_t side = ++number & 1, *to = textures[side].at;
    // This frame overwrites the memory of the frame before last.
    gpu_wait_for_fence(number - 2);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) to[i] = palette[pixels[i]];
    gpu_submit(&lists[side], &fronts[side], number);
}

uint32_t pad_buttons(void) {
    uint32_t buttons = 0;
    struct pad_state state;
    for (uint32_t user = 0; user < PADS; user++) {
        if (XamInputGetState(user, 0, &state)) continue;
        enum { HALF = 0x4000, PULLED = 0x40 };
        buttons |= state.buttons;
        if (state.left_y > HALF) buttons |= PAD_UP;
        if (state.left_y < -HALF) buttons |= PAD_DOWN;
        if (state.left_x < -HALF || state.right_x < -HALF) buttons |= PAD_LEFT;
        if (state.left_x > HALF || state.right_x > HALF) buttons |= PAD_RIGHT;
        if (state.left_trigger > PULLED) buttons |= PAD_LEFT_TRIGGER;
        if (state.right_trigger > PULLED) buttons |= PAD_RIGHT_TRIGGER;
    }
    return buttons;
}
