//! Decides which files and folders of a host may be titles, by their names and sizes.
//!
//! The library, `compat` and sweeps share it. Files whose names begin with a dot are not titles.
//! Packages have names without an extension, so the contents of such files decide ([`identify`]).
//!
//! [`identify`]: crate::identify

use crate::FORMATS;
use std::path::Path;

/// Name of the executable that starts a title; the other files in its folder belong to the title.
pub const DEFAULT_EXECUTABLE: &str = "default.xex";
/// Smallest file without an extension that may be a package, in bytes.
pub const MIN_PACKAGE_SIZE: u64 = 0x1000;
/// Extension of the folder with the parts of a Games on Demand package.
const PARTS: &str = "data";

/// Whether a file may be a title: one with an extension of [`FORMATS`], or a file of at least
/// [`MIN_PACKAGE_SIZE`] bytes without an extension.
pub fn is_title_candidate(path: &Path, bytes: u64) -> bool {
    let mut extensions = FORMATS.iter().flat_map(|format| format.extensions);
    !is_hidden(path)
        && match path.extension() {
            Some(extension) => extensions.any(|known| extension.eq_ignore_ascii_case(known)),
            None => path.file_name().is_some_and(|name| name.to_str().is_some()) && bytes >= MIN_PACKAGE_SIZE,
        }
}

/// Whether a folder may contain titles: neither a hidden one nor one with parts of a package.
pub fn may_hold_titles(folder: &Path) -> bool {
    !is_hidden(folder) && !folder.extension().is_some_and(|end| end.eq_ignore_ascii_case(PARTS))
}

/// Whether this is the executable that starts the title of its folder.
pub fn is_default_executable(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(DEFAULT_EXECUTABLE))
}

/// Whether the name of a file or folder begins with a dot. macOS adds such a file (`._NAME`) for
/// each other one when it copies to a drive without its attributes.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Opens;

    #[test]
    fn each_readable_format_has_an_extension_or_none_by_convention() {
        for format in FORMATS {
            let is_readable = !matches!(format.opens, Opens::Unread(_));
            // The header of a Games on Demand package has no extension; its parts are not titles.
            let has_extension = is_readable && !matches!(format.name, "svod" | "svod-data");
            assert_eq!(!format.extensions.is_empty(), has_extension, "{}", format.name);
        }
    }

    #[test]
    fn names_and_sizes_decide_which_files_may_be_titles() {
        for (name, bytes, expected) in [
            ("a.iso", 0, true),
            ("b.LIVE", 0, true),
            ("c.txt", MIN_PACKAGE_SIZE, false),
            (".d.xex", MIN_PACKAGE_SIZE, false),
            ("E0000B0B", MIN_PACKAGE_SIZE, true),
            ("E0000B0B", MIN_PACKAGE_SIZE - 1, false),
        ] {
            assert_eq!(is_title_candidate(Path::new(name), bytes), expected, "{name}");
        }
        assert!(is_default_executable(Path::new("game/Default.XEX")));
        assert!(may_hold_titles(Path::new("a/b")) && !may_hold_titles(Path::new("a/b.Data")));
        assert!(!may_hold_titles(Path::new("a/.b")));
    }
}
