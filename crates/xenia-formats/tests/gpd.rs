//! Tests of profile databases: round trips, and the positions of fields in the file.

use crate::support::Noise;
use xenia_formats::gpd::{
    AchievementSum, EARNED, Gpd, GpdTotals, MAX_BYTES, MAX_PICTURE, PlayedTitle, Record,
};
use xenia_formats::xdbf::Xdbf;
use xenia_testing::Cases;

fn record(id: u32, flags: u32) -> Record {
    let texts = ["Zwölf", "Done \u{1F600}", ""].map(str::to_owned);
    let [label, description, unachieved] = texts;
    let unlocked_at = if flags & EARNED == 0 { 0 } else { 0x01D6_BABE_0000_0001 };
    Record { id, image: 5, gamerscore: 10 * id, flags, unlocked_at, label, description, unachieved }
}

fn sample() -> Gpd {
    let mut gpd = Gpd::default();
    gpd.set_achievement(&record(7, 9));
    gpd.set_achievement(&record(1, 9 | EARNED));
    gpd.add_image(5, b"\x89PNG five");
    gpd.set_title_name("A title", Some(b"\x89PNG icon"));
    gpd
}

#[test]
fn profile_database_round_trips() {
    let mut gpd = sample();
    let achievements = AchievementSum { possible: 2, earned: 1 };
    let gamerscore = AchievementSum { possible: 80, earned: 10 };
    let title = PlayedTitle {
        title_id: 0x4D53_07D1,
        achievements,
        gamerscore,
        played_at: 3,
        name: "A title".to_owned(),
    };
    gpd.set_title(&title);
    let again = Gpd::read(&gpd.to_bytes()).unwrap();
    assert_eq!(again, gpd);
    assert_eq!(again.achievements(), [record(1, 9 | EARNED), record(7, 9)]);
    assert_eq!(again.titles(), [title]);
    assert_eq!((again.title_name().as_deref(), again.icon()), (Some("A title"), Some(&b"\x89PNG icon"[..])));
    assert_eq!((again.image(5), again.image(6)), (Some(&b"\x89PNG five"[..]), None));
    assert_eq!(again.totals(), GpdTotals { achievements, gamerscore });
    assert_eq!(Gpd::read(&Gpd::default().to_bytes()).unwrap(), Gpd::default());
}

#[test]
fn fields_have_the_offsets_of_the_format() {
    let bytes = sample().to_bytes();
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(&bytes[..4], b"XDBF");
    // Two achievements with their list and numbers of changes, two images, a name.
    assert_eq!([4, 8, 0xC, 0x10, 0x14].map(word), [0x1_0000, 512, 7, 512, 1]);
    let data = 24 + 18 * 512 + 8 * 512;
    let length = (bytes.len() - data) as u32;
    assert_eq!([24 + 18 * 512, 24 + 18 * 512 + 4].map(word), [length, u32::MAX - length]);
    // The first entry is that of the first achievement.
    assert_eq!(bytes[24..24 + 10], [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!([0, 4, 8, 0xC, 0x10].map(|at| word(data + at)), [0x1C, 1, 5, 10, 9 | EARNED]);
    assert_eq!(bytes[data + 0x1C..data + 0x28], *b"\0Z\0w\0\xF6\0l\0f\0\0");
}

#[test]
fn unknown_gpd_entries_are_preserved() {
    // A synchronization list for the online service, and a setting.
    let mut file = sample().to_bytes();
    let count = u32::from_be_bytes(file[0xC..0x10].try_into().unwrap()) as usize;
    for (number, (section, id)) in [(3_u16, 0x1_0000_0000_u64), (3, 0x1004_0006)].into_iter().enumerate() {
        let at = 24 + 18 * (count + number);
        file[at..at + 2].copy_from_slice(&section.to_be_bytes());
        file[at + 2..at + 10].copy_from_slice(&id.to_be_bytes());
        file[at + 10..at + 18].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 6]);
    }
    file[0xC..0x10].copy_from_slice(&(count as u32 + 2).to_be_bytes());
    let mut gpd = Gpd::read(&file).unwrap();
    assert_eq!(gpd.achievements().len(), 2, "its list is not an achievement");
    gpd.set_achievement(&record(9, 0));
    let again = Gpd::read(&gpd.to_bytes()).unwrap();
    assert_eq!(again, gpd);
    assert_eq!(again.to_bytes()[0xF], count as u8 + 3);
}

/// A file of another program, with these entries.
fn file_with(entries: &[(u16, u64, &[u8])]) -> Vec<u8> {
    let mut file = Gpd::default().to_bytes();
    let data = file.len();
    let word = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    file[0xC..0x10].copy_from_slice(&word(entries.len()));
    for (number, (section, id, bytes)) in entries.iter().enumerate() {
        let place = word(file.len() - data);
        let row = [&section.to_be_bytes()[..], &id.to_be_bytes(), &place, &word(bytes.len())].concat();
        file[24 + 18 * number..][..18].copy_from_slice(&row);
        file.extend_from_slice(bytes);
    }
    file
}

#[test]
fn bytes_of_other_programs_in_records_are_preserved() {
    let units = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let long = "x".repeat(600);
    let texts = [long.as_str(), "one\ntwo", "no"].map(units).concat();
    let mut record = [words(&[0x1C, 1, 5, 10, 9, 0, 0]), texts, vec![0xAB; 6]].concat();
    let mut setting = words(&[0x1004_0006, 7, 0x0100_0000, 0, 5, 0]);
    let mut title = [words(&[8, 2, 0, 80, 0, 7, 7, 6, 0, 0]), units("A name"), vec![0xCD; 4]].concat();
    let mut gpd =
        Gpd::read(&file_with(&[(1, 1, &record), (3, 0x1004_0006, &setting), (4, 8, &title)])).unwrap();
    let found = gpd.achievements().remove(0);
    assert_eq!((found.label.len(), &*found.description, &*found.unachieved), (512, "one two", "no"));
    gpd.set_achievement(&Record { flags: found.flags | EARNED, unlocked_at: 3, ..found });
    gpd.update_number(0x1004_0006, 10);
    gpd.update_number(0x1004_0013, 1);
    let achievements = AchievementSum { possible: 2, earned: 1 };
    let gamerscore = AchievementSum { possible: 80, earned: 10 };
    let played = PlayedTitle { title_id: 8, achievements, gamerscore, played_at: 9, name: String::new() };
    gpd.set_title(&played);
    record[0x10..0x1C].copy_from_slice(&words(&[9 | EARNED, 0, 3]));
    setting[0x10..0x14].copy_from_slice(&words(&[10]));
    title[4..0x14].copy_from_slice(&words(&[2, 1, 80, 10]));
    title[0x1C..0x28].copy_from_slice(&words(&[7, 0, 9]));
    let sync = |id: u64| [id, 1, 2, 0, 0].map(u64::to_be_bytes).concat();
    let expected = [&record[..], &sync(1), &setting, &title, &sync(8)].concat();
    assert_eq!(gpd.to_bytes()[file_with(&[]).len()..], expected);
    gpd.set_title(&PlayedTitle { name: "Another".to_owned(), ..played });
    assert_eq!(gpd.titles()[0].name, "Another");
}

#[test]
fn bytes_of_a_setting_are_those_after_its_record() {
    let found = |kind: u32, size: u32, bytes: &[u8]| {
        let words = [0x63E8_3FFF, 0, kind << 24, 0, size, 0].map(u32::to_be_bytes).concat();
        let record = [&words[..], bytes].concat();
        let gpd = Gpd::read(&file_with(&[(3, 0x63E8_3FFF, &record)])).unwrap();
        gpd.binary_setting(0x63E8_3FFF).map(<[u8]>::to_vec)
    };
    assert_eq!(found(6, 3, b"abc").as_deref(), Some(&b"abc"[..]));
    assert_eq!(found(6, 2, b"abc").as_deref(), Some(&b"ab"[..]), "Velocity reserves too much");
    assert_eq!(found(6, 0, b"").as_deref(), Some(&b""[..]));
    for (kind, size) in [(6, 4), (6, u32::MAX), (1, 3)] {
        assert_eq!(found(kind, size, b"abc"), None, "{kind} {size:#x}");
    }
    let short = Gpd::read(&file_with(&[(3, 0x63E8_3FFF, &[0; 0x12])])).unwrap();
    assert_eq!((short.binary_setting(0x63E8_3FFF), short.binary_setting(0x63E8_3FFE)), (None, None));
}

#[test]
fn a_binary_setting_replaces_the_value_alone() {
    let id = 0x63E8_3FFF;
    let words = [id, 7, 6 << 24 | 9, 8, 2, 5].map(u32::to_be_bytes).concat();
    let mut gpd = Gpd::read(&file_with(&[(3, id.into(), &[&words[..], b"ab"].concat())])).unwrap();
    gpd.set_binary_setting(id, b"new");
    gpd.set_binary_setting(id - 1, b"");
    let again = Gpd::read(&gpd.to_bytes()).unwrap();
    assert_eq!([id, id - 1].map(|id| again.binary_setting(id)), [Some(&b"new"[..]), Some(&b""[..])]);
    let bytes = gpd.to_bytes();
    let file = Xdbf::read(&bytes).unwrap();
    let record = file.entries().find(|entry| entry.1 == u64::from(id)).unwrap().2;
    let words = [id, 7, 6 << 24 | 9, 8, 3, 5].map(u32::to_be_bytes).concat();
    assert_eq!(record, [&words[..], b"new"].concat(), "unknown fields stay");
    let changes = file.entries().find(|entry| (entry.0, entry.1) == (3, 0x1_0000_0000)).unwrap().2;
    assert_eq!(changes.len(), 2 * 0x10, "each has a row");
}

#[test]
fn the_time_of_a_listed_title_changes_alone() {
    let mut gpd = Gpd::default();
    assert!(!gpd.set_played_at(7, 9));
    let sum = AchievementSum { possible: 3, earned: 2 };
    let title =
        PlayedTitle { title_id: 7, achievements: sum, gamerscore: sum, played_at: 5, name: "A".to_owned() };
    gpd.set_title(&title);
    assert!(gpd.set_played_at(7, 9));
    assert_eq!(gpd.titles(), [PlayedTitle { played_at: 9, ..title }]);
}

#[test]
fn each_record_has_a_row_in_the_list_of_changes() {
    let changes = |gpd: &Gpd, section: u16| {
        let bytes = gpd.to_bytes();
        let file = Xdbf::read(&bytes).unwrap();
        let of = |id: u64| {
            let found = file.entries().find(|entry| (entry.0, entry.1) == (section, id)).unwrap();
            let words = found.2.chunks_exact(8).map(|word| u64::from_be_bytes(word.try_into().unwrap()));
            words.collect::<Vec<u64>>()
        };
        (of(0x1_0000_0000), of(0x2_0000_0000))
    };
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    // The service has the first of a console's two records; the other one has no row.
    let old = [0; 0x22];
    let list = words(&[1, 0]);
    let numbers = words(&[5, 4, 99]);
    let file =
        [(1, 1, &old[..]), (1, 2, &old[..]), (1, 0x1_0000_0000, &list[..]), (1, 0x2_0000_0000, &numbers[..])];
    let mut gpd = Gpd::read(&file_with(&file)).unwrap();
    gpd.set_achievement(&record(1, EARNED));
    assert_eq!(changes(&gpd, 1), (vec![2, 5, 1, 6], vec![7, 4, 99]));
    gpd.set_achievement(&record(2, EARNED));
    gpd.set_achievement(&record(3, 0));
    assert_eq!(changes(&gpd, 1), (vec![1, 6, 2, 7, 3, 8], vec![9, 4, 99]));
    gpd.set_title(&PlayedTitle { title_id: 8, ..PlayedTitle::default() });
    assert_eq!(changes(&gpd, 4), (vec![8, 1], vec![2, 0, 0]));
    let setting = words(&[0x1004_0006_0000_0007, 1 << 56, 5 << 32]);
    let list = words(&[0x1004_0006, 0]);
    let file =
        [(3, 0x1004_0006, &setting[..]), (3, 0x1_0000_0000, &list[..]), (3, 0x2_0000_0000, &numbers[..])];
    let mut gpd = Gpd::read(&file_with(&file)).unwrap();
    gpd.update_number(0x1004_0006, 5);
    assert_eq!(changes(&gpd, 3), (vec![0x1004_0006, 0], vec![5, 4, 99]));
    gpd.update_number(0x1004_0006, 6);
    assert_eq!(changes(&gpd, 3), (vec![0x1004_0006, 5], vec![6, 4, 99]));
}

#[test]
fn the_table_of_entries_ends_with_an_empty_row() {
    let mut gpd = Gpd::default();
    for (images, room) in [(511, 512_u32), (512, 1024)] {
        (0..images).for_each(|id| gpd.add_image(id, b"\x89PNG"));
        let bytes = gpd.to_bytes();
        assert_eq!(bytes[8..12], room.to_be_bytes());
        assert_eq!(Gpd::read(&bytes).unwrap(), gpd);
    }
}

#[test]
fn entries_that_share_their_bytes_make_it_no_larger_than_any() {
    let picture = vec![0; MAX_PICTURE];
    let mut file = Gpd::default();
    file.add_image(0, &picture);
    let mut file = file.to_bytes();
    let row = file[24..42].to_vec();
    for number in 1..300_u16 {
        let at = 24 + 18 * usize::from(number);
        file[at..at + 18].copy_from_slice(&row);
        file[at + 8..at + 10].copy_from_slice(&number.to_be_bytes());
    }
    let count = 0xC..0x10;
    file[count.clone()].copy_from_slice(&300_u32.to_be_bytes());
    let refused = Gpd::read(&file).unwrap_err().to_string();
    assert!(refused.contains("exceeds the limit of 0x1000000"), "{refused}");
    file[count].copy_from_slice(&256_u32.to_be_bytes());
    Gpd::read(&file).unwrap();
    assert!(Gpd::read(&vec![0; MAX_BYTES + 1]).is_err());
}

#[test]
fn damaged_databases_are_refused_or_read() {
    let whole = sample().to_bytes();
    Cases::new("XENIA_DATABASES", 1000).each(|seed| {
        let mut dice = Noise::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..=dice.below(4) {
            let front = [24 + 18 * 8, whole.len()][dice.below(2)];
            let at = if front == whole.len() { front - 1 - dice.below(0x100) } else { dice.below(front) };
            bytes[at] = [dice.next() as u8, 0, 0xFF, 0x80][dice.below(4)];
        }
        match Gpd::read(&bytes) {
            Ok(gpd) => {
                let _ = (gpd.totals(), gpd.titles(), gpd.title_name());
                assert_eq!(Gpd::read(&gpd.to_bytes()).unwrap(), gpd);
            }
            Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
        }
    });
}

#[test]
fn a_title_that_repeats_its_pictures_fills_nothing() {
    let mut gpd = Gpd::default();
    gpd.add_image(1, &vec![1; MAX_PICTURE + 1]);
    assert_eq!(gpd.image(1), None, "too large");
    let picture = vec![2; MAX_PICTURE];
    for id in 0..1024 {
        gpd.add_image(id, &picture);
    }
    assert!(gpd.image(0).is_some() && gpd.image(1023).is_none());
    let bytes = gpd.to_bytes();
    assert!(bytes.len() < MAX_BYTES, "{}", bytes.len());
    assert_eq!(Gpd::read(&bytes).unwrap(), gpd);
}
