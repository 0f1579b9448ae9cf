//! `cargo xtask tsan`: ThreadSanitizer over the tests of the multi-threaded crates.
//!
//! The standard library is not instrumented ([`sanitizers`]), so `xtask/tsan/std.c` announces its
//! locks to the sanitizer; the linker places it before them. Before the tests, two small programs
//! verify that races are detected, and only races.

use crate::built::work_folder;
use crate::commands::{self, run};
use crate::sanitizers::{self, FOUND, SanitizerArgs, Suite};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "xtask/tsan";
/// The crates whose code several host threads run at once, up to guest code: generated code is not
/// instrumented.
const PACKAGES: &[&str] = &[
    "xenia-sync",
    "xenia-locks",
    "xenia-host",
    "xenia-memory",
    "xenia-sched",
    "xenia-vfs",
    "xenia-objects",
    "xenia-kernel",
    "xenia-exports",
    "xenia-kernel-tests",
];

/// Functions of the standard library that `std.c` wraps: its name for each, and the suffix of the
/// mangled name.
const FUNCTIONS: &[(&str, &str)] = &[
    ("MUTEX_LOCK_CONTENDED", "5mutex5futexNtB2_5Mutex14lock_contended"),
    ("RW_LOCK_READ_CONTENDED", "6rwlock5futexNtB2_6RwLock14read_contended"),
    ("RW_LOCK_WRITE_CONTENDED", "6rwlock5futexNtB2_6RwLock15write_contended"),
    ("CONDVAR_WAIT", "7condvar5futexNtB2_7Condvar4wait"),
    ("CONDVAR_WAIT_TIMEOUT", "7condvar5futexNtB2_7Condvar12wait_timeout"),
    ("BARRIER_WAIT", "7barrierNtB5_7Barrier4wait"),
    ("ONCE_CALL", "4once5futexNtB5_4Once4call"),
    ("SCOPE_THREAD_ENDS", "6scopedNtB2_9ScopeData29decrement_num_running_threads"),
];

/// Functions of the sanitizer that `std.c` wraps: the sanitizer ignores fences.
const FENCES: &[&str] = &["__tsan_atomic64_fetch_sub", "__tsan_atomic_thread_fence"];

/// Tests that cannot run under the sanitizer, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("stores_succeed_without_free_host_mappings", "uses up the address space, the sanitizer's too"),
    ("any_stack_is_undone_or_given_up", ONE_THREAD),
    ("any_timers_do_what_the_model_does", ONE_THREAD),
    ("damaged_stamp_files_keep_intact_lines", ONE_THREAD),
    ("file_operations_agree_with_a_model", ONE_THREAD),
    ("kernel_call_sequences", ONE_THREAD),
    ("memory_calls_agree_with_a_model", ONE_THREAD),
];
const ONE_THREAD: &str = "one thread, and limits of time that the sanitizer is too slow for";

/// Verifies that the sanitizer detects races, and runs the tests under it.
pub(crate) fn tsan(args: &SanitizerArgs) -> Result<()> {
    let out = work_folder("tsan")?;
    let flags = flags(&out)?;
    // A race is reported; correct code is not.
    let source = Path::new(FOLDER).join("check.rs");
    let optimised = [&flags[..], &["-O".to_owned()]].concat();
    sanitizers::check(&out, &source, &optimised, &[("race", FOUND), ("locks", 0)], |program| {
        sanitized(program)
    })?;
    let suite = Suite {
        name: "tsan",
        finds: "a race",
        flags: &flags,
        tests: &["--lib", "--tests"],
        left_out: LEFT_OUT,
        command: &|| sanitized("cargo"),
    };
    suite.run(&out, PACKAGES, args)
}

/// A command with the sanitizer's options.
fn sanitized(program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
    let suppressions = Path::new(FOLDER).join("suppressions.txt").canonicalize()?;
    // Guest memory handles its faults itself, and a report needs a long history of the other
    // thread.
    let options = format!(
        "exitcode={FOUND} history_size=7 handle_segv=0 handle_sigbus=0 handle_abort=0 suppressions={}",
        suppressions.display()
    );
    let mut command = Command::new(program);
    command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_INCREMENTAL", "0").env("TSAN_OPTIONS", options);
    Ok(command)
}

/// The compiler's flags; creates the files that they name.
fn flags(out: &Path) -> Result<Vec<String>> {
    let libraries = sanitizers::libraries("tsan")?;
    let library = sanitizers::find(&libraries, "libstd-", ".so")?
        .with_context(|| format!("no libstd-*.so in {}", libraries.display()))?;
    let mut nm = Command::new("nm");
    nm.args(["--dynamic", "--defined-only", "--format=posix"]).arg(&library);
    let symbols = commands::printed(&mut nm).context("listing symbols by nm (Debian package binutils)")?;
    let object = out.join("std.o");
    let mut compile = Command::new("cc");
    compile.args(["-O1", "-fexceptions", "-c", "-o"]).arg(&object).arg(Path::new(FOLDER).join("std.c"));
    let mut flags = vec![
        "-Zsanitizer=thread".to_owned(),
        "-Cunsafe-allow-abi-mismatch=sanitizer".to_owned(),
        format!("-Clink-arg={}", object.display()),
    ];
    for (name, end) in FUNCTIONS {
        let symbol =
            symbols.lines().filter_map(|line| line.split(' ').next()).find(|name| name.ends_with(end));
        let symbol = symbol.with_context(|| format!("{} has no …{end}", library.display()))?;
        compile.arg(format!("-D{name}={symbol}"));
        flags.push(format!("-Clink-arg=-Wl,--wrap={symbol}"));
    }
    flags.extend(FENCES.iter().map(|name| format!("-Clink-arg=-Wl,--wrap={name}")));
    run(&mut compile)?;
    Ok(flags)
}
