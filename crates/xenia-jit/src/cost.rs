//! How many host instructions each guest block became: what a change of the lifter does, as numbers
//! that depend on no clock.
//!
//! Host instructions belong to the block whose guest instruction they were emitted for, those off
//! its hot path included. Entry thunks, what the compiler adds for the region as a whole, what runs
//! only when an access in a loop has faulted, and copies of leaves belong to no block.

use crate::function_tier::Compiled;
use crate::region::{Block, Region};
use iced_x86::{Decoder, DecoderOptions, Instruction};
use std::collections::BTreeMap;

/// What a guest block costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockCost {
    /// Its first address.
    pub pc: u32,
    /// Its guest instructions.
    pub guest: u32,
    /// The host instructions that they became.
    pub host: u32,
}

/// What a region costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionCost {
    /// Its blocks, by address.
    pub blocks: Vec<BlockCost>,
    /// Host instructions that belong to no block.
    pub shared: u32,
    /// Addresses that it calls.
    pub calls: Vec<u32>,
}

impl RegionCost {
    pub(crate) fn of(region: &Region, compiled: &Compiled, calls: Vec<u32>) -> Self {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        let mut shared = 0;
        // What is before the first place are thunks, at a stride: whole instructions with padding between
        // them.
        let start = compiled.tables.places.first().map_or(0, |&(offset, _)| offset as usize);
        let body = compiled.code.get(start..).unwrap_or_default();
        let mut decoder = Decoder::with_ip(64, body, start as u64, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            let site = Compiled::site(&compiled.tables.places, instruction.ip() as u32);
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
        Self { blocks: blocks.collect(), shared, calls }
    }
}
