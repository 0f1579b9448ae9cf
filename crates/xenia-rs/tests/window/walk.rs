//! Tests that a controller alone operates everything between the start and the end of the program:
//! a walk through library, title, menu, settings, states, screenshots and the gallery. No key is
//! pressed.
//!
//! `XENIA_WALK=FOLDER` keeps a picture of each step (docs/src/using/playing.md,
//! "A walk by pad").

use super::display::TestWindow;
use super::library::HOME;
use super::with_settings;
use super::{DEMO, Display, FLICKER, Picture, Program, display, make_small, open, state_of, wait_for};
use anyhow::{Result, ensure};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A controller that writes to the program's pipe.
pub(super) struct Pad(File);

impl Pad {
    /// The controller of this pipe.
    pub(super) fn open(pipe: &Path) -> Result<Self> {
        Ok(Self(File::options().write(true).open(pipe)?))
    }

    /// Presses and releases a part, in one write: the program takes a longer press for one that
    /// repeats. Directions wait for each other in the program; what others do may take a pass of
    /// the page.
    pub(super) fn press(&mut self, part: &str) -> Result<()> {
        let is_direction = ["up", "down", "left", "right"].contains(&part);
        self.0.write_all(format!("press {part}\nrelease {part}\n").as_bytes())?;
        std::thread::sleep(Duration::from_millis(if is_direction { 40 } else { 600 }));
        Ok(())
    }

    pub(super) fn presses(&mut self, parts: &[&str]) -> Result<()> {
        parts.iter().try_for_each(|part| self.press(part))
    }
}

/// Runs the program with these settings and words, operated by a controller alone, in a small
/// window; in a large one if pictures of the walk are kept. Returns its window when that has a
/// title that ends so.
pub(super) fn operate(
    display: &Display,
    folder: &Path,
    settings: &Path,
    (words, title): (&[&str], &str),
) -> Result<(Program, TestWindow, Pad)> {
    let pipe = folder.join("pad");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success(), "mkfifo");
    if pictures().is_none() {
        make_small(folder)?;
    }
    let mut command = with_settings(settings);
    command.args(words).args(["--gpu", "reference", "--pad-pipe"]).arg(&pipe);
    let (program, window) = open(display, folder, command, title)?;
    Ok((program, window, Pad::open(&pipe)?))
}

/// The folder for pictures of walks.
fn pictures() -> Option<PathBuf> {
    std::env::var_os("XENIA_WALK").map(PathBuf::from)
}

/// The pictures of a walk.
pub(super) struct Walk {
    window: TestWindow,
    folder: Option<PathBuf>,
    steps: u32,
}

impl Walk {
    /// A walk whose pictures have the numbers after this one.
    pub(super) fn new(window: TestWindow, steps: u32) -> Self {
        Self { window, folder: pictures(), steps }
    }

    /// Waits until the window has another picture than `before`, and returns that.
    pub(super) fn change(&self, what: &str, before: &Picture) -> Result<Picture> {
        change(&self.window, what, before)
    }

    /// Waits until the window has another picture than `before`, and keeps it.
    pub(super) fn step(&mut self, name: &str, before: &Picture) -> Result<Picture> {
        let now = self.change(name, before)?;
        self.steps += 1;
        if let Some(folder) = &self.folder {
            let file = File::create(folder.join(format!("{:02}-{name}.png", self.steps)))?;
            let mut encoder = png::Encoder::new(file, now.0, now.1);
            encoder.set_color(png::ColorType::Rgba);
            encoder.write_header()?.write_image_data(&now.2)?;
        }
        Ok(now)
    }

    fn wait_for_title(&self, what: &str, is_it: impl Fn(&str) -> bool) -> Result<()> {
        wait_for(what, || Ok(is_it(&self.window.title()?).then_some(())))
    }
}

/// Waits until a window has another picture than `before`, and returns that.
pub(super) fn change(window: &TestWindow, what: &str, before: &Picture) -> Result<Picture> {
    let now = wait_for(what, || Ok(Some(window.look()?).filter(|now| now != before)))?;
    // The page's last pass.
    std::thread::sleep(Duration::from_millis(500));
    Ok(window.look().unwrap_or(now))
}

#[test]
fn library_menu_settings_and_states_work_with_a_pad_only() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let games = folder.path().join("games");
    std::fs::create_dir(&games)?;
    std::fs::copy(DEMO, games.join("second.xex"))?;
    let settings = folder.path().join("config.toml");
    // At full speed the demo would keep the reference busy while the test waits.
    let limit = if pictures().is_some() { "" } else { "[exec]\nframe-limit = 2\n" };
    std::fs::write(&settings, format!("{limit}[library]\nfolder = [\"{}\"]\n", games.display()))?;
    let (mut program, window, mut pad) = operate(&display, folder.path(), &settings, (&[], HOME))?;
    let mut walk = Walk::new(window, 0);
    let scanned = folder.path().join("cache/xenia-rs/library.json");
    wait_for("the scan", || Ok(scanned.is_file().then_some(())))?;
    let nothing = (0, 0, Vec::new());
    let runs = |title: &str| title.contains(" fps");
    let paused = |title: &str| title.ends_with("| paused | xenia-rs");

    // The demo, the first title of the library.
    let library = walk.step("library", &nothing)?;
    pad.press("a")?;
    walk.wait_for_title("the demo", runs)?;
    let title = walk.step("title", &library)?;

    // The menu, and a setting that acts at once: the volume.
    pad.press("guide")?;
    walk.wait_for_title("a pause", paused)?;
    let menu = walk.step("menu", &title)?;
    pad.presses(&["down", "down", "down", "a"])?;
    let before = walk.step("settings", &menu)?;
    pad.press("right")?;
    let changed = walk.step("settings-changed", &before)?;
    pad.presses(&["b", "down"])?;

    // A state in the first slot.
    pad.press("a")?;
    walk.step("save-state", &changed)?;
    pad.press("a")?;
    let slot = wait_for("a state", || {
        let slot = state_of("demo", folder.path(), "slot-1.state");
        Ok(slot.is_file().then_some(slot))
    })?;
    walk.wait_for_title("the title to go on", runs)?;

    // Back to the library, after a question, and to the second title.
    pad.press("guide")?;
    walk.wait_for_title("a pause", paused)?;
    let menu = walk.step("menu-with-states", &nothing)?;
    pad.presses(&["down"; 10])?;
    pad.press("a")?;
    walk.step("question", &menu)?;
    pad.presses(&["down", "a"])?;
    walk.wait_for_title("the library", |title| title == HOME)?;
    let library = walk.step("library-again", &menu)?;
    pad.presses(&["down", "a"])?;
    walk.wait_for_title("the second title", |title| runs(title) && title.starts_with("second"))?;
    let second = walk.step("second-title", &library)?;

    // A screenshot, and the library again.
    pad.press("guide")?;
    walk.wait_for_title("a pause", paused)?;
    // The second title is the same executable, so it has the demo's states.
    pad.presses(&["down"; 6])?;
    pad.press("a")?;
    let shots = folder.path().join("screenshots");
    wait_for("a screenshot", || {
        let count = std::fs::read_dir(&shots).map_or(0, |files| files.flatten().count());
        Ok((count > 0).then_some(()))
    })?;
    let shot = walk.step("screenshot", &second)?;
    pad.presses(&["down", "down", "a"])?;
    let gallery = walk.step("gallery", &shot)?;
    pad.press("a")?;
    walk.step("picture", &gallery)?;
    pad.presses(&["b", "b", "b"])?;
    walk.wait_for_title("the title to go on", runs)?;
    pad.press("guide")?;
    walk.wait_for_title("a pause", paused)?;
    pad.presses(&["down"; 10])?;
    pad.presses(&["a", "down", "a"])?;
    walk.wait_for_title("the library", |title| title == HOME)?;

    // The demo's state is loaded in a new run.
    pad.presses(&["up", "a"])?;
    walk.wait_for_title("the demo", |title| runs(title) && title.starts_with("demo"))?;
    pad.press("guide")?;
    walk.wait_for_title("a pause", paused)?;
    pad.presses(&["down", "down", "a"])?;
    walk.step("load-state", &nothing)?;
    pad.press("a")?;
    let undo = slot.with_file_name("undo.state");
    wait_for("the state before the load", || Ok(undo.is_file().then_some(())))?;
    walk.wait_for_title("the title to go on", runs)?;

    // The end of the program.
    pad.press("guide")?;
    walk.wait_for_title("a pause", paused)?;
    pad.presses(&["down"; 11])?;
    pad.presses(&["a", "down"])?;
    // The program may end before the button is released.
    let _ = pad.press("a");
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(())
}

#[test]
fn a_pad_is_let_go_while_another_window_has_the_keyboard() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("config.toml");
    std::fs::write(&settings, "[exec]\nbackground-input = false\npause-unfocused = true\n")?;
    let words = (&["exec", FLICKER][..], "| xenia-rs");
    let (_program, window, mut pad) = operate(&display, folder.path(), &settings, words)?;
    let runs = || wait_for("the title", || Ok(window.title()?.contains(" fps").then_some(())));
    let paused =
        || wait_for("a pause", || Ok(window.title()?.ends_with("| paused | xenia-rs").then_some(())));
    runs()?;
    window.take_keyboard()?;
    paused()?;
    // The menu would keep the title paused.
    pad.press("guide")?;
    window.give_keyboard()?;
    runs()?;
    pad.press("guide")?;
    paused()
}
