//! Memory that gdb watches: bytes of which each change is seen, also one by the kernel.
//!
//! A machine that can go back finds the changes by [stretches](super::scan); another one compares
//! the bytes after every instruction. Without watches nothing is compared.

use xenia_cpu::StoredBytes;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Limit of watches at a time.
const MAX_WATCHES: usize = 16;

/// Limit of a watch's length in bytes.
const MAX_LENGTH: u32 = 4096;

/// Watched bytes and their last value.
#[derive(Debug)]
struct WatchedBytes {
    at: u32,
    value: Vec<u8>,
}

/// The memory that gdb watches ([module documentation](self)).
#[derive(Debug, Default)]
pub(super) struct Watches(Vec<WatchedBytes>);

/// The bytes at an address, if all of them are mapped.
fn read(memory: &GuestMemory, at: u32, len: usize) -> Option<Vec<u8>> {
    let mut value = vec![0; len];
    memory.read_bytes(GuestAddr(at), &mut value).ok().map(|()| value)
}

impl Watches {
    /// Whether nothing is watched.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The watched bytes.
    pub(super) fn ranges(&self) -> Vec<StoredBytes> {
        let range =
            |watch: &WatchedBytes| StoredBytes { addr: GuestAddr(watch.at), size: watch.value.len() as u32 };
        self.0.iter().map(range).collect()
    }

    /// Adds a watch. Returns `false` if memory is not mapped there, or at a limit.
    pub(super) fn insert(&mut self, memory: &GuestMemory, at: u32, len: u32) -> bool {
        if self.0.len() >= MAX_WATCHES || len > MAX_LENGTH {
            return false;
        }
        let value = read(memory, at, len as usize);
        value.map(|value| self.0.push(WatchedBytes { at, value })).is_some()
    }

    /// Removes a watch. Returns whether there was one.
    pub(super) fn remove(&mut self, at: u32, len: u32) -> bool {
        let found = self.0.iter().position(|watch| watch.at == at && watch.value.len() == len as usize);
        found.map(|index| self.0.swap_remove(index)).is_some()
    }

    /// Address of a watch whose bytes have changed since the last call. Memory that the title has
    /// unmapped has not changed.
    pub(super) fn changed(&mut self, memory: &GuestMemory) -> Option<u32> {
        let mut changed = None;
        for watch in &mut self.0 {
            match read(memory, watch.at, watch.value.len()) {
                Some(value) if value != watch.value => {
                    watch.value = value;
                    changed.get_or_insert(watch.at);
                }
                _ => {}
            }
        }
        changed
    }
}
