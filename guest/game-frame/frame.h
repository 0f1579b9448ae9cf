// The parts of a frame. Each has init_…, called once, and draw_…, which appends commands; update_…
// writes memory that the chip reads.
#pragma once
#include "copy.h"
#include "programs.h"
#include "settings.h"
#include "texture.h"
#include "vmath.h"

enum { TILES = 2 };
// Slots of textures; vf0 lies where tf0 would.
enum { COLOR_SLOT = 1, GRAIN_SLOT = 2, SHADOW_SLOT = 3 };
// Bits of RB_DEPTHCONTROL.
enum { DEPTH_TEST = 2, DEPTH_WRITE = 4, DEPTH_LESS_EQUAL = 3 << 4, DEPTH_ALWAYS = 7 << 4 };
// PA_SU_SC_MODE_CNTL, beside MULTISAMPLED: clockwise is the front, vertices are moved by
// the window offset, strips end.
enum { FRONT_CLOCKWISE = 1 << 2, VERTICES_MOVED = 1 << 16, STRIPS_END = 1 << 21 };
// RB_BLENDCONTROL.
enum { BLEND_NONE = 0x00010001, BLEND_ADD = 0x01010101 };

// The picture's copies and what lies between: one set, because the chip
// draws one frame after the other.
typedef struct {
    Texture scene, depth, shadow;
} Pictures;

typedef struct {
    // Commands of this frame, and memory of this frame for vertices.
    Scene *scene;
    Commands *commands;
    uint32_t number, parity;
    float time;      // in seconds
    float travelled; // along the way
    Matrix projection, light;
    Pictures *pictures;
} Frame;

// The tile's first row, and the row behind its last.
uint32_t tile_top(uint32_t tile);

// Registers that stay the same for the whole frame.
void begin_state(const Frame *frame);
// A surface at the EDRAM's beginning, and a depth buffer behind it.
void set_surface(Scene *s, uint32_t width, uint32_t height, uint32_t samples, uint32_t mode);
// Positions are in pixels; or in clip space, for a picture of that size.
void pixels_space(Scene *s);
void clip_space(Scene *s, uint32_t width, uint32_t height);
// Sets the whole surface to c4 of the pixel shader and to a depth.
void clear_surface(Scene *s, uint32_t width, uint32_t height, float depth, const float color[4]);
// Covers a surface with a program of pixels that samples tf1.
void cover(Scene *s, uint32_t width, uint32_t height, const Code *pixel);
// Texture made by a resolve of a surface, with the memory for it.
void picture_texture(Texture *t, uint32_t width, uint32_t height, uint32_t format);
// Copies the surface's pixels (0, 0) to (width, height) to a picture's rows from `row` on.
void copy_surface(Scene *s, const Texture *to, uint32_t source, uint32_t samples, uint32_t row, uint32_t width,
                  uint32_t height);
void init_state(void);
// Memory of this frame, zeroed.
void *place_words(Scene *s, uint32_t words, uint32_t *physical);

// Rows of a matrix as constants from c`first` on; three or four of them.
void set_rows(Commands *commands, uint32_t first, const Matrix *matrix, uint32_t rows);

// The camera: sets the frame's matrices.
void aim(Frame *frame);
// The tiles that a ball touches, a bit each.
uint32_t tiles_of(const Frame *frame, Vec centre, float radius);

// Meshes.
typedef struct {
    uint32_t vertices, vertex_words; // physical address, and size
    uint32_t indices, count, wide;   // physical address; whether they have 32 bits
    uint32_t primitive;
    uint32_t program, depth_program; // vertex shaders
} Mesh;
enum { HOUSE, ROCK, LEAVES, GROUND, MESHES };
void init_meshes(void);
const Mesh *mesh(uint32_t which);
// Draws if one of `tiles` is being drawn.
void draw_mesh(Commands *commands, const Mesh *mesh, uint32_t tiles);
// Which tiles the next predicated packets are for, and which is being drawn.
void set_bin_mask(Commands *commands, uint32_t tiles);
void set_bin_select(Commands *commands, uint32_t tiles);
uint32_t half_of(float value);
uint32_t halves_of(float x, float y);
uint32_t normal_of(float x, float y, float z); // 2_10_10_10

// Textures of materials: `number` wraps.
void init_materials(void);
void update_materials(const Frame *frame);
const Texture *material_texture(uint32_t number);
const Texture *grain_texture(void);
const Texture *leaf_texture(void);
void material_constants(const Frame *frame);

// Objects along the way.
void init_world(void);
void draw_world(const Frame *frame);
void draw_world_depth(const Frame *frame);
void draw_shadow(const Frame *frame);

void init_figures(void);
void draw_figures(const Frame *frame);

void init_particles(void);
void update_particles(const Frame *frame);
void draw_particles(const Frame *frame);

void init_banner(void);
void update_banner(const Frame *frame);
void draw_banner(const Frame *frame);

void init_queries(void);
// Reads what the frame before last counted, and makes its reports ready again.
void update_queries(const Frame *frame);
void draw_queries(const Frame *frame, uint32_t tile);
// Light that shows where queries passed.
void draw_flares(const Frame *frame);

void init_post(void);
void draw_post(const Frame *frame, const Front *front);
