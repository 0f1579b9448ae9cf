//! Tests of stamps across runs, crashes and damage.

use super::*;
use std::fs;
use xenia_testing::{Cases, Dice, fast_folder};

fn names(path: &str) -> Vec<String> {
    path.split('\\').map(str::to_owned).collect()
}

#[test]
fn stamps_outlive_the_program_and_follow_renames() {
    let folder = tempfile::tempdir().unwrap();
    let stamps = Stamps::read(folder.path());
    assert_eq!(stamps.get(&names("a")), Stamp::default());
    stamps.save(|_| true).unwrap();
    assert!(!folder.path().join(NAME).exists(), "nothing to keep, no file");
    let stamp = Stamp { created: 1, accessed: 2, written: 3, attributes: attributes::HIDDEN };
    stamps.set(&names(r"D\Save one"), stamp);
    stamps.set(&names("gone"), stamp);
    stamps.set(&names("kept not"), stamp);
    stamps.remove(&names("GONE"));
    stamps.rename(&names("d"), &names("E"));
    stamps.save(|path| path != ["kept not"]).unwrap();
    let again = Stamps::read(folder.path());
    assert_eq!(again.get(&names(r"e\SAVE one")), stamp);
    for gone in [r"d\save one", "gone", "kept not"] {
        assert_eq!(again.get(&names(gone)), Stamp::default(), "{gone}");
    }
    let text = fs::read_to_string(folder.path().join(NAME)).unwrap();
    assert!(text.ends_with("\n1 2 3 2 e\\save one\n"), "{text}");
}

#[test]
fn removed_stamp_paths_are_recorded_and_not_inherited() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    let stamps = Stamps::read(folder.path());
    let [old, new] = [1, 2].map(|time| Stamp::new(time, 0));
    for path in [r"d\f", r"d\g\h", "d e", "a"] {
        stamps.set(&names(path), old);
    }
    stamps.save(|_| true).unwrap();
    let before = fs::read_to_string(&file).unwrap();
    stamps.rename(&names("d"), &names("b"));
    // A new directory gets the name of the old one.
    stamps.set(&names("d"), new);
    stamps.remove(&names("a"));
    stamps.remove(&names("nothing"));
    stamps.save(|_| true).unwrap();
    let added = fs::read_to_string(&file).unwrap()[before.len()..].to_owned();
    assert_eq!(added, "- a\n- d\n1 1 1 0 b\\f\n1 1 1 0 b\\g\\h\n2 2 2 0 d\n");
    let again = Stamps::read(folder.path());
    let found = [r"b\f", r"b\g\h", "d e", "d", "a", r"d\f"].map(|path| again.get(&names(path)));
    assert_eq!(found, [old, old, old, new, Stamp::default(), Stamp::default()]);
}

#[test]
fn stamps_of_host_deleted_files_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let stamps = Stamps::read(folder.path());
    stamps.set(&names("a"), Stamp::new(1, 0));
    stamps.save(|_| true).unwrap();
    stamps.set(&names("a"), Stamp::new(2, 0));
    stamps.save(|_| false).unwrap();
    assert_eq!(Stamps::read(folder.path()).get(&names("a")), Stamp::default());
}

#[test]
fn torn_last_stamp_line_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    fs::write(&file, "1 1 1 0 a\n1 1 1 0 b").unwrap();
    let stamps = Stamps::read(folder.path());
    stamps.set(&names("c"), Stamp::new(2, 0));
    stamps.save(|_| true).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "1 1 1 0 a\n2 2 2 0 c\n");
}

#[test]
fn a_file_that_is_too_large_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    fs::write(&file, "1 1 1 0 a\n").unwrap();
    OpenOptions::new().write(true).open(&file).unwrap().set_len(MAX_FILE + 1).unwrap();
    let stamps = Stamps::read(folder.path());
    assert_eq!(stamps.get(&names("a")), Stamp::default());
    stamps.set(&names("b"), Stamp::new(2, 0));
    stamps.save(|_| true).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "2 2 2 0 b\n");
}

/// Damages lines: intact lines still count, and later changes are read back.
#[test]
fn damaged_stamp_files_keep_intact_lines() {
    let cases = Cases::new("XENIA_STAMP_FILES", 400);
    let folder = tempfile::tempdir_in(fast_folder(16 << 10)).or_else(|_| tempfile::tempdir()).unwrap();
    let file = folder.path().join(NAME);
    cases.each(|seed| {
        let mut dice = Dice(seed);
        let lines: Vec<_> = (0..=dice.below(40)).map(|number| line(&mut dice, number)).collect();
        let good =
            lines.iter().map(|(line, ..)| [line.as_bytes(), b"\n"].concat()).collect::<Vec<_>>().concat();
        let mut text = good.clone();
        dice.damage(&mut text, &good);
        fs::write(&file, &text).unwrap();
        let stamps = Stamps::read(folder.path());
        let damaged = String::from_utf8_lossy(&text).to_ascii_lowercase();
        let damaged: Vec<_> = damaged.split('\n').collect();
        for (line, path, stamp) in &lines {
            // No other line affects the path, because its last name is unique.
            let own = path.rsplit('\\').next().unwrap();
            let about: Vec<_> = damaged.iter().filter(|line| line.contains(own)).collect();
            let removed = damaged.iter().any(|line| line.starts_with("- "));
            if !removed && about == [&line.as_str()] && damaged.last() != Some(&line.as_str()) {
                assert_eq!(stamps.get(&names(path)), *stamp, "{line}");
            }
        }
        let read = stamps.content.lock().stamps.clone();
        let added = names(r"d1\another");
        stamps.set(&added, Stamp::new(seed + 7, 1));
        stamps.remove(&names("d2"));
        stamps.save(|_| true).unwrap();
        let expected = stamps.content.lock().stamps.clone();
        let again = Stamps::read(folder.path());
        let Content { stamps: found, dirty, .. } = &*again.content.lock();
        assert!(!dirty, "the file is whole again");
        assert_eq!(*found, expected);
        assert_eq!(found[r"d1\another"], Stamp::new(seed + 7, 1));
        let kept = read.iter().filter(|(path, _)| *path != "d2" && !path.starts_with("d2\\"));
        for (path, stamp) in kept.filter(|(path, _)| *path != r"d1\another") {
            assert_eq!(found[path], *stamp, "{path}");
        }
    });
}

/// A line, its path, and its stamp; some lines are removals.
fn line(dice: &mut Dice, number: usize) -> (String, String, Stamp) {
    let folder = ["", "d1\\", "d2\\", "d1\\deep\\"][dice.below(4)];
    let path = format!("{folder}n{number}e");
    if dice.one_in(12) {
        return (format!("- {path}"), path, Stamp::default());
    }
    let mut time = || dice.next() >> dice.below(64);
    let [created, accessed, written] = [time(), time(), time()];
    let attributes = [0, 1, 0x27][dice.below(3)];
    let text = format!("{created:x} {accessed:x} {written:x} {attributes:x} {path}");
    (text, path, Stamp { created, accessed, written, attributes })
}

#[cfg(unix)]
#[test]
fn a_link_in_the_files_place_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("secret");
    std::os::unix::fs::symlink(&target, folder.path().join(NAME)).unwrap();
    let stamps = Stamps::read(folder.path());
    stamps.set(&names("a"), Stamp::new(1, 0));
    stamps.save(|_| true).unwrap();
    assert!(!target.exists());
    assert_eq!(fs::read_to_string(folder.path().join(NAME)).unwrap(), "1 1 1 0 a\n");
}

#[test]
fn invalid_stamp_lines_are_ignored() {
    for line in [
        "",
        "1 2 3",
        "1 2 3 4",
        "1 2 3 4 ",
        "x 2 3 4 a",
        "1 2 3 4 ..\\a",
        "1 2 3 4 a:b",
        "10000000000000000 0 0 0 a",
        "0 0 0 100000000 a",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
    for line in ["- ", "-a", "- ..", "- a\0"] {
        assert_eq!(parse(line), None, "{line}");
    }
    let (path, stamp) = parse(r"1 2 3 ff A\B c").unwrap();
    assert_eq!((path.as_str(), stamp.unwrap().attributes), (r"a\b c", attributes::KEPT));
    assert_eq!(parse(r"- A\B c").unwrap(), (r"a\b c".to_owned(), None));
}

#[test]
fn changes_are_added_and_a_file_of_old_lines_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    let stamp = |n| Stamp { created: n, accessed: n, written: n, attributes: 0 };
    let stamps = Stamps::read(folder.path());
    let lines = || fs::read_to_string(&file).unwrap().lines().count();
    for n in 0..STALE_LINES as u64 + 2 {
        stamps.set(&names("a"), stamp(n));
        stamps.save(|_| true).unwrap();
        assert_eq!(lines(), n as usize + 1, "one line for one change");
    }
    stamps.set(&names("a"), stamp(999));
    stamps.save(|_| true).unwrap();
    assert_eq!(lines(), 1, "most was out of date");
    stamps.set(&names("b"), stamp(1000));
    stamps.save(|_| true).unwrap();
    let again = Stamps::read(folder.path());
    assert_eq!([again.get(&names("a")), again.get(&names("b"))], [stamp(999), stamp(1000)]);
    // A crash cut the last line short: it is ignored.
    let text = fs::read(&file).unwrap();
    fs::write(&file, &text[..text.len() - 1]).unwrap();
    assert_eq!(Stamps::read(folder.path()).get(&names("b")), Stamp::default());
}

#[test]
fn a_file_that_is_renamed_without_end_leaves_no_removals() {
    let folder = tempfile::tempdir().unwrap();
    let stamps = Stamps::read(folder.path());
    let stamp = Stamp::new(7, 0);
    stamps.set(&names("0"), stamp);
    let last = 4 * STALE_LINES;
    for n in 0..last {
        stamps.rename(&names(&n.to_string()), &names(&(n + 1).to_string()));
        assert!(stamps.content.lock().gone.len() <= 2 * STALE_LINES, "{n}");
    }
    stamps.save(|_| true).unwrap();
    let text = fs::read_to_string(folder.path().join(NAME)).unwrap();
    assert_eq!(text, format!("7 7 7 0 {last}\n"));
}

/// A disk that is full takes a part of the lines; what is appended later must not end one of them.
#[test]
fn lines_that_were_cut_short_are_written_again() {
    struct Full(File, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.0.write(&bytes[..bytes.len().min(self.1)])?;
            self.1 -= count;
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let stamps = Stamps::read(folder.path());
    let stamp = Stamp::new(7, 0);
    stamps.set(&names("first"), stamp);
    stamps.save(|_| true).unwrap();
    stamps.set(&names(r"d\second"), stamp);
    let file = File::options().append(true).open(folder.path().join(NAME)).unwrap();
    stamps.content.lock().append(Ok(Full(file, 11)), "7 7 7 0 d\\second\n").unwrap_err();
    stamps.set(&names("third"), stamp);
    stamps.save(|_| true).unwrap();
    let again = Stamps::read(folder.path());
    for name in ["first", r"d\second", "third"] {
        assert_eq!(again.get(&names(name)), stamp, "{name}");
    }
    assert_eq!(again.content.lock().stamps.len(), 3);
}
