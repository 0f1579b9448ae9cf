//! Block parameters: registers that are passed as values to blocks with several predecessors, to
//! callees and to return points.
//!
//! A backward liveness of one block (its upward-exposed reads) and a forward availability along the
//! predecessors select the registers. The context is current at every call, return and block
//! boundary, so block parameters are an optimisation only: a register that is not passed is loaded
//! by the block. They avoid store-to-load forwarding through the context; the stack pointer would
//! wait for it in every call.
//!
//! * The region's first entry takes [`CALLED_WITH`] from linked calls; for other callers the
//!   entry's thunk loads them (`crate::arch::thunks`).
//! * The block after a call takes [`RETURNED`].
//! * Other blocks with several predecessors take the registers that they read: each predecessor has
//!   the value or would wait for the same load. Blocks of loops with loop-carried registers take
//!   none.

use super::assumptions::{Assumptions, FprFormats};
use crate::cfg::graph::{BlockId, FlowGraph};
use crate::cfg::region::{Block, Guest, Region, Terminator};
use cranelift_codegen::ir::{Type, types};
use xenia_isa::{Flag, NamedRegister, Op, RegisterSet};

/// GPRs that a call passes: the stack pointer and the first two arguments.
pub(crate) const CALLED_WITH: [usize; 3] = [1, 3, 4];
/// GPRs that a return passes: the stack pointer and the result.
pub(crate) const RETURNED: [usize; 2] = [1, 3];

/// Maximum number of GPR parameters of a merge block; more would spill.
const MAX_PARAMS: usize = 4;

/// Maximum number of parameters of a merge block in each of the floating-point and vector files.
/// Their host registers are separate, and forwarding a store to a load takes a dozen cycles.
const MAX_WIDE: usize = 6;

/// Value that a block receives from its predecessors in a host register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockParam {
    /// A whole GPR.
    Whole(usize),
    /// The low word of a GPR, zero-extended; the block reads no other part.
    Low(usize),
    /// The host address of guest memory.
    Memory,
    /// An FPR in single format, for a block that assumes it.
    Single(usize),
    /// An FPR in double format.
    Double(usize),
    /// A vector register.
    Vector(usize),
}

impl BlockParam {
    /// The IR type of the parameter.
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Whole(_) | Self::Low(_) | Self::Memory => types::I64,
            Self::Single(_) => types::F32,
            Self::Double(_) => types::F64,
            Self::Vector(_) => types::I8X16,
        }
    }
}

/// Registers that a block's code uses; GPRs as bits.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// Upward-exposed: read before they are written.
    read: u32,
    /// The subset of `read` of which more than the low word is read.
    whole: u32,
    written: u32,
    memory: bool,
    floats: Wide,
    vectors: Wide,
}

/// FPRs or vector registers, as bits: upward-exposed reads, and writes.
#[derive(Clone, Copy, Default)]
struct Wide {
    read: u128,
    written: u128,
}

impl Wide {
    fn then(self, next: Self) -> Self {
        Self { read: self.read | next.read & !self.written, written: self.written | next.written }
    }

    /// Adds a register that an instruction names.
    fn add(&mut self, register: NamedRegister) {
        let bit = 1 << register.number;
        self.read |= if register.is_read { bit } else { 0 };
        self.written |= if register.is_written { bit } else { 0 };
    }
}

impl Uses {
    /// Sequential composition: the uses of this code followed by `next`.
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

    /// Adds a GPR that an instruction names; `low_alone` if the instruction reads its low word
    /// only.
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
            // Addresses have 32 bits, and so have the other stores' values at most.
            _ if memory => !row.name.starts_with("std"),
            _ => row.name.starts_with("rlw"),
        };
        let mut uses = Self { memory, ..Self::default() };
        for register in op.registers(i) {
            match register.file {
                RegisterSet::General => uses.add(register, low_alone),
                RegisterSet::Float => uses.floats.add(register),
                RegisterSet::Vector => uses.vectors.add(register),
            }
        }
        uses
    }
}

/// Whether a block ends with a call.
fn calls(block: &Block) -> bool {
    matches!(block.terminator(), Terminator::Call { .. } | Terminator::Indirect { link: true, .. })
}

/// Register uses of the region's blocks.
struct RegisterUses<'a> {
    /// Whether the base of guest memory is an SSA value.
    keeps_memory: bool,
    graph: &'a FlowGraph,
    by_block: Vec<Uses>,
}

impl<'a> RegisterUses<'a> {
    fn new(region: &Region, graph: &'a FlowGraph, keeps_memory: bool) -> Self {
        Self { keeps_memory, graph, by_block: region.blocks.values().map(Uses::of_block).collect() }
    }

    fn uses_of(&self, id: BlockId) -> Uses {
        self.by_block[id.index()]
    }

    /// GPRs that are available at the end of a block, because the block or the blocks before it in
    /// its extended basic block use them.
    fn available_out(&self, mut id: BlockId) -> u32 {
        let mut known = 0;
        for _ in 0..MAX_CHAIN {
            let uses = self.uses_of(id);
            known |= uses.read | uses.written;
            match self.graph.predecessors(id) {
                &[predecessor] if self.graph.is_ebb_member(id) => id = predecessor,
                _ => break,
            }
        }
        known
    }

    /// Block parameters at a merge point: registers that the block reads, plus those that its
    /// inheriting successors read and that are available in all predecessors.
    fn merged(&self, id: BlockId, assumptions: Assumptions) -> Vec<BlockParam> {
        let own = self.uses_of(id);
        let mut all = own;
        for &to in self.graph.successors(id).iter().filter(|to| self.graph.is_ebb_member(**to)) {
            // A register that one successor writes may be read by the next.
            all = all.then(Uses { written: 0, ..self.uses_of(to) });
        }
        let predecessors = self.graph.predecessors(id).iter();
        let known = predecessors.fold(u32::MAX, |known, &from| known & self.available_out(from));
        let wanted = own.read | all.read & known;
        // The block's own reads come first.
        let in_order = [wanted & own.read, wanted & !own.read];
        let registers = in_order.into_iter().flat_map(|set| (0..32).filter(move |n| set >> n & 1 != 0));
        let general = registers
            .take(MAX_PARAMS)
            .map(|n| if all.whole >> n & 1 != 0 { BlockParam::Whole(n) } else { BlockParam::Low(n) });
        let memory = (self.keeps_memory && own.memory).then_some(BlockParam::Memory);
        let FprFormats { single, open } = assumptions.formats;
        let floats = (0..32).filter(|n| own.floats.read & !u128::from(open) & 1 << n != 0);
        let floats =
            floats.map(|n| if single >> n & 1 != 0 { BlockParam::Single(n) } else { BlockParam::Double(n) });
        let vectors = (0..128).filter(|n| own.vectors.read >> n & 1 != 0).map(BlockParam::Vector);
        general.chain(memory).chain(floats.take(MAX_WIDE)).chain(vectors.take(MAX_WIDE)).collect()
    }
}

/// Maximum number of blocks in the walk up an extended basic block.
const MAX_CHAIN: usize = 8;

/// Computes the block parameters of `region`'s blocks, by [`BlockId`]. Members of extended basic
/// blocks and blocks for which `loads` returns true have none.
pub(crate) fn find(
    region: &Region,
    graph: &FlowGraph,
    keeps_memory: bool,
    loads: impl Fn(BlockId) -> bool,
    assumptions: &[Assumptions],
) -> Vec<Vec<BlockParam>> {
    let uses = RegisterUses::new(region, graph, keeps_memory);
    let blocks: Vec<&Block> = region.blocks.values().collect();
    let first = region.entries.first().copied();
    let params = |id: BlockId| {
        let block = blocks[id.index()];
        let pc = graph.start(id);
        if graph.is_ebb_member(id) || loads(id) {
            return Vec::new();
        }
        let predecessors = graph.predecessors(id);
        let after_call = predecessors.iter().any(|from| calls(blocks[from.index()]));
        let offered = match (first == Some(pc), after_call) {
            (true, _) if !block.is_loop => &CALLED_WITH[..],
            (false, true) if !block.is_loop => &RETURNED[..],
            _ => &[],
        };
        if offered.is_empty() && predecessors.is_empty() {
            Vec::new()
        } else if offered.is_empty() {
            uses.merged(id, assumptions[id.index()])
        } else {
            let next = graph.successors(id).iter().map(|&to| uses.uses_of(to));
            let wanted = next.fold(uses.uses_of(id), |all, next| Uses {
                read: all.read | next.read,
                written: all.written | next.written,
                ..all
            });
            let named = wanted.read | wanted.written;
            offered.iter().filter(|&&n| named >> n & 1 != 0).map(|&n| BlockParam::Whole(n)).collect()
        }
    };
    graph.ids().map(params).collect()
}
