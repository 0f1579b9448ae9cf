//! Test: the list of hooks and interpreter exits that compiled code may use, row by row.
//!
//! The test lifts many random encodings of each row and searches the IR for hooks and for exits to
//! the interpreter. It fails if a row uses one that the list does not allow, or if a line of the
//! list is unused.

use super::{LiftConfig, Lifter, region_signature};
use crate::cfg::region::{Reach, discover};
use crate::hook::Hook;
use crate::host::Leave;
use crate::mode::Mode;
use cranelift_codegen::ir::{Function, InstructionData, Opcode, UserFuncName, ValueDef};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::collections::{BTreeMap, BTreeSet};
use xenia_cpu::ReservationMode;
use xenia_isa::{Family, Op, ROWS, decode};

/// Work of an instruction that its inline code does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SlowPath {
    /// Leaves compiled code before the instruction, for the interpreter to run it: it raises an
    /// exception, or enables one.
    Raise,
    /// Calls a hook; no hook runs the interpreter.
    Call(Hook),
}

/// Rows that may use a path, with the reason and the cost.
struct AllowedPath {
    rows: &'static [Op],
    path: SlowPath,
    #[allow(dead_code)] // for readers
    reason: &'static str,
}

const ALLOWED: &[AllowedPath] = &[
    AllowedPath {
        rows: &[Op::faddx, Op::fsubx, Op::fsqrtx, Op::fcmpo, Op::fcmpu],
        path: SlowPath::Call(Hook::Float),
        reason: "the result is a NaN, or an operand of the compare: payload and VX* bits are the architecture's. A \
            cold block; about 20 ns. While FPSCR rounds otherwise or enables exceptions, always but for compares; about \
            150 ns.",
    },
    AllowedPath {
        rows: &[Op::fmulx, Op::fdivx, Op::fmaddx, Op::fmsubx, Op::fnmaddx, Op::fnmsubx],
        path: SlowPath::Call(Hook::Float),
        reason: "the result is a NaN or the smallest normal number, where tininess before rounding decides; the latter \
            about 150 ns. NaNs and control bits as above. On hosts without fused multiply-add, every multiply-add.",
    },
    AllowedPath {
        rows: &[
            Op::faddsx,
            Op::fsubsx,
            Op::fmulsx,
            Op::fdivsx,
            Op::fsqrtsx,
            Op::frspx,
            Op::fmaddsx,
            Op::fmsubsx,
            Op::fnmaddsx,
            Op::fnmsubsx,
        ],
        path: SlowPath::Call(Hook::Float),
        reason: "the result is a NaN or the smallest normal single; about 15 ns. An operand is not a single \
            (except for frsp); about 150 ns, and the rest of the block is left. NaNs and control bits as above.",
    },
    AllowedPath {
        rows: &[
            Op::faddsx,
            Op::fsubsx,
            Op::fmulsx,
            Op::fdivsx,
            Op::fsqrtsx,
            Op::fmaddsx,
            Op::fmsubsx,
            Op::fnmaddsx,
            Op::fnmsubsx,
        ],
        path: SlowPath::Call(Hook::Narrow),
        reason: "an operand that was not loaded or computed as a single in the block is neither zero nor a normal single: \
            a denormal, an infinity, a NaN, or none. A cold block; about 5 ns.",
    },
    AllowedPath {
        rows: &[Op::fctidx, Op::fctidzx, Op::fctiwx, Op::fctiwzx],
        path: SlowPath::Call(Hook::Float),
        reason: "the operand is a NaN or beyond the integer's range; about 30 ns. Control bits as above.",
    },
    AllowedPath {
        rows: &[Op::fresx, Op::frsqrtex],
        path: SlowPath::Call(Hook::Float),
        reason: "operand or result is not a normal number, or the root's operand is negative; about 60 ns. Control \
            bits as above.",
    },
    AllowedPath {
        rows: &[Op::fcfidx],
        path: SlowPath::Call(Hook::Float),
        reason: "only while FPSCR rounds otherwise or enables exceptions; as above.",
    },
    AllowedPath {
        rows: &[Op::lswx, Op::stswx],
        path: SlowPath::Call(Hook::String),
        reason: "always: the length is in XER. No compiler for the machine emits them. About 20 ns for 16 bytes.",
    },
    AllowedPath {
        rows: &[Op::lmw],
        path: SlowPath::Call(Hook::String),
        reason: "more than eight registers: no compiler for the machine emits it, and so many values at once take the \
            longest of all to compile. 29 ns for 29 words, inline 14.",
    },
    AllowedPath {
        rows: &[Op::lwarx, Op::ldarx],
        path: SlowPath::Call(Hook::Reserve),
        reason: "only where reservations are kept in the machine's table. 10 to 20 ns.",
    },
    AllowedPath { rows: &[Op::stwcx, Op::stdcx], path: SlowPath::Call(Hook::Commit), reason: "as above." },
    AllowedPath {
        rows: &[Op::lwarx, Op::ldarx, Op::stwcx, Op::stdcx],
        path: SlowPath::Raise,
        reason: "an alignment exception.",
    },
    AllowedPath {
        rows: &[Op::td, Op::tdi, Op::tw, Op::twi],
        path: SlowPath::Raise,
        reason: "the trap is taken.",
    },
    AllowedPath {
        rows: &[Op::mfspr, Op::mtspr, Op::mftb],
        path: SlowPath::Raise,
        reason: "there is no such register, or it can't be written.",
    },
    AllowedPath {
        rows: &[Op::mtfsb1x, Op::mtfsfx, Op::mtfsfix],
        path: SlowPath::Raise,
        reason: "it enables an exception that MSR delivers, which no mode of compiled code has.",
    },
    AllowedPath {
        rows: &[
            Op::vaddfp,
            Op::vaddfp128,
            Op::vsubfp,
            Op::vsubfp128,
            Op::vmaxfp,
            Op::vmaxfp128,
            Op::vminfp,
            Op::vminfp128,
        ],
        path: SlowPath::Call(Hook::Vector),
        reason: "a lane is a NaN: which one it is, is the architecture's choice. A cold block; some 25 ns.",
    },
    AllowedPath {
        rows: &[Op::vmulfp128, Op::vmaddfp, Op::vmaddfp128, Op::vmaddcfp128, Op::vnmsubfp, Op::vnmsubfp128],
        path: SlowPath::Call(Hook::Vector),
        reason: "a lane is a NaN or the smallest normal number, where tininess before rounding decides. A cold \
            block; some 25 ns. On hosts without fused multiply-add, every multiply-add.",
    },
    AllowedPath {
        rows: &[Op::vrefp, Op::vrefp128],
        path: SlowPath::Call(Hook::Vector),
        reason: "a lane or its reciprocal is not a normal number. A cold block; some 25 ns.",
    },
    AllowedPath {
        rows: &[Op::vrsqrtefp, Op::vrsqrtefp128, Op::vlogefp, Op::vlogefp128],
        path: SlowPath::Call(Hook::Vector),
        reason: "a lane is not a positive normal number. A cold block; some 25 ns.",
    },
    AllowedPath {
        rows: &[Op::vmsum3fp128, Op::vmsum4fp128],
        path: SlowPath::Call(Hook::Vector),
        reason: "the sum is a NaN, an infinity, or at the edge of what is normal. A cold block; some 20 ns.",
    },
    AllowedPath {
        rows: &[Op::vexptefp, Op::vexptefp128],
        path: SlowPath::Call(Hook::Vector),
        reason: "a lane is a NaN. A cold block; some 25 ns.",
    },
];

/// Paths that whole families may use, with the reason.
const ALLOWED_TO_FAMILIES: &[(Family, SlowPath, &str)] = &[
    (
        Family::Float,
        SlowPath::Call(Hook::Status),
        "record forms, whose CR1 is of FPSCR now, about 10 ns; moves of FPSCR, which have it exact, about 150 ns where an \
            operation is pending",
    ),
    (Family::Float, SlowPath::Call(Hook::ScalarMode), MODES),
    (Family::Float, SlowPath::Call(Hook::VectorMode), MODES),
    (Family::LoadStore, SlowPath::Call(Hook::ScalarMode), MODES),
    (Family::LoadStore, SlowPath::Call(Hook::VectorMode), MODES),
    (Family::LoadStore, SlowPath::Call(Hook::StoreBegins), STRICT),
    (Family::Vector, SlowPath::Call(Hook::StoreBegins), STRICT),
    (Family::Vector128, SlowPath::Call(Hook::StoreBegins), STRICT),
    (Family::LoadStore, SlowPath::Call(Hook::Stored), STRICT),
    (Family::Vector, SlowPath::Call(Hook::Stored), STRICT),
    (Family::Vector128, SlowPath::Call(Hook::Stored), STRICT),
    (Family::Integer, SlowPath::Call(Hook::ScalarMode), MODES),
    (Family::Integer, SlowPath::Call(Hook::VectorMode), MODES),
    (Family::Vector, SlowPath::Call(Hook::ScalarMode), MODES),
    (Family::Vector, SlowPath::Call(Hook::VectorMode), MODES),
    (Family::Vector128, SlowPath::Call(Hook::ScalarMode), MODES),
    (Family::Vector128, SlowPath::Call(Hook::VectorMode), MODES),
    (Family::System, SlowPath::Call(Hook::Conditions), "mfcr: about 7 ns"),
    (Family::System, SlowPath::Call(Hook::Written), "isync and icbi: about 10 ns"),
];
const STRICT: &str = "stores, only where reservations are strict. About 10 ns.";
const MODES: &str = "the first in its block to compute with numbers, where scalars follow vectors or the other way around. A \
    cold block; about 5 ns.";

/// The modes and kinds of reservations to lift for.
pub(super) fn configs() -> impl Iterator<Item = LiftConfig> {
    let modes =
        (0..Mode::COUNT).map(|n| Mode { wide: n & 1 != 0, controlled: n & 2 != 0, overflowed: n & 4 != 0 });
    modes.flat_map(move |mode| {
        [ReservationMode::Context, ReservationMode::Strict].map(|reservations| LiftConfig {
            mode,
            memory_at: None,
            has_fma: true,
            has_pshufb: true,
            reorders: false,
            rounds_silently: false,
            compares_memory: true,
            reservations,
            wrong_addi: false,
            sinks: true,
        })
    })
}

/// The paths that the code of `word` uses.
fn paths_of(word: u32, config: LiftConfig) -> BTreeSet<SlowPath> {
    const PC: u32 = 0x8201_0000;
    let mut fetch = |pc: u32| (pc == PC).then_some(word);
    let Some(region) = discover(&[PC], &Reach::all(PC..PC + 4, 1), &mut fetch) else {
        return BTreeSet::new();
    };
    let mut func = Function::with_name_signature(UserFuncName::user(0, PC), region_signature());
    let mut builders = FunctionBuilderContext::new();
    Lifter::new(FunctionBuilder::new(&mut func, &mut builders), &region, config).lift().ok();
    let mut paths = BTreeSet::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            match func.dfg.insts[inst] {
                InstructionData::Load { arg, offset, .. } => {
                    let from_context = matches!(func.dfg.value_def(arg), ValueDef::Result(of, _)
                        if func.dfg.insts[of].opcode() == Opcode::GetPinnedReg);
                    let hook = Hook::ALL.iter().find(|hook| hook.offset() == i32::from(offset));
                    paths.extend(hook.filter(|_| from_context).map(|&hook| SlowPath::Call(hook)));
                }
                InstructionData::UnaryImm { opcode: Opcode::Iconst, imm }
                    if imm.bits() == super::reason(Leave::Raise, PC) =>
                {
                    paths.insert(SlowPath::Raise);
                }
                _ => {}
            }
        }
    }
    paths
}

#[test]
fn only_listed_rows_use_slow_paths() {
    let mut used: BTreeMap<(Op, SlowPath), u32> = BTreeMap::new();
    let mut dice = xenia_testing::Dice(1);
    for row in ROWS {
        let mut tried = 0;
        while tried < 32 {
            // The first word has zeros in its free bits.
            let free = if tried == 0 { 0 } else { dice.next() as u32 };
            tried += 1;
            let word = row.bits | free & !row.mask;
            if decode(word) == Some(row.op) {
                let paths = configs().flat_map(|config| paths_of(word, config));
                for path in paths {
                    used.entry((row.op, path)).or_insert(word);
                }
            }
        }
    }
    let allowed: BTreeSet<(Op, SlowPath)> =
        ALLOWED.iter().flat_map(|line| line.rows.iter().map(|&op| (op, line.path))).collect();
    let mut wrong = Vec::new();
    for (&(op, path), word) in &used {
        let to_family =
            ALLOWED_TO_FAMILIES.iter().any(|&(family, to, _)| family == op.row().family && to == path);
        if !to_family && !allowed.contains(&(op, path)) {
            wrong.push(format!("{} uses {path:?}: {word:08x}", op.row().name));
        }
    }
    for &(op, path) in allowed.iter().filter(|line| !used.contains_key(line)) {
        wrong.push(format!("{} does not use {path:?} any more", op.row().name));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
