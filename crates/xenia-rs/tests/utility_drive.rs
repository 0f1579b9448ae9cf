//! Tests of scratch disks with guest/utility-drive, a title that mounts, fills and formats one as a
//! title's library does. It counts the faults that it finds in its exit code.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use xenia_testing::{fast_folder, hermetic, kill_or_reap, kills};

/// Number of kills in a normal run.
const USUAL_KILLS: u64 = 12;
const TITLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/utility-drive.xex");
const ENGINES: [&[&str]; 4] =
    [&["--lockstep"], &["--parallel"], &["--lockstep", "--interp"], &["--parallel", "--interp"]];

/// Time from the start of a round's program to its kill. The first three rounds are early, in the
/// middle and late in the usual time of a run: at its very start the disk is not open yet.
fn moment(usual: Duration, round: u64) -> Duration {
    usual.mul_f64(((round * 37 + 10) % 100) as f64 / 90.0)
}

/// A folder with the title, its settings and its scratch disks, in a memory file system if the host
/// has one.
struct Console(tempfile::TempDir);

impl Console {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(fast_folder(256 << 10)).or_else(|_| tempfile::tempdir()).unwrap();
        std::fs::create_dir(folder.path().join("game")).unwrap();
        std::fs::copy(TITLE, folder.path().join("game/default.xex")).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Sets a number that the title reads.
    fn set(&self, name: &str, number: u32) {
        std::fs::write(self.path("game").join(name), number.to_string()).unwrap();
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
        command.arg("exec").arg(self.path("game/default.xex")).args([
            "--headless",
            "--gpu",
            "none",
            "--fresh",
        ]);
        command.args(flags).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs the title to its end with its scratch disks in `scratch`; returns its messages.
    fn run(&self, scratch: &Path, flags: &[&str]) -> String {
        let output = self.command(flags).arg("--scratch").arg(scratch).output().unwrap();
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !messages.contains("WRONG"), "{flags:?}: {messages}");
        messages
    }
}

#[test]
fn a_level_is_found_again_by_every_engine_until_the_title_formats() {
    let console = Console::new();
    let scratch = console.path("scratch");
    for (generation, flags) in (1..).zip(ENGINES) {
        console.set("format", 1);
        let messages = console.run(&scratch, flags);
        assert!(
            messages.contains(&format!("formatted generation {generation}: found 0 pieces, wrote 16")),
            "{messages}"
        );
        console.set("format", 0);
        for flags in ENGINES {
            let messages = console.run(&scratch, flags);
            let expected = format!("mounted generation {generation}: found 16 pieces, wrote 0");
            assert!(messages.contains(&expected), "{flags:?}: {messages}");
        }
    }
}

#[test]
fn runs_that_are_compared_begin_with_empty_disks() {
    let console = Console::new();
    let content = console.path("content");
    let content = content.to_str().unwrap();
    for flags in [&["--lockstep"][..], &["--cross-check", "--content", content], &["--scratch", "off"]] {
        for _ in 0..2 {
            let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
            command.env_remove("XENIA_SCRATCH").arg("exec").arg(console.path("game/default.xex"));
            let output = command.args(["--headless", "--gpu", "none"]).args(flags).output().unwrap();
            let messages = String::from_utf8_lossy(&output.stderr);
            assert!(messages.contains("formatted generation 1: found 0 pieces"), "{flags:?}: {messages}");
        }
    }
    assert!(!console.path("content/Scratch").exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named_and_the_title_gets_empty_disks() {
    let console = Console::new();
    let scratch = console.path("scratch");
    let messages = console.run(&scratch, &["--lockstep"]);
    assert!(messages.contains("formatted generation 1"), "{messages}");
    let level = scratch.join("00000000/Cache0");
    std::fs::rename(&level, console.path("moved")).unwrap();
    std::fs::write(&level, "no folder").unwrap();
    let messages = console.run(&scratch, &["--lockstep"]);
    let named = messages.replace('\\', "/").contains("00000000/Cache0");
    assert!(messages.contains("in memory this time") && named, "{messages}");
    assert!(messages.contains("formatted generation 1: found 0 pieces"), "{messages}");
    // The file that is in the way stays.
    assert_eq!(std::fs::read(&level).unwrap(), b"no folder");
    std::fs::remove_file(&level).unwrap();
    std::fs::rename(console.path("moved"), &level).unwrap();
    let messages = console.run(&scratch, &["--lockstep"]);
    assert!(messages.contains("mounted generation 1: found 16 pieces"), "{messages}");
}

#[test]
fn disks_of_runs_that_are_killed_mount_with_what_was_written() {
    let console = Console::new();
    let scratch = console.path("scratch");
    console.set("pieces", 600);
    console.set("format", 1);
    for flags in ENGINES {
        let start = Instant::now();
        console.run(&scratch, flags);
        let usual = start.elapsed();
        for round in 0..kills(USUAL_KILLS) / 4 {
            let mut child = console.command(flags);
            let mut child = child.arg("--scratch").arg(&scratch).stderr(Stdio::null()).spawn().unwrap();
            kill_or_reap(&mut child, moment(usual, round));
            console.set("format", 0);
            let messages = console.run(&scratch, flags);
            assert!(
                messages.contains("mounted") && !messages.contains("in memory"),
                "round {round}: {messages}"
            );
            console.set("format", 1);
        }
    }
}

#[test]
fn small_files_of_runs_that_are_killed_are_whole_and_in_their_order() {
    const FILES: u32 = 600;
    /// Files that the kills must have found.
    const ENOUGH: usize = 100;
    let console = Console::new();
    let content = console.path("content");
    let run = |title: &Path| {
        let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
        command.arg("exec").arg(title).args(["--headless", "--gpu", "none", "--content"]).arg(&content);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let title = console.path("game/default.xex");
    console.set("small", FILES);
    let start = Instant::now();
    assert!(run(&title).status().unwrap().success());
    let usual = start.elapsed();
    let disk = content.join("Disk/00000000");
    let mut most = 0;
    let count = kills(USUAL_KILLS) / 2;
    // Later rounds take longer, for a host that is busier than when the usual time was measured.
    for round in 0..6 * count {
        if round >= count && most > ENOUGH {
            break;
        }
        std::fs::remove_dir_all(&disk).unwrap();
        let mut child = run(&title).spawn().unwrap();
        kill_or_reap(&mut child, moment(usual, round % count) * 2_u32.pow((round / count) as u32));
        // The next run of any title completes the files that were closed.
        assert!(run(&Path::new(TITLE).with_file_name("hello.xex")).status().unwrap().success());
        let Ok(entries) = std::fs::read_dir(&disk) else {
            std::fs::create_dir_all(&disk).unwrap();
            continue;
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != ".xenia-stamps").collect();
        names.sort();
        for (number, name) in names.iter().enumerate() {
            assert_eq!(name, &format!("small{number:04}"), "round {round}");
            let bytes = std::fs::read(disk.join(name)).unwrap();
            assert_eq!(bytes, name.as_bytes()[8..], "round {round}: {name}");
        }
        most = most.max(names.len());
    }
    assert!(most > ENOUGH || count == 0, "only {most} files were written before the kills");
}
