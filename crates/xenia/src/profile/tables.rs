//! Profiles as tables.

use super::resolved::{FrameKind, ResolvedProfile, thread_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Rows of each table of a thread.
const ROWS_OF_A_THREAD: usize = 10;
/// Rows of the other tables.
const ROWS: usize = 100;

/// Number of polls at which a frame was innermost, and on the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FrameCount {
    own: u64,
    total: u64,
    /// Guest instructions of the samples in which it was innermost.
    instructions: u64,
}

/// Counts of all frames in samples, the hottest first.
fn counts<'a>(
    samples: impl Iterator<Item = &'a super::resolved::ResolvedSample>,
) -> Vec<(usize, FrameCount)> {
    let mut counts = BTreeMap::<usize, FrameCount>::new();
    for sample in samples {
        if let Some(&own) = sample.stack.last() {
            let count = counts.entry(own).or_default();
            count.own += sample.weight;
            count.instructions += sample.instructions;
        }
        for &frame in sample.stack.iter().collect::<BTreeSet<_>>() {
            counts.entry(frame).or_default().total += sample.weight;
        }
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|&(index, count)| (std::cmp::Reverse((count.own, count.total)), index));
    rows
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Writes a table of the hottest `most` of all rows.
fn table(text: &mut String, profile: &ResolvedProfile, all: &[(usize, FrameCount)], most: usize) {
    let whole = all.iter().map(|(_, count)| count.own).sum();
    let instructions = all.iter().map(|(_, count)| count.instructions).sum();
    let rows = &all[..all.len().min(most)];
    let _ = writeln!(text, "{:>9} {:>7} {:>7} {:>7}  function", "samples", "own %", "total %", "instr %");
    for &(index, count) in rows {
        let Some(frame) = profile.frames.get(index) else { continue };
        let kind = if frame.kind == FrameKind::Guest { "" } else { " (ours)" };
        let _ = writeln!(
            text,
            "{:>9} {:>7.2} {:>7.2} {:>7.2}  {}{kind}",
            count.own,
            share(count.own, whole),
            share(count.total, whole),
            share(count.instructions, instructions),
            frame.name.escape_debug(),
        );
    }
}

/// The profile as text.
pub(super) fn text(profile: &ResolvedProfile) -> String {
    let whole = profile.total();
    let mut text = format!(
        "{}: {whole} samples, one per {} ms of a busy host thread; {} million guest instructions\n",
        profile.title.escape_debug(),
        profile.period.as_secs_f64() * 1e3,
        profile.instructions() / 1_000_000,
    );
    if profile.left_out > 0 {
        let _ = writeln!(text, "{} more samples were left out", profile.left_out);
    }
    let all = counts(profile.samples());
    let _ = writeln!(text, "\nParts");
    for kind in FrameKind::ALL {
        let of_kind = |&&(index, _): &&(usize, FrameCount)| {
            profile.frames.get(index).is_some_and(|frame| frame.kind == kind)
        };
        let own: u64 = all.iter().filter(of_kind).map(|(_, count)| count.own).sum();
        let _ = writeln!(text, "{own:>9} {:>7.2}  {}", share(own, whole), kind.name());
    }
    let _ = writeln!(text, "\nFunctions");
    table(&mut text, profile, &all, ROWS);
    for (&thread, samples) in &profile.threads {
        let of_thread: u64 = samples.iter().map(|sample| sample.weight).sum();
        let _ = writeln!(text, "\n{}: {of_thread} samples", thread_name(thread));
        table(&mut text, profile, &counts(samples.iter()), ROWS_OF_A_THREAD);
    }
    let _ = writeln!(text, "\nKernel calls\n{:>12} {:>12} {:>9}  export", "calls", "ms", "ns a call");
    for call in profile.calls.iter().take(ROWS) {
        let mean = call.time.as_nanos() / u128::from(call.count.max(1));
        let milliseconds = call.time.as_secs_f64() * 1e3;
        let _ = writeln!(text, "{:>12} {milliseconds:>12.3} {mean:>9}  {}", call.count, call.name);
    }
    text
}
