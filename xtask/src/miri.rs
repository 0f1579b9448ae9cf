//! `cargo xtask miri`: Miri over the tests that need neither host mappings nor compiled code.
//!
//! Miri interprets a program by the rules of the language, so it finds errors that no sanitizer
//! does: reads of uninitialized memory, references that violate aliasing rules, invalid values of a
//! type, weak orders of atomics that the host's processor never shows. It schedules threads
//! randomly and has a virtual clock. Because it interprets, tests with counted repetitions reduce
//! their counts (`cfg!(miri)`). Before the tests, small programs verify that errors are detected.
//!
//! Only a nightly compiler includes it, which is not used for anything else:
//! `rustup toolchain install nightly --component miri,rust-src`.

use crate::built::work_folder;
use crate::commands;
use crate::sanitizers::{SanitizerArgs, Suite};
use anyhow::{Result, bail, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// Isolated tests cannot access files and processes, and the locks' queues store addresses in
/// integers.
const FLAGS: &str = "-Zmiri-isolation-error=warn-nobacktrace -Zmiri-permissive-provenance";
/// The crates with `unsafe` code that Miri can run in part.
const PACKAGES: &[&str] = &["xenia-sync", "xenia-locks", "xenia-host", "xenia-memory"];
/// Miri's message for undefined behaviour.
const FOUND: &str = "error: Undefined Behavior:";
/// Tests that Miri cannot run, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("topology::tests::", "read folders of the host, or ask for the processor"),
    ("numbers_are_reused_after_threads_end", THREADS),
    ("queue_bounds_overtaking_of_a_waiter", THREADS),
    ("barrier::tests::", "ask the host for barriers"),
    ("host::tests::", "single instructions, in assembly"),
    ("signal_stack::tests::", MAPS),
    ("section::tests::", MAPS),
    ("emulate::tests::", LONG),
    ("a_full_queue_is_reported", LONG),
    ("no_store_comes_between_a_reservation_and_its_conditional_store", "a hundred thousand rounds"),
    ("every_guest_page_is_among_the_pages_of_its_backing_page", LONG),
    ("gaps_find_room_like_an_exhaustive_search", LONG),
];
const MAPS: &str = "maps memory";
const THREADS: &str = "more threads than it can run in an hour";
const LONG: &str = "safe code, and too much of it";

/// Verifies that Miri detects errors, and runs the tests in it.
pub(crate) fn miri(args: &SanitizerArgs) -> Result<()> {
    let out = work_folder("miri")?;
    check(&out)?;
    let suite = Suite {
        name: "miri",
        finds: "undefined behaviour",
        flags: &[],
        tests: &["--lib"],
        left_out: LEFT_OUT,
        command: &|| {
            let mut command = nightly("cargo");
            command.arg("miri").env("MIRIFLAGS", FLAGS);
            Ok(command)
        },
    };
    suite.run(&out, PACKAGES, args)
}

/// A program of the nightly toolchain, independent of the toolchain that runs this task.
fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    for variable in ["CARGO", "RUSTC", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    command
}

/// Use after free, uninitialized reads, aliasing violations and data races are reported; correct
/// code is not.
fn check(out: &Path) -> Result<()> {
    let mut setup = nightly("cargo");
    setup.args(["miri", "setup", "--print-sysroot"]).env("CARGO_TARGET_DIR", out);
    let setup = commands::output(setup.stderr(Stdio::inherit()))?;
    ensure!(
        setup.status.success(),
        "no Miri: `rustup toolchain install nightly --component miri,rust-src` installs it"
    );
    let library = String::from_utf8(setup.stdout)?;
    for (name, found) in [("freed", true), ("unset", true), ("alias", true), ("race", true), ("right", false)]
    {
        let mut program = nightly("miri");
        program.args(["--edition", "2024", "--sysroot", library.trim()]).args(FLAGS.split(' '));
        let output = commands::output(program.args(["xtask/miri/check.rs", "--", name]))?;
        let report = String::from_utf8_lossy(&output.stderr);
        if output.status.success() == found || report.contains(FOUND) != found {
            bail!("{report}\n`{name}` ended with {}", output.status);
        }
    }
    Ok(())
}
