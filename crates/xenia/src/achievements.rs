//! A title's achievements for people: those of the title's database and of a profile's, with
//! pictures and totals.
//!
//! The databases are read as the machine reads them ([`xenia_kernel::user::achievements`]).

use crate::pictures::{IconPicture, small_icon};
use crate::say::visible;
use anyhow::Result;
use xenia_formats::gpd::{AchievementSum, Gpd, GpdTotals, Record, SHOWN};
use xenia_formats::xdbf::Xdbf;
use xenia_kernel::content::ContentStore;
use xenia_kernel::user::achievements::complete;
use xenia_kernel::user::profile::Xuid;

/// Maximum number of achievements listed; titles have at most as many.
const MAX_LISTED: usize = 0x400;

/// An achievement, and its picture.
#[derive(Debug)]
pub struct ListedAchievement {
    /// The achievement and its state.
    pub record: Record,
    /// Its picture; `None` if it is missing, or not a picture.
    pub picture: Option<IconPicture>,
}

impl ListedAchievement {
    /// Whether the title keeps name, description and picture a secret until it is earned.
    pub fn is_secret(&self) -> bool {
        !self.record.is_earned() && self.record.flags & SHOWN == 0
    }
}

/// The achievements of a title.
#[derive(Debug, Default)]
pub struct AchievementList {
    /// The achievements, by id.
    pub rows: Vec<ListedAchievement>,
    /// Number of all, and of those that are earned.
    pub counts: AchievementSum,
    /// Gamerscore of all, and of those that are earned.
    pub scores: AchievementSum,
    /// Name of the title, if a database has it.
    pub title_name: Option<String>,
    /// Databases that can't be read, with the reasons.
    pub failures: Vec<String>,
}

/// Lists the achievements of a title with this id and database (SPA), which may be empty, in a
/// language. `profile` is the profile, and the store that has its data.
pub fn list(
    profile: Option<(&ContentStore, Xuid)>,
    id: u32,
    database: &[u8],
    language: u64,
) -> AchievementList {
    let mut failures = Vec::new();
    let read = profile.map_or_else(|| Ok(Gpd::default()), |(store, xuid)| store.gpd(xuid, id));
    let mut gpd = read.unwrap_or_else(|error| {
        failures.push(format!("the profile's achievements can't be read: {error}"));
        Gpd::default()
    });
    if let Err(error) = complete(&mut gpd, database, language) {
        failures.push(format!("the title's database can't be read: {error}"));
    }
    let title = Xdbf::read(database).ok();
    let picture = |record: &Record| {
        let of_title = title.as_ref().and_then(|title| title.image(record.image));
        of_title.and_then(small_icon).or_else(|| gpd.image(record.image).and_then(small_icon))
    };
    let GpdTotals { achievements: counts, gamerscore: scores } = gpd.totals();
    let records = gpd.achievements().into_iter().take(MAX_LISTED);
    let rows = records
        .map(|record| ListedAchievement { picture: picture(&record), record: with_visible_texts(record) });
    let title_name = gpd.title_name().map(|name| visible(&name));
    AchievementList { rows: rows.collect(), counts, scores, title_name, failures }
}

/// The record with texts that can be shown.
fn with_visible_texts(record: Record) -> Record {
    let [label, description, unachieved] =
        [&record.label, &record.description, &record.unachieved].map(|text| visible(text));
    Record { label, description, unachieved, ..record }
}

/// The profile with this id and its data, or the first one.
///
/// # Errors
/// The profiles can't be read.
pub fn profiles(store: &ContentStore) -> Result<Vec<(Xuid, String)>> {
    let found = store.read_profiles()?;
    Ok(found.iter().map(|profile| (profile.xuid, profile.name().to_owned())).collect())
}
