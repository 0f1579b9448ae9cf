//! Golden test of host code: templates and units, compared with golden/baseline-code.txt.
//!
//! Tests of behaviour do not notice a template that is missing or longer than necessary, because
//! the interpreter's arm gives the same result. Each line has a guest instruction or a unit, the
//! bytes of its host code, and its disassembly. `XENIA_BLESS_BASELINE_CODE=1` rewrites the file.

use super::*;
use crate::baseline::float_thunks::{FloatGroup, float_thunk};
use crate::baseline::templates::HostFeatures;
use crate::baseline::unit::{Reach, Source};
use crate::config::{JitConfig, JitTesting};
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use std::fmt::Write;
use xenia_cpu::CR_FIELDS;
use xenia_isa::{Flag, Instruction, Syntax, assemble, decode, disassemble};

const BLESS: &str = "XENIA_BLESS_BASELINE_CODE";
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/baseline-code.txt");

/// Two hosts: one with all optional features, and one without any.
const HOSTS: [(&str, HostFeatures); 2] = [
    ("all", HostFeatures { movbe: true, lzcnt: true, bmi: true, fma: true, segment: true }),
    ("none", HostFeatures::NONE),
];

/// Instructions whose operands have special encodings.
const SPECIAL: &str = include_str!("tests/instructions.s");
/// Units, separated by empty lines.
const UNITS: &str = include_str!("tests/units.s");

fn words(text: &str) -> Vec<u32> {
    let bytes = assemble(text, 0).unwrap_or_else(|error| panic!("{text}: {error}")).bytes;
    bytes.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
}

/// The disassembled host code, without the address of the table that `mtcrf` reads.
fn disassembled(code: &[u8]) -> String {
    let mut code = code.to_vec();
    let table = (CR_FIELDS.as_ptr() as u64).to_le_bytes();
    if let Some(at) = code.windows(8).position(|bytes| bytes == table) {
        code[at..at + 8].copy_from_slice(&0x7766_5544_3322_1100_u64.to_le_bytes());
    }
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut text = format!("{:>3} |", code.len());
    for instruction in &mut Decoder::new(64, &code, DecoderOptions::NONE) {
        assert!(!instruction.is_invalid(), "{text}");
        text.push(' ');
        formatter.format(&instruction, &mut text);
        text.push(';');
    }
    text
}

/// The template of a word; `None` if the interpreter's arm runs it.
fn template(word: u32, features: HostFeatures, stores_by_arms: bool) -> Option<String> {
    let op = decode(word).unwrap();
    let options = CodeOptions { features, stores_by_arms, reserves_in_context: !stores_by_arms };
    let mut emitter = Emitter::new(options);
    emitter.templates.emit(op, Instruction(word)).then(|| disassembled(emitter.code()))
}

/// Every row with registers inside and outside of the map and as a record form, then [`SPECIAL`].
fn instructions() -> Vec<u32> {
    let mut all = Vec::new();
    for op in Op::all() {
        let row = op.row();
        let record = u32::from(row.has(Flag::rc));
        let named = [0x0064_3000, 0x018D_7000, 0x0064_3000 | record].map(|bits| row.bits | bits & !row.mask);
        let count = 2 + record as usize;
        all.extend(named[..count].iter().filter(|&&word| decode(word) == Some(op)));
    }
    all.extend(words(SPECIAL));
    all
}

struct Words(Vec<u32>);

impl Source for Words {
    fn fetch(&mut self, pc: u32) -> Option<u32> {
        self.0.get(pc as usize / 4).copied()
    }

    fn is_elsewhere(&self, _: u32) -> bool {
        false
    }
}

/// A unit and its code.
fn emitted(text: &str) -> (Discovery, Emitter) {
    let mut discovery = Discovery::new();
    assert!(discovery.find(0, Reach::FUNCTION, &mut Words(words(text))));
    let options = CodeOptions { features: HOSTS[0].1, stores_by_arms: false, reserves_in_context: true };
    let mut emitter = Emitter::new(options);
    emitter.emit(&discovery, &mut |_| Ok(0)).unwrap();
    (discovery, emitter)
}

/// A unit's host code and its counters.
fn unit(text: &str) -> String {
    let (_, emitter) = emitted(text);
    let Emitter { arms, floats, links, entries, thunk_calls, .. } = &emitter;
    let sites = &emitter.sites.bytes;
    let links: Vec<_> = links.iter().map(|link| (link.field, link.exit, link.target, link.is_call)).collect();
    let entries: Vec<_> = entries.iter().map(|entry| (entry.pc, entry.offset)).collect();
    let calls: Vec<_> = thunk_calls.iter().map(|call| call.field).collect();
    format!(
        "{}\n  {arms} arms, {floats} floats, entries {entries:?}, links {links:?}, calls {calls:?}, sites {sites:?}",
        disassembled(emitter.code()).replace("; ", ";\n      ")
    )
}

fn listing() -> String {
    let mut out = String::new();
    for word in instructions() {
        let text = disassemble(word, 0, Syntax::default());
        let mut last = None;
        for (host, features) in HOSTS {
            let code = template(word, features, false);
            if let Some(code) = &code
                && last.as_ref() != Some(code)
            {
                let _ = writeln!(out, "{text:<32} {host:<4} {code}");
            }
            if last.is_some() && code.is_none() {
                let _ = writeln!(out, "{text:<32} {host:<4} the interpreter's");
            }
            last = code;
        }
    }
    for text in UNITS.split("\n\n") {
        let _ = writeln!(out, "\n{}\n{}", text.trim_end(), unit(text));
    }
    for (group, thunk) in float_groups().filter_map(|group| Some((group, float_thunk(group)?))) {
        let FloatGroup { first, second, stores } = group;
        let rows = [Some(first), second].into_iter().flatten().map(|op| op.row().mnemonic);
        let rows = rows.collect::<Vec<_>>().join(", ");
        let code = disassembled(&thunk.code).replace("; ", ";\n      ");
        let calls = thunk.calls;
        let _ = writeln!(out, "\nthunk of {rows}; stores: {stores}\n{code}\n  calls {calls:?}");
    }
    out
}

/// Each row alone, each as a store's, and pairs that record different results.
fn float_groups() -> impl Iterator<Item = FloatGroup> {
    let alone = Op::all().map(FloatGroup::of);
    let stored =
        [Op::faddx, Op::fmulsx, Op::fnmsubsx].map(|op| FloatGroup { stores: true, ..FloatGroup::of(op) });
    let pairs = [(Op::fmulsx, Op::faddsx), (Op::fsubx, Op::fcmpu), (Op::fselx, Op::fdivx)];
    let pairs = pairs.map(|(first, second)| FloatGroup { first, second: Some(second), stores: false });
    alone.chain(stored).chain(pairs)
}

#[test]
fn host_code_is_that_of_the_golden_file() {
    let actual = listing();
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(GOLDEN, &actual).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for (line, (expected, actual)) in golden.lines().zip(actual.lines()).enumerate() {
        assert_eq!(actual, expected, "line {} of {GOLDEN}; {BLESS}=1 writes it", line + 1);
    }
    assert_eq!(actual.lines().count(), golden.lines().count());
}

/// Under strict reservations, arms make all stores, and no loads but those that reserve.
#[test]
fn strict_reservations_store_through_interpreter_arms() {
    let mut stores = 0;
    for word in instructions() {
        let inline = template(word, HOSTS[0].1, false);
        let by_arms = template(word, HOSTS[0].1, true);
        let row = decode(word).unwrap().row();
        let reserves = matches!(row.op, Op::lwarx | Op::ldarx);
        if reserves || row.has(Flag::mem) && row.mnemonic.starts_with("st") {
            assert_eq!(by_arms, None, "{}", row.mnemonic);
            stores += u32::from(inline.is_some());
        } else {
            assert_eq!(by_arms, inline, "{}", row.mnemonic);
        }
    }
    assert!(stores > 60, "{stores}");
}

/// A record form of floating point copies FPSCR to CR1, which only arms do.
#[test]
fn record_forms_of_floating_point_are_the_interpreters() {
    for op in Op::all().filter(|op| op.row().family == xenia_isa::Family::Float && op.row().has(Flag::rc)) {
        assert_eq!(template(op.row().bits | 1, HOSTS[0].1, false), None, "{}", op.row().mnemonic);
    }
}

/// A block that charges nothing, and to which no branch leads, begins with the flags of the last.
#[test]
fn a_compare_serves_the_branches_of_several_blocks() {
    // test r15, r15
    let tests =
        |text: &str| emitted(text).1.code().windows(3).filter(|code| *code == [0x4D, 0x85, 0xFF]).count();
    let ends =
        "addi r4,r4,1\n blr\nx: addi r5,r5,1\n addi r6,r6,1\n addi r7,r7,1\n blr\ny: addi r5,r5,1\n blr";
    assert_eq!(tests(&format!("cmpwi r3,5\n beq x\n bgt y\n {ends}")), 0);
    // The second branch is a target, and the first one leaves other flags.
    assert_eq!(tests(&format!("cmpwi r3,5\n beq second\n cmpwi cr1,r4,7\nsecond: bgt y\n {ends}")), 1);
    assert_eq!(tests(&format!("cmpwi r3,5\n bdnzf eq,x\n bgt y\n {ends}")), 1);
}

/// All jumps of a unit load from one table, whose cases may lie far apart.
#[test]
fn jumps_to_cases_share_a_table() {
    const LAST: usize = 1106;
    let text = [
        "cmplwi r3,1\n bgt end\n bne cr1,second\n bctr\n second: bctr\n",
        &"addi r3,r3,1\n".repeat(LAST - 6),
        "b end\n li r4,1\n b end\n end: blr\n",
    ];
    let (discovery, emitter) = emitted(&text.concat());
    let table = emitter.table.unwrap();
    assert_eq!((table.first, table.last), (5, LAST));
    let code = emitter.code();
    let load = [&[0x0F, 0xB7, 0x8C, 0x08][..], &(table.at as u32).to_le_bytes()].concat();
    assert_eq!(code.windows(load.len()).filter(|&bytes| bytes == load).count(), 2);
    let halves = code[table.at..].chunks_exact(2).map(|half| u16::from_le_bytes([half[0], half[1]]));
    for (index, half) in (table.first..=table.last).zip(halves) {
        let block = discovery.block_at(4 * index as u32).filter(|_| matches!(index, 5 | LAST));
        let expected = block.map_or(table.other, |block| Some(emitter.labels[block] as usize));
        assert_eq!(Some(usize::from(half)), expected, "word {index}");
    }
}

#[test]
fn code_beyond_the_reach_of_halfwords_has_no_table() {
    let text = [
        "cmplwi r3,1\n bgt end\n bctr\n",
        &"adde r12,r13,r14\n".repeat(1500),
        "b end\n li r4,1\n b end\n end: blr\n",
    ];
    let (_, emitter) = emitted(&text.concat());
    assert!(emitter.table.is_none() && emitter.code().len() > 1 << 16);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn features_are_the_hosts_unless_disabled() {
    let features = |portable_code| {
        let testing = JitTesting { portable_code, ..JitTesting::default() };
        CodeOptions::of(&JitConfig { testing, ..JitConfig::default() }).features
    };
    let has = features(false);
    let none = features(true);
    assert_eq!([none.movbe, none.lzcnt, none.bmi, none.fma, none.segment], [false; 5]);
    assert_eq!(has.movbe, std::arch::is_x86_feature_detected!("movbe"));
    assert_eq!(has.lzcnt, std::arch::is_x86_feature_detected!("lzcnt"));
    let has_both = std::arch::is_x86_feature_detected!("bmi1") && std::arch::is_x86_feature_detected!("bmi2");
    assert_eq!(has.bmi, has_both);
}
