//! Input files. Text and small files are limited to 64 MiB, which also excludes endless ones
//! (/dev/zero); inputs that need seeking, or are read more than once, must not be pipes. Opening
//! never waits for a pipe's writer: pipes from the shell (`<(zcat log.gz)`) have a writer, but
//! named pipes may have none and are refused.

use crate::say::errln;
use anyhow::{Context, Result};
use std::io::{Error, ErrorKind, Read};
use std::path::Path;
use xenia_host::input_pipe::{into_text, read_bounded, read_text};
pub use xenia_host::input_pipe::{open_seekable as open, open_stream as stream, refuse_named_pipe};

/// Largest number of bytes of a text file.
const MAX_BYTES: u64 = 64 << 20;

/// An empty text on every system, also where no file has this name: `--config /dev/null` runs
/// without settings. Sweeps, `scale` and `compat` start the program with these words.
const NO_TEXT: &str = "/dev/null";

/// Reads a text file; `-` is standard input.
pub fn read(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let bytes = read_bounded(std::io::stdin(), MAX_BYTES).context("cannot read standard input")?;
        return String::from_utf8(bytes).context("standard input is not UTF-8 text");
    }
    text(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a text file.
pub fn text(path: &Path) -> std::io::Result<String> {
    if path == Path::new(NO_TEXT) { Ok(String::new()) } else { into_text(bytes(path)?) }
}

/// Reads a text file that will be read again, so pipes are refused.
pub fn lasting_text(path: &Path) -> std::io::Result<String> {
    if path == Path::new(NO_TEXT) { Ok(String::new()) } else { read_text(open(path)?, MAX_BYTES) }
}

/// Reads a file as bytes.
pub fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    read_bounded(stream(path)?, MAX_BYTES)
}

/// Reads a regular file of at most `limit` bytes.
pub fn large_bytes(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let bytes = first_bytes(path, limit + 1)?;
    if bytes.len() as u64 > limit {
        return Err(Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// Reads the first bytes of a regular file, `most` at most.
pub fn first_bytes(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether an optional file exists. If that cannot be determined, or something else is in its
/// place, a warning is logged, because it would be ignored silently.
pub fn optional_file_exists(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => true,
        Ok(_) => {
            errln!("xenia-rs: warning: {} is left out: it is not a file", path.display());
            false
        }
        Err(error) => {
            if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
                errln!("xenia-rs: warning: {} is left out: {error}", path.display());
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_source_files_are_rejected() {
        let long = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(bytes(long.path()).unwrap(), b"");
        long.as_file().set_len(2 * MAX_BYTES).unwrap();
        for error in [text(long.path()), bytes(long.path()).map(|_| String::new())] {
            assert!(error.unwrap_err().to_string().contains("64 MiB"));
        }
        assert_eq!(open(Path::new("/nowhere")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn the_empty_text_exists_on_every_system() {
        let path = Path::new("/dev/null");
        assert_eq!((text(path).unwrap(), lasting_text(path).unwrap()), (String::new(), String::new()));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_immediately() {
        use std::os::fd::AsRawFd;
        let (reader, _writer) = std::io::pipe().unwrap();
        let named = format!("/proc/self/fd/{}", reader.as_raw_fd());
        assert!(open(Path::new(&named)).unwrap_err().to_string().contains("a pipe"));
        assert!(stream(Path::new(&named)).is_ok(), "it has a writer");
        assert!(open(Path::new("/dev/null")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let errors = [text(&path).err(), lasting_text(&path).err(), bytes(&path).err(), stream(&path).err()];
        for error in errors.into_iter().chain([refuse_named_pipe(&path).err()]) {
            assert!(error.unwrap().to_string().contains("a pipe"));
        }
        assert!(read(&path).is_err());
    }
}
