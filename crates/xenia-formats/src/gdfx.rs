//! Disc images (GDFX, also called XISO): the volume of a game disc, at the start of the image or
//! after the video partition. [`write()`] creates one.
//!
//! Directories are binary trees of entries. Each entry is visited once, so cyclic trees terminate;
//! the total size of all directories is bounded, so a directory that contains itself ends soon.
//! File contents are sections of the image and are not read here.
//!
//! Facts: xenia-canary's `disc_image_device.cc`.

mod write;

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use xenia_guest::code_page;

use crate::error::{FormatError, Reason};
use crate::findings::Findings;
use crate::read_at::{ReadAt, Section, read_exact_at};
use crate::unsupported::has;
use crate::volume::Volume;
pub use write::{GdfxWriteError, write};

pub(crate) const MAGIC: &[u8; 20] = b"MICROSOFT*XBOX*MEDIA";
pub(crate) const SECTOR: u64 = 0x800;
/// Sector of the volume descriptor.
const DESCRIPTOR: u64 = 32;
/// Offset of the volume, by kind of disc. The last is that of discs with a DVD video of full
/// length.
const STARTS: [u64; 7] = [0, 0xFB20, 0x2_0600, 0x208_0000, 0xFD9_0000, 0x1830_0000, 0x89D8_0000];
/// Largest total size of all directories in bytes. A disc with the largest permitted number of
/// files needs a tenth of that.
const MAX_DIRECTORIES: u64 = 32 << 20;
/// Attribute flag of a directory.
const DIRECTORY: u8 = 0x10;
/// Size of an entry before its name in bytes.
const ENTRY_HEAD: usize = 14;
/// Child offset that marks the unused rest of a sector, an empty directory, or no child.
const PADDING: u16 = 0xFFFF;

const ENTRY: &str = "GDFX entry";
const TABLE: &str = "GDFX directory";

/// Whether the image contains a volume.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    start(source).map(|start| start.is_some())
}

fn start(source: &dyn ReadAt) -> io::Result<Option<u64>> {
    for start in STARTS {
        if has(source, start + DESCRIPTOR * SECTOR, MAGIC)? {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

/// Opens the volume of an image.
///
/// # Errors
/// A directory or file outside the image, or a volume that exceeds the limits.
pub fn open(image: Arc<dyn ReadAt>) -> Result<Volume, FormatError> {
    let (start, descriptor) = descriptor(&image)?;
    read(&image, start, &descriptor)
}

const WHAT: &str = "GDFX volume";

/// Finds the volume; returns its offset and its descriptor, with offset and size of the root
/// directory.
fn descriptor(image: &dyn ReadAt) -> Result<(u64, Vec<u8>), FormatError> {
    let found = start(image).map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
    let start = found.ok_or_else(|| FormatError::invalid(WHAT, 0, "no volume is in it"))?;
    Ok((start, read_exact_at(image, WHAT, start + DESCRIPTOR * SECTOR + MAGIC.len() as u64, 8)?))
}

/// Reads the volume at `start` with this descriptor.
pub(crate) fn read(image: &Arc<dyn ReadAt>, start: u64, descriptor: &[u8]) -> Result<Volume, FormatError> {
    walk(image, start, descriptor).map(|walked| walked.volume)
}

/// Checks that the extents of directories and files do not overlap, and checks the end of the
/// descriptor.
///
/// # Errors
/// As [`open`].
pub(crate) fn verify(image: &Arc<dyn ReadAt>, findings: &mut Findings) -> Result<(), FormatError> {
    let (start, descriptor) = descriptor(image)?;
    let mut extents = walk(image, start, &descriptor)?.extents;
    findings.checked();
    let end = start + (DESCRIPTOR + 1) * SECTOR - MAGIC.len() as u64;
    if !has(image, end, MAGIC).map_err(|error| FormatError::new(WHAT, end, Reason::Io(error)))? {
        findings.fault(FormatError::invalid(WHAT, end, "its descriptor does not end as it begins"));
    }
    extents.push(start + DESCRIPTOR * SECTOR..start + (DESCRIPTOR + 1) * SECTOR);
    extents.sort_unstable_by_key(|extent| (extent.start, extent.end));
    let mut last = 0;
    for Range { start, end } in extents {
        findings.checked();
        if start < last {
            findings.fault(FormatError::invalid(WHAT, start, "two files or directories are in one place"));
        }
        last = last.max(end);
    }
    Ok(())
}

/// A volume that was read.
struct Walked {
    volume: Volume,
    /// The bytes of its directories and files in the image.
    extents: Vec<Range<u64>>,
}

fn walk(image: &Arc<dyn ReadAt>, start: u64, descriptor: &[u8]) -> Result<Walked, FormatError> {
    let mut volume = Volume::default();
    let mut extents = Vec::new();
    let mut open = vec![(Volume::ROOT, word(descriptor, 0), word(descriptor, 4))];
    let mut directories = 0;
    while let Some((directory, sector, size)) = open.pop() {
        let offset = start + u64::from(sector) * SECTOR;
        directories += u64::from(size);
        FormatError::check_limit("GDFX size of all directories", offset, directories, MAX_DIRECTORIES)?;
        // Some empty directories have no extent.
        let table = if size == 0 { Vec::new() } else { read_exact_at(image, TABLE, offset, size.into())? };
        extents.push(offset..offset + table.len() as u64);
        for entry in entries(&table, offset)? {
            let refused = |reason| FormatError::new(ENTRY, offset + entry.at as u64, reason);
            if entry.attributes & DIRECTORY != 0 {
                let below = volume.add_directory(directory, &entry.name).map_err(refused)?;
                open.push((below, entry.sector, entry.size));
            } else {
                let contents: Arc<dyn ReadAt> = if entry.size == 0 {
                    Arc::new(Vec::new())
                } else {
                    let from = start + u64::from(entry.sector) * SECTOR;
                    extents.push(from..from + u64::from(entry.size));
                    Arc::new(Section::new(image.clone(), "GDFX file", from, entry.size.into())?)
                };
                volume.add_file(directory, &entry.name, contents).map_err(refused)?;
            }
        }
    }
    extents.retain(|extent| !extent.is_empty());
    Ok(Walked { volume, extents })
}

struct Entry {
    /// Offset of the entry in the table.
    at: usize,
    sector: u32,
    size: u32,
    attributes: u8,
    name: String,
}

/// The entries of a directory's tree; `offset` is the table's offset in the image.
fn entries(table: &[u8], offset: u64) -> Result<Vec<Entry>, FormatError> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut ahead = if table.is_empty() { Vec::new() } else { vec![0] };
    while let Some(at) = ahead.pop() {
        let place = offset + at as u64;
        let truncated =
            || FormatError::truncated(ENTRY, place, ENTRY_HEAD as u64, offset + table.len() as u64);
        let head: &[u8; ENTRY_HEAD] = table.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(truncated)?;
        let [left, right] = [0, 2].map(|i| u16::from_le_bytes([head[i], head[i + 1]]));
        if left == PADDING {
            // Some images link to the rest of a sector, in which no entry had room. Many links may
            // lead there, but its sectors are looked through once.
            let next = (at as u64 / SECTOR + 1) * SECTOR;
            if at > 0 && next < table.len() as u64 && seen.insert(at) {
                ahead.push(next as usize);
            }
            continue;
        }
        // Some images have zeros in a directory without entries.
        if at == 0 && head.iter().all(|&byte| byte == 0) {
            continue;
        }
        if !seen.insert(at) {
            return Err(FormatError::invalid(ENTRY, place, "the tree leads back into itself"));
        }
        let children = [right, left].into_iter().filter(|&child| !matches!(child, 0 | PADDING));
        ahead.extend(children.map(|child| 4 * usize::from(child)));
        let name =
            table.get(at + ENTRY_HEAD..at + ENTRY_HEAD + usize::from(head[13])).ok_or_else(truncated)?;
        found.push(Entry {
            at,
            sector: word(head, 4),
            size: word(head, 8),
            attributes: head[12],
            name: code_page::decode(name),
        });
    }
    Ok(found)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tens of thousands of entries that all link to the same 16,000 sectors of padding.
    #[test]
    fn padding_is_walked_once() {
        const ENTRIES: u16 = 64_900;
        let mut table = Vec::new();
        for entry in 0..ENTRIES {
            table.extend((entry + 1).to_le_bytes());
            table.extend((ENTRIES + 100).to_le_bytes());
        }
        table.resize(32 << 20, 0xFF);
        assert_eq!(entries(&table, 0).unwrap().len(), usize::from(ENTRIES));
    }
}
