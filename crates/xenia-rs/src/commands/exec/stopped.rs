//! The page that a window shows when its machine has ended without being asked to.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use xenia::desktop::MAX_COPIED;
use xenia::machine::Finished;
use xenia::report::{RunReport, write_json};
use xenia::screenshots::file_name;
use xenia::user_folders;
use xenia_render::Stopped;
use xenia_sched::{EndKind, RunEnd};

/// Largest number of missing files listed.
const MAX_FILES: usize = 6;
/// Largest number of missing files in the text to copy.
const MAX_FILES_COPIED: usize = 50;

/// The page with the cause of the end of `name`, and the location of the report. `None` for ends
/// that were asked for, and, if the title can't run `again`, for exits with code 0 or without
/// missing files. Without `json`, the report is written to the user's state folder, because users
/// who start from a desktop see no terminal.
pub(super) fn page(name: &str, finished: &Finished, json: Option<&Path>, again: bool) -> Option<Stopped> {
    let missing = &finished.report.missing_files;
    let (heading, what) = match (&finished.divergence, &finished.end) {
        (Some(difference), _) => ("the engines disagree".to_owned(), difference.as_str()),
        (None, RunEnd::Ended(EndKind::Crash { text, .. })) => (format!("{name} has crashed"), text.as_str()),
        (None, RunEnd::Deadlock(_)) => (
            format!("{name} has stopped"),
            "Each of its threads waits for something that can no longer happen.",
        ),
        (None, RunEnd::Ended(EndKind::Exit { code: 0 })) if again => {
            let lines = Vec::new();
            let heading = format!("{name} has ended");
            return Some(Stopped { heading, lines, again, has_report: true, ..Stopped::default() });
        }
        (None, RunEnd::Ended(EndKind::Exit { code })) if *code != 0 && (again || !missing.is_empty()) => {
            (format!("{name} has ended with code {code}"), "")
        }
        _ => return None,
    };
    let report = match json {
        Some(path) => Ok(path.to_owned()),
        None => user_folders::state()
            .context("no folder for it")
            .and_then(|folder| keep(&folder, name, &finished.report)),
    };
    let excerpt = excerpt(&heading, what, missing);
    let folder = report.as_ref().ok().and_then(|path| folder_of(path));
    let lines = lines(what, missing, &report);
    Some(Stopped { heading, lines, again, has_report: true, excerpt, folder })
}

/// Writes the report of a run to `folder`; each title has one file there, for its last crash.
fn keep(folder: &Path, name: &str, report: &RunReport) -> Result<PathBuf> {
    let folder = folder.join("crashes");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{}.json", file_name(name)));
    write_json(&path, "run", report).map(|()| path)
}

/// Folder of a report, if that is a file.
fn folder_of(report: &Path) -> Option<PathBuf> {
    let report = report.canonicalize().ok().filter(|report| report.is_file())?;
    report.parent().map(Path::to_owned)
}

/// The reason as a text to copy: with all of a crash, such as its registers and threads, and
/// without paths of the host.
fn excerpt(heading: &str, what: &str, missing: &[String]) -> String {
    let mut text = format!("xenia-rs {}: {heading}\n", env!("CARGO_PKG_VERSION"));
    let files = missing.iter().rev().take(MAX_FILES_COPIED).map(|file| format!("missing: {file}"));
    for line in what.lines().map(str::to_owned).chain(files) {
        if text.len() + line.len() >= MAX_COPIED {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The lines below the page's heading.
fn lines(what: &str, missing: &[String], report: &Result<PathBuf>) -> Vec<String> {
    let mut lines: Vec<String> =
        what.lines().take(1).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if !missing.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push("Missing files that it tried to open, the last first; often harmless:".to_owned());
        lines.extend(missing.iter().rev().take(MAX_FILES).map(|file| format!("  {file}")));
        if let Some(more @ 1..) = missing.len().checked_sub(MAX_FILES) {
            lines.push(format!("  and {more} more"));
        }
    }
    lines.push(String::new());
    match report {
        Ok(path) if path != Path::new("-") => lines.push(format!("The report: {}", path.display())),
        Ok(_) => {}
        Err(error) => lines.push(format!("There is no report: {error:#}")),
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_to_copy_has_all_of_a_crash_and_a_limit() {
        let missing = ["d:\\a".to_owned(), "d:\\b".to_owned()];
        let text = excerpt("Knot has crashed", "read of 0x18\n  thread 1\n  r3 0000000000000007", &missing);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("Knot has crashed"), "{text}");
        assert_eq!(lines[1..4], ["read of 0x18", "  thread 1", "  r3 0000000000000007"]);
        assert_eq!(lines[4..], ["missing: d:\\b", "missing: d:\\a"]);
        assert!(excerpt("x", &"long line\n".repeat(MAX_COPIED), &[]).len() <= MAX_COPIED);
    }

    #[test]
    fn only_a_report_that_is_a_file_has_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("knot.json");
        assert_eq!(folder_of(&report), None);
        std::fs::write(&report, "{}").unwrap();
        assert_eq!(folder_of(&report), folder.path().canonicalize().ok());
        assert_eq!(folder_of(Path::new("/dev/null")), None);
    }

    #[test]
    fn the_page_shows_the_failure_its_cause_and_the_log() {
        let crash = "0x82010004: read of 0x00000018: no memory is committed at the address\n  thread 1 ...";
        let report = Ok(PathBuf::from("/state/crashes/fog.json"));
        let page = lines(crash, &[r"game:\Media\Resource.xpr".to_owned()], &report);
        assert_eq!(
            page,
            [
                "0x82010004: read of 0x00000018: no memory is committed at the address",
                "",
                "Missing files that it tried to open, the last first; often harmless:",
                r"  game:\Media\Resource.xpr",
                "",
                "The report: /state/crashes/fog.json",
            ]
        );
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let page = lines("", &many, &Err(anyhow::anyhow!("the disk is full")));
        assert!(
            page[0].starts_with("Missing files") && page[1].trim() == "8" && page[MAX_FILES].trim() == "3",
            "{page:?}"
        );
        assert_eq!(page[MAX_FILES + 1..][..3], ["  and 3 more", "", "There is no report: the disk is full"]);
        assert_eq!(lines("x", &[], &Ok("-".into()))[1..], [""]);
    }
}
