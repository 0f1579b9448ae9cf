// Objects along the way: houses at the sides, rocks and leaves between. An object that the camera
// has passed comes again at the way's far end, as another one.
#include "frame.h"

enum { MOST = 4096 };
// How far objects are placed, and how far ahead of the camera the nearest is.
#define LENGTH 64.0f
#define NEAREST (-2.0f)

typedef struct {
    float x, z, scale, height, turn;
    uint32_t kind;
} Object;

// An object as a frame shows it.
typedef struct {
    Matrix place;
    Vec centre;
    float radius;
    uint32_t generation;
} Shown;

static Object objects[MOST];
static uint32_t state = 20081010;

static float next_random(void) {
    state = state * 1664525 + 1013904223;
    return (float)(state >> 8) / (1 << 24);
}

void init_world(void) {
    for (uint32_t i = 0; i < settings.draws; i++) {
        Object *o = &objects[i];
        o->kind = i % 8 < 2 ? HOUSE : i % 8 < 6 ? ROCK : LEAVES;
        float side = i % 2 ? 1 : -1, away = next_random();
        o->x = side * (o->kind == HOUSE ? 8 + 8 * away : 1.5f + 9 * away);
        o->z = LENGTH * ((float)i + next_random()) / (float)settings.draws;
        o->scale = o->kind == HOUSE ? 3 + next_random() : 0.4f + next_random();
        o->height = o->kind == HOUSE ? 4 + 6 * next_random() : o->scale;
        o->turn = o->kind == HOUSE ? 0 : next_random();
    }
}

static void show(const Frame *frame, uint32_t i, Shown *shown) {
    const Object *o = &objects[i];
    // Whole lengths that the camera went beyond the object.
    float passed = (frame->travelled - o->z) / LENGTH;
    uint32_t generation = passed > 0 ? (uint32_t)passed + 1 : 0;
    float z = frame->travelled - o->z - (float)generation * LENGTH - NEAREST;
    float c = cosine(o->turn) * o->scale, s = sine(o->turn) * o->scale;
    shown->place.column[0] = vec4(c, 0, -s, 0);
    shown->place.column[1] = vec4(0, o->height, 0, 0);
    shown->place.column[2] = vec4(s, 0, c, 0);
    shown->place.column[3] = vec4(o->x, 0, z, 1);
    shown->centre = vec4(o->x, o->height / 2, z, 1);
    shown->radius = o->height * 0.6f + o->scale * 0.8f;
    shown->generation = generation;
}

static void use_material(const Frame *frame, uint32_t vertex, uint32_t number) {
    use(frame->commands, code(vertex), material(number), 3, 0);
}

static void draw_ground(const Frame *frame) {
    static const Matrix place = {{{40, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, -90, 0}, {0, 0, 4, 1}}};
    Vec coordinates = vec4(1, 1, 0, frame->travelled * (8.0f / 90));
    use_material(frame, SOLID_VERTEX, 0);
    set_rows(frame->commands, 4, &place, 3);
    vertex_constants(frame->commands, 7, &coordinates, 1);
    texture(frame->scene, COLOR_SLOT, grain_texture());
    draw_mesh(frame->commands, mesh(GROUND), (1u << TILES) - 1);
}

// Objects `leaves` or not; programs change when the material's number does or the mesh.
static void draw_objects(const Frame *frame, int leaves) {
    uint32_t section = frame->number / settings.section, last = ~0u;
    for (uint32_t i = 0; i < settings.draws; i++) {
        uint32_t kind = objects[i].kind, number = section + i * settings.shaders / settings.draws;
        if ((kind == LEAVES) != leaves) continue;
        Shown shown;
        show(frame, i, &shown);
        uint32_t tiles = tiles_of(frame, shown.centre, shown.radius);
        if (tiles == 0) continue;
        const Mesh *m = mesh(kind);
        if ((number << 8 | m->program) != last) use_material(frame, m->program, number);
        last = number << 8 | m->program;
        Vec coordinates = vec4(1 + (float)(i % 3), 1, (float)(shown.generation & 15) / 16, 0);
        if (leaves) coordinates = vec4(1, 1, 0, 0);
        set_rows(frame->commands, 4, &shown.place, 3);
        vertex_constants(frame->commands, 7, &coordinates, 1);
        texture(frame->scene, COLOR_SLOT, leaves ? leaf_texture() : material_texture(i + shown.generation));
        draw_mesh(frame->commands, m, tiles);
    }
}

static void textures_of_all(const Frame *frame) {
    texture(frame->scene, GRAIN_SLOT, grain_texture());
    texture(frame->scene, SHADOW_SLOT, &frame->pictures->shadow);
}

void draw_world(const Frame *frame) {
    Scene *s = frame->scene;
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_WRITE | DEPTH_LESS_EQUAL);
    set(s, PA_SU_SC_MODE_CNTL, FRONT_CLOCKWISE | MULTISAMPLED | VERTICES_MOVED | STRIPS_END);
    set_rows(frame->commands, 8, &frame->light, 4);
    textures_of_all(frame);
    draw_ground(frame);
    draw_objects(frame, 0);
    // Leaves: the alpha test leaves holes.
    set(s, RB_COLORCONTROL, 4 | 1 << 3); // greater than the reference
    set_float(s, RB_ALPHA_REF, 0.5f);
    draw_objects(frame, 1);
    set(s, RB_COLORCONTROL, 7);
}

// Depth alone of the first objects, with any tile's places or the sun's.
static void draw_depth(const Frame *frame, uint32_t count, int seen_by_sun) {
    uint32_t last = ~0u;
    for (uint32_t i = 0; i < count; i++) {
        if (objects[i].kind == LEAVES) continue;
        Shown shown;
        show(frame, i, &shown);
        uint32_t tiles = seen_by_sun ? 1 : tiles_of(frame, shown.centre, shown.radius);
        if (tiles == 0) continue;
        const Mesh *m = mesh(objects[i].kind);
        if (m->depth_program != last) use(frame->commands, code(m->depth_program), code(PLAIN_PIXEL), 0, 0);
        last = m->depth_program;
        set_rows(frame->commands, 4, &shown.place, 3);
        draw_mesh(frame->commands, m, tiles);
    }
}

void draw_world_depth(const Frame *frame) {
    Scene *s = frame->scene;
    set(s, RB_MODECONTROL, MODE_DEPTH);
    set(s, RB_COLOR_MASK, 0);
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_WRITE | DEPTH_LESS_EQUAL);
    set(s, PA_SU_SC_MODE_CNTL, FRONT_CLOCKWISE | MULTISAMPLED | VERTICES_MOVED | STRIPS_END);
    draw_depth(frame, settings.prepass, 0);
    set(s, RB_MODECONTROL, MODE_COLOR_DEPTH);
    set(s, RB_COLOR_MASK, 0xF);
}

void draw_shadow(const Frame *frame) {
    Scene *s = frame->scene;
    uint32_t side = settings.shadow_side;
    // Places in the map, from 0 to 1, become places in clip space; the depth moves away a little.
    static const Matrix to_clip = {{{2, 0, 0, 0}, {0, -2, 0, 0}, {0, 0, 1, 0}, {-1, 1, 0.01f, 1}}};
    Matrix seen;
    product(&seen, &to_clip, &frame->light);
    set_surface(s, side, side, 1, MODE_DEPTH);
    clear_surface(s, side, side, 1, BLACK);
    clip_space(s, side, side);
    set(s, RB_DEPTHCONTROL, DEPTH_TEST | DEPTH_WRITE | DEPTH_LESS_EQUAL);
    set(s, PA_SU_SC_MODE_CNTL, FRONT_CLOCKWISE | MULTISAMPLED | STRIPS_END);
    set_rows(frame->commands, 0, &seen, 4);
    set_bin_select(frame->commands, 1);
    draw_depth(frame, settings.casters, 1);
    copy_surface(s, &frame->pictures->shadow, SOURCE_DEPTH, SAMPLE_0, 0, side, side);
}
