//! Tests the command line's contract: flags, JSON keys and exit codes that scripts rely on. Lines
//! may be added here, but never removed or changed.

use crate::cli::Cli;
use clap::{CommandFactory, Parser};
use serde_json::Value;
use std::path::Path;
use xenia_cli::Code;

/// Commands and their flags.
const FLAGS: &[(&str, &[&str])] = &[
    (
        "exec",
        &[
            "interp",
            "jit",
            "cross-check",
            "lockstep",
            "parallel",
            "gpu-inline",
            "gpu",
            "reservations-table",
            "halt-on-deadlock",
            "headless",
            "frames",
            "instructions",
            "dump-frames",
            "record",
            "replay",
            "event-log",
            "json",
            "sched-order",
            "quantum",
            "contention-manifest",
            "record-contention",
            "barrier",
            "clock",
            "precise-faults",
            "async-pipelines",
            "queries",
            "anisotropy",
            "internal-resolution",
            "adapter",
            "cache",
            "code-cache",
            "precompile",
            "dump-threads-after",
            "tier",
            "key-file",
            "timeout",
            "guest-log",
            "last-frame",
            "folder",
            "audio",
            "speakers",
            "volume",
            "mute",
            "network",
            "patches",
            "patch-folder",
            "missing",
            "system-version",
            "language",
            "country",
            "pause-unfocused",
            "background-input",
            "screen-saver",
            "batch",
            "antialiasing",
            "sharpness",
            "brightness",
            "gamma",
            "aspect-ratio",
            "overscan",
            "theme",
            "low-latency",
            "guest-exit-code",
            "region",
            "null-page",
            "video-mode",
            "widescreen",
            "trace-calls",
            "trace-calls-to",
            "profile",
            "profile-rate",
            "save-state",
            "load-state",
            "load-slot",
            "resume",
            "rewind",
            "rewind-memory",
            "symbols",
            "user",
        ],
    ),
    (
        "check",
        &[
            "instructions",
            "frames",
            "expect",
            "bless",
            "interp",
            "jit",
            "cross-check",
            "gpu-inline",
            "json",
            "relay",
            "keep-states",
            "states",
            "piece",
        ],
    ),
    ("info", &["json", "key-file"]),
    ("patches", &["check", "patches", "patch-folder", "json", "key-file"]),
    ("ls", &["json"]),
    ("extract", &[]),
    ("make-iso", &[]),
    ("content", &[]),
    ("make-stfs", &["name", "title-id", "kind", "signer", "thumbnail"]),
    ("verify", &["json", "key-file"]),
    ("exports", &["json"]),
    ("dis", &["start", "count", "base"]),
    ("asm", &["output", "base"]),
    ("pack", &["output"]),
    ("conformance", &["engine", "tier", "filter", "json"]),
    ("fuzz", &["blocks", "seed", "oracle", "scenes", "scene", "family", "shrink", "out", "json"]),
    (
        "bench",
        &[
            "peers",
            "programs",
            "much-code",
            "keep",
            "runs",
            "json",
            "plot",
            "filter",
            "tier",
            "interp",
            "parallel",
            "lockstep",
        ],
    ),
    ("scale", &["workers", "runs", "json", "plot", "logs", "lockstep"]),
    ("precompile", &["lockstep", "code-cache", "threads", "timeout", "json"]),
    ("debug", &["script", "screen", "gpu", "instructions", "replay", "load-state", "symbols", "timeout"]),
    ("diff", &[]),
    ("sweep", &[]),
    ("config", &["paths", "show"]),
    ("library", &["folder", "json", "rescan", "key-file", "sort", "view"]),
    ("pipelines", &[]),
];

/// Command lines that write JSON to OUT, and the keys that the JSON must have; `a.b` is a nested
/// key, `a[].b` a key of a list's first element.
const KEYS: &[(&[&str], &[&str])] = &[
    (
        &["exec", "HELLO", "--headless", "--code-cache", "off", "-n", "1_000", "--json", "OUT"],
        &[
            "engine",
            "mode",
            "instructions",
            "guest_ticks",
            "frames",
            "swaps",
            "digest",
            "exit",
            "exit_code",
            "image_loaded_sha256",
            "digest_parts",
            "unimplemented_calls",
            "scheduler.spawn_ok",
            "scheduler.spawn_rejected",
            "scheduler.switches",
            "scheduler.migrations",
            "scheduler.wakes",
            "scheduler.deadlock_recoveries",
            "scheduler.deadlock_halts",
            "scheduler.lock_takes",
            "scheduler.lock_waits",
            "jit.functions",
            "jit.loops",
            "jit.compiled_guest_instructions",
            "jit.recompiled_guest_instructions",
            "jit.compile_ns",
            "jit.compile_wait_ns",
            "jit.compiled_ahead",
            "jit.ahead_ns",
            "jit.fallback_instructions",
            "jit.helper_calls",
            "jit.invalidations",
            "jit.cache_hits",
            "code_bytes",
            "code_cache",
            "cross_check.units",
            "cross_check.instructions",
            "cross_check.differences",
            "memory.writes_total",
            "memory.watch_faults",
            "memory.device_faults",
            "memory.page_version_bumps",
            "peak_resident_bytes",
            "wall_seconds",
            "mips",
            "schema",
            "program",
            "title.name",
            "title.id",
            "interrupted_by",
            "crash",
            "missing_files",
            "stuck_locks",
            "gpu.backend",
            "gpu.adapter",
        ],
    ),
    (
        &["conformance", "CASES", "--engine", "interp", "--json", "OUT"],
        &["cases", "passed", "failed", "uncovered"],
    ),
    (
        &["fuzz", "--blocks", "50", "--seed", "1", "--json", "OUT"],
        &[
            "blocks",
            "instructions",
            "mean_block_length",
            "runs",
            "rows_below_1000",
            "mismatches",
            "by_instruction",
            "wall_seconds",
        ],
    ),
    (
        &["bench", "--runs", "1", "--filter", "fib", "--json", "OUT"],
        &[
            "host",
            "runs",
            "kernels[].name",
            "kernels[].native_s",
            "kernels[].qemu_s",
            "kernels[].interp_s.min",
            "kernels[].function_s.median",
            "kernels[].auto_s.max",
            "kernels[].guest_instructions",
            "kernels[].checksum_ok",
            "geomean_auto_over_native",
            "geomean_qemu_over_native",
        ],
    ),
    (
        &["exports", "--json", "OUT"],
        &[
            "xboxkrnl.done",
            "xboxkrnl.partial",
            "xboxkrnl.stub",
            "xboxkrnl.missing",
            "xboxkrnl.total",
            "xam.total",
            "rows[].library",
            "rows[].ordinal",
            "rows[].name",
            "rows[].status",
            "rows[].area",
        ],
    ),
    (
        &["info", "HELLO", "--json", "OUT"],
        &[
            "format",
            "title_id",
            "name",
            "entry",
            "image_base",
            "imports[].library",
            "imports[].ordinal",
            "imports[].name",
            "imports[].status",
            "digests[].what",
            "digests[].ok",
        ],
    ),
    (
        &["patches", "--check", "PATCHES", "--json", "OUT"],
        &["files", "patches", "writes", "faults", "schema", "program"],
    ),
    (
        &["patches", "HELLO", "--patch-folder", "PATCHES", "--json", "OUT"],
        &["title_id", "hash", "folder", "patches"],
    ),
    (
        &["verify", "HELLO", "--json", "OUT"],
        &["format", "ok", "checked", "faults", "more", "schema", "program"],
    ),
    (
        &["pipelines", "list", "--cache", "PATCHES", "--json", "OUT"],
        &["folder", "stores", "schema", "program"],
    ),
];

fn run(words: &[&str]) -> anyhow::Result<u8> {
    crate::run(Cli::try_parse_from(std::iter::once(&"xenia-rs").chain(words))?)
}

fn has(value: &Value, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let found = match first.strip_suffix("[]") {
        Some(list) => value.get(list).and_then(|list| list.get(0)),
        None => value.get(first),
    };
    match (found, rest) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(found), Some(rest)) => has(found, rest),
    }
}

#[test]
fn commands_have_the_flags_of_the_contract() {
    let definition = Cli::command();
    for (command, flags) in FLAGS {
        let found = definition.find_subcommand(command).unwrap_or_else(|| panic!("no command {command}"));
        for flag in *flags {
            assert!(
                found.get_arguments().any(|arg| arg.get_long() == Some(flag)),
                "{command} has no --{flag}"
            );
        }
    }
    let exec = definition.find_subcommand("exec").unwrap();
    for flag in exec.get_arguments() {
        let id = flag.get_id();
        assert!(definition.get_arguments().any(|arg| arg.get_id() == id), "--{id} needs the word exec");
    }
}

#[test]
fn tiers_of_the_contract_are_accepted() {
    for tier in ["interp", "function", "loop", "auto", "baseline"] {
        let parsed = Cli::try_parse_from(["xenia-rs", "exec", "t.xex", "--tier", tier]);
        assert!(parsed.is_ok(), "{tier}");
    }
}

#[test]
fn reports_have_the_keys_of_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("hello.xex"), include_bytes!("../../../guest/bin/hello.xex")).unwrap();
    let case = "test_one:\n  #_ REGISTER_IN r4 1\n  addi r3, r4, 1\n  blr\n  #_ REGISTER_OUT r3 2\n";
    std::fs::write(at("case.s"), case).unwrap();
    std::fs::create_dir(at("patches")).unwrap();
    let patches = "title_name = 'T'\ntitle_id = '4D5307D1'\nhash = '56209C4732826FCF'\npatch = []\n";
    std::fs::write(at("patches/4D5307D1 - T.patch.toml"), patches).unwrap();
    for (index, (words, keys)) in KEYS.iter().enumerate() {
        let out = at(&format!("{index}.json"));
        let words: Vec<String> = words
            .iter()
            .map(|word| match *word {
                "HELLO" => at("hello.xex"),
                "CASES" => at("case.s"),
                "PATCHES" => at("patches"),
                "OUT" => out.clone(),
                word => word.to_owned(),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(run(&words).unwrap(), Code::Done.number(), "{words:?}");
        let json: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
        for key in *keys {
            assert!(has(&json, key), "{} writes no {key}", words[0]);
        }
    }
}

#[test]
fn exit_codes_are_stable() {
    assert_eq!(
        [Code::Done, Code::Mismatch, Code::Unusable, Code::Crashed, Code::Deadlocked].map(|code| code as u8),
        [0, 1, 2, 3, 4]
    );
    assert_eq!([Code::Internal, Code::Unfinished].map(|code| code as u8), [70, 75]);
    assert!(run(&["exec", "/nowhere/title.xex", "--headless"]).is_err(), "main makes 2 of an error");
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let elf = |source: &str| {
        let code = xenia_isa::assemble(source, BASE).unwrap().bytes;
        std::fs::write(at("t.elf"), flat_elf(&code)).unwrap();
        run(&["exec", &at("t.elf"), "--headless", "--code-cache", "off", "--json", &at("out.json")]).unwrap()
    };
    assert_eq!(elf("li 3, 42\nblr\n"), Code::Done.number());
    let report: Value = serde_json::from_str(&std::fs::read_to_string(at("out.json")).unwrap()).unwrap();
    assert_eq!((&report["exit"], &report["exit_code"]), (&"exit".into(), &42.into()));
    assert_eq!(elf(".long 0\n"), Code::Crashed.number());
    let report: Value = serde_json::from_str(&std::fs::read_to_string(at("out.json")).unwrap()).unwrap();
    assert_eq!(report["exit"], "crash");
    assert!(Path::new(&at("out.json")).is_file());
}

#[test]
fn a_programs_text_is_written_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let put = |offset: u32, length: u32| {
        let [high, low] = [length >> 16, length & 0xFFFF];
        format!("lis 3, {}\nori 3, 3, {offset}\nlis 4, {high}\nori 4, 4, {low}\nli 0, 0\nsc\n", BASE >> 16)
    };
    // A character in two parts, with a byte that is not of UTF-8, and a long text.
    let parts = [put(0x100, 1), put(0x101, 2), put(0x103, 0x18_0000)].concat();
    let source = format!("{parts}li 3, 0\nblr\n");
    let mut code = xenia_isa::assemble(&source, BASE).unwrap().bytes;
    code.resize(0x100, 0);
    let text = [b"\xC3\xA9\xFF".to_vec(), vec![b'x'; 0x18_0000]].concat();
    code.extend(&text);
    std::fs::write(at("t.elf"), flat_elf(&code)).unwrap();
    let code = run(&["exec", &at("t.elf"), "--headless", "--code-cache", "off", "--guest-log", &at("text")]);
    assert_eq!(code.unwrap(), Code::Done.number());
    assert!(std::fs::read(at("text")).unwrap() == text);
}

/// Address of the code of [`flat_elf`].
const BASE: u32 = 0x8201_0000;

/// Builds a 32-bit big-endian PowerPC executable with this code at [`BASE`].
fn flat_elf(code: &[u8]) -> Vec<u8> {
    let mut file = vec![0x7F, b'E', b'L', b'F', 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    // Executable, PowerPC, version 1; entry, program headers at 52, no sections.
    file.extend([0, 2, 0, 20, 0, 0, 0, 1]);
    for word in [BASE, 52, 0, 0] {
        file.extend(word.to_be_bytes());
    }
    for half in [52_u16, 32, 1, 40, 0, 0] {
        file.extend(half.to_be_bytes());
    }
    // One segment, loaded from offset 0x1000 and executable.
    let size = code.len() as u32;
    for word in [1, 0x1000, BASE, BASE, size, size, 5, 0x1000] {
        file.extend(word.to_be_bytes());
    }
    file.resize(0x1000, 0);
    file.extend(code);
    file
}
