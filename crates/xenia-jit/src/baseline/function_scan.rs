//! Static scan of functions, executed or not: finds their instruction mix and their callees.
//!
//! A function is discovered and its code written as for the baseline tier, and the code is
//! discarded. That costs a hundredth of compiling the same code in the optimizing tier, so all code
//! of a title can be scanned to find the functions worth compiling ahead.
//!
//! No branch leads to the cases of a switch. If the function has a jump to an address in a
//! register, the scan looks for cases in the gaps between the reached words, up to the function's
//! end if that is known, else up to the last reached word.

use super::emit::Emitter;
use super::endings::Ending;
use super::templates::CodeOptions;
use super::unit::{Discovery, MAX_EXTENT, Reach, Source};
use super::worth::UnitMix;
use xenia_isa::decode;
use xenia_isa::word::NOP;
use xenia_lifter::cfg::region::MAX_FUNCTION_LENGTH;
use xenia_memory::GuestMemory;

/// Limit of gaps of one function that are searched.
const MAX_GAPS: usize = 1 << 12;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ScannedFunction {
    pub(crate) mix: UnitMix,
    /// Addresses of callees, in ascending order.
    pub(crate) calls: Vec<u32>,
}

/// Scans functions; reuses its tables.
pub(crate) struct FunctionScanner {
    discovery: Discovery,
    emitter: Emitter,
    /// Words that were scanned, from the function's start on.
    seen: Vec<bool>,
}

/// The function's words, bounded for discovery.
struct Bounded<'a> {
    memory: &'a GuestMemory,
    start: u32,
    /// Limit of the function's length in words.
    words: usize,
    seen: &'a [bool],
    is_function: &'a dyn Fn(u32) -> bool,
}

impl Source for Bounded<'_> {
    fn fetch(&mut self, pc: u32) -> Option<u32> {
        let index = pc.checked_sub(self.start)? as usize / 4;
        if index < self.words { self.memory.fetch_u32(pc).ok() } else { None }
    }

    fn is_elsewhere(&self, pc: u32) -> bool {
        let index = pc.wrapping_sub(self.start) as usize / 4;
        self.seen.get(index).is_some_and(|&seen| seen) || (self.is_function)(pc)
    }
}

impl FunctionScanner {
    pub(crate) fn new(options: CodeOptions) -> Self {
        Self { discovery: Discovery::new(), emitter: Emitter::new(options), seen: Vec::new() }
    }

    /// Surveys the function from `start` to `end`, if its end is known. Blocks at addresses for
    /// which `is_function` is true belong to other functions. Returns `None` if there is no code.
    pub(crate) fn scan(
        &mut self,
        memory: &GuestMemory,
        start: u32,
        end: Option<u32>,
        is_function: &dyn Fn(u32) -> bool,
    ) -> Option<ScannedFunction> {
        let words = end
            .map_or(MAX_EXTENT, |end| (end.saturating_sub(start) / 4) as usize)
            .clamp(1, MAX_FUNCTION_LENGTH);
        self.seen.clear();
        let mut scanned = ScannedFunction::default();
        let mut at = 0;
        let mut has_jump = false;
        for _ in 0..MAX_GAPS {
            let from = start.wrapping_add(4 * at as u32);
            let room = MAX_FUNCTION_LENGTH - scanned.mix.instructions as usize;
            let reach = Reach { words: MAX_EXTENT.min(words - at), instructions: MAX_EXTENT.min(room) };
            let mut source = Bounded { memory, start, words, seen: &self.seen, is_function };
            if !self.discovery.find(from, reach, &mut source) {
                break;
            }
            has_jump |= self.take(at, &mut scanned);
            let most = match end {
                Some(_) => words,
                None if has_jump => self.seen.len(),
                None => break,
            };
            let gap = (at..most).find(|&index| {
                let is_seen = self.seen.get(index).is_some_and(|&seen| seen);
                let pc = start.wrapping_add(4 * index as u32);
                !is_seen && memory.fetch_u32(pc).is_ok_and(|word| word != NOP && decode(word).is_some())
            });
            match gap {
                Some(gap) if (scanned.mix.instructions as usize) < MAX_FUNCTION_LENGTH => at = gap,
                _ => break,
            }
        }
        scanned.calls.sort_unstable();
        scanned.calls.dedup();
        (scanned.mix.instructions != 0).then_some(scanned)
    }

    /// Adds the unit that was just discovered `at` words from the function's start. Returns whether
    /// it jumps to an address in a register.
    fn take(&mut self, at: usize, scanned: &mut ScannedFunction) -> bool {
        let unit = &self.discovery;
        // The code is never run, so the offset of every thunk may be 0.
        let is_written = self.emitter.emit(unit, &mut |_| Ok(0)).is_ok();
        let mut mix = UnitMix::of(unit, &self.emitter);
        if !is_written {
            mix.arms = 0;
            mix.floats = 0;
        }
        scanned.mix.add(mix);
        let mut has_jump = false;
        for block in &unit.blocks {
            if self.seen.len() < at + block.end {
                self.seen.resize(at + block.end, false);
            }
            self.seen[at + block.first..at + block.end].fill(true);
            has_jump |= block.ending == Ending::Indirect;
            let pc = unit.address(block.end - 1);
            let last = unit.words(block.end - 1, block.end)[0].i;
            let called = block.ending.target(pc, last).filter(|_| block.ending.calls());
            // `bl` to the next instruction reads its own address.
            scanned.calls.extend(called.filter(|&called| called != pc.wrapping_add(4)));
        }
        has_jump
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JitConfig;
    use std::sync::Arc;
    use xenia_guest::GuestAddr;
    use xenia_isa::word::BCTR;
    use xenia_memory::{AllocKind, Protect};

    const CODE: u32 = 0x8201_0000;

    fn memory(source: &str) -> (Arc<GuestMemory>, u32) {
        let code = xenia_isa::assemble(source, CODE).unwrap().bytes;
        let memory = GuestMemory::new().unwrap();
        memory.alloc_fixed(GuestAddr(CODE), 0x1_0000, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
        memory.write_bytes(GuestAddr(CODE), &code).unwrap();
        (memory, CODE + code.len() as u32)
    }

    fn scan(source: &str, is_end_known: bool) -> ScannedFunction {
        let (memory, end) = memory(source);
        let mut scanner = FunctionScanner::new(CodeOptions::of(&JitConfig::default()));
        scanner.scan(&memory, CODE, is_end_known.then_some(end), &|_| false).unwrap()
    }

    #[test]
    fn scan_distinguishes_plain_loops_from_loops_with_calls() {
        let plain = scan("li 3, 9\nmtctr 3\nx: addi 4, 4, 1\nbdnz x\nblr\n", false);
        assert_eq!((plain.mix.in_plain_loops, plain.mix.instructions), (2, 5));
        assert!(plain.mix.is_worth_optimizing() && plain.calls.is_empty());
        let calls = scan("li 30, 9\nx: bl 0x82010100\naddic. 30, 30, -1\nbne x\nblr\n", false);
        assert_eq!((calls.mix.in_plain_loops, &calls.calls[..]), (0, &[CODE + 0x100][..]));
        assert!(!calls.mix.is_worth_optimizing());
    }

    #[test]
    fn floating_point_counts_as_in_the_tier() {
        let floats = scan("fadd 1, 1, 2\nfmul 1, 1, 3\nblr\n", false);
        assert_eq!(floats.mix.floats, 2);
        assert!(floats.mix.is_worth_optimizing());
    }

    #[test]
    fn cases_of_a_switch_are_part_of_a_function() {
        // Only the indirect jump leads to the case that contains the loop.
        let source = "mtctr 3\nbctr\nnop\nli 3, 1\nblr\nli 3, 9\nmtctr 3\nx: bdnz x\nblr\n";
        assert_eq!(scan(source, true).mix.in_plain_loops, 1);
        assert_eq!(scan(source, false).mix.in_plain_loops, 0, "nothing is known of what lies behind");
    }

    #[test]
    fn scan_excludes_other_functions_and_unmapped_memory() {
        let (memory, _) = memory("li 3, 1\nb y\nblr\ny: li 3, 9\nmtctr 3\nx: bdnz x\nblr\n");
        let mut scanner = FunctionScanner::new(CodeOptions::of(&JitConfig::default()));
        let mut scanned_at =
            |start, is_function: &dyn Fn(u32) -> bool| scanner.scan(&memory, start, None, is_function);
        assert_eq!(scanned_at(CODE, &|_| false).unwrap().mix.instructions, 6);
        assert_eq!(scanned_at(CODE, &|pc| pc == CODE + 12).unwrap().mix.instructions, 2);
        assert_eq!(scanned_at(0x9000_0000, &|_| false), None);
    }

    #[test]
    fn hostile_code_ends() {
        // Jumps all over the words, with a gap at every second one.
        let mut scanner = FunctionScanner::new(CodeOptions::of(&JitConfig::default()));
        let memory = GuestMemory::new().unwrap();
        memory
            .alloc_fixed(GuestAddr(CODE), 0x10_0000, AllocKind::ReserveCommit, Protect::READ_WRITE)
            .unwrap();
        let bytes: Vec<u8> = (0..0x4_0000_u32)
            .flat_map(|word| {
                if word % 2 == 0 { BCTR } else { 0x4800_0000 | word << 3 & 0x3FF_FFFC }.to_be_bytes()
            })
            .collect();
        memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
        let scanned = scanner.scan(&memory, CODE, Some(CODE + 0x10_0000), &|_| false).unwrap();
        assert!(scanned.mix.instructions as usize <= MAX_FUNCTION_LENGTH);
        assert!(scanner.scan(&memory, CODE, Some(0), &|_| false).is_some(), "an end before its start");
    }
}
