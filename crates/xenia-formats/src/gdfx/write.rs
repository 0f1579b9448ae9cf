//! Writes a volume as a disc image: descriptor, directories as balanced trees sorted by name, then
//! files.
//!
//! The output is deterministic: directories and files are sorted by path, and there are no time
//! stamps.

use super::{DESCRIPTOR, DIRECTORY, ENTRY_HEAD, MAGIC, PADDING, SECTOR};
use crate::read_at::ReadAt;
use crate::volume::Volume;
use std::io::{self, Write};
use std::sync::Arc;
use xenia_guest::code_page;

/// Attribute flag of a file.
const NORMAL: u8 = 0x80;
/// Bytes of a file read at a time.
const CHUNK: usize = 1 << 20;
/// Largest size of a directory in bytes: the range of a child offset.
const MAX_TABLE: usize = 4 * PADDING as usize;

/// Reasons why a volume cannot be written as a disc image.
#[derive(Debug, thiserror::Error)]
pub enum GdfxWriteError {
    /// The name of this file or directory is longer than 255 characters, or has characters that the
    /// console does not support.
    #[error("{0}: a disc has no such name: 255 characters of Windows-1252 at most")]
    Name(String),
    /// This file has 4 GiB or more, or this directory has too many entries.
    #[error("{0}: too large for a disc")]
    TooLarge(String),
    /// This file became shorter while it was being read.
    #[error("{0}: became shorter while it was read")]
    Changed(String),
    /// Error of reading this file.
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    /// Error of writing the image.
    #[error("cannot write the image: {0}")]
    Write(#[from] io::Error),
}

struct Item {
    name: Vec<u8>,
    /// Path in the volume.
    path: Vec<String>,
    contents: ItemContents,
    /// First sector of the contents.
    sector: u32,
    /// Offset of the entry in its table.
    at: usize,
    /// Indices of the left and right child in the tree.
    children: [Option<usize>; 2],
}

/// Contents of a file, or a directory.
enum ItemContents {
    File {
        bytes: Arc<dyn ReadAt>,
        size: u32,
    },
    /// A directory, by the index of its table.
    Directory(usize),
}

struct Table {
    items: Vec<Item>,
    size: usize,
    sector: u32,
}

/// Writes `volume` to `image`; `written` is called with the bytes of file contents written so far.
/// Returns the size of the image in bytes.
///
/// # Errors
/// A volume that does not fit on a disc, before anything is written; errors of reading or writing.
pub fn write(
    volume: &Volume,
    image: &mut dyn Write,
    written: &mut dyn FnMut(u64),
) -> Result<u64, GdfxWriteError> {
    let mut tables = tables(volume)?;
    place(&mut tables)?;
    let mut out = Sectors { image, sector: 0 };
    out.fill_to(DESCRIPTOR as u32)?;
    let root = &tables[0];
    let mut descriptor = MAGIC.to_vec();
    descriptor.extend([root.sector, root.size as u32].map(u32::to_le_bytes).concat());
    descriptor.resize(SECTOR as usize - MAGIC.len(), 0);
    descriptor.extend(MAGIC);
    out.put(&descriptor)?;
    for table in &tables {
        out.put(&bytes_of(table, &tables))?;
    }
    let mut done = 0;
    for item in tables.iter().flat_map(|table| &table.items) {
        if let ItemContents::File { bytes, size } = &item.contents {
            copy(bytes, *size, item, &mut out, &mut |count| {
                done += count;
                written(done);
            })?;
        }
    }
    Ok(u64::from(out.sector) * SECTOR)
}

/// All directories of the volume, parents first, without positions.
fn tables(volume: &Volume) -> Result<Vec<Table>, GdfxWriteError> {
    let mut tables = Vec::new();
    let mut paths = vec![Vec::new()];
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        next += 1;
        let mut items = Vec::new();
        for entry in volume.list(&path).into_iter().flatten() {
            let path: Vec<String> = path.iter().cloned().chain([entry.name.to_owned()]).collect();
            let path_text = || path.join("/");
            let name = code_page::encode(entry.name);
            let name =
                name.filter(|name| name.len() <= 255).ok_or_else(|| GdfxWriteError::Name(path_text()))?;
            let contents = if let Some(contents) = entry.contents {
                let size = u32::try_from(entry.size).map_err(|_| GdfxWriteError::TooLarge(path_text()))?;
                ItemContents::File { bytes: contents.clone(), size }
            } else {
                // Tables are made in the order of `paths`, so an index of one is an index of the
                // other.
                paths.push(path.clone());
                ItemContents::Directory(paths.len() - 1)
            };
            items.push(Item { name, path, contents, sector: 0, at: 0, children: [None; 2] });
        }
        // The order of the trees on discs: names are looked up in it.
        items.sort_by_key(|item| item.name.to_ascii_uppercase());
        tables.push(Table { items, size: 0, sector: 0 });
    }
    Ok(tables)
}

/// Assigns positions to all entries, directories and files.
fn place(tables: &mut [Table]) -> Result<(), GdfxWriteError> {
    let mut sector = DESCRIPTOR + 1;
    for table in &mut *tables {
        let count = table.items.len();
        let mut end = 0;
        place_entries(&mut table.items, 0..count, &mut end);
        if end > MAX_TABLE {
            let path = table.items.first().map(|item| item.path[..item.path.len() - 1].join("/"));
            let path = path.filter(|path| !path.is_empty());
            return Err(GdfxWriteError::TooLarge(path.unwrap_or_else(|| "the root folder".to_owned())));
        }
        table.size = end.next_multiple_of(SECTOR as usize);
        table.sector = sector as u32;
        sector += table.size as u64 / SECTOR;
    }
    for item in tables.iter_mut().flat_map(|table| &mut table.items) {
        if let ItemContents::File { size, .. } = item.contents {
            item.sector = u32::try_from(sector).map_err(|_| GdfxWriteError::TooLarge(item.path.join("/")))?;
            sector += u64::from(size).div_ceil(SECTOR);
        }
    }
    Ok(())
}

/// Places the entries of `range`, the middle one first, and returns its index. The recursion depth
/// is that of the tree: 16 for 65,536 entries.
fn place_entries(items: &mut [Item], range: std::ops::Range<usize>, end: &mut usize) -> Option<usize> {
    if range.is_empty() {
        return None;
    }
    let middle = usize::midpoint(range.start, range.end);
    let size = ENTRY_HEAD + items[middle].name.len();
    // An entry must not span two sectors.
    if *end % SECTOR as usize + size > SECTOR as usize {
        *end = end.next_multiple_of(SECTOR as usize);
    }
    items[middle].at = *end;
    *end = (*end + size).next_multiple_of(4);
    let left = place_entries(items, range.start..middle, end);
    let right = place_entries(items, middle + 1..range.end, end);
    items[middle].children = [left, right];
    Some(middle)
}

fn bytes_of(table: &Table, tables: &[Table]) -> Vec<u8> {
    // Readers take these bytes for the unused rest of a sector.
    let mut bytes = vec![0xFF; table.size];
    for item in &table.items {
        let link = |child: Option<usize>| child.map_or(0, |child| (table.items[child].at / 4) as u16);
        let (sector, size, attributes) = match &item.contents {
            ItemContents::File { size, .. } => (item.sector, *size, NORMAL),
            ItemContents::Directory(below) => (tables[*below].sector, tables[*below].size as u32, DIRECTORY),
        };
        let mut entry = item.children.map(|child| link(child).to_le_bytes()).concat();
        entry.extend([sector, size].map(u32::to_le_bytes).concat());
        entry.extend([attributes, item.name.len() as u8]);
        entry.extend(&item.name);
        bytes[item.at..item.at + entry.len()].copy_from_slice(&entry);
    }
    bytes
}

fn copy(
    contents: &dyn ReadAt,
    size: u32,
    item: &Item,
    out: &mut Sectors<'_>,
    written: &mut dyn FnMut(u64),
) -> Result<(), GdfxWriteError> {
    let mut buffer = vec![0; CHUNK.min(size as usize)];
    let mut at = 0;
    while at < u64::from(size) {
        let count = buffer.len().min((u64::from(size) - at) as usize);
        let read = contents.read_at(at, &mut buffer[..count]);
        let read = read.map_err(|error| GdfxWriteError::Read(item.path.join("/"), error))?;
        if read < count {
            return Err(GdfxWriteError::Changed(item.path.join("/")));
        }
        out.put(&buffer[..count])?;
        at += count as u64;
        written(count as u64);
    }
    Ok(())
}

/// Writer of consecutive whole sectors.
struct Sectors<'a> {
    image: &'a mut dyn Write,
    sector: u32,
}

impl Sectors<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.image.write_all(bytes)?;
        let sectors = bytes.len().div_ceil(SECTOR as usize);
        self.image.write_all(&vec![0; sectors * SECTOR as usize - bytes.len()])?;
        self.sector += sectors as u32;
        Ok(())
    }

    fn fill_to(&mut self, sector: u32) -> io::Result<()> {
        self.put(&vec![0; sector.saturating_sub(self.sector) as usize * SECTOR as usize])
    }
}
