//! What blocks take for granted about floating point when they begin, beyond what the context shows.
//!
//! - MXCSR's mode, so that a loop does not ask for it in every turn.
//! - Registers that the context holds as singles ([`super::float_registers`]): a loop whose sums or factors are singles
//!   converts none of them in any turn.
//!
//! Whoever goes to a block makes true what it takes for granted ([`Lifter::prepare`]): from outside, from a block before,
//! at the end of a turn. So what is worked out here decides how fast code is, never what it does; the analyses stop
//! after a few rounds. In a loop's header it is what its last block has at hand: that is where it pays.

use super::{FloatMode, Lifter, reason};
use crate::host::Leave;
use crate::region::{Block, End, Guest, Region, end_of};
use cranelift_codegen::ir::{InstBuilder, types};
use std::collections::HashMap;
use xenia_isa::{Family, Op};

/// What a block takes for granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) mode: Option<FloatMode>,
    /// Bit n: the context holds FPR n as a single.
    pub(super) short: u32,
}

/// What an instruction writes to its FPR.
#[derive(Clone, Copy)]
enum Form {
    Single,
    Double,
    /// In the form of another register.
    As(usize),
}

/// An instruction, as far as floating point goes.
#[derive(Clone, Copy)]
struct Effect {
    mode: Option<FloatMode>,
    /// Registers that it reads as singles, which they are from then on.
    singles: u32,
    /// Registers that it reads as doubles.
    doubles: u32,
    writes: Option<(usize, Form)>,
}

impl Effect {
    const NONE: Self = Self { mode: None, singles: 0, doubles: 0, writes: None };

    /// `single`: what arithmetic on singles gives. `None` if there is nothing to say.
    fn of(guest: &Guest, fuses: bool) -> Option<Self> {
        let (op, i) = (guest.op?, guest.instruction);
        let (a, b, c) = (1 << i.fa(), 1 << i.fb(), 1 << i.fc());
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
            Op::fcmpu | Op::fcmpo => scalar,
            _ if op.row().family == Family::Float => double(b),
            _ if computes_lanes(op) => Self { mode: Some(FloatMode::Vector), ..Self::NONE },
            _ => return None,
        })
    }
}

/// Whether a row does arithmetic on lanes that are floats.
fn computes_lanes(op: Op) -> bool {
    let row = op.row();
    matches!(row.family, Family::Vector | Family::Vector128)
        && (row.name.contains("fp") || ["vrfi", "vcf", "vct"].iter().any(|start| row.name.starts_with(start)))
}

/// A block of the region, as far as floating point goes.
struct Node {
    start: u32,
    is_loop: bool,
    /// It is reached from outside, and is no loop's header: who comes from there has nothing at hand.
    is_entry: bool,
    effects: Vec<Effect>,
    before: Vec<usize>,
    after: Vec<usize>,
    /// What it ends with changes everything.
    calls: bool,
}

impl Node {
    fn new(block: &Block, fuses: bool) -> Self {
        let calls = block.code.last().is_some_and(|last| {
            let end = end_of(last.pc, last.op, last.instruction);
            matches!(end, End::Call { .. } | End::Indirect { link: true, .. })
        });
        Self {
            start: block.start(),
            is_loop: block.is_loop,
            is_entry: block.entry.is_some() && !block.is_loop,
            effects: block.code.iter().filter_map(|guest| Effect::of(guest, fuses)).collect(),
            before: Vec::new(),
            after: Vec::new(),
            calls,
        }
    }

    /// MXCSR's mode after it.
    fn mode(&self, before: Option<FloatMode>) -> Option<FloatMode> {
        let last = self.effects.iter().rev().find_map(|effect| effect.mode);
        if self.calls { None } else { last.or(before) }
    }

    /// Registers known to be singles after it.
    fn singles(&self, before: u32) -> u32 {
        let known = self.effects.iter().fold(before, |known, effect| {
            let known = known | effect.singles;
            match effect.writes {
                Some((n, Form::Single)) => known | 1 << n,
                Some((n, Form::Double)) => known & !(1 << n),
                Some((n, Form::As(from))) => known & !(1 << n) | (known >> from & 1) << n,
                None => known,
            }
        });
        if self.calls { 0 } else { known }
    }

    /// Registers that are read as singles from its start on.
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

/// Rounds of each analysis.
const ROUNDS: usize = 4;

/// Registers that all loops' headers together take for granted as singles, and one more for eight instructions; where there
/// are more, none does.
const SINGLES_AT_LOOPS: usize = 24;

/// What the blocks of `region` take for granted, by address; nothing where one is not in it. `fuses`: the host has
/// multiply-adds. `shorten`: arithmetic on singles is done on singles.
pub(super) fn granted(region: &Region, fuses: bool, shorten: bool) -> HashMap<u32, Granted> {
    let mut nodes: Vec<Node> = region.blocks.values().map(|block| Node::new(block, fuses)).collect();
    if nodes.iter().all(|node| node.effects.is_empty()) {
        return HashMap::new();
    }
    let place: HashMap<u32, usize> = nodes.iter().enumerate().map(|(n, node)| (node.start, n)).collect();
    for (from, block) in region.blocks.values().enumerate() {
        for to in block.successors.iter().filter_map(|to| place.get(to).copied()) {
            nodes[from].after.push(to);
            nodes[to].before.push(from);
        }
    }
    // Before each block, from those whose ends count: a loop's last ones, for its header.
    let ends = |n: usize| {
        let node = &nodes[n];
        let counts = move |&from: &usize| !node.is_loop || from >= n;
        node.before.iter().copied().filter(counts)
    };
    // Of a loop's header, what the loop itself reads as singles.
    let read: Vec<u32> = (0..nodes.len())
        .map(|n| {
            let last = ends(n).max().unwrap_or(n);
            let inside = nodes.get(n..=last).unwrap_or_default().iter().flat_map(|node| &node.effects);
            if nodes[n].is_loop { inside.fold(0, |read, effect| read | effect.singles) } else { u32::MAX }
        })
        .collect();
    let mut modes: Vec<Option<Option<FloatMode>>> = vec![None; nodes.len()];
    let mut known = vec![u32::MAX; nodes.len()];
    let mut wanted = vec![0; nodes.len()];
    for _ in 0..ROUNDS {
        for n in 0..nodes.len() {
            // Blocks of which nothing is known yet don't count.
            let mut from = ends(n).filter_map(|from| {
                let inside = nodes[from].mode(modes[from].flatten());
                (modes[from].is_some() || inside.is_some() || nodes[from].calls).then_some(inside)
            });
            let first = from.next();
            modes[n] = first.map(|first| if from.all(|other| other == first) { first } else { None });
            let singles = ends(n).map(|from| nodes[from].singles(known[from])).reduce(|a, b| a & b);
            known[n] = singles.unwrap_or(0) & read[n];
        }
        for n in (0..nodes.len()).rev() {
            let after = nodes[n].after.iter().fold(0, |all, &to| all | wanted[to]);
            wanted[n] = nodes[n].wanted(after);
        }
    }
    let short = |n: usize| if shorten && !nodes[n].is_entry { known[n] & wanted[n] } else { 0 };
    let mut short: Vec<u32> = (0..nodes.len()).map(short).collect();
    // Each costs code at each way in from outside, which there is to every loop.
    let at_loops: u32 =
        nodes.iter().zip(&short).filter(|(node, _)| node.is_loop).map(|(_, n)| n.count_ones()).sum();
    if at_loops as usize > SINGLES_AT_LOOPS + region.instructions / 8 {
        short.fill(0);
    }
    let granted = |n: usize| Granted { mode: modes[n].flatten(), short: short[n] };
    nodes.iter().enumerate().map(|(n, node)| (node.start, granted(n))).collect()
}

impl Lifter<'_> {
    /// What the block at `pc` takes for granted, if it doesn't go on with all that is known.
    pub(super) fn granted_at(&self, pc: u32) -> Granted {
        if self.inherits(pc) {
            return Granted::default();
        }
        self.granted.get(&pc).copied().unwrap_or_default()
    }

    /// Makes true what the block at `to` takes for granted, and stores floating-point registers as it wants them.
    /// Everything else is stored.
    pub(super) fn prepare(&mut self, to: u32) {
        let Granted { mode, short } = self.granted_at(to);
        let unknown = (0..32).filter(|n| short >> n & 1 != 0 && self.known_single(*n).is_none()).collect();
        self.prove_singles(to, unknown);
        self.store_floats_but(short);
        if let Some(mode) = mode {
            self.float_mode(mode);
        }
    }

    /// Goes on if these registers hold doubles of singles. Else the interpreter does, from `to` to the next entry.
    fn prove_singles(&mut self, to: u32, registers: Vec<usize>) {
        if registers.is_empty() {
            return;
        }
        let (cache, words) = (self.cache.clone(), self.words);
        let mut unfit = None;
        for n in registers {
            self.single_operand(n, &mut unfit);
        }
        let (Some(unfit), Some(here)) = (unfit, self.b.current_block()) else { return };
        let found = (std::mem::replace(&mut self.cache, cache), std::mem::replace(&mut self.words, words));
        self.b.switch_to_block(unfit);
        self.store_dirty();
        let why = self.b.ins().iconst(types::I64, reason(Leave::Unfit, to));
        self.leave_value(why);
        (self.cache, self.words) = found;
        self.b.switch_to_block(here);
    }

    /// In a block that leaves where the block at `pc` begins: the registers as doubles.
    pub(super) fn lengthen(&mut self, pc: u32) {
        let short = self.granted_at(pc).short;
        if short != 0 {
            self.ctx = self.b.ins().get_pinned_reg(types::I64);
            let registers = self.const64(short.into());
            self.call_hook(crate::hooks::Hook::Widen, &[registers]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::{Reach, discover};

    /// `bdnz` over so many words.
    fn bdnz(words: i32) -> u32 {
        0x4200_0000 | (words * 4) as u32 & 0xFFFC
    }

    /// What the blocks of `words` take for granted as singles, by instruction.
    fn shorts(words: &[u32]) -> Vec<(u32, u32)> {
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let reach = Reach::all((0, 4 * words.len() as u32), words.len());
        let region = discover(&[0], &reach, &mut Vec::new(), &mut fetch).unwrap();
        let granted = granted(&region, true, true);
        let mut shorts: Vec<(u32, u32)> = granted.iter().map(|(pc, block)| (pc / 4, block.short)).collect();
        shorts.sort_unstable();
        shorts
    }

    #[test]
    fn a_loop_takes_its_sums_and_factors_for_granted_and_nothing_else() {
        // f3 += f1 * f2; f4 = f3 + f1; f5 is read behind the loop.
        let words = [0x6000_0000, 0xEC61_18BA, 0xEC83_082A, bdnz(-2), 0xECA5_282A, 0x4E80_0020];
        assert_eq!(shorts(&words), [(0, 0), (1, 0b1110), (4, 0)]);
        // With a double in f1 at the end of each turn, f1 is none of them: lfd f1,0(r1) before the branch.
        let words = [0x6000_0000, 0xEC61_18BA, 0xC821_0000, bdnz(-2), 0x4E80_0020];
        assert_eq!(shorts(&words), [(0, 0), (1, 0b1100), (4, 0)]);
    }

    #[test]
    fn many_loops_take_no_singles_for_granted() {
        let registers = |n: u32| (n % 32) << 16 | (n * 7 % 32) << 11;
        let words: Vec<u32> =
            (0..1000).flat_map(|n| [0xEC00_002A | registers(n), bdnz(-1)]).chain([0x4E80_0020]).collect();
        assert!(shorts(&words).iter().all(|&(_, short)| short == 0));
    }
}
