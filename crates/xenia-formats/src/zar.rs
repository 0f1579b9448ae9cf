//! ZArchives (ZAR): a title's folder in blocks of 64 KiB, each compressed separately (Zstandard),
//! which permits random access.
//!
//! ```text
//! blocks; offset records, one per 16 blocks; names; file tree; footer with the position of all
//! parts
//! ```
//! The tree is walked once; invalid names, duplicates, depth, count and cyclic directories are
//! refused by [`Volume`]. Blocks are decoded on demand and cached. [`verify`] checks the hash of
//! the whole archive.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use xenia_guest::code_page;

use ruzstd::decoding::FrameDecoder;
use sha2::{Digest, Sha256};

use crate::error::{FormatError, Reason, limited};
use crate::expansion_limit::check_growth;
use crate::fields::Fields;
use crate::findings::{Findings, read_error};
use crate::read_at::{ReadAt, read_exact_at, read_in_blocks};
use crate::unsupported::has;
use crate::volume::{Directory, Volume};

/// Size of a decoded block in bytes.
const BLOCK: usize = 1 << 16;
const FOOTER: &str = "ZAR footer";
const FOOTER_SIZE: usize = 144;
/// Last words of the footer: version and magic.
const END: [u8; 8] = [0x61, 0xBF, 0x3A, 0x01, 0x16, 0x9F, 0x52, 0xD6];
/// Offset in the footer of the archive's hash, which is computed with zeros in its place.
const HASH: usize = 96;
/// Size of an offset record in bytes: an offset, and the sizes of the blocks minus one.
const RECORD: usize = 8 + 2 * BLOCKS;
const BLOCKS: usize = 16;
/// Size of a tree entry in bytes.
const ENTRY: usize = 16;
const TREE: &str = "ZAR tree";
/// Largest size of a table in bytes: offsets of 400 GiB.
const MAX_TABLE: u64 = 16 << 20;
/// Largest window of a decoder in bytes. One block is enough, but compressors that do not know the
/// size in advance declare more.
const MAX_WINDOW: u64 = 8 << 20;
/// Largest number of cached decoded blocks: 4 MiB.
const MAX_KEPT: usize = 64;
const IS_FILE: u32 = 1 << 31;

/// Whether a file ends like an archive.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    match source.size()?.checked_sub(END.len() as u64) {
        Some(offset) => has(source, offset, &END),
        None => Ok(false),
    }
}

/// Opens an archive.
///
/// # Errors
/// A footer, table or tree that is malformed or points outside of the file, and decompression
/// bombs.
pub fn open(file: Arc<dyn ReadAt>) -> Result<Volume, FormatError> {
    Arc::new(Archive::read(file)?).volume().map(|(volume, _)| volume)
}

/// Decodes all blocks that contain files, and checks the hash of the archive.
///
/// # Errors
/// As [`open`].
pub(crate) fn verify(file: Arc<dyn ReadAt>, findings: &mut Findings) -> Result<(), FormatError> {
    let archive = Arc::new(Archive::read(file.clone())?);
    let (_, blocks) = archive.volume()?;
    let mut buffer = vec![0; BLOCK];
    for block in blocks.into_iter().flatten() {
        findings.checked();
        if let Err(error) = archive.block(block, &mut buffer) {
            findings.fault(read_error(error, "ZAR block", 0));
        }
    }
    let io_error = |error| FormatError::new("ZArchive", 0, Reason::Io(error));
    let size = file.size().map_err(io_error)?;
    let hash_at = size - (FOOTER_SIZE - HASH) as u64;
    let mut digest = Sha256::new();
    let mut at = 0;
    while at < size {
        let count = file.read_at(at, &mut buffer).map_err(io_error)?;
        if count == 0 {
            return Err(FormatError::truncated("ZArchive", at, 1, at));
        }
        for (offset, byte) in (at..).zip(&mut buffer[..count]) {
            if (hash_at..hash_at + 32).contains(&offset) {
                *byte = 0;
            }
        }
        digest.update(&buffer[..count]);
        at += count as u64;
    }
    findings.checked();
    if digest.finalize()[..] != read_exact_at(&file, FOOTER, hash_at, 32)?[..] {
        findings.fault(FormatError::invalid("ZArchive", hash_at, "the hash of the whole is another"));
    }
    Ok(())
}

/// A part of the archive, as described by its footer.
#[derive(Clone, Copy)]
struct Part {
    offset: u64,
    size: u64,
}

struct Archive {
    file: Arc<dyn ReadAt>,
    data: Part,
    records: Vec<u8>,
    names: Vec<u8>,
    names_at: u64,
    tree: Vec<u8>,
    tree_at: u64,
    /// Number of blocks that can contain files.
    used: u64,
    /// Cached decoded blocks, the most recently used one last.
    kept: Mutex<VecDeque<(u64, Arc<Vec<u8>>)>>,
}

impl Archive {
    fn read(file: Arc<dyn ReadAt>) -> Result<Self, FormatError> {
        let size = file.size().map_err(|error| FormatError::new(FOOTER, 0, Reason::Io(error)))?;
        let truncated = || FormatError::truncated(FOOTER, 0, FOOTER_SIZE as u64, size);
        let at = size.checked_sub(FOOTER_SIZE as u64).ok_or_else(truncated)?;
        let bytes = read_exact_at(&file, FOOTER, at, FOOTER_SIZE as u64)?;
        let footer = Fields::new(&bytes, at, FOOTER);
        if footer.array(FOOTER_SIZE - END.len())? != END {
            return Err(footer.invalid(FOOTER_SIZE - END.len(), "it has another version or magic"));
        }
        let word = |at: usize| footer.array(at).map(u64::from_be_bytes);
        let total = word(128)?;
        if total != size {
            return Err(
                footer.invalid(128, format!("it is of an archive of {total:#x} bytes, not {size:#x}"))
            );
        }
        let part = |number: usize| {
            let part = Part { offset: word(number * 16)?, size: word(number * 16 + 8)? };
            if part.offset.checked_add(part.size).is_none_or(|end| end > at) {
                return Err(footer.invalid(number * 16, "a part of the archive is outside of it"));
            }
            Ok(part)
        };
        let table = |number, what| {
            let part = part(number)?;
            limited("the size", part.size, MAX_TABLE)
                .map_err(|reason| FormatError::new(what, part.offset, reason))?;
            Ok((read_exact_at(&file, what, part.offset, part.size)?, part.offset))
        };
        let data = part(0)?;
        let (records, _) = table(1, "ZAR offset records")?;
        let (names, names_at) = table(2, "ZAR names")?;
        let (tree, tree_at) = table(3, TREE)?;
        let used = (records.len() / RECORD * BLOCKS) as u64;
        let kept = Mutex::default();
        Ok(Self { file, data, records, names, names_at, tree, tree_at, used, kept })
    }

    /// The volume, and the blocks that contain its files.
    fn volume(self: &Arc<Self>) -> Result<(Volume, Vec<Range<u64>>), FormatError> {
        let archive = self;
        let tree = Fields::new(&archive.tree, archive.tree_at, TREE);
        let mut volume = Volume::default();
        let mut total = 0_u64;
        let mut blocks = Vec::new();
        let mut ahead = Vec::new();
        let range = |at: usize| Ok::<_, FormatError>((tree.u32(at + 4)?, tree.u32(at + 8)?));
        if tree.u32(0)? & IS_FILE != 0 {
            return Err(tree.invalid(0, "its root is a file"));
        }
        ahead.push((Volume::ROOT, range(0)?));
        while let Some((within, (start, count))) = ahead.pop() {
            // At most as many iterations as entries: each one fails or adds an entry to the volume.
            for number in 0..count {
                let at = (start as usize).saturating_add(number as usize).saturating_mul(ENTRY);
                let word = tree.u32(at)?;
                let refused = |reason| FormatError::new("ZAR entry", archive.tree_at + at as u64, reason);
                let name = archive.name(word & !IS_FILE)?;
                if word & IS_FILE == 0 {
                    let below: Directory = volume.add_directory(within, &name).map_err(refused)?;
                    ahead.push((below, range(at)?));
                    continue;
                }
                let low = tree.u32(at + 4)?;
                let size_low = tree.u32(at + 8)?;
                let high = tree.u32(at + 12)?;
                // The last word has bits 47:32 of the offset in its low half, of the size in its
                // high one.
                let offset = u64::from(low) | u64::from(high & 0xFFFF) << 32;
                let size = u64::from(size_low) | u64::from(high >> 16) << 32;
                let limit = archive.used * BLOCK as u64;
                limited("the end of the file's contents", offset + size, limit).map_err(refused)?;
                total += size;
                blocks.push(offset / BLOCK as u64..(offset + size).div_ceil(BLOCK as u64));
                check_growth(TREE, archive.tree_at + at as u64, archive.stored(), total)?;
                let contents = File { archive: archive.clone(), offset, size };
                volume.add_file(within, &name, Arc::new(contents)).map_err(refused)?;
            }
        }
        volume.set_packed();
        volume.set_unchecked(|file, _, _, found| verify(file, found));
        let blocks = joined(blocks);
        // Many tiny files, each in a separate block, are a decompression bomb as well.
        let decoded = blocks.iter().map(|blocks| (blocks.end - blocks.start) * BLOCK as u64).sum();
        check_growth(TREE, archive.tree_at, archive.stored(), decoded)?;
        Ok((volume, blocks))
    }

    /// Stored size of all blocks in bytes.
    fn stored(&self) -> u64 {
        self.data.size
    }

    fn name(&self, at: u32) -> Result<String, FormatError> {
        let names = Fields::new(&self.names, self.names_at, "ZAR name");
        let at = at as usize;
        let first = names.u8(at)?;
        let (from, length) = if first & 0x80 == 0 {
            (at + 1, usize::from(first))
        } else {
            // The top bit marks a length of two bytes, low bits first.
            (at + 2, usize::from(first & 0x7F) | usize::from(names.u8(at + 1)?) << 7)
        };
        let bytes = names.slice(from, length)?;
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => code_page::decode(bytes),
        })
    }

    /// Offset and size of a stored block.
    fn place(&self, block: u64) -> Result<Part, FormatError> {
        const WHAT: &str = "ZAR block";
        let record = (block / BLOCKS as u64) as usize;
        let number = (block % BLOCKS as u64) as usize;
        let record = Fields::new(&self.records, 0, WHAT).sub(record * RECORD, RECORD, WHAT)?;
        let mut offset = u64::from_be_bytes(record.array(0)?);
        for before in 0..number {
            // Sizes are stored less one, so that 64 KiB fits in 16 bits.
            offset = offset.saturating_add(u64::from(record.u16(8 + 2 * before)?) + 1);
        }
        let size = u64::from(record.u16(8 + 2 * number)?) + 1;
        if offset.checked_add(size).is_none_or(|end| end > self.data.size) {
            return Err(FormatError::truncated(
                WHAT,
                self.data.offset.saturating_add(offset),
                size,
                self.data.offset + self.data.size,
            ));
        }
        Ok(Part { offset: self.data.offset + offset, size })
    }

    /// Decodes a block into `into`, which has its size.
    fn block(&self, block: u64, into: &mut [u8]) -> io::Result<()> {
        let refused = |error: FormatError| io::Error::new(io::ErrorKind::InvalidData, error);
        let place = self.place(block).map_err(refused)?;
        let stored = read_exact_at(&self.file, "ZAR block", place.offset, place.size).map_err(refused)?;
        // A block that would not become smaller is stored as it is.
        if stored.len() == BLOCK {
            into.copy_from_slice(&stored);
            return Ok(());
        }
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        let why = match decoder.decode_all(&stored, into) {
            Ok(BLOCK) => return Ok(()),
            Ok(count) => format!("it has {count:#x} bytes instead of {BLOCK:#x}"),
            Err(error) => error.to_string(),
        };
        Err(refused(FormatError::invalid("ZAR block", place.offset, why)))
    }

    fn decoded(&self, block: u64) -> io::Result<Arc<Vec<u8>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().position(|(number, _)| *number == block)
            && let Some(entry) = kept.remove(index)
        {
            let bytes = entry.1.clone();
            kept.push_back(entry);
            return Ok(bytes);
        }
        // Other threads can decode meanwhile; decoding the same block twice does no harm.
        drop(kept);
        let mut bytes = vec![0; BLOCK];
        self.block(block, &mut bytes)?;
        let bytes = Arc::new(bytes);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.pop_front();
        }
        kept.push_back((block, bytes.clone()));
        Ok(bytes)
    }
}

/// Merges ranges that overlap or touch, in order.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// A file in an archive.
struct File {
    archive: Arc<Archive>,
    /// Offset in the concatenation of all decoded blocks.
    offset: u64,
    size: u64,
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let start = self.offset.saturating_add(offset);
        read_in_blocks(start, &mut buffer[..count], BLOCK, |block| self.archive.decoded(block).map(Some))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
