//! The profiles in the folder of saves: listed, made, named and removed while no title runs.

use super::super::session::words;
use super::{ProfilePages, lock, text_of};
use crate::cli::ExecArgs;
use crate::commands::content::import::to_write;
use crate::commands::content::to_read;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::config::SaveConfig;
use xenia::content;
use xenia::wording::count;
use xenia_kernel::content::{ContentStore, SAVED_GAME};
use xenia_kernel::user::profile::{MAX_NAME_LENGTH, NAME_RULE, Profile, Xuid};
use xenia_render::{FrameSender, ProfileNews, ProfilesModel, StoredProfile};

/// Checks a name for a profile.
///
/// # Errors
/// A message: no title could show it.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let is_valid = Profile::new(Profile::made_for(0).xuid, name).is_some();
    is_valid.then_some(()).ok_or_else(|| format!("a name has up to {MAX_NAME_LENGTH} {NAME_RULE}"))
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

/// Adds to a message that the folder lacks the profile that `user` names, if it does.
pub(super) fn with_missing_user(text: String, folder: &Path, user: Option<&str>) -> String {
    if let Some(Err(error)) = user.map(|user| content::user_of(Some(folder), user)) {
        format!("{text}; titles are refused until `user` is changed: {}", text_of(&error))
    } else {
        text
    }
}

/// Folder of saves of a run with these settings; `None`: they are in memory.
pub(super) fn place(args: &ExecArgs) -> Result<Option<PathBuf>> {
    content::place(&SaveConfig::from(&args.engine.content), args.needs_lockstep())
}

/// As [`place`], but saves in memory are an error.
fn kept_place(args: &ExecArgs) -> Result<PathBuf> {
    place(args)?.context("profiles are in memory only")
}

impl ProfilePages {
    /// The settings of titles without settings of their own.
    fn common_args(&self) -> Result<ExecArgs> {
        crate::exec_args(words(&self.own, None))
    }

    /// Notes that the profiles are read from now on; returns the number of the reading.
    pub(super) fn note_listing(&self) -> u64 {
        let mut page = self.page.lock();
        page.listing += 1;
        page.listing
    }

    /// Reads the profiles, and shows them unless a later reading has begun.
    pub(super) fn show_profiles(&self, sender: &FrameSender) {
        let listing = self.note_listing();
        let model = profiles_model(self.common_args().and_then(|args| kept_place(&args)));
        let page = self.page.lock();
        if page.listing == listing {
            sender.profile(ProfileNews::Profiles(Arc::new(model)));
        }
    }

    /// Changes the profiles in the background, and shows them. A failed change is reported after
    /// the text `failure`.
    pub(super) fn change_profiles(
        &self,
        failure: &'static str,
        change: impl FnOnce(&ContentStore, &ExecArgs) -> Result<String> + Send + 'static,
    ) {
        self.write(move |this, sender| {
            let changed = this.common_args().and_then(|args| {
                let folder = kept_place(&args)?;
                let text = change_in(&folder, |store| change(store, &args))?;
                Ok(with_missing_user(text, &folder, args.engine.content.user.as_deref()))
            });
            sender.message(changed.unwrap_or_else(|error| format!("{failure}: {}", text_of(&error))));
            this.show_profiles(sender);
        });
    }
}
