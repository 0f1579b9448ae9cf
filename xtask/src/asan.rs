//! `cargo xtask asan`: AddressSanitizer over the tests of the crates that have `unsafe`.
//!
//! It checks our code's accesses to host memory: the tables and queues that the fault handler
//! reads, the raw pointers of the hooks that compiled code calls, the locks' nodes. Guest memory is
//! mapped, so the sanitizer allows any access to it, and compiled code has no checks. Before the
//! tests, a small program verifies that errors are detected.

use crate::built::work_folder;
use crate::sanitizers::{self, FOUND, SanitizerArgs, Suite};
use anyhow::Result;
use std::ffi::OsStr;
use std::process::Command;

/// The crates with `unsafe`.
const PACKAGES: &[&str] = &["xenia-sync", "xenia-locks", "xenia-host", "xenia-memory", "xenia-jit"];
/// Tests that cannot run under the sanitizer, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("stores_succeed_without_free_host_mappings", "uses up the mappings, the sanitizer's too"),
    (
        "engines_run_on_while_all_code_is_withdrawn_and_its_memory_used_again",
        "needs a hundred runs in two minutes",
    ),
];

/// Verifies that the sanitizer detects errors, and runs the tests under it.
pub(crate) fn asan(args: &SanitizerArgs) -> Result<()> {
    let out = work_folder("asan")?;
    sanitizers::libraries("asan")?;
    let flags = ["-Zsanitizer=address".to_owned(), "-Cunsafe-allow-abi-mismatch=sanitizer".to_owned()];
    // Use after free, out-of-bounds accesses and leaks are reported; correct code is not.
    let ways = [("freed", FOUND), ("beyond", FOUND), ("leak", FOUND), ("right", 0)];
    sanitizers::check(&out, "xtask/asan/check.rs".as_ref(), &flags, &ways, |program| Ok(sanitized(program)))?;
    let suite = Suite {
        name: "asan",
        finds: "memory used wrongly",
        flags: &flags,
        tests: &["--lib", "--tests"],
        left_out: LEFT_OUT,
        command: &|| Ok(sanitized("cargo")),
    };
    suite.run(&out, PACKAGES, args)
}

/// A command for running under the sanitizer: guest memory handles its faults itself.
fn sanitized(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env(
        "ASAN_OPTIONS",
        format!(
            "exitcode={FOUND}:handle_segv=0:handle_sigbus=0:handle_abort=0:detect_stack_use_after_return=1"
        ),
    );
    command
}
