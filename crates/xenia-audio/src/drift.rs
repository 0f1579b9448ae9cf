//! Clock-drift compensation: an adaptive resampler between the guest's sample clock and the
//! device's.
//!
//! The two clocks differ slightly on average and strongly at times: samples arrive in bursts of one
//! display field, and the device takes them in blocks of its choice. A queue and a resampler lie
//! between them; the resampling ratio is adjusted by the average fill level of the queue. Neither
//! side ever waits. On an underrun the device gets silence until the queue has reached its target
//! again; on an overrun the oldest samples are dropped, so the latency is bounded by the queue's
//! capacity.
//!
//! Device output is never compared between hosts, so the tables here may use the host's math
//! functions.

use crate::mix::Speakers;
use std::collections::VecDeque;
use std::f64::consts::PI;
use std::time::{Duration, Instant};
use xenia_guest::SOUND_RATE;

/// Target fill level of the queue in samples per speaker: 60 ms. A burst in a window is 17 ms, and
/// a device's block about as much.
const TARGET: usize = SOUND_RATE as usize * 60 / 1000;
/// Capacity of the queue in samples per speaker: 200 ms.
const CAPACITY: usize = SOUND_RATE as usize / 5;
/// Time after which a device that takes no samples has stalled, on the host's clock: in turbo mode
/// guest time runs faster than any device.
const STALL: Duration = Duration::from_secs(5);
/// Largest change of the resampling ratio: 0.5 %, which is inaudible.
const MAX_CHANGE: f64 = 0.005;
/// Smoothing factor of the average fill level per block of 10 ms: a time constant of about a
/// second.
const FOLLOW: f64 = 0.01;
/// Filter length in samples.
const TAPS: usize = 24;
/// Number of filter phases between two samples.
const PHASES: usize = 256;

/// Statistics of a device queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DriftFigures {
    /// Number of times the device got silence because the queue was empty.
    pub underruns: u64,
    /// Samples per speaker that were dropped because the queue was full.
    pub dropped: u64,
    /// Average latency of a sample in the queue, in milliseconds.
    pub latency_ms: f64,
}

/// Queue and adaptive resampler for one output device.
#[derive(Clone, Debug)]
pub struct DriftQueue {
    channels: usize,
    /// Guest samples per device sample.
    step: f64,
    samples: VecDeque<i16>,
    /// Fractional position of the next sample, relative to the start of the queue.
    position: f64,
    /// Average number of samples in the queue.
    level: f64,
    /// Whether the queue has reached its target since the last underrun.
    is_primed: bool,
    kernel: Vec<[f32; TAPS]>,
    underruns: u64,
    dropped: u64,
    /// Time of the first samples that were added since the device last took some.
    untaken_since: Option<Instant>,
    /// Whether the device has stalled since it last took some.
    has_stalled: bool,
}

/// Filter coefficients (windowed sinc) for each phase.
fn kernel(cutoff: f64) -> Vec<[f32; TAPS]> {
    let weight = |phase: usize, tap: usize| {
        let x = tap as f64 - (TAPS / 2 - 1) as f64 - phase as f64 / PHASES as f64;
        let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * x * cutoff).sin() / (PI * x * cutoff) };
        let place = (x / (TAPS / 2) as f64).clamp(-1.0, 1.0);
        // The Blackman window.
        let window = 0.42 + 0.5 * (PI * place).cos() + 0.08 * (2.0 * PI * place).cos();
        sinc * window
    };
    let row = |phase| {
        let weights: [f64; TAPS] = std::array::from_fn(|tap| weight(phase, tap));
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| (weight / sum) as f32)
    };
    // One row more than phases: the last phase is mixed with the row after it.
    (0..=PHASES).map(row).collect()
}

impl DriftQueue {
    /// A queue for a device with a sample rate of `rate` Hz.
    pub fn new(speakers: Speakers, rate: u32) -> Self {
        let step = f64::from(SOUND_RATE) / f64::from(rate.max(1));
        Self {
            channels: speakers.channels(),
            step,
            samples: VecDeque::with_capacity((CAPACITY + 1024) * speakers.channels()),
            position: 0.0,
            level: TARGET as f64,
            is_primed: false,
            // A slower device needs a lower cutoff: higher tones would come back as others.
            kernel: kernel(if step > 1.0 { 1.0 / step } else { 1.0 }),
            underruns: 0,
            dropped: 0,
            untaken_since: None,
            has_stalled: false,
        }
    }

    /// Statistics since the start.
    pub fn figures(&self) -> DriftFigures {
        let latency_ms = self.level * 1000.0 / f64::from(SOUND_RATE);
        DriftFigures { underruns: self.underruns, dropped: self.dropped, latency_ms }
    }

    /// Number of queued samples per speaker.
    fn queued(&self) -> usize {
        self.samples.len() / self.channels
    }

    /// Adds samples of the guest, interleaved by speaker, at a time. Returns true once if the
    /// device has stalled: it has taken none for 5 s.
    pub fn put(&mut self, samples: &[i16], now: Instant) -> bool {
        let since = *self.untaken_since.get_or_insert(now);
        self.samples.extend(samples);
        if self.queued() > CAPACITY {
            // Down to the target, not to the capacity: else the next burst would drop samples
            // again.
            let surplus = self.queued() - TARGET;
            self.samples.drain(..surplus * self.channels);
            self.dropped += surplus as u64;
            self.level = TARGET as f64;
        }
        let has_stalled = now.saturating_duration_since(since) >= STALL;
        has_stalled && !std::mem::replace(&mut self.has_stalled, true)
    }

    /// Drops all queued samples; silence follows until the queue has reached its target again.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.position = 0.0;
        self.is_primed = false;
    }

    /// Fills `into` with samples for the device, followed by silence on an underrun.
    pub fn take(&mut self, into: &mut [i16]) {
        self.untaken_since = None;
        self.has_stalled = false;
        let wanted = into.len() / self.channels;
        if !self.is_primed && self.queued() < TARGET {
            into.fill(0);
            return;
        }
        if !self.is_primed {
            self.is_primed = true;
            self.level = self.queued() as f64;
        }
        // Scaled by time, not by calls: devices differ in block size.
        let share = 1.0 - (1.0 - FOLLOW).powf(wanted as f64 * 100.0 / f64::from(SOUND_RATE));
        self.level += (self.queued() as f64 - self.level) * share;
        // With a full queue the step is larger, so that samples are consumed faster.
        let excess = (self.level / TARGET as f64 - 1.0).clamp(-1.0, 1.0);
        let step = self.step * (1.0 + excess * MAX_CHANGE);
        let queued = self.queued();
        let channels = self.channels;
        let samples = &*self.samples.make_contiguous();
        for (number, frame) in into.chunks_mut(channels).enumerate() {
            let first = self.position as usize;
            if first + TAPS > queued || frame.len() < channels {
                into[number * channels..].fill(0);
                self.is_primed = false;
                self.underruns += 1;
                break;
            }
            let place = (self.position - first as f64) * PHASES as f64;
            let phase = place as usize;
            let between = place.fract() as f32;
            let low = &self.kernel[phase.min(PHASES - 1)];
            let high = &self.kernel[phase.min(PHASES - 1) + 1];
            let weights: [f32; TAPS] = std::array::from_fn(|tap| low[tap] + (high[tap] - low[tap]) * between);
            for (channel, sample) in frame.iter_mut().enumerate() {
                let of_channel = samples[first * channels + channel..].iter().step_by(channels);
                let sum: f32 = weights.iter().zip(of_channel).map(|(weight, &x)| weight * f32::from(x)).sum();
                // The conversion saturates.
                *sample = sum.round() as i16;
            }
            self.position += step;
        }
        let done = (self.position as usize).min(self.queued());
        self.samples.drain(..done * self.channels);
        self.position -= done as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Simulates both clocks for `seconds`, the guest's faster by `millionths`. Returns the
    /// device's samples of the last second.
    fn play(queue: &mut DriftQueue, rate: u32, seconds: u64, millionths: f64) -> Vec<i16> {
        // A period of the tone.
        let tone: [i16; 48] =
            std::array::from_fn(|n| ((n as f64 * 2.0 * PI / 48.0).sin() * 16_000.0).round() as i16);
        let mut last = Vec::new();
        let mut burst = Vec::new();
        let mut made = 0_u64;
        let start = Instant::now();
        let mut piece = vec![0; 480 * queue.channels];
        let pieces = seconds * u64::from(rate) / 480;
        for number in 0..pieces {
            let now = number as f64 * 480.0 / f64::from(rate);
            // Samples come in bursts of one display field, as in a window.
            let due = (now * (1.0 + millionths / 1e6) * 60.0) as u64 * 800;
            burst.clear();
            while made < due {
                burst.extend(std::iter::repeat_n(tone[(made % 48) as usize], queue.channels));
                made += 1;
            }
            queue.put(&burst, start);
            queue.take(&mut piece);
            if number + u64::from(rate) / 480 >= pieces {
                last.extend(&piece);
            }
        }
        last
    }

    /// Worst level of the tone and of everything else, in decibels, over pieces of 10 ms, because
    /// the resampling ratio is never quite constant.
    fn worst(samples: &[i16], rate: u32, frequency: f64) -> (f64, f64) {
        let mut off = 0.0_f64;
        let mut beside = f64::MIN;
        for piece in samples.chunks_exact(rate as usize / 100) {
            let mut re = 0.0;
            let mut im = 0.0;
            let mut all = 0.0;
            for (n, &sample) in piece.iter().enumerate() {
                let angle = 2.0 * PI * frequency * n as f64 / f64::from(rate);
                let sample = f64::from(sample) / 16_000.0;
                re += sample * angle.cos();
                im += sample * angle.sin();
                all += sample * sample;
            }
            let half = piece.len() as f64 / 2.0;
            let power = (re * re + im * im) / (half * half);
            off = off.max((10.0 * power.log10()).abs());
            beside = beside.max(10.0 * ((all / half - power).max(1e-9) / power).log10());
        }
        (off, beside)
    }

    #[test]
    fn a_device_that_takes_nothing_is_reported_once() {
        let mut queue = DriftQueue::new(Speakers::Stereo, SOUND_RATE);
        let start = Instant::now();
        let minute = vec![0; SOUND_RATE as usize * 2 * 60];
        // Much sound in a short time, as in turbo mode, is not a stall.
        let stalled = |queue: &mut DriftQueue, ms| queue.put(&minute, start + Duration::from_millis(ms));
        assert_eq!([0, 4999].map(|ms| stalled(&mut queue, ms)), [false; 2]);
        queue.take(&mut [0; 2]);
        let times = [6000, 10_999, 11_000, 11_001, 60_000];
        assert_eq!(times.map(|ms| stalled(&mut queue, ms)), [false, false, true, false, false]);
        queue.take(&mut [0; 2]);
        assert_eq!([70_000, 75_000].map(|ms| stalled(&mut queue, ms)), [false, true]);
    }

    #[test]
    fn clocks_that_differ_have_no_gap() {
        // The clocks of the last two rows move apart by the target level of the queue.
        let long = if xenia_testing::is_long() { 600 } else { 60 };
        for (millionths, seconds) in [(0.0, 60), (100.0, long), (500.0, 120), (-500.0, 120)] {
            let mut queue = DriftQueue::new(Speakers::Stereo, 48_000);
            let last = play(&mut queue, 48_000, seconds, millionths);
            let DriftFigures { underruns, dropped, latency_ms } = queue.figures();
            assert_eq!((underruns, dropped), (0, 0), "{millionths}");
            assert!((50.0..75.0).contains(&latency_ms), "{millionths}: {latency_ms} ms");
            let left: Vec<i16> = last.iter().copied().step_by(2).collect();
            let (off, beside) = worst(&left, 48_000, 1000.0 * (1.0 + millionths / 1e6));
            assert!(off < 0.1 && beside < -30.0, "{millionths}: off by {off} dB, {beside} dB beside it");
        }
    }

    #[test]
    fn a_device_of_another_rate_gets_the_same_tone() {
        for rate in [44_100, 96_000] {
            let mut queue = DriftQueue::new(Speakers::Stereo, rate);
            let last = play(&mut queue, rate, 30, 0.0);
            assert_eq!((queue.figures().underruns, queue.figures().dropped), (0, 0), "{rate}");
            let left: Vec<i16> = last.iter().copied().step_by(2).collect();
            let (off, beside) = worst(&left, rate, 1000.0);
            assert!(off < 0.1 && beside < -35.0, "{rate}: off by {off} dB, {beside} dB beside it");
        }
    }

    #[test]
    fn underrun_is_counted_once_until_queue_refills() {
        let mut queue = DriftQueue::new(Speakers::Surround, 48_000);
        let mut piece = vec![9; 480 * 6];
        let now = Instant::now();
        queue.put(&vec![1000; (TARGET - 1) * 6], now);
        queue.take(&mut piece);
        assert!(piece.iter().all(|&sample| sample == 0) && queue.figures().underruns == 0, "not enough yet");
        queue.put(&[1000; 6], now);
        queue.take(&mut piece);
        assert!(piece.iter().all(|&sample| sample == 1000), "what is constant stays so");
        for _ in 0..20 {
            queue.take(&mut piece);
        }
        assert_eq!(queue.figures().underruns, 1);
        assert!(piece.iter().all(|&sample| sample == 0));
    }

    #[test]
    fn excess_samples_are_dropped_without_underruns() {
        let mut queue = DriftQueue::new(Speakers::Stereo, 48_000);
        for _ in 0..1000 {
            queue.put(&[0; 2 * 256], Instant::now());
            assert!(queue.queued() <= CAPACITY);
        }
        assert!(queue.figures().dropped > 200_000);
        // Four times too fast, as in turbo mode.
        play(&mut queue, 48_000, 2, 3e6);
        assert!(queue.queued() <= CAPACITY && queue.figures().underruns == 0);
    }
}
