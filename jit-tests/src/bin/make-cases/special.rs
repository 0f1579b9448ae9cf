//! Hand-written cases: branches, traps, system registers, caches, reservations, estimates.

mod storage;

use crate::book;
use crate::case::{BOOK, Expected, FACTS, GeneratedCase, Reg, TABLES, WINDOW, WINDOW_SIZE};
use crate::generic;
use crate::values::CaseRandom;
use Reg::{Cr, Ctr, F, Fpscr, R, V, Vrsave, Vscr, Xer};
use storage::{caches, reservations, zeroing};
use xenia_isa::Op;

/// Appends the cases of a special row; returns whether it is one.
pub(crate) fn cases(op: Op, cases: &mut Vec<GeneratedCase>) -> bool {
    match op {
        Op::bx | Op::bcx | Op::bclrx | Op::bcctrx => branches(op, cases),
        Op::tw | Op::twi | Op::td | Op::tdi => traps(op, cases),
        Op::sc => cases.push(GeneratedCase::known(
            op,
            "li r0,0\nli r3,0\nli r4,0\nli r5,7\nsc\naddi r5,r5,1",
            &[(Cr, 0x1234_5678)],
            &[(R(5), 8), (Cr, 0x1234_5678)],
            BOOK,
        )),
        Op::mfspr | Op::mtspr => special_registers(op, cases),
        Op::mftb => time_base(op, cases),
        Op::mfmsr | Op::mtmsr | Op::mtmsrd => machine_state(op, cases),
        Op::mcrxr => {
            for (field, xer, cr) in [
                (0, 0xA000_0011_u128, 0xA234_5678_u128),
                (7, 0xE000_0000, 0x1234_567E),
                (3, 0x4000_007F, 0x1234_5678 & !0xF_0000 | 0x4_0000),
            ] {
                cases.push(GeneratedCase::known(
                    op,
                    &format!("mcrxr cr{field}"),
                    &[(Xer, xer), (Cr, 0x1234_5678)],
                    &[(Xer, xer & 0x7F), (Cr, cr)],
                    BOOK,
                ));
            }
        }
        Op::dcbf | Op::dcbi | Op::dcbst | Op::dcbt | Op::dcbtst | Op::icbi => caches(op, cases),
        Op::eieio | Op::isync | Op::sync => {
            let forms: &[&str] = if op == Op::sync { &["sync", "lwsync"] } else { &[op.row().mnemonic] };
            for form in forms {
                cases.push(GeneratedCase::known(
                    op,
                    &format!("stw r3,0(r4)\n{form}\nlwz r5,0(r4)"),
                    &[(R(3), 0x1234_5678), (R(4), 0x1000_2000), (Cr, 0x1234_5678)],
                    &[(R(5), 0x1234_5678), (Cr, 0x1234_5678)],
                    BOOK,
                ));
            }
        }
        Op::dcbz | Op::dcbz128 => zeroing(op, cases),
        Op::stwcx | Op::stdcx => reservations(op, cases),
        Op::mtvscr => {
            for (value, vscr) in
                [(0x1_0001, 0x1_0001), (0, 0), (1, 1), (0xDEAD_BEEF << 96 | 0x1_0000, 0x1_0000)]
            {
                cases.push(GeneratedCase::known(op, "mtvscr v1", &[(V(1), value)], &[(Vscr, vscr)], BOOK));
            }
        }
        Op::fresx | Op::frsqrtex => estimates(op, cases),
        Op::vrefp | Op::vrsqrtefp | Op::vexptefp | Op::vlogefp => vector_estimates(op, 1, 2, cases),
        Op::lvlx | Op::lvlxl | Op::lvrx | Op::lvrxl | Op::stvlx | Op::stvlxl | Op::stvrx | Op::stvrxl => {
            halves(op, 1, cases);
        }
        _ => return false,
    }
    true
}

/// Branches: r3 counts the executed paths; r12 keeps LR.
fn branches(op: Op, cases: &mut Vec<GeneratedCase>) {
    let keep = "mflr r12\n";
    let back = "\nmtlr r12";
    if op == Op::bx {
        for (form, link) in [("b", false), ("bl", true)] {
            let code = format!(
                "{keep}bl here@N\nhere@N:\nmflr r4\nli r3,1\n{form} there@N\nli r3,2\nthere@N:\nmflr r5\nsub r5,r5,r4{back}"
            );
            let distance = if link { 12 } else { 0 };
            cases.push(GeneratedCase::known(
                op,
                &code,
                &[(Cr, 5)],
                &[(R(3), 1), (R(5), distance), (Cr, 5)],
                BOOK,
            ));
        }
        let code =
            "li r3,0\nb one@N\ntwo@N:\naddi r3,r3,2\nb three@N\none@N:\naddi r3,r3,1\nb two@N\nthree@N:";
        cases.push(GeneratedCase::known(op, code, &[], &[(R(3), 3)], BOOK));
        // Absolute branches reach only the lowest and highest 32 MiB, which contain no code: not
        // tested.
        return;
    }
    let counts = op != Op::bcctrx;
    let mut random = CaseRandom::new(0xB0A7 + u64::from(op.row().bits));
    for bo in [0, 2, 4, 8, 10, 12, 16, 18, 20] {
        if !counts && bo & 4 == 0 {
            continue;
        }
        for round in 0..4_u64 {
            let bi = random.next() % 32;
            let cr =
                if round % 2 == 0 { 0xFFFF_FFFF } else { 0 } ^ (random.next() as u32 & !(0x8000_0000 >> bi));
            // In 32-bit mode the upper half of CTR is ignored by the test for zero.
            let ctr = [1_u64, 2, 0, 0xDEAD_BEEF_0000_0001][round as usize];
            let link = if round >= 2 { "l" } else { "" };
            let target = match op {
                Op::bcx => format!("li r3,1\nbc{link} {bo},{bi},there@N"),
                // The target is 20 bytes after the return address of `bl`.
                Op::bclrx => format!(
                    "bl here@N\nhere@N:\nmflr r4\naddi r4,r4,20\nmtlr r4\nli r3,1\nbclr{link} {bo},{bi}\nli r3,2"
                ),
                _ => format!(
                    "bl here@N\nhere@N:\nmflr r4\naddi r4,r4,20\nmtctr r4\nli r3,1\nbcctr{link} {bo},{bi}\nli r3,2"
                ),
            };
            let code = match op {
                Op::bcx => format!("{keep}{target}\nli r3,2\nthere@N:{back}"),
                _ => format!("{keep}{target}{back}"),
            };
            // One code path, taken or not: LR afterwards depends on both.
            let mut ins = vec![(Cr, u128::from(cr))];
            let mut outs = vec![R(3), Cr];
            if op == Op::bcctrx {
                ins.push((Ctr, 0));
            } else {
                ins.push((Ctr, u128::from(ctr)));
                outs.push(Ctr);
            }
            cases.push(GeneratedCase::for_qemu(op, &code, &ins, &outs));
        }
    }
    let (form, set, offset) = match op {
        Op::bcx => ("bcl 20,lt,there@N", "", 12),
        Op::bclrx => ("bclrl 20,lt", "addi r6,r4,20\nmtlr r6\n", 20),
        _ => ("bcctrl 20,lt", "addi r6,r4,20\nmtctr r6\n", 20),
    };
    let code = format!(
        "{keep}bl here@N\nhere@N:\nmflr r4\n{set}li r3,1\n{form}\nthere@N:\nmflr r5\nsub r5,r5,r4{back}"
    );
    cases.push(GeneratedCase::known(op, &code, &[], &[(R(3), 1), (R(5), offset)], BOOK));
}

/// Traps whose condition is false, which do nothing. (A taken trap ends a case.)
fn traps(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0x7AB + u64::from(op.row().bits));
    let word = matches!(op, Op::tw | Op::twi);
    let immediate = matches!(op, Op::twi | Op::tdi);
    let mut seen = 0;
    while seen < 16 {
        let to = random.next() % 32;
        let a = random.gpr();
        let simm = random.pick(&[-32_768_i64, -1, 0, 1, 32_767]);
        let b = if immediate { simm as u64 } else { random.gpr() };
        if book::traps(to, a, b, word) || to == 0 && seen > 0 {
            continue;
        }
        seen += 1;
        let last = if immediate { simm.to_string() } else { "r5".to_owned() };
        let code = format!("li r3,1\n{} {to},r4,{last}\nli r3,2", op.row().mnemonic);
        let mut ins = vec![(R(4), u128::from(a))];
        if !immediate {
            ins.push((R(5), u128::from(b)));
        }
        cases.push(GeneratedCase::known(op, &code, &ins, &[(R(3), 2)], BOOK));
    }
}

fn special_registers(op: Op, cases: &mut Vec<GeneratedCase>) {
    let value = 0xDEAD_BEEF_8765_4321_u128;
    // SPR number, value written, value read back; 1 XER, 8 LR, 9 CTR, 256 VRSAVE.
    for (spr, put, got) in [
        (1, value, 0x8000_0021_u128),
        (1, 0xFFFF_FFFF_FFFF_FFFF, 0xE000_007F),
        (8, value, value),
        (9, value, value),
        (256, value, 0x8765_4321),
        (1, 0, 0),
    ] {
        let code = format!("mflr r12\nmtspr {spr},r4\nmfspr r3,{spr}\nmtlr r12");
        let mut outs = vec![(R(3), got)];
        outs.extend(match spr {
            1 => Some((Xer, got)),
            9 => Some((Ctr, got)),
            256 => Some((Vrsave, got)),
            _ => None,
        });
        cases.push(GeneratedCase::known(op, &code, &[(R(4), put)], &outs, BOOK));
    }
    if op == Op::mfspr {
        // The time base is also readable by its SPR number, and increases.
        let code = "mfspr r3,268\nli r6,64\nmtctr r6\nwait@N:\nbdnz wait@N\nmfspr r4,268\nsub r5,r4,r3\n\
                    cmpldi cr1,r5,64\nmfcr r7\nrlwinm r7,r7,5,31,31\nxori r7,r7,0";
        cases.push(GeneratedCase::known(op, code, &[], &[(R(7), 1)], BOOK));
    }
}

fn time_base(op: Op, cases: &mut Vec<GeneratedCase>) {
    // It never decreases, and 4,096 instructions are enough for it to increase.
    let code = "mftb r3\nli r6,4096\nmtctr r6\nwait@N:\nbdnz wait@N\nmftb r4\nsubfc r5,r3,r4\nsubfe r8,r8,r8\n\
                cmpldi cr1,r5,0\nmfcr r7\nrlwinm r7,r7,6,31,31";
    cases.push(GeneratedCase::known(op, code, &[], &[(R(7), 1), (R(8), 0)], BOOK));
    let code = "mftbu r3\nmftb r4\nsrdi r4,r4,32\nsub r5,r4,r3";
    cases.push(GeneratedCase::known(op, code, &[], &[(R(5), 0)], BOOK));
}

fn machine_state(op: Op, cases: &mut Vec<GeneratedCase>) {
    // MSR[SF] is clear, FP and VEC are available.
    let code = "mfmsr r3\nrldicl r4,r3,1,63\nrldicl r5,r3,51,63\nrldicl r6,r3,39,63";
    cases.push(GeneratedCase::known(op, code, &[], &[(R(4), 0), (R(5), 1), (R(6), 1)], BOOK));
    if op == Op::mfmsr {
        return;
    }
    let name = op.row().mnemonic;
    // With L = 1 only EE and RI change.
    let code = format!(
        "mfmsr r10\nli r4,0\n{name} r4,1\nmfmsr r5\nxor r6,r5,r10\nandi. r6,r6,0x8002\nandi. r5,r5,0x8002\n\
         {name} r10,1\nmfmsr r7\nxor r7,r7,r10"
    );
    let both = 0x8002_u128;
    cases.push(GeneratedCase::known(op, &code, &[(R(10), both)], &[(R(5), 0), (R(7), 0)], BOOK));
    // With L = 0 the other bits change too: FP off and on again.
    let code = format!(
        "mfmsr r10\nli r4,0x2000\nandc r4,r10,r4\n{name} r4\nmfmsr r5\nandi. r5,r5,0x2000\n{name} r10\n\
         mfmsr r6\nxor r6,r6,r10"
    );
    cases.push(GeneratedCase::known(op, &code, &[], &[(R(5), 0), (R(6), 0)], BOOK));
    if op == Op::mtmsrd {
        // In 64-bit mode record forms, carries and overflow use 64 bits.
        let code = "mfmsr r10\nli r4,1\nsldi r4,r4,63\nor r4,r4,r10\nmtmsrd r4\naddo. r3,r5,r6\nmfcr r7\nmfxer r8\n\
                    addc r9,r5,r5\nmfxer r9\nmtmsrd r10";
        for (a, b, sum, cr0, xer, carry) in [
            (0x7FFF_FFFF_u128, 1_u128, 0x8000_0000_u128, 4_u128, 0_u128, 0_u128),
            (0x7FFF_FFFF_FFFF_FFFF, 1, 0x8000_0000_0000_0000, 9, 0xC000_0000, 0xC000_0000),
            (0xFFFF_FFFF, 1, 0x1_0000_0000, 4, 0, 0),
            (0xFFFF_FFFF_FFFF_FFFF, 1, 0, 2, 0, 0x2000_0000),
        ] {
            cases.push(GeneratedCase::known(
                op,
                code,
                &[(R(5), a), (R(6), b)],
                &[(R(3), sum), (R(7), cr0 << 28), (R(8), xer), (R(9), carry)],
                BOOK,
            ));
        }
    }
}

fn estimates(op: Op, cases: &mut Vec<GeneratedCase>) {
    let nan = 0x7FF8_0000_0000_0000_u128;
    let infinity = 0x7FF0_0000_0000_0000_u128;
    let minus = 1_u128 << 63;
    let mnemonic = op.row().mnemonic;
    let mut case = |input: u128, output: u128, fpscr: Option<u128>, source| {
        let mut outs = vec![(F(1), output)];
        outs.extend(fpscr.map(|fpscr| (Fpscr, fpscr)));
        cases.push(GeneratedCase::known(op, &format!("{mnemonic} f1,f2"), &[(F(2), input)], &outs, source));
    };
    // FPRF: 0x11 quiet NaN, 0x05 and 0x09 infinities, 0x02 and 0x12 zeros, 0x04 positive number.
    let class = |fprf: u128| fprf << 12;
    let divided_by_zero = 0x8400_0000;
    if op == Op::fresx {
        case(0x3FF0_0000_0000_0000, 0x3FEF_E000_0000_0000, Some(class(4)), FACTS);
        case(0x3FF8_0000_0000_0000, 0x3FE5_4000_0000_0000, Some(class(4)), FACTS);
        case(0x3FF6_6666_6666_6666, 0x3FE6_D000_0000_0000, Some(class(4)), FACTS);
        case(infinity, 0, Some(class(2)), BOOK);
        case(infinity | minus, minus, Some(class(0x12)), BOOK);
        case(0, infinity, Some(divided_by_zero | class(5)), FACTS);
        case(minus, infinity | minus, Some(divided_by_zero | class(9)), FACTS);
    } else {
        case(0x3FF0_0000_0000_0000, 0x3FEF_1000_0000_0000, Some(class(4)), FACTS);
        case(0x4000_0000_0000_0000, 0x3FE6_0000_0000_0000, Some(class(4)), FACTS);
        case(infinity, 0, Some(class(2)), BOOK);
        case(0, infinity, Some(divided_by_zero | class(5)), BOOK);
        case(minus, infinity | minus, Some(divided_by_zero | class(9)), BOOK);
        // VXSQRT, and the default NaN.
        case(0xBFF0_0000_0000_0000, nan, Some(0xA000_0200 | class(0x11)), BOOK);
        case(infinity | minus, nan, Some(0xA000_0200 | class(0x11)), BOOK);
    }
    case(nan, nan, Some(class(0x11)), BOOK);
    // A signalling NaN becomes quiet and sets VXSNAN.
    case(0x7FF4_0000_0000_0000, 0x7FFC_0000_0000_0000, Some(0xA100_0000 | class(0x11)), BOOK);
}

/// Special operands of the vector estimates, whose results are exact, and results by tables.
pub(crate) fn vector_estimates(op: Op, d: u8, b: u8, cases: &mut Vec<GeneratedCase>) {
    let lanes = |words: [u32; 4]| words.iter().fold(0_u128, |v, &word| v << 32 | u128::from(word));
    let infinity = 0x7F80_0000_u32;
    let minus = 0x8000_0000_u32;
    let nan = 0x7FC0_0000_u32;
    let one = 0x3F80_0000_u32;
    let tests: &[([u32; 4], [u32; 4])] = match op {
        Op::vrefp | Op::vrefp128 => &[
            ([infinity, infinity | minus, 0, minus], [0, minus, infinity, infinity | minus]),
            ([nan, 0xFFC1_2345, 0x7F80_0001, infinity], [nan, 0xFFC1_2345, 0x7FC0_0001, 0]),
        ],
        Op::vrsqrtefp | Op::vrsqrtefp128 => &[
            ([infinity, 0, minus, nan], [0, infinity, infinity | minus, nan]),
            ([one | minus, infinity | minus, 0x7F80_0001, 0xFFC1_2345], [nan, nan, 0x7FC0_0001, 0xFFC1_2345]),
        ],
        Op::vexptefp | Op::vexptefp128 => &[
            ([0, minus, one, 0x4000_0000], [one, one, 0x4000_0000, 0x4080_0000]),
            ([infinity, infinity | minus, nan, 0x7F80_0001], [infinity, 0, nan, 0x7FC0_0001]),
            // 10, −3, 127, −126.
            (
                [0x4120_0000, 0xC040_0000, 0x42FE_0000, 0xC2FC_0000],
                [0x4480_0000, 0x3E00_0000, 0x7F00_0000, 0x0080_0000],
            ),
        ],
        _ => &[
            // 1, 2, 8, ½.
            ([one, 0x4000_0000, 0x4100_0000, 0x3F00_0000], [0, one, 0x4040_0000, 0xBF80_0000]),
            ([infinity, 0, minus, nan], [infinity, infinity | minus, infinity | minus, nan]),
            ([one | minus, infinity | minus, 0x7F80_0001, 0xFFC1_2345], [nan, nan, 0x7FC0_0001, 0xFFC1_2345]),
        ],
    };
    let by_tables: &[([u32; 4], [u32; 4])] = match op {
        // 1, −1½, 3, and the number below 2.
        Op::vrefp | Op::vrefp128 => &[(
            [one, 0xBFC0_0000, 0x4040_0000, 0x3FFF_FFFF],
            [0x3F7F_F800, 0xBF2A_A800, 0x3EAA_A800, 0x3F00_0106],
        )],
        // ½, −½, ¾, −126½.
        Op::vexptefp | Op::vexptefp128 => &[(
            [0x3F00_0000, 0xBF00_0000, 0x3F40_0000, 0xC2FD_0000],
            [0x3FB5_0000, 0x3F35_0000, 0x3FD7_1000, 0],
        )],
        _ => &[],
    };
    for (tests, source) in [(tests, BOOK), (by_tables, TABLES)] {
        for &(input, output) in tests {
            cases.push(GeneratedCase::known(
                op,
                &format!("{} v{d},v{b}", op.row().mnemonic),
                &[(V(b), lanes(input))],
                &[(V(d), lanes(output)), (Vscr, 0x1_0000)],
                source,
            ));
        }
    }
}

/// Cell's left and right accesses, also in their VMX128 forms.
pub(crate) fn halves(op: Op, register: u8, cases: &mut Vec<GeneratedCase>) {
    let row = op.row();
    let mut random = CaseRandom::new(0x1EF7 ^ u64::from(row.bits));
    let left = row.mnemonic.contains("vl");
    for round in 0..12 {
        let at = [0_u32, 1, 15, 8, 7, 16, 31, 3, 12, 9, 14, 5][round];
        let ea = 0x1000_1FF0 + at;
        let memory: [u8; WINDOW_SIZE] = random.memory();
        let window = (ea - WINDOW) as usize;
        let operands = if round % 4 == 3 { "0,r5" } else { "r4,r5" };
        let (base, index) = if round % 4 == 3 { (0, ea) } else { (ea - 0x100, 0x100) };
        let code = format!("{} v{register},{operands}", row.mnemonic);
        let mut ins = vec![(R(4), u128::from(base)), (R(5), u128::from(index))];
        let value = random.vector();
        ins.push((V(register), value));
        let mut case = GeneratedCase::known(op, &code, &ins, &[], BOOK).with_memory(&memory);
        if row.mnemonic.starts_with("st") {
            let mut after = memory;
            if left {
                book::stvlx(&mut after, window, value);
            } else {
                book::stvrx(&mut after, window, value);
            }
            generic::expect_memory(&mut case, WINDOW, &after);
        } else {
            let loaded = if left { book::lvlx(&memory, window) } else { book::lvrx(&memory, window) };
            case.outs.push(Expected::Register(V(register), loaded));
        }
        cases.push(case);
    }
}
