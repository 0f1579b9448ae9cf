//! Tests of saved states: values that went through their bytes behave alike, and bytes of values
//! that cannot be are refused.

use crate::enumerators::{Enumerator, Enumerators, Item};
use crate::notifications::{Notification, NotificationState, Notifications, id};
use crate::profile::{Profile, Profiles, Xuid};
use crate::profile_settings::{SettingId, Value};
use crate::sessions::{Member, Session, Sessions, SlotCounts};
use crate::xconfig::{Locale, XConfig, category};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use xenia_guest::{Buffer, GuestAddr};
use xenia_limits::ResourceLimits;
use xenia_state::{StateSection, StoredSection};

#[derive(Serialize, Deserialize)]
struct Stored<T>(T);

impl<T: Serialize + DeserializeOwned> StateSection for Stored<T> {
    const NAME: &'static str = "test";
    const VERSION: u16 = 1;
}

/// The value that is read from the bytes of `value`, with the first bytes `from` replaced by `to`.
fn changed<T>(value: &T, from: &[u8], to: &[u8]) -> T
where
    T: Serialize + DeserializeOwned + Clone,
{
    let mut stored = StoredSection::encode(&Stored(value.clone())).expect("it can be encoded");
    let found = (0..stored.bytes.len()).position(|at| stored.bytes[at..].starts_with(from));
    let at = found.expect("the bytes occur");
    stored.bytes[at..at + to.len()].copy_from_slice(to);
    stored.decode::<Stored<T>>().expect("it is decoded").0
}

/// The bytes of a number above 2^28: seven bits each, the lowest first.
fn encoded(number: u32) -> Vec<u8> {
    (0..5).map(|at| (number >> (7 * at) & 0x7F) as u8 | if at < 4 { 0x80 } else { 0 }).collect()
}

/// The value that is read from the bytes of `value`.
fn through<T: Serialize + DeserializeOwned + Clone + PartialEq + Debug>(value: &T) -> T {
    let read = changed(value, &[], &[]);
    assert_eq!(&read, value);
    read
}

#[test]
fn profiles_keep_their_settings_and_the_next_one_to_sign_in() {
    let waiting = Profile::new(Xuid(0xE000_0000_0000_0007), "Waiting").expect("it is valid");
    let mut profiles = Profiles::of(vec![Profile::made_for(0), waiting], None);
    let mut first = profiles.get(0).expect("the first is signed in").clone();
    assert!(first.set(0x1234, SettingId(0x63E8_3FFF), Value::Bytes(vec![0x5A; 9])));
    profiles.update(first);
    let mut read = through(&profiles);
    assert_eq!(read.check_state(), Ok(()));
    for profiles in [&mut profiles, &mut read] {
        assert_eq!(profiles.sign_in(2).map(Profile::name), Some("Waiting"));
        assert_eq!(profiles.sign_in(3).map(Profile::name), Some("Player 4"));
    }
    assert_eq!(read, profiles);
    assert!(changed(&profiles, b"Waiting", b" aiting").check_state().is_err(), "no such name");
    let [id, other] = [0x63E8_3FFF, 0x63E8_3FF0].map(encoded);
    assert!(changed(&profiles, &id, &other).check_state().is_err(), "no such setting");
}

#[test]
fn settings_of_the_console_are_those_that_titles_can_set() {
    let mut settings = XConfig::default();
    settings.set(category::USER, 9, &[0, 0, 0, 0x77]).expect("titles can set the language");
    let read = through(&settings);
    assert_eq!((read.check_state(), read.language(&Locale::default())), (Ok(()), 0x77));
    let [user, secured] = [category::USER, category::SECURED].map(|category| category as u8);
    assert!(changed(&settings, &[user, 9, 4], &[secured]).check_state().is_err());
    assert!(changed(&settings, &[user, 9, 4], &[user, 0]).check_state().is_err());
}

#[test]
fn restored_lists_continue_at_their_position() {
    let mut lists = Enumerators::default();
    let limits = ResourceLimits::default();
    let item = |byte| Item { bytes: vec![byte; 8], texts: vec![(4, vec![byte; 0x33])] };
    let list = Enumerator::with_texts((1..=5).map(item).collect(), 8, 2);
    lists.insert(GuestAddr(0x100), list, &limits).expect("there is room");
    lists.advance(GuestAddr(0x100), 2);
    let mut read = through(&lists);
    assert_eq!(read.check_state(&limits), Ok(()));
    for _ in 0..3 {
        let buffer = Buffer { at: GuestAddr(0x1000), length: 0x100 };
        assert_eq!(read.next(GuestAddr(0x100), buffer), lists.next(GuestAddr(0x100), buffer));
        read.advance(GuestAddr(0x100), 2);
        lists.advance(GuestAddr(0x100), 2);
    }
    let item = |byte| Item { bytes: vec![byte; 8], texts: vec![(4, vec![byte; 0x33])] };
    let list = Enumerator::with_texts(vec![item(1)], 8, 2);
    lists.insert(GuestAddr(0x200), list, &limits).expect("there is room");
    // The offset of the text in the item.
    assert!(changed(&lists, &[1, 4, 0x33], &[1, 8]).check_state(&limits).is_err());
    for item_size in [7, 9] {
        let list = Enumerator::with_texts(vec![item(1)], item_size, 1);
        let mut lists = Enumerators::default();
        lists.insert(GuestAddr(0x100), list, &limits).expect("there is room");
        assert!(lists.check_state(&limits).is_err(), "an item has 8 bytes, not {item_size}");
    }
    // The sum of all lists: five items, and one.
    let sum: u64 = 6 * (8 + 0x33);
    let bytes = [sum as u8 & 0x7F | 0x80, (sum >> 7) as u8];
    assert!(changed(&lists, &bytes, &[bytes[0] ^ 1]).check_state(&limits).is_err());
}

#[test]
fn sessions_have_no_more_members_than_slots() {
    let mut sessions = Sessions::default();
    let slots = SlotCounts { public: 2, private: 1 };
    let mut session = Session { slots, nonce: 7, ..Session::default() };
    let member = |n| Member { xuid: Xuid(n), user: Some(1), is_private: true };
    session.join(&[member(1), member(2)]).expect("there is room");
    session.start().expect("it is in the lobby");
    sessions.insert(GuestAddr(0x100), session).expect("it is the first");
    let mut read = through(&sessions);
    assert_eq!(read.check_state(), Ok(()));
    for sessions in [&mut sessions, &mut read] {
        let session = sessions.get(GuestAddr(0x100)).expect("it exists");
        assert!(session.join(&[member(3)]).is_ok() && session.join(&[member(4)]).is_err());
        assert!(session.end().is_ok());
    }
    assert_eq!(read, sessions);
    // The slots, and the number of members.
    assert!(changed(&sessions, &[2, 1, 3], &[1, 1]).check_state().is_err());
    assert!(changed(&sessions, &[2, 1, 3], &[2, 65]).check_state().is_err());
}

#[test]
fn listeners_hear_what_they_would_have_heard() {
    let mut listeners = Notifications::default();
    let listener = GuestAddr(0x100);
    listeners.listen(listener, 3, 0);
    listeners.begin(listener, NotificationState { shows_ui: true, ..NotificationState::default() });
    listeners.broadcast(Notification { id: id::SIGN_IN_CHANGED, parameter: 5 });
    let mut read = through(&listeners);
    assert_eq!(read.check_state(), Ok(()));
    for listeners in [&mut listeners, &mut read] {
        listeners.listen(GuestAddr(0x200), 3, 0);
        listeners.begin(GuestAddr(0x200), NotificationState::default());
        let heard = [(); 2].map(|()| listeners.take(GuestAddr(0x200), None).map(|heard| heard.id));
        assert_eq!(heard, [Some(id::SYSTEM_UI), None], "the first was sent the rest");
        assert_eq!(listeners.take(listener, None).map(|heard| heard.id), Some(id::SYSTEM_UI));
    }
    assert_eq!(read, listeners);
}
