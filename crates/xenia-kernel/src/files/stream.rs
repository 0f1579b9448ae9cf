//! What transfers need of an open file: they have it without the lock of the file table, so that a
//! host which takes its time for one file stops nobody who opens another.
//!
//! Transfers at a handle's position, and all those of a synchronous handle, take turns, as NT has
//! it. So do those who write one file, by whatever handle: a write that adds to the end does it
//! where the end is. Reading takes no turn with writing.

use super::rights::{access, options};
use crate::status::failure::Fallible;
use crate::vfs::FileData;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};
use xenia_guest::NtStatus;
use xenia_sync::{Level, Mutex, MutexGuard};

/// See the module's documentation.
pub struct Stream {
    data: Option<Box<dyn FileData>>,
    position: AtomicU64,
    mode: AtomicU32,
    /// Specific [`access`](super::access) rights.
    pub(super) rights: u32,
    /// Bytes of a sector of its volume.
    pub(super) sector: u64,
    turn: Mutex<()>,
    writers: WritersTurn,
}

/// The turn of those who write one file.
pub(super) type WritersTurn = Arc<Mutex<()>>;

/// Nobody's turn yet. Taken after a handle's.
pub(super) fn writers_turn() -> WritersTurn {
    Arc::new(Mutex::numbered(Level::Files, 2, ()))
}

impl Stream {
    pub(super) fn new(
        data: Option<Box<dyn FileData>>,
        (rights, mode): (u32, u32),
        sector: u64,
        writers: WritersTurn,
    ) -> Self {
        let turn = Mutex::numbered(Level::Files, 1, ());
        Self { data, position: AtomicU64::new(0), mode: AtomicU32::new(mode), rights, sector, turn, writers }
    }

    /// Contents; `None`: a directory or device.
    pub fn data(&self) -> Option<&dyn FileData> {
        self.data.as_deref()
    }

    /// Where the next access without an offset begins.
    pub fn position(&self) -> u64 {
        self.position.load(Relaxed)
    }

    /// Moves the position.
    pub fn set_position(&self, position: u64) {
        self.position.store(position, Relaxed);
    }

    /// How it is accessed: bits of [`options::MODE`].
    pub fn mode(&self) -> u32 {
        self.mode.load(Relaxed)
    }

    /// Changes how it is accessed.
    pub fn set_mode(&self, mode: u32) {
        self.mode.store(mode, Relaxed);
    }

    /// Whether requests return when they are complete, instead of `PENDING`.
    pub fn is_synchronous(&self) -> bool {
        self.mode() & options::SYNCHRONOUS != 0
    }

    /// Refuses what one of these rights is needed for, if it has none of them.
    pub fn require(&self, rights: u32) -> Fallible<()> {
        if self.rights & rights == 0 { Err(NtStatus::ACCESS_DENIED.into()) } else { Ok(()) }
    }

    /// Whether this handle may change the contents.
    pub fn may_write(&self) -> bool {
        self.rights & (access::WRITE_DATA | access::APPEND_DATA) != 0
    }

    /// Bytes that its position, and unbuffered transfers, are multiples of.
    pub fn granularity(&self) -> u64 {
        if self.mode() & options::NO_INTERMEDIATE_BUFFERING == 0 { 1 } else { self.sector }
    }

    /// The handle's turn, if a transfer at this offset needs it.
    pub(super) fn take_turn(&self, offset: Option<u64>) -> Option<MutexGuard<'_, ()>> {
        (self.is_synchronous() || Self::is_position(offset)).then(|| self.turn.lock())
    }

    /// The file's turn for writing.
    pub(super) fn take_writers_turn(&self) -> MutexGuard<'_, ()> {
        self.writers.lock()
    }

    /// Whether an offset means the position. NT reserves one for that, beside none.
    pub(super) fn is_position(offset: Option<u64>) -> bool {
        const USE_POSITION: u64 = 0xFFFF_FFFF_FFFF_FFFE;
        matches!(offset, None | Some(USE_POSITION))
    }
}
