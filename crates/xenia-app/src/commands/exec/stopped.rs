//! What a window says of a machine that has stopped before its time.

use crate::machine::Finished;
use xenia_render::Stopped;
use xenia_sched::{EndKind, RunEnd};

/// Files that are named at most.
const FILES: usize = 6;

/// What happened to `name`, the probable cause, and where more is; `None` for an end that needs no words.
pub(super) fn why(name: &str, finished: &Finished, missing_files: &[String], again: bool) -> Option<Stopped> {
    let (heading, what) = match (&finished.divergence, &finished.end) {
        (Some(difference), _) => ("the engines disagree".to_owned(), difference.as_str()),
        (None, RunEnd::Ended(EndKind::Crash { text, .. })) => (format!("{name} has crashed"), text.as_str()),
        (None, RunEnd::Deadlock(_)) => (
            format!("{name} has stopped"),
            "Each of its threads waits for something that can't come any more.",
        ),
        _ => return None,
    };
    let mut lines: Vec<String> = what.lines().take(1).map(str::to_owned).collect();
    if !missing_files.is_empty() {
        lines.extend([String::new(), "A probable cause: files that it asked for are not there.".to_owned()]);
        lines.extend(missing_files.iter().take(FILES).map(|file| format!("  {file}")));
        if let Some(more @ 1..) = missing_files.len().checked_sub(FILES) {
            lines.push(format!("  and {more} more"));
        }
    }
    lines.extend([String::new(), "Threads, registers and stack are on the terminal.".to_owned()]);
    Some(Stopped { heading, lines, again })
}
