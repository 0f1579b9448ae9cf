//! Concludes a run: prints its summary, writes the JSON and chooses the exit code.

use crate::exit::Code;
use std::ffi::OsString;
use std::path::Path;
use xenia::interrupt::{Cause, Interrupt};
use xenia::machine::Finished;
use xenia::output::WriteErrors;
use xenia::report::{End, RunReport, WgpuReport, write_json};
use xenia::say::{self, errln, remark};
use xenia::wording::{count, times};
use xenia_cpu::CrossCheckCounters;
use xenia_sched::{EndKind, FIELDS_PER_SECOND, RunEnd, TICKS_PER_SECOND};

/// Shortest run in seconds whose summary has rates: below, they would be about its start.
const MIN_RATED_SECONDS: f64 = 0.1;
/// Largest number of missing files listed.
const MAX_LISTED_FILES: usize = 8;
/// Longest wait for pipelines, in frames of the console, that the summary leaves out.
const UNSEEN_FRAMES: f64 = 3.0;

/// Prints how the run ended, writes the JSON and chooses the exit code. `write_errors` has the
/// write-back errors so far.
pub fn conclude(
    json: Option<&Path>,
    finished: &Finished,
    interrupt: &Interrupt,
    write_errors: &WriteErrors,
) -> Code {
    let report = &finished.report;
    if let Some(path) = json
        && let Err(error) = write_json(path, "run", report)
    {
        write_errors.note(say::chain(&error));
    }
    remark!("{}", summary(report, interrupt.cause()));
    if let Some(pipelines) = &report.gpu.pipelines {
        remark!(
            "pipelines: {} compiled at start, {} in play; {} left out",
            pipelines.compiled_at_start,
            pipelines.compiled_in_play,
            count(pipelines.draws_left_out, "draw")
        );
    }
    if let Some(stutter) = report.gpu.wgpu.as_ref().and_then(stutter) {
        remark!("{stutter}");
    }
    for call in &report.unimplemented_calls {
        remark!("unimplemented: {} called {}", call.name, times(call.count));
    }
    if !report.unimplemented_calls.is_empty() {
        remark!(
            "their results can be set: --missing zero, or --missing {}=VALUE for one",
            report.unimplemented_calls[0].name
        );
    }
    for stuck in &report.stuck_locks {
        remark!("stuck: {stuck}");
    }
    let code = of_the_end(finished, interrupt);
    if finished.has_lost_output || !write_errors.is_empty() { Code::Unusable } else { code }
}

fn of_the_end(finished: &Finished, interrupt: &Interrupt) -> Code {
    let report = &finished.report;
    if let Some(divergence) = &finished.divergence {
        let after = count(report.instructions, "instruction");
        errln!("{divergence}\nafter {after}; to repeat: {}", for_a_shell(std::env::args_os()));
        return Code::Mismatch;
    }
    match &finished.end {
        RunEnd::Ended(EndKind::Crash { text, .. }) => {
            let (what, registers) = text.split_once('\n').unwrap_or((text, ""));
            errln!("the guest crashed: {what}");
            // The missing files are listed before the registers, because they are often the cause.
            name_missing_files(finished);
            if !registers.is_empty() {
                errln!("{registers}");
            }
        }
        RunEnd::Deadlock(threads) => {
            errln!("the guest deadlocked: no thread can run and no event is pending; {threads}");
            name_missing_files(finished);
        }
        RunEnd::NoFrames { since, threads } => {
            errln!(
                "no swap for {:.0} guest seconds (--swap-timeout): the machine runs, but shows no more frames; {threads}",
                (threads.now - since) as f64 / TICKS_PER_SECOND as f64
            );
            name_missing_files(finished);
        }
        RunEnd::Ended(EndKind::Exit { code }) if *code != 0 => name_missing_files(finished),
        _ => {}
    }
    if let Some(trouble) = &finished.recording_trouble {
        errln!("xenia-rs: {trouble}");
        return Code::Mismatch;
    }
    match report.exit {
        End::Crash => Code::Crashed,
        End::Deadlock => Code::Deadlocked,
        End::Interrupted => interrupt.cause().map_or(Code::Done, Code::from),
        // The end of the recording counts as a difference from it, and was reported above.
        End::Recording => Code::Mismatch,
        End::Frames | End::Instructions | End::Exit | End::Timeout => Code::Done,
    }
}

/// The words of a command as a line for the host's shell. Bytes that are not Unicode are replaced.
fn for_a_shell(words: impl Iterator<Item = OsString>) -> String {
    let plain = if cfg!(windows) { r"_-./=:,+@\" } else { "_-./=:,+@" };
    let is_plain = |c: char| c.is_alphanumeric() || plain.contains(c);
    let quoted = |word: OsString| {
        let word = word.to_string_lossy();
        if !word.is_empty() && word.chars().all(is_plain) {
            word.into_owned()
        } else if cfg!(windows) {
            // No name of a file has quotation marks there. Backslashes before one are doubled.
            let plain = word.trim_end_matches('\\');
            format!("\"{word}{}\"", &word[plain.len()..])
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// The longest wait of a frame for pipelines, if a player could see it.
fn stutter(work: &WgpuReport) -> Option<String> {
    let most = &work.most_in_a_frame;
    let unseen_ms = UNSEEN_FRAMES * 1e3 / f64::from(FIELDS_PER_SECOND);
    (most.ms_in_pipelines > unseen_ms).then(|| {
        format!(
            "the worst frame waited {:.0} ms for pipelines; at most {} compiled in a frame",
            most.ms_in_pipelines,
            count(most.pipelines_in_play, "pipeline")
        )
    })
}

/// Lists missing files that the title tried to open: they are the usual cause of an unexpected end.
fn name_missing_files(finished: &Finished) {
    let missing = &finished.missing_files;
    if missing.is_empty() {
        return;
    }
    errln!("missing files that the title tried to open (often harmless), the last first:");
    for file in missing.iter().rev().take(MAX_LISTED_FILES) {
        errln!("  {} (tried {})", file.path, times(file.count));
    }
    if missing.len() > MAX_LISTED_FILES {
        errln!("  and {} more; --json names all", missing.len() - MAX_LISTED_FILES);
    }
    match &finished.report.title.folder {
        Some(folder) => errln!("  game: is {folder}"),
        None => errln!("  nothing is mounted as game:"),
    }
}

fn compared(checked: &CrossCheckCounters) -> String {
    if checked.units == 0 {
        return String::new();
    }
    format!(
        "; compared {}, {}, {}, all memory {}: {}",
        count(checked.units, "unit"),
        count(checked.instructions, "instruction"),
        count(checked.stored_bytes, "stored byte"),
        times(checked.memory_comparisons),
        count(checked.differences, "difference")
    )
}

fn summary(report: &RunReport, cause: Option<Cause>) -> String {
    let end = match (report.exit, cause, report.exit_code) {
        (End::Interrupted, Some(Cause::Window), _) => "window closed".to_owned(),
        (End::Interrupted, Some(cause), _) => format!("interrupted by {}", cause.name()),
        (end, _, Some(code)) => format!("{} with code {code}", end.words()),
        (end, ..) => end.words().to_owned(),
    };
    let launches = match report.launches {
        0 => String::new(),
        launches => format!("; the last of {} titles", launches + 1),
    };
    // A run can be shorter than the clock's unit, and rates are divided by it.
    let seconds = report.wall_seconds.max(1e-9);
    let ticks = report.guest_ticks.saturating_sub(report.began_at.guest_ticks);
    let frames = report.frames.saturating_sub(report.began_at.frames);
    let speed = ticks as f64 / TICKS_PER_SECOND as f64 / seconds * 100.0;
    let digest = match (&report.digest, report.gpu.backend.as_str()) {
        (Some(digest), _) => format!("\ndigest {digest}"),
        (None, _) if report.mode == "parallel" => {
            "\ndigest - (parallel runs differ; there is one with --lockstep)".to_owned()
        }
        (None, "reference") => "\ndigest - (the run ended in the midst of a draw)".to_owned(),
        (None, backend) => format!("\ndigest - (there is one with --gpu reference only, not {backend})"),
    };
    let rates = if seconds < MIN_RATED_SECONDS {
        String::new()
    } else {
        let fps = frames as f64 / seconds;
        // In parallel, guest time is the host's clock: its speed does not measure the machine.
        let speed = if report.mode == "parallel" {
            format!("{fps:.1} of {:.0} fps", speed * f64::from(FIELDS_PER_SECOND) / 100.0)
        } else {
            format!("{fps:.1} fps, {speed:.0} % speed")
        };
        format!(" ({speed}, {:.1} MIPS)", report.mips)
    };
    format!(
        "{}: {}, {} in {seconds:.1} s{rates}; ended: {end}{launches}{}{digest}",
        report.engine,
        count(report.instructions, "instruction"),
        count(report.frames, "frame"),
        compared(&report.cross_check),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::report::WgpuCounts;

    #[test]
    fn a_command_to_repeat_is_quoted_for_the_shell() {
        let line = |words: &[&str]| for_a_shell(words.iter().map(OsString::from));
        assert_eq!(line(&["xenia-rs", "exec", "-n=3", "a/b.xex"]), "xenia-rs exec -n=3 a/b.xex");
        let quoted = if cfg!(windows) { r#"x "a b" """# } else { "x 'a b' ''" };
        assert_eq!(line(&["x", "a b", ""]), quoted);
        if cfg!(windows) {
            assert_eq!(line(&[r"C:\my games\"]), r#""C:\my games\\""#);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_command_to_repeat_may_have_names_that_are_not_unicode() {
        use std::os::unix::ffi::OsStringExt;
        let words = [&b"it's"[..], b"$a", b"bad\xFF.xex"].map(|word| OsString::from_vec(word.to_vec()));
        let quoted = [r"'it'\''s'", "'$a'", "'bad\u{FFFD}.xex'"];
        assert_eq!(for_a_shell(words.into_iter()), quoted.join(" "));
    }

    #[test]
    fn waits_for_pipelines_that_can_be_seen_are_named() {
        let said = |ms_in_pipelines| {
            let most_in_a_frame = WgpuCounts { ms_in_pipelines, pipelines_in_play: 10, ..Default::default() };
            stutter(&WgpuReport { most_in_a_frame, ..Default::default() })
        };
        assert_eq!(said(49.9), None);
        let expected =
            "the worst frame waited 306 ms for pipelines; at most 10 pipelines compiled in a frame";
        assert_eq!(said(305.8).as_deref(), Some(expected));
    }
}
