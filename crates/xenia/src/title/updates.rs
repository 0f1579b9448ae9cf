//! Title updates: patches of executables, and the files that come with them.
//!
//! An update lies beside the executable, or in the content folder as a package of a separate
//! content type. Of several packages for the executable, the one with the highest version is
//! applied. A damaged update, or one for another executable, is reported and ignored. A package for
//! a title of several discs has a folder for each, `disc001` and so on; issue 21 of xenia-canary
//! reports that the console does this.

use super::PATCH;
use crate::content::volume::volume_of;
use crate::say::{errln, remark};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_formats::image::Version;
use xenia_formats::xex::patched_version;
use xenia_formats::{FormatError, KeyRing, LoadedImage, ReadAt, Reason, Volume, Xex};
use xenia_guest::TitleId;
use xenia_kernel::content::ContentStore;
use xenia_kernel::files::{Files, mounts};
use xenia_kernel::title::Launch;
use xenia_kernel::user::profile::Xuid;
use xenia_kernel::vfs::{HostFolder, VfsResult};

/// Content type of packages with updates.
const UPDATE: u32 = 0xB_0000;
/// Largest number of updates that are tried for one title.
const MAX_TRIED: usize = 16;

/// Source of a title's updates, and the update that was applied.
#[derive(Clone, Debug, Default)]
pub struct Updates {
    content: Option<PathBuf>,
    applied: Option<Applied>,
}

/// The update that was applied to a title.
#[derive(Clone, Debug)]
struct Applied {
    title: Option<TitleId>,
    place: Place,
}

/// Location of an update's files.
#[derive(Clone, Debug)]
enum Place {
    /// In the folder of an executable, as a guest path.
    Beside(String),
    /// In this folder of a package.
    Package(Arc<Volume>, String),
}

/// A patch, its location and its package's name.
struct Update {
    version: Version,
    package: String,
    patch: Arc<dyn ReadAt>,
    place: Place,
}

impl Updates {
    /// Updates beside executables and, if given, in a content folder.
    pub(super) fn of(content: Option<&Path>) -> Self {
        Self { content: content.map(Path::to_owned), applied: None }
    }

    /// Reads the title's executable, which messages call `subject`, and applies its update:
    /// `beside`, the patch beside it, otherwise one from the content folder.
    pub(super) fn load(
        &mut self,
        subject: &str,
        file: &dyn ReadAt,
        beside: Option<&dyn ReadAt>,
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        let beside = beside.and_then(|patch| apply_beside(patch, subject, file, keys));
        self.load_with(file, beside, mounts::TITLE, &[PATCH], keys)
    }

    /// Reads an executable that the title launched and applies its update. An executable of the
    /// same title keeps the title's update, whether the update has a patch for it or not.
    pub fn load_launched(
        &mut self,
        launch: &Launch,
        file: &dyn ReadAt,
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        let name = launch.path.rsplit('\\').next().unwrap_or_default();
        let below = launch.path.strip_prefix(mounts::TITLE).map(|below| below.trim_start_matches('\\'));
        // The patch of `a.xex` is `a.xexp`.
        let patch = below.unwrap_or(name).to_owned() + "p";
        let patch: Vec<&str> = patch.split('\\').collect();
        let beside = launch.patch.as_ref().and_then(|patch| apply_beside(patch, &launch.path, file, keys));
        let folder = launch.path.rsplit_once('\\').map_or(mounts::TITLE, |(folder, _)| folder);
        self.load_with(file, beside, folder, &patch, keys)
    }

    /// As [`Self::load`]; the patch beside the executable, if it fits, has made `beside`.
    fn load_with(
        &mut self,
        file: &dyn ReadAt,
        beside: Option<LoadedImage>,
        folder: &str,
        name: &[&str],
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        let beside = beside.map(|image| (image, Place::Beside(folder.to_owned())));
        let content = || self.content.as_deref().and_then(|folder| apply(folder, file, name, keys));
        let (image, place) = match beside.or_else(content) {
            Some((image, place)) => (image, Some(place)),
            None => (xenia_formats::load(file, keys)?, None),
        };
        let title = image.execution.map(|execution| execution.title_id);
        match place {
            Some(place) => self.applied = Some(Applied { title, place }),
            None => self.applied = self.applied.take().filter(|applied| applied.title == title),
        }
        Ok(image)
    }

    /// Mounts the update's files as `update:`, if an update is applied.
    pub fn mount(&self, files: &mut Files) -> Result<()> {
        let mounted = match self.applied.as_ref().map(|applied| &applied.place) {
            None => Ok(()),
            Some(Place::Beside(folder)) => files.link_update(folder),
            Some(Place::Package(volume, folder)) => files.mount_update(volume.clone(), folder),
        };
        mounted.context("cannot mount the title's update")
    }
}

/// Version after the update, if the image names it.
fn to_version(image: &LoadedImage) -> String {
    let execution = image.execution.as_ref();
    execution.map_or_else(String::new, |execution| format!(", version {}", execution.version))
}

/// Reports that an update is not applied. A missing key is reported when the title is loaded.
fn report_unapplied(update: &str, error: &FormatError) {
    if !matches!(error.reason, Reason::RetailKeyMissing | Reason::NoKeyFits) {
        errln!("xenia-rs: the update {update} is not applied: {error}");
    }
}

/// Applies the patch beside an executable, which messages call `subject`; `None` if it doesn't fit.
fn apply_beside(
    patch: &dyn ReadAt,
    subject: &str,
    executable: &dyn ReadAt,
    keys: &KeyRing,
) -> Option<LoadedImage> {
    // A file that is not a XEX is reported when it is loaded.
    match Xex::read(executable).ok()?.load_patched(executable, patch, keys) {
        Ok(image) => {
            remark!("xenia-rs: the title's update (.xexp) is applied{}", to_version(&image));
            Some(image)
        }
        Err(error) => {
            report_unapplied(&format!("(.xexp) beside {subject}"), &error);
            None
        }
    }
}

/// Applies the best update in the folder; returns the patched image and the update's location, or
/// `None` if no update fits.
fn apply(
    folder: &Path,
    executable: &dyn ReadAt,
    name: &[&str],
    keys: &KeyRing,
) -> Option<(LoadedImage, Place)> {
    // A file that is not a XEX is reported when it is loaded.
    let base = Xex::read(executable).ok()?;
    let execution = base.execution?;
    let mut updates = match updates_in_folder(folder, execution.title_id, execution.disc_number, name) {
        Ok(updates) => updates,
        Err(error) => {
            errln!("xenia-rs: cannot look for updates in {}: {error}", folder.display());
            return None;
        }
    };
    updates.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| a.package.cmp(&b.package)));
    updates.into_iter().take(MAX_TRIED).find_map(|Update { package, patch, place, .. }| {
        match base.load_patched(executable, &patch, keys) {
            Ok(image) => {
                remark!("xenia-rs: the update {package} is applied{}", to_version(&image));
                Some((image, place))
            }
            Err(error) => {
                report_unapplied(&package, &error);
                None
            }
        }
    })
}

/// The packages in the folder that contain the patch `patch`.
fn updates_in_folder(folder: &Path, title: TitleId, disc: u8, patch: &[&str]) -> VfsResult<Vec<Update>> {
    let store = ContentStore::new(Box::new(HostFolder::read_only(folder)?));
    let mut updates = Vec::new();
    for (name, header) in store.packages(Xuid::NOBODY, title.0, UPDATE)? {
        let package = name.file().to_owned();
        let volume = match volume_of(&store, &name, &header) {
            Ok(volume) => Arc::new(volume),
            Err(error) => {
                errln!("xenia-rs: the update {package} is not applied: {error:#}");
                continue;
            }
        };
        let Some((within, patch)) = find_patch(&volume, disc, patch) else {
            // Updates need not patch each executable that a title launches.
            if patch == [PATCH] {
                errln!("xenia-rs: the update {package} is not applied: it has no {PATCH}");
            }
            continue;
        };
        let version = patched_version(&patch).unwrap_or_default();
        updates.push(Update { version, package, patch, place: Place::Package(volume, within) });
    }
    Ok(updates)
}

/// Finds a package's patch, and the folder that has the update's files. The patch of an executable
/// in a folder has the same path, or only the name.
fn find_patch(volume: &Volume, disc: u8, path: &[&str]) -> Option<(String, Arc<dyn ReadAt>)> {
    let of_disc = format!("disc{disc:03}");
    let name = path.len().checked_sub(1).map(|last| &path[last..])?;
    [("", path), (&of_disc, path), ("", name), (&of_disc, name)].into_iter().find_map(|(folder, path)| {
        let whole: Vec<&str> =
            [folder].into_iter().filter(|name| !name.is_empty()).chain(path.iter().copied()).collect();
        let patch = volume.find(&whole)?.contents.cloned()?;
        Some((folder.to_owned(), patch))
    })
}

#[cfg(test)]
mod tests;
