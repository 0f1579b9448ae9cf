//! Lists of what users have achieved, of the titles that they have played, and of how they compare.

use super::enumerate::{self, Kind};
use crate::abi::{Call, Handle, Out};
use crate::status::failure::Fallible;
use crate::user::enumerators::{Enumerator, Item};
use crate::user::profile::{USERS, Xuid};
use xenia_formats::gpd::{PlayedTitle, Record};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Achievements;

/// `XACHIEVEMENT_DETAILS`.
mod details {
    pub(super) const LABEL: usize = 4;
    pub(super) const DESCRIPTION: usize = 8;
    pub(super) const UNACHIEVED: usize = 0xC;
    pub(super) const SIZE: usize = 0x24;
}
/// `XUSER_TITLE_PLAYED`.
mod played {
    pub(super) const NAME: usize = 0x28;
    /// Characters of the name beside its end.
    pub(super) const NAME_UNITS: usize = 63;
    pub(super) const SIZE: usize = 0xA8;
}
/// Bytes of an item's texts, and characters of each beside its end.
const TEXTS: u32 = 464;
const LABEL_UNITS: usize = 31;
const TEXT_UNITS: usize = 99;
/// Most items that a call may ask for: a title has fewer.
const ITEMS: u32 = 0x1_0000;
/// Flags: which texts are wanted.
const WANTS_LABEL: u32 = 1;
const WANTS_DESCRIPTION: u32 = 2;
const WANTS_UNACHIEVED: u32 = 4;
const WANTS_TEXTS: u32 = WANTS_LABEL | WANTS_DESCRIPTION | WANTS_UNACHIEVED;

/// UTF-16 with its end, of as many units as there is room for.
fn wide(text: &str, room: usize) -> Vec<u8> {
    let mut units = Vec::new();
    for c in text.chars() {
        if units.len() + c.len_utf16() > room {
            break;
        }
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    units.into_iter().chain([0]).flat_map(u16::to_be_bytes).collect()
}

fn item(record: &Record, flags: u32) -> Item {
    let (high, low) = ((record.unlocked_at >> 32) as u32, record.unlocked_at as u32);
    let words = [record.id, 0, 0, 0, record.image, record.gamerscore, high, low, record.flags];
    let texts = [
        (WANTS_LABEL, details::LABEL, wide(&record.label, LABEL_UNITS)),
        (WANTS_DESCRIPTION, details::DESCRIPTION, wide(&record.description, TEXT_UNITS)),
        (WANTS_UNACHIEVED, details::UNACHIEVED, wide(&record.unachieved, TEXT_UNITS)),
    ];
    let texts = texts.into_iter().filter(|(flag, ..)| flags & flag != 0).map(|(_, at, text)| (at, text));
    Item { bytes: words.map(u32::to_be_bytes).concat(), texts: texts.collect() }
}

/// A title as it is listed. It says when it was played online, which nobody is here, and nothing of
/// what avatars get.
fn played_item(title: &PlayedTitle) -> Item {
    let ([possible, earned], [score, earned_score]) = (title.achievements, title.gamerscore);
    let words = [title.title_id, possible, earned, score, earned_score];
    let mut bytes = words.map(u32::to_be_bytes).concat();
    bytes.resize(played::NAME, 0);
    bytes.extend(wide(&title.name, played::NAME_UNITS));
    bytes.resize(played::SIZE, 0);
    Item { bytes, texts: Vec::new() }
}

/// Who a list is of: a user by place, or by id if there is one. Only who is signed in is known
/// here.
fn user_of(call: &Call, user: u32, xuid: u64) -> Option<u32> {
    match Xuid(xuid) {
        Xuid::NOBODY => Some(user),
        xuid => call.kernel.user.profiles.lock().place_of(xuid),
    }
}

/// Makes a list of what `list` has for the place of the user who is meant, and says what room its
/// items take: so many bytes each, and for their texts.
fn create_list(
    call: &mut Call,
    kind: Kind,
    xuid: u64,
    (size, handle): (Option<Out<u32>>, Option<Out<Handle>>),
    (item_size, texts): (usize, u32),
    list: impl FnOnce(&Call, u32) -> Result<Vec<Item>, Win32Error>,
) -> Fallible<Win32Error> {
    let Kind { user, items, .. } = kind;
    let (Some(size), Some(out)) = (size, handle) else { return Ok(Win32Error::INVALID_PARAMETER) };
    if !(1..=ITEMS).contains(&items) || user >= USERS {
        return Ok(Win32Error::INVALID_PARAMETER);
    }
    out.set(call.memory(), Handle::NULL)?;
    size.set(call.memory(), items * (item_size as u32 + texts))?;
    let Some(whose) = user_of(call, user, xuid) else { return Ok(Win32Error::NO_SUCH_USER) };
    let list = match list(call, whose) {
        Ok(list) => list,
        Err(error) => return Ok(error),
    };
    let handle = enumerate::create(call, kind, &Enumerator::with_texts(list, item_size, items))?;
    out.set(call.memory(), handle)?;
    Ok(Win32Error::SUCCESS)
}

#[exports(xam)]
impl Achievements {
    /// Lists what can be achieved in a title, from number `start` on, and when a user has done it.
    /// Texts lie behind the items.
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
        let (open_message, close_message) = (0xB_000A, 0xB_000B);
        let kind = Kind { user, application: 0xFB, open_message, close_message, private: 0, items, flags };
        create_list(call, kind, xuid, (size, handle), (details::SIZE, texts), |call, whose| {
            let title = if title == 0 { call.kernel.title_id() } else { title };
            let listed = call.kernel.achievements_of(whose, title)?;
            Ok(listed.iter().skip(start as usize).map(|record| item(record, flags)).collect())
        })
    }

    /// Lists the titles that a user has played and in which something can be achieved, from number
    /// `start` on, the newest first. Of any title's user they are the same.
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
        let (open_message, close_message) = (0xB_0050, 0xB_000B);
        let kind =
            Kind { user, application: 0xFB, open_message, close_message, private: 0x20, items, flags: 0 };
        create_list(call, kind, xuid, (size, handle), (played::SIZE, 0), |call, whose| {
            let listed = call.kernel.titles_played(whose)?;
            Ok(listed.iter().skip(start as usize).map(played_item).collect())
        })
    }

    /// Lists the online service's tables: who is not on it is told so.
    #[export(Constant)]
    fn XamUserCreateStatsEnumerator(
        call: &mut Call,
        _title: u32,
        _kind: u32,
        _pivot: u64,
        _rows: u32,
        _spec_count: u32,
        _specs: Option<GuestAddr>,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let (Some(size), Some(out)) = (size, handle) else { return Ok(Win32Error::INVALID_PARAMETER) };
        size.set(call.memory(), 0)?;
        out.set(call.memory(), Handle::NULL)?;
        Ok(Win32Error::NOT_LOGGED_ON)
    }
}
