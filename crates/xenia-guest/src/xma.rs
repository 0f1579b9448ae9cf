//! The XMA decoder's interface to titles: contexts in memory, and registers.
//!
//! The kernel's exports and the decoder both access them, and titles also do so directly. A context
//! is 16 big-endian words; each field's description says whether the title or the decoder writes
//! it.

/// Number of decoder contexts.
pub const CONTEXTS: u32 = 320;
/// Size of a context in bytes.
pub const CONTEXT_SIZE: u32 = 64;
/// Size of a packet of the stream in bytes.
pub const PACKET_SIZE: u32 = 2048;
/// Size of a block of the output ring in bytes.
pub const BLOCK_SIZE: u32 = 256;

/// A bit field in one word of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextField {
    /// Index of the word.
    pub word: u32,
    /// Lowest bit of the field.
    pub shift: u32,
    /// Number of bits.
    pub bits: u32,
}

impl ContextField {
    /// The mask of the field's bits within the word.
    pub const fn mask(self) -> u32 {
        (u32::MAX >> (32 - self.bits)) << self.shift
    }

    /// Extracts the field from a word.
    pub const fn of(self, word: u32) -> u32 {
        (word & self.mask()) >> self.shift
    }

    /// Returns the word with another value in the field; excess bits of `value` are dropped.
    pub const fn put(self, word: u32, value: u32) -> u32 {
        word & !self.mask() | value << self.shift & self.mask()
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $shift:literal, $bits:literal;)*) => {
        /// Bit fields of a context.
        pub mod field {
            use super::ContextField;
            $($(#[$doc])* pub const $name: ContextField = ContextField { word: $word, shift: $shift, bits: $bits };)*
        }
    };
}

fields! {
    /// Number of packets in the first input buffer. Written by the title.
    INPUT0_PACKETS = 0, 0, 12;
    /// Remaining passes of the loop; 255 is endless. Written by both.
    LOOP_COUNT = 0, 12, 8;
    /// The first input buffer is valid: set by the title, cleared by the decoder.
    INPUT0_VALID = 0, 20, 1;
    /// The second input buffer is valid: set by the title, cleared by the decoder.
    INPUT1_VALID = 0, 21, 1;
    /// Number of blocks of the output ring. Written by the title.
    OUTPUT_BLOCKS = 0, 22, 5;
    /// The block that is written next. Written by the decoder.
    OUTPUT_WRITE_OFFSET = 0, 27, 5;
    /// Number of packets in the second input buffer. Written by the title.
    INPUT1_PACKETS = 1, 0, 12;
    /// The last subframe that is played of the frame at the loop's end. Written by the title.
    LOOP_SUBFRAME_END = 1, 14, 3;
    /// Subframes skipped in the frame at the loop's start. Written by the title.
    LOOP_SUBFRAME_SKIP = 1, 17, 3;
    /// Number of blocks that are decoded at a time. Written by the title.
    SUBFRAME_DECODE_COUNT = 1, 20, 4;
    /// Sample rate, 24, 32, 44.1 or 48 kHz, which selects the frequency bands. Written by the
    /// title.
    SAMPLE_RATE = 1, 27, 2;
    /// The stream has two channels. Written by the title.
    IS_STEREO = 1, 29, 1;
    /// The output ring is valid: set by the title, cleared by the decoder when the ring is full.
    OUTPUT_VALID = 1, 31, 1;
    /// Read position, in bits from the start of the current input buffer. Written by both.
    INPUT_READ_OFFSET = 2, 0, 26;
    /// Bit offset of the frame at which the loop starts. Written by the title.
    LOOP_START = 3, 0, 26;
    /// Bit offset of the frame that holds the loop's end. Written by the title.
    LOOP_END = 4, 0, 26;
    /// Metadata of the packet's header. Written by the decoder.
    PACKET_METADATA = 4, 26, 5;
    /// The input buffer in use. Written by the decoder.
    CURRENT_BUFFER = 4, 31, 1;
    /// Physical address of the first input buffer. Written by the title.
    INPUT0 = 5, 0, 32;
    /// Physical address of the second input buffer. Written by the title.
    INPUT1 = 6, 0, 32;
    /// Physical address of the output ring. Written by the title.
    OUTPUT = 7, 0, 32;
    /// Physical address of the decoder's work memory. Written by the title.
    WORK_BUFFER = 8, 0, 32;
    /// The block that the title reads next. Written by the title.
    OUTPUT_READ_OFFSET = 9, 0, 5;
}

/// The decoder's registers, by number. They are 32-bit words, little-endian to loads and stores of
/// titles.
pub mod register {
    /// Physical address of the context array.
    pub const CONTEXT_ARRAY: u32 = 0x600;
    /// Index of the context that is being decoded.
    pub const CURRENT_CONTEXT: u32 = 0x606;
    /// First of ten words with one bit per context: starts the context.
    pub const KICK: u32 = 0x650;
    /// First of ten words with one bit per context: stops the context.
    pub const LOCK: u32 = 0x690;
    /// First of ten words with one bit per context: discards the context's decoder state.
    pub const CLEAR: u32 = 0x6A0;
    /// Number of words in each of these groups.
    pub const GROUP: u32 = super::CONTEXTS / 32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_fields_read_back_and_leave_other_bits() {
        for field in [field::INPUT0_PACKETS, field::OUTPUT_WRITE_OFFSET, field::OUTPUT_VALID, field::INPUT0] {
            for word in [0, u32::MAX, 0x1234_5678] {
                let put = field.put(word, 0x1555_5555);
                assert_eq!(field.of(put), 0x1555_5555 & (u32::MAX >> (32 - field.bits)));
                assert_eq!(put & !field.mask(), word & !field.mask());
            }
        }
    }
}
