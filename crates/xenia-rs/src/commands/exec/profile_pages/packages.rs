//! Saved games and content of a title, as their page shows them.

use super::{DataSubject, NOT_KEPT, choice, package_info, store_of, text_of};
use crate::commands::content::{export_folder_of, files_of, links};
use crate::commands::volume::items_of;
use anyhow::{Context, Result};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use xenia::config::file_time;
use xenia::pictures::small_icon;
use xenia::say::visible;
use xenia::wording::{bytes_text, count, date_text};
use xenia_formats::stfs::kind_name;
use xenia_kernel::content::{ContentStore, PackageHeader, PackageName};
use xenia_kernel::user::profile::Xuid;
use xenia_render::{ImportableFile, LibraryIcon, PackageId, ProfileChoice, SavesModel, StoredPackage};

/// Maximum number of packages listed for a title.
const MAX_PACKAGES: usize = 1024;
/// Maximum number of package files offered for import, and of entries examined.
const MAX_FILES: usize = 64;
const MAX_ENTRIES: usize = 10_000;
/// Deepest folder of exports: a number, then owner, title and kind.
const MAX_DEPTH: usize = 4;

/// Path of a package below a folder of exports.
pub(super) fn path_of(name: &PackageName) -> PathBuf {
    export_folder_of(name).join(name.file())
}

/// The package with this id.
pub(super) fn find(store: &ContentStore, id: &PackageId) -> Result<(PackageName, PackageHeader)> {
    let name = PackageName::new(Xuid(id.owner), id.title, id.kind, &id.file).context("no such package")?;
    let header = store.find(&name).with_context(|| format!("cannot read {}", id.file))?;
    Ok((name, header.context("the package is gone")?))
}

/// The packages of a title that a profile has, or all profiles.
pub(super) fn model(subject: &Result<DataSubject>, xuid: Option<Xuid>, exports: Option<&Path>) -> SavesModel {
    let subject = match subject {
        Ok(subject) => subject,
        Err(error) => return SavesModel { failure: Some(text_of(error)), ..SavesModel::default() },
    };
    let mut model = SavesModel {
        title: subject.name.clone(),
        totals: TitlePackages::default().totals(),
        fixed: subject.runs.then(|| "Close the title to import or delete.".to_owned()),
        exports: exports.map(Path::to_owned),
        failure: subject.content.is_none().then(|| format!("{NOT_KEPT}.")),
        ..SavesModel::default()
    };
    match read(subject, xuid) {
        Ok(found) => {
            model.totals = found.totals();
            model.choice = found.choice;
            model.packages = found.packages;
        }
        Err(error) => model.failure = Some(text_of(&error)),
    }
    if subject.content.is_none() {
        // There is nothing that could be changed.
        model.fixed = Some(String::new());
    } else if model.fixed.is_none() {
        model.importable = exports.map(|folder| importable(folder, subject.id)).unwrap_or_default();
    }
    model
}

/// Packages of a title, as they are read.
#[derive(Default)]
struct TitlePackages {
    choice: ProfileChoice,
    packages: Vec<StoredPackage>,
    /// Sum of the packages' files.
    bytes: u64,
    /// Number of packages that are set aside.
    set_aside: usize,
}

impl TitlePackages {
    /// The totals in words.
    fn totals(&self) -> String {
        let mut parts = Vec::new();
        if !self.packages.is_empty() {
            parts.push(format!("{}, {}", count(self.packages.len(), "package"), bytes_text(self.bytes)));
        }
        if self.set_aside > 0 {
            parts.push(format!("{} set aside (xenia-rs content list)", count(self.set_aside, "package")));
        }
        if parts.is_empty() { "There is no saved game and no content.".to_owned() } else { parts.join("; ") }
    }
}

fn read(subject: &DataSubject, xuid: Option<Xuid>) -> Result<TitlePackages> {
    let (Some(store), Some(folder)) = (store_of(subject)?, subject.content.as_deref()) else {
        return Ok(TitlePackages::default());
    };
    let (choice, owner) = choice(&store, xuid.or(subject.user))?;
    let unreadable = "cannot read the folder of saves";
    let all = store.every_package().context(unreadable)?;
    let set_aside = store.every_package_set_aside().context(unreadable)?;
    let is_meant = |name: &PackageName| {
        name.title == subject.id && (name.owner == Xuid::NOBODY || Some(name.owner) == owner)
    };
    let all = all.into_iter().filter(|(name, _)| is_meant(name)).take(MAX_PACKAGES);
    let packages: Vec<(StoredPackage, u64)> =
        all.map(|(name, header)| package(&store, folder, &name, &header)).collect();
    Ok(TitlePackages {
        choice,
        bytes: packages.iter().map(|(_, bytes)| bytes).sum(),
        packages: packages.into_iter().map(|(package, _)| package).collect(),
        set_aside: set_aside.iter().filter(|package| is_meant(&package.name)).count(),
    })
}

/// A package as the page shows it, and its bytes. A damaged one does not hide the others.
fn package(
    store: &ContentStore,
    folder: &Path,
    name: &PackageName,
    header: &PackageHeader,
) -> (StoredPackage, u64) {
    let files = files_of(store, folder, name, header);
    let bytes = files.ok().map(|volume| items_of(&volume).iter().map(|file| file.size).sum::<u64>());
    let kind =
        kind_name(name.kind).map_or_else(|| format!("kind {:X}", name.kind), |kind| kind.replace('-', " "));
    let size = bytes.map_or_else(|| "can't be read".to_owned(), bytes_text);
    let places = [name.header(), name.files(header.folder)];
    let changed = places.iter().find_map(|place| {
        fs::metadata(links::host_path(folder, place)).and_then(|found| found.modified()).ok()
    });
    let date = changed.map(|time| format!(", {}", date_text(file_time(time)))).unwrap_or_default();
    let picture = store.thumbnail(name).ok().flatten().and_then(|picture| small_icon(&picture));
    let display_name =
        Some(visible(header.display_name())).filter(|display_name| !display_name.trim().is_empty());
    let stored = StoredPackage {
        id: PackageId {
            owner: name.owner.0,
            title: name.title,
            kind: name.kind,
            file: name.file().to_owned(),
        },
        name: display_name.unwrap_or_else(|| visible(name.file())),
        details: format!("{kind}, {size}{date}"),
        picture: picture.map(|icon| Arc::new(LibraryIcon { size: icon.size, rgba: icon.rgba })),
    };
    (stored, bytes.unwrap_or_default())
}

/// The packages of a title in a folder of exports, the newest first.
fn importable(folder: &Path, title: u32) -> Vec<ImportableFile> {
    let mut files = Vec::new();
    let mut ahead = vec![(folder.to_owned(), 0)];
    let mut entries = 0;
    while let Some((at, depth)) = ahead.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            entries += 1;
            if entries > MAX_ENTRIES {
                break;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() && depth < MAX_DEPTH {
                ahead.push((entry.path(), depth + 1));
            } else if metadata.is_file() {
                files.push((modified(&metadata), entry.path(), metadata.len()));
            }
        }
    }
    files.sort_by(|one, other| other.cmp(one));
    let is_meant = |path: &Path| package_info(path).is_ok_and(|info| info.title_id.0 == title);
    let files = files.into_iter().filter(|(_, path, _)| is_meant(path)).take(MAX_FILES);
    let file = |(time, path, bytes): (SystemTime, PathBuf, u64)| ImportableFile {
        path,
        details: format!("{}, {}", bytes_text(bytes), date_text(file_time(time))),
    };
    files.map(file).collect()
}

fn modified(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}
