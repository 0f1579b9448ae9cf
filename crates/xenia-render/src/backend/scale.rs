//! Internal resolution: the number of host pixels per guest pixel in each direction.
//!
//! Render targets, the EDRAM's buffer and resolved texels exist at this scale; whatever the CPU
//! reads or writes has the guest's resolution. A guest pixel's host pixels are its *subpixels*, in
//! row order. Guest memory receives the first subpixel; words set by the CPU are written to all of
//! them.

use xenia_gpu::resolve::Rect;

/// Largest factor of a scale.
const MAX_FACTOR: u32 = 4;

/// Host pixels per guest pixel, each way: 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(u32);

impl Default for Scale {
    fn default() -> Self {
        Self::ONE
    }
}

impl Scale {
    /// The guest's own resolution.
    pub const ONE: Self = Self(1);

    /// Returns the scale with a factor; `None` unless that is 1 to 4.
    pub fn new(factor: u32) -> Option<Self> {
        (1..=MAX_FACTOR).contains(&factor).then_some(Self(factor))
    }

    /// Host pixels per guest pixel, each way.
    pub fn factor(self) -> u32 {
        self.0
    }

    /// Whether host pixels are guest pixels.
    pub fn is_one(self) -> bool {
        self.0 == 1
    }

    /// Host pixels of a guest pixel.
    pub(super) fn subpixels(self) -> u32 {
        self.0 * self.0
    }

    /// Width and height in host pixels.
    pub(super) fn size(self, size: [u32; 2]) -> [u32; 2] {
        size.map(|side| side.saturating_mul(self.0))
    }

    /// A rectangle in host pixels.
    pub(super) fn rect(self, rect: Rect) -> Rect {
        rect.map(|side| side.saturating_mul(self.0))
    }

    /// Bytes of the host for `bytes` of memory with texels of `texel_bytes` bytes. With a factor of
    /// two or more, smaller texels than words have a word for each subpixel.
    pub(super) fn bytes(self, bytes: u64, texel_bytes: u32) -> u64 {
        if self.is_one() {
            return bytes;
        }
        let texel_bytes = u64::from(texel_bytes.max(1));
        bytes / texel_bytes * texel_bytes.max(4) * u64::from(self.subpixels())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_one_to_four() {
        assert_eq!(
            [0, 1, 4, 5].map(|factor| Scale::new(factor).map(Scale::factor)),
            [None, Some(1), Some(4), None]
        );
        assert!(Scale::default().is_one());
    }

    #[test]
    fn small_texels_have_a_word_for_each_subpixel() {
        let scale = Scale(3);
        assert_eq!([1, 2, 4, 8, 16].map(|bytes| scale.bytes(4096, bytes) / 4096), [36, 18, 9, 9, 9]);
        assert_eq!(Scale::ONE.bytes(4096, 1), 4096);
        assert_eq!(scale.rect([1, 2, 3, u32::MAX]), [3, 6, 9, u32::MAX]);
    }
}
