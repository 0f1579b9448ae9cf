//! The medium that a title came on, which it sees as `game:`: a folder of the host, or a volume in
//! one file.

use anyhow::{Context, Result};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::title_files::{DEFAULT_EXECUTABLE, is_default_executable, is_hidden};
use xenia_formats::volume::VolumeEntry;
use xenia_formats::{FORMATS, Opens, ReadAt, Volume};
use xenia_kernel::deployment::Deployment;
use xenia_kernel::files::Files;
use xenia_kernel::ports::Disc;
use xenia_kernel::vfs::{Container, FileBytes, FileDevice, HostFolder, OpenMode};

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

/// Whether the choice of the executable is reported to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChoiceReport {
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
        let device: Box<dyn FileDevice> = match self {
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

/// The volume as a title sees it: in an archive, the folder with the executable becomes the root,
/// because archive programs add their own folders, and notes beside them.
pub(super) fn title_in(volume: Volume) -> Volume {
    if !volume.is_packed() {
        return volume;
    }
    match title_folder(&volume) {
        Some(path) => path.iter().fold(volume, |volume, name| volume.rooted_in(name)),
        None => volume.without_outer(),
    }
}

/// Path of the uppermost folder that has an executable. Of several, it is the one with default.xex;
/// `None` if the choice is ambiguous.
fn title_folder(volume: &Volume) -> Option<Vec<String>> {
    let UppermostFolders { mut paths, are_below_image } = UppermostFolders::of(volume);
    // Beside other programs, or an image of the title, only its name says that one is the title.
    if paths.len() > 1 || are_below_image {
        paths.retain(|path| has_file(volume, path, |name| is_default_executable(name.as_ref())));
    }
    let [only] = &paths[..] else { return None };
    Some(only.iter().map(|&name| name.to_owned()).collect())
}

/// The uppermost folders of a volume that have executables.
#[derive(Default)]
struct UppermostFolders<'a> {
    paths: Vec<Vec<&'a str>>,
    /// Whether a folder further up has an image.
    are_below_image: bool,
}

impl<'a> UppermostFolders<'a> {
    fn of(volume: &'a Volume) -> Self {
        let mut level: Vec<Vec<&str>> = vec![Vec::new()];
        let mut are_below_image = false;
        // A volume's depth is limited.
        while !level.is_empty() {
            let mut paths = level.clone();
            paths.retain(|path| has_file(volume, path, is_executable));
            if !paths.is_empty() {
                return Self { paths, are_below_image };
            }
            are_below_image |= level.iter().any(|path| has_file(volume, path, is_image));
            let mut below = Vec::new();
            for path in &level {
                for folder in entries(volume, path).iter().filter(|entry| entry.contents.is_none()) {
                    let mut path = path.clone();
                    path.push(folder.name);
                    below.push(path);
                }
            }
            level = below;
        }
        Self::default()
    }
}

/// The files and folders in a folder of a volume.
fn entries<'a>(volume: &'a Volume, path: &[&str]) -> Vec<VolumeEntry<'a>> {
    volume.list(path).into_iter().flatten().collect()
}

/// Whether a folder of a volume has a file of such a name.
fn has_file(volume: &Volume, path: &[&str], is_such: fn(&str) -> bool) -> bool {
    entries(volume, path).iter().any(|entry| entry.contents.is_some() && is_such(entry.name))
}

/// The executable in the root of a volume, by the same rules as for folders.
pub(super) fn executable_of(volume: &Volume, place: &str, report: ChoiceReport) -> Result<Arc<dyn ReadAt>> {
    let files = || volume.list(&[""; 0]).into_iter().flatten().filter(|entry| entry.contents.is_some());
    let found = files().filter(|entry| is_executable(entry.name));
    let found: Vec<_> =
        found.filter_map(|entry| Some((entry.name.to_owned(), entry.contents?.clone()))).collect();
    if found.is_empty() {
        // An image in an archive is not opened: compressed, it would be slow to read at random.
        if let Some(image) = files().find(|entry| is_image(entry.name)) {
            return Err(NoExecutable::image(place, image.name, "extract that, and run it").into());
        }
        let folders = UppermostFolders::of(volume).paths;
        if !folders.is_empty() {
            let folders: Vec<String> = folders.iter().map(|path| path.join("/")).collect();
            let several = format!("{place} has executables (.xex) in {}", listed(&folders));
            return Err(NoExecutable(format!("{several}: extract it and name one")).into());
        }
    }
    choose(found, place, "extract it and name one of", report)
}

/// The first of these names, and the number of the others.
fn listed(names: &[String]) -> String {
    let first = names.get(..MAX_LISTED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
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
pub(super) fn choose<T>(
    mut found: Vec<(String, T)>,
    place: &str,
    advice: &str,
    report: ChoiceReport,
) -> Result<T> {
    let default = found.iter().position(|(name, _)| name.eq_ignore_ascii_case(DEFAULT_EXECUTABLE));
    if let Some(at) = default {
        return Ok(found.swap_remove(at).1);
    }
    if found.len() > 1 {
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
        let several = format!("{place} has no {DEFAULT_EXECUTABLE}; {advice} {}", listed(&names));
        return Err(NoExecutable(several).into());
    }
    let Some((name, only)) = found.pop() else {
        let none = format!("{place} has neither {DEFAULT_EXECUTABLE} nor another executable (.xex)");
        return Err(NoExecutable(none).into());
    };
    if report == ChoiceReport::Choice {
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
            &["A/B/default.xex"],
            &["Game/Disc 1/default.xex", "Game/readme.txt", "__MACOSX/Game/._Disc 1"],
            &["Game/Disc/default.xex", "Game/Disc/bin/default.xex", "Notes/a/b/default.xex"],
            &["Game/default.xex", "Tools/x.xex"],
            &["Game/Default.xex", "More/readme.zip", "note.zip"],
        ] {
            assert!(archive(paths).find(&["default.xex"]).is_some(), "{paths:?}");
        }
        assert!(archive(&["A/default.xex", "B/default.xex"]).find(&["A"]).is_some(), "two are none");
        assert!(archive(&["A/B/x.xex", "A/C/x.xex"]).find(&["C"]).is_some(), "two are none");
        assert!(archive(&["default.xex", "Other/b.xex"]).find(&["Other"]).is_some());
        let error = |paths: &[&str]| {
            executable_of(&archive(paths), "game.zip", ChoiceReport::Nothing).err().unwrap().to_string()
        };
        for paths in [["Game/Game.ISO", "Game/readme.txt"], ["Game/Game.ISO", "Game/Extras/tool.xex"]] {
            let error = error(&paths);
            assert!(error.ends_with("but Game.ISO: extract that, and run it"), "{error}");
        }
        let several = error(&["Disc 1/default.xex", "Disc 2/default.xex"]);
        assert_eq!(several, "game.zip has executables (.xex) in Disc 1, Disc 2: extract it and name one");
        assert!(executable_of(&archive(&["a.iso", "b.xex"]), "game.zip", ChoiceReport::Nothing).is_ok());
    }
}
