//! Asks qemu-ppc64: one static program runs every case and writes the states back.
//!
//! The program is made by our assembler and a minimal ELF64 header, so that nothing but qemu is needed. It
//! runs in 32-bit mode: user programs start with MSR\[SF\] set, but qemu's gdb stub can clear it before
//! the first instruction. Per case there is a block that holds the state before and, afterwards, the state after:
//!
//! ```text
//!    0 r0–r31   256 f0–f31   512 v0–v31   1024 CR   1032 XER   1040 CTR   1048 FPSCR   1056 VSCR   1088 memory
//! ```
//! r1, r2, r13 belong to the program; cases use other registers.

use crate::case::{Case, Expected, Question, Reg, WINDOW, WINDOW_SIZE};
use anyhow::{Context, bail, ensure};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const BASE: u32 = 0x2000_0000;
const BLOCK: usize = 1088 + WINDOW_SIZE;
/// Number of the MSR in the gdb protocol of PowerPC.
const GDB_MSR: u32 = 65;

/// A state as the block holds it.
pub(crate) type Block = Vec<u8>;

fn offset(register: Reg, question: &Question) -> (usize, usize) {
    match register {
        Reg::R(n) => (8 * usize::from(n), 8),
        Reg::F(n) => (256 + 8 * usize::from(n), 8),
        Reg::V(n) => {
            let there = question.vectors.iter().find(|(here, _)| *here == n).map_or(n, |&(_, there)| there);
            (512 + 16 * usize::from(there), 16)
        }
        Reg::Cr => (1024, 8),
        Reg::Xer => (1032, 8),
        Reg::Ctr => (1040, 8),
        Reg::Fpscr => (1048, 8),
        Reg::Vscr => (1056, 16),
        Reg::Vrsave => (1072, 8),
    }
}

fn put(block: &mut [u8], (at, size): (usize, usize), value: u128) {
    block[at..at + size].copy_from_slice(&value.to_be_bytes()[16 - size..]);
}

fn get(block: &[u8], (at, size): (usize, usize)) -> u128 {
    block[at..at + size].iter().fold(0, |value, &byte| value << 8 | u128::from(byte))
}

/// The state before a case.
fn before(case: &Case, question: &Question) -> Block {
    let mut block = vec![0; BLOCK];
    put(&mut block, offset(Reg::Vscr, question), 0x1_0000);
    for (&register, &value) in &case.ins {
        put(&mut block, offset(register, question), value);
    }
    for (addr, bytes) in &case.memory_in {
        let at = 1088 + (addr - WINDOW) as usize;
        block[at..at + bytes.len()].copy_from_slice(bytes);
    }
    block
}

/// Answers all questions for this processor model.
pub(crate) fn answer(cases: &mut [Case], cpu: &str, sf: bool) -> anyhow::Result<()> {
    let asked: Vec<usize> = (0..cases.len())
        .filter(|&n| cases[n].question.as_ref().is_some_and(|q| q.cpu == cpu && q.sf == sf))
        .collect();
    let mut programs = Vec::new();
    for &index in &asked {
        let case = &cases[index];
        let question = case.question.as_ref().context("asked cases have questions")?;
        programs.push((question.code.clone(), before(case, question)));
    }
    let blocks = run(&programs, cpu, sf)?;
    for (&index, block) in asked.iter().zip(blocks) {
        let case = &mut cases[index];
        let question = case.question.clone().context("asked cases have questions")?;
        for &register in &question.registers {
            let value = get(&block, offset(register, &question));
            case.outs.push(Expected::Register(register, value));
        }
        if question.memory {
            case.outs.push(Expected::Memory(WINDOW, block[1088..].to_vec()));
        }
    }
    Ok(())
}

/// What FPRs hold after running these cases with another FPSCR before.
pub(crate) fn rerun(
    cases: &[&Case],
    fpscr: u128,
    register: impl Fn(&Case) -> Reg,
) -> anyhow::Result<Vec<u64>> {
    let mut programs = Vec::new();
    for case in cases {
        let question = case.question.as_ref().context("asked cases have questions")?;
        let mut block = before(case, question);
        put(&mut block, offset(Reg::Fpscr, question), fpscr);
        programs.push((question.code.clone(), block));
    }
    let blocks = run(&programs, "970fx", false)?;
    cases
        .iter()
        .zip(blocks)
        .map(|(case, block)| {
            let question = case.question.as_ref().context("asked cases have questions")?;
            Ok(get(&block, offset(register(case), question)) as u64)
        })
        .collect()
}

/// The whole program.
fn source(programs: &[(String, Block)]) -> String {
    let mut out = String::from("_start:\n");
    for (index, (code, _)) in programs.iter().enumerate() {
        let _ = writeln!(out, "lis r13,blocks+{0}@ha\naddi r13,r13,blocks+{0}@l\nbl load", index * BLOCK);
        // Labels of different cases must differ.
        let _ = writeln!(out, "{}", code.replace("@N", &format!("_{index}")));
        let _ = writeln!(out, "bl save");
    }
    let size = programs.len() * BLOCK;
    let _ = writeln!(
        out,
        "lis r30,blocks@ha\naddi r30,r30,blocks@l\nlis r31,{size}@h\nori r31,r31,{size}@l\n\
         more: li r0,4\nli r3,1\nmr r4,r30\nmr r5,r31\nsc\ncmpwi r3,0\nble fail\n\
         add r30,r30,r3\nsub r31,r31,r3\ncmpwi r31,0\nbne more\nli r0,1\nli r3,0\nsc\n\
         fail: li r0,1\nli r3,1\nsc\n"
    );
    // Memory, special registers, then the rest; r1 and r2 are scratch.
    out.push_str("load:\n");
    let _ = writeln!(out, "lis r2,{WINDOW}@ha\naddi r2,r2,{WINDOW}@l");
    for at in (0..WINDOW_SIZE).step_by(8) {
        let _ = writeln!(out, "ld r1,{}(r13)\nstd r1,{at}(r2)", 1088 + at);
    }
    out.push_str("lfd f0,1048(r13)\nmtfsf 255,f0\nli r1,1056\nlvx v0,r13,r1\nmtvscr v0\n");
    out.push_str("ld r1,1032(r13)\nmtxer r1\nld r1,1040(r13)\nmtctr r1\n");
    for n in 0..32 {
        let _ = writeln!(out, "lfd f{n},{}(r13)", 256 + 8 * n);
    }
    for n in 0..32 {
        let _ = writeln!(out, "li r1,{}\nlvx v{n},r13,r1", 512 + 16 * n);
    }
    for n in (0..32).filter(|n| !matches!(n, 1 | 2 | 13)) {
        let _ = writeln!(out, "ld r{n},{}(r13)", 8 * n);
    }
    out.push_str("ld r1,1024(r13)\nmtcr r1\nblr\nsave:\n");
    for n in (0..32).filter(|n| !matches!(n, 1 | 2 | 13)) {
        let _ = writeln!(out, "std r{n},{}(r13)", 8 * n);
    }
    out.push_str("mfcr r1\nstd r1,1024(r13)\nmfxer r1\nstd r1,1032(r13)\nmfctr r1\nstd r1,1040(r13)\n");
    for n in 0..32 {
        let _ = writeln!(out, "stfd f{n},{}(r13)", 256 + 8 * n);
    }
    for n in 0..32 {
        let _ = writeln!(out, "li r1,{}\nstvx v{n},r13,r1", 512 + 16 * n);
    }
    out.push_str("mffs f0\nstfd f0,1048(r13)\nmfvscr v0\nli r1,1056\nstvx v0,r13,r1\n");
    let _ = writeln!(out, "lis r2,{WINDOW}@ha\naddi r2,r2,{WINDOW}@l");
    for at in (0..WINDOW_SIZE).step_by(8) {
        let _ = writeln!(out, "ld r1,{at}(r2)\nstd r1,{}(r13)", 1088 + at);
    }
    let _ = writeln!(out, "blr\n.balign 64\nblocks:");
    out
}

/// A static big-endian ELF64 executable: the program, and the memory that cases use.
fn elf(image: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(b"\x7FELF\x02\x02\x01\0\0\0\0\0\0\0\0\0");
    let half = |out: &mut Vec<u8>, values: &[u16]| values.iter().for_each(|v| out.extend(v.to_be_bytes()));
    let word = |out: &mut Vec<u8>, value: u32| out.extend(value.to_be_bytes());
    let double = |out: &mut Vec<u8>, value: u64| out.extend(value.to_be_bytes());
    half(&mut out, &[2, 21]); // executable, PowerPC64
    word(&mut out, 1);
    double(&mut out, BASE.into()); // entry: the second ABI has no descriptors
    double(&mut out, 64); // program headers
    double(&mut out, 0);
    word(&mut out, 2); // ABI
    half(&mut out, &[64, 56, 2, 0, 0, 0]);
    for (offset, address, file, memory) in
        [(0x1_0000, BASE, image.len() as u64, image.len() as u64), (0x1000, 0x1000_1000, 0, 0xF000)]
    {
        word(&mut out, 1);
        word(&mut out, 7); // read, write, execute
        for value in [offset, address.into(), address.into(), file, memory, 0x1000] {
            double(&mut out, value);
        }
    }
    out.resize(0x1_0000, 0);
    out.extend(image);
    out
}

fn run(programs: &[(String, Block)], cpu: &str, sf: bool) -> anyhow::Result<Vec<Block>> {
    if programs.is_empty() {
        return Ok(Vec::new());
    }
    let source = source(programs);
    let assembly = xenia_isa::assemble(&source, BASE).map_err(|error| {
        let line = source.lines().nth(error.line as usize - 1).unwrap_or("").to_owned();
        anyhow::anyhow!("{error}: `{line}`")
    })?;
    let mut image = assembly.bytes;
    for (_, block) in programs {
        image.extend(block);
    }
    let folder = tempfile::tempdir()?;
    let (program, socket) = (folder.path().join("cases"), folder.path().join("gdb"));
    std::fs::write(&program, elf(&image))?;
    let mut mode = std::fs::metadata(&program)?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&program, mode)?;
    let mut child = Command::new("qemu-ppc64")
        .args(["-cpu", cpu, "-g"])
        .args([&socket, &program])
        .stdout(Stdio::piped())
        .spawn()
        .context("qemu-ppc64 (package qemu-user)")?;
    let mut stdout = child.stdout.take().context("standard output is piped")?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    set_sf_and_go(&socket, sf)?;
    let bytes = reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
    let status = child.wait()?;
    ensure!(status.success(), "qemu-ppc64 ended with {status}");
    ensure!(bytes.len() == programs.len() * BLOCK, "{} bytes came back", bytes.len());
    Ok(bytes.chunks(BLOCK).map(<[u8]>::to_vec).collect())
}

/// Sets or clears MSR\[SF\] through the gdb stub and lets the program run to its end.
fn set_sf_and_go(socket: &Path, sf: bool) -> anyhow::Result<()> {
    let mut stream = None;
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(20));
        if let Ok(connected) = UnixStream::connect(socket) {
            stream = Some(connected);
            break;
        }
    }
    let mut stream = stream.context("qemu's gdb stub doesn't answer")?;
    // Single registers can be read only after the description was asked for.
    command(&mut stream, "qXfer:features:read:target.xml:0,ffb")?;
    let msr = u64::from_str_radix(&command(&mut stream, &format!("p{GDB_MSR:x}"))?, 16)?;
    let reply =
        command(&mut stream, &format!("P{GDB_MSR:x}={:016x}", msr & !(1 << 63) | u64::from(sf) << 63))?;
    ensure!(reply == "OK", "the stub answered `{reply}`");
    let msr = u64::from_str_radix(&command(&mut stream, &format!("p{GDB_MSR:x}"))?, 16)?;
    ensure!(msr >> 63 == u64::from(sf), "MSR[SF] did not change");
    let reply = command(&mut stream, "c")?;
    if !reply.starts_with('W') {
        bail!("the program stopped: {reply}, pc {}", command(&mut stream, "p40").unwrap_or_default());
    }
    Ok(())
}

/// Sends a packet and returns the answer's text.
fn command(stream: &mut UnixStream, text: &str) -> anyhow::Result<String> {
    let sum = text.bytes().fold(0_u8, u8::wrapping_add);
    stream.write_all(format!("${text}#{sum:02x}").as_bytes())?;
    let mut answer = Vec::new();
    let mut byte = [0];
    loop {
        if stream.read(&mut byte)? == 0 {
            bail!("the stub closed the connection");
        }
        answer.push(byte[0]);
        let start = answer.iter().position(|&b| b == b'$');
        let end = answer.iter().position(|&b| b == b'#');
        if let (Some(start), Some(end)) = (start, end)
            && answer.len() == end + 3
        {
            stream.write_all(b"+")?;
            return Ok(String::from_utf8_lossy(&answer[start + 1..end]).into_owned());
        }
    }
}
