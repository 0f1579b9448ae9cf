//! Exports to memory: what a program has written to `eM0` to `eM4` goes to the stream that `eA`
//! names.
//!
//! An export begins with `alloc memory` and ends with the next allocation or with the program; only
//! then are its elements handed on, so that instructions may write their components one after the
//! other. Elements that no instruction wrote, say because of a predicate, are not exported.
//!
//! Unsure: what a lane wrote before it was killed is exported, what it writes later isn't, as
//! Direct3D has it for writes of pixel shaders; the chip's documents don't tell.

use super::lanes::{LANES, Mask, Vector};

/// Elements of an export: `eM0` to `eM4`.
pub const MEMORY_ELEMENTS: usize = 5;
/// Export number of `eA`.
const ADDRESS: usize = 32;
/// Export number of `eM0`.
const DATA: usize = 33;

/// Whether programs with these exports, one bit each, write to memory: an address alone doesn't.
pub(super) const fn writes(exports: u64) -> bool {
    exports >> DATA & ((1 << MEMORY_ELEMENTS) - 1) != 0
}

/// Which elements of the export under way were written, and by which lanes.
#[derive(Default)]
pub(super) struct Written([Mask; MEMORY_ELEMENTS]);

impl Written {
    /// Nothing is written yet, and no lane has an address.
    pub(super) fn start(&mut self, values: &mut [Vector; 64]) {
        self.0 = Default::default();
        values[ADDRESS..DATA + MEMORY_ELEMENTS].fill([[0.0; LANES]; 4]);
    }

    /// Notes that lanes write to an export; says which of them may, when some are killed.
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

    /// Ends the export of these lanes: calls `take` with the address, and each element's number,
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
        // The next one starts from zeros, and an address of zeros is none.
        for component in values[ADDRESS..DATA + MEMORY_ELEMENTS].iter_mut().flatten() {
            for (lane, value) in component.iter_mut().enumerate() {
                if lanes >> lane & 1 != 0 {
                    *value = 0.0;
                }
            }
        }
    }
}
