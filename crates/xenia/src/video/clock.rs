//! Time of a video: converts guest times of swaps to numbers of pictures and samples.

use super::VIDEO_RATE;
use xenia_guest::SOUND_RATE;
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};

/// Longest time between two pictures. A longer one is not the title's own, but a state that was
/// loaded.
const MAX_GAP: GuestTicks = 60 * TICKS_PER_SECOND;
/// Sound that may be missing before it counts as a gap: a tenth of a second.
const SLACK: u64 = SOUND_RATE as u64 / 10;

/// Pictures and samples that a video lacks before a new picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct VideoGap {
    /// Number of times that the previous picture must be written.
    pub(super) pictures: u64,
    /// Samples of silence, for each speaker.
    pub(super) silence: u64,
}

/// Clock of a video.
#[derive(Debug, Default)]
pub(super) struct VideoClock {
    /// Guest time of the newest picture.
    last: Option<GuestTicks>,
    /// Time since the first picture.
    elapsed: GuestTicks,
    pictures: u64,
    samples: u64,
}

impl VideoClock {
    /// Whether there was a picture, before which no sound counts.
    pub(super) fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Takes the guest time of a picture.
    pub(super) fn picture(&mut self, now: GuestTicks) -> VideoGap {
        let passed = self.last.replace(now).map(|last| now.checked_sub(last));
        self.elapsed += match passed {
            None => 0,
            Some(Some(passed)) if passed <= MAX_GAP => passed,
            // A different state continues at the time of the previous one.
            Some(_) => TICKS_PER_SECOND / u64::from(VIDEO_RATE),
        };
        let due = self.units(u64::from(VIDEO_RATE));
        let pictures = due.saturating_sub(self.pictures);
        self.pictures += pictures;
        let missing = self.units(u64::from(SOUND_RATE)).saturating_sub(self.samples);
        let silence = if missing > SLACK { missing } else { 0 };
        self.samples += silence;
        VideoGap { pictures, silence }
    }

    /// Counts samples of sound, for each speaker.
    pub(super) fn sound(&mut self, samples: u64) {
        self.samples += samples;
    }

    /// The time since the first picture in units of this rate.
    fn units(&self, rate: u64) -> u64 {
        (u128::from(self.elapsed) * u128::from(rate) / u128::from(TICKS_PER_SECOND)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: GuestTicks = TICKS_PER_SECOND;

    #[test]
    fn pictures_are_repeated_or_left_out_for_an_even_rate() {
        let mut clock = VideoClock::default();
        // A title with 60 pictures in a second, and one with 10.
        let fast: u64 = (0..=60).map(|at| clock.picture(7 * SECOND + at * SECOND / 60).pictures).sum();
        assert_eq!(fast, u64::from(VIDEO_RATE));
        let slow: u64 = (1..=10).map(|at| clock.picture(8 * SECOND + at * SECOND / 10).pictures).sum();
        assert_eq!(slow, u64::from(VIDEO_RATE));
    }

    #[test]
    fn sound_that_is_missing_is_silence_and_a_little_is_not() {
        let mut clock = VideoClock::default();
        assert!(!clock.has_begun());
        assert_eq!(clock.picture(SECOND), VideoGap::default());
        assert!(clock.has_begun());
        clock.sound(u64::from(SOUND_RATE) - SLACK);
        assert_eq!(clock.picture(2 * SECOND).silence, 0);
        assert_eq!(clock.picture(3 * SECOND).silence, u64::from(SOUND_RATE) + SLACK);
        clock.sound(5 * u64::from(SOUND_RATE));
        assert_eq!(clock.picture(4 * SECOND).silence, 0, "sound is ahead");
    }

    #[test]
    fn a_jump_of_guest_time_is_one_picture() {
        let mut clock = VideoClock::default();
        clock.picture(500 * SECOND);
        assert_eq!(clock.picture(SECOND).pictures, 1, "a rewind");
        assert_eq!(clock.picture(100 * SECOND).pictures, 1, "a state that was loaded");
        assert_eq!(clock.picture(u64::MAX).pictures, 1);
        assert_eq!(clock.picture(0).pictures, 1);
    }
}
