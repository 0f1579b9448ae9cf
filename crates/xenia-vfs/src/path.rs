//! Guest paths: splitting at backslashes, and validation of names.
//! Paths are untrusted guest input. Devices only receive names that [`device_names`] accepts: no
//! separators, no `.` or `..`, and no name with a special meaning on a host.

use super::VfsError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ffi::OsStr;
use xenia_formats::volume::MAX_NAME_LENGTH;
use xenia_guest::code_page;
use xenia_host::file;

/// Largest number of names in a path.
pub(super) const MAX_NAMES: usize = 64;
/// Directories of the object namespace that contain DOS devices and can precede the name of any
/// link.
pub const NAMESPACES: [&str; 3] = ["??", "DosDevices", "System??"];
/// Longest name on a FATX disk, in characters.
pub const MAX_FATX_NAME: usize = 42;

/// The text of a name on the host; `None` if it is not Unicode where all names should be.
pub(super) fn text_of(name: &OsStr) -> Option<Cow<'_, str>> {
    let text = name.to_str().map(Cow::Borrowed);
    text.or_else(|| Some(Cow::Owned(code_page::decode(file::name_bytes(name)?))))
}

/// Splits a path into names. Both slashes separate; empty names and `.` are ignored; a drive's
/// colon ends a name (`d:file` is `d:`, `file`); a leading `\??` is dropped. `..` is kept, because
/// its meaning depends on the device.
pub fn split(path: &str) -> Result<Vec<String>, VfsError> {
    let mut names: Vec<String> = Vec::new();
    for part in path.split(['\\', '/']).filter(|part| !part.is_empty() && *part != ".") {
        if names.len() >= MAX_NAMES || part.chars().count() > MAX_NAME_LENGTH {
            return Err(VfsError::InvalidName);
        }
        if names.is_empty()
            && let Some(colon) = part.find(':')
            && colon + 1 < part.len()
        {
            names.push(part[..=colon].to_owned());
            names.push(part[colon + 1..].to_owned());
        } else {
            names.push(part.to_owned());
        }
        if names.len() == 1 && NAMESPACES.iter().any(|namespace| names[0].eq_ignore_ascii_case(namespace)) {
            names.clear();
        }
    }
    Ok(names)
}

/// Resolves the rest of a path to names below a device's root. `..` cannot go above the root.
pub fn device_names(rest: &[String]) -> Result<Vec<String>, VfsError> {
    let mut names: Vec<String> = Vec::new();
    for name in rest {
        if name == ".." {
            names.pop().ok_or(VfsError::InvalidName)?;
        } else if is_valid(name) {
            names.push(name.clone());
        } else {
            return Err(VfsError::InvalidName);
        }
    }
    Ok(names)
}

/// Whether the name is valid on FATX, the file system of the disks that titles write to. Bytes
/// beyond ASCII, which are one character each here ([`code_page`]), are all valid. Files with other
/// names, put there by the user, can still be read.
pub fn is_fatx_name(name: &str) -> bool {
    let is_byte = |c: char| code_page::byte(c).is_some_and(|byte| matches!(byte, b' '..=b'~' | 0x80..));
    let forbidden = |c: char| !is_byte(c) || r#""*+,/:;<=>?\|"#.contains(c);
    name.chars().count() <= MAX_FATX_NAME && is_valid(name) && !name.contains(forbidden)
}

/// Whether the name is valid on all devices.
pub fn is_valid(name: &str) -> bool {
    let forbidden =
        |c: char| c.is_ascii_control() || matches!(c, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    !name.is_empty()
        && name.chars().count() <= MAX_NAME_LENGTH
        && !name.contains(forbidden)
        // Windows drops these at the end of a name, which would then be another file's.
        && !name.ends_with(['.', ' '])
}

/// Whether these can be the names of a resolved path.
pub(crate) fn is_path(names: &[String]) -> bool {
    names.iter().all(|name| is_valid(name))
}

/// Whether `path` starts with the names of `prefix`; case-insensitive.
pub fn starts_with(path: &[String], prefix: &[String]) -> bool {
    path.len() >= prefix.len() && path.iter().zip(prefix).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// A search pattern: `*` matches any characters, `?` any one character; case-insensitive. `*.*` and
/// an empty pattern match every name, as on NT. As on the console, `*` is last or precedes a dot: a
/// title that searches for `*_X3.rkv` never ends if it finds such files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(Vec<char>);

impl Pattern {
    /// Parses a pattern. Its length is bounded like a name's, because it is compared with every
    /// name of a directory.
    pub fn new(pattern: &str) -> Result<Self, VfsError> {
        let all = if matches!(pattern, "" | "*.*") { "*" } else { pattern };
        let parsed = Self(in_lower_case(all));
        if parsed.is_valid() { Ok(parsed) } else { Err(VfsError::InvalidName) }
    }

    /// Whether a pattern, which may come from a saved state, obeys the rules of [`Self::new`].
    pub fn is_valid(&self) -> bool {
        let is_refused = |pair: &[char]| pair[0] == '*' && pair[1] != '.';
        self.0.len() <= MAX_NAME_LENGTH && !self.0.windows(2).any(is_refused)
    }

    /// The only name that matches, in lower case; `None` if there are wildcards.
    pub fn name(&self) -> Option<String> {
        let has_wildcards = self.0.iter().any(|c| matches!(c, '*' | '?'));
        (!has_wildcards).then(|| self.0.iter().collect())
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.0, &in_lower_case(name))
    }
}

fn in_lower_case(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_ascii_lowercase()).collect()
}

fn matches(pattern: &[char], name: &[char]) -> bool {
    let mut p = 0;
    let mut n = 0;
    // Backtracking position after the last star.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                retry = Some((p, n));
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut retry {
                Some((star, at)) => {
                    *at += 1;
                    p = *star;
                    n = *at;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_split_at_slashes_and_drives() {
        for (path, names) in [
            (r"game:\Media\a.xpr", &["game:", "Media", "a.xpr"][..]),
            (r"\??\D:\x", &["D:", "x"]),
            (r"\??\d:", &["d:"]),
            ("d:x/y", &["d:", "x", "y"]),
            (r"\Device\Cdrom0\.\\x\", &["Device", "Cdrom0", "x"]),
            (r"\System??\game:\..\x", &["game:", "..", "x"]),
            ("", &[]),
        ] {
            assert_eq!(split(path).unwrap(), names, "{path}");
        }
        assert_eq!(split(&r"\a".repeat(64)).unwrap().len(), 64);
        assert_eq!(split(&r"\a".repeat(65)), Err(VfsError::InvalidName));
        let longest = "a".repeat(255);
        assert_eq!(split(&longest).unwrap(), std::slice::from_ref(&longest));
        assert!(is_valid(&longest) && !is_valid(&"a".repeat(256)));
        assert_eq!(split(&"a".repeat(256)), Err(VfsError::InvalidName));
    }

    #[test]
    fn parent_components_cannot_leave_the_root() {
        let names = |path: &str| device_names(&split(path).unwrap());
        assert_eq!(names(r"a\..\b").unwrap(), ["b"]);
        for path in [r"..", r"a\..\..", r"a\..\..\a\b", r"a\b\..\..\..\c"] {
            assert_eq!(names(path), Err(VfsError::InvalidName), "{path}");
        }
    }

    #[test]
    fn names_that_hosts_misunderstand_are_refused() {
        for name in ["a:b", "a*", "a?", "a|", "a<", "a\"", "a.", "a ", "a\0", "a\n", "..", ".", ""] {
            assert!(!is_valid(name), "{name:?}");
        }
        // Names of devices are stored under other names.
        for name in ["con", "aux .x", "a b.c", "a.b.c", ".hidden", "\u{e9}t\u{e9}"] {
            assert!(is_valid(name) && is_fatx_name(name), "{name:?}");
        }
    }

    #[test]
    fn patterns_match_as_on_nt() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*.*", "a", true),
            ("", "a", true),
            ("*.XPR", "a.xpr", true),
            ("*.xpr", "a.xpr.bak", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*.b*", "axx.c.byy", true),
            ("a*.b*", "axx.cbyy", false),
            ("a*", "abc", true),
            ("*.*.c", "a.b.c.c", true),
            ("abc", "ABC", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        for refused in ["*_X3.rkv", "m*_X3.rkv", "**", "*?", "a*b", "*.*b", "*a*", "*a.*"] {
            assert_eq!(Pattern::new(refused).err(), Some(VfsError::InvalidName), "{refused}");
        }
        assert!(Pattern::new(&"?".repeat(MAX_NAME_LENGTH)).is_ok());
        assert_eq!(Pattern::new(&"?".repeat(MAX_NAME_LENGTH + 1)).err(), Some(VfsError::InvalidName));
        for damaged in [vec!['*', 'a'], vec!['?'; MAX_NAME_LENGTH + 1]] {
            assert!(!Pattern(damaged).is_valid(), "of a saved state");
        }
    }

    proptest! {
        #[test]
        fn random_device_paths_stay_below_the_root(path in "[a.\\\\/:? *]{0,40}") {
            if let Ok(names) = split(&path).and_then(|names| device_names(&names)) {
                for name in names {
                    prop_assert!(is_valid(&name) && name != ".." && !name.contains(['/', '\\']));
                }
            }
        }

        #[test]
        fn a_star_matches_everything(name in ".{0,20}", pattern in "([a.?]|\\*\\.){0,12}\\*?") {
            prop_assert!(Pattern::new("*").unwrap().matches(&name));
            let _ = Pattern::new(&pattern).unwrap().matches(&name);
        }
    }
}
