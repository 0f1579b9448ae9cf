//! The page that a window shows when its machine stops unexpectedly.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use xenia::machine::Finished;
use xenia::report::{RunReport, write_json};
use xenia::screenshots::file_name;
use xenia::user_folders;
use xenia_render::Stopped;
use xenia_sched::{EndKind, RunEnd};

/// Largest number of missing files listed.
const FILES: usize = 6;

/// The page: the cause of the end of `name`, and the location of the report; `None` for an end
/// whose outputs were asked for, so that the title can't run `again`. Without `json`, the report is
/// written to the user's state folder, because users who start from a desktop see no terminal.
pub(super) fn why(name: &str, finished: &Finished, json: Option<&Path>, again: bool) -> Option<Stopped> {
    let missing = &finished.report.missing_files;
    let (heading, what) = match (&finished.divergence, &finished.end) {
        (Some(difference), _) => ("the engines disagree".to_owned(), difference.as_str()),
        (None, RunEnd::Ended(EndKind::Crash { text, .. })) => (format!("{name} has crashed"), text.as_str()),
        (None, RunEnd::Deadlock(_)) => (
            format!("{name} has stopped"),
            "Each of its threads waits for something that can't come any more.",
        ),
        (None, RunEnd::Ended(EndKind::Exit { code: 0 })) if again => {
            let lines = Vec::new();
            return Some(Stopped { heading: format!("{name} has ended"), lines, again, has_report: true });
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
    let lines = lines(what, missing, &report);
    Some(Stopped { heading, lines, again, has_report: true })
}

/// Writes the report of a run to `folder`; each title has one file there, for its last crash.
fn keep(folder: &Path, name: &str, report: &RunReport) -> Result<PathBuf> {
    let folder = folder.join("crashes");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{}.json", file_name(name)));
    write_json(&path, "run", report).map(|()| path)
}

/// The lines below the page's heading.
fn lines(what: &str, missing: &[String], report: &Result<PathBuf>) -> Vec<String> {
    let mut lines: Vec<String> =
        what.lines().take(1).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if !missing.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(
            "Files that it asked for and that are not there, the last first; often harmless:".to_owned(),
        );
        lines.extend(missing.iter().rev().take(FILES).map(|file| format!("  {file}")));
        if let Some(more @ 1..) = missing.len().checked_sub(FILES) {
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
    fn the_page_says_what_happened_and_why_and_where_more_is() {
        let crash = "0x82010004: read of 0x00000018: no memory is committed at the address\n  thread 1 ...";
        let report = Ok(PathBuf::from("/state/crashes/fog.json"));
        let page = lines(crash, &[r"game:\Media\Resource.xpr".to_owned()], &report);
        assert_eq!(
            page,
            [
                "0x82010004: read of 0x00000018: no memory is committed at the address",
                "",
                "Files that it asked for and that are not there, the last first; often harmless:",
                r"  game:\Media\Resource.xpr",
                "",
                "The report: /state/crashes/fog.json",
            ]
        );
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let page = lines("", &many, &Err(anyhow::anyhow!("the disk is full")));
        assert!(
            page[0].starts_with("Files that") && page[1].trim() == "8" && page[FILES].trim() == "3",
            "{page:?}"
        );
        assert_eq!(page[FILES + 1..][..3], ["  and 3 more", "", "There is no report: the disk is full"]);
        assert_eq!(lines("x", &[], &Ok("-".into()))[1..], [""]);
    }
}
