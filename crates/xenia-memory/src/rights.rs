//! Ownership of pages, and the translation of guest rights to host rights in the guest view.
//!
//! ```text
//!             watch                     first store, remap
//!   IDLE ──► OWNED ──► WATCHED ──► OWNED ──► IDLE
//! ```
//!
//! `watch.rs` lists the steps that an owner makes, in their order.
//!
//! The flags of a guest page hold the rights that it should have, and two more bits the rights that
//! the host grants now. The host may lag in one direction only: it may refuse an access that it
//! should allow (write-protected after a watch has ended). A store then faults, and the handler
//! opens that page in that view. So a watch that a device or another view ends costs no system
//! call, and neither does its renewal. Only while the host has no mapping left may it also allow
//! accesses that it should refuse: then an access to memory that the title has freed succeeds.
//!
//! Invariants, which make this correct without a lock in the handler:
//! - Only the thread that moved a backing page's state to OWNED changes its flags and host rights.
//! - OWNED lasts a few system calls. Its holder never touches the guest view, so it can't fault on
//!   the page it owns.
//! - The handler never waits: it retries the access, which faults again until the page is free.
//! - Normal code that owns several pages takes them in ascending order and under the heap lock; all
//!   other code only tries. So there is no deadlock.

use crate::error::MemoryError;
use crate::layout::{BACKING_PAGES, GUEST_PAGES, canonical_guest_page, guest_pages, part_of};
use crate::map_budget::Grain;
use crate::memory::GuestMemory;
use crate::page_table::{COMMITTED, GUEST_FLAGS, HOST_READ, HOST_WRITE, READ, WATCHED, WRITE, state};
use std::ops::Range;
use std::sync::atomic::Ordering::*;
use std::thread;
use xenia_host::section::HostRights;

/// Guest pages between the borders of the guest view's mappings: they never join over one.
const BORDER: u32 = 0x10000;

/// The rights that the host should grant to a page with these flags.
fn wanted(flags: u8) -> HostRights {
    match flags {
        f if f & READ == 0 => HostRights::None,
        f if f & WRITE == 0 || f & WATCHED != 0 => HostRights::Read,
        _ => HostRights::ReadWrite,
    }
}

/// The rights that the host grants now to a page with these flags.
fn granted(flags: u8) -> HostRights {
    match flags {
        f if f & HOST_WRITE != 0 => HostRights::ReadWrite,
        f if f & HOST_READ != 0 => HostRights::Read,
        _ => HostRights::None,
    }
}

fn host_flags(rights: HostRights) -> u8 {
    match rights {
        HostRights::None => 0,
        HostRights::Read => HOST_READ,
        HostRights::ReadWrite => HOST_READ | HOST_WRITE,
    }
}

/// The views whose host rights are to be updated: all, or one by its index in the list of aliases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum InViews {
    All,
    One(usize),
    None,
}

impl InViews {
    /// The view in which `guest_page` maps `backing_page`.
    pub(crate) fn showing(backing_page: u32, guest_page: u32) -> Self {
        let aliases = guest_pages(&(backing_page..backing_page + 1));
        aliases.iter().position(|range| range.contains(&guest_page)).map_or(Self::All, Self::One)
    }
}

impl GuestMemory {
    /// Waits in normal code until the page is owned. False if its state is neither `from` nor
    /// OWNED.
    pub(crate) fn own(&self, page: u32, from: u8) -> bool {
        loop {
            match self.pages.state(page).compare_exchange(from, state::OWNED, AcqRel, Acquire) {
                Ok(_) => return true,
                Err(state::OWNED) => thread::yield_now(),
                Err(_) => return false,
            }
        }
    }

    /// Waits in normal code until the page is owned, whatever its state, and returns that state.
    fn own_any(&self, page: u32) -> u8 {
        loop {
            for from in [state::IDLE, state::WATCHED] {
                if self.own(page, from) {
                    return from;
                }
            }
        }
    }

    /// Tries to own a page that is in state `from`. Async-signal-safe.
    pub(crate) fn try_own(&self, page: u32, from: u8) -> bool {
        self.pages.state(page).compare_exchange(from, state::OWNED, AcqRel, Acquire).is_ok()
    }

    /// Releases ownership of a page, which goes to state `to`.
    pub(crate) fn disown(&self, page: u32, to: u8) {
        // Pairs with the exchanges that take the page: the next owner sees these flags and rights.
        self.pages.state(page).store(to, Release);
    }

    /// Mappings that are added if guest pages of one right get another; negative if some join.
    fn growth(&self, pages: &Range<u32>, from: HostRights, to: HostRights) -> i32 {
        let added = |border: u32, outer: u32| {
            if border.is_multiple_of(BORDER) {
                return 0;
            }
            let outer = granted(self.pages.page_flags(outer));
            i32::from(outer != to) - i32::from(outer != from)
        };
        // Neighbours outside of the table are not read: both its ends are borders.
        added(pages.start, pages.start.wrapping_sub(1)) + added(pages.end, pages.end)
    }

    /// Updates the host rights of a run of owned backing pages. False if the host refused, or would
    /// have too few mappings left. Async-signal-safe.
    pub(crate) fn apply_rights(&self, run: &Range<u32>, views: InViews) -> bool {
        if !self.guest_view_open.load(Acquire) {
            return true;
        }
        let mut done = true;
        for (view, guest) in guest_pages(run).into_iter().enumerate() {
            let mut rest = guest;
            while !rest.is_empty() && (views == InViews::All || views == InViews::One(view)) {
                let (alike, (wanted, granted)) = self.pages.run(&rest, |f| (wanted(f), granted(f)));
                rest.start = alike.end;
                if wanted == granted {
                    continue;
                }
                let growth = self.growth(&alike, granted, wanted);
                let has_room = growth <= 0 || !self.map_budget.is_used_up();
                if has_room && self.mapping.protect(alike.clone(), wanted) {
                    self.map_budget.add(growth);
                    self.pages.change_guest_flags(&alike, host_flags(wanted), !GUEST_FLAGS);
                } else {
                    done = false;
                }
            }
        }
        done
    }

    /// Whether the host refuses, in any view, an access that it should allow.
    fn host_rights_lag(&self, page: u32) -> bool {
        guest_pages(&(page..page + 1)).into_iter().flatten().any(|guest| {
            let flags = self.pages.page_flags(guest);
            wanted(flags) != granted(flags)
        })
    }

    /// Gives backing pages new flags, ends their watches, and bumps their versions. Pages without
    /// flags lose their contents, at the latest when they get flags again. Called under the heap
    /// lock.
    pub(crate) fn remap(&self, pages: Range<u32>, flags: u8) -> Result<(), MemoryError> {
        let committed = |page| self.pages.backing_flags(page) & COMMITTED != 0;
        if flags != 0 {
            // Before any right is granted: nobody may see the bytes from before.
            self.leftovers.clear(&pages, |run| self.clear_pages(run));
        }
        let mut bumps = 0;
        let mut had_code = false;
        for page in pages.clone() {
            self.own_any(page);
            // Memory that appears counts as well: data derived from its absence is out of date.
            self.pages.version(page).fetch_add(1, Release);
            bumps += u64::from(committed(page));
            if self.pages.had_code(page) {
                had_code = true;
                if flags == 0 {
                    self.pages.forget_code(page);
                }
            }
        }
        // Counted after the versions have changed, on which `epoch` relies.
        self.counts.bumps.fetch_add(bumps, Release);
        self.pages.change_all_flags(&pages, flags, GUEST_FLAGS & !flags);
        self.counts.mapping_changes.fetch_add(1, Release);
        // After the flags: caches of code ask whether its pages are committed.
        if had_code {
            self.counts.code_changes.fetch_add(1, Release);
        }
        // Without mappings left rights stay as they are: accesses that fault then are emulated.
        let is_done = self.apply_rights(&pages, InViews::All)
            || self.make_room() && self.apply_rights(&pages, InViews::All);
        let result = match flags {
            // Only after the guest view has lost its rights: a store would allocate the page again.
            0 if is_done => {
                let next_held = |page| self.mapping.next_held(page);
                self.leftovers.keep(&pages, next_held, |run| self.mapping.discard(run))
            }
            0 => self.mapping.discard(pages.clone()),
            _ => Ok(()),
        };
        for page in pages {
            self.disown(page, state::IDLE);
        }
        result
    }

    /// Ends all watches, the main users of mappings, and joins mappings. False if there are no more
    /// since the last time. Called under the heap lock.
    #[cold]
    fn make_room(&self) -> bool {
        if self.map_budget.is_used_up() && !self.map_budget.has_grown() {
            return false;
        }
        self.end_all_watches();
        // `catch_up` asks the budget for room, so that has to be exact before.
        self.map_budget.set(self.count_mappings(granted));
        self.catch_up();
        self.map_budget.set(self.count_mappings(granted));
        true
    }

    /// Grants the guest view its host rights for the first time. Rights that the host refuses are
    /// granted at the first fault.
    #[cold]
    pub(crate) fn open_guest_view(&self) {
        let _guard = self.zones.lock();
        if self.guest_view_open.load(Acquire) {
            return;
        }
        self.map_budget.set(self.count_mappings(wanted));
        if self.map_budget.grain() != Grain::Page {
            // These watches cost no mappings when they were set; now they would be too many.
            self.end_all_watches();
        }
        // From here on the changes are added one by one, to the rights that are granted now.
        self.map_budget.set(self.count_mappings(granted));
        // From here on `apply_rights` changes host rights.
        self.guest_view_open.store(true, Release);
        let mut next = 0;
        let is_committed = |page: u32| self.pages.backing_flags(page) & COMMITTED != 0;
        while let Some(first) = self.next_committed(next) {
            next = first;
            // Own consecutive pages of the same state together.
            let start = next;
            let state = self.own_any(next);
            next += 1;
            while next < BACKING_PAGES && is_committed(next) && self.try_own(next, state) {
                next += 1;
            }
            for part in split_at_parts(start..next) {
                self.apply_rights(&part, InViews::All);
            }
            for page in start..next {
                self.disown(page, state);
            }
        }
    }

    /// The first committed backing page from `from` on.
    fn next_committed(&self, from: u32) -> Option<u32> {
        let mut from = from;
        while from < BACKING_PAGES {
            // Within one part of the table, guest pages are in the order of their backing pages.
            let part = from..part_of(from).end;
            let guest_page = canonical_guest_page(from);
            if let Some(found) = self.pages.first_with(COMMITTED, guest_page..guest_page + part.len() as u32)
            {
                return Some(from + (found - guest_page));
            }
            from = part.end;
        }
        None
    }

    /// Opens every page that the host refuses although it should not, which joins mappings. Skips
    /// pages that other threads own.
    fn catch_up(&self) {
        let mut next = 0;
        while next < BACKING_PAGES {
            let start = next;
            next += 1;
            if !self.host_rights_lag(start) || !self.try_own(start, state::IDLE) {
                continue;
            }
            while next < BACKING_PAGES && self.host_rights_lag(next) && self.try_own(next, state::IDLE) {
                next += 1;
            }
            for part in split_at_parts(start..next) {
                self.apply_rights(&part, InViews::All);
            }
            for page in start..next {
                self.disown(page, state::IDLE);
            }
        }
    }

    /// Replaces the budget's estimate by an exact count, and frees mappings if few are left. Called
    /// under the heap lock.
    pub(crate) fn review_budget(&self) {
        self.map_budget.set(self.count_mappings(granted));
        if self.map_budget.grain() != Grain::Page {
            self.catch_up();
            self.map_budget.set(self.count_mappings(granted));
        }
    }

    /// Number of mappings of the guest view if its pages have the rights that `of` returns.
    fn count_mappings(&self, of: impl Fn(u8) -> HostRights) -> u32 {
        // Mappings end at these borders, whatever their rights are.
        let mut mappings = 1 + GUEST_PAGES as u32 / BORDER;
        let mut last = HostRights::None;
        let mut end = 0;
        for part in self.pages.used_parts(0..GUEST_PAGES as u32) {
            if part.start != end && last != HostRights::None {
                // The pages in between have no rights.
                mappings += u32::from(!end.is_multiple_of(BORDER));
                last = HostRights::None;
            }
            end = part.end;
            let mut known = None;
            for page in part {
                let flags = self.pages.page_flags(page);
                let is_border = page.is_multiple_of(BORDER);
                if known == Some(flags) && !is_border {
                    continue;
                }
                known = Some(flags);
                let rights = of(flags);
                mappings += u32::from(rights != last && !is_border);
                last = rights;
            }
        }
        mappings += u32::from(last != HostRights::None && !end.is_multiple_of(BORDER));
        mappings
    }
}

/// Splits a range of backing pages at the boundaries of the backing table's parts.
fn split_at_parts(mut pages: Range<u32>) -> impl Iterator<Item = Range<u32>> {
    std::iter::from_fn(move || {
        if pages.is_empty() {
            return None;
        }
        let end = pages.end.min(part_of(pages.start).end);
        let part = pages.start..end;
        pages.start = end;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_testing::Dice;

    #[test]
    fn mappings_are_counted_as_page_by_page() {
        for seed in 0..8 {
            let memory = GuestMemory::new().unwrap();
            let mut dice = Dice(seed);
            for _ in 0..dice.below(40) {
                let border = dice.below(17) as u32 * BORDER;
                let first = border.saturating_sub(dice.below(3000) as u32).min(GUEST_PAGES as u32 - 1);
                let end = (first + 1 + dice.below(4000) as u32).min(GUEST_PAGES as u32);
                let flags = [0, READ, READ | WRITE][dice.below(3)];
                (first..end).for_each(|page| memory.pages.set_page_flags(page, flags));
            }
            let mut expected = 1;
            let mut last = HostRights::None;
            for page in 0..GUEST_PAGES as u32 {
                let rights = wanted(memory.pages.page_flags(page));
                expected += u32::from(rights != last || page.is_multiple_of(BORDER));
                last = rights;
            }
            assert_eq!(memory.count_mappings(wanted), expected, "seed {seed}");
        }
    }
}
