//! Tests of the limits of XEX headers: a file at a limit is read, and one above it is refused.

use crate::support::xex_builder::{BASE, Payload, XexBuilder};
use xenia_formats::Xex;
use xenia_formats::xex::key;

fn sample() -> XexBuilder {
    XexBuilder::sample(Payload::Plain, None)
}

fn put(file: &mut [u8], at: usize, word: u32) {
    file[at..at + 4].copy_from_slice(&word.to_be_bytes());
}

/// A sample with this word at an offset.
fn with_word(at: usize, word: u32) -> Vec<u8> {
    let mut file = sample().build();
    put(&mut file, at, word);
    file
}

/// A sample whose optional header has this body.
fn with_body(key: u32, words: &[u32]) -> Vec<u8> {
    let mut builder = sample();
    let body = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    builder.headers.iter_mut().find(|(other, _)| *other == key).unwrap().1 = Err(body);
    builder.build()
}

fn refusal(file: Vec<u8>) -> String {
    Xex::read(&file).unwrap_err().to_string()
}

#[test]
fn the_largest_header_has_sixteen_mebibytes() {
    const LARGEST: usize = 16 << 20;
    let file = sample().build();
    let size = Xex::read(&file).unwrap().header_size as usize;
    let with_header = |wanted: usize| {
        let mut longer = [&file[..size], &vec![0_u8; wanted - size], &file[size..]].concat();
        put(&mut longer, 8, wanted as u32);
        longer
    };
    assert_eq!(Xex::read(&with_header(LARGEST)).unwrap().header_bytes().len(), LARGEST);
    assert_eq!(
        refusal(with_header(LARGEST + 1)),
        "XEX header size at offset 0x8: the value 0x1000001 exceeds the limit of 0x1000000"
    );
}

#[test]
fn the_table_of_optional_headers_ends_within_the_header() {
    const WHAT: &str = "XEX optional header table at offset 0x18";
    let room = Xex::read(&sample().build()).unwrap().header_size - 0x18;
    // Other data follows the sample's entries, so a table that fits is refused for its contents.
    assert!(!refusal(with_word(0x14, room / 8)).starts_with(WHAT));
    for count in [room / 8 + 1, u32::MAX] {
        let needed = 8 * u64::from(count);
        assert_eq!(
            refusal(with_word(0x14, count)),
            format!("{WHAT}: needs {needed} bytes, {room} available")
        );
    }
}

#[test]
fn the_body_of_an_optional_header_ends_within_the_header() {
    let xex = Xex::read(&sample().build()).unwrap();
    let at = xex.optional_header(key::ORIGINAL_PE_NAME).unwrap().word;
    let room = xex.header_size - at;
    assert_eq!(Xex::read(&with_word(at as usize, room)).unwrap().name.as_deref(), Some("sample.exe"));
    assert_eq!(
        refusal(with_word(at as usize, room + 1)),
        format!("XEX optional header body at offset {at:#x}: needs {} bytes, {room} available", room + 1)
    );
}

#[test]
fn thread_storage_titles_and_images_are_limited() {
    /// Returns the offset of a limited value.
    type Place = fn(&Xex) -> u32;
    let tls_at: Place = |xex| xex.optional_header(key::TLS_INFO).unwrap().word;
    let data_size_at: Place = |xex| xex.optional_header(key::TLS_INFO).unwrap().word + 8;
    let titles_at: Place = |xex| xex.optional_header(key::ALTERNATE_TITLE_IDS).unwrap().word;
    let image_size_at: Place = |xex| xex.security_offset + 4;
    let tls = |slots, size| with_body(key::TLS_INFO, &[slots, BASE + 0x4100, size, 0x20]);
    let titles = |count: u32| {
        let words: Vec<u32> = [4 * (count + 1)].into_iter().chain(1..=count).collect();
        with_body(key::ALTERNATE_TITLE_IDS, &words)
    };
    let image_size = image_size_at(&Xex::read(&sample().build()).unwrap()) as usize;
    for (at_limit, above, what, place, values) in [
        (tls(0x1_0000, 0x40), tls(0x1_0001, 0x40), "TLS slot count", tls_at, [0x1_0001, 0x1_0000]),
        (tls(64, 16 << 20), tls(64, 0x100_0001), "TLS data size", data_size_at, [0x100_0001, 0x100_0000]),
        (titles(256), titles(257), "alternate title id count", titles_at, [257, 256]),
        (
            with_word(image_size, 0x1000_0000),
            with_word(image_size, 0x1000_1000),
            "image size",
            image_size_at,
            [0x1000_1000, 0x1000_0000],
        ),
    ] {
        let xex = Xex::read(&at_limit).unwrap();
        let at = place(&xex);
        let [value, limit] = values;
        assert_eq!(
            refusal(above),
            format!("XEX {what} at offset {at:#x}: the value {value:#x} exceeds the limit of {limit:#x}")
        );
    }
}

#[test]
fn a_name_of_a_library_has_255_bytes_at_most() {
    let named = |length: usize| {
        let mut builder = sample();
        builder.imports[0].0 = "n".repeat(length);
        builder.build()
    };
    assert!(Xex::read(&named(255)).is_ok());
    assert!(refusal(named(256)).ends_with("a library's name of 256 bytes"));
}
