//! Tests of achievements: reporting, listing and storage.

use super::*;
use std::path::PathBuf;
use xenia_formats::gpd::{AchievementSum, EARNED, Gpd, GpdTotals, PlayedTitle};
use xenia_formats::image::Resource;
use xenia_formats::xdbf::Xdbf;
use xenia_kernel::ports::{DialogRequest, Storage};
use xenia_user::profile::Profile;
use xenia_user::profile_settings::{DASHBOARD, SettingId, Value};

pub(super) const TITLE: u32 = 0x4D53_07D1;
pub(super) const INVALID_PARAMETER: u64 = 0x57;
pub(super) const NO_SUCH_USER: u64 = 0x525;
const NO_MORE_FILES: u64 = 0x12;
const NOT_LOGGED_ON: u64 = 0x4DD;
const XUSER_WRITE_ACHIEVEMENTS: u64 = 0xB_0008;
const XUSER_AWARD_AVATAR_ASSETS: u64 = 0xB_0071;
/// Offsets in the scratch memory of a message, its results and listed items.
const MESSAGE: u32 = 0x100;
const RESULTS: u32 = 0x200;
const LIST: u32 = 0x1000;

#[derive(Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Storage for Folder {
    fn content(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

/// Builds a title's database: two achievements with English texts, worth 10 and 25, and their
/// picture.
fn database() -> Vec<u8> {
    database_with(b"\x89PNG five", b"\x89PNG icon")
}

/// Like [`database`], with other pictures for the achievements and the title.
pub(super) fn database_with(five: &[u8], icon: &[u8]) -> Vec<u8> {
    let tagged = |tag: &[u8; 4], body: &[u8]| [&tag[..], &[0; 8], body].concat();
    let mut strings = vec![0, 5];
    for (id, text) in [(0x8000_u16, "A title"), (1, "First"), (2, "Did it"), (3, "Do it"), (4, "Second")] {
        strings.extend([id.to_be_bytes(), (text.len() as u16).to_be_bytes()].concat());
        strings.extend(text.bytes());
    }
    let mut rows = vec![0, 2];
    for (id, label, score) in [(1_u16, 1_u16, 10_u16), (7, 4, 25)] {
        let mut row = [id, label, 2, 3, 0, 5, score, 0, 0, 9].map(u16::to_be_bytes).concat();
        row.resize(0x24, 0);
        rows.extend(row);
    }
    built(&[
        (3_u16, 1_u64, tagged(b"XSTR", &strings)),
        (1, u64::from(u32::from_be_bytes(*b"XACH")), tagged(b"XACH", &rows)),
        (2, 5, five.to_vec()),
        (2, 0x8000, icon.to_vec()),
    ])
}

/// Builds a database of these entries: section, id and bytes.
pub(super) fn built(entries: &[(u16, u64, Vec<u8>)]) -> Vec<u8> {
    let count = (entries.len() as u32).to_be_bytes();
    let mut file = [&b"XDBF"[..], &[0; 4], &count, &count, &[0; 8]].concat();
    let mut data = Vec::new();
    for (section, id, bytes) in entries {
        file.extend(section.to_be_bytes());
        file.extend(id.to_be_bytes());
        file.extend([data.len() as u32, bytes.len() as u32].map(u32::to_be_bytes).concat());
        data.extend(bytes);
    }
    [file, data].concat()
}

/// Creates a machine with a title that has this database.
pub(super) fn harness(folder: &Path, database: &[u8]) -> Harness {
    let mut b =
        Harness::with_ports(Ports { storage: Box::new(Folder(folder.to_owned())), ..Ports::default() });
    let mut bytes = vec![0; 0x1_0000];
    bytes[0x100..0x100 + database.len()].copy_from_slice(database);
    let resource = Resource {
        name: format!("{TITLE:08X}"),
        address: GuestAddr(0x8200_0100),
        size: database.len() as u32,
    };
    let image = LoadedImage { bytes, resources: vec![resource], ..title_image(TITLE) };
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    b
}

/// Folder of the profile that is made for this user.
fn profile_folder(content: &Path, user: u32) -> PathBuf {
    content.join(format!("Profiles/{:016X}", Profile::made_for(user).xuid.0))
}

/// Reports achievements: pairs of a user and an id.
pub(super) fn achieve(b: &mut Harness, pairs: &[(u32, u32)]) -> u32 {
    let at = b.scratch.offset(MESSAGE);
    b.memory().write(at, pairs.len() as u32).unwrap();
    b.memory().write(at.offset(4), at.offset(8)).unwrap();
    for (index, (user, id)) in pairs.iter().enumerate() {
        let pair = at.offset(8 + 8 * index as u32);
        b.memory().write(pair, *user).unwrap();
        b.memory().write(pair.offset(4), *id).unwrap();
    }
    b.xam_call("XMsgInProcessCall", &[0xFB, XUSER_WRITE_ACHIEVEMENTS, u64::from(at.0), 8]) as u32
}

/// Creates an enumerator; returns its handle, and the buffer size for one call.
fn list(b: &mut Harness, flags: u64, start: u64, items: u64) -> (u64, u32) {
    let results = u64::from(b.scratch.offset(RESULTS).0);
    let arguments = [0, 0, 0, flags, start, items, results, results + 4];
    assert_eq!(b.xam_call("XamUserCreateAchievementEnumerator", &arguments), 0);
    (u64::from(b.word(RESULTS + 4)), b.word(RESULTS))
}

/// Reads the next items; returns their number, or the error.
fn next(b: &mut Harness, list: u64) -> Result<u32, u64> {
    let buffer = u64::from(b.scratch.offset(LIST).0);
    let count = u64::from(b.scratch.offset(RESULTS).0);
    match b.xam_call("XamEnumerate", &[list, 0, buffer, 0x1000, count, 0]) {
        0 => Ok(b.word(RESULTS)),
        error => Err(error),
    }
}

fn text_at(b: &Harness, field: u32) -> String {
    let at = b.memory().read::<GuestAddr>(b.scratch.offset(LIST + field)).unwrap();
    String::from_utf16_lossy(&b.memory().read_wide_string(at, 100).unwrap())
}

#[test]
fn earned_achievements_are_listed_and_persist() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    let (all, size) = list(&mut b, 7, 0, 2);
    assert_eq!(size, 2 * (0x24 + 464));
    assert_eq!(next(&mut b, all), Ok(2));
    assert_eq!([0, 0x10, 0x14, 0x18, 0x1C, 0x20].map(|at| b.word(LIST + at)), [1, 5, 10, 0, 0, 9]);
    assert_eq!([4, 8, 0xC, 0x28].map(|at| text_at(&b, at)), ["First", "Did it", "Do it", "Second"]);
    assert_eq!(b.word(LIST + 4), b.scratch.offset(LIST + 2 * 0x24).0, "texts lie behind the items");
    assert_eq!(next(&mut b, all), Err(NO_MORE_FILES));
    assert_eq!(std::fs::read_dir(folder.path().join("Profiles")).unwrap().count(), 1);
    assert_eq!(achieve(&mut b, &[(0, 7), (0, 7), (0, 99)]), 0, "what is not listed is left out");
    let now = b.kernel.clock.system_time(b.scheduler.now());
    for again in [false, true] {
        if again {
            b = harness(folder.path(), &database());
        }
        let (rest, size) = list(&mut b, 0, 1, 5);
        assert_eq!(size, 5 * 0x24);
        assert_eq!(next(&mut b, rest), Ok(1));
        let words = [0, 4, 8, 0xC, 0x10, 0x14, 0x18, 0x1C, 0x20].map(|at| b.word(LIST + at));
        assert_eq!(words, [7, 0, 0, 0, 5, 25, (now >> 32) as u32, now as u32, 9 | EARNED]);
    }
    let of_profile = profile_folder(folder.path(), 0);
    let of = |name: &str| Gpd::read(&std::fs::read(of_profile.join(name)).unwrap()).unwrap();
    let gpd = of("4D5307D1.gpd");
    let achievements = AchievementSum { possible: 2, earned: 1 };
    let gamerscore = AchievementSum { possible: 35, earned: 25 };
    assert_eq!(gpd.totals(), GpdTotals { achievements, gamerscore });
    assert_eq!(gpd.image(5), Some(&b"\x89PNG five"[..]));
    assert_eq!((gpd.title_name().as_deref(), gpd.icon()), (Some("A title"), Some(&b"\x89PNG icon"[..])));
    let played =
        PlayedTitle { title_id: TITLE, achievements, gamerscore, played_at: now, name: "A title".to_owned() };
    assert_eq!(of("FFFE07D1.gpd").titles(), [played]);
}

#[test]
fn a_title_is_listed_from_its_first_start_on_and_keeps_its_sums() {
    let folder = tempfile::tempdir().unwrap();
    let of_profile = profile_folder(folder.path(), 0);
    let mut b = harness(folder.path(), &database());
    let listed = || Gpd::read(&std::fs::read(of_profile.join("FFFE07D1.gpd")).unwrap()).unwrap().titles();
    b.kernel.gamer_data().note_start(5);
    let sums = |possible| AchievementSum { possible, earned: 0 };
    let row = PlayedTitle {
        title_id: TITLE,
        achievements: sums(2),
        gamerscore: sums(35),
        played_at: 5,
        name: "A title".to_owned(),
    };
    assert_eq!(listed(), [row]);
    let own = of_profile.join("4D5307D1.gpd");
    assert!(!own.exists(), "nothing is earned");
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    std::fs::remove_file(&own).unwrap();
    b.kernel.gamer_data().note_start(9);
    let found = listed().remove(0);
    assert_eq!((found.played_at, found.gamerscore.earned), (9, 25));
    drop(b);
    // A title without achievements, as a demo of one.
    let other = tempfile::tempdir().unwrap();
    let b = harness(other.path(), &[]);
    b.kernel.gamer_data().note_start(5);
    assert!(!profile_folder(other.path(), 0).join("FFFE07D1.gpd").exists());
}

#[test]
fn a_first_start_counts_what_is_earned_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let of_profile = profile_folder(folder.path(), 0);
    let mut b = harness(folder.path(), &database());
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    drop(b);
    // As if only the title's database came from a console.
    for file in ["FFFE07D1.gpd", "FFFE07D1.settings", "4D5307D1.settings"] {
        std::fs::remove_file(of_profile.join(file)).unwrap();
    }
    let b = harness(folder.path(), &database());
    b.kernel.gamer_data().note_start(5);
    let profile = b.kernel.user.profiles.lock().get(0).cloned().unwrap();
    assert_eq!(profile.gamerscore(), 25);
    let title = profile.setting(TITLE, SettingId::TITLE_ACHIEVEMENTS);
    assert_eq!(title, Some(&Value::Bits(1 << 32)));
}

#[test]
fn options_that_differ_from_the_gpds_stay_until_the_title_stores_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let of_profile = profile_folder(folder.path(), 0);
    std::fs::create_dir_all(&of_profile).unwrap();
    std::fs::write(of_profile.join("profile"), "xenia-rs profile 1\nname = Ada\n").unwrap();
    let text = of_profile.join("4D5307D1.settings");
    std::fs::write(&text, "xenia-rs settings 1\n63E83FFF = 63\n").unwrap();
    let own = of_profile.join("4D5307D1.gpd");
    let mut gpd = Gpd::default();
    gpd.set_binary_setting(0x63E8_3FFF, b"b");
    std::fs::write(&own, gpd.to_bytes()).unwrap();
    let mut b = harness(folder.path(), &database());
    let are_kept = || {
        let gpd = Gpd::read(&std::fs::read(&own).unwrap()).unwrap();
        let text = std::fs::read_to_string(&text).unwrap();
        gpd.binary_setting(0x63E8_3FFF) == Some(&b"b"[..]) && text.contains("63E83FFF = 63\n")
    };
    b.kernel.gamer_data().note_start(5);
    assert!(are_kept(), "a start");
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    assert!(are_kept(), "an achievement");
}

#[test]
fn users_who_sign_in_later_play_the_title_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    assert_eq!(b.xam_call("XamShowSigninUI", &[4, 0x10000]), 0);
    (0..7).for_each(|_| b.pass_a_field());
    assert_eq!(b.kernel.user.profiles.lock().mask(), 0xF);
    let has_list = |user: u32| profile_folder(folder.path(), user).join("FFFE07D1.gpd").exists();
    assert_eq!([0, 1, 2, 3].map(has_list), [false, true, true, true], "the first one has not started it");
}

#[test]
fn a_page_shows_the_achievements_that_are_earned() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    assert_eq!(achieve(&mut b, &[(0, 1)]), 0);
    assert_eq!(b.xam_call("XamShowAchievementsUI", &[1, 0]), NO_SUCH_USER);
    assert_eq!(b.xam_call("XamShowAchievementsUI", &[0, 0]), 0);
    let Some(DialogRequest::Message(page)) = b.kernel.user.dialog.request() else { panic!("no page") };
    assert_eq!(page.text, "1 of 2 achievements, 10 of 35 G\nFirst");
}

#[test]
fn scores_are_settings_of_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    let base = u64::from(b.scratch.0);
    let score = |b: &mut Harness| {
        let ids = [0x1004_0006_u32, 0x1004_0012, 0x1004_0013, 0x1004_0038, 0x1004_0039];
        for (index, id) in ids.iter().enumerate() {
            b.memory().write(b.scratch.offset(RESULTS + 4 * index as u32), *id).unwrap();
        }
        b.memory().write(b.scratch.offset(MESSAGE), 0x1000_u32).unwrap();
        let ids = base + u64::from(RESULTS);
        let size = base + u64::from(MESSAGE);
        let buffer = base + u64::from(LIST);
        let arguments = [u64::from(TITLE), 0, 0, 0, 5, ids, size, buffer, 0];
        assert_eq!(b.xam_call("XamUserReadProfileSettings", &arguments), 0);
        [0, 1, 2, 3, 4].map(|index| b.word(LIST + 8 + 0x28 * index + 0x20))
    };
    assert_eq!(score(&mut b), [0, 1, 0, 0, 0]);
    assert_eq!(achieve(&mut b, &[(0, 1)]), 0);
    assert_eq!(score(&mut b), [10, 1, 1, 10, 1]);
    assert_eq!(achieve(&mut b, &[(0, 1), (0, 7)]), 0);
    assert_eq!(score(&mut b), [35, 1, 2, 35, 2]);
    drop(b);
    assert_eq!(score(&mut harness(folder.path(), &database())), [35, 1, 2, 35, 2]);
}

#[test]
fn totals_in_another_programs_database_follow() {
    let folder = tempfile::tempdir().unwrap();
    let of_profile = profile_folder(folder.path(), 0);
    std::fs::create_dir_all(&of_profile).unwrap();
    let file = of_profile.join("FFFE07D1.gpd");
    let mut gamerscore = vec![0; 0x18];
    gamerscore[..4].copy_from_slice(&0x1004_0006_u32.to_be_bytes());
    gamerscore[8] = 1;
    std::fs::write(&file, built(&[(3, 0x1004_0006, gamerscore)])).unwrap();
    let mut b = harness(folder.path(), &database());
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    let bytes = std::fs::read(&file).unwrap();
    let database = Xdbf::read(&bytes).unwrap();
    let found = database.entries().find(|entry| entry.1 == 0x1004_0006).unwrap();
    assert_eq!(found.2[0x10..0x14], 25_u32.to_be_bytes());
}

#[test]
fn a_full_disk_is_the_calls_error_and_nothing_is_achieved() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    // A full disk of a single allocation unit.
    let disk = xenia_vfs::MemoryDevice::new(0x4000, Arc::default());
    let store = xenia_user::content::ContentStore::temporary(Box::new(disk));
    store.replace(&["file".to_owned()], &[0; 0x4000]).unwrap();
    b.kernel.files.lock().packages.store = store;
    assert_eq!(achieve(&mut b, &[(0, 1)]), 0x8007_0070);
    let (all, _) = list(&mut b, 0, 0, 1);
    assert_eq!((next(&mut b, all), b.word(LIST + 0x20)), (Ok(1), 9));
}

#[test]
fn avatar_awards_are_accepted() {
    let mut b = Harness::new();
    let message = b.scratch.offset(MESSAGE);
    let overlapped = b.scratch.offset(RESULTS);
    for (field, word) in [(0, 1), (4, message.0 + 8), (8, 0), (12, 1)] {
        b.memory().write(message.offset(field), word).unwrap();
    }
    let at = u64::from(message.0);
    assert_eq!(b.xam_call("XMsgInProcessCall", &[0xFB, XUSER_AWARD_AVATAR_ASSETS, at, 8]), 0);
    let request = [0xFB, XUSER_AWARD_AVATAR_ASSETS, u64::from(overlapped.0), at, 8];
    b.call_in_background("XMsgStartIORequest", &request);
    assert_eq!([0, 4, 0x18].map(|field| b.word(RESULTS + field)), [0, 0, 0]);
}

/// Creates an enumerator of the titles played.
fn played(b: &mut Harness, [user, xuid, start, items]: [u64; 4]) -> (u64, u64) {
    let results = u64::from(b.scratch.offset(RESULTS).0);
    let arguments = [0, user, xuid, start, items, results, results + 4];
    let answer = b.xam_call("XamUserCreateTitlesPlayedEnumerator", &arguments);
    (answer, u64::from(b.word(RESULTS + 4)))
}

#[test]
fn titles_that_were_played_are_listed_the_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    let (answer, list) = played(&mut b, [0, 0, 0, 5]);
    assert_eq!((answer, b.word(RESULTS), next(&mut b, list)), (0, 5 * 0xA8, Err(NO_MORE_FILES)));
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    let xuid = Profile::made_for(0).xuid;
    {
        let files = b.kernel.files.lock();
        let mut dashboard = files.packages.store.gpd(xuid, DASHBOARD).unwrap();
        let newer = PlayedTitle {
            title_id: 7,
            achievements: AchievementSum { possible: 1, earned: 0 },
            gamerscore: AchievementSum { possible: 9, earned: 0 },
            played_at: u64::MAX,
            name: "N".repeat(70),
        };
        for title in [
            PlayedTitle { title_id: 8, achievements: AchievementSum::default(), ..newer.clone() },
            PlayedTitle { title_id: DASHBOARD, ..newer.clone() },
            newer,
        ] {
            dashboard.set_title(&title);
        }
        files.packages.store.save_gpd(xuid, DASHBOARD, &dashboard).unwrap();
    }
    let (answer, list) = played(&mut b, [0, xuid.0, 0, 5]);
    assert_eq!((answer, next(&mut b, list)), (0, Ok(2)));
    let item = |b: &Harness, at: u32| {
        [0, 4, 8, 0xC, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24].map(|field| b.word(LIST + at + field))
    };
    assert_eq!(item(&b, 0), [7, 1, 0, 9, 0, 0, 0, 0, 0, 0]);
    assert_eq!(item(&b, 0xA8), [TITLE, 2, 1, 35, 25, 0, 0, 0, 0, 0]);
    let name = |b: &Harness, at: u32| {
        let units = b.memory().read_wide_string(b.scratch.offset(LIST + at + 0x28), 64).unwrap();
        String::from_utf16(&units).unwrap()
    };
    assert_eq!((name(&b, 0), name(&b, 0xA8)), ("N".repeat(63), "A title".to_owned()));
    let (_, list) = played(&mut b, [0, 0, 1, 1]);
    assert_eq!((next(&mut b, list), b.word(LIST)), (Ok(1), TITLE));
    for (arguments, answer) in [
        ([0, 0, 0, 0], INVALID_PARAMETER),
        ([0, 0, 0, 0x1_0001], INVALID_PARAMETER),
        ([4, 0, 0, 1], INVALID_PARAMETER),
        ([1, 0, 0, 1], NO_SUCH_USER),
        ([0, 5, 0, 1], NO_SUCH_USER),
        ([0, 0, u64::from(u32::MAX), 0x1_0000], 0),
    ] {
        assert_eq!(played(&mut b, arguments).0, answer, "{arguments:x?}");
    }
    let results = u64::from(b.scratch.offset(RESULTS).0);
    for nowhere in [[0, 0, 0, 0, 1, 0, results], [0, 0, 0, 0, 1, results, 0]] {
        let answer = b.xam_call("XamUserCreateTitlesPlayedEnumerator", &nowhere);
        assert_eq!(answer, INVALID_PARAMETER, "{nowhere:x?}");
    }
}

#[test]
fn bad_reports_and_lists_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = harness(folder.path(), &database());
    let results = u64::from(b.scratch.offset(RESULTS).0);
    assert_eq!(achieve(&mut b, &[]), 0x8007_0057);
    for nobody in [1, 4, u32::MAX] {
        assert_eq!(achieve(&mut b, &[(0, 1), (nobody, 1)]), 0x8007_0525, "{nobody}");
    }
    let (all, _) = list(&mut b, 0, 0, 1);
    assert_eq!((next(&mut b, all), b.word(LIST + 0x20)), (Ok(1), 9), "all of a report or nothing");
    let at = u64::from(b.scratch.offset(MESSAGE).0);
    b.memory().write(b.scratch.offset(MESSAGE), 0x401_u32).unwrap();
    assert_eq!(b.xam_call("XMsgInProcessCall", &[0xFB, XUSER_WRITE_ACHIEVEMENTS, at, 8]) as u32, 0x8007_0057);
    let name = "XamUserCreateAchievementEnumerator";
    for (arguments, answer) in [
        ([0, 0, 0, 0, 0, 0, results, results + 4], INVALID_PARAMETER),
        ([0, 0, 0, 0, 0, 0x1_0001, results, results + 4], INVALID_PARAMETER),
        ([0, 4, 0, 0, 0, 1, results, results + 4], INVALID_PARAMETER),
        ([0, 0, 0, 0, 0, 1, 0, results + 4], INVALID_PARAMETER),
        ([0, 0, 0, 0, 0, 1, results, 0], INVALID_PARAMETER),
        ([0, 1, 0, 0, 0, 1, results, results + 4], NO_SUCH_USER),
        ([0, 0, 5, 0, 0, 1, results, results + 4], NO_SUCH_USER),
        ([0, 0, Profile::made_for(0).xuid.0, 0, u64::from(u32::MAX), 1, results, results + 4], 0),
        ([u64::from(DASHBOARD), 0, 0, 7, 0, 0x1_0000, results, results + 4], 0),
    ] {
        assert_eq!(b.xam_call(name, &arguments), answer, "{arguments:x?}");
    }
    let empty = u64::from(b.word(RESULTS + 4));
    assert_eq!(next(&mut b, empty), Err(NO_MORE_FILES), "nothing is known of that title");
    let handle = results + 4;
    for (arguments, answer) in [
        ([0, 3, 7, 100, 1, at, results, handle], NOT_LOGGED_ON),
        ([0, 4, 7, 100, 1, at, results, handle], INVALID_PARAMETER),
        ([0, 0, 0, 100, 1, at, results, handle], INVALID_PARAMETER),
        ([0, 0, 7, 0, 1, at, results, handle], INVALID_PARAMETER),
        ([0, 0, 7, 101, 1, at, results, handle], INVALID_PARAMETER),
        ([0, 0, 7, 100, 0, at, results, handle], INVALID_PARAMETER),
        ([0, 0, 7, 100, 1, 0, results, handle], INVALID_PARAMETER),
        ([0, 0, 7, 100, 1, at, 0, handle], INVALID_PARAMETER),
        ([0, 0, 7, 100, 1, at, results, 0], INVALID_PARAMETER),
    ] {
        b.memory().fill(b.scratch.offset(RESULTS), 8, 0xEE).unwrap();
        assert_eq!(b.xam_call("XamUserCreateStatsEnumerator", &arguments), answer, "{arguments:x?}");
        let has_handle = arguments[7] != 0;
        assert_eq!(b.word(RESULTS + 4) == 0, has_handle, "{arguments:x?}");
        assert_eq!(b.word(RESULTS) == 0, has_handle && arguments[6] != 0, "{arguments:x?}");
    }
    // A missing or damaged database counts as one without achievements.
    for database in [&b""[..], b"XDBF noise"] {
        let mut b = harness(folder.path(), database);
        assert_eq!(achieve(&mut b, &[(0, 1)]), 0, "{database:?}");
        let (all, _) = list(&mut b, 7, 0, 1);
        assert_eq!(next(&mut b, all), Err(NO_MORE_FILES), "{database:?}");
    }
}
