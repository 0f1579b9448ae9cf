//! LZX decompression, as CAB files use it: 32 KiB frames, no resets; patches have data that comes
//! before.
//!
//! ```text
//! stream = e8 flag (1 bit) [file size (32 bits)] block…
//! block  = type (3) size (24) then one of
//!          1 verbatim:     tree deltas, symbols
//!          2 aligned:      8 × 3 bits for the aligned tree, tree deltas, symbols
//!          3 uncompressed: to the next 16-bit word, R0 R1 R2 (little-endian), bytes, pad byte if odd
//! ```
//! Bits come from little-endian 16-bit words, most significant first, and skip to the next word at
//! the end of each frame of output. A match neither crosses a frame nor a block. The output is its
//! own window.
//!
//! Our own, as the decoder that crates offer takes one frame at a time where XEX files have one
//! stream, and subtracts unchecked where a file says so; the tests compare the two on what both can
//! read.
//!
//! Invariant: work is bounded by input plus output; nothing is allocated by sizes from the stream.

mod bits;
mod huffman;

use std::ops::RangeInclusive;

use bits::Bits;
use huffman::Huffman;

/// Logarithms of the window sizes that exist.
pub const WINDOW_BITS: RangeInclusive<u32> = 15..=25;

/// Bytes of output between two alignments of the input.
const FRAME: usize = 0x8000;
/// Position slots by window size, from 2^15.
const SLOTS: [usize; 11] = [30, 32, 34, 36, 38, 42, 50, 66, 98, 162, 290];
/// Literals and the lengths' tree.
const LITERALS: usize = 256;
const LENGTHS: usize = 249;
/// Blocks with codes of their own: so many at first, then one for so many bytes of output. Making
/// the decoders of a block costs as much as decoding some thousand bytes, and a block of one byte
/// takes six of input.
const FIRST_BLOCKS: usize = 64;
const BYTES_PER_BLOCK: usize = 256;
/// The translation of call targets ends after this many frames.
const E8_FRAMES: usize = 0x8000;

/// Why a stream doesn't decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LzxError {
    /// Bytes of input that had been taken.
    pub offset: usize,
    /// What is wrong.
    pub reason: &'static str,
}

impl std::fmt::Display for LzxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {:#x}", self.reason, self.offset)
    }
}

impl std::error::Error for LzxError {}

/// What a block's symbols are.
enum Kind {
    Verbatim,
    Aligned(Huffman),
    Uncompressed,
}

struct Decoder<'a> {
    bits: Bits<'a>,
    window_size: usize,
    recent: [usize; 3],
    /// Code lengths live on from block to block, which stores differences.
    main_lengths: Vec<u8>,
    length_lengths: [u8; LENGTHS],
    main: Huffman,
    length: Huffman,
    kind: Kind,
    /// Blocks with codes of their own so far.
    coded_blocks: usize,
    /// Bytes of output that the current block still gives.
    remaining: usize,
    /// The last block was uncompressed and odd, so one byte of padding is due.
    padded: bool,
}

/// Fills `output` from `input`, with matches into `reference` as if it came before: what a patch is
/// made against.
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

/// Fills `output` from `input`.
///
/// # Errors
/// A code that doesn't exist, a match from before the start, an input that ends too early.
pub fn decode(window_bits: u32, input: &[u8], output: &mut [u8]) -> Result<(), LzxError> {
    run(window_bits, input, output, 0)
}

/// Fills `output` from `start` on.
fn run(window_bits: u32, input: &[u8], output: &mut [u8], start: usize) -> Result<(), LzxError> {
    if !WINDOW_BITS.contains(&window_bits) {
        return Err(LzxError { offset: 0, reason: "no such window size" });
    }
    let slots = SLOTS[(window_bits - WINDOW_BITS.start()) as usize];
    let mut decoder = Decoder {
        bits: Bits::new(input),
        window_size: 1 << window_bits,
        recent: [1; 3],
        main_lengths: vec![0; LITERALS + 8 * slots],
        length_lengths: [0; LENGTHS],
        main: Huffman::default(),
        length: Huffman::default(),
        kind: Kind::Verbatim,
        coded_blocks: 0,
        remaining: 0,
        padded: false,
    };
    decoder.run(output, start).map_err(|reason| LzxError { offset: decoder.bits.position(), reason })
}

type Step<T> = Result<T, &'static str>;

impl Decoder<'_> {
    fn run(&mut self, output: &mut [u8], start: usize) -> Step<()> {
        if start == output.len() {
            return Ok(());
        }
        let e8_size = match self.bits.take(1)? {
            0 => None,
            _ => Some((self.bits.take(16)? << 16 | self.bits.take(16)?) as i32),
        };
        let mut at = start;
        while at < output.len() {
            let frame_end = (at + FRAME).min(output.len());
            while at < frame_end {
                if self.remaining == 0 {
                    self.read_block_header(at)?;
                }
                let run_end = at + self.remaining.min(frame_end - at);
                match self.kind {
                    Kind::Uncompressed => self.bits.copy(&mut output[at..run_end])?,
                    _ => self.decode_run(output, at, run_end)?,
                }
                self.remaining -= run_end - at;
                at = run_end;
            }
            self.bits.align();
        }
        if let Some(size) = e8_size {
            undo_e8(&mut output[start..], size);
        }
        Ok(())
    }

    /// The header of the block that begins at `at` of the output.
    fn read_block_header(&mut self, at: usize) -> Step<()> {
        if std::mem::take(&mut self.padded) {
            self.bits.skip_byte();
        }
        let kind = self.bits.take(3)?;
        self.remaining = (self.bits.take(16)? << 8 | self.bits.take(8)?) as usize;
        if self.remaining == 0 {
            return Err("a block of no bytes");
        }
        if matches!(kind, 1 | 2) {
            if self.coded_blocks >= FIRST_BLOCKS + at / BYTES_PER_BLOCK {
                return Err("too many blocks for what they hold");
            }
            self.coded_blocks += 1;
        }
        self.kind = match kind {
            1 => {
                self.read_trees()?;
                Kind::Verbatim
            }
            2 => {
                let mut lengths = [0; 8];
                for length in &mut lengths {
                    *length = self.bits.take(3)? as u8;
                }
                let aligned = Huffman::new(&lengths)?;
                self.read_trees()?;
                Kind::Aligned(aligned)
            }
            3 => {
                self.bits.enter_bytes()?;
                for recent in &mut self.recent {
                    let mut word = [0; 4];
                    self.bits.copy(&mut word)?;
                    *recent = u32::from_le_bytes(word) as usize;
                }
                self.padded = self.remaining % 2 == 1;
                Kind::Uncompressed
            }
            _ => return Err("an unknown block type"),
        };
        Ok(())
    }

    fn read_trees(&mut self) -> Step<()> {
        let (literals, matches) = self.main_lengths.split_at_mut(LITERALS);
        read_lengths(&mut self.bits, literals)?;
        read_lengths(&mut self.bits, matches)?;
        self.main = Huffman::new(&self.main_lengths)?;
        read_lengths(&mut self.bits, &mut self.length_lengths)?;
        self.length = Huffman::new(&self.length_lengths)?;
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
                7 => 7 + self.length.decode(&mut self.bits)?,
                short => short,
            };
            let distance = match symbol >> 3 {
                0 => self.recent[0],
                slot @ 1..=2 => {
                    self.recent.swap(0, slot);
                    self.recent[0]
                }
                slot => {
                    let distance = self.read_distance(slot)?;
                    self.recent = [distance, self.recent[0], self.recent[1]];
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
                for to in at..at + length {
                    output[to] = output[to - distance];
                }
            }
            at += length;
        }
        Ok(())
    }

    /// The distance that position slot `slot`, at least 3, and the bits after it stand for.
    fn read_distance(&mut self, slot: usize) -> Step<usize> {
        let (base, extra) = position_slot(slot);
        let low = match &self.kind {
            Kind::Aligned(aligned) if extra >= 3 => {
                let high = self.bits.take(extra - 3)? as usize;
                high << 3 | aligned.decode(&mut self.bits)?
            }
            _ => self.bits.take(extra)? as usize,
        };
        Ok(base + low - 2)
    }
}

/// First formatted offset of a position slot, and how many bits choose among its offsets.
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

/// Reads code lengths, each stored as its difference from the one before it in time.
fn read_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Step<()> {
    let mut pre = [0; 20];
    for length in &mut pre {
        *length = bits.take(4)? as u8;
    }
    let pre = Huffman::new(&pre)?;
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

/// Turns absolute call targets back into the relative ones that the compressor replaced.
fn undo_e8(output: &mut [u8], file_size: i32) {
    for (index, frame) in output.chunks_mut(FRAME).enumerate().take(E8_FRAMES) {
        let start = (index * FRAME) as i32;
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
}
