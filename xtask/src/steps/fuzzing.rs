//! Runs of the fuzzer: short ones of the same sequences each time, long ones of other sequences and
//! scenes each day.

use super::xenia;
use crate::arguments::seed_of_the_day;
use crate::built::{work_folder, xenia_rs};
use crate::commands::run;
use crate::{gpu_suite, not_run};
use anyhow::Result;
use xenia_testing::Tool;

/// Folder of the fuzzer's seed corpus.
const CORPUS: &str = "jit-tests/corpus";
/// Number of initial states for each random sequence.
const STATES: &str = "8";
/// Seconds of each of the four long runs; the help of `--long` has their sum.
const LONG_SECONDS: &str = "225";

const OPTIMIZING: &[&str] = &["--corpus", CORPUS, "--states", STATES];
const BASELINE: &[&str] = &["--tier", "baseline", "--states", STATES];
const QEMU: &[&str] = &["--oracle", "qemu", "--corpus", CORPUS];

/// Compares the optimizing tier with the interpreter.
pub(super) fn optimizing() -> Result<()> {
    fuzz(OPTIMIZING, &["--blocks", "1000"])
}

/// Compares the baseline tier with the interpreter.
pub(super) fn baseline() -> Result<()> {
    fuzz(BASELINE, &["--blocks", "10000"])
}

/// Compares the engines with qemu.
pub(super) fn qemu() -> Result<()> {
    if there_is_qemu()? { fuzz(QEMU, &["--blocks", "8192"]) } else { Ok(()) }
}

/// As [`optimizing`], for long.
pub(super) fn long_optimizing() -> Result<()> {
    fuzz_for_long(OPTIMIZING)
}

/// As [`baseline`], for long.
pub(super) fn long_baseline() -> Result<()> {
    fuzz_for_long(BASELINE)
}

/// As [`qemu`], for long.
pub(super) fn long_qemu() -> Result<()> {
    if there_is_qemu()? { fuzz_for_long(QEMU) } else { Ok(()) }
}

/// Draws random scenes with both GPU backends, for long.
pub(super) fn long_scenes() -> Result<()> {
    if !not_run::need(Tool::Vulkan, "fuzz of scenes")? {
        return Ok(());
    }
    let found = work_folder("scenes")?;
    let seed = seed_of_the_day().to_string();
    let mut command = xenia_rs()?;
    command.args(["fuzz", "--scenes", "100_000", "--seconds", LONG_SECONDS, "--seed", &seed]);
    command.arg("--out").arg(&found);
    run(command.envs([("VK_DRIVER_FILES", gpu_suite::DRIVER), gpu_suite::QUICK_SHADERS]))
}

fn there_is_qemu() -> Result<bool> {
    not_run::need(Tool::Qemu, "fuzz with qemu")
}

fn fuzz_for_long(flags: &[&str]) -> Result<()> {
    let seed = seed_of_the_day().to_string();
    fuzz(flags, &["--seconds", LONG_SECONDS, "--seed", &seed])
}

fn fuzz(flags: &[&str], limits: &[&str]) -> Result<()> {
    xenia(&[&["fuzz"][..], flags, limits].concat())
}
