//! Generates sequences: all rows, operands from small pools so that results flow into later
//! instructions, edge values. A quarter of the sequences consists of a few rows and registers
//! (swarm testing): among all rows, three that interact seldom meet.
//!
//! Excluded are words whose result is not architected at all (invalid forms of update, multiple and
//! string loads). Accesses stay inside the sandbox, except in some batches, where a few fault. r1
//! holds the return address, r13 and r14 point into the sandbox; no instruction writes them.

mod storage;
mod values;

use super::sequence::{Item, SANDBOX_SIZE, Sequence, Unit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use xenia_cpu::{PpcContext, msr_bit};
use xenia_isa::word::BLR;
use xenia_isa::{Family, Flag, Op, Operand};

/// The sequence with this seed and number.
pub(super) fn sequence(seed: u64, number: u64, choice: &Choice) -> Sequence {
    sequence_and_states(seed, number, choice).0
}

/// That sequence, and further initial states for it.
pub(super) fn sequence_and_states(seed: u64, number: u64, choice: &Choice) -> (Sequence, States<'_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    let mut make = Make::new(rng, choice);
    let mut state = make.state();
    if let Some(sf) = choice.sf {
        state.msr = state.msr & !msr_bit::SF | if sf { msr_bit::SF } else { 0 };
    }
    let memory = make.memory();
    // Some whole batches have self-modifying code.
    make.changes_code = number / super::BATCH % 16 == 15;
    // In others, some accesses fault.
    make.faults = choice.faults && number / super::BATCH % 16 == 1;
    let units = make.units();
    (Sequence { units, state, memory }, States(make))
}

/// Random states and memories besides a sequence's generated one, drawn after it.
pub(super) struct States<'a>(Make<'a>);

impl States<'_> {
    /// Gives the sequence its next initial state. The computation mode is kept: the code would
    /// behave differently in the other one.
    pub(super) fn put_next(&mut self, sequence: &mut Sequence) {
        let sf = sequence.state.msr & msr_bit::SF;
        sequence.state = self.0.state();
        sequence.state.msr = sequence.state.msr & !msr_bit::SF | sf;
        sequence.memory = self.0.memory();
    }
}

/// A random state and memory, as sequences start from.
pub(super) fn surroundings(
    seed: u64,
    number: u64,
    choice: &Choice,
) -> (Box<PpcContext>, Box<[u8; SANDBOX_SIZE]>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    let mut make = Make::new(rng, choice);
    // All vector registers get values: it is not known which ones the code uses.
    let mut state = make.state();
    for register in &mut state.vr {
        *register = make.vector();
    }
    (state, make.memory())
}

/// Which rows are drawn, and other fixed parameters.
pub(super) struct Choice {
    /// Rows to draw from: each once, those for dataflow and control flow more often.
    drawn: Vec<Op>,
    /// The same rows, grouped by the data that they work on.
    themes: Vec<Vec<Op>>,
    /// Value of MSR\[SF\], unless it is random.
    sf: Option<bool>,
    /// Whether to generate conditional stores of another size than the reservation: the books leave
    /// their result open.
    mixed_reservations: bool,
    /// Whether some batches have accesses that fault, which would end an external oracle.
    faults: bool,
}

impl Choice {
    /// A choice of all rows.
    pub(super) fn everything() -> Self {
        Self { mixed_reservations: true, faults: true, ..Self::only(|_| true, None) }
    }

    /// Some rows, in one computation mode.
    pub(super) fn only(wanted: impl Fn(Op) -> bool, sf: Option<bool>) -> Self {
        let rows: Vec<Op> = Op::all().filter(|&op| wanted(op)).collect();
        let mut drawn = rows.clone();
        for &op in &rows {
            let extra = match op.row().family {
                Family::Branch if op.row().mnemonic.starts_with('b') => 10,
                Family::Integer | Family::Logical | Family::Rotate => 1,
                _ => 0,
            };
            drawn.extend(std::iter::repeat_n(op, extra));
        }
        let families: [&[Family]; 4] = [
            &[Family::Integer, Family::Logical, Family::Rotate],
            &[Family::Float],
            &[Family::Vector, Family::Vector128],
            &[Family::LoadStore],
        ];
        let of = |families: &[Family]| {
            rows.iter().copied().filter(|op| families.contains(&op.row().family)).collect()
        };
        let themes = families.map(of).into_iter().filter(|rows: &Vec<Op>| !rows.is_empty()).collect();
        Self { drawn, themes, sf, mixed_reservations: false, faults: false }
    }
}

struct Make<'a> {
    rng: ChaCha8Rng,
    choice: &'a Choice,
    /// Most rows of the sequence come from this group, so that results are used.
    theme: Option<&'a [Op]>,
    /// Rows of a swarm, of which the sequence then mainly consists; else empty.
    swarm: Vec<Op>,
    gprs: [u32; 7],
    fprs: [u32; 5],
    vectors: [u32; 6],
    vectors128: [u32; 6],
    /// Whether CTR is in use by an enclosing counted loop.
    keep_ctr: bool,
    /// Whether units may modify code.
    changes_code: bool,
    /// Whether accesses may fault.
    faults: bool,
    /// Whether the access that is being generated faults.
    is_astray: bool,
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, from: &[T]) -> T {
    from[rng.next_u32() as usize % from.len()]
}

impl<'a> Make<'a> {
    fn new(mut rng: ChaCha8Rng, choice: &'a Choice) -> Self {
        const FREE: [u32; 29] = [
            0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
            29, 30, 31,
        ];
        let gprs = std::array::from_fn(|_| pick(&mut rng, &FREE));
        let fprs = std::array::from_fn(|_| rng.next_u32() % 32);
        let vectors = std::array::from_fn(|_| rng.next_u32() % 32);
        // Half of the VMX128 registers are also accessible to AltiVec instructions.
        let vectors128 = std::array::from_fn(|n| if n % 2 == 0 { vectors[n] } else { rng.next_u32() % 128 });
        // Half of the sequences use all rows.
        let theme = choice.themes.get(rng.next_u32() as usize % (2 * choice.themes.len())).map(Vec::as_slice);
        let mut make = Self {
            rng,
            choice,
            theme,
            swarm: Vec::new(),
            gprs,
            fprs,
            vectors,
            vectors128,
            keep_ctr: false,
            changes_code: false,
            faults: false,
            is_astray: false,
        };
        make.begin_swarm();
        make
    }

    /// Decides whether the sequence is a swarm, by a stream apart: other sequences do not depend on
    /// it.
    fn begin_swarm(&mut self) {
        /// Limit of the rows of a swarm.
        const MAX_ROWS: u32 = 6;
        let mut rng = self.rng.clone();
        rng.set_stream(!rng.get_stream());
        if !rng.next_u32().is_multiple_of(4) {
            return;
        }
        let rows = pick(&mut rng, &self.choice.themes.iter().map(Vec::as_slice).collect::<Vec<_>>());
        self.swarm = (0..2 + rng.next_u32() % (MAX_ROWS - 1)).map(|_| pick(&mut rng, rows)).collect();
        self.gprs = std::array::from_fn(|n| self.gprs[n % 3]);
        self.fprs = std::array::from_fn(|n| self.fprs[n % 3]);
        self.vectors = std::array::from_fn(|n| self.vectors[n % 3]);
        self.vectors128 = std::array::from_fn(|n| self.vectors128[n % 3]);
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    fn gpr(&mut self) -> u32 {
        pick(&mut self.rng, &self.gprs)
    }

    fn units(&mut self) -> Vec<Unit> {
        let count = 11 + self.below(12) as u16;
        let mut units = Vec::new();
        while (units.len() as u16) < count {
            let id = units.len() as u16;
            if !self.keep_ctr && self.below(24) == 0 {
                self.counted_loop(&mut units);
            } else {
                let items = self.unit(id, count);
                units.push(Unit { id, items });
            }
        }
        units
    }

    /// `li`, `mtctr`, a few units, `bdnz` back to the first of them; sometimes another `bdnz`
    /// inside, which forms a nested loop over the remaining iterations.
    fn counted_loop(&mut self, units: &mut Vec<Unit>) {
        let register = self.gpr();
        let rounds = 1 + self.below(8);
        let id = units.len() as u16;
        let start =
            vec![Item::Word(0x3800_0000 | register << 21 | rounds), Item::Word(0x7C09_03A6 | register << 21)];
        units.push(Unit { id, items: start });
        self.keep_ctr = true;
        let length = 1 + self.below(5) as u16;
        for n in 1..=length {
            // Branches inside stay inside, or leave the loop permanently.
            let items = if n > 1 && self.below(8) == 0 {
                vec![Item::Branch {
                    word: 0x4200_0000,
                    target: id + n - 1 - self.below(u32::from(n) - 1) as u16,
                }]
            } else {
                self.unit(id + n, id + length + 1)
            };
            units.push(Unit { id: id + n, items });
        }
        self.keep_ctr = false;
        let back = Item::Branch { word: 0x4200_0000, target: id + 1 };
        units.push(Unit { id: id + length + 1, items: vec![back] });
    }

    /// One random instruction with the instructions that it needs.
    fn unit(&mut self, id: u16, count: u16) -> Vec<Item> {
        if self.changes_code && self.below(64) == 0 {
            return self.change_code();
        }
        if self.below(48) == 0 {
            return vec![self.change_mode()];
        }
        loop {
            let theme = self.theme;
            let op = match theme {
                _ if !self.swarm.is_empty() && self.below(8) != 0 => pick(&mut self.rng, &self.swarm),
                Some(rows) if self.below(4) != 0 => pick(&mut self.rng, rows),
                _ => pick(&mut self.rng, &self.choice.drawn),
            };
            if let Some(items) = self.of(op, id, count) {
                return items;
            }
        }
    }

    fn of(&mut self, op: Op, id: u16, count: u16) -> Option<Vec<Item>> {
        let row = op.row();
        match op {
            Op::bx | Op::bcx | Op::bclrx | Op::bcctrx => return self.branch(op, id, count),
            Op::lswi | Op::lswx | Op::stswi | Op::stswx | Op::lmw | Op::stmw => {
                return Some(self.several(op));
            }
            Op::lwarx | Op::ldarx | Op::stwcx | Op::stdcx => return Some(self.reservation(op)),
            Op::mtmsr | Op::mtmsrd => {
                let register = self.gpr() << 21;
                // The unchanged register, or EE and RI from any register.
                return Some(if self.below(2) == 0 {
                    vec![Item::Word(Op::mfmsr.row().bits | register), Item::Word(row.bits | register)]
                } else {
                    vec![Item::Word(row.bits | register | 1 << 16)]
                });
            }
            _ => {}
        }
        if row.has(Flag::mem) || row.operands.iter().any(|o| matches!(o, Operand::disp | Operand::disp_ds)) {
            return Some(self.access(op));
        }
        let mut word = row.bits;
        for flag in [(Flag::rc, 1), (Flag::oe, 0x400), (Flag::vrc, 0x400), (Flag::vrc128, 0x40)] {
            if row.has(flag.0) && self.below(2) == 0 {
                word |= flag.1;
            }
        }
        for &operand in row.operands {
            let value = self.operand(op, operand)?;
            word |= operand.insert(value).unwrap_or(0);
        }
        match op {
            Op::sc => word |= 2,
            // A trap on equal registers would end most sequences.
            Op::tw | Op::td if word >> 16 & 31 == word >> 11 & 31 => return None,
            Op::mfcr | Op::mtcrf if self.below(2) == 0 => {
                word = word & !0x000F_F000 | 0x0010_0000 | 0x1000 << self.below(8);
            }
            _ => {}
        }
        Some(vec![Item::Word(word)])
    }

    /// A value for an operand that is not an address; `None` if the instruction is not wanted here.
    fn operand(&mut self, op: Op, operand: Operand) -> Option<i64> {
        use Operand::*;
        Some(match operand {
            rd | rs | ra | rb => self.gpr().into(),
            ra0 => if self.below(6) == 0 { 0 } else { self.gpr() }.into(),
            fd | fs | fa | fb | fc => pick(&mut self.rng, &self.fprs).into(),
            vd | vs | va | vb | vc => pick(&mut self.rng, &self.vectors).into(),
            va128 if matches!(op, Op::vupkhsb128 | Op::vupklsb128) => [0, 0x60][self.below(2) as usize],
            vd128 | vs128 | va128 | vb128 => pick(&mut self.rng, &self.vectors128).into(),
            d3d_type => self.below(7).into(),
            d3d_pack if op == Op::vupkd3d128 => 0,
            d3d_pack => (1 + self.below(3)).into(),
            simm => match self.below(3) {
                0 => pick(&mut self.rng, &[0, 1, -1, 32_767, -32_768]),
                _ => i64::from(self.rng.next_u32() as i16),
            },
            to => [0, 4, 4, 4][self.below(4) as usize],
            lev => self.below(4).into(),
            sync_l => self.below(2).into(),
            tbr => (268 + self.below(2)).into(),
            spr => {
                let number = pick(&mut self.rng, &[1, 8, 9, 256, 1, 9]);
                if self.keep_ctr && number == 9 && op == Op::mtspr {
                    return None;
                }
                number
            }
            _ => {
                let (least, most) = operand.range().into_inner();
                least + (self.rng.next_u64() % (most - least + 1) as u64) as i64
            }
        })
    }

    /// Another rounding mode or NI, another NJ: `mtfsfi`, `mtfsb0`, `mtfsb1`, `mtvscr`.
    fn change_mode(&mut self) -> Item {
        let (op, fields) = match self.below(4) {
            0 | 1 => (Op::mtfsfix, 7 << 23 | self.below(4) << 12),
            2 => (pick(&mut self.rng, &[Op::mtfsb0x, Op::mtfsb1x]), (29 + self.below(3)) << 21),
            _ => (Op::mtvscr, pick(&mut self.rng, &self.vectors) << 11),
        };
        Item::Word(op.row().bits | fields)
    }

    /// Replaces the unit's last instruction, synchronizes the instruction cache as the books
    /// require, and runs it.
    fn change_code(&mut self) -> Vec<Item> {
        let address = 2 + self.below(5);
        let word = 7 + self.below(5);
        let d = self.gpr();
        let a = self.gpr();
        let old = Op::addi.row().bits | d << 21 | a << 16 | self.below(0x1_0000);
        let new = Op::xoris.row().bits | a << 21 | d << 16 | self.below(0x1_0000);
        let rs = |op: Op, s: u32, a: u32| op.row().bits | s << 21 | a << 16;
        let at = |op: Op| Item::Word(op.row().bits | address << 11);
        // `bcl` to the next instruction yields the address from which `addi` computes the last
        // instruction's address.
        vec![
            Item::Word(Op::bcx.row().bits | 20 << 21 | 4 | 1),
            Item::Word(Op::mfspr.row().bits | address << 21 | 8 << 16),
            Item::Word(rs(Op::addi, address, address) | 0x28),
            Item::Word(rs(Op::addis, word, 0) | new >> 16),
            Item::Word(rs(Op::ori, word, word) | new & 0xFFFF),
            Item::Word(rs(Op::stw, word, address)),
            at(Op::dcbst),
            Item::Word(Op::sync.row().bits),
            at(Op::icbi),
            Item::Word(Op::sync.row().bits),
            Item::Word(Op::isync.row().bits),
            Item::Word(old),
        ]
    }

    /// Branches to later units, taken or not; calls with return; rarely a backward branch, which
    /// the budget ends.
    fn branch(&mut self, op: Op, id: u16, count: u16) -> Option<Vec<Item>> {
        let target = if self.below(60) == 0 && !self.keep_ctr {
            id.saturating_sub(self.below(4) as u16)
        } else {
            (id + 1 + self.below(4) as u16).min(count)
        };
        let link = u32::from(self.below(4) == 0);
        if op == Op::bx {
            if self.below(3) == 0 {
                return Some(self.call());
            }
            // Mostly to the next unit, so that the following code runs.
            let target = if self.below(2) == 0 { id + 1 } else { target };
            return Some(vec![Item::Branch { word: op.row().bits | link, target }]);
        }
        let mut bo = pick(&mut self.rng, &[0, 2, 4, 4, 4, 8, 10, 12, 12, 12, 16, 18, 20, 6, 14, 15, 25]);
        if self.keep_ctr || op == Op::bcctrx {
            bo |= 4;
        }
        let word = op.row().bits | bo << 21 | self.below(32) << 16 | link;
        if op == Op::bcx {
            return Some(vec![Item::Branch { word, target }]);
        }
        if self.keep_ctr && op == Op::bcctrx {
            return None;
        }
        // lis, ori, mtlr or mtctr, branch.
        let register = self.gpr();
        let spr = if op == Op::bclrx { 8 } else { 9 };
        Some(vec![
            Item::Address { word: Op::addis.row().bits | register << 21, target, upper: true },
            Item::Address {
                word: Op::ori.row().bits | register << 21 | register << 16,
                target,
                upper: false,
            },
            Item::Word(Op::mtspr.row().bits | register << 21 | spr << 16),
            Item::Word(word),
        ])
    }

    /// `bl` over a small function placed after it, which returns.
    fn call(&mut self) -> Vec<Item> {
        let bx = Op::bx.row().bits;
        let mut body = Vec::new();
        for _ in 0..=self.below(3) {
            let d = self.gpr();
            let a = self.gpr();
            let b = self.gpr();
            let op = pick(&mut self.rng, &[Op::addx, Op::xorx, Op::subfx, Op::mullwx]);
            let fields = if op == Op::xorx { a << 21 | d << 16 } else { d << 21 | a << 16 };
            body.push(Item::Word(op.row().bits | fields | b << 11));
        }
        let mut items = vec![
            Item::Within { word: bx | 1, distance: 2 },
            Item::Within { word: bx, distance: body.len() as i16 + 2 },
        ];
        items.append(&mut body);
        items.push(Item::Word(BLR));
        items
    }
}
