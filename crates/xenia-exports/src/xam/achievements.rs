//! Enumerators of achievements, of titles played, and of statistics.

use super::enumerate::{self, Kind};
use crate::abi::{Call, Handle, Out};
use crate::messages::GAMES_APPLICATION;
use crate::status::failure::Fallible;
use xenia_formats::gpd::{PlayedTitle, Record};
use xenia_guest::{GuestAddr, USERS, Win32Error, utf16};
use xenia_kernel_macros::exports;
use xenia_user::enumerators::{Enumerator, Item};
use xenia_user::profile::Xuid;

/// Exports of achievements.
pub struct Achievements;

/// Offsets in `XACHIEVEMENT_DETAILS`.
mod details {
    pub(super) const LABEL: usize = 4;
    pub(super) const DESCRIPTION: usize = 8;
    pub(super) const UNACHIEVED: usize = 0xC;
    pub(super) const SIZE: usize = 0x24;
}
/// Offsets in `XUSER_TITLE_PLAYED`.
mod played {
    pub(super) const NAME: usize = 0x28;
    /// Maximum length of the name in UTF-16 units, without the terminator.
    pub(super) const MAX_NAME_UNITS: usize = 63;
    pub(super) const SIZE: usize = 0xA8;
}
/// Size in bytes of an item's texts, and maximum lengths in UTF-16 units of the label and the
/// others, without the terminators.
const TEXTS: u32 = 464;
const LABEL_UNITS: usize = 31;
const TEXT_UNITS: usize = 99;
/// Maximum number of items in one call; titles have fewer achievements.
const MAX_ITEMS: u32 = 0x1_0000;
/// Number of kinds of lists of statistics: around a user, a rank, a rank in each view, a rating.
const STATISTICS_KINDS: u32 = 4;
/// Maximum number of rows in a list of statistics.
const MAX_ROWS: u32 = 100;
/// Messages that open a list of achievements and one of titles played, and that close both.
const OPEN_ACHIEVEMENTS: u32 = 0xB_000A;
const OPEN_TITLES_PLAYED: u32 = 0xB_0050;
const CLOSE_LIST: u32 = 0xB_000B;
/// Flags that select the texts.
const WANTS_LABEL: u32 = 1;
const WANTS_DESCRIPTION: u32 = 2;
const WANTS_UNACHIEVED: u32 = 4;
const WANTS_TEXTS: u32 = WANTS_LABEL | WANTS_DESCRIPTION | WANTS_UNACHIEVED;

/// Encodes a text as UTF-16 with a terminator, cut to the room.
fn wide(text: &str, room: usize) -> Vec<u8> {
    utf16::fitting(text, room).into_iter().chain([0]).flat_map(u16::to_be_bytes).collect()
}

fn item(record: &Record, flags: u32) -> Item {
    let high = (record.unlocked_at >> 32) as u32;
    let low = record.unlocked_at as u32;
    let words = [record.id, 0, 0, 0, record.image, record.gamerscore, high, low, record.flags];
    let texts = [
        (WANTS_LABEL, details::LABEL, wide(&record.label, LABEL_UNITS)),
        (WANTS_DESCRIPTION, details::DESCRIPTION, wide(&record.description, TEXT_UNITS)),
        (WANTS_UNACHIEVED, details::UNACHIEVED, wide(&record.unachieved, TEXT_UNITS)),
    ];
    let texts = texts.into_iter().filter(|(flag, ..)| flags & flag != 0).map(|(_, at, text)| (at, text));
    Item { bytes: words.map(u32::to_be_bytes).concat(), texts: texts.collect() }
}

/// Encodes a played title. The time of its last online play and the avatar awards are empty.
fn played_item(title: &PlayedTitle) -> Item {
    let PlayedTitle { title_id, achievements, gamerscore, .. } = title;
    let words =
        [*title_id, achievements.possible, achievements.earned, gamerscore.possible, gamerscore.earned];
    let mut bytes = words.map(u32::to_be_bytes).concat();
    bytes.resize(played::NAME, 0);
    bytes.extend(wide(&title.name, played::MAX_NAME_UNITS));
    bytes.resize(played::SIZE, 0);
    Item { bytes, texts: Vec::new() }
}

/// Returns the index of a list's user: that of the given id; without an id `user`, even if no user
/// is signed in there. `None` if no user with that id is signed in.
fn user_of(call: &Call, user: u32, xuid: u64) -> Option<u32> {
    match Xuid(xuid) {
        Xuid::NOBODY => Some(user),
        xuid => call.kernel.user.profiles.lock().place_of(xuid),
    }
}

/// Where a call stores the list that it creates.
struct ListResult {
    size: Option<Out<u32>>,
    handle: Option<Out<Handle>>,
}

/// Size in bytes of an item in a list, and of its texts.
struct ItemSize {
    item: usize,
    texts: u32,
}

/// Creates an enumerator of the items that `list` returns for the user's place, and stores the
/// buffer size that its items need, including their texts.
fn create_list(
    call: &mut Call,
    kind: Kind,
    xuid: u64,
    result: ListResult,
    sizes: ItemSize,
    list: impl FnOnce(&Call, u32) -> Result<Vec<Item>, Win32Error>,
) -> Fallible<Win32Error> {
    let Kind { user, items, .. } = kind;
    let (Some(size), Some(out)) = (result.size, result.handle) else {
        return Ok(Win32Error::INVALID_PARAMETER);
    };
    if !(1..=MAX_ITEMS).contains(&items) || user >= USERS {
        return Ok(Win32Error::INVALID_PARAMETER);
    }
    out.set(call.memory(), Handle::NULL)?;
    size.set(call.memory(), items * (sizes.item as u32 + sizes.texts))?;
    let Some(whose) = user_of(call, user, xuid) else { return Ok(Win32Error::NO_SUCH_USER) };
    let list = match list(call, whose) {
        Ok(list) => list,
        Err(error) => return Ok(error),
    };
    enumerate::create(call, kind, &Enumerator::with_texts(list, sizes.item, items), out)
}

#[exports(xam)]
impl Achievements {
    /// Lists a title's achievements, from number `start` on, and when a user has earned them. The
    /// texts follow the items.
    #[export(Done)]
    fn XamUserCreateAchievementEnumerator(
        call: &mut Call,
        title: u32,
        user: u32,
        xuid: u64,
        flags: u32,
        start: u32,
        items: u32,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let texts = if flags & WANTS_TEXTS == 0 { 0 } else { TEXTS };
        let kind = Kind {
            user,
            application: GAMES_APPLICATION,
            open_message: OPEN_ACHIEVEMENTS,
            close_message: CLOSE_LIST,
            private: 0,
            items,
            flags,
        };
        let result = ListResult { size, handle };
        let sizes = ItemSize { item: details::SIZE, texts };
        create_list(call, kind, xuid, result, sizes, |call, whose| {
            let title = if title == 0 { call.kernel.title_id() } else { title };
            let listed = call.kernel.gamer_data().achievements_of(whose, title)?;
            Ok(listed.iter().skip(start as usize).map(|record| item(record, flags)).collect())
        })
    }

    /// Lists the titles with achievements that a user has played, from number `start` on, the
    /// newest first. The list does not depend on the title that asks.
    #[export(Done)]
    fn XamUserCreateTitlesPlayedEnumerator(
        call: &mut Call,
        _title: u32,
        user: u32,
        xuid: u64,
        start: u32,
        items: u32,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let kind = Kind {
            user,
            application: GAMES_APPLICATION,
            open_message: OPEN_TITLES_PLAYED,
            close_message: CLOSE_LIST,
            private: 0x20,
            items,
            flags: 0,
        };
        let result = ListResult { size, handle };
        let sizes = ItemSize { item: played::SIZE, texts: 0 };
        create_list(call, kind, xuid, result, sizes, |call, whose| {
            let listed = call.kernel.gamer_data().titles_played(whose)?;
            Ok(listed.iter().skip(start as usize).map(played_item).collect())
        })
    }

    /// Lists the online service's statistics: there is no connection.
    #[export(Constant)]
    fn XamUserCreateStatsEnumerator(
        call: &mut Call,
        _title: u32,
        kind: u32,
        pivot: u64,
        rows: u32,
        spec_count: u32,
        specs: Option<GuestAddr>,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let Some(handle) = handle else { return Ok(Win32Error::INVALID_PARAMETER) };
        handle.set(call.memory(), Handle::NULL)?;
        let Some(size) = size else { return Ok(Win32Error::INVALID_PARAMETER) };
        size.set(call.memory(), 0)?;
        let has_rows = kind < STATISTICS_KINDS && pivot != 0 && (1..=MAX_ROWS).contains(&rows);
        let is_valid = has_rows && specs.is_some() && spec_count != 0;
        Ok(if is_valid { Win32Error::NOT_LOGGED_ON } else { Win32Error::INVALID_PARAMETER })
    }
}
