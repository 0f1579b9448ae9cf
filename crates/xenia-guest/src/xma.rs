//! The XMA decoder as titles see it: its contexts in memory, its registers.
//!
//! The kernel's calls and the decoder both work on these, and titles do so by themselves. A context
//! is 16 big-endian words; which fields are the title's and which the decoder's is in the fields'
//! descriptions.

/// Contexts of the decoder.
pub const CONTEXTS: u32 = 320;
/// Bytes of a context.
pub const CONTEXT_SIZE: u32 = 64;
/// Bytes of a packet of the stream.
pub const PACKET_SIZE: u32 = 2048;
/// Bytes of a block of the output ring.
pub const BLOCK_SIZE: u32 = 256;

/// Some bits of one word of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextField {
    /// Which word.
    pub word: u32,
    /// Its lowest bit.
    pub shift: u32,
    /// How many.
    pub bits: u32,
}

impl ContextField {
    /// The bits in their place.
    pub const fn mask(self) -> u32 {
        (u32::MAX >> (32 - self.bits)) << self.shift
    }

    /// The field of a word.
    pub const fn of(self, word: u32) -> u32 {
        (word & self.mask()) >> self.shift
    }

    /// The word with another value in the field; what is longer than the field is cut off.
    pub const fn put(self, word: u32, value: u32) -> u32 {
        word & !self.mask() | value << self.shift & self.mask()
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $shift:literal, $bits:literal;)*) => {
        /// The fields of a context.
        pub mod field {
            use super::ContextField;
            $($(#[$doc])* pub const $name: ContextField = ContextField { word: $word, shift: $shift, bits: $bits };)*
        }
    };
}

fields! {
    /// The title's: packets of the first input buffer.
    INPUT0_PACKETS = 0, 0, 12;
    /// Both: passes of the loop that are left; 255 is for ever.
    LOOP_COUNT = 0, 12, 8;
    /// Both: the title gives the first input buffer, the decoder takes it.
    INPUT0_VALID = 0, 20, 1;
    /// Both: the same for the second.
    INPUT1_VALID = 0, 21, 1;
    /// The title's: blocks of the output ring.
    OUTPUT_BLOCKS = 0, 22, 5;
    /// The decoder's: the block that it writes next.
    OUTPUT_WRITE_OFFSET = 0, 27, 5;
    /// The title's: packets of the second input buffer.
    INPUT1_PACKETS = 1, 0, 12;
    /// The title's: the last subframe that is played of the frame at the loop's end.
    LOOP_SUBFRAME_END = 1, 14, 3;
    /// The title's: subframes left out of the frame at the loop's start.
    LOOP_SUBFRAME_SKIP = 1, 17, 3;
    /// The title's: blocks that are decoded at a time.
    SUBFRAME_DECODE_COUNT = 1, 20, 4;
    /// The title's: 24, 32, 44.1 or 48 kHz, which chooses the bands.
    SAMPLE_RATE = 1, 27, 2;
    /// The title's: two channels.
    IS_STEREO = 1, 29, 1;
    /// Both: the title gives the output ring, the decoder takes it when it is full.
    OUTPUT_VALID = 1, 31, 1;
    /// Both: bits from the start of the current input buffer.
    INPUT_READ_OFFSET = 2, 0, 26;
    /// The title's: bit offset of the frame that the loop goes on at.
    LOOP_START = 3, 0, 26;
    /// The title's: bit offset of the frame that holds the loop's end.
    LOOP_END = 4, 0, 26;
    /// The decoder's: metadata of the packet's header.
    PACKET_METADATA = 4, 26, 5;
    /// The decoder's: the buffer that it reads.
    CURRENT_BUFFER = 4, 31, 1;
    /// The title's: physical address of the first input buffer.
    INPUT0 = 5, 0, 32;
    /// The title's: physical address of the second.
    INPUT1 = 6, 0, 32;
    /// The title's: physical address of the output ring.
    OUTPUT = 7, 0, 32;
    /// The title's: physical address of memory for the decoder's own use.
    WORK_BUFFER = 8, 0, 32;
    /// The title's: the block that it reads next.
    OUTPUT_READ_OFFSET = 9, 0, 5;
}

/// The decoder's registers, by number. Words of 32 bits, little-endian as loads and stores of
/// titles see them.
pub mod register {
    /// Physical address of the contexts.
    pub const CONTEXT_ARRAY: u32 = 0x600;
    /// The context in work.
    pub const CURRENT_CONTEXT: u32 = 0x606;
    /// First of ten words: a bit starts a context.
    pub const KICK: u32 = 0x650;
    /// First of ten words: a bit stops a context.
    pub const LOCK: u32 = 0x690;
    /// First of ten words: a bit forgets what a context has decoded.
    pub const CLEAR: u32 = 0x6A0;
    /// Words in each of these groups.
    pub const GROUP: u32 = super::CONTEXTS / 32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_put_where_they_are_read() {
        for field in [field::INPUT0_PACKETS, field::OUTPUT_WRITE_OFFSET, field::OUTPUT_VALID, field::INPUT0] {
            for word in [0, u32::MAX, 0x1234_5678] {
                let put = field.put(word, 0x1555_5555);
                assert_eq!(field.of(put), 0x1555_5555 & (u32::MAX >> (32 - field.bits)));
                assert_eq!(put & !field.mask(), word & !field.mask());
            }
        }
    }
}
