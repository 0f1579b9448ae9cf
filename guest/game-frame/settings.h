// Numbers of the frame: game-frame.txt beside the title has lines `NAME NUMBER`, and `#` starts a
// comment. Numbers out of range are brought into it; unknown names are written to the log.
#pragma once
#include <stdint.h>

typedef struct {
    uint32_t width, height; // pixels; the width becomes a multiple of 160
    uint32_t samples;       // per pixel: 1, 2 or 4
    uint32_t draws;         // objects of the world, each drawn in the tiles that it touches
    uint32_t casters;       // objects that are drawn into the shadow map, too
    uint32_t prepass;       // objects whose depth is drawn first
    uint32_t shadow_side;   // of the shadow map, texels
    uint32_t textures;      // in use at a time
    uint32_t texture_side;  // texels, a power of two
    uint32_t streamed;      // textures that are replaced by new ones in each frame
    uint32_t shaders;       // pixel shaders of materials in use at a time
    uint32_t section;       // frames after which the way brings a new shader in
    uint32_t queries;       // occlusion queries, over all tiles
    uint32_t copies;        // resolves of the whole picture's size, at least 3
    uint32_t figures;       // skinned characters
    uint32_t particles;     // points
    uint32_t banner;        // columns of the mesh whose vertices are written in each frame
} Settings;

extern Settings settings;

void read_settings(void);
