//! LZX compressor for tests: simple matches and flat codes, but all block types, tree deltas with
//! all run codes, repeated offsets, and blocks of any size.

const FRAME: usize = 0x8000;
const SLOTS: [usize; 11] = [30, 32, 34, 36, 38, 42, 50, 66, 98, 162, 290];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    Verbatim,
    Aligned,
    Uncompressed,
}

struct Writer {
    out: Vec<u8>,
    word: u32,
    free: u32,
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.free -= 1;
            self.word |= (value >> bit & 1) << self.free;
            if self.free == 0 {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        self.out.extend((self.word as u16).to_le_bytes());
        self.word = 0;
        self.free = 16;
    }

    fn align(&mut self) {
        if self.free != 16 {
            self.flush();
        }
    }
}

/// A complete code over the symbols that occur, as flat as possible.
struct Code {
    lengths: Vec<u8>,
    codes: Vec<u32>,
}

impl Code {
    fn new(used: &[bool]) -> Self {
        let mut used = used.to_vec();
        // A single symbol does not form a complete code.
        let mut spare = 0;
        while used.iter().filter(|&&u| u).count() < 2 {
            used[spare] = true;
            spare += 1;
        }
        let count = used.iter().filter(|&&u| u).count();
        let long = usize::BITS - (count - 1).leading_zeros();
        let mut short = (1_usize << long) - count;
        let mut lengths = vec![0; used.len()];
        for (length, _) in lengths.iter_mut().zip(&used).filter(|(_, u)| **u) {
            *length = if short > 0 { long as u8 - 1 } else { long as u8 };
            short = short.saturating_sub(1);
        }
        let mut codes = vec![0; used.len()];
        let mut next = 0;
        for length in 1..=16 {
            next <<= 1;
            for (code, _) in codes.iter_mut().zip(&lengths).filter(|(_, l)| **l == length) {
                *code = next;
                next += 1;
            }
        }
        Self { lengths, codes }
    }

    fn put(&self, out: &mut Writer, symbol: usize) {
        assert_ne!(self.lengths[symbol], 0);
        out.put(self.codes[symbol], u32::from(self.lengths[symbol]));
    }
}

/// Stores code lengths as differences from `old`, with run codes where they fit.
fn put_lengths(out: &mut Writer, old: &mut [u8], new: &[u8]) {
    let pre = Code::new(&[true; 20]);
    for &length in &pre.lengths {
        out.put(u32::from(length), 4);
    }
    let difference = |old: u8, new: u8| (17 + usize::from(old) - usize::from(new)) % 17;
    let mut at = 0;
    while at < new.len() {
        let run = new[at..].iter().take_while(|&&length| length == new[at]).count();
        if new[at] == 0 && run >= 20 {
            let run = run.min(51);
            pre.put(out, 18);
            out.put(run as u32 - 20, 5);
            at += run;
        } else if new[at] == 0 && run >= 4 {
            let run = run.min(19);
            pre.put(out, 17);
            out.put(run as u32 - 4, 4);
            at += run;
        } else if run >= 4 {
            let run = run.min(5);
            pre.put(out, 19);
            out.put(run as u32 - 4, 1);
            pre.put(out, difference(old[at], new[at]));
            at += run;
        } else {
            pre.put(out, difference(old[at], new[at]));
            at += 1;
        }
    }
    old.copy_from_slice(new);
}

enum Token {
    Literal(u8),
    Match { length: usize, slot: usize, extra: u32, extra_bits: u32 },
}

fn slot_of(formatted: usize) -> (usize, usize, u32) {
    let mut base = 0;
    let mut slot = 0;
    loop {
        let bits = if slot < 4 { 0 } else { (slot as u32 / 2 - 1).min(17) };
        if formatted < base + (1 << bits) {
            return (slot, base, bits);
        }
        base += 1 << bits;
        slot += 1;
    }
}

/// Compresses `data` as blocks of the given kinds and sizes; the last one takes the rest.
///
/// Returns the compressed bytes of each frame.
pub fn encode(
    window_bits: u32,
    e8_size: Option<u32>,
    blocks: &[(Block, usize)],
    data: &[u8],
) -> Vec<Vec<u8>> {
    encode_after(window_bits, e8_size, blocks, data, 0)
}

/// Compresses the part of `data` after the first `known` bytes, which the decoder has as reference.
pub fn encode_after(
    window_bits: u32,
    e8_size: Option<u32>,
    blocks: &[(Block, usize)],
    data: &[u8],
    known: usize,
) -> Vec<Vec<u8>> {
    let main_size = 256 + 8 * SLOTS[window_bits as usize - 15];
    let window = 1 << window_bits;
    let mut out = Writer { out: Vec::new(), word: 0, free: 16 };
    let mut frames = Vec::new();
    let mut recent = [1_usize; 3];
    let mut positions = Positions::default();
    let mut main_lengths = vec![0; main_size];
    let mut length_lengths = vec![0; 249];
    match e8_size {
        None => out.put(0, 1),
        Some(size) => {
            out.put(1, 1);
            out.put(size >> 16, 16);
            out.put(size & 0xFFFF, 16);
        }
    }
    let mut start = known;
    for (index, &(kind, size)) in blocks.iter().enumerate() {
        let size = if index == blocks.len() - 1 { data.len() - start } else { size };
        let end = start + size;
        let number = match kind {
            Block::Verbatim => 1,
            Block::Aligned => 2,
            Block::Uncompressed => 3,
        };
        out.put(number, 3);
        out.put(size as u32 >> 8, 16);
        out.put(size as u32 & 0xFF, 8);
        if kind == Block::Uncompressed {
            if out.free == 16 {
                out.put(0, 16);
            }
            out.align();
            for offset in recent {
                out.out.extend((offset as u32).to_le_bytes());
            }
            for (at, &byte) in (start + 1..).zip(&data[start..end]) {
                out.out.push(byte);
                if (at - known).is_multiple_of(FRAME) && at < end {
                    frames.push(std::mem::take(&mut out.out));
                }
            }
            if size % 2 == 1 {
                out.out.push(0);
            }
            if (end - known).is_multiple_of(FRAME) {
                frames.push(std::mem::take(&mut out.out));
            }
            start = end;
            continue;
        }
        let tokens = tokens(data, known, start..end, window, &mut recent, &mut positions);
        let mut main_used = vec![false; main_size];
        let mut length_used = vec![false; 249];
        for (token, _) in &tokens {
            match token {
                Token::Literal(byte) => main_used[usize::from(*byte)] = true,
                Token::Match { length, slot, .. } => {
                    main_used[256 + slot * 8 + (length - 2).min(7)] = true;
                    if *length >= 9 {
                        length_used[length - 9] = true;
                    }
                }
            }
        }
        let main = Code::new(&main_used);
        let lengths = Code::new(&length_used);
        let aligned = Code::new(&[true; 8]);
        if kind == Block::Aligned {
            for &length in &aligned.lengths {
                out.put(u32::from(length), 3);
            }
        }
        put_lengths(&mut out, &mut main_lengths[..256], &main.lengths[..256]);
        put_lengths(&mut out, &mut main_lengths[256..], &main.lengths[256..]);
        put_lengths(&mut out, &mut length_lengths, &lengths.lengths);
        for (token, token_end) in tokens {
            match token {
                Token::Literal(byte) => main.put(&mut out, usize::from(byte)),
                Token::Match { length, slot, extra, extra_bits } => {
                    main.put(&mut out, 256 + slot * 8 + (length - 2).min(7));
                    if length >= 9 {
                        lengths.put(&mut out, length - 9);
                    }
                    if kind == Block::Aligned && extra_bits >= 3 {
                        out.put(extra >> 3, extra_bits - 3);
                        aligned.put(&mut out, extra as usize & 7);
                    } else {
                        out.put(extra, extra_bits);
                    }
                }
            }
            if (token_end - known).is_multiple_of(FRAME) {
                out.align();
                frames.push(std::mem::take(&mut out.out));
            }
        }
        start = end;
    }
    out.align();
    if !out.out.is_empty() {
        frames.push(out.out);
    }
    frames
}

/// Last position of every three bytes of the data before a position. A hash map of the standard
/// library takes most of the time of tests, in which this file is not optimised.
struct Positions {
    buckets: Vec<Vec<(u32, usize)>>,
    end: usize,
}

impl Default for Positions {
    fn default() -> Self {
        Self { buckets: vec![Vec::new(); 1 << 14], end: 0 }
    }
}

impl Positions {
    /// Three bytes as a number, and their bucket; `None` at the end of the data.
    fn key(data: &[u8], at: usize) -> Option<(u32, usize)> {
        let bytes = data.get(at..at + 3)?;
        let key = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
        Some((key, (key.wrapping_mul(0x9E37_79B1) >> 18) as usize))
    }

    /// Adds the positions before `end`.
    fn extend(&mut self, data: &[u8], end: usize) {
        for at in self.end..end {
            let Some((key, bucket)) = Self::key(data, at) else { break };
            let bucket = &mut self.buckets[bucket];
            match bucket.iter_mut().find(|(other, _)| *other == key) {
                Some((_, last)) => *last = at,
                None => bucket.push((key, at)),
            }
        }
        self.end = end;
    }

    /// Last added position with the same three bytes as another one.
    fn find(&self, data: &[u8], at: usize) -> Option<usize> {
        let (key, bucket) = Self::key(data, at)?;
        self.buckets[bucket].iter().find(|(other, _)| *other == key).map(|(_, last)| *last)
    }
}

/// Greedy matches within a block that do not cross frames; each with the position after it.
fn tokens(
    data: &[u8],
    known: usize,
    std::ops::Range { start, end }: std::ops::Range<usize>,
    window: usize,
    recent: &mut [usize; 3],
    positions: &mut Positions,
) -> Vec<(Token, usize)> {
    positions.extend(data, start);
    let mut tokens = Vec::new();
    let mut at = start;
    while at < end {
        let limit = end.min(known + ((at - known) / FRAME + 1) * FRAME) - at;
        let common = |distance: usize| {
            if distance == 0 || distance > at || distance > window - 3 {
                return 0;
            }
            (0..limit.min(257)).take_while(|&i| data[at + i] == data[at + i - distance]).count()
        };
        let found = positions.find(data, at).map_or(0, |from| at - from);
        let best =
            [recent[0], recent[1], recent[2], found].into_iter().rev().max_by_key(|&d| common(d)).unwrap();
        let length = common(best);
        let step = if length < 2 || (length == 2 && !recent.contains(&best)) {
            tokens.push((Token::Literal(data[at]), at + 1));
            1
        } else {
            let (slot, extra, extra_bits) = if let Some(slot) = recent.iter().position(|&r| r == best) {
                recent.swap(0, slot);
                (slot, 0, 0)
            } else {
                *recent = [best, recent[0], recent[1]];
                let (slot, base, bits) = slot_of(best + 2);
                (slot, (best + 2 - base) as u32, bits)
            };
            tokens.push((Token::Match { length, slot, extra, extra_bits }, at + length));
            length
        };
        at += step;
        positions.extend(data, at);
    }
    tokens
}
