//! Writing of a state's file section by section, so that only a few are in memory at once.
//!
//! The header comes first in the file and is known last. So space for the longest header is left
//! free, and what remains of it is filled with spaces.

use crate::error::StateError;
use crate::format::{
    FORMAT_VERSION, MAGIC, MAX_HEADER, MAX_SECTION, MAX_SECTIONS, PREFIX, SectionRow, StateHeader,
    StoredHeader, limit,
};
use crate::section::{StoredSection, is_name};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io::{self, Seek, SeekFrom, Write};

/// Sections that are compressed together, by several threads.
const AT_ONCE: usize = 8;
/// Maximum size in bytes of a row in the header.
const MAX_ROW_SIZE: usize = 200;

/// A file of a state that is being written.
pub struct StateWriter<W> {
    out: W,
    header: StateHeader,
    rows: Vec<SectionRow>,
    names: BTreeSet<String>,
    waiting: Vec<StoredSection>,
    /// Length of the header in bytes.
    room: usize,
}

impl<W: Write + Seek> StateWriter<W> {
    /// Begins a file at the start of `out`, with at most `sections` sections.
    ///
    /// # Errors
    /// The writer's errors; a header that is too long.
    pub fn begin(mut out: W, header: StateHeader, sections: usize) -> io::Result<Self> {
        let own = serde_json::to_vec(&header)?.len() + "\"sections\":[],".len();
        let room = own + sections.min(MAX_SECTIONS) * MAX_ROW_SIZE;
        limit("the header", room as u64, MAX_HEADER.into()).map_err(io::Error::other)?;
        out.seek(SeekFrom::Start((PREFIX + room) as u64))?;
        Ok(Self { out, header, rows: Vec::new(), names: BTreeSet::new(), waiting: Vec::new(), room })
    }

    /// Adds a section.
    ///
    /// # Errors
    /// The writer's errors; a name that is invalid or taken, or more sections or bytes than a file
    /// may have.
    pub fn put(&mut self, section: StoredSection) -> io::Result<()> {
        if !is_name(&section.name) || !self.names.insert(section.name.clone()) {
            return Err(io::Error::other(StateError::SectionName(section.name)));
        }
        limit(&section.name, section.bytes.len() as u64, MAX_SECTION).map_err(io::Error::other)?;
        limit("the list of sections", self.names.len() as u64, MAX_SECTIONS as u64)
            .map_err(io::Error::other)?;
        self.waiting.push(section);
        if self.waiting.len() < AT_ONCE {
            return Ok(());
        }
        self.write_waiting()
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        let sections = std::mem::take(&mut self.waiting);
        self.write_all(&sections)
    }

    /// Compresses sections, and writes them.
    pub(crate) fn write_all(&mut self, sections: &[StoredSection]) -> io::Result<()> {
        for some in sections.chunks(AT_ONCE) {
            let stored: Vec<_> = some.par_iter().map(stored).collect();
            for (row, bytes) in stored {
                self.out.write_all(&bytes)?;
                self.rows.push(row);
            }
        }
        Ok(())
    }

    /// Writes the rest and the header.
    ///
    /// # Errors
    /// The writer's errors; more sections than were promised.
    pub fn finish(mut self) -> io::Result<()> {
        self.write_waiting()?;
        let Self { mut out, header, rows, room, .. } = self;
        let mut header = serde_json::to_vec(&StoredHeader { header, sections: rows })?;
        if header.len() > room {
            return Err(io::Error::other("the state has more sections than it should"));
        }
        header.resize(room, b' ');
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&MAGIC)?;
        out.write_all(&FORMAT_VERSION.to_le_bytes())?;
        out.write_all(&(room as u32).to_le_bytes())?;
        out.write_all(blake3::hash(&header).as_bytes())?;
        out.write_all(&header)?;
        out.flush()
    }
}

/// The row and the compressed bytes of a section.
fn stored(section: &StoredSection) -> (SectionRow, Vec<u8>) {
    let bytes = lz4_flex::block::compress(&section.bytes);
    let row = SectionRow {
        name: section.name.clone(),
        version: section.version,
        bytes: section.bytes.len() as u64,
        stored: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    };
    (row, bytes)
}
