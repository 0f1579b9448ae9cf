//! Compilation planning: selects the region to compile for an address.
//!
//! The region is the function that contains the address, or a piece of it, after cold-path pruning.
//! A function is found by following its branches ([`region`]) from its known entries
//! ([`crate::functions`], [`piece`]), and is split if it is too long ([`pieces`]). Targets of
//! conditional branches that the interpreter has not reached are left out at first. When such a
//! target is reached and becomes hot, the function is compiled again with it; the last compilation
//! includes all paths.
//! See docs/src/decisions/0026-when-code-is-compiled.md.

mod piece;
mod pieces;

use crate::code::store::RegionSource;
use crate::config::Granularity;
use crate::functions::PieceOf;
use crate::shared::{ModeCode, Shared};
use piece::{PathFilter, PiecePlanner};
use xenia_guest::GuestAddr;
use xenia_lifter::cfg::region::{self, Reach, Region};
use xenia_memory::GuestMemory;

/// A region to compile, with the data that the code cache records once the decision is made.
pub(crate) struct Plan {
    pub(crate) region: Region,
    /// The region without cold-path pruning, if pruning left paths out.
    whole: Option<Region>,
    /// Start address of the region.
    pub(crate) start: u32,
    /// The function that it is a piece of, if any.
    pub(crate) piece: Option<PieceOf>,
}

/// An address that needs compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CodeRequest {
    pub(crate) pc: u32,
    /// Whether it must be an entry.
    pub(crate) as_entry: bool,
}

/// The starts of blocks between two addresses that the interpreter has reached, in order.
pub(crate) type Reached<'a> = &'a dyn Fn(u32, u32) -> Vec<u32>;

/// Handles a `plan` that is too long to compile, of which `fitting` instructions would fit: splits
/// the piece if it can. Returns the new limit of a region's length; the old one is `limit`.
pub(crate) fn split_or_shrink(code: &ModeCode, plan: Plan, fitting: usize, limit: usize) -> usize {
    let fitting = fitting.clamp(1, plan.region.instructions.saturating_sub(1).max(1));
    if plan.cut(code, fitting) { limit } else { fitting.min(limit - 1) }
}

impl Plan {
    /// A plan for `region`, which starts at `start` and is not a piece of a known function.
    fn alone(region: Region, start: u32) -> Self {
        Self { region, whole: None, start, piece: None }
    }

    /// The region for the persistent code cache.
    pub(crate) fn source(&self) -> RegionSource<'_> {
        RegionSource { region: &self.region, start: self.start, piece: self.piece.as_ref() }
    }

    /// Splits its piece into pieces of at most `most` instructions. Returns false if the piece
    /// stays whole.
    fn cut(self, code: &ModeCode, most: usize) -> bool {
        let Some(PieceOf { function, entries }) = self.piece else { return false };
        let whole = self.whole.as_ref().unwrap_or(&self.region);
        let mut cut = pieces::cut(whole, most);
        cut.entries.extend(entries);
        code.cache.lock().functions.cut(function, self.start, whole.end(), &cut)
    }
}

impl Shared {
    /// Paths to compile between two addresses. All paths are compiled if code is compiled at its
    /// first execution, or ahead of time, since then no path has run yet.
    fn path_filter(&self, reached: Reached<'_>, from: u32, to: u32) -> PathFilter {
        if let Some(seed) = self.config.testing.pruning_seed {
            return PathFilter::Some(seed);
        }
        let reached = if self.config.warm_up > 1 { reached(from, to) } else { Vec::new() };
        if reached.is_empty() { PathFilter::All } else { PathFilter::Reached(reached) }
    }

    /// Selects the region of at most `limit` instructions for the code at `pc`; `pc` is an entry of
    /// it if `as_entry`. Splits a function that is longer. Returns `None` if there is no code.
    pub(crate) fn plan(
        &self,
        code: &ModeCode,
        wanted: CodeRequest,
        reached: Reached<'_>,
        limit: usize,
    ) -> Option<Plan> {
        let pc = wanted.pc;
        // Regions end in front of device sites, whose accesses the baseline tier makes.
        let mut fetch = self.region_fetch();
        fetch(pc)?;
        let length = match self.config.granularity {
            Granularity::Function => None,
            Granularity::Block => Some(region::block_length(pc, &mut fetch)),
            Granularity::Instruction => Some(1),
        };
        if let Some(length) = length {
            let reach = Reach::all(pc..pc.saturating_add(4 * length), limit);
            return Some(Plan::alone(region::discover(&[pc], &reach, &mut fetch)?, pc));
        }
        loop {
            let filter = |from, to| self.path_filter(reached, from, to);
            let may_read = |pc: u32| {
                let page = GuestMemory::page_index(GuestAddr(pc));
                page.is_some_and(|page| !code.cache.lock().is_volatile(page))
            };
            let filter = &filter;
            let may_read = &may_read;
            let fetch = &mut fetch;
            let planner = PiecePlanner { code, wanted, reached, filter, may_read, limit, fetch };
            let plan = planner.plan()?;
            if plan.region.instructions <= limit {
                return Some(plan);
            }
            // Below the limit, since a region at the limit is often too long once it is lifted.
            if !plan.cut(code, limit * 3 / 4) {
                let reach = Reach::all(pc..pc.saturating_add(4 * limit as u32), limit);
                return Some(Plan::alone(region::discover(&[pc], &reach, fetch)?, pc));
            }
        }
    }
}
