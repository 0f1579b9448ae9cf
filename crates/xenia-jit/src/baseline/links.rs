//! Links between units: an index of branches by their target, for patching and unpatching them.
//!
//! A branch is linked when its target gets code, and unlinked when that code is withdrawn, each
//! with one store of the branch's distance. The list of a target's links is kept here. A unit lists
//! the targets of its links, so that they are removed with the unit.

use super::emit::Link;
use crate::runtime::code_memory::CodeMemory;
use fnv::FnvHashMap;

/// A branch from a unit to a guest address.
#[derive(Clone, Copy, Debug)]
struct LinkSite {
    /// The unit that contains it.
    unit: u32,
    /// Offsets in code memory: of the branch's distance, and of the exit that asks for the target.
    field: u32,
    exit: u32,
    is_call: bool,
}

/// The links of all units, by target.
#[derive(Default)]
pub(super) struct Links {
    by_target: FnvHashMap<u32, Vec<LinkSite>>,
}

impl Links {
    /// Adds a link of `unit`, whose code is at `offset`.
    pub(super) fn add(&mut self, unit: u32, offset: u32, link: &Link) {
        let site =
            LinkSite { unit, field: offset + link.field, exit: offset + link.exit, is_call: link.is_call };
        self.by_target.entry(link.target).or_default().push(site);
    }

    /// Links the branches to `target` to the code at `offset`: jumps always, calls if
    /// `may_be_called`.
    pub(super) fn lead(&self, memory: &CodeMemory, target: u32, offset: u32, may_be_called: bool) {
        for site in self.by_target.get(&target).into_iter().flatten() {
            if may_be_called || !site.is_call {
                memory.set_distance(site.field as usize, offset as usize);
            }
        }
    }

    /// Unlinks the branches to `target`, so that they ask for it.
    pub(super) fn withdraw(&self, memory: &CodeMemory, target: u32) {
        for site in self.by_target.get(&target).into_iter().flatten() {
            memory.set_distance(site.field as usize, site.exit as usize);
        }
    }

    /// Removes the links of a unit to `target`.
    pub(super) fn remove(&mut self, unit: u32, target: u32) {
        if let Some(sites) = self.by_target.get_mut(&target) {
            sites.retain(|site| site.unit != unit);
            if sites.is_empty() {
                self.by_target.remove(&target);
            }
        }
    }
}
