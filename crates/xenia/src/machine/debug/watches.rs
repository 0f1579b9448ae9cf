//! Memory that gdb watches: detects every change of its bytes, including changes by the kernel, or
//! every load by the title.
//!
//! A machine that can go back finds the accesses by [stretches](super::scan); other machines
//! compare the bytes after every instruction, and cannot detect loads. Without watches nothing is
//! compared.

use xenia_cpu::{WatchedAccess, WatchedRange};
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
    access: WatchedAccess,
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
    pub(super) fn ranges(&self) -> Vec<WatchedRange> {
        let range = |watch: &WatchedBytes| WatchedRange {
            addr: GuestAddr(watch.at),
            size: watch.value.len() as u32,
            access: watch.access,
        };
        self.0.iter().map(range).collect()
    }

    /// Whether loads are watched.
    pub(super) fn has_loads(&self) -> bool {
        self.0.iter().any(|watch| watch.access != WatchedAccess::Change)
    }

    /// Adds a watch. Returns `false` if memory is not mapped there, or at a limit.
    pub(super) fn insert(&mut self, memory: &GuestMemory, at: u32, len: u32, access: WatchedAccess) -> bool {
        if self.0.len() >= MAX_WATCHES || len > MAX_LENGTH {
            return false;
        }
        let value = read(memory, at, len as usize);
        value.map(|value| self.0.push(WatchedBytes { at, value, access })).is_some()
    }

    /// Removes a watch. Returns whether there was one.
    pub(super) fn remove(&mut self, at: u32, len: u32, access: WatchedAccess) -> bool {
        let found = self
            .0
            .iter()
            .position(|watch| watch.at == at && watch.value.len() == len as usize && watch.access == access);
        found.map(|index| self.0.swap_remove(index)).is_some()
    }

    /// Address of a watch that stops at changes and whose bytes have changed since the last call,
    /// and its accesses. Memory that the title has unmapped has not changed.
    pub(super) fn find_change(&mut self, memory: &GuestMemory) -> Option<(u32, WatchedAccess)> {
        let mut changed = None;
        for watch in &mut self.0 {
            match read(memory, watch.at, watch.value.len()) {
                Some(value) if value != watch.value => {
                    watch.value = value;
                    if watch.access != WatchedAccess::Load {
                        changed.get_or_insert((watch.at, watch.access));
                    }
                }
                _ => {}
            }
        }
        changed
    }
}
