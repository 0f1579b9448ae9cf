//! Content packages (STFS; CON, LIVE and PIRS): what is sold for download, saves, add-ons.
//!
//! A package is blocks of 4 KiB, a tree of hashes over them ([`hash_tree`]), and a directory whose
//! entries name chains of blocks. Directory and tables are checked when it is opened, each block of
//! a file when it is read. A block belongs to one file at most, so what a package can ask for is
//! bounded by its own size. Signatures are not checked: whoever has a package may run it.
//!
//! Facts: reference/stfs_gdfx.md.

mod hash_tree;
mod header;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::error::{FormatError, Reason};
use crate::findings::Findings;
use crate::read_at::{ReadAt, read_exact_at, read_in_blocks};
use crate::unread::{is_package, is_svod};
use crate::volume::Volume;
use hash_tree::{BLOCK, Bad, HashTree, Shape};
pub(crate) use header::verify as verify_header;
pub use header::{MOST_PICTURE, PackageInfo, Signer, kind_name, kind_of};
pub use write::{StfsWriteError, write};

const ENTRY: &str = "STFS entry";
/// Where the header says how long it is.
const HEADER_SIZE: u64 = 0x340;
/// Where it describes the volume.
const DESCRIPTOR: u64 = 0x379;
const DESCRIPTOR_SIZE: usize = 0x24;
/// Bytes of a directory's entry.
const ENTRY_SIZE: usize = 0x40;
const LONGEST_NAME: usize = 40;
/// Flag of the descriptor: one copy of each table instead of two.
const READ_ONLY: u8 = 1;
/// The parent of what is in the root.
const ROOT: u16 = 0xFFFF;

/// Whether it is a package with such a volume.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    Ok(is_package(source)? && !is_svod(source)?)
}

/// Reads what is in the package.
///
/// # Errors
/// A table or directory that is outside the file or has another hash, or an entry that no volume
/// may have.
pub fn open(package: Arc<dyn ReadAt>) -> Result<Volume, FormatError> {
    let descriptor = Descriptor::read(&package)?;
    descriptor.volume(descriptor.tree(package, &mut Err)?)
}

/// Compares the header, every table and every block that is in use with its hash.
///
/// # Errors
/// As [`open`], but for hashes.
pub(crate) fn verify(package: Arc<dyn ReadAt>, findings: &mut Findings) -> Result<(), FormatError> {
    let descriptor = Descriptor::read(&package)?;
    let mut bad = |fault| {
        findings.fault(fault);
        Ok(())
    };
    let tree = descriptor.tree(package.clone(), &mut bad)?;
    tree.verify(findings);
    // What is wrong with the directory's hash has been said.
    if findings.faults().is_empty() {
        descriptor.volume(tree)?;
    }
    header::verify(&package, findings)
}

/// Where the header says that the blocks, their hashes and the directory are.
struct Descriptor {
    shape: Shape,
    second_copy: bool,
    bytes: Vec<u8>,
}

const WHAT: &str = "STFS volume";

impl Descriptor {
    fn read(package: &dyn ReadAt) -> Result<Self, FormatError> {
        let header = read_exact_at(package, WHAT, HEADER_SIZE, 4)?;
        let size = be32(&header, 0);
        let data = size
            .checked_next_multiple_of(BLOCK as u32)
            .ok_or_else(|| FormatError::invalid(WHAT, HEADER_SIZE, format!("a header of {size:#x} bytes")))?;
        let bytes = read_exact_at(package, WHAT, DESCRIPTOR, DESCRIPTOR_SIZE as u64)?;
        if usize::from(bytes[0]) != DESCRIPTOR_SIZE {
            return Err(FormatError::unexpected(WHAT, DESCRIPTOR, bytes[0], "0x24"));
        }
        let flags = bytes[2];
        let copies = if flags & READ_ONLY != 0 { 1 } else { 2 };
        let shape = Shape { data: data.into(), copies, blocks: be32(&bytes, 0x1C) };
        Ok(Self { shape, second_copy: flags & 2 != 0, bytes })
    }

    fn tree(&self, package: Arc<dyn ReadAt>, bad: Bad<'_>) -> Result<HashTree, FormatError> {
        HashTree::read(package, self.shape, self.second_copy, &self.bytes[8..0x1C], bad)
    }

    fn volume(&self, tree: HashTree) -> Result<Volume, FormatError> {
        let tree = Arc::new(tree);
        let count = u32::from(u16::from_le_bytes([self.bytes[3], self.bytes[4]]));
        let table = tree
            .chain(le24(&self.bytes, 5), count)
            .map_err(|reason| FormatError::new(WHAT, DESCRIPTOR, reason))?;
        Reader { tree, volume: Volume::default(), free: self.shape.blocks }.read(&table)
    }
}

/// An entry of the directory.
struct Entry {
    /// Where it is in the file.
    offset: u64,
    name: String,
    is_directory: bool,
    /// The blocks of a file follow each other.
    is_contiguous: bool,
    first: u32,
    parent: u16,
    size: u32,
}

struct Reader {
    tree: Arc<HashTree>,
    volume: Volume,
    /// Blocks that no file has yet.
    free: u32,
}

impl Reader {
    /// Reads the directory in the blocks of `table`.
    fn read(mut self, table: &[u32]) -> Result<Volume, FormatError> {
        let mut waiting = self.entries(table)?;
        let mut directories = BTreeMap::from([(ROOT, Volume::ROOT)]);
        // Parents mostly come first. A level of directories is added in each turn at least, and there are
        // few levels.
        while !waiting.is_empty() {
            let mut later = Vec::new();
            let before = waiting.len();
            for (index, entry) in waiting {
                let Some(&parent) = directories.get(&entry.parent) else {
                    later.push((index, entry));
                    continue;
                };
                let refused = |reason| FormatError::new(ENTRY, entry.offset, reason);
                if entry.is_directory {
                    let directory = self.volume.add_directory(parent, &entry.name).map_err(refused)?;
                    directories.insert(index, directory);
                } else {
                    let contents = self.contents(&entry).map_err(refused)?;
                    self.volume.add_file(parent, &entry.name, Arc::new(contents)).map_err(refused)?;
                }
            }
            if let Some((_, entry)) = later.first().filter(|_| later.len() == before) {
                return Err(FormatError::invalid(
                    ENTRY,
                    entry.offset,
                    "there is no such directory as it is in",
                ));
            }
            waiting = later;
        }
        Ok(self.volume)
    }

    /// The entries, by their number.
    fn entries(&self, table: &[u32]) -> Result<Vec<(u16, Entry)>, FormatError> {
        let mut found = Vec::new();
        for (number, &block) in table.iter().enumerate() {
            let (bytes, offset) = (self.tree.block(block)?, self.tree.offset(block));
            for (i, entry) in bytes.chunks_exact(ENTRY_SIZE).enumerate() {
                let length = usize::from(entry[0x28] & 0x3F);
                if entry[0] == 0 || length == 0 {
                    // Nothing follows in this block, or this one is free.
                    continue;
                }
                let offset = offset + (i * ENTRY_SIZE) as u64;
                let name = entry.get(..length.min(LONGEST_NAME)).unwrap_or_default();
                let index = u16::try_from(number * (BLOCK / ENTRY_SIZE) + i);
                let index = index.map_err(|_| FormatError::invalid(ENTRY, offset, "there are too many"))?;
                found.push((
                    index,
                    Entry {
                        offset,
                        // Guests have one byte per character.
                        name: name.iter().map(|&byte| char::from(byte)).collect(),
                        is_directory: entry[0x28] & 0x80 != 0,
                        is_contiguous: entry[0x28] & 0x40 != 0,
                        first: le24(entry, 0x2F),
                        parent: u16::from_be_bytes([entry[0x32], entry[0x33]]),
                        size: be32(entry, 0x34),
                    },
                ));
            }
        }
        Ok(found)
    }

    fn contents(&mut self, entry: &Entry) -> Result<File, Reason> {
        let count = entry.size.div_ceil(BLOCK as u32);
        self.free = self
            .free
            .checked_sub(count)
            .ok_or(Reason::TooLarge { value: count.into(), limit: self.free.into() })?;
        let blocks = if count == 0 {
            Blocks::Run(0..0)
        } else if entry.is_contiguous {
            Blocks::Run(self.tree.run(entry.first, count)?)
        } else {
            Blocks::Chain(self.tree.chain(entry.first, count)?)
        };
        Ok(File { tree: self.tree.clone(), blocks, size: entry.size.into() })
    }
}

enum Blocks {
    Run(Range<u32>),
    Chain(Vec<u32>),
}

/// A file of a package.
struct File {
    tree: Arc<HashTree>,
    blocks: Blocks,
    size: u64,
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        read_in_blocks(offset, &mut buffer[..count], BLOCK, |number| {
            let number = number as usize;
            let block = match &self.blocks {
                Blocks::Run(run) => run.clone().nth(number),
                Blocks::Chain(chain) => chain.get(number).copied(),
            };
            // The size was checked against the blocks.
            let Some(block) = block else { return Ok(None) };
            let bytes = self.tree.block(block);
            bytes.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        })
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word))
}

fn le24(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |&[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
}
