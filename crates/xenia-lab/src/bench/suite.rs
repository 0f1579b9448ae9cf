//! The kernels of cpu-suite: names, rounds and known answers, from the tables that the suite itself
//! is compiled from.

use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// The suite as a plain ELF.
pub(super) const CPU_SUITE: &[u8] = include_bytes!("../../../../guest/bin/cpu-suite.elf");

const ANSWERS: &str = include_str!("../../../../guest/cpu-suite/answers.inc");

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../guest/cpu-suite/", $name)))),*]
    };
}

/// The sources by file name, with a main program that runs kernels on request; see timed.c.
pub(super) const SOURCES: &[(&str, &str)] = sources![
    "suite.h",
    "common.c",
    "checksums.c",
    "sha256.c",
    "quicksort.c",
    "lz.c",
    "dijkstra.c",
    "memory.c",
    "calls.c",
    "matrices.c",
    "numeric.c",
    "timed.c",
];

/// Flags under which every compiler's code computes the same answers.
pub(super) const COMPILER_FLAGS: &[&str] =
    &["-O2", "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing"];

/// A kernel of the suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kernel {
    /// Name of the kernel, without `kernel_`.
    pub name: String,
    /// The argument that the known answer is for.
    pub rounds: u32,
    /// The known answer.
    pub answer: u32,
}

/// All kernels, in the suite's order.
pub(super) fn kernels() -> Result<Vec<Kernel>> {
    let answers = answers();
    let header = SOURCES[0].1;
    let rows = header.lines().filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix("X(")?.split_once(',')?;
        let rounds = rest.split(')').next()?.trim().parse().ok()?;
        Some(Kernel { name: name.to_owned(), rounds, answer: *answers.get(name)? })
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() || rows.len() != answers.len() {
        bail!("suite.h has {} kernels, answers.inc {}", rows.len(), answers.len());
    }
    Ok(rows)
}

fn answers() -> BTreeMap<&'static str, u32> {
    let rows = ANSWERS.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("ANSWER(")?.split_once(", 0x")?;
        Some((name, u32::from_str_radix(value.strip_suffix("u)")?, 16).ok()?))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_a_known_answer() {
        let kernels = kernels().unwrap();
        assert!(kernels.len() >= 15);
        assert!(kernels.iter().all(|kernel| kernel.rounds > 0));
    }
}
