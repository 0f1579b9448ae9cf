//! Commands from a file: after each line the screen is printed, so that a session can be repeated
//! and compared without a terminal.

use crate::draw::{draw, text_of};
use crate::model::Model;
use crate::scene::DebugScene;
use crate::session::{DebugSession, Watcher};
use crate::text::PrintedLines;
use anyhow::{Result, bail};
use parking_lot::Mutex;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use std::sync::Arc;
use xenia::machine::{Debugged, FrontEnd, MachinePosition};
use xenia_gdb::Debuggee;
use xenia_kernel::ports::TextSink;

/// Size of the printed screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize {
    pub columns: u16,
    pub rows: u16,
}

/// Size of the screen, if none is given.
pub const SIZE: ScreenSize = ScreenSize { columns: 120, rows: 40 };

/// Smallest and largest number of columns or rows.
const SIZES: std::ops::RangeInclusive<u16> = 10..=500;

/// Lets every run continue to its stop.
struct Uninterrupted;

impl Watcher for Uninterrupted {
    fn continues(&mut self, _: &Model, _: MachinePosition) -> bool {
        true
    }
}

/// Receives the text of each screen.
pub type ScreenSink = Box<dyn FnMut(&str) + Send>;

/// A session that follows a script.
pub struct Script {
    session: DebugSession,
    lines: Vec<String>,
    size: Rect,
    print: ScreenSink,
}

impl Script {
    /// A session that executes these lines. Lines that begin with `#` are comments; `;` separates
    /// commands in a line.
    ///
    /// # Errors
    /// A line is not a command, or the width or the height is outside the supported range.
    pub fn new(session: DebugSession, text: &str, screen: ScreenSize, print: ScreenSink) -> Result<Self> {
        let ScreenSize { columns, rows } = screen;
        if !SIZES.contains(&columns) || !SIZES.contains(&rows) {
            bail!("a screen has {} to {} columns and rows", SIZES.start(), SIZES.end());
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        for line in &lines {
            for command in commands(line) {
                if let Err(error) = crate::command::parse(command) {
                    bail!("`{command}`: {error:#}");
                }
            }
        }
        Ok(Self { session, lines, size: Rect::new(0, 0, columns, rows), print })
    }

    fn screen(&mut self, title: &str, machine: &Debugged<'_, '_>) {
        let scene = DebugScene::gather(&mut self.session, machine, self.size);
        let mut buffer = Buffer::empty(self.size);
        draw(&scene, &mut buffer);
        (self.print)(&format!("> {title}\n{}", text_of(&buffer)));
    }
}

/// The commands of a line.
fn commands(line: &str) -> impl Iterator<Item = &str> {
    line.split(';').map(str::trim).filter(|command| !command.is_empty())
}

impl FrontEnd for Script {
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> Result<()> {
        self.session.begin(machine);
        for line in std::mem::take(&mut self.lines) {
            for command in commands(&line) {
                let done = self.session.line(command, machine, &mut Uninterrupted);
                // A signal or `--timeout` ends the script, and may have interrupted the command.
                if !machine.idle() {
                    self.screen(&line, machine);
                    return Ok(());
                }
                if let Err(error) = done {
                    self.screen(&line, machine);
                    bail!("the script ends at `{command}`: {error:#}");
                }
                if self.session.model.is_over {
                    return Ok(());
                }
            }
            self.screen(&line, machine);
        }
        Ok(())
    }
}

/// A sink that adds to the text which a session shows among its panes.
pub fn text_sink(lines: &Arc<Mutex<PrintedLines>>) -> TextSink {
    let lines = lines.clone();
    Box::new(move |text| lines.lock().add(text))
}

/// A size of a screen, as in `120x40`.
///
/// # Errors
/// The text is not `COLUMNSxROWS`.
pub fn parse_size(text: &str) -> Result<ScreenSize, String> {
    let size = text.split_once('x').and_then(|(columns, rows)| {
        Some(ScreenSize { columns: columns.parse().ok()?, rows: rows.parse().ok()? })
    });
    size.ok_or_else(|| "a size is COLUMNSxROWS, for example 120x40".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_with_an_error_are_refused_before_anything_runs() {
        let make = |text: &str, size| {
            Script::new(DebugSession::default(), text, size, Box::new(|_| {})).map(|script| script.lines)
        };
        assert_eq!(make("# a\n\n step 2; tab gpu\nquit\n", SIZE).unwrap(), ["step 2; tab gpu", "quit"]);
        assert!(make("step; jump", SIZE).unwrap_err().to_string().starts_with("`jump`: "));
        assert!(make("step", ScreenSize { columns: 1, rows: 40 }).is_err());
        assert_eq!(parse_size("80x24"), Ok(ScreenSize { columns: 80, rows: 24 }));
        assert!(parse_size("80").is_err() && parse_size("x").is_err());
    }

    #[test]
    fn printed_text_is_among_the_panes() {
        let session = DebugSession::default();
        text_sink(&session.model.text)(b"hello\n");
        assert_eq!(session.model.text.lock().kept().0, ["hello"]);
    }
}
