//! Controllers that other programs operate, through named pipes.
//!
//! Each line of text moves one part of the controller, by its name in the settings ([`CONTROLS`]):
//!
//! ```text
//! press a               down
//! release a             up
//! set left-trigger 0.5  how far: 0 to 1; also of a button or a direction of a stick
//! release               everything up
//! ```
//!
//! Parts stay as they are when the writer closes the pipe, so that a shell's `echo` can press a
//! button. The controller stays connected as long as the machine exists. Lines that are wrong are
//! left out; the first one of a pipe is logged.

use super::control::{CONTROLS, number_of};
use super::motors::Motors;
use super::shape::{ControlBinding, ControlSource, PadInputs, Range, Shape, Way};
use super::{Controllers, PadId, WatchedControllers};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Limit of a line, in bytes.
const MAX_LINE: u64 = 256;
/// Value of an axis whose part is pressed as far as it goes.
const FULL: i32 = 10_000;

/// Adds a controller that the named pipe's writers operate.
pub(super) fn plug(controllers: &Controllers, path: &Path) -> Result<()> {
    let at = || format!("the controller {}", path.display());
    if !xenia_host::ownership::is_named_pipe(path).with_context(at)? {
        bail!("{}: not a named pipe; `mkfifo` makes one", at());
    }
    // Open for writing, too: otherwise this waits for a writer, and the pipe ends with each.
    let pipe = File::options().read(true).write(true).open(path).with_context(at)?;
    let pad = controllers.add(shape(path), bindings(), Motors::default());
    let watched = controllers.downgrade();
    let name = path.display().to_string();
    let reader = move || read(BufReader::new(pipe), &watched, pad, &name);
    let started = std::thread::Builder::new().name("pad pipe".to_owned()).spawn(reader);
    started.map(drop).with_context(at)
}

/// A controller with an axis for each part, numbered as in [`CONTROLS`].
fn shape(path: &Path) -> Shape {
    let range = Range { minimum: 0, maximum: FULL };
    let axes = (0..).zip(CONTROLS).map(|(number, _)| (number, range)).collect();
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Shape { name: format!("pipe {name}"), axes, ..Shape::default() }
}

fn bindings() -> Vec<ControlBinding> {
    let of = |(number, (_, control))| (ControlSource::Axis(number, Way::Whole), control);
    (0..).zip(CONTROLS).map(of).collect()
}

/// Reads lines until the pipe fails or the controllers are gone.
fn read(mut pipe: impl BufRead, watched: &WatchedControllers, pad: PadId, name: &str) {
    let mut has_warned = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        // This blocks, so no reference to the controllers may be held here.
        let count = match pipe.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) => {
                tracing::warn!(target: "pads", "{name}: {error}; its controller stays as it is");
                return;
            }
        };
        let Some(controllers) = watched.upgrade() else { return };
        let text = String::from_utf8_lossy(&line);
        let is_whole = line.ends_with(b"\n") || count < MAX_LINE as usize;
        let change = if is_whole { parse(&text) } else { Err("a line is too long".to_owned()) };
        match change {
            Ok(change) => controllers.with(pad, |parts| change.apply(parts)),
            Err(why) if !has_warned => {
                has_warned = true;
                tracing::warn!(target: "pads", "{name}: {why}; such lines are left out");
            }
            Err(_) => {}
        }
    }
}

/// Effect of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Nothing,
    ReleaseAll,
    /// Moves the part of this number, from 0 to 1.
    Move(u16, f32),
}

impl Change {
    fn apply(self, parts: &mut PadInputs) {
        match self {
            Self::Nothing => {}
            Self::ReleaseAll => *parts = PadInputs::default(),
            Self::Move(number, amount) => parts.axis(number, (amount * FULL as f32).round() as i32),
        }
    }
}

/// Parses a line; the error says what is wrong with it.
fn parse(line: &str) -> Result<Change, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let part = |name: &str| number_of(name).map(|number| number as u16);
    match words[..] {
        [] => Ok(Change::Nothing),
        ["release"] => Ok(Change::ReleaseAll),
        ["press", name] => Ok(Change::Move(part(name)?, 1.0)),
        ["release", name] => Ok(Change::Move(part(name)?, 0.0)),
        ["set", name, amount] => {
            let amount = amount.parse().ok().filter(|amount| (0.0..=1.0).contains(amount));
            Ok(Change::Move(part(name)?, amount.ok_or("`set` takes a number from 0 to 1")?))
        }
        _ => Err("a line is `press PART`, `release PART`, `set PART 0.5` or `release`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tuning;
    use xenia_kernel::ports::{Gamepad, Input};

    /// State of the controller after these lines.
    fn pad_after(text: &str) -> Gamepad {
        let mut controllers = Controllers::default();
        controllers.tune(Tuning { keyboard: None, ..Tuning::default() });
        let pad = controllers.add(shape(Path::new("p")), bindings(), Motors::default());
        read(text.as_bytes(), &controllers.downgrade(), pad, "p");
        controllers.gamepad(0, 0).unwrap()
    }

    #[test]
    fn lines_press_release_and_move_parts() {
        assert_eq!(pad_after("press a\npress start\n").buttons, 0x1010);
        assert_eq!(pad_after("press a\nrelease a\n\n press b \n").buttons, 0x2000);
        assert_eq!(pad_after("press a\npress left-trigger\nrelease\n"), pad_after(""));
        let pad =
            pad_after("set left-trigger 1\nset left-stick-up 1\nset right-stick-left 1.0\nset x 0.75\n");
        assert_eq!((pad.left_trigger, pad.left_y, pad.right_x, pad.buttons), (255, 32767, -32768, 0x4000));
        let half = pad_after("set right-trigger 0.5\n").right_trigger;
        assert!((100..140).contains(&half), "{half}");
    }

    #[test]
    fn each_part_has_its_name() {
        for (number, (name, control)) in (0..).zip(CONTROLS) {
            assert_eq!(parse(&format!("press {name}")), Ok(Change::Move(number, 1.0)));
            assert_eq!(bindings()[usize::from(number)].1, control);
        }
    }

    #[test]
    fn lines_that_are_wrong_are_left_out() {
        for (line, why) in [
            ("press", "a line is"),
            ("press left-sholder", "left-shoulder"),
            ("set a", "a line is"),
            ("set a 2", "from 0 to 1"),
            ("set a NaN", "from 0 to 1"),
            ("jump a", "a line is"),
        ] {
            assert!(parse(line).unwrap_err().contains(why), "{line}");
        }
        let long = "a".repeat(100_000);
        assert_eq!(pad_after(&format!("press a\n{long}\npress what\n\u{fffd}\0\npress b\n")).buttons, 0x3000);
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_a_controller_for_all_its_writers() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pad");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut controllers = Controllers::default();
        plug(&controllers, &path).unwrap();
        for (line, buttons) in [("press a", 0x1000), ("press b", 0x3000), ("release", 0)] {
            // Opened again each time, as by a shell's `echo`.
            writeln!(File::options().write(true).open(&path).unwrap(), "{line}").unwrap();
            let begin = std::time::Instant::now();
            while controllers.gamepad(0, 0).unwrap().buttons != buttons {
                assert!(begin.elapsed().as_secs() < 60, "{line}");
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        for (path, why) in [(&file, "mkfifo"), (&dir.path().join("none"), "No such file")] {
            let error = format!("{:#}", plug(&controllers, path).unwrap_err());
            assert!(error.contains(why) && error.starts_with("the controller "), "{error}");
        }
    }
}
