//! Meter: computes rates from the machine's totals and the times of its frames.
//!
//! Times are relative to the opening of the window. Rates are means over about a second, or over
//! the last few frames of a slower machine.

use std::collections::VecDeque;
use std::time::Duration;

use crate::backend::WorkCounts;

/// Totals of a machine since it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Engine that runs guest code: `interp`, `jit`, `cross-check`.
    pub engine: &'static str,
    /// Name of the graphics backend.
    pub backend: &'static str,
    /// Elapsed guest time.
    pub guest_time: Duration,
    /// Whether guest time is the host's clock, so that it passes as fast as requested, however slow
    /// the machine is.
    pub has_host_clock: bool,
    /// Guest instructions executed.
    pub instructions: u64,
    /// Instructions that the interpreter executed because no code was compiled for them yet.
    pub interpreted: u64,
    /// Moves to FPSCR that compiled code left to the interpreter: they enable an exception.
    pub fallbacks: u64,
    /// Guest functions compiled.
    pub functions: u64,
    /// Frames shown so far.
    pub frames: u64,
    /// Draws executed so far.
    pub draws: u64,
    /// Work of the wgpu backend so far, if it draws.
    pub work: Option<WorkCounts>,
    /// Sound output, if it is played.
    pub sound: Option<Sounding>,
}

/// Statistics of sound output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sounding {
    /// Delay from a sample's guest time to its playback.
    pub latency: Duration,
    /// Number of buffer underruns.
    pub gaps: u64,
}

/// Rates computed from the figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rates {
    /// Frames per second.
    pub(crate) fps: f64,
    /// Mean time between two frames, in milliseconds.
    pub(crate) frame_ms: f64,
    /// Longest time between two frames, in milliseconds.
    pub(crate) longest_ms: f64,
    /// Ratio of guest time to host time; 1 is the console's speed.
    pub(crate) speed: f64,
    /// Millions of guest instructions per second.
    pub(crate) mips: f64,
    /// Fraction of instructions that were interpreted, for any reason.
    pub(crate) interpreted: f64,
    /// Instructions left to the interpreter by compiled code, per frame.
    pub(crate) fallbacks_per_frame: f64,
    /// Draws per frame.
    pub(crate) draws_per_frame: f64,
    /// Work of the wgpu backend in the averaging interval, and its number of frames.
    pub(crate) work: Option<(WorkCounts, f64)>,
}

/// Averaging interval of the rates.
const SPAN: Duration = Duration::from_secs(1);
/// Longest averaging interval while no frame is shown.
const MAX_INTERVAL: Duration = Duration::from_secs(10);
/// Number of frames that are kept even if they are older.
const FRAMES: usize = 4;

/// Collects figures and frame times, and computes [`Rates`].
#[derive(Debug, Default)]
pub(crate) struct Meter {
    frames: VecDeque<Duration>,
    samples: VecDeque<(Duration, Figures)>,
}

impl Meter {
    /// Records a frame.
    pub(crate) fn frame(&mut self, now: Duration) {
        self.frames.push_back(now);
        while self.frames.len() > FRAMES && self.frames[0] + SPAN < now {
            self.frames.pop_front();
        }
    }

    /// Records the machine's current totals.
    pub(crate) fn sample(&mut self, now: Duration, figures: &Figures) {
        if self.samples.back().is_some_and(|(_, last)| last.instructions > figures.instructions) {
            // A new machine, for a title that the last one has launched.
            *self = Self::default();
        }
        self.samples.push_back((now, *figures));
        // The samples cover the averaging interval, and a frame if one was shown recently.
        while let Some((at, next)) = self.samples.get(1)
            && *at + SPAN <= now
            && (next.frames < figures.frames || *at + MAX_INTERVAL <= now)
        {
            self.samples.pop_front();
        }
    }

    pub(crate) fn newest(&self) -> Option<&Figures> {
        self.samples.back().map(|(_, figures)| figures)
    }

    /// Restarts after a pause, which must not be part of a mean.
    pub(crate) fn restart(&mut self) {
        self.frames.clear();
        if let Some(newest) = self.samples.pop_back() {
            self.samples.clear();
            self.samples.push_back(newest);
        }
    }

    /// Current rates; 0 if unknown.
    pub(crate) fn rates(&self) -> Rates {
        let mut rates = Rates::default();
        if let (Some(first), Some(last)) = (self.frames.front(), self.frames.back())
            && last > first
        {
            let seconds = last.saturating_sub(*first).as_secs_f64();
            let gaps = (self.frames.len() - 1) as f64;
            let gap_ms = |(a, b): (&Duration, &Duration)| b.saturating_sub(*a).as_secs_f64() * 1e3;
            let longest = self.frames.iter().zip(self.frames.iter().skip(1)).map(gap_ms).fold(0.0, f64::max);
            rates.fps = gaps / seconds;
            rates.frame_ms = seconds * 1e3 / gaps;
            rates.longest_ms = longest;
        }
        if let (Some((from, old)), Some((to, new))) = (self.samples.front(), self.samples.back()) {
            let per = |amount: f64, of: f64| if of > 0.0 { amount / of } else { 0.0 };
            let seconds = to.saturating_sub(*from).as_secs_f64();
            let instructions = (new.instructions - old.instructions) as f64;
            let frames = new.frames.saturating_sub(old.frames) as f64;
            let fallbacks = new.fallbacks.saturating_sub(old.fallbacks) as f64;
            let interpreted = new.interpreted.saturating_sub(old.interpreted) as f64 + fallbacks;
            rates.speed = per(new.guest_time.saturating_sub(old.guest_time).as_secs_f64(), seconds);
            rates.mips = per(instructions / 1e6, seconds);
            rates.interpreted = per(interpreted, instructions);
            rates.fallbacks_per_frame = per(fallbacks, frames);
            rates.work = new.work.map(|work| (work.since(&old.work.unwrap_or_default()), frames));
            rates.draws_per_frame = per(new.draws.saturating_sub(old.draws) as f64, frames);
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6 * b.abs().max(1.0)
    }

    #[test]
    fn rates_are_those_of_the_last_second() {
        let mut meter = Meter::default();
        // Five seconds at 20 ms per frame, then two at 50 ms, which have twice as many draws.
        let mut now = Duration::ZERO;
        let mut figures = Figures::default();
        for number in 0..290 {
            let slow = number >= 250;
            now += MS * if slow { 50 } else { 20 };
            meter.frame(now);
            figures.frames += 1;
            figures.draws += if slow { 80 } else { 40 };
            figures.guest_time += MS * 25;
            figures.instructions += 2_000_000;
            figures.interpreted += 30_000;
            figures.fallbacks += 10_000;
            if number % 5 == 4 {
                meter.sample(now, &figures);
            }
        }
        let rates = meter.rates();
        assert!(near(rates.fps, 20.0) && near(rates.frame_ms, 50.0) && near(rates.longest_ms, 50.0));
        assert!(near(rates.speed, 0.5) && near(rates.mips, 40.0), "{rates:?}");
        assert!(near(rates.draws_per_frame, 80.0) && near(rates.fallbacks_per_frame, 10_000.0), "{rates:?}");
        assert!(near(rates.interpreted, 0.02), "{rates:?}");
    }

    #[test]
    fn slow_machines_have_rates() {
        let mut meter = Meter::default();
        for second in 0..10 {
            // A frame every other second, of 7 draws.
            if second % 2 == 0 {
                meter.frame(MS * 1000 * second);
            }
            let frames = u64::from(second / 2);
            meter.sample(MS * 1000 * second, &Figures { frames, draws: frames * 7, ..Figures::default() });
            let expected = if frames == 0 { 0.0 } else { 7.0 };
            assert!(near(meter.rates().draws_per_frame, expected), "{second}");
        }
        assert!(near(meter.rates().fps, 0.5) && near(meter.rates().longest_ms, 2000.0));
    }

    #[test]
    fn a_pause_is_not_counted_and_a_new_machine_starts_from_nothing() {
        let mut meter = Meter::default();
        let figures = |instructions| Figures { instructions, ..Figures::default() };
        meter.sample(MS, &figures(5_000_000));
        meter.sample(MS * 500, &figures(9_000_000));
        meter.frame(MS * 500);
        meter.restart();
        assert_eq!(meter.rates(), Rates::default());
        meter.sample(MS * 600_000, &figures(9_000_000));
        meter.restart();
        meter.sample(MS * 601_000, &figures(19_000_000));
        assert!(near(meter.rates().mips, 10.0), "{:?}", meter.rates());
        meter.sample(MS * 601_500, &figures(3));
        assert_eq!((meter.rates(), meter.newest()), (Rates::default(), Some(&figures(3))));
    }
}
