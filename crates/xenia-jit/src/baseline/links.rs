//! Links between units: an index of branches by their target, for patching and unpatching them.
//!
//! A branch is linked when its target gets code, and unlinked when that code is withdrawn, each
//! with one store of the branch's distance. The links to a target form a list, in one vector for
//! all targets, as most targets have one link or two, and some have one from every function of a
//! title (its routines that save registers). The list is doubly linked, and a unit keeps the
//! numbers of its links, so that to remove a unit takes no time that grows with other units.

use super::emit::Link;
use crate::code::memory::CodeMemory;
use fnv::FnvHashMap;

/// Flag in the upper bit of [`LinkSite::field`]: a call. Offsets in code memory have 28 bits.
const CALL: u32 = 1 << 31;
/// Flag in the upper bit of [`LinkSite::before`]: no link comes before; the other bits are a
/// quarter of the target.
const FIRST: u32 = 1 << 31;
/// The end of a list.
const NONE: u32 = u32::MAX;

/// A branch from a unit to a guest address.
#[derive(Clone, Copy, Debug)]
struct LinkSite {
    /// Number of the link before this one to the same target; of the first one the target, with the
    /// flag [`FIRST`].
    before: u32,
    /// Offsets in code memory: of the branch's distance, with the flag [`CALL`], and of the exit
    /// that requests the target.
    field: u32,
    exit: u32,
    /// Number of the next link to the same target, or of the next free place; [`NONE`] at the end.
    next: u32,
}

/// The links of all units, by target.
pub(super) struct Links {
    /// Number of the first link, by target.
    first: FnvHashMap<u32, u32>,
    /// The links, by number.
    sites: Vec<LinkSite>,
    /// Number of the first free place in `sites`.
    free: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self { first: FnvHashMap::default(), sites: Vec::new(), free: NONE }
    }
}

impl Links {
    /// Adds a link of the unit whose code is at `offset`. Returns its number.
    pub(super) fn add(&mut self, offset: u32, link: &Link) -> u32 {
        let call = if link.is_call { CALL } else { 0 };
        let next = self.first.get(&link.target).copied().unwrap_or(NONE);
        let before = FIRST | (link.target >> 2);
        let site = LinkSite { before, field: (offset + link.field) | call, exit: offset + link.exit, next };
        let number = self.free;
        // `NONE` lies beyond the end of the vector.
        let number = if let Some(place) = self.sites.get_mut(number as usize) {
            self.free = place.next;
            *place = site;
            number
        } else {
            self.sites.push(site);
            self.sites.len() as u32 - 1
        };
        if let Some(next) = self.sites.get_mut(next as usize) {
            next.before = number;
        }
        self.first.insert(link.target, number);
        number
    }

    /// Links the branches to `target` to the code at `offset`: jumps always, calls if
    /// `may_be_called`.
    pub(super) fn lead(&self, memory: &mut CodeMemory, target: u32, offset: u32, may_be_called: bool) {
        for site in self.to(target) {
            if may_be_called || site.field & CALL == 0 {
                memory.set_distance((site.field & !CALL) as usize, offset as usize);
            }
        }
    }

    /// Unlinks the branches to `target`, so that they ask for it.
    pub(super) fn withdraw(&self, memory: &mut CodeMemory, target: u32) {
        for site in self.to(target) {
            memory.set_distance((site.field & !CALL) as usize, site.exit as usize);
        }
    }

    fn to(&self, target: u32) -> impl Iterator<Item = &LinkSite> {
        let site = |index: u32| self.sites.get(index as usize);
        let first = self.first.get(&target).and_then(|&index| site(index));
        std::iter::successors(first, move |last| site(last.next))
    }

    /// Removes the link with this number, which another one may get then.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(place) = self.sites.get_mut(number as usize) else { return };
        let LinkSite { before, next, .. } = *place;
        place.next = std::mem::replace(&mut self.free, number);
        if let Some(next) = self.sites.get_mut(next as usize) {
            next.before = before;
        }
        // With the flag `FIRST`, the number lies beyond the end of the vector.
        if let Some(before) = self.sites.get_mut(before as usize) {
            before.next = next;
        } else if next == NONE {
            self.first.remove(&target_of(before));
        } else {
            self.first.insert(target_of(before), next);
        }
    }
}

/// The target of a first link.
fn target_of(before: u32) -> u32 {
    (before & !FIRST) << 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_removed_and_their_places_used_again() {
        let mut links = Links::default();
        let link = |field, target| Link { field, exit: field + 8, target, is_call: field % 2 == 1 };
        let fields = |links: &Links, target| {
            let mut fields: Vec<u32> = links.to(target).map(|site| site.field & !CALL).collect();
            fields.sort_unstable();
            fields
        };
        let [a, b, _, c, d] = [(10, 4), (21, 4), (12, 4), (13, 8), (34, 4)]
            .map(|(field, target)| links.add(0, &link(field, target)));
        assert_eq!((fields(&links, 4), fields(&links, 8)), (vec![10, 12, 21, 34], vec![13]));
        // The last one of a list, the only one, one in between, and the first one.
        for number in [a, c, b] {
            links.remove(number);
        }
        assert_eq!((fields(&links, 4), fields(&links, 8)), (vec![12, 34], vec![]));
        links.remove(d);
        assert_eq!(fields(&links, 4), [12]);
        for (field, target) in [(40, 8), (41, 4), (42, 8), (43, 12)] {
            links.add(0, &link(field, target));
        }
        assert_eq!(links.sites.len(), 5, "free places come first");
        assert_eq!((fields(&links, 4), fields(&links, 8)), (vec![12, 41], vec![40, 42]));
        assert!(links.to(4).any(|site| site.field == CALL + 41) && links.to(12).count() == 1);
    }
}
