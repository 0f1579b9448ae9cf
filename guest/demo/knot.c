// A torus knot whose tube has three twisted lobes. The centre line is fixed; the tube is made anew
// for each frame, four vertices at a time, because its thickness and its twist travel.
#include "scene.h"
#include "pm4.h"
#include "runtime.h"
#include "shaders.h"

enum {
    RINGS = 112,
    SIDES = 20,
    GROUPS = SIDES / 4,
    VERTICES = RINGS * SIDES,
    WORDS = 8,
    // The knot winds P times around the torus' axis and Q times around its tube.
    P = 2,
    Q = 3,
    TWISTS = 7,
    STRIP = 2 * SIDES + 3,
    INDICES = RINGS * STRIP,
};

#define TORUS_RADIUS 1.12f
#define TORUS_TUBE 0.50f
#define TUBE 0.275f
#define LOBES 0.13f
#define PULSE 0.10f

// The centre line: its place, the two directions across, the direction
// along; and how long it is per turn.
static struct {
    Vec centre, outward, sideways, along;
    float speed;
} line[RINGS];
static Vec side_cosine[GROUPS], side_sine[GROUPS], lobe_cosine[GROUPS], lobe_sine[GROUPS];
static Shared vertices[2], indices, coarse;
static uint32_t coarse_count;

static Vec torus_point(float turn) {
    float ring = TORUS_RADIUS + TORUS_TUBE * cosine(Q * turn);
    return vec4(ring * cosine(P * turn), ring * sine(P * turn), TORUS_TUBE * sine(Q * turn), 0);
}

static Vec torus_normal(float turn) {
    float c = cosine(Q * turn);
    return vec4(c * cosine(P * turn), c * sine(P * turn), sine(Q * turn), 0);
}

// Strips around the tube, from every `step`-th ring to the next, over every `step`-th side.
static uint32_t make_indices(uint16_t *at, int step) {
    uint16_t *start = at;
    for (int ring = 0; ring < RINGS; ring += step) {
        int next = (ring + step) % RINGS;
        for (int side = 0; side <= SIDES; side += step) {
            *at++ = (uint16_t)(ring * SIDES + side % SIDES);
            *at++ = (uint16_t)(next * SIDES + side % SIDES);
        }
        *at++ = 0xFFFF;
    }
    return (uint32_t)(at - start);
}

void init_knot(void) {
    const float step = 1.0f / 4096;
    for (int i = 0; i < RINGS; i++) {
        float turn = (float)i / RINGS;
        Vec difference = vec_sub(torus_point(turn + step), torus_point(turn - step));
        line[i].speed = square_root(dot(difference, difference)) / (2 * step);
        line[i].centre = torus_point(turn);
        line[i].along = normalized(difference);
        line[i].outward = torus_normal(turn);
        line[i].sideways = cross(line[i].along, line[i].outward);
    }
    for (int i = 0; i < GROUPS; i++) {
        Vec turns = multiply(vec4(4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3), splat(1.0f / SIDES));
        Vec quarter = splat(0.25f), three = multiply(turns, splat(3));
        side_sine[i] = sine4(turns);
        side_cosine[i] = sine4(vec_add(turns, quarter));
        lobe_sine[i] = sine4(three);
        lobe_cosine[i] = sine4(vec_add(three, quarter));
    }
    for (int i = 0; i < 2; i++) gpu_allocate(&vertices[i], VERTICES * WORDS * 4);
    gpu_allocate(&indices, INDICES * 2);
    make_indices(indices.at, 1);
    gpu_allocate(&coarse, INDICES * 2);
    coarse_count = make_indices(coarse.at, 2);
}

// Colours along the knot: from magenta over orange and teal to blue.
static uint32_t color_at(float turn) {
    Vec wave = sine4(vec_add(splat(turn), vec4(0.25f, -0.13f, -0.42f, 0)));
    Vec level = vec_madd(wave, vec4(0.42f, 0.36f, 0.40f, 0), vec4(0.56f, 0.40f, 0.56f, 1));
    union {
        vector unsigned int all;
        uint32_t lanes[4];
    } c = {vec_ctu(multiply(level, splat(255)), 0)};
    return c.lanes[0] | c.lanes[1] << 8 | c.lanes[2] << 16 | c.lanes[3] << 24;
}

void update_knot(const Frame *frame) {
    Vec *out = vertices[frame->parity].at;
    for (int i = 0; i < RINGS; i++) {
        float turn = (float)i / RINGS;
        // Two bulges run along the tube, and the lobes turn.
        float bulge = 3 * turn - 0.22f * frame->time, twist = TWISTS * turn - 0.11f * frame->time;
        float radius = TUBE * (1 + PULSE * sine(bulge));
        float radius_slope = TUBE * PULSE * 3 * 6.2831853f * cosine(bulge);
        Vec twist_cosine = splat(cosine(twist)), twist_sine = splat(sine(twist));
        Vec slope_scale = splat(-radius_slope / line[i].speed);
        Vec twist_scale = splat(radius * LOBES * TWISTS * 6.2831853f / line[i].speed);
        Vec centre = line[i].centre, n = line[i].outward, b = line[i].sideways, t = line[i].along;
        union {
            uint32_t bits;
            float value;
        } color = {color_at(2 * turn - 0.06f * frame->time)};

        for (int g = 0; g < GROUPS; g++) {
            // cos and sin of three times the angle plus the twist.
            Vec lobe = vec_nmsub(lobe_sine[g], twist_sine, multiply(lobe_cosine[g], twist_cosine));
            Vec lobe_turned = vec_madd(lobe_cosine[g], twist_sine, multiply(lobe_sine[g], twist_cosine));
            Vec swell = vec_madd(lobe, splat(LOBES), splat(1));
            Vec size = multiply(swell, splat(radius));
            Vec shrink = multiply(lobe_turned, splat(3 * LOBES * radius)); // minus the size's slope around
            Vec c = side_cosine[g], s = side_sine[g];
            Vec across_n = multiply(size, c), across_b = multiply(size, s);
            // The normal: outward, plus the slope around, minus the slope along.
            Vec normal_n = vec_nmsub(shrink, s, across_n), normal_b = vec_madd(shrink, c, across_b);
            Vec normal_t = vec_madd(lobe_turned, twist_scale, multiply(swell, slope_scale));
            normal_t = multiply(normal_t, size);

            Vec place[4], normal[4];
#define ALONG(axis) \
    place[axis] = vec_madd(across_n, vec_splat(n, axis), vec_splat(centre, axis)); \
    place[axis] = vec_madd(across_b, vec_splat(b, axis), place[axis]); \
    normal[axis] = vec_madd(normal_b, vec_splat(b, axis), multiply(normal_n, vec_splat(n, axis))); \
    normal[axis] = vec_madd(normal_t, vec_splat(t, axis), normal[axis]);
            ALONG(0)
            ALONG(1)
            ALONG(2)
#undef ALONG
            place[3] = splat(color.value);
            normal[3] = vec_madd(lobe, splat(0.32f), splat(0.72f)); // grooves get less light
            transpose4(place);
            transpose4(normal);
            for (int v = 0; v < 4; v++) {
                *out++ = place[v];
                *out++ = normal[v];
            }
        }
    }
}

void draw_knot(const Frame *frame, int in_floor) {
    Commands *commands = frame->commands;
    Matrix turned, leaning, model, inverse, to_clip;
    rotation(&turned, 2, 0, 0.037f * frame->time);
    rotation(&leaning, 1, 2, -0.05f + 0.03f * sine(0.021f * frame->time));
    product(&model, &leaning, &turned);
    transposed(&inverse, &model);
    product(&to_clip, in_floor ? &frame->mirrored : &frame->view_projection, &model);

    // Lights and eye in the knot's own space; mirrored, it is the eye that is below the floor.
    Vec eye = frame->eye;
    if (in_floor) eye = vec_madd(eye, vec4(1, -1, 1, 1), vec4(0, 2 * FLOOR, 0, 0));
    Vec up = inverse.column[1];
    // How much of the knot is seen; in the floor it fades with the height above it.
    const float most = 0.40f, slope = in_floor ? most / 3.2f : 0;
    Vec fade = vec_madd(up, splat(-slope), vec4(0, 0, 0, in_floor ? most + slope * FLOOR : 1));
    Vec to_vertices[] = {
        to_clip.column[0], to_clip.column[1], to_clip.column[2], to_clip.column[3],
        transform(&inverse, eye), fade,
    };
    Vec to_pixels[] = {
        transform(&inverse, normalized(vec4(-0.55f, 0.75f, 0.62f, 0))),
        transform(&inverse, normalized(vec4(0.85f, 0.1f, -0.5f, 0))),
        up,
        vec4(0.045f, 0.040f, 0.095f, 1),
        vec4(1.02f, 0.94f, 0.84f, 0),
        vec4(0.30f, 0.42f, 0.75f, 0),
        vec4(0.14f, 0.15f, 0.20f, 0),
        vec4(2, 1, 0.55f, 0),
        vec4(0.24f, 0.22f, 0.30f, 0),
    };

    state_draw(commands, DEPTH_TEST, BLEND_NONE, in_floor ? CULL_CLOCKWISE : CULL_COUNTERCLOCKWISE);
    load_program(commands, &program_knot);
    vertex_constants(commands, 0, to_vertices, sizeof to_vertices / sizeof *to_vertices);
    pixel_constants(commands, 0, to_pixels, sizeof to_pixels / sizeof *to_pixels);
    vertex_buffer(commands, 0, vertices[frame->parity].physical, VERTICES * WORDS);
    if (in_floor) draw_indexed(commands, TRIANGLE_STRIP, coarse.physical, coarse_count);
    else draw_indexed(commands, TRIANGLE_STRIP, indices.physical, INDICES);
}
