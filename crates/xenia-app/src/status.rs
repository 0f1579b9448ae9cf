//! The status line: how far a run without a window is, on the terminal that standard error is,
//! rewritten about once a second.
//!
//! It is there only while nothing else is written: whoever writes to a terminal does so inside
//! [`over`], which erases it first, and it comes back when it is next [`show`]n, unless what was
//! written has not ended its line. Nothing of it ever reaches a file or a pipe.

use crate::say;
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

struct Line {
    /// What is on the terminal now.
    shown: Option<ProgressBar>,
    /// Whether something that was written waits for the end of its line.
    is_cut: bool,
}

static ALLOWED: AtomicBool = AtomicBool::new(false);
static LINE: Mutex<Line> = Mutex::new(Line { shown: None, is_cut: false });

/// Allows a status line where standard error is a terminal that can erase one.
pub fn allow() {
    let can_erase = std::env::var_os("TERM").is_none_or(|name| name != "dumb");
    ALLOWED.store(can_erase && std::io::stderr().is_terminal(), Relaxed);
}

/// Shows `text` in place of what was shown before.
pub fn show(text: &str) {
    // Beside a document on standard output, standard error is read by nobody or by a program.
    if !ALLOWED.load(Relaxed) || say::output_is_claimed() {
        return;
    }
    let mut line = LINE.lock();
    erase(&mut line);
    if line.is_cut {
        return;
    }
    // A name in it may be of the title's making.
    let text = say::visible(text).replace('\n', " ");
    // Cut to the width of the terminal.
    let Ok(style) = ProgressStyle::with_template("{wide_msg}") else { return };
    let bar = ProgressBar::no_length().with_style(style).with_message(text);
    bar.tick();
    line.shown = Some(bar);
}

/// Erases the line.
pub fn hide() {
    erase(&mut LINE.lock());
}

/// Writes to a terminal what ends with the end of a line or not.
pub fn over<T>(ends_line: bool, write: impl FnOnce() -> T) -> T {
    if !ALLOWED.load(Relaxed) {
        return write();
    }
    let mut line = LINE.lock();
    erase(&mut line);
    line.is_cut = !ends_line;
    write()
}

fn erase(line: &mut Line) {
    if let Some(bar) = line.shown.take() {
        bar.finish_and_clear();
    }
}
