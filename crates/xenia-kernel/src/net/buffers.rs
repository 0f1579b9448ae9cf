//! The memory that a call names to send from or to receive into.

use super::WsaError;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Pieces of memory that one call may name.
pub(crate) const BUFFERS_LIMIT: u32 = 64;

/// Pieces of guest memory, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffers(Vec<(GuestAddr, u32)>);

impl Buffers {
    /// One piece.
    pub fn one(at: GuestAddr, length: u32) -> Self {
        Self(vec![(at, length)])
    }

    /// The pieces of an array of lengths and pointers.
    pub fn read(memory: &GuestMemory, at: GuestAddr, count: u32) -> Result<Self, WsaError> {
        if count == 0 || count > BUFFERS_LIMIT {
            return Err(WsaError::INVALID);
        }
        let piece = |index: u32| -> Result<_, MemoryFault> {
            let at = at.offset(8 * index);
            let length: u32 = memory.read(at)?;
            Ok((memory.read(at.offset(4))?, length))
        };
        Ok(Self((0..count).map(piece).collect::<Result<_, _>>()?))
    }

    /// Bytes of all.
    pub(super) fn length(&self) -> u64 {
        self.0.iter().map(|&(_, length)| u64::from(length)).sum()
    }

    /// The piece of memory behind the first `skip` bytes, and how much of it there is.
    fn parts(&self, skip: u64) -> impl Iterator<Item = (GuestAddr, u32)> {
        let mut skip = skip;
        self.0.iter().filter_map(move |&(at, length)| {
            let gone = skip.min(u64::from(length)) as u32;
            skip -= u64::from(gone);
            (length > gone).then(|| (at.offset(gone), length - gone))
        })
    }

    /// At most `limit` bytes from `skip` on.
    pub(super) fn load(&self, memory: &GuestMemory, skip: u64, limit: u32) -> Result<Vec<u8>, MemoryFault> {
        let mut bytes = Vec::new();
        for (at, length) in self.parts(skip) {
            let start = bytes.len();
            let length = length.min(limit - start as u32);
            bytes.resize(start + length as usize, 0);
            memory.read_bytes(at, &mut bytes[start..])?;
            if bytes.len() as u32 == limit {
                break;
            }
        }
        Ok(bytes)
    }

    pub(super) fn store(&self, memory: &GuestMemory, skip: u64, mut bytes: &[u8]) -> Result<(), MemoryFault> {
        for (at, length) in self.parts(skip) {
            let (now, rest) = bytes.split_at(bytes.len().min(length as usize));
            memory.write_bytes(at, now)?;
            bytes = rest;
        }
        Ok(())
    }
}
