//! Templates of the baseline tier at the edges of their encodings, compared with the interpreter:
//! each immediate at which an encoding changes, equal and different registers inside and outside
//! the register map, live host flags before branches, and CTR with a nonzero upper half.
//!
//! Unlike the random sequences of `baseline.rs`, these cases are listed, so a wrong template fails
//! here for every seed.

mod branches;
mod context_registers;
mod groups;
mod memory;

use crate::common::*;
use xenia_cpu::{EngineConfig, PpcContext, RegisterDifference, ReservationMode, msr_bit};
use xenia_isa::{Family, Flag, Op, Operand};
use xenia_jit::{JitConfig, JitTesting, Tiers};

/// The baseline tier and the interpreter, and the address of their next code.
struct Pair {
    jit: JitHarness,
    interpreter: JitHarness,
    at: u32,
}

impl Pair {
    fn new(reservations: ReservationMode, portable_code: bool) -> Self {
        let engine = EngineConfig { reservations };
        let tiers = Tiers::Baseline;
        let testing = JitTesting { compile_volatile: true, portable_code, ..JitTesting::default() };
        let config = JitConfig { tiers, testing, engine, ..JitConfig::default() };
        let jit = JitHarness::jit_with(JitConfig { verify: false, ..config });
        Self { jit, interpreter: JitHarness::interpreter_with(engine), at: CODE }
    }

    /// A pair for this host, and one without optional host features.
    fn hosts() -> [Self; 2] {
        [false, true].map(|portable_code| Self::new(ReservationMode::default(), portable_code))
    }

    /// Writes programs to both machines, each followed by `sc`, and runs each from the states that
    /// `states` returns for its address. Compares registers, exits and the budget after each run,
    /// and memory at the end.
    fn agree(&mut self, programs: &[Vec<u32>], mut states: impl FnMut(u32) -> Vec<PpcContext>) {
        let words: Vec<u32> =
            programs.iter().flat_map(|words| words.iter().copied().chain([SC, SC])).collect();
        if self.at + 4 * words.len() as u32 > CODE + SIZE {
            self.at = CODE;
        }
        for machine in [&self.jit, &self.interpreter] {
            machine.put(self.at, &words);
        }
        for words in programs {
            for ctx in states(self.at) {
                self.run(self.at, words, &ctx);
            }
            self.at += 4 * words.len() as u32 + 8;
        }
        assert!(self.jit.data() == self.interpreter.data(), "memory after {}", listing(&words));
    }

    fn run(&mut self, at: u32, words: &[u32], ctx: &PpcContext) {
        let exits = [&mut self.jit, &mut self.interpreter].map(|machine| {
            machine.ctx.clone_from(ctx);
            machine.ctx.pc = at;
            machine.run(100)
        });
        let a = &self.jit.ctx;
        let b = &self.interpreter.ctx;
        if let Some(RegisterDifference { name, own, other }) = a.first_difference(b) {
            panic!("{name}: baseline {own:#x}, interpreter {other:#x}\n{}\n{ctx:x?}", listing(words));
        }
        assert_eq!(exits[0], exits[1], "{}\n{ctx:x?}", listing(words));
        assert_eq!((a.budget, a.reservation), (b.budget, b.reservation), "{}", listing(words));
    }
}

/// The states that `set` makes of [`state`] for each of `values`, with CA alternating.
fn states<T>(values: impl IntoIterator<Item = T>, set: impl Fn(&mut PpcContext, T)) -> Vec<PpcContext> {
    let base = state();
    let one = |(n, value)| {
        let mut ctx = base.clone();
        ctx.xer_ca = (n & 1) as u8;
        set(&mut ctx, value);
        ctx
    };
    values.into_iter().enumerate().map(one).collect()
}

/// All pairs of some values.
fn pairs<T: Copy>(values: &[T]) -> impl Iterator<Item = (T, T)> {
    values.iter().flat_map(move |&a| values.iter().map(move |&b| (a, b)))
}

/// Registers with distinct values; XER\[SO\] is 0.
fn state() -> PpcContext {
    let mut r = Random::new(46);
    let mut ctx = PpcContext::default();
    randomize(&mut ctx, &mut r);
    ctx.xer_so = 0;
    ctx
}

/// Values at which results, carries, compares and shift counts change.
const VALUES: [u64; 20] = [
    0,
    1,
    2,
    31,
    32,
    33,
    63,
    64,
    0x80,
    0x7FFF,
    0x8000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x8000_0000_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    u64::MAX,
    0xFFFF_FFFF_8000_0000,
    0xDEAD_BEEF_0000_0001,
];

/// Targets and sources: inside and outside the register map, equal and different.
const REGISTERS: [[u32; 3]; 16] = [
    [3, 4, 6],
    [3, 3, 4],
    [3, 4, 3],
    [3, 3, 3],
    [3, 4, 4],
    [12, 13, 14],
    [12, 12, 13],
    [12, 13, 12],
    [12, 12, 12],
    [12, 13, 13],
    [3, 12, 13],
    [12, 3, 4],
    [31, 31, 0],
    [10, 0, 10],
    [0, 9, 0],
    [0, 0, 11],
];

fn has(op: Op, operand: Operand) -> bool {
    op.row().operands.contains(&operand)
}

/// Rows of fixed-point families, with or without a 16-bit immediate.
fn fixed_point(immediate: bool) -> impl Iterator<Item = Op> {
    rows(&[Family::Integer, Family::Logical, Family::Rotate])
        .into_iter()
        .filter(move |&op| (has(op, Operand::simm) || has(op, Operand::uimm)) == immediate)
}

/// A word of `op` whose target and sources are `[target, first, second]`.
fn fields(op: Op, [target, first, second]: [u32; 3]) -> u32 {
    let (upper, lower) = if has(op, Operand::rs) { (first, target) } else { (target, first) };
    op.row().bits | (upper << 21 | lower << 16 | second << 11) & !op.row().mask
}

#[test]
fn register_forms_agree_on_edge_values_and_equal_registers() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let is_shift_by_constant = |op| has(op, Operand::sh) || has(op, Operand::sh64);
    for registers in REGISTERS {
        // OE is clear, and the mask of `rlwnm` is its upper bit.
        let forms = |op: Op| {
            let word = fields(op, registers);
            let record = op.row().has(Flag::rc).then_some(word | 1);
            [Some(word), record].into_iter().flatten()
        };
        let rows = fixed_point(false).filter(|&op| !is_shift_by_constant(op));
        let programs: Vec<_> = rows.flat_map(forms).map(|word| vec![word]).collect();
        let states = states(pairs(&VALUES), |ctx, (a, b)| {
            ctx.gpr[registers[1] as usize] = a;
            ctx.gpr[registers[2] as usize] = b;
        });
        pair.agree(&programs, |_| states.clone());
    }
}

/// 16-bit immediates on both sides of those at which an encoding changes.
const IMMEDIATES: [i32; 18] = [
    0, 1, 2, 31, 0x7E, 0x7F, 0x80, 0x81, 0xFF, 0x100, 0x7FFF, 0x8000, 0x8001, 0xFF7E, 0xFF7F, 0xFF80, 0xFF81,
    0xFFFF,
];

#[test]
fn immediates_at_which_encodings_change_agree() {
    let names = [[3, 4], [3, 3], [12, 13], [12, 12], [3, 12], [12, 3], [0, 31], [31, 0], [0, 0]];
    for mut pair in Pair::hosts() {
        for (immediate, [target, source]) in
            IMMEDIATES.into_iter().flat_map(|i| names.map(|named| (i, named)))
        {
            let word = |op| {
                let word = fields(op, [target, source, 0]) | immediate as u32;
                // Word compares to CR0; `branches.rs` tests the others.
                vec![if has(op, Operand::crfd) { word & !(31 << 21) } else { word }]
            };
            let near = [immediate, i32::from(immediate as i16), immediate << 16];
            let near = near.into_iter().flat_map(|value| [-1, 0, 1].map(|by| (i64::from(value) + by) as u64));
            let values = near.flat_map(|value| [value, value ^ 1 << 32, !value]);
            let states = states(values, |ctx, value| ctx.gpr[source as usize] = value);
            pair.agree(&fixed_point(true).map(word).collect::<Vec<_>>(), |_| states.clone());
        }
    }
}

/// States for shifts and rotates of r2 and r3.
fn rotated() -> Vec<PpcContext> {
    states([0x9234_5678_8765_4321, 0x0000_0001_7FFF_FFFE, u64::MAX], |ctx, value| {
        ctx.gpr[2] = value;
        ctx.gpr[3] = !value;
    })
}

#[test]
fn all_counts_and_masks_of_word_rotates_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let states = rotated();
    for op in [Op::rlwinmx, Op::rlwimix, Op::rlwnmx] {
        for count in 0..32 {
            // Each word has a different target: r1 and r4 to r31. The last one is a record form.
            let word = |source: u32, begin: u32, end: u32| {
                let target = if end < 4 { 1 + 3 * (end & 1) } else { end };
                x(op, source, target, count, begin << 6 | end << 1 | u32::from(end == 31))
            };
            let programs =
                |source| (0..32).map(move |begin| (0..32).map(|end| word(source, begin, end)).collect());
            let programs: Vec<_> = [2, 3].into_iter().flat_map(programs).collect();
            pair.agree(&programs, |_| states.clone());
        }
    }
}

#[test]
fn all_counts_and_masks_of_doubleword_rotates_and_shifts_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let states = rotated();
    for op in rows(&[Family::Rotate]).into_iter().filter(|&op| has(op, Operand::sh64)) {
        let begins = if has(op, Operand::mb64) { 64 } else { 1 };
        for count in 0..64 {
            let program = |begin: u32| {
                let shift = (count & 31) << 11 | count >> 4 & 2;
                let free = (shift | (begin & 31) << 6 | begin & 32) & !op.row().mask;
                let word = |source, target, record| x(op, source, target, 0, free | record);
                vec![
                    word(2, 4, 0),
                    word(2, 12, 0),
                    word(2, 5, 1),
                    word(3, 13, 1),
                    word(3, 3, 0),
                    word(2, 2, 0),
                ]
            };
            pair.agree(&(0..begins).map(program).collect::<Vec<_>>(), |_| states.clone());
        }
    }
    let words = |count| {
        let names = [[2, 4], [2, 12], [3, 13], [3, 3], [2, 2]];
        names.map(|[source, target]| x(Op::srawix, source, target, count, count & 1)).to_vec()
    };
    pair.agree(&(0..32).map(words).collect::<Vec<_>>(), |_| states.clone());
}

#[test]
fn constants_of_two_instructions_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    for (high, low) in pairs(&IMMEDIATES) {
        let mut programs = Vec::new();
        for (target, other) in [(3, 4), (12, 13), (3, 12), (0, 3), (31, 0)] {
            let first = d(Op::addis, target, 0, high);
            programs.push(vec![d(Op::addis, target, other, high), d(Op::addi, target, target, low)]);
            for base in [target, other] {
                programs.push(vec![first, d(Op::addi, base, target, low)]);
                programs.push(vec![first, d(Op::addi, target, base, low)]);
                programs.push(vec![first, d(Op::ori, target, base, low)]);
                programs.push(vec![first, d(Op::ori, base, target, low)]);
            }
        }
        pair.agree(&programs, |_| vec![state()]);
    }
}

#[test]
fn moves_of_every_special_register_and_field_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let mut words = Vec::new();
    // The time base is not compared, since it differs.
    for number in (0..1024_u32).filter(|number| ![268, 269, 284, 285].contains(number)) {
        let split = (number & 31) << 16 | number >> 5 << 11;
        for op in [Op::mfspr, Op::mtspr] {
            words.extend([3, 12, 0].map(|register| op.row().bits | register << 21 | split));
        }
    }
    for register in [3, 12, 0] {
        words.extend((0..256).map(|mask| Op::mtcrf.row().bits | register << 21 | mask << 12));
        words.push(x(Op::mfcr, register, 0, 0, 0));
    }
    words.extend((0..64).map(|both| Op::mcrf.row().bits | (both >> 3) << 23 | (both & 7) << 18));
    for words in words.chunks(1000) {
        let programs: Vec<_> = words.iter().map(|&word| vec![word]).collect();
        pair.agree(&programs, |_| vec![state()]);
    }
}

/// Traps between other instructions of a block.
#[test]
fn traps_of_each_condition_agree() {
    const OPERANDS: [u64; 8] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, u64::MAX, 0x7FFF];
    const PAIRS: [[u32; 2]; 6] = [[3, 4], [12, 13], [3, 12], [12, 3], [0, 4], [3, 3]];
    let mut pair = Pair::new(ReservationMode::default(), false);
    for to in 0..32 {
        let registers = PAIRS.iter().flat_map(|&[a, b]| [Op::tw, Op::td].map(|op| x(op, to, a, b, 0)));
        let immediates = [0, 1, -1, 127, 128, 0x7FFF, -0x8000];
        let immediates = immediates
            .iter()
            .flat_map(|&value| [(Op::twi, 3), (Op::tdi, 12)].map(|(op, a)| d(op, to, a, value)));
        let programs: Vec<_> = registers
            .chain(immediates)
            .map(|trap| vec![d(Op::addi, 6, 6, 1), trap, d(Op::addi, 7, 7, 1), trap])
            .collect();
        pair.agree(&programs, |_| {
            states(pairs(&OPERANDS), |ctx, (a, b)| {
                for register in [0, 3, 12] {
                    ctx.gpr[register] = a;
                }
                for register in [4, 13] {
                    ctx.gpr[register] = b;
                }
            })
        });
    }
}

/// The checks of a division, as the console's compilers write them.
#[test]
fn traps_that_are_not_taken_are_not_interpreted() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let checks = [d(Op::twi, 6, 4, 0), d(Op::twi, 5, 5, -1), x(Op::divwx, 3, 3, 4, 0)];
    pair.agree(&[checks.repeat(20)], |_| {
        states(1..20_u64, |ctx, divisor| {
            ctx.gpr[3] = 1 << 30;
            ctx.gpr[4] = divisor;
            ctx.gpr[5] = 7;
        })
    });
    let counters = pair.jit.engine.counters();
    assert!(counters.interpreted_instructions < 40, "{counters:?}");
}

#[test]
fn moves_of_interrupt_enables_agree() {
    const WITH_L: u32 = 1 << 16;
    let usual = PpcContext::default().msr;
    let both = msr_bit::EE | msr_bit::RI;
    let bits = [0, msr_bit::EE, msr_bit::RI, both];
    let mut pair = Pair::new(ReservationMode::default(), false);
    let read = |register| x(Op::mfmsr, register, 0, 0, 0);
    let write = |op: Op, register| x(op, register, 0, 0, WITH_L);
    let registers = [3, 12, 0];
    let mut programs = Vec::from(registers.map(|register| vec![read(register)]));
    for op in [Op::mtmsr, Op::mtmsrd] {
        programs.extend(registers.map(|register| vec![write(op, register), read(register)]));
    }
    pair.agree(&programs, |_| {
        states(pairs(&bits), |ctx, (before, source)| {
            ctx.msr = usual & !both | before;
            for register in [0, 3, 12] {
                // All other bits are set, and must not be moved.
                ctx.gpr[register] = !both | source;
            }
        })
    });
    let counters = pair.jit.engine.counters();
    assert!(counters.interpreted_instructions < 10, "not even `sc`: {counters:?}");
}

/// Each value of each field, and of its neighbours; a word with several fields, and with none.
#[test]
fn moves_from_one_field_agree() {
    const ONE: u32 = 1 << 20;
    let crms = (0..8).map(|n| 1 << n).chain([0, 0x81, 0xFF]);
    let programs: Vec<_> = crms
        .flat_map(|crm| [3, 12, 20].map(|target| vec![x(Op::mfcr, target, 0, 0, ONE | crm << 12)]))
        .collect();
    let mut pair = Pair::new(ReservationMode::default(), false);
    pair.agree(&programs, |_| {
        states(0..16, |ctx, bits| ctx.set_cr_word((bits * 0x1111_1111) ^ (0xF0F0_F0F0 * (bits & 1))))
    });
}
