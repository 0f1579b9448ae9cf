//! Damaged files of saved states, loaded by the program: it refuses each, and says in which part.

use std::process::Stdio;
use xenia_testing::{Cases, Dice, hermetic};

/// Number of damaged files in a usual run; `XENIA_DAMAGED_STATES=0..10000` sets others.
const USUAL: u64 = 16;

const TITLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/sync-suite.xex");

/// Runs the title headless; returns the exit code and the messages.
fn exec(words: &[&str]) -> (Option<i32>, String) {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(["exec", TITLE, "--headless", "--guest-log", "off", "-n", "200_000"]).args(words);
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Cuts a file, changes some of its bytes, or adds some.
fn damage(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    match dice.below(4) {
        0 => bytes.truncate(dice.below(whole.len())),
        1 => bytes.resize(whole.len() + 1 + dice.below(100), 7),
        _ => {
            // The header's bytes are few among those of the sections.
            let length = if dice.below(2) == 0 { whole.len().min(2000) } else { whole.len() };
            for _ in 0..=dice.below(3) {
                let at = dice.below(length);
                bytes[at] ^= 1 << dice.below(8);
            }
        }
    }
    bytes
}

#[test]
fn damaged_states_are_refused_with_the_damaged_part() {
    let folder = tempfile::tempdir().unwrap();
    let [good, bad] = ["good", "bad"].map(|name| folder.path().join(name));
    let [good_name, bad_name] = [&good, &bad].map(|path| path.to_str().unwrap());
    let (code, messages) = exec(&["--save-state", &format!("100_000:{good_name}")]);
    assert_eq!(code, Some(0), "{messages}");
    let (code, messages) = exec(&["--load-state", good_name]);
    assert_eq!(code, Some(0), "{messages}");
    let whole = std::fs::read(&good).unwrap();
    Cases::new("XENIA_DAMAGED_STATES", USUAL).each(|seed| {
        let bytes = damage(&whole, &mut Dice(seed));
        if bytes == whole {
            return;
        }
        std::fs::write(&bad, bytes).unwrap();
        let (code, messages) = exec(&["--load-state", bad_name]);
        assert_eq!(code, Some(2), "{messages}");
        let why = messages.split_once(&format!("cannot load {bad_name}: ")).map(|(_, why)| why);
        let parts = ["header", "section", "XRSTATE", "version", "not a saved state"];
        assert!(why.is_some_and(|why| parts.iter().any(|part| why.contains(part))), "{messages}");
    });
}
