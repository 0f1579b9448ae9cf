//! Imports for a page of saves. The profile is the one that was shown at the request, also if the
//! user is asked about an existing package later.

use super::{ProfilePages, choice, import_text, take_in};
use crate::commands::content::import::PackageExists;
use std::path::Path;
use xenia::user_folders;
use xenia_kernel::user::profile::Xuid;
use xenia_render::{DataOwner, ProfileNews};

/// The title and the profile of an import.
#[derive(Clone, Debug)]
pub(super) struct PageImport {
    pub(super) of: DataOwner,
    /// `None`: the title's user, or the first profile.
    pub(super) xuid: Option<Xuid>,
}

impl ProfilePages {
    /// The title and the profile that this file is imported for.
    pub(super) fn asked(&self, path: &Path, replaces: bool) -> PageImport {
        let mut page = self.page.lock();
        // The page may show another profile since the question was asked.
        let asked = if replaces { page.conflicts.remove(path) } else { None };
        asked.unwrap_or_else(|| PageImport { of: page.of.clone(), xuid: page.xuid })
    }

    /// Imports a package for the title and the profile that are shown.
    pub(super) fn import_shown(&self, path: &Path, replaces: bool) {
        let path = user_folders::typed(path);
        let PageImport { of, mut xuid } = self.asked(&path, replaces);
        self.write(move |this, sender| {
            let imported = this.change(&of, |store, subject| {
                // An id that is gone is an error, as of `content import`.
                if xuid.is_none() {
                    xuid = choice(store, subject.user)?.1;
                }
                take_in(store, &path, Some(subject.id), xuid, replaces)
            });
            match imported {
                Err(error) if error.is::<PackageExists>() => {
                    this.page.lock().conflicts.insert(path.clone(), PageImport { of, xuid });
                    sender.profile(ProfileNews::Conflict(path));
                }
                imported => {
                    sender.message(import_text(&path, &imported));
                    this.read_again(sender);
                }
            }
        });
    }
}
