//! `cargo xtask asan`: AddressSanitizer over the tests of the crates that have `unsafe`.
//!
//! It sees what our own code does with memory of the host: the tables and queues that the fault
//! handler reaches, the raw pointers of the hooks that compiled code calls, the locks' nodes. Guest
//! memory is mapped, so all of it may be touched as far as the sanitizer knows, and compiled code
//! has no checks in it. A small program shows first that what is wrong is found.

use crate::sanitizers::{self, FOUND, Suite, SuiteArgs};
use anyhow::Result;
use std::ffi::OsStr;
use std::process::Command;

/// The crates with `unsafe`.
const PACKAGES: &[&str] = &["xenia-sync", "xenia-memory", "xenia-jit"];
/// Tests that the sanitizer has no say in, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("a_host_without_mappings_costs_speed_not_stores", "uses up the mappings, the sanitizer's too"),
    (
        "engines_run_on_while_all_code_is_withdrawn_and_its_memory_used_again",
        "wants a hundred runs in a second and a half",
    ),
];

/// Checks that the sanitizer sees what it must, and runs the tests under it.
pub(crate) fn asan(args: &SuiteArgs) -> Result<()> {
    let out = sanitizers::folder("asan")?;
    sanitizers::libraries("asan")?;
    let flags = ["-Zsanitizer=address".to_owned(), "-Cunsafe-allow-abi-mismatch=sanitizer".to_owned()];
    // Memory that is used after it was freed, or beyond its end, or is never freed, is found; right
    // code is left alone.
    let ways = [("freed", FOUND), ("beyond", FOUND), ("leak", FOUND), ("right", 0)];
    sanitizers::check(&out, ("xtask/asan/check.rs".as_ref(), &flags), &ways, |program| {
        Ok(sanitized(program))
    })?;
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

/// A command that the sanitizer runs under: faults are guest memory's own business.
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
