// Meshes that don't change: houses and ground of single floats, rocks
// and leaves of halves and bytes.
#include "frame.h"
#include "runtime.h"

enum { SOLID_WORDS = 5, COMPACT_WORDS = 4, RINGS = 9, SIDES = 16, GROUND_SIDE = 33, WIDE = 1 << 11 };

static Mesh meshes[MESHES];

const Mesh *mesh(uint32_t which) {
    return &meshes[which];
}

static uint32_t bits_of(float value) {
    union {
        float value;
        uint32_t bits;
    } both = {value};
    return both.bits;
}

// Truncates; what is too small becomes zero, what is too large the largest number.
uint32_t half_of(float value) {
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000;
    int32_t exponent = (int32_t)(bits >> 23 & 255) - 127 + 15;
    if (exponent <= 0) return sign;
    if (exponent > 30) return sign | 0x7BFF;
    return sign | (uint32_t)exponent << 10 | (bits >> 13 & 0x3FF);
}

uint32_t halves_of(float x, float y) {
    return half_of(x) | half_of(y) << 16;
}

uint32_t normal_of(float x, float y, float z) {
    int32_t parts[3] = {(int32_t)(x * 511), (int32_t)(y * 511), (int32_t)(z * 511)};
    return ((uint32_t)parts[0] & 1023) | ((uint32_t)parts[1] & 1023) << 10 | ((uint32_t)parts[2] & 1023) << 20;
}

static uint32_t *solid(uint32_t *at, float x, float y, float z, float u, float v, uint32_t normal) {
    *at++ = bits_of(x), *at++ = bits_of(y), *at++ = bits_of(z);
    *at++ = halves_of(u, v);
    *at++ = normal;
    return at;
}

static uint32_t *compact(uint32_t *at, const float p[3], float u, float v, const float n[3]) {
    *at++ = halves_of(p[0], p[1]);
    *at++ = halves_of(p[2], 1);
    *at++ = (uint32_t)(u * 65535) | (uint32_t)(v * 65535) << 16;
    uint32_t normal = 0;
    for (int i = 0; i < 3; i++) normal |= ((uint32_t)(int32_t)(n[i] * 127) & 255) << i * 8;
    *at++ = normal;
    return at;
}

static uint32_t *room(uint32_t bytes, uint32_t *physical) {
    Shared memory;
    gpu_allocate(&memory, (bytes + 4095) & -4096u);
    *physical = memory.physical;
    return memory.at;
}

// A box of 1 x 1 x 1 on the ground.
static void make_house(Mesh *m) {
    *m = (Mesh){.primitive = TRIANGLE_LIST, .vertex_words = 24 * SOLID_WORDS, .count = 36,
                .program = SOLID_VERTEX, .depth_program = SOLID_DEPTH_VERTEX};
    uint32_t *at = room(24 * SOLID_WORDS * 4, &m->vertices);
    uint16_t *index = (uint16_t *)room(36 * 2, &m->indices);
    for (int side = 0; side < 6; side++) {
        int axis = side / 2, other = (axis + 1) % 3, third = (axis + 2) % 3;
        float direction = side % 2 ? 1 : -1;
        for (int corner = 0; corner < 4; corner++) {
            float p[3], n[3] = {0, 0, 0}, a = corner & 1 ? 0.5f : -0.5f, b = corner & 2 ? 0.5f : -0.5f;
            p[axis] = direction * 0.5f, p[other] = a, p[third] = b;
            n[axis] = direction;
            at = solid(at, p[0], p[1] + 0.5f, p[2], a + 0.5f, b + 0.5f, normal_of(n[0], n[1], n[2]));
        }
        static const uint16_t order[2][6] = {{0, 1, 2, 2, 1, 3}, {0, 2, 1, 1, 2, 3}};
        for (int i = 0; i < 6; i++) *index++ = (uint16_t)(side * 4 + order[side % 2][i]);
    }
}

// A ball with dents, as strips.
static void make_rock(Mesh *m) {
    enum { STRIP = 2 * (SIDES + 1) + 1, COUNT = (RINGS - 1) * STRIP, VERTICES = RINGS * (SIDES + 1) };
    *m = (Mesh){.primitive = TRIANGLE_STRIP, .vertex_words = VERTICES * COMPACT_WORDS, .count = COUNT,
                .program = COMPACT_VERTEX, .depth_program = COMPACT_DEPTH_VERTEX};
    uint32_t *at = room(VERTICES * COMPACT_WORDS * 4, &m->vertices);
    for (int ring = 0; ring < RINGS; ring++) {
        float up = 0.5f * (float)ring / (RINGS - 1) - 0.25f, wide = cosine(up), high = sine(up);
        for (int side = 0; side <= SIDES; side++) {
            float turn = (float)side / SIDES, dent = 1 + 0.15f * sine(3 * turn) * wide + 0.1f * sine(4 * up);
            float n[3] = {wide * cosine(turn), high, wide * sine(turn)};
            float p[3] = {n[0] * dent * 0.5f, n[1] * dent * 0.5f + 0.4f, n[2] * dent * 0.5f};
            at = compact(at, p, turn, (float)ring / (RINGS - 1), n);
        }
    }
    uint16_t *index = (uint16_t *)room(COUNT * 2, &m->indices);
    for (int ring = 0; ring < RINGS - 1; ring++) {
        for (int side = 0; side <= SIDES; side++) {
            *index++ = (uint16_t)((ring + 1) * (SIDES + 1) + side);
            *index++ = (uint16_t)(ring * (SIDES + 1) + side);
        }
        *index++ = 0xFFFF;
    }
}

// Three upright squares that cross.
static void make_leaves(Mesh *m) {
    *m = (Mesh){.primitive = QUAD_LIST, .vertex_words = 12 * COMPACT_WORDS, .count = 12, .program = COMPACT_VERTEX,
                .depth_program = COMPACT_DEPTH_VERTEX};
    uint32_t *at = room(12 * COMPACT_WORDS * 4, &m->vertices);
    uint16_t *index = (uint16_t *)room(12 * 2, &m->indices);
    for (int square = 0; square < 3; square++) {
        float turn = (float)square / 6, n[3] = {0, 1, 0};
        static const float places[4][2] = {{-1, 0}, {-1, 1}, {1, 1}, {1, 0}};
        for (int i = 0; i < 4; i++) {
            float x = places[i][0] * 0.5f, p[3] = {x * cosine(turn), places[i][1], x * sine(turn)};
            at = compact(at, p, x + 0.5f, 1 - places[i][1], n);
            *index++ = (uint16_t)(square * 4 + i);
        }
    }
}

// A plane of 1 x 1 with low waves, with indices of 32 bits.
static void make_ground(Mesh *m) {
    enum { VERTICES = GROUND_SIDE * GROUND_SIDE, COUNT = (GROUND_SIDE - 1) * (GROUND_SIDE - 1) * 6 };
    *m = (Mesh){.primitive = TRIANGLE_LIST, .vertex_words = VERTICES * SOLID_WORDS, .count = COUNT, .wide = 1,
                .program = SOLID_VERTEX, .depth_program = SOLID_DEPTH_VERTEX};
    uint32_t *at = room(VERTICES * SOLID_WORDS * 4, &m->vertices);
    for (int i = 0; i < VERTICES; i++) {
        float x = (float)(i % GROUND_SIDE) / (GROUND_SIDE - 1), z = (float)(i / GROUND_SIDE) / (GROUND_SIDE - 1);
        float wave = sine(3 * x) * sine(2 * z);
        at = solid(at, x - 0.5f, 0.1f * wave, z, x * 8, z * 8, normal_of(0, 1, 0));
    }
    uint32_t *index = room(COUNT * 4, &m->indices);
    for (uint32_t z = 0; z < GROUND_SIDE - 1; z++)
        for (uint32_t x = 0; x < GROUND_SIDE - 1; x++) {
            uint32_t a = z * GROUND_SIDE + x, list[6] = {a, a + 1, a + GROUND_SIDE, a + GROUND_SIDE, a + 1,
                                                         a + GROUND_SIDE + 1};
            for (int i = 0; i < 6; i++) *index++ = list[i];
        }
}

void init_meshes(void) {
    make_house(&meshes[HOUSE]);
    make_rock(&meshes[ROCK]);
    make_leaves(&meshes[LEAVES]);
    make_ground(&meshes[GROUND]);
}

void draw_mesh(Commands *commands, const Mesh *mesh, uint32_t tiles) {
    uint32_t endian = mesh->wide ? ENDIAN_8IN32 : ENDIAN_8IN16;
    set_bin_mask(commands, tiles);
    vertex_buffer(commands, 0, mesh->vertices, mesh->vertex_words);
    emit(commands, TYPE3(DRAW_INDX, 4) | 1); // predicated
    emit(commands, 0);
    emit(commands, mesh->primitive | (mesh->wide ? WIDE : 0) | mesh->count << 16);
    emit(commands, mesh->indices);
    emit(commands, endian << 30 | mesh->count * (mesh->wide ? 2 : 1));
}
