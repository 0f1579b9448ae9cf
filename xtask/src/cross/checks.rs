//! The checks of a program for another system.

/// Result that a check expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The program ends with 0.
    Success,
    /// Exit code and digest of the run are those of this host's program.
    SameDigest,
    /// The program ends with 0, and a second run restores code that the first one has compiled.
    /// Both have the same digest.
    RestoredCode,
}

/// A run of the program.
pub(super) struct Check {
    /// Name in the table.
    pub(super) name: String,
    /// Command and flags.
    pub(super) words: Vec<String>,
    pub(super) expected: Expected,
}

/// A check as it is written here: its name, its words with spaces between them, its result.
type Row = (&'static str, &'static str, Expected);

/// Word that stands for the folder that a title sees as game:. It has the pace of parallel runs.
pub(super) const GAME: &str = "{game}";
/// Word that stands for the folder of the code cache, which is empty at first.
pub(super) const CACHE: &str = "{cache}";

/// The checks, apart from golden runs.
pub(super) const CHECKS: &[Row] = &[
    ("conformance, interpreter", "conformance jit-tests --tier interp", Expected::Success),
    ("conformance, baseline", "conformance jit-tests --tier baseline", Expected::Success),
    ("conformance, functions", "conformance jit-tests --tier function", Expected::Success),
    ("conformance, both tiers", "conformance jit-tests --tier auto", Expected::Success),
    ("fuzz", "fuzz --states 8 --seconds 60", Expected::Success),
    ("fuzz, corpus", "fuzz --corpus jit-tests/corpus --states 8 --blocks 1", Expected::Success),
    ("fuzz of the baseline", "fuzz --tier baseline --states 8 --blocks 10000", Expected::Success),
    (
        "sync suite in parallel",
        "exec guest/bin/sync-suite.xex --headless --parallel --folder {game}",
        Expected::Success,
    ),
    ("primes in parallel", "exec guest/bin/primes.xex --headless --parallel", Expected::Success),
    ("atomics in parallel", "exec guest/bin/races/atomics.xex --headless --parallel", Expected::Success),
    ("calls in parallel", "exec guest/bin/races/dpcs.xex --headless --parallel", Expected::Success),
    ("litmus in parallel", "exec guest/bin/races/litmus.xex --headless --parallel", Expected::Success),
    ("objects in parallel", "exec guest/bin/races/objects.xex --headless --parallel", Expected::Success),
    ("patches in parallel", "exec guest/bin/races/patches.xex --headless --parallel", Expected::Success),
    ("spawns in parallel", "exec guest/bin/races/spawns.xex --headless --parallel", Expected::Success),
    ("wakes in parallel", "exec guest/bin/races/wakes.xex --headless --parallel", Expected::Success),
    ("faults", "exec guest/bin/faults.xex --headless --lockstep", Expected::SameDigest),
    ("console suite", "exec guest/bin/console-suite.xex --headless --lockstep", Expected::SameDigest),
    ("litmus in lockstep", "exec guest/bin/races/litmus.xex --headless --lockstep", Expected::SameDigest),
    ("patches in lockstep", "exec guest/bin/races/patches.xex --headless --lockstep", Expected::SameDigest),
    ("wakes in lockstep", "exec guest/bin/races/wakes.xex --headless --lockstep", Expected::SameDigest),
    (
        "code cache",
        "exec guest/bin/demo.xex --headless --lockstep --frames 30 --code-cache {cache}",
        Expected::RestoredCode,
    ),
];

/// Hostile titles that end by themselves, and within seconds.
const HOSTILE: [&str; 19] = [
    "apcs",
    "cache",
    "completions",
    "dpcs",
    "escapes",
    "files",
    "gpuloop",
    "gputex",
    "handles",
    "heavy-lmw",
    "hours",
    "logflood",
    "memory",
    "misaligned",
    "mutants",
    "names",
    "objects",
    "recursion",
    "timers",
];

/// The checks of hostile titles: all, or two that are quick.
pub(super) fn hostile_checks(all: bool) -> impl Iterator<Item = Check> {
    let titles = HOSTILE.iter().filter(move |title| all || ["misaligned", "mutants"].contains(title));
    titles.map(|title| {
        let words = format!("exec guest/bin/hostile/{title}.xex --headless --lockstep --gpu reference");
        let words = words.split(' ').map(str::to_owned).collect();
        Check { name: format!("hostile {title}"), words, expected: Expected::SameDigest }
    })
}

impl Check {
    /// Whether it runs the baseline tier by name.
    pub(super) fn is_of_baseline(&self) -> bool {
        self.words.iter().any(|word| word == "baseline")
    }
}

impl From<&Row> for Check {
    fn from(&(name, words, expected): &Row) -> Self {
        Self { name: name.to_owned(), words: words.split(' ').map(str::to_owned).collect(), expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn checks_have_unique_names_and_existing_titles() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let names: BTreeSet<_> = CHECKS.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for check in CHECKS.iter().map(Check::from).chain(hostile_checks(true)) {
            let titles = check.words.iter().filter(|word| word.starts_with("guest/"));
            for title in titles {
                assert!(root.join(title).is_file(), "{}: {title}", check.name);
            }
        }
    }
}
