//! Captures a [`DrawCall`] from the registers: each function converts the registers of one subject
//! to plain values. Invariant: no guest memory is read, and any register contents give a
//! description or a [`DrawStateError`].

use super::{
    AlphaTest, Constants, Culling, DrawCall, DrawRequest, DrawStateError, INTERPOLATORS, RegisterState,
    Scissor, Tessellation, Viewport, color, polygon,
};
use crate::enums::*;
use crate::microcode::{Program, Shader};
use crate::registers::{RegisterFile, pa, rb, sq, vgt};
use std::sync::Arc;

/// Effective scissor: the window scissor, shifted by the window offset unless that is off,
/// intersected with the screen scissor and the surface.
pub fn scissor(registers: &RegisterFile) -> Scissor {
    let tl = registers.read::<pa::PaScWindowScissorTl>();
    let br = registers.read::<pa::PaScWindowScissorBr>();
    let mut scissor = Scissor {
        left: tl.tl_x() as i32,
        top: tl.tl_y() as i32,
        right: br.br_x() as i32,
        bottom: br.br_y() as i32,
    };
    if !tl.window_offset_disable() {
        let offset = registers.read::<pa::PaScWindowOffset>();
        scissor.left += offset.window_x_offset();
        scissor.right += offset.window_x_offset();
        scissor.top += offset.window_y_offset();
        scissor.bottom += offset.window_y_offset();
    }
    let tl = registers.read::<pa::PaScScreenScissorTl>();
    let br = registers.read::<pa::PaScScreenScissorBr>();
    scissor.left = scissor.left.max(tl.tl_x()).max(0);
    scissor.top = scissor.top.max(tl.tl_y()).max(0);
    // A rectangle without pixels has a width of zero, not a negative one.
    scissor.right = scissor.right.min(br.br_x()).max(scissor.left);
    scissor.bottom = scissor.bottom.min(br.br_y()).max(scissor.top);
    scissor
}

/// Enabled user clip planes; empty if clipping is off.
pub(super) fn clip_planes(registers: &RegisterFile) -> Vec<[f32; 4]> {
    let control = registers.read::<pa::PaClClipCntl>();
    let enabled = [
        control.ucp_ena_0(),
        control.ucp_ena_1(),
        control.ucp_ena_2(),
        control.ucp_ena_3(),
        control.ucp_ena_4(),
        control.ucp_ena_5(),
    ];
    (pa::PA_CL_UCP_0_X..)
        .step_by(4)
        .zip(enabled)
        .filter(|(_, enabled)| *enabled && !control.clip_disable())
        .map(|(first, _)| [0, 1, 2, 3].map(|component| registers.float(first + component)))
        .collect()
}

pub(super) fn viewport(registers: &RegisterFile) -> Viewport {
    let vte = registers.read::<pa::PaClVteCntl>();
    let clip = registers.read::<pa::PaClClipCntl>();
    let value =
        |enabled: bool, index: u32, otherwise: f32| if enabled { registers.float(index) } else { otherwise };
    let offset = registers.read::<pa::PaScWindowOffset>();
    let shift = registers.read::<pa::PaSuScModeCntl>().vtx_window_offset_enable();
    Viewport {
        scale: [
            value(vte.vport_x_scale_ena(), pa::PA_CL_VPORT_XSCALE, 1.0),
            value(vte.vport_y_scale_ena(), pa::PA_CL_VPORT_YSCALE, 1.0),
            value(vte.vport_z_scale_ena(), pa::PA_CL_VPORT_ZSCALE, 1.0),
        ],
        offset: [
            value(vte.vport_x_offset_ena(), pa::PA_CL_VPORT_XOFFSET, 0.0),
            value(vte.vport_y_offset_ena(), pa::PA_CL_VPORT_YOFFSET, 0.0),
            value(vte.vport_z_offset_ena(), pa::PA_CL_VPORT_ZOFFSET, 0.0),
        ],
        xy_divided: vte.vtx_xy_fmt(),
        z_divided: vte.vtx_z_fmt(),
        // A clear bit means that the reciprocal still has to be taken.
        w_inverted: !vte.vtx_w0_fmt(),
        window_offset: if shift { [offset.window_x_offset(), offset.window_y_offset()] } else { [0; 2] },
        centers_at_integers: !registers.read::<pa::PaSuVtxCntl>().pix_center(),
        sub_pixels: sub_pixels(registers.read::<pa::PaSuVtxCntl>()),
        clip_disabled: clip.clip_disable(),
        direct3d_depth: clip.dx_clip_space_def(),
    }
}

/// Steps per pixel of vertex positions. The values are those of the Adreno 200's register
/// (`pa_quantmode` of the freedreno driver), whose finest step is a sixteenth of a pixel; others
/// are undefined. `round_mode` is not read: Direct3D's and titles' is 2, halves to even
/// (xenia-canary, 2026), and positions are always rounded in that way.
fn sub_pixels(control: pa::PaSuVtxCntl) -> u32 {
    match control.quant_mode() {
        coarser @ 1..=4 => 16 >> coarser,
        _ => 16,
    }
}

/// Flat-shaded interpolators, one bit each.
///
/// Unsure: no source documents which value of a bit means smooth. Direct3D's default sets all bits,
/// and a register that was never written (0) is taken as smooth too.
fn flat_interpolators(control: sq::SqInterpolatorCntl) -> u32 {
    if control.0 == 0 { 0 } else { !control.param_shade() & 0xffff }
}

/// Interpolators with centroid sampling, one bit each. With one sample the centroid is the centre.
fn centroid_interpolators(registers: &RegisterFile, msaa: Msaa) -> u32 {
    let at_centers = registers.read::<sq::SqInterpolatorCntl>().sampling_pattern();
    match registers.read::<sq::SqContextMisc>().sc_sample_cntl() {
        _ if msaa == Msaa::X1 => 0,
        SampleControl::CentroidsOnly => 0xffff,
        SampleControl::CentersOnly => 0,
        SampleControl::CentroidsAndCenters => !at_centers & 0xffff,
    }
}

/// The alpha test; `None` if every pixel passes.
pub(super) fn alpha_test(registers: &RegisterFile) -> Option<AlphaTest> {
    let control = registers.read::<rb::RbColorcontrol>();
    let compare = control.alpha_func();
    // The test follows the conversion to the first target's format.
    let target = registers.read::<rb::RbColorInfo>();
    let has_levels =
        matches!(target.color_format(), ColorTargetFormat::Rgba8 | ColorTargetFormat::Rgba8Gamma);
    let in_levels = has_levels && target.color_exp_bias() == 0;
    let reference = registers.float(rb::RB_ALPHA_REF);
    let reference = if in_levels { AlphaTest::level(reference) } else { reference };
    (control.alpha_test_enable() && compare != Compare::Always).then_some(AlphaTest {
        compare,
        reference,
        in_levels,
    })
}

/// Threshold offsets of alpha to mask; `None` if that is off.
pub(super) fn alpha_to_mask(registers: &RegisterFile) -> Option<[u8; 4]> {
    let control = registers.read::<rb::RbColorcontrol>();
    let offsets = [
        control.alpha_to_mask_offset0(),
        control.alpha_to_mask_offset1(),
        control.alpha_to_mask_offset2(),
        control.alpha_to_mask_offset3(),
    ];
    control.alpha_to_mask_enable().then(|| offsets.map(|steps| steps as u8))
}

/// Whether a pixel shader has an effect other than its colour exports.
fn does_something(program: &Program) -> bool {
    program.writes(Program::DEPTH) || program.exports_memory() || program.kills
}

/// Lowest and highest index that vertices are fetched with.
pub(super) fn index_bounds(registers: &RegisterFile) -> [u32; 2] {
    let lowest = registers.read::<vgt::VgtMinVtxIndx>().min_indx();
    let highest = registers.read::<vgt::VgtMaxVtxIndx>().max_indx();
    [lowest, highest]
}

fn culling(raster: pa::PaSuScModeCntl) -> Culling {
    Culling { front: raster.cull_front(), back: raster.cull_back(), front_is_clockwise: raster.face() }
}

/// Samples that may be written, one bit each.
pub(super) fn sample_mask(registers: &RegisterFile) -> u32 {
    let is_multisampled = registers.read::<pa::PaSuScModeCntl>().msaa_enable();
    if is_multisampled { registers.get(pa::PA_SC_AA_MASK) & 0xffff } else { 0xffff }
}

pub(super) fn point_size(size: pa::PaSuPointSize) -> [f32; 2] {
    // Half sizes in units of 1/16 pixel.
    [size.width() as f32 / 16.0, size.height() as f32 / 16.0]
}

/// Bounds of the diameters that shaders export; the register holds radii.
pub(super) fn point_limits(limits: pa::PaSuPointMinmax) -> [f32; 2] {
    [limits.min_size() as f32 / 8.0, limits.max_size() as f32 / 8.0]
}

/// Sign-extends a register's low 24 bits.
pub(super) fn sign_extended(value: u32) -> i32 {
    ((value << 8) as i32) >> 8
}

impl DrawCall {
    /// Captures the state of a draw from the registers.
    pub fn capture(
        registers: &RegisterFile,
        request: DrawRequest,
        vertex_shader: Option<&Arc<Shader>>,
        pixel_shader: Option<&Arc<Shader>>,
        constants: Arc<Constants>,
    ) -> Result<Self, DrawStateError> {
        let state = RegisterState::capture(registers);
        state.draw_call(registers, request, vertex_shader, pixel_shader, constants)
    }
}

impl RegisterState {
    /// Describes a draw. This state must be current with the registers.
    pub(crate) fn draw_call(
        &self,
        registers: &RegisterFile,
        request: DrawRequest,
        vertex_shader: Option<&Arc<Shader>>,
        pixel_shader: Option<&Arc<Shader>>,
        constants: Arc<Constants>,
    ) -> Result<DrawCall, DrawStateError> {
        let Self { indices, positions, raster: pixels, targets } = self;
        let mode = registers.read::<rb::RbModecontrol>().edram_mode();
        let exports = vertex_shader.is_some_and(|shader| shader.program.exports_memory());
        let draws = matches!(mode, EdramMode::ColorDepth | EdramMode::Depth);
        if !(draws || exports && mode == EdramMode::Ignore) {
            return Err(DrawStateError::Mode(mode));
        }
        let primitive = request.initiator.prim_type();
        if primitive == Primitive::None {
            return Err(DrawStateError::Primitive(primitive));
        }
        let vertex_shader = vertex_shader.ok_or(DrawStateError::NoVertexShader)?.clone();
        let program = registers.read::<sq::SqProgramCntl>();
        let export_mode = program.vs_export_mode();
        let kills = export_mode.has_kill() && vertex_shader.program.writes(Program::POINT_SIZE);
        // Vertices in multi-pass shading only write to memory.
        let draws = draws && export_mode != VertexExportMode::Multipass;
        // Without a pixel shader the draw writes only depth.
        let pixel_shader = pixel_shader.filter(|_| mode == EdramMode::ColorDepth);
        let pixel_exports = pixel_shader.map_or(0, |shader| shader.program.exports);
        let color = color::targets(&targets.slots, pixel_exports);
        let tessellation = indices.tessellation.filter(|_| Tessellation::applies_to(request.initiator));
        let is_polygonal = polygon::is_polygonal(primitive, tessellation.is_some());
        let misc = registers.read::<sq::SqContextMisc>();
        let surface = registers.read::<rb::RbSurfaceInfo>();
        let raster = registers.read::<pa::PaSuScModeCntl>();
        let msaa = surface.msaa_samples();
        // Alpha is the first colour's: without that there is none to test.
        let has_alpha = pixel_exports & 1 != 0;
        let alpha_test = targets.alpha_test.filter(|_| has_alpha);
        let alpha_to_mask = targets.alpha_to_mask.filter(|_| has_alpha);
        let alpha_matters = alpha_test.is_some() || alpha_to_mask.is_some();
        let is_seen = alpha_matters || color.iter().any(Option::is_some);
        let scissor = pixels.scissor;
        Ok(DrawCall {
            primitive,
            count: request.initiator.num_indices(),
            indices: request.indices,
            index_offset: indices.offset,
            index_bounds: indices.bounds,
            restart: raster.multi_prim_ib_ena().then_some(indices.reset),
            fills: pixels.fills.filter(|_| is_polygonal),
            tessellation,
            provoking_last: raster.provoking_vtx_last(),
            vertex_shader,
            pixel_shader: pixel_shader.filter(|shader| is_seen || does_something(&shader.program)).cloned(),
            constants,
            vertex_kill: kills.then_some(positions.kill),
            interpolators: program.vs_export_count() + 1,
            flat: flat_interpolators(registers.read()),
            centroid: centroid_interpolators(registers, msaa),
            position_register: Some(misc.param_gen_pos())
                .filter(|register| program.param_gen() && *register < INTERPOLATORS),
            affine: raster.persp_corr_dis(),
            viewport: positions.viewport,
            clip_planes: positions.clip_planes.clone(),
            clip_planes_only_cull: positions.planes_only_cull,
            // An empty scissor: the shader runs and exports memory, and nothing is drawn.
            scissor: if draws { scissor } else { Scissor { right: scissor.left, ..scissor } },
            culling: culling(raster),
            pitch: surface.surface_pitch(),
            msaa,
            sample_mask: pixels.sample_mask,
            samples_at_center: msaa != Msaa::X1 && !raster.msaa_enable(),
            line_width: pixels.line_width,
            point_size: pixels.point_size,
            point_limits: pixels.point_limits,
            color,
            blend_constant: targets.blend_constant,
            alpha_test,
            alpha_to_mask,
            depth: targets.depth[usize::from(is_polygonal)],
            survey: None,
        })
    }
}
