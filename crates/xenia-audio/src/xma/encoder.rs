//! A small encoder for tests: tiles of 128 samples, in every form of the format.

use super::prefix::{Codes, Prefix};
use super::transform::amplitude;
use std::f64::consts::PI;
use xenia_testing::Dice;

/// Bit writer, most significant bit first.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    pub(super) bits: Vec<bool>,
}

impl Writer {
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.bits.extend((0..count).rev().map(|bit| value >> bit & 1 != 0));
    }

    fn symbol(&mut self, code: &Prefix, symbol: u16) {
        let (word, length) = code.word(symbol);
        self.put(word, length);
    }

    fn large(&mut self, value: u32) {
        match value {
            0..=0xFF => self.put(value, 9),
            0x100..=0xFFFF => {
                self.put(0b10, 2);
                self.put(value, 16);
            }
            0x1_0000..=0xFF_FFFF => {
                self.put(0b110, 3);
                self.put(value, 24);
            }
            _ => {
                self.put(0b111, 3);
                self.put(value, 31);
            }
        }
    }
}

/// Coding of coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Each value as an escape with its run.
    Escapes,
    /// As run-level pairs, where there is a symbol.
    Runs(usize),
    /// A given number in vectors, the rest as run-level pairs.
    Counted(usize),
    /// In vectors until a zero, the rest as run-level pairs.
    Vectors,
}

/// Stereo coding of two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// Separate left and right channels.
    Separate,
    /// Mid/side coding in all bands.
    All,
    /// Mid/side coding in the bands of this mask.
    Some(u32),
}

/// Coding choices that can vary between frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) form: Form,
    pub(super) joint: Joint,
    /// Quantiser in decibels; larger is coarser.
    pub(super) quantiser: i32,
    /// Seed of the scale factors; 0 for constant ones.
    pub(super) scales: u64,
    /// Whether tiles have fill bits, and frames both fields of samples to skip.
    pub(super) odd_fields: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { form: Form::Escapes, joint: Joint::Separate, quantiser: 20, scales: 0, odd_fields: false }
    }
}

/// Coefficients of the tile that starts at sample `at`, in units of 16-bit samples.
fn forward(samples: &[f64], at: usize) -> Vec<f64> {
    let sample = |n: usize| (at + n).checked_sub(64).and_then(|n| samples.get(n)).copied().unwrap_or(0.0);
    let angle = |n: usize, k: usize| PI / 128.0 * (n as f64 + 64.5) * (k as f64 + 0.5);
    let windowed: Vec<f64> = (0..256).map(|n| sample(n) * (PI * (n as f64 + 0.5) / 256.0).sin()).collect();
    (0..128).map(|k| -windowed.iter().enumerate().map(|(n, x)| x * angle(n, k).cos()).sum::<f64>()).collect()
}

/// Upper ends of the bands at 48 kHz.
const BANDS: [usize; 14] = [4, 8, 12, 16, 20, 24, 28, 36, 40, 52, 64, 84, 112, 128];

fn band_of(k: usize) -> usize {
    BANDS.iter().position(|&end| k < end).unwrap()
}

fn write_pair(to: &mut Writer, pair: [u32; 2]) {
    let codes = Codes::get();
    if let Some(number) = codes.twos.iter().position(|&two| two.map(u32::from) == pair) {
        to.symbol(&codes.vectors_2, number as u16);
        return;
    }
    to.symbol(&codes.vectors_2, 136);
    for value in pair {
        to.symbol(&codes.vectors_1, value.min(100) as u16);
        if value >= 100 {
            to.large(value - 100);
        }
    }
}

fn write_coefficients(to: &mut Writer, levels: &[i32], form: Form) {
    let codes = Codes::get();
    let table = if let Form::Runs(table) = form { table } else { 0 };
    to.put(table as u32, 1);
    let mut at = 0;
    let most = match form {
        Form::Escapes | Form::Runs(_) => 0,
        Form::Counted(count) => count,
        Form::Vectors => 128,
    };
    let mut had_zero = false;
    while at + 3 < most && (form != Form::Vectors || !had_zero) {
        let values: [u32; 4] = std::array::from_fn(|n| levels[at + n].unsigned_abs());
        if let Some(number) = codes.fours.iter().position(|&four| four.map(u32::from) == values) {
            to.symbol(&codes.vectors_4, number as u16);
        } else {
            to.symbol(&codes.vectors_4, 126);
            write_pair(to, [values[0], values[1]]);
            write_pair(to, [values[2], values[3]]);
        }
        for &level in &levels[at..at + 4] {
            had_zero |= level == 0;
            if level != 0 {
                to.put(u32::from(level > 0), 1);
            }
        }
        at += 4;
    }
    let runs = &codes.coefficients[table];
    while at < 128 {
        let Some(run) = levels[at..].iter().position(|&level| level != 0) else {
            to.symbol(&runs.code, 1);
            return;
        };
        let level = levels[at + run];
        let value = level.unsigned_abs();
        let symbol = if form == Form::Escapes || value > 0xFFFF {
            None
        } else {
            runs.symbol(run as u16, value as u16)
        };
        if let Some(symbol) = symbol {
            to.symbol(&runs.code, symbol);
        } else {
            to.symbol(&runs.code, 0);
            to.large(value);
            match run {
                0 => to.put(0, 1),
                1..=4 => {
                    to.put(0b10, 2);
                    to.put(run as u32 - 1, 2);
                }
                _ => {
                    to.put(0b110, 3);
                    to.put(run as u32 - 4, 7);
                }
            }
        }
        to.put(u32::from(level > 0), 1);
        at += run + 1;
    }
}

/// Scale factors of a tile: differences of at most 3 between bands.
fn scale_factors(seed: u64) -> [i32; 14] {
    let mut dice = Dice(seed);
    let mut value = 45;
    std::array::from_fn(|_| {
        value += if seed == 0 { 0 } else { dice.below(7) as i32 - 3 };
        value
    })
}

fn write_tile(to: &mut Writer, tile: &[Vec<f64>], style: Style, number: usize) {
    if style.odd_fields {
        // A field of five bits, whose size takes four bits.
        to.put(0b100, 3);
        to.put(3, 4);
        to.put(4, 3);
        to.put(0b10101, 5);
    } else {
        to.put(0, 1);
    }
    to.put(0, 1);
    if tile.len() == 2 {
        write_joint(to, style.joint);
    }
    let scales = scale_factors(if style.scales == 0 { 0 } else { style.scales + number as u64 });
    let coefficients = joined(tile, style.joint);
    for _ in tile {
        to.put(1, 1);
    }
    write_vector_counts(to, style.form, tile.len());
    write_quantiser(to, style.quantiser - 90);
    if tile.len() == 2 {
        to.put(0, 5);
    }
    for _ in tile {
        write_scales(to, scales, style, number);
    }
    for channel in coefficients {
        write_coefficients(to, &levels(&channel, scales, style.quantiser), style.form);
    }
}

/// Writes in which bands two channels are coded together.
fn write_joint(to: &mut Writer, joint: Joint) {
    match joint {
        Joint::Separate => to.put(0b010, 3),
        Joint::All => to.put(0b001, 3),
        Joint::Some(bands) => {
            to.put(0b000, 3);
            (0..14).for_each(|band| to.put(bands >> band & 1, 1));
        }
    }
}

/// The coefficients of a tile's channels as they are coded: left and right, or mid and side.
fn joined(tile: &[Vec<f64>], joint: Joint) -> Vec<Vec<f64>> {
    let mut coefficients = tile.to_vec();
    if let [left, right] = &mut *coefficients
        && joint != Joint::Separate
    {
        for (k, (left, right)) in left.iter_mut().zip(right).enumerate() {
            let on = match joint {
                Joint::Some(bands) => bands >> band_of(k) & 1 != 0,
                _ => true,
            };
            (*left, *right) = if on {
                (f64::midpoint(*left, *right), f64::midpoint(*right, -*left))
            } else {
                (*left * 128.0 / 181.0, *right * 128.0 / 181.0)
            };
        }
    }
    coefficients
}

/// A channel's coefficients in steps of the quantiser.
fn levels(channel: &[f64], scales: [i32; 14], quantiser: i32) -> Vec<i32> {
    let highest = *scales.iter().max().unwrap();
    let level = |(k, x): (usize, &f64)| {
        let gain = f64::from(amplitude(quantiser - (highest - scales[band_of(k)])));
        (x / gain).round() as i32
    };
    channel.iter().enumerate().map(level).collect()
}

/// Writes how many coefficients of each channel are coded in vectors.
fn write_vector_counts(to: &mut Writer, form: Form, channels: usize) {
    let count = match form {
        Form::Vectors => {
            to.put(0, 1);
            return;
        }
        Form::Counted(count) => count,
        Form::Escapes | Form::Runs(_) => 0,
    };
    to.put(1, 1);
    for _ in 0..channels {
        to.put(count as u32 / 4, 6);
    }
}

/// Writes a quantiser less 90: in six bits, or from −32 on in steps of 31.
fn write_quantiser(to: &mut Writer, quantiser: i32) {
    if quantiser > -32 {
        to.put(quantiser as u32 & 0x3F, 6);
        return;
    }
    to.put(0b10_0000, 6);
    let mut more = -32 - quantiser;
    while more >= 31 {
        to.put(31, 5);
        more -= 31;
    }
    to.put(more as u32, 5);
}

/// Writes a channel's scale factors: in a frame's first tile whole, then as differences.
fn write_scales(to: &mut Writer, scales: [i32; 14], style: Style, number: usize) {
    if number == 0 {
        let codes = Codes::get();
        to.put(0, 2);
        let mut below = 45;
        for factor in scales {
            to.symbol(&codes.scale, (factor - below + 60) as u16);
            below = factor;
        }
    } else if style.scales == 0 {
        to.put(0, 1);
    } else {
        write_scale_differences(to, scale_factors(style.scales + number as u64 - 1), scales);
    }
}

fn write_scale_differences(to: &mut Writer, before: [i32; 14], after: [i32; 14]) {
    let codes = Codes::get();
    to.put(1, 1);
    let mut at = 0;
    while at < 14 {
        let Some(run) = (at..14).position(|band| before[band] != after[band]) else {
            to.symbol(&codes.scale_runs.code, 1);
            return;
        };
        let difference = after[at + run] - before[at + run];
        let level = difference.unsigned_abs();
        let sign = u32::from(difference > 0);
        // Alternates between symbols and escapes to test both.
        if let Some(symbol) =
            codes.scale_runs.symbol(run as u16, level as u16).filter(|_| at.is_multiple_of(2))
        {
            to.symbol(&codes.scale_runs.code, symbol);
        } else {
            to.symbol(&codes.scale_runs.code, 0);
            to.put(level, 8);
            to.put(run as u32, 5);
        }
        to.put(sign, 1);
        at += run + 1;
    }
}

/// Encodes a frame of all channels from sample `at` on.
pub(super) fn frame(channels: &[Vec<f64>], at: usize, style: Style) -> Writer {
    let mut body = Writer::default();
    body.put(0x7F, 7);
    if channels.len() == 2 {
        body.put(0, 1);
    }
    body.put(0, 8);
    if style.odd_fields {
        body.put(1, 1);
        body.put(1, 1);
        body.put(512, 10);
        body.put(1, 1);
        body.put(3, 10);
    } else {
        body.put(0, 1);
    }
    for number in 0..4 {
        let tile: Vec<Vec<f64>> =
            channels.iter().map(|samples| forward(samples, at + number * 128)).collect();
        write_tile(&mut body, &tile, style, number);
    }
    let mut whole = Writer::default();
    whole.put(body.bits.len() as u32 + 17, 15);
    whole.bits.extend(body.bits);
    whole.put(0, 2);
    whole
}

/// Packs frames into packets of XMA2 format, without gaps; `skip` is the number of packets of other
/// streams in between.
pub(super) fn packets(frames: &[Writer], skip: u32) -> Vec<[u8; 2048]> {
    let payload = 16_352;
    let total: usize = frames.iter().map(|frame| frame.bits.len()).sum();
    let count = total.div_ceil(payload).max(1);
    let mut starts = vec![Vec::new(); count];
    let mut all = Vec::new();
    for frame in frames {
        starts[all.len() / payload].push(all.len());
        all.extend(&frame.bits);
    }
    // The last bit of each frame tells whether another frame starts in the same packet.
    for list in &starts {
        for pair in list.windows(2) {
            all[pair[1] - 1] = true;
        }
    }
    let mut packets = Vec::new();
    for (number, list) in starts.iter().enumerate() {
        let mut writer = Writer::default();
        writer.put(list.len() as u32, 6);
        writer.put(list.first().map_or(0x7FFF, |first| (first - number * payload) as u32), 15);
        writer.put(1, 3);
        writer.put(if number + 1 == count { 0 } else { skip }, 8);
        let end = all.len().min((number + 1) * payload);
        writer.bits.extend(&all[number * payload..end]);
        writer.bits.resize(16_384, true);
        packets.push(bytes(&writer.bits));
    }
    packets
}

fn bytes(bits: &[bool]) -> [u8; 2048] {
    std::array::from_fn(|at| bits[at * 8..at * 8 + 8].iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit)))
}

/// A sine in units of 16-bit samples.
pub(super) fn sine(frequency: f64, amplitude: f64, count: usize) -> Vec<f64> {
    (0..count).map(|n| (2.0 * PI * frequency * n as f64 / 48_000.0).sin() * amplitude).collect()
}

/// Encodes a whole stream, with a style per frame.
pub(super) fn stream(channels: &[Vec<f64>], style: impl Fn(usize) -> Style) -> Vec<u8> {
    let frames = channels[0].len() / 512;
    let frames: Vec<Writer> =
        (0..frames).map(|number| frame(channels, number * 512, style(number))).collect();
    packets(&frames, 0).concat()
}

/// Signal-to-noise ratio in decibels. `samples` are delayed by `lag`, and are one of several
/// interleaved channels.
pub(super) fn signal_to_noise(
    expected: &[f64],
    samples: &[i16],
    step: usize,
    first: usize,
    lag: usize,
) -> f64 {
    let mut signal = 0.0;
    let mut noise = 0.0;
    for (n, sample) in samples.iter().skip(first).step_by(step).enumerate().skip(lag + 128) {
        let Some(expected) = expected.get(n - lag) else { break };
        signal += expected * expected;
        noise += (expected - f64::from(*sample)).powi(2);
    }
    10.0 * (signal / noise).log10()
}
