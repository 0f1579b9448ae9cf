//! Songs of the console's music player: MP3 decoding and resampling to the rate of frames.
//!
//! A file is read incrementally during playback, and its contents are untrusted. Data that is not
//! an MP3 frame is skipped, up to a limit per output frame; a file that continues with such data
//! ends. Decoder and resampler use single precision in a fixed order, and the resampler's sines
//! come from libm, so a file sounds the same on every host. The MP3 format is specified in ISO/IEC
//! 11172-3, leading tags in ID3v2 (id3.org).

mod resample;

use crate::mix::FRAME_BYTES;
use nanomp3_core::{Channels, Decoder, MAX_SAMPLES_PER_FRAME};
use resample::Resampler;
use xenia_guest::SOUND_FRAME_SAMPLES;

/// Reads a file's bytes at an offset and returns their number; 0 at the end.
pub type SongReader = Box<dyn FnMut(u64, &mut [u8]) -> usize + Send>;

/// Size of the input buffer in bytes: several of the longest frames, because a frame counts only if
/// others follow it.
const INPUT: usize = 32 << 10;
/// Fill level in bytes below which more is read.
const REFILL: usize = 16 << 10;
/// Largest number of decoder steps per output frame.
const MAX_STEPS: u32 = 16;
/// Consecutive steps without a sample after which the song ends.
const LOST: u32 = 64;
/// Size of a tag's header, and of its optional footer, in bytes.
const TAG: usize = 10;

/// Reasons why a song cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SongError {
    /// The file is WMA, which is not supported.
    #[error("it is WMA, which is not decoded")]
    Wma,
    /// The file contains no samples.
    #[error("it is empty")]
    Empty,
}

/// A song that is being decoded.
pub struct Song {
    read: SongReader,
    /// File offset of the next read.
    offset: u64,
    input: Vec<u8>,
    /// Whether the end of the file has been read.
    is_read: bool,
    /// Whether no more samples follow.
    is_over: bool,
    /// Consecutive steps without a sample.
    lost: u32,
    decoder: Box<Decoder>,
    samples: Box<[f32; MAX_SAMPLES_PER_FRAME]>,
    resampler: Resampler,
}

/// Size of the leading ID3v2 tag in bytes; 0 if there is no tag.
fn tag(start: &[u8]) -> u64 {
    let [b'I', b'D', b'3', _, _, flags, size @ ..] = start else { return 0 };
    let Some(size) = size.first_chunk::<4>() else { return 0 };
    // Seven bits of each byte, so that the size never looks like a frame's first byte.
    let size = size.iter().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 == 0 { 0 } else { TAG as u64 };
    TAG as u64 + size + footer
}

impl Song {
    /// Opens a song and reads its start.
    pub fn new(mut read: SongReader) -> Result<Self, SongError> {
        // The first bytes of the GUID that WMA files begin with.
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

    /// Decodes the next frame, scaled by `volume`; `None` at the end of the song.
    pub fn frame(&mut self, volume: f32) -> Option<Box<[u8; FRAME_BYTES]>> {
        let mut frame = Box::new([0; FRAME_BYTES]);
        let (words, _) = frame.as_chunks_mut::<4>();
        let mut steps = MAX_STEPS;
        for at in 0..SOUND_FRAME_SAMPLES {
            while !self.resampler.has_next() {
                if self.is_over {
                    return (at > 0).then_some(frame);
                }
                // Missing samples are silence.
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

    /// One decoder step: a frame of the file, or skipped data.
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
        // A step that takes no byte would be repeated without an end.
        if self.lost >= LOST || taken == 0 || self.is_read && self.input.is_empty() {
            self.is_over = true;
            self.resampler.end();
        }
    }
}

#[cfg(test)]
mod tests;
