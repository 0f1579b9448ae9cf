//! Geometry of a draw: its triangles, and who finds the corners of rectangles, points and lines.

use std::ops::Range;
use std::sync::Arc;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::enums::Primitive;
use xenia_gpu::geometry::corner_interpolators;
use xenia_gpu::microcode::Shader;
use xenia_gpu::{BackendError, PhysicalMemory};

use super::super::WgpuBackend;
use super::super::expanded;
use super::super::primitives::{self, Corners};
use super::super::state::UnsupportedState;
use super::Refused;
use super::plan::Plan;
use xenia_shaders::{Expansion, HostExpansion, VertexRecord};

/// Triangles to draw.
pub(super) struct Geometry {
    pub(super) corners: Corners,
    /// Vertex shader: the title's, or a pass-through one for corners that the CPU has shaded.
    pub(super) shader: Arc<Shader>,
    pub(super) inputs: VertexInputs,
    /// Rows of pixels that may be drawn to.
    pub(super) rows: Range<u32>,
    /// Samples are taken at centres, and are known to be covered alike in each pixel, at one depth.
    pub(super) is_whole: bool,
}

/// Inputs of a draw's vertex shader.
pub(super) enum VertexInputs {
    /// Guest memory, by the indices of the corners.
    Memory,
    /// Guest memory, by the vertices of primitives that the shader expands.
    Primitives {
        /// Their indices, unless these count from zero.
        list: Option<VertexRecord>,
        /// Lowest and highest index.
        bounds: [u32; 2],
    },
    /// Corners that the CPU has shaded.
    Corners(VertexRecord),
}

/// Part that shades a draw's vertices.
#[derive(Clone, Copy)]
pub(super) enum ShadedBy<'a> {
    Device,
    /// The CPU, for this reason.
    Cpu(&'a str),
}

/// Whether a program exports interpolators that points don't pass, below the one that holds the
/// place within the point: pixels get zeros for them.
fn exports_beyond(call: &DrawCall) -> bool {
    let below = |number: u32| (1_u64 << number.min(16)) - 1;
    let place = call.position_register.filter(|_| call.primitive == Primitive::PointList);
    let beyond = place.map_or(0, |place| below(place) & !below(call.interpolators));
    call.vertex_shader.program.exports & beyond != 0
}

/// Parameters of the stage that expands a draw's primitives.
pub(super) fn expansion(call: &DrawCall, list: Option<VertexRecord>) -> HostExpansion {
    let [x, y, _] = call.viewport.scale;
    HostExpansion {
        list,
        provoking_last: call.provoking_last,
        clips_depth: !call.viewport.clip_disabled,
        half: if call.primitive.is_line() { [call.line_width; 2] } else { call.point_size },
        scale: [x, y],
        limits: call.point_limits,
    }
}

impl WgpuBackend {
    /// Reason for which the CPU shades the vertices of a draw's rectangles, points or lines; `None`
    /// if the device does, or if they are triangles.
    pub(super) fn reason_for_cpu(&self, call: &DrawCall, plan: &Plan) -> Option<&'static str> {
        let [_, _, _, bottom] = plan.scissor;
        let is_rectangle = call.primitive == Primitive::RectangleList;
        if !primitives::is_expanded(call.primitive) {
            None
        } else if self.expands_on_cpu {
            Some("the options")
        } else if call.vertex_kill.is_some() {
            Some("vertices that take away their primitive")
        } else if plan.apart < bottom || plan.size[1] == bottom {
            // The CPU computes which rows are covered.
            Some("a scissor of more rows than the targets have")
        } else if is_rectangle && call.samples_at_center && plan.times.len() > 1 {
            // One repetition is enough if whole pixels are covered, which the CPU can test.
            Some("samples at the centre")
        } else if exports_beyond(call) {
            Some("exports that points don't pass")
        } else {
            None
        }
    }

    /// Finds the triangles to draw; `None` if there are none. Also returns the limit that ended
    /// them early, if one did.
    pub(super) fn geometry(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &Plan,
        by: ShadedBy<'_>,
    ) -> Result<(Option<Geometry>, Option<BackendError>), Refused> {
        match by {
            ShadedBy::Cpu(_) => self.shaded_corners(call, memory, plan),
            ShadedBy::Device if primitives::is_expanded(call.primitive) => {
                Ok((self.expanded_primitives(call, memory, plan)?, None))
            }
            ShadedBy::Device => Ok((self.triangles(call, memory, plan)?, None)),
        }
    }

    /// Triangles of a draw's vertices. The covered rows are unknown, so the draw is limited to the
    /// rows in which the targets don't overlap.
    fn triangles(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &Plan,
    ) -> Result<Option<Geometry>, Refused> {
        let [_, top, _, bottom] = plan.scissor;
        let rows = top..bottom.min(plan.apart);
        if rows.is_empty() {
            return Ok(None);
        }
        let corners = self.indices.corners(&self.device, call, memory)?;
        let shader = call.vertex_shader.clone();
        let geometry = Geometry { corners, shader, inputs: VertexInputs::Memory, rows, is_whole: false };
        Ok(Some(geometry).filter(|geometry| geometry.corners.count() != 0))
    }

    /// Corners of primitives that the title's shader expands.
    fn expanded_primitives(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &Plan,
    ) -> Result<Option<Geometry>, Refused> {
        let [_, top, _, bottom] = plan.scissor;
        let vertices = self.indices.vertices(call, memory);
        let Some(bounds) = vertices.bounds() else { return Ok(None) };
        let mut list = None;
        if let Some(words) = vertices.indices() {
            let first = self.vertices.put(&self.device, vertices.index_bytes())?;
            list = Some(VertexRecord { first, words, endian: 0 });
        }
        let count = vertices.count() / primitives::vertices_of(call.primitive);
        self.indices.take_back(vertices);
        Ok(Some(Geometry {
            corners: Corners::Counted(count * Expansion::CORNERS),
            shader: call.vertex_shader.clone(),
            inputs: VertexInputs::Primitives { list, bounds },
            rows: top..bottom,
            is_whole: false,
        }))
    }

    /// Refuses a draw whose pipelines are missing, before the CPU shades its corners in vain.
    pub(super) fn check_corners(&mut self, call: &DrawCall, plan: &Plan) -> Result<(), Refused> {
        // The corners decide whether one repetition is enough.
        let are_known = !call.samples_at_center || plan.times.len() == 1;
        let shader = self.pass_through.shader(corner_interpolators(call) as usize);
        if let Some(shader) = shader.filter(|_| are_known) {
            self.ready(call, plan, &shader, false)?;
        }
        Ok(())
    }

    /// Corners that the CPU shades, and the limit that it has reached.
    fn shaded_corners(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &Plan,
    ) -> Result<(Option<Geometry>, Option<BackendError>), Refused> {
        let [_, top, _, bottom] = plan.scissor;
        let (triangles, limit) = self.expander.triangles(call, memory, &self.recovery.cancel())?;
        let (values, covered) = expanded::corners(&triangles, &plan.position, plan.size[1]);
        let rows = top.max(covered.start)..bottom.min(covered.end);
        if triangles.positions.is_empty() || rows.is_empty() {
            return Ok((None, limit));
        }
        let shader = self
            .pass_through
            .shader(triangles.interpolators)
            .ok_or(UnsupportedState("more interpolators than there are"))?;
        let first = self.vertices.put(&self.device, bytemuck::cast_slice(&values))?;
        let words = values.len() as u32 * 4;
        let corners = Corners::Counted(words / expanded::words(triangles.interpolators));
        let inputs = VertexInputs::Corners(VertexRecord { first, words, endian: 0 });
        let is_whole = call.samples_at_center
            && expanded::covers_whole_pixels(call, &triangles, &plan.position, plan.size);
        Ok((Some(Geometry { corners, shader, inputs, rows, is_whole }), limit))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;
    use crate::backend::Options;
    use crate::backend::device::tests::with_device;
    use xenia_gpu::draw_state::{Constants, DrawRequest, IndexSource};
    use xenia_gpu::enums::EdramMode;
    use xenia_gpu::microcode::{ShaderKind, assemble};
    use xenia_gpu::registers::{FETCH_CONSTANTS, RegisterFile, pa, rb, vgt};

    fn shader(kind: ShaderKind, text: &str) -> Arc<Shader> {
        Arc::new(Shader::new(kind, &assemble(text).unwrap()))
    }

    /// Memory of zeros that notes whether it was read.
    #[derive(Default)]
    struct NotedReads(AtomicBool);

    impl PhysicalMemory for NotedReads {
        fn read(&self, _: u32, into: &mut [u8]) {
            self.0.store(true, Relaxed);
            into.fill(0);
        }
        fn write(&self, _: u32, _: &[u8]) {}
        fn version(&self, _: u32, _: u32) -> u64 {
            0
        }
        fn track(&self, _: u32, _: u32) -> Option<u64> {
            None
        }
    }

    #[test]
    fn the_cpu_shades_nothing_for_a_pixel_shader_without_a_translation() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        registers.write(rb::RbSurfaceInfo::with().surface_pitch(80));
        registers.write(rb::RbColorMask::with().write_red0(true));
        registers.write(pa::PaScScreenScissorBr::with().br_x(64).br_y(32));
        registers.write(pa::PaScWindowScissorBr::with().br_x(64).br_y(32));
        registers.write(vgt::VgtMaxVtxIndx::with().max_indx(0xff_ffff));
        registers.set(FETCH_CONSTANTS, 0x1000 | 3);
        registers.set(FETCH_CONSTANTS + 1, 2 | 6 << 2);
        let fetch = "vfetch r1.xy01, r0.x, vf0, format=37, stride=2, offset=0";
        let vertex = shader(ShaderKind::Vertex, &format!("{fetch}\nalloc position\nmax oPos, r1, r1"));
        let mut jumps = String::new();
        for i in 0..300 {
            writeln!(jumps, "l{i}:\nexec\nadd r1, r1, r0\njump l{}, p0", (i * 7 + 3) % 300).unwrap();
        }
        let rectangle = vgt::VgtDrawInitiator(8 | 2 << 6 | 3 << 16);
        with_device(|device| {
            for (before, is_read) in [("", true), (jumps.as_str(), false)] {
                let text = format!("{before}alloc colors\nexec\nmax oC0, r0, r0");
                let pixel = shader(ShaderKind::Pixel, &text);
                let request = DrawRequest { initiator: rectangle, indices: IndexSource::Counted };
                let constants = Arc::new(Constants::capture(&registers));
                let call = DrawCall::capture(&registers, request, Some(&vertex), Some(&pixel), constants);
                let options = Options { expands_on_cpu: true, ..Options::default() };
                let mut backend = WgpuBackend::with_options(device.clone(), &options);
                let memory = NotedReads::default();
                let recorded = backend.record(&call.unwrap(), &memory);
                let is_refused = matches!(recorded, Err(Refused::UnsupportedState(_)));
                assert_eq!((is_refused, memory.0.into_inner()), (!is_read, is_read));
            }
        });
    }

    #[test]
    fn only_points_have_exports_between_those_passed_and_the_place() {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        let text = "alloc position\nmax oPos, r0, r0\nalloc interpolators 3\nmax o0, r0, r0\nmax o2, r0, r0";
        let vertex = shader(ShaderKind::Vertex, text);
        let request = DrawRequest { initiator: vgt::VgtDrawInitiator(1), indices: IndexSource::Counted };
        let call = DrawCall::capture(&registers, request, Some(&vertex), None, Arc::default()).unwrap();
        for (primitive, interpolators, position_register, expected) in [
            (Primitive::PointList, 1, Some(3), true),
            (Primitive::PointList, 2, Some(15), true),
            (Primitive::PointList, 3, Some(3), false),
            (Primitive::PointList, 1, Some(2), false), // o1 is zero anyway
            (Primitive::PointList, 1, None, false),
            (Primitive::RectangleList, 1, Some(3), false),
        ] {
            let call = DrawCall { primitive, interpolators, position_register, ..call.clone() };
            assert_eq!(
                exports_beyond(&call),
                expected,
                "{primitive:?} {interpolators} {position_register:?}"
            );
        }
    }
}
