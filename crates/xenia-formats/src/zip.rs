//! ZIP archives (also ZIP64) of a title's folder, with stored or deflated files.
//!
//! The central directory is authoritative; the crate `rawzip` reads it and decompresses nothing.
//! [`inflate`] decompresses, from any offset. All claims of the directory are checked: names (by
//! [`Volume`]), ranges that lie in the file without overlaps, and sizes that deflate can reach
//! ([`check_growth`] bounds their sum). Checksums are only checked by [`verify`], because that
//! requires reading whole files.

mod inflate;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use xenia_guest::code_page;

use rawzip::{CompressionMethod, Crc32, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipLocator};

use crate::error::{FormatError, Reason, limited};
use crate::expansion_limit::check_growth;
use crate::findings::{Findings, read_error};
use crate::read_at::{ReadAt, Section};
use crate::unsupported::begins;
use crate::volume::{Directory, Volume};
use inflate::Inflater;
pub use write::write;

const WHAT: &str = "ZIP archive";
const ENTRY: &str = "ZIP entry";
const FILE: &str = "ZIP file";
/// Largest expansion of one byte of deflated data.
const MAX_PER_BYTE: u64 = 1032;
/// Bytes read at a time.
const CHUNK: usize = 1 << 16;

/// Whether a file starts like an archive.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    begins(source, &[b"PK\x03\x04", b"PK\x05\x06"])
}

/// Adapter for the reader of the directory.
struct Source(Arc<dyn ReadAt>);

impl ReaderAt for Source {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(offset, buffer)
    }
}

/// A file in the archive.
struct Stored {
    path: String,
    contents: Arc<dyn ReadAt>,
    /// Range of its stored bytes in the archive.
    range: Range<u64>,
    size: u64,
    crc: u32,
}

/// Contents of the directory.
#[derive(Default)]
struct Read {
    volume: Volume,
    files: Vec<Stored>,
}

/// Opens an archive.
///
/// # Errors
/// A malformed directory, encrypted files, compression methods other than deflate, and
/// decompression bombs.
pub fn open(archive: Arc<dyn ReadAt>) -> Result<Volume, FormatError> {
    read(archive).map(|read| read.volume)
}

/// Verifies the checksums of all files.
///
/// # Errors
/// As [`open`].
pub(crate) fn verify(archive: Arc<dyn ReadAt>, findings: &mut Findings) -> Result<(), FormatError> {
    for file in read(archive)?.files {
        findings.checked();
        if let Err(error) = check(&file) {
            let error = read_error(error, FILE, file.range.start);
            findings.fault(FormatError { what: format!("{FILE} {:?}", file.path).into(), ..error });
        }
    }
    Ok(())
}

fn check(file: &Stored) -> io::Result<()> {
    let mut crc = Crc32::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = 0;
    while at < file.size {
        let count = file.contents.read_at(at, &mut buffer)?;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        crc.update(&buffer[..count]);
        at += count as u64;
    }
    if crc.checksum() == file.crc {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "its checksum is {:08x}, the directory says {:08x}",
            crc.checksum(),
            file.crc
        )))
    }
}

fn read(archive: Arc<dyn ReadAt>) -> Result<Read, FormatError> {
    let io_error = |error| FormatError::new(WHAT, 0, Reason::Io(error));
    let size = archive.size().map_err(io_error)?;
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let refused = |offset: u64, error: &rawzip::Error| FormatError::invalid(WHAT, offset, error.to_string());
    let zip = ZipLocator::new()
        .locate_in_reader(Source(archive.clone()), &mut buffer, size)
        .map_err(|(_, error)| refused(error.eocd_offset().unwrap_or(size), &error))?;
    let directory = zip.directory_offset();
    let mut builder = Builder {
        archive,
        size,
        total: 0,
        inflater: Arc::default(),
        folders: BTreeMap::new(),
        read: Read::default(),
    };
    let mut entries = zip.entries(&mut buffer);
    loop {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(error) => return Err(refused(directory, &error)),
        };
        builder.add(&zip, &entry)?;
    }
    builder.finish()
}

struct Builder {
    archive: Arc<dyn ReadAt>,
    size: u64,
    /// Total size of the files so far, in bytes.
    total: u64,
    inflater: Arc<Inflater>,
    /// Folders by lower-case path: archives have entries for some, all or none of them.
    folders: BTreeMap<String, Directory>,
    read: Read,
}

impl Builder {
    fn add(
        &mut self,
        zip: &ZipArchive<Source>,
        entry: &rawzip::ZipFileHeaderRecord<'_>,
    ) -> Result<(), FormatError> {
        let offset = entry.local_header_offset();
        let path = text(entry.file_path().as_bytes());
        let refused = |reason| FormatError::new(format!("{ENTRY} {path:?}"), offset, reason);
        if entry.is_dir() || path.ends_with('/') {
            let folder = path.trim_end_matches('/');
            if folder.is_empty() && !path.starts_with('/') {
                // The root itself.
                return Ok(());
            }
            return self.folder(folder).map(drop).map_err(refused);
        }
        let unsupported = |why: String| Err(refused(Reason::Unsupported(why.into())));
        if entry.flags().is_encrypted() {
            return unsupported("it is encrypted".to_owned());
        }
        let located = zip.get_entry(entry.wayfinder());
        let located = located.map_err(|error| refused(Reason::Invalid(error.to_string().into())))?;
        let (start, end) = located.compressed_data_range();
        let size = entry.uncompressed_size_hint();
        let stored = Section::new(self.archive.clone(), FILE, start, end.saturating_sub(start))?;
        let contents: Arc<dyn ReadAt> = match entry.compression_method() {
            CompressionMethod::STORE if size == end - start => Arc::new(stored),
            CompressionMethod::STORE => {
                return Err(refused(Reason::Invalid(
                    format!("stored, {size:#x} bytes in {:#x}", end - start).into(),
                )));
            }
            CompressionMethod::DEFLATE => {
                let limit = (end - start).saturating_mul(MAX_PER_BYTE);
                limited("the size of the file", size, limit).map_err(refused)?;
                Arc::new(self.inflater.file(stored, start, size))
            }
            other => {
                let name = other.name().map_or_else(|| other.as_u16().to_string(), str::to_owned);
                return unsupported(format!("the compression {name}; only deflate is"));
            }
        };
        self.total = self.total.saturating_add(size);
        check_growth(WHAT, offset, self.size, self.total)?;
        let (folder, name) =
            path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        // A path that begins with `/` has an empty name first, which the volume refuses.
        let within = if folder.is_empty() && !path.starts_with('/') {
            Volume::ROOT
        } else {
            self.folder(folder).map_err(refused)?
        };
        self.read.volume.add_file(within, name, contents.clone()).map_err(refused)?;
        self.read.files.push(Stored { contents, range: start..end, size, crc: entry.crc32(), path });
        Ok(())
    }

    /// The folder with this path, created if it does not exist.
    fn folder(&mut self, path: &str) -> Result<Directory, Reason> {
        let key = path.to_ascii_lowercase();
        if let Some(found) = self.folders.get(&key) {
            return Ok(*found);
        }
        // The number of iterations is the number of names in the path, which a volume bounds.
        let mut within = Volume::ROOT;
        let mut done = String::new();
        for name in path.split('/') {
            if !done.is_empty() {
                done.push('/');
            }
            done.push_str(&name.to_ascii_lowercase());
            within = if let Some(found) = self.folders.get(&done) {
                *found
            } else {
                let made = self.read.volume.add_directory(within, name)?;
                self.folders.insert(done.clone(), made);
                made
            };
        }
        Ok(within)
    }

    /// Checks that no two files overlap, since a small archive could otherwise contain one file a
    /// million times.
    fn finish(mut self) -> Result<Read, FormatError> {
        let mut ranges: Vec<_> = self.read.files.iter().map(|file| file.range.clone()).collect();
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        for pair in ranges.windows(2) {
            if let [first, second] = pair
                && first.end > second.start
            {
                return Err(FormatError::invalid(FILE, second.start, "two files share bytes of the archive"));
            }
        }
        self.read.volume.set_packed();
        self.read.volume.set_unchecked(|file, _, _, found| verify(file, found));
        Ok(self.read)
    }
}

/// Decodes a path: UTF-8 if valid, otherwise one character per byte. Some tools write backslashes,
/// and others `./` before each path.
fn text(path: &[u8]) -> String {
    let text = match std::str::from_utf8(path) {
        Ok(text) => text.to_owned(),
        Err(_) => code_page::decode(path),
    };
    let text = text.replace('\\', "/");
    if text.split('/').any(|name| name == ".") {
        return text.split('/').filter(|name| *name != ".").collect::<Vec<_>>().join("/");
    }
    text
}
