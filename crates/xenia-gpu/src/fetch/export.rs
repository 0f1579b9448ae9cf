//! Memory export (memexport): converts stream elements and writes them to physical memory.
//!
//! The four words of `eA` describe a stream. Shaders compute them from a constant by float
//! multiplication and addition, so three of them have the exponent that makes the mantissa an
//! integer (2^23).
//!
//! | word | bits |
//! |---|---|
//! | x | 29:0 address in words; 31:30 = 1 |
//! | y | 22:0 index of `eM0`; 31:23 = 0x96 |
//! | z | 2:0 byte order, 13:8 colour format, 18:16 number format, 19 red-blue swap; 31:23 = 0x96 |
//! | w | 22:0 elements of the stream; 31:23 = 0x96 |
//!
//! Exports are dropped, as on the chip, if the fixed bits of the address differ or if the element
//! lies beyond the end of the stream.

use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};
use crate::texture::{TexelFormat, encode, swap};

/// Sign and exponent of a float whose mantissa is an integer.
const INTEGER: u32 = 0x96;

/// Stream and the current index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// Physical address of the first element.
    base: u32,
    /// Element at which the export starts.
    index: u32,
    /// Number of elements in the stream.
    count: u32,
    format: &'static TexelFormat,
    /// Number format: unsigned or signed fraction, unsigned or signed integer, float (7).
    number: u32,
    /// Byte order: none, 8 in 16, 8 in 32, 16 in 32, 8 in 64, 8 in 128.
    endian: u32,
    /// Red and blue are exchanged.
    swap: bool,
}

impl Stream {
    /// Decodes the bits of `eA`; `None` if they describe no stream or a format that is not a colour
    /// format.
    pub(super) fn decode([x, y, z, w]: [u32; 4]) -> Option<Self> {
        if x >> 30 != 1 || [y, z, w].iter().any(|word| word >> 23 != INTEGER) {
            return None;
        }
        let format = TexelFormat::from_number(z >> 8 & 63).filter(|format| format.is_color_destination())?;
        Some(Self {
            base: (x << 2) & (PHYSICAL_SIZE - 1),
            index: y & 0x7f_ffff,
            count: w & 0x7f_ffff,
            format,
            number: z >> 16 & 7,
            endian: z & 7,
            swap: z >> 19 & 1 != 0,
        })
    }

    /// Writes the element at the stream's index plus `element`.
    pub(super) fn write(&self, element: u32, mut value: [f32; 4], memory: &dyn PhysicalMemory) {
        let index = self.index + element;
        if index >= self.count {
            return;
        }
        if self.swap {
            value.swap(0, 2);
        }
        let size = self.format.bytes;
        let mut bytes = encode(self.format.layout, self.number, value);
        let bytes = &mut bytes[..size as usize];
        // At most 2^27 bytes, so the product does not overflow; addresses wrap around.
        let offset = index * size;
        let unit = self.unit();
        if size >= unit {
            swap(bytes, self.endian);
            memory.write(self.base.wrapping_add(offset), bytes);
        } else {
            // The byte swap unit may span several elements, so each byte's address is swapped.
            let flip = if self.endian == 3 { 2 } else { unit - 1 };
            for (at, byte) in (offset..).zip(&*bytes) {
                memory.write(self.base.wrapping_add(at ^ flip), &[*byte]);
            }
        }
    }

    /// Size of the byte swap unit in bytes.
    fn unit(&self) -> u32 {
        match self.endian {
            1 => 2,
            2 | 3 => 4,
            4 => 8,
            5 => 16,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;

    const FLOAT4: u32 = 38 << 8 | 7 << 16;

    /// `eA` of a stream at 0x1000.
    fn address(index: u32, layout: u32, count: u32) -> [u32; 4] {
        [1 << 30 | 0x400, 0x4b00_0000 | index, 0x4b00_0000 | layout, 0x4b00_0000 | count]
    }

    fn written(index: u32, layout: u32, value: [f32; 4]) -> [u8; 16] {
        let ram = Ram::new(0x2000);
        Stream::decode(address(index, layout, 8)).unwrap().write(0, value, &ram);
        let mut bytes = [0; 16];
        ram.read(0x1000, &mut bytes);
        bytes
    }

    #[test]
    fn formats_and_byte_orders() {
        let c = [1.0, 0.5, 0.0, -1.0];
        let one = [0x3f, 0x80];
        let half = [0x3f, 0];
        for (name, layout, expected) in [
            ("floats", FLOAT4, vec![0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f, 0, 0, 0, 0, 0, 0, 0x80, 0xbf]),
            (
                "floats 8 in 32",
                FLOAT4 | 2,
                [one, [0; 2], half, [0; 2], [0; 2], [0; 2], [0xbf, 0x80], [0; 2]].concat(),
            ),
            (
                "floats 8 in 64",
                FLOAT4 | 4,
                [half, [0; 2], one, [0; 2], [0xbf, 0x80], [0; 2], [0; 2], [0; 2]].concat(),
            ),
            (
                "floats 8 in 128",
                FLOAT4 | 5,
                [[0xbf, 0x80], [0; 2], [0; 2], [0; 2], half, [0; 2], one, [0; 2]].concat(),
            ),
            ("floats 16 in 32", FLOAT4 | 3, vec![0x80, 0x3f, 0, 0, 0, 0x3f, 0, 0, 0, 0, 0, 0, 0x80, 0xbf]),
            ("one float", 36 << 8 | 7 << 16 | 2, vec![0x3f, 0x80, 0, 0]),
            ("halves 8 in 16", 32 << 8 | 7 << 16 | 1, vec![0x3c, 0, 0x38, 0, 0, 0, 0xbc, 0]),
            ("bytes", 6 << 8, vec![255, 128, 0, 0]),
            ("bytes 8 in 32", 6 << 8 | 2, vec![0, 0, 128, 255]),
            ("bytes, exchanged", 6 << 8 | 1 << 19, vec![0, 128, 255, 0]),
            ("signed bytes", 6 << 8 | 1 << 16, vec![127, 64, 0, 0x81]),
            ("integers", 26 << 8 | 2 << 16, vec![1, 0, 1, 0, 0, 0, 0, 0]),
            ("signed integers", 26 << 8 | 3 << 16, vec![1, 0, 1, 0, 0, 0, 0xff, 0xff]),
            // 1023, 512, 0, 0; signed 511, 256, 0, -1.
            ("tens", 7 << 8 | 2, vec![0x00, 0x08, 0x03, 0xff]),
            ("signed tens", 7 << 8 | 2 | 1 << 16, vec![0xc0, 0x04, 0x01, 0xff]),
            ("5 6 5", 4 << 8, vec![0x1f, 0x04]),
            ("one byte", 2 << 8 | 2 << 16, vec![1]),
        ] {
            let bytes = written(0, layout, c);
            assert_eq!(bytes[..expected.len()], expected, "{name}");
            assert!(bytes[expected.len()..].iter().all(|byte| *byte == 0), "{name}");
        }
    }

    #[test]
    fn orders_of_more_bytes_than_an_element_has() {
        let at = |index, layout| written(index, layout, [1.0; 4]).iter().position(|byte| *byte != 0);
        for (endian, places) in [
            (0, [0, 1, 2, 3]),
            (1, [1, 0, 3, 2]),
            (2, [3, 2, 1, 0]),
            (3, [2, 3, 0, 1]),
            (4, [7, 6, 5, 4]),
            (5, [15, 14, 13, 12]),
        ] {
            assert_eq!([0, 1, 2, 3].map(|i| at(i, 2 << 8 | endian).unwrap()), places, "{endian}");
        }
        // The 8-in-32 swap of two-byte elements also exchanges the halves of a word.
        assert_eq!(written(0, 24 << 8 | 2 << 16 | 2, [258.0; 4])[..4], [0, 0, 1, 2]);
        assert_eq!(written(1, 24 << 8 | 2 << 16 | 3, [258.0; 4])[..4], [2, 1, 0, 0]);
    }

    #[test]
    fn invalid_export_streams_and_indices_are_dropped() {
        let [x, y, z, w] = address(0, FLOAT4, 8);
        assert!(Stream::decode([x, y, z, w]).is_some());
        for bad in [
            [x & 0x3fff_ffff, y, z, w],
            [x | 1 << 31, y, z, w],
            [x, 0x4a80_0000, z, w],
            [x, y | 1 << 31, z, w],
            [x, 0x7fc0_0000, z, w],
            [x, y, z & 0x7f_ffff, w],
            [x, y, z & !0x3f00 | 18 << 8, w], // DXT1
            [x, y, z & !0x3f00 | 63 << 8, w],
            [x, y, z, 0],
            [0; 4],
        ] {
            assert_eq!(Stream::decode(bad), None, "{bad:x?}");
        }
        // Elements 6 and 7 of eight, then indices beyond the end or at the limit.
        let ram = Ram::new(0x2000);
        let write = |index, count| {
            let stream = Stream::decode(address(index, 36 << 8 | 2, count)).unwrap();
            (0..5).for_each(|element| stream.write(element, [1.0; 4], &ram));
        };
        write(6, 8);
        write(9, 8);
        write(0x7f_ffff, 0x7f_ffff);
        write(0, 0);
        let words: Vec<u32> = (0..16).map(|i| ram.read_u32(0x1000 + i * 4)).collect();
        assert_eq!(words.iter().filter(|word| **word != 0).count(), 2);
        assert_eq!(words[6..8], [1.0_f32.to_bits(); 2]);
    }

    #[test]
    fn addresses_wrap_in_physical_memory() {
        let ram = Ram::new(0x100);
        let base = |words: u32| [1 << 30 | words, 0x4b00_0001, 0x4b00_0000 | FLOAT4 | 2, 0x4b00_0002];
        Stream::decode(base(0x3fff_ffff)).unwrap().write(0, [1.0, 2.0, 3.0, 4.0], &ram);
        assert_eq!(ram.read_u32(12), 1.0_f32.to_bits(), "sixteen bytes after the last word");
    }
}
