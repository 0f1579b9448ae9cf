//! A decoder that is given a stream one frame at a time, and that can be stored between two frames.
//!
//! The bytes of a stored decoder are ours; they may come back damaged. Layout: [`FIELDS`]
//! big-endian words, the code lengths of the three trees, then the window.

use super::{ALIGNED, Decoder, E8_FRAMES, FRAME, Kind, LENGTHS, LzxError, Progress, main_symbols, undo_e8};

/// First word of a stored decoder: "LZXF".
const MAGIC: u32 = 0x4C5A_5846;
/// Number of words before the code lengths.
const FIELDS: usize = 13;
/// Limit of a block's size: its field has 24 bits.
const MAX_REMAINING: usize = 0xFF_FFFF;

/// Translation of call targets, as defined in the header of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Translation {
    /// The header has not been read.
    Unknown,
    Off,
    /// The file size that the encoder assumed.
    On(i32),
}

/// A decoder between two frames of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LzxFrameDecoder {
    window_bits: u32,
    translation: Translation,
    progress: Progress,
    /// Number of bytes decoded so far; stays at its limit.
    position: u32,
    /// The last of them, before the translation of call targets; at most the window's size.
    window: Vec<u8>,
}

impl LzxFrameDecoder {
    /// Limit of a frame's size in bytes.
    pub const MAX_FRAME: usize = FRAME;
    /// Bytes of a stored decoder that determine its size.
    pub const STORED_HEADER: usize = FIELDS * 4;

    /// A decoder at the start of a stream. `window_bits` is the base-2 logarithm of the window's
    /// size.
    ///
    /// # Errors
    /// If `window_bits` is not one of [`WINDOW_BITS`](super::WINDOW_BITS).
    pub fn new(window_bits: u32) -> Result<Self, LzxError> {
        Ok(Self {
            window_bits,
            translation: Translation::Unknown,
            progress: Progress::new(window_bits)?,
            position: 0,
            window: Vec::new(),
        })
    }

    /// Starts a new stream with the same window size.
    pub fn reset(&mut self) {
        if let Ok(new) = Self::new(self.window_bits) {
            *self = new;
        }
    }

    /// Decodes the next frame, all of `input`, into `output`.
    ///
    /// # Errors
    /// An undefined code, a match from before the start, truncated input, or a frame above
    /// [`Self::MAX_FRAME`]. Afterwards the decoder is unusable.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), LzxError> {
        if output.len() > FRAME {
            return Err(LzxError { offset: 0, reason: "a frame of more than 32 KiB" });
        }
        if output.is_empty() {
            return Ok(());
        }
        let start = self.window.len();
        let skipped = (self.position as usize).saturating_sub(start);
        let mut decoder = Decoder::new(self.window_bits, input, self.progress.clone(), skipped)?;
        if self.translation == Translation::Unknown {
            let size = decoder.read_e8_size().map_err(|reason| decoder.error(reason))?;
            self.translation = size.map_or(Translation::Off, Translation::On);
        }
        self.window.resize(start + output.len(), 0);
        decoder.decode_frame(&mut self.window, start).map_err(|reason| decoder.error(reason))?;
        self.progress = decoder.progress;
        if self.progress.remaining == 0 {
            // The padding of an uncompressed block is the last byte of this frame's input.
            self.progress.padded = false;
        }
        output.copy_from_slice(&self.window[start..]);
        if let Translation::On(size) = self.translation
            && (self.position as usize) < E8_FRAMES * FRAME
        {
            undo_e8(output, self.position as i32, size);
        }
        self.position = self.position.saturating_add(output.len() as u32);
        // Matches reach back by a window at most.
        let surplus = self.window.len().saturating_sub(1 << self.window_bits);
        self.window.drain(..surplus);
        Ok(())
    }

    /// Limit of the size of [`Self::to_bytes`].
    pub fn max_stored_size(&self) -> usize {
        size_of_parts(self.progress.main_lengths.len(), 1 << self.window_bits)
    }

    /// Size of the stored decoder that begins with these bytes; `None` if they are invalid.
    pub fn stored_size(header: &[u8; Self::STORED_HEADER]) -> Option<usize> {
        let [MAGIC, window_bits, .., window] = fields_of(header) else { return None };
        let symbols = main_symbols(window_bits).ok()?;
        let window = Some(window as usize).filter(|&window| window <= 1 << window_bits)?;
        Some(size_of_parts(symbols, window))
    }

    /// The decoder's whole state.
    pub fn to_bytes(&self) -> Vec<u8> {
        let progress = &self.progress;
        let [translation, size] = match self.translation {
            Translation::Unknown => [0, 0],
            Translation::Off => [1, 0],
            Translation::On(size) => [2, size as u32],
        };
        let [first, second, third] = progress.recent.map(|distance| distance as u32);
        let fields: [u32; FIELDS] = [
            MAGIC,
            self.window_bits,
            translation,
            size,
            first,
            second,
            third,
            progress.kind as u32,
            u32::try_from(progress.coded_blocks).unwrap_or(u32::MAX),
            progress.remaining as u32,
            u32::from(progress.padded),
            self.position,
            self.window.len() as u32,
        ];
        let mut bytes = Vec::with_capacity(self.max_stored_size());
        bytes.extend(fields.into_iter().flat_map(u32::to_be_bytes));
        bytes.extend(progress.aligned_lengths);
        bytes.extend(progress.length_lengths);
        bytes.extend(&progress.main_lengths);
        bytes.extend(&self.window);
        bytes
    }

    /// The decoder stored at the start of `bytes`; `None` if they do not begin with a stored
    /// decoder.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<{ Self::STORED_HEADER }>()?;
        let [
            MAGIC,
            window_bits,
            translation,
            file_size,
            first,
            second,
            third,
            kind,
            coded_blocks,
            remaining,
            padded,
            position,
            window,
        ] = fields_of(header)
        else {
            return None;
        };
        let translation = match translation {
            0 => Translation::Unknown,
            1 => Translation::Off,
            2 => Translation::On(file_size as i32),
            _ => return None,
        };
        let kind = [Kind::Verbatim, Kind::Aligned, Kind::Uncompressed].get(kind as usize).copied()?;
        let main_symbols = main_symbols(window_bits).ok()?;
        let (aligned_lengths, rest) = rest.split_first_chunk::<ALIGNED>()?;
        let (length_lengths, rest) = rest.split_first_chunk::<LENGTHS>()?;
        let (main_lengths, rest) = rest.split_at_checked(main_symbols)?;
        let progress = Progress {
            recent: [first, second, third].map(|distance| distance as usize),
            main_lengths: main_lengths.to_vec(),
            length_lengths: *length_lengths,
            aligned_lengths: *aligned_lengths,
            kind,
            coded_blocks: coded_blocks as usize,
            remaining: Some(remaining as usize).filter(|&remaining| remaining <= MAX_REMAINING)?,
            padded: padded != 0,
        };
        let length = Some(window as usize).filter(|&length| length <= 1 << window_bits)?;
        let window = rest.get(..length)?.to_vec();
        Some(Self { window_bits, translation, progress, position, window })
    }
}

/// The words with which a stored decoder begins.
fn fields_of(header: &[u8; LzxFrameDecoder::STORED_HEADER]) -> [u32; FIELDS] {
    let (words, _) = header.as_chunks::<4>();
    std::array::from_fn(|index| u32::from_be_bytes(words[index]))
}

/// Size of a stored decoder, with this many symbols of the main tree and bytes of its window.
fn size_of_parts(main_symbols: usize, window: usize) -> usize {
    LzxFrameDecoder::STORED_HEADER + ALIGNED + LENGTHS + main_symbols + window
}
