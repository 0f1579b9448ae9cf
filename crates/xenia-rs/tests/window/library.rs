//! Tests the library, driven by keys: titles are started from it and return to it.

use super::display::{Key, TestWindow};
use super::{DEMO, Program, display, make_small, open, press, wait_for, with_settings};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

/// Title of the window's bar without a title.
pub(super) const HOME: &str = "library | xenia-rs";

/// A library of a damaged title and of one that ends by itself, in that order after the demo.
struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let games = folder.path().join("games");
        std::fs::create_dir(&games)?;
        std::fs::write(games.join("broken.xex"), b"XEX2 and then nothing")?;
        std::fs::copy(Path::new(DEMO).with_file_name("hello.xex"), games.join("hello.xex"))?;
        std::fs::write(
            folder.path().join("config.toml"),
            format!("[library]\nfolder = [\"{}\"]\n", games.display()),
        )?;
        make_small(folder.path())?;
        Ok(Self { folder })
    }

    fn start(&self, display: &super::Display) -> Result<(Program, TestWindow)> {
        let mut command = with_settings(&self.folder.path().join("config.toml"));
        command.args(["--gpu", "reference"]);
        open(display, self.folder.path(), command, HOME)
    }

    /// Number of the runs in the record of the only title that has one.
    fn runs(&self) -> u64 {
        let records = std::fs::read_dir(self.folder.path().join("state/xenia-rs/plays"));
        let record = records.into_iter().flatten().flatten().next();
        let text = record.and_then(|record| std::fs::read_to_string(record.path()).ok());
        let json = text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        json.and_then(|json| json["runs"].as_u64()).unwrap_or_default()
    }

    /// Waits until the scan has written its cache, so that its titles are on the page.
    fn wait_for_scan(&self) -> Result<()> {
        let cache = self.folder.path().join("cache/xenia-rs/library.json");
        wait_for("the scan", || Ok(cache.is_file().then_some(())))?;
        std::thread::sleep(Duration::from_millis(1500));
        Ok(())
    }
}

fn home(window: &TestWindow, program: &mut Program) -> Result<()> {
    wait_for("the library", || {
        ensure!(program.is_alive(), "{}", program.messages());
        Ok((window.title()? == HOME).then_some(()))
    })
}

#[test]
fn titles_are_started_from_the_library_and_lead_back_to_it() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let library = Library::new()?;
    let (mut program, window) = library.start(&display)?;
    library.wait_for_scan()?;

    // The demo is the first title; its menu leads back, after confirmation.
    press(&window, &[Key::Enter])?;
    wait_for("the demo", || Ok(window.title()?.contains(" fps").then_some(())))?;
    press(&window, &[Key::Escape])?;
    wait_for("a pause", || Ok((window.title()? == "demo | paused | xenia-rs").then_some(())))?;
    press(&window, &[Key::Down; 9])?;
    press(&window, &[Key::Enter, Key::Down, Key::Enter])?;
    home(&window, &mut program)?;
    // On a slow host the summary speaks of one frame.
    wait_for("the summary of the demo", || Ok(program.messages().contains("; ended: ").then_some(())))?;

    // A title that can't be run is refused in the window.
    press(&window, &[Key::Down, Key::Enter])?;
    wait_for("the refusal", || Ok(program.messages().contains("broken.xex").then_some(())))?;
    ensure!(window.title()? == HOME && program.is_alive(), "{}", program.messages());
    press(&window, &[Key::Escape])?;

    // A title that ends by itself returns to the library.
    press(&window, &[Key::Down, Key::Enter])?;
    wait_for("the end of the title", || Ok((library.runs() == 1).then_some(())))?;
    home(&window, &mut program)?;

    press(&window, &[Key::Escape])?;
    press(&window, &[Key::Down; 8])?;
    press(&window, &[Key::Enter])?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(())
}

#[test]
fn settings_that_do_not_fit_the_demo_leave_the_library_open() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let library = Library::new()?;
    let file = library.folder.path().join("config.toml");
    let folders = std::fs::read_to_string(&file)?;
    std::fs::write(&file, format!("[exec]\npatches = [\"60 FPS\"]\ndisc = [\"2=/2.iso\"]\n{folders}"))?;
    let (mut program, window) = library.start(&display)?;
    library.wait_for_scan()?;
    // The demo can't be run with them, and the refusal names the place of the first.
    press(&window, &[Key::Enter])?;
    wait_for("the refusal", || Ok(program.messages().contains(" is set in ").then_some(())))?;
    ensure!(window.title()? == HOME && program.is_alive(), "{}", program.messages());
    Ok(())
}

#[test]
fn a_window_opens_in_the_size_in_which_the_last_one_was_closed() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let library = Library::new()?;
    let file = library.folder.path().join("state/xenia-rs/window.json");
    std::fs::write(&file, r#"{"width":900,"height":500,"position":[40,30],"maximized":false}"#)?;
    let (mut program, window) = library.start(&display)?;
    wait_for("the size", || {
        let current = window.look()?;
        Ok(((current.0, current.1) == (900, 500)).then_some(()))
    })?;
    library.wait_for_scan()?;
    press(&window, &[Key::Escape])?;
    press(&window, &[Key::Down; 8])?;
    press(&window, &[Key::Enter])?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    ensure!(kept["width"] == 900 && kept["height"] == 500, "{kept}");
    Ok(())
}

/// Resources that a process holds.
#[derive(Debug)]
struct Usage {
    threads: u64,
    resident_kib: u64,
    descriptors: usize,
    mappings: usize,
}

impl Usage {
    fn of(process: u32) -> Result<Self> {
        let folder = Path::new("/proc").join(process.to_string());
        let status = std::fs::read_to_string(folder.join("status"))?;
        let number = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            word.and_then(|word| word.parse().ok()).with_context(|| format!("no {name} in {status}"))
        };
        Ok(Self {
            threads: number("Threads:")?,
            resident_kib: number("VmRSS:")?,
            descriptors: std::fs::read_dir(folder.join("fd"))?.count(),
            mappings: std::fs::read_to_string(folder.join("maps"))?.lines().count(),
        })
    }

    /// Whether it has not grown, up to a tenth of memory and mappings: allocators keep
    /// some.
    fn is_like(&self, first: &Self) -> bool {
        self.threads <= first.threads
            && self.descriptors <= first.descriptors
            && self.resident_kib <= first.resident_kib + first.resident_kib / 10
            && self.mappings <= first.mappings + first.mappings / 10
    }
}

/// The usage a while after a title: its last threads end after it.
fn settled(process: u32) -> Result<Usage> {
    std::thread::sleep(Duration::from_millis(700));
    Usage::of(process)
}

/// Fourteen titles; two hundred in a long run.
#[test]
fn many_titles_in_one_process_leak_nothing() -> Result<()> {
    const BEFORE: u64 = 8;
    const RUNS: [u64; 2] = [14, 200];
    let Some(display) = display()? else { return Ok(()) };
    let library = Library::new()?;
    let (mut program, window) = library.start(&display)?;
    library.wait_for_scan()?;
    press(&window, &[Key::Down, Key::Down])?;
    let mut first = None;
    for run in 1..=RUNS[usize::from(xenia_testing::is_long())] {
        // A key that comes before the page's first frame is lost.
        let mut pressed = None;
        wait_for("the end of the title", || {
            ensure!(program.is_alive(), "{}", program.messages());
            if pressed.is_none_or(|at: Instant| at.elapsed() > Duration::from_secs(5)) {
                window.press(Key::Enter)?;
                pressed = Some(Instant::now());
            }
            Ok((library.runs() >= run).then_some(()))
        })?;
        home(&window, &mut program)?;
        if run == BEFORE {
            first = Some(settled(program.child.id())?);
        }
    }
    let first = first.context("too few titles ran")?;
    // A busy host ends the last threads later.
    wait_for("a usage that has not grown", || {
        let last = settled(program.child.id())?;
        println!("after {BEFORE} titles {first:?}, in the end {last:?}");
        Ok(last.is_like(&first).then_some(()))
    })
}
