//! Tests of libraries that a title imports from: guest/linked counts the faults that it finds.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use xenia_testing::hermetic;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/linked").join(name)
}

fn exec(title: &Path, flags: &[&str]) -> Output {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.arg("exec").arg(title).args(["--headless", "--gpu", "none", "--fresh"]);
    command.args(flags).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn libraries_are_loaded_on_every_engine_before_the_title_starts() {
    for flags in
        [&["--jit"][..], &["--interp"], &["--cross-check"], &["--parallel"], &["--parallel", "--interp"]]
    {
        let output = exec(&file("linked.xex"), flags);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && messages.contains("guest: 0 faults"), "{flags:?}: {messages}");
    }
}

#[test]
fn libraries_are_loaded_from_a_disc_image() {
    let folder = tempfile::tempdir().unwrap();
    let contents = folder.path().join("contents");
    let disc = folder.path().join("disc.iso");
    std::fs::create_dir(&contents).unwrap();
    for (name, on_disc) in
        [("linked.xex", "default.xex"), ("engine.xex", "Engine.xex"), ("maths.xex", "maths.xex")]
    {
        std::fs::copy(file(name), contents.join(on_disc)).unwrap();
    }
    let mut make = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    let made = make.arg("make-iso").arg(&contents).arg(&disc).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let output = exec(&disc, &[]);
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && messages.contains("guest: 0 faults"), "{messages}");
}

#[test]
fn one_that_is_missing_is_named_and_the_title_does_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let title = folder.path().join("default.xex");
    std::fs::copy(file("linked.xex"), &title).unwrap();
    std::fs::copy(file("engine.xex"), folder.path().join("engine.xex")).unwrap();
    let output = exec(&title, &[]);
    assert_eq!(output.status.code(), Some(2));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(messages.contains("engine.xex imports from maths.xex, which can't be loaded"), "{messages}");
    assert!(!messages.contains("faults"), "{messages}");
}
