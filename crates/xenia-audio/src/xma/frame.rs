//! A frame: 512 samples of one or two channels, as tiles.

use super::bits::{Bits, XmaError, XmaFault};
use super::tile::{self, Bands, Scales};
use super::transform::{LONGEST, SHORTEST, Transform, overlap};

/// Samples of each channel in a frame.
pub const FRAME_SAMPLES: usize = LONGEST;
/// Samples before a frame's first one, and behind its last, that its tiles reach.
const REACH: usize = LONGEST / 2;
/// Samples that the output is behind: half of the shortest tile, with which a stream of these meets
/// the bounds of subframes. A stream with longer tiles is [`REACH`] behind from its first of them
/// on: only then is what they overlap with known.
const SHORT_LAG: usize = SHORTEST / 2;

#[derive(Clone, Debug)]
struct Channel {
    /// From [`REACH`] before the frame on.
    samples: Vec<f32>,
    /// The length of the tile before.
    before: usize,
    scales: Scales,
}

/// A stream's state from frame to frame.
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    channels: Vec<Channel>,
    bands: [Bands; 3],
    lag: usize,
}

/// The tiles of a frame: for each, its length, and which channels have it, in the order of the
/// stream.
type Tiling = Vec<(usize, usize, [bool; 2])>;

impl FrameDecoder {
    /// A stream of one or two channels; `rate` is the code of its sample rate.
    pub fn new(is_stereo: bool, rate: u32) -> Self {
        let channel =
            Channel { samples: vec![0.0; REACH + LONGEST], before: LONGEST, scales: Scales::default() };
        Self {
            channels: vec![channel; 1 + usize::from(is_stereo)],
            bands: Bands::of_rate(rate),
            lag: SHORT_LAG,
        }
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Decodes the frame of so many bits, its length among them, and adds its samples, one
    /// channel's after the other's. What can't be decoded is silent: there are 512 samples in
    /// any case.
    pub fn decode(&mut self, bytes: &[u8], length: u32, samples: &mut Vec<i16>) -> Result<(), XmaError> {
        let result = self.tiles(&mut Bits::new(bytes, length));
        if result.is_err() {
            for channel in &mut self.channels {
                channel.samples[REACH - self.lag..].fill(0.0);
                channel.before = SHORTEST;
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
        // The gain of dynamic range control, which no decoder uses.
        bits.take(8)?;
        if bits.flag()? {
            // Samples to leave out at both ends: titles do so themselves.
            for _ in 0..2 {
                if bits.flag()? {
                    bits.take(10)?;
                }
            }
        }
        if self.lag == SHORT_LAG && tiling.iter().any(|&(_, length, _)| length > SHORTEST) {
            self.grow_lag();
        }
        for channel in &mut self.channels {
            channel.scales.begin_frame();
        }
        let count = self.channels.len();
        for (start, length, has) in tiling {
            let mut coefficients = [[0.0; LONGEST]; 2];
            let tiles = self.channels.iter_mut().zip(&mut coefficients).zip(has).filter(|&(_, has)| has);
            let mut tiles: Vec<_> = tiles
                .map(|((channel, coefficients), _)| {
                    (&mut coefficients[..length], &mut channel.scales, start == 0)
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

    /// How the frame is cut into tiles.
    fn tiling(&self, bits: &mut Bits<'_>) -> Result<Tiling, XmaError> {
        let count = self.channels.len();
        let is_same = bits.flag()?;
        let mut filled = [0; 2];
        let mut tiling = Tiling::new();
        while let Some(start) = filled[..count].iter().copied().min().filter(|&start| start < LONGEST) {
            let mut has = [false; 2];
            let waiting = filled[..count].iter().filter(|&&filled| filled == start).count();
            let is_free = !is_same && waiting > 1 && start != LONGEST - SHORTEST;
            for (has, &filled) in has.iter_mut().zip(&filled[..count]) {
                *has = filled == start && (!is_free || bits.flag()?);
            }
            let length = if start == LONGEST - SHORTEST {
                SHORTEST
            } else if !bits.flag()? {
                LONGEST
            } else if bits.flag()? {
                SHORTEST
            } else {
                LONGEST / 2
            };
            if start + length > LONGEST || !has.contains(&true) {
                return Err(bits.fault(XmaFault::Tile(length as u32)));
            }
            for (filled, has) in filled.iter_mut().zip(has) {
                *filled += if has { length } else { 0 };
            }
            tiling.push((start, length, has));
        }
        Ok(tiling)
    }

    /// From now on the output is further behind.
    fn grow_lag(&mut self) {
        for channel in &mut self.channels {
            // These have been given out; silence comes in their place.
            channel.samples[..REACH - SHORT_LAG].fill(0.0);
        }
        self.lag = REACH;
    }

    fn emit(&mut self, samples: &mut Vec<i16>) {
        let first = REACH - self.lag;
        for at in first..first + LONGEST {
            for channel in &self.channels {
                // Saturates.
                samples.push(channel.samples[at].round() as i16);
            }
        }
        for channel in &mut self.channels {
            channel.samples.copy_within(LONGEST.., 0);
            channel.samples[REACH..].fill(0.0);
        }
    }
}
