//! Converts the name of a title to a path: either a path already, or a file URL, as desktops and
//! file managers pass.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// The path that `named` refers to.
pub fn path_of(named: &Path) -> Result<PathBuf> {
    if named == Path::new("-") {
        bail!("a title is not read from standard input: name its file, or its folder");
    }
    let name = named.as_os_str().as_encoded_bytes();
    let Some(url) = name.strip_prefix(b"file:/") else { return Ok(named.to_owned()) };
    // file:///path, file://HOST/path or file:/path.
    let path = match url.strip_prefix(b"/") {
        None => &name[b"file:".len()..],
        Some(rest) => rest.strip_prefix(b"localhost").unwrap_or(rest),
    };
    if !path.starts_with(b"/") {
        bail!(
            "{}: only a file of this machine can be opened, such as file:///home/user/game.xex",
            named.display()
        );
    }
    Ok(xenia_host::file::path_of_url(decoded(path)))
}

/// Decodes percent signs that are followed by two hexadecimal digits to bytes.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push((high << 4 | low) as u8);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_url_is_a_path() {
        for (named, path) in [
            ("game/default.xex", "game/default.xex"),
            ("/a b%20c.xex", "/a b%20c.xex"),
            ("file:///a%20b/%C3%A9.xex", "/a b/é.xex"),
            ("file://localhost/a.xex", "/a.xex"),
            ("file:/a.xex", "/a.xex"),
            ("file:///50%/%4", "/50%/%4"),
            ("file:a.xex", "file:a.xex"),
        ] {
            assert_eq!(path_of(Path::new(named)).unwrap(), Path::new(path), "{named}");
        }
    }

    #[test]
    fn unsupported_title_paths_are_rejected_with_a_reason() {
        for (named, expected) in [("-", "name its file"), ("file://server/a.xex", "of this machine")] {
            assert!(path_of(Path::new(named)).unwrap_err().to_string().contains(expected), "{named}");
        }
    }
}
