//! Exports of a module: the ordinal table of the security info, and a PE directory with names.
//! Either can be missing.

use xenia_guest::{GuestAddr, Ordinal};

use super::{OptionalValue, Xex, header, key};
use crate::error::FormatError;
use crate::fields::{Fields, text};
use crate::image::ImageExport;

/// Largest number of entries in a table; ordinals have 16 bits.
const MAX_EXPORTS: u64 = 0x1_0000;
/// Longest name that is read.
const MAX_NAME: usize = 256;

pub(super) fn read(xex: &Xex, image: &[u8]) -> Result<Vec<ImageExport>, FormatError> {
    let mut exports = Vec::new();
    if !xex.security.export_table.is_null() {
        read_ordinals(xex, image, &mut exports)?;
    }
    if let Some(found) = xex.optional_header(key::EXPORTS_BY_NAME)
        && let OptionalValue::Body { .. } = found.value
    {
        let body = header::body(Fields::new(&xex.header, 0, "XEX header"), found)?;
        let mut named = Vec::new();
        read_pe_directory(xex, image, body, &mut named)?;
        add_names(&mut exports, named);
    }
    exports.sort_by_key(|export| export.ordinal);
    Ok(exports)
}

/// Adds the names in the directory to the exports of the ordinal table. Exports that only the
/// directory has are inserted after those with the same ordinal, so the ordinal table takes
/// precedence.
fn add_names(exports: &mut Vec<ImageExport>, named: Vec<ImageExport>) {
    let table = exports.len();
    for export in named {
        let same = exports[..table].binary_search_by_key(&export.ordinal, |own| own.ordinal).ok();
        match same.map(|index| &mut exports[index]) {
            Some(own) if own.address == export.address && own.name.is_none() => own.name = export.name,
            _ => exports.push(export),
        }
    }
}

/// Whether an exported address is in the image.
fn is_in_image(xex: &Xex, address: u32) -> bool {
    address.checked_sub(xex.base.0).is_some_and(|offset| offset < xex.security.image_size)
}

fn read_ordinals(xex: &Xex, image: &[u8], out: &mut Vec<ImageExport>) -> Result<(), FormatError> {
    let whole = Fields::new(image, 0, "XEX export table");
    let address = xex.security.export_table;
    let start = address.0.checked_sub(xex.base.0).ok_or_else(|| {
        let offset = u64::from(xex.security_offset) + 0x160;
        FormatError::invalid("XEX export table", offset, format!("{address} is outside the image"))
    })? as usize;
    let fixed = whole.sub(start, 0x2C, whole.what)?;
    // The table has the upper half of the image's base.
    let base = fixed.u32(0x20)? << 16;
    let count = fixed.u32(0x24)?;
    let first = fixed.u32(0x28)?;
    FormatError::check_limit("XEX export count", fixed.origin + 0x24, u64::from(count), MAX_EXPORTS)?;
    FormatError::check_limit(
        "XEX export ordinal",
        fixed.origin + 0x28,
        u64::from(first) + u64::from(count),
        MAX_EXPORTS,
    )?;
    let offsets = whole.sub(start + 0x2C, count as usize * 4, whole.what)?;
    for index in 0..count {
        let offset = offsets.u32(index as usize * 4)?;
        if offset == 0 {
            continue; // an ordinal that isn't in use
        }
        let address = base.wrapping_add(offset);
        if !is_in_image(xex, address) {
            return Err(offsets.invalid(
                index as usize * 4,
                format!("ordinal {} is at {address:#010x}, outside the image", first + index),
            ));
        }
        out.push(ImageExport {
            ordinal: Ordinal((first + index) as u16),
            name: None,
            address: GuestAddr(address),
        });
    }
    Ok(())
}

/// Reads a PE export directory: names relative to the directory, functions relative to the image.
fn read_pe_directory(
    xex: &Xex,
    image: &[u8],
    body: Fields<'_>,
    out: &mut Vec<ImageExport>,
) -> Result<(), FormatError> {
    let whole = Fields::new(image, 0, "PE export directory");
    let start = body.u32(0)? as usize;
    let directory = whole.sub(start, 0x28, whole.what)?;
    // Unsure: whether ordinals count from this base; no file with such a directory was at hand.
    let first = directory.u32_le(0x10)?;
    let function_count = directory.u32_le(0x14)?;
    let name_count = directory.u32_le(0x18)?;
    let origin = directory.origin;
    FormatError::check_limit("PE export count", origin + 0x14, u64::from(function_count), MAX_EXPORTS)?;
    FormatError::check_limit("PE export ordinal", origin + 0x10, u64::from(first), MAX_EXPORTS - 1)?;
    FormatError::check_limit("PE export name count", origin + 0x18, u64::from(name_count), MAX_EXPORTS)?;
    let table = |field: usize, size: u32| {
        let at = start + directory.u32_le(field)? as usize;
        whole.sub(at, size as usize, "PE export directory")
    };
    let functions = table(0x1C, function_count * 4)?;
    let names = table(0x20, name_count * 4)?;
    let indexes = table(0x24, name_count * 2)?;
    for row in 0..name_count as usize {
        let index = indexes.u16_le(row * 2)?;
        let address = xex.base.0.wrapping_add(functions.u32_le(usize::from(index) * 4)?);
        let name_at = start + names.u32_le(row * 4)? as usize;
        let name = image.get(name_at..).unwrap_or(&[]);
        let name = text(&name[..name.len().min(MAX_NAME)]);
        if !is_in_image(xex, address) {
            return Err(names.invalid(row * 4, format!("{name} is at {address:#010x}, outside the image")));
        }
        let ordinal = Ordinal((first as u16).wrapping_add(index));
        out.push(ImageExport { ordinal, name: Some(name), address: GuestAddr(address) });
    }
    Ok(())
}
