//! Frames: 512 samples of one or two channels, divided into tiles (docs/src/internals/audio.md has
//! the stages, decision 0059 the choices). Arithmetic is in `f32` in a fixed order, so the samples
//! are the same on every host.

mod state;

pub(super) use state::{FrameDecoderState, is_tile};

use super::bits::{Bits, XmaError, XmaFault};
use super::tile::{self, Bands, ChannelTile, Scales};
use super::transform::{MAX_TILE, MIN_TILE, Transform, overlap};

/// Samples per channel in a frame.
pub const FRAME_SAMPLES: usize = MAX_TILE;
/// Samples before the first and after the last one of a frame that its tiles overlap.
const REACH: usize = MAX_TILE / 2;
/// Output delay in samples: half of the shortest tile, so that streams of such tiles are aligned
/// with subframes. From its first longer tile on, a stream is delayed by [`REACH`], because the
/// overlap is known only then.
const SHORT_LAG: usize = MIN_TILE / 2;

/// Code of a stream's sample rate in a context of the decoder; higher bits are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateCode(pub u32);

impl RateCode {
    /// The code of 48 kHz.
    pub const KHZ_48: Self = Self(3);

    /// The sample rate in hertz.
    pub(super) fn hertz(self) -> u32 {
        [24_000, 32_000, 44_100, 48_000][self.0 as usize & 3]
    }
}

#[derive(Clone, Debug)]
struct Channel {
    /// Samples from [`REACH`] before the frame on.
    samples: Vec<f32>,
    /// Length of the previous tile.
    before: usize,
    scales: Scales,
}

/// Decoder state of a stream across frames.
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    channels: Vec<Channel>,
    bands: [Bands; 3],
    lag: usize,
}

/// A tile of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameTile {
    /// Its first sample.
    start: usize,
    /// Number of samples.
    length: usize,
    /// The channels that have it.
    channels: [bool; 2],
}

impl FrameDecoder {
    /// A stream of one or two channels.
    pub fn new(is_stereo: bool, rate: RateCode) -> Self {
        let channel =
            Channel { samples: vec![0.0; REACH + MAX_TILE], before: MAX_TILE, scales: Scales::default() };
        Self {
            channels: vec![channel; 1 + usize::from(is_stereo)],
            bands: Bands::of_rate(rate),
            lag: SHORT_LAG,
        }
    }

    /// Number of channels of the stream: 1 or 2.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Decodes a frame of `length` bits, including its length field, and appends its samples, one
    /// channel after the other. 512 samples per channel are appended in any case; undecodable parts
    /// are silent.
    pub fn decode(&mut self, bytes: &[u8], length: u32, samples: &mut Vec<i16>) -> Result<(), XmaError> {
        let result = self.tiles(&mut Bits::new(bytes, length));
        if result.is_err() {
            for channel in &mut self.channels {
                // From the first sample that has not been output.
                channel.samples[REACH - self.lag..].fill(0.0);
                channel.before = MIN_TILE;
            }
        }
        self.emit(samples);
        result
    }

    fn tiles(&mut self, bits: &mut Bits<'_>) -> Result<(), XmaError> {
        bits.take(15)?;
        let tiling = self.tiling(bits)?;
        if self.channels.len() == 2 && bits.flag()? && bits.flag()? {
            bits.skip(16)?;
        }
        // Gain of dynamic range control, which decoders ignore.
        bits.take(8)?;
        if bits.flag()? {
            // Samples to skip at both ends: titles do this themselves.
            for _ in 0..2 {
                if bits.flag()? {
                    bits.take(10)?;
                }
            }
        }
        if self.lag == SHORT_LAG && tiling.iter().any(|tile| tile.length > MIN_TILE) {
            self.grow_lag();
        }
        for channel in &mut self.channels {
            channel.scales.begin_frame();
        }
        let count = self.channels.len();
        for FrameTile { start, length, channels: has } in tiling {
            let mut coefficients = [[0.0; MAX_TILE]; 2];
            let tiles = self.channels.iter_mut().zip(&mut coefficients).zip(has).filter(|&(_, has)| has);
            let mut tiles: Vec<_> = tiles
                .map(|((channel, coefficients), _)| ChannelTile {
                    coefficients: &mut coefficients[..length],
                    scales: &mut channel.scales,
                    is_first: start == 0,
                })
                .collect();
            tile::read(bits, &self.bands, count, &mut tiles)?;
            for ((channel, coefficients), _) in
                self.channels.iter_mut().zip(&coefficients).zip(has).filter(|&(_, has)| has)
            {
                let at = REACH + start;
                Transform::of(length).inverse(&coefficients[..length], &mut channel.samples[at..at + length]);
                overlap(&mut channel.samples, at, channel.before, length);
                channel.before = length;
            }
        }
        Ok(())
    }

    /// Reads the division of the frame into tiles. They are in stream order: by start and then by
    /// channel.
    fn tiling(&self, bits: &mut Bits<'_>) -> Result<Vec<FrameTile>, XmaError> {
        let count = self.channels.len();
        let is_same = bits.flag()?;
        let mut filled = [0; 2];
        let mut tiling: Vec<FrameTile> = Vec::new();
        while let Some(start) = filled[..count].iter().copied().min().filter(|&start| start < MAX_TILE) {
            let mut has = [false; 2];
            let waiting = filled[..count].iter().filter(|&&filled| filled == start).count();
            // The stream has a bit for each channel only where there is a choice.
            let is_free = !is_same && waiting > 1 && start != MAX_TILE - MIN_TILE;
            for (has, &filled) in has.iter_mut().zip(&filled[..count]) {
                *has = filled == start && (!is_free || bits.flag()?);
            }
            // Nothing longer fits, so the stream has no bits for the length.
            let length = if start == MAX_TILE - MIN_TILE {
                MIN_TILE
            } else if !bits.flag()? {
                MAX_TILE
            } else if bits.flag()? {
                MIN_TILE
            } else {
                MAX_TILE / 2
            };
            if start + length > MAX_TILE || !has.contains(&true) {
                return Err(bits.fault(XmaFault::Tile(length as u32)));
            }
            for (filled, has) in filled.iter_mut().zip(has) {
                *filled += if has { length } else { 0 };
            }
            tiling.push(FrameTile { start, length, channels: has });
        }
        // The frame can announce a long tile before short ones of the other channel, and the same
        // tile once for each channel; the stream has them in order, and equal ones as one.
        tiling.sort_by_key(|tile| (tile.start, !tile.channels[0]));
        tiling.dedup_by(|second, first| {
            let is_equal = (second.start, second.length) == (first.start, first.length);
            if is_equal {
                first.channels = [true; 2];
            }
            is_equal
        });
        Ok(tiling)
    }

    /// Increases the output delay from now on.
    fn grow_lag(&mut self) {
        for channel in &mut self.channels {
            // These samples were already output; replace them with silence.
            channel.samples[..REACH - SHORT_LAG].fill(0.0);
        }
        self.lag = REACH;
    }

    fn emit(&mut self, samples: &mut Vec<i16>) {
        let first = REACH - self.lag;
        for at in first..first + MAX_TILE {
            for channel in &self.channels {
                // The conversion saturates.
                samples.push(channel.samples[at].round() as i16);
            }
        }
        for channel in &mut self.channels {
            // The end of this frame, which the next one overlaps; it includes the samples of the
            // delay.
            channel.samples.copy_within(MAX_TILE.., 0);
            channel.samples[REACH..].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_by_start_and_then_by_channel() {
        // Channel 1 has one tile of 512 samples, then channel 0 four of 128.
        let tiling =
            FrameDecoder::new(true, RateCode::KHZ_48).tiling(&mut Bits::new(&[0b0010_1111, 0b1100_0000], 10));
        let first = [true, false];
        let expected = [
            (0, 128, first),
            (0, 512, [false, true]),
            (128, 128, first),
            (256, 128, first),
            (384, 128, first),
        ]
        .map(|(start, length, channels)| FrameTile { start, length, channels });
        assert_eq!(tiling, Ok(expected.to_vec()));
    }
}
