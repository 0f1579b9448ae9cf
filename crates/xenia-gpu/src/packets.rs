//! Command stream: packet headers and one row per type-3 packet.
//!
//! ```text
//!        31 30 29          16 15 14                 0
//! type 0 | 0 0 | count - 1    |one|  first register    |  then `count` values
//! type 1 | 0 1 |      | second: 21..11 | first: 10..0  |  then two values
//! type 2 | 1 0 |                                       |  filler
//! type 3 | 1 1 | count - 1    |   | opcode: 14..8 | p  |  then `count` words of body
//! ```
//!
//! A row has the opcode, the hardware's name, the least number of body words, and the method of
//! [`Packets`] that handles the body. The command processor implements that trait, so every known
//! packet has a handler. The disassembler prints the row's name for packets without a special
//! format.

mod disasm;
mod swap;

pub use disasm::{describe, disassemble};
pub use swap::{SWAP_SIGNATURE, SWAP_WORDS, swap_commands};

use crate::registers;

/// Decoded packet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Type 0: values for consecutive registers, or all for the same one.
    Registers {
        /// First register to write.
        first: u32,
        /// Number of values that follow.
        count: u32,
        /// All values go to `first`.
        same: bool,
    },
    /// Type 1: values for two registers.
    Pair {
        /// Register of the first value.
        first: u32,
        /// Register of the second value.
        second: u32,
    },
    /// Type 2: one word of filler.
    Filler,
    /// Type 3: a command.
    Command {
        opcode: u8,
        /// Number of body words.
        count: u32,
        /// Predicated: skipped unless one of the selected bins is being drawn.
        predicated: bool,
    },
}

impl Header {
    /// Decodes a header word. A zero word is filler too, as the ring buffer is initially zero, and
    /// so is [`UNWRITTEN`].
    pub const fn decode(word: u32) -> Self {
        let count = ((word >> 16) & 0x3fff) + 1;
        match word >> 30 {
            0 if word == 0 || word == UNWRITTEN => Self::Filler,
            0 => Self::Registers { first: word & 0x7fff, count, same: word & 0x8000 != 0 },
            1 => Self::Pair { first: word & 0x7ff, second: (word >> 11) & 0x7ff },
            2 => Self::Filler,
            _ => Self::Command { opcode: ((word >> 8) & 0x7f) as u8, count, predicated: word & 1 != 0 },
        }
    }

    /// Number of words after the header.
    pub const fn body_words(self) -> u32 {
        match self {
            Self::Registers { count, .. } | Self::Command { count, .. } => count,
            Self::Pair { .. } => 2,
            Self::Filler => 0,
        }
    }
}

/// Header of a type-0 packet with `count` values (1 to 16,384) from register `first` on.
pub const fn type0(first: u32, count: u32) -> u32 {
    ((count - 1) & 0x3fff) << 16 | (first & 0x7fff)
}

/// Word that titles' graphics library leaves where it has written no packet (xenia-canary's
/// command processor skips it too).
pub const UNWRITTEN: u32 = 0x0bad_f00d;

/// Filler word (type 2).
pub const TYPE2: u32 = 0x8000_0000;

/// Header of a type-3 packet with `count` body words (1 to 16,384).
pub const fn type3(opcode: u8, count: u32) -> u32 {
    0xc000_0000 | ((count - 1) & 0x3fff) << 16 | (opcode as u32) << 8
}

/// First register selected by the offset/type word of `SET_CONSTANT` and `LOAD_ALU_CONSTANT`.
pub(crate) const fn constant_base(word: u32) -> Option<u32> {
    let base = match (word >> 16) & 0xff {
        0 => registers::FLOAT_CONSTANTS,
        1 => registers::FETCH_CONSTANTS,
        2 => registers::BOOL_CONSTANTS,
        3 => registers::LOOP_CONSTANTS,
        4 => registers::CONTEXT,
        _ => return None,
    };
    Some(base + (word & 0x7ff))
}

/// Packet row, as documentation and stream generators use it.
#[derive(Clone, Copy, Debug)]
pub struct PacketRow {
    pub opcode: u8,
    /// Name in the hardware's documentation.
    pub name: &'static str,
    /// Least number of body words.
    pub words: usize,
    /// One-line description of the packet.
    pub doc: &'static str,
}

macro_rules! packets {
    ($($(#[doc = $doc:literal])* $opcode:literal $name:ident $words:literal.. => $method:ident;)*) => {
        /// Handler of packet bodies. There are no default methods: an implementation must know all
        /// packets.
        pub trait Packets {
            /// Result of handling a packet.
            type Output;
            $($(#[doc = $doc])* fn $method(&mut self, body: &[u32]) -> Self::Output;)*
            /// Handles an opcode without a row.
            fn unknown(&mut self, opcode: u8, body: &[u32]) -> Self::Output;
            /// Handles a known packet with too few body words.
            fn too_short(&mut self, name: &'static str, body: &[u32]) -> Self::Output;
        }

        /// Opcodes by name.
        pub mod opcode {
            $($(#[doc = $doc])* pub const $name: u8 = $opcode;)*
        }

        /// Calls the packet's method.
        #[allow(unused_comparisons, clippy::absurd_extreme_comparisons)] // some rows need no words
        pub fn dispatch<P: Packets>(to: &mut P, opcode: u8, body: &[u32]) -> P::Output {
            match opcode {
                $($opcode => if body.len() >= $words { to.$method(body) } else { to.too_short(stringify!($name), body) },)*
                _ => to.unknown(opcode, body),
            }
        }

        /// Rows of all known packets.
        pub const ROWS: &[PacketRow] = &[$(PacketRow {
            opcode: $opcode,
            name: stringify!($name),
            words: $words,
            doc: concat!($($doc),*).trim_ascii(),
        }),*];
    };
}

/// Finds the row of an opcode.
pub fn row(opcode: u8) -> Option<&'static PacketRow> {
    ROWS.iter().find(|row| row.opcode == opcode)
}

packets! {
    /// Padding; the body is skipped.
    0x10 NOP 0.. => nop;
    /// Read-modify-write: register = (register & first) | second.
    0x21 REG_RMW 3.. => reg_rmw;
    /// Draws, with a visibility query token first.
    0x22 DRAW_INDX 2.. => draw_indx;
    /// Begins or ends a visibility query.
    0x23 VIZ_QUERY 1.. => viz_query;
    /// Fetches state blocks from memory.
    0x25 SET_STATE 0.. => set_state;
    /// Waits until the pipeline is empty.
    0x26 WAIT_FOR_IDLE 0.. => wait_for_idle;
    /// Loads shader microcode from memory.
    0x27 IM_LOAD 2.. => im_load;
    /// Loads shader microcode that follows in the body.
    0x2b IM_LOAD_IMMEDIATE 2.. => im_load_immediate;
    /// Stores shader microcode to memory.
    0x2c IM_STORE 2.. => im_store;
    /// Sets consecutive constants or context registers.
    0x2d SET_CONSTANT 1.. => set_constant;
    /// Loads a block of constants.
    0x2e LOAD_CONSTANT_CONTEXT 3.. => load_constant_context;
    /// Loads constants or context registers from memory.
    0x2f LOAD_ALU_CONSTANT 3.. => load_alu_constant;
    /// Draws with a stream of bin ids.
    0x34 DRAW_INDX_BIN 4.. => draw_indx_bin;
    /// Draws with inline indices and a stream of bin ids.
    0x35 DRAW_INDX_2_BIN 3.. => draw_indx_2_bin;
    /// Draws, with inline or counted indices.
    0x36 DRAW_INDX_2 1.. => draw_indx_2;
    /// Runs an indirect buffer, prefetched.
    0x37 INDIRECT_BUFFER_PFD 2.. => indirect_buffer_pfd;
    /// Marks cached state as stale.
    0x3b INVALIDATE_STATE 0.. => invalidate_state;
    /// Waits until a register or a word of memory satisfies a comparison.
    0x3c WAIT_REG_MEM 4.. => wait_reg_mem;
    /// Writes the body to memory.
    0x3d MEM_WRITE 1.. => mem_write;
    /// Copies a register to memory.
    0x3e REG_TO_MEM 2.. => reg_to_mem;
    /// Runs an indirect buffer.
    0x3f INDIRECT_BUFFER 2.. => indirect_buffer;
    /// Runs the following packets if a word in memory meets a condition.
    0x44 COND_EXEC 4.. => cond_exec;
    /// Compares once and, if the comparison holds, writes to memory or a register.
    0x45 COND_WRITE 6.. => cond_write;
    /// Raises a pipeline event.
    0x46 EVENT_WRITE 1.. => event_write;
    /// Initialises the micro engine.
    0x48 ME_INIT 0.. => me_init;
    /// Changes the split of instruction memory.
    0x4a SET_SHADER_BASES 1.. => set_shader_bases;
    /// Sets the offset of binned draws.
    0x4b SET_BIN_BASE_OFFSET 1.. => set_bin_base_offset;
    /// Writes the processor's counter to memory.
    0x4f MEM_WRITE_CNTR 1.. => mem_write_cntr;
    /// Sets the bins being drawn, high word first.
    0x50 SET_BIN_MASK 2.. => set_bin_mask;
    /// Sets the bins that predicated packets are for, high word first.
    0x51 SET_BIN_SELECT 2.. => set_bin_select;
    /// Waits until a register equals a value.
    0x52 WAIT_REG_EQ 3.. => wait_reg_eq;
    /// Waits until a register is at least a value.
    0x53 WAIT_REG_GTE 3.. => wait_reg_gte;
    /// Interrupts the processors named by a mask.
    0x54 INTERRUPT 1.. => interrupt;
    /// Sets consecutive registers, starting at a full index.
    0x55 SET_CONSTANT2 1.. => set_constant2;
    /// Sets consecutive shader constants, starting at a full index.
    0x56 SET_SHADER_CONSTANTS 1.. => set_shader_constants;
    /// Raises an event and, when shaders are done, writes a value or the counter: a fence.
    0x58 EVENT_WRITE_SHD 3.. => event_write_shd;
    /// Raises an event and, when the caches are flushed, writes a value or the counter: a fence.
    0x59 EVENT_WRITE_CFL 1.. => event_write_cfl;
    /// Raises an event and writes the screen extent of the draws.
    0x5a EVENT_WRITE_EXT 2.. => event_write_ext;
    /// Raises an event and writes the counters of samples.
    0x5b EVENT_WRITE_ZPD 1.. => event_write_zpd;
    /// Waits for outstanding reads.
    0x5c WAIT_UNTIL_READ 0.. => wait_until_read;
    /// Waits for a prefetched indirect buffer.
    0x5d WAIT_IB_PFD_COMPLETE 0.. => wait_ib_pfd_complete;
    /// Commits the current context.
    0x5e CONTEXT_UPDATE 0.. => context_update;
    /// Sets the low word of the bins being drawn.
    0x60 SET_BIN_MASK_LO 1.. => set_bin_mask_lo;
    /// Sets the high word of the bins being drawn.
    0x61 SET_BIN_MASK_HI 1.. => set_bin_mask_hi;
    /// Sets the low word of the bins that predicated packets are for.
    0x62 SET_BIN_SELECT_LO 1.. => set_bin_select_lo;
    /// Sets the high word of the bins that predicated packets are for.
    0x63 SET_BIN_SELECT_HI 1.. => set_bin_select_hi;
    /// Emulator extension: `VdSwap` requests display of the front buffer (see [`swap_commands`]).
    0x64 XE_SWAP 4.. => xe_swap;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_decoded_by_their_type() {
        for (word, expected) in [
            (0x0002_2000, Header::Registers { first: 0x2000, count: 3, same: false }),
            (0x0000_8005, Header::Registers { first: 5, count: 1, same: true }),
            (0x4000_1801, Header::Pair { first: 1, second: 3 }),
            (TYPE2, Header::Filler),
            (0, Header::Filler),
            (UNWRITTEN, Header::Filler),
            (UNWRITTEN + 1, Header::Registers { first: 0x700e, count: 0xbae, same: true }),
            (0xc004_3c01, Header::Command { opcode: 0x3c, count: 5, predicated: true }),
        ] {
            assert_eq!(Header::decode(word), expected, "{word:#x}");
        }
        assert_eq!(Header::decode(type0(0x2000, 3)), Header::decode(0x0002_2000));
        assert_eq!(type3(opcode::WAIT_REG_MEM, 5), 0xc004_3c00);
    }

    #[test]
    fn rows_ascend_and_fit_seven_bits() {
        assert!(ROWS.windows(2).all(|pair| pair[0].opcode < pair[1].opcode));
        assert!(ROWS.iter().all(|row| row.opcode < 0x80));
    }
}
