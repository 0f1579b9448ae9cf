//! Text and small files that a command is given. What is endless (/dev/zero) or larger than any such file is refused.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{Error, Read};
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

    #[test]
    fn what_has_no_end_is_refused() {
        for error in [text(Path::new("/dev/zero")), bytes(Path::new("/dev/zero")).map(|_| String::new())] {
            assert!(error.unwrap_err().to_string().contains("64 MiB"));
        }
        assert_eq!(bytes(Path::new("/dev/null")).unwrap(), b"");
    }
}
