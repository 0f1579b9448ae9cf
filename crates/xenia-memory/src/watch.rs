//! Watches: detect stores to a page by its version.
//!
//! A watch lasts for one store. `rights.rs` describes the ownership of pages that the steps below
//! begin and end with.
//!
//! # Protocol
//! The caller of [`GuestMemory::watch`] reads the version, calls it, then reads the contents. A
//! watch begins (`watch_run`, under the heap lock):
//! 1. IDLE → OWNED;
//! 2. flags: WATCHED, perhaps CODE;
//! 3. host rights: no stores through the guest view;
//! 4. a barrier on all threads, after which every store that missed step 2 is visible;
//! 5. OWNED → WATCHED.
//!
//! It ends (`open_block`, and `remap` for all states):
//! 1. WATCHED → OWNED;
//! 2. version: storers that find the flags cleared have nothing to do, so it must have changed;
//! 3. flags;
//! 4. host rights, in the views through which stores will follow;
//! 5. OWNED → IDLE.
//!
//! A store by compiled code to a watched page faults, and the handler ends the watch before the
//! code repeats the store. Interpreter, HLE and devices store through the alias view, which never
//! faults, and read the flags afterwards, without a fence: step 4 of the beginning replaces it. If
//! the flags say WATCHED, they end the watch, or bump the version if another thread owns the page
//! ([`GuestMemory::stored_to_watched`]).
//!
//! If the watched page holds code, an engine's store is refused ([`FaultKind::HoldsCode`]): the
//! engine executes the store as a single instruction and then revalidates its code. So
//! self-modifying code takes effect at the next instruction, whatever the engine has decoded or
//! compiled before, which lockstep requires (docs/src/internals/determinism.md).

use crate::error::{Access, AccessKind, FaultKind, MemoryFault};
use crate::layout::{BACKING_PAGES, PAGE_SHIFT, backing_page, part_of};
use crate::map_budget::{Grain, MAX_GRAIN};
use crate::memory::GuestMemory;
use crate::page_table::{CODE, COMMITTED, READ, WATCHED, WRITE, state};
use crate::rights::InViews;
use std::ops::Range;
use std::sync::atomic::{Ordering::*, fence};
use std::thread;
use xenia_guest::GuestAddr;
use xenia_host::barrier;

/// Guarantee of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Watch {
    /// Every store bumps the version.
    Protected,
    /// The host can't protect the page (its limit on mappings): stores by compiled code may be
    /// missed, so the contents have to be compared instead of the version.
    Unprotected,
}

/// Contents that a watch is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WatchedContents {
    Data,
    /// Engines' stores are refused, unless the engine allows them.
    Code,
}

/// How the handler continues after a fault in the guest view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultOutcome {
    /// Execute the instruction again.
    Retry,
    /// Refuse the store, so that the engine handles it: the page holds code.
    HoldsCode,
    /// The access is allowed, but the host can't open the page: emulate it through the alias view.
    Emulate,
    /// The guest has no right to the access.
    Refused,
}

/// A set of pages within one aligned block of [`MAX_GRAIN`].
#[derive(Default)]
struct PageSet([u64; MAX_GRAIN as usize / 64]);

impl PageSet {
    fn insert(&mut self, page: u32) {
        let i = (page % MAX_GRAIN) as usize;
        self.0[i / 64] |= 1 << (i % 64);
    }

    fn contains(&self, page: u32) -> bool {
        let i = (page % MAX_GRAIN) as usize;
        self.0[i / 64] >> (i % 64) & 1 != 0
    }

    /// The runs of members within `pages`.
    fn runs(&self, pages: Range<u32>) -> impl Iterator<Item = Range<u32>> + '_ {
        let mut next = pages.start;
        std::iter::from_fn(move || {
            let start = (next..pages.end).find(|&p| self.contains(p))?;
            next = (start..pages.end).find(|&p| !self.contains(p)).unwrap_or(pages.end);
            Some(start..next)
        })
    }
}

/// The aligned block of `grain` pages around `page`, clipped to its part of the backing.
fn block_of(page: u32, grain: u32) -> Range<u32> {
    let part = part_of(page);
    let start = page / grain * grain;
    start.max(part.start)..(start + grain).min(part.end)
}

impl GuestMemory {
    /// Watches the pages of `addr..addr + len`, all of which must be committed: the next store to a
    /// page, by any thread and through any view, changes the page's version and ends its watch.
    /// More pages than requested may be watched. Cheap for pages that are watched already.
    ///
    /// **Read the version before this call** and the contents after it: as long as the version is
    /// unchanged, so are the contents. A version read after this call proves nothing: a store may
    /// have ended the watch in between, with its bump already counted and its bytes not yet
    /// visible. [`GuestMemory::watch_code_page`] does it in the right order.
    pub fn watch(&self, addr: GuestAddr, len: u32) -> Access<Watch> {
        self.watch_for(addr, len, WatchedContents::Data)
    }

    /// Like [`Self::watch`], for code that is about to be read: engines' stores to these pages are
    /// refused with [`FaultKind::HoldsCode`] for as long as the watch lasts.
    pub fn watch_code(&self, addr: GuestAddr, len: u32) -> Access<Watch> {
        self.watch_for(addr, len, WatchedContents::Code)
    }

    fn watch_for(&self, addr: GuestAddr, len: u32, contents: WatchedContents) -> Access<Watch> {
        self.check(addr.0, len, COMMITTED, AccessKind::Load)?;
        if len == 0 {
            return Ok(Watch::Protected);
        }
        let last = addr.0 + (len - 1);
        let mut result = Watch::Protected;
        let pages =
            (addr.0 >> PAGE_SHIFT..=last >> PAGE_SHIFT).filter_map(|page| backing_page(page << PAGE_SHIFT));
        if pages.clone().all(|page| self.is_watched(page, contents)) {
            return Ok(Watch::Protected);
        }
        let mut pages = pages.peekable();
        let _guard = self.zones.lock();
        while let Some(first) = pages.next() {
            // Neighbours share a change of rights, block by block.
            let mut run = first..first + 1;
            while let Some(next) = pages.next_if(|&p| p == run.end && p % MAX_GRAIN != 0) {
                run.end = next + 1;
            }
            if self.watch_run(run, contents) == Watch::Unprotected {
                result = Watch::Unprotected;
            }
        }
        Ok(result)
    }

    /// Whether the page is watched for these contents. A watch for code serves for data, too.
    fn is_watched(&self, page: u32, contents: WatchedContents) -> bool {
        if self.pages.state(page).load(Acquire) != state::WATCHED {
            return false;
        }
        let holds_code = self.pages.backing_flags(page) & CODE != 0;
        // The flag may belong to a later watch than the state. The versions that are read from now
        // on then include the change that ended the first one, which may not count for code.
        fence(Acquire);
        holds_code || contents == WatchedContents::Data
    }

    /// Watches one page of code by its index and returns its version, read beforehand. Contents
    /// read from now on are those of this version until [`GuestMemory::page_version`] differs from
    /// it. `None` if the page is not committed.
    pub fn watch_code_page(&self, index: u32) -> Option<(u32, Watch)> {
        let version = self.page_version(index);
        if index >= BACKING_PAGES {
            return None;
        }
        let guest = crate::layout::canonical_guest_page(index);
        let watch = self.watch_code(GuestAddr(guest << PAGE_SHIFT), 1).ok()?;
        Some((version, watch))
    }

    /// Watches backing pages inside one block. Called under the heap lock.
    fn watch_run(&self, asked: Range<u32>, contents: WatchedContents) -> Watch {
        let is_code = contents == WatchedContents::Code;
        if is_code {
            // Pages that are watched already only lack the flag.
            for page in asked.clone() {
                if self.own(page, state::WATCHED) {
                    self.pages.note_code(page);
                    self.pages.add_flags(page, CODE);
                    self.disown(page, state::WATCHED);
                }
            }
        }
        if asked.clone().all(|page| self.is_watched(page, contents)) {
            return Watch::Protected;
        }
        if self.map_budget.needs_count() {
            self.review_budget();
        }
        let grain = self.map_budget.grain();
        if grain == Grain::Refuse {
            self.counts.watches_refused.fetch_add(1, Relaxed);
            return Watch::Unprotected;
        }
        let pages = block_of(asked.start, grain.pages()).start..block_of(asked.end - 1, grain.pages()).end;
        let mut owned = PageSet::default();
        for page in pages.clone() {
            if self.pages.backing_flags(page) & COMMITTED != 0 && self.own(page, state::IDLE) {
                owned.insert(page);
                let holds_code = is_code && asked.contains(&page);
                if holds_code {
                    self.pages.note_code(page);
                }
                self.pages.add_flags(page, if holds_code { WATCHED | CODE } else { WATCHED });
            }
        }
        let protected = owned.runs(pages.clone()).all(|run| self.apply_rights(&run, InViews::All))
            && barrier::on_all_threads();
        for page in owned.runs(pages).flatten() {
            if !protected {
                self.pages.remove_flags(page, WATCHED | CODE);
                self.bump(page);
            }
            self.disown(page, if protected { state::WATCHED } else { state::IDLE });
        }
        if protected {
            Watch::Protected
        } else {
            self.counts.watches_refused.fetch_add(1, Relaxed);
            Watch::Unprotected
        }
    }

    /// Ends the watch before an engine's store to a page that was seen to be watched.
    ///
    /// # Errors
    /// [`FaultKind::HoldsCode`] if that page, or one that is opened with it, holds code. The watch
    /// has ended, so the next attempt succeeds unless the page is watched again.
    #[cold]
    #[inline(never)]
    fn storing_to_watched(&self, addr: u32) -> Access<()> {
        match backing_page(addr) {
            Some(page) if self.opens_code(page) => {
                self.end_watch(page, InViews::None);
                Err(MemoryFault {
                    addr: GuestAddr(addr),
                    kind: FaultKind::HoldsCode,
                    access: AccessKind::Store,
                })
            }
            _ => Ok(()),
        }
    }

    /// Must be called before an engine's store, within one page, that does not use the store
    /// functions.
    ///
    /// # Errors
    /// [`FaultKind::HoldsCode`] if the store must be executed as a single instruction. The watch
    /// has ended, so the next attempt succeeds unless the page is watched again.
    #[inline]
    pub fn before_store(&self, addr: u32) -> Access<()> {
        if self.pages.flags(addr) & WATCHED == 0 { Ok(()) } else { self.storing_to_watched(addr) }
    }

    /// Whether ending the watch on `page` ends a watch on code. Async-signal-safe.
    fn opens_code(&self, page: u32) -> bool {
        self.holds_code(page, self.map_budget.grain().pages())
    }

    /// Whether a page of the block of `grain` pages around `page` is watched for code to which
    /// engines' stores are refused. Async-signal-safe.
    fn holds_code(&self, page: u32, grain: u32) -> bool {
        block_of(page, grain).any(|page| self.pages.backing_flags(page) & CODE != 0)
    }

    /// Ends the watch after a store, already visible, to a page that was seen to be watched. For
    /// [`Self::try_store_u32`] and the like.
    #[cold]
    #[inline(never)]
    pub fn stored_to_watched(&self, addr: u32) {
        if let Some(page) = backing_page(addr)
            && !self.end_watch(page, InViews::None)
        {
            // Another thread is ending or beginning the watch right now, perhaps one on code: the
            // version must change for this store too.
            self.bump(page);
        }
    }

    /// Ends the watch on `page`, and on its neighbours if mappings are scarce, and opens them in
    /// the given views. False if there was no watch or another thread owns the page.
    /// Async-signal-safe.
    fn end_watch(&self, page: u32, views: InViews) -> bool {
        if !self.try_own(page, state::WATCHED) {
            return false;
        }
        self.open(page, views);
        true
    }

    /// Opens the owned `page`, and its neighbours if mappings are scarce, and releases it. False if
    /// the host refused: stores to it continue to fault. Async-signal-safe.
    fn open(&self, page: u32, views: InViews) -> bool {
        let grain = self.map_budget.grain().pages();
        // Whole write-protected runs can be opened without splitting a mapping. Engines are not
        // notified of the end of watches on code in the larger block, so these must last.
        self.open_block(page, grain, views)
            || (grain < MAX_GRAIN
                && !self.holds_code(page, MAX_GRAIN)
                // The first attempt has released the page, though the host refused.
                && self.try_own(page, state::IDLE)
                && self.open_block(page, MAX_GRAIN, views))
    }

    fn open_block(&self, page: u32, grain: u32, views: InViews) -> bool {
        let block = block_of(page, grain);
        let mut owned = PageSet::default();
        owned.insert(page);
        for other in block.clone() {
            if other != page && (self.try_own(other, state::WATCHED) || self.try_own(other, state::IDLE)) {
                owned.insert(other);
            }
        }
        let mut done = true;
        for run in owned.runs(block.clone()) {
            for page in run.clone() {
                let flags = self.pages.backing_flags(page);
                if flags & WATCHED == 0 {
                    continue;
                }
                if flags & CODE != 0 {
                    self.bump(page);
                } else {
                    self.bump_data(page);
                }
                self.pages.remove_flags(page, WATCHED | CODE);
            }
            done &= self.apply_rights(&run, views);
        }
        for page in owned.runs(block).flatten() {
            self.disown(page, state::IDLE);
        }
        done
    }

    /// How to handle an access by compiled code that faulted in the guest view at `addr`, which is
    /// not a device. Async-signal-safe.
    pub(crate) fn fault_outcome(&self, addr: u32, access: AccessKind) -> FaultOutcome {
        let is_store = access == AccessKind::Store;
        let needed = if is_store { WRITE } else { READ };
        let Some(page) = backing_page(addr) else { return FaultOutcome::Refused };
        let state = self.pages.state(page);
        let views = InViews::showing(page, addr >> PAGE_SHIFT);
        match state.load(Acquire) {
            // Rights are changing, and the outcome is not known yet. Let the other thread run.
            state::OWNED => {
                // A bare system call, so it is allowed in a signal handler.
                thread::yield_now();
                return FaultOutcome::Retry;
            }
            _ if self.pages.flags(addr) & needed == 0 => {
                // A remap that is over by now may allow the access. Engines repeat a refused access
                // by the page table (`is_allowed`), so this only costs time.
                return if state.load(Acquire) == state::OWNED {
                    FaultOutcome::Retry
                } else {
                    FaultOutcome::Refused
                };
            }
            state::WATCHED if is_store && self.opens_code(page) => return FaultOutcome::HoldsCode,
            state::WATCHED if is_store && self.end_watch(page, views) => {
                self.counts.watch_faults.fetch_add(1, Relaxed);
                return FaultOutcome::Retry;
            }
            _ => {}
        }
        // The access is allowed. Either it no longer faults, or the host's rights lag behind.
        let done = if self.try_own(page, state::IDLE) {
            // The engine continues, so the watches on code nearby must last.
            if self.opens_code(page) { self.open_block(page, 1, views) } else { self.open(page, views) }
        } else if !is_store && self.try_own(page, state::WATCHED) {
            // Grants the read, and keeps the watch.
            let done = self.apply_rights(&(page..page + 1), views);
            self.disown(page, state::WATCHED);
            done
        } else {
            return FaultOutcome::Retry;
        };
        if done { FaultOutcome::Retry } else { FaultOutcome::Emulate }
    }

    /// Ends every watch except on pages that a thread owns.
    pub(crate) fn end_all_watches(&self) {
        for page in 0..BACKING_PAGES {
            self.end_watch(page, InViews::None);
        }
    }
}
