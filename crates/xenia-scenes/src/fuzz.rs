//! Runs numbered cases of all families, and makes those that differ smaller.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Backends, Choices, SceneCase, SceneDifference, SceneFamily, SceneOutcome, shrink};

/// Settings of a run.
pub struct SceneFuzzConfig {
    /// Families, which take turns.
    pub families: Vec<SceneFamily>,
    /// Cases of different seeds are unrelated.
    pub seed: u32,
    /// Numbers of the cases.
    pub numbers: Range<u64>,
    /// Makes failing cases smaller.
    pub shrink: bool,
    /// Ends the run after this time.
    pub time: Option<Duration>,
    /// Ends the run after this many findings.
    pub max_findings: usize,
    /// Ends the run when it becomes true.
    pub stop: Option<Arc<AtomicBool>>,
    /// Called with the number of cases done.
    pub progress: Option<Box<dyn Fn(u64)>>,
}

impl SceneFuzzConfig {
    fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// Case in which the backends differ.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Number of the case.
    pub number: u64,
    /// The difference, after the case was made smaller.
    pub difference: String,
    pub case: SceneCase,
    /// The case differs on new backends, too; else only after the cases before it.
    pub is_alone: bool,
}

/// Counters of a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FamilyCounts {
    /// Cases that drew something, alike on both.
    pub same: u64,
    /// Cases that changed nothing.
    pub no_effect: u64,
    /// Cases without a defined result, which were not drawn.
    pub skipped: u64,
    /// Cases that differ.
    pub different: u64,
}

/// Result of a run.
#[derive(Clone, Debug, Default)]
pub struct SceneFuzzReport {
    /// Number of cases.
    pub cases: u64,
    /// Counters by family.
    pub families: BTreeMap<SceneFamily, FamilyCounts>,
    pub findings: Vec<Finding>,
}

impl SceneCase {
    /// Draws the case and compares. A panic is a difference; the backends are then recreated.
    pub fn run(&self, backends: &mut Backends<'_>) -> Result<SceneOutcome, SceneDifference> {
        attempt(self.family, backends, &mut self.choices())
    }
}

/// Runs a case; a panic counts as a difference.
fn attempt(
    family: SceneFamily,
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let run = catch_unwind(AssertUnwindSafe(|| family.run(backends, choices)));
    run.unwrap_or_else(|panic| {
        backends.renew();
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(SceneDifference(format!("panic: {text}")))
    })
}

/// Repeats a failing case on new backends, and makes it smaller.
fn finding(
    number: u64,
    case: SceneCase,
    first: SceneDifference,
    backends: &mut Backends<'_>,
    config: &SceneFuzzConfig,
) -> Finding {
    backends.renew();
    let Err(mut difference) = case.run(backends) else {
        return Finding { number, difference: first.0, case, is_alone: false };
    };
    let mut small = case.clone();
    if config.shrink {
        let mut fails = |words: &[u32]| {
            if config.is_stopped() {
                return false;
            }
            let candidate = SceneCase { family: case.family, words: words.to_vec() };
            candidate.run(backends).is_err_and(|found| {
                difference = found;
                true
            })
        };
        small.words = shrink(case.words.clone(), &mut fails);
    }
    Finding { number, difference: difference.0, case: small, is_alone: true }
}

/// Runs cases until their end, a limit or a stop.
pub fn fuzz(config: &SceneFuzzConfig, backends: &mut Backends<'_>) -> SceneFuzzReport {
    let mut report = SceneFuzzReport::default();
    let start = Instant::now();
    for number in config.numbers.clone() {
        let is_late = config.time.is_some_and(|time| start.elapsed() >= time);
        let Some(family) = config.families.get((number % config.families.len().max(1) as u64) as usize)
        else {
            break;
        };
        if config.is_stopped() || is_late || report.findings.len() >= config.max_findings {
            break;
        }
        let mut choices = Choices::of_seed(u64::from(config.seed) << 32 ^ number);
        let result = attempt(*family, backends, &mut choices);
        report.cases += 1;
        let counts = report.families.entry(*family).or_default();
        match result {
            Ok(SceneOutcome::Same) => counts.same += 1,
            Ok(SceneOutcome::NoEffect) => counts.no_effect += 1,
            Ok(SceneOutcome::Skipped) => counts.skipped += 1,
            Err(difference) => {
                counts.different += 1;
                let case = SceneCase { family: *family, words: choices.drawn().to_vec() };
                report.findings.push(finding(number, case, difference, backends, config));
            }
        }
        if let Some(progress) = &config.progress {
            progress(report.cases);
        }
    }
    report
}
