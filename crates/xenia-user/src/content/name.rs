//! Package names, which guests choose, and their directories on the disk. Invariant: a file name is
//! valid on the console's disk, so no name leads out of the store.

use crate::profile::Xuid;
use xenia_vfs::is_fatx_name;

/// Content type of saved games; each belongs to one profile.
pub const SAVED_GAME: u32 = 1;
/// Content type of marketplace downloads; they belong to all users.
pub const MARKETPLACE: u32 = 2;
/// Longest root name of an open package, in characters.
const MAX_ROOT_LENGTH: usize = 31;

/// Key of a package: owner, title, type and file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageName {
    /// Owner; [`Xuid::NOBODY`] for packages that all users share.
    pub owner: Xuid,
    /// ID of the title it belongs to.
    pub title: u32,
    /// Content type; 1 is a saved game.
    pub kind: u32,
    /// File name, valid on the disk's file system.
    file: String,
    /// Whether it is on the title's disc, not on the hard disk.
    pub is_on_disc: bool,
}

impl PackageName {
    /// A package name; `None` if the file name is invalid.
    pub fn new(owner: Xuid, title: u32, kind: u32, file: &str) -> Option<Self> {
        let file = file.to_owned();
        is_fatx_name(&file).then_some(Self { owner, title, kind, file, is_on_disc: false })
    }

    /// The package of this name on the title's disc, whose packages belong to all users.
    pub fn on_disc(&self) -> Self {
        Self { owner: Xuid::NOBODY, is_on_disc: true, ..self.clone() }
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether both name the same package; case-insensitive.
    pub fn is(&self, other: &Self) -> bool {
        (self.owner, self.title, self.kind) == (other.owner, other.title, other.kind)
            && self.is_on_disc == other.is_on_disc
            && self.file.eq_ignore_ascii_case(&other.file)
    }

    /// The directory of all packages with this owner, title and type.
    pub(super) fn directory(owner: Xuid, title: u32, kind: u32) -> Vec<String> {
        let mut path = Self::titles_directory(owner);
        path.extend([format!("{title:08X}"), format!("{kind:08X}")]);
        path
    }

    /// The directory of a title's downloads.
    pub fn downloads(title: u32) -> Vec<String> {
        Self::directory(Xuid::NOBODY, title, MARKETPLACE)
    }

    /// The directory of all titles with packages of this owner.
    pub(super) fn titles_directory(owner: Xuid) -> Vec<String> {
        vec!["Content".to_owned(), format!("{:016X}", owner.0)]
    }

    fn beside(&self, suffix: &str) -> Vec<String> {
        let mut path = Self::directory(self.owner, self.title, self.kind);
        path.push(format!("{}{suffix}", self.file));
        path
    }

    pub fn header(&self) -> Vec<String> {
        self.beside(HEADER)
    }

    pub(super) fn thumbnail(&self) -> Vec<String> {
        self.beside("=thumbnail.png")
    }

    /// The directory of its files; folder 0 belongs to packages without a header.
    pub fn files(&self, folder: u32) -> Vec<String> {
        if folder == 0 { self.beside("") } else { self.beside(&format!("={folder}")) }
    }
}

/// Suffix of a package's header file.
const HEADER: &str = "=header";

/// The root name of an open package without a trailing colon; `None` if the name is not allowed.
pub fn root_name(name: &str) -> Option<&str> {
    let name = name.strip_suffix(':').unwrap_or(name);
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    ((1..=MAX_ROOT_LENGTH).contains(&name.len()) && name.chars().all(is_fine)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_directory() {
        for file in
            ["", ".", "..", r"..\x", "../x", "a/b", r"a\b", "a:b", "a=header", "a\0b", "a\u{100}", " ."]
        {
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
