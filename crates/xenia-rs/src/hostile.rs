//! Fuzz test of the text files that the program reads: each damaged file must result in a value, or
//! in an error that names the file.
//!
//! A case is one file: random bytes, or a damaged valid file. `XENIA_TEXT_FILES` selects the cases.

use crate::cli::Cli;
use crate::settings;
use anyhow::{Result, anyhow};
use clap::{Command, CommandFactory, Parser};
use std::ffi::OsString;
use std::path::Path;
use xenia::config::{ExecutorConfig, MachineConfig};
use xenia::golden::Golden;
use xenia::recording::{self, OutsideInput, RecordingHeader, Trouble};
use xenia::{machine, patches, say, title};
use xenia_kernel::ports::Clock;
use xenia_lab::args::DiffArgs;
use xenia_lab::diff;
use xenia_testing::{Cases, Dice};

/// Number of cases in a normal run.
const CASES: u64 = 600;
/// Largest length of an error's text, in bytes.
const MAX_ERROR: usize = 5000;
/// A key that no error may show.
const KEY: &str = "c0ffee0ddf00dfeedfacecafebeef123";

const SETTINGS: &str = r#"# What a user may have.
[exec]
headless = true
frames = 1_20
gpu = "none"
lockstep = false
sched-order = "seeded:5"
quantum = 0xc350
cross-check = "instr"
dump-threads-after = 1.5
cache = '/nowhere/a'
guest-log = "off"

[jit.dump]
pc = 0x8201_0000

[bench]
runs = 9

[title.4D5307D1]
patches = ["60 FPS"]
missing = ["zero", "MmDoubleMapMemory=0x10"]
system-version = "2.0.7371.0"
"#;

const PATCHES: &str = r#"title_name = "A title" # TU1
title_id = "4D5307D1"
hash = ["56209C4732826FCF", "0000000000000001"]

[[patch]]
    name = "60 FPS"
    desc = "Twice as smooth."
    author = "somebody"
    is_enabled = false

    [[patch.be32]]
        address = 0x8250fa48
        value = 0x60000000
    [[patch.f32]]
        address = 0x82a00798
        value = 60
    [[patch.array]]
        address = 0x82a0079c
        value = "0x3133"
    [[patch.u16string]]
        address = 0x82a0079e
        value = "37"
"#;

const CHANGES: &str = r#"
{"at":73125,"ask":12,"user":0,"pad":{"packet":1,"buttons":16,"left_trigger":0,"right_trigger":0,"left_x":0,"left_y":-7,"right_x":0,"right_y":0}}
{"at":99000,"ask":31,"user":0,"pad":null}

{"at":99000,"ask":32,"user":1,"motors":false}
{"at":99500,"ask":40,"user":0,"end":true}
"#;

const MANIFEST: &str = r#"{"tid":1,"peek_idx":0,"object":2181038080,"owner_tid":2}
{"tid":1,"peek_idx":7,"object":2181038080,"owner_tid":2}

{"tid":3,"peek_idx":2,"object":2181038112,"owner_tid":1}
"#;

/// A kind of file: its name, a valid example, and its reader.
struct Kind {
    name: &'static str,
    good: String,
    read: fn(&Reading<'_>) -> Result<()>,
}

/// Inputs of the readers.
struct Reading<'a> {
    path: &'a Path,
    definition: &'a Command,
    header: &'a RecordingHeader,
}

fn read_settings(file: &Reading<'_>) -> Result<()> {
    let mut words = ["xenia-rs", "exec", "t.xex", "--config"].map(OsString::from).to_vec();
    words.push(file.path.into());
    let (words, _) = settings::apply(file.definition, words)?;
    // Settings that were accepted must form a valid command line.
    Cli::try_parse_from(words).map_err(|error| anyhow!("taken, and yet: {error}"))?;
    Ok(())
}

fn read_recording(file: &Reading<'_>) -> Result<()> {
    let (OutsideInput { input: mut replayer, mut dialogs }, _) =
        recording::replay(file.path, file.header, true, Trouble::default())?;
    for now in [0, 1, 73_125, 99_000, 1 << 40, u64::MAX] {
        for user in 0..5 {
            replayer.gamepad(user, now);
            replayer.set_vibration(user, 1, 1, now);
            let _ = dialogs.answer(now);
        }
    }
    Ok(())
}

fn read_golden(file: &Reading<'_>) -> Result<()> {
    let golden = Golden::read(file.path)?;
    assert_eq!(golden.first_difference(&golden.clone()), None);
    Ok(())
}

fn read_keys(file: &Reading<'_>) -> Result<()> {
    title::key_ring(Some(file.path)).map(drop)
}

fn read_manifest(file: &Reading<'_>) -> Result<()> {
    let flag =
        ExecutorConfig { contention_manifest: Some(file.path.to_owned()), ..ExecutorConfig::default() };
    let order = format!("replay:{}", file.path.display());
    let order = ExecutorConfig { sched_order: Some(order), ..ExecutorConfig::default() };
    let [one, other] = [flag, order].map(|config| machine::scheduler_config(&config));
    assert_eq!(one.is_ok(), other.is_ok(), "by either flag");
    one?;
    other.map(drop)
}

fn read_event_log(file: &Reading<'_>) -> Result<()> {
    diff::run(&DiffArgs { a: file.path.to_owned(), b: file.path.to_owned() }).map(drop)
}

fn read_patches(file: &Reading<'_>) -> Result<()> {
    let found = patches::read(file.path);
    let lines = std::fs::read(file.path)?.split(|byte| *byte == b'\n').count();
    assert!(found.file.faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{found:?}");
    for patch in &found.file.patches {
        let is_whole = patch.write_count == patch.writes.len() && !patch.name.is_empty();
        assert!(is_whole || patch.fault.is_some(), "{patch:?}");
    }
    match found.file.faults.first() {
        Some(fault) => Err(anyhow!("{}: {}", found.place(fault.line), fault.reason)),
        None => Ok(()),
    }
}

fn kinds(header: &RecordingHeader) -> Vec<Kind> {
    let recording = serde_json::to_string(header).unwrap() + CHANGES;
    let golden = include_str!("../../../golden/hello_n1k.json").to_owned();
    let keys = format!("# Mine.\nretail = \"{KEY}\"\n[vault]\n0x39 = \"{KEY}\"\n");
    vec![
        Kind { name: "config.toml", good: SETTINGS.to_owned(), read: read_settings },
        Kind { name: "recording.jsonl", good: recording, read: read_recording },
        Kind { name: "golden.json", good: golden, read: read_golden },
        Kind { name: "keys.toml", good: keys, read: read_keys },
        Kind { name: "contention.jsonl", good: MANIFEST.to_owned(), read: read_manifest },
        Kind { name: "4D5307D1.patch.toml", good: PATCHES.to_owned(), read: read_patches },
        Kind { name: "events.jsonl", good: MANIFEST.to_owned(), read: read_event_log },
    ]
}

#[test]
fn text_files_end_in_a_value_or_an_error_that_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let definition = settings::built(Cli::command());
    let header =
        RecordingHeader::new("t.xex", &MachineConfig::default(), Clock::default()).unwrap().with_image("aa");
    let kinds = kinds(&header);
    let mut taken = vec![0; kinds.len()];
    let mut refused = vec![0; kinds.len()];
    let case = |seed: u64| {
        let mut dice = Dice(seed);
        let number = (seed % kinds.len() as u64) as usize;
        let Kind { name, good, read } = &kinds[number];
        let mut bytes = if dice.one_in(16) { dice.bytes(4096) } else { good.clone().into_bytes() };
        let other = kinds[dice.below(kinds.len())].good.as_bytes();
        // The first case of each kind is undamaged.
        if seed >= kinds.len() as u64 {
            dice.damage(&mut bytes, other);
        } else {
            bytes = good.clone().into_bytes();
        }
        let path = dir.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let Err(error) = read(&Reading { path: &path, definition: &definition, header: &header }) else {
            taken[number] += 1;
            return;
        };
        refused[number] += 1;
        let message = say::error_text(&error);
        assert!(message.contains(name), "{message}");
        assert!(message.len() < MAX_ERROR, "{} bytes: {message}", message.len());
        assert!(!message.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{message:?}");
        let shows_key = KEY.as_bytes().windows(8).any(|part| message.contains(str::from_utf8(part).unwrap()));
        assert!(!shows_key || *name != "keys.toml", "{message}");
    };
    let cases = Cases::new("XENIA_TEXT_FILES", CASES);
    let are_usual = cases.are_usual();
    cases.each(case);
    println!("taken {taken:?}, refused {refused:?}");
    if are_usual {
        assert!(taken.iter().chain(&refused).all(|&count| count > 0), "{taken:?} {refused:?}");
    }
}
