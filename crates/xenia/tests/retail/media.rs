//! The media from which the title runs.

use super::make::{DOWNLOAD, KEY, TITLE, UPDATE, files, package};
use super::support::svod_builder::{Layout, build};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_formats::{Volume, gdfx};

/// A medium that titles come on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediumKind {
    Folder,
    Image,
    Stfs,
    Svod,
}

impl MediumKind {
    pub(crate) const ALL: [Self; 4] = [Self::Folder, Self::Image, Self::Stfs, Self::Svod];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Image => "image",
            Self::Stfs => "stfs",
            Self::Svod => "svod",
        }
    }
}

/// Additions to the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Nothing,
    /// An update beside the executable.
    Patch,
    /// An update and a download in the folder of saves; the console's language is German.
    Packages,
}

/// The title on a medium, in a folder of the test's own.
pub(crate) struct Staged {
    /// The folder, which lives as long as this.
    pub(crate) place: tempfile::TempDir,
    /// The file or folder to run.
    pub(crate) path: PathBuf,
    /// The files that tests damage.
    pub(crate) parts: Vec<PathBuf>,
}

/// The files of the medium: those of the title, and the settings that it reads.
fn contents(added: Added) -> Vec<(String, Arc<Vec<u8>>)> {
    let mut all: Vec<_> =
        files().disc.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect();
    let set = |name: &str, value: &str| (name.to_owned(), Arc::new(value.as_bytes().to_vec()));
    match added {
        Added::Nothing => {}
        Added::Patch => {
            all.push(("default.xexp".to_owned(), files().patch.clone()));
            all.push(set("update", "2"));
        }
        Added::Packages => all.extend([set("update", "2"), set("downloads", "1")]),
    }
    let language = if added == Added::Packages { "3" } else { "1" };
    all.push(set("language", language));
    all.push(set("pad", "1"));
    all
}

fn image(files: &[(String, Arc<Vec<u8>>)]) -> Vec<u8> {
    let mut volume = Volume::default();
    for (name, bytes) in files {
        volume.add_file(Volume::ROOT, name, bytes.clone()).unwrap();
    }
    let mut bytes = Vec::new();
    gdfx::write(&volume, &mut bytes, &mut |_| ()).unwrap();
    bytes
}

fn write(path: &Path, bytes: &[u8]) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    path.to_owned()
}

/// Writes the title to a new folder.
pub(crate) fn stage(kind: MediumKind, added: Added) -> Staged {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let files = contents(added);
    let (path, mut parts) = match kind {
        MediumKind::Folder => {
            let folder = at("title");
            (folder.clone(), files.iter().map(|(name, bytes)| write(&folder.join(name), bytes)).collect())
        }
        MediumKind::Image => {
            let path = write(&at("title.iso"), &image(&files));
            (path.clone(), vec![path])
        }
        MediumKind::Stfs => {
            let all: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
            let path = write(&at("title.live"), &package(0xD_0000, &all));
            (path.clone(), vec![path])
        }
        MediumKind::Svod => {
            let svod = build(Layout::Enhanced, &image(&files));
            let path = write(&at("title"), &svod.header);
            let mut parts = vec![path.clone()];
            for (number, data) in svod.data.iter().enumerate() {
                parts.push(write(&at(&format!("title.data/Data{number:04}")), data));
            }
            (path, parts)
        }
    };
    let digits = format!("{:032x}", u128::from_be_bytes(KEY));
    write(&at("keys.toml"), format!("retail = \"{digits}\"\n").as_bytes());
    std::fs::create_dir_all(at("content")).unwrap();
    if added == Added::Packages {
        let patch = [("default.xexp", super::make::files().patch.clone())];
        let map = [("map.bin", Arc::new(b"map".to_vec()))];
        for (kind, name, bytes) in
            [(UPDATE, "TU_1", package(UPDATE, &patch)), (DOWNLOAD, "MORE", package(DOWNLOAD, &map))]
        {
            let folder = format!("content/Content/0000000000000000/{TITLE}/{kind:08X}");
            parts.push(write(&at(&folder).join(name), &bytes));
        }
    }
    Staged { place, path, parts }
}

impl Staged {
    pub(crate) fn content(&self) -> PathBuf {
        self.place.path().join("content")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.place.path().join("keys.toml")
    }
}
