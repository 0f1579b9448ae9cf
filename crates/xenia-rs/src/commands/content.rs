//! `xenia-rs content`: lists, exports and imports saved games and downloadable content; lists and
//! removes scratch disks. The window's page of saves exports and imports by the same functions.
//!
//! Imports are written through the emulated content folder, so a package appears atomically, and no
//! file name can leave the folder. A package with wrong hashes is refused.

pub(in crate::commands) mod import;
pub(in crate::commands) mod links;
mod scratch;
mod set_aside;

pub use set_aside::SetAsideRow;

use super::volume::{
    CHUNK, InterruptibleWriter, VolumeItem, copy, interruptible, items_of, refuse_impossible,
};
use crate::cli::{ContentCommand, ContentExportArgs, ContentListArgs, ExportForm, PlaceArgs, WhichArgs};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use xenia::config::SaveConfig;
use xenia::content::{self, volume::volume_of};
use xenia::interrupt::Interrupt;
use xenia::output::{self, TEMPORARY_PREFIX};
use xenia::report::{check_json, write_json};
use xenia::say::{chain, errln, outln, visible};
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_formats::stfs::{self, MAX_PICTURE, PackageInfo, Signer, StfsWriteError, kind_name};
use xenia_formats::{ReadAt as _, Volume};
use xenia_guest::TitleId;
use xenia_host::file::is_possible_name;
use xenia_kernel::content::{ContentStore, FoundPackage, PackageHeader, PackageName};
use xenia_kernel::vfs::{FileBytes, HostFolder};

/// Heading of the columns of `content list`.
const HEADING: &str = "owner            title id kind               bytes  name  display name  title";

documented! {
    /// Saved games and downloadable content in a folder.
    #[derive(Debug, Serialize)]
    pub struct ContentReport {
        /// The content folder.
        folder: String,
        /// Packages, sorted by owner, title, kind and name.
        packages: Vec<ContentRow>,
        /// Packages that are set aside, sorted by owner, title and kind, the oldest first.
        set_aside: Vec<SetAsideRow>,
    }

    /// A saved game or downloadable content.
    #[derive(Debug, Serialize)]
    pub struct ContentRow {
        /// Profile id of the owner, 16 hexadecimal digits; zeros if it is shared by all profiles.
        owner: String,
        /// Id of the title that it belongs to, eight hexadecimal digits.
        title_id: String,
        /// Name of the title, from the owner's database of it; null if that has none.
        title_name: Option<String>,
        /// Content type, as a number.
        kind: u32,
        /// Content type, as a name; null if it has none.
        kind_name: Option<&'static str>,
        /// File name of the package.
        name: String,
        /// Display name of the package.
        display_name: String,
        /// Number of its files; null if they cannot be read.
        files: Option<usize>,
        /// Total size of its files in bytes; null if they cannot be read.
        bytes: Option<u64>,
    }
}

/// Runs the subcommand.
pub fn run(command: &ContentCommand) -> Result<Code> {
    match command {
        ContentCommand::List(args) => list(args),
        ContentCommand::Export(args) => interruptible(|interrupt| export(args, interrupt)),
        ContentCommand::Import(args) => import::run(args),
        ContentCommand::Scratch(args) => scratch::run(args),
    }
}

/// The folder of saves.
fn place(args: &PlaceArgs) -> Result<PathBuf> {
    let args = SaveConfig { content: args.content.clone(), portable: args.portable, ..SaveConfig::default() };
    content::place(&args, false)?.ok_or_else(|| anyhow!("there is no data folder; --content DIR names one"))
}

/// The store in a folder of saves; `None` if no title has saved anything yet. A folder that the
/// user named must exist.
fn store_of(args: &PlaceArgs, folder: &Path) -> Result<Option<ContentStore>> {
    let is_none_yet = args.content.is_none() && matches!(folder.try_exists(), Ok(false));
    if is_none_yet { Ok(None) } else { to_read(folder).map(Some) }
}

/// The store in a folder of saves, to be read.
pub(in crate::commands) fn to_read(folder: &Path) -> Result<ContentStore> {
    std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let device =
        HostFolder::read_only(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    Ok(ContentStore::new(Box::new(device)))
}

/// The packages that the filters select.
fn chosen(store: &ContentStore, which: &WhichArgs) -> Result<Vec<FoundPackage>> {
    let all = store.every_found_package().context("cannot read the folder of saves")?;
    Ok(all.into_iter().filter(|package| is_meant(which, &package.name)).collect())
}

/// Whether the filters select a package.
fn is_meant(which: &WhichArgs, name: &PackageName) -> bool {
    which.title_id.is_none_or(|title| title == name.title)
        && which.owner.is_none_or(|owner| owner == name.owner)
        && which.kind.is_none_or(|kind| kind == name.kind)
}

fn list(args: &ContentListArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let folder = place(&args.place)?;
    let store = store_of(&args.place, &folder)?;
    name_hidden_folders(&folder, &args.which);
    let packages = match &store {
        Some(store) => chosen(store, &args.which)?
            .iter()
            .map(|package| row(store, &folder, &package.name, package.header.as_ref()))
            .collect(),
        None => Vec::new(),
    };
    let set_aside = match &store {
        Some(store) => set_aside::rows(store, &folder, &args.which)?,
        None => Vec::new(),
    };
    let report = ContentReport { folder: folder.display().to_string(), packages, set_aside };
    if let Some(path) = &args.json {
        write_json(path, "content", &report)?;
        return Ok(Code::Done);
    }
    if report.packages.is_empty() && report.set_aside.is_empty() {
        errln!("xenia-rs: there are no such packages in {}", report.folder);
    } else {
        outln!("{HEADING}");
    }
    report.packages.iter().for_each(print);
    report.set_aside.iter().for_each(SetAsideRow::print);
    Ok(Code::Done)
}

/// Prints a package's line of the list.
fn print(row: &ContentRow) {
    outln!(
        "{} {} {:<12} {:>11}  {}  {}  {}",
        row.owner,
        row.title_id,
        row.kind_name.map_or_else(|| format!("{:X}", row.kind), str::to_owned),
        row.bytes.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string()),
        visible(&row.name),
        visible(&row.display_name),
        row.title_name.as_deref().map_or("-".to_owned(), visible)
    );
}

/// Prints the folders on the way to selected packages that are links out of the folder of saves;
/// packages in them are not found. Returns their number.
fn name_hidden_folders(from: &Path, which: &WhichArgs) -> usize {
    let hidden = links::above_packages(from, which);
    for link in &hidden {
        errln!("xenia-rs: left out: {}", leads_out(link, from));
    }
    hidden.len()
}

fn leads_out(link: &Path, from: &Path) -> String {
    format!("{} is a link that leads out of {}", visible(&link.display().to_string()), from.display())
}

fn unreadable(name: &PackageName) -> Error {
    anyhow!("cannot read the header of {}", visible(name.file()))
}

/// A package in the list. A damaged one does not hide the others.
fn row(store: &ContentStore, from: &Path, name: &PackageName, header: Option<&PackageHeader>) -> ContentRow {
    let files = header.ok_or_else(|| unreadable(name));
    let files = match files.and_then(|header| files_of(store, from, name, header)) {
        Ok(volume) => Some(items_of(&volume)),
        Err(error) => {
            errln!("xenia-rs: {error:#}");
            None
        }
    };
    let files: Option<Vec<VolumeItem>> =
        files.map(|files| files.into_iter().filter(|file| file.contents.is_some()).collect());
    ContentRow {
        owner: format!("{:016X}", name.owner.0),
        title_id: format!("{:08X}", name.title),
        title_name: store.gpd(name.owner, name.title).ok().and_then(|gpd| gpd.title_name()),
        kind: name.kind,
        kind_name: kind_name(name.kind),
        name: name.file().to_owned(),
        display_name: header.map_or(name.file(), PackageHeader::display_name).to_owned(),
        files: files.as_ref().map(Vec::len),
        bytes: files.map(|files| files.iter().map(|file| file.size).sum()),
    }
}

/// The files of a package.
///
/// # Errors
/// The package is a link that leads out of the content folder. Such links in it are named, and left
/// out.
pub(in crate::commands) fn files_of(
    store: &ContentStore,
    from: &Path,
    name: &PackageName,
    header: &PackageHeader,
) -> Result<Volume> {
    let files = links::host_path(from, &name.files(header.folder));
    let unseen = links::that_lead_out(from, &files);
    if let [link] = &unseen[..]
        && *link == files
    {
        bail!("cannot read {}: {}", name.file(), leads_out(link, from));
    }
    for link in &unseen {
        errln!("xenia-rs: {}: left out: {}", name.file(), leads_out(link, from));
    }
    volume_of(store, name, header)
}

fn export(args: &ContentExportArgs, interrupt: &Interrupt) -> Result<Code> {
    let from = place(&args.place)?;
    let nothing = || anyhow!("nothing is saved in {} yet", from.display());
    let store = store_of(&args.place, &from)?.ok_or_else(nothing)?;
    let hidden = name_hidden_folders(&from, &args.which);
    let mut packages = chosen(&store, &args.which)?;
    if !args.names.is_empty() {
        packages.retain(|package| {
            args.names.iter().any(|wanted| wanted.eq_ignore_ascii_case(package.name.file()))
        });
        for wanted in &args.names {
            let is_there = packages.iter().any(|package| package.name.file().eq_ignore_ascii_case(wanted));
            ensure!(is_there, "there is no {wanted:?}; xenia-rs content list shows what there is");
        }
    }
    let export =
        PackageExport { store: &store, from: &from, folder: &args.folder, form: args.form, interrupt };
    let mut failures = Vec::new();
    for FoundPackage { name, header } in &packages {
        let header = header.as_ref().ok_or_else(|| unreadable(name));
        match header.and_then(|header| export.write(name, header)) {
            Ok(to) => outln!("{}", to.display()),
            Err(error) if interrupt.cause().is_some() => return Err(error),
            Err(error) => failures.push((name, error)),
        }
    }
    let written = packages.len() - failures.len();
    outln!("{} of {}", count(written as u64, "package"), from.display());
    if !failures.is_empty() {
        return Err(not_exported(&failures));
    }
    // Named packages were found, whatever else is hidden.
    let is_complete = hidden == 0 || !args.names.is_empty();
    Ok(if is_complete { Code::Done } else { Code::Unusable })
}

/// Path of a package's folder below a folder of exports.
pub(in crate::commands) fn export_folder_of(name: &PackageName) -> PathBuf {
    let PackageName { owner, title, kind, .. } = name;
    PathBuf::from(format!("{:016X}/{title:08X}/{kind:08X}", owner.0))
}

/// An export of packages from a content folder, to a folder for packages of all titles.
#[derive(Clone, Copy)]
pub(in crate::commands) struct PackageExport<'a> {
    pub(in crate::commands) store: &'a ContentStore,
    /// The folder of the store.
    pub(in crate::commands) from: &'a Path,
    pub(in crate::commands) folder: &'a Path,
    pub(in crate::commands) form: ExportForm,
    pub(in crate::commands) interrupt: &'a Interrupt,
}

impl PackageExport<'_> {
    /// Exports a package, and returns where it is.
    pub(in crate::commands) fn write(&self, name: &PackageName, header: &PackageHeader) -> Result<PathBuf> {
        let volume = files_of(self.store, self.from, name, header)?;
        let folder = self.folder.join(export_folder_of(name));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        ensure!(is_possible_name(name.file()), "{:?} is not a valid file name here", name.file());
        let to = folder.join(name.file());
        ensure!(to.symlink_metadata().is_err(), "{} exists", to.display());
        match self.form {
            ExportForm::Stfs if header.is_packed => copy_package(self.store, name, &to, self.interrupt)?,
            ExportForm::Stfs => self.write_stfs(name, header, &volume, &to)?,
            ExportForm::Folder => write_folder(&volume, &to, self.interrupt)?,
        }
        Ok(to)
    }

    /// Writes a package in a console's format, without a signature.
    fn write_stfs(
        &self,
        name: &PackageName,
        header: &PackageHeader,
        volume: &Volume,
        to: &Path,
    ) -> Result<()> {
        let picture = self.store.thumbnail(name).ok().flatten().unwrap_or_default();
        // A picture that exceeds the package's limit is left out.
        let picture = if picture.len() <= MAX_PICTURE { picture } else { Vec::new() };
        let title_name = self.store.gpd(name.owner, name.title).ok().and_then(|gpd| gpd.title_name());
        let info = PackageInfo {
            signer: Signer::Console,
            is_unsigned: true,
            content_type: name.kind,
            title_id: TitleId(name.title),
            profile_id: header.creator.0,
            license: header.license,
            title_name: title_name.unwrap_or_default(),
            display_name: header.display_name().to_owned(),
            pictures: [picture, Vec::new()],
            ..PackageInfo::default()
        };
        output::write_by(to, |package| {
            let mut package = BufWriter::with_capacity(
                CHUNK,
                InterruptibleWriter { inner: package, interrupt: self.interrupt },
            );
            stfs::write(volume, &info, &mut package, &mut |_| ())?;
            Ok(package.flush()?)
        })
    }
}

/// The error of an export that has left some packages out.
fn not_exported(failures: &[(&PackageName, Error)]) -> Error {
    let rows = failures.iter().map(|(name, error)| {
        let is_name =
            error.chain().any(|cause| matches!(cause.downcast_ref(), Some(StfsWriteError::Name(_))));
        let advice = if is_name { "; --as folder takes it" } else { "" };
        format!("\n  {}: {}{advice}", visible(name.file()), chain(error))
    });
    anyhow!("{} not exported:{}", count(failures.len() as u64, "package"), rows.collect::<String>())
}

/// Copies a package that is a single file unchanged, with its signature.
fn copy_package(store: &ContentStore, name: &PackageName, to: &Path, interrupt: &Interrupt) -> Result<()> {
    let file = store.packed_file(name)?.ok_or_else(|| anyhow!("{} is gone", name.file()))?;
    let file = FileBytes(file);
    output::write_by(to, |inner| {
        let mut package = InterruptibleWriter { inner, interrupt };
        Ok(copy(&file, file.size()?, |bytes| package.write_all(bytes))?)
    })
}

/// Writes the files of a package to a folder that appears atomically.
fn write_folder(volume: &Volume, to: &Path, interrupt: &Interrupt) -> Result<()> {
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    let within = to.parent().unwrap_or(".".as_ref());
    let temporary = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(within);
    let temporary = temporary.with_context(|| cannot(to))?;
    let folder = temporary.path().join("files");
    std::fs::create_dir(&folder).with_context(|| cannot(to))?;
    for file in items_of(volume) {
        refuse_impossible(&file)?;
        let path = folder.join(file.path.iter().collect::<PathBuf>());
        match &file.contents {
            None => std::fs::create_dir(&path).with_context(|| cannot(&path))?,
            Some(contents) => {
                let inner = File::create_new(&path).with_context(|| cannot(&path))?;
                let mut out = InterruptibleWriter { inner, interrupt };
                copy(contents, file.size, |bytes| out.write_all(bytes)).with_context(|| cannot(&path))?;
            }
        }
    }
    std::fs::rename(&folder, to).with_context(|| cannot(to))
}

#[cfg(test)]
mod tests;
