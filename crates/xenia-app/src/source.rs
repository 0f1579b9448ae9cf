//! Files that a command is given. Of text and small ones what is endless (/dev/zero) or larger than any such file is refused,
//! of those that are read here and there what can't be.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{Error, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Bytes of a file, at most.
const MAXIMUM: u64 = 64 << 20;

/// Reads a file; `-` is standard input.
pub fn read(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let bytes = bounded(std::io::stdin()).context("cannot read standard input")?;
        return String::from_utf8(bytes).context("standard input is no text");
    }
    text(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file as text.
pub fn text(path: &Path) -> std::io::Result<String> {
    String::from_utf8(bytes(path)?).map_err(|_| Error::other("it is no text"))
}

/// A file as it is.
pub fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    bounded(File::open(path)?)
}

/// Opens what is read here and there. A pipe is refused: to open a named one waits for whoever writes it, and nothing
/// ends that wait but a second signal.
pub fn open(path: &Path) -> std::io::Result<File> {
    if std::fs::metadata(path)?.file_type().is_fifo() {
        return Err(Error::other("it is a pipe; keep in a file what comes out of it"));
    }
    File::open(path)
}

fn bounded(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAXIMUM + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAXIMUM {
        return Err(Error::other("it is larger than 64 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn what_has_no_end_is_refused() {
        for error in [text(Path::new("/dev/zero")), bytes(Path::new("/dev/zero")).map(|_| String::new())] {
            assert!(error.unwrap_err().to_string().contains("64 MiB"));
        }
        assert_eq!(bytes(Path::new("/dev/null")).unwrap(), b"");
    }

    #[test]
    fn a_pipe_is_refused_at_once() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let named = format!("/proc/self/fd/{}", reader.as_raw_fd());
        assert!(open(Path::new(&named)).unwrap_err().to_string().contains("a pipe"));
        assert!(open(Path::new("/dev/null")).is_ok());
        assert_eq!(open(Path::new("/nowhere")).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    }
}
