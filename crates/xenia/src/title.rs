//! Opens a title: finds its file, reads the user's keys and loads the executable.

mod advice;
pub mod description;
pub mod discs;
mod folder;
mod keys;
pub mod medium;
pub mod parts;
mod symbols;
mod title_path;
pub mod updates;

use crate::config::TitleConfig;
use crate::content;
use crate::patches;
use crate::say::remark;
use crate::source;
use crate::user_folders;
pub use advice::{library_note, linux_note, region_note};
use anyhow::{Context, Result, bail};
use discs::TitleDiscs;
use folder::executable_in;
pub use keys::key_ring;
pub use medium::NoExecutable;
use medium::{ChoiceReport, Medium};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use title_path::path_of;
use updates::Updates;
use xenia_formats::stfs::PackageInfo;
use xenia_formats::title_files::is_default_executable;
use xenia_formats::{Format, KeyRing, LoadedImage, Opens, ReadAt, Xex};
use xenia_guest::TitleId;
use xenia_kernel::deployment::Deployment;
use xenia_kernel::title::PackageOnMedium;
use xenia_patches::PatchSet;

/// File name of the update patch of a volume's title.
const PATCH: &str = "default.xexp";
/// The demo that runs when no title is given.
const DEMO: &[u8] = include_bytes!("../../../guest/bin/demo.xex");

/// Display name of the demo.
const DEMO_NAME: &str = "the built-in demo";
/// Folders below the home folder that hold unrelated files: a title in one must not see the other
/// files.
const COLLECTIONS: [&str; 3] = ["Downloads", "Desktop", "Documents"];

/// Pseudo file systems.
const SYSTEM: [&str; 2] = ["/proc", "/sys"];

/// A title ready to be loaded into a machine. Clones share the image and volumes.
#[derive(Clone, Debug)]
pub struct Title {
    /// The title's executable image.
    pub image: Arc<LoadedImage>,
    /// Contents of the guest's `game:`; `None` for the built-in demo.
    pub medium: Option<Medium>,
    /// The package that is the medium now, after a launch.
    pub package: Option<PackageOnMedium>,
    /// Source of updates for the title.
    pub updates: Updates,
    /// The title's other discs.
    pub discs: TitleDiscs,
    /// Display name for messages.
    pub name: String,
    /// The executable's file or volume; `None` for the demo, and after a launch.
    pub(crate) path: Option<PathBuf>,
    /// Keys for executables that the title loads or launches.
    pub keys: KeyRing,
    /// Patches that are switched on for the title's executables.
    pub patches: Arc<PatchSet>,
}

impl Title {
    /// Opens a file, or the default.xex or the only executable of a folder; `named` may be a file
    /// URL.
    pub fn open(named: &Path, keys: &KeyRing) -> Result<Self> {
        Self::open_with(named, keys, None)
    }

    /// As [`Self::open`], with the title's update from the content folder.
    fn open_with(named: &Path, keys: &KeyRing, content: Option<&Path>) -> Result<Self> {
        let path = path_of(named)?;
        let file_path = if path.is_dir() { executable_in(&path, ChoiceReport::Choice)? } else { path };
        let mut updates = Updates::of(content);
        let (image, medium) = load(&file_path, keys, &mut updates)?;
        let name = file_path.display().to_string();
        let discs = TitleDiscs::default();
        let patches = Arc::default();
        Ok(Self {
            image: image.into(),
            medium,
            package: None,
            updates,
            discs,
            name,
            path: Some(file_path),
            keys: keys.clone(),
            patches,
        })
    }

    /// Opens the title at `path` with the keys and the folder of `config`, or the demo without a
    /// path.
    pub fn open_or_demo(path: Option<&Path>, config: &TitleConfig) -> Result<Self> {
        let key_file = config.key_file.as_deref();
        let mut title = if let Some(path) = path {
            let content = content::place(&config.saves, config.repeats)?;
            let content = content.filter(|folder| folder.is_dir());
            Self::open_with(path, &key_ring(key_file)?, content.as_deref())?
        } else {
            // The demo needs no key, but a key file that was given must be valid.
            key_file.map(|file| key_ring(Some(file))).transpose()?;
            Self::demo()?
        };
        if let Some(folder) = &config.folder {
            if !folder.is_dir() {
                bail!("--folder {} is not a folder", folder.display());
            }
            title.medium = Some(Medium::Folder(folder.clone()));
        } else if let Some(place) = title.medium.take_if(|medium| is_private(medium)) {
            remark!(
                "xenia-rs: {place} is not a folder of one title and isn't mounted as game:; --folder {place} mounts it"
            );
        }
        if let Some(file) = &config.symbols {
            symbols::add(Arc::make_mut(&mut title.image), file)?;
        }
        title.discs = TitleDiscs::open(&title, &config.discs)?;
        title.patches = patches::choose(&title.image, &config.patches, config.repeats)?.into();
        Ok(title)
    }

    /// Opens the built-in demo.
    pub fn demo() -> Result<Self> {
        let keys = KeyRing::development();
        let image = xenia_formats::load(&DEMO, &keys).context("the built-in demo")?;
        let image = image.into();
        let name = DEMO_NAME.to_owned();
        let updates = Updates::default();
        let discs = TitleDiscs::default();
        let patches = Arc::default();
        Ok(Self { image, medium: None, package: None, updates, discs, name, path: None, keys, patches })
    }

    /// A short name: the executable's, or its folder's if the executable has the default name.
    pub fn short_name(&self) -> String {
        if self.name == DEMO_NAME {
            return "demo".to_owned();
        }
        short_name(self.path.as_deref().unwrap_or(self.name.as_ref()))
    }

    /// The absolute path of the file that was opened, as [`Self::path`].
    pub fn file(&self) -> Option<PathBuf> {
        self.path.as_ref()?.canonicalize().ok()
    }
}

/// A short name of the title in a file: the file's, or its folder's if the file has the default
/// name of executables.
pub fn short_name(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
    let is_default = is_default_executable(path);
    let whole = folder.canonicalize().ok().filter(|_| is_default);
    let name = whole.as_deref().and_then(Path::file_name).or_else(|| path.file_stem());
    name.map_or_else(|| "title".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The short name of the title in a file or a folder, as [`Title::short_name`].
pub fn short_name_of(named: &Path) -> Result<String> {
    let path = path_of(named)?;
    let path = if path.is_dir() { executable_in(&path, ChoiceReport::Nothing)? } else { path };
    Ok(short_name(&path))
}

/// The id of the title at `path`, or of the demo without a path, by the header of its executable.
/// `None` if it has none or can't be read; running it says why.
pub fn id_of(path: Option<&Path>) -> Option<TitleId> {
    let id = |file: &dyn ReadAt| Xex::read(file).ok()?.execution.map(|execution| execution.title_id);
    let Some(path) = path else { return id(&DEMO) };
    let path = path_of(path).ok()?;
    let path = if path.is_dir() { executable_in(&path, ChoiceReport::Nothing).ok()? } else { path };
    let file = source::open(&path).ok()?;
    let format = xenia_formats::identify(&file).ok()??;
    if matches!(format.opens, Opens::Volume(_) | Opens::Parts(_)) {
        let volume = medium::title_in(parts::volume(format, file, &path).ok()?);
        return id(&*medium::executable_of(&volume, "", ChoiceReport::Nothing).ok()?);
    }
    id(&file)
}

/// Reads an executable, or the executable of a volume, and the medium that it is on. For any other
/// file, the error says which format it has and what to do with it.
fn load(path: &Path, keys: &KeyRing, updates: &mut Updates) -> Result<(LoadedImage, Option<Medium>)> {
    let name = path.display();
    let file = source::open(path).with_context(|| format!("cannot open {name}"))?;
    let format = xenia_formats::identify(&file).with_context(|| format!("cannot read {name}"))?;
    load_as(format, file, path, keys, updates)
}

fn load_as(
    format: Option<&Format>,
    file: File,
    path: &Path,
    keys: &KeyRing,
    updates: &mut Updates,
) -> Result<(LoadedImage, Option<Medium>)> {
    let name = path.display();
    match format {
        Some(Format { opens: Opens::Unread(advice), description, .. }) => {
            bail!("cannot run {name}: it is {description}; {advice}")
        }
        None => bail!("cannot run {name}: {}", xenia_formats::unknown(&file)),
        Some(found @ Format { opens: Opens::Volume(_) | Opens::Parts(_), .. }) => {
            // A package's data file does not carry the package's information; its header file does.
            let package = PackageInfo::read(&file).ok();
            let deployment = package.as_ref().map(Deployment::of_package).unwrap_or_default();
            let volume = parts::volume(found, file, path)
                .map_err(|error| advice::explained_volume(error, &name.to_string()))?;
            let volume = medium::title_in(volume);
            let executable = medium::executable_of(&volume, &name.to_string(), ChoiceReport::Choice)
                .map_err(|error| advice::without_executable(error, package.as_ref(), path))?;
            let patch = volume.find(&[PATCH]).and_then(|entry| entry.contents);
            let subject = format!("the executable in {name}");
            let image = updates.load(&subject, &executable, patch.map(|patch| &**patch), keys);
            let image = image.map_err(|error| advice::explained(error, &subject))?;
            let file = path.to_owned();
            let volume = Arc::new(volume);
            Ok((image, Some(Medium::Volume { file, volume, deployment })))
        }
        Some(Format { opens: Opens::Executable(_), .. }) => {
            let patch = patch_of(path)?;
            let patch = patch.as_ref().map(|patch| patch as &dyn ReadAt);
            let subject = name.to_string();
            let image = updates.load(&subject, &file, patch, keys);
            let image = image.map_err(|error| advice::explained(error, &subject))?;
            let folder = path.parent().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
            Ok((image, folder.map(|folder| Medium::Folder(folder.to_owned()))))
        }
    }
}

/// The update patch beside an executable: the same name with a `p` appended, in any case.
fn patch_of(executable: &Path) -> Result<Option<File>> {
    if !executable.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xex")) {
        return Ok(None);
    }
    let mut path = executable.as_os_str().to_owned();
    path.push("p");
    let path = PathBuf::from(path);
    parts::open_without_case(&path).with_context(|| format!("cannot open {}", path.display()))
}

/// Whether a folder must not be visible to a title: a system folder, the root, the user's home, a
/// collection such as Downloads, or the folder of temporary files. A folder with a default.xex is
/// always a title's.
fn is_private(medium: &Medium) -> bool {
    match medium {
        Medium::Folder(folder) => is_private_of(folder, user_folders::home().as_deref()),
        Medium::Volume { .. } => false,
    }
}

fn is_private_of(folder: &Path, home: Option<&Path>) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let same = |other: &Path| other.canonicalize().is_ok_and(|other| other == folder);
    let private = folder.parent().is_none()
        || same(&std::env::temp_dir())
        || home.is_some_and(|home| same(home) || COLLECTIONS.iter().any(|name| same(&home.join(name))));
    // /dev/stdin leads there, for example.
    let of_the_system = folder == Path::new("/dev") || SYSTEM.iter().any(|root| folder.starts_with(root));
    of_the_system || private && !has_default(&folder)
}

fn has_default(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| is_default_executable(&entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::{FormatError, Section, Volume};
    use xenia_kernel::deployment::TitleOrigin;

    #[test]
    fn short_names_are_of_the_executable_or_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("My Game");
        std::fs::create_dir(&folder).unwrap();
        for (file, name) in [("Default.xex", "My Game"), ("tech.demo.xex", "tech.demo")] {
            std::fs::write(folder.join(file), DEMO).unwrap();
            let title = Title::open(&folder.join(file), &KeyRing::development()).unwrap();
            assert_eq!(title.short_name(), name);
        }
        assert_eq!(Title::demo().unwrap().short_name(), "demo");
    }

    #[cfg(unix)]
    #[test]
    fn a_title_has_a_file_whose_name_is_not_unicode() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(std::ffi::OsStr::from_bytes(b"spi\xEBl.xex"));
        std::fs::write(&path, DEMO).unwrap();
        assert_eq!(Title::open(&path, &KeyRing::development()).unwrap().file(), path.canonicalize().ok());
    }

    #[test]
    fn private_user_folders_are_not_title_folders() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["Downloads", "game", "Desktop"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        std::fs::write(at("Desktop/Default.xex"), "").unwrap();
        let private = |folder: &Path| is_private_of(folder, Some(home.path()));
        assert!(private(home.path()) && private(&at("Downloads")) && private(Path::new("/")));
        assert!(private(&at("game/../Downloads")));
        assert!(!private(&at("game")) && !private(&at("Desktop")));
        #[cfg(unix)]
        assert!(
            private(Path::new("/dev"))
                && private(Path::new("/proc/self/fd"))
                && !private(Path::new("/dev/shm"))
        );
    }

    #[test]
    fn a_titles_id_is_read_from_its_header() {
        let dir = tempfile::tempdir().unwrap();
        let demo = Title::demo().unwrap().image.execution.map(|execution| execution.title_id);
        assert_eq!(id_of(None), demo);
        std::fs::write(dir.path().join("default.xex"), DEMO).unwrap();
        assert_eq!(id_of(Some(dir.path())), demo);
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "default.xex", Arc::new(DEMO.to_vec())).unwrap();
        let mut bytes = Vec::new();
        let info = PackageInfo { content_type: 0xD_0000, ..PackageInfo::default() };
        xenia_formats::stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
        let package = dir.path().join("game.live");
        std::fs::write(&package, bytes).unwrap();
        assert_eq!(id_of(Some(&package)), demo);
        std::fs::write(&package, b"PK\x03\x04rest").unwrap();
        assert_eq!([id_of(Some(&package)), id_of(Some("/nowhere".as_ref()))], [None, None]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let refusal =
            |name| format!("{:#}", Title::open(Path::new(name), &KeyRing::development()).unwrap_err());
        assert!(refusal("nowhere.xex").starts_with("cannot open nowhere.xex: "));
    }

    /// A volume of two files: the demo under the given name, and `file`.
    fn two_files(file: Arc<dyn ReadAt>, demo: &str) -> Result<Volume, FormatError> {
        let mut volume = Volume::default();
        let refused = |reason| FormatError { what: "two files".into(), offset: 0, reason };
        let length = DEMO.len() as u64;
        let section = |offset, size| Section::new(file.clone(), "two files", offset, size).map(Arc::new);
        volume.add_file(Volume::ROOT, demo, section(0, length)?).map_err(refused)?;
        let data = volume.add_directory(Volume::ROOT, "data").map_err(refused)?;
        volume.add_file(data, "rest", section(length, file.size().unwrap() - length)?).map_err(refused)?;
        Ok(volume)
    }

    #[test]
    fn a_volume_is_read_mounted_and_refused_by_the_rules_for_folders() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("My Game.two");
        std::fs::write(&path, [DEMO, b"rest"].concat()).unwrap();
        let load = |opens| {
            let format = Format {
                name: "two",
                description: "two files",
                extensions: &[],
                detect: |_| Ok(true),
                opens,
                verify: None,
            };
            load_as(
                Some(&format),
                File::open(&path).unwrap(),
                &path,
                &KeyRing::development(),
                &mut Updates::default(),
            )
        };
        let (image, medium) = load(Opens::Volume(|file| two_files(file, "Default.XEX"))).unwrap();
        let medium = medium.unwrap();
        assert_eq!(image.bytes, Title::demo().unwrap().image.bytes);
        assert!(!is_private(&medium) && medium.to_string().ends_with("My Game.two"));
        let Medium::Volume { volume, .. } = medium else { panic!("a volume is a volume") };
        assert_eq!(volume.find(&["data", "rest"]).unwrap().size, 4);
        assert!(load(Opens::Volume(|file| two_files(file, "game.xex"))).is_ok(), "the only one");
        let refusal = |opens| format!("{:#}", load(opens).unwrap_err());
        let error = refusal(Opens::Volume(|file| two_files(file, "game.exe")));
        assert!(error.contains("My Game.two has neither default.xex nor another"), "{error}");
        let error =
            refusal(Opens::Volume(|file| two_files(Arc::new(Section::new(file, "x", 0, 9)?), "a.xex")));
        assert!(
            error.contains("cannot read") && error.contains("My Game.two: two files at offset"),
            "{error}"
        );
        let damaged = Opens::Volume(|_| {
            let mut volume = Volume::default();
            volume.add_file(Volume::ROOT, "default.xex", Arc::new(vec![0; 64])).unwrap();
            Ok(volume)
        });
        let error = refusal(damaged);
        assert!(
            error.contains("cannot load the executable in") && error.contains("a file of zeros"),
            "{error}"
        );
    }

    #[test]
    fn a_title_in_a_package_has_its_licence() {
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "default.xex", Arc::new(DEMO.to_vec())).unwrap();
        let info = PackageInfo { content_type: 0xD_0000, license: 3, ..PackageInfo::default() };
        let mut bytes = Vec::new();
        xenia_formats::stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes, deployment) in [
            ("game.live", &bytes[..], Deployment { origin: TitleOrigin::Download, license: Some(3) }),
            ("game.xex", DEMO, Deployment::default()),
        ] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
            let title = Title::open(&dir.path().join(name), &KeyRing::development()).unwrap();
            assert_eq!(title.medium.unwrap().deployment(), deployment);
        }
    }

    #[test]
    fn non_title_files_are_identified_in_the_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("game.iso");
        for (contents, expected) in [
            (&b"PK\x03\x04rest"[..], "ZIP archive at offset 0x8: "),
            (b"Rar!\x1A\x07", "a RAR archive; extract it"),
            (b"LIVE", "STFS volume at offset 0x340"),
            (b"some text", "begins with 73 6f"),
            (b"", "it is empty"),
        ] {
            std::fs::write(&path, contents).unwrap();
            let error = format!("{:#}", Title::open(&path, &KeyRing::development()).unwrap_err());
            assert!(error.contains(expected) && error.contains("game.iso"), "{error}");
        }
    }
}
