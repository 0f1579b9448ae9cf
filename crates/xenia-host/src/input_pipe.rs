//! Pipes as input files: opening a named one waits for its writer, which may never come.

use crate::ownership::is_named_pipe;
use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::Path;

/// Opens a file that is read once from beginning to end.
///
/// # Errors
/// It cannot be opened, or opening it [would wait](refuse_named_pipe).
pub fn open_stream(path: &Path) -> Result<File> {
    refuse_named_pipe(path)?;
    File::open(path)
}

/// Fails if opening the file would wait for a pipe's writer: only a second signal would end that
/// wait.
///
/// # Errors
/// It would, or the path leads nowhere.
pub fn refuse_named_pipe(path: &Path) -> Result<()> {
    // A shell's pipe is under /proc and cannot be canonicalized; a named pipe can.
    if is_named_pipe(path)? && path.canonicalize().is_ok() { Err(refusal()) } else { Ok(()) }
}

/// Opens a file for random access.
///
/// # Errors
/// It cannot be opened, or is a pipe.
pub fn open_seekable(path: &Path) -> Result<File> {
    if is_named_pipe(path)? { Err(refusal()) } else { File::open(path) }
}

/// Reads UTF-8 text of at most `limit` bytes.
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8.
pub fn read_text(from: impl Read, limit: u64) -> Result<String> {
    into_text(read_bounded(from, limit)?)
}

/// Reads at most `limit` bytes.
///
/// # Errors
/// They cannot be read, or there are more.
pub fn read_bounded(from: impl Read, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Error::other(format!("it is larger than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

/// Converts the bytes of a text file.
///
/// # Errors
/// They are not UTF-8.
pub fn into_text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::other("not UTF-8 text"))
}

fn refusal() -> Error {
    Error::other("it is a pipe; save its output in a file")
}
