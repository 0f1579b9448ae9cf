#include "draw.h"
#include "pm4.h"

void load_shader(Commands *commands, uint32_t kind, const uint32_t *words, uint32_t count) {
    emit(commands, TYPE3(IM_LOAD_IMMEDIATE, count + 2));
    emit(commands, kind);
    emit(commands, count);
    for (uint32_t i = 0; i < count; i++) emit(commands, words[i]);
}

void load_program(Commands *commands, const Program *program) {
    emit(commands, TYPE0(SQ_PROGRAM_CNTL, 3));
    emit(commands, (program->vertex_registers - 1) | (program->pixel_registers - 1) << 8 | 1 << 16 | 1 << 17 |
                       (program->interpolators - 1) << 20);
    emit(commands, 0);
    emit(commands, 0xFFFFFFFF >> 16); // smooth shading, sampled at centres
    load_shader(commands, VERTEX_SHADER, program->vertex, program->vertex_words);
    load_shader(commands, PIXEL_SHADER, program->pixel, program->pixel_words);
}

static void constants(Commands *commands, uint32_t first, const void *values, uint32_t count) {
    emit(commands, TYPE3(SET_CONSTANT, count * 4 + 1));
    emit(commands, first * 4); // kind 0: float constants
    const uint32_t *words = values;
    for (uint32_t i = 0; i < count * 4; i++) emit(commands, words[i]);
}

void vertex_constants(Commands *commands, uint32_t first, const void *values, uint32_t count) {
    constants(commands, first, values, count);
}

void pixel_constants(Commands *commands, uint32_t first, const void *values, uint32_t count) {
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
