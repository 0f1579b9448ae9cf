//! Render pass with state tracking, which skips redundant state changes.
//!
//! A state change costs time when it is recorded and when the device executes it, and most draws
//! share nearly all state with the preceding one.

/// Minimum number of bytes of indices that are bound.
const MIN_INDEX_BYTES: u64 = 1 << 20;

/// Open render pass and its current state.
pub(super) struct Pass {
    commands: wgpu::RenderPass<'static>,
    pipeline: Option<wgpu::RenderPipeline>,
    groups: [Option<(wgpu::BindGroup, u32)>; 2],
    /// Number of bytes of indices that are bound.
    index_bytes: u64,
    viewport: Option<([u32; 2], f32)>,
    scissor: Option<[u32; 4]>,
    blend_constant: Option<[f64; 4]>,
    stencil_reference: Option<u32>,
}

impl Pass {
    /// Wraps a new pass, in which no state is set.
    pub(super) fn new(pass: wgpu::RenderPass<'static>) -> Self {
        Self {
            commands: pass,
            pipeline: None,
            groups: [None, None],
            index_bytes: 0,
            viewport: None,
            scissor: None,
            blend_constant: None,
            stencil_reference: None,
        }
    }

    /// Whether a pipeline is set.
    pub(super) fn has_pipeline(&self, pipeline: &wgpu::RenderPipeline) -> bool {
        self.pipeline.as_ref() == Some(pipeline)
    }

    pub(super) fn set_pipeline(&mut self, pipeline: &wgpu::RenderPipeline) {
        if !self.has_pipeline(pipeline) {
            self.commands.set_pipeline(pipeline);
            self.pipeline = Some(pipeline.clone());
        }
    }

    /// Binds a stage's group (number 0 or 1) with the offset of its constants.
    pub(super) fn set_group(&mut self, number: u32, group: &wgpu::BindGroup, offset: u32) {
        let is_set = |(set, at): &(wgpu::BindGroup, u32)| set == group && *at == offset;
        let current = &mut self.groups[number as usize];
        if !current.as_ref().is_some_and(is_set) {
            self.commands.set_bind_group(number, group, &[offset]);
            *current = Some((group.clone(), offset));
        }
    }

    /// Binds the buffer of 32-bit indices, which is the same for all draws of a pass, up to index
    /// `end` at least. Not all of it, because wgpu clears bound memory before its first use.
    pub(super) fn set_indices(&mut self, buffer: &wgpu::Buffer, end: u32) {
        let bytes = u64::from(end) * 4;
        if self.index_bytes < bytes {
            // More than is needed, so that growing lists of a pass bind it seldom.
            self.index_bytes = bytes.next_power_of_two().max(MIN_INDEX_BYTES).min(buffer.size());
            let bound = buffer.slice(..self.index_bytes);
            self.commands.set_index_buffer(bound, wgpu::IndexFormat::Uint32);
        }
    }

    /// Sets the viewport to the whole target, with depths from 0 to `deepest`.
    pub(super) fn set_viewport(&mut self, size: [u32; 2], deepest: f32) {
        if self.viewport.replace((size, deepest)) != Some((size, deepest)) {
            let [width, height] = size.map(|side| side as f32);
            self.commands.set_viewport(0.0, 0.0, width, height, 0.0, deepest);
        }
    }

    /// Sets the scissor: left, top, right, bottom.
    pub(super) fn set_scissor(&mut self, rect: [u32; 4]) {
        if self.scissor.replace(rect) != Some(rect) {
            let [left, top, right, bottom] = rect;
            self.commands.set_scissor_rect(left, top, right - left, bottom - top);
        }
    }

    pub(super) fn set_blend_constant(&mut self, color: wgpu::Color) {
        let value = [color.r, color.g, color.b, color.a];
        if self.blend_constant.replace(value) != Some(value) {
            self.commands.set_blend_constant(color);
        }
    }

    pub(super) fn set_stencil_reference(&mut self, reference: u32) {
        if self.stencil_reference.replace(reference) != Some(reference) {
            self.commands.set_stencil_reference(reference);
        }
    }

    /// Underlying pass, for commands without tracked state.
    pub(super) fn commands(&mut self) -> &mut wgpu::RenderPass<'static> {
        &mut self.commands
    }
}
