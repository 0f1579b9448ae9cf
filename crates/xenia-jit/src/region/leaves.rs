//! Functions that are compiled in place of the calls to them: leaves of a few instructions in a
//! row.
//!
//! A call of one costs more than what it does: everything is stored for it and loaded behind it,
//! and the place where it comes back to is an entry. Titles call such functions all the time: what
//! saves and restores registers (`__savegprlr_29`), gets a field, or a thread's data. A copy of the
//! function goes on where the caller's block ends with the call, or with a jump to it; its
//! instructions are the block's, with their own addresses, and are counted, fault and are noticed
//! when they change as they would be where they lie. Of a call the return address is known, so its
//! `blr` goes to the next block of the caller.
//!
//! See docs/src/decisions/0101-leaves-in-place-of-calls.md.

use super::{End, Guest, REGION_LIMIT, end_of};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Instruction, Op, decode, spr};

/// Instructions of a leaf at most, its return included: what saves eighteen registers and the
/// return address has twenty.
const LONGEST: usize = 24;
/// Instructions of all leaves of a region at most, each as often as it's there.
const MOST: usize = 1024;
/// Addresses that are looked at for a leaf at most: as many as a region has instructions.
const MOST_LOOKED_AT: usize = REGION_LIMIT;

/// How a leaf is come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// `bl`: it comes back behind that.
    Call,
    /// `b` out of the region: it returns to whoever called the function, by the LR that it may have
    /// loaded.
    Jump,
}

/// The leaves of a region.
pub(super) struct Leaves<'a> {
    /// Whether a page, by an address in it, may become part of the region for the sake of a leaf.
    /// `None`: there are no leaves.
    may_read: Option<&'a dyn Fn(u32) -> bool>,
    /// What is known of addresses that are branched to.
    known: HashMap<(u32, By), Option<Arc<[Guest]>>>,
    /// By the address of the call or jump.
    by_branch: BTreeMap<u32, Arc<[Guest]>>,
    /// Instructions of all of these.
    length: usize,
}

impl<'a> Leaves<'a> {
    pub(super) fn new(may_read: Option<&'a dyn Fn(u32) -> bool>) -> Self {
        Self { may_read, known: HashMap::new(), by_branch: BTreeMap::new(), length: 0 }
    }

    /// Whether the branch at `pc` to `target` is replaced by what is there.
    pub(super) fn take(
        &mut self,
        pc: u32,
        (target, by): (u32, By),
        fetch: &mut dyn FnMut(u32) -> Option<u32>,
    ) -> bool {
        let Some(may_read) = self.may_read else { return false };
        if self.length == MOST || self.known.len() >= MOST_LOOKED_AT {
            return false;
        }
        let found = self.known.entry((target, by)).or_insert_with(|| leaf(target, by, may_read, fetch));
        let Some(leaf) = found.as_ref().filter(|leaf| self.length + leaf.len() <= MOST) else { return false };
        self.length += leaf.len();
        self.by_branch.insert(pc, Arc::clone(leaf));
        true
    }

    /// What the branch at `pc` is replaced by.
    pub(super) fn at(&self, pc: u32) -> &[Guest] {
        self.by_branch.get(&pc).map_or(&[], |leaf| leaf)
    }
}

/// The function at `start`, if it is a leaf.
fn leaf(
    start: u32,
    by: By,
    may_read: &dyn Fn(u32) -> bool,
    fetch: &mut dyn FnMut(u32) -> Option<u32>,
) -> Option<Arc<[Guest]>> {
    let mut guests = Vec::new();
    for pc in (0..LONGEST as u32).map(|n| start.wrapping_add(4 * n)) {
        let instruction = Instruction(fetch(pc)?);
        if (pc == start || pc.is_multiple_of(PAGE_SIZE)) && !may_read(pc) {
            return None;
        }
        let op = decode(instruction.0);
        guests.push(Guest { pc, instruction, op });
        match end_of(pc, op, instruction) {
            End::None if op == Some(Op::mtspr) && instruction.spr() == spr::LR && by == By::Call => {
                return None;
            }
            End::None => {}
            End::Indirect { link: false, conditional: false } if op == Some(Op::bclrx) => {
                return Some(guests.into());
            }
            _ => return None,
        }
    }
    None
}
