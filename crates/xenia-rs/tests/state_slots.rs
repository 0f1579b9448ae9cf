//! States in the slots of a title, which a window saves and a flag loads.

use std::path::Path;
use std::process::Stdio;
use xenia_testing::hermetic;

/// Number of instructions at the state, and at the end of the run.
const COUNTS: [&str; 2] = ["100_000", "200_000"];

/// Runs a title headless with this data folder; returns the exit code and the messages.
fn exec(data: &Path, words: &[&str]) -> (Option<i32>, String) {
    let title = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/sync-suite.xex");
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(["exec", title, "--headless", "--guest-log", "off", "-n", COUNTS[1]]).args(words);
    let output = command.env("XDG_DATA_HOME", data).stdin(Stdio::null()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The line with the digest of a run.
fn digest(messages: &str) -> &str {
    messages.lines().find(|line| line.starts_with("digest ")).unwrap_or_else(|| panic!("{messages}"))
}

#[test]
fn a_slot_is_loaded_by_its_number() {
    let data = tempfile::tempdir().unwrap();
    let (code, messages) = exec(data.path(), &["--load-slot", "3"]);
    assert_eq!(code, Some(2), "{messages}");
    let folder = messages.split_once("slot 3 is empty: the title has no state in ").map(|(_, folder)| folder);
    let folder = Path::new(folder.unwrap_or_else(|| panic!("{messages}")).trim_end());
    assert!(folder.starts_with(data.path()), "{messages}");
    std::fs::create_dir_all(folder).unwrap();
    let slot = folder.join("slot-3.state");
    let (code, whole) = exec(data.path(), &["--save-state", &format!("{}:{}", COUNTS[0], slot.display())]);
    assert_eq!(code, Some(0), "{whole}");
    let (code, messages) = exec(data.path(), &["--load-slot", "3"]);
    assert_eq!((code, digest(&messages)), (Some(0), digest(&whole)), "{messages}");
    let (code, messages) = exec(data.path(), &["--load-slot", "10"]);
    assert!(
        code == Some(2) && messages.contains("slot 10 is empty: the title has states in 3"),
        "{messages}"
    );
    std::fs::write(&slot, b"no state").unwrap();
    let (code, messages) = exec(data.path(), &["--load-slot", "3"]);
    assert!(code == Some(2) && messages.contains(&format!("cannot load {}", slot.display())), "{messages}");
    for words in
        [&["--load-slot", "0"][..], &["--load-slot", "11"], &["--load-slot", "3", "--load-state", "a"]]
    {
        assert_eq!(exec(data.path(), words).0, Some(2), "{words:?}");
    }
}
