//! The user's desktop: opens files in the programs that belong to them, copies text, and holds off
//! the screen saver ([`screen_saver`]).
//!
//! The desktop's own programs do the work, so that neither a clipboard's protocol nor a portal has
//! to be linked. Each operation has a table of programs of several systems; the first one that is
//! installed and succeeds is enough.

pub mod screen_saver;

use anyhow::{Error, Result, anyhow, bail};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use xenia_host::process::apart;

/// Longest text that is copied, in bytes.
pub const MAX_COPIED: usize = 64 << 10;

/// Time limit for a program that copies.
const COPIED_IN: Duration = Duration::from_secs(2);
/// Time in which a program that opens a file reports a failure. It may run for as long as the file
/// is shown.
const REFUSED_IN: Duration = Duration::from_millis(500);

/// Program of a desktop.
#[derive(Clone, Copy)]
struct DesktopProgram {
    /// Its name and its first arguments.
    words: &'static [&'static str],
    kind: ProgramKind,
}

/// Peculiarity of a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProgramKind {
    Plain,
    /// Its exit code does not show a failure.
    Mute,
    /// It reads UTF-16 with a byte order mark; any other text is in the console's code page.
    Wide,
}

const fn plain(words: &'static [&'static str]) -> DesktopProgram {
    DesktopProgram { words, kind: ProgramKind::Plain }
}

/// Programs that open a file by its path: those of freedesktop.org, macOS and Windows.
const OPENERS: &[DesktopProgram] = &[
    plain(&["xdg-open"]),
    plain(&["gio", "open"]),
    plain(&["open"]),
    DesktopProgram { words: &["explorer.exe"], kind: ProgramKind::Mute },
];

/// Programs that copy their input: those of Wayland, which fails elsewhere, X11, macOS and Windows.
const COPIERS: &[DesktopProgram] = &[
    plain(&["wl-copy"]),
    plain(&["xclip", "-selection", "clipboard", "-in"]),
    plain(&["xsel", "--clipboard", "--input"]),
    plain(&["pbcopy"]),
    DesktopProgram { words: &["clip.exe"], kind: ProgramKind::Wide },
];

/// Opens a file, or a folder, in the program that the user has for it. The path should be absolute,
/// so that it is not taken for an option.
///
/// # Errors
/// No suitable program is installed, or it fails immediately.
pub fn open(path: &Path) -> Result<()> {
    open_by(OPENERS, path)
}

/// Copies text to the clipboard.
///
/// # Errors
/// The text is too long, no suitable program is installed, or every program fails.
pub fn copy(text: &str) -> Result<()> {
    copy_by(COPIERS, text)
}

fn open_by(programs: &[DesktopProgram], path: &Path) -> Result<()> {
    try_each(programs, |program, command| {
        let child = command.arg(path).stdin(Stdio::null()).spawn()?;
        match ended(child, None, REFUSED_IN).transpose()? {
            Some(status) if !status.success() && program.kind != ProgramKind::Mute => {
                bail!("it has failed ({status})")
            }
            _ => Ok(()),
        }
    })
}

fn copy_by(programs: &[DesktopProgram], text: &str) -> Result<()> {
    if text.len() > MAX_COPIED {
        bail!("the text is longer than {MAX_COPIED} bytes");
    }
    try_each(programs, |program, command| {
        let child = command.stdin(Stdio::piped()).spawn()?;
        match ended(child, Some(encode(text, program.kind)), COPIED_IN).transpose()? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("it has failed ({status})"),
            None => bail!("it does not answer"),
        }
    })
}

/// Runs the first program that is installed and succeeds. The error is that of the last one that is
/// installed.
fn try_each(
    programs: &[DesktopProgram],
    mut run: impl FnMut(DesktopProgram, &mut Command) -> Result<()>,
) -> Result<()> {
    let mut last = None;
    for program in programs {
        let name = program.words[0];
        match run(*program, apart(&mut quiet(*program))) {
            Ok(()) => return Ok(()),
            Err(error) if is_missing(&error) => {}
            Err(error) => last = Some(error.context(name)),
        }
    }
    Err(last.unwrap_or_else(|| anyhow!(none_installed(programs))))
}

/// Command of a program, without its output.
fn quiet(program: DesktopProgram) -> Command {
    let mut command = Command::new(program.words[0]);
    command.args(&program.words[1..]).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Error message for programs that are all missing.
fn none_installed(programs: &[DesktopProgram]) -> String {
    let names: Vec<&str> = programs.iter().map(|program| program.words[0]).collect();
    format!("none of these programs is installed: {}", names.join(", "))
}

fn is_missing(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Text as a program of this kind reads it.
fn encode(text: &str, kind: ProgramKind) -> Vec<u8> {
    if kind == ProgramKind::Wide {
        return "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    }
    text.as_bytes().to_vec()
}

/// Writes `input` to a process and waits for its end; `None` if it does not end in time. A thread
/// reaps the process then.
fn ended(mut child: Child, input: Option<Vec<u8>>, within: Duration) -> Option<io::Result<ExitStatus>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let stdin = child.stdin.take();
        let written = match (stdin, input) {
            // The end of the input is the end of the pipe, which is closed here.
            (Some(mut stdin), Some(input)) => stdin.write_all(&input),
            _ => Ok(()),
        };
        let status = child.wait();
        // A program that fails may not read its input; its status is more informative than the
        // write error.
        let result = match (written, status) {
            (Err(error), Ok(status)) if status.success() => Err(error),
            (_, status) => status,
        };
        let _ = sender.send(result);
    });
    receiver.recv_timeout(within).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    const NONE: DesktopProgram = plain(&["no-program-of-this-name"]);
    #[cfg(unix)]
    const FAILS: DesktopProgram = plain(&["false"]);

    #[cfg(unix)]
    #[test]
    fn the_first_installed_program_that_succeeds_is_used() {
        let swallows = plain(&["sh", "-c", "test \"$(cat)\" = 'a text'"]);
        copy_by(&[NONE, FAILS, swallows], "a text").unwrap();
        let refused = copy_by(&[NONE, swallows], "another").unwrap_err();
        assert!(format!("{refused:#}").starts_with("sh: it has failed"), "{refused:#}");
        let exists = plain(&["test", "-d"]);
        open_by(&[NONE, exists], Path::new("/")).unwrap();
        assert!(open_by(&[exists], Path::new("/no such folder")).is_err());
    }

    #[test]
    fn text_has_the_encoding_of_its_program() {
        assert_eq!(encode("\u{E9}", ProgramKind::Plain), [0xC3, 0xA9]);
        assert_eq!(encode("\u{E9}", ProgramKind::Wide), [0xFF, 0xFE, 0xE9, 0]);
        assert!(OPENERS.iter().chain(COPIERS).all(|program| !program.words.is_empty()));
    }

    #[cfg(unix)]
    #[test]
    fn failures_name_the_missing_parts() {
        let missing = open_by(&[NONE, NONE], Path::new("/")).unwrap_err().to_string();
        assert!(missing.ends_with("no-program-of-this-name, no-program-of-this-name"), "{missing}");
        let long = "x".repeat(MAX_COPIED + 1);
        assert!(copy_by(&[plain(&["cat"])], &long).unwrap_err().to_string().contains("longer"));
        copy_by(&[plain(&["cat"])], &long[1..]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_stays_is_not_waited_for() {
        open_by(&[plain(&["sleep", "3"])], Path::new("0")).unwrap();
        let stays = plain(&["sleep", "4"]);
        assert_eq!(format!("{:#}", copy_by(&[stays], "").unwrap_err()), "sleep: it does not answer");
    }
}
