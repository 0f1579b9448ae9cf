//! Sections and symbols of an ELF.
//!
//! Names are looked up here rather than by the `object` crate, which searches the end of a name
//! through the whole string table: with a table without NUL bytes each symbol would cost the size
//! of the table.

use object::elf;
use object::endian::BigEndian;
use object::pod;
use object::read::elf::{FileHeader, SectionHeader, Sym};
use xenia_guest::GuestAddr;

use super::{ElfSection, Header};
use crate::error::FormatError;
use crate::fields::text;
use crate::image::Symbol;

/// Largest number of named sections that are read; further ones are ignored.
const MAX_SECTIONS: usize = 1 << 14;
/// Largest number of symbols that are read.
const MAX_SYMBOLS: usize = 1 << 20;
/// Longest name of a section or symbol; longer ones are truncated.
const MAX_NAME: usize = 255;
/// Total size of all symbol names in bytes; further symbols are ignored.
const MAX_NAMES: usize = 64 << 20;

type Row = elf::SectionHeader32<BigEndian>;

/// Reads all named sections with contents in the file, and all named symbols.
pub(super) fn read(header: &Header, file: &[u8]) -> Result<(Vec<ElfSection>, Vec<Symbol>), FormatError> {
    let table = u64::from(header.e_shoff(BigEndian));
    let damaged =
        |error: object::read::Error| FormatError::invalid("ELF section table", table, error.to_string());
    let rows = header.section_headers(BigEndian, file).map_err(damaged)?;
    if rows.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let names = header.shstrndx(BigEndian, file).map_err(damaged)?;
    let names = contents(rows, names, table, file)?;

    let mut sections = Vec::new();
    let mut symbols = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if row.sh_type(BigEndian) == elf::SHT_SYMTAB && symbols.is_empty() {
            let strings = contents(rows, row.sh_link(BigEndian), table, file)?;
            symbols = read_symbols(contents(rows, index as u32, table, file)?, strings);
        }
        if row.file_range(BigEndian).is_none() || sections.len() >= MAX_SECTIONS {
            continue;
        }
        let name = name(names, row.sh_name(BigEndian));
        if name.is_empty() {
            continue;
        }
        // Only to refuse a section outside the file: `section_data` reads it later without an
        // error.
        contents(rows, index as u32, table, file)?;
        let allocated = row.sh_flags(BigEndian).contains(elf::SHF_ALLOC);
        sections.push(ElfSection {
            name,
            address: if allocated { GuestAddr(row.sh_addr(BigEndian)) } else { GuestAddr::NULL },
            file_offset: row.sh_offset(BigEndian),
            size: row.sh_size(BigEndian),
        });
    }
    Ok((sections, symbols))
}

/// The bytes of section `index`; empty for a section without contents in the file.
fn contents<'a>(rows: &[Row], index: u32, table: u64, file: &'a [u8]) -> Result<&'a [u8], FormatError> {
    let Some(row) = rows.get(index as usize) else {
        return Err(FormatError::invalid(
            "ELF section table",
            table,
            format!("it refers to section {index} of {}", rows.len()),
        ));
    };
    let Some((offset, size)) = row.file_range(BigEndian) else { return Ok(&[]) };
    usize::try_from(offset + size)
        .ok()
        .and_then(|end| file.get(offset as usize..end))
        .ok_or_else(|| FormatError::truncated("ELF section", offset, size, file.len() as u64))
}

/// The name at an offset of a string table, truncated to [`MAX_NAME`].
fn name(strings: &[u8], offset: u32) -> String {
    let rest = strings.get(offset as usize..).unwrap_or(&[]);
    text(&rest[..rest.len().min(MAX_NAME)])
}

fn read_symbols(table: &[u8], strings: &[u8]) -> Vec<Symbol> {
    let count = table.len() / size_of::<elf::Sym32<BigEndian>>();
    let Ok((rows, _)) = pod::slice_from_bytes::<elf::Sym32<BigEndian>>(table, count) else {
        return Vec::new();
    };
    let mut symbols = Vec::new();
    let mut name_bytes = 0;
    for row in rows.iter().take(MAX_SYMBOLS) {
        let kind = row.st_type();
        if row.is_undefined(BigEndian) || matches!(kind, elf::STT_FILE | elf::STT_SECTION | elf::STT_TLS) {
            continue;
        }
        let name = name(strings, row.st_name(BigEndian));
        name_bytes += name.len();
        if name_bytes > MAX_NAMES {
            break;
        }
        if !name.is_empty() {
            symbols.push(Symbol {
                name,
                address: GuestAddr(row.st_value(BigEndian)),
                size: row.st_size(BigEndian),
                is_function: kind == elf::STT_FUNC,
            });
        }
    }
    symbols.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
    symbols
}
