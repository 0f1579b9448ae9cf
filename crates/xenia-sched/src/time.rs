//! Guest time: ticks of the 49.875 MHz time base since power-on, and conversions to other units.

/// Ticks of the time base since the machine started.
pub type GuestTicks = u64;

use xenia_guest::SECOND_100NS;
pub use xenia_guest::{MAX_TICKS, START_FILETIME, TICKS_PER_SECOND};

/// log2 of the instructions that a hardware thread executes per tick in lockstep: 16 per tick,
/// about 800 MIPS.
pub const INSTRUCTIONS_PER_TICK_SHIFT: u32 = 4;

/// Default number of instructions in a slot's visit.
pub const QUANTUM_DEFAULT: u32 = 50_000;

/// Number of time-base reads in a visit. In lockstep the last one ends it; in parallel mode the
/// next one does, which the next visit repeats.
pub const TIME_READS_PER_VISIT: u32 = 8;

/// Converts ticks to units of 100 ns, rounding down.
pub const fn ticks_to_100ns(ticks: GuestTicks) -> u64 {
    (ticks as u128 * SECOND_100NS as u128 / TICKS_PER_SECOND as u128) as u64
}

/// Converts units of 100 ns to ticks, rounding up so that no wait is shorter than requested;
/// saturating.
pub const fn ticks_from_100ns(units: u64) -> GuestTicks {
    let ticks = (units as u128 * TICKS_PER_SECOND as u128).div_ceil(SECOND_100NS as u128);
    if ticks > u64::MAX as u128 { u64::MAX } else { ticks as u64 }
}

/// The guest's system time at `now`, in units of 100 ns since 1601.
pub const fn filetime(now: GuestTicks) -> u64 {
    START_FILETIME + ticks_to_100ns(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_round_so_that_waits_are_never_short() {
        assert_eq!(ticks_to_100ns(TICKS_PER_SECOND), 10_000_000);
        assert_eq!(ticks_from_100ns(10_000_000), TICKS_PER_SECOND);
        assert_eq!(ticks_from_100ns(1), 5); // 4.9875 ticks
        assert_eq!(ticks_from_100ns(u64::MAX), u64::MAX);
        assert_eq!(filetime(0), START_FILETIME);
        for units in [0, 1, 7, 10_000, 166_667, 123_456_789] {
            assert!(ticks_to_100ns(ticks_from_100ns(units)) >= units);
        }
    }
}
