//! Front buffers as pictures.

use crate::backend::{Frame, PresentCall};
use crate::memory::PhysicalMemory;
use crate::texture::{TextureInfo, decode_level};

/// Largest side of a picture.
const MAX_SIDE: u32 = 4096;
/// Texture formats of 10-bit front buffers: 2_10_10_10, and the same read as 16 bits a component.
const TEN_BITS: [u32; 2] = [7, 54];

/// Untiles a front buffer, picks components, applies the gamma ramp.
pub fn present(call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
    let info = TextureInfo::decode(&call.fetch)?;
    let (width, height) = (call.width.min(MAX_SIDE), call.height.min(MAX_SIDE));
    let texels = decode_level(&info, 0, memory)?;
    let [stored_width, stored_height, _] = info.size;
    // Each level's byte, by component.
    let levels = if TEN_BITS.contains(&info.format) { 1024 } else { 256 };
    let ramps = [0, 1, 2].map(|component| -> Vec<u8> {
        let byte = |level| match levels {
            256 => call.gamma.level8(level, component) >> 2,
            _ => call.gamma.level10(level, component) >> 8,
        };
        (0..levels).map(|level| byte(level) as u8).collect()
    });
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
                *out = ramp[(value.clamp(0.0, 1.0) * (levels - 1) as f32 + 0.5) as usize];
            }
        }
    }
    Some(Frame { width, height, rgba })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::GammaRamps;
    use crate::memory::Ram;
    use std::sync::Arc;

    #[test]
    fn front_buffers_of_ten_bits_go_through_the_linear_ramp() {
        let memory = Ram::new(0x1000);
        // Red 512, green 513, blue 1023; words as they lie.
        memory.write(0, &(512_u32 | 513 << 10 | 1023 << 20).to_le_bytes());
        let mut linear = [[0; 3]; 128];
        linear[64] = [0x4000, 0x4000 | 0x2000 << 16, 0];
        linear[127] = [0, 0, 0x8000 | 0x4000 << 16];
        let gamma = GammaRamps { table: Arc::new([0; 256]), linear: Arc::new(linear) };
        let fetch = |format| [2 | 1 << 22, format, 0, 1 << 4 | 2 << 7 | 3 << 10, 0, 1 << 9];
        let call = |format| PresentCall { fetch: fetch(format), width: 1, height: 1, gamma: gamma.clone() };
        // A base; a base and an eighth of its delta; a base and seven eighths.
        let expected = [0x40, 0x44, 0xb8, 255];
        assert_eq!(present(&call(7), &memory).unwrap().rgba, expected);
        assert_eq!(present(&call(54), &memory).unwrap().rgba, expected);
        assert_eq!(present(&call(6), &memory).unwrap().rgba, [0, 0, 0, 255], "the table is black");
    }
}
