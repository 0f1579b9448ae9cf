//! What a trace is made of.

use serde::{Deserialize, Serialize};

/// One thing that happened to the command processor, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// What the processor was when recording began; the first event.
    Start(Box<State>),
    /// Bytes that the chip is about to read.
    Memory {
        /// Physical address.
        at: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// `CommandProcessor::initialize_ring`.
    InitializeRing {
        /// Physical address.
        physical: u32,
        /// Log2 of the size in quadwords.
        size_log2: u32,
    },
    /// `CommandProcessor::enable_rptr_writeback`.
    WriteBack {
        /// Physical address.
        physical: u32,
        /// Log2 of the quadwords between updates.
        block_log2: u32,
    },
    /// A store to the MMIO window.
    Store {
        /// Register.
        index: u32,
        /// Its value.
        value: u32,
        /// Guest time in ticks.
        now: u64,
    },
    /// `CommandProcessor::set_vblank_period`.
    VblankPeriod {
        /// Ticks.
        ticks: u64,
    },
    /// Time passed.
    Pump {
        /// Guest time in ticks.
        now: u64,
    },
    /// The end, and a digest of the processor by then, which holds for the backend that it names.
    /// That of a recording that was interrupted in the midst of a draw holds for none.
    End {
        /// Name of the backend; empty if the digest says nothing.
        backend: String,
        /// FNV-1a (128 bits) of what `CommandProcessor::digest` gives.
        digest: [u8; 16],
    },
}

/// A command processor at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// All registers.
    pub registers: Vec<u32>,
    pub(crate) ring: Option<RingState>,
    /// Indirect buffers being walked: base, next word, end.
    pub(crate) lists: Vec<[u32; 3]>,
    /// The clock in chip cycles.
    pub(crate) cycles: u64,
    /// What is waited for: the first words of `WAIT_REG_MEM`.
    pub(crate) waiting: Option<[u32; 4]>,
    /// Front buffer that waits for the vertical blank: address, width, height.
    pub(crate) flip: Option<[u32; 3]>,
    pub(crate) bins: [u64; 2],
    /// Words of the vertex and the pixel shader.
    pub(crate) shaders: [Option<Vec<u32>>; 2],
    pub(crate) display: DisplayState,
    pub(crate) counter: u32,
    /// Samples that passed, as reports store them.
    pub(crate) samples: u64,
    /// Swaps and vertical blanks so far.
    pub(crate) counts: [u64; 2],
    /// Visibility queries that are open, and those of them that saw something.
    pub(crate) queries: [u64; 2],
    /// Where the shaders were loaded to.
    pub(crate) shader_starts: [u32; 2],
    /// The backend's EDRAM, where it has one to give.
    pub(crate) edram: Vec<u32>,
    /// The pass whose first rectangles were drawn last.
    pub(crate) pass: u64,
}

/// The ring; see `processor::stream::Ring`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RingState {
    pub(crate) base: u32,
    pub(crate) words: u32,
    pub(crate) read: u32,
    pub(crate) write: u32,
    pub(crate) stalled: bool,
    pub(crate) write_back: Option<u32>,
    pub(crate) block_words: u32,
    pub(crate) skip: u32,
}

/// The display controller; see `processor::display::Display`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DisplayState {
    pub(crate) next_vblank: Option<u64>,
    pub(crate) period: u64,
    pub(crate) start: u64,
    pub(crate) gamma: Vec<u32>,
    pub(crate) gamma_linear: Vec<u32>,
    pub(crate) component: u32,
}

impl Event {
    /// The end of a recording that was interrupted in the midst of a draw.
    pub const CUT_SHORT: Self = Self::End { backend: String::new(), digest: [0; 16] };

    /// The end of a recording that `backend` drew.
    pub fn end(backend: &str, digest: [u8; 16]) -> Self {
        Self::End { backend: backend.to_owned(), digest }
    }

    /// What it is, in a line.
    pub fn describe(&self) -> String {
        match self {
            Self::Start(state) => format!(
                "start at {} swaps, {} shaders, {} words of EDRAM",
                state.counts[0],
                state.shaders.iter().flatten().count(),
                state.edram.len()
            ),
            Self::Memory { at, bytes } => format!("memory {at:#010x}, {} bytes", bytes.len()),
            Self::InitializeRing { physical, size_log2 } => {
                format!("ring at {physical:#010x}, 2^{size_log2} quadwords")
            }
            Self::WriteBack { physical, block_log2 } => {
                format!("read index to {physical:#010x} every 2^{block_log2} quadwords")
            }
            Self::Store { index, value, now } => {
                format!("store {} at {now}", crate::registers::describe(*index, *value))
            }
            Self::VblankPeriod { ticks } => format!("{ticks} ticks between vertical blanks"),
            Self::Pump { now } => format!("time {now}"),
            Self::End { backend, .. } if backend.is_empty() => "end, in the midst of a draw".to_owned(),
            Self::End { backend, digest } => {
                format!("end, digest {:032x} with {backend}", u128::from_be_bytes(*digest))
            }
        }
    }
}
