//! Frames at the internal resolution.
//!
//! The device has the front buffer's texels at the host's resolution if resolves have written them.
//! A frame that the CPU has written is enlarged, so that all frames of a run have one size.

use xenia_gpu::{Frame, FrontBuffer, PhysicalMemory, PresentCall, present};

use super::WgpuBackend;
use super::edram::{TiledRows, read_back};
use super::textures::{LevelSource, texel_bytes};

/// Bytes of a front buffer's texel.
const TEXEL_BYTES: u32 = 4;

impl WgpuBackend {
    /// Makes a frame of the front buffer, after all submitted commands.
    pub(super) fn present_frame(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        let scale = self.edram.scale();
        if scale.is_one() {
            return present(call, memory);
        }
        let scaled = self.present_scaled(call, memory);
        scaled.or_else(|| present(call, memory).map(|frame| frame.enlarged(scale.factor())))
    }

    /// Makes a frame of texels at the host's resolution; `None` if the device does not have them.
    fn present_scaled(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        let scale = self.edram.scale();
        let front = FrontBuffer::of(call)?;
        let pieces = self.mirror.pieces(front.physical, front.bytes, memory).ok()?;
        texel_bytes(&pieces, front.bytes).filter(|bytes| *bytes == TEXEL_BYTES)?;
        let encoder = self.recording.encoder(&self.device);
        let source = LevelSource::scaled(&self.device.device, encoder, &pieces, scale);
        let size = wgpu::BufferSize::new(source.range.end - source.range.start);
        let texels = wgpu::BufferBinding { buffer: &source.buffer, offset: source.range.start, size };
        let rows = TiledRows {
            texels: wgpu::BindingResource::Buffer(texels),
            pitch: front.pitch,
            size: scale.size(front.shown),
        };
        let made = self.edram.rows_of_texels(&self.device, encoder, rows);
        let back = self.staging.take(&self.device, made.size());
        self.recording.encoder(&self.device).copy_buffer_to_buffer(&made, 0, &back, 0, made.size());
        self.submit();
        let view = read_back(&self.device, &back, made.size()).ok()?;
        let words = bytemuck::try_cast_slice(&view).ok();
        let frame = words.and_then(|words| front.frame(call, scale.factor(), words));
        drop(view);
        back.unmap();
        self.staging.give_back(back);
        frame
    }
}
