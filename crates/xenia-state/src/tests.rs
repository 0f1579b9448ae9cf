//! Round trips, and files that are cut or changed at every byte.

use super::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Clock {
    now: u64,
    names: Vec<String>,
}

impl StateSection for Clock {
    const NAME: &'static str = "test/clock";
    const VERSION: u16 = 3;
}

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
    let mut bytes = Vec::new();
    state.write(&mut bytes).expect("a vector takes all");
    bytes
}

#[test]
fn a_state_is_read_as_it_was_written() {
    let bytes = written(&state());
    assert!(bytes.starts_with(b"XRSTATE\0") && bytes.len() < 1000, "{} bytes", bytes.len());
    let read = StateFile::read(&bytes).expect("it is whole");
    assert_eq!(read, state());
    assert_eq!(read.get::<Clock>().expect("it has one"), clock());
    assert_eq!(StateFile::read_header(&bytes).expect("it is whole"), state().header);
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let bytes = written(&state());
    for length in 0..bytes.len() {
        let error = StateFile::read(&bytes[..length]).expect_err("it is cut");
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
            assert!(StateFile::read(&changed).is_err(), "byte {at}, xor {change}");
        }
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(StateFile::read(&longer), Err(StateError::TrailingBytes(1))));
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

#[test]
fn a_length_that_is_a_lie_takes_no_memory() {
    // The section says 60 MiB, and has a few bytes.
    let row = r#"{"name":"a","version":1,"bytes":62914560,"stored":3,"blake3":"HASH"}"#;
    let row = row.replace("HASH", blake3::hash(b"abc").to_hex().as_str());
    let header = format!(r#"{{"program":"","conditions":{{}},"about":{{}},"sections":[{row}]}}"#);
    let mut bytes = b"XRSTATE\0\x01\0\0\0".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(blake3::hash(header.as_bytes()).as_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(b"abc");
    assert!(matches!(StateFile::read(&bytes), Err(StateError::Damaged(_))));
}
