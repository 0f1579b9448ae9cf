//! Conversion of a draw's fixed-function state to the host's: blending, depth, stencil, culling,
//! viewport.
//!
//! State that the host doesn't support (for example different stencil references of the two faces)
//! is an error that names it; the reference backend makes such draws.

use xenia_gpu::draw_state::{Blend, ColorTarget, DepthStencil, DrawCall, Scissor, Stencil, VertexKill};
use xenia_gpu::enums::{BlendFactor, BlendOp, ColorTargetFormat, Compare, Dimension, Msaa, StencilOp};
use xenia_gpu::microcode::{Program, ShaderInstruction};
use xenia_gpu::texture::TextureInfo;

use super::primitives::is_expanded;
use xenia_shaders::HostPosition;

/// Feature that the host doesn't support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnsupportedState(pub(super) &'static str);

/// Refuses draws that need features missing on all hosts.
pub(super) fn check(call: &DrawCall) -> Result<(), UnsupportedState> {
    if call.exports_memory() {
        return Err(UnsupportedState("an export to memory"));
    }
    if call.tessellation.is_some() {
        return Err(UnsupportedState("tessellation"));
    }
    if call.fills.is_some() {
        return Err(UnsupportedState("polygons as lines or points"));
    }
    if call.color.iter().flatten().any(weighs_extremes) {
        return Err(UnsupportedState("the minimum or maximum of products"));
    }
    if call.vertex_kill == Some(VertexKill::All) && !is_expanded(call.primitive) {
        return Err(UnsupportedState("vertices that take away their primitive together"));
    }
    if reads_first_slice(call) {
        return Err(UnsupportedState("a fetch of a plane from a volume"));
    }
    Ok(())
}

/// Whether a fetch without a third coordinate finds a volume, of which it reads the first slice:
/// hosts have no view of a slice.
fn reads_first_slice(call: &DrawCall) -> bool {
    let is_volume = |words: &[u32; 6]| TextureInfo::decode_dimension(words) == Some(Dimension::D3);
    let shaders = || std::iter::once(&call.vertex_shader).chain(&call.pixel_shader);
    let named = shaders().fold(0, |named, shader| named | shader.program.textures);
    let mut constants = (0..32_usize).filter(|number| named >> number & 1 != 0);
    if named == 0 || !constants.any(|number| is_volume(&call.constants.fetch[number])) {
        return false;
    }
    shaders().flat_map(|shader| &shader.program.instructions).any(|instruction| match instruction {
        ShaderInstruction::Texture(fetch) => {
            let is_plane = fetch.operation.reads_constant() && fetch.dimension < Dimension::D3;
            is_plane && is_volume(&call.constants.fetch[usize::from(fetch.constant) & 31])
        }
        _ => false,
    })
}

/// Whether a target gets the lesser or larger one of colours that are multiplied by factors first:
/// hosts ignore the factors.
fn weighs_extremes(target: &ColorTarget) -> bool {
    let blend = target.blend;
    let is_written = [target.write_mask & 7 != 0, target.write_mask & 8 != 0];
    (0..2).any(|part| {
        let is_extreme = matches!(blend.operation[part], BlendOp::Min | BlendOp::Max);
        let is_plain = [blend.source[part], blend.destination[part]] == [BlendFactor::One; 2];
        is_written[part] && is_extreme && !is_plain
    })
}

/// Whether a draw may read or change the EDRAM: a pixel is within its scissor, and is written to a
/// target or tested. The other effects of a draw, memory exports and sample counts, do not depend
/// on the EDRAM's contents.
pub(super) fn reaches_edram(call: &DrawCall) -> bool {
    let Scissor { left, top, right, bottom } = call.scissor;
    let has_target = call.color.iter().any(Option::is_some)
        || call.depth.compare.is_some()
        || call.depth.stencil.is_some();
    let has_pixels = left.max(0) < right && top.max(0) < bottom;
    has_target && has_pixels && call.vertex_shader.program.writes(Program::POSITION)
}

/// Use of the blend constant in colour factors. The host has only one kind of constant factor, so
/// the constant's components must be arranged accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConstantUse {
    None,
    Color,
    Alpha,
}

fn constant_use(factor: BlendFactor) -> ConstantUse {
    match factor {
        BlendFactor::ConstantColor | BlendFactor::OneMinusConstantColor => ConstantUse::Color,
        BlendFactor::ConstantAlpha | BlendFactor::OneMinusConstantAlpha => ConstantUse::Alpha,
        _ => ConstantUse::None,
    }
}

/// Number of steps between 0 and 1 of a target's colour and alpha, if the shader's exports are
/// stored directly; 0 if the host blends or the target stores floats.
pub(super) fn steps(target: &ColorTarget) -> [f32; 2] {
    use ColorTargetFormat::*;
    match target.format {
        _ if !target.blend.is_copy() => [0.0; 2],
        Rgba8 => [255.0; 2],
        // Stored linear, with more bits than the gamma curve has.
        Rgba8Gamma => [65535.0, 255.0],
        Rgb10A2 | Rgb10A2As10 => [1023.0, 3.0],
        Rgb10A2Float | Rgb10A2FloatAs16 => [0.0, 3.0],
        Rg16 | Rgba16 | Rg16Float | Rgba16Float | R32Float | Rg32Float => [0.0; 2],
    }
}

/// Blend constant that gives the right factors for all targets.
pub(super) fn blend_constant(call: &DrawCall) -> Result<wgpu::Color, UnsupportedState> {
    let mut wanted = ConstantUse::None;
    for target in call.color.iter().flatten().filter(|target| !target.blend.is_copy()) {
        for factor in [target.blend.source[0], target.blend.destination[0]] {
            match (wanted, constant_use(factor)) {
                (_, ConstantUse::None) => {}
                (ConstantUse::None, found) => wanted = found,
                (before, found) if before == found => {}
                _ => return Err(UnsupportedState("constant colour and constant alpha as factors of colour")),
            }
        }
    }
    let [r, g, b, a] = call.blend_constant.map(f64::from);
    let [r, g, b] = if wanted == ConstantUse::Alpha { [a; 3] } else { [r, g, b] };
    Ok(wgpu::Color { r, g, b, a })
}

fn factor(factor: BlendFactor) -> wgpu::BlendFactor {
    use wgpu::BlendFactor as Host;
    match factor {
        BlendFactor::Zero => Host::Zero,
        BlendFactor::One => Host::One,
        BlendFactor::SrcColor => Host::Src,
        BlendFactor::OneMinusSrcColor => Host::OneMinusSrc,
        BlendFactor::SrcAlpha => Host::SrcAlpha,
        BlendFactor::OneMinusSrcAlpha => Host::OneMinusSrcAlpha,
        BlendFactor::DstColor => Host::Dst,
        BlendFactor::OneMinusDstColor => Host::OneMinusDst,
        BlendFactor::DstAlpha => Host::DstAlpha,
        BlendFactor::OneMinusDstAlpha => Host::OneMinusDstAlpha,
        BlendFactor::ConstantColor | BlendFactor::ConstantAlpha => Host::Constant,
        BlendFactor::OneMinusConstantColor | BlendFactor::OneMinusConstantAlpha => Host::OneMinusConstant,
        BlendFactor::SrcAlphaSaturate => Host::SrcAlphaSaturated,
    }
}

/// Blend state of a target; `None` if the source replaces the destination.
pub(super) fn blend(blend: Blend) -> Option<wgpu::BlendState> {
    if blend.is_copy() {
        return None;
    }
    let component = |part: usize| {
        let operation = match blend.operation[part] {
            BlendOp::Add => wgpu::BlendOperation::Add,
            BlendOp::Subtract => wgpu::BlendOperation::Subtract,
            BlendOp::RevSubtract => wgpu::BlendOperation::ReverseSubtract,
            BlendOp::Min => wgpu::BlendOperation::Min,
            BlendOp::Max => wgpu::BlendOperation::Max,
        };
        // A part that is not written can have factors; the host requires them to be one.
        let is_plain = matches!(blend.operation[part], BlendOp::Min | BlendOp::Max);
        let factor = |of| if is_plain { wgpu::BlendFactor::One } else { factor(of) };
        wgpu::BlendComponent {
            src_factor: factor(blend.source[part]),
            dst_factor: factor(blend.destination[part]),
            operation,
        }
    };
    Some(wgpu::BlendState { color: component(0), alpha: component(1) })
}

pub(super) fn compare(compare: Compare) -> wgpu::CompareFunction {
    use wgpu::CompareFunction as Host;
    match compare {
        Compare::Never => Host::Never,
        Compare::Less => Host::Less,
        Compare::Equal => Host::Equal,
        Compare::LessEqual => Host::LessEqual,
        Compare::Greater => Host::Greater,
        Compare::NotEqual => Host::NotEqual,
        Compare::GreaterEqual => Host::GreaterEqual,
        Compare::Always => Host::Always,
    }
}

fn operation(operation: StencilOp) -> wgpu::StencilOperation {
    use wgpu::StencilOperation as Host;
    match operation {
        StencilOp::Keep => Host::Keep,
        StencilOp::Zero => Host::Zero,
        StencilOp::Replace => Host::Replace,
        StencilOp::IncrementClamp => Host::IncrementClamp,
        StencilOp::DecrementClamp => Host::DecrementClamp,
        StencilOp::Invert => Host::Invert,
        StencilOp::IncrementWrap => Host::IncrementWrap,
        StencilOp::DecrementWrap => Host::DecrementWrap,
    }
}

/// Stencil state of a face; the operations are those for stencil fail, depth fail and pass.
pub(super) fn stencil_face(
    function: Compare,
    [fail, depth_fail, pass]: [StencilOp; 3],
) -> wgpu::StencilFaceState {
    wgpu::StencilFaceState {
        compare: compare(function),
        fail_op: operation(fail),
        depth_fail_op: operation(depth_fail),
        pass_op: operation(pass),
    }
}

/// Depth and stencil state of a host pipeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DepthState {
    pub(super) compare: Compare,
    /// Whether depth is written.
    pub(super) write: bool,
    /// Stencil tests of front and back faces, if enabled. Their references and masks are replaced
    /// by the fields below.
    pub(super) stencil: Option<[Stencil; 2]>,
    /// Stencil read mask and write mask.
    pub(super) masks: [u8; 2],
    /// Bits of the slope-scaled depth bias.
    pub(super) slope: u32,
}

impl DepthState {
    /// State without tests or writes.
    pub(super) const IGNORED: Self =
        Self { compare: Compare::Always, write: false, stencil: None, masks: [0; 2], slope: 0 };

    /// Whether the depth target may be changed.
    pub(super) fn writes(&self) -> bool {
        self.write || self.writes_stencil()
    }

    /// Whether the stencil may be changed.
    pub(super) fn writes_stencil(&self) -> bool {
        let keeps = |face: &Stencil| [face.fail, face.depth_fail, face.pass] == [StencilOp::Keep; 3];
        self.masks[1] != 0 && self.stencil.is_some_and(|faces| !faces.iter().all(keeps))
    }
}

/// Faces (front, back) that are drawn; expanded primitives are all front.
fn faces(call: &DrawCall) -> [bool; 2] {
    if is_expanded(call.primitive) { [true, false] } else { [!call.culling.front, !call.culling.back] }
}

/// Value of the front and back faces that are drawn; an error if both are and the values differ.
fn common<T: Copy + PartialEq>(
    [front, back]: [T; 2],
    faces: [bool; 2],
    otherwise: &'static str,
) -> Result<T, UnsupportedState> {
    match faces {
        [true, true] if front != back => Err(UnsupportedState(otherwise)),
        [false, true] => Ok(back),
        _ => Ok(front),
    }
}

/// Depth and stencil state of a draw, and the stencil reference; `None` if tests are off.
pub(super) fn depth(call: &DrawCall) -> Result<Option<(DepthState, u32)>, UnsupportedState> {
    let DepthStencil { compare: depth_compare, write, stencil, bias, .. } = call.depth;
    if depth_compare.is_none() && stencil.is_none() {
        return Ok(None);
    }
    let faces = faces(call);
    let slope = common(bias.map(|[slope, _]| slope.to_bits()), faces, "two slope biases for the two faces")?;
    if !f32::from_bits(slope).is_finite() {
        return Err(UnsupportedState("a slope bias that is not a number"));
    }
    let mut state = DepthState {
        compare: depth_compare.unwrap_or(Compare::Always),
        write,
        stencil: None,
        masks: [0xff; 2],
        slope,
    };
    let mut reference = 0;
    if let Some(stencils) = stencil {
        let shared = |s: Stencil| (s.reference, s.read_mask, s.write_mask);
        let (shared, read, write) =
            common(stencils.map(shared), faces, "two stencil references or masks for the two faces")?;
        reference = u32::from(shared);
        state.masks = [read, write];
        state.stencil = Some(if is_expanded(call.primitive) { [stencils[0]; 2] } else { stencils });
    }
    Ok(Some((state, reference)))
}

/// Face to cull; `Err` if both are culled.
pub(super) fn culling(call: &DrawCall) -> Result<Option<wgpu::Face>, ()> {
    match faces(call) {
        _ if is_expanded(call.primitive) => Ok(None),
        [true, true] => Ok(None),
        [true, false] => Ok(Some(wgpu::Face::Back)),
        [false, true] => Ok(Some(wgpu::Face::Front)),
        [false, false] => Err(()),
    }
}

/// Depth clipping on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DepthClip {
    /// The host doesn't clip depth.
    pub(super) unclipped: bool,
    /// The shader exports clip distances.
    pub(super) distances: bool,
}

/// Selects the depth clipping: the host's planes are used if they equal the guest's and the title
/// has no user clip planes.
pub(super) fn depth_clip(call: &DrawCall, features: wgpu::Features) -> Result<DepthClip, UnsupportedState> {
    let viewport = &call.viewport;
    let can_leave = features.contains(wgpu::Features::DEPTH_CLIP_CONTROL);
    if viewport.clip_disabled {
        return Ok(DepthClip { unclipped: can_leave, distances: false });
    }
    let can_tell = features.contains(wgpu::Features::CLIP_DISTANCES);
    if !call.clip_planes.is_empty() && (call.clip_planes_only_cull || !can_tell) {
        return Err(UnsupportedState("clip planes of the title's"));
    }
    let is_hosts = viewport.scale[2] == 1.0 && viewport.offset[2] == 0.0 && viewport.direct3d_depth;
    let has_bias = call.depth.bias.iter().any(|[_, constant]| *constant != 0.0);
    let distances = (!is_hosts || has_bias || !call.clip_planes.is_empty()) && can_tell;
    // With distances the shader has all planes, and the host's must not clip before them.
    Ok(DepthClip { unclipped: distances && can_leave, distances })
}

/// Conversion of positions to the host's clip space, for a target of `size` pixels.
pub(super) fn position(call: &DrawCall, size: [u32; 2]) -> Result<HostPosition, UnsupportedState> {
    let viewport = &call.viewport;
    let center = if viewport.centers_at_integers { 0.5 } else { 0.0 };
    let [width, height] = size.map(|side| side as f32);
    let [x, y] =
        [0, 1].map(|axis: usize| viewport.offset[axis] + viewport.window_offset[axis] as f32 + center);
    let constant = common(
        call.depth.bias.map(|[_, constant]| constant),
        faces(call),
        "two constant biases for the two faces",
    )?;
    let [sx, sy, sz] = viewport.scale;
    Ok(HostPosition {
        xy_divided: viewport.xy_divided,
        z_divided: viewport.z_divided,
        w_inverted: viewport.w_inverted,
        direct3d_depth: viewport.direct3d_depth,
        kills: call.vertex_kill == Some(VertexKill::Any) && !is_expanded(call.primitive),
        // Clip space is two units wide, and its y grows upwards, unlike the screen's.
        scale: [2.0 * sx / width, -2.0 * sy / height, sz],
        offset: [2.0 * x / width - 1.0, 1.0 - 2.0 * y / height, viewport.offset[2] + constant],
        steps: [width, height].map(|side| 0.5 * side * viewport.sub_pixels as f32),
        shift: [0.0; 2],
    })
}

/// One repetition of a draw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Time {
    /// Mask of the host samples to write.
    pub(super) samples: u32,
    /// Offset of all positions after rounding, in the host's clip space.
    pub(super) shift: [f32; 2],
}

/// Repetitions of a draw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    times: [Time; MAX_TIMES],
    count: usize,
}

/// Maximum number of repetitions of a draw.
pub(super) const MAX_TIMES: usize = 4;

impl Times {
    /// A single repetition with the samples of all, which moves no position.
    pub(super) fn at_once(&self) -> Self {
        let samples = self.iter().fold(0, |all, time| all | time.samples);
        let mut all = Self { count: self.count.min(1), ..Self::default() };
        all.times[0].samples = samples;
        all
    }
}

impl std::ops::Deref for Times {
    type Target = [Time];

    fn deref(&self) -> &[Time] {
        &self.times[..self.count]
    }
}

/// Repetitions of a draw on a target of `size` pixels; empty if no sample is drawn.
///
/// On hosts without 2x MSAA, samples 0 and 3 of 4x MSAA are used. Their positions are (6, 2) and
/// (10, 14) sixteenths of a pixel, the chip's are (4, 4) and (12, 12). So each sample is drawn
/// separately, with all positions moved until the host's sample coincides with the chip's. The same
/// is done where samples are taken at the pixel's centre, which no host does.
pub(super) fn times(call: &DrawCall, host_samples: u32, size: [u32; 2]) -> Times {
    // The moves are those from the chip's sample to the host's, in sixteenths.
    let pixels: &[(u32, [f32; 2])] = match (call.msaa, call.samples_at_center) {
        (Msaa::X1, _) | (Msaa::X4, false) => &[(u32::MAX, [0.0; 2])],
        (Msaa::X2, false) => &[(1, [2.0, -2.0]), (8, [-2.0, 2.0])],
        (Msaa::X2, true) => &[(1, [-2.0, -6.0]), (8, [2.0, 6.0])],
        (Msaa::X4, true) => &[(1, [-2.0, -6.0]), (2, [6.0, -2.0]), (4, [-6.0, 2.0]), (8, [2.0, 6.0])],
    };
    let [width, height] = size.map(|side| side as f32);
    let mut all = Times::default();
    for (mask, [x, y]) in pixels {
        // Clip space is two wide, so a sixteenth of a pixel is 2 / (16 * width) of it.
        let time = Time { samples: host_samples & mask, shift: [x / 8.0 / width, -y / 8.0 / height] };
        if time.samples != 0 {
            all.times[all.count] = time;
            all.count += 1;
        }
    }
    all
}
