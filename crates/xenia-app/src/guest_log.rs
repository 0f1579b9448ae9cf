//! What a title writes (`DbgPrint` and the like): lines of the log with target `guest`, or a file
//! (`--guest-log`).
//!
//! In the log a line that comes again and again is shown once with its number, and there are 200
//! lines a second at most: a title that writes without end must not make the log useless. A file
//! gets every byte, up to 1 GiB. What a plain ELF program writes is its output, and goes to
//! standard output as it comes, unless that is for JSON; a terminal gets no escape sequences of it.

use crate::log::GUEST;
use crate::output::Losses;
use crate::say;
use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xenia_formats::image::ImageKind;
use xenia_kernel::ports::TextSink;

/// Lines of the log in a second.
const LINES_A_SECOND: u64 = 200;
/// Characters of a line; a longer one goes on in the next.
const LINE_LENGTH: usize = 1024;
/// Bytes of a file.
const FILE_LENGTH: u64 = 1 << 30;

/// Lines as they are to be shown, out of text as it comes.
struct Folder {
    line: String,
    last: Option<String>,
    /// Times that the last line has come again.
    again: u64,
    second: Instant,
    in_second: u64,
    left_out: u64,
}

impl Folder {
    fn new(now: Instant) -> Self {
        Self { line: String::new(), last: None, again: 0, second: now, in_second: 0, left_out: 0 }
    }

    fn text(&mut self, text: &str, now: Instant, show: &mut impl FnMut(&str)) {
        for c in text.chars() {
            match c {
                '\n' => self.end_line(now, show),
                '\r' => {}
                c => {
                    self.line.push(c);
                    if self.line.len() >= LINE_LENGTH {
                        self.end_line(now, show);
                    }
                }
            }
        }
    }

    fn end_line(&mut self, now: Instant, show: &mut impl FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        if self.last.as_ref() == Some(&line) {
            self.again += 1;
            return;
        }
        self.end_repeats(show);
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            self.end_second(show);
            self.second = now;
        }
        if self.in_second < LINES_A_SECOND {
            self.in_second += 1;
            show(&say::visible(&line));
        } else {
            self.left_out += 1;
        }
        self.last = Some(line);
    }

    fn end_repeats(&mut self, show: &mut impl FnMut(&str)) {
        let again = std::mem::take(&mut self.again);
        // What is told of a line that was left out would puzzle.
        if again > 0 && self.left_out == 0 {
            show(&format!("(the same line {again} times more)"));
        }
    }

    fn end_second(&mut self, show: &mut impl FnMut(&str)) {
        let left_out = std::mem::take(&mut self.left_out);
        self.in_second = 0;
        if left_out > 0 {
            show(&format!("({left_out} lines were left out here; --guest-log FILE has all)"));
        }
    }

    fn finish(&mut self, now: Instant, show: &mut impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.end_line(now, show);
        }
        self.end_repeats(show);
        self.end_second(show);
    }
}

/// A file that takes what a title writes.
struct TextFile {
    out: BufWriter<File>,
    path: PathBuf,
    written: u64,
    failed: bool,
}

impl TextFile {
    fn note(&mut self, result: std::io::Result<()>, losses: &Losses) {
        if let Err(error) = result
            && !std::mem::replace(&mut self.failed, true)
        {
            losses.note(format!("the title's text {} is not whole: {error}", self.path.display()));
        }
    }

    fn text(&mut self, text: &str, losses: &Losses) {
        if self.failed {
            return;
        }
        self.written += text.len() as u64;
        if self.written > FILE_LENGTH {
            let full = std::io::Error::other("the title has written more than 1 GiB");
            return self.note(Err(full), losses);
        }
        // Lines reach the file as they end: an end by force leaves all of them.
        let result = self.out.write_all(text.as_bytes());
        let result = if text.contains('\n') { result.and_then(|()| self.out.flush()) } else { result };
        self.note(result, losses);
    }
}

enum Sink {
    Off,
    Log(Folder),
    File(TextFile),
}

struct Shared {
    sink: Sink,
    losses: Losses,
    /// Whether plain programs write to standard output.
    to_output: bool,
}

/// Whether this place (`--guest-log`) is a file.
pub fn is_file(place: Option<&Path>) -> bool {
    place.is_some_and(|place| place != Path::new("off"))
}

/// Where a title's text goes; clones are the same place.
#[derive(Clone)]
pub struct GuestLog(Arc<Mutex<Shared>>);

impl GuestLog {
    /// To the log, to a file, or, with `off`, nowhere.
    pub fn new(place: Option<&Path>, losses: Losses) -> Result<Self> {
        let sink = match place {
            None => Sink::Log(Folder::new(Instant::now())),
            Some(_) if !is_file(place) => Sink::Off,
            Some(path) => {
                let shown = path.display();
                let file =
                    File::create(path).with_context(|| format!("cannot create {shown} (--guest-log)"))?;
                Sink::File(TextFile {
                    out: BufWriter::new(file),
                    path: path.to_owned(),
                    written: 0,
                    failed: false,
                })
            }
        };
        let to_output = place.is_none() && !say::output_is_claimed();
        Ok(Self(Arc::new(Mutex::new(Shared { sink, losses, to_output }))))
    }

    /// Takes the text of a title of this kind.
    pub fn port(&self, kind: ImageKind) -> TextSink {
        let log = self.clone();
        Box::new(move |text| log.text(kind, text))
    }

    fn text(&self, kind: ImageKind, text: &str) {
        let Shared { sink, losses, to_output } = &mut *self.0.lock();
        match sink {
            _ if *to_output && kind == ImageKind::Elf => say::write_guest(text),
            Sink::Off => {}
            Sink::Log(folder) => folder.text(text, Instant::now(), &mut show),
            Sink::File(file) => file.text(text, losses),
        }
    }

    /// The run is over: shows what is left.
    pub fn finish(&self) {
        let Shared { sink, losses, .. } = &mut *self.0.lock();
        match sink {
            Sink::Off => {}
            Sink::Log(folder) => folder.finish(Instant::now(), &mut show),
            Sink::File(file) => {
                let result = file.out.flush();
                file.note(result, losses);
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

    fn shown(texts: &[&str]) -> Vec<String> {
        let now = Instant::now();
        let (mut folder, mut lines) = (Folder::new(now), Vec::new());
        let mut show = |line: &str| lines.push(line.to_owned());
        for text in texts {
            folder.text(text, now, &mut show);
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
            shown(&["a", "b\r\nc\n", "c\nc\n", "d\x1b[2J"]),
            ["ab", "c", "(the same line 2 times more)", "d\u{FFFD}[2J"]
        );
        let long = "x".repeat(LINE_LENGTH + 1);
        assert_eq!(shown(&[&long]).len(), 2);
        assert!(shown(&[]).is_empty());
    }

    #[test]
    fn a_title_that_writes_without_end_is_cut_short() {
        let now = Instant::now();
        let (mut folder, mut lines) = (Folder::new(now), Vec::new());
        let mut show = |line: &str| lines.push(line.to_owned());
        for number in 0..10_000 {
            folder.text(&format!("{number}\n"), now, &mut show);
        }
        folder.text("later\n", now + Duration::from_secs(2), &mut show);
        folder.finish(now, &mut show);
        assert_eq!(lines.len(), LINES_A_SECOND as usize + 2);
        assert!(
            lines[LINES_A_SECOND as usize].starts_with("(9800 lines"),
            "{}",
            lines[LINES_A_SECOND as usize]
        );
        assert_eq!(lines.last().map(String::as_str), Some("later"));
    }

    #[test]
    fn a_file_gets_every_byte_and_a_full_one_is_a_loss() {
        let dir = tempfile::tempdir().unwrap();
        let (path, losses) = (dir.path().join("text"), Losses::default());
        let log = GuestLog::new(Some(&path), losses.clone()).unwrap();
        let mut port = log.port(ImageKind::Xex);
        port("a\x1b\n");
        port("a\x1b\nb");
        log.finish();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\x1b\na\x1b\nb");
        assert!(losses.is_empty());
        let log = GuestLog::new(Some(Path::new("/dev/full")), losses.clone()).unwrap();
        log.port(ImageKind::Xex)("a\n");
        assert!(!losses.is_empty());
        GuestLog::new(Some(Path::new("off")), losses).unwrap().port(ImageKind::Xex)("a\n");
        assert!(!Path::new("off").exists());
    }
}
