//! Resampling from a song's rate to that of frames: a polyphase filter, a sinc with Kaiser window
//! (Kaiser, J. F., 1974).

use std::collections::VecDeque;
use xenia_guest::SOUND_RATE;

/// Filter length in samples.
const TAPS: usize = 32;
/// Passband as a fraction of the bandwidth, and steepness of the window.
const BAND: f64 = 0.92;
const BETA: f64 = 8.0;

/// Polyphase resampler of a song.
#[derive(Debug)]
pub(super) struct Resampler {
    rate: u32,
    /// Output samples per `down` input samples, which is the number of phases.
    up: usize,
    down: usize,
    /// `TAPS` coefficients per phase; empty if the rates are equal.
    factors: Vec<[f32; TAPS]>,
    phase: usize,
    queue: VecDeque<[f32; 2]>,
}

impl Default for Resampler {
    /// The identity: equal rates.
    fn default() -> Self {
        Self { rate: SOUND_RATE, up: 1, down: 1, factors: Vec::new(), phase: 0, queue: VecDeque::new() }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Modified Bessel function of the first kind of order zero.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut sum = 1.0;
    let mut term = 1.0;
    // The terms fall below the precision of f64 long before, for arguments up to BETA.
    for k in 1..40_i32 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

/// Coefficients of a phase, normalized to unit gain for a constant.
fn factors(phase: usize, up: usize) -> [f32; TAPS] {
    let half = TAPS as f64 / 2.0;
    let values: [f64; TAPS] = std::array::from_fn(|tap| {
        let t = tap as f64 - (half - 1.0) - phase as f64 / up as f64;
        let angle = std::f64::consts::PI * t * BAND;
        let sinc = if angle == 0.0 { 1.0 } else { libm::sin(angle) / angle };
        let inside = (1.0 - (t / half) * (t / half)).max(0.0);
        sinc * bessel(BETA * libm::sqrt(inside))
    });
    let sum: f64 = values.iter().sum();
    values.map(|value| (value / sum) as f32)
}

impl Resampler {
    /// Sets the input rate.
    pub(super) fn set_rate(&mut self, rate: u32) {
        if rate == self.rate || rate == 0 {
            return;
        }
        let common = gcd(SOUND_RATE, rate);
        self.rate = rate;
        self.phase = 0;
        self.up = (SOUND_RATE / common) as usize;
        self.down = (rate / common) as usize;
        self.factors.clear();
        if rate != SOUND_RATE {
            self.factors.extend((0..self.up).map(|phase| factors(phase, self.up)));
            // The first sample has no predecessors; pad with silence.
            for _ in 1..TAPS / 2 {
                self.queue.push_front([0.0; 2]);
            }
        }
    }

    /// Adds an input sample.
    pub(super) fn put(&mut self, sample: [f32; 2]) {
        self.queue.push_back(sample);
    }

    /// Marks the end of the input and pads with silence.
    pub(super) fn end(&mut self) {
        if !self.factors.is_empty() {
            self.queue.extend([[0.0; 2]; TAPS / 2]);
        }
    }

    /// Whether the next output sample can be computed.
    pub(super) fn has_next(&self) -> bool {
        self.queue.len() >= if self.factors.is_empty() { 1 } else { TAPS }
    }

    /// The next output sample; silence after the end.
    pub(super) fn next(&mut self) -> [f32; 2] {
        let Some(factors) = self.factors.get(self.phase) else {
            return self.queue.pop_front().unwrap_or_default();
        };
        let mut sum = [0.0; 2];
        for (factor, sample) in factors.iter().zip(&self.queue) {
            for (sum, sample) in sum.iter_mut().zip(sample) {
                *sum += factor * sample;
            }
        }
        self.phase += self.down;
        while self.phase >= self.up {
            self.phase -= self.up;
            self.queue.pop_front();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a second of a tone at this rate, resampled.
    fn tone(rate: u32, hertz: f64) -> Vec<f32> {
        let mut resampler = Resampler::default();
        resampler.set_rate(rate);
        let mut made = Vec::new();
        for at in 0..rate / 2 {
            let value = libm::sin(std::f64::consts::TAU * hertz * f64::from(at) / f64::from(rate)) as f32;
            resampler.put([value, -value]);
            while resampler.has_next() {
                let [left, right] = resampler.next();
                assert_eq!(left, -right);
                made.push(left);
            }
        }
        resampler.end();
        while resampler.has_next() {
            made.push(resampler.next()[0]);
        }
        made
    }

    #[test]
    fn a_tone_stays_the_tone_that_it_was_at_any_rate() {
        for rate in [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
            let made = tone(rate, 1000.0);
            let expected = SOUND_RATE as usize / 2;
            assert!(made.len().abs_diff(expected) <= 8, "{rate}: {} samples", made.len());
            let ideal = |at: usize| libm::sin(std::f64::consts::TAU * 1000.0 * at as f64 / 48_000.0) as f32;
            let worst = (1000..made.len() - 1000).map(|at| (made[at] - ideal(at)).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-4, "{rate}: {worst}");
        }
    }

    #[test]
    fn resampling_keeps_constants_and_suppresses_images() {
        let mut resampler = Resampler::default();
        resampler.set_rate(44_100);
        (0..200).for_each(|_| resampler.put([0.5, 0.25]));
        let made: Vec<_> = std::iter::from_fn(|| resampler.has_next().then(|| resampler.next())).collect();
        assert!(made[40..].iter().all(|pair| (pair[0] - 0.5).abs() < 1e-6 && (pair[1] - 0.25).abs() < 1e-6));
        // 7 kHz at a rate of 16 kHz: without a filter its image at 9 kHz would have the same level.
        let made = tone(16_000, 7000.0);
        let part = |hertz: f64| {
            let mut re = 0.0;
            let mut im = 0.0;
            for (at, sample) in made[1000..made.len() - 1000].iter().enumerate() {
                let angle = std::f64::consts::TAU * hertz * at as f64 / 48_000.0;
                re += f64::from(*sample) * libm::cos(angle);
                im += f64::from(*sample) * libm::sin(angle);
            }
            libm::sqrt(re * re + im * im) / made.len() as f64
        };
        assert!(part(7000.0) > 0.3 && part(9000.0) < 0.01, "{} {}", part(7000.0), part(9000.0));
    }
}
