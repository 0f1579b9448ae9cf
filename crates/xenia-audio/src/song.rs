//! Songs of the console's music player: MP3 files, decoded and resampled to the rate that frames
//! have.
//!
//! A file is read as it is played, a part at a time, and nothing in it is trusted: what is no frame
//! is passed over, so much for each frame of ours and no more, and a file that goes on with that is
//! over. Decoder and resampler are single precision in a fixed order, with the resampler's sines
//! from libm, so a file sounds the same on every host. For frames see ISO/IEC 11172-3, for tags
//! before them id3.org's ID3v2.

mod resample;

use crate::mix::FRAME_BYTES;
use nanomp3_core::{Channels, Decoder, MAX_SAMPLES_PER_FRAME};
use resample::Resampler;
use xenia_guest::SOUND_FRAME_SAMPLES;

/// Reads a file's bytes from an offset on; how many there were. 0: it ends there.
pub type SongBytes = Box<dyn FnMut(u64, &mut [u8]) -> usize + Send>;

/// Bytes of a file that are held at most: several of the longest frames, for one counts where
/// others follow it.
const INPUT: usize = 32 << 10;
/// Bytes below which more are read.
const REFILL: usize = 16 << 10;
/// Steps of the decoder for one frame of ours.
const STEPS: u32 = 16;
/// Steps one after the other without a sample after which a file is over.
const LOST: u32 = 64;
/// Bytes of a tag's header, and of what it may end in.
const TAG: usize = 10;

/// What a song can't be heard for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SongError {
    /// It is WMA.
    #[error("it is WMA, which is not decoded")]
    Wma,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
}

/// See the module's documentation.
pub struct Song {
    read: SongBytes,
    /// Where the next bytes are read.
    offset: u64,
    input: Vec<u8>,
    /// Whether all of the file has been read.
    is_read: bool,
    /// Whether nothing more comes of it.
    is_over: bool,
    /// Steps without a sample.
    lost: u32,
    decoder: Box<Decoder>,
    samples: Box<[f32; MAX_SAMPLES_PER_FRAME]>,
    resampler: Resampler,
}

/// Bytes of the tag that a file begins with.
fn tag(start: &[u8]) -> u64 {
    let [b'I', b'D', b'3', _, _, flags, size @ ..] = start else { return 0 };
    let Some(size) = size.first_chunk::<4>() else { return 0 };
    let size = size.iter().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 == 0 { 0 } else { TAG as u64 };
    TAG as u64 + size + footer
}

impl Song {
    /// Begins a song.
    pub fn new(mut read: SongBytes) -> Result<Self, SongError> {
        const ASF: [u8; 4] = [0x30, 0x26, 0xB2, 0x75];
        let mut start = [0; TAG];
        let got = read(0, &mut start).min(TAG);
        match &start[..got] {
            [] => return Err(SongError::Empty),
            start if start.starts_with(&ASF) => return Err(SongError::Wma),
            _ => {}
        }
        Ok(Self {
            read,
            offset: tag(&start[..got]),
            input: Vec::with_capacity(INPUT),
            is_read: false,
            is_over: false,
            lost: 0,
            decoder: Box::default(),
            samples: Box::new([0.0; MAX_SAMPLES_PER_FRAME]),
            resampler: Resampler::default(),
        })
    }

    /// The next frame, as loud as `volume` says; `None`: the song is over.
    pub fn frame(&mut self, volume: f32) -> Option<Box<[u8; FRAME_BYTES]>> {
        let mut frame = Box::new([0; FRAME_BYTES]);
        let (words, _) = frame.as_chunks_mut::<4>();
        let mut steps = STEPS;
        for at in 0..SOUND_FRAME_SAMPLES {
            while !self.resampler.has_next() {
                if self.is_over {
                    return (at > 0).then_some(frame);
                }
                // What is missing is silent.
                steps = match steps.checked_sub(1) {
                    Some(steps) => steps,
                    None => return Some(frame),
                };
                self.decode();
            }
            let [left, right] = self.resampler.next();
            words[at] = (left * volume).to_be_bytes();
            words[SOUND_FRAME_SAMPLES + at] = (right * volume).to_be_bytes();
        }
        Some(frame)
    }

    fn refill(&mut self) {
        while !self.is_read && self.input.len() < REFILL {
            let held = self.input.len();
            self.input.resize(INPUT, 0);
            let got = (self.read)(self.offset, &mut self.input[held..]).min(INPUT - held);
            self.input.truncate(held + got);
            self.offset = self.offset.saturating_add(got as u64);
            self.is_read = got == 0;
        }
    }

    /// One step: a frame of the file's, or what is none.
    fn decode(&mut self) {
        self.refill();
        let (taken, decoded) = self.decoder.decode(&self.input, &mut self.samples[..]);
        self.input.drain(..taken.min(self.input.len()));
        match decoded {
            Ok(info) if info.samples_produced > 0 => {
                self.lost = 0;
                let count = info.samples_produced.min(MAX_SAMPLES_PER_FRAME / 2);
                let is_stereo = info.channels == Channels::Stereo;
                self.resampler.set_rate(info.sample_rate);
                for at in 0..count {
                    let pair = if is_stereo { [2 * at, 2 * at + 1] } else { [at, at] };
                    self.resampler.put(pair.map(|at| self.samples[at]));
                }
            }
            _ => self.lost += 1,
        }
        if self.lost >= LOST || taken == 0 || self.is_read && self.input.is_empty() {
            self.is_over = true;
            self.resampler.end();
        }
    }
}

#[cfg(test)]
mod tests;
