//! Streams: the part of an open file that transfers use without the lock of the file table, so that
//! slow host I/O does not block opens of other files.
//!
//! Transfers at a handle's position, and all transfers of a synchronous handle, are serialized, as
//! on NT. Writers of one file are serialized across handles, so that an append sees the current end
//! of the file. Reads are not serialized with writes.

use super::PortKey;
use super::rights::{access, options};
use crate::status::failure::Fallible;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};
use xenia_guest::NtStatus;
use xenia_sync::{Level, Mutex, MutexGuard};
use xenia_vfs::FileData;

/// How a transfer may pend: whether its call may return `PENDING`, and the transfer be executed
/// after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pends {
    /// It is executed in its call, which returns its result.
    Never,
    /// It is executed in its call, which may return `PENDING`: it moves the handle's position.
    InCall,
    /// It may be executed later, at this offset.
    Later(u64),
}

/// Contents, position and rights of an open file.
pub struct Stream {
    data: Option<Box<dyn FileData>>,
    position: AtomicU64,
    mode: AtomicU32,
    /// Specific [`access`](super::access) rights of the handle.
    pub(super) rights: u32,
    /// Sector size of its volume in bytes.
    pub(super) sector: u64,
    /// Whether the contents are the bytes of a partition.
    pub(super) is_raw: bool,
    /// The completion port for its requests.
    port: OnceLock<PortKey>,
    turn: Mutex<()>,
    writers: WritersTurn,
}

/// Lock that serializes the writers of one file.
pub(super) type WritersTurn = Arc<Mutex<()>>;

/// Makes the lock of a file's writers. It is taken after a handle's lock.
pub(super) fn writers_turn() -> WritersTurn {
    Arc::new(Mutex::numbered(Level::Files, 2, ()))
}

impl Stream {
    pub(super) fn new(
        data: Option<Box<dyn FileData>>,
        rights: u32,
        mode: u32,
        sector: u64,
        writers: WritersTurn,
    ) -> Self {
        let turn = Mutex::numbered(Level::Files, 1, ());
        let position = AtomicU64::new(0);
        let mode = AtomicU32::new(mode);
        let port = OnceLock::new();
        Self { data, position, mode, rights, sector, is_raw: false, port, turn, writers }
    }

    /// A stream of these contents.
    pub(super) fn with(self, data: Option<Box<dyn FileData>>) -> Self {
        Self { data, ..self }
    }

    /// A stream at this position.
    pub(super) fn at(self, position: u64) -> Self {
        Self { position: AtomicU64::new(position), ..self }
    }

    /// A stream whose requests are reported to this port, if any.
    pub(super) fn with_port(self, port: Option<PortKey>) -> Self {
        Self { port: port.map(OnceLock::from).unwrap_or_default(), ..self }
    }

    /// A stream of the bytes of a partition.
    pub(super) fn raw(self) -> Self {
        Self { is_raw: true, ..self }
    }

    /// Contents; `None` for a directory or device.
    pub fn data(&self) -> Option<&dyn FileData> {
        self.data.as_deref()
    }

    /// Offset of the next access without an explicit offset.
    pub fn position(&self) -> u64 {
        self.position.load(Relaxed)
    }

    /// Sets the position.
    pub fn set_position(&self, position: u64) {
        self.position.store(position, Relaxed);
    }

    /// Access mode: bits of [`options::MODE`].
    pub fn mode(&self) -> u32 {
        self.mode.load(Relaxed)
    }

    pub fn set_mode(&self, mode: u32) {
        self.mode.store(mode, Relaxed);
    }

    /// The completion port for its requests.
    pub fn port(&self) -> Option<PortKey> {
        self.port.get().copied()
    }

    /// Sets the completion port. Returns `false` if there is one already.
    #[must_use]
    pub fn set_port(&self, port: PortKey) -> bool {
        self.port.set(port).is_ok()
    }

    /// Whether the handle was opened for synchronous access.
    pub fn is_synchronous(&self) -> bool {
        self.mode() & options::SYNCHRONOUS != 0
    }

    /// Whether transfers bypass the cache: unbuffered ones, and those of a partition.
    fn is_unbuffered(&self) -> bool {
        self.is_raw || self.mode() & options::NO_INTERMEDIATE_BUFFERING != 0
    }

    /// How a transfer of data at this offset may pend. File systems copy buffered data from and to
    /// their cache within the call.
    pub(super) fn pends(&self, offset: Option<u64>) -> Pends {
        match offset {
            _ if self.is_synchronous() || !self.is_unbuffered() => Pends::Never,
            Some(at) if !Self::is_position(offset) => Pends::Later(at),
            _ => Pends::InCall,
        }
    }

    /// Fails unless the handle has one of these rights.
    pub fn require(&self, rights: u32) -> Fallible<()> {
        if self.rights & rights == 0 { Err(NtStatus::ACCESS_DENIED.into()) } else { Ok(()) }
    }

    /// Whether this handle can change the contents.
    pub fn may_write(&self) -> bool {
        self.rights & (access::WRITE_DATA | access::APPEND_DATA) != 0
    }

    /// Alignment of the position and of transfers, in bytes: sectors in unbuffered transfers and in
    /// those of a partition.
    pub fn granularity(&self) -> u64 {
        if self.is_unbuffered() { self.sector } else { 1 }
    }

    /// Size in bytes of the partition whose bytes these are, if they are a partition's.
    pub fn partition_size(&self) -> Fallible<Option<u64>> {
        match &self.data {
            Some(data) if self.is_raw => Ok(Some(data.size()?)),
            _ => Ok(None),
        }
    }

    /// Locks the handle, if a transfer at this offset needs it.
    pub(super) fn take_turn(&self, offset: Option<u64>) -> Option<MutexGuard<'_, ()>> {
        (self.is_synchronous() || Self::is_position(offset)).then(|| self.turn.lock())
    }

    /// Locks the file for writing.
    pub(super) fn take_writers_turn(&self) -> MutexGuard<'_, ()> {
        self.writers.lock()
    }

    /// Whether an offset means the handle's position: no offset, or the one that NT reserves for
    /// it.
    pub(super) fn is_position(offset: Option<u64>) -> bool {
        const USE_POSITION: u64 = 0xFFFF_FFFF_FFFF_FFFE;
        matches!(offset, None | Some(USE_POSITION))
    }
}
