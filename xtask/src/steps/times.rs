//! Wall and CPU time of the steps of `cargo xtask test` and of their parts.

use std::time::Instant;

/// Time of a step, or of a part of one.
#[derive(Debug)]
pub(super) struct Spent {
    pub(super) name: &'static str,
    /// Its wall seconds, as measured.
    pub(super) wall: f64,
    /// CPU seconds of this process and of child processes that have ended, if the host counts them
    /// and, for a part, if no other runs beside it. The installation of tools beside the first
    /// steps counts for them.
    pub(super) cpu: Option<f64>,
    pub(super) parts: Vec<Self>,
}

/// Measures a step or a part from its start.
pub(super) struct Stopwatch {
    name: &'static str,
    start: Instant,
    cpu: Option<f64>,
}

impl Stopwatch {
    pub(super) fn start(name: &'static str) -> Self {
        Self { name, start: Instant::now(), cpu: cpu_seconds() }
    }

    /// The time since the start.
    pub(super) fn stop(self) -> Spent {
        let cpu = self.cpu.zip(cpu_seconds()).map(|(from, to)| to - from);
        Spent { name: self.name, wall: self.start.elapsed().as_secs_f64(), cpu, parts: Vec::new() }
    }
}

/// CPU seconds of this process and of the children that it waited for: `/proc` has what `getrusage`
/// returns, which would need a crate or `unsafe`. A host without `/proc` has no figure.
fn cpu_seconds() -> Option<f64> {
    stat_cpu_seconds(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// CPU seconds in the text of `/proc/self/stat`.
fn stat_cpu_seconds(text: &str) -> Option<f64> {
    /// `USER_HZ` of Linux, which is 100 on x86-64 and AArch64.
    const TICKS: f64 = 100.0;
    // The process's name, in parentheses, may itself contain parentheses.
    let (_, fields) = text.rsplit_once(')')?;
    // utime, stime, cutime and cstime are fields 14 to 17; the name is field 2.
    let fields = fields.split_whitespace().skip(11).take(4).map(|ticks| ticks.parse::<f64>().ok());
    let ticks = fields.collect::<Option<Vec<f64>>>()?;
    (ticks.len() == 4).then(|| ticks.iter().sum::<f64>() / TICKS)
}

/// The lines of a report: the whole run, each step with its share of the wall time, and its parts,
/// the longest first.
pub(super) fn report(steps: &[Spent]) -> String {
    let wall: f64 = steps.iter().map(|step| step.wall).sum();
    let cpu: Option<f64> = steps.iter().map(|step| step.cpu).sum();
    let mut lines = vec![format!("time: {wall:.0} s{}", cpu_words(cpu))];
    for step in steps {
        let share = step.wall / wall.max(f64::MIN_POSITIVE) * 100.0;
        lines.push(format!("  {}: {:.0} s ({share:.0} %){}", step.name, step.wall, cpu_words(step.cpu)));
        let mut parts: Vec<&Spent> = step.parts.iter().collect();
        parts.sort_by(|one, other| other.wall.total_cmp(&one.wall));
        let line = |part: &&Spent| format!("    {}: {:.0} s{}", part.name, part.wall, cpu_words(part.cpu));
        lines.extend(parts.iter().map(line));
    }
    lines.join("\n")
}

fn cpu_words(cpu: Option<f64>) -> String {
    cpu.map_or_else(String::new, |cpu| format!(", CPU {cpu:.0} s"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn cpu_time_includes_ended_children() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 5 0 0 0 100 50 200 25 20 0 1 0";
        assert_eq!(stat_cpu_seconds(stat), Some(3.75));
        assert_eq!(stat_cpu_seconds("7 (a) S 1 7 7 0 -1 4194560 5 0 0 0 100 50 200"), None);
        assert_eq!(cpu_seconds().is_some(), Path::new("/proc/self/stat").exists());
    }

    #[test]
    fn a_report_has_steps_and_parts() {
        let spent = |name, wall, cpu| Spent { name, wall, cpu, parts: Vec::new() };
        let part = |name, wall| spent(name, wall, None);
        let mut sources = spent("sources", 25.0, Some(30.0));
        sources.parts = vec![part("tidy", 5.0), part("format", 20.0)];
        let build = spent("build", 50.0, Some(100.0));
        // By `--only`: the time of the step is also that of a build.
        let mut suites = spent("suites", 25.0, Some(40.0));
        suites.parts = vec![part("golden", 5.0)];
        let lines = [
            "time: 100 s, CPU 170 s",
            "  sources: 25 s (25 %), CPU 30 s",
            "    format: 20 s",
            "    tidy: 5 s",
            "  build: 50 s (50 %), CPU 100 s",
            "  suites: 25 s (25 %), CPU 40 s",
            "    golden: 5 s",
        ];
        assert_eq!(report(&[sources, build, suites]), lines.join("\n"));
        assert_eq!(report(&[part("tests", 2.0)]), "time: 2 s\n  tests: 2 s (100 %)");
    }
}
