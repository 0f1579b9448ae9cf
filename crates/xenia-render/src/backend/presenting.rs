//! Frames of front buffers: on the device for a window that shares it, else as bytes, at the
//! internal resolution.
//!
//! The device has the front buffer's texels if resolves have written them, at the host's
//! resolution, too. Others come from memory, enlarged, so that all frames of a run have one size.

mod picture;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use xenia_gpu::{DevicePicture, Frame, FrontBuffer, PhysicalMemory, PresentCall, present};

use super::WgpuBackend;
use super::scale::Scale;
use super::textures::{LevelSource, texel_bytes};
pub(super) use picture::PictureMaker;
use picture::PictureSource;
pub(crate) use picture::{PICTURE_FORMAT, PictureTexture};

/// Bytes of a front buffer's texel.
const TEXEL_BYTES: u32 = 4;

impl WgpuBackend {
    /// Makes a picture on the device, in the order of its commands. `None` for other layouts, for
    /// sizes that the device has no textures or bindings for, and if the CPU has written pages of a
    /// resolve that memory lacks.
    pub(super) fn make_picture(
        &mut self,
        call: &PresentCall,
        memory: &dyn PhysicalMemory,
    ) -> Option<Arc<PictureTexture>> {
        let device = &self.device;
        let scale = self.edram.scale();
        let front = FrontBuffer::of(call)?;
        let pieces = self.mirror.pieces(front.physical, front.bytes, memory).ok()?;
        let is_scaled =
            !scale.is_one() && front.tiled && texel_bytes(&pieces, front.bytes) == Some(TEXEL_BYTES);
        let most = device.device.limits().max_storage_buffer_binding_size;
        let bound = if is_scaled { scale } else { Scale::ONE };
        if bound.bytes(u64::from(front.bytes), TEXEL_BYTES) > most {
            return None;
        }
        let encoder = self.recording.encoder(device);
        let source = if is_scaled {
            LevelSource::scaled(&device.device, encoder, &pieces, scale)
        } else {
            LevelSource::new(&device.device, encoder, front.physical, front.bytes, &pieces, memory)
        };
        device.traffic.bytes_up.fetch_add(source.sent, Relaxed);
        let source = PictureSource { front: &front, texels: source.binding(), scale, is_scaled };
        let maker = self.picture_maker.get_or_insert_with(|| PictureMaker::new(device));
        let picture = maker.make(device, encoder, call, &source);
        self.submit();
        picture
    }

    /// Makes a frame of the front buffer, after all submitted commands.
    pub(super) fn present_frame(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        let scale = self.edram.scale();
        if scale.is_one() {
            return present(call, memory);
        }
        let picture = self.make_picture(call, memory);
        let frame = picture.and_then(|picture| picture.read());
        frame.or_else(|| present(call, memory).map(|frame| frame.enlarged(scale.factor())))
    }
}

#[cfg(test)]
mod tests;
