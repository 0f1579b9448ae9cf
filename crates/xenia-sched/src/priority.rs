//! Thread priorities as in NT: 0–31, real-time from 16, with decaying boosts on wake.

/// Priority of a title's thread with base increment 0.
pub const BASE_PRIORITY: u8 = 8;
/// The lowest priority of a thread that a yield lets run.
pub(crate) const LOWEST_YIELDED_TO: u8 = 1;
/// The lowest real-time priority. Real-time priorities are neither boosted nor decayed.
pub const REAL_TIME: u8 = 16;
/// The highest priority.
pub const MAX_PRIORITY: u8 = 31;

/// The base priority for a base increment. Increments of ±15 saturate within the class, as in NT:
/// +15 is the highest priority below real time, −15 the lowest above idle.
pub fn base_from_increment(increment: i32) -> u8 {
    (i32::from(BASE_PRIORITY) + increment.clamp(-15, 15)).clamp(1, i32::from(REAL_TIME) - 1) as u8
}

/// The priority of a thread with base priority `base` after a wait that was satisfied with `boost`.
/// Real-time priorities are not boosted, and a boost neither reaches real time nor lowers the
/// `current` priority.
pub fn boosted(base: u8, current: u8, boost: u8) -> u8 {
    if base >= REAL_TIME || current >= REAL_TIME {
        current
    } else {
        base.saturating_add(boost).min(REAL_TIME - 1).max(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn increments_saturate_within_the_class() {
        for (increment, priority) in
            [(0, 8), (1, 9), (-1, 7), (2, 10), (-15, 1), (15, 15), (i32::MAX, 15), (i32::MIN, 1)]
        {
            assert_eq!(base_from_increment(increment), priority, "increment {increment}");
        }
    }

    #[test]
    fn boosts_stop_below_real_time_and_never_lower() {
        assert_eq!(boosted(8, 8, 1), 9);
        assert_eq!(boosted(8, 12, 1), 12);
        assert_eq!(boosted(14, 14, 15), 15);
        assert_eq!(boosted(18, 18, 2), 18);
        assert_eq!(boosted(8, 20, 2), 20, "set to that for now");
    }
}
