//! Display controller: vertical blanks by guest time, and the line counter.
//!
//! Invariant: both depend on guest time and the period alone, never on the host's display.

use std::sync::Arc;

use super::gamma::Gamma;
use crate::backend::GammaRamps;
use crate::registers::{RegisterFile, dc};
use crate::trace::DisplayState;
use xenia_guest::MAX_TICKS;
use xenia_state::{Impossible, check};

pub use xenia_guest::{FIELDS_PER_SECOND, TICKS_PER_SECOND};
/// Default vertical blank period in ticks.
pub const VBLANK_TICKS: u64 = TICKS_PER_SECOND / FIELDS_PER_SECOND as u64;
/// Range of vertical blank periods in ticks: 240 to 20 Hz.
const PERIODS: std::ops::RangeInclusive<u64> = TICKS_PER_SECOND / 240..=TICKS_PER_SECOND / 20;
/// Lines of a 720p frame, including blanked ones.
pub const LINES: u64 = 750;
/// Hardware thread that receives the vertical blank interrupt.
pub const VBLANK_CPU: u32 = 2;

/// Value of `AVIVO_D1MODE_VIEWPORT_SIZE` for a 1280 x 720 display.
const VIEWPORT_SIZE: u32 = 0x0500_02d0;

pub(super) struct Display {
    next_vblank: Option<u64>,
    /// Vertical blank period in ticks.
    period: u64,
    /// Start time of the current frame.
    start: u64,
    pub(super) gamma: Gamma,
}

/// Sets the registers' initial values.
pub(super) fn reset(registers: &mut RegisterFile) {
    registers.set(dc::AVIVO_D1MODE_VIEWPORT_SIZE, VIEWPORT_SIZE);
    // Unsure: how software acknowledges it. The bit always reads as set, which handlers expect.
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

    /// Captures the state for a trace.
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

    /// Restores a state. Refuses one that no display can be in.
    pub(super) fn from_state(state: &DisplayState) -> Result<Self, Impossible> {
        let DisplayState { next_vblank, period, start, ref gamma, ref gamma_linear, component } = *state;
        let is_next = |next: u64| next.checked_sub(start).is_some_and(|ahead| ahead <= *PERIODS.end());
        check(start <= MAX_TICKS, "the display's frame began too late")?;
        check(next_vblank.is_none_or(is_next), "the next vertical blank is more than a period away")?;
        check(PERIODS.contains(&period), "the display's period is too short or too long")?;
        check(component < 3, "the next component of the gamma ramp is not one of three")?;
        let table = <[u32; 256]>::try_from(gamma.as_slice());
        let table = table.map_err(|_| "the gamma ramp has not 256 entries")?;
        let linear = <[[u32; 3]; 128]>::try_from(gamma_linear.as_chunks().0);
        let linear = linear.map_err(|_| "the linear gamma ramp has not 128 entries")?;
        let ramps = GammaRamps { table: Arc::new(table), linear: Arc::new(linear) };
        Ok(Self { next_vblank, period, start, gamma: Gamma { ramps, component } })
    }

    pub(super) fn next_vblank(&self) -> Option<u64> {
        self.next_vblank
    }

    /// The last vertical blank that has been processed, if it is after a time.
    pub(super) fn blank_since(&self, time: u64) -> Option<u64> {
        (self.next_vblank.is_some() && self.start > time).then_some(self.start)
    }

    /// Processes a vertical blank.
    pub(super) fn blank(&mut self) {
        if let Some(time) = &mut self.next_vblank {
            self.start = *time;
            *time += self.period;
        }
    }

    /// Skips the vertical blanks due by `now`, except the last `kept`; returns how many.
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

    /// Updates the line counter.
    pub(super) fn refresh(&self, registers: &mut RegisterFile, now: u64) {
        let line = now.saturating_sub(self.start) % self.period * LINES / self.period;
        registers.set(dc::D1MODE_V_COUNTER, line as u32);
    }

    /// First time after `last_poll` at which the line counter reaches a line that is `wanted`;
    /// `None` if no line is.
    pub(super) fn next_line(&self, last_poll: u64, wanted: impl Fn(u32) -> bool) -> Option<u64> {
        let since = last_poll.saturating_sub(self.start);
        let picture = self.start + since / self.period * self.period;
        let line = since % self.period * LINES / self.period;
        let ahead = (1..=LINES).find(|ahead| wanted(((line + ahead) % LINES) as u32))?;
        // Rounded up: a tick earlier the counter still has the line before.
        Some(picture + ((line + ahead) * self.period).div_ceil(LINES))
    }

    /// Sets the vertical blank period in ticks from the next one on, clamped to the supported
    /// range.
    pub(super) fn set_period(&mut self, period: u64) {
        self.period = period.clamp(*PERIODS.start(), *PERIODS.end());
    }

    /// Vertical blank period in ticks, if it is not the default.
    pub(super) fn changed_period(&self) -> Option<u64> {
        (self.period != VBLANK_TICKS).then_some(self.period)
    }
}
