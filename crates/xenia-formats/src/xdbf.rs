//! Title databases (XDBF): the resource of an executable (SPA) has the title's name, icon and list
//! of achievements; the database of a profile and title (GPD) has the unlocked ones.
//!
//! ```text
//! header, table of entries (section, ID, offset, size), table of free ranges, data
//! ```
//! Entries outside of the data are refused on reading, so later accesses cannot fail. Texts are
//! UTF-8 in a title's database, UTF-16 in a profile's.
//!
//! Databases of profiles are read and written by [`crate::gpd`].
//!
//! Facts: the Free60 wiki's page on XDBF, and xenia-canary's `xdbf_utils.h`.

use crate::error::{FormatError, limited};
use crate::fields::Fields;
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::ENGLISH;

const WHAT: &str = "XDBF";
pub(crate) const MAGIC: u32 = u32::from_be_bytes(*b"XDBF");
pub(crate) const HEADER: usize = 24;
pub(crate) const ENTRY: usize = 18;
pub(crate) const FREE: usize = 8;
/// Largest number of entries: more than any title has; their table takes about 1 MiB.
const MAX_ENTRIES: u64 = 0x1_0000;
/// Longest title text that is shown, in bytes.
const MAX_TEXT: usize = 1024;
/// Largest number of achievements of a title: more than any has.
const MAX_ACHIEVEMENTS: u64 = 0x400;

/// Sections of a title's database.
mod section {
    pub(super) const METADATA: u16 = 1;
    pub(super) const IMAGE: u16 = 2;
    pub(super) const STRINGS: u16 = 3;
}
/// IDs of metadata entries.
const ACHIEVEMENTS: u64 = u32::from_be_bytes(*b"XACH") as u64;
const CONTEXTS: u64 = u32::from_be_bytes(*b"XCXT") as u64;
const PROPERTIES: u64 = u32::from_be_bytes(*b"XPRP") as u64;
const TITLE: u64 = u32::from_be_bytes(*b"XTHD") as u64;
const DEFAULT_LANGUAGE: u64 = u32::from_be_bytes(*b"XSTC") as u64;
/// ID of the title's icon, and of the title's name among the strings.
pub(crate) const OWN: u64 = 0x8000;
/// Size of an achievement record in bytes.
const ACHIEVEMENT: usize = 0x24;
/// Size of a row of the contexts, in bytes: id, a halfword, id of the text, largest value, default.
const CONTEXT: usize = 16;
/// Size of a row of the properties, in bytes: id, id of the text, size.
const PROPERTY: usize = 8;

/// A parsed database.
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

/// An achievement of a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achievement {
    /// Number in the title.
    pub id: u16,
    /// Name of the achievement.
    pub label: String,
    /// Description shown when unlocked.
    pub description: String,
    /// Description shown while locked.
    pub unachieved: String,
    /// ID of its image.
    pub image: u32,
    /// Gamerscore of the achievement.
    pub gamerscore: u16,
    /// Flags as stored: type in bits 2 to 0; bit 3 is set if it is visible while locked.
    pub flags: u32,
}

impl<'a> Xdbf<'a> {
    /// Reads the table of entries.
    ///
    /// # Errors
    /// A table or an entry outside of the file.
    pub fn read(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let whole = Fields::new(bytes, 0, WHAT);
        let magic = whole.u32(0)?;
        if magic != MAGIC {
            return Err(FormatError::unexpected(WHAT, 0, magic, "XDBF"));
        }
        let room = whole.u32(8)?;
        let used = whole.u32(0xC)?;
        let free = whole.u32(0x10)?;
        for (at, count) in [(8, room), (0xC, used), (0x10, free)] {
            limited("the number of entries", count.into(), MAX_ENTRIES)
                .map_err(|reason| FormatError::new(WHAT, at, reason))?;
        }
        if used > room {
            return Err(whole.invalid(0xC, format!("{used} entries in room for {room}")));
        }
        let data_at = HEADER + ENTRY * room as usize + FREE * free as usize;
        let data = whole.sub(data_at, bytes.len().saturating_sub(data_at), WHAT)?;
        let mut entries = Vec::with_capacity(used as usize);
        for number in 0..used as usize {
            let entry = whole.sub(HEADER + ENTRY * number, ENTRY, "XDBF entry")?;
            let offset = entry.u32(0xA)? as usize;
            let size = entry.u32(0xE)? as usize;
            let id = u64::from_be_bytes(entry.array(2)?);
            entries.push(Entry { section: entry.u16(0)?, id, data: data.sub(offset, size, "XDBF data")? });
        }
        Ok(Self { entries })
    }

    /// All entries in table order: section, ID and bytes.
    pub fn entries(&self) -> impl Iterator<Item = (u16, u64, &'a [u8])> {
        self.entries.iter().map(|entry| (entry.section, entry.id, entry.data.bytes))
    }

    fn find(&self, section: u16, id: u64) -> Option<Fields<'a>> {
        self.entries.iter().find(|entry| (entry.section, entry.id) == (section, id)).map(|entry| entry.data)
    }

    /// ID of the title.
    pub fn title_id(&self) -> Option<u32> {
        self.find(section::METADATA, TITLE)?.u32(12).ok()
    }

    /// Default language of the title; 1 is English.
    pub fn default_language(&self) -> u64 {
        let found = self.find(section::METADATA, DEFAULT_LANGUAGE);
        found.and_then(|data| data.u32(12).ok()).unwrap_or(ENGLISH).into()
    }

    /// `language` if the title has texts in it, otherwise its default language.
    pub fn language_for(&self, language: u64) -> u64 {
        let is_there = self.find(section::STRINGS, language).is_some();
        if is_there { language } else { self.default_language() }
    }

    /// Name of the title in its default language.
    pub fn title_name(&self) -> Option<String> {
        self.title_name_in(self.default_language())
    }

    /// Name of the title in a language.
    pub fn title_name_in(&self, language: u64) -> Option<String> {
        Some(self.string(language, OWN as u16)).filter(|name| !name.is_empty())
    }

    /// Icon of the title (PNG).
    pub fn icon(&self) -> Option<&'a [u8]> {
        self.image(OWN as u32)
    }

    /// The image (PNG) with this ID.
    pub fn image(&self, id: u32) -> Option<&'a [u8]> {
        self.find(section::IMAGE, id.into()).map(|data| data.bytes)
    }

    /// A text in a language, with English as a fallback; empty if both are missing.
    pub fn string(&self, language: u64, id: u16) -> String {
        let of = |language| self.strings(language).get(&id).map(|text| display_text(text));
        of(language).or_else(|| of(ENGLISH.into())).unwrap_or_default()
    }

    /// The texts of a language by ID; the first of duplicates, up to the first malformed entry.
    fn strings(&self, language: u64) -> BTreeMap<u16, &'a [u8]> {
        let mut texts = BTreeMap::new();
        let Some(table) = self.find(section::STRINGS, language) else { return texts };
        let Ok(count) = table.u16(12) else { return texts };
        // After magic, version and size of the table, and the count.
        let mut at = 14;
        for _ in 0..count {
            let (Ok(id), Ok(length)) = (table.u16(at), table.u16(at + 2)) else { break };
            let Ok(bytes) = table.slice(at + 4, length.into()) else { break };
            texts.entry(id).or_insert(bytes);
            at += 4 + usize::from(length);
        }
        texts
    }

    /// Contexts that the title defines: their largest values by id, up to the end of the table.
    /// `None` if the database has no table of contexts.
    pub fn contexts(&self) -> Option<BTreeMap<u32, u32>> {
        let table = self.find(section::METADATA, CONTEXTS)?;
        let row = |number: usize| {
            let row = table.sub(16 + number * CONTEXT, CONTEXT, table.what).ok()?;
            Some((row.u32(0).ok()?, row.u32(8).ok()?))
        };
        Some((0..table.u32(12).ok()? as usize).map_while(row).collect())
    }

    /// Ids of the properties that the title defines, up to the end of the table. `None` if the
    /// database has no table of properties.
    pub fn properties(&self) -> Option<BTreeSet<u32>> {
        let table = self.find(section::METADATA, PROPERTIES)?;
        let row = |number: usize| table.sub(14 + number * PROPERTY, PROPERTY, table.what).ok()?.u32(0).ok();
        Some((0..usize::from(table.u16(12).ok()?)).map_while(row).collect())
    }

    /// All achievements in table order.
    ///
    /// # Errors
    /// A truncated table, or one with too many entries.
    pub fn achievements(&self, language: u64) -> Result<Vec<Achievement>, FormatError> {
        let Some(table) = self.find(section::METADATA, ACHIEVEMENTS) else { return Ok(Vec::new()) };
        let table = Fields { what: "XDBF achievements", ..table };
        let count = usize::from(table.u16(12)?);
        FormatError::check_limit(
            "XDBF achievement count",
            table.origin + 12,
            count as u64,
            MAX_ACHIEVEMENTS,
        )?;
        let texts = [language, ENGLISH.into()].map(|language| self.strings(language));
        (0..count)
            .map(|number| {
                let row = table.sub(14 + number * ACHIEVEMENT, ACHIEVEMENT, table.what)?;
                let text = |at| {
                    let id = row.u16(at)?;
                    let found = texts.iter().find_map(|texts| texts.get(&id));
                    Ok::<_, FormatError>(found.map(|text| display_text(text)).unwrap_or_default())
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

/// A text for display: bounded, without control characters.
fn display_text(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(MAX_TEXT)]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
