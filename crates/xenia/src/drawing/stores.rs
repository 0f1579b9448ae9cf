//! The stores of pipelines in the cache folder: a file for each executable, so that a title's parts
//! and versions do not mix.

use crate::digest::file_name_digits;
use crate::library::stored::StoredTitle;
use crate::screenshots::file_name;
use crate::source;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use xenia_render::backend::exchange::{ExportedTitle, MAX_STORE_BYTES, MergedStore, PipelineTitle};

/// Ending of the files' names.
const ENDING: &str = ".pipelines";

/// The store of an executable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PipelineStoreFile {
    /// Name of the store, as in the file's name: the title's id, or a short name.
    pub name: String,
    /// First 64 bits of the SHA-256 of the loaded image.
    pub image: u64,
    /// Path of the file.
    pub path: PathBuf,
}

impl PipelineStoreFile {
    /// A store that may not exist yet.
    fn new(folder: &Path, name: &str, image: u64) -> Self {
        let name = file_name(name);
        Self { path: folder.join(format!("{name}-{image:016x}{ENDING}")), name, image }
    }

    /// The store at a path, by its name.
    fn at(path: PathBuf) -> Option<Self> {
        let file = path.file_name()?.to_str()?;
        let (name, digits) = file.strip_suffix(ENDING)?.rsplit_once('-')?;
        let image = u64::from_str_radix(digits, 16).ok()?;
        if format!("{image:016x}") != digits {
            return None;
        }
        Some(Self { name: name.to_owned(), image, path })
    }

    /// Title of the store.
    pub fn title(&self) -> PipelineTitle {
        PipelineTitle { name: self.name.clone(), image: self.image }
    }

    /// Reads the part that a run reads.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(&self) -> Result<Vec<u8>> {
        let bytes = source::first_bytes(&self.path, MAX_STORE_BYTES as u64 + 1);
        bytes.with_context(|| format!("cannot read {}", self.path.display()))
    }

    /// Merges exported pipelines into the store.
    ///
    /// # Errors
    /// The store is of another format or version, or it can't be read or written. It has then the
    /// entries that it had.
    pub fn merge(&self, exported: &ExportedTitle<'_>) -> Result<MergedStore> {
        let is_new = matches!(self.path.try_exists(), Ok(false));
        let present = if is_new { Vec::new() } else { self.read()? };
        let merged = exported.merge_into(&present).with_context(|| self.path.display().to_string())?;
        if merged.is_changed() {
            let cannot = || format!("cannot write {}", self.path.display());
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder).with_context(cannot)?;
            }
            self.append(&merged, present.len()).with_context(cannot)?;
        }
        Ok(merged)
    }

    /// Appends what a merge has added; `read` is the number of bytes that it had read. The file is
    /// not replaced, because a run may have it open and append to it.
    fn append(&self, merged: &MergedStore, read: usize) -> io::Result<()> {
        // A handle that only appends can't shorten a file on every system.
        let shorten = |bytes: u64| File::options().write(true).open(&self.path)?.set_len(bytes);
        let changed = || io::Error::other("a run has just changed it: repeat the import");
        let kept = merged.kept as u64;
        if read > merged.kept {
            // The read may have ended within a record that a run was writing.
            if fs::metadata(&self.path)?.len().min(MAX_STORE_BYTES as u64 + 1) != read as u64 {
                return Err(changed());
            }
            // A run may still write in between; then it loses this record only.
            shorten(kept)?;
        }
        // A store that was renamed or deleted meanwhile must not come back without its beginning.
        let mut file = File::options().read(true).append(true).create(kept == 0).open(&self.path)?;
        let before = file.metadata()?.len();
        if before < kept || kept == 0 && before > 0 {
            return Err(changed());
        }
        let added = &merged.file[merged.kept..];
        let result = file.write_all(added).and_then(|()| file.sync_all());
        // A part of a record would hide those that a run appends after it. Records of a run stay,
        // unless both are shorter than the whole import: then they were hidden already.
        if result.is_err() && file.metadata().is_ok_and(|now| now.len() <= before + added.len() as u64) {
            let _ = shorten(before);
        }
        result
    }
}

/// The stores in a folder, by name. A missing folder has none.
///
/// # Errors
/// The folder can't be read.
pub fn stores(folder: &Path) -> io::Result<Vec<PipelineStoreFile>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut stores = Vec::new();
    for entry in entries {
        stores.extend(PipelineStoreFile::at(entry?.path()));
    }
    stores.sort();
    Ok(stores)
}

/// The stores of a title's executable, under any name; if there is none, a new one.
///
/// # Errors
/// The folder can't be read.
pub fn stores_of(folder: &Path, title: &PipelineTitle) -> io::Result<Vec<PipelineStoreFile>> {
    let mut found = stores(folder)?;
    found.retain(|store| store.image == title.image);
    if found.is_empty() {
        found.push(PipelineStoreFile::new(folder, &title.name, title.image));
    }
    Ok(found)
}

/// The number of an executable in the names of stores, by the SHA-256 of the loaded image in
/// hexadecimal.
pub fn image_of(image_sha256: &str) -> Option<u64> {
    u64::from_str_radix(file_name_digits(image_sha256), 16).ok()
}

/// Path of the store of a title's executable. A store of the same executable may have another name:
/// it was imported, or the file had that name. It gets the id of a title with one. Otherwise it
/// keeps its name, because copies of the file may have names of their own.
pub(super) fn path_of(folder: &Path, title: &StoredTitle, image_sha256: &str) -> PathBuf {
    let name = title.pipelines_name();
    let path = folder.join(format!("{name}-{}{ENDING}", file_name_digits(image_sha256)));
    if path.exists() {
        return path;
    }
    let image = image_of(image_sha256);
    let mut others = stores(folder).unwrap_or_default().into_iter();
    let Some(other) = others.find(|store| image == Some(store.image)) else { return path };
    if title.own_id().is_none() {
        return other.path;
    }
    if let Err(error) = fs::rename(&other.path, &path)
        // Another run may have renamed it meanwhile.
        && !path.exists()
    {
        let other = other.path.display();
        tracing::warn!(target: "gpu", %error, "the pipelines in {other} can't be used");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::TitleId;
    use xenia_render::backend::exchange::{ExportedPipelines, MergeCounts, PipelineExporter};

    const DIGITS: &str = "0123456789abcdef0123";
    const IMAGE: u64 = 0x0123_4567_89ab_cdef;

    #[test]
    fn stores_are_found_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        assert!(stores(&dir.path().join("nowhere")).unwrap().is_empty());
        for name in [
            "two-0123456789abcdef.pipelines",
            "a-b-00000000000000ff.pipelines",
            "a-ff.pipelines",
            "a-0123456789ABCDEF.pipelines",
            "a-+123456789abcdef.pipelines",
            "0123456789abcdef.pipelines",
            "a-0123456789abcdef.code",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = stores(dir.path()).unwrap();
        let names: Vec<_> = found.iter().map(|store| (store.name.as_str(), store.image)).collect();
        assert_eq!(names, [("a-b", 0xFF), ("two", IMAGE)]);
        assert_eq!(PipelineStoreFile::new(dir.path(), "two", IMAGE), found[1]);
        let of = |image| stores_of(dir.path(), &PipelineTitle { name: "../x".to_owned(), image }).unwrap();
        assert_eq!(of(IMAGE), found[1..]);
        assert_eq!(of(5)[0].path, dir.path().join("x-0000000000000005.pipelines"));
    }

    #[test]
    fn a_store_keeps_its_name_whichever_copy_of_the_title_runs() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(format!("{name}-0123456789abcdef.pipelines"));
        let title = |name: &str, id| StoredTitle { name: name.to_owned(), id, image: None };
        let path = |name: &str, id| path_of(dir.path(), &title(name, id), DIGITS);
        fs::write(at("imported"), "1").unwrap();
        fs::write(dir.path().join("other-1123456789abcdef.pipelines"), "2").unwrap();
        for id in [None, Some(TitleId(0))] {
            assert_eq!([path("one", id), path("copy", id)], [at("imported"), at("imported")]);
        }
        let id = Some(TitleId(0x4D53_07D1));
        assert_eq!([path("one", id), path("copy", id)], [at("4D5307D1"), at("4D5307D1")]);
        assert!(fs::read(at("4D5307D1")).unwrap() == b"1" && !at("imported").exists());
        fs::write(at("imported"), "3").unwrap();
        assert_eq!(path("one", id), at("4D5307D1"));
        assert!(fs::read(at("4D5307D1")).unwrap() == b"1" && at("imported").exists(), "it has one");
        let nowhere = dir.path().join("nowhere");
        assert!(path_of(&nowhere, &title("own", None), DIGITS).starts_with(&nowhere) && !nowhere.exists());
    }

    #[test]
    fn a_store_that_a_run_changes_during_an_import_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = PipelineStoreFile::new(dir.path(), "one", IMAGE);
        let merged = |kept| MergedStore {
            file: b"oldnew".to_vec(),
            kept,
            recipes: MergeCounts::default(),
            conversions: MergeCounts::default(),
            shaders: 0,
            dropped: 0,
        };
        // A record was completed, the file was replaced, and a new one was begun.
        for (now, kept, read) in [("oldrecord", 3, 5), ("o", 3, 3), ("h", 0, 0)] {
            fs::write(&store.path, now).unwrap();
            assert!(store.append(&merged(kept), read).is_err(), "{now}");
            assert_eq!(fs::read_to_string(&store.path).unwrap(), now);
        }
        fs::write(&store.path, "oldre").unwrap();
        store.append(&merged(3), 5).unwrap();
        assert_eq!(fs::read_to_string(&store.path).unwrap(), "oldnew");
        fs::remove_file(&store.path).unwrap();
        for read in [3, 5] {
            assert!(store.append(&merged(3), read).is_err() && !store.path.exists());
        }
    }

    #[test]
    fn a_store_that_cannot_be_merged_into_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = PipelineStoreFile::new(dir.path(), "one", IMAGE);
        let empty = PipelineExporter::default().into_bytes();
        let mut exporter = PipelineExporter::default();
        exporter.add(&store.title(), &empty).unwrap();
        let exported = ExportedPipelines::read(&exporter.into_bytes()).unwrap();
        let title = exported.titles().next().unwrap();
        assert_eq!(title.title, &store.title());
        assert!(!store.merge(&title).unwrap().is_changed() && !store.path.exists());
        let other = b"something of another format";
        fs::write(&store.path, other).unwrap();
        let error = format!("{:#}", store.merge(&title).unwrap_err());
        assert!(error.contains("one-0123456789abcdef.pipelines: at offset 0x0: it is not"), "{error}");
        assert_eq!(fs::read(&store.path).unwrap(), other);
        fs::remove_file(&store.path).unwrap();
        fs::create_dir(&store.path).unwrap();
        assert!(store.merge(&title).is_err() && store.path.is_dir());
    }
}
