//! `xenia-rs make-stfs`: makes an unsigned content package from a folder.

use super::volume::{
    CHUNK, InterruptibleWriter, add_folder, interruptible, items_of, progress_bar, refuse_inside,
};
use crate::cli::{MakeStfsArgs, PackageSigner};
use anyhow::{Context, Result, ensure};
use std::io::{BufWriter, Write};
use xenia::interrupt::Interrupt;
use xenia::output;
use xenia::say::outln;
use xenia::source;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_formats::stfs::{self, MAX_PICTURE, PackageInfo, Signer};
use xenia_formats::{Volume, Xex};
use xenia_guest::TitleId;
use xenia_kernel::vfs::is_fatx_name;

/// Content type of a package with an executable (arcade title), and of one without (add-on).
const ARCADE_TITLE: u32 = 0xD_0000;
const ADD_ON: u32 = 2;
/// Longest name of a package, in units of UTF-16.
const MAX_NAME: usize = 127;

/// Writes the package.
pub fn run(args: &MakeStfsArgs) -> Result<Code> {
    interruptible(|interrupt| write(args, interrupt))
}

fn write(args: &MakeStfsArgs, interrupt: &Interrupt) -> Result<Code> {
    refuse_inside(&args.folder, &args.package)?;
    let mut volume = Volume::default();
    add_folder(&mut volume, Volume::ROOT, &args.folder)?;
    let files = items_of(&volume);
    ensure!(!files.is_empty(), "{} is empty", args.folder.display());
    for file in &files {
        // Titles cannot open a file with another name, and no disk of a console takes it.
        let is_possible = file.path.iter().all(|name| is_fatx_name(name));
        let path_text = file.path.join("/");
        ensure!(is_possible, "{path_text}: no such name is possible on a console; rename it");
    }
    let info = package_info(args, &volume)?;
    let bar = progress_bar(files.iter().map(|file| file.size).sum());
    let mut size = 0;
    output::write_by(&args.package, |package| {
        let mut package = BufWriter::with_capacity(CHUNK, InterruptibleWriter { inner: package, interrupt });
        size = stfs::write(&volume, &info, &mut package, &mut |bytes| bar.set_position(bytes))?;
        Ok(package.flush()?)
    })?;
    bar.finish_and_clear();
    outln!("{}: {}, unsigned", args.package.display(), count(size, "byte"));
    Ok(Code::Done)
}

/// The header of the package. Unless flags say otherwise, the executable decides the title id and
/// content type.
fn package_info(args: &MakeStfsArgs, volume: &Volume) -> Result<PackageInfo> {
    let executable = volume.find(&["default.xex"]).and_then(|entry| entry.contents);
    let title = executable.and_then(|file| Xex::read(file).ok()).and_then(|xex| xex.execution);
    // A download without a title id could be imported, but would never be visible; titles without
    // one would share their saves.
    let title_id = args.title_id.map(TitleId).or(title.map(|title| title.title_id));
    let title_id = title_id.filter(|id| args.title_id.is_some() || *id != TitleId::default());
    let title_id = title_id.with_context(|| {
        let folder = args.folder.display();
        format!("{folder} has no default.xex that identifies the title; --title-id names it")
    })?;
    let picture = picture(args)?;
    let name = package_name(args)?;
    Ok(PackageInfo {
        signer: match args.signer {
            PackageSigner::Con => Signer::Console,
            PackageSigner::Live => Signer::Live,
            PackageSigner::Pirs => Signer::Maker,
        },
        is_unsigned: true,
        content_type: args.kind.unwrap_or(if executable.is_some() { ARCADE_TITLE } else { ADD_ON }),
        title_id,
        media_id: title.map_or(0, |title| title.media_id.0),
        version: title.map_or(0, |title| title.version.0),
        base_version: title.map_or(0, |title| title.base_version.0),
        savegame_id: title.map_or(0, |title| title.savegame_id),
        profile_id: 0,
        license: u32::MAX,
        title_name: name.clone(),
        display_name: name,
        pictures: [picture.clone(), picture],
    })
}

/// The picture of `--thumbnail`; empty without it.
fn picture(args: &MakeStfsArgs) -> Result<Vec<u8>> {
    let Some(path) = &args.thumbnail else { return Ok(Vec::new()) };
    let name = path.display();
    let picture = source::bytes(path).with_context(|| format!("cannot read {name}"))?;
    ensure!(picture.starts_with(b"\x89PNG"), "--thumbnail: {name} is not a PNG file");
    ensure!(
        picture.len() <= MAX_PICTURE,
        "--thumbnail: {name} has {} bytes, a package has room for {MAX_PICTURE}",
        picture.len()
    );
    Ok(picture)
}

/// The name of `--name`, else the folder's.
fn package_name(args: &MakeStfsArgs) -> Result<String> {
    let folder = args.folder.canonicalize().ok();
    let name = folder.as_deref().and_then(|folder| folder.file_name()).unwrap_or_default();
    let name = args.name.clone().unwrap_or_else(|| name.to_string_lossy().into_owned());
    ensure!(
        name.encode_utf16().count() <= MAX_NAME,
        "a package's name has {MAX_NAME} characters at most; --name sets another one"
    );
    Ok(name)
}
