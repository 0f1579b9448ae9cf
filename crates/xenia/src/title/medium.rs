//! The medium that a title came on, which it sees as `game:`: a folder of the host, or a volume in
//! one file.

use anyhow::{Context, Result};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::title_files::{DEFAULT_EXECUTABLE, is_hidden};
use xenia_formats::{FORMATS, Opens, ReadAt, Volume};
use xenia_kernel::deployment::Deployment;
use xenia_kernel::files::Files;
use xenia_kernel::ports::Disc;
use xenia_kernel::vfs::{Container, Device, FileBytes, HostFolder, OpenMode};

/// Why a folder or a volume has no executable to start.
#[derive(Debug)]
pub struct NoExecutable(String);

impl NoExecutable {
    /// The reason in words.
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }

    /// The reason that a folder or volume has an image in place of the title's files.
    pub(super) fn image(place: &str, image: &str, advice: &str) -> Self {
        Self(format!("{place} has no executable (.xex), but {image}: {advice}"))
    }
}

impl fmt::Display for NoExecutable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoExecutable {}

/// Whether the user is told which executable is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// The choice is reported, because a command runs or describes the executable.
    Choice,
    /// Nothing is reported, because only the header is read.
    Nothing,
}

/// Largest number of names that a message lists.
const MAX_LISTED: usize = 12;

/// A folder or volume that a title is started from. Displays as its path on the host.
#[derive(Clone, Debug)]
pub enum Medium {
    /// A folder of the host.
    Folder(PathBuf),
    /// A disc image, package or archive.
    Volume {
        /// Path of the file.
        file: PathBuf,
        /// Files of the volume.
        volume: Arc<Volume>,
        /// Deployment of the title, according to the package's header.
        deployment: Deployment,
    },
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Folder(path) | Self::Volume { file: path, .. }) = self;
        path.display().fmt(f)
    }
}

impl Medium {
    /// Deployment of the title. Folders, images and archives count as discs.
    pub fn deployment(&self) -> Deployment {
        match self {
            Self::Folder(_) => Deployment::default(),
            Self::Volume { deployment, .. } => *deployment,
        }
    }

    /// Opens a package that lies on the medium.
    pub fn package(&self, path: &str) -> Result<Self> {
        let device: Box<dyn Device> = match self {
            Self::Folder(folder) => Box::new(HostFolder::read_only(folder)?),
            Self::Volume { volume, .. } => Box::new(Container(volume.clone())),
        };
        let names = path.split('\\').filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let package: Arc<dyn ReadAt> = Arc::new(FileBytes(device.open(&names, OpenMode::Read)?));
        let deployment = Deployment::of_package(&PackageInfo::read(&package)?);
        let (Self::Folder(file) | Self::Volume { file, .. }) = self;
        Ok(Self::Volume { file: file.clone(), volume: Arc::new(stfs::open(package)?), deployment })
    }

    /// The medium as a disc in the drive.
    pub fn disc(&self) -> Disc {
        match self {
            Self::Folder(folder) => Disc::Folder(folder.clone()),
            Self::Volume { volume, .. } => Disc::Volume(volume.clone()),
        }
    }

    /// Mounts the medium as the device that titles start from.
    pub fn mount(&self, files: &mut Files) -> Result<()> {
        let mounted = files.insert_disc(None, &self.disc());
        mounted.map_err(anyhow::Error::msg).with_context(|| format!("cannot mount {self}"))
    }
}

/// The volume as a title sees it: if an archive has no executable in its root, the only folder with
/// one becomes the root. Archive programs add their own folders and notes beside it.
pub(super) fn title_in(volume: Volume) -> Volume {
    if !volume.is_packed() {
        return volume;
    }
    let has_executable = |path: &[&str]| {
        let mut entries = volume.list(path).into_iter().flatten();
        entries.any(|entry| entry.contents.is_some() && is_executable(entry.name))
    };
    if has_executable(&[]) {
        return volume;
    }
    let folders = volume.list(&[""; 0]).into_iter().flatten().filter(|entry| has_executable(&[entry.name]));
    let folders: Vec<String> = folders.map(|entry| entry.name.to_owned()).collect();
    match folders.as_slice() {
        [only] => volume.inside(only),
        _ => volume.without_outer(),
    }
}

/// The executable in the root of a volume, by the same rules as for folders.
pub(super) fn executable_of(volume: &Volume, place: &str, says: Says) -> Result<Arc<dyn ReadAt>> {
    let files = || volume.list(&[""; 0]).into_iter().flatten().filter(|entry| entry.contents.is_some());
    let found = files().filter(|entry| is_executable(entry.name));
    let found: Vec<_> =
        found.filter_map(|entry| Some((entry.name.to_owned(), entry.contents?.clone()))).collect();
    // An image in an archive is not opened: compressed, it would be slow to read at random.
    match files().find(|entry| is_image(entry.name)) {
        Some(image) if found.is_empty() => {
            Err(NoExecutable::image(place, image.name, "extract that, and run it").into())
        }
        _ => choose(found, place, "extract it and name one of", says),
    }
}

/// Whether a file of this name can be a disc image, package or archive.
pub(super) fn is_image(name: &str) -> bool {
    let volumes = FORMATS.iter().filter(|format| matches!(format.opens, Opens::Volume(_)));
    let mut extensions = volumes.flat_map(|format| format.extensions);
    extensions.any(|known| has_extension(name, known))
}

/// Whether a file of this name can be a title's executable.
pub(super) fn is_executable(name: &str) -> bool {
    has_extension(name, "xex")
}

/// Whether a name has this extension and is not hidden.
fn has_extension(name: &str, wanted: &str) -> bool {
    let path = Path::new(name);
    !is_hidden(path) && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Chooses the file called default.xex, in upper or lower case, otherwise the only one. If there
/// are several, the error lists their names after `advice`.
pub(super) fn choose<T>(mut found: Vec<(String, T)>, place: &str, advice: &str, says: Says) -> Result<T> {
    let default = found.iter().position(|(name, _)| name.eq_ignore_ascii_case(DEFAULT_EXECUTABLE));
    if let Some(at) = default {
        return Ok(found.swap_remove(at).1);
    }
    if found.len() > 1 {
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let names: Vec<_> = found.iter().take(MAX_LISTED).map(|(name, _)| name.as_str()).collect();
        let more = match found.len().saturating_sub(MAX_LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let several = format!("{place} has no {DEFAULT_EXECUTABLE}; {advice} {}{more}", names.join(", "));
        return Err(NoExecutable(several).into());
    }
    let Some((name, only)) = found.pop() else {
        let none = format!("{place} has neither {DEFAULT_EXECUTABLE} nor another executable (.xex)");
        return Err(NoExecutable(none).into());
    };
    if says == Says::Choice {
        crate::say::errln!("xenia-rs: {place} has no {DEFAULT_EXECUTABLE}; using {name}");
    }
    Ok(only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::zip;

    #[test]
    fn names_with_extensions_are_executables_and_images() {
        for (name, executable, image) in [
            ("a.xex", true, false),
            ("A.b.XEX", true, false),
            ("a.ISO", false, true),
            ("._a.xex", false, false),
            ("._a.iso", false, false),
            (".xex", false, false),
            ("xex", false, false),
        ] {
            assert_eq!((is_executable(name), is_image(name)), (executable, image), "{name}");
        }
    }

    #[test]
    fn an_archive_is_entered_where_its_executable_is() {
        let archive = |paths: &[&str]| {
            let files: Vec<(&str, &[u8])> = paths.iter().map(|path| (*path, &b"x"[..])).collect();
            title_in(zip::open(Arc::new(zip::write(&files).unwrap())).unwrap())
        };
        for paths in [
            &["default.xex"][..],
            &["Game/default.xex"],
            &["Game/default.xex", "__MACOSX/._default.bin", "readme.txt"],
            &["Game/DEFAULT.XEX", "readme.txt"],
            &["Game/default.xex", "__MACOSX/._default.xex"],
        ] {
            assert!(archive(paths).find(&["default.xex"]).is_some(), "{paths:?}");
        }
        assert!(archive(&["A/default.xex", "B/default.xex"]).find(&["A"]).is_some(), "two are none");
        assert!(archive(&["default.xex", "Other/b.xex"]).find(&["Other"]).is_some());
        let image = archive(&["Game/Game.ISO", "Game/readme.txt"]);
        let error = executable_of(&image, "game.zip", Says::Nothing).err().unwrap().to_string();
        assert!(error.ends_with("but Game.ISO: extract that, and run it"), "{error}");
        assert!(executable_of(&archive(&["a.iso", "b.xex"]), "game.zip", Says::Nothing).is_ok());
    }
}
