//! Tests of title databases: databases of an independent builder are read back, and damaged ones
//! refused.

use crate::support::Noise;
use crate::support::xdbf_builder::sample;
use xenia_formats::xdbf::{Achievement, Xdbf};
use xenia_testing::Cases;

#[test]
fn names_pictures_and_achievements_are_read() {
    let bytes = sample().build();
    let xdbf = Xdbf::read(&bytes).unwrap();
    assert_eq!((xdbf.title_id(), xdbf.default_language()), (Some(0x4D53_07D1), 3));
    assert_eq!(xdbf.title_name().as_deref(), Some("Ein Titel"));
    assert_eq!(xdbf.icon(), Some(&b"\x89PNG icon"[..]));
    assert_eq!((xdbf.image(5), xdbf.image(6)), (Some(&b"\x89PNG five"[..]), None));
    let achievements = xdbf.achievements(3).unwrap();
    let expected = Achievement {
        id: 1,
        label: "Erstes".to_owned(),
        description: "Getan".to_owned(),
        unachieved: "Do it".to_owned(),
        image: 5,
        gamerscore: 10,
        flags: 9,
    };
    assert_eq!(achievements[0], expected, "what is missing in one language is there in English");
    assert_eq!((achievements.len(), &*achievements[1].label, achievements[1].id), (2, "Second", 7));
    assert_eq!(xdbf.achievements(1).unwrap()[0].label, "First");
}

#[test]
fn empty_databases_have_no_entries() {
    let bytes = crate::support::xdbf_builder::XdbfBuilder::default().build();
    let xdbf = Xdbf::read(&bytes).unwrap();
    assert_eq!((xdbf.title_id(), xdbf.title_name(), xdbf.icon()), (None, None, None));
    assert_eq!(xdbf.achievements(1).unwrap(), []);
    assert_eq!((xdbf.contexts(), xdbf.properties()), (None, None));
}

#[test]
fn contexts_and_properties_are_read_to_the_end_of_their_tables() {
    let builder = crate::support::xdbf_builder::XdbfBuilder::default();
    let bytes = builder.contexts(&[(5, 3), (0x800B, 9)]).properties(&[0x1000_0007]).build();
    let xdbf = Xdbf::read(&bytes).unwrap();
    assert_eq!(xdbf.contexts(), Some([(5, 3), (0x800B, 9)].into()));
    assert_eq!(xdbf.properties(), Some([0x1000_0007].into()));
    let mut longer = bytes.clone();
    let at = |tag: &[u8]| bytes.windows(4).rposition(|window| window == tag).unwrap();
    longer[at(b"XCXT") + 12..][..4].fill(0xFF);
    longer[at(b"XPRP") + 12..][..2].fill(0xFF);
    let xdbf = Xdbf::read(&longer).unwrap();
    assert_eq!((xdbf.contexts().unwrap().len(), xdbf.properties().unwrap().len()), (2, 1));
}

#[test]
fn a_table_that_leads_outside_is_refused() {
    let whole = sample().build();
    let refusal = |at: usize, value: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        Xdbf::read(&bytes).map(drop).unwrap_err().to_string()
    };
    assert!(refusal(0, 1).contains("at offset 0x0: found 0x1, expected XDBF"));
    assert!(refusal(8, u32::MAX).contains("exceeds the limit of 0x10000"));
    assert!(refusal(0xC, 0x1000).contains("4096 entries in room for"));
    assert!(refusal(0x10, 0x8000).contains(" at offset 0x"));
    assert!(refusal(24 + 0xA, u32::MAX).starts_with("XDBF data at offset 0x"));
    assert!(refusal(24 + 0xE, 0x1000).starts_with("XDBF data at offset 0x"));
    for length in 0..whole.len() {
        assert!(Xdbf::read(&whole[..length]).is_err(), "{length:#x}");
    }
}

#[test]
fn damaged_databases_are_refused_or_read() {
    let whole = sample().build();
    Cases::new("XENIA_DATABASES", 3000).each(|seed| {
        let mut dice = Noise::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            bytes[at] = [dice.next() as u8, 0, 0xFF, 0x80][dice.below(4)];
        }
        bytes.truncate(bytes.len() - [0, dice.below(100)][dice.below(2)]);
        match Xdbf::read(&bytes) {
            Ok(xdbf) => {
                let names = (xdbf.title_name(), xdbf.icon(), xdbf.title_id());
                assert!(names.0.is_none_or(|name| name.len() <= 4096));
                if let Err(error) = xdbf.achievements(xdbf.default_language()) {
                    assert!(error.to_string().contains(" at offset 0x"), "{error}");
                }
            }
            Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
        }
    });
}
