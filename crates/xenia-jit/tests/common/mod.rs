//! Test harness: two machines with equal contents, one with the JIT and one with the interpreter.
#![allow(dead_code, unreachable_pub)] // not every test needs everything

use std::fmt::Write as _;
use std::sync::Arc;
use xenia_cpu::{
    EngineConfig, Execute, Exit, Interpreter, PpcContext, RegisterDifference, msr_bit, vscr_bit,
};
use xenia_guest::GuestAddr;
pub use xenia_isa::word::{BCTR, BCTRL, BLR, NOP};
use xenia_isa::{Family, Instruction, Op, Operand, decode};
use xenia_jit::{Jit, JitConfig};
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};
use xenia_testing::Dice;

pub mod pair;
use pair::eager_config;

/// Start of the code area (64 KiB).
pub const CODE: u32 = 0x8200_0000;
/// Start of the data area (64 KiB).
pub const DATA: u32 = 0x1000_0000;
/// Size of each area in bytes.
pub const SIZE: u32 = 0x1_0000;

/// Guest memory with [`CODE`] and [`DATA`] committed.
pub fn memory() -> Arc<GuestMemory> {
    let memory = GuestMemory::new().unwrap();
    for addr in [CODE, DATA] {
        memory.alloc_fixed(GuestAddr(addr), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    }
    memory
}

/// Processor time of this thread in nanoseconds.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Nanoseconds per instruction of a loop of copies of `word`, the lesser of two runs. `prepare`
/// sets the registers that it uses.
pub fn nanoseconds(machine: &mut JitHarness, word: u32, prepare: impl Fn(&mut PpcContext)) -> f64 {
    const COPIES: u32 = 32;
    const ROUNDS: u64 = 200_000;
    let mut words = vec![word; COPIES as usize];
    // `bdnz` to the start.
    words.push(0x4200_0000 | (4 * COPIES).wrapping_neg() & 0xFFFC);
    words.push(SC);
    machine.put(CODE, &words);
    let mut least = f64::INFINITY;
    for _ in 0..2 {
        machine.ctx = PpcContext { pc: CODE, ctr: ROUNDS, ..PpcContext::default() };
        prepare(&mut machine.ctx);
        let start = processor_time();
        machine.run(i64::MAX / 2);
        least = least.min(processor_time() - start);
    }
    least / (ROUNDS * u64::from(COPIES)) as f64
}

/// A machine with one engine.
pub struct JitHarness {
    pub memory: Arc<GuestMemory>,
    pub engine: Box<dyn Execute>,
    pub ctx: PpcContext,
    pub devices: DeviceQueue,
}

impl JitHarness {
    /// A machine with the interpreter.
    pub fn interpreter() -> Self {
        Self::interpreter_with(EngineConfig::default())
    }

    pub fn interpreter_with(config: EngineConfig) -> Self {
        let memory = memory();
        let engine = Box::new(Interpreter::new(Arc::clone(&memory), config));
        Self::of(memory, engine)
    }

    /// A machine with the JIT, which compiles code at its first execution.
    pub fn jit() -> Self {
        Self::jit_with(eager_config())
    }

    /// A machine with the JIT and Cranelift's verifier.
    pub fn jit_with(config: JitConfig) -> Self {
        let config = JitConfig { verify: true, ..config };
        let memory = memory();
        let engine = Box::new(Jit::new(Arc::clone(&memory), config).unwrap());
        Self::of(memory, engine)
    }

    fn of(memory: Arc<GuestMemory>, engine: Box<dyn Execute>) -> Self {
        let ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        Self { memory, engine, ctx, devices: DeviceQueue::new() }
    }

    /// Writes words at `addr`.
    pub fn put(&self, addr: u32, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.memory.write_bytes(GuestAddr(addr), &bytes).unwrap();
    }

    /// Runs a visit of `budget` instructions.
    pub fn run(&mut self, budget: i64) -> Exit {
        self.ctx.begin_visit(budget, 0, u32::MAX);
        self.engine.run(&mut self.ctx, &mut self.devices)
    }

    pub fn data(&self) -> Vec<u8> {
        let mut bytes = vec![0; SIZE as usize];
        self.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
        bytes
    }
}

/// An instruction word with three register fields at bits 21, 16 and 11 and the bits `rest`.
pub fn x(op: Op, first: u32, second: u32, third: u32, rest: u32) -> u32 {
    op.row().bits | first << 21 | second << 16 | third << 11 | rest
}

/// An instruction word with two register fields and a 16-bit immediate.
pub fn d(op: Op, first: u32, second: u32, immediate: i32) -> u32 {
    op.row().bits | first << 21 | second << 16 | immediate as u32 & 0xFFFF
}

/// `b` or, with `link`, `bl` from one address to another.
pub fn b(from: u32, to: u32, link: bool) -> u32 {
    Op::bx.row().bits | to.wrapping_sub(from) & 0x03FF_FFFC | u32::from(link)
}

/// An instruction on frD, frA, frB and frC, or on vD, vA, vB and vC; absent fields are ignored.
pub fn float(op: Op, [d, a, b, c]: [u32; 4]) -> u32 {
    let row = op.row();
    row.bits | (d << 21 | a << 16 | b << 11 | c << 6) & !row.mask
}

/// Encoding of `sc 2`.
pub const SC: u32 = xenia_isa::word::sc(2);
/// Encoding of `mflr r0`.
pub const MFLR0: u32 = 0x7C08_02A6;
/// Encoding of `mtlr r0`.
pub const MTLR0: u32 = 0x7C08_03A6;

/// Pseudorandom numbers with a seed.
pub struct Random(Dice);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Dice(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

const EDGES: [u64; 14] = [
    0,
    1,
    u64::MAX,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0xFFFF_FFFF_8000_0000,
    0x8000_0000_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0xFF,
    0x8000,
    0x1_0000_0000,
    31,
    32,
];

const SINGLES: [u32; 22] = [
    0,
    0x8000_0000,
    0x3F80_0000,
    0xBF80_0000,
    0x7F80_0000,
    0xFF80_0000,
    0x7FC0_0000,
    0xFFC1_2345,
    0x7F81_0000,
    0xFFA0_0001,
    0x0000_0001,
    0x807F_FFFF,
    0x0080_0000,
    0x0080_0001,
    0x7F7F_FFFF,
    0x3F80_0001,
    0x4B00_0000,
    0x4B00_0001,
    0x5F00_0000,
    0xCF00_0000,
    0x3300_0000,
    0x3380_0001,
];

const DOUBLES: [u64; 24] = [
    0,
    1 << 63,
    0x3FF0_0000_0000_0000,
    0xBFF0_0000_0000_0000,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    0x7FF8_0000_0000_0000,
    0xFFF8_1234_5678_9ABC,
    0x7FF0_0000_0000_0001,
    0xFFF4_0000_2000_0000,
    1,
    0x800F_FFFF_FFFF_FFFF,
    0x0010_0000_0000_0000,
    0x0010_0000_0000_0001,
    0x3FEF_FFFF_FFFF_FFFF,
    0x7FEF_FFFF_FFFF_FFFF,
    0x3810_0000_0000_0000,
    0x380F_FFFF_FFFF_FFFF,
    0x36A0_0000_0000_0000,
    0x47EF_FFFF_F000_0000,
    0x43E0_0000_0000_0000,
    0x41DF_FFFF_FFE0_0000,
    0x3FE0_0000_0000_0000,
    0x3FF0_0000_1000_0000,
];

fn single_to_double(bits: u32) -> u64 {
    let value = f32::from_bits(bits);
    if value.is_nan() {
        u64::from(bits >> 31) << 63 | 0x7FF << 52 | u64::from(bits & 0x7F_FFFF) << 29
    } else {
        f64::from(value).to_bits()
    }
}

/// Random registers: mostly edge values; r20–r27 point into the data, r28 and r29 are small.
pub fn randomize(ctx: &mut PpcContext, r: &mut Random) {
    for n in 0..32 {
        ctx.gpr[n] = match r.below(3) {
            0 => r.next(),
            1 => r.pick(&EDGES),
            _ => u64::from(r.next() as u32),
        };
        ctx.fpr[n] = match r.below(6) {
            0 => r.next(),
            1 => r.pick(&DOUBLES),
            2 => single_to_double(r.pick(&SINGLES)),
            3 => single_to_double(r.next() as u32),
            4 => ((r.below(2000) as f64 - 1000.0) / 8.0).to_bits(),
            _ => f64::from((r.below(1 << 24) as f32 - 8_388_608.0) / 1024.0).to_bits(),
        };
    }
    for n in 20..28 {
        ctx.gpr[n] = u64::from(DATA + 0x4000 + (r.below(0x4000) as u32 & !15)) | (r.below(3) / 2) << 33;
    }
    for n in 28..30 {
        ctx.gpr[n] = r.below(0x200) | (r.below(3) / 2) << 35;
    }
    for n in 0..128 {
        ctx.vr[n] = match r.below(4) {
            0 => u128::from(r.next()) << 64 | u128::from(r.next()),
            1 => (0..4).fold(0, |v, _| v << 32 | u128::from(r.pick(&SINGLES))),
            2 => (0..4)
                .fold(0, |v, _| v << 32 | u128::from(((r.below(4096) as f32 - 2048.0) / 64.0).to_bits())),
            _ => (0..16).fold(0, |v, _| v << 8 | u128::from(r.below(40))),
        };
    }
    ctx.set_cr_word(r.next() as u32);
    ctx.set_xer_word(r.next() as u32);
    ctx.lr = r.next();
    ctx.ctr = r.next();
    ctx.vscr = if r.below(4) == 0 { 0 } else { vscr_bit::NJ };
}

/// Random floating-point control state: sticky bits, and sometimes another rounding mode.
pub fn randomize_modes(ctx: &mut PpcContext, r: &mut Random) {
    ctx.fpscr = match r.below(8) {
        // Any status, rounding mode and enables.
        0 => r.next() as u32 & 0x9FFF_F7FF,
        1 => r.below(4) as u32,
        _ => 0,
    };
    // FEX and VX are summaries; random values of them would be inconsistent.
    let invalid = 0x01F8_0700;
    if ctx.fpscr & invalid != 0 {
        ctx.fpscr |= 0x2000_0000;
    }
    if ctx.fpscr >> 22 & ctx.fpscr & 0xF8 != 0 {
        ctx.fpscr |= 0x4000_0000;
    }
    if r.below(4) == 0 {
        ctx.msr |= msr_bit::SF;
    } else {
        ctx.msr &= !msr_bit::SF;
    }
}

/// Whether the random sequences exclude a row.
fn is_special(op: Op) -> bool {
    matches!(
        op,
        Op::sc
            | Op::mtmsr
            | Op::mtmsrd
            | Op::mfmsr
            | Op::mftb
            | Op::bx
            | Op::bcx
            | Op::bclrx
            | Op::bcctrx
            | Op::td
            | Op::tdi
            | Op::tw
            | Op::twi
            | Op::dcbi
            | Op::mfspr
            | Op::mtspr
            | Op::lmw
            | Op::stmw
            | Op::lswx
            | Op::stswx
            | Op::lswi
            | Op::stswi
    )
}

/// A random word of a row in `rows` that does not branch and accesses only the data area.
pub fn word(r: &mut Random, rows: &[Op]) -> u32 {
    loop {
        let op = r.pick(rows);
        if is_special(op) {
            continue;
        }
        let row = op.row();
        let mut word = row.bits | r.next() as u32 & !row.mask;
        let has = |kind: Operand| row.operands.contains(&kind);
        if row.has(xenia_isa::Flag::mem) {
            // RA points into the data, and RB is a small offset; displacements are small.
            word = word & !(31 << 16) | (20 + r.below(8) as u32) << 16;
            if has(Operand::rb) {
                word = word & !(31 << 11) | (28 + r.below(2) as u32) << 11;
            }
            if has(Operand::disp) || has(Operand::disp_ds) {
                word = (word & !0xFFF0) | (r.below(0x400) as u32 & !3);
                if has(Operand::disp) && r.below(2) == 0 {
                    word |= 0x8000;
                }
                if word & 0x8000 != 0 {
                    word |= 0x7C00;
                }
                if has(Operand::disp_ds) {
                    word = word & !0x8003 | row.bits & 3;
                }
            }
            // Targets must not be pointer registers.
            if has(Operand::rd) {
                word = word & !(31 << 21) | (r.below(20) as u32) << 21;
            }
        } else {
            // An integer result must not replace a pointer.
            for (kind, shift) in [(Operand::rd, 21), (Operand::ra, 16)] {
                let is_target = if has(Operand::rs) { kind == Operand::ra } else { kind == Operand::rd };
                if has(kind) && is_target && (20..30).contains(&(word >> shift & 31)) {
                    word ^= 16 << shift;
                }
            }
        }
        if op == Op::orx && Instruction(word).rs() >= 28 {
            continue;
        }
        if decode(word) == Some(op) {
            return word;
        }
    }
}

/// The rows of some families.
pub fn rows(families: &[Family]) -> Vec<Op> {
    Op::all().filter(|op| families.contains(&op.row().family)).collect()
}

/// Runs both machines with the same budget and compares their exits and states.
pub fn compare(jit: &mut JitHarness, interpreter: &mut JitHarness, budget: i64, what: &dyn Fn() -> String) {
    let expected = interpreter.run(budget);
    let actual = jit.run(budget);
    if let Some(RegisterDifference { name, own, other }) = jit.ctx.first_difference(&interpreter.ctx) {
        panic!("{name}: jit {own:#x}, interpreter {other:#x}\n{}", what());
    }
    assert_eq!(actual, expected, "{}", what());
    assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "{}", what());
    assert_eq!(jit.ctx.reservation, interpreter.ctx.reservation, "{}", what());
    assert_eq!(jit.ctx.fp_lazy.op, 0, "{}", what());
    let a = jit.data();
    let b = interpreter.data();
    if let Some(at) = (0..a.len()).find(|&at| a[at] != b[at]) {
        panic!("memory at {:#x}: jit {:#x}, interpreter {:#x}\n{}", DATA + at as u32, a[at], b[at], what());
    }
}

/// A listing of instruction words.
pub fn listing(words: &[u32]) -> String {
    let mut text = String::new();
    for (n, &word) in words.iter().enumerate() {
        let name = decode(word).map_or("?", |op| op.row().name);
        let _ = writeln!(text, "{:#010x}: {word:08x} {name}", CODE + 4 * n as u32);
    }
    text
}
