//! Transfers between open files and guest memory, without the lock of the file table: within the
//! call, or later on a worker thread.

use super::Stream;
use super::rights::{access, options};
use crate::status::failure::{Failure, Fallible};
use xenia_guest::{Buffer, GuestAddr, NtStatus, PAGE_SIZE};
use xenia_memory::{AccessKind, FaultKind, FileReadError, GuestMemory, MemoryFault};
use xenia_vfs::{FileData, VfsError};

/// Bytes copied at a time if the host cannot read directly into guest memory.
const CHUNK: u32 = 0x1_0000;
/// Rights that permit writing, each on its own.
const WRITING: u32 = access::WRITE_DATA | access::APPEND_DATA;

/// Direction of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the file to guest memory.
    Read,
    /// From guest memory to the file.
    Write,
}

/// The pieces of a scatter/gather transfer of `length` bytes with pages of 4 KiB.
pub fn scattered(pages: &[GuestAddr], length: u32) -> Vec<Buffer> {
    let starts = (0..length).step_by(PAGE_SIZE as usize);
    let piece = |at, start: u32| Buffer { at, length: PAGE_SIZE.min(length - start) };
    pages.iter().zip(starts).map(|(&page, start)| piece(page, start)).collect()
}

impl Stream {
    /// Executes a transfer. Returns the number of bytes.
    pub fn transfer(
        &self,
        memory: &GuestMemory,
        direction: Direction,
        pieces: &[Buffer],
        offset: Option<u64>,
    ) -> Fallible<u32> {
        match direction {
            Direction::Read => self.read_pieces(memory, pieces, offset),
            Direction::Write => self.write_pieces(memory, pieces, offset),
        }
    }

    /// Refuses a transfer for an error of its call: a missing right, a negative offset, or parts of
    /// sectors.
    pub(super) fn check_call(
        &self,
        direction: Direction,
        pieces: &[Buffer],
        offset: Option<u64>,
    ) -> Fallible<()> {
        let Some(data) = self.data() else { return Ok(()) };
        self.require_direction(direction)?;
        let begin = self.begin(offset);
        self.check_offset(direction, begin)?;
        let begin = match direction {
            Direction::Write if self.appends(begin) => match data.size() {
                Ok(size) => size,
                // The failure occurs again in the transfer, which reports it.
                Err(_) => return Ok(()),
            },
            _ => begin,
        };
        self.check_sectors(begin, total(pieces))
    }

    /// Refuses a transfer that the file system would refuse before it is left for later, as on a
    /// console, where the file system checks it before it calls the drive.
    pub(super) fn admit(&self, direction: Direction, offset: u64) -> Fallible<()> {
        let data = self.check(direction)?;
        let is_behind = direction == Direction::Read && offset >= data.size()?;
        if is_behind { Err(NtStatus::END_OF_FILE.into()) } else { Ok(()) }
    }

    /// The contents, if the handle has the right for this direction.
    fn check(&self, direction: Direction) -> Fallible<&dyn FileData> {
        let Some(data) = self.data() else { return Err(NtStatus::INVALID_DEVICE_REQUEST.into()) };
        self.require_direction(direction)?;
        Ok(data)
    }

    /// Fails unless the handle has the right for this direction.
    fn require_direction(&self, direction: Direction) -> Fallible<()> {
        self.require(match direction {
            Direction::Read => access::READ_DATA | access::EXECUTE,
            Direction::Write => WRITING,
        })
    }

    /// Refuses a negative offset, except for the one value that means the end of the file in a
    /// write.
    fn check_offset(&self, direction: Direction, offset: u64) -> Fallible<()> {
        let is_end = direction == Direction::Write && self.appends(offset);
        if is_end || i64::try_from(offset).is_ok() { Ok(()) } else { Err(NtStatus::INVALID_PARAMETER.into()) }
    }

    /// Whether a write at this offset appends to the file.
    fn appends(&self, offset: u64) -> bool {
        const APPEND: u64 = u64::MAX;
        offset == APPEND || self.rights & WRITING == access::APPEND_DATA
    }

    /// The actual offset of an access.
    fn begin(&self, offset: Option<u64>) -> u64 {
        offset.filter(|_| !Self::is_position(offset)).unwrap_or_else(|| self.position())
    }

    /// Checks that a transfer which must consist of whole sectors does.
    fn check_sectors(&self, begin: u64, length: u32) -> Fallible<()> {
        let unit = self.granularity();
        if begin.is_multiple_of(unit) && u64::from(length).is_multiple_of(unit) {
            return Ok(());
        }
        Err(NtStatus::INVALID_PARAMETER.into())
    }

    /// Advances the position after an access.
    fn advance(&self, offset: Option<u64>, end: u64) {
        if self.is_synchronous() || offset.is_none() {
            self.set_position(end);
        }
    }

    /// Reads into guest memory, up to the end of the file. Returns the number of bytes;
    /// `END_OF_FILE` if a non-empty range begins at or after the end of the file.
    pub fn read(
        &self,
        memory: &GuestMemory,
        at: GuestAddr,
        length: u32,
        offset: Option<u64>,
    ) -> Fallible<u32> {
        self.read_pieces(memory, &[Buffer { at, length }], offset)
    }

    fn read_pieces(&self, memory: &GuestMemory, pieces: &[Buffer], offset: Option<u64>) -> Fallible<u32> {
        let _turn = self.take_turn(offset);
        let begin = self.begin(offset);
        let data = self.check(Direction::Read)?;
        self.check_offset(Direction::Read, begin)?;
        self.check_sectors(begin, total(pieces))?;
        let mut done = 0;
        for &piece in pieces {
            let read = read_piece(data, memory, piece, begin.saturating_add(u64::from(done)))?;
            done += read;
            if read < piece.length {
                break;
            }
        }
        if done == 0 && pieces.iter().any(|piece| piece.length > 0) {
            return Err(NtStatus::END_OF_FILE.into());
        }
        self.advance(offset, begin.saturating_add(u64::from(done)));
        Ok(done)
    }

    /// Writes from guest memory. Returns the number of bytes: all, or an error before the first
    /// byte if the file cannot be extended.
    pub fn write(
        &self,
        memory: &GuestMemory,
        at: GuestAddr,
        length: u32,
        offset: Option<u64>,
    ) -> Fallible<u32> {
        self.write_pieces(memory, &[Buffer { at, length }], offset)
    }

    fn write_pieces(&self, memory: &GuestMemory, pieces: &[Buffer], offset: Option<u64>) -> Fallible<u32> {
        let _turn = self.take_turn(offset);
        let position = self.begin(offset);
        let data = self.check(Direction::Write)?;
        self.check_offset(Direction::Write, position)?;
        let _writer = self.take_writers_turn();
        let size = data.size()?;
        let begin = if self.appends(position) { size } else { position };
        let length = total(pieces);
        self.check_sectors(begin, length)?;
        for &piece in pieces {
            check_committed(memory, piece.at, piece.length)?;
        }
        let end = begin.checked_add(u64::from(length)).ok_or(VfsError::Full)?;
        let grows = length > 0 && end > size;
        let mut at = begin;
        // In parts, so that other threads can use the file between them.
        while length > 0 && matches!(data.prepare(), Ok(false)) {}
        // Extend the file before the first byte, so that a full disk does not receive half of the
        // data. A single small write fails as a whole anyway.
        let at_once = matches!(pieces, [_]) && length <= CHUNK;
        let room = if grows && !at_once { data.make_room(end) } else { Ok(()) };
        let written = room.map_err(Failure::from).and_then(|()| {
            let written = pieces.iter().try_for_each(|&piece| write_piece(data, memory, piece, &mut at));
            if written.is_err() && grows {
                data.make_room(size)?;
            }
            written
        });
        if let Err(failure) = written {
            data.note_missed(begin..end);
            return Err(failure);
        }
        if self.mode() & options::WRITE_THROUGH != 0 {
            data.flush()?;
        }
        self.advance(offset, end);
        Ok(length)
    }

    /// Performs a part of the preparation for the first write, if that is long. Returns whether the
    /// preparation is complete.
    pub fn prepare(&self) -> Fallible<bool> {
        let Some(data) = self.data().filter(|_| self.may_write()) else { return Ok(true) };
        let _writer = self.take_writers_turn();
        Ok(data.prepare()?)
    }

    /// Sets the file's size.
    pub fn set_size(&self, size: u64) -> Fallible<()> {
        let Some(data) = self.data() else { return Err(NtStatus::INVALID_DEVICE_REQUEST.into()) };
        self.require(access::WRITE_DATA)?;
        let _writer = self.take_writers_turn();
        Ok(data.set_size(size)?)
    }

    /// Sets the file's size; returns whether it has changed.
    pub fn resize(&self, size: u64) -> Fallible<bool> {
        if i64::try_from(size).is_err() {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        let changes = self.data().map(FileData::size).transpose()? != Some(size);
        self.set_size(size)?;
        Ok(changes)
    }

    /// Flushes writes to the host's disk.
    pub fn flush(&self) -> Fallible<()> {
        let Some(data) = self.data() else { return Ok(()) };
        let _writer = self.take_writers_turn();
        Ok(data.flush()?)
    }
}

/// Total size of all pieces.
fn total(pieces: &[Buffer]) -> u32 {
    pieces.iter().fold(0, |sum, piece| sum.wrapping_add(piece.length))
}

/// Writes one piece at `offset` and advances `offset`.
fn write_piece(data: &dyn FileData, memory: &GuestMemory, piece: Buffer, offset: &mut u64) -> Fallible<()> {
    let Buffer { at, length } = piece;
    let mut buffer = vec![0; CHUNK.min(length) as usize];
    let mut done = 0;
    while done < length {
        let bytes = &mut buffer[..CHUNK.min(length - done) as usize];
        memory.read_bytes(at.offset(done), bytes)?;
        data.write_at(*offset, bytes)?;
        done += bytes.len() as u32;
        *offset = offset.saturating_add(bytes.len() as u64);
    }
    Ok(())
}

/// Reads one piece at `offset`: fewer bytes only at the end of the file.
fn read_piece(data: &dyn FileData, memory: &GuestMemory, piece: Buffer, offset: u64) -> Fallible<u32> {
    let Buffer { at, length } = piece;
    // Hosts refuse offsets that no file can have; for a guest they are beyond the end of the file.
    // A read finds the end of the file itself.
    let possible = offset.checked_add(length.into()).is_some_and(|end| i64::try_from(end).is_ok());
    if !possible && offset >= data.size()? {
        check_committed(memory, at, length)?;
        return Ok(0);
    }
    if let Some(file) = data.host_file() {
        return memory.read_file_into(at, length, file, offset).map_err(|error| match error {
            FileReadError::Fault(fault) => fault.into(),
            FileReadError::Io { source, .. } => VfsError::from(source).into(),
        });
    }
    check_committed(memory, at, length)?;
    let mut buffer = vec![0; CHUNK.min(length) as usize];
    let mut done = 0;
    while done < length {
        let bytes = &mut buffer[..CHUNK.min(length - done) as usize];
        let read = data.read_at(offset.saturating_add(u64::from(done)), bytes)?;
        if read > 0 {
            memory.write_bytes(at.offset(done), &bytes[..read])?;
        }
        done += read as u32;
        if read < bytes.len() {
            break;
        }
    }
    Ok(done)
}

/// Checks that a range of guest memory is committed, before any side effect.
fn check_committed(memory: &GuestMemory, at: GuestAddr, length: u32) -> Fallible<()> {
    if length == 0 {
        return Ok(());
    }
    let unmapped = |addr| MemoryFault { addr, kind: FaultKind::Unmapped, access: AccessKind::Load };
    let last = at.0.checked_add(length - 1).ok_or_else(|| unmapped(GuestAddr(u32::MAX)))?;
    for page in at.0 / PAGE_SIZE..=last / PAGE_SIZE {
        let addr = GuestAddr((page * PAGE_SIZE).max(at.0));
        if !memory.is_committed(addr) {
            return Err(unmapped(addr).into());
        }
    }
    Ok(())
}
