//! Links between units: which branches lead where, so that they can be made and withdrawn.
//!
//! A link is made when its target has code and taken back when that code is withdrawn, each time
//! with one store of the branch's distance. The list of a target's links lives here; a unit names
//! the targets of its own, so that its links go when it does.

use super::emit::Link;
use crate::code_memory::CodeMemory;
use fnv::FnvHashMap;

/// A branch from a unit to a guest address.
#[derive(Clone, Copy, Debug)]
struct LinkSite {
    /// The unit.
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
    /// Adds a link of the unit at `offset`.
    pub(super) fn add(&mut self, unit: u32, offset: u32, link: &Link) {
        let site =
            LinkSite { unit, field: offset + link.field, exit: offset + link.exit, is_call: link.is_call };
        self.by_target.entry(link.target).or_default().push(site);
    }

    /// Makes the links to `target` lead to the code at `offset`: jumps, and calls if it
    /// `may_be_called`.
    pub(super) fn lead(&self, memory: &CodeMemory, target: u32, offset: u32, may_be_called: bool) {
        for site in self.by_target.get(&target).into_iter().flatten() {
            if may_be_called || !site.is_call {
                memory.set_distance(site.field as usize, offset as usize);
            }
        }
    }

    /// Makes the links to `target` ask for it.
    pub(super) fn withdraw(&self, memory: &CodeMemory, target: u32) {
        for site in self.by_target.get(&target).into_iter().flatten() {
            memory.set_distance(site.field as usize, site.exit as usize);
        }
    }

    /// Forgets the links of a unit to `target`.
    pub(super) fn remove(&mut self, unit: u32, target: u32) {
        if let Some(sites) = self.by_target.get_mut(&target) {
            sites.retain(|site| site.unit != unit);
            if sites.is_empty() {
                self.by_target.remove(&target);
            }
        }
    }
}
