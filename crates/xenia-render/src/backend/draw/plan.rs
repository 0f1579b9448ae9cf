//! Plan of a draw: its state in the host's terms, if the host supports it.

use xenia_gpu::BackendError;
use xenia_gpu::draw_state::{ConditionalSurvey, DrawCall};
use xenia_gpu::microcode::Program;

use super::super::Device;
use super::super::edram::TargetPlace;
use super::super::scale::Scale;
use super::super::state::{self, DepthClip, DepthState, Times, UnsupportedState};
use super::super::targets;
use super::Refused;
use xenia_shaders::HostPosition;

/// State of a draw in the host's terms.
pub(super) struct Plan {
    /// Location of the depth target, whether it is used or not; all targets have the same samples.
    pub(super) place: TargetPlace,
    /// Width and height of the targets in guest pixels.
    pub(super) size: [u32; 2],
    /// Scissor in guest pixels: left, top, right, bottom.
    pub(super) scissor: [u32; 4],
    pub(super) culling: Option<wgpu::Face>,
    pub(super) position: HostPosition,
    pub(super) clip: DepthClip,
    pub(super) blend_constant: wgpu::Color,
    /// Host depth of the guest's 1.
    pub(super) deepest: f32,
    /// Depth state and the stencil reference.
    pub(super) depth: Option<(DepthState, u32)>,
    /// Number of rows in which the targets don't overlap.
    pub(super) apart: u32,
    pub(super) times: Times,
    /// Survey that the draw belongs to.
    pub(super) survey: Option<ConditionalSurvey>,
}

impl Plan {
    /// Creates a plan; `None` if the draw has no effect. A draw without targets has one if samples
    /// are counted.
    pub(super) fn new(
        call: &DrawCall,
        device: &Device,
        scale: Scale,
        is_counted: bool,
    ) -> Result<Option<Self>, Refused> {
        state::check(call)?;
        if !call.vertex_shader.program.writes(Program::POSITION) {
            return Err(BackendError::Invalid("the vertex shader exports no position".into()).into());
        }
        let size = targets::size(call.pitch, call.msaa, targets::max_height(device, scale));
        if scale.size(size)[0] > device.max_texture_side {
            return Err(UnsupportedState("a target larger than the host's textures").into());
        }
        let scissor = call.scissor;
        let [left, right] = [scissor.left, scissor.right].map(|x| x.clamp(0, size[0] as i32) as u32);
        let [top, bottom] = [scissor.top, scissor.bottom].map(|y| y.clamp(0, size[1] as i32) as u32);
        let Ok(culling) = state::culling(call) else { return Ok(None) };
        if left >= right || top >= bottom {
            return Ok(None);
        }
        let place = targets::depth_place(call);
        let exports = call.pixel_shader.as_ref().map_or(0, |shader| shader.program.exports);
        let mut depth = state::depth(call)?;
        let colors = call.color.iter().flatten();
        let colors = colors.map(|target| targets::color_place(call, target.base, target.format));
        let apart = targets::rows_apart(colors.chain(depth.map(|_| place)));
        let has_color = call.color.iter().any(Option::is_some);
        if !has_color && depth.is_none() && !is_counted {
            return Ok(None); // the draw has no effect, and hosts make no pipeline without a target
        }
        if exports >> Program::DEPTH & 1 != 0 || !has_color {
            // The host requires a depth target if a shader exports depth, and any target to count
            // samples.
            depth.get_or_insert((DepthState::IGNORED, 0));
        }
        let clip = state::depth_clip(call, device.features)?;
        let deepest = targets::deepest(call.depth.format);
        let mut position = state::position(call, size)?;
        if clip.unclipped {
            // The host clamps depths to its viewport, the chip to the range of the format.
            position.scale[2] *= deepest;
            position.offset[2] *= deepest;
        }
        Ok(Some(Self {
            place,
            size,
            scissor: [left, top, right, bottom],
            culling,
            position,
            clip,
            blend_constant: state::blend_constant(call)?,
            deepest,
            depth,
            apart,
            times: state::times(call, place.host_sample_mask(call.sample_mask), scale.size(size)),
            survey: call.survey,
        }))
    }
}
