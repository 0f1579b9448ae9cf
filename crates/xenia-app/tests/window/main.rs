//! The built-in demo in a window on a display of the test's own: what is seen there is compared, pixel by pixel, with what a
//! run without a window makes of the same frame.

mod display;

use anyhow::{Context, Result, bail, ensure};
use display::{Display, Key, TestWindow, wait_for};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use xenia_testing::{Tool, need};

/// The software Vulkan driver, which gives the same pixels on every machine.
const DRIVER: &str = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/demo.xex");

/// Red, green, blue, opacity of each pixel.
type Picture = (u32, u32, Vec<u8>);

struct Program {
    child: Child,
    said: PathBuf,
}

impl Program {
    /// Runs the demo in a window on `display`; screenshots and what it says go to `folder`.
    fn start(display: &Display, folder: &Path) -> Result<Self> {
        let said = folder.join("said.txt");
        let child = program()
            .arg("--screenshots")
            .arg(folder.join("screenshots"))
            .env("DISPLAY", &display.name)
            .env("VK_DRIVER_FILES", DRIVER)
            .env("XDG_RUNTIME_DIR", folder)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .stdout(Stdio::null())
            .stderr(File::create(&said)?)
            .spawn()?;
        Ok(Self { child, said })
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) && !self.said().contains("without a window")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(["exec", DEMO, "--config", "/dev/null"]);
    command
}

fn read_png(path: &Path) -> Result<Picture> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("size of a picture")?];
    let info = reader.next_frame(&mut pixels)?;
    Ok((info.width, info.height, pixels))
}

/// Presses the key for screenshots, waits for a new file, and reads it; with the number in its name.
fn screenshot(window: &TestWindow, folder: &Path) -> Result<(u64, Picture)> {
    let files = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let before = files();
    window.press(Key::F12)?;
    let (path, picture) = wait_for("a screenshot", || {
        let new = files().into_iter().find(|path| !before.contains(path));
        // A file that is being written is no picture yet.
        Ok(new.and_then(|path| read_png(&path).ok().map(|picture| (path, picture))))
    })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // The second of the same frame has a number more.
    let number = name.strip_prefix("demo_").and_then(|rest| rest.split('-').next()?.parse().ok());
    Ok((number.with_context(|| format!("a screenshot is called {name}"))?, picture))
}

/// Waits until the window shows this, and nothing over it.
fn wait_until_shown(window: &TestWindow, what: &str, picture: &Picture) -> Result<()> {
    wait_for(what, || Ok((window.look()? == *picture).then_some(())))
}

/// Left, top, right and bottom of where two pictures of the same size differ, right and bottom exclusive.
fn difference(a: &Picture, b: &Picture) -> Option<[u32; 4]> {
    let (width, _, _) = *a;
    let mut found: Option<[u32; 4]> = None;
    for (index, (a, b)) in a.2.chunks_exact(4).zip(b.2.chunks_exact(4)).enumerate() {
        if a != b {
            let (x, y) = (index as u32 % width, index as u32 / width);
            let [left, top, right, bottom] = found.unwrap_or([x, y, x, y]);
            found = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
        }
    }
    found
}

fn bright_pixels(picture: &Picture, [left, top, right, bottom]: [u32; 4]) -> usize {
    let inside = |x: u32, y: u32| (left..right).contains(&x) && (top..bottom).contains(&y);
    let pixels = picture.2.chunks_exact(4).enumerate();
    pixels
        .filter(|(index, pixel)| {
            let (x, y) = (*index as u32 % picture.0, *index as u32 / picture.0);
            inside(x, y) && pixel[..3].iter().all(|channel| *channel > 200)
        })
        .count()
}

/// The frame of a run without a window.
fn headless(number: u64, folder: &Path) -> Result<Picture> {
    let output = program()
        .args(["--headless", "--frames", &number.to_string()])
        .current_dir(folder)
        .env_remove("DISPLAY")
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read_png(&folder.join("xenia-rs-frame.png"))
}

#[test]
fn a_window_shows_what_the_machine_draws() -> Result<()> {
    if !need(Tool::Vulkan) || !need(Tool::Display) {
        return Ok(());
    }
    let display = Display::start()?;
    let folder = tempfile::tempdir()?;
    let screenshots = folder.path().join("screenshots");
    let mut program = Program::start(&display, folder.path())?;
    let window = TestWindow::find(&display, "| xenia-rs", || program.is_alive())?;
    let window = window.with_context(|| program.said())?;

    // Something is shown; then it stands still.
    wait_for("a picture", || {
        Ok(window.look()?.2.chunks_exact(4).any(|pixel| pixel[..3] != [0; 3]).then_some(()))
    })?;
    window.press(Key::Pause)?;
    wait_for("the pause", || Ok((window.title()? == "demo | paused | xenia-rs").then_some(())))?;
    let (first, before) = wait_for("the machine to stand still", || {
        let (first, _) = screenshot(&window, &screenshots)?;
        std::thread::sleep(Duration::from_millis(500));
        let (still, frame) = screenshot(&window, &screenshots)?;
        Ok((still == first).then_some((first, frame)))
    })?;

    // One frame on, and that is what is on the window once the messages are gone.
    window.press(Key::Period)?;
    let (number, frame) = wait_for("a step", || {
        let (number, frame) = screenshot(&window, &screenshots)?;
        Ok((number != first).then_some((number, frame)))
    })?;
    ensure!(number == first + 1, "a step from {first} to {number}");
    ensure!(frame != before, "the demo moves");
    wait_until_shown(&window, "the frame", &frame)?;

    // The same frame without a window.
    ensure!(headless(number, folder.path())? == frame, "frame {number} is another one without a window");

    // Figures, where they belong.
    window.press(Key::F3)?;
    let at = wait_for("figures", || Ok(difference(&frame, &window.look()?)))?;
    let [left, top, right, bottom] = at;
    ensure!(left >= 8 && top >= 8 && right > 300 && right < 900 && bottom > 80 && bottom < 160, "{at:?}");
    let shown = window.look()?;
    ensure!(bright_pixels(&shown, at) > bright_pixels(&frame, at) + 1000, "no letters");
    window.press(Key::F3)?;
    wait_until_shown(&window, "the frame without figures", &frame)?;

    // A window of other proportions: bars above and below, none when stretched.
    window.resize(640, 640)?;
    let bars = |(width, height, pixels): &Picture| {
        let black = |row: &&[u8]| row.chunks_exact(4).all(|pixel| pixel[..3] == [0; 3]);
        (*width, *height) == (640, 640)
            && pixels.chunks_exact(640 * 4).take(140).filter(black).count() == 140
            && !pixels.chunks_exact(640 * 4).nth(320).is_some_and(|row| black(&row))
    };
    wait_for("bars", || Ok(bars(&window.look()?).then_some(())))?;
    window.press(Key::F6)?;
    window.press(Key::F6)?;
    wait_for("a stretched picture", || {
        let shown = window.look()?;
        Ok((shown.0 == 640
            && !bars(&shown)
            && shown.2[..640 * 4 * 8].iter().any(|value| (1..255).contains(value)))
        .then_some(()))
    })?;

    // A machine that is paused ends with its window, and that is no error.
    window.close()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    if !status.success() {
        bail!("{status}: {}", program.said());
    }
    Ok(())
}
