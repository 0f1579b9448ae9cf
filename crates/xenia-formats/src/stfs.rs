//! Content packages (STFS; CON, LIVE and PIRS): downloads, saved games, add-ons.
//!
//! A package consists of blocks of 4 KiB, a hash tree over them ([`hash_tree`]), and a directory
//! whose entries refer to chains of blocks. Directory and tables are verified on opening, the
//! blocks of a file when they are read. All files together have at most as many blocks as the
//! package, which bounds their total size. Signatures are not checked: users may run any package
//! they have.
//!
//! Facts: xenia-canary's `stfs_xbox.h` and `stfs_container_device.cc`.

mod hash_tree;
mod header;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use xenia_guest::code_page;

use crate::error::{FormatError, Reason};
use crate::findings::Findings;
use crate::read_at::{ReadAt, read_exact_at, read_in_blocks};
use crate::unsupported::{is_package, is_svod};
use crate::volume::Volume;
use hash_tree::{BLOCK, Bad, HashTree, Shape};
pub(crate) use header::verify as verify_header;
pub use header::{MAX_PICTURE, PackageInfo, Signer, is_title_kind, kind_name, kind_of};
pub use write::{StfsWriteError, write};

const ENTRY: &str = "STFS entry";
/// Offset of the header's size field.
const HEADER_SIZE: u64 = header::field::HEADER_SIZE as u64;
/// Offset of the volume descriptor.
pub(crate) const DESCRIPTOR: u64 = header::field::VOLUME as u64;
const DESCRIPTOR_SIZE: usize = 0x24;
/// Size of a directory entry in bytes.
const ENTRY_SIZE: usize = 0x40;
/// Offsets of the fields of a directory entry; its name is at 0.
mod entry_field {
    /// Length of the name, and flags.
    pub(super) const FLAGS: usize = 0x28;
    /// Number of blocks with data.
    pub(super) const WRITTEN: usize = 0x29;
    /// Number of blocks that the file owns.
    pub(super) const OWNED: usize = 0x2C;
    pub(super) const FIRST: usize = 0x2F;
    pub(super) const PARENT: usize = 0x32;
    pub(super) const SIZE: usize = 0x34;
}
/// Bits of [`entry_field::FLAGS`].
mod entry_flag {
    pub(super) const NAME_LENGTH: u8 = 0x3F;
    pub(super) const CONTIGUOUS: u8 = 0x40;
    pub(super) const DIRECTORY: u8 = 0x80;
}
const MAX_NAME: usize = 40;
/// Flag of the descriptor: one copy of each table instead of two.
const READ_ONLY: u8 = 1;
/// Parent index of entries in the root.
const ROOT: u16 = 0xFFFF;

/// Whether the file is a package with an STFS volume.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    Ok(is_package(source)? && !is_svod(source)?)
}

/// Opens the package's volume.
///
/// # Errors
/// A table or directory outside the file or with a wrong hash, or an entry that exceeds the limits
/// of volumes.
pub fn open(package: Arc<dyn ReadAt>) -> Result<Volume, FormatError> {
    let descriptor = Descriptor::read(&package)?;
    descriptor.volume(descriptor.tree(package, &mut Err)?)
}

/// Verifies the hashes of the header, of all tables, and of all blocks in use.
///
/// # Errors
/// As [`open`], except for hashes.
pub(crate) fn verify(package: Arc<dyn ReadAt>, findings: &mut Findings) -> Result<(), FormatError> {
    let descriptor = Descriptor::read(&package)?;
    let mut bad = |fault| {
        findings.fault(fault);
        Ok(())
    };
    let tree = descriptor.tree(package.clone(), &mut bad)?;
    tree.verify(findings);
    // A wrong hash of the directory has been reported already.
    if findings.faults().is_empty() {
        descriptor.volume(tree)?;
    }
    header::verify(&package, findings)
}

/// The volume descriptor: position of the blocks, their hashes and the directory.
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
        // Bit 1: the second copy of the top table is the current one.
        Ok(Self { shape, second_copy: flags & 2 != 0, bytes })
    }

    fn tree(&self, package: Arc<dyn ReadAt>, bad: Bad<'_>) -> Result<HashTree, FormatError> {
        HashTree::read(package, self.shape, self.second_copy, &self.bytes[8..0x1C], bad)
    }

    fn volume(&self, tree: HashTree) -> Result<Volume, FormatError> {
        let tree = Arc::new(tree);
        // Place and size of the directory are little-endian, unlike all other fields.
        let count = u32::from(u16::from_le_bytes([self.bytes[3], self.bytes[4]]));
        let table = tree
            .chain(le24(&self.bytes, 5), count)
            .map_err(|reason| FormatError::new(WHAT, DESCRIPTOR, reason))?;
        Reader { tree, volume: Volume::default(), free: self.shape.blocks }.read(&table)
    }
}

/// A directory entry.
struct Entry {
    /// File offset of the entry.
    offset: u64,
    name: String,
    is_directory: bool,
    /// Whether the blocks of the file are consecutive.
    is_contiguous: bool,
    first: u32,
    /// Number of blocks with data. A title that enlarges a file without writing owns more.
    written: u32,
    parent: u16,
    size: u32,
}

struct Reader {
    tree: Arc<HashTree>,
    volume: Volume,
    /// Number of blocks that do not belong to a file yet.
    free: u32,
}

impl Reader {
    /// Reads the directory in the blocks of `table`.
    fn read(mut self, table: &[u32]) -> Result<Volume, FormatError> {
        let mut waiting = self.entries(table)?;
        let mut directories = BTreeMap::from([(ROOT, Volume::ROOT)]);
        // Parents usually precede their children. Each pass adds at least one directory level, and
        // the number of levels is bounded.
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

    /// The entries with their indices.
    fn entries(&self, table: &[u32]) -> Result<Vec<(u16, Entry)>, FormatError> {
        let mut found = Vec::new();
        for (number, &block) in table.iter().enumerate() {
            let bytes = self.tree.block(block)?;
            let offset = self.tree.offset(block);
            for (i, entry) in bytes.chunks_exact(ENTRY_SIZE).enumerate() {
                let flags = entry[entry_field::FLAGS];
                let length = usize::from(flags & entry_flag::NAME_LENGTH);
                if entry[0] == 0 || length == 0 {
                    // An unused or a deleted entry.
                    continue;
                }
                let offset = offset + (i * ENTRY_SIZE) as u64;
                // The length has six bits, but the name only 40 bytes.
                let name = entry.get(..length.min(MAX_NAME)).unwrap_or_default();
                let index = u16::try_from(number * (BLOCK / ENTRY_SIZE) + i);
                let index = index.map_err(|_| FormatError::invalid(ENTRY, offset, "there are too many"))?;
                found.push((
                    index,
                    Entry {
                        offset,
                        name: code_page::decode(name),
                        is_directory: flags & entry_flag::DIRECTORY != 0,
                        is_contiguous: flags & entry_flag::CONTIGUOUS != 0,
                        first: le24(entry, entry_field::FIRST),
                        written: le24(entry, entry_field::WRITTEN),
                        parent: be16(entry, entry_field::PARENT),
                        size: be32(entry, entry_field::SIZE),
                    },
                ));
            }
        }
        Ok(found)
    }

    fn contents(&mut self, entry: &Entry) -> Result<File, Reason> {
        let count = entry.size.div_ceil(BLOCK as u32);
        self.free = self.free.checked_sub(count).ok_or(Reason::TooLarge {
            of: "the number of a file's blocks",
            value: count.into(),
            limit: self.free.into(),
        })?;
        let blocks = if count == 0 {
            Blocks::Run(0..0)
        } else if entry.is_contiguous {
            Blocks::Run(self.tree.run(entry.first, count)?)
        } else {
            Blocks::Chain(self.tree.chain(entry.first, count)?)
        };
        // Packages of other tools may lack the number; blocks without a hash are zeros anyway.
        let is_partial = self.tree.is_writable() && entry.written != 0;
        let written = if is_partial { entry.written.min(count) } else { count };
        Ok(File { tree: self.tree.clone(), blocks, written, size: entry.size.into() })
    }
}

enum Blocks {
    Run(Range<u32>),
    Chain(Vec<u32>),
}

/// Contents of a file in a package.
struct File {
    tree: Arc<HashTree>,
    blocks: Blocks,
    /// Number of blocks with data; zeros follow.
    written: u32,
    size: u64,
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        read_in_blocks(offset, &mut buffer[..count], BLOCK, |number| {
            if number >= u64::from(self.written) {
                return Ok(Some(vec![0; BLOCK]));
            }
            let number = number as usize;
            let block = match &self.blocks {
                Blocks::Run(run) => run.clone().nth(number),
                Blocks::Chain(chain) => chain.get(number).copied(),
            };
            // The size was checked against the number of blocks.
            let Some(block) = block else { return Ok(None) };
            let bytes = self.tree.block(block);
            bytes.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        })
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |half| u16::from_be_bytes(*half))
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word))
}

fn le24(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |&[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
}
