//! One draw, from its description to recorded commands.

use std::ops::Range;
use std::sync::Arc;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::microcode::{Program, Shader, ShaderKind};
use xenia_gpu::{BackendError, PhysicalMemory};

use super::Inner;
use super::bindings::Bound;
use super::expanded;
use super::pipelines::{Missing, Parts};
use super::primitives::{self, Corners};
use super::recipe::{Chosen, Recipe};
use super::recording::Attachments;
use super::state::{self, Impossible};
use super::targets::{self, Claim};
use super::vertices::Full;
use crate::translate::{
    ConstantsLayout, HostPosition, HostTarget, Interpolators, StageConstants, VertexRecord,
};

/// Triangles to be drawn.
struct Geometry {
    corners: Corners,
    /// The vertex shader: the title's, or one that hands on corners.
    shader: Arc<Shader>,
    /// The place of such corners, in words, and how many words they are.
    handed_on: Option<(u32, u32)>,
    /// Rows of pixels that may be drawn to.
    rows: Range<u32>,
}

/// Why a draw was not recorded.
pub(super) enum Refused {
    /// The host can't do it; the reference can.
    Impossible(String),
    /// A buffer is full: submit, and try again.
    Full,
    /// Its pipeline is not there yet, and draws don't wait.
    Compiling,
    /// The draw makes no sense.
    Error(BackendError),
}

impl From<Missing> for Refused {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Refused(reason) => Self::Impossible(reason),
            Missing::Compiling => Self::Compiling,
        }
    }
}

impl From<Impossible> for Refused {
    fn from(Impossible(what): Impossible) -> Self {
        Self::Impossible(what.into())
    }
}

impl From<Full> for Refused {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl From<BackendError> for Refused {
    fn from(error: BackendError) -> Self {
        Self::Error(error)
    }
}

impl Inner {
    /// Records a draw.
    pub(super) fn record(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), Refused> {
        state::check(call)?;
        if !call.vertex_shader.program.writes(Program::POSITION) {
            return Err(BackendError::Invalid("the vertex shader exports no position".into()).into());
        }
        let expanded = primitives::is_expanded(call.primitive);
        let size = targets::size(call.pitch, call.msaa);
        let scissor = call.scissor;
        let [left, right] = [scissor.left, scissor.right].map(|x| x.clamp(0, size[0] as i32) as u32);
        let [top, bottom] = [scissor.top, scissor.bottom].map(|y| y.clamp(0, size[1] as i32) as u32);
        let place = targets::depth_place(call);
        let Ok(culling) = state::culling(call, expanded) else { return Ok(()) };
        if left >= right || top >= bottom {
            return Ok(());
        }
        let position = state::position(call, size, expanded)?;
        let depth_clip = state::depth_clip(call, self.device.features)?;
        let blend_constant = state::blend_constant(call)?;
        let deepest = targets::deepest(call.depth.format);
        let mut depth = state::depth(call, expanded)?;

        let Some(Geometry { corners, shader: vertex_shader, handed_on, rows }) =
            self.geometry(call, memory, &position, top..bottom, size[1])?
        else {
            return Ok(());
        };

        // The pipeline.
        let exports = call.pixel_shader.as_ref().map_or(0, |shader| shader.program.exports);
        if exports >> Program::DEPTH & 1 != 0 && depth.is_none() {
            // The host wants a depth target where a shader gives depth out.
            depth = Some((state::DepthState::IGNORED, 0));
        }
        let is_written = |i: usize| call.color[i].is_some() && exports >> i & 1 != 0;
        let chosen = Chosen {
            vertex: vertex_shader.hash,
            interpolators: Interpolators {
                count: call.interpolators.min(16),
                flat: call.flat & 0xffff,
                affine: call.affine,
            },
            targets: (0..4).filter(|i| is_written(*i)).fold(0, |bits, i| bits | 1 << i),
            depth: depth.map(|(depth, _)| depth),
            culling,
            clip: depth_clip,
            samples: place.host_samples(),
        };
        let recipe = Recipe::new(call, &chosen);
        let times = state::times(call, place.host_sample_mask(call.sample_mask), size);
        let mut ready = Vec::with_capacity(times.len());
        for time in &times {
            let recipe = recipe.drawing(time.samples);
            let parts = Parts { recipe, vertex: vertex_shader.clone(), pixel: call.pixel_shader.clone() };
            ready.push(self.pipelines.get(&parts)?);
        }
        let Some(first) = ready.first() else { return Ok(()) };
        let (vertex, pixel) = (&*first.vertex, first.pixel.as_deref());

        // Targets.
        let mut attachments = Attachments::default();
        for (i, target) in call.color.iter().enumerate() {
            let Some(target) = target.filter(|_| is_written(i)) else { continue };
            let id = self.targets.find(&self.device, targets::color_place(call, target.base, target.format));
            attachments.color[i] = Some(id);
        }
        if depth.is_some() {
            attachments.depth = Some(self.targets.find(&self.device, place));
        }
        if attachments == Attachments::default() {
            return Ok(()); // nothing can be seen of it
        }

        // What shaders read.
        let mut vertex_constants =
            StageConstants::new(&call.constants, ShaderKind::Vertex, vertex.interface.constants);
        vertex_constants.set_clip_planes(&call.clip_planes);
        if let Some((first, words)) = handed_on {
            vertex_constants.set_vertex(0, VertexRecord { first, words, endian: 0 });
        } else {
            self.send_vertices(call, &vertex.vertex_constants, &mut vertex_constants, memory)?;
        }
        let vertex_bound = Bound::new(
            &self.device,
            vertex,
            &call.constants,
            &mut self.textures,
            &mut vertex_constants,
            memory,
        );
        let layout = pixel.map_or_else(ConstantsLayout::default, |pixel| pixel.interface.constants);
        let mut pixel_constants = StageConstants::new(&call.constants, ShaderKind::Pixel, layout);
        let pixel_bound = match &pixel {
            Some(pixel) => {
                self.send_vertices(call, &pixel.vertex_constants, &mut pixel_constants, memory)?;
                if let Some((compare, reference)) = call.alpha_test {
                    pixel_constants.set_alpha_test(compare, reference);
                }
                pixel_constants.set_depth_scale(deepest);
                for (i, target) in (0..).zip(&call.color) {
                    if let Some(target) = target {
                        let scale = 2.0_f32.powi(target.exponent_bias);
                        let ranges = target.format.range();
                        pixel_constants.set_target(i, &HostTarget { scale, ranges });
                    }
                }
                let textures = &mut self.textures;
                let constants = &mut pixel_constants;
                Some(Bound::new(&self.device, pixel, &call.constants, textures, constants, memory))
            }
            None => None,
        };
        let index_bytes = match &corners {
            Corners::Indexed(list) => bytemuck::cast_slice(list),
            Corners::Counted(_) => &[],
        };
        let bytes = [vertex_constants.bytes().len() + 256, pixel_constants.bytes().len() + 256];
        let constants_bytes = times.len() * bytes[0] + bytes[1];
        if !self.uniforms.fits(constants_bytes)
            || !self.indices.fits(index_bytes.len())
            || !self.occlusion.has_room(times.len() as u32)
        {
            return Err(Refused::Full);
        }
        let mut vertex_offsets = Vec::with_capacity(times.len());
        for time in &times {
            vertex_constants.set_position(&position.moved(time.shift));
            vertex_offsets.push(self.uniforms.put(vertex_constants.bytes()) as u32);
        }
        let pixel_offset =
            if pixel.is_some() { self.uniforms.put(pixel_constants.bytes()) as u32 } else { 0 };
        let index_offset = self.indices.put(index_bytes);

        // Recording.
        self.claim(attachments, &rows, depth.as_ref().map(|(depth, _)| depth));
        let (uniforms, vertices) = (self.uniforms.buffer(), self.vertices.buffer());
        let vertex_group = self.groups.get(&self.device, vertex, &vertex_bound, uniforms, vertices);
        let pixel_group = pixel
            .as_ref()
            .zip(pixel_bound.as_ref())
            .map(|(pixel, bound)| self.groups.get(&self.device, pixel, bound, uniforms, vertices));
        let samples = self.occlusion.set();
        let pass = self.recording.pass(&self.device, &self.targets, attachments, samples);
        pass.set_viewport(size, deepest);
        pass.set_scissor([left, top, right, bottom]);
        if let Some(group) = &pixel_group {
            pass.set_group(1, group, pixel_offset);
        }
        pass.set_blend_constant(blend_constant);
        if let Some((_, reference)) = depth {
            pass.set_stencil_reference(reference);
        }
        if let Corners::Indexed(_) = &corners {
            let end = index_offset + index_bytes.len() as u64;
            let indices = self.indices.buffer().slice(index_offset..end);
            pass.commands().set_index_buffer(indices, wgpu::IndexFormat::Uint32);
        }
        for (ready, vertex_offset) in ready.iter().zip(vertex_offsets) {
            pass.set_pipeline(&ready.pipeline);
            pass.set_group(0, &vertex_group, vertex_offset);
            let pass = pass.commands();
            let query = self.occlusion.next();
            if let Some(query) = query {
                pass.begin_occlusion_query(query);
            }
            match &corners {
                Corners::Counted(count) => pass.draw(0..*count, 0..1),
                Corners::Indexed(list) => pass.draw_indexed(0..list.len() as u32, 0, 0..1),
            }
            if query.is_some() {
                pass.end_occlusion_query();
            }
        }
        Ok(())
    }

    /// What is drawn, in these rows of a target; nothing if there is nothing.
    fn geometry(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        position: &HostPosition,
        rows: Range<u32>,
        height: u32,
    ) -> Result<Option<Geometry>, Refused> {
        if !primitives::is_expanded(call.primitive) {
            let corners = primitives::triangles(call, memory)?;
            let shader = call.vertex_shader.clone();
            return Ok((!corners.is_empty()).then_some(Geometry { corners, shader, handed_on: None, rows }));
        }
        let triangles = self.expander.triangles(call, memory)?;
        let (bytes, covered) = expanded::corners(call, &triangles, position, height);
        let rows = rows.start.max(covered.start)..rows.end.min(covered.end);
        if triangles.positions.is_empty() || rows.is_empty() {
            return Ok(None);
        }
        let shader = self
            .handing_on
            .shader(triangles.interpolators)
            .ok_or(Impossible("more interpolators than there are"))?;
        let first = self.vertices.put(&self.device, &bytes)?;
        let words = bytes.len() as u32 / 4;
        let corners = Corners::Counted(words / expanded::words(triangles.interpolators));
        Ok(Some(Geometry { corners, shader, handed_on: Some((first, words)), rows }))
    }

    /// Sends what vertex fetches read and says where it is.
    fn send_vertices(
        &mut self,
        call: &DrawCall,
        constants: &[u8],
        records: &mut StageConstants,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), Full> {
        for &constant in constants {
            let words = call.constants.vertex_fetch(constant);
            let wanted = VertexRecord::new(words, 0);
            let physical = words[0] & !3 & 0x1fff_ffff;
            let (first, count) = self.vertices.range(&self.device, physical, wanted.words, memory)?;
            records.set_vertex(constant, VertexRecord { first, words: count, ..wanted });
        }
        Ok(())
    }

    /// Makes the targets of a draw current in these rows, and theirs.
    fn claim(&mut self, attachments: Attachments, rows: &Range<u32>, depth: Option<&state::DepthState>) {
        let depth = attachments.depth.zip(depth.filter(|depth| depth.writes()));
        let stencil = depth.map(|(_, depth)| if depth.writes_stencil() { depth.masks[1] } else { 0 });
        let claim = Claim { attachments, rows: rows.clone(), stencil };
        if self.targets.is_claimed(&claim) {
            return;
        }
        for target in attachments.color.into_iter().chain([attachments.depth]).flatten() {
            let steps = self.targets.acquire(target, rows.clone());
            self.carry_out(steps);
        }
        for target in attachments.color.into_iter().flatten() {
            self.targets.drawn(target, rows.clone(), 0);
        }
        if let Some(((target, _), stencil)) = depth.zip(stencil) {
            self.targets.drawn(target, rows.clone(), stencil);
        }
        self.targets.claimed(claim);
    }
}
