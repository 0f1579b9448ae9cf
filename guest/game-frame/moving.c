// Vertices that the processor writes in each frame: particles as points, and a banner over the way.
#include "frame.h"

enum { PARTICLE_WORDS = 5, BANNER_ROWS = 9, BANNER_WORDS = 5, MOST_COLUMNS = 128 };

static Shared particles[2], banners[2];
static Mesh banner;

static uint32_t bits_of(float value) {
    union {
        float value;
        uint32_t bits;
    } both = {value};
    return both.bits;
}

static uint32_t page_of(uint32_t bytes) {
    return (bytes + 4095) & -4096u;
}

void init_particles(void) {
    if (settings.particles == 0) return;
    for (int i = 0; i < 2; i++) gpu_allocate(&particles[i], page_of(settings.particles * PARTICLE_WORDS * 4));
}

// A fountain: each particle goes up and comes down, over and over.
void update_particles(const Frame *frame) {
    uint32_t *at = particles[frame->parity].at;
    float size = (float)settings.height / 90;
    for (uint32_t i = 0; i < settings.particles; i++) {
        float start = (float)(i * 2654435761u >> 8) / (1 << 24), age = 0.6f * frame->time + start;
        age -= (float)(uint32_t)age;
        float turn = start * 37, wide = 3 * age;
        *at++ = bits_of(wide * cosine(turn));
        *at++ = bits_of(0.2f + 14 * age * (1 - age));
        *at++ = bits_of(-16 + wide * sine(turn));
        *at++ = bits_of(size * (1.5f - age));
        uint32_t light = (uint32_t)(36 * (1 - age));
        *at++ = light | light / 2 << 8 | (36 - light) << 16;
    }
}

void draw_particles(const Frame *frame) {
    Scene *s = frame->scene;
    if (settings.particles == 0) return;
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_LESS_EQUAL);
    set(s, RB_BLENDCONTROL, BLEND_ADD);
    set(s, PA_SU_POINT_SIZE, 16 | 16 << 16);
    use(frame->commands, code(PARTICLE_VERTEX), code(PLAIN_PIXEL), 1, SPRITE_EXPORTS);
    vertex_buffer(frame->commands, 0, particles[frame->parity].physical, settings.particles * PARTICLE_WORDS);
    set_bin_mask(frame->commands, tiles_of(frame, vec4(0, 2, -16, 1), 4.5f));
    emit(frame->commands, TYPE3(DRAW_INDX_2, 1) | 1);
    emit(frame->commands, POINT_LIST | 2 << 6 | settings.particles << 16);
    set(s, RB_BLENDCONTROL, BLEND_NONE);
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_WRITE | DEPTH_LESS_EQUAL);
}

void init_banner(void) {
    uint32_t columns = settings.banner;
    for (int i = 0; i < 2; i++) gpu_allocate(&banners[i], page_of(columns * BANNER_ROWS * BANNER_WORDS * 4));
    Shared indices;
    uint32_t count = (columns - 1) * (BANNER_ROWS - 1) * 6;
    gpu_allocate(&indices, page_of(count * 2));
    uint16_t *index = indices.at;
    for (uint32_t y = 0; y < BANNER_ROWS - 1; y++)
        for (uint32_t x = 0; x < columns - 1; x++) {
            uint32_t a = y * columns + x, list[6] = {a, a + 1, a + columns, a + columns, a + 1, a + columns + 1};
            for (int i = 0; i < 6; i++) *index++ = (uint16_t)list[i];
        }
    banner = (Mesh){.vertex_words = columns * BANNER_ROWS * BANNER_WORDS, .indices = indices.physical,
                    .count = count, .primitive = TRIANGLE_LIST};
}

void update_banner(const Frame *frame) {
    uint32_t *at = banners[frame->parity].at, columns = settings.banner;
    for (uint32_t y = 0; y < BANNER_ROWS; y++)
        for (uint32_t x = 0; x < columns; x++) {
            float u = (float)x / (float)(columns - 1), v = (float)y / (BANNER_ROWS - 1);
            float wave = 1.5f * u + 0.4f * v - 0.7f * frame->time, hangs = 0.5f * v;
            *at++ = bits_of(8 * u - 4);
            *at++ = bits_of(6.5f - 2 * v + 0.1f * sine(2 * wave));
            *at++ = bits_of(-9 + hangs * sine(wave));
            *at++ = halves_of(2 * u, v);
            *at++ = normal_of(-0.4f * hangs * cosine(wave), 0.2f, 0.9f);
        }
}

void draw_banner(const Frame *frame) {
    static const Matrix place = {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}};
    Vec coordinates = vec4(1, 1, 0, 0);
    banner.vertices = banners[frame->parity].physical;
    use(frame->commands, code(SOLID_VERTEX), material(7), 3, 0);
    set_rows(frame->commands, 4, &place, 3);
    vertex_constants(frame->commands, 7, &coordinates, 1);
    texture(frame->scene, COLOR_SLOT, material_texture(5));
    draw_mesh(frame->commands, &banner, tiles_of(frame, vec4(0, 5.5f, -9, 1), 4.5f));
}
