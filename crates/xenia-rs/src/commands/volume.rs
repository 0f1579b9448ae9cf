//! `xenia-rs ls`, `extract` and `make-iso`: lists and extracts disc images, packages and archives,
//! and makes disc images.

mod damage;

use crate::cli::{ExtractArgs, LsArgs, MakeIsoArgs};
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::interrupt::Interrupt;
use xenia::output;
use xenia::report::{check_json, write_json};
use xenia::say::{self, errln, outln};
use xenia::source;
use xenia::title::parts;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_formats::volume::Directory;
use xenia_formats::{Format, Opens, ReadAt, Volume, gdfx};
use xenia_host::file::is_possible_name;

/// Bytes copied at once.
pub(super) const CHUNK: usize = 1 << 20;

documented! {
    /// Contents of a disc image, content package or archive.
    #[derive(Debug, Serialize)]
    pub struct LsReport {
        /// Short name of the format.
        format: &'static str,
        /// Files and folders, sorted by path.
        rows: Vec<LsRow>,
    }

    /// A file or a folder.
    #[derive(Debug, Serialize)]
    pub struct LsRow {
        /// Path from the root, separated by `/`.
        path: String,
        /// Size of a file in bytes; null for a folder.
        size: Option<u64>,
    }
}

/// A file or folder of a volume.
pub(super) struct VolumeItem {
    pub(super) path: Vec<String>,
    pub(super) contents: Option<Arc<dyn ReadAt>>,
    pub(super) size: u64,
}

impl VolumeItem {
    fn path_text(&self) -> String {
        self.path.join("/")
    }
}

/// Lists the contents of the volume.
pub fn ls(args: &LsArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let (format, volume) = open(&args.image)?;
    let rows = items_of(&volume)
        .into_iter()
        .map(|item| LsRow { path: item.path_text(), size: item.contents.is_some().then_some(item.size) });
    let report = LsReport { format: format.name, rows: rows.collect() };
    if let Some(path) = &args.json {
        write_json(path, "ls", &report)?;
    } else {
        for row in &report.rows {
            outln!("{}", line_of(row));
        }
    }
    Ok(Code::Done)
}

/// The line of a file or folder. A line break in a name would look like another row, and a pipe may
/// lead to a terminal.
fn line_of(row: &LsRow) -> String {
    let path = row.path.replace(char::is_control, "\u{FFFD}");
    match row.size {
        Some(size) => format!("{size:>11}  {path}"),
        None => format!("{:>11}  {path}/", ""),
    }
}

/// Extracts every file of the volume into a folder.
pub fn extract(args: &ExtractArgs) -> Result<Code> {
    interruptible(|interrupt| extract_until(args, interrupt))
}

/// Runs lengthy work so that a signal ends it cleanly, with its temporary files removed.
pub(super) fn interruptible(work: impl FnOnce(&Interrupt) -> Result<Code>) -> Result<Code> {
    let interrupt = Interrupt::listen(None)?;
    match (work(&interrupt), interrupt.cause()) {
        (Err(error), Some(cause)) => {
            errln!("xenia-rs: {}", say::chain(&error));
            Ok(Code::from(cause))
        }
        (result, _) => result,
    }
}

/// A writer that fails once the command is interrupted.
pub(super) struct InterruptibleWriter<'a, W> {
    pub(super) inner: W,
    pub(super) interrupt: &'a Interrupt,
}

impl<W: Write> Write for InterruptibleWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(cause) = self.interrupt.cause() {
            return Err(io::Error::other(format!("ended by {}", cause.name())));
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn extract_until(args: &ExtractArgs, interrupt: &Interrupt) -> Result<Code> {
    let (format, volume) = open(&args.image)?;
    let files = items_of(&volume);
    let bytes = files.iter().map(|file| file.size).sum();
    let name = args.image.display();
    let whole = parts::size(format, &args.image).with_context(|| format!("cannot read {name}"))?;
    // Overlapping files of a small image must not fill the disk. Readers of archives limit the
    // unpacked size themselves.
    ensure!(
        volume.is_packed() || bytes <= whole,
        "{name}: its files overlap; together they have {bytes} bytes, the image {whole}"
    );
    for file in &files {
        refuse_impossible(file)?;
    }
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot create {}", args.folder.display()))?;
    let bar = progress_bar(bytes);
    let mut folders = BTreeSet::new();
    for file in &files {
        let path = args.folder.join(file.path.iter().collect::<PathBuf>());
        let cannot = || format!("cannot write {}", path.display());
        refuse_links(&args.folder, &path, &mut folders)?;
        match &file.contents {
            None => std::fs::create_dir_all(&path).with_context(cannot)?,
            Some(contents) => {
                // Existing files are not replaced and links not followed. Each file appears
                // atomically, even if the program is killed.
                let exists = || format!("{} exists", path.display());
                ensure!(path.symlink_metadata().is_err(), exists());
                let is_new = output::write_new_by(&path, |out| {
                    let mut out = InterruptibleWriter { inner: out, interrupt };
                    let copied = copy(contents, file.size, |bytes| {
                        bar.inc(bytes.len() as u64);
                        out.write_all(bytes)
                    });
                    copied.with_context(|| format!("{name}: cannot copy {}", file.path_text()))
                })?;
                ensure!(is_new, exists());
            }
        }
    }
    bar.finish_and_clear();
    let written = files.iter().filter(|file| file.contents.is_some()).count();
    outln!("{}: {}", args.folder.display(), count(written as u64, "file"));
    if let Some(verify) = volume.verify_contents() {
        damage::refuse_damaged(verify, &args.image, whole, interrupt)?;
    }
    Ok(Code::Done)
}

/// Refuses a path with a name that this host cannot store, or would resolve to another place.
pub(super) fn refuse_impossible(file: &VolumeItem) -> Result<()> {
    let impossible = file.path.iter().find(|name| !is_possible_name(name));
    impossible.map_or(Ok(()), |name| bail!("{}: {name:?} is not a valid file name here", file.path_text()))
}

/// Refuses a path with a symbolic link among its folders below `root`: the link may lead anywhere.
/// `known` has the folders that were checked before.
fn refuse_links(root: &Path, path: &Path, known: &mut BTreeSet<PathBuf>) -> Result<()> {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        if !known.insert(folder.to_owned()) {
            break;
        }
        let is_link = folder.symlink_metadata().is_ok_and(|found| found.is_symlink());
        ensure!(!is_link, "{} is a link: extract to another folder", folder.display());
    }
    Ok(())
}

/// Makes a disc image from a folder.
pub fn make_iso(args: &MakeIsoArgs) -> Result<Code> {
    interruptible(|interrupt| make_iso_until(args, interrupt))
}

/// Refuses an output inside the folder that is read: the image would contain itself.
pub(super) fn refuse_inside(folder: &Path, image: &Path) -> Result<()> {
    if let (Ok(within), Ok(found)) = (folder.canonicalize(), image.canonicalize()) {
        let image = image.display();
        let folder = folder.display();
        ensure!(
            !found.is_file() || !found.starts_with(within),
            "{image} is in {folder} and would be part of itself: name another file"
        );
    }
    Ok(())
}

fn make_iso_until(args: &MakeIsoArgs, interrupt: &Interrupt) -> Result<Code> {
    refuse_inside(&args.folder, &args.image)?;
    let mut volume = Volume::default();
    add_folder(&mut volume, Volume::ROOT, &args.folder)?;
    let files = items_of(&volume);
    ensure!(!files.is_empty(), "{} is empty", args.folder.display());
    if !files.iter().any(|file| file.path.len() == 1 && file.path[0].eq_ignore_ascii_case("default.xex")) {
        errln!("xenia-rs: {} has no default.xex: a console would not start this disc", args.folder.display());
    }
    let bar = progress_bar(files.iter().map(|file| file.size).sum());
    let mut size = 0;
    output::write_by(&args.image, |image| {
        let mut image = BufWriter::with_capacity(CHUNK, InterruptibleWriter { inner: image, interrupt });
        size = gdfx::write(&volume, &mut image, &mut |bytes| bar.set_position(bytes))?;
        Ok(image.flush()?)
    })?;
    bar.finish_and_clear();
    outln!("{}: {}", args.image.display(), count(size, "byte"));
    Ok(Code::Done)
}

/// Opens a file. Refuses folders, because some systems open them and then fail to read them.
pub(super) fn open_file(path: &Path) -> Result<File> {
    let name = path.display();
    ensure!(!path.is_dir(), "{name} is a folder: this command needs a file, such as an image or a package");
    source::open(path).with_context(|| format!("cannot open {name}"))
}

/// Opens the volume in a file; for other files, the error names the format.
pub(super) fn open(path: &Path) -> Result<(&'static Format, Volume)> {
    let name = path.display();
    let file = open_file(path)?;
    let format = xenia_formats::identify(&file).with_context(|| format!("cannot read {name}"))?;
    let Some(format) = format else { bail!("cannot read {name}: {}", xenia_formats::unknown(&file)) };
    match format.opens {
        Opens::Volume(_) | Opens::Parts(_) => {
            let volume = parts::volume(format, file, path).with_context(|| format!("cannot read {name}"))?;
            Ok((format, volume))
        }
        Opens::Executable(_) => bail!("{name} is {}, which contains no files", format.description),
        Opens::Unread(advice) => bail!("cannot read {name}: it is {}; {advice}", format.description),
    }
}

/// All files and folders of a volume, folders before their contents.
pub(super) fn items_of(volume: &Volume) -> Vec<VolumeItem> {
    let mut all = Vec::new();
    let mut ahead = vec![Vec::new()];
    while let Some(folder) = ahead.pop() {
        let entries = volume.list(&folder).into_iter().flatten();
        let start = all.len();
        all.extend(entries.map(|entry| VolumeItem {
            path: folder.iter().cloned().chain([entry.name.to_owned()]).collect(),
            contents: entry.contents.cloned(),
            size: entry.size,
        }));
        ahead
            .extend(all[start..].iter().filter(|item| item.contents.is_none()).map(|item| item.path.clone()));
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// A host file that is opened for each read, because a folder may have more files than can be open
/// at once.
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

/// Adds a folder's files. Links that leave the folder are refused, so that an archive cannot leak
/// other files.
pub(super) fn add_folder(volume: &mut Volume, within: Directory, folder: &Path) -> Result<()> {
    let root = folder.canonicalize().with_context(|| format!("cannot read {}", folder.display()))?;
    add_below(volume, within, folder, &root)
}

fn add_below(volume: &mut Volume, within: Directory, folder: &Path, root: &Path) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<_>>).with_context(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else { bail!("{}: its name is not UTF-8", path.display()) };
        let refused = || format!("cannot add {}", path.display());
        let unread = || format!("cannot read {}", path.display());
        if entry.file_type().with_context(unread)?.is_symlink()
            && !path.canonicalize().with_context(unread)?.starts_with(root)
        {
            bail!("{} is a link that leads outside {}", path.display(), root.display());
        }
        let metadata = std::fs::metadata(&path).with_context(unread)?;
        if metadata.is_dir() {
            let below = volume.add_directory(within, name).with_context(refused)?;
            add_below(volume, below, &path, root)?;
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

pub(super) fn progress_bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests;
