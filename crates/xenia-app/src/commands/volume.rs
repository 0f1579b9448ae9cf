//! `xenia-rs ls`, `extract` and `make-iso`: what is in a disc image, package or archive, out of it, and into a new image.

use crate::cli::{ExtractArgs, LsArgs, MakeIsoArgs};
use crate::exit::Code;
use crate::output;
use crate::report::{check_json, write_json};
use crate::say::{errln, outln};
use crate::title::parts;
use crate::wording::count;
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_documents::documented;
use xenia_formats::volume::Directory;
use xenia_formats::{Format, Opens, ReadAt, Volume, gdfx};

/// Bytes that are copied at once.
pub(super) const CHUNK: usize = 1 << 20;

documented! {
    /// What is in a disc image, content package or archive.
    #[derive(Debug, Serialize)]
    pub struct LsReport {
        /// Its format, by its short name.
        format: &'static str,
        /// Files and folders, by path.
        rows: Vec<LsRow>,
    }

    /// A file or a folder.
    #[derive(Debug, Serialize)]
    pub struct LsRow {
        /// From the root on, with `/`.
        path: String,
        /// Bytes of a file; null for a folder.
        size: Option<u64>,
    }
}

/// A file or folder of a volume.
pub(super) struct Found {
    pub(super) path: Vec<String>,
    pub(super) contents: Option<Arc<dyn ReadAt>>,
    pub(super) size: u64,
}

impl Found {
    fn shown(&self) -> String {
        self.path.join("/")
    }
}

/// Lists what is in the image.
pub fn ls(args: &LsArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let (format, volume) = open(&args.image)?;
    let rows = found(&volume)
        .into_iter()
        .map(|found| LsRow { path: found.shown(), size: found.contents.is_some().then_some(found.size) });
    let report = LsReport { format: format.name, rows: rows.collect() };
    if let Some(path) = &args.json {
        write_json(path, "ls", &report)?;
    } else {
        for row in &report.rows {
            match row.size {
                Some(size) => outln!("{size:>11}  {}", row.path),
                None => outln!("{:>11}  {}/", "", row.path),
            }
        }
    }
    Ok(Code::Done)
}

/// Writes every file of the image into a folder.
pub fn extract(args: &ExtractArgs) -> Result<Code> {
    let (format, volume) = open(&args.image)?;
    let has_parts = matches!(format.opens, Opens::Parts(_));
    let files = found(&volume);
    let bytes = files.iter().map(|file| file.size).sum();
    let shown = args.image.display();
    let whole = std::fs::metadata(&args.image).with_context(|| format!("cannot read {shown}"))?.len();
    // A small image must not fill a disk. What an archive may hold beside its size, its reader has seen to, and files of a package
    // with data files are not in what was named.
    let is_bounded = volume.is_packed() || has_parts;
    ensure!(
        is_bounded || bytes <= whole,
        "{shown}: its files overlap; together they have {bytes} bytes, the image {whole}"
    );
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot create {}", args.folder.display()))?;
    let bar = bar(bytes);
    for file in &files {
        let path = args.folder.join(file.path.iter().collect::<PathBuf>());
        let cannot = || format!("cannot write {}", path.display());
        match &file.contents {
            None => std::fs::create_dir_all(&path).with_context(cannot)?,
            Some(contents) => {
                // Nothing that is there is replaced, and no link followed.
                let mut out = File::create_new(&path).with_context(cannot)?;
                copy(contents, file.size, |bytes| {
                    bar.inc(bytes.len() as u64);
                    out.write_all(bytes)
                })
                .with_context(|| format!("cannot copy {} to {}", file.shown(), path.display()))?;
            }
        }
    }
    bar.finish_and_clear();
    let written = files.iter().filter(|file| file.contents.is_some()).count();
    outln!("{}: {}", args.folder.display(), count(written as u64, "file"));
    Ok(Code::Done)
}

/// Writes a disc image of a folder.
pub fn make_iso(args: &MakeIsoArgs) -> Result<Code> {
    let mut volume = Volume::default();
    add_folder(&mut volume, Volume::ROOT, &args.folder)?;
    let files = found(&volume);
    ensure!(!files.is_empty(), "{} is empty", args.folder.display());
    if !files.iter().any(|file| file.path.len() == 1 && file.path[0].eq_ignore_ascii_case("default.xex")) {
        errln!("xenia-rs: {} has no default.xex: a console would not start this disc", args.folder.display());
    }
    let bar = bar(files.iter().map(|file| file.size).sum());
    let mut size = 0;
    output::write_by(&args.image, |image| {
        let mut image = BufWriter::with_capacity(CHUNK, image);
        size = gdfx::write(&volume, &mut image, &mut |bytes| bar.set_position(bytes))?;
        Ok(image.flush()?)
    })?;
    bar.finish_and_clear();
    outln!("{}: {}", args.image.display(), count(size, "byte"));
    Ok(Code::Done)
}

/// The volume in a file; says of any other what it is.
pub(super) fn open(path: &Path) -> Result<(&'static Format, Volume)> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let format = xenia_formats::identify(&file).with_context(|| format!("cannot read {name}"))?;
    let Some(format) = format else { bail!("cannot read {name}: {}", xenia_formats::unknown(&file)) };
    match format.opens {
        Opens::Volume(_) | Opens::Parts(_) => {
            let volume = parts::volume(format, file, path).with_context(|| format!("cannot read {name}"))?;
            Ok((format, volume))
        }
        Opens::Executable(_) => bail!("{name} is {}: no files are in it", format.description),
        Opens::Unread(advice) => bail!("cannot read {name}: it is {}; {advice}", format.description),
    }
}

/// Everything in a volume, folders before what is in them.
pub(super) fn found(volume: &Volume) -> Vec<Found> {
    let mut all = Vec::new();
    let mut ahead = vec![Vec::new()];
    while let Some(folder) = ahead.pop() {
        let entries = volume.list(&folder).into_iter().flatten();
        let start = all.len();
        all.extend(entries.map(|entry| Found {
            path: folder.iter().cloned().chain([entry.name.to_owned()]).collect(),
            contents: entry.contents.cloned(),
            size: entry.size,
        }));
        ahead.extend(
            all[start..].iter().filter(|found| found.contents.is_none()).map(|found| found.path.clone()),
        );
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// A file of the host, opened for each read: a folder may have more of them than can be open at once.
struct HostFile {
    path: PathBuf,
    size: u64,
}

impl ReadAt for HostFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        File::open(&self.path)?.read_at(offset, buffer)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

pub(super) fn add_folder(volume: &mut Volume, within: Directory, folder: &Path) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<_>>).with_context(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else { bail!("{}: its name is no text", path.display()) };
        let refused = || format!("cannot put {} on a disc", path.display());
        let metadata = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if metadata.is_dir() {
            let below = volume.add_directory(within, name).with_context(refused)?;
            add_folder(volume, below, &path)?;
        } else if metadata.is_file() {
            let file = HostFile { path: path.clone(), size: metadata.len() };
            volume.add_file(within, name, Arc::new(file)).with_context(refused)?;
        } else {
            bail!("{} is neither a file nor a folder", path.display());
        }
    }
    Ok(())
}

pub(super) fn copy(
    contents: &dyn ReadAt,
    size: u64,
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK.min(usize::try_from(size).unwrap_or(CHUNK))];
    let mut at = 0;
    while at < size {
        let count = contents.read_at(at, &mut buffer)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the image became shorter"));
        }
        put(&buffer[..count])?;
        at += count as u64;
    }
    Ok(())
}

pub(super) fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn run(words: &[&str]) -> Result<Code> {
        match Cli::try_parse_from(["xenia-rs"].iter().chain(words))?.command {
            Some(Command::Ls(args)) => ls(&args),
            Some(Command::Extract(args)) => extract(&args),
            Some(Command::MakeIso(args)) => make_iso(&args),
            Some(Command::MakeStfs(args)) => crate::commands::make_stfs::run(&args),
            Some(Command::Verify(args)) => crate::commands::verify::run(&args),
            Some(Command::Exec(args)) => crate::commands::exec::run(&args, None),
            _ => panic!("{words:?}"),
        }
    }

    #[test]
    fn a_folder_becomes_an_image_and_a_folder_again() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir_all(at("game/media/empty")).unwrap();
        let large: Vec<u8> = (0..CHUNK * 2 + 5).map(|i| (i * 7 % 251) as u8).collect();
        let files = [("default.xex", &b"XEX2"[..]), ("media/A.bin", &large), ("media/none", b"")];
        for (name, bytes) in files {
            std::fs::write(at("game/") + name, bytes).unwrap();
        }
        assert_eq!(run(&["make-iso", &at("game"), &at("game.iso")]).unwrap(), Code::Done);
        assert_eq!(run(&["ls", &at("game.iso"), "--json", &at("ls.json")]).unwrap(), Code::Done);
        let listed: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(at("ls.json")).unwrap()).unwrap();
        let rows = listed["rows"].as_array().unwrap();
        let paths: Vec<_> = rows.iter().map(|row| row["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["default.xex", "media", "media/A.bin", "media/empty", "media/none"]);
        assert_eq!((rows[0]["size"].as_u64(), rows[1]["size"].as_u64()), (Some(4), None));
        run(&["extract", &at("game.iso"), &at("out")]).unwrap();
        for (name, bytes) in files {
            assert!(std::fs::read(at("out/") + name).unwrap() == bytes, "{name}");
        }
        assert!(dir.path().join("out/media/empty").is_dir());
        let error = format!("{:#}", run(&["extract", &at("game.iso"), &at("out")]).unwrap_err());
        assert!(error.contains("out/default.xex") && error.contains("exists"), "{error}");
    }

    /// A title and a file beside it that it reads, as a folder and in everything that is made of one.
    #[test]
    fn a_title_in_an_image_runs_and_reads_what_is_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(at("game")).unwrap();
        let primes = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/primes.xex");
        std::fs::copy(primes, at("game/default.xex")).unwrap();
        // Without this file it counts in 64 segments.
        std::fs::write(at("game/segments"), "2").unwrap();
        run(&["make-iso", &at("game"), &at("game.iso")]).unwrap();
        run(&["make-stfs", &at("game"), &at("game.live")]).unwrap();
        run(&["make-stfs", &at("game"), &at("game.con"), "--signer", "con"]).unwrap();
        std::fs::write(at("game.zip"), zip_of(&at("game"), "")).unwrap();
        std::fs::write(at("outer.zip"), zip_of(&at("game"), "My game/")).unwrap();
        for title in ["game", "game.iso", "game.live", "game.con", "game.zip", "outer.zip"] {
            let log = at(&format!("{title}.txt"));
            let words = ["exec", &at(title), "--headless", "--gpu", "none", "--guest-log", &log];
            assert_eq!(run(&words).unwrap(), Code::Done);
            let said = std::fs::read_to_string(log).unwrap();
            // Primes below 131,072.
            assert!(said.starts_with("primes 12251 "), "{title}: {said}");
            assert_eq!(said, std::fs::read_to_string(at("game.txt")).unwrap());
            if title != "game" {
                assert_eq!(run(&["verify", &at(title)]).unwrap(), Code::Done, "{title}");
                run(&["extract", &at(title), &at(&format!("{title}.out"))]).unwrap();
            }
        }
        for (title, inner) in [("game.live", ""), ("game.zip", ""), ("outer.zip", "My game/")] {
            let extracted = std::fs::read(at(&format!("{title}.out/{inner}default.xex"))).unwrap();
            assert!(extracted == std::fs::read(primes).unwrap(), "{title}");
        }
    }

    /// The files of a folder, deflated by the crate's own compressor.
    fn zip_of(folder: &str, prefix: &str) -> Vec<u8> {
        let (mut file, mut directory) = (Vec::new(), Vec::new());
        let names = ["default.xex", "segments"];
        for name in names {
            let bytes = std::fs::read(format!("{folder}/{name}")).unwrap();
            let mut data = Vec::new();
            let mut encoder = flate2::write::DeflateEncoder::new(&mut data, flate2::Compression::default());
            encoder.write_all(&bytes).unwrap();
            encoder.try_finish().unwrap();
            drop(encoder);
            let mut crc = flate2::Crc::new();
            crc.update(&bytes);
            let mut common = [20_u16, 0, 8, 0, 0].map(u16::to_le_bytes).concat();
            let name = format!("{prefix}{name}");
            common.extend([crc.sum(), data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat());
            common.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
            let offset = (file.len() as u32).to_le_bytes();
            file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &data].concat());
            directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset, name.as_bytes()].concat());
        }
        let (at, size) = (file.len() as u32, directory.len() as u32);
        file.extend(directory);
        file.extend(
            [&b"PK\x05\x06\0\0\0\0\x02\0\x02\0"[..], &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]]
                .concat(),
        );
        file
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(at("dlc")).unwrap();
        std::fs::write(at("dlc/map.bin"), vec![7; 9000]).unwrap();
        let words =
            ["make-stfs", &at("dlc"), &at("dlc.live"), "--title-id", "4D5307D1", "--name", "Map pack"];
        assert_eq!(run(&words).unwrap(), Code::Done);
        let mut package = std::fs::read(at("dlc.live")).unwrap();
        let info = xenia_formats::stfs::PackageInfo::read(&package).unwrap();
        assert_eq!((info.title_id.0, info.content_type, &*info.display_name), (0x4D53_07D1, 2, "Map pack"));
        assert!(info.is_unsigned && info.signer.name() == "LIVE");
        assert_eq!(run(&["verify", &at("dlc.live")]).unwrap(), Code::Done);
        package[0xD000] ^= 1;
        std::fs::write(at("dlc.live"), package).unwrap();
        assert_eq!(run(&["verify", &at("dlc.live"), "--json", &at("v.json")]).unwrap(), Code::Mismatch);
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(at("v.json")).unwrap()).unwrap();
        assert_eq!((report["ok"].as_bool(), report["checked"].as_u64()), (Some(false), Some(5)));
        assert_eq!(report["faults"][0]["offset"].as_u64(), Some(0xD000));
        std::fs::write(at("t.rar"), b"Rar!\x1A\x07").unwrap();
        assert!(
            run(&["verify", &at("t.rar")]).unwrap_err().to_string().contains("a RAR archive; extract it")
        );
    }

    #[test]
    fn files_that_overlap_fill_no_disk() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let mut volume = Volume::default();
        for name in ["a", "b"] {
            volume.add_file(Volume::ROOT, name, Arc::new(vec![0; 9])).unwrap();
        }
        let mut image = Vec::new();
        gdfx::write(&volume, &mut image, &mut |_| ()).unwrap();
        let whole = (image.len() as u32).to_le_bytes();
        // Both files are all of it.
        for entry in [33 * 0x800, 33 * 0x800 + 16] {
            image[entry + 4..entry + 8].fill(0);
            image[entry + 8..entry + 12].copy_from_slice(&whole);
        }
        std::fs::write(at("t.iso"), image).unwrap();
        run(&["ls", &at("t.iso")]).unwrap();
        let error = run(&["extract", &at("t.iso"), &at("out")]).unwrap_err().to_string();
        assert!(error.contains("overlap") && !dir.path().join("out").exists(), "{error}");
    }

    #[test]
    fn what_is_no_image_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("t.xex"), include_bytes!("../../../../guest/bin/hello.xex")).unwrap();
        std::fs::write(at("t.rar"), b"Rar!\x1A\x07").unwrap();
        std::fs::create_dir(at("empty")).unwrap();
        for (words, said) in [
            (["ls", &at("t.xex")].to_vec(), "an Xbox 360 executable (XEX2): no files are in it"),
            (["ls", &at("t.rar")].to_vec(), "a RAR archive; extract it"),
            (["extract", &at("nowhere"), &at("out")].to_vec(), "cannot open"),
            (["make-iso", &at("empty"), &at("e.iso")].to_vec(), "is empty"),
            (["make-iso", &at("nowhere"), &at("e.iso")].to_vec(), "cannot read"),
        ] {
            let error = format!("{:#}", run(&words).unwrap_err());
            assert!(error.contains(said), "{words:?}: {error}");
        }
        assert!(!dir.path().join("e.iso").exists() && !dir.path().join("out").exists());
    }
}
