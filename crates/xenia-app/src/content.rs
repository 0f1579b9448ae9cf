//! Where titles' saves are kept.
//!
//! What repeats must not depend on what a run before has left: in lockstep nothing is kept unless somebody says where.

pub mod volume;

use crate::cli::ContentArgs;
use crate::title::data_folder;
use anyhow::{Context, Result};
use std::path::PathBuf;
use xenia_kernel::ports::Storage;

/// The folder of profiles, saved games and titles' disks; `None`: they are in memory. `repeats` says whether the run is to be the
/// same each time.
pub fn place(args: &ContentArgs, repeats: bool) -> Result<Option<PathBuf>> {
    Ok(match args {
        ContentArgs { content: Some(folder), .. } => Some(folder.clone()),
        ContentArgs { fresh: true, .. } => None,
        ContentArgs { portable: true, .. } => {
            let program = std::env::current_exe().context("--portable: where the program is")?;
            Some(program.with_file_name("content"))
        }
        _ if repeats => None,
        _ => data_folder().map(|data| data.join("content")),
    })
}

/// The same, which is made if it is missing.
pub fn folder(args: &ContentArgs, repeats: bool) -> Result<Option<PathBuf>> {
    let folder = place(args, repeats)?;
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot keep saves in {}", folder.display()))?;
    }
    Ok(folder)
}

/// The port of a machine whose saves are kept in this folder, if they are.
#[derive(Debug, Default)]
pub struct ContentFolder(pub Option<PathBuf>);

impl Storage for ContentFolder {
    fn content(&self) -> Option<PathBuf> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_keeps_nothing_unless_it_is_told_where() {
        let outer = tempfile::tempdir().unwrap();
        let content = Some(outer.path().join("a/b"));
        let named = ContentArgs { content: content.clone(), ..ContentArgs::default() };
        for repeats in [false, true] {
            assert_eq!(folder(&named, repeats).unwrap(), content);
            assert_eq!(
                folder(&ContentArgs { fresh: true, ..ContentArgs::default() }, repeats).unwrap(),
                None
            );
        }
        assert!(outer.path().join("a/b").is_dir());
        assert_eq!(folder(&ContentArgs::default(), true).unwrap(), None);
        let file = outer.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refused =
            folder(&ContentArgs { content: Some(file), ..ContentArgs::default() }, false).unwrap_err();
        assert!(refused.to_string().contains("cannot keep saves in"), "{refused}");
    }
}
