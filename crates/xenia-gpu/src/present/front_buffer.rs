//! Front buffers whose texels a backend has on its device, maybe at a higher resolution than
//! memory.

use super::fast_rgba::{PixelTable, widths};
use super::{MAX_SIDE, Ramps, shown_part};
use crate::backend::{Frame, PresentCall};
use crate::memory::Endian;
use crate::texture::TextureInfo;
use crate::texture::layout;

/// Front buffer of 32-bit texels with 8 or 10 bits per component.
pub struct FrontBuffer {
    info: TextureInfo,
    /// Physical address of the texels.
    pub physical: u32,
    /// Bytes that the shown rows span.
    pub bytes: u32,
    /// Texels from one row to the next.
    pub pitch: u32,
    /// Columns and rows that are stored and shown.
    pub visible: [u32; 2],
    /// Width and height of the frame.
    pub size: [u32; 2],
    /// Whether the texels are tiled.
    pub tiled: bool,
    /// Byte order of the texels' words.
    pub endian: Endian,
}

impl FrontBuffer {
    /// Describes the front buffer of a call; `None` for other layouts.
    pub fn of(call: &PresentCall) -> Option<Self> {
        let info = TextureInfo::decode(&call.fetch)?;
        let size = [call.width, call.height].map(|side| side.min(MAX_SIDE));
        let visible = [size[0].min(info.size[0]), size[1].min(info.size[1])];
        widths(&info, visible[0]).filter(|_| !visible.contains(&0))?;
        // A constant may describe far more rows than a frame has.
        let info = shown_part(&info, size[0], size[1]);
        let place = layout::level(&info, 0);
        Some(Self {
            physical: place.physical,
            bytes: place.bytes,
            pitch: place.pitch,
            visible,
            size,
            tiled: info.tiled,
            endian: info.endian,
            info,
        })
    }

    /// Conversion of its texels' words, with the ramps of a call.
    pub fn table(&self, call: &PresentCall) -> Option<PixelTable> {
        let widths = widths(&self.info, self.visible[0])?;
        Some(PixelTable::new(&self.info, widths, &Ramps::new(&self.info, &call.gamma)))
    }
}

impl Frame {
    /// The frame with each pixel repeated `factor` times each way.
    #[must_use]
    pub fn enlarged(&self, factor: u32) -> Self {
        let times = factor.max(1) as usize;
        let mut rgba = Vec::with_capacity(self.rgba.len() * times * times);
        for line in self.rgba.chunks_exact((self.width as usize * 4).max(1)) {
            let start = rgba.len();
            for pixel in line.chunks_exact(4) {
                (0..times).for_each(|_| rgba.extend_from_slice(pixel));
            }
            let end = rgba.len();
            (1..times).for_each(|_| rgba.extend_from_within(start..end));
        }
        Self { width: self.width * factor.max(1), height: self.height * factor.max(1), rgba }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::GammaRamps;
    use crate::memory::{PhysicalMemory, Ram};
    use crate::present::present;
    use crate::texture::layout::tiled_2d;
    use std::sync::Arc;

    /// A front buffer of 40 x 20 texels, shown as 44 x 24 pixels.
    fn call() -> PresentCall {
        let ramp = GammaRamps {
            table: Arc::new(std::array::from_fn(|i| (i as u32) << 22 | (i as u32) << 12 | (i as u32) << 2)),
            linear: Arc::new([[0; 3]; 128]),
        };
        let fetch = [2 | 2 << 22 | 1 << 31, 6 | 2 << 6, 0x27 | 19 << 13, 2 << 1 | 1 << 4, 0, 1 << 9];
        PresentCall { fetch, width: 44, height: 24, gamma: ramp }
    }

    #[test]
    fn an_enlarged_frame_repeats_what_the_table_makes_of_texels() {
        let call = call();
        let memory = Ram::new(0x8000);
        let texel = |x: u32, y: u32| (x * 0x01_0305 + y * 0x07_0b01).to_le_bytes();
        for (x, y) in (0..20).flat_map(|y| (0..40).map(move |x| (x, y))) {
            memory.write(tiled_2d(x, y, 64, 2), &texel(x, y));
        }
        let plain = present(&call, &memory).unwrap();
        let front = FrontBuffer::of(&call).unwrap();
        assert_eq!((front.pitch, front.visible), (64, [40, 20]));
        let table = front.table(&call).unwrap();
        for factor in [1, 2, 3] {
            let frame = plain.enlarged(factor);
            assert_eq!((frame.width, frame.height), (44 * factor, 24 * factor));
            for (pixel, at) in frame.rgba.chunks_exact(4).zip(0..) {
                let x = at % frame.width / factor;
                let y = at / frame.width / factor;
                let word = front.endian.swap(u32::from_le_bytes(texel(x, y)));
                let expected = if x < 40 && y < 20 { table.pixel(word) } else { table.outside };
                assert!(pixel == expected, "{factor}: {x} {y}");
            }
        }
    }

    #[test]
    fn only_shown_rows_are_read() {
        // 16,352 by 8192 texels.
        let mut call = call();
        call.fetch[0] = 2 | 511 << 22 | 1 << 31;
        call.fetch[2] = 8191 | 8191 << 13;
        call.width = 64;
        call.height = 48;
        let front = FrontBuffer::of(&call).unwrap();
        assert_eq!((front.pitch, front.visible, front.bytes), (16_352, [64, 48], 16_352 * 64 * 4));
    }

    #[test]
    fn other_layouts_have_no_front_buffer() {
        assert!(FrontBuffer::of(&call()).is_some());
        let mut compressed = call();
        compressed.fetch[1] = compressed.fetch[1] & !0x3f | 0x12;
        assert!(FrontBuffer::of(&compressed).is_none());
    }
}
