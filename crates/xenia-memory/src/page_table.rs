//! The page table: one byte of flags per guest page, one version and one watch state per backing
//! page.
//!
//! It consists of atomics in arrays that never move, so engines, devices and the fault handler read
//! it without locks. Rules for changes:
//! - rights and [`COMMITTED`]: [`crate::GuestMemory`]'s mapping calls, under the heap lock, while
//!   they own the page's watch state;
//! - [`WATCHED`], [`CODE`], the host's rights and whether the page had code: the thread that owns
//!   the watch state (see `rights.rs`);
//! - versions: any thread; they only grow (modulo 2³²).

use crate::layout::{BACKING_PAGES, GUEST_PAGES, PAGE_SHIFT, guest_pages};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::*, fence};

/// Loads are allowed.
pub(crate) const READ: u8 = 0x01;
/// Stores are allowed.
pub(crate) const WRITE: u8 = 0x02;
/// A device's registers; no other flag is set.
pub(crate) const DEVICE: u8 = 0x04;
/// The page is watched: a store must bump the version.
pub(crate) const WATCHED: u8 = 0x08;
/// Memory is committed: HLE and devices may access it.
pub(crate) const COMMITTED: u8 = 0x10;

/// The watched page holds code that an engine has read. Never without [`WATCHED`].
pub(crate) const CODE: u8 = 0x80;

/// The guest view is readable on the host.
pub(crate) const HOST_READ: u8 = 0x20;
/// The guest view is writable on the host.
pub(crate) const HOST_WRITE: u8 = 0x40;
/// All flags except the host's.
pub(crate) const GUEST_FLAGS: u8 = READ | WRITE | DEVICE | WATCHED | COMMITTED | CODE;

/// Watch states of a backing page.
pub(crate) mod state {
    /// The page is not watched.
    pub(crate) const IDLE: u8 = 0;
    /// Watched: the flags say so and the guest view is write-protected.
    pub(crate) const WATCHED: u8 = 1;
    /// One thread is changing the page's flags and host rights.
    pub(crate) const OWNED: u8 = 2;
}

/// Guest pages of a chunk; the table records for each whether any of its pages ever had flags.
const CHUNK: u32 = 1024;

pub(crate) struct PageTable {
    flags: Box<[AtomicU8; GUEST_PAGES]>,
    /// By chunk: whether a page in it has or had flags. A pass over all pages skips the others.
    used: Box<[AtomicBool]>,
    versions: Box<[AtomicU32]>,
    states: Box<[AtomicU8]>,
    /// By backing page: 1 if it was watched for code since it was committed. Only the owner of the
    /// watch state reads and writes it.
    had_code: Box<[AtomicU8]>,
}

/// Types for which all-zero bytes are a valid value.
///
/// # Safety
/// The implementor guarantees that all-zero bytes are a valid value.
unsafe trait Zero {}
// SAFETY: `AtomicU8` has the representation of `u8`, for which zero is valid.
unsafe impl Zero for AtomicU8 {}
// SAFETY: `AtomicU32` has the representation of `u32`, for which zero is valid.
unsafe impl Zero for AtomicU32 {}

/// A zeroed array directly from the allocator, so that untouched parts take no memory.
fn zeroed<T: Zero>(len: usize) -> Box<[T]> {
    // SAFETY: `T: Zero` guarantees that zero bytes are a value of `T`.
    unsafe { Box::<[T]>::new_zeroed_slice(len).assume_init() }
}

impl PageTable {
    pub(crate) fn new() -> Self {
        let flags: Box<[AtomicU8]> = zeroed(GUEST_PAGES);
        Self {
            flags: flags.try_into().unwrap_or_else(|_| unreachable!("the length is the array's")),
            used: (0..GUEST_PAGES as u32 / CHUNK).map(|_| AtomicBool::new(false)).collect(),
            versions: zeroed(BACKING_PAGES as usize),
            states: zeroed(BACKING_PAGES as usize),
            had_code: zeroed(BACKING_PAGES as usize),
        }
    }

    /// Flags of the page that holds `addr`.
    #[inline(always)]
    pub(crate) fn flags(&self, addr: u32) -> u8 {
        self.flags[(addr >> PAGE_SHIFT) as usize].load(Relaxed)
    }

    /// Flags of a guest page.
    pub(crate) fn page_flags(&self, guest_page: u32) -> u8 {
        self.flags[guest_page as usize].load(Relaxed)
    }

    /// The first of these guest pages that has this flag.
    pub(crate) fn first_with(&self, flag: u8, pages: Range<u32>) -> Option<u32> {
        self.used_parts(pages).find_map(|part| {
            let flags = self.flags.get(part.start as usize..part.end as usize)?;
            let place = flags.iter().position(|flags| flags.load(Relaxed) & flag != 0)?;
            Some(part.start + place as u32)
        })
    }

    /// The parts of these guest pages that have or had flags, in order.
    pub(crate) fn used_parts(&self, pages: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        // Relaxed: chunks get used, and are searched, under the heap lock.
        (pages.start / CHUNK..pages.end.div_ceil(CHUNK)).filter_map(move |chunk| {
            let part = (chunk * CHUNK).max(pages.start)..((chunk + 1) * CHUNK).min(pages.end);
            self.used[chunk as usize].load(Relaxed).then_some(part)
        })
    }

    /// Notes that the chunk of a guest page is used, before flags are stored.
    fn note_use(&self, guest_page: u32) {
        let used = &self.used[(guest_page / CHUNK) as usize];
        if !used.load(Relaxed) {
            used.store(true, Relaxed);
        }
    }

    /// Replaces the flags of a guest page while no other thread has the table.
    pub(crate) fn set_page_flags(&self, guest_page: u32, flags: u8) {
        self.note_use(guest_page);
        self.flags[guest_page as usize].store(flags, Relaxed);
    }

    /// Sets flags of a backing page at all its guest addresses; the others stay.
    pub(crate) fn add_flags(&self, backing_page: u32, flags: u8) {
        self.change_all_flags(&(backing_page..backing_page + 1), flags, 0);
    }

    /// Clears flags of a backing page at all its guest addresses; the others stay.
    pub(crate) fn remove_flags(&self, backing_page: u32, flags: u8) {
        self.change_all_flags(&(backing_page..backing_page + 1), 0, flags);
    }

    /// Sets and clears flags of backing pages, which lie in one part of the table, at all their
    /// guest addresses.
    pub(crate) fn change_all_flags(&self, backing_pages: &Range<u32>, set: u8, clear: u8) {
        for guest in guest_pages(backing_pages) {
            self.change_guest_flags(&guest, set, clear);
        }
    }

    /// Sets and clears flags of guest pages. One barrier follows all stores.
    pub(crate) fn change_guest_flags(&self, guest_pages: &Range<u32>, set: u8, clear: u8) {
        let flags = self.flags.get(guest_pages.start as usize..guest_pages.end as usize);
        let Some(flags) = flags.filter(|flags| !flags.is_empty()) else { return };
        for chunk in guest_pages.start / CHUNK..guest_pages.end.div_ceil(CHUNK) {
            self.note_use(chunk * CHUNK);
        }
        for flags in flags {
            // No atomic update is needed: only the owner of the pages changes their flags.
            flags.store(flags.load(Relaxed) & !clear | set, Release);
        }
        // The flags precede the caller's next accesses. That alone does not order them with
        // writers, which read the flags after their store without a fence: `watch_run` adds a
        // barrier on all threads.
        fence(SeqCst);
    }

    /// Flags of a backing page: those of its first alias. All aliases have the same flags, except
    /// the host's.
    pub(crate) fn backing_flags(&self, backing_page: u32) -> u8 {
        self.page_flags(crate::layout::canonical_guest_page(backing_page))
    }

    pub(crate) fn version(&self, backing_page: u32) -> &AtomicU32 {
        &self.versions[backing_page as usize]
    }

    pub(crate) fn versions_ptr(&self) -> *const AtomicU32 {
        self.versions.as_ptr()
    }

    pub(crate) fn state(&self, backing_page: u32) -> &AtomicU8 {
        &self.states[backing_page as usize]
    }

    /// Notes that an owned page gets watched for code.
    pub(crate) fn note_code(&self, backing_page: u32) {
        // Relaxed, as below: ownership orders it.
        self.had_code[backing_page as usize].store(1, Relaxed);
    }

    /// Whether an owned page was watched for code since it was committed.
    pub(crate) fn had_code(&self, backing_page: u32) -> bool {
        self.had_code[backing_page as usize].load(Relaxed) != 0
    }

    /// Forgets that an owned page had code, when it is decommitted.
    pub(crate) fn forget_code(&self, backing_page: u32) {
        self.had_code[backing_page as usize].store(0, Relaxed);
    }

    /// The run of guest pages, starting at `pages.start`, for which `of` returns the same value;
    /// and that value.
    pub(crate) fn run<T: PartialEq>(&self, pages: &Range<u32>, of: impl Fn(u8) -> T) -> (Range<u32>, T) {
        let first = self.page_flags(pages.start);
        let value = of(first);
        // Most pages of a run have the first one's flags, and need no call.
        let differs = |flags: u8| flags != first && of(flags) != value;
        let rest = pages.start + 1..pages.end;
        let end = self
            .flags
            .get(rest.start as usize..rest.end as usize)
            .and_then(|flags| flags.iter().position(|flags| differs(flags.load(Relaxed))))
            .map_or(pages.end, |place| rest.start + place as u32);
        (pages.start..end, value)
    }
}
