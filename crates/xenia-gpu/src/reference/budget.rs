//! What the pixels of a draw may cost, by band.
//!
//! A band (a row of EDRAM tiles) is drawn in the order of the triangles whoever draws it, so what it has cost when a
//! triangle comes doesn't depend on how many threads there are; what the whole draw has cost would.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::draw_state::DrawCall;
use crate::edram::TILE_HEIGHT;
use crate::limits::Cancel;

/// Steps that a group of pixels costs whose samples are looked at, beside its shader's.
pub(super) const BLOCK_STEPS: u64 = 8;

/// Steps of a draw's bands.
pub(super) struct Budget<'a> {
    spent: Vec<AtomicU64>,
    /// Rows of pixels in a band.
    height: i32,
    limit: u64,
    is_exceeded: AtomicBool,
    cancel: &'a Cancel,
}

impl<'a> Budget<'a> {
    /// Nothing spent yet.
    pub(super) fn new(call: &DrawCall, limit: u64, cancel: &'a Cancel) -> Self {
        let height = (TILE_HEIGHT / call.msaa.rows()) as i32;
        let bands = call.scissor.bottom.max(0) / height + 1;
        let spent = std::iter::repeat_with(AtomicU64::default).take(bands as usize).collect();
        Self { spent, height, limit, is_exceeded: AtomicBool::new(false), cancel }
    }

    fn band(&self, y: i32) -> Option<&AtomicU64> {
        self.spent.get(usize::try_from(y / self.height).ok()?)
    }

    /// Counts steps in the band of a row of pixels.
    pub(super) fn spend(&self, y: i32, steps: u64) {
        if let Some(band) = self.band(y) {
            band.fetch_add(steps, Relaxed);
        }
    }

    /// Whether more may be drawn in the band of a row of pixels.
    pub(super) fn is_left(&self, y: i32) -> bool {
        if self.cancel.is_set() {
            return false;
        }
        let is_left = self.band(y).is_none_or(|band| band.load(Relaxed) < self.limit);
        if !is_left {
            self.is_exceeded.store(true, Relaxed);
        }
        is_left
    }

    /// Whether something was left out for its cost.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Relaxed)
    }
}
