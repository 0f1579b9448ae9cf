//! Physical memory as the graphics chip sees it.
//!
//! The chip addresses 512 MiB of physical memory and has no page protection. It also reads vertices
//! and indices that the title keeps locked in the second-level cache, not backed by memory. All
//! accesses of this crate to guest memory go through [`PhysicalMemory`], so for a trace or a test,
//! [`Ram`] can replace a whole machine.

use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, Watch, physical_to_view};

pub use xenia_guest::{PAGE_SIZE, PHYSICAL_SIZE};

/// Range of memory. Its addresses are as in [`PhysicalMemory`]: physical ones, modulo
/// [`PHYSICAL_SIZE`], or [locked](is_locked) ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalRange {
    /// Address of the first byte.
    pub start: u32,
    /// Number of bytes.
    pub length: u32,
}

/// Memory that is locked in the second-level cache. It has the same addresses for the chip as for
/// processors.
const LOCKED: PhysicalRange = PhysicalRange { start: 0x7f10_0000, length: 0x10_0000 };

/// Whether an address is in the memory that is locked in the second-level cache.
pub const fn is_locked(address: u32) -> bool {
    address.wrapping_sub(LOCKED.start) < LOCKED.length
}

/// Converts an address in a buffer to a bus address: a physical address, unless the memory is
/// locked in the second-level cache.
pub const fn address_on_bus(address: u32) -> u32 {
    if is_locked(address) { address } else { address & (PHYSICAL_SIZE - 1) }
}

/// Memory by physical address. Addresses are taken modulo [`PHYSICAL_SIZE`], except for
/// [locked](is_locked) ones; reads of unmapped memory return zeros and writes to it are dropped, as
/// on a bus without a responding device.
pub trait PhysicalMemory: Send + Sync {
    /// Reads bytes into a slice.
    fn read(&self, physical: u32, into: &mut [u8]);
    /// Writes bytes with release semantics: readers that see them also see everything written
    /// before.
    fn write(&self, physical: u32, from: &[u8]);
    /// Returns a version that changes after any byte of the range has been written since the last
    /// [`track`](Self::track) of it. Only meaningful for tracked ranges.
    fn version(&self, physical: u32, length: u32) -> u64;
    /// Starts tracking the range until its first write and returns the version of contents read
    /// after this call. `None` if writes can't be tracked; data derived from the range must not be
    /// cached then.
    fn track(&self, physical: u32, length: u32) -> Option<u64>;

    /// Counter that changes whenever any version changes, so that a caller who sees it unchanged
    /// can skip comparing versions. `None` if the memory has no such counter.
    fn epoch(&self) -> Option<u64> {
        None
    }

    /// Reads a 32-bit big-endian value at a multiple of four.
    fn read_u32(&self, physical: u32) -> u32 {
        let mut bytes = [0; 4];
        self.read(physical, &mut bytes);
        u32::from_be_bytes(bytes)
    }

    /// Writes a 32-bit value in big-endian order.
    fn write_u32(&self, physical: u32, value: u32) {
        self.write(physical, &value.to_be_bytes());
    }

    /// Reads consecutive big-endian words.
    fn read_words(&self, physical: u32, into: &mut [u32]) {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(into);
        self.read(physical, bytes);
        for word in into {
            *word = u32::from_be(*word);
        }
    }
}

/// Splits a physical range at page boundaries: yields each part's address and its byte range in the
/// whole.
pub(crate) fn page_parts(physical: u32, length: usize) -> impl Iterator<Item = (u32, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        (at < length).then(|| {
            let address = address_on_bus(physical.wrapping_add(at as u32));
            let end = length.min(at + (PAGE_SIZE - address % PAGE_SIZE) as usize);
            let part = (address, at..end);
            at = end;
            part
        })
    })
}

/// Bytes from an address to the end of its memory.
fn bytes_ahead(address: u32) -> usize {
    let end = if is_locked(address) { LOCKED.start + LOCKED.length } else { PHYSICAL_SIZE };
    (end - address_on_bus(address)) as usize
}

/// Splits a range where its memory ends, after which it continues elsewhere: yields each part's
/// place in [`Ram`] and its byte range in the whole.
fn wrapped(physical: u32, length: usize) -> [(usize, Range<usize>); 2] {
    let place = |address: u32| match address_on_bus(address) {
        locked if is_locked(locked) => (PHYSICAL_SIZE + (locked - LOCKED.start)) as usize,
        physical => physical as usize,
    };
    let ahead = bytes_ahead(physical);
    let first = length.min(ahead);
    [(place(physical), 0..first), (place(physical.wrapping_add(ahead as u32)), first..length)]
}

/// Whether a range is contiguous, that is, doesn't wrap around.
pub(crate) fn is_contiguous(physical: u32, length: usize) -> bool {
    length <= bytes_ahead(physical)
}

/// Guest address at which the memory of an address is accessed.
fn view(physical: u32) -> GuestAddr {
    if is_locked(physical) { GuestAddr(physical) } else { physical_to_view(physical) }
}

impl PhysicalMemory for GuestMemory {
    fn read(&self, physical: u32, into: &mut [u8]) {
        if is_contiguous(physical, into.len()) && self.read_bytes(view(physical), into).is_ok() {
            return;
        }
        for (address, range) in page_parts(physical, into.len()) {
            let part = &mut into[range];
            if self.read_bytes(view(address), part).is_err() {
                part.fill(0);
            }
        }
    }

    fn write(&self, physical: u32, from: &[u8]) {
        self.fence_release();
        if is_contiguous(physical, from.len()) && self.write_bytes(view(physical), from).is_ok() {
            return;
        }
        for (address, range) in page_parts(physical, from.len()) {
            let address = view(address);
            if self.write_bytes(address, &from[range]).is_err() {
                tracing::debug!(target: "gpu", %address, "write to memory that is not there");
            }
        }
    }

    fn version(&self, physical: u32, length: u32) -> u64 {
        page_parts(physical, length as usize)
            .filter_map(|(address, _)| Self::page_index(view(address)))
            .fold(0, |sum: u64, page| sum.wrapping_add(u64::from(self.page_version(page))))
    }

    fn epoch(&self) -> Option<u64> {
        Some(Self::epoch(self))
    }

    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        // Before the watch: a write in between makes the version stale, and is not lost.
        let version = self.version(physical, length);
        if is_contiguous(physical, length as usize)
            && let Ok(watch) = self.watch(view(physical), length)
        {
            return (watch == Watch::Protected).then_some(version);
        }
        for (address, range) in page_parts(physical, length as usize) {
            // An unmapped page reads as zeros and can't be written.
            if self.watch(view(address), range.len() as u32) == Ok(Watch::Unprotected) {
                return None;
            }
        }
        Some(version)
    }
}

/// Separate memory for tests and for playing traces. It starts at physical zero; memory that is
/// locked in the second-level cache comes after all physical memory.
pub struct Ram {
    inner: RwLock<Contents>,
}

struct Contents {
    bytes: Vec<u8>,
    /// Number of writes to each page.
    versions: Vec<u32>,
    /// Number of writes to any page.
    writes: u64,
}

impl Ram {
    /// Allocates `size` zero bytes.
    pub fn new(size: usize) -> Self {
        let versions = vec![0; size.div_ceil(PAGE_SIZE as usize)];
        Self { inner: RwLock::new(Contents { bytes: vec![0; size], versions, writes: 0 }) }
    }

    /// Allocates all of the memory that the chip sees.
    pub(crate) fn whole() -> Self {
        Self::new((PHYSICAL_SIZE + LOCKED.length) as usize)
    }

    fn contents(&self) -> RwLockReadGuard<'_, Contents> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PhysicalMemory for Ram {
    fn read(&self, physical: u32, into: &mut [u8]) {
        let contents = self.contents();
        for (start, range) in wrapped(physical, into.len()) {
            let part = &mut into[range];
            let have = contents.bytes.len().saturating_sub(start).min(part.len());
            part[..have].copy_from_slice(contents.bytes.get(start..start + have).unwrap_or(&[]));
            part[have..].fill(0);
        }
    }

    fn write(&self, physical: u32, from: &[u8]) {
        let mut contents = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for (start, range) in wrapped(physical, from.len()) {
            let part = &from[range];
            let have = contents.bytes.len().saturating_sub(start).min(part.len());
            if have != 0 {
                contents.bytes[start..start + have].copy_from_slice(&part[..have]);
                contents.writes += 1;
                let page = PAGE_SIZE as usize;
                for version in &mut contents.versions[start / page..(start + have).div_ceil(page)] {
                    *version = version.wrapping_add(1);
                }
            }
        }
    }

    fn version(&self, physical: u32, length: u32) -> u64 {
        let contents = self.contents();
        let page = PAGE_SIZE as usize;
        let parts = wrapped(physical, length as usize).into_iter().flat_map(|(start, range)| {
            let pages = start / page..(start + range.len()).div_ceil(page).min(contents.versions.len());
            contents.versions.get(pages).unwrap_or(&[])
        });
        parts.map(|&version| u64::from(version)).sum()
    }

    fn epoch(&self) -> Option<u64> {
        Some(self.contents().writes)
    }

    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        Some(self.version(physical, length))
    }
}

/// Byte order of transfers between memory and the chip: the two-bit endian fields of fetch
/// constants, index buffers and packet addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Endian {
    /// No swap: least significant byte first.
    #[default]
    None,
    /// 8 in 16: exchanges the bytes of each half word.
    In16,
    /// 8 in 32: reverses all four bytes, for big-endian words.
    In32,
    /// 16 in 32: exchanges the half words.
    Half32,
}

impl Endian {
    /// All values, by number.
    pub const VALUES: &'static [Self] = &[Self::None, Self::In16, Self::In32, Self::Half32];

    /// Decodes the low two bits of a field.
    pub const fn from_bits(bits: u32) -> Self {
        match bits & 3 {
            0 => Self::None,
            1 => Self::In16,
            2 => Self::In32,
            _ => Self::Half32,
        }
    }

    /// Encodes the field.
    pub const fn bits(self) -> u32 {
        self as u32
    }

    /// Swaps the bytes of a word; the function is its own inverse.
    #[inline]
    pub const fn swap(self, word: u32) -> u32 {
        match self {
            Self::None => word,
            Self::In16 => ((word & 0x00ff_00ff) << 8) | ((word >> 8) & 0x00ff_00ff),
            Self::In32 => word.swap_bytes(),
            Self::Half32 => word.rotate_left(16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_are_their_own_inverse() {
        for (bits, expected) in [(0, 0x0102_0304), (1, 0x0201_0403), (2, 0x0403_0201), (3, 0x0304_0102)] {
            let endian = Endian::from_bits(bits);
            assert_eq!(endian.swap(0x0102_0304), expected);
            assert_eq!(endian.swap(expected), 0x0102_0304);
        }
    }

    #[test]
    fn physical_addresses_wrap_around() {
        let ram = Ram::new(0x1000);
        let end = PHYSICAL_SIZE - 4;
        let version = ram.track(PHYSICAL_SIZE - 4, 8);
        ram.write(end, &[1, 2, 3, 4, 5, 6, 7, 8]);
        let mut bytes = [9; 8];
        ram.read(0, &mut bytes[..4]);
        assert_eq!(bytes, [5, 6, 7, 8, 9, 9, 9, 9]);
        ram.read(end, &mut bytes);
        assert_eq!(bytes, [0, 0, 0, 0, 5, 6, 7, 8], "this memory has no last page");
        assert_ne!(ram.track(end, 8), version);
    }

    #[test]
    fn guest_memory_is_visible_from_every_view() {
        let memory = GuestMemory::new().unwrap();
        for heap in [xenia_memory::Heap::Physical4K, xenia_memory::Heap::Physical64K] {
            let rights = xenia_memory::Protect::READ_WRITE;
            let address = memory.alloc_physical(heap, 0x2_0000, 0x1_0000, 0, u32::MAX, rights).unwrap();
            let physical = xenia_memory::physical(address).unwrap();
            memory.write(address, 0x0102_0304_u32).unwrap();
            assert_eq!(memory.read_u32(physical), 0x0102_0304);
            let gpu: &dyn PhysicalMemory = &*memory;
            let version = gpu.track(physical, 0x2000).unwrap();
            let epoch = gpu.epoch();
            assert_eq!((gpu.version(physical, 0x2000), gpu.epoch()), (version, epoch));
            memory.write(address.offset(0x1000), 5_u32).unwrap();
            assert_ne!(gpu.version(physical, 0x2000), version);
            assert_ne!(gpu.epoch(), epoch);
            gpu.write_u32(physical + 8, 7);
            assert_eq!(memory.read(address.offset(8)), Ok(7_u32));
        }
        // Unmapped bytes read as zeros, also next to mapped ones.
        let mut bytes = [1; 8];
        PhysicalMemory::read(&*memory, PHYSICAL_SIZE - 4, &mut bytes);
        assert_eq!(bytes, [0; 8]);
    }

    #[test]
    fn memory_in_the_second_level_cache_is_seen_while_it_is_locked() {
        let heap = xenia_memory::Heap::Cache;
        assert_eq!(LOCKED, PhysicalRange { start: heap.base().0, length: heap.size() });
        let memory = GuestMemory::new().unwrap();
        let at = LOCKED.start;
        let last = LOCKED.start + LOCKED.length - 4;
        let gpu: &dyn PhysicalMemory = &*memory;
        assert_eq!(gpu.read_u32(at), 0, "not there");
        let kind = xenia_memory::AllocKind::ReserveCommit;
        let rights = xenia_memory::Protect::READ_WRITE;
        memory.alloc_fixed(heap.base(), heap.size(), kind, rights).unwrap();
        memory.write(GuestAddr(at), 5_u32).unwrap();
        memory.write(GuestAddr(last), 6_u32).unwrap();
        assert_eq!([at, last, at & (PHYSICAL_SIZE - 1)].map(|at| gpu.read_u32(at)), [5, 6, 0]);
        let version = gpu.track(at, 8).unwrap();
        memory.write(GuestAddr(at + 4), 7_u32).unwrap();
        assert_ne!(gpu.version(at, 8), version);
        let version = gpu.version(at, 8);
        memory.free(heap.base()).unwrap();
        assert_ne!((gpu.read_u32(at), gpu.version(at, 8)), (5, version), "no longer there");
    }

    #[test]
    fn locked_memory_follows_physical_memory() {
        let ram = Ram::whole();
        let last = LOCKED.start + LOCKED.length - 4;
        for (at, value) in [(LOCKED.start, 1), (last, 2), (PHYSICAL_SIZE - 4, 3), (0x1f10_0000, 4)] {
            ram.write_u32(at, value);
        }
        assert_eq!(
            [LOCKED.start, last, PHYSICAL_SIZE - 4, 0x1f10_0000].map(|at| ram.read_u32(at)),
            [1, 2, 3, 4]
        );
        assert_eq!((ram.version(LOCKED.start, 4), ram.version(LOCKED.start + 0x1000, 4)), (1, 0));
    }

    #[test]
    fn ram_ignores_what_lies_outside() {
        let ram = Ram::new(8);
        ram.write(6, &[1, 2, 3]);
        ram.write(0x100, &[1]);
        let mut out = [9; 4];
        ram.read(5, &mut out);
        assert_eq!(out, [0, 1, 2, 0]);
        ram.read(0x200, &mut out);
        assert_eq!(out, [0; 4]);
        assert_eq!(ram.version(0, 8), 1);
    }

    #[test]
    fn ram_has_a_version_per_page() {
        let ram = Ram::new(0x3000);
        ram.write(0x1ffc, &[0; 4]);
        assert_eq!([0, 0x1000, 0x2000].map(|page| ram.version(page, 0x1000)), [0, 1, 0]);
        ram.write(0x1ffe, &[0; 4]);
        assert_eq!((ram.version(0x1ffc, 8), ram.version(0x2fff, 0x1000_0000)), (3, 1));
        assert_eq!(ram.version(0x2fff, u32::MAX), 1 + 3, "and the pages from the beginning");
    }
}
