//! Decompression of 4 x 4 blocks. Bytes are in little-endian order (after the byte swap that the
//! fetch constant requests). Results are 16 texels of four 8-bit components, row by row.

/// Texels of a block.
pub(super) type Block = [[u8; 4]; 16];

fn rgb565(value: u16) -> [u32; 3] {
    let r = value as u32 >> 11;
    let g = value as u32 >> 5 & 63;
    let b = value as u32 & 31;
    // The high bits repeat in the low ones, so that the largest value becomes 255.
    [r << 3 | r >> 2, g << 2 | g >> 4, b << 3 | b >> 2]
}

/// Decodes the colour half of DXT blocks. `with_alpha`: the three-colour mode exists and has a
/// transparent entry.
fn color(bytes: &[u8], with_alpha: bool, out: &mut Block) {
    let a = u16::from_le_bytes([bytes[0], bytes[1]]);
    let b = u16::from_le_bytes([bytes[2], bytes[3]]);
    let first = rgb565(a);
    let second = rgb565(b);
    let mix = |wa: u32, wb: u32, sum: u32| [0, 1, 2].map(|c| ((first[c] * wa + second[c] * wb) / sum) as u8);
    let opaque = |[r, g, b]: [u8; 3]| [r, g, b, 255];
    let table = if a > b || !with_alpha {
        [mix(1, 0, 1), mix(0, 1, 1), mix(2, 1, 3), mix(1, 2, 3)].map(opaque)
    } else {
        // End points in ascending order select the three-colour mode.
        [opaque(mix(1, 0, 1)), opaque(mix(0, 1, 1)), opaque(mix(1, 1, 2)), [0; 4]]
    };
    let indices = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    for (i, texel) in out.iter_mut().enumerate() {
        *texel = table[(indices >> (2 * i) & 3) as usize];
    }
}

/// Decodes DXT5's alpha half: two end points and three-bit weights.
fn interpolated(bytes: &[u8]) -> [u8; 16] {
    let a = bytes[0] as u32;
    let b = bytes[1] as u32;
    let table: [u32; 8] = if a > b {
        [
            a,
            b,
            (6 * a + b) / 7,
            (5 * a + 2 * b) / 7,
            (4 * a + 3 * b) / 7,
            (3 * a + 4 * b) / 7,
            (2 * a + 5 * b) / 7,
            (a + 6 * b) / 7,
        ]
    } else {
        // This order of end points gives up two weights for exact ends of the range.
        [a, b, (4 * a + b) / 5, (3 * a + 2 * b) / 5, (2 * a + 3 * b) / 5, (a + 4 * b) / 5, 0, 255]
    };
    // 48 bits: sixteen numbers of three bits, which cross bytes.
    let indices = bytes[2..8].iter().rev().fold(0_u64, |bits, &byte| bits << 8 | byte as u64);
    std::array::from_fn(|i| table[(indices >> (3 * i) & 7) as usize] as u8)
}

/// Decodes DXT3's alpha half: four bits per texel.
fn explicit(bytes: &[u8]) -> [u8; 16] {
    // 17 is 255 / 15.
    std::array::from_fn(|i| (bytes[i / 2] >> (4 * (i & 1)) & 15) * 17)
}

pub(super) fn dxt1(bytes: &[u8]) -> Block {
    let mut out = [[0; 4]; 16];
    color(bytes, true, &mut out);
    out
}

pub(super) fn dxt3(bytes: &[u8]) -> Block {
    let mut out = [[0; 4]; 16];
    color(&bytes[8..], false, &mut out);
    for (texel, alpha) in out.iter_mut().zip(explicit(bytes)) {
        texel[3] = alpha;
    }
    out
}

pub(super) fn dxt5(bytes: &[u8]) -> Block {
    let mut out = [[0; 4]; 16];
    color(&bytes[8..], false, &mut out);
    for (texel, alpha) in out.iter_mut().zip(interpolated(bytes)) {
        texel[3] = alpha;
    }
    out
}

pub(super) fn dxt5a(bytes: &[u8]) -> Block {
    interpolated(bytes).map(|value| [value; 4])
}

pub(super) fn dxt3a(bytes: &[u8]) -> Block {
    explicit(bytes).map(|value| [value; 4])
}

/// Decodes one bit per component, red in the highest, unlike in resolves by comparison
/// (docs/src/decisions/0021-graphics-facts.md, copy command 2).
pub(super) fn dxt3a_1(bytes: &[u8]) -> Block {
    let one = |bit: u8| if bit != 0 { 255 } else { 0 };
    // The product with 17 still has the texel's four bits in its low half.
    explicit(bytes).map(|value| [one(value & 8), one(value & 4), one(value & 2), one(value & 1)])
}

pub(super) fn dxn(bytes: &[u8]) -> Block {
    let x = interpolated(bytes);
    let y = interpolated(&bytes[8..]);
    std::array::from_fn(|i| [x[i], y[i], y[i], y[i]])
}

pub(super) fn ctx1(bytes: &[u8]) -> Block {
    let end = |at: usize| [bytes[at + 1] as u32, bytes[at] as u32];
    let first = end(0);
    let second = end(2);
    let mix = |wa: u32, wb: u32, sum: u32| [0, 1].map(|c| ((first[c] * wa + second[c] * wb) / sum) as u8);
    let table = [mix(1, 0, 1), mix(0, 1, 1), mix(2, 1, 3), mix(1, 2, 3)];
    let indices = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    std::array::from_fn(|i| {
        let [x, y] = table[(indices >> (2 * i) & 3) as usize];
        [x, y, y, y]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dxt1_has_both_modes() {
        // End points red and blue; indices 0, 1, 2, 3 in the first row.
        let block = dxt1(&[0x00, 0xf8, 0x1f, 0x00, 0xe4, 0, 0, 0]);
        assert_eq!(block[..4], [[255, 0, 0, 255], [0, 0, 255, 255], [170, 0, 85, 255], [85, 0, 170, 255]]);
        let block = dxt1(&[0x1f, 0x00, 0x00, 0xf8, 0xe4, 0, 0, 0]);
        assert_eq!(block[2..4], [[127, 0, 127, 255], [0, 0, 0, 0]]);
    }

    #[test]
    fn alpha_of_blocks_is_explicit_or_interpolated() {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&[0xf0, 0x01, 0, 0, 0, 0, 0, 0]);
        let block = dxt3(&bytes);
        assert_eq!([0, 1, 2, 3].map(|i| block[i][3]), [0, 255, 17, 0]);
        bytes[..8].copy_from_slice(&[70, 0, 0b1000_1000, 0b1100_0110, 0b1111_1010, 0, 0, 0]);
        let block = dxt5(&bytes);
        assert_eq!([0, 1, 2, 3, 4].map(|i| block[i][3]), [70, 0, 60, 50, 40]);
        bytes[..2].copy_from_slice(&[0, 50]);
        let block = dxt5a(&bytes);
        assert_eq!([0, 1, 2].map(|i| block[i][0]), [0, 50, 10]);
    }
}
