//! Golden test of AArch64 code, compared with golden/host-code-aarch64.txt: each row of the
//! instruction table separately, and whole functions of cpu-suite, with the assembly of some of
//! both.
//!
//! The code does not run here. The test shows that the lifter's output does not depend on x86-64,
//! and shows changes as a diff to review. `cargo xtask host-code --aarch64` runs it; with `--bless`
//! it rewrites the file.
#![cfg(feature = "arm64")]

use crate::common::*;
use std::fmt::Write;
use std::path::PathBuf;
use xenia_formats::KeyRing;
use xenia_guest::GuestAddr;
use xenia_isa::{Op, decode};
use xenia_jit::{Granularity, Jit, JitConfig, JitTesting};
use xenia_memory::{AllocKind, Protect};

/// Environment variable that `cargo xtask host-code --bless` sets.
const BLESS: &str = "XENIA_BLESS_HOST_CODE";
/// Number of lines shown of the first difference.
const SHOWN: usize = 20;
/// Rows whose assembly is in the file: one of each kind.
const SHOWN_ROWS: [&str; 32] = [
    "addi", "addx", "addzex", "subfcx", "mullwx", "divwx", "andx", "rlwinmx", "sldx", "srawx", "cntlzwx",
    "cmp", "crand", "mfcr", "lwz", "lwzu", "lhbrx", "stw", "stdx", "lmw", "lwarx", "stwcx", "faddx",
    "fmaddx", "fctiwzx", "lfs", "stfs", "vaddubm", "vperm", "vmaddfp", "lvx", "sync",
];
/// Functions of cpu-suite whose assembly is in the file.
const SHOWN_FUNCTIONS: [&str; 2] = ["add", "swap_words.constprop.0"];

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/host-code-aarch64.txt")
}

fn config(granularity: Granularity) -> JitConfig {
    let testing = JitTesting { portable_code: true, ..JitTesting::default() };
    JitConfig { granularity, verify: true, testing, ..JitConfig::default() }
}

/// Number of instructions in an assembly text.
fn count(host: &str) -> usize {
    host.lines().filter(|line| line.starts_with("  ") && !line.trim_start().starts_with(';')).count()
}

/// Adds a line, and the assembly if `is_shown`.
fn add(out: &mut String, what: &str, texts: &(String, String), is_shown: bool) {
    let (clif, host) = texts;
    assert!(clif.contains("get_pinned_reg") && host.contains("ret"), "{what}: {host}");
    writeln!(out, "{what}: {}", count(host)).unwrap();
    if is_shown {
        for line in host.lines() {
            writeln!(out, "    {}", line.trim_end()).unwrap();
        }
    }
}

fn rows(out: &mut String) -> usize {
    let memory = memory();
    let jit = Jit::new(memory.clone(), config(Granularity::Instruction)).unwrap();
    let mut count = 0;
    for op in Op::all() {
        let row = op.row();
        let with_registers = row.bits | 0x0064_2800 & !row.mask;
        let word = if decode(with_registers) == Some(op) { with_registers } else { row.bits };
        memory.write(GuestAddr(CODE), word).unwrap();
        let texts = jit.dump_for_aarch64(GuestAddr(CODE)).unwrap_or_else(|why| panic!("{}: {why}", row.name));
        let is_shown = SHOWN_ROWS.contains(&row.name);
        count += usize::from(is_shown);
        add(out, &format!("row {} {word:08x}", row.name), &texts.expect("an instruction"), is_shown);
    }
    count
}

fn functions(out: &mut String) -> usize {
    let file: &[u8] = include_bytes!("../../../guest/bin/cpu-suite.elf");
    let image = xenia_formats::load(&file, &KeyRing::development()).unwrap();
    let memory = xenia_memory::GuestMemory::new().unwrap();
    let kind = AllocKind::ReserveCommit;
    memory.alloc_fixed(image.base, image.size, kind, Protect::EXECUTE_READ_WRITE).unwrap();
    memory.write_bytes(image.base, &image.bytes).unwrap();
    let jit = Jit::new(memory, config(Granularity::Function)).unwrap();
    let mut functions: Vec<_> = image.symbols.iter().filter(|symbol| symbol.is_function).collect();
    functions.sort_by_key(|symbol| symbol.address.0);
    let mut count = 0;
    for symbol in functions {
        let texts =
            jit.dump_for_aarch64(symbol.address).unwrap_or_else(|why| panic!("{}: {why}", symbol.name));
        let Some(texts) = texts else { continue };
        let is_shown = SHOWN_FUNCTIONS.contains(&&*symbol.name);
        count += usize::from(is_shown);
        add(out, &format!("cpu-suite {}", symbol.name), &texts, is_shown);
    }
    count
}

#[test]
fn host_code_for_aarch64_is_as_it_was_reviewed() {
    let mut text = "# what: AArch64 instructions, and of some the assembly (`cargo xtask host-code --aarch64 --bless`)\n".to_owned();
    assert_eq!(rows(&mut text), SHOWN_ROWS.len(), "not all rows that are to be shown are in the table");
    assert_eq!(functions(&mut text), SHOWN_FUNCTIONS.len());
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(golden(), text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(golden()).expect("golden/host-code-aarch64.txt");
    let mut pairs = known.lines().zip(text.lines()).enumerate();
    let Some((at, _)) = pairs.find(|(_, (before, now))| before != now) else {
        assert_eq!(known.lines().count(), text.lines().count());
        return;
    };
    let part = |text: &str| text.lines().skip(at).take(SHOWN).collect::<Vec<_>>().join("\n");
    panic!(
        "line {}: code for AArch64 differs; review it and run `cargo xtask host-code --aarch64 --bless`:\n{}\nwas:\n{}",
        at + 1,
        part(&text),
        part(&known)
    );
}
