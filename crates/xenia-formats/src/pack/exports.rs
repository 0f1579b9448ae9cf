//! Export tables of a packed library: the table by ordinal, referenced by the security info, and
//! the PE export directory with the names.
//!
//! Both follow the PE header in its read-only page. The table has the layout of the console's
//! images; the directory has that of desktop PE files, with offsets from its start (those of
//! functions: from the start of the image).

use super::PackError;
use super::stub::{EXPORTS_SECTION, StubExport};
use crate::pe::ImageRange;
use xenia_guest::GuestAddr;

/// Magic numbers at the start of an export table.
const MAGIC: [u32; 3] = [0x4800_0000, 0x0048_5645, 0x4800_0000];
/// Size of the table before the offsets, in bytes.
const TABLE_HEADER: usize = 0x2C;
/// Size of the directory before its tables, in bytes.
const DIRECTORY_HEADER: usize = 0x28;
/// Alignment of the table by ordinal.
const ALIGNMENT: u32 = 16;

/// The export tables of a library. Their size is independent of the image's base, which follows
/// from it.
pub(super) struct ExportTables<'a> {
    exports: &'a [StubExport],
    ordinals: Ordinals,
    directory: Option<Directory<'a>>,
}

/// Location of the tables in an image.
pub(super) struct Placed {
    /// Address of the table by ordinal.
    pub(super) by_ordinal: GuestAddr,
    /// The directory of names.
    pub(super) by_name: Option<ImageRange>,
}

/// A range of ordinals.
struct Ordinals {
    first: u16,
    count: usize,
}

impl Ordinals {
    /// The range from the lowest to the highest ordinal; `None` without exports.
    fn of<'a>(exports: impl Iterator<Item = &'a StubExport> + Clone) -> Option<Self> {
        let ordinals = exports.map(|export| export.ordinal.0);
        let first = ordinals.clone().min()?;
        let last = ordinals.max()?;
        Some(Self { first, count: usize::from(last - first) + 1 })
    }

    fn index(&self, export: &StubExport) -> usize {
        usize::from(export.ordinal.0 - self.first)
    }
}

impl<'a> ExportTables<'a> {
    /// The tables of these exports; `None` without exports.
    pub(super) fn new(exports: &'a [StubExport]) -> Option<Self> {
        let ordinals = Ordinals::of(exports.iter())?;
        Some(Self { exports, ordinals, directory: Directory::new(exports) })
    }

    /// Size in bytes, after any offset in the image.
    pub(super) fn size(&self) -> u32 {
        (self.table_size() + self.directory.as_ref().map_or(0, Directory::size)) as u32 + ALIGNMENT
    }

    fn table_size(&self) -> usize {
        TABLE_HEADER + 4 * self.ordinals.count
    }

    /// Writes the tables after an offset in the image.
    pub(super) fn write(&self, offset: u32, base: u32, image: &mut [u8]) -> Placed {
        let start = offset.next_multiple_of(ALIGNMENT);
        let mut words = MAGIC.to_vec();
        words.resize(8, 0); // numbers and versions of the module: none
        // Images lie at multiples of 64 KiB: the table has only the upper half of the base.
        words.extend([base >> 16, self.ordinals.count as u32, u32::from(self.ordinals.first)]);
        words.resize(self.table_size() / 4, 0);
        for export in self.exports {
            words[TABLE_HEADER / 4 + self.ordinals.index(export)] = export.address.0.wrapping_sub(base);
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let by_name = self.directory.as_ref().map(|directory| {
            let place = ImageRange { offset: start + bytes.len() as u32, size: directory.size() as u32 };
            bytes.extend(directory.bytes(base));
            place
        });
        let start = start as usize;
        image[start..start + bytes.len()].copy_from_slice(&bytes);
        Placed { by_ordinal: GuestAddr(base + start as u32), by_name }
    }
}

/// The directory of named exports. Its tables are consecutive: functions, names, indices of the
/// named functions, texts.
struct Directory<'a> {
    /// Sorted by name.
    named: Vec<&'a StubExport>,
    ordinals: Ordinals,
}

impl<'a> Directory<'a> {
    fn new(exports: &'a [StubExport]) -> Option<Self> {
        let mut named: Vec<_> = exports.iter().filter(|export| !export.name.is_empty()).collect();
        named.sort_by(|a, b| a.name.cmp(&b.name));
        let ordinals = Ordinals::of(named.iter().copied())?;
        Some(Self { named, ordinals })
    }

    fn names(&self) -> usize {
        DIRECTORY_HEADER + 4 * self.ordinals.count
    }

    fn indexes(&self) -> usize {
        self.names() + 4 * self.named.len()
    }

    fn texts(&self) -> usize {
        self.indexes() + 2 * self.named.len()
    }

    fn size(&self) -> usize {
        self.texts() + self.named.iter().map(|export| export.name.len() + 1).sum::<usize>()
    }

    fn bytes(&self, base: u32) -> Vec<u8> {
        let names = self.names();
        let indexes = self.indexes();
        let mut out = vec![0; self.texts()];
        let mut put = |at: usize, value: u32| out[at..at + 4].copy_from_slice(&value.to_le_bytes());
        for (at, value) in [
            (0x10, usize::from(self.ordinals.first)),
            (0x14, self.ordinals.count),
            (0x18, self.named.len()),
            (0x1C, DIRECTORY_HEADER),
            (0x20, names),
            (0x24, indexes),
        ] {
            put(at, value as u32);
        }
        let mut text_at = self.texts();
        for (row, export) in self.named.iter().enumerate() {
            put(DIRECTORY_HEADER + 4 * self.ordinals.index(export), export.address.0.wrapping_sub(base));
            put(names + 4 * row, text_at as u32);
            text_at += export.name.len() + 1;
        }
        for (row, export) in self.named.iter().enumerate() {
            let index = self.ordinals.index(export) as u16;
            out[indexes + 2 * row..indexes + 2 * row + 2].copy_from_slice(&index.to_le_bytes());
            out.extend(export.name.as_bytes());
            out.push(0);
        }
        out
    }
}

/// Refuses duplicate ordinals, and addresses outside the image.
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
