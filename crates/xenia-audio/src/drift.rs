//! From the rate at which the guest makes samples to the one at which a device takes them.
//!
//! The two clocks differ, by a little always and by much for moments: samples come in bursts of a
//! field, and are taken in pieces of the device's choice. So there is a queue between them, and a
//! resampler that takes a little more or less than it gives, by how full the queue is on average.
//! Neither side ever waits: with too little the device gets silence until the queue is as full as
//! it is to be, with too much the oldest samples are dropped, so that sound is never late by more
//! than the queue's end.
//!
//! What a device plays is nobody's to compare, so the tables here are the host's own.

use crate::mix::Speakers;
use std::collections::VecDeque;
use std::f64::consts::PI;
use xenia_guest::SOUND_RATE;

/// Samples of each speaker that the queue is to have: 60 ms. A burst in a window is 17 ms, and what
/// a device takes at once as much again.
const TARGET: usize = SOUND_RATE as usize * 60 / 1000;
/// Samples that it may have: 200 ms.
const MOST: usize = SOUND_RATE as usize / 5;
/// Most that the resampler may take more or less: 0.5 %, which nobody hears.
const REACH: f64 = 0.005;
/// Part of a difference by which the average follows in each taking of 10 ms: a second or so.
const FOLLOW: f64 = 0.01;
/// Samples that one is made of.
const TAPS: usize = 24;
/// Places between two samples that the table has.
const PHASES: usize = 256;

/// How the device has been served.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DriftFigures {
    /// Times that the device has got silence because nothing was there.
    pub underruns: u64,
    /// Samples of each speaker that were dropped because there were too many.
    pub dropped: u64,
    /// Mean time from a sample's coming to its going, in milliseconds.
    pub latency_ms: f64,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct DeviceQueue {
    channels: usize,
    /// Samples of the guest for each of the device's.
    step: f64,
    samples: VecDeque<i16>,
    /// Where the next sample is taken, behind the first in the queue.
    position: f64,
    /// The mean number of samples in the queue.
    level: f64,
    /// Whether it has been full enough since the last underrun.
    is_primed: bool,
    kernel: Vec<[f32; TAPS]>,
    underruns: u64,
    dropped: u64,
}

/// The weights of the samples around each place between two.
fn kernel(cutoff: f64) -> Vec<[f32; TAPS]> {
    let weight = |phase: usize, tap: usize| {
        let x = tap as f64 - (TAPS / 2 - 1) as f64 - phase as f64 / PHASES as f64;
        let sinc = if x.abs() < 1e-9 { 1.0 } else { (PI * x * cutoff).sin() / (PI * x * cutoff) };
        let place = (x / (TAPS / 2) as f64).clamp(-1.0, 1.0);
        // Blackman's window.
        let window = 0.42 + 0.5 * (PI * place).cos() + 0.08 * (2.0 * PI * place).cos();
        sinc * window
    };
    let row = |phase| {
        let weights: [f64; TAPS] = std::array::from_fn(|tap| weight(phase, tap));
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| (weight / sum) as f32)
    };
    (0..=PHASES).map(row).collect()
}

impl DeviceQueue {
    /// A queue for a device that takes so many samples a second.
    pub fn new(speakers: Speakers, rate: u32) -> Self {
        let step = f64::from(SOUND_RATE) / f64::from(rate.max(1));
        Self {
            channels: speakers.channels(),
            step,
            samples: VecDeque::with_capacity((MOST + 1024) * speakers.channels()),
            position: 0.0,
            level: TARGET as f64,
            is_primed: false,
            kernel: kernel(if step > 1.0 { 1.0 / step } else { 1.0 }),
            underruns: 0,
            dropped: 0,
        }
    }

    /// How the device has been served so far.
    pub fn figures(&self) -> DriftFigures {
        let latency_ms = self.level * 1000.0 / f64::from(SOUND_RATE);
        DriftFigures { underruns: self.underruns, dropped: self.dropped, latency_ms }
    }

    /// Samples of each speaker that are queued.
    fn queued(&self) -> usize {
        self.samples.len() / self.channels
    }

    /// The guest has made samples, one of each speaker after the other.
    pub fn put(&mut self, samples: &[i16]) {
        self.samples.extend(samples);
        if self.queued() > MOST {
            let surplus = self.queued() - TARGET;
            self.samples.drain(..surplus * self.channels);
            self.dropped += surplus as u64;
            self.level = TARGET as f64;
        }
    }

    /// The device takes samples, as many as there is room for: sound, then silence if there is not
    /// enough.
    pub fn take(&mut self, into: &mut [i16]) {
        let wanted = into.len() / self.channels;
        if !self.is_primed && self.queued() < TARGET {
            into.fill(0);
            return;
        }
        if !self.is_primed {
            self.is_primed = true;
            self.level = self.queued() as f64;
        }
        // By time, not by calls: devices differ in how much they take at once.
        let share = 1.0 - (1.0 - FOLLOW).powf(wanted as f64 * 100.0 / f64::from(SOUND_RATE));
        self.level += (self.queued() as f64 - self.level) * share;
        let excess = (self.level / TARGET as f64 - 1.0).clamp(-1.0, 1.0);
        let step = self.step * (1.0 + excess * REACH);
        for (number, frame) in into.chunks_mut(self.channels).enumerate() {
            let first = self.position as usize;
            if first + TAPS > self.queued() || frame.len() < self.channels {
                into[number * self.channels..].fill(0);
                self.is_primed = false;
                self.underruns += 1;
                break;
            }
            let place = (self.position - first as f64) * PHASES as f64;
            let (phase, between) = (place as usize, place.fract() as f32);
            let (low, high) = (&self.kernel[phase.min(PHASES - 1)], &self.kernel[phase.min(PHASES - 1) + 1]);
            for (channel, sample) in frame.iter_mut().enumerate() {
                let mut sum = 0.0;
                for (tap, (low, high)) in low.iter().zip(high).enumerate() {
                    let weight = low + (high - low) * between;
                    sum += weight * f32::from(self.samples[(first + tap) * self.channels + channel]);
                }
                // Saturates.
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

    /// Lets the guest's clock and the device's run for so many seconds, the guest's faster by so
    /// many millionths. Returns what the device got in the last second.
    fn play(queue: &mut DeviceQueue, rate: u32, seconds: u64, millionths: f64) -> Vec<i16> {
        let mut last = Vec::new();
        let mut made = 0_u64;
        let mut piece = vec![0; 480 * queue.channels];
        let pieces = seconds * u64::from(rate) / 480;
        for number in 0..pieces {
            let now = number as f64 * 480.0 / f64::from(rate);
            // A field of the guest's at a time, as in a window.
            let due = (now * (1.0 + millionths / 1e6) * 60.0) as u64 * 800;
            while made < due {
                let sample = (f64::from(made as u32) * 1000.0 * 2.0 * PI / 48_000.0).sin() * 16_000.0;
                queue.put(&vec![sample.round() as i16; queue.channels]);
                made += 1;
            }
            queue.take(&mut piece);
            if number + u64::from(rate) / 480 >= pieces {
                last.extend(&piece);
            }
        }
        last
    }

    /// The tone's level, and that of all else beside it, in decibels, where they are worst: in
    /// pieces of 10 ms, as the resampler's rate is never quite the same.
    fn worst(samples: &[i16], rate: u32, frequency: f64) -> (f64, f64) {
        let (mut off, mut beside) = (0.0_f64, f64::MIN);
        for piece in samples.chunks_exact(rate as usize / 100) {
            let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
            for (n, &sample) in piece.iter().enumerate() {
                let (angle, sample) =
                    (2.0 * PI * frequency * n as f64 / f64::from(rate), f64::from(sample) / 16_000.0);
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
    fn ten_minutes_of_clocks_that_differ_have_no_gap() {
        for (millionths, seconds) in [(0.0, 60), (100.0, 600), (-100.0, 60), (500.0, 60)] {
            let mut queue = DeviceQueue::new(Speakers::Stereo, 48_000);
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
            let mut queue = DeviceQueue::new(Speakers::Stereo, rate);
            let last = play(&mut queue, rate, 30, 0.0);
            assert_eq!((queue.figures().underruns, queue.figures().dropped), (0, 0), "{rate}");
            let left: Vec<i16> = last.iter().copied().step_by(2).collect();
            let (off, beside) = worst(&left, rate, 1000.0);
            assert!(off < 0.1 && beside < -35.0, "{rate}: off by {off} dB, {beside} dB beside it");
        }
    }

    #[test]
    fn who_comes_too_late_is_counted_once_and_begins_again_when_there_is_enough() {
        let mut queue = DeviceQueue::new(Speakers::Surround, 48_000);
        let mut piece = vec![9; 480 * 6];
        queue.put(&vec![1000; (TARGET - 1) * 6]);
        queue.take(&mut piece);
        assert!(piece.iter().all(|&sample| sample == 0) && queue.figures().underruns == 0, "not enough yet");
        queue.put(&[1000; 6]);
        queue.take(&mut piece);
        assert!(piece.iter().all(|&sample| sample == 1000), "what is constant stays so");
        for _ in 0..20 {
            queue.take(&mut piece);
        }
        assert_eq!(queue.figures().underruns, 1);
        assert!(piece.iter().all(|&sample| sample == 0));
    }

    #[test]
    fn what_is_too_much_is_dropped_and_sound_is_never_late() {
        let mut queue = DeviceQueue::new(Speakers::Stereo, 48_000);
        for _ in 0..1000 {
            queue.put(&[0; 2 * 256]);
            assert!(queue.queued() <= MOST);
        }
        assert!(queue.figures().dropped > 200_000);
        // Four times too fast, as in turbo.
        play(&mut queue, 48_000, 2, 3e6);
        assert!(queue.queued() <= MOST && queue.figures().underruns == 0);
    }
}
