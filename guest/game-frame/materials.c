// Textures of materials, with all their levels: DXT1, DXT4_5 and 8_8_8_8 in turn. The way replaces
// some in each frame; new ones go to memory that no frame in flight reads.
#include "frame.h"
#include "runtime.h"

enum { MOST = 256, MOST_STREAMED = 8, FRAMES_KEPT = 3, SPARE = MOST_STREAMED * FRAMES_KEPT };
enum { DXT1 = 18, DXT4_5 = 20, KINDS = 3 };

typedef struct {
    Texture texture;
    void *base, *mips;
} Slot;

// For each texture in use its memory, and for each kind a ring of spare memory.
static Slot slots[MOST], spare[KINDS][SPARE], grain, leaf;
static uint32_t next_spare[KINDS], next_slot;

static uint32_t hash(uint32_t value) {
    value = (value ^ value >> 15) * 0x2C1B3C6D;
    value = (value ^ value >> 12) * 0x297A2D39;
    return value ^ value >> 15;
}

static uint32_t kind_of(uint32_t slot) {
    return slot % KINDS;
}

static uint32_t bytes_log2_of(uint32_t format) {
    return format == DXT1 ? 3 : format == DXT4_5 ? 4 : 2;
}

// Blocks of a level's side, and the side of its memory: at least 32.
static uint32_t blocks_of(uint32_t format, uint32_t level) {
    uint32_t side = settings.texture_side >> level;
    return format == FORMAT_8_8_8_8 ? side : side / 4;
}

static uint32_t pitch_of(uint32_t blocks) {
    return blocks < 32 ? 32 : blocks;
}

static uint32_t last_level(void) {
    uint32_t level = 0;
    while (settings.texture_side >> (level + 1) >= 4) level++;
    return level;
}

static uint32_t level_bytes(uint32_t format, uint32_t level) {
    uint32_t pitch = pitch_of(blocks_of(format, level));
    return pitch * pitch << bytes_log2_of(format);
}

static void make_slot(Slot *slot, uint32_t format) {
    uint32_t mips = 0, blocks = blocks_of(format, 0);
    for (uint32_t level = 1; level <= last_level(); level++) mips += level_bytes(format, level);
    Shared base, rest = {0};
    gpu_allocate(&base, level_bytes(format, 0));
    if (mips) gpu_allocate(&rest, mips);
    slot->base = base.at, slot->mips = rest.at;
    slot->texture = (Texture){
        .physical = base.physical, .mips = rest.physical, .format = format,
        .endian = format == FORMAT_8_8_8_8 ? ENDIAN_8IN32 : ENDIAN_8IN16, .dimension = TEXTURE_2D,
        .width = settings.texture_side, .height = settings.texture_side,
        .pitch = pitch_of(blocks) * (format == FORMAT_8_8_8_8 ? 1 : 4), .tiled = 1, .swizzle = XYZW,
        .filter = FILTER_LINEAR, .mip_filter = FILTER_LINEAR, .max_level = last_level(),
    };
}

// The seed's two colours (5, 6, 5 bits) in squares, lighter to the right.
static void color_block(uint16_t *words, uint32_t seed, uint32_t x, uint32_t y) {
    uint32_t a = hash(seed) & 0x7BEF, b = hash(seed + 1) & 0x7BEF, odd = (x / 2 ^ y / 2) & 1;
    words[0] = (uint16_t)((odd ? a : b) | 0x8410);
    words[1] = (uint16_t)(odd ? b : a);
    uint32_t weights = hash(seed ^ (x * 31 + y));
    words[2] = (uint16_t)weights;
    words[3] = (uint16_t)(weights >> 16);
}

// Opaque within a circle around the texture's middle, with holes.
static void alpha_block(uint16_t *words, uint32_t x, uint32_t y, uint32_t side) {
    int32_t dx = (int32_t)(2 * x + 1) - (int32_t)side, dy = (int32_t)(2 * y + 1) - (int32_t)side;
    uint32_t inside = (uint32_t)(dx * dx + dy * dy) < side * side && (x + 2 * y) % 3;
    words[0] = 0x00FF; // first level 255, second 0
    words[1] = words[2] = words[3] = inside ? 0 : 0x4924; // all of the first, or nearly all between
    if (!inside) words[1] = 0x9249, words[2] = 0x2492, words[3] = 0x4924; // all of the second
}

static void fill_level(const Slot *slot, uint8_t *at, uint32_t level, uint32_t seed) {
    uint32_t format = slot->texture.format, side = blocks_of(format, level), log2 = bytes_log2_of(format);
    if (side == 0) side = 1;
    for (uint32_t y = 0; y < side; y++)
        for (uint32_t x = 0; x < side; x++) {
            uint8_t *block = at + tiled_offset(x, y, pitch_of(side), log2);
            uint32_t column = x << level, row = y << level;
            if (format == FORMAT_8_8_8_8) {
                uint32_t light = 96 + (hash(seed ^ (column / 4 * 97 + row / 4)) & 127);
                *(uint32_t *)block = light | (light + (seed & 15)) << 8 | (light + (seed >> 4 & 15)) << 16 | 0xFFu << 24;
            } else if (format == DXT1) {
                color_block((uint16_t *)block, seed, column, row);
            } else {
                alpha_block((uint16_t *)block, x, y, side);
                color_block((uint16_t *)block + 4, seed, column, row);
            }
        }
}

static void fill_slot(const Slot *slot, uint32_t seed) {
    uint8_t *at = slot->mips;
    fill_level(slot, slot->base, 0, seed);
    for (uint32_t level = 1; level <= last_level(); level++) {
        fill_level(slot, at, level, seed);
        at += level_bytes(slot->texture.format, level);
    }
}

void init_materials(void) {
    static const uint32_t formats[KINDS] = {DXT1, DXT4_5, FORMAT_8_8_8_8};
    for (uint32_t i = 0; i < settings.textures; i++) {
        make_slot(&slots[i], formats[kind_of(i)]);
        fill_slot(&slots[i], i);
    }
    if (settings.streamed)
        for (uint32_t kind = 0; kind < KINDS; kind++)
            for (uint32_t i = 0; i < SPARE; i++) make_slot(&spare[kind][i], formats[kind]);
    make_slot(&grain, FORMAT_8_8_8_8);
    fill_slot(&grain, 0x60);
    make_slot(&leaf, DXT4_5);
    fill_slot(&leaf, 0x1EAF);
}

void update_materials(const Frame *frame) {
    for (uint32_t i = 0; i < settings.streamed; i++) {
        uint32_t slot = next_slot++ % settings.textures, kind = kind_of(slot);
        Slot *fresh = &spare[kind][next_spare[kind]++ % SPARE], old = slots[slot];
        fill_slot(fresh, frame->number * MOST_STREAMED + i + MOST);
        slots[slot] = *fresh;
        *fresh = old;
    }
}

const Texture *material_texture(uint32_t number) {
    return &slots[number % settings.textures].texture;
}

const Texture *grain_texture(void) {
    return &grain.texture;
}

const Texture *leaf_texture(void) {
    return &leaf.texture;
}

void material_constants(const Frame *frame) {
    const Vec light[] = {
        vec4(0.38f, 0.85f, 0.36f, 0), vec4(0.95f, 0.88f, 0.72f, 0), vec4(0.30f, 0.34f, 0.44f, 0), vec4(1, 0.35f, 0, 0),
    };
    Vec tints[MATERIALS];
    for (uint32_t i = 0; i < MATERIALS; i++) {
        uint32_t bits = hash(i);
        tints[i] = vec4(0.6f + (float)(bits & 127) / 256, 0.6f + (float)(bits >> 8 & 127) / 256,
                        0.6f + (float)(bits >> 16 & 127) / 256, 1);
    }
    pixel_constants(frame->commands, 0, light, 4);
    pixel_constants(frame->commands, FIRST_TINT, tints, MATERIALS);
}
