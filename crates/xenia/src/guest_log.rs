//! A title's debug output (`DbgPrint` and others): lines of the log with target `guest`, or a file
//! (`--guest-log`).
//!
//! In the log, a repeated line is shown once with its number of repetitions, and at most 200 lines
//! per second and 64 MiB in a run are shown, so that a title cannot flood the log. A file receives
//! every byte, up to 1 GiB. The output of a plain ELF program goes to standard output unbuffered,
//! unless standard output is used for JSON; on a terminal, escape sequences are made visible.

use crate::lock_order;
use crate::output::{StreamFile, WriteErrors};
use crate::say;
use crate::text_lines::TextLines;
use anyhow::{Context, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xenia_formats::image::ImageKind;
use xenia_kernel::ports::TextSink;
use xenia_sync::{Level, Mutex};

/// Log target of text that the guest prints.
pub const GUEST: &str = "guest";

/// Largest number of lines per second in the log.
const MAX_LINES_A_SECOND: u64 = 200;
/// Bytes per line; longer lines are broken between characters.
const LINE_LENGTH: usize = 1024;
/// Largest size of a run's text in the log, in bytes, with what the log adds to each line.
const MAX_LOGGED: usize = 64 << 20;
/// Bytes that the log adds to a line, which an empty line takes as well.
const LINE_FRAME: usize = " INFO guest: \n".len();
/// Largest size of a file, in bytes.
const MAX_FILE_LENGTH: u64 = 1 << 30;

/// Splits text into lines and folds repeated lines.
struct Folder {
    lines: TextLines<LINE_LENGTH>,
    last: Option<String>,
    /// Repetitions of the last line.
    again: u64,
    second: Instant,
    in_second: u64,
    left_out: u64,
    /// Bytes that may still be shown; `None` once a line did not fit.
    room: Option<usize>,
}

impl Folder {
    fn new(now: Instant) -> Self {
        let lines = TextLines::default();
        let room = Some(MAX_LOGGED);
        Self { lines, last: None, again: 0, second: now, in_second: 0, left_out: 0, room }
    }

    /// Shows a line. The first one that does not fit is replaced by a note.
    fn show(&mut self, line: &str, show: &mut impl FnMut(&str)) {
        let Some(room) = self.room else { return };
        self.room = room.checked_sub(line.len() + LINE_FRAME);
        if self.room.is_some() {
            show(line);
        } else {
            show("(this is all that the log takes of a title's text; --guest-log FILE has more)");
        }
    }

    fn text(&mut self, mut text: &[u8], now: Instant, show: &mut impl FnMut(&str)) {
        while let Some(line) = self.lines.next_line(&mut text) {
            self.end_line(line, now, show);
        }
    }

    fn end_line(&mut self, line: String, now: Instant, show: &mut impl FnMut(&str)) {
        if self.last.as_ref() == Some(&line) {
            self.again += 1;
            return;
        }
        self.end_repeats(show);
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            self.end_second(show);
            self.second = now;
        }
        if self.in_second < MAX_LINES_A_SECOND {
            self.in_second += 1;
            self.show(&say::visible(&line), show);
        } else {
            self.left_out += 1;
        }
        self.last = Some(line);
    }

    fn end_repeats(&mut self, show: &mut impl FnMut(&str)) {
        let again = std::mem::take(&mut self.again);
        // The repetitions of a line that was left out would be confusing.
        if again > 0 && self.left_out == 0 {
            self.show(&format!("(the same line {again} times more)"), show);
        }
    }

    fn end_second(&mut self, show: &mut impl FnMut(&str)) {
        let left_out = std::mem::take(&mut self.left_out);
        self.in_second = 0;
        if left_out > 0 {
            self.show(&format!("({left_out} lines were left out here; --guest-log FILE has all)"), show);
        }
    }

    fn finish(&mut self, now: Instant, show: &mut impl FnMut(&str)) {
        let line = self.lines.take();
        if !line.is_empty() {
            self.end_line(line, now, show);
        }
        self.end_repeats(show);
        self.end_second(show);
    }
}

/// A file that receives a title's text.
struct TextFile {
    out: BufWriter<StreamFile>,
    path: PathBuf,
    written: u64,
    failed: bool,
}

impl TextFile {
    fn note(&mut self, result: std::io::Result<()>, write_errors: &WriteErrors) {
        if let Err(error) = result
            && !std::mem::replace(&mut self.failed, true)
        {
            write_errors.note(format!("the title's text {} is incomplete: {error}", self.path.display()));
        }
    }

    fn text(&mut self, text: &[u8], write_errors: &WriteErrors) {
        if self.failed {
            return;
        }
        self.written += text.len() as u64;
        if self.written > MAX_FILE_LENGTH {
            let full = std::io::Error::other("the title has written more than 1 GiB");
            return self.note(Err(full), write_errors);
        }
        // Whole lines are written at once, so that they remain if the process is killed.
        let result = self.out.write_all(text);
        let result = if text.contains(&b'\n') { result.and_then(|()| self.out.flush()) } else { result };
        self.note(result, write_errors);
    }
}

enum Sink {
    Off,
    Log(Folder),
    File(TextFile),
}

struct Shared {
    sink: Sink,
    write_errors: WriteErrors,
    /// Whether plain programs write to standard output.
    to_output: bool,
    /// Beginning of a character that a plain program has written to a terminal in part.
    unfinished: Vec<u8>,
}

/// Whether this value of `--guest-log` names a file.
pub fn is_file(place: Option<&Path>) -> bool {
    place.is_some_and(|place| place != Path::new("off"))
}

/// Destination of a title's text; clones share it.
#[derive(Clone)]
pub struct GuestLog(Arc<Mutex<Shared>>);

impl GuestLog {
    /// The log, a file, or for `off` no destination.
    pub fn new(place: Option<&Path>, write_errors: WriteErrors) -> Result<Self> {
        let sink = match place {
            None => Sink::Log(Folder::new(Instant::now())),
            Some(_) if !is_file(place) => Sink::Off,
            Some(path) => {
                let name = path.display();
                let file = StreamFile::create(path)
                    .with_context(|| format!("cannot create {name} (--guest-log)"))?;
                Sink::File(TextFile {
                    out: BufWriter::new(file),
                    path: path.to_owned(),
                    written: 0,
                    failed: false,
                })
            }
        };
        let to_output = place.is_none() && !say::output_is_claimed();
        let shared = Shared { sink, write_errors, to_output, unfinished: Vec::new() };
        Ok(Self(Arc::new(Mutex::numbered(Level::Leaf, lock_order::GUEST_LOG, shared))))
    }

    /// A sink for the text of a title of this kind.
    pub fn port(&self, kind: ImageKind) -> TextSink {
        let log = self.clone();
        Box::new(move |text| log.text(kind, text))
    }

    fn text(&self, kind: ImageKind, text: &[u8]) {
        let Shared { sink, write_errors, to_output, unfinished } = &mut *self.0.lock();
        match sink {
            _ if *to_output && kind == ImageKind::Elf => say::write_guest(text, unfinished),
            Sink::Off => {}
            Sink::Log(folder) => folder.text(text, Instant::now(), &mut show),
            Sink::File(file) => file.text(text, write_errors),
        }
    }

    /// Flushes pending lines at the end of the run.
    pub fn finish(&self) {
        let Shared { sink, write_errors, unfinished, .. } = &mut *self.0.lock();
        if !std::mem::take(unfinished).is_empty() {
            say::write_bytes("\u{FFFD}".as_bytes());
        }
        match sink {
            Sink::Off => {}
            Sink::Log(folder) => folder.finish(Instant::now(), &mut show),
            Sink::File(file) => {
                let result = file.out.flush();
                file.note(result, write_errors);
            }
        }
    }
}

fn show(line: &str) {
    tracing::info!(target: GUEST, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(texts: &[&str]) -> Vec<String> {
        let now = Instant::now();
        let mut folder = Folder::new(now);
        let mut lines = Vec::new();
        let mut show = |line: &str| lines.push(line.to_owned());
        for text in texts {
            folder.text(text.as_bytes(), now, &mut show);
        }
        folder.finish(now, &mut show);
        lines
    }

    #[test]
    fn a_place_is_a_file_unless_it_is_named_off() {
        let places = [None, Some("off"), Some("./off"), Some("text")];
        assert_eq!(places.map(|place| is_file(place.map(Path::new))), [false, false, true, true]);
    }

    #[test]
    fn lines_are_put_together_folded_and_made_visible() {
        assert_eq!(
            printed(&["a", "b\r\nc\n", "c\nc\n", "d\x1b[2J"]),
            ["ab", "c", "(the same line 2 times more)", "d\u{FFFD}[2J"]
        );
        let long = "x".repeat(LINE_LENGTH + 1);
        assert_eq!(printed(&[&long]).len(), 2);
        assert_eq!(printed(&[&long[1..], "\n"]).len(), 1);
        assert!(printed(&[]).is_empty());
    }

    #[test]
    fn characters_are_put_together_and_not_broken() {
        let now = Instant::now();
        let mut folder = Folder::new(now);
        let mut lines = Vec::new();
        let mut show = |line: &str| lines.push(line.to_owned());
        let long = format!("{}é", "x".repeat(LINE_LENGTH - 1));
        for byte in long.as_bytes() {
            folder.text(&[*byte], now, &mut show);
        }
        // Bytes that continue no character are broken as well.
        folder.text(&[0x80; 3 * LINE_LENGTH], now, &mut show);
        folder.finish(now, &mut show);
        assert!(lines[0].starts_with(&long) && lines[0].len() < 2 * LINE_LENGTH, "{}", lines[0]);
        assert!(lines.len() > 2, "{}", lines.len());
    }

    #[test]
    fn a_title_that_writes_without_end_is_cut_short() {
        let now = Instant::now();
        let mut folder = Folder::new(now);
        let mut lines = Vec::new();
        let mut show = |line: &str| lines.push(line.to_owned());
        for number in 0..10_000 {
            folder.text(format!("{number}\n").as_bytes(), now, &mut show);
        }
        folder.text(b"later\n", now + Duration::from_secs(2), &mut show);
        folder.finish(now, &mut show);
        assert_eq!(lines.len(), MAX_LINES_A_SECOND as usize + 2);
        assert!(
            lines[MAX_LINES_A_SECOND as usize].starts_with("(9800 lines"),
            "{}",
            lines[MAX_LINES_A_SECOND as usize]
        );
        assert_eq!(lines.last().map(String::as_str), Some("later"));
    }

    #[test]
    fn the_text_of_a_run_is_limited_and_its_end_is_reported_once() {
        let mut now = Instant::now();
        let mut folder = Folder { room: Some(10 * (4 + LINE_FRAME)), ..Folder::new(now) };
        let mut lines = Vec::new();
        let mut show = |line: &str| lines.push(line.to_owned());
        for number in 1000..1100 {
            folder.text(format!("{number}\n").as_bytes(), now, &mut show);
            now += Duration::from_secs(1);
        }
        folder.finish(now, &mut show);
        assert_eq!(lines.len(), 11);
        assert_eq!(lines[9], "1009");
        assert!(lines[10].starts_with("(this is all"), "{}", lines[10]);
    }

    #[test]
    fn a_file_gets_every_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text");
        let write_errors = WriteErrors::default();
        let log = GuestLog::new(Some(&path), write_errors.clone()).unwrap();
        let mut port = log.port(ImageKind::Xex);
        port(b"a\x1b\n");
        port(b"a\x1b\nb\xFF");
        log.finish();
        assert_eq!(std::fs::read(&path).unwrap(), b"a\x1b\na\x1b\nb\xFF");
        assert!(write_errors.is_empty());
        GuestLog::new(Some(Path::new("off")), write_errors).unwrap().port(ImageKind::Xex)(b"a\n");
        assert!(!Path::new("off").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_full_disk_is_a_write_error() {
        let write_errors = WriteErrors::default();
        let log = GuestLog::new(Some(Path::new("/dev/full")), write_errors.clone()).unwrap();
        log.port(ImageKind::Xex)(b"a\n");
        assert!(!write_errors.is_empty());
    }
}
