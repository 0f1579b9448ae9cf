//! Memory exports: values written to `eM0` to `eM4` go to the stream that `eA` describes.
//!
//! An export begins with `alloc memory` and ends with the next allocation or with the program. Its
//! elements are written only at the end, so that instructions may write their components one after
//! the other. Elements that no instruction wrote, for example because of a predicate, are not
//! exported.
//!
//! Unsure: values that a lane wrote before it was killed are exported, later ones aren't. This
//! follows Direct3D's rule for writes of pixel shaders; the chip's documents don't specify it.

use super::lanes::{LANES, Mask, Vector};

/// Elements of an export: `eM0` to `eM4`.
pub const MEMORY_ELEMENTS: usize = 5;
/// Export number of `eA`.
const ADDRESS: usize = 32;
/// Export number of `eM0`.
const DATA: usize = 33;

/// Whether programs with these exports, one bit each, write to memory; an address alone doesn't.
pub(super) const fn writes(exports: u64) -> bool {
    exports >> DATA & ((1 << MEMORY_ELEMENTS) - 1) != 0
}

/// Lanes that have written each element of the current export.
#[derive(Default)]
pub(super) struct Written([Mask; MEMORY_ELEMENTS]);

impl Written {
    /// Starts an export: no element is written and no lane has an address.
    pub(super) fn start(&mut self, values: &mut [Vector; 64]) {
        self.0 = Default::default();
        values[ADDRESS..DATA + MEMORY_ELEMENTS].fill([[0.0; LANES]; 4]);
    }

    /// Records that lanes write to an export; returns the lanes that may write it, without those
    /// already killed.
    #[inline]
    pub(super) fn note(&mut self, export: usize, lanes: Mask, killed: Mask) -> Mask {
        match export.checked_sub(DATA).and_then(|element| self.0.get_mut(element)) {
            Some(written) => {
                let lanes = lanes & !killed;
                *written |= lanes;
                lanes
            }
            None => lanes,
        }
    }

    /// Ends the export of these lanes: calls `take` with the address and each element's number,
    /// value and lanes.
    pub(super) fn finish(
        &mut self,
        values: &mut [Vector; 64],
        lanes: Mask,
        mut take: impl FnMut(&Vector, u32, &Vector, Mask),
    ) {
        for (element, written) in self.0.iter_mut().enumerate() {
            let ending = *written & lanes;
            *written &= !lanes;
            if ending != 0 {
                take(&values[ADDRESS], element as u32, &values[DATA + element], ending);
            }
        }
        // The next export starts from zeros; an all-zero address describes no stream.
        for component in values[ADDRESS..DATA + MEMORY_ELEMENTS].iter_mut().flatten() {
            for (lane, value) in component.iter_mut().enumerate() {
                if lanes >> lane & 1 != 0 {
                    *value = 0.0;
                }
            }
        }
    }
}
