//! Imports packages and folders, which are untrusted input, through the emulated content folder.
//!
//! A package's hashes are verified before anything is written. The package becomes visible when its
//! header names it, so a failed import leaves no package, and an older package of the same name
//! unchanged. A folder that `content export`, another emulator or a console has filled is taken
//! apart.

mod foreign_header;
mod tree;

use super::place;
use crate::cli::ContentImportArgs;
use crate::commands::volume::{VolumeItem, add_folder, copy, items_of};
use anyhow::{Context, Result, anyhow, bail, ensure};
use foreign_header::{ForeignHeader, THUMBNAIL};
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tree::Placed;
use xenia::content::{self, own_number};
use xenia::say::{errln, outln};
use xenia::source;
use xenia_cli::Code;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::{FORMATS, Findings, KeyRing, NoParts, ReadAt, Volume};
use xenia_kernel::content::{ContentStore, MAX_THUMBNAIL_SIZE, PackageHeader, PackageName, SAVED_GAME};
use xenia_kernel::user::profile::Xuid;
use xenia_kernel::vfs::{FileDevice, HostFolder, SubFolder, VfsError, VfsResult, path as names};

/// Content type of profiles.
const PROFILE: u32 = 0x1_0000;
/// Largest size of a picture that titles can show, in bytes.
const MAX_PICTURE: usize = MAX_THUMBNAIL_SIZE as usize;

/// Destination of imported packages.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::commands) struct ImportChoice {
    /// Id of the title; `None`: the one that a package names.
    pub(in crate::commands) title: Option<u32>,
    /// The profile that owns them; `None`: the one that a saved game names, or all profiles.
    pub(in crate::commands) owner: Option<Xuid>,
    /// Content type; `None`: the one that a package names.
    pub(in crate::commands) kind: Option<u32>,
    /// Whether packages of the same name are replaced.
    pub(in crate::commands) replaces: bool,
}

/// A package that was imported.
#[derive(Debug)]
pub(in crate::commands) struct Imported {
    pub(in crate::commands) name: PackageName,
    /// Failures that did not prevent the import.
    pub(in crate::commands) warnings: Vec<String>,
}

/// Error of an import whose package exists already.
#[derive(Debug)]
pub(in crate::commands) struct PackageExists;

impl Display for PackageExists {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a package of this name exists; --replace replaces it")
    }
}

impl Error for PackageExists {}

/// Imports the files one after the other; after an error, the earlier ones stay imported.
pub(super) fn run(args: &ContentImportArgs) -> Result<Code> {
    let folder = place(&args.place)?;
    let store = to_write(&folder)?;
    // The files of a new package lie in a folder whose number follows from the old package's.
    let _lock = content::wait_for_lock(&folder)?;
    let ContentImportArgs { title_id: title, owner, kind, replace: replaces, .. } = *args;
    let choice = ImportChoice { title, owner, kind, replaces };
    import(&store, &args.packages, choice, |from, Imported { name, warnings }| {
        let path_name = from.display();
        outln!("{path_name}: {:016X}/{:08X}/{:08X}/{}", name.owner.0, name.title, name.kind, name.file());
        for warning in warnings {
            errln!("xenia-rs: warning: {path_name}: {warning}");
        }
    })?;
    Ok(Code::Done)
}

/// The store in a folder of saves, to be written. The folder is made if it is missing.
pub(in crate::commands) fn to_write(folder: &Path) -> Result<ContentStore> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot keep saves in {}", folder.display()))?;
    let device = HostFolder::writable(folder, Arc::default());
    let device = device.with_context(|| format!("cannot write to {}", folder.display()))?;
    Ok(ContentStore::new(Box::new(device)))
}

/// Imports packages, folders of one's files, and the packages in a folder of packages. `report` is
/// called for each one that is imported, since an error leaves those before it in place. A second
/// one of the same name is refused: saves of profiles that this console lacks all go to its first
/// profile. The folder of saves must be locked.
pub(in crate::commands) fn import(
    store: &ContentStore,
    paths: &[impl AsRef<Path>],
    choice: ImportChoice,
    mut report: impl FnMut(&Path, &Imported),
) -> Result<()> {
    let cannot = |path: &Path| format!("cannot import {}", path.display());
    let mut taken = Vec::new();
    for path in paths {
        let path: &Path = path.as_ref();
        let below = tree::packages_below(path).with_context(|| cannot(path))?;
        let one = || vec![Placed { path: path.to_owned(), ids: None }];
        for package in if below.is_empty() { one() } else { below } {
            let imported =
                import_package(store, &package, choice, &taken).with_context(|| cannot(&package.path))?;
            report(&package.path, &imported);
            taken.push(imported.name);
        }
    }
    Ok(())
}

/// Reads the header and the files to import.
fn read(path: &Path) -> Result<(Option<PackageInfo>, Volume)> {
    if path.is_dir() {
        let mut volume = Volume::default();
        add_folder(&mut volume, Volume::ROOT, path)?;
        return Ok((None, volume));
    }
    let file: Arc<dyn ReadAt> = Arc::new(source::open(path)?);
    ensure!(stfs::detect(&file)?, "not a content package (STFS)");
    let info = PackageInfo::read(&file)?;
    let volume = stfs::open(file.clone())?;
    let verify = FORMATS.iter().find(|format| format.name == "stfs").and_then(|format| format.verify);
    let verify = verify.ok_or_else(|| anyhow!("packages can't be checked"))?;
    let mut findings = Findings::default();
    verify(file.clone(), &NoParts, &KeyRing::development(), &mut findings)?;
    if let Some(fault) = findings.faults().first() {
        bail!("it is damaged: {fault}");
    }
    // A small package must not be able to fill the disk.
    let bytes: u64 = items_of(&volume).iter().map(|file| file.size).sum();
    let whole = file.size()?;
    ensure!(bytes <= whole, "its files overlap; together they have {bytes} bytes, the package {whole}");
    Ok((Some(info), volume))
}

/// The name under which a package is stored. Each part is the user's choice, or else from the
/// package's header, or else from the folders above it.
fn name_of(
    store: &ContentStore,
    package: &Placed,
    info: Option<&PackageInfo>,
    choice: ImportChoice,
) -> Result<PackageName> {
    let Placed { path, ids } = package;
    let title = choice.title.or(info.map(|info| info.title_id.0)).or(ids.map(|ids| ids.title));
    let title = title.ok_or_else(|| anyhow!("a folder does not name its title; use --title-id"))?;
    let kind = choice.kind.or(info.map(|info| info.content_type)).or(ids.map(|ids| ids.kind));
    let kind = kind.unwrap_or(SAVED_GAME);
    ensure!(kind != PROFILE, "profiles cannot be imported; --owner chooses the profile of a save");
    let named = info.map(|info| Xuid(info.profile_id));
    let owner = match (choice.owner, ids.and_then(|ids| ids.owner)) {
        (None, Some(Xuid::NOBODY)) => Xuid::NOBODY,
        (None, None) if kind != SAVED_GAME => Xuid::NOBODY,
        (wanted, place) => owner(store, wanted, place.or(named))?,
    };
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // An export names its files exactly as the packages, which may end so themselves.
    let is_exact = path.is_dir() || ids.is_some();
    let file = if is_exact { file } else { file.strip_suffix(".con").unwrap_or(file) };
    let name = PackageName::new(owner, title, kind, file);
    name.ok_or_else(|| anyhow!("{file:?} is not a valid file name on the console's disk"))
}

/// The header to store for a package; the file name replaces a missing display name.
fn header_of(
    name: &PackageName,
    info: Option<&PackageInfo>,
    foreign: Option<&ForeignHeader>,
) -> PackageHeader {
    let display_name = info.map(|info| info.display_name.as_str());
    let display_name = display_name.or(foreign.map(|foreign| foreign.display_name.as_str()));
    let display_name = display_name.filter(|display_name| !display_name.is_empty());
    let mut header = PackageHeader::new(name.owner, display_name.unwrap_or(name.file()));
    header.license = info.map_or(u32::MAX, |info| info.license);
    header
}

/// Imports one package. It must not replace a package that the same import has `taken`.
fn import_package(
    store: &ContentStore,
    package: &Placed,
    choice: ImportChoice,
    taken: &[PackageName],
) -> Result<Imported> {
    let path = &package.path;
    let (info, volume) = read(path)?;
    let name = name_of(store, package, info.as_ref(), choice)?;
    let advice = if name.kind == SAVED_GAME { ", for another profile (--owner XUID)" } else { "" };
    ensure!(
        !taken.iter().any(|other| other.is(&name)),
        "this import already has another package of this title, type and name; import this one alone{advice}"
    );
    let foreign = info.is_none().then(|| ForeignHeader::read(path));
    let header = header_of(&name, info.as_ref(), foreign.as_ref());
    let old = store.find(&name)?;
    ensure!(old.is_none() || choice.replaces, PackageExists);
    let header = store.prepare(&name, old.as_ref(), header)?;
    let mut files = items_of(&volume);
    let left_out = foreign.as_ref().and_then(|_| leave_out_extras(&mut files));
    if let Err(error) = write_files(store.folder(name.files(header.folder)), &files) {
        // No header named the files, so they were never visible as the package.
        let _ = store.remove_files(&name, &header);
        return Err(error);
    }
    let unsynced = commit(store, &name, &header)?;
    let mut warnings: Vec<String> = left_out.into_iter().collect();
    if let Some(error) = unsynced {
        // After a crash of the host the older header may be there again, so its files are kept.
        warnings.push(format!("it may not survive a crash of the host: {error}"));
    } else if let Some(old) = &old
        && let Err(error) = store.remove_files(&name, old)
    {
        warnings.push(format!("its old files could not be deleted: {error}"));
    }
    let picture = info.map(|info| info.pictures[0].clone());
    let picture = picture.or(foreign.map(|foreign| foreign.picture)).unwrap_or_default();
    let pictured = match picture.len() {
        1..=MAX_PICTURE => store.set_thumbnail(&name, &picture),
        _ => store.remove_thumbnail(&name),
    };
    // If the disk failed to sync the header, the same failure of the picture says nothing new.
    if let (None, Err(error)) = (unsynced, pictured) {
        warnings.push(format!("its picture could not be stored: {error}"));
    }
    Ok(Imported { name, warnings })
}

/// Removes what a host's folder has beside the package: the picture that xenia keeps there, and
/// files of desktops. Names the latter in a warning, because a save may have files of such names.
fn leave_out_extras(files: &mut Vec<VolumeItem>) -> Option<String> {
    files.retain(|file| file.contents.is_none() || file.path != [THUMBNAIL]);
    let is_extra = |file: &VolumeItem| file.path.iter().any(|name| tree::is_of_desktop(name.as_ref()));
    let first = files.iter().find(|file| is_extra(file))?.path.join("/");
    let count = files.len();
    files.retain(|file| !is_extra(file));
    let others = match count - files.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    Some(format!("{first}{others}: left out, because macOS and Windows add such files"))
}

/// Makes the files of a package visible by its header. If that is on the disk, but may not outlast
/// a crash of the host, the error is returned as a value.
fn commit(store: &ContentStore, name: &PackageName, header: &PackageHeader) -> VfsResult<Option<VfsError>> {
    let Err(error) = store.commit(name, header) else { return Ok(None) };
    match store.find(name) {
        Ok(Some(now)) if now.folder == header.folder => Ok(Some(error)),
        Ok(_) => {
            let _ = store.remove_files(name, header);
            Err(error)
        }
        // A header that can't be read may name the files.
        Err(_) => Err(error),
    }
}

/// The profile that a package is imported for.
fn owner(store: &ContentStore, wanted: Option<Xuid>, named: Option<Xuid>) -> Result<Xuid> {
    let profiles = store.load_profiles(Some(own_number()));
    let known = |xuid: &Xuid| store.has_profile(*xuid) || profiles.xuid_at(0) == Some(*xuid);
    if let Some(wanted) = wanted {
        ensure!(known(&wanted) || wanted == Xuid::NOBODY, "there is no profile {:016X}", wanted.0);
        return Ok(wanted);
    }
    let first = profiles.xuid_at(0);
    named.filter(known).or(first).ok_or_else(|| anyhow!("there is no profile"))
}

/// Writes the files of a package. Each name must be valid on the console's file system.
fn write_files(mut device: SubFolder, files: &[VolumeItem]) -> Result<()> {
    for file in files {
        let path_text = file.path.join("/");
        let path = names::device_names(&file.path).with_context(|| path_text.clone())?;
        let is_possible = path == file.path && path.iter().all(|name| names::is_fatx_name(name));
        ensure!(is_possible, "{path_text}: no such name is possible on a console's disk");
        let cannot = || format!("cannot write {path_text}");
        match &file.contents {
            None => device.create_directory(&path).with_context(cannot)?,
            Some(contents) => {
                let out = device.create_file(&path).with_context(cannot)?;
                let mut at = 0;
                copy(contents, file.size, |bytes| {
                    out.write_at(at, bytes).map_err(io::Error::other)?;
                    at += bytes.len() as u64;
                    Ok(())
                })
                .with_context(|| format!("cannot copy {path_text}"))?;
                out.flush().with_context(cannot)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
