//! Code size by guest block, in host instructions: shows the effect of a change to the lifter in
//! numbers that do not depend on timing.
//!
//! A host instruction counts for the block of the guest instruction that it was emitted for, cold
//! paths included. Entry thunks, code that the compiler adds for the region as a whole,
//! code that runs only after a faulting access in a loop, and inlined leaf functions belong to no
//! block.

use crate::arch::inspect::instruction_starts;
use std::collections::BTreeMap;
use xenia_lifter::cfg::region::{Block, Region};
use xenia_lifter::{Compiled, FaultExits};

/// The cost of a guest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockCost {
    /// Its first guest address.
    pub pc: u32,
    /// Number of its guest instructions.
    pub guest: u32,
    /// Number of host instructions emitted for them.
    pub host: u32,
}

/// The cost of a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionCost {
    /// Its blocks, in ascending order of addresses.
    pub blocks: Vec<BlockCost>,
    /// Number of host instructions that belong to no block.
    pub shared: u32,
    /// Addresses of its callees.
    pub calls: Vec<u32>,
    /// Number of accesses in loops with sunk stores, whose branch was rewritten to a fault exit.
    pub fault_exits: u32,
    /// Whether a branch could not be rewritten, so that the region's loops sink no stores.
    pub lost_sinking: bool,
}

impl RegionCost {
    pub(crate) fn of(region: &Region, compiled: &Compiled) -> Self {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        let mut shared = 0;
        // The code before the first place consists of thunks at a fixed stride: whole instructions
        // with padding between them.
        let start = compiled.tables.places.first().map_or(0, |first| first.offset as usize);
        let body = compiled.code.get(start..).unwrap_or_default();
        for at in instruction_starts(body) {
            let site = Compiled::site(&compiled.tables.places, (start + at) as u32);
            let block = site.and_then(|site| region.block_of(site.pc));
            match block.map(Block::start) {
                Some(pc) => *counts.entry(pc).or_default() += 1,
                None => shared += 1,
            }
        }
        let blocks = region.blocks.iter().map(|(&pc, block)| BlockCost {
            pc,
            guest: block.own().len() as u32,
            host: counts.get(&pc).copied().unwrap_or_default(),
        });
        let FaultExits { marked, refused } = compiled.fault_exits;
        let calls = region.calls.clone();
        Self { blocks: blocks.collect(), shared, calls, fault_exits: marked, lost_sinking: refused }
    }
}
