//! Detection of unsupported formats, so that error messages can name the format and advise users.
//!
//! When a reader is added, its row of [`FORMATS`](crate::FORMATS) moves with it: `detect` stays,
//! `opens` changes.

use std::io;

use crate::elf;
use crate::read_at::{ReadAt, read_prefix};

/// Offset of the volume type in a content package's header.
const PACKAGE_VOLUME: u64 = 0x3A9;
const SVOD: u32 = 1;

/// Whether `magic` is at `offset`.
pub(crate) fn has(source: &dyn ReadAt, offset: u64, magic: &[u8]) -> io::Result<bool> {
    let mut bytes = vec![0; magic.len()];
    Ok(source.read_at(offset, &mut bytes)? == magic.len() && bytes == magic)
}

/// Whether the file starts with one of these.
pub(crate) fn begins(source: &dyn ReadAt, magics: &[&[u8]]) -> io::Result<bool> {
    any(magics, |magic| has(source, 0, magic))
}

pub(crate) fn any<T: Copy>(items: &[T], mut test: impl FnMut(T) -> io::Result<bool>) -> io::Result<bool> {
    for item in items {
        if test(*item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it is a content package of any kind.
pub(crate) fn is_package(source: &dyn ReadAt) -> io::Result<bool> {
    begins(source, &[b"CON ", b"LIVE", b"PIRS"])
}

pub(crate) fn is_svod(source: &dyn ReadAt) -> io::Result<bool> {
    Ok(is_package(source)? && has(source, PACKAGE_VOLUME, &SVOD.to_be_bytes())?)
}

/// Whether it is an ELF for another machine: 64-bit, little-endian, or not PowerPC.
pub(crate) fn is_other_elf(source: &dyn ReadAt) -> io::Result<bool> {
    const BIG_ENDIAN_32: [u8; 2] = [1, 2];
    const POWERPC: [u8; 2] = [0, 20];
    let prefix: [u8; 20] = read_prefix(source)?;
    let whole = source.size()? >= prefix.len() as u64;
    Ok(whole && elf::detect(source)? && (prefix[4..6] != BIG_ENDIAN_32 || prefix[18..] != POWERPC))
}

/// Whether it is a PE for the console's processor: a linker output before its conversion to a XEX.
pub(crate) fn is_xenon_pe(source: &dyn ReadAt) -> io::Result<bool> {
    const HEADER_AT: usize = 0x3C;
    const XENON: u16 = 0x1F2;
    let prefix: [u8; HEADER_AT + 4] = read_prefix(source)?;
    let Some(&at) = prefix[HEADER_AT..].first_chunk() else { return Ok(false) };
    let [low, high] = XENON.to_le_bytes();
    Ok(prefix.starts_with(b"MZ")
        && has(source, u32::from_le_bytes(at).into(), &[b'P', b'E', 0, 0, low, high])?)
}

/// Whether the file contains only zeros. Files of up to 64 MiB are read completely; of larger ones,
/// evenly spaced samples of that total size.
pub(crate) fn is_zeros(source: &dyn ReadAt) -> io::Result<bool> {
    const PIECE: u64 = 0x1_0000;
    const MAX_PIECES: u64 = 1024;
    let pieces = source.size()?.div_ceil(PIECE).max(1);
    let mut bytes = vec![0; PIECE as usize];
    let mut has_any = false;
    for index in 0..pieces.min(MAX_PIECES) {
        let piece = if pieces > MAX_PIECES { pieces / MAX_PIECES * index } else { index };
        let length = source.read_at(piece * PIECE, &mut bytes)?;
        has_any |= length > 0;
        if bytes[..length].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(has_any)
}
