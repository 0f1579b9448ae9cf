//! The container: magic, format version, header, sections.
//!
//! ```text
//! 0   8   "XRSTATE" and a zero byte
//! 8   4   format version, little endian
//! 12  4   length of the header in bytes, little endian
//! 16  32  BLAKE3 digest of the header
//! 48  …   the header, JSON, and spaces
//! …   …   the sections, in the order of the header's list, each compressed (LZ4 block)
//! ```
//!
//! Specification: `docs/src/states.md`.

use crate::error::StateError;
use crate::section::{StateSection, StoredSection, find, get, is_name, is_number, numbered};
use crate::writer::StateWriter;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, Write};

/// Version of the container that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Maximum size of a header in bytes.
pub const MAX_HEADER: u32 = 1 << 20;

/// Maximum number of sections in a state.
pub const MAX_SECTIONS: usize = 4096;

/// Maximum size of a section's content in bytes.
pub const MAX_SECTION: u64 = 64 << 20;

/// Bound on the contents of a section, or of all sections that have its name and a number.
#[derive(Clone, Copy, Debug)]
pub struct SectionBound {
    /// Name of the section, without a number.
    pub name: &'static str,
    /// Maximum size in bytes, without compression.
    pub bytes: u64,
}

impl SectionBound {
    /// Whether this is the bound of the section `name`.
    fn is_of(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.name);
        rest.is_some_and(|rest| rest.is_empty() || is_number(rest.strip_prefix('/').unwrap_or_default()))
    }
}

pub(crate) const MAGIC: [u8; 8] = *b"XRSTATE\0";
/// Bytes before the header.
pub(crate) const PREFIX: usize = 48;

/// The header of a state, which can be read without the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateHeader {
    /// Program that wrote the file, with its version.
    pub program: String,
    /// Conditions that the run which loads the state must share. The program that loads it compares
    /// them.
    pub conditions: serde_json::Map<String, serde_json::Value>,
    /// Facts for people, such as the title's name, guest time and number of frames, by name.
    pub about: BTreeMap<String, String>,
}

/// A row of the header's list of sections.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SectionRow {
    pub(crate) name: String,
    pub(crate) version: u16,
    /// Length of the content in bytes.
    pub(crate) bytes: u64,
    /// Length in the file in bytes.
    pub(crate) stored: u64,
    /// BLAKE3 digest of the bytes in the file, as hexadecimal digits.
    pub(crate) blake3: String,
}

/// The header as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredHeader {
    #[serde(flatten)]
    pub(crate) header: StateHeader,
    pub(crate) sections: Vec<SectionRow>,
}

/// A state: its header and its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateFile {
    /// Header of the file.
    pub header: StateHeader,
    sections: Vec<StoredSection>,
}

impl StateFile {
    /// A state without sections.
    pub fn new(header: StateHeader) -> Self {
        Self { header, sections: Vec::new() }
    }

    /// Adds a section.
    ///
    /// # Errors
    /// As [`StoredSection::encode`] and [`Self::put_stored`].
    pub fn put<S: StateSection>(&mut self, section: &S) -> Result<(), StateError> {
        self.put_stored(StoredSection::encode(section)?)
    }

    /// Adds an encoded section.
    ///
    /// # Errors
    /// A name that is invalid or taken, or more sections or bytes than a file may have.
    pub fn put_stored(&mut self, section: StoredSection) -> Result<(), StateError> {
        if !is_name(&section.name) || self.find(&section.name).is_some() {
            return Err(StateError::SectionName(section.name));
        }
        limit(&section.name, section.bytes.len() as u64, MAX_SECTION)?;
        limit("the list of sections", self.sections.len() as u64 + 1, MAX_SECTIONS as u64)?;
        self.sections.push(section);
        Ok(())
    }

    /// Decodes the section of type `S`.
    ///
    /// # Errors
    /// The section is missing, has another version or cannot be decoded.
    pub fn get<S: StateSection>(&self) -> Result<S, StateError> {
        get(&self.sections)
    }

    /// Decodes all sections of type `S` that have a number, in their order.
    ///
    /// # Errors
    /// As [`Self::get`], for the first that cannot be decoded.
    pub fn get_numbered<S: StateSection>(&self) -> impl Iterator<Item = Result<S, StateError>> {
        (0..).map_while(|number| self.find(&numbered(S::NAME, number))).map(StoredSection::decode)
    }

    /// The section with this name.
    pub fn find(&self, name: &str) -> Option<&StoredSection> {
        find(&self.sections, name)
    }

    /// Name of this state by its contents: a BLAKE3 digest of its conditions and sections, as
    /// hexadecimal digits. It does not depend on the compression.
    pub fn identity(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let conditions = serde_json::Value::Object(self.header.conditions.clone());
        hasher.update(conditions.to_string().as_bytes());
        for StoredSection { name, version, bytes } in &self.sections {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            hasher.update(&version.to_le_bytes()).update(blake3::hash(bytes).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// All sections, in the order of the file.
    pub fn sections(&self) -> &[StoredSection] {
        &self.sections
    }

    /// Writes the file from the start of `out` on. Sections are compressed by several threads.
    ///
    /// # Errors
    /// The writer's errors.
    pub fn write(&self, out: impl Write + Seek) -> io::Result<()> {
        let mut writer = StateWriter::begin(out, self.header.clone(), self.sections.len())?;
        writer.write_all(&self.sections)?;
        writer.finish()
    }

    /// Reads a file from its bytes. Its sections are those of `bounds`, whose lengths are checked
    /// before anything is decompressed: a few bytes may decompress to 255 times as many.
    ///
    /// # Errors
    /// Anything that violates the format; the error names the part.
    pub fn read(bytes: &[u8], bounds: &[SectionBound]) -> Result<Self, StateError> {
        let (StoredHeader { header, sections: rows }, mut rest) = read_header(bytes)?;
        limit("the list of sections", rows.len() as u64, MAX_SECTIONS as u64)?;
        let mut totals = vec![0_u64; bounds.len()];
        let mut names = BTreeSet::new();
        let mut parts = Vec::with_capacity(rows.len());
        for row in &rows {
            if !is_name(&row.name) || !names.insert(&row.name) {
                return Err(StateError::SectionName(row.name.clone()));
            }
            let part = || format!("section `{}`", row.name);
            limit(&part(), row.bytes, MAX_SECTION)?;
            let unknown = || StateError::UnknownSection(row.name.clone());
            let mut bounds = bounds.iter().zip(&mut totals);
            let (bound, total) = bounds.find(|(bound, _)| bound.is_of(&row.name)).ok_or_else(unknown)?;
            *total = total.saturating_add(row.bytes);
            limit(&format!("all of `{}`", bound.name), *total, bound.bytes)?;
            let cut = || StateError::Truncated { file_length: bytes.len() as u64, part: part() };
            let stored = usize::try_from(row.stored).map_err(|_| cut())?;
            let (stored, after) = rest.split_at_checked(stored).ok_or_else(cut)?;
            parts.push(stored);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(StateError::TrailingBytes(rest.len() as u64));
        }
        let stored: Vec<_> = rows.iter().zip(parts).collect();
        let sections = stored.into_par_iter().map(|(row, part)| decompress(row, part));
        Ok(Self { header, sections: sections.collect::<Result<_, _>>()? })
    }

    /// Reads the header only, from the first bytes of a file.
    ///
    /// # Errors
    /// Anything in the header that violates the format.
    pub fn read_header(bytes: &[u8]) -> Result<StateHeader, StateError> {
        Ok(read_header(bytes)?.0.header)
    }
}

pub(crate) fn limit(part: &str, length: u64, limit: u64) -> Result<(), StateError> {
    if length <= limit {
        return Ok(());
    }
    Err(StateError::TooLong { part: part.to_owned(), length, limit })
}

/// The header, and the bytes after it.
fn read_header(bytes: &[u8]) -> Result<(StoredHeader, &[u8]), StateError> {
    let cut = || StateError::Truncated { file_length: bytes.len() as u64, part: "the header".to_owned() };
    let Some(rest) = bytes.strip_prefix(&MAGIC) else {
        let starts = !bytes.is_empty() && MAGIC.starts_with(bytes);
        return Err(if starts { cut() } else { StateError::NotAState });
    };
    let (&version, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let version = u32::from_le_bytes(version);
    if version != FORMAT_VERSION {
        return Err(StateError::FormatVersion { found: version, reads: FORMAT_VERSION });
    }
    let (&length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(length);
    limit("the header", length.into(), MAX_HEADER.into())?;
    let (digest, rest) = rest.split_first_chunk::<32>().ok_or_else(cut)?;
    debug_assert_eq!(bytes.len() - rest.len(), PREFIX, "the prefix is as long as specified");
    let (header, rest) = rest.split_at_checked(length as usize).ok_or_else(cut)?;
    if blake3::hash(header).as_bytes() != digest {
        return Err(StateError::Damaged("the header".to_owned()));
    }
    let header = serde_json::from_slice(header).map_err(|error| StateError::Header(error.to_string()))?;
    Ok((header, rest))
}

fn decompress(row: &SectionRow, stored: &[u8]) -> Result<StoredSection, StateError> {
    let damaged = || StateError::Damaged(format!("section `{}`", row.name));
    if blake3::hash(stored).to_hex().as_str() != row.blake3 {
        return Err(damaged());
    }
    let length = usize::try_from(row.bytes).map_err(|_| damaged())?;
    let plain = lz4_flex::block::decompress(stored, length).map_err(|_| damaged())?;
    if plain.len() != length {
        return Err(damaged());
    }
    Ok(StoredSection { name: row.name.clone(), version: row.version, bytes: plain })
}
