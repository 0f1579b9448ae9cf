//! The systems to build for: their tools, and what runs their programs here.

use crate::commands;
use crate::linting::linting_cargo;
use anyhow::Result;
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use xenia_testing::find_program;

/// Systems to build for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum System {
    /// Windows on x86-64, under Wine.
    Windows,
    /// Linux on AArch64, under qemu.
    Aarch64,
}

/// A system, its tools and its emulation.
pub(super) struct Target {
    /// Name in Rust's terms.
    pub(super) triple: &'static str,
    /// The linker, and Debian's packages with it and its libraries.
    linker: (&'static str, &'static str),
    /// Environment variable that names the linker for cargo, where cargo has no default.
    linker_variable: Option<&'static str>,
    /// The built program, in the target's folder.
    pub(super) program: &'static str,
    /// Environment variable that names the program that runs the built one: for example a script
    /// that runs it in another system's root.
    variable: &'static str,
    /// Places of that program, in order of preference.
    runners: &'static [&'static str],
    /// How to install it.
    hint: &'static str,
    /// Environment of the runs.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// Programs of tests, in groups that are built together: arguments of `cargo test`.
    pub(super) tests: &'static [&'static [&'static str]],
    /// Arguments of test programs, by the names of their checks: the tests to run.
    test_arguments: &'static [(&'static str, &'static [&'static str])],
    /// Whether the baseline tier has code for it.
    pub(super) has_baseline: bool,
    /// Whether titles run about as fast as on this host: some of the hostile ones take long.
    pub(super) is_fast: bool,
    /// Time limit of a check.
    pub(super) timeout: Duration,
}

/// Windows under Wine, which Debian's package wine64 installs outside of PATH.
const WINDOWS: Target = Target {
    triple: "x86_64-pc-windows-gnu",
    linker: ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64-win32, mingw-w64-x86-64-dev"),
    linker_variable: None,
    program: "debug/xenia-rs.exe",
    variable: "XENIA_WINE",
    runners: &["wine64", "wine", "/usr/lib/wine/wine64"],
    hint: "Wine 10 (Debian 13: wine64), or name a program that runs it by XENIA_WINE (docs/src/windows.md)",
    // Programs that save are killed more often than in tests of this host; of the random sequences
    // of calls, which take seconds each there, a tenth is run.
    environment: &[("WINEDEBUG", "-all"), ("XENIA_TEST_KILLS", "100"), ("XENIA_KERNEL_SEEDS", "0..25")],
    tests: &[&[
        // The program has no library. It is in the list so that other crates are built once for it
        // and for the tests, with the features that it needs.
        "--package=xenia-rs",
        "--package=xenia",
        "--package=xenia-audio",
        "--package=xenia-cli",
        "--package=xenia-cpu",
        "--package=xenia-debugger",
        "--package=xenia-documents",
        "--package=xenia-exports",
        "--package=xenia-formats",
        "--package=xenia-gdb",
        "--package=xenia-gpu",
        "--package=xenia-guest",
        "--package=xenia-host",
        "--package=xenia-imports",
        "--package=xenia-input",
        "--package=xenia-isa",
        "--package=xenia-jit",
        "--package=xenia-kernel",
        "--package=xenia-kernel-tests",
        "--package=xenia-lab",
        "--package=xenia-lifter",
        "--package=xenia-limits",
        "--package=xenia-locks",
        "--package=xenia-memory",
        "--package=xenia-microcode",
        "--package=xenia-net",
        "--package=xenia-objects",
        "--package=xenia-patches",
        "--package=xenia-render",
        "--package=xenia-rtl",
        "--package=xenia-scenes",
        "--package=xenia-sched",
        "--package=xenia-shaders",
        "--package=xenia-state",
        "--package=xenia-sweep",
        "--package=xenia-sync",
        "--package=xenia-ui",
        "--package=xenia-user",
        "--package=xenia-vfs",
        "--package=xenia-wording",
        "--lib",
        "--bin=xenia-rs",
        "--test=calls",
        "--test=float",
        "--test=fuzz_seeds",
        "--test=no_allocation",
        "--test=place",
        "--test=session",
        "--test=sessions",
        "--test=tests",
        "--test=titles",
    ]],
    test_arguments: &[
        // Of its other tests, many run the program with Linux's files and signals.
        (
            "tests xenia-rs tests",
            &["drivers::", "inputs::", "killed::", "libraries::", "state_slots::", "utility_drive::"],
        ),
    ],
    has_baseline: true,
    is_fast: true,
    timeout: Duration::from_mins(20),
};

/// Linux on AArch64 under qemu.
const AARCH64: Target = Target {
    triple: "aarch64-unknown-linux-gnu",
    linker: ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu, libc6-dev-arm64-cross"),
    linker_variable: Some("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"),
    program: "debug/xenia-rs",
    variable: "XENIA_QEMU",
    runners: &["qemu-aarch64", "qemu-aarch64-static"],
    hint: "qemu 11 (Debian 13 with backports: qemu-user), or name it by XENIA_QEMU (docs/src/aarch64.md)",
    // Where Debian's libraries for cross builds lie; a processor without SVE, whose registers qemu
    // restores from another record of a signal's frame than Linux does.
    environment: &[("QEMU_LD_PREFIX", "/usr/aarch64-linux-gnu"), ("QEMU_CPU", "neoverse-n1")],
    tests: &[
        &["--package=xenia-host", "--lib", "--tests"],
        // Not `map_limit`, which counts mappings of the process: qemu has its own.
        &[
            "--package=xenia-memory",
            "--lib",
            "--test=foreign_faults",
            "--test=no_allocation",
            "--test=place",
            "--test=tests",
        ],
        &["--package=xenia-jit", "--package=xenia-lifter", "--lib"],
    ],
    test_arguments: &[("tests xenia-jit", &["arch::"]), ("tests xenia-lifter", &["arch::"])],
    has_baseline: false,
    is_fast: false,
    timeout: Duration::from_mins(20),
};

impl System {
    pub(super) fn target(self) -> &'static Target {
        match self {
            Self::Windows => &WINDOWS,
            Self::Aarch64 => &AARCH64,
        }
    }
}

impl Target {
    /// Tools that are missing, each with its package.
    pub(super) fn missing_tools(&self) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        let mut rustc = Command::new("rustc");
        rustc.args(["--print", "target-libdir", "--target", self.triple]);
        let folder = commands::printed(&mut rustc)?;
        if !Path::new(folder.trim()).is_dir() {
            missing.push(format!("the standard library: rustup target add {}", self.triple));
        }
        let (linker, packages) = self.linker;
        if find_program(linker).is_none() {
            missing.push(format!("{linker} (Debian: {packages})"));
        }
        if self.runner().is_none() {
            missing.push(self.hint.to_owned());
        }
        Ok(missing)
    }

    /// Arguments of the test program whose check has this name.
    pub(super) fn test_arguments(&self, name: &str) -> &'static [&'static str] {
        let named = self.test_arguments.iter().find(|(program, _)| *program == name);
        named.map_or(&[], |(_, arguments)| arguments)
    }

    /// The program that runs the built one.
    pub(super) fn runner(&self) -> Option<PathBuf> {
        let named = std::env::var_os(self.variable).map(PathBuf::from);
        named.or_else(|| self.runners.iter().find_map(|name| find_program(name)))
    }

    /// Cargo, with the setting for the target's linker.
    pub(super) fn cargo(&self) -> Result<Command> {
        let mut command = linting_cargo()?;
        command.envs(self.linker_variable.map(|variable| (variable, self.linker.0)));
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::{MetadataCommand, Package};
    use std::collections::BTreeSet;

    /// Crates whose tests are not run under Wine: those that read `/proc`, and one without tests.
    const CRATES_LEFT_OUT: [&str; 2] = ["xenia-kernel-macros", "xenia-testing"];
    /// Programs of tests, likewise: those of Linux's allocator, signals and mappings, and the model
    /// of the order of locks, which needs nothing of a host.
    const PROGRAMS_LEFT_OUT: [(&str, &str); 5] = [
        ("xenia-host", "allocator"),
        ("xenia-host", "one_heap"),
        ("xenia-memory", "foreign_faults"),
        ("xenia-memory", "map_limit"),
        ("xenia-sync", "order"),
    ];

    /// The arguments of `cargo test` for a crate's tests.
    fn arguments(package: &Package) -> Vec<String> {
        let name = package.name.as_str();
        let programs = package.targets.iter().filter(|target| target.is_test()).map(|of| of.name.as_str());
        let programs = programs.filter(|&program| !PROGRAMS_LEFT_OUT.contains(&(name, program)));
        let mut arguments: Vec<String> = programs.map(|program| format!("--test={program}")).collect();
        arguments.push(format!("--package={name}"));
        arguments
    }

    #[test]
    fn the_tests_of_all_crates_are_run_under_wine_or_left_out_by_name() {
        let metadata = MetadataCommand::new().no_deps().exec().unwrap();
        let folder = metadata.workspace_root.join("crates");
        let packages = metadata.packages.iter().filter(|package| {
            package.manifest_path.starts_with(&folder) && !CRATES_LEFT_OUT.contains(&package.name.as_str())
        });
        let there: BTreeSet<String> = packages.flat_map(arguments).collect();
        let is_choice = |word: &&str| word.starts_with("--package=") || word.starts_with("--test=");
        let words = WINDOWS.tests.iter().flat_map(|group| group.iter().copied());
        let listed: BTreeSet<String> = words.filter(is_choice).map(str::to_owned).collect();
        assert_eq!(listed, there);
    }
}
