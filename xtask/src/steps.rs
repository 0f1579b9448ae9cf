//! The steps of `cargo xtask test` and related tasks.

mod doc_tests;
mod fuzzing;
mod times;

use crate::built::{target_folder, xenia_rs};
use crate::commands::{self, join, on_threads, run};
use crate::linting::linting_cargo;
use crate::{
    apt, cases, csmith, docs, faults, golden, gpu_suite, guests, not_run, programs, races, real_programs,
    supply_chain, sync_suite, tidy,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::Path;
use std::process::{Command, Stdio};
use times::{Spent, Stopwatch};
use xenia_testing::{LONG, draws_in_software};

/// Arguments of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run only the steps and parts whose name contains this text.
    #[arg(long)]
    only: Option<String>,
    /// Also run the long step: lock models, code for AArch64, builds without the lab and without
    /// devices, untuned, real, random and racing programs, every round of the tests, short golden
    /// runs, losses of the graphics device, fifteen minutes of fuzzing (deploy/nightly.yml).
    #[arg(long)]
    long: bool,
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

/// One check of a step, selected by its own name or its step's.
type Part = (&'static str, fn() -> Result<()>);

/// Parts that are reported as one. Later steps need the builds of earlier ones.
struct Step {
    name: &'static str,
    parts: &'static [Part],
    /// Run only with `--long`, or by name.
    is_long: bool,
    /// Its parts run on all processors at once: most of them use one.
    at_once: bool,
}

impl Step {
    const fn new(name: &'static str, parts: &'static [Part]) -> Self {
        Self { name, parts, is_long: false, at_once: false }
    }

    const fn at_once(name: &'static str, parts: &'static [Part]) -> Self {
        Self { at_once: true, ..Self::new(name, parts) }
    }

    const fn long(name: &'static str, parts: &'static [Part]) -> Self {
        Self { is_long: true, ..Self::new(name, parts) }
    }

    /// Whether its parts run the programs that the step `build` has built.
    fn uses_build(&self) -> bool {
        !["sources", "build"].contains(&self.name)
    }

    /// The parts that a run with these arguments executes.
    fn selected(&self, args: &TestArgs) -> Vec<Part> {
        let Some(only) = args.only.as_deref() else {
            return if self.is_long && !args.long { Vec::new() } else { self.parts.to_vec() };
        };
        let is_named = self.name.contains(only);
        self.parts.iter().filter(|(name, _)| is_named || name.contains(only)).copied().collect()
    }
}

const STEPS: &[Step] = &[
    Step::at_once(
        "sources",
        &[
            ("tidy", tidy::run),
            ("format", || cargo(&["fmt", "--all", "--check"])),
            ("supply chain", supply_chain::check),
        ],
    ),
    // Building everything at once gives dependencies the same features, so they are built once.
    Step::new("build", &[("build and lints", build)]),
    Step::new("tests", &[("unit tests", || run(&mut nextest()?))]),
    // The longest parts begin first, so that no processor waits for one of them at the end.
    Step::at_once(
        "suites",
        &[
            ("real programs", real_programs::small_set),
            ("gpu suite", || gpu_suite::suite(&gpu_suite::GpuSuiteArgs::default())),
            ("csmith", csmith::small_set),
            ("golden", golden::check),
            ("guests", || guests::guests(&guests::GuestsArgs { bless: false })),
            ("races", races::short),
            ("sync suite", sync_suite::short),
            ("console suite", sync_suite::console_short),
            ("examples", examples),
            ("fuzz with qemu", fuzzing::qemu),
            ("fuzz", fuzzing::optimizing),
            ("faults", faults::small_set),
            ("doc tests", doc_tests::run),
            ("fuzz of the baseline", fuzzing::baseline),
            ("cases", || cases::check(&cases::CasesArgs::default())),
            ("docs", || docs::run(&docs::DocsArgs::default())),
            // The unit tests have run all cases on all engines: this is a test of the command.
            ("conformance", || xenia(&["conformance", "jit-tests/branch", "--engine", "both"])),
        ],
    ),
    Step::long(
        "long",
        &[
            ("lock models", lock_models),
            ("host code for AArch64", || host_code(&HostCodeArgs { aarch64: true, bless: false })),
            ("player alone", || {
                cargo(&["check", "--quiet", "--package", "xenia-rs", "--no-default-features"])
            }),
            ("library without devices", || {
                let library = ["check", "--quiet", "--package", "xenia", "--no-default-features"];
                cargo(&[&library[..], &["--lib", "--example", "run"]].concat())
            }),
            ("untuned programs", programs::small_set),
            ("programs of a long run", real_programs::long_set),
            ("csmith of a long run", csmith::long_set),
            ("racing programs in every mode", races::every_mode),
            ("long tests", long_tests),
            ("golden runs of a long run", golden::check_shorter),
            ("long fuzz", fuzzing::long_optimizing),
            ("long fuzz of the baseline", fuzzing::long_baseline),
            ("long fuzz with qemu", fuzzing::long_qemu),
            ("long fuzz of scenes", fuzzing::long_scenes),
            ("losses of the device", faults::device_set),
        ],
    ),
];

/// Runs the steps, stops at the first failure, and prints the times of each.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    std::thread::scope(|scope| {
        // Most of an installation is waiting for the disk.
        let mut tools = Some(scope.spawn(apt::provide));
        test_with(args, || tools.take().map_or(Ok(()), join))
    })
}

/// As [`test`]; `wait_for_tools` waits until the tools of the tests are installed.
fn test_with(args: &TestArgs, mut wait_for_tools: impl FnMut() -> Result<()>) -> Result<()> {
    not_run::forget()?;
    let mut times = Vec::new();
    let mut is_built = false;
    for step in STEPS {
        let parts = step.selected(args);
        let watch = Stopwatch::start(step.name);
        // Chosen parts must not run a program that was built before the sources changed.
        let builds = args.only.is_some() && !parts.is_empty() && !is_built && step.uses_build();
        if builds {
            build()?;
            is_built = true;
        }
        if step.uses_build() && !parts.is_empty() {
            wait_for_tools()?;
        }
        let of_parts = run_parts(step, &parts)?;
        if !parts.is_empty() {
            // The only part of a step is the step, unless a build came before it.
            let has_parts = step.parts.len() > 1 || builds;
            let parts = if has_parts { of_parts } else { Vec::new() };
            times.push(Spent { parts, ..watch.stop() });
        }
    }
    wait_for_tools()?;
    if times.is_empty() {
        bail!("no step has this name; the steps are {}", names());
    }
    println!("{}", times::report(&times));
    println!("steps: {} passed, 0 failed{}", times.len(), not_run::summary()?);
    Ok(())
}

/// Runs parts of a step as [`on_threads`] does, and prints each failure as it occurs: the last part
/// may end minutes later. Returns their times.
fn run_parts(step: &Step, parts: &[Part]) -> Result<Vec<Spent>> {
    let workers = if step.at_once { std::thread::available_parallelism()?.get() } else { 1 };
    on_threads(workers, parts.iter(), |&(name, part)| {
        println!("== {}: {name}", step.name);
        let watch = Stopwatch::start(name);
        let result = part().inspect_err(|why| println!("== {}: {name}: failed: {why:#}", step.name));
        result.with_context(|| format!("step `{}`, `{name}` failed", step.name))?;
        let mut spent = watch.stop();
        println!("== {}: {name}: passed in {:.0} s", step.name, spent.wall);
        // The CPU time since its start is also that of the parts beside it.
        spent.cpu = spent.cpu.filter(|_| !step.at_once);
        Ok(spent)
    })
}

/// Every step with its parts, as `--only` takes them.
fn names() -> String {
    let of = |step: &Step| {
        let parts: Vec<_> = step.parts.iter().map(|(name, _)| *name).collect();
        format!("{} ({})", step.name, parts.join(", "))
    };
    STEPS.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// The tests again, with all rounds of those that have a choice and many more random cases.
fn long_tests() -> Result<()> {
    run(nextest()?.env(LONG, "1"))
}

fn nextest() -> Result<Command> {
    let processors = std::thread::available_parallelism()?.get();
    let profile = if processors < 4 { "few-processors" } else { "default" };
    let args = if apt::provide_nextest()? {
        let config = ["--config-file", "xtask/nextest.toml", "--profile", profile];
        let flags = ["--workspace", "--no-fail-fast", "--status-level", "fail"];
        [&["nextest", "run"], &config[..], &flags].concat()
    } else {
        vec!["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    let mut command = linting_cargo()?;
    // One more than there are processors: tests of windows and processes wait for much of their
    // time.
    command.env("NEXTEST_TEST_THREADS", (processors + 1).to_string());
    command.envs([gpu_suite::QUICK_SHADERS, gpu_suite::ONE_DRAW_THREAD]);
    // Else each test that opens a device loads the drivers of all adapters.
    if draws_in_software() && Path::new(gpu_suite::DRIVER).exists() {
        command.env("VK_DRIVER_FILES", gpu_suite::DRIVER);
    }
    // Else nextest starts each test by another process, which guards against a race at Ctrl-Z.
    command.env("NEXTEST_DOUBLE_SPAWN", "0");
    not_run::promise(command.args(args))?;
    Ok(command)
}

/// Tests of a crate that check a model: every order of a few threads' steps, or many orders of more
/// threads'.
struct ModelCheck {
    package: &'static str,
    /// Cargo's argument that selects the program of tests.
    tests: &'static str,
    feature: &'static str,
    /// Part of the tests' names: their modules'.
    filter: &'static str,
}

impl ModelCheck {
    const fn of_library(package: &'static str, feature: &'static str, filter: &'static str) -> Self {
        Self { package, tests: "--lib", feature, filter }
    }
}

/// Models of our locks, of the table of reservations, of waits, objects and sockets, and the locks'
/// statistics.
const MODEL_CHECKS: [ModelCheck; 8] = [
    ModelCheck::of_library("xenia-sync", "model-loom", "::models::"),
    ModelCheck::of_library("xenia-locks", "model-loom", "::models::"),
    ModelCheck::of_library("xenia-locks", "model-shuttle", "::random_models::"),
    ModelCheck::of_library("xenia-memory", "model", "reservation::models::"),
    ModelCheck {
        package: "xenia-sched",
        tests: "--test=tests",
        feature: "wait-model",
        filter: "wait_races::",
    },
    ModelCheck::of_library("xenia-objects", "model", "dispatcher::models::"),
    ModelCheck::of_library("xenia-net", "model", "models::"),
    ModelCheck::of_library("xenia-locks", "statistics", "counts"),
];

/// Runs [`MODEL_CHECKS`], which are not part of any other build. A wrong name of a module would
/// select nothing and pass, so each must match a test.
fn lock_models() -> Result<()> {
    for &ModelCheck { package, tests, feature, filter } in &MODEL_CHECKS {
        models(&["test", "--package", package, tests, "--quiet", "--features", feature, filter])?;
    }
    Ok(())
}

/// Runs `cargo test` with a filter that must match a test.
fn models(args: &[&str]) -> Result<()> {
    let list = commands::output(linting_cargo()?.args(args).args(["--", "--list"]).stderr(Stdio::inherit()))?;
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

/// Runs the examples of the library, as the build has left them.
fn examples() -> Result<()> {
    for example in ["run", "two_machines", "embed", "disassemble", "inspect", "microcode", "xma"] {
        run(&mut Command::new(target_folder().join("debug/examples").join(example)))?;
    }
    Ok(())
}

fn build() -> Result<()> {
    cargo(&["build", "--workspace", "--all-targets", "--quiet"])
}

/// Compares host instructions of guest blocks with the reviewed ones, or writes them. A unit test
/// does it.
pub(crate) fn host_code(args: &HostCodeArgs) -> Result<()> {
    let mut command = linting_cargo()?;
    command.args(["test", "--package", "xenia-jit", "--quiet", "--test", "tests"]);
    let which = if args.aarch64 { &["aarch64::", "--features", "arm64"][..] } else { &["host_code::"] };
    command.args(which);
    if args.bless {
        command.env("XENIA_BLESS_HOST_CODE", "1");
    }
    run(&mut command)
}

fn xenia(args: &[&str]) -> Result<()> {
    run(xenia_rs()?.args(args))
}

fn cargo(args: &[&str]) -> Result<()> {
    run(linting_cargo()?.args(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_selected_by_their_name_or_their_steps() {
        let count = |only: Option<&str>, long| {
            let args = TestArgs { only: only.map(str::to_owned), long };
            STEPS.iter().map(|step| step.selected(&args).len()).sum::<usize>()
        };
        let all = STEPS.iter().map(|step| step.parts.len()).sum::<usize>();
        let of_long = STEPS.iter().filter(|step| step.is_long).map(|step| step.parts.len()).sum::<usize>();
        assert_eq!((count(None, true), count(None, false)), (all, all - of_long));
        assert_eq!((count(Some("lock models"), false), count(Some("no such"), true)), (1, 0));
        assert!(count(Some("suites"), false) > 3);
    }

    #[test]
    fn empty_test_lists_are_recognized() {
        assert!(names_tests("locks::models::one: test\n\n1 test, 0 benchmarks\n"));
        assert!(!names_tests("\n0 tests, 0 benchmarks\n"));
    }
}
