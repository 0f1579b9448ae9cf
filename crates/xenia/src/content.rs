//! Location of titles' saves and scratch disks.
//!
//! Repeatable runs must not depend on earlier runs, so in lockstep saves are only kept if a flag
//! names their folder.

pub mod volume;

use crate::config::{SaveConfig, ScratchConfig};
use crate::say::remark;
use crate::user_folders;
use anyhow::{Context, Result};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use xenia_kernel::ports::{ScratchPlace, Storage};

/// Folder of profiles, saved games and titles' hard disks; `None`: they are kept in memory.
/// `repeats`: the run must be repeatable.
pub fn place(args: &SaveConfig, repeats: bool) -> Result<Option<PathBuf>> {
    Ok(match args {
        SaveConfig { content: Some(folder), .. } => Some(folder.clone()),
        SaveConfig { fresh: true, .. } => None,
        SaveConfig { portable: true, .. } => {
            let program = std::env::current_exe().context("--portable: where the program is")?;
            Some(program.with_file_name("content"))
        }
        _ if repeats => None,
        _ => user_folders::data().map(|data| data.join("content")),
    })
}

/// Whether saves are discarded although no flag asked for that.
fn is_lost_unasked(args: &SaveConfig, repeats: bool, folder: Option<&Path>) -> bool {
    folder.is_none() && !repeats && !args.fresh
}

/// As [`place`], but creates the folder if it is missing.
pub fn folder(args: &SaveConfig, repeats: bool) -> Result<Option<PathBuf>> {
    let folder = place(args, repeats)?;
    if is_lost_unasked(args, repeats, folder.as_deref()) {
        remark!(
            "xenia-rs: HOME is not set, so saves are discarded at the end; use --content DIR to keep them"
        );
    }
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot keep saves in {}", folder.display()))?;
    }
    Ok(folder)
}

/// Name of the folder of scratch disks in a folder of saves that a flag names.
const SCRATCH: &str = "Scratch";

/// Folder of titles' scratch disks; `None`: they are in memory. They are with the saves where a
/// flag names those, else in the user's cache folder. `repeats`: the run must be repeatable.
pub fn scratch_folder(args: &ScratchConfig, saves: &SaveConfig, repeats: bool) -> Result<Option<PathBuf>> {
    Ok(match args.folder.as_deref() {
        Some(named) if named.as_os_str() == "off" => None,
        Some(named) => Some(named.to_owned()),
        None if saves.content.is_some() || saves.portable => {
            place(saves, repeats)?.map(|content| content.join(SCRATCH))
        }
        None if saves.fresh || repeats => None,
        None => user_folders::cache().map(|cache| cache.join("scratch")),
    })
}

/// Location and size of titles' scratch disks, as [`scratch_folder`].
pub fn scratch(args: &ScratchConfig, saves: &SaveConfig, repeats: bool) -> Result<Option<ScratchPlace>> {
    let folder = scratch_folder(args, saves, repeats)?;
    Ok(folder.map(|folder| ScratchPlace { folder, bytes: args.mebibytes << 20 }))
}

/// A random console number, unlikely to equal another console's.
pub fn own_number() -> u64 {
    // RandomState takes its keys from the host's random number generator.
    RandomState::new().hash_one(0)
}

/// The kernel's content port, with saves in a folder or in memory.
#[derive(Debug, Default)]
pub struct ContentFolder {
    /// The folder; `None` keeps saves in memory.
    pub folder: Option<PathBuf>,
    /// Location of scratch disks; `None` keeps them in memory.
    pub scratch: Option<ScratchPlace>,
    /// Whether the run must be repeatable from any empty folder.
    pub repeats: bool,
}

impl Storage for ContentFolder {
    fn content(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    fn scratch(&self) -> Option<ScratchPlace> {
        self.scratch.clone()
    }

    fn own_number(&self) -> Option<u64> {
        (self.folder.is_some() && !self.repeats).then(own_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persistent_runs_get_distinct_console_numbers() {
        let number =
            |folder: Option<PathBuf>, repeats| ContentFolder { folder, repeats, scratch: None }.own_number();
        assert_eq!([number(None, false), number(None, true), number(Some("a".into()), true)], [None; 3]);
        let two = [0; 2].map(|_| number(Some("a".into()), false).unwrap());
        assert_ne!(two[0], two[1]);
    }

    #[test]
    fn scratch_disks_are_kept_where_saves_are_kept() {
        let [plain, fresh] = [false, true].map(|fresh| SaveConfig { fresh, ..SaveConfig::default() });
        let named = SaveConfig { content: Some("saves".into()), ..SaveConfig::default() };
        let flag = |flag: Option<&str>| ScratchConfig { folder: flag.map(Into::into), mebibytes: 1 };
        for (scratch, saves, repeats, expected) in [
            (None, &plain, true, None),
            (None, &fresh, false, None),
            (None, &named, true, Some("saves/Scratch")),
            (Some("off"), &named, false, None),
            (Some("disks"), &named, true, Some("disks")),
            (Some("disks"), &fresh, true, Some("disks")),
        ] {
            let found = super::scratch(&flag(scratch), saves, repeats).unwrap();
            let expected = expected.map(|folder| ScratchPlace { folder: folder.into(), bytes: 1 << 20 });
            assert_eq!(found, expected, "{scratch:?} {saves:?} {repeats}");
        }
    }

    #[test]
    fn repeatable_runs_keep_no_saves_without_a_content_folder() {
        let outer = tempfile::tempdir().unwrap();
        let content = Some(outer.path().join("a/b"));
        let named = SaveConfig { content: content.clone(), ..SaveConfig::default() };
        for repeats in [false, true] {
            assert_eq!(folder(&named, repeats).unwrap(), content);
            assert_eq!(folder(&SaveConfig { fresh: true, ..SaveConfig::default() }, repeats).unwrap(), None);
        }
        assert!(outer.path().join("a/b").is_dir());
        for (args, repeats, is_lost) in [
            (SaveConfig::default(), false, true),
            (SaveConfig::default(), true, false),
            (SaveConfig { fresh: true, ..SaveConfig::default() }, false, false),
        ] {
            assert_eq!(is_lost_unasked(&args, repeats, None), is_lost, "{args:?}");
        }
        assert_eq!(folder(&SaveConfig::default(), true).unwrap(), None);
        let file = outer.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refused =
            folder(&SaveConfig { content: Some(file), ..SaveConfig::default() }, false).unwrap_err();
        assert!(refused.to_string().contains("cannot keep saves in"), "{refused}");
    }
}
