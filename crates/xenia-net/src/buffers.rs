//! Buffers of socket calls in guest memory (scatter/gather lists).

use super::WsaError;
use serde::{Deserialize, Serialize};
use xenia_guest::Buffer;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Maximum number of buffers in one call.
pub(crate) const MAX_BUFFERS: u32 = 64;

/// Buffers in guest memory, used one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffers(Vec<Buffer>);

impl Buffers {
    /// A list of a single buffer.
    pub fn one(buffer: Buffer) -> Self {
        Self(vec![buffer])
    }

    /// Reads an array of `WSABUF`s (lengths and pointers).
    pub fn read(memory: &GuestMemory, at: GuestAddr, count: u32) -> Result<Self, WsaError> {
        if count == 0 || count > MAX_BUFFERS {
            return Err(WsaError::INVALID);
        }
        let piece = |index: u32| -> Result<_, MemoryFault> {
            let at = at.offset(8 * index);
            Ok(Buffer { length: memory.read(at)?, at: memory.read(at.offset(4))? })
        };
        Ok(Self((0..count).map(piece).collect::<Result<_, _>>()?))
    }

    /// Validates a list that comes from a saved state.
    pub(super) fn is_valid(&self) -> bool {
        let Self(buffers) = self;
        buffers.len() <= MAX_BUFFERS as usize
    }

    /// Total length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.0.iter().map(|buffer| u64::from(buffer.length)).sum()
    }

    /// Returns the parts of the buffers that follow the first `skip` bytes.
    fn parts(&self, skip: u64) -> impl Iterator<Item = Buffer> {
        let mut skip = skip;
        self.0.iter().filter_map(move |buffer| {
            // A larger number skips any buffer whole.
            let (gone, left) = buffer.split(u32::try_from(skip).unwrap_or(u32::MAX));
            skip -= u64::from(gone.length);
            (left.length > 0).then_some(left)
        })
    }

    /// Reads at most `limit` bytes from offset `skip` on.
    pub(super) fn load(&self, memory: &GuestMemory, skip: u64, limit: u32) -> Result<Vec<u8>, MemoryFault> {
        let mut bytes = Vec::new();
        for Buffer { at, length } in self.parts(skip) {
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
        for Buffer { at, length } in self.parts(skip) {
            let (now, rest) = bytes.split_at(bytes.len().min(length as usize));
            memory.write_bytes(at, now)?;
            bytes = rest;
        }
        Ok(())
    }
}
