//! Assumptions of blocks about floating point at their starts: a forward data-flow analysis, and
//! the code that establishes them.
//!
//! The assumptions ([`Assumptions`]) go beyond the state of the context:
//!
//! - MXCSR's mode, so that a loop does not check it in each iteration.
//! - FPRs that the context holds in single format (`emit/float_registers.rs`), so that a loop with
//!   single-precision sums or factors converts none of them.
//! - *Open* FPRs: [`Word::OpenSingles`](crate::host::Word::OpenSingles) says at run time which of
//!   them the context holds in single format. They serve registers that each iteration writes
//!   before it reads them: the back edge stores them in either format, and the loop's entry edge
//!   leaves them as they are.
//!
//! Each edge to a block, from an entry, a predecessor or the back edge, establishes the block's
//! assumptions (`Lifter::prepare`). The analysis is therefore a hint: it decides the speed of the
//! code, not its meaning, and it stops after a fixed number of rounds. A loop header assumes the
//! state at the end of the loop's last block, because the back edge is the hot one.

mod forms;

use crate::cfg::graph::{BlockId, FlowGraph};
use crate::cfg::region::{Block, Guest, Region, Terminator};
use xenia_isa::{Class, Family, Op, Operand};

/// The kind of arithmetic that MXCSR is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatMode {
    Scalar,
    Vector,
}

/// A block's assumptions about floating point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Assumptions {
    pub(crate) mode: Option<FloatMode>,
    pub(crate) formats: FprFormats,
}

/// Formats in which the context holds FPRs, by sets of registers, FPR n in bit n. Those in neither
/// set are in double format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FprFormats {
    /// Registers in single format.
    pub(crate) single: u32,
    /// Registers that may be in single format; `OpenSingles` marks those that are.
    pub(crate) open: u32,
}

/// The format of the value that an instruction writes to its FPR.
#[derive(Clone, Copy)]
enum Form {
    Single,
    Double,
    /// The format of another register.
    As(usize),
}

/// Transfer function of one instruction on floating-point state.
#[derive(Clone, Copy)]
struct Effect {
    mode: Option<FloatMode>,
    /// Registers that it reads as singles; they are in single format afterwards.
    singles: u32,
    /// Registers that it reads as doubles.
    doubles: u32,
    /// All registers that it reads.
    reads: u32,
    writes: Option<(usize, Form)>,
}

impl Effect {
    const NONE: Self = Self { mode: None, singles: 0, doubles: 0, reads: 0, writes: None };

    /// Returns `None` for an instruction without effect on floating-point state.
    fn of(guest: &Guest, fuses: bool) -> Option<Self> {
        let op = guest.op?;
        let i = guest.instruction;
        let operands = op.row().operands.iter().filter(|operand| operand.class() == Class::Fpr);
        let read = operands.filter(|&&operand| operand != Operand::fd);
        let reads = read.fold(0, |reads, operand| reads | 1 << (operand.extract(i) & 31));
        Some(Self { reads, ..Self::by_row(op, guest, fuses).or((reads != 0).then_some(Self::NONE))? })
    }

    /// The effect except for [`Self::reads`].
    fn by_row(op: Op, guest: &Guest, fuses: bool) -> Option<Self> {
        let i = guest.instruction;
        let a = 1 << i.fa();
        let b = 1 << i.fb();
        let c = 1 << i.fc();
        let scalar = Self { mode: Some(FloatMode::Scalar), ..Self::NONE };
        let target = |form| Some((i.fd(), form));
        let single = |singles| Self { singles, writes: target(Form::Single), ..scalar };
        let double = |doubles| Self { doubles, writes: target(Form::Double), ..scalar };
        Some(match op {
            Op::faddsx | Op::fsubsx | Op::fdivsx => single(a | b),
            Op::fmulsx => single(a | c),
            Op::fsqrtsx => single(b),
            Op::fmaddsx | Op::fmsubsx | Op::fnmaddsx | Op::fnmsubsx if fuses => single(a | b | c),
            Op::frspx => single(0),
            Op::lfs | Op::lfsu | Op::lfsx | Op::lfsux => Self { writes: target(Form::Single), ..Self::NONE },
            Op::lfd | Op::lfdu | Op::lfdx | Op::lfdux | Op::mffsx => {
                Self { writes: target(Form::Double), ..Self::NONE }
            }
            Op::stfd | Op::stfdu | Op::stfdx | Op::stfdux | Op::stfiwx => {
                Self { doubles: 1 << i.fs(), ..Self::NONE }
            }
            Op::fmrx | Op::fnegx | Op::fabsx | Op::fnabsx => {
                Self { writes: target(Form::As(i.fb())), ..Self::NONE }
            }
            Op::faddx | Op::fsubx | Op::fdivx => double(a | b),
            Op::fmulx => double(a | c),
            Op::fmaddx | Op::fmsubx | Op::fnmaddx | Op::fnmsubx => double(a | b | c),
            // They take operands of either format.
            Op::fcmpu | Op::fcmpo => scalar,
            _ if op.row().operands.contains(&Operand::fd) => double(b),
            _ if op.row().family == Family::Float => Self { doubles: b, ..scalar },
            _ if computes_lanes(op) => Self { mode: Some(FloatMode::Vector), ..Self::NONE },
            _ => return None,
        })
    }
}

/// Whether a row does floating-point arithmetic on vector lanes.
fn computes_lanes(op: Op) -> bool {
    let row = op.row();
    matches!(row.family, Family::Vector | Family::Vector128)
        && (row.name.contains("fp") || ["vrfi", "vcf", "vct"].iter().any(|start| row.name.starts_with(start)))
}

/// A node of the control-flow graph of the analysis: the floating-point effects of a block.
struct Node<'g> {
    is_loop: bool,
    /// An entry that is not a loop header: after it no value is known.
    is_entry: bool,
    /// The block inherits the state of its single predecessor.
    is_ebb_member: bool,
    effects: Vec<Effect>,
    predecessors: &'g [BlockId],
    successors: &'g [BlockId],
    /// The block ends with a call, after which no value is known.
    calls: bool,
    /// The end of the block exposes the registers to other code, which expects doubles.
    shows: bool,
}

impl<'g> Node<'g> {
    fn new(id: BlockId, block: &Block, graph: &'g FlowGraph, fuses: bool) -> Self {
        let end = block.terminator();
        Self {
            is_loop: block.is_loop,
            is_entry: block.entry.is_some() && !block.is_loop,
            is_ebb_member: graph.is_ebb_member(id),
            effects: block.code.iter().filter_map(|guest| Effect::of(guest, fuses)).collect(),
            predecessors: graph.predecessors(id),
            successors: graph.successors(id),
            calls: matches!(end, Terminator::Call { .. } | Terminator::Indirect { link: true, .. }),
            shows: !matches!(end, Terminator::None | Terminator::Branch { .. }),
        }
    }

    /// MXCSR's mode at the end of the block.
    fn mode(&self, before: Option<FloatMode>) -> Option<FloatMode> {
        let last = self.effects.iter().rev().find_map(|effect| effect.mode);
        if self.calls { None } else { last.or(before) }
    }

    /// Backward analysis: registers that code from the block's start on reads as singles.
    fn wanted(&self, after: u32) -> u32 {
        let after = if self.calls { 0 } else { after };
        self.effects.iter().rev().fold(after, |wanted, effect| {
            let mut before = wanted & !effect.doubles;
            if let Some((n, form)) = effect.writes {
                before &= !(1 << n);
                if let Form::As(from) = form {
                    before |= (wanted >> n & 1) << from;
                }
            }
            before | effect.singles
        })
    }
}

/// Maximum rounds of the mode analysis.
const MAX_ROUNDS: usize = 4;

/// Arithmetic on singles in the compiled code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SingleArithmetic {
    /// The host has fused multiply-add.
    pub(crate) has_fma: bool,
    /// It runs in single precision.
    pub(crate) is_single_precision: bool,
}

/// Computes the assumptions of `region`'s blocks, by [`BlockId`].
pub(crate) fn find(region: &Region, graph: &FlowGraph, singles: SingleArithmetic) -> Vec<Assumptions> {
    let blocks = graph.ids().zip(region.blocks.values());
    let nodes: Vec<Node<'_>> =
        blocks.map(|(id, block)| Node::new(id, block, graph, singles.has_fma)).collect();
    if nodes.iter().all(|node| node.effects.is_empty()) {
        return vec![Assumptions::default(); nodes.len()];
    }
    let mut modes: Vec<Option<Option<FloatMode>>> = vec![None; nodes.len()];
    for _ in 0..MAX_ROUNDS {
        for n in 0..nodes.len() {
            // Skip predecessors whose mode is not computed yet.
            let mut from = ends(&nodes, n).filter_map(|from| {
                let inside = nodes[from].mode(modes[from].flatten());
                (modes[from].is_some() || inside.is_some() || nodes[from].calls).then_some(inside)
            });
            let first = from.next();
            modes[n] = first.map(|first| if from.all(|other| other == first) { first } else { None });
        }
    }
    let forms = if singles.is_single_precision {
        forms::formats_at_starts(&nodes, region.instructions)
    } else {
        Vec::new()
    };
    let assumptions = |(n, node): (usize, &Node<'_>)| {
        let formats = forms.get(n).copied().filter(|_| !node.is_ebb_member).unwrap_or_default();
        Assumptions { mode: modes[n].flatten(), formats }
    };
    nodes.iter().enumerate().map(assumptions).collect()
}

/// Predecessors of block `n` that count for it: for a loop header, the sources of its back edges.
fn ends(nodes: &[Node<'_>], n: usize) -> impl Iterator<Item = usize> {
    let node = &nodes[n];
    let from = node.predecessors.iter().map(|from| from.index());
    from.filter(move |&from| !node.is_loop || from >= n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfg::testing::{bdnz, region_of};
    use xenia_isa::word::{BLR, NOP};

    /// The single-format assumptions of the blocks of `words`, by instruction index.
    fn shorts(words: &[u32]) -> Vec<(u32, u32)> {
        forms(words).into_iter().map(|(pc, single_format, _)| (pc, single_format)).collect()
    }

    /// The single-format and open assumptions of the blocks of `words`.
    fn forms(words: &[u32]) -> Vec<(u32, u32, u32)> {
        let region = region_of(words);
        let singles = SingleArithmetic { has_fma: true, is_single_precision: true };
        let assumptions = find(&region, &FlowGraph::new(&region.blocks), singles);
        let starts = region.blocks.keys().map(|pc| pc / 4);
        starts.zip(assumptions).map(|(at, block)| (at, block.formats.single, block.formats.open)).collect()
    }

    #[test]
    fn a_loop_assumes_only_its_sums_and_factors() {
        // f3 += f1 * f2; f4 = f3 + f1; f5 is read after the loop.
        let words = [NOP, 0xEC61_18BA, 0xEC83_082A, bdnz(-2), 0xECA5_282A, BLR];
        assert_eq!(shorts(&words), [(0, 0), (1, 0b1110), (4, 0)]);
        // `lfd f1,0(r1)` before the branch: f1 is a double at the end of each iteration, so it is
        // not assumed.
        let words = [NOP, 0xEC61_18BA, 0xC821_0000, bdnz(-2), BLR];
        assert_eq!(shorts(&words), [(0, 0), (1, 0b1100), (4, 0)]);
    }

    #[test]
    fn registers_rewritten_each_iteration_are_open() {
        // Each iteration writes f3 and, unless the `beq` skips it, f4; f5 is a sum and f6 a double.
        let words = [
            NOP,
            0x4182_0008, // beq
            NOP,
            0xEC61_00B2, // fmuls f3,f1,f2
            0xEC83_182A, // fadds f4,f3,f3
            0xECA5_202A, // fadds f5,f5,f4
            0xFCC5_202A, // fadd f6,f5,f4
            bdnz(-6),
            BLR,
        ];
        let open_format = 0b1_1000;
        let forms = forms(&words);
        assert_eq!(forms.iter().find(|form| form.0 == 1), Some(&(1, 0b10_0110, open_format)), "{forms:x?}");
        assert_eq!(forms.iter().find(|form| form.0 == 3), Some(&(3, 0b10_0110, open_format)), "{forms:x?}");
        assert_eq!(forms.iter().find(|form| form.0 == 8), Some(&(8, 0, 0)), "{forms:x?}");
        // No register is open in a loop with a call.
        let words = [NOP, 0xEC61_00B2, 0x4800_0801, bdnz(-2), BLR];
        assert!(self::forms(&words).iter().all(|form| form.2 == 0));
    }

    #[test]
    fn functions_with_many_loops_assume_no_singles() {
        let registers = |n: u32| (n % 32) << 16 | (n * 7 % 32) << 11;
        let words: Vec<u32> =
            (0..1000).flat_map(|n| [0xEC00_002A | registers(n), bdnz(-1)]).chain([BLR]).collect();
        assert!(shorts(&words).iter().all(|&(_, single_format)| single_format == 0));
    }
}
