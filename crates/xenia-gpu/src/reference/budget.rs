//! Step budget of a draw's pixels, per band and in total.
//!
//! A band (a row of EDRAM tiles) is drawn in the order of the triangles by any thread, so its cost
//! at a given triangle doesn't depend on the number of threads. The cost of the whole draw is known
//! only between batches of triangles: the remainder is then divided equally among the bands of the
//! next batch.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::Cancel;
use crate::draw_state::DrawCall;
use crate::edram::TILE_HEIGHT;
use crate::limits::DrawLimits;

/// Steps charged for testing the samples of a group of pixels, besides its shader's steps.
pub(super) const BLOCK_STEPS: u64 = 8;

/// Steps of a draw's bands.
pub(super) struct Budget<'a> {
    bands: Vec<Band>,
    /// Rows of pixels in a band.
    height: i32,
    limits: DrawLimits,
    is_exceeded: AtomicBool,
    cancel: &'a Cancel,
}

/// Steps of one band.
#[derive(Default)]
struct Band {
    spent: AtomicU64,
    /// Steps allowed until this batch ends.
    allowed: u64,
}

impl<'a> Budget<'a> {
    /// Creates a budget with nothing spent and nothing allowed.
    pub(super) fn new(call: &DrawCall, limits: DrawLimits, cancel: &'a Cancel) -> Self {
        let height = (TILE_HEIGHT / call.msaa.rows()) as i32;
        let bands = call.scissor.bottom.max(0) / height + 1;
        let bands = std::iter::repeat_with(Band::default).take(bands as usize).collect();
        Self { bands, height, limits, is_exceeded: AtomicBool::new(false), cancel }
    }

    /// Begins a batch in these bands: divides the remaining steps among them.
    pub(super) fn begin_batch(&mut self, bands: Range<i32>) {
        let spent: u64 = self.bands.iter().map(|band| band.spent.load(Relaxed)).sum();
        let bands = bands.start.max(0) as usize..(bands.end.max(0) as usize).min(self.bands.len());
        let share = self.limits.draw_steps.saturating_sub(spent) / bands.len().max(1) as u64;
        for band in self.bands.get_mut(bands).unwrap_or_default() {
            band.allowed = band.spent.get_mut().saturating_add(share).min(self.limits.band_steps);
        }
    }

    /// Creates a meter for a draw thread.
    pub(super) fn meter(&'a self) -> Meter<'a> {
        Meter { budget: self, rows: 0..0, band: None, spent: 0, allowed: 0 }
    }

    /// Whether something was left out because of its cost.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Relaxed)
    }
}

/// Step counter of one thread. Only one thread draws in a band at a time, so the steps are kept
/// here until it moves to another band: counting in adjacent shared words would slow threads down
/// by a tenth (false sharing).
pub(super) struct Meter<'a> {
    budget: &'a Budget<'a>,
    /// Rows of pixels of the current band.
    rows: Range<i32>,
    /// Current band; `None` outside of all bands, where steps are not counted.
    band: Option<&'a Band>,
    spent: u64,
    allowed: u64,
}

impl Meter<'_> {
    /// Moves to the band of a row of pixels.
    fn enter(&mut self, y: i32) {
        if self.rows.contains(&y) {
            return;
        }
        self.leave();
        let height = self.budget.height;
        let index = y.div_euclid(height);
        self.rows = index * height..(index + 1) * height;
        self.band = usize::try_from(index).ok().and_then(|index| self.budget.bands.get(index));
        self.spent = self.band.map_or(0, |band| band.spent.load(Relaxed));
        self.allowed = self.band.map_or(u64::MAX, |band| band.allowed);
    }

    fn leave(&mut self) {
        if let Some(band) = self.band.take() {
            band.spent.store(self.spent, Relaxed);
        }
    }

    /// Charges steps to the band of a row of pixels.
    pub(super) fn spend(&mut self, y: i32, steps: u64) {
        self.enter(y);
        self.spent = self.spent.saturating_add(steps);
    }

    /// Whether more may be drawn in the band of a row of pixels.
    pub(super) fn is_left(&mut self, y: i32) -> bool {
        if self.budget.cancel.cuts() {
            return false;
        }
        self.enter(y);
        let is_left = self.spent < self.allowed;
        if !is_left {
            self.budget.is_exceeded.store(true, Relaxed);
        }
        is_left
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
