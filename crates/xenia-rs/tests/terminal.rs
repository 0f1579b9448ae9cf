//! Tests of the status line on a terminal: it is shown and erased, and other outputs do not get it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xenia_testing::{Tool, need, without_settings};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xenia-rs");
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/demo.xex");
/// Text that only the status line has.
const STATUS: &str = " % speed, ";

/// Runs the demo for some seconds on a pseudo-terminal; returns the bytes sent to it.
fn on_a_terminal(folder: &Path, seconds: &str, flags: &str) -> String {
    let record: PathBuf = folder.join("typescript");
    let run = format!(
        "'{PROGRAM}' exec '{DEMO}' --headless --gpu none --timeout {seconds} --config /dev/null --code-cache off {flags}"
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &run]).arg(&record).env("TERM", "xterm");
    without_settings(&mut script);
    script.current_dir(folder);
    // Its last line is looked for below.
    script.env_remove("LC_ALL").env_remove("LANGUAGE").env("LC_MESSAGES", "C");
    let status = script.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    let text = std::fs::read_to_string(record).unwrap();
    assert!(status.success(), "{flags}: {text}");
    // The first and the last line come from the program that records.
    let (_, text) = text.split_once('\n').unwrap();
    text.rsplit_once("\nScript done").map_or(text, |(text, _)| text).to_owned()
}

/// The lines on a terminal after these bytes.
fn lines(sent: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut rest = sent.chars();
    while let Some(c) = rest.next() {
        let line = lines.last_mut().unwrap();
        match c {
            '\r' => column = 0,
            '\n' => lines.push(Vec::new()),
            '\x1b' => {
                let mut command = String::new();
                while !command.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    command.push(rest.next().unwrap());
                }
                match command.as_str() {
                    "[2K" => line.fill(' '),
                    // An escape sequence for a colour.
                    colour => assert!(colour.ends_with('m'), "{colour}"),
                }
            }
            c => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    lines.into_iter().map(|line| String::from_iter(line).trim_end().to_owned()).collect()
}

#[test]
fn the_status_line_is_renewed_and_leaves_nothing() {
    if !need(Tool::Terminal) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Longer where the host has no time for the line.
    let is_renewed = ["2.8", "10", "60"].into_iter().any(|seconds| {
        let sent = on_a_terminal(folder.path(), seconds, "");
        let lines = lines(&sent);
        let summary: Vec<_> = lines.iter().filter(|line| line.contains(STATUS)).collect();
        assert!(matches!(&summary[..], [one] if one.starts_with("jit: ")), "{lines:#?}");
        sent.matches(STATUS).count() >= 3
    });
    assert!(is_renewed);
}

#[test]
fn status_line_is_disabled_by_flags_or_redirection() {
    if !need(Tool::Terminal) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for flags in ["--quiet", "--color never", "--log debug", "--json -", "2>said"] {
        let sent = on_a_terminal(folder.path(), "1.3", flags);
        let messages = std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        // The summary, if there is one, contains the text too.
        let summaries = usize::from(flags != "--quiet");
        assert_eq!((sent + &messages).matches(STATUS).count(), summaries, "{flags}");
    }
}
