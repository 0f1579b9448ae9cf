// Shaders: in comments their sources for crates/xenia-microcode's assembler, and their words.
// After a change of source: BLESS=1 cargo test -p xenia-gpu guest_shaders::
#include "shaders.h"

// The knot, and its image in the floor.
// Constants: c0 to c3 matrix to clip space; c4 eye; c5 plane by which the picture fades into the
// floor. Vertices: place, colour (8_8_8_8), normal, how open the place is.
//     vfetch r1.xyz1, r0.x, vf0, format=57, stride=8, offset=0
//     vfetch r2.xyzw, r0.x, vf0, format=6, stride=8, offset=3
//     vfetch r3.xyzw, r0.x, vf0, format=38, stride=8, offset=4
//     mad r4, r1.z, c[2], c[3]
//     mad r4, r1.y, c[1], r4
//     alloc position
//     mad oPos, r1.x, c[0], r4
//     alloc interpolators 3
//     max o0, r3, r3
//     add r5.xyz, c[4], -r1
//     dp4_sat r5.w, r1, c[5]
//     max o1, r5, r5
//     max o2, r2, r2
static const uint32_t knot_vertex[] = {
    0x00155003, 0x00001000, 0xC2000000, 0x00001008, 0x00021000, 0xC4000000, 0x00005009, 0x00002000,
    0x00000000, 0x00081000, 0x00390A88, 0x00000008, 0x00082000, 0x00060688, 0x00000308, 0x00083000,
    0x00260688, 0x00000408, 0xC80F0004, 0x00C60000, 0x8B010203, 0xC80F0004, 0x00B10000, 0xAB010104,
    0xC80F803E, 0x006C0000, 0xAB010004, 0xC80F8000, 0x00000000, 0xE2030300, 0xC8070005, 0x02000000,
    0x60040100, 0xC9080005, 0x00000000, 0xAF010500, 0xC80F8001, 0x00000000, 0xE2050500, 0xC80F8002,
    0x00000000, 0xE2020200,
};

// Constants: c0 direction of the warm light; c1 of the cool one; c2 up, in model space;
// c3 floor's colour; c4 colour of the warm light; c5 of the cool one; c6 light from
// above; c7 numbers; c8 light from below.
//     dp3 r3.x, r0, r0
//     dp3 r3.y, r1, r1
//     + rsq r3.x, r3.x
//     mul r0.xyz, r0, r3.x
//     + rsq r3.y, r3.y
//     mul r1.xyz, r1, r3.y
//     dp3 r3.x, r0, c[0]         ; towards the warm light
//     dp3 r3.y, r0, r1           ; towards the eye
//     dp3 r3.z, r1, c[0]
//     mul r4.x, r3.x, r3.y       ; 2 (N·L) (N·V) - L·V: mirrored light towards the eye
//     mad_sat r4.x, r4.x, c[7].x, -r3.z
//     dp3_sat r3.w, r0, c[1]
//     + muls r4.x, r4.xx
//     dp3 r4.y, r0, c[2]
//     + muls r4.x, r4.xx
//     max r3.x, r3.x, c[7].w
//     + muls r4.x, r4.xx
//     add_sat r4.z, c[7].y, -r3.y    ; edges, seen at a low angle
//     + muls r4.x, r4.xx
//     mad r5.xyz, r4.y, c[6], c[8]   ; light from above and below
//     mad r5.xyz, r3.x, c[4], r5
//     mul r5.xyz, r5, r0.w
//     + muls r4.z, r4.zz
//     mul r5.xyz, r5, r2
//     + muls r4.z, r4.zz
//     mad r4.y, r4.z, c[7].z, r3.w
//     mad r5.xyz, r4.y, c[5], r5
//     mad r5.xyz, r4.x, c[4], r5
//     add r5.xyz, r5, -c[3]
//     alloc colors
//     mad oC0.xyz1, r5, r1.w, c[3]
static const uint32_t knot_pixel[] = {
    0x00006003, 0x60091000, 0x10000000, 0x0000600F, 0x30151000, 0x10000000, 0x00000000, 0x1018C400,
    0x20000000, 0xC8010003, 0x00000000, 0xF0000000, 0x58120303, 0x00000040, 0xF0010103, 0x58270300,
    0x00006C81, 0xE1000303, 0xC8070001, 0x0000B100, 0xE1010300, 0xC8010003, 0x00000000, 0xB0000000,
    0xC8020003, 0x00000000, 0xF0000100, 0xC8040003, 0x00000000, 0xB0010000, 0xC8010004, 0x006CB100,
    0xE1030300, 0xC9010004, 0x016C6CC6, 0xAB040703, 0x09180403, 0x00000040, 0xB0000104, 0x08120404,
    0x00000040, 0xB0000204, 0x08110403, 0x006C1B40, 0xA2030704, 0x09140404, 0x02B1B140, 0x60070304,
    0xC8070005, 0x00B10000, 0x8B040608, 0xC8070005, 0x006C0000, 0xAB030405, 0x08470405, 0x00001BC2,
    0xE1050004, 0x08470405, 0x000000C2, 0xE1050204, 0xC8020004, 0x00C6C61B, 0xAB040703, 0xC8070005,
    0x00B10000, 0xAB040505, 0xC8070005, 0x006C0000, 0xAB040405, 0xC8070005, 0x02000000, 0xA0050300,
    0xC88F8000, 0x00001B00, 0xCB050103,
};

const Program program_knot = {
    knot_vertex, sizeof knot_vertex / 4, 6, knot_pixel, sizeof knot_pixel / 4, 6, 3,
};

// Sky and floor: a strip across the screen. Vertices: place on the screen, colour.
//     vfetch r1.xy11, r0.x, vf0, format=37, stride=5, offset=0
//     vfetch r2.xyz1, r0.x, vf0, format=57, stride=5, offset=2
//     alloc position
//     max oPos, r1, r1
//     alloc interpolators 2
//     max o0, r2, r2
//     mad o1.xy__, r1, c[0], c[0].zwww
static const uint32_t backdrop_vertex[] = {
    0x00052003, 0x00001000, 0xC2000000, 0x00001005, 0x00011000, 0xC4000000, 0x00002006, 0x00002000,
    0x00000000, 0x00081000, 0x00250B48, 0x00000005, 0x00082000, 0x00390A88, 0x00000205, 0xC80F803E,
    0x00000000, 0xE2010100, 0xC80F8000, 0x00000000, 0xE2020200, 0xC8038001, 0x0000001A, 0x8B010000,
};

// Constants: c0 colour of the light around the middle; c1 numbers.
//     dp2add r1.x, r1, r1, c[1].x
//     add_sat r1.x, c[1].y, -r1.x
//     mul r1.x, r1.x, r1.x
//     alloc colors
//     mad oC0.xyz1, r1.x, c[0], r0
static const uint32_t backdrop_pixel[] = {
    0x00003002, 0x00001000, 0xC4000000, 0x00001005, 0x00002000, 0x00000000, 0xC8010001, 0x0000006C,
    0xD1010101, 0xC9010001, 0x02B16C00, 0x60010100, 0xC8010001, 0x006C6C00, 0xE1010100, 0xC88F8000,
    0x006C0000, 0xAB010000,
};

const Program program_backdrop = {
    backdrop_vertex, sizeof backdrop_vertex / 4, 3, backdrop_pixel, sizeof backdrop_pixel / 4, 2, 2,
};

// Stars: squares that face the eye, four vertices from each place in vf0, the corners from vf1.
// Constants: c0 to c3 matrix to clip space; c4 size in clip space; c5 numbers; c6 colour.
// Vertices: place; size and brightness.
//     mul r1.x, r0.x, c[5].x
//     vfetch r2.xyzw, r1.x, vf0, format=38, stride=4, offset=0
//     floor r1.y, r1.x
//     mad r1.z, r1.y, c[5].y, r0.x
//     vfetch r3.xy00, r1.z, vf1, format=37, stride=2, offset=0, rounded
//     mad r4, r2.z, c[2], c[3]
//     mad r4, r2.y, c[1], r4
//     mad r4, r2.x, c[0], r4
//     mul r5, r3, c[4]
//     alloc position
//     mad oPos, r5, r2.w, r4
//     alloc interpolators 2
//     max o0, r3, r3
//     mul o1, r2.w, c[6]
static const uint32_t stars_vertex[] = {
    0x01046003, 0x30091000, 0x10000000, 0x00000000, 0x100CC200, 0x10000000, 0x00000001, 0x200DC400,
    0x20000000, 0xC8010001, 0x006C6C00, 0xA1000500, 0x00082020, 0x00260688, 0x00000004, 0xC8020001,
    0x006C0000, 0xEA010000, 0xC8040001, 0x00B1B16C, 0xAB010500, 0x82083020, 0x00258908, 0x00000002,
    0xC80F0004, 0x00C60000, 0x8B020203, 0xC80F0004, 0x00B10000, 0xAB020104, 0xC80F0004, 0x006C0000,
    0xAB020004, 0xC80F0005, 0x00000000, 0xA1030400, 0xC80F803E, 0x00001B00, 0xEB050204, 0xC80F8000,
    0x00000000, 0xE2030300, 0xC80F8001, 0x001B0000, 0xA1020600,
};

// Constants: c0 numbers.
//     dp2add r0.x, r0, r0, -c[0].x
//     max_sat r0.x, -r0.x, -r0.x
//     mul r0.x, r0.x, r0.x
//     alloc colors
//     mul oC0, r1, r0.x
static const uint32_t stars_pixel[] = {
    0x00003002, 0x00001000, 0xC4000000, 0x00001005, 0x00002000, 0x00000000, 0xC8010000, 0x0100006C,
    0xD1000000, 0xC9010000, 0x066C6C00, 0xE2000000, 0xC8010000, 0x006C6C00, 0xE1000000, 0xC80F8000,
    0x00006C00, 0xE1010000,
};

const Program program_stars = {
    stars_vertex, sizeof stars_vertex / 4, 6, stars_pixel, sizeof stars_pixel / 4, 2, 2,
};

// Letters: strips along strokes. Vertices: a place on the stroke, the way to the edge, and the same
// in units of the stroke's half width, along and across.
// Constants: c0 scale and place on the screen; c1 half width.
//     vfetch r1.xy00, r0.x, vf0, format=37, stride=6, offset=0
//     vfetch r2.xyzw, r0.x, vf0, format=38, stride=6, offset=2
//     mad r3.xy, r2, c[1], r1
//     mad r3.xy, r3, c[0], c[0].zwww
//     alloc position
//     max oPos.xy01, r3, r3
//     alloc interpolators 1
//     max r2.xy, r2.zwww, r2.zwww
//     max r2.z, r1.x, r1.x
//     max o0, r2, r2
static const uint32_t letters_vertex[] = {
    0x00054003, 0x00001000, 0xC2000000, 0x00001007, 0x00001000, 0xC4000000, 0x00003008, 0x00002000,
    0x00000000, 0x00081000, 0x00250908, 0x00000006, 0x00082000, 0x00260688, 0x00000206, 0xC8030003,
    0x00000000, 0xAB020101, 0xC8030003, 0x0000001A, 0x8B030000, 0xC88BC03E, 0x00000000, 0xE2030300,
    0xC8030002, 0x001A1A00, 0xE2020200, 0xC8040002, 0x006C6C00, 0xE2010100, 0xC80F8000, 0x00000000,
    0xE2020200,
};

// Constants: c0 colour of the beginning; c1 added per unit of length; c2 where the shine is,
// sharpness of edges, sharpness of the shine; c3 numbers.
//     dp2add r1.x, r0, r0, c[3].x
//     sqrt r1.x, r1.x
//     mad_sat r1.y, -r1.x, c[2].y, c[2].y
//     add r1.z, r0.z, -c[2].x
//     mad r2.xyz, r0.z, c[1], c[0]
//     mad_sat r1.z, -r1_abs.z, c[2].z, c[3].y
//     mul r1.z, r1.z, r1.z
//     alloc colors
//     mad oC0.xyz_, r1.z, c[3].y, r2
//     max oC0.___w, r1.y, r1.y
static const uint32_t letters_pixel[] = {
    0x00006002, 0x10081000, 0x10000000, 0x00000000, 0x2009C400, 0x20000000, 0xC8010001, 0x0000006C,
    0xD1000003, 0xA0100100, 0x00000040, 0xE2000001, 0xC9020001, 0x046CB1B1, 0x8B010202, 0xC8040001,
    0x02C66C00, 0xA0000200, 0xC8070002, 0x00C60000, 0x8B000100, 0xC9040001, 0x04C6C6B1, 0x8B810203,
    0xC8040001, 0x00C6C600, 0xE1010100, 0xC8078000, 0x00C6B100, 0xAB010302, 0xC8088000, 0x00B1B100,
    0xE2010100,
};

const Program program_letters = {
    letters_vertex, sizeof letters_vertex / 4, 4, letters_pixel, sizeof letters_pixel / 4, 3, 1,
};

// The light around the letters: the same strips, wider. Constants as above.
//     dp2add r1.x, r0, r0, -c[3].y
//     max_sat r1.x, -r1.x, -r1.x
//     mul r1.x, r1.x, r1.x
//     mad r2.xyz, r0.z, c[1], c[0]
//     mul r1.x, r1.x, c[3].z
//     alloc colors
//     mul oC0.xyz0, r2, r1.x
static const uint32_t glow_pixel[] = {
    0x00005002, 0x00001000, 0xC4000000, 0x00001007, 0x00002000, 0x00000000, 0xC8010001, 0x010000B1,
    0xD1000003, 0xC9010001, 0x066C6C00, 0xE2010100, 0xC8010001, 0x006C6C00, 0xE1010100, 0xC8070002,
    0x00C60000, 0x8B000100, 0xC8010001, 0x006CC600, 0xA1010300, 0xC807C000, 0x00006C00, 0xE1020100,
};

const Program program_glow = {
    letters_vertex, sizeof letters_vertex / 4, 4, glow_pixel, sizeof glow_pixel / 4, 3, 1,
};
