//! Optional headers: the table, the kinds of its entries, and the supported bodies.

use xenia_guest::{GuestAddr, MediaId, TitleId};

use super::MAIN_HEADER_SIZE;
use crate::error::FormatError;
use crate::fields::{Fields, text};
use crate::image::{ExecutionInfo, Resource, TlsInfo, Version};

/// Keys of optional headers. The low byte determines the kind of the entry.
#[expect(missing_docs, reason = "the names are the format's own")]
pub mod key {
    pub const RESOURCE_INFO: u32 = 0x0000_02FF;
    pub const FILE_FORMAT: u32 = 0x0000_03FF;
    pub const DELTA_PATCH: u32 = 0x0000_05FF;
    pub const ENTRY_POINT: u32 = 0x0001_0100;
    pub const IMAGE_BASE: u32 = 0x0001_0201;
    pub const IMPORT_LIBRARIES: u32 = 0x0001_03FF;
    pub const CHECKSUM_TIMESTAMP: u32 = 0x0001_8002;
    pub const ORIGINAL_PE_NAME: u32 = 0x0001_83FF;
    pub const STATIC_LIBRARIES: u32 = 0x0002_00FF;
    pub const TLS_INFO: u32 = 0x0002_0104;
    pub const DEFAULT_STACK_SIZE: u32 = 0x0002_0200;
    pub const DEFAULT_HEAP_SIZE: u32 = 0x0002_0401;
    pub const SYSTEM_FLAGS: u32 = 0x0003_0000;
    pub const EXECUTION_INFO: u32 = 0x0004_0006;
    pub const ALTERNATE_TITLE_IDS: u32 = 0x0004_07FF;
    pub const GAME_RATINGS: u32 = 0x0004_0310;
    pub const LAN_KEY: u32 = 0x0004_0404;
    pub const EXPORTS_BY_NAME: u32 = 0x00E1_0402;
}

/// Largest number of alternate title IDs: each is looked up when content is listed.
const MAX_ALTERNATE_TITLES: u64 = 256;
/// Largest number of TLS slots, and largest size of static TLS data in bytes: each guest thread
/// gets both.
const MAX_TLS_SLOTS: u64 = 0x1_0000;
const MAX_TLS_DATA: u64 = 16 << 20;

/// An entry of the optional header table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionalHeader {
    /// Key of the header; see [`key`].
    pub key: u32,
    /// Second word of the entry, as stored.
    pub word: u32,
    /// File offset of the entry.
    pub offset: u64,
    /// Interpretation of the second word.
    pub value: OptionalValue,
}

/// Interpretation of the second word of an optional header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionalValue {
    /// The word is the value.
    Word(u32),
    /// The word is the file offset of a body of `size` bytes, checked to be inside the headers.
    Body {
        /// Offset in the file.
        offset: u32,
        /// Size in bytes.
        size: u32,
    },
}

/// A statically linked library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticLibrary {
    /// Name of up to 8 characters.
    pub name: String,
    /// Major, minor, build and fix number.
    pub version: [u16; 4],
    /// Approval: 0 none, 1 possible, 2 approved, 3 expired.
    pub approval: u8,
}

/// Reads the table of `count` entries that follows the main header.
pub(super) fn read_table(header: Fields<'_>, count: u32) -> Result<Vec<OptionalHeader>, FormatError> {
    let size = (count as usize)
        .checked_mul(8)
        .ok_or_else(|| header.invalid(0x14, format!("{count} optional headers fit no file")))?;
    let table = header.sub(MAIN_HEADER_SIZE, size, "XEX optional header table")?;
    let mut found = Vec::with_capacity(count as usize);
    for at in (0..size).step_by(8) {
        let key = table.u32(at)?;
        let word = table.u32(at + 4)?;
        let body = match key & 0xFF {
            0 | 1 => None,
            0xFF => Some(Fields { what: "XEX optional header size", ..header }.u32(word as usize)?),
            // Other low bytes are the size of the body in words.
            dwords => Some(dwords * 4),
        };
        let value = match body {
            None => OptionalValue::Word(word),
            Some(size) => {
                header.sub(word as usize, size as usize, "XEX optional header body")?;
                OptionalValue::Body { offset: word, size }
            }
        };
        found.push(OptionalHeader { key, word, offset: table.origin + at as u64, value });
    }
    Ok(found)
}

pub(super) fn find(table: &[OptionalHeader], key: u32) -> Option<&OptionalHeader> {
    table.iter().find(|entry| entry.key == key)
}

/// The fields of an entry's body; only for keys with a body.
pub(super) fn body<'a>(header: Fields<'a>, entry: &OptionalHeader) -> Result<Fields<'a>, FormatError> {
    match entry.value {
        OptionalValue::Body { offset, size } => {
            header.sub(offset as usize, size as usize, "XEX optional header body")
        }
        OptionalValue::Word(_) => {
            Err(FormatError::invalid("XEX optional header", entry.offset, "it has no body"))
        }
    }
}

pub(super) fn read_tls(
    header: Fields<'_>,
    entry: Option<&OptionalHeader>,
    inside: impl Fn(u32, u32) -> bool,
) -> Result<Option<TlsInfo>, FormatError> {
    let Some(entry) = entry else { return Ok(None) };
    let body = Fields { what: "XEX TLS info", ..body(header, entry)? };
    let tls = TlsInfo {
        slot_count: body.u32(0)?,
        raw_data_address: GuestAddr(body.u32(4)?),
        data_size: body.u32(8)?,
        raw_data_size: body.u32(0xC)?,
    };
    FormatError::check_limit("XEX TLS slot count", body.origin, u64::from(tls.slot_count), MAX_TLS_SLOTS)?;
    FormatError::check_limit("XEX TLS data size", body.origin + 8, u64::from(tls.data_size), MAX_TLS_DATA)?;
    if tls.raw_data_size > tls.data_size {
        return Err(body.invalid(
            0xC,
            format!("{} bytes of initial data in {} bytes of storage", tls.raw_data_size, tls.data_size),
        ));
    }
    if tls.raw_data_size != 0 && !inside(tls.raw_data_address.0, tls.raw_data_size) {
        return Err(body.invalid(
            4,
            format!("{} bytes at {} are outside the image", tls.raw_data_size, tls.raw_data_address),
        ));
    }
    Ok(Some(tls))
}

pub(super) fn read_execution(
    header: Fields<'_>,
    entry: Option<&OptionalHeader>,
) -> Result<Option<ExecutionInfo>, FormatError> {
    let Some(entry) = entry else { return Ok(None) };
    let body = Fields { what: "XEX execution info", ..body(header, entry)? };
    Ok(Some(ExecutionInfo {
        media_id: MediaId(body.u32(0)?),
        version: Version(body.u32(4)?),
        base_version: Version(body.u32(8)?),
        title_id: TitleId(body.u32(0xC)?),
        platform: body.u8(0x10)?,
        executable_type: body.u8(0x11)?,
        disc_number: body.u8(0x12)?,
        disc_count: body.u8(0x13)?,
        savegame_id: body.u32(0x14)?,
    }))
}

pub(super) fn read_resources(
    header: Fields<'_>,
    entry: Option<&OptionalHeader>,
    inside: impl Fn(u32, u32) -> bool,
) -> Result<Vec<Resource>, FormatError> {
    let Some(entry) = entry else { return Ok(Vec::new()) };
    let body = Fields { what: "XEX resource info", ..body(header, entry)? };
    let mut resources = Vec::new();
    for at in items(body.bytes.len()) {
        let resource = Resource {
            name: text(body.slice(at, 8)?),
            address: GuestAddr(body.u32(at + 8)?),
            size: body.u32(at + 0xC)?,
        };
        if !inside(resource.address.0, resource.size) {
            return Err(body.invalid(
                at,
                format!("{} bytes at {} are outside the image", resource.size, resource.address),
            ));
        }
        resources.push(resource);
    }
    Ok(resources)
}

/// Reads the other titles whose content this title can open.
pub(super) fn read_alternate_titles(
    header: Fields<'_>,
    entry: Option<&OptionalHeader>,
) -> Result<Vec<TitleId>, FormatError> {
    let Some(entry) = entry else { return Ok(Vec::new()) };
    let body = Fields { what: "XEX alternate title ids", ..body(header, entry)? };
    let count = body.bytes.len().saturating_sub(4) / 4;
    FormatError::check_limit(
        "XEX alternate title id count",
        body.origin,
        count as u64,
        MAX_ALTERNATE_TITLES,
    )?;
    (4..).step_by(4).take(count).map(|at| body.u32(at).map(TitleId)).collect()
}

pub(super) fn read_static_libraries(
    header: Fields<'_>,
    entry: Option<&OptionalHeader>,
) -> Result<Vec<StaticLibrary>, FormatError> {
    let Some(entry) = entry else { return Ok(Vec::new()) };
    let body = Fields { what: "XEX static libraries", ..body(header, entry)? };
    let mut libraries = Vec::new();
    for at in items(body.bytes.len()) {
        libraries.push(StaticLibrary {
            name: text(body.slice(at, 8)?),
            version: [
                body.u16(at + 8)?,
                body.u16(at + 0xA)?,
                body.u16(at + 0xC)?,
                u16::from(body.u8(at + 0xF)?),
            ],
            approval: body.u8(at + 0xE)?,
        });
    }
    Ok(libraries)
}

/// Offsets of the complete 16-byte items after a body's size word.
fn items(body_size: usize) -> impl Iterator<Item = usize> {
    (4..).step_by(16).take(body_size.saturating_sub(4) / 16)
}

/// Reads a size word followed by a text.
pub(super) fn read_sized_text(
    header: Fields<'_>,
    entry: Option<&OptionalHeader>,
) -> Result<Option<String>, FormatError> {
    let Some(entry) = entry else { return Ok(None) };
    let body = body(header, entry)?;
    Ok(Some(text(body.bytes.get(4..).unwrap_or(&[]))))
}
