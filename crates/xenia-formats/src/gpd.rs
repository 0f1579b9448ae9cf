//! Profile databases (GPD): one per title, with its achievements, and the dashboard's, with the
//! titles played.
//!
//! The container format is that of [`crate::xdbf`]. Written files have sorted entries without gaps;
//! unknown entries are preserved. A record that is shorter than its type is not listed, but
//! preserved.
//!
//! ```text
//! section  1 achievements   2 pictures   3 settings   4 titles played   5 texts
//! ```
//! Achievements, settings and titles have lists of changes for the online service, which are kept
//! up to date: other programs rely on them.
//!
//! Facts: the Free60 wiki's pages on XDBF and GPD, and Velocity's reader (hetelek/Velocity).

use crate::error::{FormatError, limited};
use crate::fields::Fields;
use crate::xdbf::{ENTRY, FREE, HEADER, MAGIC, OWN, Xdbf};
use std::collections::{BTreeMap, BTreeSet};

/// Largest size of a database, and of all its entries together, in bytes: more than the images of
/// any title's achievements.
pub const MAX_BYTES: usize = 16 << 20;
/// Largest size of an image in bytes; the console's have 64 by 64 pixels.
pub const MAX_PICTURE: usize = 64 << 10;
/// Largest total size of images in bytes; the texts of the largest permitted number of achievements
/// need less.
const MAX_PICTURES: usize = 12 << 20;
/// Capacities of the tables are multiples of this.
const ROOM: usize = 512;
const VERSION: u32 = 0x1_0000;
/// Longest text that is read, in characters.
const MAX_TEXT: usize = 512;

/// Sections of a profile database.
mod section {
    pub(super) const ACHIEVEMENTS: u16 = 1;
    pub(super) const IMAGES: u16 = 2;
    pub(super) const SETTINGS: u16 = 3;
    pub(super) const TITLES: u16 = 4;
    pub(super) const TEXTS: u16 = 5;
}
/// IDs from this on are for the online service. This one is the section's list of changes.
const SYNC: u64 = 0x1_0000_0000;
/// ID of the numbers of changes: the next one, the last that the service has, and when it got it.
const SYNC_NUMBERS: u64 = 0x2_0000_0000;
/// Size of these numbers in bytes.
const SYNC_NUMBERS_SIZE: usize = 0x18;
/// Size of a row of the list in bytes: ID of the record, number of its change or 0 if the service
/// has it.
const SYNC_ROW: usize = 0x10;
/// Largest number of rows of a list that is changed.
const MAX_SYNC_ROWS: usize = 0x1_0000;
/// Size of records before their texts, in bytes.
const ACHIEVEMENT: usize = 0x1C;
const TITLE: usize = 0x28;
/// Flag of a title's record, in the last byte of its flags: the service lacks an unlocked
/// achievement.
const UNSENT: u8 = 1;
/// Size of a setting's record: ID, a word, type, 7 bytes, value of 8 bytes (xenia-canary's
/// `gpd_info.h`). The value of a binary setting is the number of the bytes after the record.
const SETTING: usize = 0x18;
/// Types in a setting's record: a 32-bit integer, and bytes.
const INT32: u8 = 1;
const BINARY: u8 = 6;

/// Flag: the achievement is unlocked.
pub const EARNED: u32 = 0x2_0000;
/// Flag: the achievement is visible while locked.
pub const SHOWN: u32 = 8;

/// An achievement of a title, with its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Number in the title.
    pub id: u32,
    /// ID of its image.
    pub image: u32,
    /// Gamerscore of the achievement.
    pub gamerscore: u32,
    /// Flags: the title's, and [`EARNED`].
    pub flags: u32,
    /// Time of unlocking, in units of 100 ns since 1601; 0 if locked.
    pub unlocked_at: u64,
    /// Name of the achievement.
    pub label: String,
    /// Description shown when unlocked.
    pub description: String,
    /// Description shown while locked.
    pub unachieved: String,
}

impl Record {
    /// Whether the achievement is unlocked.
    pub fn is_earned(&self) -> bool {
        self.flags & EARNED != 0
    }
}

/// A sum over achievements: of all, and of those that are unlocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AchievementSum {
    /// The sum over all achievements.
    pub possible: u32,
    /// The part of the unlocked ones.
    pub earned: u32,
}

impl AchievementSum {
    fn add(&mut self, amount: u32, is_earned: bool) {
        self.possible = self.possible.saturating_add(amount);
        if is_earned {
            self.earned = self.earned.saturating_add(amount);
        }
    }
}

/// Sums over the achievements of a title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GpdTotals {
    /// Number of achievements.
    pub achievements: AchievementSum,
    /// Gamerscore of the achievements; sums saturate.
    pub gamerscore: AchievementSum,
}

impl GpdTotals {
    /// Sums over these achievements.
    pub fn of(achievements: &[Record]) -> Self {
        let mut totals = Self::default();
        for record in achievements {
            totals.achievements.add(1, record.is_earned());
            totals.gamerscore.add(record.gamerscore, record.is_earned());
        }
        totals
    }
}

/// A played title with its totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayedTitle {
    /// ID of the title.
    pub title_id: u32,
    /// Number of achievements.
    pub achievements: AchievementSum,
    /// Gamerscore of the achievements.
    pub gamerscore: AchievementSum,
    /// Time it was last played, in units of 100 ns since 1601.
    pub played_at: u64,
    /// Name of the title.
    pub name: String,
}

/// A profile database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gpd {
    entries: BTreeMap<(u16, u64), Vec<u8>>,
}

impl Gpd {
    /// Parses a database.
    ///
    /// # Errors
    /// A database with tables that point outside of it, or that exceeds the size limit.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let what = "GPD";
        let whole = limited("the size", bytes.len() as u64, MAX_BYTES as u64);
        whole.map_err(|reason| FormatError::new(what, 0, reason))?;
        let mut entries = BTreeMap::new();
        let mut size = 0;
        for (section, id, data) in Xdbf::read(bytes)?.entries() {
            // Entries can share their bytes, so the sum can exceed the file size.
            size += data.len();
            limited("the size of all entries", size as u64, MAX_BYTES as u64)
                .map_err(|reason| FormatError::new(what, 0, reason))?;
            // The first of duplicates counts, as in `Xdbf::find`.
            entries.entry((section, id)).or_insert_with(|| data.to_vec());
        }
        Ok(Self { entries })
    }

    /// Serializes the database.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Velocity reads entries up to a row of another section, beyond a full table, too.
        let room = (self.entries.len() + 1).next_multiple_of(ROOM);
        let words = [MAGIC, VERSION, room as u32, self.entries.len() as u32, ROOM as u32, 1];
        let mut file: Vec<u8> = words.map(u32::to_be_bytes).concat();
        let mut at = 0;
        for (&(section, id), data) in &self.entries {
            file.extend(section.to_be_bytes());
            file.extend(id.to_be_bytes());
            file.extend([at, data.len() as u32].map(u32::to_be_bytes).concat());
            at += data.len() as u32;
        }
        file.resize(HEADER + ENTRY * room, 0);
        // Free space: the range after the data.
        file.extend([at, u32::MAX - at].map(u32::to_be_bytes).concat());
        file.resize(HEADER + ENTRY * room + FREE * ROOM, 0);
        file.extend(self.entries.values().flatten());
        file
    }

    fn section(&self, section: u16) -> impl Iterator<Item = (u64, Fields<'_>)> {
        // Entries from `SYNC` on are not records.
        let range = (section, 0)..(section, SYNC);
        self.entries.range(range).map(|(&(_, id), data)| (id, Fields::new(data, 0, "GPD record")))
    }

    /// All achievements, sorted by ID.
    pub fn achievements(&self) -> Vec<Record> {
        self.section(section::ACHIEVEMENTS).filter_map(|(_, record)| achievement(record)).collect()
    }

    /// Adds or replaces an achievement. If its texts are unchanged, only its numbers are written:
    /// another program's record may have longer texts, line breaks, and bytes after the texts.
    pub fn set_achievement(&mut self, record: &Record) {
        let key = (section::ACHIEVEMENTS, u64::from(record.id));
        let words = [record.id, record.image, record.gamerscore, record.flags];
        let mut numbers = words.map(u32::to_be_bytes).concat();
        numbers.extend(record.unlocked_at.to_be_bytes());
        let known = self.entries.get_mut(&key).filter(|known| has_texts_of(known, record));
        if let Some(known) = known {
            known[4..ACHIEVEMENT].copy_from_slice(&numbers);
        } else {
            let mut bytes = (ACHIEVEMENT as u32).to_be_bytes().to_vec();
            bytes.extend(numbers);
            for text in [&record.label, &record.description, &record.unachieved] {
                bytes.extend(units(text));
            }
            self.entries.insert(key, bytes);
        }
        self.note_change(key.0, key.1);
    }

    /// Notes a change of a record for the online service. Other programs expect a row for each
    /// record: Velocity writes a missing one over the bytes after the list.
    fn note_change(&mut self, section: u16, id: u64) {
        let list = self.entries.get(&(section, SYNC)).map_or(&[][..], Vec::as_slice);
        if list.len() > MAX_SYNC_ROWS * SYNC_ROW {
            return;
        }
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word: u64, &byte| word << 8 | u64::from(byte));
        let rows = list.chunks_exact(SYNC_ROW).map(|row| [word(&row[..8]), word(&row[8..])]);
        let mut rows: Vec<[u64; 2]> = rows.filter(|row| row[0] != id).collect();
        let records = || self.entries.range((section, 0)..(section, SYNC)).map(|(key, _)| key.1);
        let mut changed = Vec::new();
        if rows.len() + 1 < records().count() {
            let known: BTreeSet<u64> = rows.iter().map(|row| row[0]).chain([id]).collect();
            changed.extend(records().filter(|record| !known.contains(record)));
        }
        changed.push(id);
        let numbers = self.entries.entry((section, SYNC_NUMBERS)).or_default();
        numbers.resize(numbers.len().max(SYNC_NUMBERS_SIZE), 0);
        // Numbers begin at 1, as 0 in a row means that the service has the record.
        let mut next = word(&numbers[..8]).max(1);
        for id in changed {
            rows.push([id, next]);
            next = next.saturating_add(1);
        }
        numbers[..8].copy_from_slice(&next.to_be_bytes());
        let list = rows.into_iter().flatten().flat_map(u64::to_be_bytes).collect();
        self.entries.insert((section, SYNC), list);
    }

    /// All played titles, sorted by ID.
    pub fn titles(&self) -> Vec<PlayedTitle> {
        self.section(section::TITLES).filter_map(|(_, record)| played_title(record)).collect()
    }

    /// Adds or updates a played title. Unknown fields are preserved, and so is the name if the new
    /// one is empty.
    pub fn set_title(&mut self, title: &PlayedTitle) {
        let key = (section::TITLES, u64::from(title.title_id));
        let mut bytes = self.entries.remove(&key).unwrap_or_default();
        let is_named = title.name.is_empty() || title.name == text(&bytes, &mut { TITLE });
        // Another program's bytes after an equal name stay as they are.
        if bytes.len() < TITLE || !is_named {
            bytes.resize(TITLE, 0);
            bytes.extend(units(&title.name));
        }
        let PlayedTitle { title_id, achievements, gamerscore, .. } = title;
        let words =
            [*title_id, achievements.possible, achievements.earned, gamerscore.possible, gamerscore.earned];
        bytes[..0x14].copy_from_slice(&words.map(u32::to_be_bytes).concat());
        // Consoles send the achievements of titles with this flag (Velocity, xenia-canary).
        if achievements.earned != 0 {
            bytes[0x1F] |= UNSENT;
        }
        bytes[0x20..TITLE].copy_from_slice(&title.played_at.to_be_bytes());
        self.entries.insert(key, bytes);
        self.note_change(key.0, key.1);
    }

    /// Updates the time at which a title was last played; returns whether the title is listed.
    pub fn set_played_at(&mut self, title_id: u32, played_at: u64) -> bool {
        let key = (section::TITLES, u64::from(title_id));
        let Some(bytes) = self.entries.get_mut(&key).filter(|bytes| bytes.len() >= TITLE) else {
            return false;
        };
        bytes[0x20..TITLE].copy_from_slice(&played_at.to_be_bytes());
        self.note_change(key.0, key.1);
        true
    }

    /// Updates a 32-bit setting that another program has stored. A missing one stays missing, and
    /// so does a missing list of changes.
    pub fn update_number(&mut self, setting: u32, number: u32) {
        let key = (section::SETTINGS, u64::from(setting));
        let number = number.to_be_bytes();
        let record = self.entries.get_mut(&key).filter(|bytes| bytes.len() >= SETTING && bytes[8] == INT32);
        let Some(bytes) = record.filter(|bytes| bytes[0x10..0x14] != number) else { return };
        bytes[0x10..0x14].copy_from_slice(&number);
        if self.entries.contains_key(&(key.0, SYNC)) {
            self.note_change(key.0, key.1);
        }
    }

    /// The bytes of a binary setting; `None` if it is missing or incomplete.
    pub fn binary_setting(&self, setting: u32) -> Option<&[u8]> {
        let record = self.entries.get(&(section::SETTINGS, setting.into()))?;
        let record = Fields::new(record, 0, "GPD record");
        let size = record.u32(0x10).ok()? as usize;
        let is_binary = record.u8(8).is_ok_and(|kind| kind == BINARY);
        record.slice(SETTING, size).ok().filter(|_| is_binary)
    }

    /// Adds or replaces a binary setting. Unknown fields of its record are preserved.
    pub fn set_binary_setting(&mut self, setting: u32, value: &[u8]) {
        let key = (section::SETTINGS, u64::from(setting));
        let mut bytes = self.entries.remove(&key).unwrap_or_default();
        // This drops the old value, which follows the record.
        bytes.resize(SETTING, 0);
        bytes[..4].copy_from_slice(&setting.to_be_bytes());
        bytes[8] = BINARY;
        bytes[0x10..0x14].copy_from_slice(&(value.len() as u32).to_be_bytes());
        bytes.extend(value);
        self.entries.insert(key, bytes);
        self.note_change(key.0, key.1);
    }

    /// The image (PNG) with this ID.
    pub fn image(&self, id: u32) -> Option<&[u8]> {
        self.entries.get(&(section::IMAGES, id.into())).map(Vec::as_slice)
    }

    /// Adds an image, unless the ID exists, the image is too large, or the total limit is reached:
    /// achievements matter more than their images. A title can refer to the same bytes repeatedly.
    pub fn add_image(&mut self, id: u32, picture: &[u8]) {
        let images = self.entries.range((section::IMAGES, 0)..=(section::IMAGES, u64::MAX));
        let there: usize = images.map(|(_, image)| image.len()).sum();
        if picture.len() <= MAX_PICTURE && there + picture.len() <= MAX_PICTURES {
            self.entries.entry((section::IMAGES, id.into())).or_insert_with(|| picture.to_vec());
        }
    }

    /// Name of the title.
    pub fn title_name(&self) -> Option<String> {
        let name = self.entries.get(&(section::TEXTS, OWN))?;
        Some(text(name, &mut 0)).filter(|name| !name.is_empty())
    }

    /// Sets the name of the title, and its icon (PNG) if there is one.
    pub fn set_title_name(&mut self, name: &str, icon: Option<&[u8]>) {
        self.entries.insert((section::TEXTS, OWN), units(name));
        if let Some(icon) = icon {
            self.add_image(OWN as u32, icon);
        }
    }

    /// Icon of the title (PNG).
    pub fn icon(&self) -> Option<&[u8]> {
        self.image(OWN as u32)
    }

    /// Sums over all achievements.
    pub fn totals(&self) -> GpdTotals {
        GpdTotals::of(&self.achievements())
    }
}

fn achievement(record: Fields<'_>) -> Option<Record> {
    let word = |at| record.u32(at).ok();
    let mut at = word(0)? as usize;
    let unlocked_at = u64::from_be_bytes(record.array(0x14).ok()?);
    let mut next = || text(record.bytes, &mut at);
    let label = next();
    let description = next();
    let unachieved = next();
    let id = word(4)?;
    let image = word(8)?;
    let gamerscore = word(0xC)?;
    let flags = word(0x10)?;
    Some(Record { id, image, gamerscore, flags, unlocked_at, label, description, unachieved })
}

/// Whether the bytes are those of an achievement with these texts, behind its numbers.
fn has_texts_of(bytes: &[u8], record: &Record) -> bool {
    let fields = Fields::new(bytes, 0, "GPD record");
    let is_behind = fields.u32(0).is_ok_and(|at| at as usize >= ACHIEVEMENT);
    is_behind
        && achievement(fields).is_some_and(|known| {
            known.label == record.label
                && known.description == record.description
                && known.unachieved == record.unachieved
        })
}

fn played_title(record: Fields<'_>) -> Option<PlayedTitle> {
    let word = |at| record.u32(at).ok();
    Some(PlayedTitle {
        title_id: word(0)?,
        achievements: AchievementSum { possible: word(4)?, earned: word(8)? },
        gamerscore: AchievementSum { possible: word(0xC)?, earned: word(0x10)? },
        played_at: u64::from_be_bytes(record.array(0x20).ok()?),
        name: text(record.bytes, &mut { TITLE }),
    })
}

/// Reads zero-terminated UTF-16 at `at` and advances `at` past the terminator. Control characters
/// are removed, and what is beyond [`MAX_TEXT`].
fn text(bytes: &[u8], at: &mut usize) -> String {
    let units = bytes.get(*at..).unwrap_or_default().chunks_exact(2);
    let units = units.map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
    let units: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
    *at = at.saturating_add(2 * units.len() + 2);
    let units = units.into_iter().take(MAX_TEXT);
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Encodes a text with its terminator, as [`text`] reads it.
fn units(text: &str) -> Vec<u8> {
    let mut room = MAX_TEXT;
    let fits = text.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room -= c.len_utf16().min(room);
        fits
    });
    let fits: String = fits.collect();
    fits.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}
