//! Finds the files in folders that may be titles, by their names.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Most levels of folders below a named one.
const MOST_LEVELS: usize = 12;
/// Most files and folders that are looked at.
const MOST_ENTRIES: usize = 500_000;
/// Most files that may be titles.
const MOST_FILES: usize = 50_000;
/// Name of the executable that starts a title; others in its folder belong to the title.
const DEFAULT: &str = "default.xex";
/// Extensions of files that may be titles.
const EXTENSIONS: [&str; 5] = ["xex", "elf", "iso", "zip", "zar"];
/// Smallest file without an extension that may be a package, in bytes.
const LEAST_PACKAGE: u64 = 0x1000;

/// A file that may be a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Path of the file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Time of its last change, in nanoseconds since 1970.
    pub modified: u128,
}

/// The candidates in the folders, and failures in words. Links to folders are not followed.
pub(super) fn walk(folders: &[PathBuf], failures: &mut Vec<String>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut entries = 0;
    let mut ahead: Vec<(PathBuf, usize)> = folders.iter().rev().map(|folder| (folder.clone(), 0)).collect();
    while let Some((folder, level)) = ahead.pop() {
        let list = match std::fs::read_dir(&folder) {
            Ok(list) => list,
            Err(error) => {
                failures.push(format!("cannot list {}: {error}", folder.display()));
                continue;
            }
        };
        let mut files = Vec::new();
        for entry in list.flatten() {
            entries += 1;
            if entries > MOST_ENTRIES || found.len() + files.len() > MOST_FILES {
                failures.push(format!("{} and what follows are left out: too many files", folder.display()));
                found.append(&mut files);
                return found;
            }
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                // The parts of a Games on Demand package are in NAME.data.
                let is_parts = path.extension().is_some_and(|extension| extension == "data");
                if level < MOST_LEVELS && !is_parts {
                    ahead.push((path, level + 1));
                }
            } else if let Some(file) = may_be_title(&path).then(|| std::fs::metadata(&path)) {
                files.extend(file.ok().and_then(|metadata| candidate(path, &metadata)));
            }
        }
        let is_default =
            |file: &Candidate| file.path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(DEFAULT));
        // Beside its default.xex a folder has the rest of that title.
        if files.iter().any(is_default) {
            files.retain(|file| is_default(file) || !has_extension(&file.path, "xex"));
        }
        found.append(&mut files);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    found
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn may_be_title(path: &Path) -> bool {
    match path.extension() {
        Some(_) => EXTENSIONS.iter().any(|extension| has_extension(path, extension)),
        // Packages have names without an extension.
        None => path.file_name().and_then(OsStr::to_str).is_some_and(|name| !name.starts_with('.')),
    }
}

fn candidate(path: PathBuf, metadata: &Metadata) -> Option<Candidate> {
    let is_small = path.extension().is_none() && metadata.len() < LEAST_PACKAGE;
    if !metadata.is_file() || is_small {
        return None;
    }
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Some(Candidate { path, bytes: metadata.len(), modified })
}
