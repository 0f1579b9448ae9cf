//! Databases of a profile (GPD): one for each title, with what was achieved in it, and the
//! dashboard's, with which titles were played.
//!
//! The container is [`crate::xdbf`]'s. What is written has its entries in order and no holes;
//! entries that nobody here knows stay as they are. A record that is shorter than its kind is left
//! out when records are listed, and kept.
//!
//! ```text
//! section  1 achievements   2 pictures   3 settings   4 titles played   5 texts
//! ```
//! Facts: reference/xam_structs.md, section 8.

use crate::error::{FormatError, Reason};
use crate::fields::Fields;
use crate::xdbf::{ENTRY, FREE, HEADER, MAGIC, OWN, Xdbf};
use std::collections::BTreeMap;

/// Bytes of a database, and of all its entries together: more than the pictures of any title's
/// achievements.
pub const MOST_BYTES: usize = 16 << 20;
/// Bytes of a picture that is taken in: the console's have 64 by 64 pixels.
pub const MOST_PICTURE: usize = 64 << 10;
/// Bytes of all pictures that are taken in; the texts of as many achievements as a title may have
/// are fewer.
const MOST_PICTURES: usize = 12 << 20;
/// The tables' rooms are multiples of this.
const ROOM: usize = 512;
const VERSION: u32 = 0x1_0000;
/// Characters of a text that is read.
const MOST_TEXT: usize = 512;

/// Sections of a profile's database.
mod section {
    pub(super) const ACHIEVEMENTS: u16 = 1;
    pub(super) const IMAGES: u16 = 2;
    pub(super) const TITLES: u16 = 4;
    pub(super) const TEXTS: u16 = 5;
}
/// Ids from this on are lists of what is to be told to the online service.
const SYNC: u64 = 0x1_0000_0000;
/// Bytes of records before their texts.
const ACHIEVEMENT: usize = 0x1C;
const TITLE: usize = 0x28;

/// It has been achieved.
pub const EARNED: u32 = 0x2_0000;
/// Who has not achieved it sees it.
pub const SHOWN: u32 = 8;

/// What can be achieved in a title, and whether it has been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its number in the title.
    pub id: u32,
    /// Id of its picture.
    pub image: u32,
    /// What it is worth.
    pub gamerscore: u32,
    /// Flags: the title's, and [`EARNED`].
    pub flags: u32,
    /// When it was achieved, in units of 100 ns since 1601; 0 if it was not.
    pub unlocked_at: u64,
    /// What it is called.
    pub label: String,
    /// What has been done, for who has done it.
    pub description: String,
    /// What is to be done, for who has not.
    pub unachieved: String,
}

impl Record {
    /// Whether it has been achieved.
    pub fn is_earned(&self) -> bool {
        self.flags & EARNED != 0
    }
}

/// A title that was played, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayedTitle {
    /// The title.
    pub title_id: u32,
    /// How much can be achieved, and how much has been.
    pub achievements: [u32; 2],
    /// What that is worth: all, and what has been achieved.
    pub gamerscore: [u32; 2],
    /// When it was last played, in units of 100 ns since 1601.
    pub played_at: u64,
    /// What it is called.
    pub name: String,
}

/// See the module's documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gpd {
    entries: BTreeMap<(u16, u64), Vec<u8>>,
}

impl Gpd {
    /// Reads a database.
    ///
    /// # Errors
    /// One whose tables lead outside of it, or that is larger than any.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let what = "GPD";
        FormatError::check_limit(what, 0, bytes.len() as u64, MOST_BYTES as u64)?;
        let mut entries = BTreeMap::new();
        let mut size = 0;
        for (section, id, data) in Xdbf::read(bytes)?.entries() {
            // Entries may share their bytes.
            size += data.len();
            if size > MOST_BYTES {
                let (value, limit) = (size as u64, MOST_BYTES as u64);
                return Err(FormatError::new(what, 0, Reason::TooLarge { value, limit }));
            }
            entries.entry((section, id)).or_insert_with(|| data.to_vec());
        }
        Ok(Self { entries })
    }

    /// The database as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let room = self.entries.len().next_multiple_of(ROOM).max(ROOM);
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
        // What is free: all that comes after the data.
        file.extend([at, u32::MAX - at].map(u32::to_be_bytes).concat());
        file.resize(HEADER + ENTRY * room + FREE * ROOM, 0);
        file.extend(self.entries.values().flatten());
        file
    }

    fn section(&self, section: u16) -> impl Iterator<Item = (u64, Fields<'_>)> {
        let range = (section, 0)..(section, SYNC);
        self.entries.range(range).map(|(&(_, id), data)| (id, Fields::new(data, 0, "GPD record")))
    }

    /// What can be achieved, by id.
    pub fn achievements(&self) -> Vec<Record> {
        self.section(section::ACHIEVEMENTS).filter_map(|(_, record)| achievement(record)).collect()
    }

    /// Sets what is said of an achievement.
    pub fn set_achievement(&mut self, record: &Record) {
        let words = [ACHIEVEMENT as u32, record.id, record.image, record.gamerscore, record.flags];
        let mut bytes = words.map(u32::to_be_bytes).concat();
        bytes.extend(record.unlocked_at.to_be_bytes());
        for text in [&record.label, &record.description, &record.unachieved] {
            bytes.extend(units(text));
        }
        self.entries.insert((section::ACHIEVEMENTS, record.id.into()), bytes);
    }

    /// The titles that were played, by id.
    pub fn titles(&self) -> Vec<PlayedTitle> {
        self.section(section::TITLES).filter_map(|(_, record)| played_title(record)).collect()
    }

    /// Sets what is said of a title; what nobody here knows of it stays.
    pub fn set_title(&mut self, title: &PlayedTitle) {
        let key = (section::TITLES, title.title_id.into());
        let mut bytes = self.entries.remove(&key).unwrap_or_default();
        bytes.resize(TITLE, 0);
        let [possible, earned] = title.achievements;
        let [score, earned_score] = title.gamerscore;
        let words = [title.title_id, possible, earned, score, earned_score];
        bytes[..0x14].copy_from_slice(&words.map(u32::to_be_bytes).concat());
        bytes[0x20..TITLE].copy_from_slice(&title.played_at.to_be_bytes());
        bytes.extend(units(&title.name));
        self.entries.insert(key, bytes);
    }

    /// A picture (PNG).
    pub fn image(&self, id: u32) -> Option<&[u8]> {
        self.entries.get(&(section::IMAGES, id.into())).map(Vec::as_slice)
    }

    /// Adds a picture, unless there is one of this id, or it is too large, or there is no room for
    /// more: what was achieved matters more than how it looks. A title may name the same bytes
    /// again and again.
    pub fn add_image(&mut self, id: u32, picture: &[u8]) {
        let images = self.entries.range((section::IMAGES, 0)..=(section::IMAGES, u64::MAX));
        let there: usize = images.map(|(_, image)| image.len()).sum();
        if picture.len() <= MOST_PICTURE && there + picture.len() <= MOST_PICTURES {
            self.entries.entry((section::IMAGES, id.into())).or_insert_with(|| picture.to_vec());
        }
    }

    /// What the title is called.
    pub fn title_name(&self) -> Option<String> {
        let name = self.entries.get(&(section::TEXTS, OWN))?;
        Some(text(name, &mut 0)).filter(|name| !name.is_empty())
    }

    /// Says what the title is called, and shows its picture (PNG) if it has one.
    pub fn set_title_name(&mut self, name: &str, icon: Option<&[u8]>) {
        self.entries.insert((section::TEXTS, OWN), units(name));
        if let Some(icon) = icon {
            self.add_image(OWN as u32, icon);
        }
    }

    /// The title's picture (PNG).
    pub fn icon(&self) -> Option<&[u8]> {
        self.image(OWN as u32)
    }

    /// How much can be achieved, and how much has been; what that is worth, likewise.
    pub fn totals(&self) -> ([u32; 2], [u32; 2]) {
        let (mut count, mut score) = ([0_u32; 2], [0_u32; 2]);
        for record in self.achievements() {
            for (index, counts) in [true, record.is_earned()].into_iter().enumerate() {
                count[index] += u32::from(counts);
                score[index] = score[index].saturating_add(if counts { record.gamerscore } else { 0 });
            }
        }
        (count, score)
    }
}

fn achievement(record: Fields<'_>) -> Option<Record> {
    let word = |at| record.u32(at).ok();
    let mut at = word(0)? as usize;
    let unlocked_at = u64::from_be_bytes(record.array(0x14).ok()?);
    let mut next = || text(record.bytes, &mut at);
    let (label, description, unachieved) = (next(), next(), next());
    let (id, image, gamerscore, flags) = (word(4)?, word(8)?, word(0xC)?, word(0x10)?);
    Some(Record { id, image, gamerscore, flags, unlocked_at, label, description, unachieved })
}

fn played_title(record: Fields<'_>) -> Option<PlayedTitle> {
    let word = |at| record.u32(at).ok();
    Some(PlayedTitle {
        title_id: word(0)?,
        achievements: [word(4)?, word(8)?],
        gamerscore: [word(0xC)?, word(0x10)?],
        played_at: u64::from_be_bytes(record.array(0x20).ok()?),
        name: text(record.bytes, &mut { TITLE }),
    })
}

/// UTF-16 at `at` up to its end, which `at` is then behind; without what would move a terminal's
/// cursor.
fn text(bytes: &[u8], at: &mut usize) -> String {
    let units = bytes.get(*at..).unwrap_or_default().chunks_exact(2);
    let units: Vec<u16> = units
        .map(|unit| u16::from_be_bytes([unit[0], unit[1]]))
        .take_while(|&unit| unit != 0)
        .take(MOST_TEXT)
        .collect();
    *at = at.saturating_add(2 * units.len() + 2);
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As [`text`] reads it, with its end.
fn units(text: &str) -> Vec<u8> {
    let mut room = MOST_TEXT;
    let fits = text.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room -= c.len_utf16().min(room);
        fits
    });
    let fits: String = fits.collect();
    fits.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}
