//! Detection of growth in the samples.
//!
//! Samples are compared within a series: the same part, title, mode and state, and for long runs
//! the same process. The first third of each series is the warm-up; of the rest, the median of the
//! first half is compared with that of the second. Resident memory may grow by 1 %; descriptors,
//! mappings, handles and objects must not grow. Both the median and the maximum must grow to count:
//! the median may alternate between two values, and the maximum may be from a rare moment.

use super::samples::{Line, RunState, Sample, SoakPart};
use std::collections::BTreeMap;
use std::fmt;

/// Allowed relative growth of resident memory.
const RSS: f64 = 0.01;
/// Minimum number of samples for a verdict.
const MIN_SAMPLES: usize = 9;

/// A figure to compare.
struct SoakFigure {
    name: &'static str,
    read: fn(&Line) -> Option<u64>,
    /// Allowed relative growth.
    may: f64,
}

const FIGURES: &[SoakFigure] = &[
    SoakFigure { name: "rss KiB", read: |line| Some(line.rss_kib), may: RSS },
    SoakFigure { name: "descriptors", read: |line| Some(line.descriptors), may: 0.0 },
    SoakFigure {
        name: "maps",
        // The memory protection of a title at the end of a parallel run depends on timing.
        read: |line| (line.state != RunState::Ended || line.mode != "parallel").then_some(line.maps),
        may: 0.0,
    },
    SoakFigure { name: "handles", read: |line| line.handles, may: 0.0 },
    SoakFigure { name: "objects", read: |line| line.objects, may: 0.0 },
];

/// Median and maximum of a figure in a half of a series.
#[derive(Clone, Copy, Debug)]
struct Half {
    median: u64,
    maximum: u64,
}

impl Half {
    /// Those of some values; `None` without values.
    fn of(values: &[u64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        Some(Self { median: *sorted.get(sorted.len() / 2)?, maximum: *sorted.last()? })
    }
}

/// A figure after the warm-up and at the end.
#[derive(Clone, Copy, Debug)]
struct Change {
    before: Half,
    after: Half,
}

impl Change {
    /// Whether this is growth beyond the allowed share.
    fn is_growth(&self, may: f64) -> bool {
        let grows = |of: fn(&Half) -> u64| of(&self.after) as f64 > of(&self.before) as f64 * (1.0 + may);
        grows(|half| half.median) && grows(|half| half.maximum)
    }
}

/// A series and its result.
#[derive(Debug)]
struct Row {
    name: String,
    samples: usize,
    /// Values after the warm-up and at the end, by figure; `None` without data to compare.
    figures: Vec<Option<Change>>,
    /// Names of the figures that grow.
    grown: Vec<&'static str>,
}

/// Result of judging the samples.
#[derive(Debug)]
pub(crate) struct SoakVerdict {
    rows: Vec<Row>,
    /// Runs that ended incorrectly.
    wrong: Vec<String>,
}

impl SoakVerdict {
    /// Whether no figure grows, there were enough samples, and all runs ended correctly.
    pub(crate) fn passed(&self) -> bool {
        let judged =
            |part: &str| self.rows.iter().any(|row| row.name.starts_with(part) && row.samples >= MIN_SAMPLES);
        self.wrong.is_empty()
            && self.rows.iter().all(|row| row.grown.is_empty())
            && [SoakPart::Rotation, SoakPart::Long].iter().all(|part| judged(part.name()))
    }
}

impl fmt::Display for SoakVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<34} {:>8}", "series", "samples")?;
        for SoakFigure { name, .. } in FIGURES {
            write!(f, " {name:>17}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:<34} {:>8}", row.name, row.samples)?;
            for figure in &row.figures {
                let cell = figure.map_or_else(
                    || "-".to_owned(),
                    |Change { before, after }| format!("{} -> {}", before.median, after.median),
                );
                write!(f, " {cell:>17}")?;
            }
            if row.samples < MIN_SAMPLES {
                write!(f, "  too few to judge")?;
            }
            for name in &row.grown {
                write!(f, "  {name} GROWS")?;
            }
            writeln!(f)?;
        }
        for wrong in &self.wrong {
            writeln!(f, "{wrong}")?;
        }
        writeln!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}

/// Groups the samples into series, in order.
fn series(samples: &[Sample]) -> BTreeMap<String, Vec<&Line>> {
    let mut series: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for Sample { part, number, line } in samples {
        let what = match (part, line.state) {
            // For runs in rotation, only moments that occur in each run.
            (SoakPart::Rotation | SoakPart::Processes, RunState::Running)
            | (SoakPart::Long, RunState::Ended | RunState::Between) => continue,
            (SoakPart::Rotation, RunState::Between) => "between runs".to_owned(),
            (SoakPart::Long, _) => format!("{} {} ({number})", line.title, line.mode),
            _ if line.state == RunState::Ended => format!("{} {}", line.title, line.mode),
            _ => continue,
        };
        series.entry(format!("{}: {what}", part.name())).or_default().push(line);
    }
    series
}

/// A figure's values after the warm-up, and at the end.
fn compare(lines: &[&Line], figure: fn(&Line) -> Option<u64>) -> Option<Change> {
    let judged = &lines[lines.len() / 3..];
    let values: Vec<u64> = judged.iter().map(|line| figure(line)).collect::<Option<_>>()?;
    let (before, after) = values.split_at(values.len() / 2);
    Some(Change { before: Half::of(before)?, after: Half::of(after)? })
}

/// Judges the samples of each series.
pub(crate) fn judge(samples: &[Sample]) -> SoakVerdict {
    let rows = series(samples).into_iter().map(|(name, lines)| {
        let figures: Vec<_> = FIGURES.iter().map(|figure| compare(&lines, figure.read)).collect();
        let grows = |(figure, change): (&SoakFigure, &Option<Change>)| {
            (lines.len() >= MIN_SAMPLES && change.as_ref()?.is_growth(figure.may)).then_some(figure.name)
        };
        let grown = FIGURES.iter().zip(&figures).filter_map(grows).collect();
        Row { name, samples: lines.len(), figures, grown }
    });
    let rows = rows.collect();
    let mut wrong: Vec<String> = Vec::new();
    for Sample { part, number, line } in samples {
        // The time limit ends the last run of a process.
        let is_right = matches!(
            (line.exit.as_deref(), line.exit_code),
            (None | Some("frames" | "timeout"), _) | (Some("exit"), Some(0))
        );
        if !is_right {
            let code = line.exit_code.map_or_else(String::new, |code| format!(" {code}"));
            let exit = line.exit.as_deref().unwrap_or_default();
            wrong.push(format!(
                "{}: {} {} ended by {exit}{code} at {:.0} s; {} has what it said last",
                part.name(),
                line.title,
                line.mode,
                line.at,
                part.messages_file(*number)
            ));
        }
    }
    SoakVerdict { rows, wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(state: RunState, n: u64, change: impl Fn(u64, &mut Line)) -> Line {
        let mut line = Line {
            at: n as f64,
            title: "t".to_owned(),
            mode: "lockstep".to_owned(),
            state,
            exit: (state == RunState::Ended).then(|| "frames".to_owned()),
            exit_code: None,
            rss_kib: 100_000 + n % 7 * 50,
            descriptors: 12,
            maps: 80,
            handles: Some(5),
            objects: Some(9),
            code_bytes: Some(0),
            regions: Some(0),
        };
        change(n, &mut line);
        line
    }

    fn samples(change: impl Fn(u64, &mut Line) + Copy) -> Vec<Sample> {
        let rotation = (0..60).map(|n| Sample {
            part: SoakPart::Rotation,
            number: 0,
            line: line(if n % 2 == 0 { RunState::Ended } else { RunState::Between }, n, change),
        });
        let long = (0..60).map(|n| Sample {
            part: SoakPart::Long,
            number: 0,
            line: line(RunState::Running, n, change),
        });
        rotation.chain(long).collect()
    }

    /// A modification of a sample, by its number.
    type Modification = fn(u64, &mut Line);

    #[test]
    fn soak_judge_passes_stable_and_names_growing_resources() {
        assert!(judge(&samples(|_, _| {})).passed());
        // The warm-up is not judged.
        assert!(judge(&samples(|n, line| line.rss_kib -= 50_000_u64.saturating_sub(n * 5000))).passed());
        let cases: [(&str, Modification); 5] = [
            ("rss KiB GROWS", |n, line| line.rss_kib += n * 100),
            ("descriptors GROWS", |n, line| line.descriptors += n / 10),
            ("maps GROWS", |n, line| line.maps += n / 10),
            ("handles GROWS", |n, line| line.handles = Some(5 + n / 10)),
            ("ended by crash", |n, line| {
                if n == 40 {
                    line.exit = Some("crash".to_owned());
                }
            }),
        ];
        for (expected, change) in cases {
            let verdict = judge(&samples(change));
            assert!(!verdict.passed() && verdict.to_string().contains(expected), "{verdict}");
        }
        let failed = judge(&samples(|_, line| {
            if line.state == RunState::Ended {
                line.exit = Some("exit".to_owned());
                line.exit_code = Some(3);
            }
        }));
        assert!(failed.to_string().contains("ended by exit 3"), "{failed}");
    }

    #[test]
    fn soak_with_too_few_samples_fails() {
        let all = samples(|_, _| {});
        assert!(!judge(&all[..12]).passed() && !judge(&[]).passed());
        assert!(judge(&all[..12]).to_string().contains("too few"));
    }
}
