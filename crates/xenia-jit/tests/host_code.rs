//! Golden test: host instructions of guest code, compared with golden/host-code.txt. Covers each
//! block of two of our titles, and each row of the instruction table separately, compiled for any
//! x86-64-v2 host.
//!
//! A change of the lifter appears there as a diff to review; `cargo xtask host-code --bless`
//! rewrites the file.

use crate::common::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use xenia_formats::KeyRing;
use xenia_guest::GuestAddr;
use xenia_isa::{Op, decode};
use xenia_jit::{Granularity, Jit, JitConfig, JitTesting, RegionCost};
use xenia_memory::{AllocKind, Protect};

/// Environment variable that `cargo xtask host-code --bless` sets.
const BLESS: &str = "XENIA_BLESS_HOST_CODE";
/// Maximum number of differing lines to show.
const MAX_SHOWN: usize = 30;

const TITLES: [(&str, &[u8]); 2] = [
    ("cpu-suite", include_bytes!("../../../guest/bin/cpu-suite.elf")),
    ("demo", include_bytes!("../../../guest/bin/demo.xex")),
];

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/host-code.txt")
}

fn config(granularity: Granularity) -> JitConfig {
    let testing = JitTesting { portable_code: true, ..JitTesting::default() };
    JitConfig { granularity, verify: true, testing, ..JitConfig::default() }
}

/// Adds a line for each block that is reachable from the title's entry by calls and branches, and
/// two about fault exits: an update of Cranelift that places code between an access and its branch
/// would silently lose store sinking.
fn title(name: &str, file: &[u8], out: &mut BTreeMap<String, u32>) {
    let image = xenia_formats::load(&file, &KeyRing::development()).unwrap();
    let memory = xenia_memory::GuestMemory::new().unwrap();
    memory
        .alloc_fixed(image.base, image.size, AllocKind::ReserveCommit, Protect::EXECUTE_READ_WRITE)
        .unwrap();
    memory.write_bytes(image.base, &image.bytes).unwrap();
    let jit = Jit::new(memory, config(Granularity::Function)).unwrap();
    let mut todo: Vec<u32> = vec![image.entry.0];
    todo.extend(image.symbols.iter().filter(|symbol| symbol.is_function).map(|symbol| symbol.address.0));
    let mut exits = 0;
    let mut lost = 0;
    let mut seen: BTreeSet<u32> = todo.iter().copied().collect();
    while let Some(pc) = todo.pop() {
        let Some(RegionCost { blocks, calls, fault_exits, lost_sinking, .. }) =
            jit.cost(GuestAddr(pc)).unwrap()
        else {
            continue;
        };
        exits += fault_exits;
        lost += u32::from(lost_sinking);
        for block in blocks {
            out.entry(format!("{name} {:08x} {:>3}", block.pc, block.guest)).or_insert(block.host);
        }
        todo.extend(calls.into_iter().filter(|&call| seen.insert(call)));
    }
    out.insert(format!("{name} accesses rewritten to fault exits"), exits);
    out.insert(format!("{name} regions compiled again without store sinking"), lost);
}

/// Adds a line for each row of the table, with registers 3, 4 and 5 in its register fields.
fn rows(out: &mut BTreeMap<String, u32>) {
    let memory = memory();
    let jit = Jit::new(memory.clone(), config(Granularity::Instruction)).unwrap();
    for op in Op::all() {
        let row = op.row();
        let with_registers = row.bits | 0x0064_2800 & !row.mask;
        let word = if decode(with_registers) == Some(op) { with_registers } else { row.bits };
        memory.write(GuestAddr(CODE), word).unwrap();
        let cost = jit.cost(GuestAddr(CODE)).unwrap().unwrap();
        let host = cost.blocks.iter().map(|block| block.host).sum();
        out.insert(format!("row {:<16} {word:08x}", row.name), host);
    }
}

fn counted() -> BTreeMap<String, u32> {
    let mut lines = BTreeMap::new();
    for (name, file) in TITLES {
        title(name, file, &mut lines);
    }
    rows(&mut lines);
    lines
}

// The file has one test only: the length of code depends on the address of memory, and only one
// machine of a process has memory within reach of displacements.
#[test]
#[cfg_attr(windows, ignore = "Windows keeps its thread block in GS: the templates are others")]
fn host_code_is_as_it_was_reviewed() {
    let lines = counted();
    assert_eq!(counted(), lines, "counting twice gives two answers");
    assert!(lines.len() >= 1000, "only {} blocks", lines.len());
    let mut text = "# what, where, guest instructions or the word: host instructions (`cargo xtask host-code --bless`)\n".to_owned();
    for (what, host) in &lines {
        writeln!(text, "{what}: {host}").unwrap();
    }
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(golden(), text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(golden()).expect("golden/host-code.txt");
    if known == text {
        return;
    }
    let parse = |line: &str| -> Option<(String, u32)> {
        let (what, host) = line.rsplit_once(": ")?;
        Some((what.to_owned(), host.parse().ok()?))
    };
    let before: BTreeMap<String, u32> = known.lines().filter_map(parse).collect();
    let mut differences = String::new();
    let all: BTreeSet<&String> = before.keys().chain(lines.keys()).collect();
    let differing: Vec<_> = all.into_iter().filter(|what| before.get(*what) != lines.get(*what)).collect();
    for what in differing.iter().take(MAX_SHOWN) {
        let count_text = |host: Option<&u32>| host.map_or_else(|| "-".to_owned(), u32::to_string);
        writeln!(
            differences,
            "{what}: {} -> {}",
            count_text(before.get(*what)),
            count_text(lines.get(*what))
        )
        .unwrap();
    }
    let sum = |lines: &BTreeMap<String, u32>| lines.values().map(|&host| u64::from(host)).sum::<u64>();
    panic!(
        "host code of {} blocks differs, {} host instructions before, {} now; review it and run \
         `cargo xtask host-code --bless`:\n{differences}",
        differing.len(),
        sum(&before),
        sum(&lines)
    );
}
