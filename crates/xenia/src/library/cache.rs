//! The cache of a library: a JSON file with the descriptions of files, and a folder of icons. It
//! may be deleted at any time; a file that can't be read counts as an empty cache.

use super::LibraryTitle;
use super::walk::Candidate;
use crate::output;
use crate::title::description::DescribedTitle;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xenia_formats::KeyRing;
use xenia_guest::TitleId;

/// Version of the format.
const VERSION: u32 = 2;
/// Name of the file.
const FILE: &str = "library.json";
/// Name of the folder of icons.
const ICONS: &str = "icons";

/// The cache's file in its folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Knowledge of a file.
#[derive(Clone, Debug)]
pub(super) struct Known {
    bytes: u64,
    modified: u128,
    /// The title; `None`: the file is not a title.
    pub(super) title: Option<DescribedTitle>,
    /// File of the icon.
    pub(super) icon: Option<PathBuf>,
}

/// A row of the file.
#[derive(Serialize, Deserialize)]
struct Row {
    path: PathBuf,
    bytes: u64,
    modified: String,
    title: Option<TitleRow>,
}

#[derive(Serialize, Deserialize)]
struct TitleRow {
    format: String,
    id: Option<u32>,
    name: Option<String>,
    icon: Option<String>,
    lacks_key: bool,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// Version of the program, whose readers made the descriptions.
    program: String,
    files: Vec<Row>,
}

/// The cache, without a folder for a run that keeps none.
pub(super) struct Cache {
    folder: Option<PathBuf>,
    known: BTreeMap<PathBuf, Known>,
    changed: bool,
}

impl Cache {
    /// Reads the cache in a folder.
    pub(super) fn read(folder: Option<&Path>) -> Self {
        let document = folder.and_then(|folder| {
            let text = crate::source::text(&file(folder)).ok()?;
            let document: Document = serde_json::from_str(&text).ok()?;
            let is_ours = document.version == VERSION && document.program == env!("CARGO_PKG_VERSION");
            is_ours.then_some(document)
        });
        let rows = document.map_or_else(Vec::new, |document| document.files);
        let known = rows.into_iter().filter_map(|row| {
            let icon = |name: &String| Some(folder?.join(ICONS).join(name));
            let known = Known {
                bytes: row.bytes,
                modified: row.modified.parse().ok()?,
                icon: row.title.as_ref().and_then(|title| title.icon.as_ref()).and_then(icon),
                title: row.title.map(|title| DescribedTitle {
                    format: title.format,
                    id: title.id.map(TitleId),
                    name: title.name,
                    icon: None,
                    lacks_key: title.lacks_key,
                }),
            };
            Some((row.path, known))
        });
        Self { folder: folder.map(Path::to_owned), known: known.collect(), changed: false }
    }

    /// Whether a file is known as it is, with its icon, and `keys` can't describe it better.
    pub(super) fn has(&self, file: &Candidate, keys: &KeyRing) -> bool {
        self.get(file).is_some_and(|known| {
            let lacks_key = known.title.as_ref().is_some_and(|title| title.lacks_key);
            !(lacks_key && keys.has_retail()) && known.icon.as_ref().is_none_or(|icon| icon.is_file())
        })
    }

    /// The knowledge of a file, if it is as it was.
    pub(super) fn get(&self, file: &Candidate) -> Option<&Known> {
        let known = self.known.get(&file.path)?;
        ((known.bytes, known.modified) == (file.bytes, file.modified)).then_some(known)
    }

    /// The titles among the known files.
    pub(super) fn titles(&self) -> Vec<LibraryTitle> {
        let titles = self.known.iter().filter_map(|(path, known)| {
            let described = known.title.clone()?;
            let icon = known.icon.clone();
            Some(LibraryTitle { path: path.clone(), bytes: known.bytes, described, icon })
        });
        titles.collect()
    }

    /// Adds a file; writes its icon.
    pub(super) fn add(&mut self, file: &Candidate, title: Option<DescribedTitle>) {
        let mut title = title;
        let icon = title.as_mut().and_then(|title| title.icon.take()).and_then(|bytes| self.keep(&bytes));
        let known = Known { bytes: file.bytes, modified: file.modified, title, icon };
        self.known.insert(file.path.clone(), known);
        self.changed = true;
    }

    /// Writes an icon under a name made of its contents, unless the file exists.
    fn keep(&self, bytes: &[u8]) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?.join(ICONS);
        let name = blake3::hash(bytes).to_hex();
        let path = folder.join(format!("{}.png", &name[..32]));
        if !path.is_file() {
            std::fs::create_dir_all(&folder).ok()?;
            output::write(&path, bytes).ok()?;
        }
        Some(path)
    }

    /// Writes the cache if it changed. Files below `scanned` that are gone are forgotten.
    pub(super) fn write(&mut self, scanned: &[PathBuf]) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let before = self.known.len();
        let is_gone = |path: &Path| {
            scanned.iter().any(|folder| path.starts_with(folder)) && path.symlink_metadata().is_err()
        };
        self.known.retain(|path, _| !is_gone(path));
        if !self.changed && self.known.len() == before {
            return Ok(());
        }
        let icon = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let files = self.known.iter().map(|(path, known)| Row {
            path: path.clone(),
            bytes: known.bytes,
            modified: known.modified.to_string(),
            title: known.title.as_ref().map(|title| TitleRow {
                format: title.format.clone(),
                id: title.id.map(|id| id.0),
                name: title.name.clone(),
                icon: known.icon.as_ref().and_then(icon),
                lacks_key: title.lacks_key,
            }),
        });
        // A path that is not UTF-8 can't be kept.
        let files = files.filter(|row| row.path.to_str().is_some()).collect();
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let text = serde_json::to_vec(&Document { version: VERSION, program, files })?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        output::write(&file(folder), &text)
    }
}
