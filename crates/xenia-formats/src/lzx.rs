//! LZX decompression as in CAB files: 32 KiB frames, no resets; patches have a reference that
//! precedes the output.
//!
//! ```text
//! stream = e8 flag (1 bit) [file size (32 bits)] block…
//! block  = type (3) size (24) then one of
//!          1 verbatim:     tree deltas, symbols
//!          2 aligned:      8 × 3 bits for the aligned tree, tree deltas, symbols
//!          3 uncompressed: to the next 16-bit word, R0 R1 R2 (little-endian), bytes, pad if odd
//! ```
//! Bits come from little-endian 16-bit words, most significant first, and skip to the next word at
//! the end of each output frame. A match does not cross the end of a frame or block. The output
//! serves as the window.
//!
//! Existing crates are not used, because they decode one frame at a time, whereas XEX files have a
//! single stream, and because of an unchecked subtraction of untrusted values. The tests compare
//! both decoders on input that both support.
//!
//! Invariant: work is bounded by input plus output; no allocation has a size from the stream.

mod bits;
mod frames;
mod huffman;

use std::ops::RangeInclusive;

use bits::Bits;
pub use frames::LzxFrameDecoder;
use huffman::Huffman;

/// Base-2 logarithms of the supported window sizes.
pub const WINDOW_BITS: RangeInclusive<u32> = 15..=25;

/// Bytes of output between two alignments of the input.
const FRAME: usize = 0x8000;
/// Number of position slots by window size, from 2^15.
const SLOTS: [usize; 11] = [30, 32, 34, 36, 38, 42, 50, 66, 98, 162, 290];
/// Number of literal symbols in the main tree.
const LITERALS: usize = 256;
const LENGTHS: usize = 249;
/// Number of symbols of the aligned tree.
const ALIGNED: usize = 8;
/// Limits on the number of blocks with new codes: a fixed number at first, then one per given
/// number of output bytes. Building the decoders of a block costs as much as decoding some thousand
/// bytes, but a block of one byte needs only six bytes of input.
const FIRST_BLOCKS: usize = 64;
/// The given number of output bytes. Callers that decode many short streams count each as a block.
pub(crate) const BYTES_PER_BLOCK: usize = 256;
/// Number of frames after which the translation of call targets ends.
const E8_FRAMES: usize = 0x8000;

/// Error of decoding a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LzxError {
    /// Number of input bytes consumed so far.
    pub offset: usize,
    /// Reason of the error.
    pub reason: &'static str,
}

impl std::fmt::Display for LzxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {:#x}", self.reason, self.offset)
    }
}

impl std::error::Error for LzxError {}

/// Kind of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Verbatim,
    Aligned,
    Uncompressed,
}

/// State of a stream between two of its frames, apart from the output.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Progress {
    recent: [usize; 3],
    /// Code lengths persist between blocks, which store differences.
    main_lengths: Vec<u8>,
    length_lengths: [u8; LENGTHS],
    aligned_lengths: [u8; ALIGNED],
    kind: Kind,
    /// Number of blocks with new codes so far.
    coded_blocks: usize,
    /// Output bytes that remain in the current block.
    remaining: usize,
    /// Whether a padding byte follows, because the last block was uncompressed with odd size.
    padded: bool,
}

impl Progress {
    /// The state at the start of a stream.
    fn new(window_bits: u32) -> Result<Self, LzxError> {
        Ok(Self {
            recent: [1; 3],
            main_lengths: vec![0; main_symbols(window_bits)?],
            length_lengths: [0; LENGTHS],
            aligned_lengths: [0; ALIGNED],
            kind: Kind::Verbatim,
            coded_blocks: 0,
            remaining: 0,
            padded: false,
        })
    }
}

/// Base-2 logarithm of a window size in bytes; `None` if there is no such window.
pub fn window_bits(size: u32) -> Option<u32> {
    let bits = size.checked_ilog2()?;
    (size.is_power_of_two() && WINDOW_BITS.contains(&bits)).then_some(bits)
}

/// Number of symbols of the main tree.
fn main_symbols(window_bits: u32) -> Result<usize, LzxError> {
    if !WINDOW_BITS.contains(&window_bits) {
        return Err(LzxError { offset: 0, reason: "no such window size" });
    }
    Ok(LITERALS + 8 * SLOTS[(window_bits - WINDOW_BITS.start()) as usize])
}

struct Decoder<'a> {
    bits: Bits<'a>,
    window_size: usize,
    /// Bytes of the stream's output before the buffer that is given to [`Self::decode_frame`].
    skipped: usize,
    progress: Progress,
    main: Huffman,
    length: Huffman,
    aligned: Huffman,
}

/// Decodes `input` into `output`, with `reference` as preceding data that matches can refer to, as
/// in a patch.
///
/// # Errors
/// As [`decode`].
pub fn decode_after(
    window_bits: u32,
    reference: &[u8],
    input: &[u8],
    output: &mut [u8],
) -> Result<(), LzxError> {
    let mut whole = Vec::with_capacity(reference.len() + output.len());
    whole.extend_from_slice(reference);
    whole.resize(reference.len() + output.len(), 0);
    run(window_bits, input, &mut whole, reference.len())?;
    output.copy_from_slice(&whole[reference.len()..]);
    Ok(())
}

/// Decodes `input` into `output`.
///
/// # Errors
/// An undefined code, a match from before the start, or truncated input.
pub fn decode(window_bits: u32, input: &[u8], output: &mut [u8]) -> Result<(), LzxError> {
    run(window_bits, input, output, 0)
}

/// Fills `output` from `start` on.
fn run(window_bits: u32, input: &[u8], output: &mut [u8], start: usize) -> Result<(), LzxError> {
    let mut decoder = Decoder::new(window_bits, input, Progress::new(window_bits)?, 0)?;
    decoder.run(output, start).map_err(|reason| decoder.error(reason))
}

type Step<T> = Result<T, &'static str>;

impl<'a> Decoder<'a> {
    /// Continues from `progress`, after `skipped` bytes of output.
    fn new(window_bits: u32, input: &'a [u8], progress: Progress, skipped: usize) -> Result<Self, LzxError> {
        let code = |lengths| Huffman::new(lengths).map_err(|reason| LzxError { offset: 0, reason });
        Ok(Self {
            bits: Bits::new(input),
            window_size: 1 << window_bits,
            skipped,
            main: code(&progress.main_lengths)?,
            length: code(&progress.length_lengths)?,
            aligned: code(&progress.aligned_lengths)?,
            progress,
        })
    }

    fn error(&self, reason: &'static str) -> LzxError {
        LzxError { offset: self.bits.position(), reason }
    }

    fn run(&mut self, output: &mut [u8], start: usize) -> Step<()> {
        if start == output.len() {
            return Ok(());
        }
        let e8_size = self.read_e8_size()?;
        let mut at = start;
        while at < output.len() {
            let frame_end = (at + FRAME).min(output.len());
            self.decode_frame(&mut output[..frame_end], at)?;
            self.bits.align();
            at = frame_end;
        }
        if let Some(size) = e8_size {
            let frames = output[start..].chunks_mut(FRAME).enumerate().take(E8_FRAMES);
            frames.for_each(|(index, frame)| undo_e8(frame, (index * FRAME) as i32, size));
        }
        Ok(())
    }

    /// Reads the header of the stream: the file size for the translation of call targets, if they
    /// are translated.
    fn read_e8_size(&mut self) -> Step<Option<i32>> {
        Ok(match self.bits.take(1)? {
            0 => None,
            // In halves, as one read has 17 bits at most.
            _ => Some((self.bits.take(16)? << 16 | self.bits.take(16)?) as i32),
        })
    }

    /// Decodes one frame: the rest of `output` from `at` on.
    fn decode_frame(&mut self, output: &mut [u8], mut at: usize) -> Step<()> {
        while at < output.len() {
            if self.progress.remaining == 0 {
                self.read_block_header(at)?;
            }
            let run_end = at + self.progress.remaining.min(output.len() - at);
            match self.progress.kind {
                Kind::Uncompressed => self.bits.copy(&mut output[at..run_end])?,
                Kind::Verbatim | Kind::Aligned => self.decode_run(output, at, run_end)?,
            }
            self.progress.remaining -= run_end - at;
            at = run_end;
        }
        Ok(())
    }

    /// Reads the header of the block that starts at output offset `at`.
    fn read_block_header(&mut self, at: usize) -> Step<()> {
        let progress = &mut self.progress;
        if std::mem::take(&mut progress.padded) {
            self.bits.skip_byte();
        }
        let kind = self.bits.take(3)?;
        progress.remaining = (self.bits.take(16)? << 8 | self.bits.take(8)?) as usize;
        if progress.remaining == 0 {
            return Err("a block of no bytes");
        }
        if matches!(kind, 1 | 2) {
            if progress.coded_blocks >= FIRST_BLOCKS + (self.skipped + at) / BYTES_PER_BLOCK {
                return Err("too many blocks for their contents");
            }
            progress.coded_blocks += 1;
        }
        self.progress.kind = match kind {
            1 => {
                self.read_trees()?;
                Kind::Verbatim
            }
            2 => {
                for length in &mut self.progress.aligned_lengths {
                    *length = self.bits.take(3)? as u8;
                }
                self.aligned = Huffman::new(&self.progress.aligned_lengths)?;
                self.read_trees()?;
                Kind::Aligned
            }
            3 => {
                self.bits.enter_bytes()?;
                for recent in &mut self.progress.recent {
                    let mut word = [0; 4];
                    self.bits.copy(&mut word)?;
                    *recent = u32::from_le_bytes(word) as usize;
                }
                self.progress.padded = self.progress.remaining % 2 == 1;
                Kind::Uncompressed
            }
            _ => return Err("an unknown block type"),
        };
        Ok(())
    }

    fn read_trees(&mut self) -> Step<()> {
        let progress = &mut self.progress;
        let (literals, matches) = progress.main_lengths.split_at_mut(LITERALS);
        read_lengths(&mut self.bits, literals)?;
        read_lengths(&mut self.bits, matches)?;
        self.main = Huffman::new(&progress.main_lengths)?;
        read_lengths(&mut self.bits, &mut progress.length_lengths)?;
        self.length = Huffman::new(&progress.length_lengths)?;
        Ok(())
    }

    /// Decodes symbols until exactly `output[at..end]` is filled.
    fn decode_run(&mut self, output: &mut [u8], mut at: usize, end: usize) -> Step<()> {
        while at < end {
            let symbol = self.main.decode(&mut self.bits)?;
            if symbol < LITERALS {
                output[at] = symbol as u8;
                at += 1;
                continue;
            }
            let symbol = symbol - LITERALS;
            let length = 2 + match symbol & 7 {
                // The largest value continues in the tree of lengths.
                7 => 7 + self.length.decode(&mut self.bits)?,
                short => short,
            };
            let distance = match symbol >> 3 {
                0 => self.progress.recent[0],
                slot @ 1..=2 => {
                    // Exchanged with the most recent one, not moved to the front: the other one
                    // keeps its place.
                    self.progress.recent.swap(0, slot);
                    self.progress.recent[0]
                }
                slot => {
                    let distance = self.read_distance(slot)?;
                    let [first, second, _] = self.progress.recent;
                    self.progress.recent = [distance, first, second];
                    distance
                }
            };
            if distance == 0 || distance > at || distance > self.window_size {
                return Err("a match from before the start");
            }
            if length > end - at {
                return Err("a match beyond the end of its frame or block");
            }
            if distance >= length {
                output.copy_within(at - distance..at - distance + length, at);
            } else {
                // The match reaches into its own output, which repeats.
                for to in at..at + length {
                    output[to] = output[to - distance];
                }
            }
            at += length;
        }
        Ok(())
    }

    /// Reads the distance of position slot `slot`, which is at least 3, with its extra bits.
    fn read_distance(&mut self, slot: usize) -> Step<usize> {
        let (base, extra) = position_slot(slot);
        // The aligned tree has the lowest three bits; shorter offsets do without it.
        let low = if self.progress.kind == Kind::Aligned && extra >= 3 {
            let high = self.bits.take(extra - 3)? as usize;
            high << 3 | self.aligned.decode(&mut self.bits)?
        } else {
            self.bits.take(extra)? as usize
        };
        // Offsets 0 to 2 stand for the recent distances, so all others are two too large.
        Ok(base + low - 2)
    }
}

/// First formatted offset of a position slot, and its number of extra bits.
fn position_slot(slot: usize) -> (usize, u32) {
    match slot {
        0..=3 => (slot, 0),
        // Two slots to each power of two, up to 17 bits …
        4..=37 => {
            let extra = slot as u32 / 2 - 1;
            ((2 + slot % 2) << extra, extra)
        }
        // … and slots of 2^17 from there on.
        _ => ((slot - 34) << 17, 17),
    }
}

/// Reads code lengths, each stored as the difference from its previous value.
fn read_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Step<()> {
    let mut pre = [0; 20];
    for length in &mut pre {
        *length = bits.take(4)? as u8;
    }
    let pre = Huffman::new(&pre)?;
    // Lengths go from 0 to 16, and both operands are at most 16.
    let difference = |old: u8, code: usize| ((17 + usize::from(old) - code) % 17) as u8;
    let mut at = 0;
    while at < lengths.len() {
        let (run, value) = match pre.decode(bits)? {
            17 => (4 + bits.take(4)? as usize, 0),
            18 => (20 + bits.take(5)? as usize, 0),
            19 => {
                let run = 4 + bits.take(1)? as usize;
                let code = pre.decode(bits)?;
                if code > 16 {
                    return Err("a run of a run of code lengths");
                }
                (run, difference(lengths[at], code))
            }
            code => (1, difference(lengths[at], code)),
        };
        lengths.get_mut(at..at + run).ok_or("more code lengths than symbols")?.fill(value);
        at += run;
    }
    Ok(())
}

/// Reverts the translation of call targets in a frame that starts at `start`, from absolute back to
/// relative ones.
fn undo_e8(frame: &mut [u8], start: i32, file_size: i32) {
    let mut at = 0;
    // The last ten bytes of a frame are never translated.
    while at + 10 < frame.len() {
        if frame[at] != 0xE8 {
            at += 1;
            continue;
        }
        let position = start + at as i32;
        let target = i32::from_le_bytes([frame[at + 1], frame[at + 2], frame[at + 3], frame[at + 4]]);
        if target >= -position && target < file_size {
            let relative = if target >= 0 { target - position } else { target.wrapping_add(file_size) };
            frame[at + 1..at + 5].copy_from_slice(&relative.to_le_bytes());
        }
        at += 5;
    }
}
