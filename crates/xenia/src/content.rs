//! Location of titles' saves and scratch disks.
//!
//! Repeatable runs must not depend on earlier runs, so in lockstep saves are only kept if a flag
//! names their folder. One process at a time uses a content folder ([`HeldContent`]): two runs
//! would each keep their own profiles and packages, and the last one's would remain.

pub mod volume;

use crate::config::{SaveConfig, ScratchConfig};
use crate::say::remark;
use crate::user_folders;
use anyhow::{Context, Result, bail};
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use xenia_kernel::content::ContentStore;
use xenia_kernel::ports::{ScratchPlace, Storage};
use xenia_kernel::user::profile::{Profile, Xuid};
use xenia_kernel::vfs::{HostFolder, lock_file};

/// Folder of profiles, saved games and titles' hard disks; `None`: they are kept in memory.
/// `repeats`: the run must be repeatable.
pub fn place(args: &SaveConfig, repeats: bool) -> Result<Option<PathBuf>> {
    Ok(match args {
        SaveConfig { content: Some(folder), .. } => Some(folder.clone()),
        SaveConfig { fresh: true, .. } => None,
        SaveConfig { portable: true, .. } => {
            let program =
                std::env::current_exe().context("--portable: cannot find the folder of the program")?;
            Some(program.with_file_name("content"))
        }
        _ if repeats => None,
        _ => user_folders::data().map(|data| data.join("content")),
    })
}

/// Whether saves are discarded although no flag asked for that.
fn discards_saves_silently(args: &SaveConfig, repeats: bool, folder: Option<&Path>) -> bool {
    folder.is_none() && !repeats && !args.fresh
}

/// Name of the lock file in a content folder.
const LOCK: &str = "in-use.lock";

/// Error of using a content folder that another process uses.
#[derive(Debug)]
pub struct ContentInUse(PathBuf);

impl Display for ContentInUse {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let folder = self.0.display();
        write!(
            f,
            "{folder} is in use by another run or an import: close that one, or give this run another \
             folder (--content DIR) or none (--fresh)"
        )
    }
}

impl Error for ContentInUse {}

/// Locks a content folder against other processes until the result is dropped. `None`: this process
/// is not permitted to create the lock file.
///
/// # Errors
/// Another process uses the folder ([`ContentInUse`]), or the lock file cannot be made.
pub fn lock(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(LOCK);
    match lock_file::try_lock(&path) {
        Ok(None) => Err(ContentInUse(folder.to_owned()).into()),
        // Titles may read the folder's contents.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            tracing::warn!("cannot lock {}, so other runs are not noticed: {error}", path.display());
            Ok(None)
        }
        result => result.with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// As [`lock`], but waits for the other process, with a message.
///
/// # Errors
/// The lock file cannot be made.
pub fn wait_for_lock(folder: &Path) -> Result<Option<File>> {
    match lock(folder) {
        Err(error) if error.is::<ContentInUse>() => {
            remark!("xenia-rs: waiting for the run or import that uses {}", folder.display());
            let path = folder.join(LOCK);
            let held = lock_file::lock(&path);
            held.map(Some).with_context(|| format!("cannot lock {}", path.display()))
        }
        result => result,
    }
}

/// The content folder of a run: no other process changes it until this is dropped.
#[derive(Debug)]
pub struct HeldContent {
    folder: Option<PathBuf>,
    _lock: Option<File>,
}

impl HeldContent {
    /// Finds the folder as [`place`], creates it if it is missing, and locks it. All machines of a
    /// run use the result, which must outlive them.
    ///
    /// # Errors
    /// The folder cannot be created, or another process uses it ([`ContentInUse`]).
    pub fn new(args: &SaveConfig, repeats: bool) -> Result<Self> {
        let folder = place(args, repeats)?;
        if discards_saves_silently(args, repeats, folder.as_deref()) {
            remark!(
                "xenia-rs: HOME is not set, so saves are discarded at the end; use --content DIR to keep them"
            );
        }
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot keep saves in {}", folder.display()))?;
        }
        let lock = folder.as_deref().map(lock).transpose()?.flatten();
        Ok(Self { folder, _lock: lock })
    }

    /// As [`new`](Self::new), for unattended runs: if another process uses the folder and no flag
    /// names it, saves are kept in memory, with a message that says so. Programs start many
    /// such runs at once.
    ///
    /// # Errors
    /// The folder cannot be created, or another process uses the one that a flag names.
    pub fn or_memory(args: &SaveConfig, repeats: bool) -> Result<Self> {
        match Self::new(args, repeats) {
            Err(error) if error.is::<ContentInUse>() && args.content.is_none() && !args.portable => {
                remark!(
                    "xenia-rs: another run uses the folder of saves, so this one's are discarded at its end; \
                     use --content DIR to keep them"
                );
                Ok(Self { folder: None, _lock: None })
            }
            result => result,
        }
    }

    /// The folder; `None`: saves are kept in memory.
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }
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

/// The profile with this name or id in a folder of saves. Without a folder, a run has one profile,
/// and the log reports it.
///
/// # Errors
/// The folder lacks the profile, or its profiles can't be read.
pub fn user_of(folder: Option<&Path>, named: &str) -> Result<Option<Xuid>> {
    let Some(folder) = folder else {
        tracing::warn!("--user {named}: this run has no folder of saves, so its user is Player 1");
        return Ok(None);
    };
    let cannot = || format!("cannot read the profiles in {}", folder.display());
    let store = ContentStore::new(Box::new(HostFolder::read_only(folder).with_context(cannot)?));
    let profiles = store.read_profiles().with_context(cannot)?;
    let id = |profile: &Profile| format!("{:016X}", profile.xuid.0);
    let is_meant = |profile: &&Profile| {
        profile.name().eq_ignore_ascii_case(named) || id(profile).eq_ignore_ascii_case(named)
    };
    if let Some(profile) = profiles.iter().find(is_meant) {
        return Ok(Some(profile.xuid));
    }
    let names = profiles.iter().map(|profile| format!("{} ({})", profile.name(), id(profile)));
    let names = names.collect::<Vec<_>>().join(", ");
    let others = if names.is_empty() { "no profile" } else { &names };
    bail!("--user {named}: there is no such profile: {} has {others}", folder.display())
}

/// The kernel's content port, with saves in a folder or in memory.
#[derive(Debug, Default)]
pub struct ContentFolder {
    /// The folder; `None` keeps saves in memory.
    pub folder: Option<PathBuf>,
    /// Location of scratch disks; `None` keeps them in memory.
    pub scratch: Option<ScratchPlace>,
    /// The first user's profile; `None`: the first one of the folder.
    pub first_user: Option<Xuid>,
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

    fn first_user(&self) -> Option<Xuid> {
        self.first_user
    }

    fn own_number(&self) -> Option<u64> {
        (self.folder.is_some() && !self.repeats).then(own_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn persistent_runs_get_distinct_console_numbers() {
        let number = |folder: Option<PathBuf>, repeats| {
            ContentFolder { folder, repeats, ..ContentFolder::default() }.own_number()
        };
        assert_eq!([number(None, false), number(None, true), number(Some("a".into()), true)], [None; 3]);
        let two = [0; 2].map(|_| number(Some("a".into()), false).unwrap());
        assert_ne!(two[0], two[1]);
    }

    #[test]
    fn a_profile_is_chosen_by_its_name_or_id() {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(Box::new(HostFolder::writable(folder.path(), Arc::default()).unwrap()));
        let xuids = [1, 2].map(|number| Xuid(0xE030_0000_0058_0000 + number));
        for (xuid, name) in xuids.into_iter().zip(["Kim", "Player 2"]) {
            store.save_profile(&Profile::new(xuid, name).unwrap()).unwrap();
        }
        for (named, xuid) in [("Kim", xuids[0]), ("player 2", xuids[1]), ("e030000000580002", xuids[1])] {
            assert_eq!(user_of(Some(folder.path()), named).unwrap(), Some(xuid), "{named}");
        }
        let error = user_of(Some(folder.path()), "Kin").unwrap_err().to_string();
        assert!(error.contains("Kim (E030000000580001), Player 2 (E030000000580002)"), "{error}");
        assert_eq!(user_of(None, "Kim").unwrap(), None);
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
        let fresh = SaveConfig { fresh: true, ..SaveConfig::default() };
        let folder = |args: &SaveConfig, repeats| Ok(HeldContent::new(args, repeats)?.folder());
        for repeats in [false, true] {
            assert_eq!(folder(&named, repeats).unwrap(), content);
            assert_eq!(folder(&fresh, repeats).unwrap(), None);
        }
        assert!(outer.path().join("a/b").is_dir());
        for (args, repeats, is_lost) in [
            (SaveConfig::default(), false, true),
            (SaveConfig::default(), true, false),
            (SaveConfig { fresh: true, ..SaveConfig::default() }, false, false),
        ] {
            assert_eq!(discards_saves_silently(&args, repeats, None), is_lost, "{args:?}");
        }
        assert_eq!(folder(&SaveConfig::default(), true).unwrap(), None);
        let file = outer.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refused: anyhow::Error =
            folder(&SaveConfig { content: Some(file), ..SaveConfig::default() }, false).unwrap_err();
        assert!(refused.to_string().contains("cannot keep saves in"), "{refused}");
    }

    #[test]
    fn one_run_at_a_time_uses_a_content_folder() {
        let outer = tempfile::tempdir().unwrap();
        let named = SaveConfig { content: Some(outer.path().into()), ..SaveConfig::default() };
        let first = HeldContent::new(&named, false).unwrap();
        for repeats in [false, true] {
            let refused = HeldContent::new(&named, repeats).unwrap_err();
            assert!(refused.is::<ContentInUse>());
            assert!(HeldContent::or_memory(&named, repeats).is_err(), "a flag names the folder");
            let text = refused.to_string();
            for part in [outer.path().to_str().unwrap(), "close", "--content DIR", "--fresh"] {
                assert!(text.contains(part), "{text}");
            }
        }
        let fresh = SaveConfig { fresh: true, ..SaveConfig::default() };
        assert_eq!(HeldContent::new(&fresh, false).unwrap().folder(), None);
        drop(first);
        // The lock file still exists.
        assert!(outer.path().join(LOCK).exists());
        drop(HeldContent::new(&named, false).unwrap());
        assert!(wait_for_lock(outer.path()).unwrap().is_some());
    }
}
