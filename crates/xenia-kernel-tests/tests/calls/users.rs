//! Tests of users and their settings.

use super::*;
use xenia_formats::gpd::Gpd;
use xenia_user::profile::{Profile, Profiles};
use xenia_user::profile_settings::{SettingId, Value};

const NO_SUCH_USER: u64 = 0x525;
const NO_SUCH_USER_RESULT: u64 = 0xFFFF_FFFF_8007_0525;
const INVALID_ARGUMENT: u64 = 0xFFFF_FFFF_8007_0057;
const INVALID_PARAMETER: u64 = 0x57;
const NOT_LOGGED_ON: u64 = 0x4DD;
const INSUFFICIENT_BUFFER: u64 = 0x7A;
const ACCESS_DENIED: u64 = 5;
/// A number, a text, binary data of the title's own, and the avatar.
const VIBRATION: u32 = 0x1004_0003;
const MOTTO: u32 = 0x402C_0011;
const OWN: u32 = 0x63E8_3FFF;
const AVATAR: u32 = 0x63E8_0044;

fn bytes(b: &Harness, at: u32, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    b.memory().read_bytes(GuestAddr(at), &mut bytes).unwrap();
    bytes
}

#[test]
fn the_first_user_is_signed_in_and_the_others_are_not() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let xuid = Profile::made_for(0).xuid.0;
    for (name, arguments, answer) in [
        ("XamUserGetSigninState", &[0][..], 1),
        ("XamUserGetSigninState", &[1], 0),
        ("XamUserGetSigninState", &[0xFF], 0),
        ("XamUserGetSigninState", &[0xFFFF_FFFF], 0),
        ("XamUserGetUserFlags", &[0], 0),
        ("XamUserGetUserFlagsFromXUID", &[xuid], 0),
        ("XamUserGetMembershipTier", &[0], 0),
        ("XamUserGetMembershipTierFromXUID", &[xuid], 0),
        ("XamUserGetOnlineCountryFromXUID", &[xuid], 0),
        ("XamUserIsOnlineEnabled", &[0], 0),
        ("XamUserIsGuest", &[0], 0),
        ("XamUserGetSigninInfo", &[1, 0, base], NO_SUCH_USER_RESULT),
        ("XamUserGetSigninInfo", &[0, 0, 0], INVALID_ARGUMENT),
        ("XamUserGetXUID", &[3, 7, base], NO_SUCH_USER_RESULT),
        ("XamUserGetXUID", &[0, 2, base], NO_SUCH_USER_RESULT),
        ("XamUserGetXUID", &[4, 7, base], INVALID_ARGUMENT),
        ("XamUserGetXUID", &[0, 7, 0], INVALID_ARGUMENT),
        ("XamUserGetIndexFromXUID", &[1, 0, base], NO_SUCH_USER_RESULT),
        ("XamUserGetIndexFromXUID", &[xuid, 0, 0], INVALID_ARGUMENT),
        ("XamUserGetGamerTag", &[1, base, 16], NO_SUCH_USER_RESULT),
        ("XamUserGetGamerTag", &[0, base, 15], INVALID_ARGUMENT),
        ("XamUserGetName", &[1, base, 16], NO_SUCH_USER),
        ("XamUserGetName", &[4, base, 16], INVALID_PARAMETER),
        ("XamUserCheckPrivilege", &[0, 254, base], NOT_LOGGED_ON),
        ("XamUserCheckPrivilege", &[0xFF, 254, base], NOT_LOGGED_ON),
        ("XamUserCheckPrivilege", &[1, 254, base], NO_SUCH_USER),
        ("XamUserCheckPrivilege", &[4, 254, base], INVALID_PARAMETER),
        ("XamUserCheckPrivilege", &[0, 254, 0], INVALID_PARAMETER),
        ("XamUserAreUsersFriends", &[0, base, 1, base + 8, 0], NOT_LOGGED_ON),
        ("XamUserAreUsersFriends", &[4, base, 1, base + 8, 0], INVALID_PARAMETER),
        ("XamUserGetAge", &[0, base, 0], NOT_LOGGED_ON),
        ("XamUserGetAge", &[1, base, 0], NO_SUCH_USER),
        ("XamUserGetAge", &[0, 0, base + 0x40], INVALID_PARAMETER),
        ("XamUserContentRestrictionGetFlags", &[1, base], NO_SUCH_USER),
        ("XamUserContentRestrictionGetFlags", &[0, 0], INVALID_PARAMETER),
        ("XamUserIsUnsafeProgrammingAllowed", &[5, 0, base], INVALID_PARAMETER),
    ] {
        assert_eq!(b.xam_call(name, arguments), answer, "{name}({arguments:x?})");
    }
    assert_eq!(b.xam_call("XamUserGetXUID", &[0, 7, base]), 0);
    assert_eq!(b.memory().read::<u64>(b.scratch).unwrap(), xuid);
    assert_eq!(b.xam_call("XamUserGetIndexFromXUID", &[xuid, 0, base]), 0);
    assert_eq!(b.word(0), 0);
    for (size, name) in [(16, &b"Player 1\0\xEE"[..]), (5, b"Play\0\xEE"), (1, b"\0\xEE"), (0, b"\xEE\xEE")] {
        b.memory().fill(b.scratch, 16, 0xEE).unwrap();
        assert_eq!(b.xam_call("XamUserGetName", &[0, base, size]), 0, "{size}");
        assert_eq!(bytes(&b, b.scratch.0, name.len()), name, "{size}");
    }
    assert_eq!(b.xam_call("XamUserGetGamerTag", &[0, base, 16]), 0);
    assert_eq!(
        b.memory().read_wide_string(b.scratch, 16).unwrap(),
        "Player 1".encode_utf16().collect::<Vec<_>>()
    );
    for (flags, id) in [(0, xuid), (1, 0), (2, xuid)] {
        b.memory().fill(b.scratch, 0x30, 0xEE).unwrap();
        assert_eq!(b.xam_call("XamUserGetSigninInfo", &[0, flags, base]), 0, "{flags}");
        assert_eq!(b.memory().read::<u64>(b.scratch).unwrap(), id, "{flags}");
        let words = [8, 0xC, 0x10, 0x14, 0x24, 0x28].map(|at| b.word(at));
        assert_eq!(words, [0, 1, 0, 0xFE, 0, 0xEEEE_EEEE], "{flags}");
        assert_eq!(bytes(&b, b.scratch.0 + 0x18, 9), b"Player 1\0", "{flags}");
    }
    for (name, arguments, word) in [
        ("XamUserGetAgeGroup", &[0, base, 0][..], 2),
        ("XamUserIsUnsafeProgrammingAllowed", &[0, 0, base], 1),
        ("XamUserContentRestrictionGetFlags", &[0, base], 0),
        ("XamUserContentRestrictionGetRating", &[0, 0, base, base + 4], 0x3F),
        ("XamUserContentRestrictionCheckAccess", &[0, 0, 0, 0, 0, base, 0], 1),
    ] {
        b.memory().fill(b.scratch, 8, 0xEE).unwrap();
        assert_eq!((b.xam_call(name, arguments), b.word(0)), (0, word), "{name}");
    }
    // An asynchronous call reports the reason for the failure in its structure.
    b.call_in_background("XamUserAreUsersFriends", &[0, base, 1, base + 8, base + 0x40]);
    assert_eq!((b.word(8), b.word(0x40), b.word(0x58)), (0, 0x65B, 0x8007_04DD));
    b.memory().fill(b.scratch, 8, 0xEE).unwrap();
    b.call_in_background("XamUserGetAge", &[0, base, base + 0x40]);
    assert_eq!((b.word(0), b.word(0x40), b.word(0x58)), (0xEEEE_EEEE, 0x65B, 0x8007_04DD));
}

#[test]
fn sign_in_notifies_listeners() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    let heard = |b: &mut Harness| {
        let mut all = Vec::new();
        while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
            all.push((b.word(0), b.word(4)));
        }
        all
    };
    assert_eq!(heard(&mut b), [(9, 0), (0xA, 1)]);
    for (name, arguments, users) in [
        ("XamShowSigninUI", &[1, 0][..], 1),
        // Only profiles of the online service: there are none.
        ("XamShowSigninUI", &[2, 2], 1),
        ("XamShowSigninUIp", &[0, 2, 0], 3),
        ("XamShowSigninUI", &[4, 0x10000], 0xF),
    ] {
        assert_eq!(b.xam_call(name, arguments), 0, "{name}({arguments:x?})");
        (0..7).for_each(|_| b.pass_a_field());
        assert_eq!(heard(&mut b), [(9, 1), (0xA, users), (9, 0)], "{name}({arguments:x?})");
    }
    for panes in [0, 3, 5, 0xFFFF_FFFF] {
        assert_eq!(b.xam_call("XamShowSigninUI", &[panes, 0]), INVALID_PARAMETER, "{panes}");
    }
    assert_eq!(heard(&mut b), []);
    assert_eq!(b.xam_call("XamUserGetSigninState", &[3]), 1);
    assert_eq!(b.xam_call("XNotifyBroadcast", &[0xB, 7]), 0);
    assert_eq!(heard(&mut b), [(0xB, 7)]);
}

#[test]
fn profiles_are_signed_in_by_their_ids() {
    const ADD: u64 = 4;
    const REMOVE: u64 = 8;
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let [one, two] = [0, 1].map(|user| Profile::made_for(user).xuid.0);
    let profiles = Profiles::of(vec![Profile::made_for(0), Profile::made_for(1)], None);
    *b.kernel.user.profiles.lock() = profiles;
    for (ids, flags, result, mask) in [
        ([0, 0, 7, 0], ADD, NO_SUCH_USER_RESULT, 1),
        // All users or none.
        ([0, two, 7, 0], ADD, NO_SUCH_USER_RESULT, 1),
        ([0, two, two, 0], ADD, NO_SUCH_USER_RESULT, 1),
        ([0, 0, two, 0], ADD, 0, 5),
        ([one, 0, two, 0], 0, 0, 5),
        ([0, two, 0, 0], ADD, NO_SUCH_USER_RESULT, 5),
        ([two, 0, 0, 0], REMOVE, 0, 1),
        ([0, two, 0, 0], 0, 0, 2),
        ([0, two, 7, 0], 0, NO_SUCH_USER_RESULT, 2),
        // As tools of the console sign users out and in.
        ([0, 0, 0, 0], 0x23, 0, 0),
        ([two, 0, 0, 0], 0x424, 0, 1),
        ([one, 0, 0, 0], 0, 0, 1),
    ] {
        for (index, id) in (0..).zip(ids) {
            b.memory().write::<u64>(b.scratch.offset(8 * index), id).unwrap();
        }
        assert_eq!(b.xam_call("XamUserLogon", &[base, flags, 0]), result, "{ids:x?}");
        assert_eq!(b.kernel.user.profiles.lock().mask(), mask, "{ids:x?}");
    }
    assert_eq!(b.kernel.user.profiles.lock().place_of(Profile::made_for(0).xuid), Some(0));
    assert_eq!(b.xam_call("XamUserLogon", &[0, 0, 0]), INVALID_ARGUMENT);
    for (id, outcome) in [(one, [0, 0]), (two, [0x525, 0x8007_0525])] {
        for (index, id) in (0..).zip([id, 0, 0, 0]) {
            b.memory().write::<u64>(b.scratch.offset(8 * index), id).unwrap();
        }
        b.call_in_background("XamUserLogon", &[base, ADD, base + 0x40]);
        assert_eq!([0x40, 0x58].map(|field| b.word(field)), outcome, "{id:x}");
    }
}

#[test]
fn a_user_who_replaces_another_is_announced_and_has_nothing_of_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = achievements::harness(folder.path(), &achievements::database_with(b"5", b"i"));
    let base = u64::from(b.scratch.0);
    let [one, two] = [0, 1].map(Profile::made_for);
    let xuid = two.xuid;
    *b.kernel.user.profiles.lock() = Profiles::of(vec![one, two], None);
    b.kernel.user.presence.lock().user_mut(0).unwrap().set_context(0x8001, 7);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    let sign_in = [listener, 0xA, base + 0x40, base + 0x44];
    assert_eq!((b.xam_call("XNotifyGetNext", &sign_in), b.word(0x44)), (1, 1), "at first");
    assert_eq!(b.xam_call("XNotifyGetNext", &sign_in), 0);
    for (index, id) in (0..).zip([xuid.0, 0, 0, 0]) {
        b.memory().write::<u64>(b.scratch.offset(8 * index), id).unwrap();
    }
    assert_eq!(b.xam_call("XamUserLogon", &[base, 0, 0]), 0);
    assert_eq!(b.kernel.user.profiles.lock().place_of(xuid), Some(0));
    assert_eq!((b.xam_call("XNotifyGetNext", &sign_in), b.word(0x44)), (1, 1), "the places are the same");
    assert_eq!(b.kernel.user.presence.lock().user_mut(0).unwrap().context(0x8001), None);
    let list = folder.path().join(format!("Profiles/{:016X}/FFFE07D1.gpd", xuid.0));
    assert!(list.exists(), "the title is noted");
    assert_eq!(b.xam_call("XamUserLogon", &[base, 0, 0]), 0);
    assert_eq!(b.xam_call("XNotifyGetNext", &sign_in), 0, "nothing has changed");
}

/// Reads settings of the first user, or of users by ids; returns the result.
fn read(b: &mut Harness, xuids: &[u64], ids: &[u32], size: u32) -> u64 {
    for (index, id) in ids.iter().enumerate() {
        b.memory().write(b.scratch.offset(0x100 + 4 * index as u32), *id).unwrap();
    }
    for (index, xuid) in xuids.iter().enumerate() {
        b.memory().write(b.scratch.offset(0x200 + 8 * index as u32), *xuid).unwrap();
    }
    b.memory().write(b.scratch.offset(0x80), size).unwrap();
    let base = u64::from(b.scratch.0);
    let xuids = [xuids.len() as u64, base + 0x200];
    let ids = [ids.len() as u64, base + 0x100];
    let arguments = [0, 0, xuids[0], xuids[1], ids[0], ids[1], base + 0x80, base + 0x1000, 0];
    b.xam_call("XamUserReadProfileSettings", &arguments)
}

/// Writes one setting of the first user.
fn write(b: &mut Harness, title: u32, id: u32, kind: u8, value: [u32; 2]) -> u64 {
    let at = b.scratch.offset(0x300);
    b.memory().fill(at, 0x28, 0).unwrap();
    b.memory().write(at.offset(0x10), id).unwrap();
    b.memory().write(at.offset(0x18), kind).unwrap();
    b.memory().write(at.offset(0x20), value[0]).unwrap();
    b.memory().write(at.offset(0x24), value[1]).unwrap();
    b.xam_call("XamUserWriteProfileSettings", &[u64::from(title), 0, 1, u64::from(at.0), 0])
}

#[test]
fn settings_are_sized_read_set_and_read_again() {
    let mut b = Harness::new();
    let scratch = b.scratch.0;
    let ids = [VIBRATION, MOTTO, OWN, 0x1004_7777];
    let needed = 8 + 4 * 0x28 + 0x2C + 0x3E8;
    assert_eq!((read(&mut b, &[], &ids, 0), b.word(0x80)), (INSUFFICIENT_BUFFER, needed));
    assert_eq!((read(&mut b, &[], &ids, needed - 1), b.word(0x80)), (INSUFFICIENT_BUFFER, needed - 1));
    assert_eq!(read(&mut b, &[], &ids, needed), 0);
    let item = |b: &Harness, index: u32| {
        [0, 8, 0xC, 0x10, 0x18, 0x20, 0x24].map(|at| b.word(0x1008 + 0x28 * index + at))
    };
    assert_eq!((b.word(0x1000), b.word(0x1004)), (3, scratch + 0x1008), "what does not exist is left out");
    assert_eq!(item(&b, 0), [1, 0, u32::MAX, VIBRATION, 0x0100_0000, 3, 0]);
    let outside = scratch + 0x1008 + 3 * 0x28;
    assert_eq!(item(&b, 1), [0, 0, u32::MAX, MOTTO, 0x0400_0000, 2, outside], "no more than its end");
    assert_eq!(item(&b, 2), [0, 0, u32::MAX, OWN, 0x0600_0000, 0, 0], "the title has never set it");

    let listener = b.xam_call("XamNotifyCreateListener", &[1, 10]);
    let text = b.put_wide_text(0x400, "Go") as u32;
    assert_eq!(write(&mut b, 0, OWN, 6, [4, text]), 0);
    // Titles can't write the dashboard's settings.
    assert_eq!(write(&mut b, 0, VIBRATION, 1, [0, 0]), ACCESS_DENIED);
    assert_eq!(write(&mut b, 0, MOTTO, 4, [12, text]), ACCESS_DENIED);
    let mut profile = b.kernel.user.profiles.lock().get(0).cloned().unwrap();
    profile.set(0, SettingId(VIBRATION), Value::Bits(0));
    profile.set(0, SettingId(MOTTO), Value::Bytes(b"\0G\0o".to_vec()));
    b.kernel.user.profiles.lock().update(profile);
    assert_eq!(read(&mut b, &[], &ids, needed), 0);
    assert_eq!(item(&b, 0), [2, 0, u32::MAX, VIBRATION, 0x0100_0000, 0, 0]);
    assert_eq!(item(&b, 1), [2, 0, u32::MAX, MOTTO, 0x0400_0000, 6, outside]);
    assert_eq!(bytes(&b, outside, 6), b"\0G\0o\0\0");
    assert_eq!(item(&b, 2), [2, 0, u32::MAX, OWN, 0x0600_0000, 4, outside + 0x2C]);
    assert_eq!(bytes(&b, outside + 0x2C, 4), b"\0G\0o");
    // By id, of two users.
    b.kernel.user.profiles.lock().sign_in(1);
    let xuids = [0, 1].map(|user| Profile::made_for(user).xuid.0);
    let needed = 8 + 2 * (2 * 0x28 + 0x2C);
    assert_eq!((read(&mut b, &xuids, &ids[..2], 0), b.word(0x80)), (INSUFFICIENT_BUFFER, needed));
    assert_eq!(read(&mut b, &xuids, &ids[..2], needed), 0);
    let id = |b: &Harness, index: u32| u64::from(item(b, index)[1]) << 32 | u64::from(item(b, index)[2]);
    assert_eq!([0, 1, 2, 3].map(|index| id(&b, index)), [xuids[0], xuids[0], xuids[1], xuids[1]]);
    assert_eq!([0, 1, 2, 3].map(|index| item(&b, index)[0]), [2, 2, 1, 0]);
    assert_eq!(read(&mut b, &[5], &ids[..2], 0x1000), NO_SUCH_USER);

    let base = u64::from(scratch);
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0xE, base, base + 4]) == 1 {
        heard.push(b.word(4));
    }
    assert_eq!(heard, [1], "of what was set");
    assert_eq!(write(&mut b, 0, AVATAR, 6, [0, 0]), ACCESS_DENIED);
    b.kernel.load_title(&mut b.scheduler, &title_image(0xFFFE_07D1)).unwrap();
    assert_eq!(write(&mut b, 0, AVATAR, 6, [0, 0]), 0, "one of the console's own");
    assert_eq!(b.xam_call("XNotifyGetNext", &[listener, 0x4_0017, base, base + 4]), 1);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let text = base as u32 + 0x400;
    for (id, kind, value) in [
        (0x1004_7777, 1, [0, 0]),
        (VIBRATION, 6, [0, 0]),
        (OWN, 6, [0x3E9, text]),
        (OWN, 6, [u32::MAX, text]),
        (MOTTO, 4, [0x2D, text]),
    ] {
        assert_eq!(write(&mut b, 0, id, kind, value), INVALID_PARAMETER, "{id:#x} {value:x?}");
    }
    assert_eq!(write(&mut b, 0x4141_0001, OWN, 6, [0, 0]), ACCESS_DENIED, "another title's");
    assert_eq!(write(&mut b, 0, VIBRATION, 0xFF, [7, 7]), 0, "left as it is");
    assert_eq!(read(&mut b, &[], &[VIBRATION], 0x100), 0);
    assert_eq!(b.word(0x1008), 1);
    assert_eq!(write(&mut b, 0, OWN, 6, [8, 0]), 0, "without an address: zeros");
    b.memory().write(b.scratch.offset(0x80), 0x1000_u32).unwrap();
    for arguments in [
        [0, 0, 0, 0, 0, base, base, base, 0],
        [0, 0, 0, 0, 33, base, base, base, 0],
        [0, 4, 0, 0, 1, base + 0x90, base + 0x80, base, 0],
        [0, 0, 101, base, 1, base, base, base, 0],
        [0, 0, u64::from(u32::MAX), base, 1, base, base, base, 0],
        [0, 0, 0, 0, 1, 0, base, base, 0],
        [0, 0, 0, 0, 1, base, 0, base, 0],
    ] {
        let answer = b.xam_call("XamUserReadProfileSettings", &arguments);
        assert_eq!(answer, INVALID_PARAMETER, "{arguments:x?}");
    }
    let no_buffer = [0, 0, 0, 0, 1, base + 0x90, base + 0x80, 0, 0];
    assert_eq!(b.xam_call("XamUserReadProfileSettings", &no_buffer), INVALID_PARAMETER);
    b.memory().write(b.scratch.offset(0x80), 1_u32).unwrap();
    assert_eq!(b.xam_call("XamUserReadProfileSettings", &no_buffer), INVALID_PARAMETER);
    // The size needed does not depend on the user.
    let no_user = [0, 1, 0, 0, 1, base + 0x90, base + 0x80, base, 0];
    assert_eq!(b.xam_call("XamUserReadProfileSettings", &no_user), INSUFFICIENT_BUFFER);
    assert_eq!(b.word(0x80), 1, "only a size of 0 is replaced");
    for buffer in [0, base] {
        let sized = [0, 1, 2, base + 0x200, 1, base + 0x90, base + 0x80, buffer, base + 0x40];
        b.memory().write(b.scratch.offset(0x80), 0_u32).unwrap();
        assert_eq!(b.xam_call("XamUserReadProfileSettings", &sized), INSUFFICIENT_BUFFER, "{buffer:#x}");
        assert_eq!(b.word(0x80), 8 + 2 * 0x28, "{buffer:#x}");
    }
    // Libraries ask for it with any user.
    b.memory().write(b.scratch.offset(0x80), 0_u32).unwrap();
    for at in [0x90, 0x94, 0x98] {
        b.memory().write(b.scratch.offset(at), VIBRATION).unwrap();
    }
    let any_user = [0xFFFE_07D1, 0xFF, 0, 0, 3, base + 0x90, base + 0x80, 0, 0];
    assert_eq!(b.xam_call("XamUserReadProfileSettings", &any_user), INSUFFICIENT_BUFFER);
    assert_eq!(b.word(0x80), 8 + 3 * 0x28);
    b.memory().write(b.scratch.offset(0x80), 0x1000_u32).unwrap();
    assert_eq!(b.xam_call("XamUserReadProfileSettings", &no_user), NO_SUCH_USER);
    let late = [0, 1, 0, 0, 1, base + 0x90, base + 0x80, base, base + 0x40];
    b.call_in_background("XamUserReadProfileSettings", &late);
    assert_eq!([0x40, 0x44, 0x58].map(|at| b.word(at)), [0x65B, u32::MAX, 0x8007_0525]);
    for [size, other_size] in [[base + 0x80, 0], [0, base + 0x80]] {
        let extended = [0, 0, 0, 0, 1, base + 0x90, size, other_size, base + 0x1000, 0];
        assert_eq!(b.xam_call("XamUserReadProfileSettingsEx", &extended), 0, "{extended:x?}");
    }
    for arguments in [[0, 0, 0, base, 0], [0, 0, 33, base, 0], [0, 4, 1, base, 0], [0, 0, 1, 0, 0]] {
        let answer = b.xam_call("XamUserWriteProfileSettings", &arguments);
        assert_eq!(answer, INVALID_PARAMETER, "{arguments:x?}");
    }
    assert_eq!(b.xam_call("XamUserWriteProfileSettings", &[0, 1, 1, base + 0x300, 0]), NO_SUCH_USER);
}

#[test]
fn own_options_are_those_of_the_gpd() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = achievements::harness(folder.path(), &achievements::database_with(b"5", b"i"));
    let outside = b.scratch.0 + 0x1008 + 0x28;
    let seen = |b: &mut Harness| {
        assert_eq!(read(b, &[], &[OWN], 8 + 0x28 + 0x3E8), 0);
        [0, 0x18, 0x20].map(|at| b.word(0x1008 + at))
    };
    let long = [1_u8; 0x3E9];
    for (size, value, expected) in [
        (3, &b"abc"[..], [2, 0x0600_0000, 3]),
        (4, b"abc", [0, 0x0600_0000, 0]),
        (0x3E9, &long, [0, 0x0600_0000, 0]),
        (2, b"de", [2, 0x0600_0000, 2]),
    ] {
        let words = [OWN, 0, 0x0600_0000, 0, size, 0].map(u32::to_be_bytes).concat();
        let record = [&words[..], value].concat();
        let gpd = Gpd::read(&achievements::built(&[(3, OWN.into(), record)])).unwrap();
        let xuid = Profile::made_for(0).xuid;
        let files = b.kernel.files.lock();
        files.packages.store.save_gpd(xuid, achievements::TITLE, &gpd).unwrap();
        drop(files);
        assert_eq!(seen(&mut b), expected, "{size}");
    }
    assert_eq!(bytes(&b, outside, 2), b"de");
    let text = b.put_wide_text(0x400, "Go") as u32;
    assert_eq!(write(&mut b, 0, OWN, 6, [4, text]), 0);
    assert_eq!((seen(&mut b), bytes(&b, outside, 4)), ([2, 0x0600_0000, 4], b"\0G\0o".to_vec()));
    drop(b);
    let mut next = achievements::harness(folder.path(), &achievements::database_with(b"5", b"i"));
    let found = next.kernel.files.lock().packages.store.gpd(Profile::made_for(0).xuid, achievements::TITLE);
    assert_eq!(found.unwrap().binary_setting(OWN), Some(&b"\0G\0o"[..]));
    assert_eq!(next.kernel.user.profiles.lock().get(0), Some(&Profile::made_for(0)), "it is not beside it");
    assert_eq!(seen(&mut next), [2, 0x0600_0000, 4]);
}

#[test]
fn a_gamer_tiles_key_has_three_words() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let parse = |b: &mut Harness, kind: u8, size: u32, text: &str| {
        let text = b.put_wide_text(0x100, text) as u32;
        b.memory().write(b.scratch, kind).unwrap();
        b.memory().write(b.scratch.offset(8), size).unwrap();
        b.memory().write(b.scratch.offset(0xC), text).unwrap();
        b.xam_call("XamParseGamerTileKey", &[base, base + 0x40, base + 0x44, base + 0x48])
    };
    assert_eq!(parse(&mut b, 4, 0x32, "FFFE07D10002000200010003"), 0);
    assert_eq!([0x40, 0x44, 0x48].map(|at| b.word(at)), [0xFFFE_07D1, 0x0002_0002, 0x0001_0003]);
    for (kind, size, text) in [
        (6, 0x32, "FFFE07D10002000200010003"),
        (4, 0x65, "FFFE07D10002000200010003"),
        (4, 0x32, "FFFE07D1000200020001000"),
        (4, 0x32, "FFFE07D1000200020001000G"),
        (4, 0x32, "+FFE07D10002000200010003"),
        (4, 0x32, "äFE07D10002000200010003"),
    ] {
        assert_eq!(parse(&mut b, kind, size, text), INVALID_PARAMETER, "{kind} {text}");
    }
}
