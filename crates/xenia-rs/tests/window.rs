//! Tests of titles in a window, on a private display: the built-in demo's picture is compared pixel
//! by pixel with that of the same frame in a run without a window.

mod crash;
mod display;
mod endings;
mod folders;
mod graphics;
mod library;
mod menu;
mod profile;
mod settings;
mod states;
mod steps;
mod videos;
mod walk;

use anyhow::{Context, Result, bail, ensure};
use display::{Display, Key, TestWindow, wait_for};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use steps::pause_and_step;
use xenia_testing::{Tool, hermetic, need};

/// The software Vulkan driver, which draws the same pixels on every machine.
const DRIVER: &str = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/demo.xex");

/// A title whose small frames need no drawing: the reference would spend most of a test's time with
/// the demo's.
const FLICKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/flicker.xex");

/// Width, height, and RGBA bytes of each pixel.
type Picture = (u32, u32, Vec<u8>);

struct Program {
    child: Child,
    messages: PathBuf,
}

impl Program {
    /// Runs a title in a window on `display`; screenshots and output go to `folder`.
    fn start(display: &Display, folder: &Path, title: &Path, args: &[&str]) -> Result<Self> {
        let mut command = program(title);
        command.args(args);
        Self::run(display, folder, command)
    }

    /// Runs the program with these words on `display`.
    fn run(display: &Display, folder: &Path, mut command: Command) -> Result<Self> {
        let messages = folder.join("said.txt");
        let child = command
            .arg("--screen-saver")
            .arg("--screenshots")
            .arg(folder.join("screenshots"))
            .env("DISPLAY", &display.name)
            .env("VK_DRIVER_FILES", DRIVER)
            .env("XDG_RUNTIME_DIR", folder)
            .env("XDG_CACHE_HOME", folder.join("cache"))
            // The driver would keep its shaders there, and compile them again in each test.
            .env("MESA_SHADER_CACHE_DIR", env!("CARGO_TARGET_TMPDIR"))
            .env("XDG_STATE_HOME", folder.join("state"))
            .env("XDG_DATA_HOME", folder.join("data"))
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .stdout(Stdio::null())
            .stderr(File::create(&messages)?)
            .spawn()?;
        Ok(Self { child, messages })
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) && !self.messages().contains("without a window")
    }

    fn messages(&self) -> String {
        std::fs::read_to_string(&self.messages).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(title: &Path) -> Command {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.arg("exec").arg(title);
    command
}

/// The program with this settings file instead of an empty one.
fn with_settings(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenia-rs"));
    for (name, value) in hermetic("xenia-rs").get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.arg("--config").arg(file);
    command
}

/// Keeps a small size for the next window of a program with this folder: a software driver shades
/// each pixel of each pass.
fn make_small(folder: &Path) -> Result<()> {
    let file = folder.join("state/xenia-rs/window.json");
    std::fs::create_dir_all(file.parent().context("its folder")?)?;
    let place = r#"{"width":640,"height":360,"position":null,"maximized":false}"#;
    std::fs::write(file, place).context("the window's size")
}

fn read_png(path: &Path) -> Result<Picture> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("size of a picture")?];
    let info = reader.next_frame(&mut pixels)?;
    Ok((info.width, info.height, pixels))
}

/// Presses the key for screenshots, waits for a new file, and reads it; returns its number too.
fn screenshot(window: &TestWindow, folder: &Path) -> Result<(u64, Picture)> {
    let files = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        // A temporary file may have the picture's bytes already, but not its final name.
        entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "png"))
            .collect()
    };
    let before = files();
    window.press(Key::F12)?;
    let (path, picture) = wait_for("a screenshot", || {
        let new = files().into_iter().find(|path| !before.contains(path));
        Ok(new.and_then(|path| read_png(&path).ok().map(|picture| (path, picture))))
    })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // The second screenshot of a frame has a number appended.
    let number = name.split_once('_').and_then(|(_, rest)| rest.split('-').next()?.parse().ok());
    Ok((number.with_context(|| format!("a screenshot is called {name}"))?, picture))
}

/// Presses keys. Directions wait for each other in the program; what others do may take a pass of
/// the page.
fn press(window: &TestWindow, keys: &[Key]) -> Result<()> {
    for key in keys {
        window.press(*key)?;
        std::thread::sleep(Duration::from_millis(if *key == Key::Down { 20 } else { 500 }));
    }
    Ok(())
}

/// Waits until the window shows this picture, with nothing over it except the badge of a pause;
/// returns the window's contents.
fn wait_until_shown(window: &TestWindow, what: &str, picture: &Picture) -> Result<Picture> {
    let is_badge = |[left, top, right, bottom]: [u32; 4]| {
        left + 160 > picture.0 && right + 8 == picture.0 && top == 8 && bottom < 48
    };
    wait_for(what, || {
        let current = window.look()?;
        let same_size = (current.0, current.1) == (picture.0, picture.1);
        Ok((same_size && difference(picture, &current).is_some_and(is_badge)).then_some(current))
    })
}

/// Starts a title in a window.
fn start(display: &Display, folder: &Path, title: &Path, args: &[&str]) -> Result<(Program, TestWindow)> {
    let mut command = program(title);
    command.args(args);
    open(display, folder, command, "| xenia-rs")
}

/// Starts [`FLICKER`] in a window with these `[hotkeys]`.
fn start_with_keys(display: &Display, folder: &Path, keys: &str) -> Result<(Program, TestWindow)> {
    let settings = folder.join("keys.toml");
    std::fs::write(&settings, format!("[hotkeys]\n{keys}"))?;
    let mut command = with_settings(&settings);
    command.args(["exec", FLICKER, "--gpu", "reference"]);
    open(display, folder, command, "| xenia-rs")
}

/// Runs the program with these words, and finds its window, whose title ends like this.
fn open(display: &Display, folder: &Path, command: Command, title: &str) -> Result<(Program, TestWindow)> {
    let mut program = Program::run(display, folder, command)?;
    let window = TestWindow::find(display, title, || program.is_alive())?;
    let window = window.with_context(|| program.messages())?;
    Ok((program, window))
}

/// A file of a title's states, whose folder has the hash of the title in its name.
fn state_of(title: &str, folder: &Path, name: &str) -> PathBuf {
    let states = folder.join("data/xenia-rs/states");
    let mut folders = std::fs::read_dir(&states).into_iter().flatten().flatten();
    let start = format!("{title}-");
    let own = folders.find(|entry| entry.file_name().to_string_lossy().starts_with(&start));
    own.map_or(states, |entry| entry.path()).join(name)
}

/// The first video of [`FLICKER`] in the making.
const VIDEO_PART: &str = "flicker_001.part";

/// Whether a video in the making has about half a second of sound, and so of pictures.
fn is_under_way(part: &Path) -> bool {
    std::fs::metadata(part.join("sound.wav")).is_ok_and(|sound| sound.len() > 100_000)
}

/// The first video of [`FLICKER`] in this folder, if it is whole: a file where there is ffmpeg,
/// else a folder of pictures.
fn whole_video(videos: &Path) -> Option<PathBuf> {
    let whole = ["flicker_001.mp4", "flicker_001"].map(|name| videos.join(name));
    whole.into_iter().find(|path| path.exists()).filter(|_| !videos.join(VIDEO_PART).exists())
}

/// A display; `None` if there is no X server, or no driver that draws on it.
fn display() -> Result<Option<Display>> {
    if !need(Tool::Vulkan) || !need(Tool::Display) {
        return Ok(None);
    }
    Display::start().map(Some)
}

/// Left, top, right and bottom of the area in which two pictures of the same size differ, right and
/// bottom exclusive. Rows are compared as a whole first: pixel by pixel, a picture takes a
/// development build as long as a frame.
fn difference(a: &Picture, b: &Picture) -> Option<[u32; 4]> {
    let row_bytes = a.0 as usize * 4;
    let mut found: Option<[u32; 4]> = None;
    let rows = a.2.chunks_exact(row_bytes).zip(b.2.chunks_exact(row_bytes));
    for (y, (a, b)) in (0..).zip(rows).filter(|(_, (a, b))| a != b) {
        for (x, (a, b)) in (0..).zip(a.chunks_exact(4).zip(b.chunks_exact(4))) {
            if a != b {
                let [left, top, right, bottom] = found.unwrap_or([x, y, x, y]);
                found = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
            }
        }
    }
    found
}

fn bright_pixels(picture: &Picture, [left, top, right, bottom]: [u32; 4]) -> usize {
    let (width, height, pixels) = picture;
    let at = |x: u32, y: u32| (y * width + x.min(*width)) as usize * 4;
    let rows = (top..bottom.min(*height)).map(|y| &pixels[at(left, y)..at(right, y)]);
    rows.flat_map(|row| row.chunks_exact(4))
        .filter(|pixel| pixel[..3].iter().all(|channel| *channel > 200))
        .count()
}

/// The same frame of a run without a window.
fn headless(number: u64, folder: &Path) -> Result<Picture> {
    let last = folder.join("last.png");
    let output = program(DEMO.as_ref())
        .args(["--headless", "--frames", &number.to_string(), "--last-frame"])
        .arg(&last)
        .env_remove("DISPLAY")
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read_png(&last)
}

#[test]
fn a_window_shows_what_the_machine_draws() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let screenshots = folder.path().join("screenshots");
    // The reference renderer draws the same on every machine, and lockstep runs the same at every
    // speed, with or without a window.
    let flags = ["--gpu", "reference", "--lockstep"];
    let (mut program, window) = start(&display, folder.path(), DEMO.as_ref(), &flags)?;

    let (number, frame) = pause_and_step(&window, &screenshots)?;
    // The frame is on the window once the messages are gone.
    let still = wait_until_shown(&window, "the frame", &frame)?;

    // The same frame without a window.
    ensure!(headless(number, folder.path())? == frame, "frame {number} is another one without a window");

    // Figures in their corner: a few, then all, then none.
    let mut letters = bright_pixels(&still, [0, 0, 900, 160]);
    for (what, width, height) in [("few figures", 20..200, 16..40), ("all figures", 300..900, 80..160)] {
        window.press(Key::F3)?;
        let (current, [left, top, right, bottom]) = wait_for(what, || {
            let current = window.look()?;
            let at = difference(&still, &current);
            Ok(at.filter(|at| width.contains(&at[2]) && height.contains(&at[3])).map(|at| (current, at)))
        })?;
        ensure!(left >= 8 && top >= 8 && right < 900 && bottom < 160, "{what}");
        let now = bright_pixels(&current, [0, 0, 900, 160]);
        ensure!(now > letters + 20, "{what} without letters");
        letters = now;
    }
    window.press(Key::F3)?;
    wait_until_shown(&window, "the frame without figures", &frame)?;

    // The list of keys, in the middle.
    window.press(Key::F1)?;
    let current = wait_for("the keys", || {
        let current = window.look()?;
        Ok(difference(&still, &current).is_some().then_some(current))
    })?;
    let at = difference(&still, &current).context("the keys are gone")?;
    ensure!(
        at[0].abs_diff(current.0 - at[2]) <= 1 && at[1].abs_diff(current.1 - at[3]) <= 1,
        "not in the middle: {at:?}"
    );
    ensure!(bright_pixels(&current, at) > bright_pixels(&still, at) + 1500, "no letters among the keys");
    window.press(Key::F1)?;
    wait_until_shown(&window, "the frame without the keys", &frame)?;

    // A window with another aspect ratio: bars above and below, but none when stretched.
    window.resize(640, 640)?;
    let bars = |(width, height, pixels): &Picture| {
        let black = |row: &[u8]| row.chunks_exact(4).all(|pixel| pixel[..3] == [0; 3]);
        (*width, *height) == (640, 640)
            // The badge of the pause is in the first bar.
            && pixels.chunks_exact(640 * 4).skip(48).take(90).all(black)
            && !pixels.chunks_exact(640 * 4).nth(320).is_some_and(black)
    };
    wait_for("bars", || Ok(bars(&window.look()?).then_some(())))?;
    window.press(Key::F6)?;
    window.press(Key::F6)?;
    wait_for("a stretched picture", || {
        let current = window.look()?;
        Ok((current.0 == 640
            && !bars(&current)
            && current.2[..640 * 4 * 8].iter().any(|value| (1..255).contains(value)))
        .then_some(()))
    })?;

    // Closing the window ends a paused machine without an error.
    window.close()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    if !status.success() {
        bail!("{status}: {}", program.messages());
    }
    Ok(())
}

#[test]
fn a_window_runs_its_title_in_parallel_and_can_pause_and_step_that() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let json = folder.path().join("run.json");
    let json_name = json.to_str().context("a path in UTF-8")?;
    let flags = ["--gpu", "reference", "--pause-unfocused", "--json", json_name];
    make_small(folder.path())?;
    let (mut program, window) = start(&display, folder.path(), FLICKER.as_ref(), &flags)?;
    pause_and_step(&window, &folder.path().join("screenshots"))?;
    window.press(Key::Pause)?;
    wait_for("it to go on", || Ok(window.title()?.contains(" fps").then_some(())))?;
    // Frames are counted against the fields that passed.
    wait_for("fields", || Ok(window.title()?.contains(" of 60 fps").then_some(())))?;
    // While another window has the keyboard, it pauses.
    window.take_keyboard()?;
    wait_for("a pause", || Ok((window.title()? == "flicker | paused | xenia-rs").then_some(())))?;
    window.give_keyboard()?;
    wait_for("it to go on again", || Ok(window.title()?.contains(" fps").then_some(())))?;
    window.close()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    ensure!(std::fs::read_to_string(&json)?.contains("\"mode\": \"parallel\""), "it ran in lockstep");
    Ok(())
}

/// Files of a run with every output.
const OUTPUTS: [(&str, &str); 5] = [
    ("--json", "run.json"),
    ("--record", "play.jsonl"),
    ("--event-log", "events.log"),
    ("--last-frame", "last.png"),
    ("--audio", "sound.wav"),
];

/// Runs a title with every output; `end` takes the display or the window away. Returns what is
/// wrong with the outputs then.
fn outputs_after(end: impl FnOnce(&mut Display, &TestWindow) -> Result<()>) -> Result<()> {
    let Some(mut display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let words: Vec<String> = OUTPUTS
        .iter()
        .flat_map(|(flag, name)| {
            let path = folder.path().join(name).display().to_string();
            [(*flag).to_owned(), if *flag == "--audio" { format!("wav:{path}") } else { path }]
        })
        .collect();
    let mut flags = vec!["--lockstep", "--gpu", "reference"];
    flags.extend(words.iter().map(String::as_str));
    make_small(folder.path())?;
    let (mut program, window) = start(&display, folder.path(), FLICKER.as_ref(), &flags)?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    end(&mut display, &window)?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.code() == Some(0), "{status}: {}", program.messages());
    for (_, name) in OUTPUTS {
        let bytes = std::fs::read(folder.path().join(name)).with_context(|| format!("{name} is missing"))?;
        ensure!(bytes.len() > 40, "{name} has {} bytes", bytes.len());
    }
    let json = std::fs::read_to_string(folder.path().join("run.json"))?;
    ensure!(json.contains("\"interrupted_by\": \"window\""), "{json}");
    read_png(&folder.path().join("last.png"))?;
    let record = std::fs::read_to_string(folder.path().join("play.jsonl"))?;
    ensure!(record.lines().count() > 1, "only the header of the recording: {record}");
    Ok(())
}

#[test]
fn the_end_of_the_display_writes_every_output() -> Result<()> {
    outputs_after(|display, _| display.end())
}

#[test]
fn a_window_that_is_destroyed_writes_every_output() -> Result<()> {
    outputs_after(|_, window| window.destroy())
}

#[test]
fn a_title_that_cannot_run_is_refused_in_the_window() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let title = folder.path().join("picture.png");
    std::fs::write(&title, b"\x89PNG\r\n\x1a\n")?;
    make_small(folder.path())?;
    let (mut program, window) = start(&display, folder.path(), &title, &[])?;
    wait_for("the refusal", || Ok((window.title()? == "picture.png | stopped | xenia-rs").then_some(())))?;
    window.press(Key::Escape)?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(
        status.code() == Some(2) && program.messages().contains("picture.png"),
        "{status}: {}",
        program.messages()
    );
    // With a limit the run may be unattended.
    let mut unattended = Program::start(&display, folder.path(), &title, &["--frames", "1"])?;
    let status = wait_for("the end", || Ok(unattended.child.try_wait()?))?;
    ensure!(status.code() == Some(2), "{status}: {}", unattended.messages());
    Ok(())
}
