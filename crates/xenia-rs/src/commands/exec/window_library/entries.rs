//! Entries of the library's page: titles with their pictures and the records of their runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xenia::library::{LibraryTitle, cover, plays};
use xenia::pictures::read_icon;
use xenia::say::visible;
use xenia::state_slots::age_text;
use xenia::title::short_name;
use xenia::user_folders;
use xenia_render::{LibraryEntry, LibraryIcon};

/// Maximum number of icons, and of the user's covers, kept in memory.
const MAX_ICONS: usize = 4096;
const MAX_COVERS: usize = 1024;

/// The built-in demo, the first entry.
pub(super) fn demo() -> LibraryEntry {
    LibraryEntry { name: "Demo".to_owned(), kind: "built in".to_owned(), ..LibraryEntry::default() }
}

/// The user's covers by path, with the times of their last change.
pub(super) type Covers = BTreeMap<PathBuf, (SystemTime, Option<Arc<LibraryIcon>>)>;

/// Entries of the demo and of these titles, with the records of their runs. It reads the disk.
pub(super) fn all(titles: &[LibraryTitle], covers: &mut Covers) -> Vec<LibraryEntry> {
    let state = user_folders::state();
    let now = seconds_since_1970();
    let mut icons = BTreeMap::new();
    let folder = user_folders::data().map(|data| data.join(cover::FOLDER));
    covers.retain(|path, _| path.is_file());
    let titles = titles.iter().map(|title| {
        let cover = cover_of(title, folder.as_deref(), covers);
        let entry = entry(title, state.as_deref(), now, &mut icons);
        LibraryEntry { icon: cover.or(entry.icon), ..entry }
    });
    std::iter::once(demo()).chain(titles).collect()
}

/// The user's cover of a title. A file that is not a picture is read once; the title's icon is
/// shown instead.
fn cover_of(title: &LibraryTitle, folder: Option<&Path>, covers: &mut Covers) -> Option<Arc<LibraryIcon>> {
    let path = cover::find(title, folder)?;
    let modified = path.metadata().and_then(|found| found.modified()).ok()?;
    if let Some((_, known)) = covers.get(&path).filter(|(read_at, _)| *read_at == modified) {
        return known.clone();
    }
    if covers.len() >= MAX_COVERS {
        return None;
    }
    let read = cover::read(&path).inspect_err(|error| tracing::warn!("a cover is not shown: {error:#}"));
    let cover = read.ok().map(|icon| Arc::new(LibraryIcon { size: icon.size, rgba: icon.rgba }));
    covers.insert(path, (modified, cover.clone()));
    cover
}

/// The host's time.
pub(super) fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Age of a title's last run and time of all runs; empty if it has not run.
pub(super) fn played(last: Option<u64>, seconds: u64, now: u64) -> String {
    let Some(last) = last else { return String::new() };
    let age = age_text(Duration::from_secs(now.saturating_sub(last)));
    format!("{age}, {}:{:02} h in all", seconds / 3600, seconds / 60 % 60)
}

/// A title as the page shows it. Titles with the same icon share its pixels.
fn entry(
    title: &LibraryTitle,
    state: Option<&Path>,
    now: u64,
    icons: &mut BTreeMap<PathBuf, Arc<LibraryIcon>>,
) -> LibraryEntry {
    let plays = state.and_then(|state| plays::read(state, &title.path));
    let id = title.described.id.map(|id| format!("{id}, ")).unwrap_or_default();
    let name = title.described.name.clone().unwrap_or_else(|| short_name(&title.path));
    let seconds = plays.as_ref().map_or(0, |plays| plays.seconds as u64);
    let last_played = plays.as_ref().map(|plays| plays.last);
    let icon = title.icon.as_ref().and_then(|path| {
        if let Some(icon) = icons.get(path) {
            return Some(icon.clone());
        }
        let icon = read_icon(path).ok().filter(|_| icons.len() < MAX_ICONS)?;
        let icon = Arc::new(LibraryIcon { size: icon.size, rgba: icon.rgba });
        icons.insert(path.clone(), icon.clone());
        Some(icon)
    });
    LibraryEntry {
        name: visible(&name),
        has_id: title.described.id.is_some_and(|id| id.0 != 0),
        path: Some(title.path.clone()),
        kind: format!("{id}{}", title.described.format),
        played: played(last_played, seconds, now),
        state: plays.as_ref().map(|plays| plays.state.name()),
        last_played,
        seconds_played: seconds,
        icon,
    }
}
