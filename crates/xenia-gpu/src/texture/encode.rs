//! Encoding of colours to memory formats, for resolves and memory exports.

use super::{Layout, single_to_half};

/// Rounds a component to an integer field.
fn field(value: f32, width: u32, number: u32) -> u64 {
    let highest = (u64::MAX >> (64 - width)) as f64;
    // 32-bit fields are exact in f64 only.
    let value = if value.is_nan() { 0.0 } else { value as f64 };
    let bits = match number {
        // Symmetric: -1 is the negated highest number, and the lowest one is not used.
        1 => ((value.clamp(-1.0, 1.0) * (highest / 2.0).floor()).round() as i64) as u64,
        2 => value.clamp(0.0, highest).round() as u64,
        3 => (value.clamp(-(highest / 2.0).ceil(), (highest / 2.0).floor()).round() as i64) as u64,
        _ => (value.clamp(0.0, 1.0) * highest + 0.5) as u64,
    };
    bits & (u64::MAX >> (64 - width))
}

/// Encodes a colour in a destination format of up to 16 bytes. `number` is the number format:
/// fractions, signed fractions, integers, signed integers (0 to 3).
pub(crate) fn encode(layout: Layout, number: u32, c: [f32; 4]) -> [u8; 16] {
    let mut bits = 0_u128;
    let fields = layout.fields().into_iter().take(layout.components() as usize);
    for (value, (low, width)) in c.into_iter().zip(fields) {
        let field = match layout {
            Layout::Fields(_) => u128::from(field(value, width, number)),
            Layout::Half(_) => u128::from(single_to_half(value)),
            Layout::Single(_) => u128::from(value.to_bits()),
            _ => 0,
        };
        bits |= field << low;
    }
    bits.to_le_bytes()
}

/// Swaps the bytes of a texel as the destination requests; 64- and 128-bit orders reverse words
/// too.
pub(crate) fn swap(bytes: &mut [u8], endian: u32) {
    let group = match endian {
        1 => 2,
        2 => 4,
        4 => 8,
        5 => 16,
        3 => {
            for word in bytes.chunks_exact_mut(4) {
                word.rotate_left(2);
            }
            return;
        }
        _ => return,
    };
    for group in bytes.chunks_mut(group) {
        group.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texture::TexelFormat;

    #[test]
    fn colors_convert_to_destinations() {
        let color = [1.0, 0.5, 0.0, 1.0];
        let to =
            |number: u32, kind: u32| encode(TexelFormat::from_number(number).unwrap().layout, kind, color);
        assert_eq!(to(6, 0)[..4], [255, 128, 0, 255]);
        assert_eq!(to(4, 0)[..2], 0x041f_u16.to_le_bytes());
        assert_eq!(to(26, 1)[..8], [0xff, 0x7f, 0x00, 0x40, 0, 0, 0xff, 0x7f]);
        assert_eq!(to(32, 7)[..8], [0, 0x3c, 0, 0x38, 0, 0, 0, 0x3c]);
        assert_eq!(to(38, 7)[..8], [0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f]);
        let mut bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        swap(&mut bytes, 4);
        assert_eq!(bytes, [8, 7, 6, 5, 4, 3, 2, 1]);
        swap(&mut bytes, 3);
        assert_eq!(bytes, [6, 5, 8, 7, 2, 1, 4, 3]);
    }
}
