// Occlusion queries: boxes along the way that aren't shown; where samples of one passed, a light
// shows two frames later. Each tile has its part of the queries.
#include "frame.h"

enum { MOST = 64, REPORT_WORDS = 8, PENDING = 0xFFFFFEED };

// Reports at the beginning and the end of each query, in two sets.
static Shared reports[2];
static uint32_t passed[MOST];

void init_queries(void) {
    for (int i = 0; i < 2; i++) {
        gpu_allocate(&reports[i], MOST * 2 * REPORT_WORDS * 4);
        volatile uint32_t *words = reports[i].at;
        for (int w = 0; w < MOST * 2 * REPORT_WORDS; w++) words[w] = 0;
    }
}

// The chip writes its numbers lowest byte first.
static uint32_t turned(uint32_t word) {
    return word << 24 | (word & 0xFF00) << 8 | (word >> 8 & 0xFF00) | word >> 24;
}

// Samples that passed before a report, which the chip counts in two halves.
static uint32_t samples(const volatile uint32_t *report) {
    return turned(report[4]) + turned(report[5]);
}

void update_queries(const Frame *frame) {
    volatile uint32_t *words = reports[frame->parity].at;
    for (uint32_t i = 0; i < settings.queries; i++, words += 2 * REPORT_WORDS) {
        passed[i] = samples(words + REPORT_WORDS) - samples(words);
        if (words[REPORT_WORDS] == PENDING) passed[i] = 0; // none was made
        for (int w = 0; w < REPORT_WORDS; w++) words[REPORT_WORDS + w] = PENDING;
    }
}

static void place_of(uint32_t query, Matrix *place) {
    float x = (query % 2 ? 1.0f : -1.0f) * (2 + (float)(query % 7)), z = -6 - 1.1f * (float)query;
    translation(place, x, 1 + 0.3f * (float)(query % 5), z);
    for (int i = 0; i < 3; i++) place->column[i] = multiply(place->column[i], splat(0.8f));
}

static void report(const Frame *frame, uint32_t number) {
    set(frame->scene, RB_SAMPLE_COUNT_ADDR, reports[frame->parity].physical + number * REPORT_WORDS * 4);
    emit(frame->commands, TYPE3(EVENT_WRITE_ZPD, 1));
    emit(frame->commands, ZPASS_DONE);
}

void draw_queries(const Frame *frame, uint32_t tile) {
    Scene *s = frame->scene;
    set(s, RB_COLOR_MASK, 0);
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_LESS_EQUAL);
    set(s, PA_SU_SC_MODE_CNTL, FRONT_CLOCKWISE | MULTISAMPLED | VERTICES_MOVED);
    use(frame->commands, code(SOLID_DEPTH_VERTEX), code(PLAIN_PIXEL), 0, 0);
    for (uint32_t i = tile; i < settings.queries; i += TILES) {
        Matrix place;
        place_of(i, &place);
        report(frame, i * 2);
        set_rows(frame->commands, 4, &place, 3);
        draw_mesh(frame->commands, mesh(HOUSE), (1u << TILES) - 1);
        report(frame, i * 2 + 1);
    }
    set(s, RB_COLOR_MASK, 0xF);
}

void draw_flares(const Frame *frame) {
    Scene *s = frame->scene;
    set(s, RB_DEPTHCONTROL, 0);
    set(s, RB_BLENDCONTROL, BLEND_ADD);
    use(frame->commands, code(PARTICLE_VERTEX), code(PLAIN_PIXEL), 1, SPRITE_EXPORTS);
    for (uint32_t i = 0; i < settings.queries; i++) {
        if (passed[i] == 0) continue;
        Matrix place;
        uint32_t physical;
        place_of(i, &place);
        float *at = place_words(s, 5, &physical);
        for (int axis = 0; axis < 3; axis++) at[axis] = lane(place.column[3], axis);
        at[3] = (float)settings.height / 24;
        ((uint32_t *)at)[4] = 0x00203040;
        vertex_buffer(frame->commands, 0, physical, 5);
        set_bin_mask(frame->commands, tiles_of(frame, place.column[3], 1));
        emit(frame->commands, TYPE3(DRAW_INDX_2, 1) | 1);
        emit(frame->commands, POINT_LIST | 2 << 6 | 1 << 16);
    }
    set(s, RB_BLENDCONTROL, BLEND_NONE);
}
