//! Conversion of front buffers to frames: untiling, byte order, swizzle and gamma ramps, on the
//! CPU.
//!
//! xenia-render makes pictures of the same bytes on the device. Invariant: a frame has at most
//! [`MAX_SIDE`] pixels a side, and pixels beyond the front buffer are black before the gamma ramp.

mod fast_rgba;
mod front_buffer;

use crate::backend::{Frame, GammaRamps, PixelSize, PresentCall};
use crate::memory::PhysicalMemory;
use crate::texture::{TextureInfo, decode_level};

pub use fast_rgba::PixelTable;
pub use front_buffer::FrontBuffer;

/// Largest side of a frame.
pub(crate) const MAX_SIDE: u32 = 4096;
/// Texture formats of 10-bit front buffers: 2_10_10_10, and the same read as 16 bits a component.
const TEN_BITS: [u32; 2] = [7, 54];

/// Untiles a front buffer, swizzles components and applies the gamma ramp. `None` for an empty
/// front buffer or an unsupported format.
pub fn present(call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
    let info = TextureInfo::decode(&call.fetch)?;
    let size = PixelSize::new(call.width.min(MAX_SIDE), call.height.min(MAX_SIDE));
    let PixelSize { width, height } = size;
    if width == 0 || height == 0 {
        return None;
    }
    let ramps = Ramps::new(&info, &call.gamma);
    let rgba = match fast_rgba::present(&info, size, &ramps, memory) {
        Some(rgba) => rgba,
        None => texel_by_texel(&info, size, &ramps, memory)?,
    };
    Some(Frame { width, height, rgba })
}

/// Output byte of each component's levels.
struct Ramps([Vec<u8>; 3]);

impl Ramps {
    fn new(info: &TextureInfo, gamma: &GammaRamps) -> Self {
        let levels = if TEN_BITS.contains(&info.format.number) { 1024 } else { 256 };
        Self([0, 1, 2].map(|component| {
            let byte = |level| match levels {
                256 => gamma.level8(level, component) >> 2,
                _ => gamma.level10(level, component) >> 8,
            };
            (0..levels).map(|level| byte(level) as u8).collect()
        }))
    }

    /// Output byte of a component's `value`.
    fn byte(&self, component: usize, value: f32) -> u8 {
        let ramp = &self.0[component];
        ramp[(value.clamp(0.0, 1.0) * (ramp.len() - 1) as f32 + 0.5) as usize]
    }
}

/// The part of a front buffer that a frame shows, with the same place of each texel.
fn shown_part(info: &TextureInfo, width: u32, height: u32) -> TextureInfo {
    let [stored_width, stored_height, _] = info.size;
    let pitch = if info.pitch == 0 { stored_width } else { info.pitch };
    // Smaller textures may be stored elsewhere, with the packed levels.
    let size = [stored_width.min(width.max(32)), stored_height.min(height.max(32)), 1];
    TextureInfo { pitch, size, ..*info }
}

/// Generic path for all formats; `None` for an unsupported one.
fn texel_by_texel(
    info: &TextureInfo,
    PixelSize { width, height }: PixelSize,
    ramps: &Ramps,
    memory: &dyn PhysicalMemory,
) -> Option<Vec<u8>> {
    // A constant may describe far more texels than a frame has.
    let info = &shown_part(info, width, height);
    let texels = decode_level(info, 0, memory)?;
    let [stored_width, stored_height, _] = info.size;
    let mut rgba = vec![255; width as usize * height as usize * 4];
    for (y, row) in rgba.chunks_exact_mut((width as usize * 4).max(1)).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let inside = (x as u32) < stored_width && (y as u32) < stored_height;
            let texel = if inside { texels.get(x + y * stored_width as usize) } else { [0.0; 4] };
            for (c, out) in pixel.iter_mut().take(3).enumerate() {
                let value = match info.swizzle[c] {
                    select @ 0..=3 => texel[select as usize],
                    5 => 1.0,
                    _ => 0.0,
                };
                *out = ramps.byte(c, value);
            }
        }
    }
    Some(rgba)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::GammaRamps;
    use crate::memory::Ram;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn front_buffers_of_ten_bits_go_through_the_linear_ramp() {
        let memory = Ram::new(0x1000);
        // Red 512, green 513, blue 1023, as little-endian words.
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

    /// Memory that counts the bytes that are read.
    #[derive(Default)]
    struct CountingMemory(AtomicUsize);

    impl PhysicalMemory for CountingMemory {
        fn read(&self, _: u32, into: &mut [u8]) {
            self.0.fetch_add(into.len(), Ordering::Relaxed);
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
    fn only_visible_texels_are_read() {
        // 8192 by 8192 texels of four bytes, as one float each.
        let fetch = [2 | 256 << 22, 36, 8191 | 8191 << 13, 0, 0, 1 << 9];
        let gamma = GammaRamps { table: Arc::new([0; 256]), linear: Arc::new([[0; 3]; 128]) };
        let memory = CountingMemory::default();
        let frame = present(&PresentCall { fetch, width: 64, height: 48, gamma }, &memory).unwrap();
        assert_eq!((frame.width, frame.height), (64, 48));
        assert_eq!(memory.0.into_inner(), 8192 * 64 * 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn the_fast_way_shows_what_the_slow_one_shows(
            format in prop::sample::select(vec![6_u32, 7, 14, 50, 54, 62, 63]),
            [endian, signs, swizzle, flags] in any::<[u32; 4]>(),
            stored in (1..100_u32, 1..100_u32),
            size in (0..110_u32, 0..110_u32),
            pitch in 0..5_u32,
            seed in any::<u64>(),
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let memory = Ram::new(0x2_0000);
            let mut bytes = vec![0; 0x1_8000];
            rng.fill(&mut bytes[..]);
            memory.write(0x1000, &bytes);
            let gamma = GammaRamps {
                table: Arc::new(std::array::from_fn(|_| rng.random())),
                linear: Arc::new(std::array::from_fn(|_| rng.random())),
            };
            let fetch = [
                2 | (signs & 0xff) << 2 | pitch << 22 | (flags & 1) << 31,
                format | (endian & 3) << 6 | 1 << 12,
                (stored.0 - 1) | (stored.1 - 1) << 13,
                flags >> 1 & 1 | (swizzle & 0xfff) << 1,
                0,
                1 << 9,
            ];
            let info = TextureInfo::decode(&fetch).unwrap();
            let ramps = Ramps::new(&info, &gamma);
            let size = PixelSize::new(size.0, size.1);
            let slow = texel_by_texel(&info, size, &ramps, &memory).unwrap();
            match fast_rgba::present(&info, size, &ramps, &memory) {
                Some(fast) => prop_assert!(fast == slow, "{info:?} shown as {size:?}"),
                None => prop_assert!((1..4).contains(&pitch), "rows that fit are shown the fast way: {info:?}"),
            }
        }
    }
}
