//! The status line: progress of a run without a window, on the terminal of standard error, updated
//! about once per second.
//!
//! Other output is written inside [`over`], which erases the line first. The line returns at the
//! next [`show`], unless the output ended in the middle of a line. It is never written to a file or
//! a pipe.

use crate::lock_order;
use crate::terminal_text::visible;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_sync::{Level, Mutex};

struct Line {
    /// The line on the terminal.
    bar: Option<ProgressBar>,
    /// Whether the last output ended in the middle of a line.
    is_cut: bool,
}

static ALLOWED: AtomicBool = AtomicBool::new(false);
static FORBIDDEN: AtomicBool = AtomicBool::new(false);
static LINE: Mutex<Line> =
    Mutex::numbered(Level::Leaf, lock_order::STATUS_LINE, Line { bar: None, is_cut: false });

/// Enables the status line if standard error is a terminal that can erase a line.
pub fn allow() {
    let can_erase = std::env::var_os("TERM").is_none_or(|name| name != "dumb");
    ALLOWED.store(can_erase && std::io::stderr().is_terminal(), Relaxed);
}

/// Shows no status line from now on: with a document on standard output, standard error is probably
/// read by a program.
pub(crate) fn forbid() {
    FORBIDDEN.store(true, Relaxed);
}

/// Shows `text`, replacing the previous line.
pub fn show(text: &str) {
    if !ALLOWED.load(Relaxed) || FORBIDDEN.load(Relaxed) {
        return;
    }
    let mut line = LINE.lock();
    erase(&mut line);
    if line.is_cut {
        return;
    }
    // Names in it may come from the title.
    let text = visible(text).replace('\n', " ");
    // The template cuts the message to the width of the terminal.
    let Ok(style) = ProgressStyle::with_template("{wide_msg}") else { return };
    let bar = ProgressBar::no_length().with_style(style).with_message(text);
    bar.tick();
    line.bar = Some(bar);
}

/// Erases the line.
pub fn hide() {
    erase(&mut LINE.lock());
}

/// Writes to the terminal with the line erased; `ends_line`: the output ends with a line break.
pub fn write_over<T>(ends_line: bool, write: impl FnOnce() -> T) -> T {
    if !ALLOWED.load(Relaxed) {
        return write();
    }
    let mut line = LINE.lock();
    erase(&mut line);
    line.is_cut = !ends_line;
    write()
}

fn erase(line: &mut Line) {
    if let Some(bar) = line.bar.take() {
        bar.finish_and_clear();
    }
}
