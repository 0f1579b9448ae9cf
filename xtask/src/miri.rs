//! `cargo xtask miri`: Miri over the tests of what needs neither mappings of the host nor compiled
//! code.
//!
//! It runs a program by the rules of the language, so it finds what no sanitizer does: reads of
//! memory that nobody has written, references that another one may not stand beside, values that
//! their type does not have, weak orders of atomics that the host's processor never shows.
//! Threads switch where it draws lots for it, and the time is its own. It is an interpreter, so
//! tests that count do so a few times (`cfg!(miri)`). Small programs show first that what is wrong
//! is found.
//!
//! Only a nightly compiler has it, which builds nothing else here: `rustup toolchain install
//! nightly --component miri,rust-src`.

use crate::sanitizers::{self, Suite, SuiteArgs};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// Files and processes are out of reach of the tests, and the locks' queues keep addresses in
/// words.
const FLAGS: &str = "-Zmiri-isolation-error=warn-nobacktrace -Zmiri-permissive-provenance";
/// The crates of whose `unsafe` it can run something.
const PACKAGES: &[&str] = &["xenia-sync", "xenia-memory"];
/// What it says of a program that does what none may.
const FOUND: &str = "error: Undefined Behavior:";
/// Tests that it can't run, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("topology::tests::", "read folders of the host, or ask for the processor"),
    ("numbers_come_back_when_threads_end", THREADS),
    ("nobody_is_passed_over_for_ever", THREADS),
    ("barrier::tests::", "ask the host for barriers"),
    ("host::tests::", "single instructions, in assembly"),
    ("signal_stack::tests::", "maps memory"),
    ("emulate::tests::", LONG),
    ("a_full_queue_says_so", LONG),
    ("no_store_comes_between_a_reservation_and_its_conditional_store", "a hundred thousand rounds"),
    ("every_guest_page_is_among_the_pages_of_its_backing_page", LONG),
    ("room_is_found_as_by_looking_everywhere", LONG),
];
const THREADS: &str = "more threads than it can run in an hour";
const LONG: &str = "safe code, and too much of it";

/// Checks that Miri sees what it must, and runs the tests in it.
pub(crate) fn miri(args: &SuiteArgs) -> Result<()> {
    let out = sanitizers::folder("miri")?;
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

/// A program of the nightly compiler, which knows nothing of the one that runs this.
fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    for variable in ["CARGO", "RUSTC", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    command
}

/// Memory that was freed or never written, a reference that is not alone and a race are found;
/// right code is left alone.
fn check(out: &Path) -> Result<()> {
    let mut setup = nightly("cargo");
    setup.args(["miri", "setup", "--print-sysroot"]).env("CARGO_TARGET_DIR", out);
    let setup = setup.stderr(Stdio::inherit()).output().context("cannot start rustup")?;
    ensure!(
        setup.status.success(),
        "no Miri: `rustup toolchain install nightly --component miri,rust-src` installs it"
    );
    let library = String::from_utf8(setup.stdout)?;
    for (name, found) in [("freed", true), ("unset", true), ("alias", true), ("race", true), ("right", false)]
    {
        let mut program = nightly("miri");
        program.args(["--edition", "2024", "--sysroot", library.trim()]).args(FLAGS.split(' '));
        let output = program.args(["xtask/miri/check.rs", "--", name]).output()?;
        let report = String::from_utf8_lossy(&output.stderr);
        if output.status.success() == found || report.contains(FOUND) != found {
            bail!("{report}\n`{name}` ended with {}", output.status);
        }
    }
    Ok(())
}
