//! Import libraries: the table in the headers, and its records in the image.
//!
//! Each record is the address of a word in the image: type in bits 31:24, name index in 23:16,
//! ordinal in 15:0. Type 0 is a slot that receives an address; type 1 is a 16-byte code thunk. A
//! variable has one record, a function two: usually the thunk follows the slot of the same ordinal,
//! but the format does not require that, and a thunk works without a slot. Records of address 0
//! mean nothing.

use std::collections::BTreeMap;

use xenia_guest::{GuestAddr, Ordinal};

use crate::error::FormatError;
use crate::fields::{Fields, text};
use crate::image::{Import, ImportLibrary, Version};

/// Size of a code thunk in bytes.
const THUNK_SIZE: u32 = 16;
/// Size in bytes of a library's record without the addresses of its import words, which follow.
pub(super) const RECORD_HEADER_SIZE: usize = 0x28;
/// Longest library name; each record gets a copy.
const MAX_NAME: usize = 255;
/// Largest number of names, which the 8 bits of an index reach.
const MAX_NAMES: usize = 256;

/// The import table of the headers.
#[derive(Clone, Debug, Default)]
pub(super) struct ImportTable {
    pub(super) libraries: Vec<LibraryRecord>,
}

/// The record of one library.
#[derive(Clone, Debug)]
pub(super) struct LibraryRecord {
    pub(super) name: String,
    /// File offset of the record, for errors.
    pub(super) offset: u64,
    /// The record as stored, for its digest.
    pub(super) raw: Vec<u8>,
    id: u32,
    version: Version,
    minimum_version: Version,
    addresses: Vec<GuestAddr>,
}

impl LibraryRecord {
    /// Digest of the next record from its byte 4 on; zero in the last record.
    pub(super) fn next_digest(&self) -> &[u8] {
        &self.raw[4..0x18]
    }
}

/// Parses the body of the import libraries header.
pub(super) fn read_table(body: Fields<'_>) -> Result<ImportTable, FormatError> {
    let body = Fields { what: "XEX import table", ..body };
    let names_size = body.u32(4)? as usize;
    let count = body.u32(8)?;
    let names = body.sub(0xC, names_size, "XEX import library names")?;
    let names = read_names(names)?;

    let mut libraries = Vec::new();
    let mut at = 0xC + names_size;
    // Each iteration consumes at least a record's header of the body or fails, which bounds an
    // untrusted count.
    for _ in 0..count {
        let size = body.u32(at)? as usize;
        let record = body.sub(at, size, "XEX import library")?;
        // Only the low byte is the index.
        let name_index = usize::from(record.u16(0x24)? & 0xFF);
        let name = names.get(name_index).ok_or_else(|| {
            record.invalid(0x24, format!("name {name_index} of a table of {}", names.len()))
        })?;
        let record_count = usize::from(record.u16(0x26)?);
        record.slice(RECORD_HEADER_SIZE, record_count * 4)?;
        let mut addresses = Vec::with_capacity(record_count);
        for index in 0..record_count {
            addresses.push(GuestAddr(record.u32(RECORD_HEADER_SIZE + index * 4)?));
        }
        libraries.push(LibraryRecord {
            name: name.clone(),
            offset: record.origin,
            raw: record.bytes.to_vec(),
            id: record.u32(0x18)?,
            version: Version(record.u32(0x1C)?),
            minimum_version: Version(record.u32(0x20)?),
            addresses,
        });
        at += size;
    }
    Ok(ImportTable { libraries })
}

/// Reads NUL-terminated names, each padded to a multiple of four bytes, up to [`MAX_NAMES`].
fn read_names(table: Fields<'_>) -> Result<Vec<String>, FormatError> {
    let mut names = Vec::new();
    let mut rest = table.bytes;
    while !rest.is_empty() && names.len() < MAX_NAMES {
        let length = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        if length > MAX_NAME {
            let at = table.bytes.len() - rest.len();
            return Err(table.invalid(at, format!("a library's name of {length} bytes")));
        }
        names.push(text(&rest[..length]));
        rest = rest.get((length + 1).next_multiple_of(4)..).unwrap_or(&[]);
    }
    Ok(names)
}

impl ImportTable {
    /// Resolves all records in the image.
    pub(super) fn resolve(&self, image: &[u8], base: GuestAddr) -> Result<Vec<ImportLibrary>, FormatError> {
        self.libraries.iter().map(|library| library.resolve(image, base)).collect()
    }
}

impl LibraryRecord {
    fn resolve(&self, image: &[u8], base: GuestAddr) -> Result<ImportLibrary, FormatError> {
        let mut imports: Vec<Import> = Vec::new();
        // Indices of slots without a thunk, and thunks without a slot, so far.
        let mut open: BTreeMap<Ordinal, Vec<usize>> = BTreeMap::new();
        let mut early: BTreeMap<Ordinal, Vec<GuestAddr>> = BTreeMap::new();
        for &address in self.addresses.iter().filter(|address| address.0 != 0) {
            let refuse = |why: String| Err(self.invalid_record(address, why));
            let at = |length: u32| {
                let start = address.0.checked_sub(base.0)? as usize;
                image.get(start..start.checked_add(length as usize)?)
            };
            let Some(word) = at(4).filter(|_| address.0.is_multiple_of(4)) else {
                return refuse(format!("{address} is not a word of the image"));
            };
            let word = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
            let ordinal = Ordinal(word as u16);
            match word >> 24 {
                0 => {
                    let thunk = early.get_mut(&ordinal).and_then(Vec::pop);
                    if thunk.is_none() {
                        open.entry(ordinal).or_default().push(imports.len());
                    }
                    imports.push(Import { ordinal, slot: Some(address), thunk });
                }
                1 => {
                    if at(THUNK_SIZE).is_none() {
                        return refuse(format!("the thunk at {address} is not all in the image"));
                    }
                    let slot = open.get_mut(&ordinal).and_then(Vec::pop);
                    match slot.and_then(|index| imports.get_mut(index)) {
                        Some(import) => import.thunk = Some(address),
                        None => early.entry(ordinal).or_default().push(address),
                    }
                }
                other => {
                    return refuse(format!("the word at {address} has the unknown type {other:#x}"));
                }
            }
        }
        for (ordinal, thunks) in early {
            let alone = |thunk| Import { ordinal, slot: None, thunk: Some(thunk) };
            imports.extend(thunks.into_iter().map(alone));
        }
        Ok(ImportLibrary {
            name: self.name.clone(),
            id: self.id,
            version: self.version,
            minimum_version: self.minimum_version,
            imports,
        })
    }
    /// The error of the first record with this address.
    fn invalid_record(&self, address: GuestAddr, why: String) -> FormatError {
        let index = self.addresses.iter().position(|&record| record == address).unwrap_or(0);
        let offset = self.offset + (RECORD_HEADER_SIZE + index * 4) as u64;
        FormatError::invalid("XEX import record", offset, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_all_indices_are_not_kept() {
        let table = b"a\0\0\0long\0\0\0\0".repeat(1000);
        let names = read_names(Fields::new(&table, 0, "names")).unwrap();
        assert_eq!((names.len(), names[255].as_str()), (MAX_NAMES, "long"));
    }
}
