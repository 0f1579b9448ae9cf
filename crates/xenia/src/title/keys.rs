//! Keys that decrypt executables: the development key, and the user's retail key.

use crate::source;
use crate::user_folders;
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::path::Path;
use xenia_formats::KeyRing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// The key, as 32 hexadecimal digits.
    retail: Option<String>,
}

/// The development key, and the user's retail key from `explicit` or the configuration folder.
pub fn key_ring(explicit: Option<&Path>) -> Result<KeyRing> {
    let path = match explicit {
        Some(path) => path.to_owned(),
        None => match user_folders::config().map(|folder| folder.join("keys.toml")) {
            Some(path) if source::is_there(&path) => path,
            _ => return Ok(KeyRing::development()),
        },
    };
    let text = source::text(&path).with_context(|| format!("cannot read the key file {}", path.display()))?;
    // The parser's error is not shown, because it quotes the file and with it the key.
    let keys: KeyFile = toml::from_str(&text).map_err(|error| {
        let at = error.span().and_then(|span| text.get(..span.start));
        let line = at.map_or(1, |before| before.matches('\n').count() + 1);
        anyhow!("{}, line {line}: expected `retail = \"32 hexadecimal digits\"`, or nothing", path.display())
    })?;
    match keys.retail {
        None => Ok(KeyRing::development()),
        Some(digits) => Ok(KeyRing::with_retail(
            parse_key(&digits)
                .with_context(|| format!("{}: `retail` must be 32 hexadecimal digits", path.display()))?,
        )),
    }
}

fn parse_key(digits: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> =
        digits.bytes().filter(|b| !b.is_ascii_whitespace()).map(hex_digit).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 32).then_some(())?;
    bytes.try_into().ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_32_hexadecimal_digits() {
        assert_eq!(parse_key("000102030405060708090A0B0C0D0E0f").unwrap()[15], 15);
        assert_eq!(parse_key("00"), None);
        assert_eq!(parse_key("zz0102030405060708090A0B0C0D0E0f"), None);
        assert_eq!(parse_key("000102030405060708090A0B0C0D0E0f00"), None);
    }

    #[test]
    fn a_key_file_without_a_key_and_a_damaged_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        std::fs::write(&path, "").unwrap();
        assert!(!key_ring(Some(&path)).unwrap().has_retail());
        std::fs::write(&path, "retail = \"12\"").unwrap();
        let error = format!("{:#}", key_ring(Some(&path)).unwrap_err());
        assert!(error.contains("32 hexadecimal digits"), "{error}");
        assert!(!error.contains("12\""), "an error must not show the key");
        std::fs::write(&path, "\nretail = \"00112233445566778899aabbccddeeff\n").unwrap();
        let error = format!("{:#}", key_ring(Some(&path)).unwrap_err());
        assert!(error.contains("keys.toml, line 2") && !error.contains("0011"), "{error}");
    }
}
