//! Randomized test cases, each derived from its number: a few run with the other tests, many on
//! demand.
//!
//! A case must not panic, exceed its time limit, or make the process exceed its memory limit. A
//! case that hangs ends the process with its number. A failure is reproduced by its number:
//!
//! ```sh
//! XENIA_KERNEL_SEEDS=0..1000000 cargo test --release -p xenia-kernel-tests kernel_call_sequences
//! XENIA_KERNEL_SEEDS=77..78 cargo test -p xenia-kernel-tests kernel_call_sequences
//! ```

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use xenia_guest::split_mix::SplitMix;

/// Default limit of a case's processor time on its thread: seconds, on a machine that is three
/// times slower than ours.
const MAX_TIME: Duration = Duration::from_secs(15);
/// Multiple of the time limit, in host time, after which a case counts as hanging.
const HANGS: u32 = 10;
/// Shortest such time, for a host that runs other programs, too.
const MIN_HANG: Duration = Duration::from_mins(2);
/// Default limit of the process's host memory in KiB.
const MAX_KIB: u64 = 1 << 20;
/// Number of failures after which no more cases run.
const MAX_FAILURES: usize = 10;

/// Environment variable that requests long runs; `cargo xtask test --long` sets it.
pub const LONG: &str = "XENIA_TESTS_LONG";
/// Factor by which a long run has more random cases.
const LONG_TIMES: u64 = 8;

/// Whether tests run all their rounds instead of a selection.
#[must_use]
pub fn is_long() -> bool {
    std::env::var_os(LONG).is_some()
}

/// The number in an environment variable; `usual` if it is not set.
///
/// # Panics
/// If it is not a number.
#[must_use]
pub fn number_in_environment<N: FromStr>(variable: &str, usual: N) -> N {
    let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{variable}={text}: not a number"));
    std::env::var(variable).map_or(usual, number)
}

/// The cases of one target, with their limits.
#[derive(Debug)]
pub struct Cases {
    variable: &'static str,
    seeds: Range<u64>,
    longest: Duration,
    max_kib: u64,
}

impl Cases {
    /// The first `usual` cases ([`LONG_TIMES`] as many in a long run), or those in the environment
    /// variable, as `FIRST..END`.
    ///
    /// # Panics
    /// If the variable is malformed.
    #[must_use]
    pub fn new(variable: &'static str, usual: u64) -> Self {
        let usual = if is_long() { usual.saturating_mul(LONG_TIMES) } else { usual };
        let seeds = std::env::var(variable).map_or(0..usual, |text| {
            range(&text).unwrap_or_else(|| panic!("{variable}={text}: not FIRST..END"))
        });
        Self { variable, seeds, longest: MAX_TIME, max_kib: MAX_KIB }
    }

    /// Sets the limit of a case's processor time on its thread.
    #[must_use]
    pub fn longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Sets the limit of the process's memory in KiB.
    #[must_use]
    pub fn max_kib(self, max_kib: u64) -> Self {
        Self { max_kib, ..self }
    }

    /// Whether these are the first `usual` cases; only then can assertions about their coverage
    /// hold.
    #[must_use]
    pub fn are_usual(&self) -> bool {
        !is_long() && std::env::var_os(self.variable).is_none()
    }

    /// Runs each case by its number.
    ///
    /// # Panics
    /// With the numbers of the failed cases, if any.
    pub fn each(self, mut case: impl FnMut(u64)) {
        let mut failures = Vec::new();
        let clock = Instant::now();
        // Start of the running case in milliseconds of `clock`, and its number.
        let began = AtomicU64::new(0);
        let running = AtomicU64::new(0);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = || {
                while !over.load(Ordering::Acquire) {
                    std::thread::park_timeout(Duration::from_secs(1));
                    let began = Duration::from_millis(began.load(Ordering::Acquire));
                    if clock.elapsed().saturating_sub(began) > (self.longest * HANGS).max(MIN_HANG) {
                        eprintln!("{} does not end", self.name(running.load(Ordering::Acquire)));
                        std::process::abort();
                    }
                }
            };
            let watch = scope.spawn(watch);
            for seed in self.seeds.clone() {
                running.store(seed, Ordering::Release);
                began.store(clock.elapsed().as_millis() as u64, Ordering::Release);
                let start = thread_time();
                let ended = catch_unwind(AssertUnwindSafe(|| case(seed)));
                let took = thread_time().saturating_sub(start);
                let kib = resident_kib();
                if ended.is_err() {
                    failures.push(format!("{} panicked", self.name(seed)));
                }
                if took > self.longest {
                    failures.push(format!("{} took {took:?}", self.name(seed)));
                }
                if kib > self.max_kib {
                    failures.push(format!("{}: the process has {kib} KiB", self.name(seed)));
                    break;
                }
                if failures.len() >= MAX_FAILURES {
                    break;
                }
            }
            over.store(true, Ordering::Release);
            watch.thread().unpark();
        });
        assert!(failures.is_empty(), "{failures:#?}");
    }

    /// The command that reproduces a case.
    fn name(&self, seed: u64) -> String {
        format!("{}={seed}..{}", self.variable, seed + 1)
    }
}

fn range(text: &str) -> Option<Range<u64>> {
    let (first, end) = text.split_once("..")?;
    Some(first.trim().parse().ok()?..end.trim().parse().ok()?)
}

/// Processor time of the calling thread; unlike host time it is independent of other load. 0 if the
/// system does not report it.
#[must_use]
pub fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Resident memory of the process in KiB; 0 if the system does not report it.
fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    field.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Deterministic random numbers, from a seed: the state of a [`SplitMix`].
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The next 64 bits.
    #[allow(clippy::should_implement_trait)] // there is no end to them
    pub fn next(&mut self) -> u64 {
        let mut random = SplitMix(self.0);
        let bits = random.next_u64();
        self.0 = random.0;
        bits
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True with probability 1/`n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A random element; `None` if `from` is empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(cases: Cases, case: impl FnMut(u64)) -> String {
        let error = catch_unwind(AssertUnwindSafe(|| cases.each(case))).unwrap_err();
        *error.downcast::<String>().unwrap()
    }

    #[test]
    fn cases_that_end_well_are_all_run() {
        let mut seen = Vec::new();
        let cases = Cases::new("XENIA_NO_SUCH_CASES", 4);
        assert!(cases.are_usual());
        cases.each(|seed| seen.push(seed));
        assert_eq!(seen, [0, 1, 2, 3]);
    }

    #[test]
    fn panicking_slow_or_large_cases_are_named() {
        let cases = || Cases::new("XENIA_NO_SUCH_CASES", 9);
        let text = failed(cases(), |seed| assert!(seed % 4 != 2));
        assert!(
            text.contains("XENIA_NO_SUCH_CASES=2..3 panicked") && text.contains("=6..7 panicked"),
            "{text}"
        );
        let slow = |seed| {
            let start = thread_time();
            while seed == 3 && thread_time().saturating_sub(start) < Duration::from_millis(300) {}
        };
        let text = failed(cases().longest(Duration::from_millis(200)), slow);
        assert!(text.contains("=3..4 took") && !text.contains("=4..5"), "{text}");
        let text = failed(cases().max_kib(1), |_| ());
        assert!(text.contains("=0..1: the process has") && !text.contains("=1..2"), "{text}");
    }

    #[test]
    fn ranges_are_parsed_and_dice_follow_their_reference() {
        assert_eq!(range("77..78"), Some(77..78));
        assert_eq!(range("77"), None);
        assert_eq!(range("a..b"), None);
        let mut dice = Dice(1_234_567);
        let mut random = SplitMix(1_234_567);
        assert_eq!([dice.next(), dice.next()], [random.next_u64(), random.next_u64()]);
        assert_eq!(dice.pick::<u8>(&[]), None);
        assert!(dice.below(0) == 0 && dice.below(3) < 3);
    }
}
