//! Bytes to structs: XEX2, ELF and the containers titles come in; reads through one trait.
//!
//! Everything in a file is hostile until checked: sizes are capped before they are allocated,
//! offsets are checked before they are followed, and a refusal is a [`FormatError`] that names what
//! was read, at which offset, and why it was refused. Nothing here panics on input.
//!
//! A format is one file and one line in [`FORMATS`].
#![forbid(unsafe_code)]

pub mod elf;
pub mod error;
mod fields;
pub mod image;
pub mod lzx;
pub mod pack;
pub mod pe;
pub mod read_at;
pub mod xex;

use std::io;

pub use elf::Elf;
pub use error::{FormatError, Reason};
pub use image::LoadedImage;
pub use read_at::ReadAt;
pub use xex::{KeyRing, Xex};

/// A file format: how to recognise it, and how to open it.
#[derive(Debug)]
pub struct Format {
    /// Short name, as shown and as used on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Whether a file begins as this format does; says nothing about the rest.
    pub detect: fn(&dyn ReadAt) -> io::Result<bool>,
    /// Reads, decrypts and decompresses an executable.
    pub load: fn(&dyn ReadAt, &KeyRing) -> Result<LoadedImage, FormatError>,
}

/// Every format, in the order of detection.
#[rustfmt::skip]
pub static FORMATS: &[Format] = &[
    Format { name: "xex", description: "Xbox 360 executable (XEX2)", detect: xex::detect, load: |file, keys| Xex::read(file)?.load(file, keys) },
    Format { name: "elf", description: "32-bit big-endian PowerPC executable (ELF)", detect: elf::detect, load: |file, _| Elf::read(file)?.load() },
];

/// The format that the file begins as, or `None`.
pub fn identify(source: &dyn ReadAt) -> io::Result<Option<&'static Format>> {
    for format in FORMATS {
        if (format.detect)(source)? {
            return Ok(Some(format));
        }
    }
    Ok(None)
}

/// Recognises and loads an executable of any format.
///
/// # Errors
/// A file of no known format, or what that format's reader refuses.
pub fn load(source: &dyn ReadAt, keys: &KeyRing) -> Result<LoadedImage, FormatError> {
    const WHAT: &str = "file";
    let found = identify(source).map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
    let Some(format) = found else {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        return Err(FormatError::unsupported(WHAT, 0, format!("it begins as none of {}", names.join(", "))));
    };
    (format.load)(source, keys)
}
