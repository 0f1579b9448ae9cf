//! The profiles in the folder of saves: listed, made, named and removed while no title runs.

use super::super::session::words;
use super::{ProfilePages, lock, text_of};
use crate::commands::content::import::to_write;
use crate::commands::content::to_read;
use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::config::SaveConfig;
use xenia::content;
use xenia::wording::count;
use xenia_kernel::content::{ContentStore, SAVED_GAME};
use xenia_kernel::user::profile::{MAX_NAME_LENGTH, Profile, Xuid};
use xenia_render::{FrameSender, ProfileNews, ProfilesModel, StoredProfile};

/// Checks a name for a profile.
///
/// # Errors
/// A message: no title could show it.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let is_valid = Profile::new(Profile::made_for(0).xuid, name).is_some();
    let rule = "letters (A to Z), digits and spaces, with a letter first and no space last";
    is_valid.then_some(()).ok_or_else(|| format!("a name has up to {MAX_NAME_LENGTH} {rule}"))
}

/// The profiles in a folder of saves.
pub(super) fn profiles_model(folder: Result<PathBuf>) -> ProfilesModel {
    let read = |folder: PathBuf| -> Result<Vec<StoredProfile>> {
        if !folder.is_dir() {
            // No title has saved anything yet.
            return Ok(Vec::new());
        }
        stored_profiles(&to_read(&folder)?)
    };
    match folder.and_then(read) {
        Ok(profiles) => ProfilesModel { profiles, failure: None },
        Err(error) => ProfilesModel { profiles: Vec::new(), failure: Some(text_of(&error)) },
    }
}

fn stored_profiles(store: &ContentStore) -> Result<Vec<StoredProfile>> {
    let packages = store.every_found_package().context("cannot read the folder of saves")?;
    let saves_of = |xuid: Xuid| {
        packages
            .iter()
            .filter(|package| package.name.owner == xuid && package.name.kind == SAVED_GAME)
            .count()
    };
    let stored = |profile: &Profile| StoredProfile {
        xuid: profile.xuid.0,
        name: profile.name().to_owned(),
        details: format!("{} G, {}", profile.gamerscore(), count(saves_of(profile.xuid), "saved game")),
    };
    Ok(store.read_profiles().context("cannot read the profiles")?.iter().map(stored).collect())
}

/// Changes the profiles in a folder of saves, which no run uses meanwhile. Returns a message.
pub(super) fn change_in(
    folder: &Path,
    change: impl FnOnce(&ContentStore) -> Result<String>,
) -> Result<String> {
    let store = to_write(folder)?;
    let _lock = lock(folder)?;
    change(&store)
}

impl ProfilePages {
    /// The folder of saves of titles without settings of their own.
    fn common_place(&self) -> Result<PathBuf> {
        let args = crate::exec_args(words(&self.own, None))?;
        let folder = content::place(&SaveConfig::from(&args.engine.content), args.needs_lockstep())?;
        folder.ok_or_else(|| anyhow!("profiles are in memory only"))
    }

    /// Notes that the profiles are read from now on; returns the number of the reading.
    pub(super) fn note_listing(&self) -> u64 {
        let mut shown = self.shown.lock();
        shown.listing += 1;
        shown.listing
    }

    /// Reads the profiles, and shows them unless a later reading has begun.
    pub(super) fn show_profiles(&self, sender: &FrameSender) {
        let listing = self.note_listing();
        let model = profiles_model(self.common_place());
        let shown = self.shown.lock();
        if shown.listing == listing {
            sender.profile(ProfileNews::Profiles(Arc::new(model)));
        }
    }

    /// Changes the profiles in the background, and shows them. A failure is reported after `not`.
    pub(super) fn change_profiles(
        &self,
        not: &'static str,
        change: impl FnOnce(&ContentStore) -> Result<String> + Send + 'static,
    ) {
        self.write(move |this, sender| {
            let changed = this.common_place().and_then(|folder| change_in(&folder, change));
            sender.message(changed.unwrap_or_else(|error| format!("{not}: {}", text_of(&error))));
            this.show_profiles(sender);
        });
    }
}
