//! Names of packages, which guests choose, and where they lead on the disk.

use crate::user::profile::Xuid;
use crate::vfs::is_fatx_name;

/// The type of saved games: each belongs to one profile.
pub const SAVED_GAME: u32 = 1;
/// The type of what is bought: it belongs to all users.
pub const MARKETPLACE: u32 = 2;
/// Characters that a title may call an open package by.
const ROOT_LENGTH: usize = 31;

/// What a package is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageName {
    /// Whose it is; [`Xuid::NOBODY`]: every user's.
    pub owner: Xuid,
    /// The title that it is of.
    pub title: u32,
    /// What it is: 1 for a saved game.
    pub kind: u32,
    /// Its name among others; one that the disk's file system has.
    file: String,
}

impl PackageName {
    /// The package of this name; `None`: there can be none.
    pub fn new(owner: Xuid, title: u32, kind: u32, file: &str) -> Option<Self> {
        is_fatx_name(file).then(|| Self { owner, title, kind, file: file.to_owned() })
    }

    /// Its name among others.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether both name one package: case does not matter.
    pub fn is(&self, other: &Self) -> bool {
        (self.owner, self.title, self.kind) == (other.owner, other.title, other.kind)
            && self.file.eq_ignore_ascii_case(&other.file)
    }

    /// The directory of the packages that differ in nothing but the name.
    pub(super) fn directory(owner: Xuid, title: u32, kind: u32) -> Vec<String> {
        let ids = [format!("{:016X}", owner.0), format!("{title:08X}"), format!("{kind:08X}")];
        ["Content".to_owned()].into_iter().chain(ids).collect()
    }

    fn beside(&self, suffix: &str) -> Vec<String> {
        let mut path = Self::directory(self.owner, self.title, self.kind);
        path.push(format!("{}{suffix}", self.file));
        path
    }

    pub(super) fn header(&self) -> Vec<String> {
        self.beside(HEADER)
    }

    pub(super) fn thumbnail(&self) -> Vec<String> {
        self.beside("=thumbnail.png")
    }

    /// The directory of its files; 0 is that of a package without a header.
    pub fn files(&self, folder: u32) -> Vec<String> {
        if folder == 0 { self.beside("") } else { self.beside(&format!("={folder}")) }
    }
}

/// How a package's header is called, after the package.
pub(super) const HEADER: &str = "=header";

/// What a title calls an open package, without the colon that it may have; `None`: no such name is
/// allowed.
pub fn root_name(name: &str) -> Option<&str> {
    let name = name.strip_suffix(':').unwrap_or(name);
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    ((1..=ROOT_LENGTH).contains(&name.len()) && name.chars().all(is_fine)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_directory() {
        for file in [
            "", ".", "..", r"..\x", "../x", "a/b", r"a\b", "a:b", "a=header", "nul", "a\0b", "a\u{100}", " .",
        ] {
            assert_eq!(PackageName::new(Xuid(1), 2, 1, file), None, "{file:?}");
        }
        let name = PackageName::new(Xuid(0xE030_0000_0000_0001), 0x4D53_07D1, 1, "Save 1").unwrap();
        let joined = |path: Vec<String>| path.join("/");
        assert_eq!(joined(name.files(3)), "Content/E030000000000001/4D5307D1/00000001/Save 1=3");
        assert_eq!(joined(name.files(0)), "Content/E030000000000001/4D5307D1/00000001/Save 1");
        assert_eq!(joined(name.header()), "Content/E030000000000001/4D5307D1/00000001/Save 1=header");
        assert!(name.is(&PackageName { file: "SAVE 1".to_owned(), ..name.clone() }));
        assert!(!name.is(&PackageName { kind: 2, ..name.clone() }));
    }

    #[test]
    fn roots_are_short_and_plain() {
        for (name, root) in [("save", Some("save")), ("Save1:", Some("Save1")), ("", None), (":", None)] {
            assert_eq!(root_name(name), root, "{name}");
        }
        for name in ["..", "a\\b", "a:b", "a::", "\u{e9}", "a b", &"a".repeat(32)] {
            assert_eq!(root_name(name), None, "{name}");
        }
    }
}
