//! Tests of input files: a named pipe without a writer must not block, and a damaged file must be
//! reported.

use std::path::Path;
use std::process::{Output, Stdio};
use xenia_testing::hermetic;

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/hello.xex");

fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(words).current_dir(folder).env_remove("DISPLAY").stdin(Stdio::null());
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

/// The named pipe has no writer here, so opening it would block forever.
#[cfg(unix)]
#[test]
fn a_named_pipe_is_refused_by_every_reader_of_files() {
    use std::process::Command;
    let dir = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    for words in [
        "exec TITLE --headless --replay pipe",
        "exec TITLE --headless --key-file pipe",
        "exec TITLE --headless --contention-manifest pipe",
        "exec TITLE --headless --sched-order replay:pipe",
        "exec TITLE --headless --record out --contention-manifest pipe",
        "check TITLE --expect pipe",
        "asm pipe",
        "dis pipe --base 0",
        "shader asm pipe",
        "shader dis pipe",
        "diff pipe pipe",
        "trace dump pipe",
        "fuzz --merge pipe",
        "fuzz --blocks 1 --corpus pipe",
        "conformance pipe",
        "sweep plan pipe --out out",
    ] {
        let line = words.replace("TITLE", HELLO);
        let (code, messages) = run(dir.path(), &line.split(' ').collect::<Vec<_>>());
        assert!(code == Some(2) && messages.contains("it is a pipe"), "{words}: {code:?}: {messages}");
    }
    std::fs::create_dir(dir.path().join("cases")).unwrap();
    std::fs::rename(dir.path().join("pipe"), dir.path().join("cases/pipe.s")).unwrap();
    for words in ["conformance cases", "fuzz --blocks 1 --corpus cases"] {
        let (code, messages) = run(dir.path(), &words.split(' ').collect::<Vec<_>>());
        assert!(
            code == Some(2) && messages.contains("is not a regular file"),
            "{words}: {code:?}: {messages}"
        );
    }
}

/// Folders whose path is longer than the host permits can be entered one by one.
#[cfg(unix)]
#[test]
fn a_title_in_a_folder_with_too_long_a_path_is_refused_for_that() {
    let dir = tempfile::tempdir().unwrap();
    let shell = r#"name=$(printf %0200d 0); depth=0
        while [ $depth -lt 25 ]; do mkdir $name && cd -P $name || exit 9; depth=$((depth + 1)); done
        cp "$1" t.xex && exec "$0" exec t.xex --headless --config /dev/null"#;
    let mut command = std::process::Command::new("sh");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_xenia-rs"), HELLO]).env("XENIA_CODE_CACHE", "off");
    let output = command.current_dir(dir.path()).env_remove("DISPLAY").stdin(Stdio::null()).output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{messages}");
    assert!(messages.contains("cannot mount") && messages.contains("name too long"), "{messages}");
}

#[test]
fn a_malformed_case_file_fails_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.s"), "test_a:\n  blr\n  #_ REGISTER_OUTT r3 2\n").unwrap();
    let words = ["conformance", "a.s", "--engine", "interp", "--json", "-"];
    let (code, messages) = run(dir.path(), &words);
    assert!(
        code == Some(1) && messages.contains("FAILED a.s: line 3: unknown annotation"),
        "{code:?}: {messages}"
    );
}

#[test]
fn info_names_the_executable_chosen_in_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(HELLO, dir.path().join("hello.xex")).unwrap();
    let (code, messages) = run(dir.path(), &["info", "."]);
    assert!(
        code == Some(0) && messages.contains("has no default.xex; using hello.xex"),
        "{code:?}: {messages}"
    );
}

#[test]
fn a_damaged_executable_runs_with_a_warning_that_names_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(HELLO).unwrap();
    // The last byte is not part of anything that is run or read.
    *bytes.last_mut().unwrap() ^= 0xFF;
    std::fs::write(dir.path().join("hello.xex"), bytes).unwrap();
    let words = ["exec", "hello.xex", "--headless", "--code-cache", "off"];
    let (code, messages) = run(dir.path(), &words);
    assert_eq!(code, Some(0), "{messages}");
    let damage = "hello.xex is damaged: page run 1 (0x82010000, 65536 bytes) does not match its hash";
    assert_eq!(messages.matches(damage).count(), 1, "{messages}");
    let (_, messages) = run(dir.path(), &["exec", HELLO, "--headless", "--code-cache", "off"]);
    assert!(!messages.contains("damaged"), "{messages}");
}
