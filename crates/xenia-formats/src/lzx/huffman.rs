//! Canonical Huffman codes of up to 16 bits, from their lengths.

use super::bits::Bits;

/// Codes of up to this length are decoded by one table look-up.
const FAST_BITS: u32 = 10;

/// A decoder for one code.
///
/// A code can be incomplete or empty: unused code words are refused when they occur.
pub(super) struct Huffman {
    /// Indexed by the next [`FAST_BITS`] bits: symbol × 16 + length, 0 if the code is longer or
    /// unused.
    fast: Box<[u16; 1 << FAST_BITS]>,
    /// By length: the first 16-bit pattern after the codes of that length.
    limit: [u32; 17],
    /// By length: offset from a code to its index in `symbols` (wrapping).
    offset: [u32; 17],
    /// Symbols, sorted by code.
    symbols: Vec<u16>,
}

impl Default for Huffman {
    fn default() -> Self {
        Self { fast: Box::new([0; 1 << FAST_BITS]), limit: [0; 17], offset: [0; 17], symbols: Vec::new() }
    }
}

impl Huffman {
    /// The code whose symbol `i` has `lengths[i]` bits; 0 means unused.
    pub(super) fn new(lengths: &[u8]) -> Result<Self, &'static str> {
        let mut code = Self::default();
        // Each stream begins with such codes, and short ones may not use them.
        if lengths.iter().all(|&length| length == 0) {
            return Ok(code);
        }
        let mut pattern = 0_u32;
        for length in 1..=16_u32 {
            let step = 1 << (16 - length);
            code.offset[length as usize] = (code.symbols.len() as u32).wrapping_sub(pattern / step);
            for (symbol, _) in lengths.iter().enumerate().filter(|&(_, &l)| u32::from(l) == length) {
                if pattern + step > 0x1_0000 {
                    return Err("more codes than their lengths allow");
                }
                if length <= FAST_BITS {
                    let shift = 16 - FAST_BITS;
                    let entries = (pattern >> shift) as usize..((pattern + step) >> shift) as usize;
                    // The largest tree has 2,576 symbols, which need 12 bits.
                    code.fast[entries].fill((symbol as u16) << 4 | length as u16);
                }
                code.symbols.push(symbol as u16);
                pattern += step;
            }
            code.limit[length as usize] = pattern;
        }
        Ok(code)
    }

    /// Reads one symbol.
    #[inline]
    pub(super) fn decode(&self, bits: &mut Bits<'_>) -> Result<usize, &'static str> {
        let pattern = bits.peek16();
        let entry = self.fast[(pattern >> (16 - FAST_BITS)) as usize];
        if entry != 0 {
            bits.drop_bits(u32::from(entry & 15))?;
            return Ok(usize::from(entry >> 4));
        }
        for length in FAST_BITS + 1..=16 {
            // Codes ascend with their lengths: the first limit above the pattern gives the length.
            if pattern < self.limit[length as usize] {
                let index = (pattern >> (16 - length)).wrapping_add(self.offset[length as usize]);
                bits.drop_bits(length)?;
                return self.symbols.get(index as usize).map(|&s| usize::from(s)).ok_or("an unused code");
            }
        }
        Err("an unused code")
    }
}
