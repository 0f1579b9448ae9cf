//! Registers that are passed on as values: by calls and returns, and where code comes together.
//!
//! The context is as current at a call and at a return as anywhere between blocks. Beside it, a few
//! registers come along in the host's: those that nearly every function reads first, and that its
//! caller has written last. Through the context each would wait for the store to be forwarded to
//! the load; the stack pointer, in every call again. Nothing depends on it: a register that is not
//! passed to a block is loaded there.
//!
//! Passed to the block of a region's first entry are [`CALLED_WITH`], if the call was linked; else
//! the entry's thunk loads them (`crate::enter`). To the block after a call, [`RETURNED`]. To any
//! other block that several lead to, what it reads: whoever comes has it at hand or would wait for
//! a load in either place. Blocks of a loop that carries registers take none.

use super::Lifter;
use super::flow::Granted;
use crate::host::Word;
use crate::region::{Block, End, Guest, Region};
use cranelift_codegen::ir::{Type, Value, types};
use std::collections::{BTreeSet, HashMap};
use xenia_isa::{Flag, NamedRegister, Op, RegisterFile};

/// Registers that a call passes: the stack pointer, and the first two arguments.
pub(crate) const CALLED_WITH: [usize; 3] = [1, 3, 4];
/// Registers that a return passes: the stack pointer, and the result.
pub(crate) const RETURNED: [usize; 2] = [1, 3];

/// GPRs that are passed to a block at most, where code comes together: beyond, the host's registers
/// don't last.
const MOST: usize = 4;

/// Floating-point registers, and vector registers, that are passed to a block at most where code
/// comes together. They have host registers of their own, and a store of one is forwarded to a load
/// in a dozen cycles.
const MOST_WIDE: usize = 6;

/// What is passed to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// A GPR.
    Whole(usize),
    /// The low word of one, zero-extended: nothing else of it is read.
    Low(usize),
    /// The host address of guest memory.
    Memory,
    /// An FPR as a single, for a block that takes it for granted that it is one.
    Single(usize),
    /// An FPR as a double.
    Double(usize),
    /// A vector register.
    Vector(usize),
}

impl Passed {
    /// The type of its value.
    pub(super) fn ty(self) -> Type {
        match self {
            Self::Whole(_) | Self::Low(_) | Self::Memory => types::I64,
            Self::Single(_) => types::F32,
            Self::Double(_) => types::F64,
            Self::Vector(_) => types::I8X16,
        }
    }
}

/// Registers, GPRs as bits, that a block's code reads and writes.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// Read before they are written.
    read: u32,
    /// Of these, those of which more than the low word is read.
    whole: u32,
    written: u32,
    memory: bool,
    floats: Wide,
    vectors: Wide,
}

/// FPRs or vector registers, as bits, that code reads before it writes them, and writes.
#[derive(Clone, Copy, Default)]
struct Wide {
    read: u128,
    written: u128,
}

impl Wide {
    fn then(self, next: Self) -> Self {
        Self { read: self.read | next.read & !self.written, written: self.written | next.written }
    }

    /// Adds what an instruction names.
    fn add(&mut self, register: NamedRegister) {
        let bit = 1 << register.number;
        self.read |= if register.is_read { bit } else { 0 };
        self.written |= if register.is_written { bit } else { 0 };
    }
}

impl Uses {
    /// Those of this code and then of that.
    fn then(self, next: Self) -> Self {
        Self {
            read: self.read | next.read & !self.written,
            whole: self.whole | next.whole & !self.written,
            written: self.written | next.written,
            memory: self.memory | next.memory,
            floats: self.floats.then(next.floats),
            vectors: self.vectors.then(next.vectors),
        }
    }

    fn of_block(block: &Block) -> Self {
        block.code.iter().fold(Self::default(), |uses, guest| uses.then(Self::of(guest)))
    }

    /// Adds a GPR that an instruction names, of which that reads the low word alone if `low_alone`.
    fn add(&mut self, register: NamedRegister, low_alone: bool) {
        let bit = 1 << register.number;
        if register.is_read {
            self.read |= bit;
            self.whole |= if low_alone { 0 } else { bit };
        }
        self.written |= if register.is_written { bit } else { 0 };
    }

    fn of(guest: &Guest) -> Self {
        let (Some(op), i) = (guest.op, guest.instruction) else { return Self::default() };
        let row = op.row();
        let memory = row.has(Flag::mem);
        let low_alone = match op {
            Op::cmp | Op::cmpi | Op::cmpl | Op::cmpli => !i.l(),
            _ if memory => !row.name.starts_with("std"),
            _ => row.name.starts_with("rlw"),
        };
        let mut uses = Self { memory, ..Self::default() };
        for register in op.registers(i) {
            match register.file {
                RegisterFile::General => uses.add(register, low_alone),
                RegisterFile::Float => uses.floats.add(register),
                RegisterFile::Vector => uses.vectors.add(register),
            }
        }
        uses
    }
}

/// Whether a block ends with a call.
fn calls(block: &Block) -> bool {
    matches!(block.way_on(), End::Call { .. } | End::Indirect { link: true, .. })
}

/// What blocks of a region use, and from where they are reached.
struct Flow<'a> {
    /// Whether memory's base is a value.
    keeps_memory: bool,
    inheriting: &'a BTreeSet<u32>,
    uses: HashMap<u32, Uses>,
    before: HashMap<u32, Vec<u32>>,
}

impl<'a> Flow<'a> {
    fn new(region: &'a Region, inheriting: &'a BTreeSet<u32>, keeps_memory: bool) -> Self {
        let uses = region.blocks.iter().map(|(&pc, block)| (pc, Uses::of_block(block))).collect();
        let mut before: HashMap<u32, Vec<u32>> = HashMap::new();
        for (&from, block) in &region.blocks {
            for &to in &block.successors {
                before.entry(to).or_default().push(from);
            }
        }
        Self { keeps_memory, inheriting, uses, before }
    }

    fn uses(&self, pc: u32) -> Uses {
        self.uses.get(&pc).copied().unwrap_or_default()
    }

    fn before(&self, pc: u32) -> &[u32] {
        self.before.get(&pc).map(Vec::as_slice).unwrap_or_default()
    }

    /// GPRs that are at hand where the block at `pc` ends, because it or those it goes on from use
    /// them.
    fn at_hand(&self, mut pc: u32) -> u32 {
        let mut known = 0;
        for _ in 0..CHAIN {
            let uses = self.uses(pc);
            known |= uses.read | uses.written;
            match self.before(pc) {
                &[before] if self.inheriting.contains(&pc) => pc = before,
                _ => break,
            }
        }
        known
    }

    /// What is passed to a block where code comes together: what it reads for certain, which
    /// somebody would have to load, and what the next ones read that is at hand everywhere.
    fn merged(&self, pc: u32, block: &Block, granted: Granted) -> Vec<Passed> {
        let own = self.uses(pc);
        let mut all = own;
        let next = block.successors.iter().filter(|to| self.inheriting.contains(to));
        for &to in next {
            all = all.then(Uses { written: 0, ..self.uses(to) });
        }
        let known = self.before(pc).iter().fold(u32::MAX, |known, &from| known & self.at_hand(from));
        let wanted = own.read | all.read & known;
        // The block's own first.
        let in_order = [wanted & own.read, wanted & !own.read];
        let registers = in_order.into_iter().flat_map(|set| (0..32).filter(move |n| set >> n & 1 != 0));
        let passed = registers
            .take(MOST)
            .map(|n| if all.whole >> n & 1 != 0 { Passed::Whole(n) } else { Passed::Low(n) });
        let memory = (self.keeps_memory && own.memory).then_some(Passed::Memory);
        let Granted { short, open, .. } = granted;
        let floats = (0..32).filter(|n| own.floats.read & !u128::from(open) & 1 << n != 0);
        let floats = floats.map(|n| if short >> n & 1 != 0 { Passed::Single(n) } else { Passed::Double(n) });
        let vectors = (0..128).filter(|n| own.vectors.read >> n & 1 != 0).map(Passed::Vector);
        passed.chain(memory).chain(floats.take(MOST_WIDE)).chain(vectors.take(MOST_WIDE)).collect()
    }
}

/// Blocks that one goes on from another, as far as anybody looks.
const CHAIN: usize = 8;

/// What is passed to the blocks of `region`, by address; nothing where one is not in it.
/// `inheriting`: those that go on with what is known. None of those for which `loads` says so takes
/// anything.
pub(super) fn find(
    region: &Region,
    inheriting: &BTreeSet<u32>,
    keeps_memory: bool,
    loads: impl Fn(u32) -> bool,
    granted: &HashMap<u32, Granted>,
) -> HashMap<u32, Vec<Passed>> {
    let flow = Flow::new(region, inheriting, keeps_memory);
    let mut passed = HashMap::new();
    let first = region.entries.first().copied();
    for (&pc, block) in &region.blocks {
        if inheriting.contains(&pc) || loads(pc) {
            continue;
        }
        let after_call = flow.before(pc).iter().any(|from| region.blocks.get(from).is_some_and(calls));
        let offered = match (first == Some(pc), after_call) {
            (true, _) if !block.is_loop => &CALLED_WITH[..],
            (false, true) if !block.is_loop => &RETURNED[..],
            _ => &[],
        };
        let list = if offered.is_empty() && flow.before(pc).is_empty() {
            continue;
        } else if offered.is_empty() {
            flow.merged(pc, block, granted.get(&pc).copied().unwrap_or_default())
        } else {
            let after = block.successors.iter().map(|&to| flow.uses(to));
            let wanted = after.fold(flow.uses(pc), |all, next| Uses {
                read: all.read | next.read,
                written: all.written | next.written,
                ..all
            });
            let named = wanted.read | wanted.written;
            offered.iter().filter(|&&n| named >> n & 1 != 0).map(|&n| Passed::Whole(n)).collect()
        };
        passed.insert(pc, list);
    }
    passed
}

impl Lifter<'_> {
    /// What whoever goes to the block at `pc` passes on, after the budget.
    pub(super) fn passed_to(&self, pc: u32) -> Vec<Passed> {
        self.passed.get(&pc).cloned().unwrap_or_default()
    }

    /// The value of what is passed.
    pub(super) fn value_of_passed(&mut self, passed: Passed) -> Value {
        match passed {
            Passed::Whole(n) => self.gpr(n),
            Passed::Low(n) => self.gpr_low(n),
            Passed::Memory => self.word(Word::Memory),
            Passed::Single(n) => self.single_at_hand(n),
            Passed::Double(n) => self.double_at_hand(n),
            Passed::Vector(n) => self.vr(n),
        }
    }

    /// Whether what is passed is at hand, without an instruction more.
    pub(super) fn has_to_pass(&self, passed: Passed) -> bool {
        match passed {
            Passed::Whole(n) => self.cache.knows_gpr(n),
            Passed::Low(n) => self.cache.knows_low(n),
            Passed::Memory => self.words[Word::Memory as usize].is_some(),
            Passed::Single(n) => self.cache.floats.knows_single(n),
            Passed::Double(n) => self.cache.floats.knows_double(n),
            Passed::Vector(n) => self.cache.knows_vr(n),
        }
    }

    /// What was passed to the block that begins.
    pub(super) fn take_passed(&mut self, passed: Passed, value: Value) {
        match passed {
            Passed::Whole(n) => self.cache.know_gpr(n, value),
            Passed::Low(n) => self.cache.know_low(n, value),
            Passed::Memory => self.words[Word::Memory as usize] = Some(value),
            Passed::Single(n) => self.cache.floats.know_single(n, value),
            Passed::Double(n) => self.cache.floats.know_double(n, value),
            Passed::Vector(n) => self.cache.know_vr(n, value),
        }
    }
}
