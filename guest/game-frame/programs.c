// Shaders: in comments their sources for crates/xenia-microcode's assembler, and their words.
// After a change of source: BLESS=1 cargo test -p xenia-gpu guest_shaders::
//
// Constants of vertex shaders: c0 to c3 rows to clip space; c4 to c6 rows to the world; c7 scale
// and offset of texture coordinates; c8 to c10 rows to the shadow map; c64 on, bones. Of pixel
// shaders: c0 direction of the sun; c1 its colour; c2 light from everywhere; c3 numbers; c32 on,
// colours of materials.
#include "programs.h"
#include "pm4.h"
#include "runtime.h"

// Houses, ground, banner: place (32_32_32_FLOAT), texture coordinates
// (16_16_FLOAT), normal (2_10_10_10).
//     vfetch r1.xyz1, r0.x, vf0, format=57, stride=5, offset=0
//     vfetch r2.xy00, r0.x, vf0, format=31, stride=5, offset=3
//     vfetch r3.xyz0, r0.x, vf0, format=7, stride=5, offset=4, signed
//     dp4 r4.x, r1, c[4]
//     dp4 r4.y, r1, c[5]
//     dp4 r4.z, r1, c[6]
//     max r4.w, r1.w, r1.w
//     dp3 r5.x, r3, c[4]
//     dp3 r5.y, r3, c[5]
//     dp3 r5.z, r3, c[6]
//     max r5.w, r1.w, r1.w
//     dp4 r6.x, r4, c[8]
//     dp4 r6.y, r4, c[9]
//     dp4 r6.z, r4, c[10]
//     max r6.w, r1.w, r1.w
//     mad r2.xy, r2, c[7], c[7].zwww
//     alloc position
//     dp4 oPos.x, r4, c[0]
//     dp4 oPos.y, r4, c[1]
//     dp4 oPos.z, r4, c[2]
//     dp4 oPos.w, r4, c[3]
//     alloc interpolators 3
//     max o0, r2, r2
//     max o1, r5, r5
//     max o2, r6, r6
static const uint32_t solid_vertex[] = {
    0x00156004, 0x600A1000, 0x10000000, 0x00004010, 0x00001000, 0xC2000000, 0x00004014, 0x00021000,
    0xC4000000, 0x00003018, 0x00002000, 0x00000000, 0x00081000, 0x00390A88, 0x00000005, 0x00082000,
    0x001F0908, 0x00000305, 0x00083000, 0x00071888, 0x00000405, 0xC8010004, 0x00000000, 0xAF010400,
    0xC8020004, 0x00000000, 0xAF010500, 0xC8040004, 0x00000000, 0xAF010600, 0xC8080004, 0x001B1B00,
    0xE2010100, 0xC8010005, 0x00000000, 0xB0030400, 0xC8020005, 0x00000000, 0xB0030500, 0xC8040005,
    0x00000000, 0xB0030600, 0xC8080005, 0x001B1B00, 0xE2010100, 0xC8010006, 0x00000000, 0xAF040800,
    0xC8020006, 0x00000000, 0xAF040900, 0xC8040006, 0x00000000, 0xAF040A00, 0xC8080006, 0x001B1B00,
    0xE2010100, 0xC8030002, 0x0000001A, 0x8B020707, 0xC801803E, 0x00000000, 0xAF040000, 0xC802803E,
    0x00000000, 0xAF040100, 0xC804803E, 0x00000000, 0xAF040200, 0xC808803E, 0x00000000, 0xAF040300,
    0xC80F8000, 0x00000000, 0xE2020200, 0xC80F8001, 0x00000000, 0xE2050500, 0xC80F8002, 0x00000000,
    0xE2060600,
};

// Rocks and leaves: place (16_16_16_16_FLOAT), texture coordinates (16_16), normal (8_8_8_8).
//     vfetch r1.xyz1, r0.x, vf0, format=32, stride=4, offset=0
//     vfetch r2.xy00, r0.x, vf0, format=25, stride=4, offset=2
//     vfetch r3.xyz0, r0.x, vf0, format=6, stride=4, offset=3, signed
//     dp4 r4.x, r1, c[4]
//     dp4 r4.y, r1, c[5]
//     dp4 r4.z, r1, c[6]
//     max r4.w, r1.w, r1.w
//     dp3 r5.x, r3, c[4]
//     dp3 r5.y, r3, c[5]
//     dp3 r5.z, r3, c[6]
//     max r5.w, r1.w, r1.w
//     dp4 r6.x, r4, c[8]
//     dp4 r6.y, r4, c[9]
//     dp4 r6.z, r4, c[10]
//     max r6.w, r1.w, r1.w
//     mad r2.xy, r2, c[7], c[7].zwww
//     alloc position
//     dp4 oPos.x, r4, c[0]
//     dp4 oPos.y, r4, c[1]
//     dp4 oPos.z, r4, c[2]
//     dp4 oPos.w, r4, c[3]
//     alloc interpolators 3
//     max o0, r2, r2
//     max o1, r5, r5
//     max o2, r6, r6
static const uint32_t compact_vertex[] = {
    0x00156004, 0x600A1000, 0x10000000, 0x00004010, 0x00001000, 0xC2000000, 0x00004014, 0x00021000,
    0xC4000000, 0x00003018, 0x00002000, 0x00000000, 0x00081000, 0x00200A88, 0x00000004, 0x00082000,
    0x00190908, 0x00000204, 0x00083000, 0x00061888, 0x00000304, 0xC8010004, 0x00000000, 0xAF010400,
    0xC8020004, 0x00000000, 0xAF010500, 0xC8040004, 0x00000000, 0xAF010600, 0xC8080004, 0x001B1B00,
    0xE2010100, 0xC8010005, 0x00000000, 0xB0030400, 0xC8020005, 0x00000000, 0xB0030500, 0xC8040005,
    0x00000000, 0xB0030600, 0xC8080005, 0x001B1B00, 0xE2010100, 0xC8010006, 0x00000000, 0xAF040800,
    0xC8020006, 0x00000000, 0xAF040900, 0xC8040006, 0x00000000, 0xAF040A00, 0xC8080006, 0x001B1B00,
    0xE2010100, 0xC8030002, 0x0000001A, 0x8B020707, 0xC801803E, 0x00000000, 0xAF040000, 0xC802803E,
    0x00000000, 0xAF040100, 0xC804803E, 0x00000000, 0xAF040200, 0xC808803E, 0x00000000, 0xAF040300,
    0xC80F8000, 0x00000000, 0xE2020200, 0xC80F8001, 0x00000000, 0xE2050500, 0xC80F8002, 0x00000000,
    0xE2060600,
};

// Figures: place, texture coordinates, normal as solid ones; two bones (8_8_8_8, numbers of their
// first rows) and their weights (8_8_8_8).
//     vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
//     vfetch r2.xy00, r0.x, vf0, format=31, stride=7, offset=3
//     vfetch r3.xyz0, r0.x, vf0, format=7, stride=7, offset=4, signed
//     vfetch r7.xy00, r0.x, vf0, format=6, stride=7, offset=5, integer
//     vfetch r8.xy00, r0.x, vf0, format=6, stride=7, offset=6
//     maxas r9._, r7.xx
//     dp4 r4.x, r1, c[a0+64]
//     dp4 r4.y, r1, c[a0+65]
//     dp4 r4.z, r1, c[a0+66]
//     dp3 r5.x, r3, c[a0+64]
//     dp3 r5.y, r3, c[a0+65]
//     dp3 r5.z, r3, c[a0+66]
//     maxas r9._, r7.yy
//     dp4 r9.x, r1, c[a0+64]
//     dp4 r9.y, r1, c[a0+65]
//     dp4 r9.z, r1, c[a0+66]
//     dp3 r10.x, r3, c[a0+64]
//     dp3 r10.y, r3, c[a0+65]
//     dp3 r10.z, r3, c[a0+66]
//     mul r9.xyz, r9, r8.y
//     mad r4.xyz, r4, r8.x, r9
//     mul r10.xyz, r10, r8.y
//     mad r5.xyz, r5, r8.x, r10
//     max r4.w, r1.w, r1.w
//     max r5.w, r1.w, r1.w
//     dp4 r6.x, r4, c[8]
//     dp4 r6.y, r4, c[9]
//     dp4 r6.z, r4, c[10]
//     max r6.w, r1.w, r1.w
//     alloc position
//     dp4 oPos.x, r4, c[0]
//     dp4 oPos.y, r4, c[1]
//     dp4 oPos.z, r4, c[2]
//     dp4 oPos.w, r4, c[3]
//     alloc interpolators 3
//     max o0, r2, r2
//     max o1, r5, r5
//     max o2, r6, r6
static const uint32_t skinned_vertex[] = {
    0x01556005, 0x600B1000, 0x10000000, 0x00006011, 0x60171000, 0x10000000, 0x0000501D, 0x00001000,
    0xC2000000, 0x00004022, 0x00021000, 0xC4000000, 0x00003026, 0x00002000, 0x00000000, 0x00081000,
    0x00390A88, 0x00000007, 0x00082000, 0x001F0908, 0x00000307, 0x00083000, 0x00071888, 0x00000407,
    0x00087000, 0x00062908, 0x00000507, 0x00088000, 0x00060908, 0x00000607, 0x5C000000, 0x00000040,
    0xE2000007, 0xC8010004, 0xA0000000, 0xAF014000, 0xC8020004, 0xA0000000, 0xAF014100, 0xC8040004,
    0xA0000000, 0xAF014200, 0xC8010005, 0xA0000000, 0xB0034000, 0xC8020005, 0xA0000000, 0xB0034100,
    0xC8040005, 0xA0000000, 0xB0034200, 0x5C000000, 0x00000081, 0xE2000007, 0xC8010009, 0xA0000000,
    0xAF014000, 0xC8020009, 0xA0000000, 0xAF014100, 0xC8040009, 0xA0000000, 0xAF014200, 0xC801000A,
    0xA0000000, 0xB0034000, 0xC802000A, 0xA0000000, 0xB0034100, 0xC804000A, 0xA0000000, 0xB0034200,
    0xC8070009, 0x0000B100, 0xE1090800, 0xC8070004, 0x00006C00, 0xEB040809, 0xC807000A, 0x0000B100,
    0xE10A0800, 0xC8070005, 0x00006C00, 0xEB05080A, 0xC8080004, 0x001B1B00, 0xE2010100, 0xC8080005,
    0x001B1B00, 0xE2010100, 0xC8010006, 0x00000000, 0xAF040800, 0xC8020006, 0x00000000, 0xAF040900,
    0xC8040006, 0x00000000, 0xAF040A00, 0xC8080006, 0x001B1B00, 0xE2010100, 0xC801803E, 0x00000000,
    0xAF040000, 0xC802803E, 0x00000000, 0xAF040100, 0xC804803E, 0x00000000, 0xAF040200, 0xC808803E,
    0x00000000, 0xAF040300, 0xC80F8000, 0x00000000, 0xE2020200, 0xC80F8001, 0x00000000, 0xE2050500,
    0xC80F8002, 0x00000000, 0xE2060600,
};

// Materials: tf1 colour, tf2 grain, tf3 shadow map. The product before the last instruction has the
// number of its constant replaced, so that each material is a program of its own.
//     tfetch2D r3, r0.xy, tf1
//     tfetch2D r4, r0.xy, tf2
//     tfetch2D r5.x___, r2.xy, tf3
//     dp3_sat r6.x, r1, c[0]
//     sge r6.y, r5.x, r2.z
//     mul r6.x, r6.x, r6.y
//     mad r6.xyz, r6.x, c[1], c[2]
//     mul r3.xyz, r3, r6
//     mad r4.xyz, r4, c[3].x, c[3].y
//     mul r3.xyz, r3, r4
//     mul r3.xyz, r3, c[32]
//     alloc colors
//     max oC0, r3, r3
static const uint32_t material_pixel[] = {
    0x00156002, 0x50081000, 0x10000000, 0x00000000, 0x100DC400, 0x20000000, 0x50103001, 0x10FFF688,
    0x00004000, 0x50204001, 0x10FFF688, 0x00004000, 0x50305041, 0x10FFFFF8, 0x00004000, 0xC9010006,
    0x00000000, 0xB0010000, 0xC8020006, 0x006CC600, 0xE6050200, 0xC8010006, 0x006CB100, 0xE1060600,
    0xC8070006, 0x006C0000, 0x8B060102, 0xC8070003, 0x00000000, 0xE1030600, 0xC8070004, 0x00006CB1,
    0x8B040303, 0xC8070003, 0x00000000, 0xE1030400, 0xC8070003, 0x00000000, 0xA1032000, 0xC80F8000,
    0x00000000, 0xE2030300,
};

// Depth alone: places as above, to clip space by c0 to c3 and c4 to c6.
//     vfetch r1.xyz1, r0.x, vf0, format=57, stride=5, offset=0
//     dp4 r4.x, r1, c[4]
//     dp4 r4.y, r1, c[5]
//     dp4 r4.z, r1, c[6]
//     max r4.w, r1.w, r1.w
//     alloc position
//     dp4 oPos.x, r4, c[0]
//     dp4 oPos.y, r4, c[1]
//     dp4 oPos.z, r4, c[2]
//     dp4 oPos.w, r4, c[3]
static const uint32_t solid_depth_vertex[] = {
    0x00015002, 0x00001000, 0xC2000000, 0x00004007, 0x00002000, 0x00000000, 0x00081000, 0x00390A88,
    0x00000005, 0xC8010004, 0x00000000, 0xAF010400, 0xC8020004, 0x00000000, 0xAF010500, 0xC8040004,
    0x00000000, 0xAF010600, 0xC8080004, 0x001B1B00, 0xE2010100, 0xC801803E, 0x00000000, 0xAF040000,
    0xC802803E, 0x00000000, 0xAF040100, 0xC804803E, 0x00000000, 0xAF040200, 0xC808803E, 0x00000000,
    0xAF040300,
};

//     vfetch r1.xyz1, r0.x, vf0, format=32, stride=4, offset=0
//     dp4 r4.x, r1, c[4]
//     dp4 r4.y, r1, c[5]
//     dp4 r4.z, r1, c[6]
//     max r4.w, r1.w, r1.w
//     alloc position
//     dp4 oPos.x, r4, c[0]
//     dp4 oPos.y, r4, c[1]
//     dp4 oPos.z, r4, c[2]
//     dp4 oPos.w, r4, c[3]
static const uint32_t compact_depth_vertex[] = {
    0x00015002, 0x00001000, 0xC2000000, 0x00004007, 0x00002000, 0x00000000, 0x00081000, 0x00200A88,
    0x00000004, 0xC8010004, 0x00000000, 0xAF010400, 0xC8020004, 0x00000000, 0xAF010500, 0xC8040004,
    0x00000000, 0xAF010600, 0xC8080004, 0x001B1B00, 0xE2010100, 0xC801803E, 0x00000000, 0xAF040000,
    0xC802803E, 0x00000000, 0xAF040100, 0xC804803E, 0x00000000, 0xAF040200, 0xC808803E, 0x00000000,
    0xAF040300,
};

// Particles: place (32_32_32_FLOAT), diameter in pixels (32_FLOAT), colour (8_8_8_8).
//     vfetch r1.xyz1, r0.x, vf0, format=57, stride=5, offset=0
//     vfetch r3.x000, r0.x, vf0, format=36, stride=5, offset=3
//     vfetch r2.xyzw, r0.x, vf0, format=6, stride=5, offset=4
//     alloc position
//     dp4 oPos.x, r1, c[0]
//     dp4 oPos.y, r1, c[1]
//     dp4 oPos.z, r1, c[2]
//     dp4 oPos.w, r1, c[3]
//     max oPts, r3.x, r3.x
//     alloc interpolators 1
//     max o0, r2, r2
static const uint32_t particle_vertex[] = {
    0x00153003, 0x00001000, 0xC2000000, 0x00005006, 0x00001000, 0xC4000000, 0x0000100B, 0x00002000,
    0x00000000, 0x00081000, 0x00390A88, 0x00000005, 0x00083000, 0x00240920, 0x00000305, 0x00082000,
    0x00060688, 0x00000405, 0xC801803E, 0x00000000, 0xAF010000, 0xC802803E, 0x00000000, 0xAF010100,
    0xC804803E, 0x00000000, 0xAF010200, 0xC808803E, 0x00000000, 0xAF010300, 0xC80F803F, 0x006C6C00,
    0xE2030300, 0xC80F8000, 0x00000000, 0xE2020200,
};

//     alloc colors
//     max oC0, r0, r0
static const uint32_t plain_pixel[] = {
    0x00000000, 0x1001C400, 0x20000000, 0xC80F8000, 0x00000000, 0xE2000000,
};

// Pictures over the whole surface: corners from 0 to 1; c0 size of the surface.
//     vfetch r1.xy01, r0.x, vf0, format=37, stride=2, offset=0
//     alloc position
//     mul oPos.xy01, r1, c[0]
//     alloc interpolators 1
//     max o0, r1, r1
static const uint32_t screen_vertex[] = {
    0x00011003, 0x00001000, 0xC2000000, 0x00001004, 0x00001000, 0xC4000000, 0x00001005, 0x00002000,
    0x00000000, 0x00081000, 0x00250B08, 0x00000002, 0xC88BC03E, 0x00000000, 0xA1010000, 0xC80F8000,
    0x00000000, 0xE2010100,
};

// Clears: depth in c0's third component, the pixel shader's c4 as colour.
//     vfetch r1.xy01, r0.x, vf0, format=37, stride=2, offset=0
//     mul r1.xy, r1, c[0]
//     max r1.z, c[0].z, c[0].z
//     alloc position
//     max oPos, r1, r1
static const uint32_t clear_vertex[] = {
    0x00013002, 0x00001000, 0xC2000000, 0x00001005, 0x00002000, 0x00000000, 0x00081000, 0x00250B08,
    0x00000002, 0xC8030001, 0x00000000, 0xA1010000, 0xC8040001, 0x00C6C600, 0x22000000, 0xC80F803E,
    0x00000000, 0xE2010100,
};

//     alloc colors
//     max oC0, c[4], c[4]
static const uint32_t clear_pixel[] = {
    0x00000000, 0x1001C400, 0x20000000, 0xC80F8000, 0x00000000, 0x22040400,
};

// Parts of tf1 that are brighter than c5's first number.
//     tfetch2D r1, r0.xy, tf1
//     add_sat r1.xyz, r1, -c[5].x
//     mul r1.xyz, r1, c[5].y
//     alloc colors
//     max oC0, r1, r1
static const uint32_t bright_pixel[] = {
    0x00013002, 0x00001000, 0xC4000000, 0x00001005, 0x00002000, 0x00000000, 0x50101001, 0x10FFF688,
    0x00004000, 0xC9070001, 0x02006C00, 0xA0010500, 0xC8070001, 0x0000B100, 0xA1010500, 0xC80F8000,
    0x00000000, 0xE2010100,
};

//     tfetch2D r1, r0.xy, tf1
//     alloc colors
//     max oC0, r1, r1
static const uint32_t smaller_pixel[] = {
    0x00011002, 0x00001000, 0xC4000000, 0x00001003, 0x00002000, 0x00000000, 0x50101001, 0x10FFF688,
    0x00004000, 0xC80F8000, 0x00000000, 0xE2010100,
};

// Five texels along c6, weights in c7.
//     add r1.xy, r0, -c[6].zwww
//     add r2.xy, r0, -c[6]
//     add r3.xy, r0, c[6]
//     add r4.xy, r0, c[6].zwww
//     tfetch2D r1, r1.xy, tf1
//     tfetch2D r2, r2.xy, tf1
//     tfetch2D r5, r0.xy, tf1
//     tfetch2D r3, r3.xy, tf1
//     tfetch2D r4, r4.xy, tf1
//     add r1, r1, r4
//     add r2, r2, r3
//     mul r1, r1, c[7].z
//     mad r1, r2, c[7].y, r1
//     mad r1, r5, c[7].x, r1
//     alloc colors
//     max oC0, r1, r1
static const uint32_t blur_pixel[] = {
    0x05006003, 0x60091000, 0x10000015, 0x0000200F, 0x00001000, 0xC4000000, 0x00001011, 0x00002000,
    0x00000000, 0xC8030001, 0x02001A00, 0xA0000600, 0xC8030002, 0x02000000, 0xA0000600, 0xC8030003,
    0x00000000, 0xA0000600, 0xC8030004, 0x00001A00, 0xA0000600, 0x50101021, 0x10FFF688, 0x00004000,
    0x50102041, 0x10FFF688, 0x00004000, 0x50105001, 0x10FFF688, 0x00004000, 0x50103061, 0x10FFF688,
    0x00004000, 0x50104081, 0x10FFF688, 0x00004000, 0xC80F0001, 0x00000000, 0xE0010400, 0xC80F0002,
    0x00000000, 0xE0020300, 0xC80F0001, 0x0000C600, 0xA1010700, 0xC80F0001, 0x0000B100, 0xAB020701,
    0xC80F0001, 0x00006C00, 0xAB050701, 0xC80F8000, 0x00000000, 0xE2010100,
};

// The picture (tf1), the light around what is bright (tf2), and mist by depth
// (tf3): c5 numbers, c4 mist's colour.
//     tfetch2D r1, r0.xy, tf1
//     tfetch2D r2, r0.xy, tf2
//     tfetch2D r3.x___, r0.xy, tf3
//     add r4.x, r3.x, -c[5].z
//     mul_sat r4.x, r4.x, c[5].w
//     add r5.xyz, c[4], -r1
//     mad r1.xyz, r5, r4.x, r1
//     add r1.xyz, r1, r2
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t compose_pixel[] = {
    0x00156002, 0x20081000, 0x10000000, 0x00000000, 0x100AC400, 0x20000000, 0x50101001, 0x10FFF688,
    0x00004000, 0x50202001, 0x10FFF688, 0x00004000, 0x50303001, 0x10FFFFF8, 0x00004000, 0xC8010004,
    0x026CC600, 0xA0030500, 0xC9010004, 0x006C1B00, 0xA1040500, 0xC8070005, 0x02000000, 0x60040100,
    0xC8070001, 0x00006C00, 0xEB050401, 0xC8070001, 0x00000000, 0xE0010200, 0xC88F8000, 0x00000000,
    0xE2010100,
};

// A step of colour grading: a curve between the colour and its square.
//     tfetch2D r1, r0.xy, tf1
//     mul r2, r1, r1
//     add r2, r2, -r1
//     mad r1, r2, c[5].x, r1
//     alloc colors
//     max oC0.xyz1, r1, r1
static const uint32_t grade_pixel[] = {
    0x00014002, 0x00001000, 0xC4000000, 0x00001006, 0x00002000, 0x00000000, 0x50101001, 0x10FFF688,
    0x00004000, 0xC80F0002, 0x00000000, 0xE1010100, 0xC80F0002, 0x02000000, 0xE0020100, 0xC80F0001,
    0x00006C00, 0xAB020501, 0xC88F8000, 0x00000000, 0xE2010100,
};

#define CODE(words, registers) {words, sizeof words / 4, registers, 0}

static Code codes[CODES] = {
    [SOLID_VERTEX] = CODE(solid_vertex, 8),
    [COMPACT_VERTEX] = CODE(compact_vertex, 8),
    [SKINNED_VERTEX] = CODE(skinned_vertex, 12),
    [SOLID_DEPTH_VERTEX] = CODE(solid_depth_vertex, 6),
    [COMPACT_DEPTH_VERTEX] = CODE(compact_depth_vertex, 6),
    [PARTICLE_VERTEX] = CODE(particle_vertex, 6),
    [SCREEN_VERTEX] = CODE(screen_vertex, 3),
    [CLEAR_VERTEX] = CODE(clear_vertex, 3),
    [PLAIN_PIXEL] = CODE(plain_pixel, 3),
    [CLEAR_PIXEL] = CODE(clear_pixel, 3),
    [BRIGHT_PIXEL] = CODE(bright_pixel, 3),
    [SMALLER_PIXEL] = CODE(smaller_pixel, 3),
    [BLUR_PIXEL] = CODE(blur_pixel, 8),
    [COMPOSE_PIXEL] = CODE(compose_pixel, 8),
    [GRADE_PIXEL] = CODE(grade_pixel, 4),
};
static Code materials[MATERIALS];

// Programs lie in memory, where the chip loads them from.
static void place_code(Code *code, uint32_t *words, uint32_t physical) {
    memcpy(words, code->words, code->count * 4);
    code->words = words;
    code->physical = physical;
}

void init_programs(void) {
    enum { WORDS_OF_MATERIAL = sizeof material_pixel / 4, TINT = WORDS_OF_MATERIAL - 2 * 3 + 2 };
    uint32_t total = MATERIALS * WORDS_OF_MATERIAL;
    for (int i = 0; i < CODES; i++) total += codes[i].count;
    Shared memory;
    gpu_allocate(&memory, (total * 4 + 4095) & -4096u);
    uint32_t *words = memory.at, physical = memory.physical;
    for (int i = 0; i < CODES; i++) {
        place_code(&codes[i], words, physical);
        words += codes[i].count, physical += codes[i].count * 4;
    }
    for (uint32_t i = 0; i < MATERIALS; i++) {
        materials[i] = (Code)CODE(material_pixel, 8);
        place_code(&materials[i], words, physical);
        words[TINT] = (words[TINT] & ~0xFF00u) | (FIRST_TINT + i) << 8;
        words += WORDS_OF_MATERIAL, physical += WORDS_OF_MATERIAL * 4;
    }
}

const Code *code(uint32_t which) {
    return &codes[which];
}

const Code *material(uint32_t number) {
    return &materials[number % MATERIALS];
}

static void load(Commands *commands, uint32_t kind, const Code *code) {
    emit(commands, TYPE3(IM_LOAD, 2));
    emit(commands, code->physical | kind);
    emit(commands, code->count);
}

void use(Commands *commands, const Code *vertex, const Code *pixel, uint32_t interpolators, uint32_t exports) {
    emit(commands, TYPE0(SQ_PROGRAM_CNTL, 3));
    emit(commands, (vertex->registers - 1) | (pixel->registers - 1) << 8 | 1 << 16 | 1 << 17 |
                       (interpolators ? interpolators - 1 : 0) << 20 | exports << 24);
    emit(commands, 0);
    emit(commands, 0xFFFF); // smooth shading, sampled at centres
    load(commands, VERTEX_SHADER, vertex);
    load(commands, PIXEL_SHADER, pixel);
}
