//! Whether runs have a user, according to a settings file of which other parts may be faulty.

use super::{DEFAULT_COMMAND, default_file};
use std::path::Path;
use toml_edit::{DocumentMut, Item};

/// Whether the settings of all titles say that runs have no user, no window, or a limit. `named` is
/// the file from the command line.
pub fn is_unattended(named: Option<&Path>) -> bool {
    let path = named.map(Path::to_owned).or_else(|| default_file().filter(|path| path.is_file()));
    let text = path.and_then(|path| xenia::source::text(&path).ok()).unwrap_or_default();
    let Ok(document) = text.parse::<DocumentMut>() else { return false };
    let exec = document.get(DEFAULT_COMMAND).and_then(Item::as_table_like);
    let value = |key: &'static str| exec.and_then(|exec| exec.get(key));
    let is_on = |key| value(key).and_then(Item::as_bool) == Some(true);
    let is_set = |key| value(key).is_some();
    is_on("batch") || is_on("headless") || ["frames", "instructions", "timeout"].into_iter().any(is_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_file_says_that_runs_are_unattended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let says = |text: &str| {
            std::fs::write(&file, text).unwrap();
            is_unattended(Some(&file))
        };
        for key in ["batch", "headless"] {
            assert!(says(&format!("[exec]\n{key} = true\nfoo = 1\n")), "{key}");
            assert!(!says(&format!("[exec]\n{key} = false\nfoo = 1\n")), "{key}");
        }
        for key in ["frames", "instructions", "timeout"] {
            assert!(says(&format!("[exec]\n{key} = 60\nfoo = 1\n")), "{key}");
        }
        assert!(!says("[exec\n"));
    }
}
