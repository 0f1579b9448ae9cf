//! Render backend: render targets, blending, depth and stencil, resolves.

use super::{plain_registers, registers};
use crate::enums::{
    BlendFactor, BlendOp, ColorTargetFormat, Compare, CopyCommand, DepthFormat, EdramMode, Msaa, StencilOp,
};

registers! {
    /// Width of the render targets in pixels, and samples per pixel.
    0x2000 RbSurfaceInfo "RB_SURFACE_INFO" {
        surface_pitch: 0..=13 u32,
        msaa_samples: 16..=17 Msaa,
        hiz_pitch: 18..=31 u32,
    }
    /// EDRAM base, format and exponent bias of a colour render target.
    0x2001 RbColorInfo "RB_COLOR_INFO" {
        color_base: 0..=10 u32,
        color_base_bit_11: 11..=11 u32,
        color_format: 16..=19 ColorTargetFormat,
        color_exp_bias: 20..=25 i32,
    }
    /// EDRAM base and format of the depth render target.
    0x2002 RbDepthInfo "RB_DEPTH_INFO" {
        depth_base: 0..=10 u32,
        depth_base_bit_11: 11..=11 u32,
        depth_format: 16..=16 DepthFormat,
    }
    /// Write mask of the components of the four colour render targets.
    0x2104 RbColorMask "RB_COLOR_MASK" {
        write_red0: 0..=0 bool,
        write_green0: 1..=1 bool,
        write_blue0: 2..=2 bool,
        write_alpha0: 3..=3 bool,
        write_red1: 4..=4 bool,
        write_green1: 5..=5 bool,
        write_blue1: 6..=6 bool,
        write_alpha1: 7..=7 bool,
        write_red2: 8..=8 bool,
        write_green2: 9..=9 bool,
        write_blue2: 10..=10 bool,
        write_alpha2: 11..=11 bool,
        write_red3: 12..=12 bool,
        write_green3: 13..=13 bool,
        write_blue3: 14..=14 bool,
        write_alpha3: 15..=15 bool,
    }
    /// Stencil reference and masks.
    0x210d RbStencilrefmask "RB_STENCILREFMASK" {
        stencilref: 0..=7 u32,
        stencilmask: 8..=15 u32,
        stencilwritemask: 16..=23 u32,
    }
    /// Depth and stencil test.
    0x2200 RbDepthcontrol "RB_DEPTHCONTROL" {
        stencil_enable: 0..=0 bool,
        z_enable: 1..=1 bool,
        z_write_enable: 2..=2 bool,
        zfunc: 4..=6 Compare,
        backface_enable: 7..=7 bool,
        stencilfunc: 8..=10 Compare,
        stencilfail: 11..=13 StencilOp,
        stencilzpass: 14..=16 StencilOp,
        stencilzfail: 17..=19 StencilOp,
        stencilfunc_bf: 20..=22 Compare,
        stencilfail_bf: 23..=25 StencilOp,
        stencilzpass_bf: 26..=28 StencilOp,
        stencilzfail_bf: 29..=31 StencilOp,
    }
    /// Blend factors and functions of a colour render target.
    0x2201 RbBlendcontrol "RB_BLENDCONTROL" {
        color_srcblend: 0..=4 BlendFactor,
        color_comb_fcn: 5..=7 BlendOp,
        color_destblend: 8..=12 BlendFactor,
        alpha_srcblend: 16..=20 BlendFactor,
        alpha_comb_fcn: 21..=23 BlendOp,
        alpha_destblend: 24..=28 BlendFactor,
    }
    /// Alpha test and alpha to coverage.
    0x2202 RbColorcontrol "RB_COLORCONTROL" {
        alpha_func: 0..=2 Compare,
        alpha_test_enable: 3..=3 bool,
        alpha_to_mask_enable: 4..=4 bool,
        alpha_to_mask_offset0: 24..=25 u32,
        alpha_to_mask_offset1: 26..=27 u32,
        alpha_to_mask_offset2: 28..=29 u32,
        alpha_to_mask_offset3: 30..=31 u32,
    }
    /// Use of the hierarchical depth and stencil buffer.
    0x2203 RbHizcontrol "RB_HIZCONTROL" {
        hi_z_write_enable: 0..=0 bool,
        hi_z_enable: 1..=1 bool,
        hi_stencil_write_enable: 2..=2 bool,
        hi_stencil_enable: 3..=3 bool,
    }
    /// Operation of the render backend for the next draw: colour and depth, depth only, or a
    /// resolve.
    0x2208 RbModecontrol "RB_MODECONTROL" {
        edram_mode: 0..=2 EdramMode,
    }
    /// Source, samples, command and clears of a resolve.
    0x2318 RbCopyControl "RB_COPY_CONTROL" {
        copy_src_select: 0..=2 u32,
        copy_sample_select: 4..=6 u32,
        color_clear_enable: 8..=8 bool,
        depth_clear_enable: 9..=9 bool,
        copy_command: 20..=21 CopyCommand,
    }
    /// Size of a resolve's destination, in texels.
    0x231a RbCopyDestPitch "RB_COPY_DEST_PITCH" {
        copy_dest_pitch: 0..=13 u32,
        copy_dest_height: 16..=29 u32,
    }
    /// Format and byte order of a resolve's destination.
    0x231b RbCopyDestInfo "RB_COPY_DEST_INFO" {
        copy_dest_endian: 0..=2 u32,
        copy_dest_array: 3..=3 bool,
        copy_dest_slice: 4..=6 u32,
        copy_dest_format: 7..=12 u32,
        copy_dest_number: 13..=15 u32,
        copy_dest_exp_bias: 16..=21 i32,
        copy_dest_swap: 24..=24 bool,
    }
}

plain_registers! {
    0x0f01 RB_BC_CONTROL;
    0x0f02 RB_EDRAM_INFO;
    0x0f04 BC_PERFCOUNTER0_SELECT;
    0x0f05 BC_PERFCOUNTER1_SELECT;
    0x0f06 BC_PERFCOUNTER2_SELECT;
    0x0f07 BC_PERFCOUNTER3_SELECT;
    0x0f08 BC_PERFCOUNTER0_LOW;
    0x0f09 BC_PERFCOUNTER0_HI;
    0x0f0a BC_PERFCOUNTER1_LOW;
    0x0f0b BC_PERFCOUNTER1_HI;
    0x0f0c BC_PERFCOUNTER2_LOW;
    0x0f0d BC_PERFCOUNTER2_HI;
    0x0f0e BC_PERFCOUNTER3_LOW;
    0x0f0f BC_PERFCOUNTER3_HI;
    0x1004 HZ_PERFCOUNTER0_SELECT;
    0x1005 HZ_PERFCOUNTER0_HI;
    0x1006 HZ_PERFCOUNTER0_LOW;
    0x1007 HZ_PERFCOUNTER1_SELECT;
    0x1008 HZ_PERFCOUNTER1_HI;
    0x1009 HZ_PERFCOUNTER1_LOW;
    0x2003 RB_COLOR1_INFO;
    0x2004 RB_COLOR2_INFO;
    0x2005 RB_COLOR3_INFO;
    0x2105 RB_BLEND_RED;
    0x2106 RB_BLEND_GREEN;
    0x2107 RB_BLEND_BLUE;
    0x2108 RB_BLEND_ALPHA;
    0x2109 RB_FOG_COLOR_RED;
    0x210a RB_FOG_COLOR_GREEN;
    0x210b RB_FOG_COLOR_BLUE;
    0x210c RB_STENCILREFMASK_BF;
    0x210e RB_ALPHA_REF;
    0x2209 RB_BLENDCONTROL1;
    0x220a RB_BLENDCONTROL2;
    0x220b RB_BLENDCONTROL3;
    /// Physical address of a resolve's destination.
    0x2319 RB_COPY_DEST_BASE;
    0x231c RB_HIZ_CLEAR;
    /// Depth (high 24 bits) and stencil clear value of a resolve.
    0x231d RB_DEPTH_CLEAR;
    /// Clear colour bits of a resolve (high half of 64-bit formats).
    0x231e RB_COLOR_CLEAR;
    /// Low half of the clear colour of 64-bit formats.
    0x231f RB_COLOR_CLEAR_LO;
    0x2320 RB_COPY_FUNC;
    0x2321 RB_COPY_REF;
    0x2322 RB_COPY_MASK;
    /// Texels of a slice of a resolve's destination: its pitch times its height.
    0x2323 RB_COPY_SURFACE_SLICE;
    0x2324 RB_SAMPLE_COUNT_CTL;
    /// Physical address to which occlusion queries write the sample counters.
    0x2325 RB_SAMPLE_COUNT_ADDR;
}
