//! Parsers for the console's file formats: XEX2 and ELF executables; disc images, packages and
//! archives; title databases. All reads go through the [`ReadAt`] trait.
//!
//! Files are untrusted: sizes are bounded before allocation, offsets are checked before use, and an
//! error is a [`FormatError`] that names the structure, its offset, and the reason. No input causes
//! a panic.
//!
//! Each format has one file and one row in [`FORMATS`].
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod elf;
pub mod error;
mod expansion_limit;
mod fields;
pub mod findings;
pub mod gdfx;
pub mod gpd;
pub mod image;
pub mod lzx;
pub mod map_file;
pub mod pack;
pub mod parts;
pub mod pe;
pub mod read_at;
pub mod stfs;
pub mod svod;
pub mod title_files;
mod unsupported;
pub mod volume;
pub mod xdbf;
pub mod xex;
pub mod zar;
pub mod zip;

use std::io;
use std::sync::Arc;

pub use elf::Elf;
pub use error::{FormatError, Reason};
pub use findings::Findings;
pub use image::LoadedImage;
pub use parts::{NoParts, Parts};
pub use read_at::{ReadAt, Section};
pub use volume::Volume;
pub use xex::{KeyRing, Xex};

/// Opens a volume from a file and the files that belong to it.
pub type OpenParts = fn(Arc<dyn ReadAt>, &dyn Parts) -> Result<Volume, FormatError>;

/// A file format: how to detect it, and how to open it.
#[derive(Debug)]
pub struct Format {
    /// Short name, as shown and as used on the command line.
    pub name: &'static str,
    /// Short description of the format.
    pub description: &'static str,
    /// Extensions of files that may be titles of this format; empty if its files have none, or if
    /// none are titles.
    pub extensions: &'static [&'static str],
    /// Whether a file starts like this format; the rest is not checked.
    pub detect: fn(&dyn ReadAt) -> io::Result<bool>,
    /// How to open it.
    pub opens: Opens,
    /// How to verify a file against the hashes in it; `None` if the format is not readable.
    pub verify: Option<Verify>,
}

/// Verifies a file against the hashes in it. Errors that end the verification are returned; all
/// others are findings.
pub type Verify = fn(Arc<dyn ReadAt>, &dyn Parts, &KeyRing, &mut Findings) -> Result<(), FormatError>;

/// Kinds of formats by their contents.
#[derive(Clone, Copy, Debug)]
pub enum Opens {
    /// An executable, with the reader that decrypts and decompresses it.
    Executable(fn(&dyn ReadAt, &KeyRing) -> Result<LoadedImage, FormatError>),
    /// A volume of files, one of which is the executable, with its reader.
    Volume(fn(Arc<dyn ReadAt>) -> Result<Volume, FormatError>),
    /// A volume that consists of several files, with its reader.
    Parts(OpenParts),
    /// A format that is not readable, with advice for the user.
    Unread(&'static str),
}

const EXTRACT: &str = "extract it, and name the folder that has default.xex";

/// All formats, in the order of detection.
pub static FORMATS: &[Format] = &[
    Format {
        name: "xex",
        description: "an Xbox 360 executable (XEX)",
        extensions: &["xex"],
        detect: xex::detect,
        opens: Opens::Executable(|file, keys| Xex::read(file)?.load(file, keys)),
        verify: Some(|file, _, keys, found| {
            Xex::read(&file)?.load(&file, keys).map(|image| verify_digests(&image, found))
        }),
    },
    Format {
        name: "old-xex",
        description: "an Xbox 360 executable of another generation than XEX1 and XEX2",
        extensions: &[],
        detect: xex::detect_other,
        opens: Opens::Unread("early development kits used this format; only XEX1 and XEX2 are read"),
        verify: None,
    },
    Format {
        // Before `elf`, which looks at the magic alone.
        name: "other-elf",
        description: "an ELF file for another machine",
        extensions: &[],
        detect: unsupported::is_other_elf,
        opens: Opens::Unread("only 32-bit big-endian PowerPC executables run here"),
        verify: None,
    },
    Format {
        name: "elf",
        description: "a 32-bit big-endian PowerPC executable (ELF)",
        extensions: &["elf"],
        detect: elf::detect,
        opens: Opens::Executable(|file, _| Ok(Elf::read(file)?.load())),
        verify: Some(|file, _, _, found| Elf::read(&file).map(|elf| verify_digests(&elf.load(), found))),
    },
    Format {
        name: "gdfx",
        description: "an Xbox disc image (GDFX, XISO)",
        extensions: &["iso"],
        detect: gdfx::detect,
        opens: Opens::Volume(gdfx::open),
        verify: Some(|file, _, _, found| gdfx::verify(&file, found)),
    },
    Format {
        name: "svod",
        description: "the header of a Games on Demand package (SVOD)",
        extensions: &[],
        detect: unsupported::is_svod,
        opens: Opens::Parts(svod::open),
        verify: Some(|file, parts, _, found| svod::verify(file, parts, found)),
    },
    Format {
        name: "svod-data",
        description: "a data file of a Games on Demand package (SVOD)",
        extensions: &[],
        detect: svod::detect_data,
        opens: Opens::Parts(svod::open),
        verify: Some(|file, parts, _, found| svod::verify(file, parts, found)),
    },
    Format {
        name: "stfs",
        description: "a content package (STFS: CON, LIVE or PIRS)",
        extensions: &["con", "live", "pirs"],
        detect: stfs::detect,
        opens: Opens::Volume(stfs::open),
        verify: Some(|file, _, _, found| stfs::verify(file, found)),
    },
    Format {
        name: "zar",
        description: "a ZArchive",
        extensions: &["zar"],
        detect: zar::detect,
        opens: Opens::Volume(zar::open),
        verify: Some(|file, _, _, found| zar::verify(file, found)),
    },
    Format {
        name: "xbe",
        description: "an executable of the first Xbox (XBE)",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"XBEH"]),
        opens: Opens::Unread("that is another console; this is an emulator of the Xbox 360"),
        verify: None,
    },
    Format {
        name: "ciso",
        description: "a compressed disc image (CSO, CCI)",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"CISO", b"CCIM"]),
        opens: Opens::Unread(
            "decompress it to an ISO, extract that, and name the folder that has default.xex",
        ),
        verify: None,
    },
    Format {
        // After `gdfx`: the image of a whole game disc begins with the part for DVD players.
        name: "iso9660",
        description: "an ordinary disc image (ISO 9660) without an Xbox volume",
        extensions: &[],
        detect: |file| unsupported::has(file, 0x8001, b"CD001"),
        opens: Opens::Unread(
            "it may be the part of a game disc that DVD players see; an image of the whole disc is needed",
        ),
        verify: None,
    },
    Format {
        name: "zip",
        description: "a ZIP archive",
        extensions: &["zip"],
        detect: zip::detect,
        opens: Opens::Volume(zip::open),
        verify: Some(|file, _, _, found| zip::verify(file, found)),
    },
    Format {
        name: "xdbf",
        description: "a database of a title's or a profile's (XDBF, GPD)",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"XDBF"]),
        opens: Opens::Unread("it has no program"),
        verify: None,
    },
    Format {
        name: "7z",
        description: "a 7z archive",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"7z\xBC\xAF\x27\x1C"]),
        opens: Opens::Unread(EXTRACT),
        verify: None,
    },
    Format {
        name: "rar",
        description: "a RAR archive",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"Rar!\x1A\x07"]),
        opens: Opens::Unread(EXTRACT),
        verify: None,
    },
    Format {
        name: "cab",
        description: "a Microsoft cabinet",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"MSCF"]),
        opens: Opens::Unread(EXTRACT),
        verify: None,
    },
    Format {
        name: "compressed",
        description: "a compressed file (gzip, bzip2, xz or Zstandard)",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"\x1F\x8B", b"BZh", b"\xFD7zXZ\0", b"\x28\xB5\x2F\xFD"]),
        opens: Opens::Unread("decompress it first"),
        verify: None,
    },
    Format {
        name: "tar",
        description: "a tar archive",
        extensions: &[],
        detect: |file| unsupported::has(file, 257, b"ustar"),
        opens: Opens::Unread(EXTRACT),
        verify: None,
    },
    Format {
        // Before `pe`, which looks at the first two bytes alone.
        name: "xenon-pe",
        description: "an Xbox 360 program before its conversion to a XEX (PE)",
        extensions: &[],
        detect: unsupported::is_xenon_pe,
        opens: Opens::Unread("the console starts what it was converted to; that is called .xex"),
        verify: None,
    },
    Format {
        name: "pe",
        description: "a Windows program",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"MZ"]),
        opens: Opens::Unread("the console's executables are called .xex"),
        verify: None,
    },
    Format {
        name: "picture",
        description: "a picture (PNG or JPEG)",
        extensions: &[],
        detect: |file| unsupported::begins(file, &[b"\x89PNG", b"\xFF\xD8\xFF"]),
        opens: Opens::Unread("name the title's executable (.xex) or its folder"),
        verify: None,
    },
    Format {
        name: "zeros",
        description: "a file of zeros",
        extensions: &[],
        detect: unsupported::is_zeros,
        opens: Opens::Unread("a copy or a download of it has failed; get it again"),
        verify: None,
    },
];

/// The detected format of the file, or `None`.
pub fn identify(source: &dyn ReadAt) -> io::Result<Option<&'static Format>> {
    for format in FORMATS {
        if (format.detect)(source)? {
            return Ok(Some(format));
        }
    }
    Ok(None)
}

/// Detects and loads an executable of any format.
///
/// # Errors
/// A file of unknown format, one that is not an executable, or an error of the format's reader.
pub fn load(source: &dyn ReadAt, keys: &KeyRing) -> Result<LoadedImage, FormatError> {
    const WHAT: &str = "file";
    let found = identify(source).map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
    match found {
        Some(Format { opens: Opens::Executable(load), .. }) => load(source, keys),
        Some(Format { opens: Opens::Volume(_) | Opens::Parts(_), description, .. }) => {
            Err(FormatError::unsupported(WHAT, 0, format!("it is {description}, and no executable itself")))
        }
        Some(Format { opens: Opens::Unread(advice), description, .. }) => {
            Err(FormatError::unsupported(WHAT, 0, format!("it is {description}: {advice}")))
        }
        None => Err(FormatError::unsupported(WHAT, 0, unknown(source))),
    }
}

/// Converts an executable's digest checks to findings.
fn verify_digests(image: &LoadedImage, findings: &mut Findings) {
    for digest in &image.digests {
        findings.checked();
        if !digest.ok {
            findings.fault(FormatError::invalid(digest.what.clone(), digest.offset, "its hash is another"));
        }
    }
}

/// Describes the start of a file of unknown format.
pub fn unknown(source: &dyn ReadAt) -> String {
    let mut bytes = [0; 16];
    // Ignore read errors: callers have already read the file before.
    let length = source.read_at(0, &mut bytes).unwrap_or(0);
    let begin = &bytes[..length];
    if begin.is_empty() {
        return "it is empty".to_owned();
    }
    let hex: Vec<String> = begin.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = String::from_utf8_lossy(begin);
    let text = if text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()) && begin.is_ascii() {
        format!(" {text:?}")
    } else {
        String::new()
    };
    format!(
        "it is neither an Xbox 360 executable (XEX) nor a PowerPC ELF, nor anything else that is known: it begins \
         with {}{text}",
        hex.join(" ")
    )
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
