//! Kills programs that write folders with SIGKILL at arbitrary moments: the folder must have either
//! its old or its new contents.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use xenia_testing::{fast_folder, hermetic, kill_or_reap, kills};

/// Number of kills of a program in a normal run.
const USUAL_KILLS: u64 = 30;
/// Number of files in a folder.
const FILES: u8 = 24;
/// Its multiples' fractions are spread evenly, however many there are.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;

fn program(words: &[&str]) -> Command {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs to the end, and returns the time that took.
fn whole(words: &[&str]) -> Duration {
    let start = Instant::now();
    let output = program(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    start.elapsed()
}

/// Runs rounds with kills: at least `count`, and more until all required outcomes have occurred.
/// Later rounds give the program smaller fractions and larger multiples of its usual time, for a
/// host that was busy when that was measured, or is now.
fn rounds(count: u64, usual: Duration, mut round: impl FnMut(u64, Duration) -> bool) {
    const MOST: u64 = 10;
    let mut is_enough = false;
    for number in 0..count * MOST {
        if number >= count && is_enough {
            return;
        }
        let pass = (number / count) as u32;
        let factor = 3_u32.pow(pass.div_ceil(2));
        is_enough = round(number, if pass.is_multiple_of(2) { usual * factor } else { usual / factor });
    }
    assert!(is_enough || count == 0, "all kills fell before the work, or all after it");
}

/// Kills the program after a fraction of its usual time, a different one in each round.
fn killed(words: &[&str], round: u64, usual: Duration) {
    let mut child = program(words).stderr(Stdio::null()).spawn().unwrap();
    kill_or_reap(&mut child, usual.mul_f64((round as f64 * GOLDEN_RATIO).fract() * 1.1));
}

/// A folder in a memory file system, if the host has one: files are synced, for which a disk would
/// make the test wait.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(fast_folder(16 << 10)).or_else(|_| tempfile::tempdir()).unwrap()
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a folder and its subfolders, without temporary files.
fn files_in(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(at) = ahead.pop() {
        for entry in std::fs::read_dir(at).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                ahead.push(path);
            } else if !path.file_name().unwrap().to_str().unwrap().starts_with(".xenia-") {
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Creates a folder whose files all contain the generation; each generation also has files that
/// others lack.
fn make(folder: &Path, generation: u8) -> Files {
    std::fs::create_dir_all(folder.join("below")).unwrap();
    for number in 0..FILES {
        let below = if number % 3 == 0 { "below/" } else { "" };
        let name = format!("{below}{}{number}", if number % 5 == 0 { generation } else { 9 });
        std::fs::write(folder.join(name), vec![generation; 9000 + usize::from(number)]).unwrap();
    }
    files_in(folder)
}

/// The files of the only package in a folder of saves, according to its header.
fn package(saves: &Path) -> (PathBuf, Files) {
    use xenia_kernel::content::{ContentStore, PackageName};
    let device = xenia_kernel::vfs::HostFolder::read_only(saves).unwrap();
    let store = ContentStore::new(Box::new(device));
    let owner = xenia_kernel::user::profile::Xuid::NOBODY;
    let name = PackageName::new(owner, 0x4D53_07D1, 2, "Map").unwrap();
    let header = store.find(&name).unwrap().expect("there is none");
    let folder = name.files(header.folder).iter().fold(saves.to_owned(), |at, name| at.join(name));
    let files = files_in(&folder);
    (folder, files)
}

#[test]
fn an_import_that_is_killed_leaves_the_old_package_or_the_new_one() {
    let dir = scratch();
    let saves = dir.path().join("saves");
    let folders = ["a/Map", "b/Map"].map(|name| dir.path().join(name));
    let generations = [make(&folders[0], 1), make(&folders[1], 2)];
    let words = |folder: usize| {
        let mut words = vec!["content", "import", folders[folder].to_str().unwrap(), "--content"];
        words.extend([saves.to_str().unwrap(), "--title-id", "4D5307D1", "--kind", "2", "--replace"]);
        words
    };
    whole(&words(0));
    let usual = whole(&words(1));
    let mut now = 1;
    let [mut is_changed, mut is_kept] = [false; 2];
    rounds(kills(USUAL_KILLS), usual, |round, usual| {
        killed(&words(1 - now), round, usual);
        let (_, files) = package(&saves);
        if files == generations[1 - now] {
            now = 1 - now;
            is_changed = true;
        } else {
            assert!(files == generations[now], "round {round}: {:?}", files.keys());
            is_kept = true;
        }
        is_changed && is_kept
    });
    whole(&words(1 - now));
    let (folder, files) = package(&saves);
    assert!(files == generations[1 - now]);
    let left = std::fs::read_dir(folder.parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "the header and one folder: who was killed leaves nothing behind for ever");
}

#[test]
fn two_concurrent_imports_leave_one_complete_package() {
    let dir = scratch();
    let saves = dir.path().join("saves");
    let folders = ["a/Map", "b/Map"].map(|name| dir.path().join(name));
    let generations = [make(&folders[0], 1), make(&folders[1], 2)];
    for round in 0..8 {
        let both = [0, 1].map(|folder: usize| {
            let words = ["content", "import", folders[folder].to_str().unwrap(), "--content"];
            let rest = ["--title-id", "4D5307D1", "--kind", "2", "--replace"];
            program(&words).arg(&saves).args(rest).spawn().unwrap()
        });
        for mut import in both {
            assert!(import.wait().unwrap().success(), "round {round}");
        }
        let (_, files) = package(&saves);
        assert!(generations.contains(&files), "round {round}: {:?}", files.keys());
    }
}

#[test]
fn a_content_folder_in_use_is_refused_to_runs_and_awaited_by_imports() {
    let dir = scratch();
    let saves = dir.path().join("saves");
    let map = dir.path().join("Map");
    make(&map, 1);
    std::fs::create_dir(&saves).unwrap();
    let hello = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/hello.xex");
    let run = |flags: &[&str]| {
        let output = program(&["exec", hello, "--headless", "--gpu", "none"]).args(flags).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let named = ["--content", saves.to_str().unwrap()];
    let held = xenia::content::lock(&saves).unwrap();
    let (code, messages) = run(&named);
    assert!(
        code == Some(2) && messages.contains(named[1]) && messages.contains("--fresh"),
        "{code:?}: {messages}"
    );
    assert_eq!(run(&["--fresh"]).0, Some(0));
    // The user's own folder, which no flag names: many such runs may start at once.
    let own = dir.path().join("xenia-rs/content");
    std::fs::create_dir_all(&own).unwrap();
    let held_own = xenia::content::lock(&own).unwrap();
    let mut unnamed = program(&["exec", hello, "--headless", "--gpu", "none", "--parallel"]);
    let output = unnamed.env("XDG_DATA_HOME", dir.path()).output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && messages.contains("discarded"), "{messages}");
    drop(held_own);
    let words = ["content", "import", map.to_str().unwrap(), "--content", named[1]];
    let mut import = program(&words);
    import.args(["--title-id", "4D5307D1", "--kind", "2"]);
    let mut import = import.spawn().unwrap();
    let mut messages = String::new();
    BufReader::new(import.stderr.take().unwrap()).read_line(&mut messages).unwrap();
    assert!(messages.contains("waiting") && messages.contains(named[1]), "{messages}");
    assert!(import.try_wait().unwrap().is_none());
    drop(held);
    assert!(import.wait().unwrap().success());
    package(&saves);
    assert_eq!(run(&named).0, Some(0), "a lock file without its lock is ignored");
}

/// Number of kills in the test of saved states, whose runs are longer.
const USUAL_KILLS_OF_STATES: u64 = 12;

#[test]
fn a_state_whose_run_is_killed_is_the_old_one_or_the_new_one() {
    let dir = scratch();
    let file = dir.path().join("a.state");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/demo.xex");
    let points = ["1_000_000", "1_500_000"].map(|count| format!("{count}:{}", file.display()));
    let words = |state: usize| {
        ["exec", demo, "--headless", "--gpu", "none", "-n", "1_500_001", "--save-state", &points[state]]
    };
    let states = [0, 1].map(|state| {
        whole(&words(state));
        std::fs::read(&file).unwrap()
    });
    assert!(states[0] != states[1], "they are of different moments");
    let usual = whole(&words(1));
    let mut last = 1;
    let [mut is_changed, mut is_kept] = [false; 2];
    rounds(kills(USUAL_KILLS_OF_STATES), usual, |round, usual| {
        let saved = round as usize % 2;
        killed(&words(saved), round, usual);
        let now = std::fs::read(&file).unwrap();
        let found = states.iter().position(|state| *state == now);
        let found = found.unwrap_or_else(|| panic!("round {round}: {} bytes", now.len()));
        is_changed |= found != last;
        is_kept |= found != saved;
        last = found;
        is_changed && is_kept
    });
}

/// Number of files of an image that is extracted: enough that a kill after the first falls before
/// the last one, also where the test's own thread waits for a processor in between.
const MANY_FILES: usize = 600;

/// The number of entries of a folder itself; 0 while there is no such folder.
fn names_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// The program is killed once a number of files is there: their writing is too small a part of the
/// program's time for kills at arbitrary moments.
#[test]
fn files_that_are_extracted_are_whole_or_not_there() {
    let dir = scratch();
    let folder = dir.path().join("game");
    let image = dir.path().join("game.iso");
    make(&folder, 3);
    for number in 0..MANY_FILES {
        std::fs::write(folder.join(format!("many{number}")), vec![3; 4000 + number]).unwrap();
    }
    let files = files_in(&folder);
    whole(&["make-iso", folder.to_str().unwrap(), image.to_str().unwrap()]);
    let extract = |to: &Path| program(&["extract"]).args([&image, to]).spawn().unwrap();
    let all = dir.path().join("all");
    assert!(extract(&all).wait().unwrap().success() && files_in(&all) == files);
    let to = dir.path().join("killed");
    let count = kills(USUAL_KILLS) / 2;
    let mut is_in_between = false;
    for round in 0..10 * count {
        if round >= count && is_in_between {
            break;
        }
        let enough = 1 + (round % count) as usize * MANY_FILES / 2 / count as usize;
        let mut child = extract(&to);
        while child.try_wait().unwrap().is_none() && names_in(&to) < enough {}
        let _ = child.kill();
        child.wait().unwrap();
        let found = files_in(&to);
        is_in_between |= (1..files.len()).contains(&found.len());
        for (name, bytes) in found {
            assert!(files.get(&name) == Some(&bytes), "round {round}: {name} has {} bytes", bytes.len());
        }
        let _ = std::fs::remove_dir_all(&to);
    }
    assert!(is_in_between || count == 0, "all kills fell after the work");
}

#[cfg(unix)]
#[test]
fn an_image_that_is_interrupted_leaves_no_temporary_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("game");
    let to = dir.path().join("to");
    make(&folder, 4);
    std::fs::create_dir(&to).unwrap();
    std::fs::File::create(folder.join("long")).unwrap().set_len(192 << 20).unwrap();
    let image = to.join("game.iso");
    let mut child =
        program(&["make-iso", folder.to_str().unwrap(), image.to_str().unwrap()]).spawn().unwrap();
    // Once a temporary file exists, the program handles signals.
    while std::fs::read_dir(&to).unwrap().count() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().is_ok());
    let output = child.wait_with_output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    // The program may have finished first.
    if output.status.code() == Some(0) {
        assert_eq!(std::fs::read_dir(&to).unwrap().count(), 1, "{messages}");
    } else {
        assert_eq!(output.status.code(), Some(130), "{messages}");
        assert!(messages.contains("ended by SIGINT"), "{messages}");
        assert_eq!(std::fs::read_dir(&to).unwrap().count(), 0, "{messages}");
    }
}
