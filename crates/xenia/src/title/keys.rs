//! The user's keys: the retail key, which decrypts executables, and entries of a key vault, which
//! titles read.

use crate::source;
use crate::user_folders;
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use xenia_formats::KeyRing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// The key, as 32 hexadecimal digits.
    retail: Option<String>,
    /// Entries of a key vault in hexadecimal digits, by number, as `0x39`.
    #[serde(default)]
    vault: BTreeMap<String, String>,
}

/// Size in bytes of the longest entry of a key vault, a certificate.
const MAX_ENTRY: usize = 0x1388;

/// The development key, and the user's retail key from `explicit` or the configuration folder.
pub fn key_ring(explicit: Option<&Path>) -> Result<KeyRing> {
    let path = match explicit {
        Some(path) => path.to_owned(),
        None => match user_folders::config().map(|folder| folder.join("keys.toml")) {
            Some(path) if source::optional_file_exists(&path) => path,
            _ => return Ok(KeyRing::development()),
        },
    };
    let text = source::text(&path).with_context(|| format!("cannot read the key file {}", path.display()))?;
    // The parser's error is not shown, because it quotes the file and with it the key.
    let keys: KeyFile = toml::from_str(&text).map_err(|error| {
        let at = error.span().and_then(|span| text.get(..span.start));
        let line = at.map_or(1, |before| before.matches('\n').count() + 1);
        anyhow!(
            "{}, line {line}: expected `retail = \"32 hexadecimal digits\"`, `[vault]` with lines `NUMBER = \
             \"hexadecimal digits\"`, or nothing",
            path.display()
        )
    })?;
    let mut ring = match keys.retail {
        None => KeyRing::development(),
        Some(digits) => KeyRing::with_retail(
            parse_key(&digits)
                .with_context(|| format!("{}: `retail` must be 32 hexadecimal digits", path.display()))?,
        ),
    };
    for (name, digits) in keys.vault {
        // The text is not shown here either, as it may be a key in the wrong place.
        let number = parse_number(&name).with_context(|| {
            format!("{}: the numbers of `vault` must be from 0 to 0xFFFF", path.display())
        })?;
        let bytes = parse_bytes(&digits).filter(|bytes| (1..=MAX_ENTRY).contains(&bytes.len()));
        let bytes = bytes.with_context(|| {
            format!("{}: entry {number:#x} of `vault` must be pairs of hexadecimal digits", path.display())
        })?;
        ring = ring.with_vault_entry(number, bytes);
    }
    Ok(ring)
}

fn parse_number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        digits.bytes().filter(|b| !b.is_ascii_whitespace()).map(hex_digit).collect::<Option<_>>()?;
    let bytes = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    digits.len().is_multiple_of(2).then_some(bytes)
}

fn parse_key(digits: &str) -> Option<[u8; 16]> {
    parse_bytes(digits)?.try_into().ok()
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
    fn entries_of_a_key_vault_are_read_by_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            key_ring(Some(&path)).map_err(|error| format!("{error:#}"))
        };
        let ring = read("[vault]\n0x39 = \"00 01\\nfF\"\n25 = \"7a\"\n").unwrap();
        assert_eq!(ring.vault_entry(0x39), Some(&[0, 1, 0xFF][..]));
        assert_eq!((ring.vault_entry(0x19), ring.vault_entry(0x14)), (Some(&[0x7A][..]), None));
        assert!(!ring.has_retail() && !format!("{ring:?}").contains("122"), "{ring:?}");
        for (text, reason) in [
            ("0x10000 = \"12\"", "from 0 to 0xFFFF"),
            ("x = \"12\"", "from 0 to 0xFFFF"),
            ("0x39 = \"123\"", "pairs of hexadecimal digits"),
            ("0x39 = \"\"", "pairs of hexadecimal digits"),
            ("0x39 = 12", "line 2"),
        ] {
            let error = read(&format!("[vault]\n{text}\n")).unwrap_err();
            assert!(error.contains(reason) && !error.contains("= 12"), "{text}: {error}");
        }
        let long = format!("[vault]\n1 = \"{}\"", "00".repeat(MAX_ENTRY + 1));
        assert!(read(&long).is_err());
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
