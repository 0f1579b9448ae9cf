//! Writer of 16-bit WAV files.
//!
//! The header contains the file's length. It is rewritten about every second, so that a file is
//! valid up to its last second even if the program is killed; [`WavWriter::finish`] writes the
//! final length.

use crate::mix::Speakers;
use std::io::{self, Seek, SeekFrom, Write};
use xenia_guest::SOUND_RATE;

/// Largest size of the samples in bytes: the format has 32 bits for all of the file.
pub const MAX_BYTES: u64 = 0xFFFF_0000;
/// Channel mask of the six-channel layout.
const SURROUND_MASK: u32 = 0x3F;
/// The GUID of PCM samples in an extensible header.
const PCM_GUID: [u8; 16] = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// Writes samples to a WAV file.
#[derive(Debug)]
pub struct WavWriter<F: Write + Seek> {
    file: F,
    speakers: Speakers,
    /// Bytes of samples written so far.
    written: u64,
    /// Bytes of samples stated in the header.
    stated: u64,
}

fn header(speakers: Speakers, data: u32) -> Vec<u8> {
    let channels = speakers.channels() as u16;
    let (tag, more) = match speakers {
        Speakers::Stereo => (1_u16, Vec::new()),
        Speakers::Surround => {
            // The 22 bytes that follow the first field: valid bits, the mask and the GUID.
            let mut more = vec![22, 0, 16, 0];
            more.extend(SURROUND_MASK.to_le_bytes());
            more.extend(PCM_GUID);
            (0xFFFE, more)
        }
    };
    let mut format = Vec::new();
    format.extend(tag.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(SOUND_RATE.to_le_bytes());
    format.extend((SOUND_RATE * u32::from(channels) * 2).to_le_bytes());
    format.extend((channels * 2).to_le_bytes());
    format.extend(16_u16.to_le_bytes());
    format.extend(more);
    let mut all = b"RIFF".to_vec();
    // The size counts "WAVE", the heads of both chunks and their contents.
    all.extend((4 + 8 + format.len() as u32 + 8).saturating_add(data).to_le_bytes());
    all.extend(b"WAVEfmt ");
    all.extend((format.len() as u32).to_le_bytes());
    all.extend(format);
    all.extend(b"data");
    all.extend(data.to_le_bytes());
    all
}

impl<F: Write + Seek> WavWriter<F> {
    /// Writes the header of an empty file.
    pub fn new(mut file: F, speakers: Speakers) -> io::Result<Self> {
        file.write_all(&header(speakers, 0))?;
        Ok(Self { file, speakers, written: 0, stated: 0 })
    }

    /// Appends samples, interleaved by speaker. Returns `Ok(false)` if the file is full.
    pub fn write(&mut self, samples: &[i16]) -> io::Result<bool> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        if self.written + bytes.len() as u64 > MAX_BYTES {
            return Ok(false);
        }
        self.file.write_all(&bytes)?;
        self.written += bytes.len() as u64;
        if self.written - self.stated >= u64::from(SOUND_RATE) * 2 * self.speakers.channels() as u64 {
            self.write_header()?;
        }
        Ok(true)
    }

    /// Number of bytes of samples so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes the final header.
    pub fn finish(mut self) -> io::Result<F> {
        self.write_header()?;
        Ok(self.file)
    }

    /// Rewrites the header with the length so far.
    fn write_header(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        // `written` is at most `MAX_BYTES`.
        self.file.write_all(&header(self.speakers, self.written as u32))?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()?;
        self.stated = self.written;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(*bytes[at..].first_chunk().unwrap())
    }

    #[test]
    fn wav_header_is_updated_each_second_and_at_finish() {
        for (speakers, size, tag) in [(Speakers::Stereo, 44, 1), (Speakers::Surround, 68, 0xFFFE)] {
            let mut wav = WavWriter::new(Cursor::new(Vec::new()), speakers).unwrap();
            let second = vec![-2_i16; 48_000 * speakers.channels()];
            assert!(wav.write(&second[..7 * speakers.channels()]).unwrap());
            assert_eq!(word(wav.file.get_ref(), size - 4), 0, "soon");
            assert!(wav.write(&second).unwrap());
            let bytes = wav.file.get_ref();
            assert_eq!(word(bytes, size - 4) as usize, bytes.len() - size, "after a second");
            assert!(wav.write(&[1, -1, 1, -1, 1, -1]).unwrap());
            let bytes = wav.finish().unwrap().into_inner();
            assert_eq!(word(&bytes, size - 4) as usize, bytes.len() - size);
            assert_eq!(word(&bytes, 4) as usize, bytes.len() - 8);
            assert_eq!(
                (word(&bytes, 20) & 0xFFFF, word(&bytes, 20) >> 16),
                (tag, speakers.channels() as u32)
            );
            assert_eq!(bytes[bytes.len() - 4..], [1, 0, 0xFF, 0xFF]);
        }
    }

    #[test]
    fn a_full_file_takes_nothing_more() {
        let mut wav = WavWriter::new(Cursor::new(Vec::new()), Speakers::Stereo).unwrap();
        wav.written = MAX_BYTES - 4;
        wav.stated = wav.written;
        assert!(wav.write(&[1, 2]).unwrap());
        assert!(!wav.write(&[1, 2]).unwrap());
        assert_eq!(wav.written(), MAX_BYTES);
    }
}
