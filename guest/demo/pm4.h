// The command stream's words: packet headers, opcodes, and the registers that the demo sets.
// Names are the hardware's.
#pragma once
#include <stdint.h>

#define TYPE0(first, count) ((((uint32_t)(count) - 1) & 0x3FFF) << 16 | (first))
#define TYPE3(opcode, count) (0xC0000000u | (((uint32_t)(count) - 1) & 0x3FFF) << 16 | (uint32_t)(opcode) << 8)

enum {
    DRAW_INDX = 0x22,
    IM_LOAD_IMMEDIATE = 0x2B,
    SET_CONSTANT = 0x2D,
    DRAW_INDX_2 = 0x36,
    INDIRECT_BUFFER = 0x3F,
    ME_INIT = 0x48,
    INTERRUPT = 0x54,
    EVENT_WRITE_SHD = 0x58,
};

enum { CACHE_FLUSH_TS = 4 };

enum {
    RB_SURFACE_INFO = 0x2000,
    RB_COLOR_INFO = 0x2001,
    RB_DEPTH_INFO = 0x2002,
    PA_SC_SCREEN_SCISSOR_TL = 0x200E,
    PA_SC_WINDOW_OFFSET = 0x2080,
    PA_SC_WINDOW_SCISSOR_TL = 0x2081,
    PA_SC_WINDOW_SCISSOR_BR = 0x2082,
    VGT_MAX_VTX_INDX = 0x2100,
    RB_COLOR_MASK = 0x2104,
    PA_CL_VPORT_XSCALE = 0x210F,
    SQ_PROGRAM_CNTL = 0x2180,
    RB_DEPTHCONTROL = 0x2200,
    RB_BLENDCONTROL = 0x2201,
    RB_COLORCONTROL = 0x2202,
    PA_CL_CLIP_CNTL = 0x2204,
    PA_SU_SC_MODE_CNTL = 0x2205,
    PA_CL_VTE_CNTL = 0x2206,
    RB_MODECONTROL = 0x2208,
    PA_SC_AA_CONFIG = 0x2301,
    PA_SU_VTX_CNTL = 0x2302,
    SQ_VS_CONST = 0x2307,
    PA_SC_AA_MASK = 0x2312,
    RB_COPY_CONTROL = 0x2318,
    RB_COPY_DEST_BASE = 0x2319,
    FETCH_CONSTANTS = 0x4800,
};

enum { TRIANGLE_STRIP = 6, RECTANGLE_LIST = 8, QUAD_LIST = 13 };
enum { VERTEX_SHADER, PIXEL_SHADER };

// Byte orders of vertices and indices in memory.
enum { ENDIAN_8IN16 = 1, ENDIAN_8IN32 = 2 };
