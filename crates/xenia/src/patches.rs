//! Patch files on the host: a folder of them, and the patches that are switched on for a title.
//!
//! A file belongs to the title that its `title_id` names, whatever its own name begins with. The
//! patches of other executables of the title are kept, because the title may load or launch those.

use crate::config::PatchConfig;
use crate::say::remark;
use crate::source;
use crate::user_folders;
use crate::wording::count;
use crate::wording::nearest::tip;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use xenia_formats::LoadedImage;
use xenia_guest::TitleId;
use xenia_patches::{PatchFault, PatchFile, PatchSet, SwitchedOn, TitlePatch, executable_hash, parse};

/// End of a patch file's name.
const ENDING: &str = ".patch.toml";
/// Largest number of files in a folder.
const MAX_FILES: usize = 16_384;
/// The name that stands for no patch.
const NONE: &str = "off";

/// A patch file of a folder.
#[derive(Clone, Debug)]
pub struct FolderFile {
    /// Path of the file, in the folder.
    pub path: PathBuf,
    /// Its patches and faults.
    pub file: PatchFile,
}

impl FolderFile {
    /// File name and line, for messages.
    pub fn place(&self, line: usize) -> String {
        format!("{}, line {line}", self.path.display())
    }
}

/// The folder of patch files: `flag`, or `patches` in the user's data folder.
pub fn folder(flag: Option<&Path>) -> Option<PathBuf> {
    flag.map(Path::to_owned).or_else(|| user_folders::data().map(|data| data.join("patches")))
}

/// Reads a patch file. An unreadable one has a fault in its first line.
pub fn read(path: &Path) -> FolderFile {
    let file = match source::text(path) {
        Ok(text) => parse(&text),
        Err(error) => {
            let reason = format!("it cannot be read: {error}");
            PatchFile { faults: vec![PatchFault { line: 1, reason }], ..PatchFile::default() }
        }
    };
    FolderFile { path: path.to_owned(), file }
}

/// The patch files of a folder, sorted by name.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("cannot read the folder of patches {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if name.ends_with(ENDING) {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            bail!("{} has more than {MAX_FILES} patch files", folder.display());
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The files of a folder that are for a title.
pub fn for_title(folder: &Path, id: TitleId) -> Result<Vec<FolderFile>> {
    // Only files that mention the ID are parsed: a collection has hundreds for other titles.
    let digits = id.to_string();
    let mentions = |text: String| text.to_ascii_uppercase().contains(&digits);
    let candidates = files_in(folder)?.into_iter().filter(|path| source::text(path).is_ok_and(mentions));
    let files = candidates.map(|path| read(&path));
    Ok(files.filter(|found| found.file.title_id == id && id != TitleId(0)).collect())
}

/// Whether a patch is switched on: by the names that are chosen, or without any by its file.
pub fn is_on(patch: &TitlePatch, chosen: &[String]) -> bool {
    if chosen.is_empty() { patch.is_enabled } else { chosen.contains(&patch.name) }
}

/// The patches that are switched on for the title with this executable.
pub fn choose(image: &LoadedImage, config: &PatchConfig, repeats: bool) -> Result<PatchSet> {
    let chosen = &config.chosen;
    if chosen.iter().any(|name| name == NONE) {
        if chosen.len() > 1 {
            bail!("--patches {NONE} must be the only one: it switches all patches off");
        }
        return Ok(PatchSet::default());
    }
    // Runs that repeat must not depend on the user's folder, unless a flag or setting asks for it.
    let is_wanted = config.folder.is_some() || !chosen.is_empty() || !repeats;
    let Some(folder) = folder(config.folder.as_deref()).filter(|_| is_wanted) else {
        return Ok(PatchSet::default());
    };
    if config.folder.is_none() && chosen.is_empty() && !folder.is_dir() {
        return Ok(PatchSet::default());
    }
    let Some(id) = image.execution.map(|execution| execution.title_id) else {
        if !chosen.is_empty() {
            bail!("--patches: this executable has no title ID, so no patch is for it");
        }
        // A named folder that is missing is a mistake for every executable.
        if config.folder.is_some() {
            files_in(&folder)?;
        }
        return Ok(PatchSet::default());
    };
    let files = for_title(&folder, id)?;
    for name in chosen {
        if !files.iter().flat_map(|found| &found.file.patches).any(|patch| patch.name == *name) {
            let names = files.iter().flat_map(|found| &found.file.patches).map(|patch| patch.name.as_str());
            let tip = tip(name, names);
            bail!(
                "there is no patch `{name}` for title {id} in {}{tip}; `xenia-rs patches TITLE` lists them",
                folder.display()
            );
        }
    }
    set(image, &files, chosen)
}

/// The set of the patches that are switched on in these files.
fn set(image: &LoadedImage, files: &[FolderFile], chosen: &[String]) -> Result<PatchSet> {
    let hash = executable_hash(image);
    let mut patches = Vec::new();
    let mut here = Vec::new();
    let mut elsewhere = Vec::new();
    for found in files {
        for patch in found.file.patches.iter().filter(|patch| is_on(patch, chosen)) {
            if let Some(fault) = found.file.fault_of(patch) {
                bail!("patch `{}` can't be used: {}: {}", patch.name, found.place(fault.line), fault.reason);
            }
            let is_here = hash.is_some_and(|hash| found.file.hashes.contains(&hash));
            let names = if is_here { &mut here } else { &mut elsewhere };
            names.push(patch.name.clone());
            patches.push(SwitchedOn {
                name: patch.name.clone(),
                place: found.place(patch.line),
                hashes: found.file.hashes.clone(),
                writes: patch.writes.clone(),
            });
        }
    }
    if !here.is_empty() {
        remark!("xenia-rs: {}: {}", count(here.len() as u64, "patch"), here.join("; "));
    }
    elsewhere.retain(|name| !here.contains(name));
    if !elsewhere.is_empty() && !chosen.is_empty() {
        let hash = hash.map_or_else(|| "none".to_owned(), |hash| hash.to_string());
        // The window of a title from the library shows errors only.
        tracing::error!(
            "no effect on this executable, whose hash is {hash}: these patches are for others of the title: {}",
            elsewhere.join("; ")
        );
    }
    Ok(PatchSet::new(patches))
}

#[cfg(test)]
mod tests;
