//! What a packed library exports: the table by ordinal that the security info points to, and the PE directory with the names.
//!
//! Both lie behind the PE header, in its read-only page. The table's layout is that of the console's images; the directory is the
//! desktop's, with offsets from its own start (of functions: from the image's).

use super::PackError;
use super::stub::{EXPORTS_SECTION, StubExport};
use xenia_guest::GuestAddr;

/// What an export table begins with.
const MAGIC: [u32; 3] = [0x4800_0000, 0x0048_5645, 0x4800_0000];
/// Bytes of the table before the offsets.
const TABLE_HEADER: usize = 0x2C;
/// Bytes of the directory before its tables.
const DIRECTORY_HEADER: usize = 0x28;

/// The tables of a library, by where they will lie.
pub(super) struct ExportTables {
    /// Offset of the table by ordinal in the image.
    table: usize,
    /// Offset of the directory in the image, and its bytes; 0 without names.
    pub(super) directory: (u32, u32),
    bytes: Vec<u8>,
}

/// Bytes that the tables take behind an offset in the image.
pub(super) fn size(exports: &[StubExport]) -> u32 {
    ExportTables::new(exports, 0, 0).map_or(0, |tables| tables.bytes.len() as u32 + 16)
}

impl ExportTables {
    /// The tables of these exports, which lie at `offset` or a little behind; `None` without exports.
    pub(super) fn new(exports: &[StubExport], offset: u32, base: u32) -> Option<Self> {
        let first = exports.iter().map(|export| export.ordinal.0).min()?;
        let last = exports.iter().map(|export| export.ordinal.0).max()?;
        let start = offset.next_multiple_of(16);
        let count = usize::from(last - first) + 1;
        let mut words = MAGIC.to_vec();
        words.resize(8, 0); // numbers and versions of the module: none
        words.extend([base >> 16, count as u32, u32::from(first)]);
        words.resize(TABLE_HEADER / 4 + count, 0);
        for export in exports {
            words[TABLE_HEADER / 4 + usize::from(export.ordinal.0 - first)] =
                export.address.0.wrapping_sub(base);
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let directory = directory(exports, base);
        let place = (start + bytes.len() as u32, directory.len() as u32);
        bytes.extend(directory);
        Some(Self { table: start as usize, directory: if place.1 == 0 { (0, 0) } else { place }, bytes })
    }

    /// Puts them into the image. Returns the address of the table by ordinal.
    pub(super) fn write(&self, base: u32, image: &mut [u8]) -> GuestAddr {
        image[self.table..self.table + self.bytes.len()].copy_from_slice(&self.bytes);
        GuestAddr(base + self.table as u32)
    }
}

/// The directory of those that have names, with functions in the order of the names.
fn directory(exports: &[StubExport], base: u32) -> Vec<u8> {
    let mut named: Vec<_> = exports.iter().filter(|export| !export.name.is_empty()).collect();
    named.sort_by(|a, b| a.name.cmp(&b.name));
    let Some(first) = named.iter().map(|export| export.ordinal.0).min() else { return Vec::new() };
    let last = named.iter().map(|export| export.ordinal.0).max().unwrap_or(first);
    let functions = usize::from(last - first) + 1;
    let names = DIRECTORY_HEADER + functions * 4;
    let indexes = names + named.len() * 4;
    let texts = indexes + named.len() * 2;
    let mut out = vec![0; texts];
    let mut put = |at: usize, value: u32| out[at..at + 4].copy_from_slice(&value.to_le_bytes());
    for (at, value) in [
        (0x10, usize::from(first)),
        (0x14, functions),
        (0x18, named.len()),
        (0x1C, DIRECTORY_HEADER),
        (0x20, names),
        (0x24, indexes),
    ] {
        put(at, value as u32);
    }
    let mut text_at = texts;
    for (row, export) in named.iter().enumerate() {
        let index = usize::from(export.ordinal.0 - first);
        put(DIRECTORY_HEADER + index * 4, export.address.0.wrapping_sub(base));
        put(names + row * 4, text_at as u32);
        text_at += export.name.len() + 1;
    }
    for (row, export) in named.iter().enumerate() {
        let index = (export.ordinal.0 - first).to_le_bytes();
        out[indexes + row * 2..indexes + row * 2 + 2].copy_from_slice(&index);
        out.extend(export.name.as_bytes());
        out.push(0);
    }
    out
}

/// Refuses two exports with one ordinal, and addresses that are not in the image.
pub(super) fn check(exports: &[StubExport], holds: impl Fn(GuestAddr, u32) -> bool) -> Result<(), PackError> {
    let mut seen = std::collections::BTreeSet::new();
    for export in exports {
        if !holds(export.address, 1) {
            return Err(PackError::Outside { what: "an export", address: export.address });
        }
        if !seen.insert(export.ordinal) {
            return Err(PackError::Section {
                section: EXPORTS_SECTION,
                offset: export.offset,
                reason: format!("ordinal {} is taken by another export", export.ordinal.0),
            });
        }
    }
    Ok(())
}
