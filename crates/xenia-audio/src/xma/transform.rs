//! Inverse transform (MDCT) of a tile, window, and their tables.
//!
//! A tile of N coefficients gives the N samples around its middle; its ends overlap with the
//! neighbours, on each side over half the length of the shorter of the two. All tables are computed
//! by additions and multiplications in a fixed order, so that they are identical on every host:
//! decoded samples are visible in guest memory.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// Length of the longest tile in samples: a frame.
pub(super) const MAX_TILE: usize = 512;
/// Length of the shortest tile in samples.
pub(super) const MIN_TILE: usize = 128;

/// Sine and cosine of an angle between 0 and π/2.
fn sine_cosine(angle: f64) -> (f64, f64) {
    // Taylor series: 24 terms exceed the precision of f64 in this range.
    let mut sine = 0.0;
    let mut cosine = 0.0;
    let mut term = 1.0;
    for power in 0..24 {
        match power % 4 {
            0 => cosine += term,
            1 => sine += term,
            2 => cosine -= term,
            _ => sine -= term,
        }
        term = term * angle / f64::from(power + 1);
    }
    (sine, cosine)
}

/// Cosine and sine of 2π·numerator/denominator.
fn turn(numerator: usize, denominator: usize) -> (f64, f64) {
    let numerator = numerator % denominator;
    // The rest is below a quarter turn, the range of `sine_cosine`.
    let quarter = numerator * 4 / denominator;
    let rest = (numerator * 4 % denominator) as f64 / denominator as f64;
    let (sine, cosine) = sine_cosine(rest * PI / 2.0);
    match quarter {
        0 => (cosine, sine),
        1 => (-sine, cosine),
        2 => (-cosine, -sine),
        _ => (sine, -cosine),
    }
}

/// 10 to the power of `twentieths` / 20: the amplitude of a level in decibels.
pub(super) fn amplitude(twentieths: i32) -> f32 {
    /// 10 to the power of n / 20.
    const ROOTS: [f64; 20] = [
        1.0,
        1.122_018_454_301_963_3,
        1.258_925_411_794_167_3,
        1.412_537_544_622_754_4,
        1.584_893_192_461_113_4,
        1.778_279_410_038_922_8,
        1.995_262_314_968_879_5,
        2.238_721_138_568_339_4,
        2.511_886_431_509_58,
        2.818_382_931_264_453_7,
        3.162_277_660_168_379_5,
        3.548_133_892_335_754_6,
        3.981_071_705_534_972_7,
        4.466_835_921_509_631,
        5.011_872_336_272_723,
        5.623_413_251_903_491,
        6.309_573_444_801_932_5,
        7.079_457_843_841_379_5,
        7.943_282_347_242_815,
        8.912_509_381_337_456,
    ];
    let mut value = ROOTS[twentieths.rem_euclid(20) as usize];
    // Differences of scale factors can be huge: 36 decades bound the loop.
    for _ in 0..twentieths.div_euclid(20).unsigned_abs().min(36) {
        value = if twentieths < 0 { value / 10.0 } else { value * 10.0 };
    }
    value as f32
}

/// A complex number.
#[derive(Clone, Copy, Debug, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn times(self, factor: Self) -> Self {
        Self { re: self.re * factor.re - self.im * factor.im, im: self.re * factor.im + self.im * factor.re }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn minus(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

/// The transform of one tile length.
#[derive(Debug)]
pub(super) struct Transform {
    length: usize,
    /// Twiddle factors exp(−iπ(8n + 1)/8N) for n < N/2.
    twiddle: Vec<Complex>,
    /// Roots of unity exp(−2πin/(N/2)) for n < N/4.
    roots: Vec<Complex>,
    /// Rising half of the sine window, of length N.
    window: Vec<f32>,
}

impl Transform {
    /// The transform for tiles of 128, 256 or 512 samples.
    pub(super) fn of(length: usize) -> &'static Self {
        static ALL: OnceLock<[Transform; 3]> = OnceLock::new();
        let all = ALL.get_or_init(|| [MIN_TILE, 2 * MIN_TILE, MAX_TILE].map(Self::new));
        // The lengths 128, 256 and 512 give 0, 1 and 2.
        &all[(length / 2 / MIN_TILE).min(2)]
    }

    fn new(length: usize) -> Self {
        let root = |numerator, denominator| {
            let (cosine, sine) = turn(numerator, denominator);
            Complex { re: cosine as f32, im: -sine as f32 }
        };
        Self {
            length,
            twiddle: (0..length / 2).map(|n| root(8 * n + 1, 16 * length)).collect(),
            roots: (0..length / 4).map(|n| root(n, length / 2)).collect(),
            window: (0..length).map(|n| turn(2 * n + 1, 8 * length).1 as f32).collect(),
        }
    }

    /// Rising half of the window.
    pub(super) fn window(&self) -> &[f32] {
        &self.window
    }

    /// The N samples around the middle of the tile, before the window: −2/N · Σ X\[k] cos(π/N (m +
    /// N + ½)(k + ½)).
    pub(super) fn inverse(&self, coefficients: &[f32], samples: &mut [f32]) {
        let length = self.length;
        let half = self.length / 2;
        debug_assert!(coefficients.len() == length && samples.len() == length);
        // This equals 2/N · (−1)^m times a DCT-IV of the reversed coefficients, every other one
        // negated, which is a Fourier transform of N/2 complex points.
        let mut points = [Complex::default(); MAX_TILE / 2];
        let scale = 2.0 / length as f32;
        // Input sequence of the DCT-IV.
        let input = |n: usize| {
            if n.is_multiple_of(2) { -coefficients[length - 1 - n] } else { coefficients[length - 1 - n] }
        };
        for n in 0..half {
            let point = Complex { re: input(2 * n), im: input(length - 1 - 2 * n) };
            // Bit-reversed, the order in which `fourier` takes its points.
            let at = n.reverse_bits() >> (usize::BITS - half.trailing_zeros());
            points[at] = point.times(self.twiddle[n]);
        }
        self.fourier(&mut points[..half]);
        for n in 0..half {
            let point = points[n].times(self.twiddle[n]);
            // Even indices keep their sign; odd indices change it twice.
            samples[2 * n] = point.re * scale;
            samples[length - 1 - 2 * n] = point.im * scale;
        }
    }

    /// Fourier transform of points in bit-reversed order.
    fn fourier(&self, points: &mut [Complex]) {
        let mut span = 1;
        while span < points.len() {
            let step = self.roots.len() / span;
            for start in (0..points.len()).step_by(2 * span) {
                for n in 0..span {
                    let first = points[start + n];
                    let second = points[start + n + span].times(self.roots[n * step]);
                    points[start + n] = first.plus(second);
                    points[start + n + span] = first.minus(second);
                }
            }
            span *= 2;
        }
    }
}

/// Applies the window to the overlap around `boundary`, whose length is that of the shorter
/// adjacent tile.
pub(super) fn overlap(samples: &mut [f32], boundary: usize, before: usize, after: usize) {
    let transform = Transform::of(before.min(after));
    let (low, high) = transform.window().split_at(transform.length / 2);
    for (m, (&rising, &falling)) in high.iter().zip(low.iter().rev()).enumerate() {
        let past = samples[boundary - 1 - m];
        let new = samples[boundary + m];
        samples[boundary + m] = new * rising + past * falling;
        samples[boundary - 1 - m] = past * rising - new * falling;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_amplitudes_are_exact_enough() {
        for n in 0..4096 {
            let (cosine, sine) = turn(n, 4096);
            let angle = 2.0 * PI * n as f64 / 4096.0;
            assert!((cosine - angle.cos()).abs() < 1e-15 && (sine - angle.sin()).abs() < 1e-15, "{n}");
        }
        for (twentieths, expected) in
            [(0, 1.0), (20, 10.0), (6, 1.995_262_3), (-20, 0.1), (-7, 0.446_683_6), (90, 31_622.777)]
        {
            let found = amplitude(twentieths);
            assert!((found / expected - 1.0).abs() < 1e-6, "{twentieths}: {found}");
        }
        assert!(amplitude(i32::MAX).is_finite() && amplitude(i32::MIN) >= 0.0);
    }

    #[test]
    fn the_fast_transform_is_the_slow_one() {
        for length in [128, 256, 512] {
            let mut dice = xenia_testing::Dice(length as u64);
            let coefficients: Vec<f32> = (0..length).map(|_| dice.below(2001) as f32 - 1000.0).collect();
            let mut samples = vec![0.0; length];
            Transform::of(length).inverse(&coefficients, &mut samples);
            for (m, &sample) in samples.iter().enumerate() {
                let sum: f64 = coefficients
                    .iter()
                    .enumerate()
                    .map(|(k, &x)| {
                        f64::from(x)
                            * (PI / length as f64 * (m as f64 + length as f64 + 0.5) * (k as f64 + 0.5)).cos()
                    })
                    .sum();
                let expected = -2.0 / length as f64 * sum;
                assert!((f64::from(sample) - expected).abs() < 0.01, "{length} {m}: {sample} {expected}");
            }
        }
    }

    #[test]
    fn the_window_keeps_the_power() {
        for length in [128, 256, 512] {
            let window = Transform::of(length).window();
            for n in 0..length {
                let power = window[n] * window[n] + window[length - 1 - n] * window[length - 1 - n];
                assert!((power - 1.0).abs() < 1e-6);
            }
            assert!(window.is_sorted());
        }
    }
}
