//! Tests of content packages: packages of an independent builder are read back; of damaged ones,
//! the package or the affected file is refused.

use crate::support::stfs_builder::{StfsBuilder, sample};
use crate::support::{Noise, random_files};
use std::sync::Arc;
use xenia_formats::stfs::{PackageInfo, Signer, StfsWriteError, open, write};
use xenia_formats::{ReadAt, Volume};
use xenia_guest::TitleId;
use xenia_testing::{Cases, is_long};

fn read(volume: &Volume, path: &[&str]) -> std::io::Result<Vec<u8>> {
    let entry = volume.find(path).unwrap_or_else(|| panic!("no {path:?}"));
    let mut bytes = vec![0; entry.size as usize];
    let count = entry.contents.unwrap().read_at(0, &mut bytes)?;
    assert_eq!(count, bytes.len());
    Ok(bytes)
}

#[test]
fn packages_of_each_kind_are_read() {
    let mut dice = Noise::new(3);
    for (magic, is_written_to, is_scattered) in
        [(b"LIVE", false, false), (b"PIRS", false, true), (b"CON ", true, false), (b"CON ", true, true)]
    {
        for files in [1, 70] {
            let mut entries = vec![(0xFFFF, "data".to_owned(), None), (0, "more".to_owned(), None)];
            for number in 0..files {
                let length = [0, 1, 0xFFF, 0x1000, 0x1001, dice.below(100_000)][dice.below(6)];
                let parent = [0xFFFF, 0, 1][dice.below(3)];
                entries.push((parent, format!("file {number}"), Some(dice.compressible(length))));
            }
            // More blocks than a table has hashes.
            entries.push((1, "large".to_owned(), Some(dice.compressible(800_000))));
            let builder =
                StfsBuilder { magic, is_written_to, is_scattered, entries, free: 300, unwritten: 0 };
            let volume = open(Arc::new(builder.build())).unwrap();
            for (parent, name, bytes) in &builder.entries {
                let Some(bytes) = bytes else { continue };
                let within: &[&str] = match parent {
                    0 => &["data"],
                    1 => &["data", "more"],
                    _ => &[],
                };
                let path = [within, &[name]].concat();
                assert!(read(&volume, &path).unwrap() == *bytes, "{path:?}");
                // In the middle, across block boundaries.
                let entry = volume.find(&path).unwrap();
                let at = bytes.len() / 3;
                let mut part = vec![0; 5000];
                let count = entry.contents.unwrap().read_at(at as u64, &mut part).unwrap();
                assert_eq!(part[..count], bytes[at..bytes.len().min(at + 5000)]);
            }
        }
    }
}

#[test]
fn packages_with_tables_of_three_levels_are_read() {
    let mut dice = Noise::new(4);
    let bytes = dice.compressible(29_300 * 4096 + 5);
    for (magic, is_written_to) in [(b"PIRS", false), (b"CON ", true)] {
        let entries = vec![(0xFFFF, "large".to_owned(), Some(bytes.clone()))];
        let package =
            StfsBuilder { magic, is_written_to, is_scattered: false, entries, free: 0, unwritten: 0 };
        let package = package.build();
        assert!(read(&open(Arc::new(package)).unwrap(), &["large"]).unwrap() == bytes, "{is_written_to}");
    }
}

/// A console's package whose third table covers free blocks alone, and a file of 330 blocks.
fn with_a_free_table(is_scattered: bool) -> (Vec<u8>, Vec<u8>) {
    let bytes = Noise::new(5).compressible(330 * 0x1000 - 7);
    let entries = vec![(0xFFFF, "save".to_owned(), Some(bytes.clone()))];
    let package = StfsBuilder {
        magic: b"CON ",
        is_written_to: true,
        is_scattered,
        entries,
        free: 9 + 170,
        unwritten: 0,
    };
    (package.build(), bytes)
}

#[test]
fn tables_with_only_free_blocks_are_not_read() {
    for is_scattered in [false, true] {
        let (package, bytes) = with_a_free_table(is_scattered);
        assert_eq!(crate::support::verified("stfs", package.clone()).0, Vec::<String>::new());
        assert!(read(&open(Arc::new(package)).unwrap(), &["save"]).unwrap() == bytes);
    }
    // The table of blocks that a file has is read. Its second copy is current.
    let (mut package, _) = with_a_free_table(false);
    let second = 0xA000 + (170 + 5) * 0x1000;
    package[second] ^= 1;
    let error = open(Arc::new(package)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("STFS hash table at offset {second:#x}")), "{error}");
}

#[test]
fn blocks_that_a_file_owns_and_has_not_written_read_as_zeros() {
    for unwritten in [2, 3] {
        let entries = vec![(0xFFFF, "save".to_owned(), Some(vec![7; 0x2800]))];
        let package = StfsBuilder {
            magic: b"CON ",
            is_written_to: true,
            is_scattered: false,
            entries,
            free: 0,
            unwritten,
        };
        let package = package.build();
        assert_eq!(crate::support::verified("stfs", package.clone()).0, Vec::<String>::new());
        let mut expected = vec![7; 0x2800];
        expected[(3 - unwritten) * 0x1000..].fill(0);
        assert!(read(&open(Arc::new(package)).unwrap(), &["save"]).unwrap() == expected, "{unwritten}");
    }
}

#[test]
fn a_package_has_the_layout_of_its_signer_and_tables_count_blocks() {
    let files = vec![("save".to_owned(), Some(vec![7; 299 * 0x1000]))];
    let volume = crate::support::volume(&files);
    for signer in [Signer::Console, Signer::Live] {
        let info = PackageInfo { signer, ..PackageInfo::default() };
        let mut package = Vec::new();
        write(&volume, &info, &mut package, &mut |_| ()).unwrap();
        assert!(PackageInfo::read(&package).unwrap().is_unsigned);
        let is_console = signer == Signer::Console;
        let word = |at: usize| u32::from_be_bytes(package[at..at + 4].try_into().unwrap());
        assert_eq!(word(4) >> 16, if is_console { 0x1A8 } else { 0 });
        assert_eq!(word(0x1C), if is_console { 2 } else { 0 });
        // In both layouts the first block, which is the directory, is at the same offset.
        assert_eq!(word(0x340), if is_console { 0x971A } else { 0xAD0E });
        assert_eq!(&package[0xC000..0xC005], b"save\0");
        // The second level's table follows the first table and the blocks that it covers.
        assert_eq!(word(0xC000 + 170 * 0x1000 + 0xFF0), 300, "{signer:?}");
    }
}

#[test]
fn damage_is_reported_at_its_offset() {
    const BLOCK: usize = 0x1000;
    let whole = sample();
    let table = 0xA000;
    let directory = 0xB000;
    let second = 0xB000 + 2 * BLOCK;
    let read_damaged = |at: usize| {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        open(Arc::new(damaged))
            .map(|volume| read(&volume, &["media", "a.bin"]).map_err(|error| error.to_string()))
    };
    let hash = "its hash is another: the package is damaged";
    assert_eq!(
        read_damaged(table).unwrap_err().to_string(),
        format!("STFS hash table at offset 0xa000: {hash}")
    );
    assert_eq!(
        read_damaged(directory).unwrap_err().to_string(),
        format!("STFS block at offset 0xb000: {hash}")
    );
    assert_eq!(read_damaged(second).unwrap(), Err(format!("STFS block at offset 0xd000: {hash}")));
    assert_eq!(read_damaged(second - 1).unwrap(), Ok(b"bytes".to_vec()), "another file's");
    assert!(read_damaged(0x380).unwrap_err().to_string().contains("block 0x"), "where the directory is");
    assert!(read_damaged(0x395).unwrap_err().to_string().starts_with("STFS blocks at offset 0xa000: needs"));
}

#[test]
fn entries_that_no_volume_may_have_are_refused() {
    let refusal = |entries: Vec<(u16, &str, Option<Vec<u8>>)>| {
        let entries =
            entries.into_iter().map(|(parent, name, bytes)| (parent, name.to_owned(), bytes)).collect();
        let package = StfsBuilder {
            magic: b"LIVE",
            is_written_to: false,
            is_scattered: false,
            entries,
            free: 0,
            unwritten: 0,
        };
        open(Arc::new(package.build())).unwrap_err().to_string()
    };
    let nowhere = "STFS entry at offset 0xb000: there is no such directory as it is in";
    assert_eq!(refusal(vec![(7, "a", None)]), nowhere);
    assert_eq!(refusal(vec![(0, "a", None)]), nowhere, "in itself");
    assert_eq!(refusal(vec![(1, "a", None), (0, "b", None)]), nowhere, "in each other");
    assert!(refusal(vec![(0xFFFF, "..", None)]).contains("not a valid file name"));
    assert!(refusal(vec![(0xFFFF, "a", None), (0xFFFF, "A", Some(Vec::new()))]).contains("two entries"));
}

#[test]
fn stfs_packages_round_trip_and_are_deterministic() {
    let mut dice = Noise::new(9);
    for signer in [Signer::Console, Signer::Live, Signer::Maker] {
        for count in [1, 20, 300] {
            let mut files = random_files(&mut dice, count, 90_000);
            // More blocks than one table has hashes, and more tables than one of the second level
            // covers.
            // Packages of the other two signers have the same layout.
            let is_large = count == 20 && (signer != Signer::Maker || is_long());
            let length = if is_large { 120 << 20 } else { 800_000 };
            files.push(("large.bin".to_owned(), Some(dice.compressible(length))));
            files.sort();
            let info = PackageInfo {
                signer,
                is_unsigned: true,
                content_type: 1,
                title_id: TitleId(0x4D53_07D1),
                media_id: 7,
                version: 3,
                base_version: 2,
                savegame_id: 5,
                profile_id: 0xE000_0000_0000_0001,
                license: 1,
                display_name: "Chapter 3 \u{3042}".to_owned(),
                title_name: "A title".to_owned(),
                pictures: [b"\x89PNG one".to_vec(), b"\x89PNG two".to_vec()],
            };
            let volume = crate::support::volume(&files);
            let make = || {
                let mut package = Vec::new();
                let size = write(&volume, &info, &mut package, &mut |_| ()).unwrap();
                assert_eq!(size, package.len() as u64);
                package
            };
            let package = make();
            assert!(count != 300 || package == make());
            assert_eq!(PackageInfo::read(&package).unwrap(), info);
            assert_eq!(crate::support::verified("stfs", package.clone()).0, Vec::<String>::new());
            assert!(
                crate::support::contents(&open(Arc::new(package)).unwrap()) == files,
                "{signer:?} {count}"
            );
        }
    }
}

#[test]
fn license_bits_of_all_licensees_are_combined() {
    let mut package = sample();
    let licenses = 0x22C;
    package[licenses..licenses + 48].fill(0);
    for (row, licensee, bits) in [(0, 0x0009_0000_0000_0001_u64, 2_u32), (2, 0xF000_0000_0000_0007, 4)] {
        let at = licenses + 16 * row;
        package[at..at + 8].copy_from_slice(&licensee.to_be_bytes());
        package[at + 8..at + 12].copy_from_slice(&bits.to_be_bytes());
    }
    // A license entry without a licensee has no effect.
    package[licenses + 24..licenses + 28].copy_from_slice(&8_u32.to_be_bytes());
    assert_eq!(PackageInfo::read(&package).unwrap().license, 6);
}

#[test]
fn a_name_in_a_language_of_the_second_version_is_read() {
    let mut package = sample();
    package[0x541A..0x541C].copy_from_slice(&[0, b'A']);
    for (version, name) in [(1, ""), (2, "A")] {
        package[0x348..0x34C].copy_from_slice(&u32::to_be_bytes(version));
        assert_eq!(PackageInfo::read(&package).unwrap().display_name, name);
    }
}

#[test]
fn names_have_the_code_page_of_windows() {
    let volume = crate::support::volume(&[("Game\u{2122} \u{e9}.bin".to_owned(), Some(vec![1]))]);
    let mut package = Vec::new();
    write(&volume, &PackageInfo::default(), &mut package, &mut |_| ()).unwrap();
    assert!(package.windows(11).any(|bytes| bytes == b"Game\x99 \xE9.bin"));
    let read = open(Arc::new(package)).unwrap();
    assert_eq!(read.list(&[""; 0]).unwrap().next().unwrap().name, "Game\u{2122} \u{e9}.bin");
}

#[test]
fn unrepresentable_package_name_is_refused_before_writing() {
    let refusal = |name: &str| {
        let mut package = Vec::new();
        let volume = crate::support::volume(&[(name.to_owned(), Some(vec![1]))]);
        let error = write(&volume, &PackageInfo::default(), &mut package, &mut |_| ()).unwrap_err();
        assert!(package.is_empty());
        error
    };
    assert!(matches!(refusal(&"x".repeat(41)), StfsWriteError::Name(_)));
    assert!(matches!(refusal("\u{3042}"), StfsWriteError::Name(_)));
}

#[test]
fn every_bad_place_is_found() {
    let mut package = sample();
    for at in [0xA000 + 24 * 170, 0xB000 + 0x100, 0xC000 + 9, 0xD000 + 9, 0x9FFF] {
        package[at] ^= 1;
    }
    let (faults, checked) = crate::support::verified("stfs", package);
    let places = [
        "table at offset 0xa000",
        "block at offset 0xb000",
        "block at offset 0xc000",
        "block at offset 0xd000",
        "header at offset 0x344",
    ];
    assert_eq!((faults.len(), checked), (5, 5), "{faults:?}");
    assert!(faults.iter().zip(places).all(|(fault, place)| fault.contains(place)), "{faults:?}");
}

#[test]
fn a_header_of_any_size_is_refused_or_read() {
    for size in [0, 1, 0x971A, 0xFFFF_F000, u32::MAX] {
        let mut package = sample();
        package[0x340..0x344].copy_from_slice(&size.to_be_bytes());
        match open(Arc::new(package)) {
            Ok(_) => assert_eq!(size, 0x971A),
            Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
        }
    }
}

/// The total size of the files is bounded by the package's size, whatever its entries claim. The
/// hashes are corrected after each damage, because otherwise the rest would not be tested.
#[test]
fn damaged_packages_are_refused_or_read() {
    use sha1::{Digest, Sha1};
    let whole = sample();
    Cases::new("XENIA_PACKAGES", 3000).each(|seed| {
        let mut dice = Noise::new(seed);
        let mut package = whole.clone();
        for _ in 0..=dice.below(4) {
            let at = match dice.below(3) {
                0 => 0x340 + dice.below(0x60),
                1 => 0xA000 + dice.below(4) * 24 + 20 + dice.below(4),
                _ => 0xB000 + dice.below(3 * 0x40),
            };
            package[at] = [dice.next() as u8, 0, 0xFF, 1, 0x40, 0x80][dice.below(6)];
        }
        let digest = Sha1::digest(&package[0xB000..0xC000]);
        package[0xA000..0xA014].copy_from_slice(&digest);
        let digest = Sha1::digest(&package[0xA000..0xB000]);
        package[0x381..0x395].copy_from_slice(&digest);
        match open(Arc::new(package)) {
            Ok(volume) => {
                let all: Vec<_> = volume.list(&[""; 0]).into_iter().flatten().collect();
                assert!(all.iter().map(|entry| entry.size).sum::<u64>() <= whole.len() as u64);
                for entry in all {
                    let mut bytes = vec![0; entry.size as usize];
                    let _ = entry.contents.map(|contents| contents.read_at(0, &mut bytes));
                }
            }
            Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
        }
    });
}
