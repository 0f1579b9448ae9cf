//! Links between units: an index of branches by their target, for patching and unpatching them.
//!
//! A branch is linked when its target gets code, and unlinked when that code is withdrawn, each
//! with one store of the branch's distance. The links to a target form a list, in one vector for
//! all targets, as most targets have one link or two. A unit lists the targets of its links, so
//! that they are removed with the unit.

use super::emit::Link;
use crate::code::memory::CodeMemory;
use fnv::FnvHashMap;

/// Flag in the upper bit of [`LinkSite::field`]: a call. Offsets in code memory have 28 bits.
const CALL: u32 = 1 << 31;
/// The end of a list.
const NONE: u32 = u32::MAX;

/// A branch from a unit to a guest address.
#[derive(Clone, Copy, Debug)]
struct LinkSite {
    /// The unit that contains it.
    unit: u32,
    /// Offsets in code memory: of the branch's distance, with the flag [`CALL`], and of the exit
    /// that asks for the target.
    field: u32,
    exit: u32,
    /// Index of the next link to the same target, or of the next free place; [`NONE`] at the end.
    next: u32,
}

/// The links of all units, by target.
pub(super) struct Links {
    /// Index of the first link, by target.
    first: FnvHashMap<u32, u32>,
    sites: Vec<LinkSite>,
    /// Index of the first free place in `sites`.
    free: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self { first: FnvHashMap::default(), sites: Vec::new(), free: NONE }
    }
}

impl Links {
    /// Adds a link of `unit`, whose code is at `offset`.
    pub(super) fn add(&mut self, unit: u32, offset: u32, link: &Link) {
        let call = if link.is_call { CALL } else { 0 };
        let next = self.first.get(&link.target).copied().unwrap_or(NONE);
        let site = LinkSite { unit, field: (offset + link.field) | call, exit: offset + link.exit, next };
        let index = self.free;
        let index = if let Some(place) = self.sites.get_mut(index as usize) {
            self.free = place.next;
            *place = site;
            index
        } else {
            self.sites.push(site);
            self.sites.len() as u32 - 1
        };
        self.first.insert(link.target, index);
    }

    /// Links the branches to `target` to the code at `offset`: jumps always, calls if
    /// `may_be_called`.
    pub(super) fn lead(&self, memory: &CodeMemory, target: u32, offset: u32, may_be_called: bool) {
        for site in self.to(target) {
            if may_be_called || site.field & CALL == 0 {
                memory.set_distance((site.field & !CALL) as usize, offset as usize);
            }
        }
    }

    /// Unlinks the branches to `target`, so that they ask for it.
    pub(super) fn withdraw(&self, memory: &CodeMemory, target: u32) {
        for site in self.to(target) {
            memory.set_distance((site.field & !CALL) as usize, site.exit as usize);
        }
    }

    fn to(&self, target: u32) -> impl Iterator<Item = &LinkSite> {
        let site = |index: u32| self.sites.get(index as usize);
        let first = self.first.get(&target).and_then(|&index| site(index));
        std::iter::successors(first, move |last| site(last.next))
    }

    /// Removes the links of a unit to `target`.
    pub(super) fn remove(&mut self, unit: u32, target: u32) {
        let Some(first) = self.first.get_mut(&target) else { return };
        // The place that holds the index of the link at hand: that of `first`, or that of a site.
        let (mut before, mut index) = (NONE, *first);
        while let Some(&site) = self.sites.get(index as usize) {
            if site.unit == unit {
                match self.sites.get_mut(before as usize) {
                    Some(before) => before.next = site.next,
                    None => *first = site.next,
                }
                self.sites[index as usize].next = self.free;
                self.free = index;
            } else {
                before = index;
            }
            index = site.next;
        }
        if *first == NONE {
            self.first.remove(&target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_unit_are_removed_and_their_places_used_again() {
        let mut links = Links::default();
        let link = |field, target| Link { field, exit: field + 8, target, is_call: field % 2 == 1 };
        let fields = |links: &Links, target| {
            let mut fields: Vec<u32> = links.to(target).map(|site| site.field & !CALL).collect();
            fields.sort_unstable();
            fields
        };
        for (unit, field, target) in [(1, 10, 4), (2, 21, 4), (1, 12, 4), (1, 13, 8), (3, 34, 4)] {
            links.add(unit, 0, &link(field, target));
        }
        assert_eq!((fields(&links, 4), fields(&links, 8)), (vec![10, 12, 21, 34], vec![13]));
        links.remove(1, 4);
        links.remove(1, 8);
        links.remove(7, 4);
        links.remove(7, 12);
        assert_eq!((fields(&links, 4), fields(&links, 8)), (vec![21, 34], vec![]));
        links.remove(3, 4);
        for (unit, field, target) in [(4, 40, 8), (4, 41, 4), (4, 42, 8), (4, 43, 12)] {
            links.add(unit, 0, &link(field, target));
        }
        assert_eq!(links.sites.len(), 5, "free places come first");
        assert_eq!((fields(&links, 4), fields(&links, 8)), (vec![21, 41], vec![40, 42]));
        assert!(links.to(4).any(|site| site.field == CALL + 41) && links.to(12).count() == 1);
    }
}
