//! A state as a value: its header and its sections, from and to the bytes of a file.

use crate::error::StateError;
use crate::format::{
    FORMAT_VERSION, MAGIC, MAX_HEADER, MAX_SECTION, MAX_SECTIONS, PREFIX, SectionRow, StateHeader,
    StoredHeader, limit,
};
use crate::section::{StateSection, StoredSection, find, get, is_name, is_number, numbered};
use crate::writer::StateWriter;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io::{self, Seek, Write};

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
    fn applies_to(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.name);
        rest.is_some_and(|rest| rest.is_empty() || is_number(rest.strip_prefix('/').unwrap_or_default()))
    }
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
            // With its length, so that other names can't give the same bytes.
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
            let (bound, total) = bounds.find(|(bound, _)| bound.applies_to(&row.name)).ok_or_else(unknown)?;
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
