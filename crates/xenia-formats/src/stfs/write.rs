//! Writes a volume as a content package: header, then hash tables and blocks in file order.
//!
//! The output is deterministic: there are no time stamps, and folders and files are sorted by path.
//! Each file is read twice, because tables precede the blocks they cover; a file that changes
//! between the reads is refused.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use xenia_guest::code_page;

use sha1::{Digest, Sha1};

use super::hash_tree::{self, BLOCK, BlockHash, CHILDREN, COVERED, IN_USE, LAST, Shape};
use super::header::{PackageInfo, Signer};
use super::{DESCRIPTOR_SIZE, ENTRY_SIZE, MAX_NAME, READ_ONLY, ROOT, entry_field, entry_flag};
use crate::read_at::ReadAt;
use crate::volume::Volume;

/// Number of blocks of a file read at a time.
const AHEAD: u32 = 256;

/// Reasons why a volume cannot be written as a package.
#[derive(Debug, thiserror::Error)]
pub enum StfsWriteError {
    /// The name of this file or folder is longer than 40 characters, or has characters that the
    /// console does not support.
    #[error("{0}: a package has no such name: 40 characters of Windows-1252 at most")]
    Name(String),
    /// This file has 4 GiB or more, or all files exceed the blocks or entries of a package.
    #[error("{0}: too large for a package")]
    TooLarge(String),
    /// This file changed while it was being read.
    #[error("{0}: changed while it was read")]
    Changed(String),
    /// Error of reading this file.
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    /// Error of writing the package.
    #[error("cannot write the package: {0}")]
    Write(#[from] io::Error),
}

/// A file or folder.
struct Item {
    path: Vec<String>,
    name: Vec<u8>,
    /// Index of its parent folder.
    parent: u16,
    /// Contents of a file; `None` for a folder.
    contents: Option<Arc<dyn ReadAt>>,
    size: u32,
    first: u32,
}

impl Item {
    fn path_text(&self) -> String {
        self.path.join("/")
    }

    fn blocks(&self) -> u32 {
        self.size.div_ceil(BLOCK as u32)
    }
}

/// Writes `volume` to `package` with the metadata `info`; `written` is called with the bytes of
/// file contents written so far. Returns the size of the package in bytes. If the signer is a
/// console, tables have two copies, as a console writes them. There is no signature.
///
/// # Errors
/// A volume that does not fit in a package, before anything is written; errors of reading or
/// writing.
pub fn write(
    volume: &Volume,
    info: &PackageInfo,
    package: &mut dyn Write,
    written: &mut dyn FnMut(u64),
) -> Result<u64, StfsWriteError> {
    let mut items = items(volume)?;
    let directory = items.len().div_ceil(BLOCK / ENTRY_SIZE).max(1) as u32;
    let mut count = directory;
    for item in &mut items {
        item.first = count;
        count = count
            .checked_add(item.blocks())
            .filter(|&count| count <= COVERED[2].min(LAST))
            .ok_or_else(|| StfsWriteError::TooLarge(item.path_text()))?;
    }
    let is_written_to = info.signer == Signer::Console;
    let shape = Shape { data: 0, copies: if is_written_to { 2 } else { 1 }, blocks: count };
    let mut blocks =
        Blocks { directory: entries(&items), items: &items, ahead: Vec::new(), first: 0, file: None };

    let mut hashes = Vec::with_capacity(count as usize);
    for number in 0..count {
        let digest = Sha1::digest(blocks.get(number)?.as_slice()).into();
        hashes.push((digest, IN_USE | blocks.next(number, directory)));
    }
    let (tables, top) = tables(shape, &hashes);
    let places: BTreeMap<u64, (usize, usize)> = (0..tables.len())
        .flat_map(|level| (0..tables[level].len()).map(move |table| (level, table)))
        .map(|(level, table)| (shape.place_of_table(level, table as u32), (level, table)))
        .collect();

    let flags = if is_written_to { 0 } else { READ_ONLY };
    let descriptor = descriptor(flags, directory, &top, count);
    let header = info.to_bytes(&descriptor, u64::from(count) * BLOCK as u64);
    package.write_all(&header)?;
    let mut size = header.len() as u64;
    // Blocks from the first pass must not hide a change of their file.
    blocks.file = None;
    for (number, (digest, _)) in hashes.iter().enumerate() {
        let number = number as u32;
        let mut place = (size - header.len() as u64) / BLOCK as u64;
        while let Some(&(level, table)) = places.get(&place) {
            for _ in 0..shape.copies {
                package.write_all(&tables[level][table])?;
                size += BLOCK as u64;
            }
            place += u64::from(shape.copies);
        }
        debug_assert_eq!(place, shape.place_of_block(number), "tables and blocks follow each other");
        let block = blocks.get(number)?;
        if Sha1::digest(block.as_slice())[..] != digest[..] {
            return Err(StfsWriteError::Changed(blocks.owner(number)));
        }
        package.write_all(&block)?;
        size += BLOCK as u64;
        written(u64::from(number + 1) * BLOCK as u64);
    }
    Ok(size)
}

/// Volume descriptor of a package with `count` blocks, of which the first ones are the `directory`.
fn descriptor(flags: u8, directory: u32, top: &[u8], count: u32) -> Vec<u8> {
    let mut descriptor = vec![DESCRIPTOR_SIZE as u8, 0, flags];
    descriptor.extend(&directory.to_le_bytes()[..2]);
    // The first block of the directory, in 24 bits.
    descriptor.extend([0; 3]);
    descriptor.extend(top);
    descriptor.extend(count.to_be_bytes());
    descriptor.extend([0; 4]);
    descriptor
}

/// All files and folders of the volume, parents first.
fn items(volume: &Volume) -> Result<Vec<Item>, StfsWriteError> {
    let mut items: Vec<Item> = Vec::new();
    let mut folders = vec![(Vec::new(), ROOT)];
    let mut next = 0;
    while let Some((path, parent)) = folders.get(next).cloned() {
        next += 1;
        for entry in volume.list(&path).into_iter().flatten() {
            let path: Vec<String> = path.iter().cloned().chain([entry.name.to_owned()]).collect();
            let path_text = || path.join("/");
            let name = code_page::encode(entry.name);
            let name = name.filter(|name| name.len() <= MAX_NAME && name.first() != Some(&0));
            let name = name.ok_or_else(|| StfsWriteError::Name(path_text()))?;
            let number = u16::try_from(items.len()).ok().filter(|&number| number != ROOT);
            let number = number.ok_or_else(|| StfsWriteError::TooLarge(path_text()))?;
            let size = u32::try_from(entry.size).map_err(|_| StfsWriteError::TooLarge(path_text()))?;
            if entry.contents.is_none() {
                folders.push((path.clone(), number));
            }
            items.push(Item { path, name, parent, contents: entry.contents.cloned(), size, first: 0 });
        }
    }
    Ok(items)
}

/// Serializes the blocks of the directory.
fn entries(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(items.len() * ENTRY_SIZE);
    for item in items {
        let mut entry = [0; ENTRY_SIZE];
        entry[..item.name.len()].copy_from_slice(&item.name);
        let kind = if item.contents.is_some() { entry_flag::CONTIGUOUS } else { entry_flag::DIRECTORY };
        entry[entry_field::FLAGS] = item.name.len() as u8 | kind;
        let mut put = |at: usize, field: &[u8]| entry[at..at + field.len()].copy_from_slice(field);
        let blocks = item.blocks().to_le_bytes();
        put(entry_field::WRITTEN, &blocks[..3]);
        put(entry_field::OWNED, &blocks[..3]);
        if item.size > 0 {
            put(entry_field::FIRST, &item.first.to_le_bytes()[..3]);
        }
        put(entry_field::PARENT, &item.parent.to_be_bytes());
        put(entry_field::SIZE, &item.size.to_be_bytes());
        bytes.extend(entry);
    }
    bytes
}

/// The tables of each level from the lowest on, and the hash of the top table.
fn tables(shape: Shape, hashes: &[(BlockHash, u32)]) -> (Vec<Vec<Vec<u8>>>, BlockHash) {
    let mut levels = Vec::new();
    let mut below = hashes.to_vec();
    for level in 0..shape.levels().unwrap_or(COVERED.len()) {
        let tables: Vec<Vec<u8>> = (0_u32..)
            .zip(below.chunks(CHILDREN as usize))
            .map(|(number, children)| {
                let mut table = Vec::with_capacity(BLOCK);
                for (digest, word) in children {
                    table.extend(digest);
                    table.extend(word.to_be_bytes());
                }
                // The count of blocks is behind the room of all entries, also in a short table.
                table.resize(CHILDREN as usize * hash_tree::ENTRY, 0);
                // A console that writes to the package counts on blocks here, not on tables.
                table.extend(shape.covered_by(level, number).to_be_bytes());
                table.resize(BLOCK, 0);
                table
            })
            .collect();
        below = tables.iter().map(|table| (Sha1::digest(table).into(), 0)).collect();
        levels.push(tables);
    }
    (levels, below.first().map_or_else(BlockHash::default, |(digest, _)| *digest))
}

/// The blocks of the package, with read-ahead.
struct Blocks<'a> {
    directory: Vec<u8>,
    items: &'a [Item],
    /// Read-ahead blocks of a file, from block `first` on.
    ahead: Vec<u8>,
    first: u32,
    file: Option<usize>,
}

impl Blocks<'_> {
    /// The file that contains a block after the directory's.
    fn file_of(&self, number: u32) -> Option<usize> {
        let end = self.items.partition_point(|item| item.first <= number);
        (0..end).rev().find(|&index| self.items[index].blocks() > 0)
    }

    fn owner(&self, number: u32) -> String {
        self.file_of(number).map_or_else(String::new, |index| self.items[index].path_text())
    }

    /// The next block in the block's file, or in the directory.
    fn next(&self, number: u32, directory: u32) -> u32 {
        let end = if number < directory {
            directory
        } else {
            let item = self.file_of(number).map(|index| &self.items[index]);
            item.map_or(0, |item| item.first + item.blocks())
        };
        if number + 1 < end { number + 1 } else { LAST }
    }

    fn get(&mut self, number: u32) -> Result<Vec<u8>, StfsWriteError> {
        let part = |bytes: &[u8], at: usize| {
            let rest = bytes.get(at..).unwrap_or_default();
            let mut block = rest[..rest.len().min(BLOCK)].to_vec();
            block.resize(BLOCK, 0);
            block
        };
        let first_of_files = self.directory.len().div_ceil(BLOCK).max(1) as u32;
        if number < first_of_files {
            return Ok(part(&self.directory, number as usize * BLOCK));
        }
        let Some(index) = self.file_of(number) else { return Ok(vec![0; BLOCK]) };
        let item = &self.items[index];
        let is_ahead = self.file == Some(index) && (self.first..self.first + AHEAD).contains(&number);
        if !is_ahead {
            let at = u64::from(number - item.first) * BLOCK as u64;
            let length = (u64::from(item.size) - at).min(u64::from(AHEAD) * BLOCK as u64) as usize;
            self.ahead.resize(length, 0);
            let contents = item.contents.as_ref();
            let read = contents.map_or(Ok(0), |contents| contents.read_at(at, &mut self.ahead));
            let read = read.map_err(|error| StfsWriteError::Read(item.path_text(), error))?;
            if read < length {
                return Err(StfsWriteError::Changed(item.path_text()));
            }
            self.first = number;
            self.file = Some(index);
        }
        Ok(part(&self.ahead, (number - self.first) as usize * BLOCK))
    }
}
