//! Package header: a small text file beside the package's files, with its metadata.

use crate::profile::Xuid;

/// First line of a header file.
const VERSION: &str = "xenia-rs package 1";
/// Longest display name of a package, in UTF-16 units.
const MAX_DISPLAY_NAME: usize = 127;

/// Metadata of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageHeader {
    /// Number of the directory with its files ([`super::PackageName::files`]).
    pub folder: u32,
    /// License bits of the package.
    pub license: u32,
    /// Profile that created the package.
    pub creator: Xuid,
    /// Whether the package is a single read-only file.
    pub is_packed: bool,
    /// Display name, without control characters.
    display_name: String,
}

impl PackageHeader {
    /// Header of a new package.
    pub fn new(creator: Xuid, display_name: &str) -> Self {
        Self { folder: 1, license: 0, creator, is_packed: false, display_name: shown(display_name) }
    }

    /// Header of a package without a header file: all its contents are licensed to everyone.
    pub fn of_stray(owner: Xuid, file: &str) -> Self {
        Self { folder: 0, license: u32::MAX, creator: owner, is_packed: false, display_name: shown(file) }
    }

    /// The header with another folder number.
    pub(super) fn in_folder(self, folder: u32) -> Self {
        Self { folder, ..self }
    }

    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Parses a header file; `None` if it is malformed.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(text).ok()?.lines();
        if lines.next()? != VERSION {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(" = ");
        let folder = field("folder")?.parse().ok()?;
        let license = u32::from_str_radix(field("license")?, 16).ok()?;
        let creator = Xuid(u64::from_str_radix(field("creator")?, 16).ok()?);
        let display_name = shown(field("name")?);
        // A package in one file has no header file: its own metadata are the header.
        Some(Self { folder, license, creator, is_packed: false, display_name })
    }

    /// Serializes the header.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { folder, license, creator, display_name, is_packed: _ } = self;
        format!("{VERSION}\nfolder = {folder}\nlicense = {license:08X}\ncreator = {:016X}\nname = {display_name}\n", creator.0)
            .into_bytes()
    }
}

/// Sanitizes a display name: one line, cut to the number of UTF-16 units that titles have room for.
fn shown(text: &str) -> String {
    let mut units = 0;
    let cut = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= MAX_DISPLAY_NAME
    });
    cut.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_were_written() {
        for name in ["", "Chapter 3", "= \u{1F600} Zw\u{f6}lf", "name = x"] {
            let header = PackageHeader { folder: 7, license: 3, ..PackageHeader::new(Xuid(5), name) };
            assert_eq!(PackageHeader::parse(&header.to_bytes()), Some(header.clone()));
            assert_eq!(header.display_name(), name);
        }
        assert_eq!(PackageHeader::new(Xuid(5), "a\nb\0").display_name(), "a b ");
        assert_eq!(PackageHeader::new(Xuid(5), &"\u{1F600}".repeat(200)).display_name().chars().count(), 63);
    }

    #[test]
    fn truncated_or_invalid_package_headers_are_rejected() {
        let whole = PackageHeader::new(Xuid(5), "a").to_bytes();
        for end in 0..whole.len() - b"\nname = a\n".len() {
            assert_eq!(PackageHeader::parse(&whole[..end]), None, "{end}");
        }
        for text in [&b"\xFF"[..], b"xenia-rs package 2\n", b"xenia-rs package 1\nfolder = -1\n"] {
            assert_eq!(PackageHeader::parse(text), None);
        }
    }
}
