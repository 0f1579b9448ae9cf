//! `xenia-rs library`: lists the titles in folders, with the known facts about each and its runs.

use crate::cli::{LibraryArgs, SortArg};
use anyhow::{Result, bail};
use serde::Serialize;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use xenia::library::{self, LibraryTitle, plays};
use xenia::report::{check_json, write_json};
use xenia::say::{errln, outln, visible};
use xenia::status;
use xenia::title::{key_ring, path_of, short_name};
use xenia::user_folders;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;

documented! {
    /// The titles in folders.
    #[derive(Debug, Serialize)]
    pub struct LibraryReport {
        /// The folders, as absolute paths.
        folders: Vec<String>,
        /// The titles, by path, or as `--sort` says.
        titles: Vec<LibraryRow>,
        /// Number of files that were opened; the others have not changed since the last scan.
        files_opened: usize,
        /// Folders and files that could not be read, with the reasons.
        failures: Vec<String>,
        /// Time of the scan, in seconds.
        wall_seconds: f64,
    }

    /// A title in a folder.
    #[derive(Debug, Serialize)]
    pub struct LibraryRow {
        /// The file that starts it.
        path: String,
        /// Its name: the title's own, or that of its file or folder.
        name: String,
        /// Title id, eight hexadecimal digits; null if it has none.
        title_id: Option<String>,
        /// Format of the file, as in `info`.
        kind: String,
        /// File of its icon (PNG), in the cache folder; null if it has none, or it can't be read
        /// without a key.
        icon: Option<String>,
        /// Size of the file in bytes.
        bytes: u64,
        /// State of the last run in a window: `plays`, `starts` or `crashes`; null if it has not
        /// run.
        state: Option<String>,
        /// End of the last run, in seconds since 1970; null if it has not run.
        last_played: Option<u64>,
        /// Time of all runs, in seconds.
        seconds_played: f64,
        /// Number of runs.
        runs: u64,
    }
}

/// Lists the titles.
pub fn run(args: &LibraryArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let named: Vec<&PathBuf> = args.folder.iter().chain(&args.folders).collect();
    if named.is_empty() {
        bail!(
            "no folder is named: run `xenia-rs library FOLDER`, or put the folders of your titles into config.toml: \
             `[library]`, `folder = [\"/home/me/games\"]`"
        );
    }
    let folders = named.into_iter().map(|folder| path_of(folder).map(canonical));
    let folders: Vec<PathBuf> = folders.collect::<Result<_>>()?;
    let keys = key_ring(args.key_file.as_deref())?;
    let cache = user_folders::cache();
    if let Some(cache) = cache.as_deref().filter(|_| args.rescan) {
        library::forget(cache)?;
    }
    let start = Instant::now();
    status::allow();
    let scan = library::scan(&folders, cache.as_deref(), &keys, &|progress| {
        status::show(&progress.text());
    });
    status::hide();
    let state = user_folders::state();
    let mut titles: Vec<LibraryRow> =
        scan.titles.into_iter().map(|title| row(title, state.as_deref())).collect();
    if let Some(sort) = args.sort {
        sort_by(&mut titles, sort);
    }
    let report = LibraryReport {
        folders: folders.iter().map(|folder| folder.display().to_string()).collect(),
        titles,
        files_opened: scan.opened,
        failures: scan.failures,
        wall_seconds: start.elapsed().as_secs_f64(),
    };
    for failure in &report.failures {
        errln!("xenia-rs: {}", visible(failure));
    }
    match &args.json {
        Some(path) => write_json(path, "library", &report)?,
        None => print(&report),
    }
    // A folder of the settings may be on a disk that is not always there.
    let typed = folders.iter().skip(args.folder.len());
    let is_whole = typed.into_iter().all(|folder| std::fs::read_dir(folder).is_ok());
    Ok(if is_whole { Code::Done } else { Code::Unusable })
}

/// The canonical path of a folder. A missing folder keeps its path: the scan reports it as a
/// failure, and continues with the others.
pub(super) fn canonical(folder: PathBuf) -> PathBuf {
    folder.canonicalize().unwrap_or(folder)
}

fn row(title: LibraryTitle, state: Option<&Path>) -> LibraryRow {
    let plays = state.and_then(|state| plays::read(state, &title.path));
    let path = title.path.display().to_string();
    LibraryRow {
        name: title.described.name.unwrap_or_else(|| short_name(&title.path)),
        title_id: title.described.id.map(|id| id.to_string()),
        kind: title.described.format,
        icon: title.icon.map(|icon| icon.display().to_string()),
        bytes: title.bytes,
        state: plays.as_ref().map(|plays| plays.state.name().to_owned()),
        last_played: plays.as_ref().map(|plays| plays.last),
        seconds_played: plays.as_ref().map_or(0.0, |plays| plays.seconds),
        runs: plays.map_or(0, |plays| plays.runs),
        path,
    }
}

fn sort_by(titles: &mut [LibraryRow], sort: SortArg) {
    titles.sort_by_key(|row| row.name.to_lowercase());
    // Both sorts are stable: titles with equal keys keep their order.
    match sort {
        SortArg::Name => {}
        SortArg::LastPlayed => titles.sort_by_key(|row| Reverse(row.last_played)),
        SortArg::TimePlayed => titles.sort_by(|a, b| b.seconds_played.total_cmp(&a.seconds_played)),
    }
}

fn print(report: &LibraryReport) {
    let width = report.titles.iter().map(|row| row.name.chars().count()).max().unwrap_or_default().min(40);
    for row in &report.titles {
        let played = Duration::from_secs_f64(row.seconds_played.clamp(0.0, 1e9)).as_secs();
        outln!(
            "{:<width$}  {:<8}  {:<5}  {:<7}  {:>3}:{:02} h  {}",
            visible(&row.name),
            row.title_id.as_deref().unwrap_or("-"),
            row.kind,
            row.state.as_deref().unwrap_or("-"),
            played / 3600,
            played / 60 % 60,
            visible(&row.path)
        );
    }
    outln!("{} in {}", count(report.titles.len(), "title"), count(report.folders.len(), "folder"));
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn a_library_without_a_folder_explains_how_to_add_one() {
        let error = crate::run(Cli::try_parse_from(["xenia-rs", "library"]).unwrap()).unwrap_err();
        assert!(error.to_string().contains("config.toml"), "{error}");
    }
}
