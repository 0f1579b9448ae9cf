// A frame as games draw it: a shadow map; a world in two tiles of the EDRAM, whose commands are
// written once and run for each tile; what comes after it. Everything moves by the frame's number,
// so every run shows the same pictures.
#include "frame.h"
#include "runtime.h"

enum { FRAME_MEMORY = 0x80000, TILE_COMMANDS = 0x40000 };

// Commands of the world are a list of their own, which the frame's list calls for each tile.
static Commands lists[2], worlds[2];
static Scene scenes[2];
static Pictures pictures;

static uint32_t list_bytes(void) {
    // An object has at most 80 words, and is drawn at most three times.
    return (settings.draws + settings.figures * 2 + settings.queries * 2) * 80 * 4 * 2 + TILE_COMMANDS;
}

static void init_pictures(void) {
    picture_texture(&pictures.scene, settings.width, settings.height, FORMAT_8_8_8_8);
    picture_texture(&pictures.depth, settings.width, settings.height, 22); // 24_8
    picture_texture(&pictures.shadow, settings.shadow_side, settings.shadow_side, 22);
    pictures.depth.filter = pictures.shadow.filter = FILTER_POINT;
}

static void call(Commands *commands, const Commands *list) {
    emit(commands, TYPE3(INDIRECT_BUFFER, 2));
    emit(commands, list->physical);
    emit(commands, list->count);
}

// Writes the world's commands into their list.
static void record_world(Frame *frame) {
    Scene *s = frame->scene;
    Commands outer = s->commands;
    s->commands = worlds[frame->parity];
    commands_begin(&s->commands);
    clip_space(s, settings.width, settings.height);
    set_rows(&s->commands, 0, &frame->projection, 4);
    draw_world_depth(frame);
    draw_world(frame);
    draw_figures(frame);
    draw_banner(frame);
    draw_particles(frame);
    draw_flares(frame);
    worlds[frame->parity] = s->commands;
    s->commands = outer;
}

static void draw_tile(const Frame *frame, uint32_t tile) {
    Scene *s = frame->scene;
    uint32_t top = tile_top(tile), rows = tile_top(tile + 1) - top;
    if (rows == 0) return;
    set_surface(s, settings.width, tile_top(1), settings.samples, MODE_COLOR_DEPTH);
    set(s, PA_SC_WINDOW_SCISSOR_BR, settings.width | rows << 16);
    clear_surface(s, settings.width, rows, 1, RGBA(0.55f, 0.66f, 0.85f, 1));
    set(s, PA_SC_WINDOW_OFFSET, (-top & 0x7FFF) << 16);
    set_bin_select(&s->commands, 1u << tile);
    call(&s->commands, &worlds[frame->parity]);
    draw_queries(frame, tile);
    uint32_t mean = settings.samples == 1 ? SAMPLE_0 : settings.samples == 2 ? SAMPLES_01 : SAMPLES_0123;
    copy_surface(s, &frame->pictures->scene, 0, mean, top, settings.width, rows);
    copy_surface(s, &frame->pictures->depth, SOURCE_DEPTH, SAMPLE_0, top, settings.width, rows);
}

static void draw_frame(Frame *frame, const Front *front) {
    Scene *s = frame->scene;
    commands_begin(&s->commands);
    s->used = 0;
    begin_state(frame);
    emit(&s->commands, TYPE3(SET_BIN_MASK_HI, 1));
    emit(&s->commands, 0);
    material_constants(frame);
    draw_shadow(frame);
    record_world(frame);
    for (uint32_t tile = 0; tile < TILES; tile++) draw_tile(frame, tile);
    draw_post(frame, front);
    lists[frame->parity] = s->commands;
}

int main(void) {
    Front fronts[2];
    read_settings();
    gpu_start();
    init_state();
    init_programs();
    init_meshes();
    init_materials();
    init_world();
    init_figures();
    init_particles();
    init_banner();
    init_queries();
    init_post();
    init_pictures();
    for (int i = 0; i < 2; i++) {
        fronts[i] = (Front){.width = settings.width, .height = settings.height};
        gpu_allocate(&fronts[i].memory, settings.width * ((settings.height + 31) & -32u) * 4);
        commands_allocate(&lists[i], list_bytes());
        commands_allocate(&worlds[i], list_bytes());
        gpu_allocate(&scenes[i].memory, FRAME_MEMORY);
        scenes[i].commands = lists[i];
    }
    for (uint32_t number = 1;; number++) {
        Frame frame = {.scene = &scenes[number & 1], .number = number, .parity = number & 1, .pictures = &pictures};
        frame.commands = &frame.scene->commands;
        // This frame overwrites the memory of the frame before last.
        gpu_wait_for_fence(number - 2);
        aim(&frame);
        update_materials(&frame);
        update_particles(&frame);
        update_banner(&frame);
        update_queries(&frame);
        draw_frame(&frame, &fronts[frame.parity]);
        gpu_submit(&lists[frame.parity], &fronts[frame.parity], number);
        gpu_wait_for_blank();
    }
}
