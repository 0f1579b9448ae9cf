//! Differential tests of fixed-point rows, loads and stores against qemu in user mode, in both
//! computation modes.
//!
//! One program holds every case: it loads the operands, runs the word, and stores the results. It
//! runs unmodified under qemu and on the interpreter, system calls included. qemu starts in 64-bit
//! mode; for 32-bit mode its debugger stub clears MSR\[SF\] before the first instruction. The tests
//! need `qemu-ppc64` and `powerpc64-linux-gnu-gcc` ([`xenia_testing`]).
//!
//! Excluded: division where no quotient exists and `mulhw` (qemu differs from the hardware there),
//! reservations, `dcbz` (other block sizes), and instructions that user mode does not have.

use super::testing::{CpuHarness, random};
use crate::{EngineConfig, Exit, PpcContext, msr_bit};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use xenia_guest::GuestAddr;
use xenia_isa::{Family, Flag, Instruction, Op, Operand};
use xenia_memory::{AllocKind, GuestMemory, Protect};
use xenia_testing::{Tool, need};

/// Link address of the program: below 2 GiB, since `lis` sign-extends in 64-bit mode.
const BASE: u32 = 0x1000_0000;
/// Edge values for source operands, besides random ones.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    31,
    32,
    63,
    64,
    0x7FFF,
    0x8000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    u64::MAX,
];
/// Registers that a case reads back: r3, r4, and r20–r31 for multiple and string forms.
const READ_BACK: [u32; 14] = [3, 4, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
/// Number of doublewords that a case outputs: the registers, f3, CR, XER.
const RESULTS: usize = READ_BACK.len() + 3;
/// Size of the buffer for loads and stores, in bytes.
const BUFFER: usize = 256;

/// An instruction word and its operands.
struct Case {
    op: Op,
    word: u32,
    /// r3, r4, r5; r4 is an offset into the buffer (with random bits above bit 31) for loads and
    /// stores.
    r: [u64; 3],
    f3: u64,
    xer: u32,
    cr: u32,
}

fn is_tested(op: Op) -> bool {
    let row = op.row();
    match row.family {
        Family::Integer => !matches!(op, Op::mfvscr | Op::mtvscr | Op::mulhwx),
        Family::Logical | Family::Rotate => true,
        Family::Branch => !row.has(Flag::lk),
        Family::LoadStore => {
            !matches!(op, Op::lwarx | Op::ldarx | Op::stwcx | Op::stdcx | Op::dcbz | Op::dcbz128)
        }
        Family::System => matches!(op, Op::mcrxr | Op::mfcr | Op::mtcrf),
        _ => false,
    }
}

/// The bits of a word that its operands and record bits use.
fn used_bits(op: Op) -> u32 {
    let row = op.row();
    let fields = row.operands.iter().fold(0, |bits, operand| {
        bits | match operand {
            Operand::crfd => 7 << 23,
            Operand::crfs => 7 << 18,
            Operand::l => 1 << 21,
            Operand::crbd => 31 << 21,
            Operand::crba => 31 << 16,
            Operand::crbb | Operand::sh | Operand::nb => 31 << 11,
            Operand::mb => 31 << 6,
            Operand::me => 31 << 1,
            Operand::sh64 => 31 << 11 | 1 << 1,
            Operand::mb64 | Operand::me64 => 63 << 5,
            Operand::crm => 0xFF << 12,
            Operand::simm | Operand::uimm => 0xFFFF,
            _ => 0,
        }
    });
    fields | u32::from(row.has(Flag::rc)) | if row.has(Flag::oe) { 0x400 } else { 0 }
}

fn case(op: Op, random: &mut impl FnMut() -> u64) -> Case {
    let row = op.row();
    let mut value = || match random() % 4 {
        0 => random(),
        1 => random() >> 32,
        _ => EDGES[random() as usize % EDGES.len()],
    };
    let mut r = [value(), value(), value()];
    let f3 = value();
    let mut word = row.bits | random() as u32 & used_bits(op) & !row.mask;
    let is_storage = row.family == Family::LoadStore;
    // Logical instructions and rotates write RA, the others RT.
    let writes_ra = matches!(row.family, Family::Logical | Family::Rotate);
    let choices = random() as u32;
    let mut sources = choices >> 8;
    let mut source = || {
        sources = sources.rotate_right(1);
        4 + (sources & 1)
    };
    for operand in row.operands {
        word |= match operand {
            Operand::rd | Operand::rs if is_storage => match op {
                Op::lmw | Op::stmw => 26 << 21,
                Op::lswi | Op::lswx | Op::stswi | Op::stswx => 20 << 21,
                _ => 3 << 21,
            },
            Operand::fd | Operand::fs | Operand::rd => 3 << 21,
            Operand::rs => source() << 21,
            Operand::ra | Operand::ra0 if is_storage => 4 << 16,
            Operand::ra | Operand::ra0 => {
                if writes_ra {
                    3 << 16
                } else {
                    source() << 16
                }
            }
            Operand::rb if is_storage => 5 << 11,
            Operand::rb => source() << 11,
            Operand::disp => choices & 0x3F,
            Operand::disp_ds => choices & 0x3C,
            _ => 0,
        };
    }
    if is_storage {
        r[1] = random() & 0xFFFF_FFFF_0000_0000 | (random() % 90);
        r[2] = random() % 64;
    }
    let no_quotient = |n: u64| n == 0 || n == u64::MAX || n as u32 == 0 || n as u32 == u32::MAX;
    if matches!(op, Op::divwx | Op::divwux | Op::divdx | Op::divdux)
        && (no_quotient(r[1]) || no_quotient(r[2]))
    {
        r[1] = random() | 2;
        r[2] = 3;
    }
    Case { op, word, r, f3, xer: (random() as u32 & 7) << 29 | (random() as u32 % 33), cr: random() as u32 }
}

/// The program text: all cases, then a write of the results to standard output.
fn program(cases: &[Case], sf: bool) -> String {
    let mut text = String::from(
        ".abiversion 2\n.globl _start\n_start: lis 1,input@ha; addi 1,1,input@l; lis 2,output@ha; addi 2,2,output@l\n",
    );
    for case in cases {
        text +=
            "ld 3,0(1); ld 4,8(1); ld 5,16(1); lfd 3,24(1); ld 6,32(1); mtxer 6; ld 6,40(1); mtcrf 255,6\n";
        writeln!(text, ".long {:#x}; mfcr 6; mfxer 7", case.word).unwrap();
        for (n, register) in READ_BACK.iter().enumerate() {
            writeln!(text, "std {register},{}(2)", 8 * n).unwrap();
        }
        let at = 8 * READ_BACK.len();
        writeln!(text, "stfd 3,{at}(2); std 6,{}(2); std 7,{}(2)", at + 8, at + 16).unwrap();
        writeln!(text, "addi 1,1,48; addi 2,2,{}", 8 * RESULTS).unwrap();
    }
    let size = 8 * RESULTS * cases.len();
    write!(
        text,
        "lis 4,output@ha; addi 4,4,output@l; lis 5,{}; ori 5,5,{}; li 0,4; li 3,1; sc
         lis 4,buffer@ha; addi 4,4,buffer@l; li 5,{BUFFER}; li 0,4; li 3,1; sc
         li 0,1; li 3,0; sc
         .data; .balign 16
         buffer: .irp n,1,2,3,4; .quad 0x3F8000007F800001,0x0000000180400000,0x7FC00000FF800000,0x0123456789ABCDEF
         .quad 0x8000000000000001,0x00000000FFFFFFFF,0x007FFFFF00800000,0xC2F6E97995555555; .endr
         input:\n",
        size >> 16,
        size & 0xFFFF,
    )
    .unwrap();
    for case in cases {
        let second = match case.op.row().family {
            // In 32-bit mode the upper half of the address must not matter.
            Family::LoadStore => {
                let high = if sf { 0 } else { case.r[1] >> 32 };
                format!(".long {high:#x},buffer+{}", case.r[1] as u32 + 64)
            }
            _ => format!(".quad {:#x}", case.r[1]),
        };
        writeln!(
            text,
            ".quad {:#x}; {second}; .quad {:#x},{:#x},{:#x},{:#x}",
            case.r[0], case.r[2], case.f3, case.xer, case.cr
        )
        .unwrap();
    }
    writeln!(text, ".balign 16; output: .space {size}").unwrap();
    text
}

fn build(folder: &Path, text: &str) -> Vec<u8> {
    std::fs::write(folder.join("cases.s"), text).unwrap();
    let built = Command::new("powerpc64-linux-gnu-gcc")
        .args(["-mabi=elfv2", "-mcpu=power7", "-static", "-nostdlib", "-no-pie"])
        .args(["-Wl,--no-warn-rwx-segments,--build-id=none", &format!("-Wl,-Ttext={BASE:#x}")])
        .args(["-o", "cases", "cases.s"])
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(built.success(), "{built}");
    std::fs::read(folder.join("cases")).unwrap()
}

/// The program's output under qemu. Another program may take the debugger's port before qemu does.
fn under_qemu(program: &Path, sf: bool) -> Vec<u8> {
    (0..10).find_map(|_| try_qemu(program, sf)).expect("qemu runs the cases")
}

/// The program's output under qemu; `None` if that fails.
fn try_qemu(program: &Path, sf: bool) -> Option<Vec<u8>> {
    let mut command = Command::new("qemu-ppc64");
    command.args(["-cpu", "power7"]).stdout(Stdio::piped());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    if !sf {
        command.args(["-g", &port.to_string()]);
    }
    let mut child = command.arg(program).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut output = Vec::new();
        stdout.read_to_end(&mut output).unwrap();
        output
    });
    if !sf && !clear_sf(port, &mut child) {
        // qemu would wait for its debugger.
        let _ = child.kill();
    }
    let output = reader.join().unwrap();
    child.wait().unwrap().success().then_some(output)
}

/// Clears MSR\[SF\] through qemu's debugger stub at `port`, and lets the program run to its end.
/// Returns false if qemu has ended before, or if another program answers.
fn clear_sf(port: u16, qemu: &mut Child) -> bool {
    while qemu.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(50));
        if let Ok(stub) = TcpStream::connect(("127.0.0.1", port)) {
            return clear_sf_by(stub).is_some();
        }
    }
    false
}

/// [`clear_sf`] by the debugger protocol; `None` if the other side does not speak it.
fn clear_sf_by(mut stub: TcpStream) -> Option<()> {
    const MSR: &str = "41";
    stub.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    // The stub numbers registers only after a request for its description.
    ask(&mut stub, "qXfer:features:read:target.xml:0,ffb")?;
    let msr = ask(&mut stub, &format!("p{MSR}"))?;
    let msr = u64::from_str_radix(msr.get(..16)?, 16).ok()?;
    let set = ask(&mut stub, &format!("P{MSR}={:016x}", msr & !msr_bit::SF))?;
    if !set.starts_with("OK") {
        return None;
    }
    // The answer comes when the program ends.
    stub.set_read_timeout(None).ok()?;
    ask(&mut stub, "c")?;
    Some(())
}

/// The stub's answer to a request.
fn ask(stub: &mut TcpStream, request: &str) -> Option<String> {
    let sum = request.bytes().fold(0_u8, u8::wrapping_add);
    write!(stub, "${request}#{sum:02x}").ok()?;
    let mut answer = Vec::new();
    let mut byte = [0];
    // An answer ends with # and two digits.
    while answer.len() < 3 || answer[answer.len() - 3] != b'#' {
        if stub.read(&mut byte).unwrap_or(0) == 0 {
            break;
        }
        answer.push(byte[0]);
    }
    let _ = stub.write_all(b"+");
    Some(String::from_utf8_lossy(&answer).trim_start_matches(['+', '$']).to_owned())
}

/// The program's output on the interpreter.
fn on_interpreter(elf: &[u8], sf: bool) -> Vec<u8> {
    let number =
        |at: usize, size: usize| elf[at..at + size].iter().fold(0_u64, |n, &b| n << 8 | u64::from(b));
    let memory = GuestMemory::new().unwrap();
    let first = GuestAddr(BASE - 0x10_0000);
    let size = 0x80_0000;
    memory.alloc_fixed(first, size, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    for header in 0..number(56, 2) as usize {
        let at = number(32, 8) as usize + 56 * header;
        if number(at, 4) == 1 {
            let offset = number(at + 8, 8) as usize;
            let length = number(at + 32, 8) as usize;
            memory.write_bytes(GuestAddr(number(at + 16, 8) as u32), &elf[offset..offset + length]).unwrap();
        }
    }
    let mut machine = CpuHarness::on(memory, EngineConfig::default());
    machine.ctx = PpcContext { pc: number(24, 8) as u32, ..PpcContext::default() };
    machine.ctx.msr |= if sf { msr_bit::SF } else { 0 };
    let mut output = Vec::new();
    loop {
        assert_eq!(machine.run(10_000_000), Exit::Syscall { lev: 0 });
        let gpr = &machine.ctx.gpr;
        if gpr[0] != 4 {
            break output;
        }
        let mut bytes = vec![0; gpr[5] as usize];
        machine.memory.read_bytes(GuestAddr(gpr[4] as u32), &mut bytes).unwrap();
        output.extend(bytes);
    }
}

fn compare(sf: bool) {
    if !need(Tool::Gcc64) || !need(Tool::Qemu) {
        return;
    }
    let mut random = random();
    let ops: Vec<_> = Op::all().filter(|&op| is_tested(op)).collect();
    let cases: Vec<_> = ops.iter().cycle().take(6000).map(|&op| case(op, &mut random)).collect();
    let folder = tempfile::tempdir().unwrap();
    let elf = build(folder.path(), &program(&cases, sf));
    let expected = under_qemu(&folder.path().join("cases"), sf);
    let got = on_interpreter(&elf, sf);
    assert_eq!(got.len(), expected.len());
    let results = |bytes: &[u8]| -> Vec<String> {
        bytes.chunks(8).map(|n| format!("{:016x}", u64::from_be_bytes(n.try_into().unwrap()))).collect()
    };
    let length = 8 * RESULTS;
    for (n, case) in cases.iter().enumerate() {
        let place = n * length..(n + 1) * length;
        assert_eq!(
            results(&got[place.clone()]),
            results(&expected[place]),
            "{:?} {:#010x} r3–r5 {:#x?} xer {:#x} sf={sf}: ours, then qemu's r3 r4 r20–r31 f3 cr xer",
            Instruction(case.word).op(),
            case.word,
            case.r,
            case.xer
        );
    }
    assert_eq!(got[cases.len() * length..], expected[cases.len() * length..], "what the stores left");
}

#[test]
fn fixed_point_and_storage_rows_agree_with_qemu_in_64_bit_mode() {
    compare(true);
}

#[test]
fn fixed_point_and_storage_rows_agree_with_qemu_in_32_bit_mode() {
    compare(false);
}
