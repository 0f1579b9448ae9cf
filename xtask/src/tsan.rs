//! `cargo xtask tsan`: ThreadSanitizer over the tests of the crates that several host threads run in.
//!
//! The compiler that builds everything else has it, but calls it unstable, so RUSTC_BOOTSTRAP=1 is set. The standard library
//! stays as it came, compiled without the sanitizer: its sources need not be there. What that library's locks do is
//! told to the sanitizer by `xtask/tsan/std.c`, which the linker puts before them; two small programs show first that a race
//! is found, and that none is where there is none.

use crate::steps::{run, target_folder};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const FOLDER: &str = "xtask/tsan";
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The crates whose code several host threads run at once. Those before guest code: generated code is not instrumented.
const PACKAGES: &[&str] = &["xenia-sync", "xenia-memory", "xenia-sched", "xenia-kernel"];
/// What a program exits with that the sanitizer found something in.
const FOUND: i32 = 66;

/// Functions of the standard library that `std.c` stands before: its name for each, and how the mangled name ends.
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

/// Functions of the sanitizer's own that `std.c` stands before: it takes no notice of fences.
const FENCES: &[&str] = &["__tsan_atomic64_fetch_sub", "__tsan_atomic_thread_fence"];

/// Tests that the sanitizer has no say in, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("a_host_without_mappings_costs_speed_not_stores", "uses up the address space, the sanitizer's too"),
    ("any_stack_is_undone_or_given_up", ONE_THREAD),
    ("any_timers_do_what_the_model_does", ONE_THREAD),
    ("damaged_files_of_stamps_lose_what_is_damaged", ONE_THREAD),
    ("file_operations_agree_with_a_model", ONE_THREAD),
    ("kernel_call_sequences", ONE_THREAD),
    ("memory_calls_agree_with_a_model", ONE_THREAD),
];
const ONE_THREAD: &str = "one thread, and limits of time that the sanitizer is too slow for";

/// `cargo xtask tsan`.
#[derive(Debug, Args)]
pub(crate) struct TsanArgs {
    /// Only these packages' tests.
    #[arg(long, value_name = "NAME")]
    package: Vec<String>,
    /// Only tests whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Checks that the sanitizer sees what it must, and runs the tests under it.
pub(crate) fn tsan(args: &TsanArgs) -> Result<()> {
    let out = target_folder().join("tsan");
    std::fs::create_dir_all(&out)?;
    let out = out.canonicalize()?;
    let flags = flags(&out)?;
    check(&out, &flags)?;
    for (name, why) in LEFT_OUT {
        println!("left out: {name} ({why})");
    }
    let packages: Vec<&str> = match args.package.as_slice() {
        [] => PACKAGES.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let (mut tests, start) = (0, Instant::now());
    for package in packages {
        let mut command = sanitized("cargo")?;
        command.args([
            "test",
            "--lib",
            "--tests",
            "--no-fail-fast",
            "--target",
            TARGET,
            "--package",
            package,
        ]);
        command.arg("--target-dir").arg(&out);
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        command.arg("--").args(&args.only);
        command.args(LEFT_OUT.iter().flat_map(|(name, _)| ["--skip", name]));
        let output = command.stderr(std::process::Stdio::inherit()).output().context("cannot start cargo")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            println!("{text}");
            bail!("{package}: a race, or a test that fails");
        }
        tests += text.lines().filter_map(passed).sum::<u64>();
    }
    ensure!(tests > 0, "no test was run");
    println!("tsan: {tests} tests, 0 races, {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The number in `test result: ok. 46 passed; 0 failed; …`.
fn passed(line: &str) -> Option<u64> {
    line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok()
}

/// A command that may use the sanitizer and what runs under it.
fn sanitized(program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
    let suppressions = Path::new(FOLDER).join("suppressions.txt").canonicalize()?;
    // Faults are guest memory's own business, and a report needs to know what the other thread did long ago.
    let options = format!(
        "exitcode={FOUND} history_size=7 handle_segv=0 handle_sigbus=0 handle_abort=0 suppressions={}",
        suppressions.display()
    );
    let mut command = Command::new(program);
    command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_INCREMENTAL", "0").env("TSAN_OPTIONS", options);
    Ok(command)
}

/// The compiler's flags; makes what they name.
fn flags(out: &Path) -> Result<Vec<String>> {
    let libraries = libraries()?;
    let file = |start: &str, end: &str| -> Result<Option<PathBuf>> {
        for entry in std::fs::read_dir(&libraries).with_context(|| format!("{}", libraries.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(start) && name.ends_with(end) {
                return Ok(Some(libraries.join(name)));
            }
        }
        Ok(None)
    };
    if file("librustc", "_rt.tsan.a")?.is_none() {
        bail!("this compiler came without ThreadSanitizer for {TARGET}");
    }
    let library =
        file("libstd-", ".so")?.with_context(|| format!("no libstd-*.so in {}", libraries.display()))?;
    let symbols =
        Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(&library).output();
    let symbols = symbols.context("cannot start nm (Debian package binutils)")?;
    let symbols = String::from_utf8_lossy(&symbols.stdout);
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

/// Where the compiler's own libraries are.
fn libraries() -> Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot start rustc")?;
    let sysroot = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    Ok(sysroot.join("lib/rustlib").join(TARGET).join("lib"))
}

/// A race is found, and right code is left alone.
fn check(out: &Path, flags: &[String]) -> Result<()> {
    let program = out.join("check");
    let mut compile = sanitized("rustc")?;
    compile.args(["--edition", "2024", "-O", "-g", "--target", TARGET]).args(flags);
    run(compile.arg(Path::new(FOLDER).join("check.rs")).arg("-o").arg(&program))?;
    for (name, expected) in [("race", FOUND), ("locks", 0)] {
        let output = sanitized(&program)?.arg(name).output()?;
        if output.status.code() != Some(expected) {
            let report = String::from_utf8_lossy(&output.stderr);
            bail!("{report}\n`{name}` ended with {} instead of {expected}", output.status);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_passed_are_counted() {
        assert_eq!(passed("test result: ok. 46 passed; 0 failed; 0 ignored"), Some(46));
        assert_eq!(passed("test result: FAILED. 5 passed; 1 failed"), None);
        assert_eq!(passed("running 46 tests"), None);
    }
}
