//! Paths that the title failed to open, for reports on the host, never for the guest. A title with
//! incomplete files usually crashes later, at an unrelated address.

use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, check};

/// Number of paths kept.
const MAX_PATHS: usize = 64;
/// Number of characters kept of a path.
const LENGTH: usize = 256;

/// A path that an open did not find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingFile {
    /// Path as given by the guest.
    pub path: String,
    /// Number of attempts to open it.
    pub count: u64,
}

/// The latest paths that opens did not find, in the order of the last attempt of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingFiles(Vec<MissingFile>);

impl MissingFiles {
    /// Checks what a saved state has.
    pub(super) fn check(&self) -> Result<(), Impossible> {
        let is_possible =
            |file: &MissingFile| file.path.chars().count() <= LENGTH && file.count <= u64::MAX / 2;
        let is_right = self.0.len() <= MAX_PATHS && self.0.iter().all(is_possible);
        check(is_right, "the list of missing files or a path in it is too long, or a count too high")
    }

    /// Records that an open did not find `path`.
    pub fn note(&mut self, path: &str) {
        let path: String = path.chars().take(LENGTH).collect();
        if let Some(known) = self.0.iter().position(|file| file.path.eq_ignore_ascii_case(&path)) {
            self.0[known].count += 1;
            self.0[known..].rotate_left(1);
        } else {
            if self.0.len() == MAX_PATHS {
                self.0.remove(0);
            }
            self.0.push(MissingFile { path, count: 1 });
        }
    }

    /// All recorded paths.
    pub fn list(&self) -> &[MissingFile] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_once_without_case_and_not_for_ever() {
        let mut missing = MissingFiles::default();
        for path in ["game:\\a", "game:\\b", "GAME:\\A"] {
            missing.note(path);
        }
        let counts: Vec<_> = missing.list().iter().map(|file| (file.path.as_str(), file.count)).collect();
        assert_eq!(counts, [("game:\\b", 1), ("game:\\a", 2)]);
        for number in 0..1000 {
            missing.note(&format!("{number}{}", "x".repeat(1000)));
        }
        assert_eq!(missing.list().len(), MAX_PATHS);
        assert!(missing.list().last().unwrap().path.starts_with("999"), "what came last is often the cause");
        assert!(missing.list().iter().all(|file| file.path.len() <= LENGTH));
    }
}
