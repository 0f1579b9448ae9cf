//! Test of compile time over random regions: no region in a title may hold up its visit for long.
//!
//! The stop flag is polled between visits, and lockstep runs one visit after another, so one
//! compilation is the longest delay that a title can cause with code alone. A case is one region of
//! at most the maximum length, made of instructions that are slow to compile and of others.
//!
//! ```sh
//! XENIA_COMPILE_CASES=0..2000 cargo test --release -p xenia-jit compiling_ends_soon
//! XENIA_COMPILE_CASES=77..78 XENIA_COMPILE_LOG=1 \
//!     cargo test -p xenia-jit compiling_ends_soon -- --nocapture
//! ```

use crate::plan::CodeRequest;
use crate::{Jit, JitConfig};
use std::sync::Arc;
use std::time::Duration;
use xenia_cpu::{EngineConfig, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::word::BLR;
use xenia_isa::{Family, Op, ROWS, Row, decode};
use xenia_lifter::cfg::region::MAX_REGION_LENGTH;
use xenia_lifter::{MAX_IR, Mode};
use xenia_memory::{AllocKind, GuestMemory, Protect};
use xenia_testing::{Cases, Dice, thread_time};

/// Number of cases in an ordinary test run.
const CASES: u64 = 24;
/// Maximum processor time of one compilation: twice the longest time observed in many.
const MAX_TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 250 });
/// Excess of the IR over [`MAX_IR`] that is allowed: the IR of one instruction.
const OVER: usize = 256;

/// Address of a case's code.
const CODE: u32 = 0x8200_0000;
/// Rows with the most code per instruction, or the code that is slowest to compile.
const HEAVY: &[Op] = &[
    Op::lmw,
    Op::stmw,
    Op::lswi,
    Op::stswi,
    Op::lswx,
    Op::mtcrf,
    Op::mfcr,
    Op::mffsx,
    Op::mtfsfx,
    Op::stwcx,
    Op::dcbz128,
    Op::fmaddsx,
    Op::fmaddx,
    Op::fdivsx,
    Op::fctidx,
    Op::fcmpu,
    Op::vperm,
    Op::vperm128,
    Op::vpermwi128,
    Op::vsel,
    Op::vmaddfp,
    Op::vmsum4fp128,
    Op::vlogefp,
    Op::vexptefp,
    Op::vpkd3d128,
    Op::vupkd3d128,
    Op::vctsxs,
    Op::lvlx,
    Op::stvlx,
    Op::stvrx,
];

/// A word of one of `rows` with random operands.
fn word(dice: &mut Dice, rows: &[&Row]) -> u32 {
    let row = rows[dice.below(rows.len())];
    for _ in 0..32 {
        let word = row.bits | dice.next() as u32 & !row.mask;
        if decode(word) == Some(row.op) {
            return word;
        }
    }
    row.bits
}

/// The rows of a case's straight-line code.
fn rows(dice: &mut Dice) -> Vec<&'static Row> {
    let straight = |row: &&Row| row.family != Family::Branch;
    let heavy = |dice: &mut Dice| dice.pick(HEAVY).map(Op::row);
    match dice.below(8) {
        // One instruction repeated.
        0 => dice.pick(&[Op::lmw, Op::stmw, Op::lswi, Op::stswi]).map(Op::row).into_iter().collect(),
        1 => heavy(dice).into_iter().collect(),
        2 => vec![&ROWS[dice.below(ROWS.len())]],
        3 => (0..3).filter_map(|_| heavy(dice)).collect(),
        4 => (0..4).map(|_| &ROWS[dice.below(ROWS.len())]).collect(),
        5 => HEAVY.iter().map(|op| op.row()).collect(),
        6 => {
            let family = ROWS[dice.below(ROWS.len())].family;
            ROWS.iter().filter(|row| row.family == family).collect()
        }
        _ => ROWS.iter().filter(straight).collect(),
    }
}

/// The control flow of a case's code.
#[derive(Clone, Copy, Debug)]
enum Flow {
    /// No branches at all.
    Straight,
    /// Forward branches over a few instructions.
    Ifs,
    /// Backward branches over a few instructions, or over many.
    Loops,
    /// Calls, so that the instruction after each is an entry.
    Calls,
    /// Branches between arbitrary instructions.
    Web,
    /// As `Web`, with branches only.
    Branches,
}

/// A branch at instruction `at` of `length`.
fn branch(dice: &mut Dice, flow: Flow, at: usize, length: usize) -> u32 {
    let here = at as i64;
    let few = 1 + dice.below(12) as i64;
    let anywhere = dice.below(length) as i64;
    let to = match flow {
        Flow::Straight | Flow::Ifs => here + 1 + few,
        Flow::Loops if dice.one_in(4) => anywhere.min(here),
        Flow::Loops => here - few,
        // The function before this one, so that this one is not split.
        Flow::Calls => -1,
        Flow::Web | Flow::Branches => anywhere,
    };
    let displacement = ((to - here) * 4) as u32;
    if matches!(flow, Flow::Calls) {
        return Op::bx.row().bits | displacement & 0x03FF_FFFC | 1;
    }
    // Conditional on a random CR bit, or on CTR as well.
    let bo = [4, 12, 16, 8][dice.below(4)];
    let bi = dice.below(32) as u32;
    Op::bcx.row().bits | bo << 21 | bi << 16 | displacement & 0xFFFC
}

/// A case's code, and a description of it.
fn code(dice: &mut Dice) -> (Vec<u32>, String) {
    let flows =
        [Flow::Straight, Flow::Straight, Flow::Ifs, Flow::Loops, Flow::Calls, Flow::Web, Flow::Branches];
    let flow = flows[dice.below(flows.len())];
    let rows = rows(dice);
    let every = [2, 3, 8, 40][dice.below(4)];
    // Mostly at least the maximum length of a region: short regions compile quickly.
    let length =
        if dice.one_in(6) { 1 + dice.below(MAX_REGION_LENGTH) } else { MAX_REGION_LENGTH + dice.below(200) };
    // Sometimes a few words repeated: all registers of a multiple load, or a result that the next
    // instructions use.
    let few: Vec<u32> = (0..=dice.below(40)).map(|_| word(dice, &rows)).collect();
    let repeats = dice.one_in(3);
    let straight = |dice: &mut Dice, at: usize| if repeats { few[at % few.len()] } else { word(dice, &rows) };
    let words = (0..length).map(|at| match flow {
        Flow::Straight => straight(dice, at),
        Flow::Branches => branch(dice, flow, at, length),
        _ if dice.one_in(every) => branch(dice, flow, at, length),
        _ => straight(dice, at),
    });
    let words = words.chain([BLR]).collect();
    let names: Vec<&str> = rows.iter().take(4).map(|row| row.name).collect();
    let again = if repeats { format!(", {} words again and again", few.len()) } else { String::new() };
    (words, format!("{length} of {} rows ({names:?}{again}), {flow:?} every {every}", rows.len()))
}

/// Compiles the code at [`CODE`]. Returns instructions, IR instructions and processor time.
fn compile(jit: &mut Jit, mode: Mode) -> (u64, usize, Duration) {
    let shared = Arc::clone(&jit.shared);
    let code = shared.code(mode).unwrap();
    let start = thread_time();
    jit.engine.compile(&shared, code, CodeRequest { pc: CODE, as_entry: true }, None);
    let took = thread_time().saturating_sub(start);
    let intermediate = jit.engine.compiler.lock().ir_instructions();
    (jit.engine.compiled.instructions, intermediate, took)
}

fn case(seed: u64) {
    let mut dice = Dice(seed);
    let strict = dice.one_in(8);
    let reservations = if strict { ReservationMode::Strict } else { ReservationMode::Context };
    let config = JitConfig { engine: EngineConfig { reservations }, ..JitConfig::compile_everything() };
    let mode = Mode { wide: dice.one_in(4), controlled: dice.one_in(8), overflowed: dice.one_in(8) };
    let (words, how) = code(&mut dice);
    let memory = GuestMemory::new().unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let size = (bytes.len() as u32).next_multiple_of(0x1_0000);
    memory.alloc_fixed(GuestAddr(CODE), size, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    let mut jit = Jit::new(memory, config).unwrap();
    let (compiled, intermediate, took) = compile(&mut jit, mode);
    if std::env::var_os("XENIA_COMPILE_LOG").is_some() {
        println!("{seed}: {compiled} instructions, {intermediate} of IR, {took:?}: {how}, {mode:?}");
    }
    assert!(compiled > 0, "{how}");
    assert!(intermediate <= MAX_IR + OVER, "{intermediate} of IR: {how}, {mode:?}");
    assert!(took <= MAX_TIME, "{took:?} for {intermediate} of IR: {how}, {mode:?}");
}

#[test]
fn compiling_ends_soon() {
    Cases::new("XENIA_COMPILE_CASES", CASES).each(case);
}
