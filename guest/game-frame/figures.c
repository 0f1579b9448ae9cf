// Skinned characters that walk beside the way: a tube whose vertices
// hang on two of four bones each.
#include "frame.h"

enum { RINGS = 13, SIDES = 8, WORDS_OF_VERTEX = 7, VERTICES = RINGS * (SIDES + 1), STRIP = 2 * (SIDES + 1) + 1,
       INDICES = (RINGS - 1) * STRIP };

static Mesh figure;

static uint32_t bits_of(float value) {
    union {
        float value;
        uint32_t bits;
    } both = {value};
    return both.bits;
}

void init_figures(void) {
    Shared vertices, indices;
    gpu_allocate(&vertices, VERTICES * WORDS_OF_VERTEX * 4);
    gpu_allocate(&indices, INDICES * 2);
    uint32_t *at = vertices.at;
    for (int ring = 0; ring < RINGS; ring++)
        for (int side = 0; side <= SIDES; side++) {
            float turn = (float)side / SIDES, up = (float)ring / (RINGS - 1), wide = 0.3f - 0.15f * up;
            float bone = up * (BONES - 1), rest;
            uint32_t first = (uint32_t)bone < BONES - 1 ? (uint32_t)bone : BONES - 2;
            rest = bone - (float)first;
            uint32_t weight = (uint32_t)(rest * 255);
            *at++ = bits_of(wide * cosine(turn)), *at++ = bits_of(1.8f * up), *at++ = bits_of(wide * sine(turn));
            *at++ = halves_of(turn * 2, up * 2);
            *at++ = normal_of(cosine(turn), 0, sine(turn));
            *at++ = first * 3 | (first * 3 + 3) << 8;
            *at++ = (255 - weight) | weight << 8;
        }
    uint16_t *index = indices.at;
    for (int ring = 0; ring < RINGS - 1; ring++) {
        for (int side = 0; side <= SIDES; side++) {
            *index++ = (uint16_t)((ring + 1) * (SIDES + 1) + side);
            *index++ = (uint16_t)(ring * (SIDES + 1) + side);
        }
        *index++ = 0xFFFF;
    }
    figure = (Mesh){.vertices = vertices.physical, .vertex_words = VERTICES * WORDS_OF_VERTEX,
                    .indices = indices.physical, .count = INDICES, .primitive = TRIANGLE_STRIP};
}

// The bones of a figure: each leans a little more than the one below.
static void pose(Matrix bones[BONES], float phase, float x, float z) {
    Matrix place, lean, hip;
    translation(&place, x, 0.1f + 0.1f * sine(2 * phase), z);
    bones[0] = place;
    for (int i = 1; i < BONES; i++) {
        rotation(&lean, 0, 1, 0.04f * sine(phase + 0.15f * (float)i));
        translation(&hip, 0, -0.6f * (float)i, 0);
        Matrix moved, back;
        product(&moved, &lean, &hip);
        translation(&back, 0, 0.6f * (float)i, 0);
        product(&hip, &back, &moved);
        product(&bones[i], &bones[i - 1], &hip);
    }
}

void draw_figures(const Frame *frame) {
    for (uint32_t i = 0; i < settings.figures; i++) {
        float x = (i % 2 ? 1.0f : -1.0f) * (1.2f + 0.35f * (float)(i / 2 % 5)), z = -4 - 1.9f * (float)(i / 2);
        uint32_t tiles = tiles_of(frame, vec4(x, 1, z, 1), 1.6f);
        if (tiles == 0) continue;
        Matrix bones[BONES];
        Vec rows[BONES * 3];
        pose(bones, 0.8f * frame->time + 0.13f * (float)i, x, z);
        for (int bone = 0; bone < BONES; bone++) {
            transpose4(bones[bone].column);
            for (int row = 0; row < 3; row++) rows[bone * 3 + row] = bones[bone].column[row];
        }
        use(frame->commands, code(SKINNED_VERTEX), material(i), 3, 0);
        vertex_constants(frame->commands, FIRST_BONE, rows, BONES * 3);
        texture(frame->scene, COLOR_SLOT, material_texture(3 * i));
        draw_mesh(frame->commands, &figure, tiles);
    }
}
