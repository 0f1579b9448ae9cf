//! Sequencer: shader programs, interpolators, constant ranges; shader export.

use super::{plain_registers, registers};
use crate::enums::{SampleControl, VertexExportMode};

registers! {
    /// Register counts of both shaders, the vertex shader's export mode, and generated inputs.
    0x2180 SqProgramCntl "SQ_PROGRAM_CNTL" {
        vs_num_reg: 0..=7 u32,
        ps_num_reg: 8..=15 u32,
        vs_resource: 16..=16 bool,
        ps_resource: 17..=17 bool,
        param_gen: 18..=18 bool,
        gen_index_pix: 19..=19 bool,
        vs_export_count: 20..=23 u32,
        vs_export_mode: 24..=26 VertexExportMode,
        ps_export_mode: 27..=30 u32,
        gen_index_vtx: 31..=31 bool,
    }
    /// Register of the generated pixel position, and sampling at triangle edges.
    0x2181 SqContextMisc "SQ_CONTEXT_MISC" {
        inst_pred_optimize: 0..=0 bool,
        sc_output_screen_xy: 1..=1 bool,
        sc_sample_cntl: 2..=3 SampleControl,
        param_gen_pos: 8..=15 u32,
        perfcounter_ref: 16..=16 bool,
        yield_optimize: 17..=17 bool,
        tx_cache_sel: 18..=18 bool,
    }
    /// Flat or smooth shading and the sampling position, one bit per interpolator.
    0x2182 SqInterpolatorCntl "SQ_INTERPOLATOR_CNTL" {
        param_shade: 0..=15 u32,
        sampling_pattern: 16..=31 u32,
    }
    /// First float constant of the vertex shader and the number of constants minus one.
    0x2307 SqVsConst "SQ_VS_CONST" {
        base: 0..=8 u32,
        size: 12..=20 u32,
    }
    /// First float constant of the pixel shader and the number of constants minus one.
    0x2308 SqPsConst "SQ_PS_CONST" {
        base: 0..=8 u32,
        size: 12..=20 u32,
    }
}

plain_registers! {
    0x0d00 SQ_GPR_MANAGEMENT;
    0x0d01 SQ_FLOW_CONTROL;
    0x0d02 SQ_INST_STORE_MANAGMENT;
    0x0d04 SQ_EO_RT;
    0x0dc8 SQ_PERFCOUNTER0_SELECT;
    0x0dc9 SQ_PERFCOUNTER1_SELECT;
    0x0dca SQ_PERFCOUNTER2_SELECT;
    0x0dcb SQ_PERFCOUNTER3_SELECT;
    0x0dcc SQ_PERFCOUNTER0_LOW;
    0x0dcd SQ_PERFCOUNTER0_HI;
    0x0dce SQ_PERFCOUNTER1_LOW;
    0x0dcf SQ_PERFCOUNTER1_HI;
    0x0dd0 SQ_PERFCOUNTER2_LOW;
    0x0dd1 SQ_PERFCOUNTER2_HI;
    0x0dd2 SQ_PERFCOUNTER3_LOW;
    0x0dd3 SQ_PERFCOUNTER3_HI;
    0x0dd4 SX_PERFCOUNTER0_SELECT;
    0x0dd8 SX_PERFCOUNTER0_LOW;
    0x0dd9 SX_PERFCOUNTER0_HI;
    0x2183 SQ_WRAPPING_0;
    0x2184 SQ_WRAPPING_1;
    0x2309 SQ_DEBUG_MISC_0;
    0x230a SQ_DEBUG_MISC_1;
    0x2315 SQ_CF_PROGRAM_SIZE;
}
