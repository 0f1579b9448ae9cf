//! Databases of titles (XDBF): the one in an executable's resources (SPA) says what the title is
//! called, shows its picture and lists what can be achieved; one of each profile and title (GPD)
//! says what has been.
//!
//! ```text
//! header, table of entries (section, id, offset, size), table of free places, data
//! ```
//! An entry that lies outside of the data is refused when the database is read, so what is asked
//! for later is there. Text of a title's database is UTF-8, that of a profile's UTF-16.
//!
//! What a profile's says is read and written by [`crate::gpd`].
//!
//! Facts: reference/stfs_gdfx.md.

use crate::error::FormatError;
use crate::fields::Fields;
use std::collections::BTreeMap;

const WHAT: &str = "XDBF";
pub(crate) const MAGIC: u32 = u32::from_be_bytes(*b"XDBF");
pub(crate) const HEADER: usize = 24;
pub(crate) const ENTRY: usize = 18;
pub(crate) const FREE: usize = 8;
/// Entries, at most: more than any title has, and their table has a MiB.
const MOST_ENTRIES: u64 = 0x1_0000;
/// Bytes of a title's text that are shown.
const MOST_TEXT: usize = 1024;
/// Achievements of one title: more than any has.
const MOST_ACHIEVEMENTS: u64 = 0x400;

/// Sections of a title's database.
mod section {
    pub(super) const METADATA: u16 = 1;
    pub(super) const IMAGE: u16 = 2;
    pub(super) const STRINGS: u16 = 3;
}
/// Ids in the section of metadata.
const ACHIEVEMENTS: u64 = u32::from_be_bytes(*b"XACH") as u64;
const TITLE: u64 = u32::from_be_bytes(*b"XTHD") as u64;
const DEFAULT_LANGUAGE: u64 = u32::from_be_bytes(*b"XSTC") as u64;
/// Of the picture, and of the title's name among strings.
pub(crate) const OWN: u64 = 0x8000;
/// Bytes of an achievement.
const ACHIEVEMENT: usize = 0x24;
const ENGLISH: u64 = 1;

/// A database.
#[derive(Clone, Debug)]
pub struct Xdbf<'a> {
    entries: Vec<Entry<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    section: u16,
    id: u64,
    data: Fields<'a>,
}

/// What can be achieved in a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achievement {
    /// Its number in the title.
    pub id: u16,
    /// What it is called.
    pub label: String,
    /// What has been done, for who has done it.
    pub description: String,
    /// What is to be done, for who has not.
    pub unachieved: String,
    /// Id of its picture.
    pub image: u32,
    /// What it is worth.
    pub gamerscore: u16,
    /// Flags, as stored: type in bits 2 to 0, bit 3 if who has not done it sees it.
    pub flags: u32,
}

impl<'a> Xdbf<'a> {
    /// Reads a database's table.
    ///
    /// # Errors
    /// A table or an entry that lies outside of it.
    pub fn read(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let whole = Fields::new(bytes, 0, WHAT);
        let magic = whole.u32(0)?;
        if magic != MAGIC {
            return Err(FormatError::unexpected(WHAT, 0, magic, "XDBF"));
        }
        let (room, used, free) = (whole.u32(8)?, whole.u32(0xC)?, whole.u32(0x10)?);
        for (at, count) in [(8, room), (0xC, used), (0x10, free)] {
            FormatError::check_limit(WHAT, at, count.into(), MOST_ENTRIES)?;
        }
        if used > room {
            return Err(whole.invalid(0xC, format!("{used} entries in room for {room}")));
        }
        let data_at = HEADER + ENTRY * room as usize + FREE * free as usize;
        let data = whole.sub(data_at, bytes.len().saturating_sub(data_at), WHAT)?;
        let mut entries = Vec::with_capacity(used as usize);
        for number in 0..used as usize {
            let entry = whole.sub(HEADER + ENTRY * number, ENTRY, "XDBF entry")?;
            let (offset, size) = (entry.u32(0xA)? as usize, entry.u32(0xE)? as usize);
            let id = u64::from_be_bytes(entry.array(2)?);
            entries.push(Entry { section: entry.u16(0)?, id, data: data.sub(offset, size, "XDBF data")? });
        }
        Ok(Self { entries })
    }

    /// Everything in it, in the order of its table: section, id and bytes.
    pub fn entries(&self) -> impl Iterator<Item = (u16, u64, &'a [u8])> {
        self.entries.iter().map(|entry| (entry.section, entry.id, entry.data.bytes))
    }

    fn find(&self, section: u16, id: u64) -> Option<Fields<'a>> {
        self.entries.iter().find(|entry| (entry.section, entry.id) == (section, id)).map(|entry| entry.data)
    }

    /// The title that it is of.
    pub fn title_id(&self) -> Option<u32> {
        self.find(section::METADATA, TITLE)?.u32(12).ok()
    }

    /// The language that the title is in unless somebody chooses: 1 is English.
    pub fn default_language(&self) -> u64 {
        let found = self.find(section::METADATA, DEFAULT_LANGUAGE);
        found.and_then(|data| data.u32(12).ok()).map_or(ENGLISH, u64::from)
    }

    /// This language if the title has texts in it, or else its own.
    pub fn language_for(&self, language: u64) -> u64 {
        let is_there = self.find(section::STRINGS, language).is_some();
        if is_there { language } else { self.default_language() }
    }

    /// What the title is called, in its default language.
    pub fn title_name(&self) -> Option<String> {
        self.title_name_in(self.default_language())
    }

    /// What the title is called in a language.
    pub fn title_name_in(&self, language: u64) -> Option<String> {
        Some(self.string(language, OWN as u16)).filter(|name| !name.is_empty())
    }

    /// The title's picture (PNG).
    pub fn icon(&self) -> Option<&'a [u8]> {
        self.image(OWN as u32)
    }

    /// A picture (PNG).
    pub fn image(&self, id: u32) -> Option<&'a [u8]> {
        self.find(section::IMAGE, id.into()).map(|data| data.bytes)
    }

    /// A text in a language; in English if it is not there; empty if it is nowhere.
    pub fn string(&self, language: u64, id: u16) -> String {
        let of = |language| self.strings(language).get(&id).map(|text| shown(text));
        of(language).or_else(|| of(ENGLISH)).unwrap_or_default()
    }

    /// The texts of a language by their numbers; the first of each, up to where the table is
    /// damaged.
    fn strings(&self, language: u64) -> BTreeMap<u16, &'a [u8]> {
        let mut texts = BTreeMap::new();
        let Some(table) = self.find(section::STRINGS, language) else { return texts };
        let Ok(count) = table.u16(12) else { return texts };
        let mut at = 14;
        for _ in 0..count {
            let (Ok(id), Ok(length)) = (table.u16(at), table.u16(at + 2)) else { break };
            let Ok(bytes) = table.slice(at + 4, length.into()) else { break };
            texts.entry(id).or_insert(bytes);
            at += 4 + usize::from(length);
        }
        texts
    }

    /// What can be achieved, in the order of the table.
    ///
    /// # Errors
    /// A table that is shorter than it says, or has more than any title's.
    pub fn achievements(&self, language: u64) -> Result<Vec<Achievement>, FormatError> {
        let Some(table) = self.find(section::METADATA, ACHIEVEMENTS) else { return Ok(Vec::new()) };
        let table = Fields { what: "XDBF achievements", ..table };
        let count = usize::from(table.u16(12)?);
        FormatError::check_limit(table.what, table.origin + 12, count as u64, MOST_ACHIEVEMENTS)?;
        let texts = [language, ENGLISH].map(|language| self.strings(language));
        (0..count)
            .map(|number| {
                let row = table.sub(14 + number * ACHIEVEMENT, ACHIEVEMENT, table.what)?;
                let text = |at| {
                    let id = row.u16(at)?;
                    let found = texts.iter().find_map(|texts| texts.get(&id));
                    Ok::<_, FormatError>(found.map(|text| shown(text)).unwrap_or_default())
                };
                Ok(Achievement {
                    id: row.u16(0)?,
                    label: text(2)?,
                    description: text(4)?,
                    unachieved: text(6)?,
                    image: row.u32(8)?,
                    gamerscore: row.u16(0xC)?,
                    flags: row.u32(0x10)?,
                })
            })
            .collect()
    }
}

/// A text as it is shown: not too long, without what would move a terminal's cursor.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(MOST_TEXT)]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
