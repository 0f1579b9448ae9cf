//! Vertex grouper and tessellator: indices, primitives, draw starts.

use super::{plain_registers, registers};
use crate::enums::{Primitive, TessellationMode};
use crate::memory::Endian;

registers! {
    /// Upper bound that indices are clamped to.
    0x2100 VgtMaxVtxIndx "VGT_MAX_VTX_INDX" {
        max_indx: 0..=23 u32,
    }
    /// Lower bound that indices are clamped to.
    0x2101 VgtMinVtxIndx "VGT_MIN_VTX_INDX" {
        min_indx: 0..=23 u32,
    }
    /// Added to every index (24-bit two's complement).
    0x2102 VgtIndxOffset "VGT_INDX_OFFSET" {
        indx_offset: 0..=23 u32,
    }
    /// Primitive restart index, which ends a strip or fan.
    0x2103 VgtMultiPrimIbResetIndx "VGT_MULTI_PRIM_IB_RESET_INDX" {
        reset_indx: 0..=23 u32,
    }
    /// Size of the index buffer in indices, and their byte order.
    0x21fb VgtDmaSize "VGT_DMA_SIZE" {
        num_words: 0..=23 u32,
        swap_mode: 30..=31 Endian,
    }
    /// Primitive type, source and number of indices; a store starts the draw.
    0x21fc VgtDrawInitiator "VGT_DRAW_INITIATOR" {
        prim_type: 0..=5 Primitive,
        source_select: 6..=7 u32,
        major_mode: 8..=9 u32,
        index_size: 11..=11 u32,
        not_eop: 12..=12 bool,
        num_indices: 16..=31 u32,
    }
    /// Whether vertices pass through the tessellator.
    0x2284 VgtOutputPathCntl "VGT_OUTPUT_PATH_CNTL" {
        path_select: 0..=1 u32,
    }
    /// Tessellation mode of patches.
    0x2285 VgtHosCntl "VGT_HOS_CNTL" {
        tess_mode: 0..=1 TessellationMode,
    }
}

plain_registers! {
    0x0c48 VGT_PERFCOUNTER0_SELECT;
    0x0c49 VGT_PERFCOUNTER1_SELECT;
    0x0c4a VGT_PERFCOUNTER2_SELECT;
    0x0c4b VGT_PERFCOUNTER3_SELECT;
    0x0c4c VGT_PERFCOUNTER0_LOW;
    0x0c4d VGT_PERFCOUNTER0_HI;
    0x0c4e VGT_PERFCOUNTER1_LOW;
    0x0c4f VGT_PERFCOUNTER1_HI;
    0x0c50 VGT_PERFCOUNTER2_LOW;
    0x0c51 VGT_PERFCOUNTER2_HI;
    0x0c52 VGT_PERFCOUNTER3_LOW;
    0x0c53 VGT_PERFCOUNTER3_HI;
    0x21f9 VGT_EVENT_INITIATOR;
    0x21fa VGT_DMA_BASE;
    0x21fd VGT_IMMED_DATA;
    0x2207 VGT_CURRENT_BIN_ID_MIN;
    0x2286 VGT_HOS_MAX_TESS_LEVEL;
    0x2287 VGT_HOS_MIN_TESS_LEVEL;
    0x2288 VGT_HOS_REUSE_DEPTH;
    0x2289 VGT_GROUP_PRIM_TYPE;
    0x228a VGT_GROUP_FIRST_DECR;
    0x228b VGT_GROUP_DECR;
    0x228c VGT_GROUP_VECT_0_CNTL;
    0x228d VGT_GROUP_VECT_1_CNTL;
    0x228e VGT_GROUP_VECT_0_FMT_CNTL;
    0x228f VGT_GROUP_VECT_1_FMT_CNTL;
    0x2294 VGT_ENHANCE;
    0x2316 VGT_VERTEX_REUSE_BLOCK_CNTL;
    0x2317 VGT_OUT_DEALLOC_CNTL;
}
