//! Tests of archives and multi-file packages: output of independent builders is read back bit for
//! bit, from any offset.

use crate::support::svod_builder::{self, Layout};
use crate::support::zip_builder::{self, ZipBuilder};
use crate::support::{
    Noise, contents, open_as, random_files, verified, verified_by, verified_with, volume, zar_builder,
};
use sha1::{Digest, Sha1};
use std::sync::Arc;
use xenia_formats::{NoParts, ReadAt, Volume, gdfx};

/// Reads pieces at random offsets, forwards and backwards.
fn assert_pieces(volume: &Volume, files: &[(String, Option<Vec<u8>>)], dice: &mut Noise) {
    for _ in 0..200 {
        let (path, bytes) = &files[dice.below(files.len())];
        let Some(bytes) = bytes else { continue };
        let path: Vec<&str> = path.split('/').collect();
        let contents = volume.find(&path).unwrap().contents.unwrap();
        let at = dice.below(bytes.len() + 2);
        let mut piece = vec![0xEE; dice.below(100_000)];
        let count = contents.read_at(at as u64, &mut piece).unwrap();
        let expected = bytes.get(at..).unwrap_or_default();
        assert!(piece[..count] == expected[..expected.len().min(piece.len())], "{path:?} from {at}");
    }
}

#[test]
fn zip_archives_are_read_with_and_without_entries_for_folders() {
    let mut dice = Noise::new(11);
    for (folders, stored) in [(false, false), (true, true), (true, false)] {
        let mut entries = random_files(&mut dice, 60, 300_000);
        // Long enough for copies of the decoder.
        entries.push(("long.bin".to_owned(), Some(dice.compressible(13 << 20))));
        let file = ZipBuilder { folders, stored, entries: entries.clone() }.build();
        let opened = open_as("zip", file.clone(), &NoParts).unwrap();
        assert!(opened.is_packed());
        let files: Vec<_> = entries.into_iter().filter(|(_, bytes)| folders || bytes.is_some()).collect();
        for (path, bytes) in contents(&opened) {
            let expected = files.iter().find(|(known, _)| *known == path);
            assert!(expected.map_or(!folders && bytes.is_none(), |(_, known)| *known == bytes), "{path}");
        }
        assert_pieces(&opened, &files, &mut dice);
        let count = files.iter().filter(|(_, bytes)| bytes.is_some()).count();
        assert_eq!(verified("zip", file), (Vec::new(), count as u64));
    }
}

#[test]
fn a_zip_archive_of_the_current_folder_is_read() {
    let entries = [(".", None), ("./default.xex", Some(b"x".to_vec())), ("./m/./a", Some(Vec::new()))];
    let entries = entries.map(|(path, bytes)| (path.to_owned(), bytes)).to_vec();
    let file = ZipBuilder { folders: true, stored: true, entries }.build();
    let paths = contents(&open_as("zip", file, &NoParts).unwrap()).into_iter().map(|(path, _)| path);
    assert_eq!(paths.collect::<Vec<_>>(), ["default.xex", "m", "m/a"]);
}

#[test]
fn zip_archives_that_no_title_is_in_are_refused() {
    let refusal = |entries: &[(&str, &[u8])], damage: &dyn Fn(&mut Vec<u8>)| {
        let entries =
            entries.iter().map(|(path, bytes)| ((*path).to_owned(), Some(bytes.to_vec()))).collect();
        let mut file = ZipBuilder { folders: false, stored: false, entries }.build();
        damage(&mut file);
        open_as("zip", file, &NoParts).map(|volume| contents(&volume)).unwrap_err().to_string()
    };
    for path in ["../a", "/a", "a/../b", "a//b", "C:/../a", "a\\..\\b"] {
        assert!(refusal(&[(path, b"x")], &|_| ()).contains("not a valid file name"), "{path}");
    }
    assert!(refusal(&[("a", b"x"), ("A", b"y")], &|_| ()).contains("two entries called"));
    assert!(refusal(&[("a", b"x"), ("a/b", b"y")], &|_| ()).contains("two entries called"));
    let directory = |file: &[u8]| file.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let text = b"some text some text some text";
    let at = |offset: usize, bytes: &'static [u8]| {
        move |file: &mut Vec<u8>| {
            let start = directory(file) + offset;
            file[start..start + bytes.len()].copy_from_slice(bytes);
        }
    };
    assert!(refusal(&[("a", text)], &at(10, &[14])).contains("not supported: the compression "));
    assert!(refusal(&[("a", text)], &at(8, &[1])).contains("it is encrypted"));
    // A claimed size of 4 GiB, and two entries with the same bytes.
    assert!(
        refusal(&[("a", text)], &at(24, &[0xFE, 0xFF, 0xFF, 0xFF]))
            .contains("the size of the file 0xfffffffe exceeds")
    );
    let twice = refusal(&[("a", text), ("b", text)], &|file| {
        let second = directory(file) + 46 + 1;
        file[second + 42..second + 46].fill(0);
    });
    assert!(twice.contains("two files share bytes"), "{twice}");
}

#[test]
fn a_zip_bomb_is_refused_before_anything_is_decoded() {
    // Each file claims a thousand times its stored size, the ratio of a file of zeros.
    let mut dice = Noise::new(14);
    let noise: Vec<u8> = (0..110_000).map(|_| dice.next() as u8).collect();
    let entries = (0..12).map(|number| (format!("{number}"), Some(noise.clone()))).collect();
    let mut file = ZipBuilder { folders: false, stored: false, entries }.build();
    let heads: Vec<_> =
        file.windows(4).enumerate().filter(|(_, bytes)| bytes == b"PK\x01\x02").map(|(at, _)| at).collect();
    for at in heads {
        file[at + 24..at + 28].copy_from_slice(&100_000_000_u32.to_le_bytes());
    }
    assert!(file.len() < 2 << 20);
    let error = open_as("zip", file, &NoParts).unwrap_err().to_string();
    assert!(
        error.starts_with("ZIP archive at offset 0x")
            && error.contains("the decompressed size 0x")
            && error.contains("exceeds the limit of 0x40000000"),
        "{error}"
    );
}

#[test]
fn archive_verification_locates_checksum_errors() {
    let mut file = zip_builder::sample();
    file[30 + 11] ^= 1;
    let (faults, checked) = verified("zip", file);
    assert_eq!((faults.len(), checked), (1, 2));
    assert!(faults[0].starts_with("ZIP file \"default.xex\" at offset 0x29: its checksum is"), "{faults:?}");
    let mut file = zar_builder::sample();
    file[3] ^= 1;
    let (faults, checked) = verified("zar", file);
    assert_eq!((faults.len(), checked), (2, 3), "{faults:?}");
    assert!(faults[0].starts_with("ZAR block at offset 0x0: "), "{faults:?}");
    assert!(faults[1].contains("the hash of the whole is another"), "{faults:?}");
}

#[test]
fn zarchives_are_read_with_all_their_files() {
    let mut dice = Noise::new(12);
    for count in [1, 5, 300] {
        let mut files = random_files(&mut dice, count, 200_000);
        files.push((format!("{}.bin", "long name ".repeat(20)), Some(dice.compressible(2 << 20))));
        let file = zar_builder::build(&files);
        let opened = open_as("zar", file.clone(), &NoParts).unwrap();
        files.sort();
        assert!(contents(&opened) == files, "{count}");
        assert_pieces(&opened, &files, &mut dice);
        let (faults, checked) = verified("zar", file);
        assert_eq!((faults, checked > 32), (Vec::new(), true));
    }
}

#[test]
fn blocks_that_no_file_is_in_are_not_decoded() {
    let files = [("a", 1), ("b", 5 << 16), ("c", 1), ("d", 1)];
    let files = files.map(|(name, size)| (name.to_owned(), Some(vec![7; size])));
    let whole = zar_builder::build(&files);
    assert_eq!(verified("zar", whole.clone()), (Vec::new(), 6 + 1));
    // The second file has no bytes any more: data remains in the first and the last block.
    let mut file = whole;
    let footer = file.len() - 144;
    let tree = u64::from_be_bytes(file[footer + 48..][..8].try_into().unwrap()) as usize;
    file[tree + 2 * 16 + 8..][..4].fill(0);
    let (faults, checked) = verified("zar", file);
    assert_eq!(checked, 2 + 1);
    assert!(faults.len() == 1 && faults[0].contains("hash of the whole"), "{faults:?}");
}

#[test]
fn a_zarchive_with_a_block_for_each_byte_is_refused() {
    // 20,000 blocks of a few bytes, with a file of one byte at the end of each.
    let block: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD, 0x60, 0x00, 0xFF, 0x03, 0x00, 0x08, 0x00];
    let sizes = [(block.len() as u16 - 1).to_be_bytes(); 16].concat();
    let record = [&[0; 8], sizes.as_slice()].concat();
    let count = 20_000_u32;
    let mut names = Vec::new();
    let mut tree = [0, 1, count, 0].map(u32::to_be_bytes).concat();
    for number in 0..count {
        let word = 0x8000_0000 | names.len() as u32;
        let name = number.to_string();
        names.push(name.len() as u8);
        names.extend(name.as_bytes());
        tree.extend([word, (number + 1) * 0x1_0000 - 1, 1, 0].map(u32::to_be_bytes).concat());
    }
    let archive = |records: usize, entries: u32| {
        let mut tree = tree[..16 * (entries as usize + 1)].to_vec();
        tree[8..12].copy_from_slice(&entries.to_be_bytes());
        zar_builder::assemble(&block.repeat(16), &record.repeat(records), &names, &tree)
    };
    assert!(open_as("zar", archive(1, 16), &NoParts).is_ok());
    let refused = open_as("zar", archive(1250, count), &NoParts).unwrap_err().to_string();
    assert!(refused.contains("ZAR tree"), "{refused}");
}

#[test]
fn a_zarchive_that_leads_into_itself_is_refused() {
    let whole = zar_builder::sample();
    let word = |at: usize| u64::from_be_bytes(whole[at..at + 8].try_into().unwrap()) as usize;
    let tree = word(whole.len() - 144 + 3 * 16);
    let refusal = |at: usize, value: u32| {
        let mut file = whole.clone();
        file[at..at + 4].copy_from_slice(&value.to_be_bytes());
        open_as("zar", file, &NoParts).unwrap_err().to_string()
    };
    // `media` is the third entry: it contains itself, or the largest possible range.
    assert!(refusal(tree + 2 * 16 + 4, 2).starts_with("ZAR entry at offset"));
    assert!(refusal(tree + 2 * 16 + 8, u32::MAX).contains(" at offset 0x"));
    assert!(refusal(tree + 3 * 16 + 8, u32::MAX).contains("exceeds the limit of 0x100000"));
}

#[test]
fn packages_in_parts_are_read_in_each_layout() {
    let mut dice = Noise::new(13);
    let mut files = random_files(&mut dice, 40, 100_000);
    // More sectors than one table covers.
    files.push(("large.bin".to_owned(), Some(dice.compressible(1 << 20))));
    files.sort();
    let mut image = Vec::new();
    gdfx::write(&volume(&files), &mut image, &mut |_| ()).unwrap();
    for layout in [Layout::Enhanced, Layout::Plain, Layout::Single] {
        let package = svod_builder::build(layout, &image);
        let opened = open_as("svod", package.header.clone(), &package).unwrap();
        assert!(contents(&opened) == files, "{layout:?}");
        assert_pieces(&opened, &files, &mut dice);
        let (faults, checked) = verified_with("svod", package.header.clone(), &package);
        assert_eq!((faults, checked > 256), (Vec::new(), true), "{layout:?}");
        let Some(first) = package.data.first() else { continue };
        // The data file alone is sufficient.
        let opened = open_as("svod-data", first.to_vec(), &NoParts).unwrap();
        assert!(contents(&opened) == files, "{layout:?}");
        let missing = open_as("svod", package.header.clone(), &NoParts).unwrap_err().to_string();
        assert!(missing.contains("with its name plus .data"), "{missing}");
    }
    // Some tools end the header at its size, not at the next block.
    let mut package = svod_builder::build(Layout::Enhanced, &image);
    package.header.truncate(0xAD0E);
    let id = Sha1::digest(&package.header[0x344..]);
    package.header[0x32C..0x340].copy_from_slice(&id);
    // A larger package of the same name has left a data file.
    package.data.push(Arc::new(Vec::new()));
    assert_eq!(verified_with("svod", package.header.clone(), &package).0, Vec::<String>::new());
    package.data.pop();
    package.header[0x39D..0x3A1].copy_from_slice(&3_u32.to_be_bytes());
    let missing = open_as("svod", package.header.clone(), &package).unwrap_err().to_string();
    assert!(missing.ends_with("Data0001 is missing: there are 3 data files"), "{missing}");
    let package = svod_builder::build(Layout::Enhanced, &image);
    let mut data = package.data[0].to_vec();
    data[0x1000 + 7] ^= 1;
    data[0x2000 + 0x1234] ^= 1;
    let package = svod_builder::Package { header: package.header, data: vec![Arc::new(data)] };
    let mut header = package.header.clone();
    header[0x411] ^= 1;
    let (faults, _) = verified_with("svod", header.clone(), &package);
    let expected = [
        "package header at offset 0x344",
        "SVOD table in data file 0 at offset 0x1000",
        "SVOD sectors in data file 0 at offset 0x2000",
    ];
    assert!(
        faults.len() == 4 && expected.iter().all(|place| faults.iter().any(|fault| fault.starts_with(place))),
        "{faults:?}"
    );
    // The header's hash says nothing about the files.
    let verify = open_as("svod", header.clone(), &package).unwrap().verify_contents().unwrap();
    let (of_files, _) = verified_by(verify, header, &package);
    assert_eq!(of_files, faults[1..]);
}
