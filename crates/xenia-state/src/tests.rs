//! Round trips, and files that are cut or changed at every byte.

use super::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Clock {
    now: u64,
    names: Vec<String>,
}

impl StateSection for Clock {
    const NAME: &'static str = "test/clock";
    const VERSION: u16 = 3;
}

/// Base of the longest names.
const LONG: &str = "a23456789.123456789.123456789.123456789.123456";
/// Sections of the tests.
const BOUNDS: &[SectionBound] = &[
    SectionBound { name: "test/clock", bytes: 1 << 20 },
    SectionBound { name: "pages", bytes: 100 << 20 },
    SectionBound { name: LONG, bytes: 0 },
];

fn clock() -> Clock {
    Clock { now: 5 << 40, names: vec!["first".to_owned(), String::new()] }
}

fn state() -> StateFile {
    let mut header = StateHeader { program: "tests".to_owned(), ..StateHeader::default() };
    header.conditions.insert("quantum".to_owned(), 50_000.into());
    header.about.insert("title".to_owned(), "demo".to_owned());
    let mut state = StateFile::new(header);
    state.put(&clock()).expect("a section");
    let pages = StoredSection { name: "pages/0".to_owned(), version: 1, bytes: vec![7; 10_000] };
    state.put_stored(pages).expect("a section");
    state
}

fn written(state: &StateFile) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    state.write(&mut bytes).expect("a vector takes all");
    bytes.into_inner()
}

#[test]
fn a_state_is_read_as_it_was_written() {
    let bytes = written(&state());
    assert!(bytes.starts_with(b"XRSTATE\0") && bytes.len() < 1000, "{} bytes", bytes.len());
    let read = StateFile::read(&bytes, BOUNDS).expect("it is whole");
    assert_eq!(read, state());
    assert_eq!(read.get::<Clock>().expect("it has one"), clock());
    assert_eq!(StateFile::read_header(&bytes).expect("it is whole"), state().header);
}

#[test]
fn sections_can_be_written_one_by_one() {
    let many = |count: usize| (0..count).map(|number| StoredSection::encode_numbered(&clock(), number));
    let mut whole = StateFile::new(state().header);
    for section in many(20) {
        whole.put_stored(section.expect("it encodes")).expect("a section");
    }
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = StateWriter::begin(&mut bytes, state().header, 30).expect("a vector takes all");
    many(20).for_each(|section| writer.put(section.expect("it encodes")).expect("a vector takes all"));
    let again = StoredSection::encode_numbered(&clock(), 7).expect("it encodes");
    assert!(writer.put(again).is_err(), "the name is taken");
    writer.finish().expect("a vector takes all");
    assert_eq!(StateFile::read(bytes.get_ref(), BOUNDS).expect("it is whole"), whole);
    let mut writer = StateWriter::begin(Cursor::new(Vec::new()), state().header, 3).expect("a header");
    many(20).for_each(|section| writer.put(section.expect("it encodes")).expect("a vector takes all"));
    assert!(writer.finish().is_err(), "more than were promised");
}

#[test]
fn the_longest_rows_have_room() {
    let name = |number: usize| format!("{LONG}/{number}");
    let long = |number| StoredSection { name: name(number), version: u16::MAX, bytes: Vec::new() };
    let mut state = StateFile::new(state().header);
    (0..9).for_each(|number| state.put_stored(long(number)).expect("a section"));
    assert_eq!(StateFile::read(&written(&state), BOUNDS).expect("it is whole"), state);
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Plain(Vec<u8>, u8);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Whole(#[serde(with = "whole_bytes")] Vec<u8>, u8);

#[test]
fn whole_bytes_are_encoded_as_sequences() {
    for length in [0, 1, 127, 128, 20_000] {
        let bytes: Vec<u8> = (0..length).map(|index| index as u8).collect();
        let whole = postcard::to_allocvec(&Whole(bytes.clone(), 5)).expect("plain data");
        assert_eq!(whole, postcard::to_allocvec(&Plain(bytes.clone(), 5)).expect("plain data"));
        assert_eq!(postcard::from_bytes::<Whole>(&whole).expect("plain data"), Whole(bytes, 5));
        assert!(postcard::from_bytes::<Whole>(&whole[..whole.len() - 1]).is_err());
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Words(#[serde(with = "whole_words")] Vec<u32>, u8);

#[test]
fn whole_words_are_encoded_as_bytes() {
    for length in [0_u32, 1, 31, 32, 20_000] {
        let words: Vec<u32> = (0..length).map(|index| index.wrapping_mul(0x0101_4105)).collect();
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let whole = postcard::to_allocvec(&Words(words.clone(), 5)).expect("plain data");
        assert_eq!(whole, postcard::to_allocvec(&Plain(bytes, 5)).expect("plain data"));
        assert_eq!(postcard::from_bytes::<Words>(&whole).expect("plain data"), Words(words, 5));
    }
    let cut = postcard::to_allocvec(&Plain(vec![1, 2, 3], 5)).expect("plain data");
    assert!(postcard::from_bytes::<Words>(&cut).is_err());
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let bytes = written(&state());
    for length in 0..bytes.len() {
        let error = StateFile::read(&bytes[..length], BOUNDS).expect_err("it is cut");
        let cut = matches!(error, StateError::Truncated { .. });
        assert!(cut || length == 0 && matches!(error, StateError::NotAState), "{length}: {error}");
    }
}

#[test]
fn a_file_changed_at_any_byte_is_refused() {
    let bytes = written(&state());
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            assert!(StateFile::read(&changed, BOUNDS).is_err(), "byte {at}, xor {change}");
        }
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(StateFile::read(&longer, BOUNDS), Err(StateError::TrailingBytes(1))));
}

#[test]
fn a_section_of_another_version_is_refused_by_name() {
    let mut other = StoredSection::encode(&clock()).expect("it encodes");
    other.version = 2;
    let error = other.decode::<Clock>().expect_err("another version");
    let text = "section `test/clock` has version 2, and this program reads version 3";
    assert_eq!(error.to_string(), text);
    let mut longer = StoredSection::encode(&clock()).expect("it encodes");
    longer.bytes.push(0);
    assert!(longer.decode::<Clock>().is_err(), "a byte follows");
    let missing = StateFile::default().get::<Clock>().expect_err("it has none");
    assert_eq!(missing.to_string(), "section `test/clock` is missing");
}

#[test]
fn a_section_may_not_occur_twice_or_be_too_long() {
    let mut state = state();
    assert!(matches!(state.put(&clock()), Err(StateError::SectionName(_))));
    let odd = StoredSection { name: "Pages".to_owned(), version: 1, bytes: Vec::new() };
    assert!(matches!(state.put_stored(odd), Err(StateError::SectionName(_))));
    let bytes = vec![0; usize::try_from(MAX_SECTION).expect("64 bits") + 1];
    let long = StoredSection { name: "long".to_owned(), version: 1, bytes };
    assert!(matches!(state.put_stored(long), Err(StateError::TooLong { .. })));
}

/// A file with three bytes for each of these rows, which announce more.
fn forged(rows: &[(&str, u64)]) -> Vec<u8> {
    let hash = blake3::hash(b"abc").to_hex();
    let row = |(name, bytes): &(&str, u64)| {
        format!(r#"{{"name":"{name}","version":1,"bytes":{bytes},"stored":3,"blake3":"{hash}"}}"#)
    };
    let list = rows.iter().map(row).collect::<Vec<_>>().join(",");
    let header = format!(r#"{{"program":"","conditions":{{}},"about":{{}},"sections":[{list}]}}"#);
    let mut bytes = b"XRSTATE\0\x01\0\0\0".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(blake3::hash(header.as_bytes()).as_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(b"abc".repeat(rows.len()));
    bytes
}

#[test]
fn a_length_that_is_a_lie_takes_no_memory() {
    let bytes = forged(&[("pages/0", 60 << 20)]);
    assert!(matches!(StateFile::read(&bytes, BOUNDS), Err(StateError::Damaged(_))));
}

/// Entries of two bytes that take 265 bytes of memory. A repeated key replaces its value.
#[derive(Debug, Serialize, Deserialize)]
struct Wide(BTreeMap<u8, Option<[u64; 32]>>);

impl StateSection for Wide {
    const NAME: &'static str = "test/wide";
    const VERSION: u16 = 1;
}

/// Elements of one byte that take 264 bytes of memory. Equal ones are kept once.
#[derive(Debug, Serialize, Deserialize)]
struct WideSet(BTreeSet<Option<[u64; 32]>>);

impl StateSection for WideSet {
    const NAME: &'static str = "test/wide-set";
    const VERSION: u16 = 1;
}

#[test]
fn values_that_take_too_much_memory_are_refused() {
    let section = |count: usize| {
        let mut bytes = postcard::to_allocvec(&count).expect("a number");
        bytes.resize(bytes.len() + 2 * count, 0);
        StoredSection { name: Wide::NAME.to_owned(), version: 1, bytes }
    };
    assert_eq!(section(1_000_000).decode::<Wide>().expect("253 MiB are allowed").0.len(), 1);
    let error = section(1 << 20).decode::<Wide>().expect_err("it has 265 MiB");
    assert_eq!(error.to_string(), "section `test/wide`: its values take more than 256 MiB of memory");
    let set = |count: usize| {
        let mut bytes = postcard::to_allocvec(&count).expect("a number");
        bytes.resize(bytes.len() + count, 0);
        StoredSection { name: WideSet::NAME.to_owned(), version: 1, bytes }
    };
    assert_eq!(set(1_000_000).decode::<WideSet>().expect("251 MiB are allowed").0.len(), 1);
    assert!(set(1 << 20).decode::<WideSet>().is_err(), "it has 264 MiB");
}

#[test]
fn sections_are_bounded_by_their_names_before_anything_is_decompressed() {
    let read = |rows: &[(&str, u64)]| StateFile::read(&forged(rows), BOUNDS).expect_err("it is forged");
    assert!(matches!(read(&[("pages/0", 60 << 20), ("pages/1", 40 << 20)]), StateError::Damaged(_)));
    let long = read(&[("pages/0", 60 << 20), ("pages/9", 41 << 20)]).to_string();
    assert_eq!(long, "all of `pages` has 105906176 bytes, above the limit of 104857600");
    assert!(matches!(read(&[("test/clock", (1 << 20) + 1)]), StateError::TooLong { .. }));
    for name in ["junk", "pagesx", "pages/x", "pages/", "pages/00", "pages/65536"] {
        let unknown = read(&[(name, 3)]).to_string();
        assert_eq!(unknown, format!("section `{name}` is unknown to this program"));
    }
}
