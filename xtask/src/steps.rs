//! The steps of `cargo xtask test` and related tasks.

use crate::{
    apt, cases, csmith, docs, faults, gpu_suite, not_run, programs, races, real_programs, supply_chain,
    sync_suite, tidy,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use xenia_testing::{TITLES, Tool, hermetic};

/// The compiler wrapper for our crates.
pub(crate) const WRAPPER: &str = "xtask/lint-rustc";
/// Folder of golden cases.
const GOLDEN: &str = "golden";
/// Folder of the fuzzer's seed corpus.
const CORPUS: &str = "jit-tests/corpus";
/// Number of initial states for each of CI's random sequences.
const FUZZ_STATES: &str = "8";
/// Time for which CI compares random sequences on both engines, and both with qemu, in seconds.
const FUZZ_SECONDS: &str = "60";
const ORACLE_SECONDS: &str = "15";

/// Arguments of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run only the steps whose name contains this text.
    #[arg(long)]
    only: Option<String>,
}

/// Arguments of `cargo xtask guests`.
#[derive(Debug, Args)]
pub(crate) struct GuestsArgs {
    /// Replace the checked-in binaries with the built ones.
    #[arg(long)]
    bless: bool,
}

/// Arguments of `cargo xtask host-code`.
#[derive(Debug, Args)]
pub(crate) struct HostCodeArgs {
    /// Write the code that is compiled now.
    #[arg(long)]
    bless: bool,
    /// Instead, compare the AArch64 code with golden/host-code-aarch64.txt. Builds Cranelift a
    /// second time.
    #[arg(long)]
    aarch64: bool,
}

/// Parser of an output path: rejects a dash, which is standard output elsewhere and would be a
/// file's name here.
pub(crate) fn output() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path == Path::new("-") { Err("standard output is /dev/stdout here") } else { Ok(path) }
    })
}

type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("tidy", tidy::run),
    ("supply chain", supply_chain::check),
    // Building everything at once gives dependencies the same features, so they are built once.
    ("build and lints", || cargo(&["build", "--workspace", "--all-targets", "--quiet"])),
    ("unit tests", unit_tests),
    ("lock models", lock_models),
    ("doc tests", || cargo(&["test", "--workspace", "--doc", "--quiet"])),
    ("docs", || docs::run(&docs::DocsArgs::default())),
    ("cases", || cases::check(&cases::CasesArgs::default())),
    ("conformance", || xenia(&["conformance", "jit-tests", "--engine", "both"])),
    ("fuzz", || xenia(&["fuzz", "--corpus", CORPUS, "--states", FUZZ_STATES, "--seconds", FUZZ_SECONDS])),
    ("fuzz of the baseline", || {
        xenia(&["fuzz", "--tier", "baseline", "--states", FUZZ_STATES, "--blocks", "1000"])
    }),
    ("fuzz with qemu", fuzz_with_qemu),
    ("guests", || guests(&GuestsArgs { bless: false })),
    ("golden", || golden(false)),
    ("gpu suite", || gpu_suite::suite(&gpu_suite::SuiteArgs::default())),
    ("sync suite", sync_suite::short),
    ("console suite", sync_suite::console_short),
    ("races", races::short),
    ("faults", faults::small_set),
    ("csmith", csmith::small_set),
    ("programs", programs::small_set),
    ("real programs", real_programs::small_set),
];

/// Runs every step; stops at the first failure.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    apt::provide()?;
    not_run::forget()?;
    let mut passed = 0;
    for (name, step) in STEPS {
        if args.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        println!("== {name}");
        let start = Instant::now();
        step().with_context(|| format!("step `{name}` failed"))?;
        println!("== {name}: passed in {:.0} s", start.elapsed().as_secs_f64());
        passed += 1;
    }
    println!("steps: {passed} passed, 0 failed{}", not_run::summary()?);
    Ok(())
}

fn unit_tests() -> Result<()> {
    let args: &[&str] = if apt::provide_nextest()? {
        &["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "fail"]
    } else {
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    run(not_run::promise(linting_cargo()?.args(args))?)
}

/// Model checks of our locks: every order of a few threads' steps, many orders of more threads',
/// and their statistics. They are not part of any other build. Models are selected by their
/// modules' names; a wrong name would select nothing and pass, so each must match a test.
fn lock_models() -> Result<()> {
    let test = ["test", "--package", "xenia-sync", "--lib", "--quiet", "--features"];
    let waits = ["test", "--package", "xenia-sched", "--test", "wait_races", "--quiet"];
    let kernel = ["test", "--package", "xenia-kernel", "--lib", "--quiet", "--features", "model"];
    models(&[&test[..], &["model-loom", "::models::"]].concat())?;
    models(&[&test[..], &["model-shuttle", "::random_models::"]].concat())?;
    models(&[&waits[..], &["--features", "wait-model"]].concat())?;
    models(&[&kernel[..], &["objects::dispatcher::models::"]].concat())?;
    models(&[&kernel[..], &["net::models::"]].concat())?;
    models(&[&test[..], &["statistics", "counts"]].concat())
}

/// Runs `cargo test` with a filter that must match a test.
fn models(args: &[&str]) -> Result<()> {
    let list = linting_cargo()?.args(args).args(["--", "--list"]).stderr(Stdio::inherit()).output()?;
    if !list.status.success() {
        bail!("`cargo {} -- --list` ended with {}", args.join(" "), list.status);
    }
    if !names_tests(&String::from_utf8_lossy(&list.stdout)) {
        bail!("`cargo {}` finds no test", args.join(" "));
    }
    cargo(args)
}

/// Whether the list printed by a test program contains a test.
fn names_tests(list: &str) -> bool {
    list.lines().any(|line| line.ends_with(": test"))
}

fn fuzz_with_qemu() -> Result<()> {
    if !not_run::need(Tool::Qemu, "fuzz with qemu")? {
        return Ok(());
    }
    xenia(&["fuzz", "--oracle", "qemu", "--corpus", CORPUS, "--seconds", ORACLE_SECONDS])
}

/// Builds the guest programs; compares them bit for bit with the checked-in binaries, or replaces
/// those.
pub(crate) fn guests(args: &GuestsArgs) -> Result<()> {
    if !not_run::need(Tool::Gcc32, "guests")? {
        return Ok(());
    }
    let out = Path::new("target/guest");
    std::fs::create_dir_all(out)?;
    // The script changes its working folder.
    run(Command::new("guest/build.sh").arg(out.canonicalize()?).env("XENIA_RS", program()?))?;
    let mut compared = 0;
    let folders =
        ["console-suite", "hostile", "races", "sound"].map(|folder| std::fs::read_dir(out.join(folder)));
    let mut files = std::fs::read_dir(out)?.collect::<Result<Vec<_>, _>>()?;
    for folder in folders {
        files.extend(folder?.collect::<Result<Vec<_>, _>>()?);
    }
    for entry in files {
        let built = entry.path();
        let checked_in = Path::new("guest/bin").join(built.strip_prefix(out)?);
        if built.extension().is_none_or(|e| e != "xex" && e != "elf")
            || built.file_name() == Some("obj".as_ref())
        {
            continue;
        }
        if args.bless {
            std::fs::copy(&built, &checked_in)?;
        } else if !checked_in.is_file() || std::fs::read(&built)? != std::fs::read(&checked_in)? {
            bail!(
                "{} is not what its sources build; `cargo xtask guests --bless` replaces it",
                checked_in.display()
            );
        }
        compared += 1;
    }
    if compared == 0 {
        bail!("guest/build.sh built nothing");
    }
    println!(
        "{compared} guest programs {}",
        if args.bless { "replaced" } else { "are what their sources build" }
    );
    Ok(())
}

/// Compares host instructions of guest blocks with the reviewed ones, or writes them. A unit test
/// does it.
pub(crate) fn host_code(args: &HostCodeArgs) -> Result<()> {
    let mut command = linting_cargo()?;
    command.args(["test", "--package", "xenia-jit", "--quiet", "--test"]);
    command.args(if args.aarch64 { &["aarch64", "--features", "arm64"][..] } else { &["host_code"] });
    if args.bless {
        command.env("XENIA_BLESS_HOST_CODE", "1");
    }
    run(&mut command)
}

/// Rewrites the golden files of our guest programs.
pub(crate) fn bless() -> Result<()> {
    golden(true)
}

/// Engine flags that must all give the same digest.
const ENGINES: &[&[&str]] = &[
    &[],
    &["--interp"],
    &["--gpu-inline"],
    &["--reservations-table", "--warm-up", "4"],
    &["--gpu-inline", "--reservations-table"],
    // A short run compiles almost nothing otherwise; and compiled code appears at any time.
    &["--warm-up", "4", "--compile", "background"],
    &["--cross-check"],
];

/// A golden file, and its expected run.
struct GoldenCase {
    file: PathBuf,
    title: PathBuf,
    limits: Vec<String>,
    ours: bool,
}

/// `golden/NAME_LIMIT.json` belongs to `guest/bin/NAME.xex`, or `NAME/NAME.xex` in XENIA_TITLES;
/// the file contains the limits. `None` if the title is missing.
fn golden_case(file: &Path) -> Result<Option<GoldenCase>> {
    let stem = file.file_stem().context("file name")?.to_string_lossy().into_owned();
    let (name, _) = stem.rsplit_once('_').with_context(|| format!("{stem}: expected NAME_LIMIT.json"))?;
    let ours = PathBuf::from(format!("guest/bin/{name}.xex"));
    let titles = std::env::var_os(TITLES).map(PathBuf::from);
    let theirs = titles.map(|folder| folder.join(name).join(format!("{name}.xex")));
    let Some(title) = [Some(ours.clone()), theirs].into_iter().flatten().find(|path| path.is_file()) else {
        let why = format!("no {name} in guest/bin or {TITLES}");
        not_run::write_down(&file.display().to_string(), Tool::Titles, &why)?;
        return Ok(None);
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let golden: serde_json::Value = serde_json::from_str(&text)?;
    let mut limits = Vec::new();
    for (key, flag) in [("limit_instructions", "-n"), ("limit_frames", "--frames")] {
        if let Some(limit) = golden[key].as_u64() {
            limits.extend([flag.to_owned(), limit.to_string()]);
        }
    }
    Ok(Some(GoldenCase { file: file.to_owned(), ours: title == ours, title, limits }))
}

/// Runs every golden case with every set of engine flags, or rewrites those of our programs.
fn golden(bless: bool) -> Result<()> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(GOLDEN)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut checked = 0;
    for file in files {
        let Some(case) = golden_case(&file)? else { continue };
        if bless && !case.ours {
            continue;
        }
        for engine in if bless { &ENGINES[..1] } else { ENGINES } {
            let mut command = xenia_rs()?;
            command.arg("check").arg(&case.title).args(&case.limits);
            command.arg("--expect").arg(&case.file);
            command.args(*engine);
            if bless {
                command.arg("--bless");
            }
            run(&mut command)?;
            checked += 1;
        }
    }
    if checked == 0 {
        bail!("no golden file was checked");
    }
    println!("{checked} golden runs");
    Ok(())
}

/// Cargo's build folder.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// Path of the program under test, in the development profile.
pub(crate) fn program() -> Result<PathBuf> {
    let path = target_folder().join("debug/xenia-rs");
    path.canonicalize().with_context(|| format!("{} is not built", path.display()))
}

/// The program under test, independent of the user's settings.
pub(crate) fn xenia_rs() -> Result<Command> {
    Ok(hermetic(program()?))
}

/// Path of the release build of the program, which is built first: timings use it.
pub(crate) fn released_program() -> Result<PathBuf> {
    println!("building the program as users do, which takes minutes the first time");
    run(Command::new("cargo").args(["build", "--release", "--package", "xenia-app"]))?;
    let path = target_folder().join("release/xenia-rs");
    path.canonicalize().with_context(|| format!("{} is not there", path.display()))
}

fn xenia(args: &[&str]) -> Result<()> {
    run(xenia_rs()?.args(args))
}

/// A cargo command that lints our crates while it compiles them, so that nothing is compiled a
/// second time only for lints. All cargo commands of a run must use the same wrapper, or they would
/// rebuild everything.
fn linting_cargo() -> Result<Command> {
    let wrapper = Path::new(WRAPPER).canonicalize().context(WRAPPER)?;
    let mut command = Command::new("cargo");
    command.env("RUSTC_WORKSPACE_WRAPPER", wrapper);
    // The way in which `cargo clippy -- --deny warnings` passes options to clippy.
    command.env("CLIPPY_ARGS", "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
    Ok(command)
}

fn cargo(args: &[&str]) -> Result<()> {
    run(linting_cargo()?.args(args))
}

/// Runs a command; an exit code other than success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_is_no_file_to_write() {
        let parsed = |path: &str| output().parse_ref(&clap::Command::new("x"), None, path.as_ref());
        assert!(parsed("-").unwrap_err().to_string().contains("/dev/stdout"));
        assert_eq!(parsed("a/-b").unwrap(), Path::new("a/-b"));
    }

    #[test]
    fn a_list_of_no_tests_is_told_from_one_of_some() {
        assert!(names_tests("locks::models::one: test\n\n1 test, 0 benchmarks\n"));
        assert!(!names_tests("\n0 tests, 0 benchmarks\n"));
    }
}
