//! Stub libraries: sections in which an ELF describes its imports, exports and title data for the
//! packer.
//!
//! These sections are *not* allocated (no `a` flag): they take no guest memory, and the packer
//! reads them from the file. All fields are big-endian, as written by the assembler for this
//! machine.
//!
//! # `.xenia.imports`: records of 36 bytes
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0x00 | 24 | library's file name, padded with NUL: `xboxkrnl.exe`, `xam.xex` |
//! | 0x18 | 2 | kind: 0 = variable, 1 = function |
//! | 0x1A | 2 | ordinal |
//! | 0x1C | 4 | address of the slot: 4 bytes of the image, aligned to 4 |
//! | 0x20 | 4 | address of the thunk: 16 bytes of code, aligned to 4; 0 for a variable |
//!
//! The objects only reserve the bytes of slots and thunks; the packer fills them: the slot with the
//! type 0 word, the thunk with the type 1 word, the type 2 word, `mtctr r11`, `bctr`. The kernel's
//! loader replaces both before the title starts, whatever their page's protection.
//!
//! A stub library is an archive with one object per export, so that the linker includes only the
//! exports that a program uses. Do not link it with `--gc-sections`: the records themselves are not
//! referenced. For GNU as:
//!
//! ```text
//! # import_function "xboxkrnl.exe", 3, DbgPrint
//! .macro import_function library:req, ordinal:req, name:req
//!     .section .rodata.xenia.slots,"a",@progbits
//!     .balign 4
//! .Lslot_\name:
//!     .space 4
//!     .text
//!     .balign 4
//!     .globl \name
//!     .type \name,@function
//! \name:
//!     .space 16
//!     .size \name,16
//!     .section .xenia.imports,"",@progbits
//! .Lrecord_\name:
//!     .ascii "\library"
//!     .space 24 - (. - .Lrecord_\name)
//!     .short 1, \ordinal
//!     .long .Lslot_\name, \name
//! .endm
//!
//! # import_variable "xboxkrnl.exe", 0xAD, KeTimeStampBundle
//! # C sees the slot with the variable's address: extern struct time_stamp *KeTimeStampBundle;
//! .macro import_variable library:req, ordinal:req, name:req
//!     .section .rodata.xenia.slots,"a",@progbits
//!     .balign 4
//!     .globl \name
//!     .type \name,@object
//! \name:
//!     .space 4
//!     .size \name,4
//!     .section .xenia.imports,"",@progbits
//! .Lrecord_\name:
//!     .ascii "\library"
//!     .space 24 - (. - .Lrecord_\name)
//!     .short 0, \ordinal
//!     .long \name, 0
//! .endm
//! ```
//!
//! # `.xenia.title`: one record of 16 bytes, optional
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0x00 | 4 | title ID; 0 = no title ID |
//! | 0x04 | 4 | version: major 4 bits, minor 4 bits, build 16 bits, qfe 8 bits |
//! | 0x08 | 4 | media ID |
//! | 0x0C | 4 | stack size of the main thread in bytes; 0 = 0x40000 |
//!
//! # `.xenia.resources`: records of 16 bytes, optional
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0x00 | 8 | name, padded with NUL: the title ID in hexadecimal for its database (XDBF) |
//! | 0x08 | 4 | address of the data, inside a load segment |
//! | 0x0C | 4 | size of the data in bytes |
//!
//! # `.xenia.exports`: records of 32 bytes; their presence makes the file a library
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0x00 | 24 | name, padded with NUL; unnamed if the first byte is NUL |
//! | 0x18 | 2 | zero |
//! | 0x1A | 2 | ordinal |
//! | 0x1C | 4 | address of the function or variable, inside a load segment |
//!
//! A library's entry point is called when it is loaded and before it is unloaded.
//!
//! Other inputs: a `PT_TLS` segment becomes the TLS template, a `.pdata` section the function
//! table.

use xenia_guest::{GuestAddr, Ordinal};

use crate::image::Resource;

use super::PackError;
use crate::elf::Elf;
use crate::fields::Fields;

/// Name of the section with the import records.
pub const IMPORTS_SECTION: &str = ".xenia.imports";
/// Size of an import record in bytes.
pub const IMPORT_RECORD_SIZE: usize = 36;
/// Size of a library name in an import record, in bytes.
pub const LIBRARY_NAME_SIZE: usize = 24;
/// Name of the section with the title record.
pub const TITLE_SECTION: &str = ".xenia.title";
/// Size of the title record in bytes.
pub const TITLE_RECORD_SIZE: usize = 16;
/// Name of the section with the resource records.
pub const RESOURCES_SECTION: &str = ".xenia.resources";
/// Size of a resource record, and of the name in it, in bytes.
pub const RESOURCE_RECORD_SIZE: usize = 16;
const RESOURCE_NAME_SIZE: usize = 8;
/// Name of the section with the export records.
pub const EXPORTS_SECTION: &str = ".xenia.exports";
/// Size of an export record, and of the name in it, in bytes.
pub const EXPORT_RECORD_SIZE: usize = 32;
const EXPORT_NAME_SIZE: usize = 24;

/// An import record of a stub object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StubImport {
    /// The library's file name.
    pub library: String,
    /// Ordinal of the export.
    pub ordinal: Ordinal,
    /// Address of the slot that receives the export's address.
    pub slot: GuestAddr,
    /// Function or variable.
    pub kind: StubKind,
    /// Offset of the record in its section, for errors.
    pub offset: usize,
}

/// An export record of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StubExport {
    /// Name; empty for an unnamed export.
    pub name: String,
    /// Ordinal of the export.
    pub ordinal: Ordinal,
    /// Guest address of the export.
    pub address: GuestAddr,
    /// Offset of the record in its section, for errors.
    pub offset: usize,
}

/// Kind of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StubKind {
    /// A variable, which has only a slot.
    Variable,
    /// A function, called through 16 bytes at `thunk`.
    Function {
        /// Address of the thunk.
        thunk: GuestAddr,
    },
}

/// Contents of the title record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StubTitle {
    /// Title ID, 0 for none.
    pub title_id: u32,
    /// Version in packed form.
    pub version: u32,
    /// ID of the medium.
    pub media_id: u32,
    /// Stack size of the main thread in bytes, 0 for the default.
    pub stack_size: u32,
}

/// Reads the import records of the ELF; empty without such a section.
///
/// # Errors
/// A section of invalid size, an unknown kind, or an invalid name.
pub fn read_imports(elf: &Elf) -> Result<Vec<StubImport>, PackError> {
    let Some((_, bytes)) = elf.section_data(IMPORTS_SECTION) else { return Ok(Vec::new()) };
    let refuse = |offset, reason| PackError::Section { section: IMPORTS_SECTION, offset, reason };
    let mut imports = Vec::with_capacity(bytes.len() / IMPORT_RECORD_SIZE);
    for (index, record) in bytes.chunks(IMPORT_RECORD_SIZE).enumerate() {
        let offset = index * IMPORT_RECORD_SIZE;
        let fields = Fields::new(record, offset as u64, "import record");
        let field = |error: crate::FormatError| refuse(offset, error.reason.to_string());
        let thunk = fields.u32(0x20).map_err(field)?;
        let name = &record[..LIBRARY_NAME_SIZE];
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        let (name, padding) = name.split_at(end);
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) || padding.iter().any(|&b| b != 0) {
            return Err(refuse(offset, "the library's name is not a name padded with NUL".into()));
        }
        let kind = match (fields.u16(0x18).map_err(field)?, thunk) {
            (0, 0) => StubKind::Variable,
            (1, 1..) => StubKind::Function { thunk: GuestAddr(thunk) },
            (0 | 1, _) => {
                return Err(refuse(offset, format!("kind and thunk {thunk:#x} contradict each other")));
            }
            (kind, _) => return Err(refuse(offset, format!("unknown kind {kind}"))),
        };
        imports.push(StubImport {
            library: String::from_utf8_lossy(name).into_owned(),
            ordinal: Ordinal(fields.u16(0x1A).map_err(field)?),
            slot: GuestAddr(fields.u32(0x1C).map_err(field)?),
            kind,
            offset,
        });
    }
    Ok(imports)
}

/// Reads the title record, if the ELF has one.
///
/// # Errors
/// A section whose size is not that of one record.
pub fn read_title(elf: &Elf) -> Result<Option<StubTitle>, PackError> {
    let Some((_, bytes)) = elf.section_data(TITLE_SECTION) else { return Ok(None) };
    if bytes.len() != TITLE_RECORD_SIZE {
        let reason = format!("{} bytes instead of {TITLE_RECORD_SIZE}", bytes.len());
        return Err(PackError::Section { section: TITLE_SECTION, offset: 0, reason });
    }
    let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Ok(Some(StubTitle { title_id: word(0), version: word(4), media_id: word(8), stack_size: word(12) }))
}

/// Reads the resource records of the ELF; empty without such a section.
///
/// # Errors
/// A section of invalid size, or an invalid name.
pub fn read_resources(elf: &Elf) -> Result<Vec<Resource>, PackError> {
    let Some((_, bytes)) = elf.section_data(RESOURCES_SECTION) else { return Ok(Vec::new()) };
    let mut resources = Vec::new();
    for (index, record) in bytes.chunks(RESOURCE_RECORD_SIZE).enumerate() {
        let offset = index * RESOURCE_RECORD_SIZE;
        let refuse = |reason| PackError::Section { section: RESOURCES_SECTION, offset, reason };
        let fields = Fields::new(record, offset as u64, "resource record");
        let field = |error: crate::FormatError| refuse(error.reason.to_string());
        let address = fields.u32(8).map_err(field)?;
        let size = fields.u32(0xC).map_err(field)?;
        let name = &record[..RESOURCE_NAME_SIZE];
        let end = name.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let name = &name[..end];
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return Err(refuse("the resource's name is not a name padded with NUL".into()));
        }
        let name = String::from_utf8_lossy(name).into_owned();
        resources.push(Resource { name, address: GuestAddr(address), size });
    }
    Ok(resources)
}

/// Reads the export records of the ELF; empty without such a section.
///
/// # Errors
/// A section of invalid size, or an invalid name.
pub fn read_exports(elf: &Elf) -> Result<Vec<StubExport>, PackError> {
    let Some((_, bytes)) = elf.section_data(EXPORTS_SECTION) else { return Ok(Vec::new()) };
    let mut exports = Vec::with_capacity(bytes.len() / EXPORT_RECORD_SIZE);
    for (index, record) in bytes.chunks(EXPORT_RECORD_SIZE).enumerate() {
        let offset = index * EXPORT_RECORD_SIZE;
        let refuse = |reason| PackError::Section { section: EXPORTS_SECTION, offset, reason };
        let fields = Fields::new(record, offset as u64, "export record");
        let field = |error: crate::FormatError| refuse(error.reason.to_string());
        let address = GuestAddr(fields.u32(0x1C).map_err(field)?);
        let ordinal = Ordinal(fields.u16(0x1A).map_err(field)?);
        let name = &record[..EXPORT_NAME_SIZE];
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        let (name, padding) = name.split_at(end);
        if !name.iter().all(u8::is_ascii_graphic) || padding.iter().any(|&byte| byte != 0) {
            return Err(refuse("the export's name is not a name padded with NUL".into()));
        }
        exports.push(StubExport {
            name: String::from_utf8_lossy(name).into_owned(),
            ordinal,
            address,
            offset,
        });
    }
    Ok(exports)
}
