//! Achievements: the title's database (SPA) lists them; a database for each profile and title (GPD)
//! records which ones were earned, and when.
//!
//! ```text
//! start ─────────────────► the dashboard's GPD, with the start's time ─► settings (for a new row)
//! achieve ─► TITLE.gpd ─► the dashboard's GPD, with the title's sums ─► settings (gamerscore)
//! ```
//! Each file is replaced as a whole and derived from the previous one, so if an update is
//! interrupted, the next achievement repairs the rest. Achievements are in the title's own GPD from
//! the first earned one on: until then they follow the console's language, and another title that
//! lists the title finds none of them.

use super::gamer_data::GamerData;
use crate::files::win32_error;
use std::cmp::Reverse;
use std::sync::Arc;
use xenia_formats::FormatError;
use xenia_formats::gpd::{EARNED, Gpd, GpdTotals, PlayedTitle, Record};
use xenia_formats::xdbf::Xdbf;
use xenia_guest::{USERS, Win32Error};
use xenia_user::content::ContentStore;
use xenia_user::profile::Profile;
use xenia_user::profile_settings::{DASHBOARD, SettingId, Value};
use xenia_vfs::VfsResult;

/// Log target of the lines that list what the user has earned.
const TARGET: &str = "achievements";

/// Adds the entries that the title's database lists and the profile's lacks. Existing entries stay
/// unchanged.
///
/// # Errors
/// The title's database is damaged.
pub fn complete(gpd: &mut Gpd, database: &[u8], language: u64) -> Result<(), FormatError> {
    if database.is_empty() {
        return Ok(());
    }
    let title = Xdbf::read(database)?;
    let language = title.language_for(language);
    let there: Vec<u32> = gpd.achievements().iter().map(|record| record.id).collect();
    for row in title.achievements(language)? {
        if !there.contains(&row.id.into()) {
            gpd.set_achievement(&Record {
                id: row.id.into(),
                image: row.image,
                gamerscore: row.gamerscore.into(),
                // Ignores flags in the title's database that claim that an achievement was earned.
                flags: row.flags & !EARNED,
                unlocked_at: 0,
                label: row.label,
                description: row.description,
                unachieved: row.unachieved,
            });
        }
    }
    if gpd.title_name().is_none()
        && let Some(name) = title.title_name_in(language)
    {
        gpd.set_title_name(&name, title.icon());
    }
    Ok(())
}

/// Marks achievements as earned and adds their pictures; returns those that were not earned before.
fn mark(gpd: &mut Gpd, database: &[u8], ids: &[u32], now: u64) -> Vec<Record> {
    let is_meant = |record: &Record| ids.contains(&record.id) && !record.is_earned();
    let found: Vec<Record> = gpd.achievements().into_iter().filter(is_meant).collect();
    let earned =
        found.into_iter().map(|record| Record { flags: record.flags | EARNED, unlocked_at: now, ..record });
    let earned: Vec<Record> = earned.collect();
    let title = Xdbf::read(database).ok();
    for record in &earned {
        gpd.set_achievement(record);
        if let Some(picture) = title.as_ref().and_then(|title| title.image(record.image)) {
            gpd.add_image(record.image, picture);
        }
    }
    earned
}

/// Updates the dashboard's database with this title's sums.
fn with_title(mut dashboard: Gpd, title: u32, gpd: &Gpd, now: u64) -> Gpd {
    let GpdTotals { achievements, gamerscore } = gpd.totals();
    let name = gpd.title_name().unwrap_or_default();
    dashboard.set_title(&PlayedTitle { title_id: title, achievements, gamerscore, played_at: now, name });
    dashboard
}

/// The settings that count achievements, in this title and in all.
fn counts(gpd: &Gpd, dashboard: &Gpd) -> [(SettingId, u32); 5] {
    let titles = dashboard.titles();
    let sum = |of: fn(&PlayedTitle) -> u32| titles.iter().map(of).fold(0, u32::saturating_add);
    let GpdTotals { achievements, gamerscore } = gpd.totals();
    [
        (SettingId::TITLE_ACHIEVEMENTS, achievements.earned),
        (SettingId::TITLE_GAMERSCORE, gamerscore.earned),
        (SettingId::ACHIEVEMENTS, sum(|title| title.achievements.earned)),
        (SettingId::GAMERSCORE, sum(|title| title.gamerscore.earned)),
        (SettingId::TITLES_PLAYED, titles.len() as u32),
    ]
}

/// Updates the settings that count achievements, in a profile and its databases.
fn set_counts(profile: &mut Profile, title: u32, gpd: &mut Gpd, dashboard: &mut Gpd) {
    for (id, number) in counts(gpd, dashboard) {
        profile.set(title, id, Value::Bits(u64::from(number) << 32));
        // Databases of consoles and other programs have them, too.
        gpd.update_number(id.0, number);
        dashboard.update_number(id.0, number);
    }
}

/// The start of a title.
struct TitleStart {
    title: u32,
    /// The title's database (SPA); empty if it has none.
    database: Arc<[u8]>,
    /// The console's language.
    language: u64,
    /// System time, a FILETIME.
    now: u64,
}

impl TitleStart {
    /// Moves the options of an earlier version to the title's database, and notes in the
    /// dashboard's that the title is played. Returns the profile, with the sums of a new row. A row
    /// that exists keeps its sums: the title's GPD may be elsewhere.
    fn note(&self, store: &ContentStore, mut profile: Profile) -> VfsResult<Profile> {
        let Self { title, database, language, now } = self;
        let mut gpd = store.gpd(profile.xuid, *title)?;
        if profile.can_move_options(*title, &gpd) {
            store.save_options(&profile, *title)?;
            store.save_settings(&profile, *title)?;
        }
        if let Err(error) = complete(&mut gpd, database, *language) {
            tracing::warn!(target: TARGET, "the title's database can't be read: {error}");
        }
        if gpd.totals().achievements.possible == 0 {
            return Ok(profile);
        }
        let mut dashboard = store.gpd(profile.xuid, DASHBOARD)?;
        if dashboard.set_played_at(*title, *now) {
            store.save_gpd(profile.xuid, DASHBOARD, &dashboard)?;
            return Ok(profile);
        }
        let mut dashboard = with_title(dashboard, *title, &gpd, *now);
        set_counts(&mut profile, *title, &mut gpd, &mut dashboard);
        store.save_gpd(profile.xuid, DASHBOARD, &dashboard)?;
        store.save_settings(&profile, *title)?;
        store.save_settings(&profile, DASHBOARD)?;
        Ok(profile)
    }
}

impl GamerData<'_> {
    /// Notes at the title's start, at system time `now`, that the users who are signed in play it.
    pub fn note_start(&self, now: u64) {
        self.note_players(u32::MAX, now);
    }

    /// Notes that the users at the places of these bits play the title from system time `now` on.
    /// Profiles that end with the machine are left as they are.
    pub fn note_players(&self, users: u32, now: u64) {
        let title = self.title_id();
        let start = TitleStart { title, database: self.database(), language: self.language(), now };
        let files = self.files.lock();
        let store = &files.packages.store;
        if title == 0 || !store.is_kept() {
            return;
        }
        for user in (0..USERS).filter(|user| users >> user & 1 != 0) {
            let Some(profile) = self.profiles.lock().get(user).cloned() else { continue };
            match start.note(store, profile) {
                Ok(profile) => self.profiles.lock().update(profile),
                Err(error) => tracing::warn!(target: "vfs", "can't note that {title:08X} is played: {error}"),
            }
        }
    }

    /// Returns a title's achievements, by id, and whether the user at this place has earned them.
    /// For the running title the list has every achievement of the title's database, for another
    /// one those in the profile.
    pub fn achievements_of(&self, user: u32, title: u32) -> Result<Vec<Record>, Win32Error> {
        let database = self.database();
        let language = self.language();
        let own = self.title_id();
        let mut gpd = self.gpd_of(user, title)?;
        if title == own
            && let Err(error) = complete(&mut gpd, &database, language)
        {
            tracing::warn!(target: TARGET, "the title's database can't be read: {error}");
        }
        Ok(gpd.achievements())
    }

    /// Returns the played titles that have achievements, from the profile of the user at this
    /// place, the newest first.
    pub fn titles_played(&self, user: u32) -> Result<Vec<PlayedTitle>, Win32Error> {
        let mut titles = self.gpd_of(user, DASHBOARD)?.titles();
        titles.retain(|title| title.title_id != DASHBOARD && title.achievements.possible != 0);
        titles.sort_by_key(|title| (Reverse(title.played_at), title.title_id));
        Ok(titles)
    }

    /// Records that the user at this place has earned these achievements, at system time `now`. The
    /// database is written first: an achievement that can't be stored is not earned.
    pub fn achieve(&self, user: u32, ids: &[u32], now: u64) -> Result<(), Win32Error> {
        let database = self.database();
        let language = self.language();
        let title = self.title_id();
        // The lock is held throughout, so that updates of achievements are serialised.
        let files = self.files.lock();
        let store = &files.packages.store;
        let profile = self.profiles.lock().get(user).cloned();
        let mut profile = profile.ok_or(Win32Error::NO_SUCH_USER)?;
        let mut gpd = store.gpd(profile.xuid, title).map_err(win32_error)?;
        if let Err(error) = complete(&mut gpd, &database, language) {
            tracing::warn!(target: TARGET, "the title's database can't be read: {error}");
        }
        let earned = mark(&mut gpd, &database, ids, now);
        if earned.is_empty() {
            return Ok(());
        }
        let dashboard = store.gpd(profile.xuid, DASHBOARD).map_err(win32_error)?;
        let mut dashboard = with_title(dashboard, title, &gpd, now);
        set_counts(&mut profile, title, &mut gpd, &mut dashboard);
        store.save_gpd(profile.xuid, title, &gpd).map_err(win32_error)?;
        for Record { label, gamerscore, .. } in &earned {
            tracing::info!(target: TARGET, "{} earned achievement {label:?} ({gamerscore} G)", profile.name());
        }
        // If one of these fails, the next achievement repairs it.
        let summed = store
            .save_gpd(profile.xuid, DASHBOARD, &dashboard)
            .and_then(|()| store.save_settings(&profile, title))
            .and_then(|()| store.save_settings(&profile, DASHBOARD));
        if let Err(error) = summed {
            tracing::error!(target: TARGET, "can't save the achievement totals of {}: {error}", profile.name());
        }
        self.profiles.lock().update(profile);
        Ok(())
    }
}
