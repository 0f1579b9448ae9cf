//! The display controller: vertical blanks by guest time, the line counter.

use std::sync::Arc;

use super::gamma::Gamma;
use crate::backend::GammaRamps;
use crate::registers::{RegisterFile, dc};
use crate::trace::DisplayState;

pub use xenia_guest::TICKS_PER_SECOND;
/// Ticks from one vertical blank to the next until something else is set: 60 Hz.
pub const VBLANK_TICKS: u64 = TICKS_PER_SECOND / 60;
/// Ticks from one vertical blank to the next that a display can do: 240 to 20 Hz.
const PERIODS: std::ops::RangeInclusive<u64> = TICKS_PER_SECOND / 240..=TICKS_PER_SECOND / 20;
/// Lines of a 720p picture, blanked ones included.
pub const LINES: u64 = 750;
/// The hardware thread that gets the vertical blank.
pub const VBLANK_CPU: u32 = 2;

/// `AVIVO_D1MODE_VIEWPORT_SIZE` of a 1280 x 720 display.
const VIEWPORT_SIZE: u32 = 0x0500_02d0;

pub(super) struct Display {
    next_vblank: Option<u64>,
    /// Ticks from one vertical blank to the next.
    period: u64,
    /// Time of the last picture's start.
    start: u64,
    pub(super) gamma: Gamma,
}

/// Values that are there before anything was written.
pub(super) fn reset(registers: &mut RegisterFile) {
    registers.set(dc::AVIVO_D1MODE_VIEWPORT_SIZE, VIEWPORT_SIZE);
    // Unsure: how software acknowledges it. The bit always reads as set, which is what handlers expect.
    registers.set(dc::D1MODE_INTERRUPT_STATUS, 1);
    registers.set(dc::DC_LUT_WRITE_EN_MASK, 7);
}

impl Display {
    pub(super) fn new(vblank: bool) -> Self {
        Self {
            next_vblank: vblank.then_some(VBLANK_TICKS),
            period: VBLANK_TICKS,
            start: 0,
            gamma: Gamma::new(),
        }
    }

    /// Its state as a value.
    pub(super) fn state(&self) -> DisplayState {
        let Self { next_vblank, period, start, gamma } = self;
        DisplayState {
            next_vblank: *next_vblank,
            period: *period,
            start: *start,
            gamma: gamma.ramps.table.to_vec(),
            gamma_linear: gamma.ramps.linear.as_flattened().to_vec(),
            component: gamma.component,
        }
    }

    /// The display of a state; `None` if no display has such a one.
    pub(super) fn from_state(state: &DisplayState) -> Option<Self> {
        let DisplayState { next_vblank, period, start, ref gamma, ref gamma_linear, component } = *state;
        let is_next = |next: u64| next.checked_sub(start).is_some_and(|ahead| ahead <= *PERIODS.end());
        let possible = next_vblank.is_none_or(is_next) && PERIODS.contains(&period) && component < 3;
        let table = <[u32; 256]>::try_from(gamma.as_slice()).ok().filter(|_| possible)?;
        let linear = <[[u32; 3]; 128]>::try_from(gamma_linear.as_chunks().0).ok()?;
        let ramps = GammaRamps { table: Arc::new(table), linear: Arc::new(linear) };
        Some(Self { next_vblank, period, start, gamma: Gamma { ramps, component } })
    }

    pub(super) fn next_vblank(&self) -> Option<u64> {
        self.next_vblank
    }

    /// A vertical blank happens.
    pub(super) fn blank(&mut self) {
        if let Some(time) = &mut self.next_vblank {
            self.start = *time;
            *time += self.period;
        }
    }

    /// Leaves out vertical blanks that are due by `now`, all but the last `kept`; returns how many.
    pub(super) fn skip_blanks(&mut self, now: u64, kept: u64) -> u64 {
        let Some(next) = self.next_vblank else { return 0 };
        let Some(after_next) = now.checked_sub(next) else { return 0 };
        let skipped = (after_next / self.period + 1).saturating_sub(kept);
        if skipped > 0 {
            self.start = next + (skipped - 1) * self.period;
            self.next_vblank = Some(self.start + self.period);
        }
        skipped
    }

    /// Sets the line counter.
    pub(super) fn refresh(&self, registers: &mut RegisterFile, now: u64) {
        let line = now.saturating_sub(self.start) % self.period * LINES / self.period;
        registers.set(dc::D1MODE_V_COUNTER, line as u32);
    }

    /// The first time after `looked` at which the line counter moves to a line that is `wanted`;
    /// `None` if no line is.
    pub(super) fn next_line(&self, looked: u64, wanted: impl Fn(u32) -> bool) -> Option<u64> {
        let since = looked.saturating_sub(self.start);
        let picture = self.start + since / self.period * self.period;
        let line = since % self.period * LINES / self.period;
        let ahead = (1..=LINES).find(|ahead| wanted(((line + ahead) % LINES) as u32))?;
        Some(picture + ((line + ahead) * self.period).div_ceil(LINES))
    }

    /// From the next vertical blank on, they come `period` ticks apart, as far as a display can do
    /// that.
    pub(super) fn set_period(&mut self, period: u64) {
        self.period = period.clamp(*PERIODS.start(), *PERIODS.end());
    }

    /// Ticks from one vertical blank to the next, if that is not what it is at the start.
    pub(super) fn changed_period(&self) -> Option<u64> {
        (self.period != VBLANK_TICKS).then_some(self.period)
    }
}
