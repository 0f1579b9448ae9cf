//! The display controller: vertical blanks by guest time, the line counter, the gamma ramp.

use std::sync::Arc;

use crate::registers::{RegisterFile, dc};
use crate::trace::DisplayState;

/// Ticks of the time base in a second.
pub const TICKS_PER_SECOND: u64 = 49_875_000;
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
    gamma: Arc<[u32; 256]>,
    /// Component that `DC_LUT_SEQ_COLOR` or `DC_LUT_PWL_DATA` means next.
    component: u32,
}

/// Values that are there before anything was written.
pub(super) fn reset(registers: &mut RegisterFile) {
    registers.set(dc::AVIVO_D1MODE_VIEWPORT_SIZE, VIEWPORT_SIZE);
    // Unsure: how software acknowledges it. The bit always reads as set, which is what handlers expect.
    registers.set(dc::D1MODE_INTERRUPT_STATUS, 1);
    registers.set(dc::DC_LUT_WRITE_EN_MASK, 7);
}

fn identity_ramp() -> [u32; 256] {
    std::array::from_fn(|level| {
        let value = (level as u32 * 1023 + 127) / 255;
        value << 20 | value << 10 | value
    })
}

impl Display {
    pub(super) fn new(vblank: bool) -> Self {
        Self {
            next_vblank: vblank.then_some(VBLANK_TICKS),
            period: VBLANK_TICKS,
            start: 0,
            gamma: Arc::new(identity_ramp()),
            component: 0,
        }
    }

    /// Its state as a value.
    pub(super) fn state(&self) -> DisplayState {
        let Self { next_vblank, period, start, gamma, component } = self;
        DisplayState {
            next_vblank: *next_vblank,
            period: *period,
            start: *start,
            gamma: gamma.to_vec(),
            component: *component,
        }
    }

    /// The display of a state; `None` if no display has such a one.
    pub(super) fn from_state(state: &DisplayState) -> Option<Self> {
        let DisplayState { next_vblank, period, start, ref gamma, component } = *state;
        let is_next = |next: u64| next.checked_sub(start).is_some_and(|ahead| ahead <= *PERIODS.end());
        let possible = next_vblank.is_none_or(is_next) && PERIODS.contains(&period) && component < 3;
        let gamma = <[u32; 256]>::try_from(gamma.as_slice()).ok().filter(|_| possible)?;
        Some(Self { next_vblank, period, start, gamma: Arc::new(gamma), component })
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

    /// Sets the line counter.
    pub(super) fn refresh(&self, registers: &mut RegisterFile, now: u64) {
        let line = now.saturating_sub(self.start) % self.period * LINES / self.period;
        registers.set(dc::D1MODE_V_COUNTER, line as u32);
    }

    /// A time by which the line counter will have moved.
    pub(super) fn next_line(&self) -> u64 {
        self.start + self.period / LINES
    }

    /// From the next vertical blank on, they come `period` ticks apart, as far as a display can do that.
    pub(super) fn set_period(&mut self, period: u64) {
        self.period = period.clamp(*PERIODS.start(), *PERIODS.end());
    }

    /// Ticks from one vertical blank to the next, if that is not what it is at the start.
    pub(super) fn changed_period(&self) -> Option<u64> {
        (self.period != VBLANK_TICKS).then_some(self.period)
    }

    pub(super) fn gamma(&self) -> Arc<[u32; 256]> {
        self.gamma.clone()
    }

    /// What a write to one of the gamma ramp's registers does beyond storing the value.
    pub(super) fn gamma_written(&mut self, registers: &mut RegisterFile, index: u32, value: u32) {
        const INDEX: u32 = 0x1922;
        const SEQ_COLOR: u32 = 0x1923;
        const PWL_DATA: u32 = 0x1924;
        const COLOR_30: u32 = 0x1925;
        let entry = (registers.get(INDEX) & 255) as usize;
        // The mask is in the order blue, green, red.
        let mask = registers.get(dc::DC_LUT_WRITE_EN_MASK);
        match index {
            INDEX => self.component = 0,
            SEQ_COLOR => {
                if mask >> (2 - self.component) & 1 != 0 {
                    let shift = 20 - self.component * 10;
                    let ramp = Arc::make_mut(&mut self.gamma);
                    ramp[entry] = ramp[entry] & !(0x3ff << shift) | (value >> 6 & 0x3ff) << shift;
                }
                self.next_component(registers, entry);
            }
            // The piecewise linear ramp serves 10-bit front buffers, which are not shown through it here.
            PWL_DATA => self.next_component(registers, entry),
            COLOR_30 => {
                let component =
                    |bit: u32, shift: u32| if (mask >> bit) & 1 != 0 { 0x3ff << shift } else { 0 };
                let bits = component(2, 20) | component(1, 10) | component(0, 0);
                let ramp = Arc::make_mut(&mut self.gamma);
                ramp[entry] = ramp[entry] & !bits | value & bits;
                registers.set(INDEX, (entry as u32 + 1) & 255);
            }
            _ => {}
        }
    }

    fn next_component(&mut self, registers: &mut RegisterFile, entry: usize) {
        self.component += 1;
        if self.component == 3 {
            self.component = 0;
            registers.set(0x1922, (entry as u32 + 1) & 255);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_is_written_component_by_component() {
        let mut registers = RegisterFile::new();
        reset(&mut registers);
        let mut display = Display::new(false);
        assert_eq!(display.gamma()[255], 0x3fff_ffff);
        registers.set(0x1922, 7);
        display.gamma_written(&mut registers, 0x1922, 7);
        for value in [0x4000, 0x8000, 0xffff, 0xffc0] {
            display.gamma_written(&mut registers, 0x1923, value);
        }
        assert_eq!(display.gamma()[7], 0x100 << 20 | 0x200 << 10 | 0x3ff);
        assert_eq!(display.gamma()[8] >> 20, 0x3ff);
        assert_eq!(registers.get(0x1922), 8);
    }

    #[test]
    fn the_mask_keeps_components() {
        let mut registers = RegisterFile::new();
        let mut display = Display::new(false);
        registers.set(dc::DC_LUT_WRITE_EN_MASK, 1);
        registers.set(0x1922, 255);
        display.gamma_written(&mut registers, 0x1925, 0);
        assert_eq!(display.gamma()[255], 0x3fff_fc00);
        assert_eq!(registers.get(0x1922), 0);
    }
}
