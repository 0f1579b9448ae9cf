//! Model-based test of memory allocation: random calls of the exports, with valid and invalid
//! arguments, are compared with a model.
//!
//! ```sh
//! XENIA_POOL_CASES=0..100000 cargo test --release -p xenia-kernel-tests \
//!     memory_calls_agree_with_a_model
//! XENIA_POOL_CASES=77..78 XENIA_KERNEL_LOG=1 cargo test -p xenia-kernel-tests \
//!     memory_calls_agree_with_a_model
//! ```
//!
//! Checked properties: live blocks do not overlap and keep their contents; new memory is zero;
//! sizes, addresses and alignments are as requested; calls fail only for a reason, and then have no
//! effect; queries agree with the model; the committed bytes are the model's sum after each call
//! and return to the initial value when all memory is freed.

mod model;
mod physical;
mod pool;
mod virtual_memory;

use super::*;
use model::{Model, Region, page_size, region_length};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use xenia_kernel::memory::virtual_memory::flags;
use xenia_memory::{COMMIT_LIMIT, RegionState, physical};
use xenia_testing::{Cases, Dice};

/// Cases in a normal test run.
const CASES: u64 = 150;
/// Calls in a case.
const CALLS: usize = 200;
const HEAPS: [Heap; 7] = [
    Heap::Virtual4K,
    Heap::Virtual64K,
    Heap::Image64K,
    Heap::Image4K,
    Heap::Physical64K,
    Heap::Physical16M,
    Heap::Physical4K,
];
/// Offsets in the scratch memory of base and size, a result, and an answer.
const ARGUMENTS: u32 = 0x100;
const RESULT: u32 = 0x200;
const ANSWER: u32 = 0x300;

fn committed(memory: &GuestMemory) -> u32 {
    HEAPS.iter().map(|&heap| memory.committed_bytes(heap)).sum()
}

struct Case {
    harness: Harness,
    dice: Dice,
    model: Model,
    /// Bytes committed at the start, without the pool's.
    began: u32,
    /// Log of all calls so far.
    log: Vec<String>,
}

impl Case {
    fn new(seed: u64) -> Self {
        let harness = Harness::new();
        let began = committed(harness.memory()) - harness.kernel.pool.lock().bytes();
        let mut case = Self { harness, dice: Dice(seed), model: Model::default(), began, log: Vec::new() };
        case.find_foreign();
        case.model.foreign_physical = case.physical_regions();
        case
    }

    /// Finds the kernel's allocations in the general heaps; its pool may have grown or shrunk.
    fn find_foreign(&mut self) {
        self.model.foreign.clear();
        let mut at = 0;
        while at < 0x7F00_0000 {
            let found = self.harness.memory().query(GuestAddr(at)).unwrap();
            let base = found.allocation_base.0;
            let size = found.allocation_size;
            if size > 0 && !self.model.regions.contains_key(&base) {
                self.model.foreign.insert(base, size);
            }
            at = if size > 0 { base + size } else { found.base.0 + found.size };
        }
    }

    /// Returns the allocations in the three views of physical memory, by physical address.
    fn physical_regions(&self) -> Vec<Range<u32>> {
        let mut regions = Vec::new();
        for heap in [Heap::Physical64K, Heap::Physical16M, Heap::Physical4K] {
            let mut at = heap.base().0;
            let end = u64::from(heap.base().0) + u64::from(heap.size());
            while u64::from(at) < end {
                let found = self.harness.memory().query(GuestAddr(at)).unwrap();
                if found.state != RegionState::Free {
                    let first = physical(found.base).unwrap();
                    regions.push(first..first + found.size);
                }
                at = found.base.0 + found.size;
            }
        }
        regions
    }

    /// Returns a random size, most often small, often at an edge case; the maximum is 2 to the
    /// power of `most`.
    fn size(&mut self, most: usize) -> u32 {
        let near = [-1_i64, 0, 1][self.dice.below(3)];
        let size = match self.dice.below(12) {
            0..=4 => self.dice.below(0x400) as i64,
            5 | 6 => (self.dice.below(0x20) as i64) * 0x10 + near,
            7 | 8 => (self.dice.below(0x30) as i64) * 0x1000 + near,
            9 => (1 << self.dice.below(22)) + near,
            10 if self.dice.one_in(4) => (1 << (20 + self.dice.below(most - 19))) + near,
            11 if self.dice.one_in(3) => [0x1000_0001, 0xFFFF_FFFF, 0x7FFF_FFFF][self.dice.below(3)],
            _ => (self.dice.below(0x20) as i64) * 0x1_0000 + near,
        };
        size.max(0) as u32
    }

    fn protect_word(&mut self) -> u32 {
        match self.dice.below(12) {
            0 => [0, 3, 6, 0x1000, 0x33][self.dice.below(5)],
            1 => 0x104,
            2 => 1,
            3 | 4 => 2,
            5 => 0x404,
            6 => 0x40,
            _ => 4,
        }
    }

    /// Returns a random address: mostly one of the keys, sometimes one inside or near them, one of
    /// the kernel, or an unmapped one.
    fn address(&mut self, keys: &[u32]) -> u32 {
        const OTHERS: [u32; 12] = [
            0,
            4,
            0x1000,
            0x3FFF_F000,
            0x7EFF_0000,
            0x7FC8_0000,
            0x8200_0000,
            0x9000_0000,
            0xA000_0000,
            0xBFFF_0000,
            0xC000_0000,
            0xFFFF_FFFF,
        ];
        let at = self.dice.pick(keys).unwrap_or(0x2345_0000);
        match self.dice.below(12) {
            0 => at.wrapping_add(16),
            1 => at.wrapping_add(self.dice.below(0x2_0000) as u32),
            2 => at.wrapping_add((self.dice.below(0x10) as u32) << 12),
            3 => self.dice.pick(&OTHERS).unwrap(),
            4 => self.any_pool_address().unwrap_or(at),
            _ => at,
        }
    }

    fn kernel_call(&mut self, name: &'static str, arguments: &[u32]) -> u32 {
        self.log.push(format!("{name}({arguments:x?})"));
        let arguments: Vec<u64> = arguments.iter().map(|&argument| argument.into()).collect();
        let result = self.harness.kernel_call(name, &arguments) as u32;
        self.log.push(format!("    {result:x}"));
        result
    }

    fn xam_call(&mut self, name: &'static str, arguments: &[u32]) -> bool {
        self.log.push(format!("{name}({arguments:x?})"));
        let arguments: Vec<u64> = arguments.iter().map(|&argument| argument.into()).collect();
        self.harness.xam_call(name, &arguments) == 0
    }

    /// Returns whether `bytes` more would exceed the machine's memory.
    fn is_too_much(&self, bytes: u32) -> bool {
        u64::from(committed(self.harness.memory())) + u64::from(bytes) > COMMIT_LIMIT.into()
    }

    /// Writes a word at some places of a range, where it is writable.
    fn mark(&mut self, range: Range<u32>) {
        let inside = range.start + self.dice.below(range.len()) as u32;
        for at in [range.start, inside, range.end.saturating_sub(8)] {
            let at = at & !7;
            if range.contains(&at)
                && range.contains(&(at + 7))
                && self.harness.memory().is_writable(GuestAddr(at))
            {
                let word = self.dice.next();
                self.harness.memory().write(GuestAddr(at), word).unwrap();
                self.model.marks.insert(at, word);
            }
        }
    }

    /// Checks that new memory is zero.
    fn expect_zeros(&mut self, range: &Range<u32>) {
        let inside = range.start + self.dice.below(range.len()) as u32;
        for at in [range.start, inside, range.end - 1] {
            if let Ok(byte) = self.harness.memory().read::<u8>(GuestAddr(at)) {
                assert_eq!(byte, 0, "{at:x} of {range:x?} is not new");
            }
        }
    }

    /// Returns the addresses of the title's regions of one kind.
    fn keys(&self, kind: impl Fn(u32) -> bool) -> Vec<u32> {
        self.model.regions.keys().copied().filter(|&at| kind(at)).collect()
    }

    fn drop_region(&mut self, at: u32) -> bool {
        let region = self.model.regions.remove(&at);
        if let Some(region) = &region {
            self.model.forget(at..at + region_length(at, region));
        }
        region.is_some()
    }

    fn check(&self) {
        let memory = self.harness.memory();
        for (&at, &word) in &self.model.marks {
            match memory.read::<u64>(GuestAddr(at)) {
                Ok(found) => assert_eq!(found, word, "what was written at {at:x}"),
                Err(fault) => {
                    let (base, region) = self.model.containing(&(at..at + 8)).expect("a block can be read");
                    let protect = region.pages[((at - base) / page_size(base)) as usize];
                    assert!(!Protect(protect.unwrap()).readable(), "{fault} with {protect:?}");
                }
            }
        }
        let should = self.began + self.model.committed() + self.harness.kernel.pool.lock().bytes();
        assert_eq!(committed(memory), should, "bytes committed");
        assert!(should <= COMMIT_LIMIT);
    }

    fn step(&mut self) {
        match self.dice.below(22) {
            0..=4 => self.pool_allocate(),
            5..=8 => self.pool_free(),
            9 | 10 => self.physical_allocate(),
            11 => self.physical_free(),
            12 => self.allocate_anywhere(),
            13..=15 => self.allocate_there(),
            16 => self.virtual_free(),
            17 => self.protect(),
            18 => self.stack(),
            19 => self.bad_pointers(),
            _ => self.ask(),
        }
    }

    fn run(&mut self) {
        for _ in 0..CALLS {
            self.step();
            self.check();
        }
        self.give_back();
    }

    /// Frees all memory, and checks that it can be allocated again.
    fn give_back(&mut self) {
        for at in self.keys(|_| true) {
            let arguments = self.harness.scratch.offset(ARGUMENTS);
            if physical(GuestAddr(at)).is_some() {
                self.kernel_call("MmFreePhysicalMemory", &[0, at]);
            } else {
                self.harness.memory().write(arguments, at).unwrap();
                self.harness.memory().write(arguments.offset(4), 0_u32).unwrap();
                let result = self
                    .kernel_call("NtFreeVirtualMemory", &[arguments.0, arguments.0 + 4, flags::RELEASE, 0]);
                assert_eq!(NtStatus(result), NtStatus::SUCCESS, "{at:x}");
            }
            self.drop_region(at);
            self.check();
        }
        self.give_pool_back();
        self.check();
        assert_eq!(self.physical_regions(), self.model.foreign_physical);
        self.find_foreign();
        assert!(self.model.marks.is_empty());
    }
}

#[test]
fn memory_calls_agree_with_a_model() {
    Cases::new("XENIA_POOL_CASES", CASES).each(|seed| {
        let mut case = Case::new(seed);
        let ended = catch_unwind(AssertUnwindSafe(|| case.run()));
        if let Err(panic) = ended {
            if std::env::var_os("XENIA_KERNEL_LOG").is_some() {
                println!("{}", case.log.join("\n"));
            }
            let last = case.log.iter().rev().take(3).rev().cloned().collect::<Vec<_>>();
            println!("line {}: {last:?}", case.log.len());
            resume_unwind(panic);
        }
    });
}
