//! Recording of a draw: from its description to wgpu commands.
//!
//! [`WgpuBackend::record`] plans the host's state, finds pipelines and targets, uploads what the
//! shaders read, transfers the tiles of the targets, and records the draw. Invariant: nothing of a
//! draw is recorded before all that it needs was found, so a [`Refused`] one can be recorded again
//! or given to the reference, except after [`Refused::Error`]: the triangles before a limit are
//! recorded.

mod expected;
mod geometry;
mod pixel_inputs;
mod plan;

use std::ops::Range;
use std::sync::Arc;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::draw_state::fetch_ranges::FetchReach;
use xenia_gpu::enums::{Msaa, Primitive};
use xenia_gpu::geometry::{corner_interpolators, index_range};
use xenia_gpu::microcode::{Program, Shader, ShaderKind};
use xenia_gpu::{BackendError, PhysicalMemory, PhysicalRange, Reference};

use super::WgpuBackend;
use super::bindings::{BoundBuffers, DrawnShader};
use super::pipelines::{Missing, Parts, Ready};
use super::primitives;
use super::recipe::{Chosen, Recipe};
use super::recording::Attachments;
use super::shaders::HostShader;
use super::state::{DepthState, MAX_TIMES, Times, UnsupportedState};
use super::targets::{self, Claim, NoTargetMemory};
use super::textures::TextureInputs;
use super::vertices::Full;
use geometry::{Geometry, ShadedBy, VertexInputs};
use plan::Plan;
use xenia_shaders::{
    ConstantsLayout, Interpolators, PIXEL_GROUP, StageConstants, VERTEX_GROUP, VertexRecord,
};

/// Largest alignment of constant offsets in bytes.
const MAX_ALIGNMENT: usize = 256;

/// Pipelines of a draw, by its repetitions.
type ReadyPipelines = [Option<Arc<Ready>>; MAX_TIMES];

/// Locations of the uploaded shader inputs.
struct UploadedInputs {
    vertex: wgpu::BindGroup,
    pixel: Option<wgpu::BindGroup>,
    /// Offset of the vertex shader's constants, for each repetition of the draw.
    vertex_offsets: [u32; MAX_TIMES],
    pixel_offset: u32,
    /// Position of the first index in the buffer.
    first_index: u32,
}

/// Reason why a draw was not recorded, or not all of it ([`Self::Error`]).
pub(super) enum Refused {
    /// The host doesn't support it; the reference backend does.
    UnsupportedState(String),
    /// A buffer is full: submit, then record the draw again.
    Full,
    /// It reads this memory, which lacks texels of resolves: deliver them, then record the draw
    /// again.
    Pending(PhysicalRange),
    /// The pipeline is not compiled yet, and draws don't wait.
    Compiling,
    /// The device has no memory for a target: drop the others, then record the draw again.
    NoTargetMemory,
    /// The draw is invalid.
    Error(BackendError),
}

impl From<Missing> for Refused {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Refused(reason) => Self::UnsupportedState(reason),
            Missing::Compiling => Self::Compiling,
        }
    }
}

impl From<UnsupportedState> for Refused {
    fn from(UnsupportedState(what): UnsupportedState) -> Self {
        Self::UnsupportedState(what.into())
    }
}

impl From<Full> for Refused {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl From<NoTargetMemory> for Refused {
    fn from(_: NoTargetMemory) -> Self {
        Self::NoTargetMemory
    }
}

impl From<BackendError> for Refused {
    fn from(error: BackendError) -> Self {
        Self::Error(error)
    }
}

/// Interpolators passed from vertices to pixels: those that both shaders use.
fn interpolators(call: &DrawCall, vertex: &Program, times: &Times) -> Interpolators {
    let read = call.pixel_shader.as_ref().map_or(0, |shader| shader.program.registers);
    // Points pass their place in the position register's interpolator, whatever the title exports.
    let is_point = call.primitive == Primitive::PointList;
    let place = call.position_register.filter(|_| is_point).map_or(0, |register| register + 1);
    let written = vertex.exported_interpolators().max(place);
    let count = corner_interpolators(call).min(read).min(written);
    // The place differs from corner to corner.
    let place = if place == 0 { 0 } else { 1 << (place - 1) };
    let flat = call.flat & ((1 << count) - 1) & !place;
    // With two samples each is drawn separately, and the host may find none of its
    // samples covered. Samples at the centre have that as their centroid.
    let has_centroids = call.msaa == Msaa::X4 && !call.samples_at_center;
    let centroid = if has_centroids { call.centroid } else { 0 };
    Interpolators {
        count,
        flat,
        centroid: centroid & !flat & ((1 << count) - 1),
        // The host's sample lies where the centre was before the draw was moved. In perspective
        // that is not exact: drivers evaluate w for the whole pixel.
        at_samples: call.samples_at_center && times.len() > 1,
        affine: call.affine,
    }
}

impl WgpuBackend {
    /// Records a draw.
    pub(super) fn record(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), Refused> {
        let is_counting = self.occlusion.is_counting() || call.survey.is_some();
        let Some(mut plan) = Plan::new(call, &self.device, self.edram.scale(), is_counting)? else {
            return Ok(());
        };
        if let Some(reason) = self.reason_for_cpu(call, &plan) {
            return self.record_shaded(call, memory, &mut plan, ShadedBy::Cpu(reason));
        }
        match self.record_shaded(call, memory, &mut plan, ShadedBy::Device) {
            // The title's vertex shader may have no translation. A texture of the pixel shader is
            // too large either way, and vertex shaders seldom have one.
            Err(Refused::UnsupportedState(reason))
                if primitives::is_expanded(call.primitive) && !self.textures.is_oversized() =>
            {
                self.record_shaded(call, memory, &mut plan, ShadedBy::Cpu(&reason))
            }
            recorded => recorded,
        }
    }

    fn record_shaded(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &mut Plan,
        by: ShadedBy<'_>,
    ) -> Result<(), Refused> {
        if let Some(range) = self.reads_pending(call, by) {
            return Err(Refused::Pending(range));
        }
        if let ShadedBy::Cpu(_) = by {
            self.check_corners(call, plan)?;
        }
        let (geometry, limit) = self.geometry(call, memory, plan, by)?;
        if let Some(geometry) = geometry {
            if geometry.is_whole {
                plan.times = plan.times.at_once();
            }
            let recorded = self.record_triangles(call, memory, plan, &geometry);
            self.indices.take_back(geometry.corners);
            recorded?;
        }
        // A refused draw is recorded again, or made by the reference.
        if let ShadedBy::Cpu(reason) = by {
            self.fallback.count_expanded(reason);
        }
        // The triangles before it are drawn, as by the reference.
        limit.map_or(Ok(()), |limit| Err(limit.into()))
    }

    fn record_triangles(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &Plan,
        geometry: &Geometry,
    ) -> Result<(), Refused> {
        let is_expanded = matches!(geometry.inputs, VertexInputs::Primitives { .. });
        let ready = self.ready(call, plan, &geometry.shader, is_expanded)?;
        let Some(shaders) = &ready[0] else { return Ok(()) };
        let attachments = self.attachments(call, plan)?;
        let sent = self.send(call, memory, plan, geometry, shaders)?;
        self.claim(attachments, &geometry.rows, plan.depth.as_ref().map(|(depth, _)| depth));
        self.command(plan, geometry, &ready, attachments, &sent);
        Ok(())
    }

    /// Memory that lacks texels and that the CPU reads to compute the triangles.
    fn reads_pending(&self, call: &DrawCall, by: ShadedBy<'_>) -> Option<PhysicalRange> {
        if !self.mirror.has_pending() {
            return None;
        }
        let mut found = None;
        let mut look = |range| {
            if found.is_none() && self.mirror.is_pending(range) {
                found = Some(range);
            }
        };
        if let ShadedBy::Cpu(_) = by {
            Reference::inputs_of_vertices(call, &mut look);
        } else if let Some(range) = index_range(call) {
            look(range);
        }
        found
    }

    /// Recipe and shaders of a draw with this vertex shader, which expands primitives or not; its
    /// repetitions differ in their samples.
    fn parts(&self, call: &DrawCall, plan: &Plan, vertex: &Arc<Shader>, is_expanded: bool) -> Parts {
        let chosen = Chosen {
            vertex: vertex.hash,
            interpolators: interpolators(call, &vertex.program, &plan.times),
            is_expanded,
            depth: plan.depth.map(|(depth, _)| depth),
            culling: plan.culling,
            clip: plan.clip,
            samples: plan.place.host_samples(),
            anisotropic: self.textures.anisotropic(call),
        };
        let recipe = Recipe::new(call, &chosen);
        Parts { recipe, vertex: vertex.clone(), pixel: call.pixel_shader.clone() }
    }

    /// Finds the pipelines of a vertex shader, one for each repetition of the draw: none if there
    /// are no repetitions.
    fn ready(
        &mut self,
        call: &DrawCall,
        plan: &Plan,
        vertex: &Arc<Shader>,
        is_expanded: bool,
    ) -> Result<ReadyPipelines, Missing> {
        let mut parts = self.parts(call, plan, vertex, is_expanded);
        let recipe = parts.recipe;
        let mut all = ReadyPipelines::default();
        for (ready, time) in all.iter_mut().zip(plan.times.iter()) {
            parts.recipe = recipe.drawing(time.samples);
            let found = self.pipelines.get(&parts);
            if matches!(found, Err(Missing::Compiling)) {
                // The draw is left out, so its query must count as if it had found something.
                self.occlusion.note_visible(call.survey);
            }
            *ready = Some(found?);
        }
        Ok(all)
    }

    /// Finds the host textures of the targets.
    fn attachments(&mut self, call: &DrawCall, plan: &Plan) -> Result<Attachments, NoTargetMemory> {
        let mut attachments = Attachments::default();
        for (i, target) in call.color.iter().enumerate() {
            let Some(target) = target else { continue };
            let place = targets::color_place(call, target.base, target.format);
            attachments.color[i] = Some(self.targets.find(&self.device, place)?);
        }
        if plan.depth.is_some() {
            attachments.depth = Some(self.targets.find(&self.device, plan.place)?);
        }
        Ok(attachments)
    }

    /// Finds the bind group of a stage, and sets the records of its textures.
    fn bind(
        &mut self,
        shader: &HostShader,
        call: &DrawCall,
        records: &mut StageConstants,
        memory: &dyn PhysicalMemory,
    ) -> wgpu::BindGroup {
        let mut inputs = TextureInputs {
            device: &self.device,
            recording: &mut self.recording,
            mirror: &self.mirror,
            memory,
        };
        let buffers = BoundBuffers {
            uniforms: self.uniforms.buffer(),
            vertices: self.vertices.buffer(),
            vertex_bytes: self.vertices.bound(),
        };
        let drawn = DrawnShader { shader, constants: &call.constants };
        self.groups.get(&mut inputs, drawn, &mut self.textures, records, buffers)
    }

    /// Uploads shader inputs.
    fn send(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
        plan: &Plan,
        geometry: &Geometry,
        shaders: &Ready,
    ) -> Result<UploadedInputs, Refused> {
        let vertex = &shaders.vertex;
        let pixel = shaders.pixel.as_ref();
        let [mut of_vertex, mut of_pixel] = std::mem::take(&mut self.stage_constants);
        of_vertex.renew(&call.constants, ShaderKind::Vertex, vertex.interface.constants);
        of_vertex.set_clip_planes(&call.clip_planes);
        match geometry.inputs {
            VertexInputs::Corners(record) => of_vertex.set_vertex(0, record),
            VertexInputs::Memory => {
                let indices = geometry.corners.bounds();
                self.send_vertices(call, &vertex.reaches, indices, &mut of_vertex, memory)?;
            }
            VertexInputs::Primitives { list, bounds } => {
                of_vertex.set_expansion(&geometry::expansion(call, list));
                self.send_vertices(call, &vertex.reaches, Some(bounds), &mut of_vertex, memory)?;
            }
        }
        let vertex_bound = self.bind(vertex, call, &mut of_vertex, memory);
        let layout = pixel.map_or_else(ConstantsLayout::default, |pixel| pixel.interface.constants);
        of_pixel.renew(&call.constants, ShaderKind::Pixel, layout);
        let bound = pixel.map(|pixel| self.bind_pixel(pixel, call, plan, &mut of_pixel, memory));
        let pixel_bound = bound.transpose()?;
        if let Some(range) = self.textures.torn() {
            return Err(Refused::Pending(range));
        }
        if self.textures.is_oversized() {
            return Err(UnsupportedState("a texture larger than the host's").into());
        }
        let bytes = [&of_vertex, &of_pixel].map(|constants| constants.bytes().len() + MAX_ALIGNMENT);
        if !self.uniforms.fits(plan.times.len() * bytes[0] + bytes[1])
            || !self.indices.fits(&geometry.corners)
            || !self.occlusion.has_room(plan.times.len() as u32)
        {
            return Err(Refused::Full);
        }
        let mut vertex_offsets = [0; MAX_TIMES];
        for (offset, time) in vertex_offsets.iter_mut().zip(plan.times.iter()) {
            of_vertex.set_position(&plan.position.moved(time.shift));
            *offset = self.uniforms.put(of_vertex.bytes()) as u32;
        }
        let pixel_offset = if pixel.is_some() { self.uniforms.put(of_pixel.bytes()) as u32 } else { 0 };
        let first_index = self.indices.place(&geometry.corners);
        self.stage_constants = [of_vertex, of_pixel];
        Ok(UploadedInputs {
            vertex: vertex_bound,
            pixel: pixel_bound,
            vertex_offsets,
            pixel_offset,
            first_index,
        })
    }

    /// Records the commands.
    fn command(
        &mut self,
        plan: &Plan,
        geometry: &Geometry,
        ready: &ReadyPipelines,
        attachments: Attachments,
        sent: &UploadedInputs,
    ) {
        let samples = self.occlusion.set();
        let pass = self.recording.pass(&self.device, &self.targets, attachments, samples);
        let scale = self.edram.scale();
        pass.set_viewport(scale.size(plan.size), if plan.clip.unclipped { 1.0 } else { plan.deepest });
        let [left, _, right, _] = plan.scissor;
        let rows = &geometry.rows;
        pass.set_scissor(scale.rect([left, rows.start, right, rows.end]));
        if let Some(group) = &sent.pixel {
            pass.set_group(PIXEL_GROUP, group, sent.pixel_offset);
        }
        pass.set_blend_constant(plan.blend_constant);
        if let Some((_, reference)) = plan.depth {
            pass.set_stencil_reference(reference);
        }
        let indices = geometry.corners.indices();
        if let Some(count) = indices {
            pass.set_indices(self.indices.buffer(), sent.first_index + count);
        }
        let mut times: [_; MAX_TIMES] = std::array::from_fn(|i| (&ready[i], sent.vertex_offsets[i]));
        // Repetitions draw different samples in any order: first the one whose pipeline is set.
        if ready.iter().flatten().next_back().is_some_and(|last| pass.has_pipeline(&last.pipeline)) {
            times.reverse();
        }
        for (ready, vertex_offset) in times {
            let Some(ready) = ready else { continue };
            pass.set_pipeline(&ready.pipeline);
            pass.set_group(VERTEX_GROUP, &sent.vertex, vertex_offset);
            let pass = pass.commands();
            let query = self.occlusion.next(plan.survey);
            if let Some(query) = query {
                pass.begin_occlusion_query(query);
            }
            match indices {
                Some(count) => pass.draw_indexed(sent.first_index..sent.first_index + count, 0, 0..1),
                None => pass.draw(0..geometry.corners.count(), 0..1),
            }
            if query.is_some() {
                pass.end_occlusion_query();
            }
        }
    }

    /// Uploads the memory that vertex fetches read, within the lowest and the highest index if they
    /// are known, and sets the locations in the constants.
    fn send_vertices(
        &mut self,
        call: &DrawCall,
        reaches: &[(u8, FetchReach)],
        indices: Option<[u32; 2]>,
        records: &mut StageConstants,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), Refused> {
        for (constant, reach) in reaches {
            let buffer = call.constants.vertex_buffer(*constant);
            let words = reach.words(indices, buffer.words);
            let start = buffer.physical.wrapping_add(words.start.wrapping_mul(4));
            let read = PhysicalRange { start, length: (words.end - words.start).saturating_mul(4) };
            if self.mirror.is_pending(read) {
                return Err(Refused::Pending(read));
            }
            let first = self.vertices.range(&self.device, buffer.physical, &words, memory)?;
            let record = VertexRecord { words: words.end, ..VertexRecord::new(&buffer, first) };
            records.set_vertex(*constant, record);
        }
        Ok(())
    }

    /// Transfers tiles so that a draw's targets own these rows.
    fn claim(&mut self, attachments: Attachments, rows: &Range<u32>, depth: Option<&DepthState>) {
        // The contents of a depth target that is neither tested nor written don't matter.
        let depth = depth.filter(|depth| **depth != DepthState::IGNORED);
        let attachments = Attachments { depth: attachments.depth.filter(|_| depth.is_some()), ..attachments };
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
        if let Some(((target, _), stencil)) = depth.zip(stencil) {
            self.targets.drawn(target, rows.clone(), stencil);
        }
        // If targets share tiles, colours are considered to be written last.
        for target in attachments.color.into_iter().flatten() {
            self.targets.drawn(target, rows.clone(), 0);
        }
        self.targets.set_claim(claim);
    }
}
