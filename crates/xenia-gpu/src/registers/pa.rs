//! Primitive assembly: clipping, viewport, setup, scan conversion.

use super::{plain_registers, registers};
use crate::enums::PolygonFill;

registers! {
    /// Top left of the screen scissor.
    0x200e PaScScreenScissorTl "PA_SC_SCREEN_SCISSOR_TL" {
        tl_x: 0..=14 i32,
        tl_y: 16..=30 i32,
    }
    /// Bottom right (exclusive) of the screen scissor.
    0x200f PaScScreenScissorBr "PA_SC_SCREEN_SCISSOR_BR" {
        br_x: 0..=14 i32,
        br_y: 16..=30 i32,
    }
    /// Added to vertex positions and, unless disabled, to the window scissor.
    0x2080 PaScWindowOffset "PA_SC_WINDOW_OFFSET" {
        window_x_offset: 0..=14 i32,
        window_y_offset: 16..=30 i32,
    }
    /// Top left of the window scissor.
    0x2081 PaScWindowScissorTl "PA_SC_WINDOW_SCISSOR_TL" {
        tl_x: 0..=13 u32,
        tl_y: 16..=29 u32,
        window_offset_disable: 31..=31 bool,
    }
    /// Bottom right (exclusive) of the window scissor.
    0x2082 PaScWindowScissorBr "PA_SC_WINDOW_SCISSOR_BR" {
        br_x: 0..=13 u32,
        br_y: 16..=29 u32,
    }
    /// User clip planes and clipping.
    0x2204 PaClClipCntl "PA_CL_CLIP_CNTL" {
        ucp_ena_0: 0..=0 bool,
        ucp_ena_1: 1..=1 bool,
        ucp_ena_2: 2..=2 bool,
        ucp_ena_3: 3..=3 bool,
        ucp_ena_4: 4..=4 bool,
        ucp_ena_5: 5..=5 bool,
        ps_ucp_mode: 14..=15 u32,
        clip_disable: 16..=16 bool,
        ucp_cull_only_ena: 17..=17 bool,
        boundary_edge_flag_ena: 18..=18 bool,
        dx_clip_space_def: 19..=19 bool,
        dis_clip_err_detect: 20..=20 bool,
        vtx_kill_or: 21..=21 bool,
        xy_nan_retain: 22..=22 bool,
        z_nan_retain: 23..=23 bool,
        w_nan_retain: 24..=24 bool,
    }
    /// Culling, polygon mode and offset, multisampling, provoking vertex, index reset.
    0x2205 PaSuScModeCntl "PA_SU_SC_MODE_CNTL" {
        cull_front: 0..=0 bool,
        cull_back: 1..=1 bool,
        face: 2..=2 bool,
        poly_mode: 3..=4 u32,
        polymode_front_ptype: 5..=7 PolygonFill,
        polymode_back_ptype: 8..=10 PolygonFill,
        poly_offset_front_enable: 11..=11 bool,
        poly_offset_back_enable: 12..=12 bool,
        poly_offset_para_enable: 13..=13 bool,
        msaa_enable: 15..=15 bool,
        vtx_window_offset_enable: 16..=16 bool,
        provoking_vtx_last: 19..=19 bool,
        persp_corr_dis: 20..=20 bool,
        multi_prim_ib_ena: 21..=21 bool,
        quad_order_enable: 23..=23 bool,
        sc_one_quad_per_clock: 24..=24 bool,
    }
    /// Enabled steps of the viewport transform, and the format of the positions.
    0x2206 PaClVteCntl "PA_CL_VTE_CNTL" {
        vport_x_scale_ena: 0..=0 bool,
        vport_x_offset_ena: 1..=1 bool,
        vport_y_scale_ena: 2..=2 bool,
        vport_y_offset_ena: 3..=3 bool,
        vport_z_scale_ena: 4..=4 bool,
        vport_z_offset_ena: 5..=5 bool,
        vtx_xy_fmt: 8..=8 bool,
        vtx_z_fmt: 9..=9 bool,
        vtx_w0_fmt: 10..=10 bool,
        perfcounter_ref: 11..=11 bool,
    }
    /// Half size of points, in 1/16 pixel.
    0x2280 PaSuPointSize "PA_SU_POINT_SIZE" {
        height: 0..=15 u32,
        width: 16..=31 u32,
    }
    /// Smallest and largest point size, in 1/16 pixel from the centre.
    0x2281 PaSuPointMinmax "PA_SU_POINT_MINMAX" {
        min_size: 0..=15 u32,
        max_size: 16..=31 u32,
    }
    /// Half width of lines, in 1/16 pixel.
    0x2282 PaSuLineCntl "PA_SU_LINE_CNTL" {
        width: 0..=15 u32,
    }
    /// Multi-pass pixel shading.
    0x2292 PaScMpassPsCntl "PA_SC_MPASS_PS_CNTL" {
        mpass_pix_vec_per_pass: 0..=19 u32,
        mpass_ps_ena: 31..=31 bool,
    }
    /// Visibility query of the next draw.
    0x2293 PaScVizQuery "PA_SC_VIZ_QUERY" {
        viz_query_ena: 0..=0 bool,
        viz_query_id: 1..=6 u32,
        kill_pix_post_hi_z: 7..=7 bool,
        kill_pix_post_detail_mask: 8..=8 bool,
    }
    /// Position of pixel centres, and rounding of vertex positions.
    0x2302 PaSuVtxCntl "PA_SU_VTX_CNTL" {
        pix_center: 0..=0 bool,
        round_mode: 1..=2 u32,
        quant_mode: 3..=5 u32,
    }
}

plain_registers! {
    0x0c44 PA_SC_VIZ_QUERY_STATUS_0;
    0x0c45 PA_SC_VIZ_QUERY_STATUS_1;
    0x0c85 PA_CL_ENHANCE;
    0x0c88 PA_SU_PERFCOUNTER0_SELECT;
    0x0c89 PA_SU_PERFCOUNTER1_SELECT;
    0x0c8a PA_SU_PERFCOUNTER2_SELECT;
    0x0c8b PA_SU_PERFCOUNTER3_SELECT;
    0x0c8c PA_SU_PERFCOUNTER0_LOW;
    0x0c8d PA_SU_PERFCOUNTER0_HI;
    0x0c8e PA_SU_PERFCOUNTER1_LOW;
    0x0c8f PA_SU_PERFCOUNTER1_HI;
    0x0c90 PA_SU_PERFCOUNTER2_LOW;
    0x0c91 PA_SU_PERFCOUNTER2_HI;
    0x0c92 PA_SU_PERFCOUNTER3_LOW;
    0x0c93 PA_SU_PERFCOUNTER3_HI;
    0x0c98 PA_SC_PERFCOUNTER0_SELECT;
    0x0c99 PA_SC_PERFCOUNTER1_SELECT;
    0x0c9a PA_SC_PERFCOUNTER2_SELECT;
    0x0c9b PA_SC_PERFCOUNTER3_SELECT;
    0x0c9c PA_SC_PERFCOUNTER0_LOW;
    0x0c9d PA_SC_PERFCOUNTER0_HI;
    0x0c9e PA_SC_PERFCOUNTER1_LOW;
    0x0c9f PA_SC_PERFCOUNTER1_HI;
    0x0ca0 PA_SC_PERFCOUNTER2_LOW;
    0x0ca1 PA_SC_PERFCOUNTER2_HI;
    0x0ca2 PA_SC_PERFCOUNTER3_LOW;
    0x0ca3 PA_SC_PERFCOUNTER3_HI;
    0x210f PA_CL_VPORT_XSCALE;
    0x2110 PA_CL_VPORT_XOFFSET;
    0x2111 PA_CL_VPORT_YSCALE;
    0x2112 PA_CL_VPORT_YOFFSET;
    0x2113 PA_CL_VPORT_ZSCALE;
    0x2114 PA_CL_VPORT_ZOFFSET;
    0x2283 PA_SC_LINE_STIPPLE;
    0x2300 PA_SC_LINE_CNTL;
    0x2301 PA_SC_AA_CONFIG;
    0x2303 PA_CL_GB_VERT_CLIP_ADJ;
    0x2304 PA_CL_GB_VERT_DISC_ADJ;
    0x2305 PA_CL_GB_HORZ_CLIP_ADJ;
    0x2306 PA_CL_GB_HORZ_DISC_ADJ;
    0x2312 PA_SC_AA_MASK;
    0x2380 PA_SU_POLY_OFFSET_FRONT_SCALE;
    0x2381 PA_SU_POLY_OFFSET_FRONT_OFFSET;
    0x2382 PA_SU_POLY_OFFSET_BACK_SCALE;
    0x2383 PA_SU_POLY_OFFSET_BACK_OFFSET;
    0x2384 PA_CL_POINT_X_RAD;
    0x2385 PA_CL_POINT_Y_RAD;
    0x2386 PA_CL_POINT_SIZE;
    0x2387 PA_CL_POINT_CULL_RAD;
    0x2388 PA_CL_UCP_0_X;
    0x2389 PA_CL_UCP_0_Y;
    0x238a PA_CL_UCP_0_Z;
    0x238b PA_CL_UCP_0_W;
    0x238c PA_CL_UCP_1_X;
    0x238d PA_CL_UCP_1_Y;
    0x238e PA_CL_UCP_1_Z;
    0x238f PA_CL_UCP_1_W;
    0x2390 PA_CL_UCP_2_X;
    0x2391 PA_CL_UCP_2_Y;
    0x2392 PA_CL_UCP_2_Z;
    0x2393 PA_CL_UCP_2_W;
    0x2394 PA_CL_UCP_3_X;
    0x2395 PA_CL_UCP_3_Y;
    0x2396 PA_CL_UCP_3_Z;
    0x2397 PA_CL_UCP_3_W;
    0x2398 PA_CL_UCP_4_X;
    0x2399 PA_CL_UCP_4_Y;
    0x239a PA_CL_UCP_4_Z;
    0x239b PA_CL_UCP_4_W;
    0x239c PA_CL_UCP_5_X;
    0x239d PA_CL_UCP_5_Y;
    0x239e PA_CL_UCP_5_Z;
    0x239f PA_CL_UCP_5_W;
}
