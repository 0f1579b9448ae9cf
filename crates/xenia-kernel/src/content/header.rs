//! What a package says of itself: a small text file beside its files.

use crate::user::profile::Xuid;

/// The first line.
const VERSION: &str = "xenia-rs package 1";
/// Characters of a package's title.
const DISPLAY_NAME: usize = 127;

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageHeader {
    /// Which directory holds its files ([`super::PackageName::files`]).
    pub folder: u32,
    /// What the package's licence allows: a bit each.
    pub license: u32,
    /// Who made it.
    pub creator: Xuid,
    /// Whether it is one file, for reading only.
    pub is_packed: bool,
    /// What users see; no control characters.
    display_name: String,
}

impl PackageHeader {
    /// The header of a package that is made now.
    pub fn new(creator: Xuid, display_name: &str) -> Self {
        Self { folder: 1, license: 0, creator, is_packed: false, display_name: shown(display_name) }
    }

    /// What is said of a package without a header: everybody may use all of it.
    pub fn of_stray(owner: Xuid, file: &str) -> Self {
        Self { folder: 0, license: u32::MAX, creator: owner, is_packed: false, display_name: shown(file) }
    }

    /// The same with its files in this folder.
    pub(super) fn in_folder(self, folder: u32) -> Self {
        Self { folder, ..self }
    }

    /// What users see.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Reads a header's file; `None`: it is none.
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
        Some(Self { folder, license, creator, is_packed: false, display_name })
    }

    /// The header as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { folder, license, creator, display_name, is_packed: _ } = self;
        format!("{VERSION}\nfolder = {folder}\nlicense = {license:08X}\ncreator = {:016X}\nname = {display_name}\n", creator.0)
            .into_bytes()
    }
}

/// Text as a header has it: on one line, as many UTF-16 units as titles have room for.
fn shown(text: &str) -> String {
    let mut units = 0;
    let cut = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= DISPLAY_NAME
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
    fn what_is_no_header_is_none() {
        let whole = PackageHeader::new(Xuid(5), "a").to_bytes();
        for end in 0..whole.len() - b"\nname = a\n".len() {
            assert_eq!(PackageHeader::parse(&whole[..end]), None, "{end}");
        }
        for text in [&b"\xFF"[..], b"xenia-rs package 2\n", b"xenia-rs package 1\nfolder = -1\n"] {
            assert_eq!(PackageHeader::parse(text), None);
        }
    }
}
