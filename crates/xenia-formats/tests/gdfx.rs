//! Tests of disc images: images of an independent builder are read back, and damaged ones refused.

use crate::support::Noise;
use crate::support::gdfx_builder::sample;
use std::sync::Arc;
use xenia_formats::gdfx::{GdfxWriteError, open, write};
use xenia_formats::volume::Directory;
use xenia_formats::{ReadAt, Volume};
use xenia_testing::Cases;

/// All paths of a volume, with the contents of files.
fn contents(volume: &Volume) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all = Vec::new();
    let mut ahead = vec![Vec::<String>::new()];
    while let Some(path) = ahead.pop() {
        for entry in volume.list(&path).unwrap() {
            let path: Vec<_> = path.iter().cloned().chain([entry.name.to_owned()]).collect();
            let bytes = entry.contents.map(|contents| {
                let mut bytes = vec![0; entry.size as usize];
                assert_eq!(contents.read_at(0, &mut bytes).unwrap(), bytes.len());
                bytes
            });
            if bytes.is_none() {
                ahead.push(path.clone());
            }
            all.push((path.join("/"), bytes));
        }
    }
    all.sort();
    all
}

fn image(volume: &Volume) -> Vec<u8> {
    let mut image = Vec::new();
    let mut reported = 0;
    let size = write(volume, &mut image, &mut |bytes| reported = bytes).unwrap();
    assert_eq!(size, image.len() as u64);
    let files = contents(volume);
    assert_eq!(reported as usize, files.iter().filter_map(|(_, bytes)| Some(bytes.as_ref()?.len())).sum());
    image
}

fn add(volume: &mut Volume, within: Directory, name: &str, bytes: Vec<u8>) {
    volume.add_file(within, name, Arc::new(bytes)).unwrap();
}

/// An image after a given number of zeros.
struct Behind(u64, Vec<u8>);

impl ReadAt for Behind {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let zeros = self.0.saturating_sub(offset).min(buffer.len() as u64) as usize;
        buffer[..zeros].fill(0);
        let rest = &mut buffer[zeros..];
        Ok(zeros + self.1.read_at((offset + zeros as u64).saturating_sub(self.0), rest)?)
    }

    fn size(&self) -> std::io::Result<u64> {
        Ok(self.0 + self.1.len() as u64)
    }
}

#[test]
fn a_volume_is_found_at_each_known_offset() {
    let expected = vec![
        ("default.xex".to_owned(), Some(b"XEX2".to_vec())),
        ("media".to_owned(), None),
        ("media/a.bin".to_owned(), Some(b"bytes".to_vec())),
    ];
    for start in [0, 0xFB20, 0x2_0600, 0x208_0000, 0xFD9_0000, 0x1830_0000, 0x89D8_0000] {
        let image = Behind(start, sample());
        assert_eq!(contents(&open(Arc::new(image)).unwrap()), expected, "{start:#x}");
    }
}

#[test]
fn disc_images_round_trip_and_are_deterministic() {
    let mut dice = Noise::new(7);
    for files in [0, 1, 2, 3, 40, 700] {
        let mut volume = Volume::default();
        let mut within = vec![Volume::ROOT];
        for number in 0..files {
            let parent = within[dice.below(within.len())];
            if dice.below(8) == 0 {
                within.push(volume.add_directory(parent, &format!("Folder_{number}")).unwrap());
            } else {
                let length = [0, 1, 0x7FF, 0x800, 0x801, dice.below(9000)][dice.below(6)];
                let bytes = dice.compressible(length);
                let name = "x".repeat(dice.below(200)) + &format!("{number}é.bin");
                add(&mut volume, parent, &name, bytes);
            }
        }
        let written = image(&volume);
        assert_eq!((written.len() % 0x800, &written), (0, &image(&volume)), "the same each time");
        assert_eq!(contents(&open(Arc::new(written)).unwrap()), contents(&volume), "{files} files");
    }
}

#[test]
fn names_have_the_code_page_of_windows() {
    let mut volume = Volume::default();
    add(&mut volume, Volume::ROOT, "Game\u{2122} \u{e9}.bin", vec![1]);
    let written = image(&volume);
    assert!(written.windows(11).any(|bytes| bytes == b"Game\x99 \xE9.bin"));
    assert_eq!(contents(&open(Arc::new(written)).unwrap()), contents(&volume));
}

#[test]
fn unrepresentable_disc_is_refused_before_writing() {
    struct Large;
    impl ReadAt for Large {
        fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("nobody asks");
        }
        fn size(&self) -> std::io::Result<u64> {
            Ok(1 << 32)
        }
    }
    let refusal = |volume: &Volume| {
        let mut image = Vec::new();
        let error = write(volume, &mut image, &mut |_| ()).unwrap_err();
        assert!(image.is_empty());
        error
    };
    let mut volume = Volume::default();
    let media = volume.add_directory(Volume::ROOT, "media").unwrap();
    volume.add_file(media, "large.bin", Arc::new(Large)).unwrap();
    assert!(matches!(refusal(&volume), GdfxWriteError::TooLarge(path) if path == "media/large.bin"));
    let mut volume = Volume::default();
    add(&mut volume, Volume::ROOT, "\u{3042}", Vec::new());
    assert!(matches!(refusal(&volume), GdfxWriteError::Name(_)));
    let mut volume = Volume::default();
    for number in 0..2000 {
        add(&mut volume, Volume::ROOT, &format!("{number:0200}"), Vec::new());
    }
    let refused = refusal(&volume);
    assert!(matches!(&refused, GdfxWriteError::TooLarge(place) if place == "the root folder"), "{refused}");
}

#[test]
fn directories_that_hold_themselves_and_trees_that_lead_back_are_refused() {
    let refusal = |damage: &dyn Fn(&mut Vec<u8>)| {
        let mut image = sample();
        damage(&mut image);
        open(Arc::new(image)).unwrap_err().to_string()
    };
    let root = 33 * 0x800;
    // `media` is the second entry; its directory becomes the root.
    let itself = refusal(&|image| {
        image[root + 28 + 4..][..4].copy_from_slice(&33_u32.to_le_bytes());
        image[root + 28 + 8..][..4].copy_from_slice(&48_u32.to_le_bytes());
    });
    assert!(
        itself.starts_with("GDFX entry at offset 0x1081c: the depth of directories 0x41 exceeds"),
        "{itself}"
    );
    let back = refusal(&|image| image[root + 28] = 7);
    assert_eq!(back, "GDFX entry at offset 0x1081c: the tree leads back into itself");
    let outside = refusal(&|image| image[root + 8..][..4].fill(0xFF));
    assert!(outside.starts_with("GDFX file at offset 0x11800: needs 4294967295 bytes"), "{outside}");
    let large = refusal(&|image| image[32 * 0x800 + 24..][..4].fill(0xFF));
    assert!(
        large.starts_with("GDFX size of all directories at offset 0x10800: the value 0xffffffff exceeds"),
        "{large}"
    );
    let beyond = refusal(&|image| image[root + 2] = 0xFE);
    assert!(beyond.starts_with("GDFX entry at offset"), "{beyond}");
}

#[test]
fn images_of_other_programs_are_read() {
    let read = |damage: &dyn Fn(&mut Vec<u8>)| {
        let mut image = sample();
        damage(&mut image);
        contents(&open(Arc::new(image)).unwrap()).into_iter().map(|(path, _)| path).collect::<Vec<_>>()
    };
    let root = 33 * 0x800;
    assert_eq!(read(&|_| ()), ["default.xex", "media", "media/a.bin"]);
    let zeros = read(&|image| image[34 * 0x800..35 * 0x800].fill(0));
    assert_eq!(zeros, ["default.xex", "media"], "a directory without entries");
    let none = read(&|image| image[root + 28 + 2..][..2].fill(0xFF));
    assert_eq!(none, ["default.xex", "media", "media/a.bin"], "no right child");
    // The second entry lies in the next sector; the link leads to the rest of the first.
    let linked = read(&|image| {
        let entry = image[root + 28..root + 48].to_vec();
        image[root + 28..34 * 0x800].fill(0xFF);
        image[34 * 0x800..][..entry.len()].copy_from_slice(&entry);
        image[34 * 0x800 + 8..][..4].fill(0);
        image[32 * 0x800 + 24..][..4].copy_from_slice(&0x1000_u32.to_le_bytes());
    });
    assert_eq!(linked, ["default.xex", "media"]);
}

#[test]
fn damaged_images_are_refused_or_read() {
    let whole = sample();
    Cases::new("XENIA_DISC_IMAGES", 3000).each(|seed| {
        let mut dice = Noise::new(seed);
        let mut image = whole.clone();
        for _ in 0..=dice.below(4) {
            // The descriptor and the directories are in three sectors.
            let at = 32 * 0x800 + dice.below(3) * 0x800 + dice.below(64);
            image[at] = [dice.next() as u8, 0, 0xFF, 33, 7][dice.below(5)];
        }
        match open(Arc::new(image)) {
            Ok(volume) => drop(contents(&volume)),
            Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{error}"),
        }
    });
}
