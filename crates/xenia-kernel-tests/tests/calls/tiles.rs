//! Tests of pictures that titles read, including missing ones.

use super::achievements::{INVALID_PARAMETER, NO_SUCH_USER, TITLE, achieve, database_with, harness};
use super::*;
use xenia_formats::gpd::Gpd;
use xenia_kernel::user::pictures::PictureTexels;

const FILE_NOT_FOUND: u64 = 2;
const INSUFFICIENT_BUFFER: u64 = 0x7A;
const FUNCTION_FAILED: u32 = 0x65B;
/// Offsets in the scratch memory of an overlapped structure, a size, and the picture.
const OVERLAPPED: u32 = 0x80;
const SIZE: u32 = 0x200;
const READ: u32 = 0x2000;

/// Encodes a picture whose texels have the bytes of this colour type.
fn png_of(color: png::ColorType, width: u32, texels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let row = width as usize * color.samples();
    let mut encoder = png::Encoder::new(&mut bytes, width, (texels.len() / row) as u32);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(texels).unwrap();
    bytes
}

/// An achievement's picture of two by two texels: red, green, blue, and a half-transparent one.
fn picture() -> Vec<u8> {
    png_of(png::ColorType::Rgba, 2, &[9, 0, 0, 255, 0, 9, 0, 255, 0, 0, 9, 255, 1, 2, 3, 128])
}

fn title(folder: &Path) -> Harness {
    harness(folder, &database_with(&picture(), b"icon"))
}

/// Reads a picture into a buffer of `room` bytes; returns the result, and the reported size.
fn read(b: &mut Harness, [kind, title, id, user]: [u64; 4], room: u32) -> (u64, u32) {
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
    for wanted in [[0, own, 5, 0], [9, own, 5, 0], [9, own, 5, 0xFE], [0, 0, 5, 0xFF]] {
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
        // A user has no personal picture, avatar or background; there are no other users.
        ([6, own, 5, 0], FILE_NOT_FOUND),
        ([10, own, 5, 0], FILE_NOT_FOUND),
        ([13, own, 5, 0], FILE_NOT_FOUND),
        ([15, own, 5, 0], FILE_NOT_FOUND),
        ([15, own, 5, 1], NO_SUCH_USER),
        ([15, own, 5, 0xFF], FILE_NOT_FOUND),
        ([2, own, 5, 0xFF], FILE_NOT_FOUND),
        ([2, own, 5, 0xFE], FILE_NOT_FOUND),
        ([2, own, 5, 1], NO_SUCH_USER),
        ([0, 7, 5, 0], FILE_NOT_FOUND),
        ([0, 7, 5, 1], NO_SUCH_USER),
        ([0, 7, 5, 0xFF], FILE_NOT_FOUND),
        ([16, own, 5, 0], INVALID_PARAMETER),
        ([0, own, 5, 4], INVALID_PARAMETER),
        ([9, own, 5, 0xFD], INVALID_PARAMETER),
    ] {
        assert_eq!(read(&mut b, wanted, 0x1000), (answer, 0x1000), "{wanted:?}");
    }
    let at = u64::from(b.scratch.offset(OVERLAPPED).0);
    let size = u64::from(b.scratch.offset(SIZE).0);
    let buffer = u64::from(b.scratch.offset(READ).0);
    assert_eq!(b.xam_call("XamReadTile", &[0, own, 5, 0, buffer, 0, at]), INVALID_PARAMETER);
    for (id, outcome) in [(5, [0, length, 0]), (6, [FUNCTION_FAILED, 0, 0x8007_0002])] {
        b.call_in_background("XamReadTile", &[0, own, id, 0, buffer, size, at]);
        assert_eq!([0, 4, 0x18].map(|field| b.word(OVERLAPPED + field)), outcome);
    }
}

#[test]
fn another_titles_pictures_are_those_that_the_profile_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    assert_eq!(achieve(&mut b, &[(0, 7)]), 0);
    drop(b);
    let storage = Box::new(achievements::Folder(folder.path().to_owned()));
    let mut other = Harness::with_ports(Ports { storage, ..Ports::default() });
    for (kind, user) in [(0, 0), (9, 0xFF), (9, 0xFE)] {
        let found = read(&mut other, [kind, TITLE.into(), 5, user], 0x1000);
        assert_eq!(found, (0, picture().len() as u32), "{kind} {user:#x}");
    }
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
        ([6, own, 5, 0, texture, 16, 2, 0], FILE_NOT_FOUND),
        // The icon is not a valid picture.
        ([1, own, 0, 0, texture, 16, 2, 0], FILE_NOT_FOUND),
        ([0, own, 5, 0, texture, 16, 2, 0], 0),
    ] {
        assert_eq!(read(arguments), answer, "{arguments:x?}");
    }
    let words = [0, 4, 8, 12, 16, 20].map(|at| b.word(READ + at));
    assert_eq!(words, [0xFF09_0000, 0xFF00_0900, 0, 0, 0xFF00_0009, 0x8001_0203]);
}

/// Creates a file of this name in the first user's profile.
fn put_file(folder: &Path, name: &str, bytes: &[u8]) {
    let profile = folder.join("Profiles/E030000000580001");
    std::fs::create_dir_all(&profile).unwrap();
    std::fs::write(profile.join(name), bytes).unwrap();
}

/// Reads an existing picture.
fn found(b: &mut Harness, kind: u64, user: u64) -> Vec<u8> {
    let (answer, length) = read(b, [kind, 0, 0, user], 0x4000);
    assert_eq!(answer, 0, "{kind}");
    let mut bytes = vec![0; length as usize];
    b.memory().read_bytes(b.scratch.offset(READ), &mut bytes).unwrap();
    bytes
}

#[test]
fn a_user_has_a_picture_which_the_profiles_files_may_replace() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    let side = |picture: &[u8]| PictureTexels::read(picture).map(|texels| (texels.width, texels.height));
    let [large, small] = [2, 3].map(|kind| found(&mut b, kind, 0));
    assert_eq!((side(&large), side(&small)), (Some((64, 64)), Some((32, 32))));
    assert_eq!([4, 5].map(|kind| found(&mut b, kind, 0)), [large.clone(), small.clone()]);
    // The small picture is scaled from the large one, until there is a small one.
    let own = png_of(png::ColorType::Rgb, 64, &[7; 64 * 64 * 3]);
    put_file(folder.path(), "tile_64.png", &own);
    assert_eq!(found(&mut b, 2, 0), own);
    let half = PictureTexels::read(&found(&mut b, 3, 0)).unwrap();
    assert_eq!((half.width, &half.bytes[..8]), (32, &[0xFF, 7, 7, 7, 0xFF, 7, 7, 7][..]));
    for (name, kind) in
        [("tile_32.png", 5), ("pp_64.png", 10), ("pp_32.png", 11), ("avtr_64.png", 13), ("avtr_32.png", 14)]
    {
        put_file(folder.path(), name, name.as_bytes());
        assert_eq!(found(&mut b, kind, 0), name.as_bytes());
    }
    let mut database = Gpd::default();
    database.add_image(0x8007, b"whole avatar");
    put_file(folder.path(), "FFFE07D1.gpd", &database.to_bytes());
    assert_eq!(found(&mut b, 15, 0), b"whole avatar");
    // Invalid files are ignored.
    for (bytes, expected) in [(Vec::new(), &large), (vec![0; 0x1_0001], &large)] {
        put_file(folder.path(), "tile_64.png", &bytes);
        assert_eq!(&found(&mut b, 2, 0), expected);
    }
}

/// Stores a setting's data with a picture key.
fn put_key(b: &mut Harness, key: &str) -> u64 {
    const DATA: u32 = 0x300;
    let data = b.scratch.offset(DATA);
    let text = b.scratch.offset(DATA + 0x10);
    for (unit, at) in key.encode_utf16().chain([0]).zip((0..).step_by(2)) {
        b.memory().write(text.offset(at), unit).unwrap();
    }
    b.memory().write(data, 4_u8).unwrap();
    b.memory().write(data.offset(8), 2 * (key.len() as u32 + 1)).unwrap();
    b.memory().write(data.offset(0xC), text).unwrap();
    data.0.into()
}

#[test]
fn the_small_picture_and_one_by_its_key_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    let [size, buffer] = [SIZE, READ].map(|at| u64::from(b.scratch.offset(at).0));
    let picture = u64::from(picture().len() as u32);
    let small = found(&mut b, 3, 0).len() as u64;
    let large = found(&mut b, 2, 0).len() as u64;
    for (kind, user, is_small, key, expected) in [
        (2, 0, 0, "", Ok(large)),
        (2, 0, 1, "", Ok(small)),
        // A title's picture, by its id and by a key; another title's; the dashboard's, which is the
        // user's.
        (9, 0, 1, "", Ok(picture)),
        (12, 0xFF, 0, "4D5307D10000000500000006", Ok(picture)),
        // As the development kit's function for a picture key reads it.
        (12, 0xFE, 0, "4D5307D10000000500000006", Ok(picture)),
        (12, 0xFF, 1, "4D5307D10000000600000005", Ok(picture)),
        (2, 0xFF, 1, "4D5307D10000000600000005", Ok(picture)),
        (12, 0xFF, 0, "4D5307D10000000600000005", Err(FILE_NOT_FOUND)),
        (12, 0xFF, 0, "4D5307D20000000500000005", Err(FILE_NOT_FOUND)),
        (12, 0xFF, 1, "FFFE07D10002000200010002", Ok(small)),
        (12, 0xFE, 1, "FFFE07D10002000200010002", Ok(small)),
        (12, 0, 0, "no key", Err(FILE_NOT_FOUND)),
    ] {
        b.memory().write(b.scratch.offset(SIZE), 0x4000_u32).unwrap();
        let key = put_key(&mut b, key);
        let answer = b.xam_call("XamReadTileEx", &[kind, 0, 5, user, is_small, key, buffer, size, 0]);
        let length = u64::from(b.word(SIZE));
        assert_eq!(if answer == 0 { Ok(length) } else { Err(answer) }, expected, "{kind} {user} {is_small}");
    }
    let draw = |b: &mut Harness, small, pitch, height| {
        b.xam_call("XamReadTileToTextureEx", &[2, 0, 0, 0, small, 0, buffer, pitch, height, 0])
    };
    assert_eq!([draw(&mut b, 0, 256, 64), draw(&mut b, 1, 128, 32)], [0, 0]);
    assert_eq!(draw(&mut b, 1, 128, 64), INVALID_PARAMETER);
    // The margin is light and opaque.
    assert_eq!([0, 31 * 128 + 124].map(|at| b.word(READ + at)), [0xFFF0_F0F0; 2]);
}

#[test]
fn a_title_gives_its_users_pictures_that_other_titles_find() {
    let folder = tempfile::tempdir().unwrap();
    let mut b = title(folder.path());
    let own = u64::from(TITLE);
    let award =
        |b: &mut Harness, user, title, large| b.xam_call("XamWriteGamerTile", &[user, title, large, 5, 1, 0]);
    for (user, title, large, answer) in [
        (4, own, 5, INVALID_PARAMETER),
        (1, own, 5, NO_SUCH_USER),
        (0, own, 6, FILE_NOT_FOUND),
        (0, own + 1, 5, FILE_NOT_FOUND),
        (0, 0, 5, 0),
    ] {
        assert_eq!(award(&mut b, user, title, large), answer, "{user} {title:x} {large}");
    }
    drop(b);
    let storage = Box::new(achievements::Folder(folder.path().to_owned()));
    let mut other = Harness::with_ports(Ports { storage, ..Ports::default() });
    for kind in [7, 8, 9] {
        assert_eq!(read(&mut other, [kind, own, 5, 0], 0x1000), (0, picture().len() as u32));
    }
}
