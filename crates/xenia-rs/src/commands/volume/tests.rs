//! Tests that make images and packages from folders, and extract them again.

use super::*;
use crate::cli::{Cli, Command};
use clap::Parser;

fn run(words: &[&str]) -> Result<u8> {
    let code = match Cli::try_parse_from(["xenia-rs"].iter().chain(words))?.command {
        Some(Command::Ls(args)) => ls(&args),
        Some(Command::Extract(args)) => extract(&args),
        Some(Command::MakeIso(args)) => make_iso(&args),
        Some(Command::MakeStfs(args)) => crate::commands::make_stfs::run(&args),
        Some(Command::Verify(args)) => crate::commands::verify::run(&args),
        Some(Command::Exec(args)) => return crate::commands::exec::run(&args, None, false),
        _ => panic!("{words:?}"),
    };
    code.map(Code::number)
}

#[test]
fn a_folder_becomes_an_image_and_a_folder_again() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir_all(at("game/media/empty")).unwrap();
    let large: Vec<u8> = (0..CHUNK * 2 + 5).map(|i| (i * 7 % 251) as u8).collect();
    let files = [("default.xex", &b"XEX2"[..]), ("media/A.bin", &large), ("media/none", b"")];
    for (name, bytes) in files {
        std::fs::write(at("game/") + name, bytes).unwrap();
    }
    assert_eq!(run(&["make-iso", &at("game"), &at("game.iso")]).unwrap(), Code::Done.number());
    assert_eq!(run(&["ls", &at("game.iso"), "--json", &at("ls.json")]).unwrap(), Code::Done.number());
    let listed: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(at("ls.json")).unwrap()).unwrap();
    let rows = listed["rows"].as_array().unwrap();
    let paths: Vec<_> = rows.iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["default.xex", "media", "media/A.bin", "media/empty", "media/none"]);
    assert_eq!((rows[0]["size"].as_u64(), rows[1]["size"].as_u64()), (Some(4), None));
    run(&["extract", &at("game.iso"), &at("out")]).unwrap();
    for (name, bytes) in files {
        assert!(std::fs::read(at("out/") + name).unwrap() == bytes, "{name}");
    }
    assert!(dir.path().join("out/media/empty").is_dir());
    let error = format!("{:#}", run(&["extract", &at("game.iso"), &at("out")]).unwrap_err());
    let there = Path::new("out").join("default.xex").display().to_string();
    assert!(error.contains(&there) && error.contains("exists"), "{error}");
}

/// A title that reads a file beside it, in a folder and in every kind of volume made from the
/// folder.
#[test]
fn titles_run_from_images_and_read_neighbouring_files() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("game")).unwrap();
    let primes = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/primes.xex");
    std::fs::copy(primes, at("game/default.xex")).unwrap();
    // Without this file it counts in 64 segments.
    std::fs::write(at("game/segments"), "2").unwrap();
    run(&["make-iso", &at("game"), &at("game.iso")]).unwrap();
    let make_stfs = ["make-stfs", &at("game")];
    assert!(run(&[&make_stfs[..], &[&at("game.live")]].concat()).is_err(), "the title has no id");
    let with_id = ["--title-id", "58410001"];
    run(&[&make_stfs[..], &[&at("game.live")], &with_id].concat()).unwrap();
    run(&[&make_stfs[..], &[&at("game.con"), "--signer", "con"], &with_id].concat()).unwrap();
    for (length, is_taken) in [(127, true), (128, false)] {
        let words = ["--title-id", "58410001", "--name", &"n".repeat(length)];
        assert_eq!(run(&[&make_stfs[..], &[&at("named")], &words].concat()).is_ok(), is_taken, "{length}");
    }
    std::fs::write(at("game.zip"), zip_of(&at("game"), "")).unwrap();
    std::fs::write(at("outer.zip"), zip_of(&at("game"), "My game/")).unwrap();
    for title in ["game", "game.iso", "game.live", "game.con", "game.zip", "outer.zip"] {
        let log = at(&format!("{title}.txt"));
        let words = ["exec", &at(title), "--headless", "--gpu", "none", "--guest-log", &log];
        let words = [&words[..], &["--code-cache", "off"]].concat();
        assert_eq!(run(&words).unwrap(), Code::Done.number());
        let output = std::fs::read_to_string(log).unwrap();
        // The number of primes below 131,072.
        assert!(output.starts_with("primes 12251 "), "{title}: {output}");
        assert_eq!(output, std::fs::read_to_string(at("game.txt")).unwrap());
        if title != "game" {
            assert_eq!(run(&["verify", &at(title)]).unwrap(), Code::Done.number(), "{title}");
            run(&["extract", &at(title), &at(&format!("{title}.out"))]).unwrap();
        }
    }
    for (title, inner) in [("game.live", ""), ("game.zip", ""), ("outer.zip", "My game/")] {
        let extracted = std::fs::read(at(&format!("{title}.out/{inner}default.xex"))).unwrap();
        assert!(extracted == std::fs::read(primes).unwrap(), "{title}");
    }
}

/// A ZIP of the folder's files, deflated by the crate's compressor.
fn zip_of(folder: &str, prefix: &str) -> Vec<u8> {
    let mut file = Vec::new();
    let mut directory = Vec::new();
    let names = ["default.xex", "segments"];
    for name in names {
        let bytes = std::fs::read(format!("{folder}/{name}")).unwrap();
        let mut data = Vec::new();
        let mut encoder = flate2::write::DeflateEncoder::new(&mut data, flate2::Compression::default());
        encoder.write_all(&bytes).unwrap();
        encoder.try_finish().unwrap();
        drop(encoder);
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        let mut common = [20_u16, 0, 8, 0, 0].map(u16::to_le_bytes).concat();
        let name = format!("{prefix}{name}");
        common.extend([crc.sum(), data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat());
        common.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        let offset = (file.len() as u32).to_le_bytes();
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &data].concat());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset, name.as_bytes()].concat());
    }
    let at = file.len() as u32;
    let size = directory.len() as u32;
    file.extend(directory);
    file.extend(
        [&b"PK\x05\x06\0\0\0\0\x02\0\x02\0"[..], &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    );
    file
}

#[test]
fn extraction_of_a_damaged_archive_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("game")).unwrap();
    for name in ["default.xex", "segments"] {
        std::fs::write(at("game/") + name, name).unwrap();
    }
    let mut archive = zip_of(&at("game"), "");
    // The checksum of the first file, in the central directory.
    let entry = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    archive[entry + 16] ^= 1;
    std::fs::write(at("game.zip"), archive).unwrap();
    let error = run(&["extract", &at("game.zip"), &at("out")]).unwrap_err().to_string();
    let names = ["game.zip is damaged", "default.xex", "checksum"];
    assert!(names.iter().all(|name| error.contains(name)), "{error}");
    assert_eq!(std::fs::read(at("out/segments")).unwrap(), b"segments", "the files remain");
}

#[test]
fn verify_reports_faults_with_their_offsets() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("dlc")).unwrap();
    std::fs::write(at("dlc/map.bin"), vec![7; 9000]).unwrap();
    let error = run(&["make-stfs", &at("dlc"), &at("dlc.live")]).unwrap_err().to_string();
    assert!(error.contains("--title-id") && !Path::new(&at("dlc.live")).exists(), "{error}");
    let words = ["make-stfs", &at("dlc"), &at("dlc.live"), "--title-id", "4D5307D1", "--name", "Map pack"];
    std::fs::write(at("dlc/a+b.bin"), []).unwrap();
    let error = run(&words).unwrap_err().to_string();
    assert!(error.contains("a+b.bin") && !Path::new(&at("dlc.live")).exists(), "{error}");
    std::fs::remove_file(at("dlc/a+b.bin")).unwrap();
    let mut long = b"\x89PNG".to_vec();
    long.resize(20_000, 0);
    for (picture, expected) in [(&b""[..], "t.png is not a PNG"), (&long, "t.png has 20000 bytes")] {
        std::fs::write(at("t.png"), picture).unwrap();
        let picture = ["--thumbnail", &at("t.png")];
        let error = run(&[&words[..], &picture].concat()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(run(&words).unwrap(), Code::Done.number());
    let mut package = std::fs::read(at("dlc.live")).unwrap();
    let info = xenia_formats::stfs::PackageInfo::read(&package).unwrap();
    assert_eq!((info.title_id.0, info.content_type, &*info.display_name), (0x4D53_07D1, 2, "Map pack"));
    assert!(info.is_unsigned && info.signer.name() == "LIVE");
    assert_eq!(run(&["verify", &at("dlc.live")]).unwrap(), Code::Done.number());
    package[0xD000] ^= 1;
    std::fs::write(at("dlc.live"), package).unwrap();
    assert_eq!(run(&["verify", &at("dlc.live"), "--json", &at("v.json")]).unwrap(), Code::Mismatch.number());
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(at("v.json")).unwrap()).unwrap();
    assert_eq!((report["ok"].as_bool(), report["checked"].as_u64()), (Some(false), Some(6)));
    assert_eq!(report["faults"][0]["offset"].as_u64(), Some(0xD000));
    std::fs::write(at("t.rar"), b"Rar!\x1A\x07").unwrap();
    assert!(run(&["verify", &at("t.rar")]).unwrap_err().to_string().contains("a RAR archive; extract it"));
}

#[test]
fn a_name_with_control_characters_is_one_row() {
    let line = |path: &str, size| line_of(&LsRow { path: path.to_owned(), size });
    assert_eq!(line("a\n\x1b[31mb", Some(5)), "          5  a\u{FFFD}\u{FFFD}[31mb");
    assert_eq!(line("c\td", None), "             c\u{FFFD}d/");
}

#[test]
fn files_that_overlap_fill_no_disk() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let mut volume = Volume::default();
    for name in ["a", "b"] {
        volume.add_file(Volume::ROOT, name, Arc::new(vec![0; 9])).unwrap();
    }
    let mut image = Vec::new();
    gdfx::write(&volume, &mut image, &mut |_| ()).unwrap();
    let whole = (image.len() as u32).to_le_bytes();
    // Both files claim all of the data.
    for entry in [33 * 0x800, 33 * 0x800 + 16] {
        image[entry + 4..entry + 8].fill(0);
        image[entry + 8..entry + 12].copy_from_slice(&whole);
    }
    std::fs::write(at("t.iso"), image).unwrap();
    run(&["ls", &at("t.iso")]).unwrap();
    let error = run(&["extract", &at("t.iso"), &at("out")]).unwrap_err().to_string();
    assert!(error.contains("overlap") && !dir.path().join("out").exists(), "{error}");
}

#[cfg(windows)]
#[test]
fn extraction_with_an_impossible_name_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let mut volume = Volume::default();
    for name in ["a", "con.bin"] {
        volume.add_file(Volume::ROOT, name, Arc::new(vec![0; 9])).unwrap();
    }
    let mut image = Vec::new();
    gdfx::write(&volume, &mut image, &mut |_| ()).unwrap();
    std::fs::write(at("t.iso"), image).unwrap();
    let error = run(&["extract", &at("t.iso"), &at("out")]).unwrap_err().to_string();
    assert!(error.contains("con.bin") && !dir.path().join("out").exists(), "{error}");
}

#[test]
fn volume_commands_name_unsupported_inputs() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("t.xex"), include_bytes!("../../../../../guest/bin/hello.xex")).unwrap();
    std::fs::write(at("t.rar"), b"Rar!\x1A\x07").unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    for (words, expected) in [
        (["ls", &at("t.xex")].to_vec(), "an Xbox 360 executable (XEX), which contains no files"),
        (["ls", &at("t.rar")].to_vec(), "a RAR archive; extract it"),
        (["extract", &at("nowhere"), &at("out")].to_vec(), "cannot open"),
        (["extract", &at("empty"), &at("out")].to_vec(), "is a folder: this command needs a file"),
        (["verify", &at("empty")].to_vec(), "is a folder: this command needs a file"),
        (["make-iso", &at("empty"), &at("e.iso")].to_vec(), "is empty"),
        (["make-iso", &at("nowhere"), &at("e.iso")].to_vec(), "cannot read"),
    ] {
        let error = format!("{:#}", run(&words).unwrap_err());
        assert!(error.contains(expected), "{words:?}: {error}");
    }
    assert!(!dir.path().join("e.iso").exists() && !dir.path().join("out").exists());
}

/// A package whose data is in separate data files.
#[test]
fn files_that_overlap_in_data_files_fill_no_disk() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    // Two hash tables, then sectors from 32 on: the descriptor, the root with two entries, eight
    // sectors of files.
    let mut data = vec![0; 0x2000 + 10 * 0x800];
    let root = [b"MICROSOFT*XBOX*MEDIA", &33_u32.to_le_bytes()[..], &0x800_u32.to_le_bytes()].concat();
    data[0x2000..0x2000 + root.len()].copy_from_slice(&root);
    for size in [8 * 0x800, 4 * 0x800_u32] {
        for (at, (next, name)) in [(0x2800, (4, b'a')), (0x2810, (0, b'b'))] {
            let entry = [0, 0, next, 0, 34, 0, 0, 0, 0, 0, 0, 0, 0, 1, name];
            data[at..at + entry.len()].copy_from_slice(&entry);
            data[at + 8..at + 12].copy_from_slice(&size.to_le_bytes());
        }
        std::fs::write(at("Data0000"), &data).unwrap();
        run(&["ls", &at("Data0000")]).unwrap();
        let extracted = run(&["extract", &at("Data0000"), &at("out")]);
        let error = extracted.unwrap_err().to_string();
        if size == 4 * 0x800 {
            // The files overlap here too, but are not larger than the data. The hashes are missing.
            assert!(error.contains("is damaged") && dir.path().join("out/b").exists(), "{error}");
        } else {
            assert!(error.contains("overlap") && !dir.path().join("out").exists(), "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn only_links_within_the_folder_are_followed() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir_all(at("game/media")).unwrap();
    std::fs::write(at("game/media/a"), b"inside").unwrap();
    std::fs::create_dir(at("private")).unwrap();
    std::fs::write(at("private/key"), b"outside").unwrap();
    std::os::unix::fs::symlink("media/a", at("game/b")).unwrap();
    run(&["make-iso", &at("game"), &at("game.iso")]).unwrap();
    run(&["extract", &at("game.iso"), &at("out")]).unwrap();
    assert_eq!(std::fs::read(at("out/b")).unwrap(), b"inside");
    for target in ["../private/key", "../private"] {
        std::os::unix::fs::symlink(target, at("game/c")).unwrap();
        let error = run(&["make-iso", &at("game"), &at("not.iso")]).unwrap_err().to_string();
        assert!(error.contains("game/c is a link that leads outside"), "{error}");
        assert!(!dir.path().join("not.iso").exists());
        std::fs::remove_file(at("game/c")).unwrap();
    }
}

#[test]
fn image_inside_its_source_folder_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("game")).unwrap();
    std::fs::write(at("game/default.xex"), "a title").unwrap();
    for (command, rest) in [("make-iso", &[][..]), ("make-stfs", &["--title-id", "4D530001"])] {
        let make = |image: &str| {
            let words: Vec<&str> = [command].into_iter().chain(rest.iter().copied()).collect();
            run(&[&words[..], &[&at("game"), &at(image)]].concat())
        };
        make("image").unwrap();
        std::fs::rename(at("image"), at("game/image")).unwrap();
        let error = make("game/image").unwrap_err().to_string();
        assert!(error.ends_with("would be part of itself: name another file"), "{error}");
        make("other").unwrap();
        std::fs::remove_file(at("game/image")).unwrap();
    }
}
