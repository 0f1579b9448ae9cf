//! PE header at the start of every image, and the `.pdata` function table.
//!
//! The header is little-endian, the function table big-endian. The linker has arranged sections as
//! in memory, so section addresses are offsets in the image and no relocation is needed.

use xenia_guest::GuestAddr;

use crate::error::FormatError;
use crate::fields::{Fields, text};
use crate::image::FunctionEntry;

/// Machine type: PowerPC, big-endian.
pub(crate) const MACHINE: u16 = 0x1F2;
/// Magic of the 32-bit optional header.
pub(crate) const OPTIONAL_MAGIC: u16 = 0x10B;
/// The console's subsystem number.
pub(crate) const SUBSYSTEM: u16 = 14;
/// Size of the file header after the signature.
pub(crate) const FILE_HEADER_SIZE: usize = 20;
/// Size of the 32-bit optional header with its 16 data directories.
pub(crate) const OPTIONAL_HEADER_SIZE: usize = 0xE0;
/// Size of a section header in bytes.
pub(crate) const SECTION_HEADER_SIZE: usize = 40;
/// Offset of the first data directory in the optional header.
pub(crate) const DIRECTORIES: usize = 0x60;
/// Index of the exception directory, which is the function table.
pub(crate) const EXCEPTION_DIRECTORY: usize = 3;

/// Kind of a function table row, bits 31 and 30: a function with a language handler. The other
/// kinds are save routines (0), functions without a handler (1) and restore routines (2); the
/// latter consist of their prologue only and have no handler, although bit 31 is set.
const HANDLED: u32 = 3;

/// Largest size of a function table in bytes: a million functions.
const MAX_FUNCTION_TABLE: u32 = 8 << 20;

/// A section of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeSection {
    /// Name, such as `.text`.
    pub name: String,
    /// Offset in the image.
    pub address: u32,
    /// Size in memory in bytes.
    pub size: u32,
    /// Section flags, as stored.
    pub flags: u32,
}

/// A range of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageRange {
    /// Offset in the image.
    pub offset: u32,
    /// Size in bytes.
    pub size: u32,
}

/// The parsed fields of a PE header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeHeaders {
    /// All sections in file order.
    pub sections: Vec<PeSection>,
    /// The function table, if the exception directory refers to one.
    exception: Option<ImageRange>,
}

/// Whether the bytes start like an image for this machine.
pub(crate) fn looks_like_image(bytes: &[u8]) -> bool {
    read_file_header(bytes).is_ok()
}

/// Reads the file header, with checks that distinguish an image from random data.
fn read_file_header(image: &[u8]) -> Result<Fields<'_>, FormatError> {
    let dos = Fields::new(image, 0, "PE header");
    let magic = dos.u16(0)?;
    if magic != u16::from_be_bytes(*b"MZ") {
        return Err(FormatError::unexpected("PE header of the image", 0, magic, "the letters MZ"));
    }
    let signature_at = dos.u32_le(0x3C)? as usize;
    let header = dos.sub(signature_at, 4 + FILE_HEADER_SIZE, "PE file header")?;
    let signature = header.u32(0)?;
    if signature != u32::from_be_bytes(*b"PE\0\0") {
        return Err(FormatError::unexpected("PE signature", header.origin, signature, "the letters PE"));
    }
    let machine = header.u16_le(4)?;
    if machine != MACHINE {
        return Err(FormatError::unexpected("PE machine", header.origin + 4, machine, "PowerPC (0x1f2)"));
    }
    Ok(header)
}

impl PeHeaders {
    /// Parses the header of an image. Offsets in errors are offsets in the image.
    pub fn read(image: &[u8]) -> Result<Self, FormatError> {
        let header = read_file_header(image)?;
        let whole = Fields::new(image, 0, "PE header");
        let section_count = usize::from(header.u16_le(6)?);
        let optional_size = usize::from(header.u16_le(0x14)?);
        let optional_at = header.origin as usize + 4 + FILE_HEADER_SIZE;
        let optional = whole.sub(optional_at, optional_size, "PE optional header")?;
        let magic = optional.u16_le(0)?;
        if magic != OPTIONAL_MAGIC {
            return Err(FormatError::unexpected(
                "PE optional header",
                optional.origin,
                magic,
                "the magic 0x10b",
            ));
        }
        let directory_count = optional.u32_le(0x5C)? as usize;
        let exception = if directory_count > EXCEPTION_DIRECTORY {
            let at = DIRECTORIES + EXCEPTION_DIRECTORY * 8;
            let range = ImageRange { offset: optional.u32_le(at)?, size: optional.u32_le(at + 4)? };
            Some(range).filter(|range| range.size != 0)
        } else {
            None
        };
        let table = whole.sub(
            optional_at + optional_size,
            section_count * SECTION_HEADER_SIZE,
            "PE section table",
        )?;
        let mut sections = Vec::with_capacity(section_count);
        for at in (0..section_count * SECTION_HEADER_SIZE).step_by(SECTION_HEADER_SIZE) {
            sections.push(PeSection {
                name: text(table.slice(at, 8)?),
                size: table.u32_le(at + 8)?,
                address: table.u32_le(at + 0xC)?,
                flags: table.u32_le(at + 0x24)?,
            });
        }
        Ok(Self { sections, exception })
    }

    /// The function table: that of the exception directory, otherwise the section `.pdata`.
    pub fn function_table(&self) -> Option<ImageRange> {
        self.exception.or_else(|| {
            let section = self.sections.iter().find(|section| section.name == ".pdata")?;
            Some(ImageRange { offset: section.address, size: section.size })
        })
    }

    /// Reads the function table up to its end or its first zero row.
    ///
    /// Invalid rows are skipped: the table only serves to unwind and to find functions, so a title
    /// with a damaged table can still run.
    ///
    /// # Errors
    /// The table reaches beyond the image or exceeds the size limit.
    pub fn read_functions(&self, image: &[u8], base: GuestAddr) -> Result<Vec<FunctionEntry>, FormatError> {
        let Some(ImageRange { offset, size }) = self.function_table() else { return Ok(Vec::new()) };
        let whole = Fields::new(image, 0, "PE function table");
        let limit = u64::from(MAX_FUNCTION_TABLE);
        FormatError::check_limit("PE function table size", u64::from(offset), u64::from(size), limit)?;
        let table = whole.sub(offset as usize, size as usize, whole.what)?;
        let mut functions = Vec::with_capacity(size as usize / 8);
        for at in (0..size as usize / 8).map(|row| row * 8) {
            let start = table.u32(at)?;
            let packed = table.u32(at + 4)?;
            if start == 0 {
                break; // the section is padded to whole pages
            }
            let function = FunctionEntry {
                start: GuestAddr(start),
                // Both sizes are stored in instructions.
                size: (packed >> 8 & 0x3F_FFFF) * 4,
                prologue_size: (packed & 0xFF) * 4,
                has_exception_handler: packed >> 30 == HANDLED,
            };
            let end = start.checked_sub(base.0).and_then(|at| at.checked_add(function.size));
            if start.is_multiple_of(4) && end.is_some_and(|end| end as usize <= image.len()) {
                functions.push(function);
            }
        }
        Ok(functions)
    }
}
