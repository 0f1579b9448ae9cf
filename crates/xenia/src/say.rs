//! Standard output and standard error: prints without panicking on write errors.
//!
//! `println!` panics when standard output is full, and ignores errors of the last flush. This
//! module remembers errors: [`finish`] reports incomplete output at the end, with exit code 2. A
//! reader that closes the pipe (`xenia-rs exports | head`) is not an error; the remaining output is
//! discarded. Errors of standard error cannot be reported.
//!
//! The text may come from a title, so terminal control characters are made visible.
#![allow(clippy::disallowed_macros, clippy::print_stdout, clippy::print_stderr)] // others come here

use crate::{lock_order, status};
use anyhow::{Result, anyhow};
use std::borrow::Cow;
use std::fmt::Arguments;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{MAIN_SEPARATOR, Path};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_sync::{Level, Mutex};

/// Prints to standard output.
#[macro_export]
macro_rules! out {
    ($($text:tt)*) => { $crate::say::write_out(format_args!($($text)*)) };
}

/// Prints a line to standard output.
#[macro_export]
macro_rules! outln {
    () => { $crate::say::write_out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::say::write_out(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line to standard error.
#[macro_export]
macro_rules! errln {
    ($($text:tt)*) => { $crate::say::write_err(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a remark to standard error, which is neither an error nor requested output; `-q`
/// suppresses it.
#[macro_export]
macro_rules! remark {
    ($($text:tt)*) => {
        if !$crate::say::is_quiet() { $crate::say::errln!($($text)*) }
    };
}

pub use crate::terminal_text::visible;
pub use {errln, out, outln, remark};

/// Whether remarks are suppressed.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Suppresses remarks from now on.
pub fn be_quiet() {
    QUIET.store(true, Relaxed);
}

/// Whether [`be_quiet`] was called.
pub fn is_quiet() -> bool {
    QUIET.load(Relaxed)
}

/// Why standard output accepts no more data.
enum Closed {
    /// Its reader closed the pipe.
    ByReader,
    Failed(std::io::Error),
}

/// Whether standard output is reserved for a document.
static CLAIMED: AtomicBool = AtomicBool::new(false);

/// Reserves standard output for [`write_bytes`] and sends text to standard error, so that the
/// output of `--json -` can be piped to `jq`.
pub fn claim_output() {
    CLAIMED.store(true, Relaxed);
    status::forbid();
}

/// Whether [`claim_output`] was called.
pub fn output_is_claimed() -> bool {
    CLAIMED.load(Relaxed)
}

static OUTPUT: Mutex<Option<Closed>> = Mutex::numbered(Level::Leaf, lock_order::STANDARD_OUTPUT, None);

/// Whether standard output is closed, so that printing is useless.
pub fn is_closed() -> bool {
    OUTPUT.lock().is_some()
}

/// Prints to standard output; [`finish`] reports errors.
pub fn write_out(text: Arguments<'_>) {
    if CLAIMED.load(Relaxed) {
        return write_err(text);
    }
    let mut closed = OUTPUT.lock();
    if closed.is_some() {
        return;
    }
    let mut out = std::io::stdout().lock();
    let result = if out.is_terminal() {
        let text = visible(&text.to_string());
        status::write_over(text.ends_with('\n'), || out.write_all(text.as_bytes()))
    } else {
        out.write_fmt(text)
    };
    keep(&mut closed, result);
}

/// Prints bytes to standard output unchanged and unbuffered.
pub fn write_bytes(bytes: &[u8]) {
    write_now(|_| Cow::Borrowed(bytes));
}

/// Prints a part of a title's text; on a terminal, control characters are made visible. A terminal
/// gets whole characters: `unfinished` keeps the beginning of one until the next part.
pub fn write_guest(part: &[u8], unfinished: &mut Vec<u8>) {
    write_now(|is_terminal| {
        if !is_terminal {
            return Cow::Borrowed(part);
        }
        unfinished.extend(part);
        Cow::Owned(visible(&take_characters(unfinished)).into_bytes())
    });
}

/// Takes text out of a buffer, except for a character at its end whose last bytes are missing.
fn take_characters(bytes: &mut Vec<u8>) -> String {
    let last = bytes.utf8_chunks().last().map(|chunk| chunk.invalid()).unwrap_or_default();
    let is_incomplete = str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    let rest = if is_incomplete { last.len() } else { 0 };
    let rest = bytes.split_off(bytes.len() - rest);
    String::from_utf8_lossy(&std::mem::replace(bytes, rest)).into_owned()
}

/// Prints the bytes for a terminal, or those for other outputs.
fn write_now<'a>(bytes: impl FnOnce(bool) -> Cow<'a, [u8]>) {
    let mut closed = OUTPUT.lock();
    if closed.is_none() {
        let mut out = std::io::stdout().lock();
        let is_terminal = out.is_terminal();
        let bytes = bytes(is_terminal);
        let mut write = || out.write_all(&bytes).and_then(|()| out.flush());
        let result = if is_terminal { status::write_over(bytes.ends_with(b"\n"), write) } else { write() };
        keep(&mut closed, result);
    }
}

fn keep(closed: &mut Option<Closed>, result: std::io::Result<()>) {
    *closed = match result {
        Ok(()) => None,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Some(Closed::ByReader),
        Err(error) => Some(Closed::Failed(error)),
    };
}

/// Prints to standard error.
pub fn write_err(text: Arguments<'_>) {
    let text = visible(&text.to_string());
    let _ = StandardError.write_all(text.as_bytes());
}

/// Receives messages in place of standard error, in parts of any length. It must print none itself.
pub type MessageSink = Box<dyn FnMut(&str) + Send>;

/// The receiver of messages in place of standard error, if there is one.
static SINK: Mutex<Option<MessageSink>> = Mutex::numbered(Level::Leaf, lock_order::MESSAGE_SINK, None);

/// Sends all messages of all machines of this process to `sink`, for programs that own the terminal
/// or have their own log; `None` sends them to standard error again.
pub fn send_messages_to(sink: Option<MessageSink>) {
    *SINK.lock() = sink;
}

/// Standard error as a writer; on a terminal, it clears the status line first. A single write is
/// not interleaved with others.
#[derive(Clone, Copy, Debug)]
pub struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(sink) = &mut *SINK.lock() {
            sink(&String::from_utf8_lossy(bytes));
            return Ok(bytes.len());
        }
        status::write_over(bytes.ends_with(b"\n"), || std::io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Flushes standard output; fails if any output could not be written.
pub fn finish() -> Result<()> {
    let mut closed = OUTPUT.lock();
    if closed.is_none() {
        let result = std::io::stdout().lock().flush();
        keep(&mut closed, result);
    }
    match closed.take() {
        Some(Closed::Failed(error)) => Err(anyhow!("cannot write to standard output: {error}")),
        Some(Closed::ByReader) | None => Ok(()),
    }
}

/// A path with `/` between its parts, on every system.
pub fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace(MAIN_SEPARATOR, "/")
}

/// Largest length of an error's text in bytes: errors quote files, whose lines may have any length.
const MAX_ERROR: usize = 4096;

/// Largest length of a word in an error, in bytes, and the length of the two ends that remain of a
/// longer one.
const MAX_WORD: usize = 1024;
const WORD_BEGIN: usize = 256;
const WORD_END: usize = 128;

/// Shortens long words, which damaged files may have, to their two ends.
fn with_short_words(text: &str) -> String {
    let short = |word: &str| {
        if word.len() <= MAX_WORD {
            return word.to_owned();
        }
        let begin = word.floor_char_boundary(WORD_BEGIN);
        let end = word.ceil_char_boundary(word.len() - WORD_END);
        format!("{}…({} bytes more)…{}", &word[..begin], end - begin, &word[end..])
    };
    text.split_inclusive([' ', '\n']).map(short).collect()
}

/// Advice for an error whose text has none.
pub fn advice(text: &str) -> &'static str {
    let too_large = xenia_host::file::size_limit_error().to_string();
    if text.contains(&too_large) {
        "; the shell limits the size of files: `ulimit -f unlimited` lifts that"
    } else {
        xenia_host::process::limit_advice(text)
    }
}

/// An error and its causes on one line. A cause that the error's text already contains is not
/// repeated.
pub fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// An error as text that fits on a terminal, without control characters.
pub fn error_text(error: &anyhow::Error) -> String {
    fitting(&chain(error))
}

/// Shortens a text to fit on a terminal, without control characters.
pub fn fitting(text: &str) -> String {
    let text = with_short_words(&visible(text));
    let end = text.floor_char_boundary(MAX_ERROR);
    match text.len() - end {
        0 => text,
        more => format!("{}\n… ({more} bytes more)", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_errors_are_cut() {
        let text = error_text(&anyhow!("{}", "é\x1b é".repeat(10_000)).context("a file"));
        assert!(text.starts_with("a file: é\u{FFFD}") && text.len() < MAX_ERROR + 40, "{}", text.len());
        assert!(text.ends_with(" bytes more)"), "{text}");
        assert_eq!(error_text(&anyhow!("short")), "short");
    }

    #[test]
    fn long_words_keep_their_beginning_and_end() {
        let path = format!("/tmp/{}/end.xex", "é".repeat(5000));
        let text = error_text(&anyhow!("cannot open {path}: no"));
        assert!(text.starts_with("cannot open /tmp/é") && text.ends_with("é/end.xex: no"), "{text}");
        assert!(text.len() < 500 && text.contains("bytes more"), "{text}");
        let usual = "x".repeat(MAX_WORD);
        assert_eq!(fitting(&usual), usual);
    }

    #[test]
    fn a_limit_of_files_is_advised_on() {
        let large = xenia_host::file::size_limit_error();
        assert!(advice(&format!("cannot write a: {large}")).contains("ulimit -f"));
        assert_eq!(advice("cannot write a: No space left on device"), "");
    }

    #[test]
    fn a_repeated_cause_is_printed_once() {
        let missing = || std::io::Error::from(ErrorKind::NotFound);
        let error = xenia_jit_tests::conformance::RunError::Read { path: "nodir".into(), source: missing() };
        assert_eq!(chain(&error.into()), format!("cannot read nodir: {}", missing()));
        assert_eq!(
            chain(&anyhow!(missing()).context("cannot open a")),
            format!("cannot open a: {}", missing())
        );
    }

    #[test]
    fn a_sink_gets_messages_in_place_of_standard_error() {
        let got = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
        let sink = got.clone();
        send_messages_to(Some(Box::new(move |text| sink.lock().push_str(text))));
        errln!("for the sink {}", 1);
        send_messages_to(None);
        errln!("for standard error");
        let got = got.lock();
        assert!(got.contains("for the sink 1\n") && !got.contains("standard error"), "{got}");
    }

    #[test]
    fn a_terminal_gets_whole_characters() {
        let mut unfinished = Vec::<u8>::new();
        let parts: [(&[u8], &str); 5] = [
            ("é".as_bytes(), "é"),
            (b"a\xC3", "a"),
            (b"\xA9\xFF", "é\u{FFFD}"),
            (b"\xE5\xA4", ""),
            (b"b", "\u{FFFD}b"),
        ];
        for (part, expected) in parts {
            unfinished.extend(part);
            assert_eq!(take_characters(&mut unfinished), expected);
        }
        assert!(unfinished.is_empty());
    }
}
