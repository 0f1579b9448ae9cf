//! Differential tests of single instructions against qemu's PowerPC 970 in user mode, an
//! independent implementation.
//!
//! Every floating-point and AltiVec row that the 970 has is run with operands biased to edges,
//! random control registers and aliased registers; registers, FPSCR, VSCR, CR and memory are
//! compared. The tests need `qemu-ppc64` and `powerpc64-linux-gnu-gcc`; without them they print a
//! message and pass.

use super::float::exact::is_nan;
use super::float::fpscr::{FI, FPRF, FR, FX, VXIMZ, VXSNAN, summarize};
use super::float::tests::Operands;
use super::testing::{CpuHarness, DATA};
use crate::vscr_bit;
use std::io::Write;
use std::process::{Command, Stdio};
use xenia_guest::GuestAddr;
use xenia_isa::{Family, Instruction, Op, Operand};
use xenia_testing::{Tool, need};

/// Inputs and outputs of an instruction; `stub.s` has the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    word: u32,
    fpscr: u32,
    vscr: u32,
    cr: u32,
    r5: u64,
    f: [u64; 8],
    v: [u128; 8],
    memory: [u8; 64],
}

impl Record {
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.extend(u64::from(self.word).rotate_left(32).to_be_bytes());
        out.extend(u64::from(self.fpscr).to_be_bytes());
        out.extend(u128::from(self.vscr).to_be_bytes());
        out.extend(u64::from(self.cr).to_be_bytes());
        out.extend(0_u64.to_be_bytes());
        out.extend(self.r5.to_be_bytes());
        out.extend(0_u64.to_be_bytes());
        self.f.iter().for_each(|f| out.extend(f.to_be_bytes()));
        self.v.iter().for_each(|v| out.extend(v.to_be_bytes()));
        out.extend(self.memory);
        out
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let u64_at = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        let u128_at = |at: usize| u128::from_be_bytes(bytes[at..at + 16].try_into().unwrap());
        Self {
            word: (u64_at(0) >> 32) as u32,
            fpscr: u64_at(8) as u32,
            vscr: u128_at(16) as u32,
            cr: u64_at(32) as u32,
            r5: u64_at(48),
            f: std::array::from_fn(|n| u64_at(64 + 8 * n)),
            v: std::array::from_fn(|n| u128_at(128 + 16 * n)),
            memory: bytes[256..320].try_into().unwrap(),
        }
    }

    /// Runs the record on the interpreter.
    fn run(&self, machine: &mut CpuHarness) -> Self {
        machine.memory.write_bytes(GuestAddr(DATA), &self.memory).unwrap();
        let ctx = &mut machine.ctx;
        ctx.fpscr = self.fpscr;
        ctx.vscr = self.vscr;
        ctx.set_cr_word(self.cr);
        ctx.gpr[4] = u64::from(DATA);
        ctx.gpr[5] = self.r5;
        ctx.fpr[..8].copy_from_slice(&self.f);
        ctx.vr[..8].copy_from_slice(&self.v);
        machine.one(self.word);
        let mut memory = [0; 64];
        machine.memory.read_bytes(GuestAddr(DATA), &mut memory).unwrap();
        let ctx = &machine.ctx;
        Self {
            word: self.word,
            fpscr: ctx.fpscr,
            vscr: ctx.vscr,
            cr: ctx.cr_word(),
            r5: ctx.gpr[5],
            f: ctx.fpr[..8].try_into().unwrap(),
            v: ctx.vr[..8].try_into().unwrap(),
            memory,
        }
    }
}

/// Runs records under qemu; `None` if a tool is missing.
fn qemu(records: &[Record]) -> Option<Vec<Record>> {
    if !need(Tool::Gcc64) || !need(Tool::Qemu) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let stub = folder.path().join("stub");
    let source = folder.path().join("stub.s");
    std::fs::write(&source, include_str!("oracle/stub.s")).unwrap();
    let built = Command::new("powerpc64-linux-gnu-gcc")
        .args([
            "-mabi=elfv2",
            "-mcpu=970",
            "-maltivec",
            "-static",
            "-nostdlib",
            "-no-pie",
            "-Wl,--no-warn-rwx-segments",
            "-Wa,-mregnames",
            "-o",
        ])
        .args([&stub, &source])
        .status()
        .unwrap();
    assert!(built.success(), "{built}");
    let mut input = tempfile::tempfile().unwrap();
    for record in records {
        input.write_all(&record.to_bytes()).unwrap();
    }
    std::io::Seek::rewind(&mut input).unwrap();
    let output = Command::new("qemu-ppc64")
        .args(["-cpu", "970fx"])
        .arg(&stub)
        .stdin(Stdio::from(input))
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    assert_eq!(output.stdout.len(), 320 * records.len());
    Some(output.stdout.chunks(320).map(Record::from_bytes).collect())
}

/// Random operands for words of `op`.
fn records(op: Op, count: usize, operands: &mut Operands) -> Vec<Record> {
    let row = op.row();
    // Few words, since qemu translates each new one.
    let words: Vec<u32> = (0..8)
        .map(|_| {
            let free = operands.next_u64() as u32 & !row.mask;
            let mut word = row.bits | free & 0x03FF_FFFF;
            // Register numbers stay below 8.
            for operand in row.operands {
                word &= match operand {
                    Operand::fd | Operand::vd | Operand::vs => !(0x18 << 21),
                    Operand::fa | Operand::va => !(0x18 << 16),
                    Operand::fb | Operand::vb => !(0x18 << 11),
                    Operand::fc | Operand::vc => !(0x18 << 6),
                    Operand::ra0 => !(0x1F << 16),
                    Operand::rb => !(0x1F << 11),
                    _ => !0,
                };
                word |= match operand {
                    Operand::ra0 => 4 << 16,
                    Operand::rb => 5 << 11,
                    _ => 0,
                };
            }
            // Bits that no operand uses are reserved.
            word & !reserved(op)
        })
        // Under qemu an enabled exception would end the stub.
        .map(|word| match op {
            Op::mtfsfix if word >> 23 & 7 >= 6 => word & !(1 << 24 | 0x8000),
            Op::mtfsb1x if (24..29).contains(&(word >> 21 & 31)) => word & !(1 << 24),
            _ => word,
        })
        .collect();
    (0..count)
        .map(|n| {
            let control = match operands.next_u64() & 3 {
                0 => operands.next_u64() as u32 & 3,
                _ => 0,
            };
            // FX is set whenever an exception bit is: qemu sets it again, where the book requires a
            // change.
            let sticky = match operands.next_u64() as u32 & 0x9FF8_0700 {
                bits if n % 3 == 0 || bits << 1 == 0 => 0,
                bits => bits | FX,
            };
            Record {
                word: words[n * words.len() / count],
                fpscr: summarize(sticky | operands.next_u64() as u32 & 0x7_F000 | control),
                vscr: operands.next_u64() as u32 & (vscr_bit::NJ | vscr_bit::SAT),
                cr: operands.next_u64() as u32,
                r5: operands.next_u64() & 31,
                f: std::array::from_fn(|_| {
                    let bits = if n % 2 == 0 { operands.double() } else { operands.short() };
                    if op == Op::mtfsfx { operands.next_u64() & !0xF8 } else { bits }
                }),
                v: std::array::from_fn(|_| operands.vector()),
                memory: std::array::from_fn(|_| operands.next_u64() as u8),
            }
        })
        .collect()
}

/// Reserved bits: those that neither the row's opcode nor an operand uses.
fn reserved(op: Op) -> u32 {
    let row = op.row();
    let mut used = row.mask | 1;
    for operand in row.operands {
        used |= match operand {
            Operand::fd | Operand::vd | Operand::vs | Operand::fpscr_bit => 0x1F << 21,
            Operand::fa | Operand::va | Operand::ra0 | Operand::uimm5 | Operand::simm5 => 0x1F << 16,
            Operand::fb | Operand::vb | Operand::rb => 0x1F << 11,
            Operand::fc | Operand::vc => 0x1F << 6,
            Operand::shb => 0xF << 6,
            Operand::crfd => 7 << 23,
            Operand::crfs => 7 << 18,
            Operand::fm => 0xFF << 17,
            Operand::fpscr_imm => 0xF << 12,
            other => panic!("{other:?}"),
        };
    }
    if !row.has(xenia_isa::Flag::rc) {
        used &= row.mask | !1;
        for operand in row.operands {
            if matches!(operand, Operand::shb) {
                used |= 0xF << 6;
            }
        }
    }
    if row.has(xenia_isa::Flag::vrc) {
        used |= 0x400;
    }
    !used
}

/// Compares all records of `ops`; `adjust` filters out known faults of either side.
fn differences(
    ops: &[Op],
    count: usize,
    adjust: impl Fn(Op, &Record, &mut Record, &mut Record) -> bool,
) -> usize {
    let mut operands = Operands::new(0x5EED_0F0D_D0D0_1234);
    let all: Vec<(Op, Record)> =
        ops.iter().flat_map(|op| records(*op, count, &mut operands).into_iter().map(|r| (*op, r))).collect();
    let inputs: Vec<Record> = all.iter().map(|(_, record)| record.clone()).collect();
    let Some(outputs) = qemu(&inputs) else { return 0 };
    let mut machine = CpuHarness::new();
    let mut failures = std::collections::BTreeMap::<&str, usize>::new();
    for ((op, input), mut theirs) in all.iter().zip(outputs) {
        let mut interpreted = input.run(&mut machine);
        if !adjust(*op, input, &mut interpreted, &mut theirs) || interpreted == theirs {
            continue;
        }
        let seen = failures.entry(op.row().name).or_default();
        *seen += 1;
        if *seen <= 2 {
            println!("{op:?}\n  in   {input:x?}\n  ours {interpreted:x?}\n  qemu {theirs:x?}");
        }
    }
    println!("{} instructions compared, differences: {failures:?}", inputs.len());
    failures.values().sum()
}

/// The part of FPRF that is not FPCC.
const C: u32 = 1 << 16;

/// Whether a double has the exponent of a denormal single.
fn is_denormal_single(bits: u64) -> bool {
    (0x36A..0x381).contains(&(bits >> 52 & 0x7FF))
}

fn family(family: Family) -> Vec<Op> {
    Op::all().filter(|op| op.row().family == family).collect()
}

#[test]
fn floating_point_agrees_with_qemu() {
    let ops: Vec<Op> = family(Family::Float);
    let found = differences(&ops, 2000, |op, input, interpreted, theirs| {
        use Op::*;
        let i = Instruction(input.word);
        // qemu never sets FR.
        let mut ignored = FR;
        match op {
            // qemu negates before rounding; the book negates the rounded result.
            fnmaddx | fnmaddsx | fnmsubx | fnmsubsx if input.fpscr & 2 != 0 => return false,
            // qemu's estimates are exact results, with the corresponding FPSCR.
            fresx | frsqrtex if input.f[i.fb()] << 1 < 0x7FF << 53 => return false,
            // qemu's compares clear FI; an ordered one that is not sets C.
            fcmpu => ignored |= FI,
            fcmpo => ignored |= FI | C,
            // qemu's invalid conversions set FPRF, and a NaN's 32-bit result is not sign-extended.
            fctidx | fctidzx => ignored |= FPRF,
            fctiwx | fctiwzx => {
                ignored |= FPRF;
                if is_nan(input.f[i.fb()]) {
                    theirs.f[i.fd()] |= 0xFFFF_FFFF_0000_0000;
                }
            }
            // qemu's FX does not follow every bit.
            mtfsb1x => ignored |= FX,
            // Denormal singles count as normal numbers.
            // NaNs that are not singles are truncated: undefined in the book.
            _ if op.row().bits >> 26 == 59 && is_nan(interpreted.f[i.fd() & 7]) => {
                interpreted.f[i.fd()] &= !0x1FFF_FFFF;
                theirs.f[i.fd()] &= !0x1FFF_FFFF;
            }
            _ if is_denormal_single(interpreted.f[i.fd() & 7]) && op.row().bits >> 26 == 59
                || op == frspx =>
            {
                ignored |= C;
            }
            _ => {}
        }
        // qemu: a multiply-add of infinity times zero and a signalling NaN sets VXIMZ alone.
        if [fmaddx, fmaddsx, fmsubx, fmsubsx, fnmaddx, fnmaddsx, fnmsubx, fnmsubsx].contains(&op)
            && interpreted.fpscr & theirs.fpscr & VXIMZ != 0
            && interpreted.fpscr & VXSNAN != 0
        {
            ignored |= VXSNAN;
        }
        if ignored & FX != 0 {
            interpreted.cr |= 0x0800_0000;
            theirs.cr |= 0x0800_0000;
        }
        interpreted.fpscr &= !ignored;
        theirs.fpscr &= !ignored;
        true
    });
    assert_eq!(found, 0);
}

#[test]
fn altivec_agrees_with_qemu() {
    use Op::{lvlx, lvlxl, lvrx, lvrxl, stvlx, stvlxl, stvrx, stvrxl};
    let cell = [lvlx, lvlxl, lvrx, lvrxl, stvlx, stvlxl, stvrx, stvrxl];
    let ops: Vec<Op> = family(Family::Vector).into_iter().filter(|op| !cell.contains(op)).collect();
    let found = differences(&ops, 500, |op, input, interpreted, theirs| {
        let vd = Instruction(input.word).vd();
        let at = (input.r5 & 15) as u32;
        // qemu's element loads leave the rest of the register unchanged.
        let mut element = |size: u32| {
            let mask = !(u128::MAX >> (8 * size)) >> (8 * (at & !(size - 1)));
            theirs.v[vd & 7] = theirs.v[vd & 7] & mask | interpreted.v[vd & 7] & !mask;
        };
        match op {
            Op::lvebx => element(1),
            Op::lvehx => element(2),
            Op::lvewx => element(4),
            // qemu's reciprocal, root and logarithm are exact, and its power is wrong for many
            // operands.
            Op::vrefp | Op::vrsqrtefp | Op::vlogefp | Op::vexptefp => return false,
            // qemu shifts all bytes by the count of the last one.
            Op::vsl | Op::vsr => {
                let counts = input.v[Instruction(input.word).vb() & 7].to_be_bytes().map(|byte| byte & 7);
                return counts == [counts[0]; 16];
            }
            _ => {}
        }
        true
    });
    assert_eq!(found, 0);
}
