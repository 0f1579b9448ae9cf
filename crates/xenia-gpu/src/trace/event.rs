//! Events of a trace: the calls made to a command processor, and the memory that it read.
//!
//! They are the file's format: a change of them raises `VERSION` in `file.rs`. Values of a file are
//! not trusted: the player checks them.

use serde::{Deserialize, Serialize};

/// Event of a trace, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TraceEvent {
    /// State of the processor when recording began; the first event.
    Start(Box<ProcessorState>),
    /// Bytes that the chip is about to read.
    Memory { at: u32, bytes: Vec<u8> },
    /// A call of `CommandProcessor::initialize_ring`.
    InitializeRing {
        physical: u32,
        /// Log2 of the size in quadwords.
        size_log2: u32,
    },
    /// A call of `CommandProcessor::enable_rptr_writeback`.
    WriteBack {
        physical: u32,
        /// Log2 of the quadwords between updates.
        block_log2: u32,
    },
    /// A store to the MMIO window.
    Store {
        index: u32,
        value: u32,
        /// Guest time in ticks.
        now: u64,
    },
    /// A call of `CommandProcessor::set_vblank_period`.
    VblankPeriod {
        /// Period in ticks.
        ticks: u64,
    },
    /// A call of `CommandProcessor::pump`.
    Pump {
        /// Guest time in ticks.
        now: u64,
    },
    /// End of the trace, with a digest of the processor, which is valid for the named backend. The
    /// digest is not valid if a draw was cancelled during recording.
    End {
        /// Name of the backend; empty if the digest is not valid.
        backend: String,
        /// FNV-1a (128 bits) of the data from `CommandProcessor::digest`.
        digest: [u8; 16],
    },
}

/// Snapshot of a command processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessorState {
    pub registers: Vec<u32>,
    pub(crate) ring: Option<RingState>,
    /// Active indirect buffers: base, next word, end.
    pub(crate) lists: Vec<[u32; 3]>,
    /// Clock in chip cycles.
    pub(crate) cycles: u64,
    /// Condition of the current wait: the first words of `WAIT_REG_MEM`.
    pub(crate) waiting: Option<[u32; 4]>,
    /// Front buffer that waits for the vertical blank: address, width, height.
    pub(crate) flip: Option<[u32; 3]>,
    pub(crate) bins: [u64; 2],
    /// Words of the vertex and the pixel shader.
    pub(crate) shaders: [Option<Vec<u32>>; 2],
    pub(crate) display: DisplayState,
    pub(crate) counter: u32,
    /// Passed samples, as reports store them.
    pub(crate) samples: u64,
    /// Number of swaps and of vertical blanks so far.
    pub(crate) counts: [u64; 2],
    /// Two sets of visibility queries, a bit each: the open ones; and open ones that have found
    /// something, with ended ones that have found nothing.
    pub(crate) queries: [u64; 2],
    /// Start addresses of the shaders in instruction memory.
    pub(crate) shader_starts: [u32; 2],
    /// The backend's EDRAM, if it has one.
    pub(crate) edram: Vec<u32>,
    /// Pass of the last rectangles that were charged for fill.
    pub(crate) pass: u64,
    /// Guest time of the last poll of the current wait.
    pub(crate) last_poll: u64,
}

/// State of the ring buffer; see `processor::stream::Ring`.
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

/// State of the display controller; see `processor::display::Display`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DisplayState {
    pub(crate) next_vblank: Option<u64>,
    pub(crate) period: u64,
    pub(crate) start: u64,
    pub(crate) gamma: Vec<u32>,
    pub(crate) gamma_linear: Vec<u32>,
    pub(crate) component: u32,
}

impl TraceEvent {
    /// End of a recording in which a draw was cancelled.
    pub const CUT_SHORT: Self = Self::End { backend: String::new(), digest: [0; 16] };

    /// Creates the end of a recording that `backend` drew.
    pub fn end(backend: &str, digest: [u8; 16]) -> Self {
        Self::End { backend: backend.to_owned(), digest }
    }

    /// Formats the event in one line.
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
