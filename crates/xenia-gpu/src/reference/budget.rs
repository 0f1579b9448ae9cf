//! What the pixels of a draw may cost, by band and over all.
//!
//! A band (a row of EDRAM tiles) is drawn in the order of the triangles whoever draws it, so what
//! it has cost when a triangle comes doesn't depend on how many threads there are. What the whole
//! draw has cost is known between batches of triangles only: what is left of it then is dealt out
//! in equal shares to the bands that the next batch lies in.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::draw_state::DrawCall;
use crate::edram::TILE_HEIGHT;
use crate::limits::{Cancel, DrawLimits};

/// Steps that a group of pixels costs whose samples are looked at, beside its shader's.
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
    /// Until this batch ends.
    allowed: u64,
}

impl<'a> Budget<'a> {
    /// Nothing spent yet, and nothing allowed.
    pub(super) fn new(call: &DrawCall, limits: DrawLimits, cancel: &'a Cancel) -> Self {
        let height = (TILE_HEIGHT / call.msaa.rows()) as i32;
        let bands = call.scissor.bottom.max(0) / height + 1;
        let bands = std::iter::repeat_with(Band::default).take(bands as usize).collect();
        Self { bands, height, limits, is_exceeded: AtomicBool::new(false), cancel }
    }

    /// A batch begins that lies in these bands: deals out to them what is left.
    pub(super) fn begin_batch(&mut self, bands: Range<i32>) {
        let spent: u64 = self.bands.iter().map(|band| band.spent.load(Relaxed)).sum();
        let bands = bands.start.max(0) as usize..(bands.end.max(0) as usize).min(self.bands.len());
        let share = self.limits.draw_steps.saturating_sub(spent) / bands.len().max(1) as u64;
        for band in self.bands.get_mut(bands).unwrap_or_default() {
            band.allowed = band.spent.get_mut().saturating_add(share).min(self.limits.band_steps);
        }
    }

    /// Counts for a thread that draws.
    pub(super) fn meter(&'a self) -> Meter<'a> {
        Meter { budget: self, rows: 0..0, band: None, spent: 0, allowed: 0 }
    }

    /// Whether something was left out for its cost.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Relaxed)
    }
}

/// Counts the steps of one thread. One thread draws in a band at a time, so what it spends there is
/// kept here until it goes on to another band: threads that count in neighbouring words slow each
/// other down by a tenth.
pub(super) struct Meter<'a> {
    budget: &'a Budget<'a>,
    /// Rows of pixels of the band.
    rows: Range<i32>,
    /// `None` outside of all bands, where nothing counts.
    band: Option<&'a Band>,
    spent: u64,
    allowed: u64,
}

impl Meter<'_> {
    /// Goes to the band of a row of pixels.
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

    /// Counts steps in the band of a row of pixels.
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
