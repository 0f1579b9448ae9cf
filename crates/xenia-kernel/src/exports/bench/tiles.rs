//! Pictures that titles read, and which are not there.

use super::achievements::{INVALID_PARAMETER, NO_SUCH_USER, TITLE, achieve, bench, database_with};
use super::*;
use crate::user::pictures::tests::png_of;

const FILE_NOT_FOUND: u64 = 2;
const INSUFFICIENT_BUFFER: u64 = 0x7A;
const FUNCTION_FAILED: u32 = 0x65B;
/// Where the tests keep an overlapped structure, a size, and what is read.
const OVERLAPPED: u32 = 0x80;
const SIZE: u32 = 0x200;
const READ: u32 = 0x2000;

/// An achievement's picture of two by two texels: red, green, blue, and one that is half seen.
fn picture() -> Vec<u8> {
    png_of(png::ColorType::Rgba, 2, &[9, 0, 0, 255, 0, 9, 0, 255, 0, 0, 9, 255, 1, 2, 3, 128])
}

fn title(folder: &Path) -> Bench {
    bench(folder, &database_with(&picture(), b"icon"))
}

/// Reads a picture with room for `room` bytes: the answer, and the size that is told.
fn read(b: &mut Bench, [kind, title, id, user]: [u64; 4], room: u32) -> (u64, u32) {
    b.memory().write(b.scratch.offset(SIZE), room).unwrap();
    let [size, buffer] = [SIZE, READ].map(|at| u64::from(b.scratch.offset(at).0));
    let buffer = if room == 0 { 0 } else { buffer };
    let answer = b.xam_call("XamReadTile", &[kind, title, id, user, buffer, size, 0]);
    (answer, b.word(SIZE))
}

#[test]
fn pictures_of_titles_and_achievements_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    let picture = picture();
    let length = picture.len() as u32;
    let own = u64::from(TITLE);
    for wanted in [[0, own, 5, 0], [9, own, 5, 0], [0, 0, 5, 0xFF]] {
        assert_eq!(read(&mut b, wanted, 0), (INSUFFICIENT_BUFFER, length));
        assert_eq!(read(&mut b, wanted, length - 1), (INSUFFICIENT_BUFFER, length));
        b.memory().fill(b.scratch.offset(READ), length, 0).unwrap();
        assert_eq!(read(&mut b, wanted, 0x1000), (0, length));
        let mut bytes = vec![0; picture.len()];
        b.memory().read_bytes(b.scratch.offset(READ), &mut bytes).unwrap();
        assert_eq!(bytes, picture, "{wanted:?}");
    }
    assert_eq!(read(&mut b, [1, own, 0, 0], 4), (0, 4));
    assert_eq!(b.word(READ), u32::from_be_bytes(*b"icon"));
    for (wanted, answer) in [
        ([0, own, 6, 0], FILE_NOT_FOUND),
        ([0, own, 5 | 1 << 32, 0], FILE_NOT_FOUND),
        // Nobody has a picture, nor an avatar.
        ([2, own, 5, 0], FILE_NOT_FOUND),
        ([13, own, 5, 0], FILE_NOT_FOUND),
        ([0, 7, 5, 0], FILE_NOT_FOUND),
        ([0, 7, 5, 1], NO_SUCH_USER),
        ([0, 7, 5, 0xFF], NO_SUCH_USER),
        ([16, own, 5, 0], INVALID_PARAMETER),
        ([0, own, 5, 4], INVALID_PARAMETER),
    ] {
        assert_eq!(read(&mut b, wanted, 0x1000), (answer, 0x1000), "{wanted:?}");
    }
    let at = u64::from(b.scratch.offset(OVERLAPPED).0);
    let size = u64::from(b.scratch.offset(SIZE).0);
    let buffer = u64::from(b.scratch.offset(READ).0);
    assert_eq!(b.xam_call("XamReadTile", &[0, own, 5, 0, buffer, 0, at]), INVALID_PARAMETER);
    for (id, told) in [(5, [0, length, 0]), (6, [FUNCTION_FAILED, 0, 0x8007_0002])] {
        b.in_the_background("XamReadTile", &[0, own, id, 0, buffer, size, at]);
        assert_eq!([0, 4, 0x18].map(|field| b.word(OVERLAPPED + field)), told);
    }
}

#[test]
fn another_titles_pictures_are_those_that_the_profile_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    drop(b);
    let storage = Box::new(achievements::Folder(folder.path().to_owned()));
    let mut other = Bench::with_ports(Ports { storage, ..Ports::default() });
    assert_eq!(read(&mut other, [0, TITLE.into(), 5, 0], 0x1000), (0, picture().len() as u32));
    assert_eq!(read(&mut other, [1, TITLE.into(), 0, 0], 0x1000), (0, 4));
}

#[test]
fn a_picture_becomes_the_rows_of_a_texture() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    let texture = u64::from(b.scratch.offset(READ).0);
    let mut read = |arguments: [u64; 8]| b.xam_call("XamReadTileToTexture", &arguments);
    let own = u64::from(TITLE);
    for (arguments, answer) in [
        ([0, own, 5, 0, 0, 16, 2, 0], INVALID_PARAMETER),
        ([0, own, 5, 0, texture, 7, 2, 0], INVALID_PARAMETER),
        ([0, own, 5, 0, texture, 16, 1, 0], INVALID_PARAMETER),
        ([0, own, 5, 0, texture, 16, u64::from(u32::MAX), 0], INVALID_PARAMETER),
        ([2, own, 5, 0, texture, 16, 2, 0], FILE_NOT_FOUND),
        // The icon is no picture.
        ([1, own, 0, 0, texture, 16, 2, 0], FILE_NOT_FOUND),
        ([0, own, 5, 0, texture, 16, 2, 0], 0),
    ] {
        assert_eq!(read(arguments), answer, "{arguments:x?}");
    }
    let words = [0, 4, 8, 12, 16, 20].map(|at| b.word(READ + at));
    assert_eq!(words, [0xFF09_0000, 0xFF00_0900, 0, 0, 0xFF00_0009, 0x8001_0203]);
}
