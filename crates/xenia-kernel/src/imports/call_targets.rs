//! Map from the address of an `sc 2` to its call target: lock-free reads by every kernel call,
//! writes under the lock of the stubs.
//!
//! A radix tree by address; its leaves hold target numbers. Nodes are made on first use and never
//! freed; [`Limit::CallPages`](xenia_limits::Limit::CallPages) bounds those of one run, and a
//! restore keeps those of the run before. The number is an index into an append-only list of
//! distinct targets, so reloading a module does not grow the list.

use super::thunks::Target;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use xenia_guest::GuestAddr;
use xenia_imports::Library;

/// Entries of a node, and words of a page.
const ENTRIES: usize = 1024;
/// Targets allocated together.
const CHUNK: usize = 256;
/// Number of chunks: each function of either library, or of an unknown one, can be bound or
/// missing.
const CHUNKS: usize = 4 * 0x1_0000 / CHUNK;

type Page = [AtomicU32; ENTRIES];
type Pages = [OnceLock<Box<Page>>; ENTRIES];
type Chunk = [OnceLock<Target>; CHUNK];

/// Map from addresses to call targets.
#[derive(Debug)]
pub(super) struct CallTargets {
    /// Indexed by bits 31–22, 21–12 and 11–2 of the address. A word is 0, or a target's number,
    /// counted from 1.
    words: Box<[OnceLock<Box<Pages>>; ENTRIES]>,
    targets: Box<[OnceLock<Box<Chunk>>; CHUNKS]>,
}

/// Assigned target numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<(u8, Option<Library>, u16), u32>);

impl Default for CallTargets {
    fn default() -> Self {
        Self {
            words: Box::new([const { OnceLock::new() }; ENTRIES]),
            targets: Box::new([const { OnceLock::new() }; CHUNKS]),
        }
    }
}

/// Indices of an address: node, page, word.
fn place(address: u32) -> [usize; 3] {
    [22, 12, 2].map(|shift| (address >> shift) as usize % ENTRIES)
}

/// Key that identifies equal targets.
fn key(target: Target) -> (u8, Option<Library>, u16) {
    match target {
        Target::Export(export) => (0, Some(export.library), export.ordinal),
        Target::Missing { library, ordinal } => (1, library, ordinal.0),
        Target::CallReturn => (2, None, 0),
        Target::ThreadReturn => (3, None, 0),
        Target::ProgramReturn => (4, None, 0),
        Target::ServiceReturn => (5, None, 0),
        Target::TitleBegin => (6, None, 0),
    }
}

impl CallTargets {
    /// The target of the `sc 2` at `address`.
    #[inline]
    pub(super) fn find(&self, address: GuestAddr) -> Option<Target> {
        let [node, page, word] = place(address.0);
        let word = self.words[node].get()?[page].get()?[word].load(Ordering::Acquire);
        let index = (word as usize).checked_sub(1)?;
        if !address.0.is_multiple_of(4) {
            return None;
        }
        self.targets[index / CHUNK].get()?[index % CHUNK].get().copied()
    }

    /// Sets the target of the `sc 2` at `address`. Addresses are multiples of 4.
    pub(super) fn bind(&self, numbers: &mut Numbers, address: GuestAddr, target: Target) {
        let next = numbers.0.len() as u32;
        let index = *numbers.0.entry(key(target)).or_insert(next) as usize;
        // There are as many places as distinct keys, so this does not fail.
        let Some(chunk) = self.targets.get(index / CHUNK) else { return };
        let chunk = chunk.get_or_init(|| Box::new([const { OnceLock::new() }; CHUNK]));
        // The target must be in the list before its number is published: `find` takes no lock.
        chunk[index % CHUNK].get_or_init(|| target);
        let [node, page, word] = place(address.0);
        let pages = self.words[node].get_or_init(|| Box::new([const { OnceLock::new() }; ENTRIES]));
        let page = pages[page].get_or_init(|| Box::new([const { AtomicU32::new(0) }; ENTRIES]));
        page[word].store(index as u32 + 1, Ordering::Release);
    }

    /// Addresses of all `sc 2` with a target for which `matches` holds, in ascending order.
    pub(super) fn addresses(&self, matches: impl Fn(Target) -> bool) -> Vec<GuestAddr> {
        self.all().into_iter().filter(|&(_, target)| matches(target)).map(|(at, _)| at).collect()
    }

    /// All `sc 2` with a target, by ascending address.
    pub(super) fn all(&self) -> Vec<(GuestAddr, Target)> {
        let mut found = Vec::new();
        for (node, pages) in (0..).zip(self.words.iter()) {
            for (page, words) in (0..).zip(pages.get().into_iter().flat_map(|pages| pages.iter())) {
                if words.get().is_none() {
                    continue;
                }
                let start: u32 = node << 22 | page << 12;
                let addresses = (0..ENTRIES as u32).map(|word| GuestAddr(start | word << 2));
                found.extend(addresses.filter_map(|at| Some((at, self.find(at)?))));
            }
        }
        found
    }

    /// Removes all targets in this range.
    pub(super) fn unbind(&self, start: GuestAddr, size: u32) {
        for (node, pages) in (0..).zip(self.words.iter()) {
            let Some(pages) = pages.get() else { continue };
            for (page, words) in (0..).zip(pages.iter()) {
                let Some(words) = words.get() else { continue };
                for (word, number) in (0..).zip(words.iter()) {
                    let address: u32 = node << 22 | page << 12 | word << 2;
                    if address.wrapping_sub(start.0) < size {
                        number.store(0, Ordering::Release);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::Ordinal;

    fn missing(ordinal: u16) -> Target {
        Target::Missing { library: None, ordinal: Ordinal(ordinal) }
    }

    fn ordinal(targets: &CallTargets, address: u32) -> Option<u16> {
        match targets.find(GuestAddr(address))? {
            Target::Missing { ordinal, .. } => Some(ordinal.0),
            _ => None,
        }
    }

    #[test]
    fn each_word_has_its_own_target_until_it_is_unbound() {
        let targets = CallTargets::default();
        let mut numbers = Numbers::default();
        let places = [0, 4, 0x0FFC, 0x1000, 0x3F_FFFC, 0x40_0000, 0x8200_0000, 0xFFFF_FFFC];
        for (ordinal, at) in (1..).zip(places) {
            targets.bind(&mut numbers, GuestAddr(at), missing(ordinal));
        }
        for (n, at) in (1..).zip(places) {
            assert_eq!(ordinal(&targets, at), Some(n), "{at:#x}");
        }
        assert_eq!((ordinal(&targets, 8), ordinal(&targets, 0x8200_0002)), (None, None));
        targets.unbind(GuestAddr(0x0FFC), 8);
        targets.unbind(GuestAddr(0xFFFF_FFF0), 0x10);
        let left = places.map(|at| ordinal(&targets, at).is_some());
        assert_eq!(left, [true, true, false, false, true, true, true, false]);
        targets.bind(&mut numbers, GuestAddr(0x1000), missing(1));
        assert_eq!(ordinal(&targets, 0x1000), Some(1), "another may be bound there again");
        assert_eq!(numbers.0.len(), places.len(), "and has the number that it had");
    }

    #[test]
    fn there_is_a_place_for_every_target() {
        let targets = CallTargets::default();
        let mut numbers = Numbers::default();
        for library in [None, Some(Library::xboxkrnl), Some(Library::xam)] {
            for ordinal in 0..=u16::MAX {
                let target = Target::Missing { library, ordinal: Ordinal(ordinal) };
                targets.bind(&mut numbers, GuestAddr(0x1000), target);
                assert_eq!(targets.find(GuestAddr(0x1000)).map(key), Some(key(target)));
            }
        }
    }
}
