//! Front buffers as pictures.

use crate::backend::{Frame, PresentCall};
use crate::memory::PhysicalMemory;
use crate::texture::{TextureInfo, decode_level};

/// Largest side of a picture.
const MAX_SIDE: u32 = 4096;

/// Untiles a front buffer, picks components, applies the gamma ramp.
pub(super) fn present(call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
    let info = TextureInfo::decode(&call.fetch)?;
    let (width, height) = (call.width.min(MAX_SIDE), call.height.min(MAX_SIDE));
    let texels = decode_level(&info, 0, memory)?;
    let [stored_width, stored_height, _] = info.size;
    // The ramp has ten bits a component: red in 29:20, green in 19:10, blue in 9:0.
    let ramps = [20, 10, 0].map(|shift| call.gamma.map(|entry| (entry >> shift & 1023) >> 2));
    let mut rgba = vec![255; width as usize * height as usize * 4];
    for (y, row) in rgba.chunks_exact_mut((width as usize * 4).max(1)).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let inside = (x as u32) < stored_width && (y as u32) < stored_height;
            let texel = if inside { texels.get(x + y * stored_width as usize) } else { [0.0; 4] };
            for (c, (out, ramp)) in pixel.iter_mut().zip(&ramps).enumerate() {
                let value = match info.swizzle[c] {
                    select @ 0..=3 => texel[select as usize],
                    5 => 1.0,
                    _ => 0.0,
                };
                let level = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as usize;
                *out = ramp[level] as u8;
            }
        }
    }
    Some(Frame { width, height, rgba })
}
