//! A user's databases (GPD) and pictures, with the data that the running title brings: the part of
//! the kernel that they need.

use crate::files::{Files, win32_error};
use crate::loader::Modules;
use std::sync::Arc;
use xenia_formats::gpd::Gpd;
use xenia_guest::{USERS, Win32Error};
use xenia_sync::Mutex;
use xenia_user::profile::Profiles;
use xenia_user::profile_settings::{SettingId, Value};
use xenia_user::xconfig::{Locale, XConfig};

/// Achievements, played titles and pictures of users.
#[derive(Clone, Copy)]
pub struct GamerData<'k> {
    /// Modules, the first of which has the running title's database.
    pub(crate) modules: &'k Mutex<Modules>,
    /// Files, with the store of profiles.
    pub(crate) files: &'k Mutex<Files>,
    /// Profiles that are signed in.
    pub(crate) profiles: &'k Mutex<Profiles>,
    /// Settings of the console, which can name a language.
    pub(crate) xconfig: &'k Mutex<XConfig>,
    /// The language otherwise.
    pub(crate) locale: &'k Locale,
}

impl GamerData<'_> {
    /// Returns the running title's ID; 0 if it has none.
    pub(super) fn title_id(&self) -> u32 {
        self.modules.lock().title_id()
    }

    /// Returns the running title's database (SPA); empty if it has none.
    pub(super) fn database(&self) -> Arc<[u8]> {
        self.modules.lock().title().map(|title| title.database.clone()).unwrap_or_default()
    }

    /// Returns the console's language.
    pub(super) fn language(&self) -> u64 {
        self.xconfig.lock().language(self.locale).into()
    }

    /// Reads the GPD of a title from the profile of the user at this place.
    pub(super) fn gpd_of(&self, user: u32, title: u32) -> Result<Gpd, Win32Error> {
        let files = self.files.lock();
        let xuid = self.profiles.lock().xuid_at(user);
        files.packages.store.gpd(xuid.ok_or(Win32Error::NO_SUCH_USER)?, title).map_err(win32_error)
    }
}

impl<'k> GamerData<'k> {
    /// Returns the settings of users, as this title reads them.
    pub fn settings_of(self, title: u32) -> TitleSettings<'k> {
        TitleSettings { data: self, title, databases: <_>::default() }
    }
}

/// Settings of users, as a title reads them. A user's database is read at most once.
pub struct TitleSettings<'k> {
    data: GamerData<'k>,
    title: u32,
    /// The databases of the title that were needed, by the users' places.
    databases: [Option<Gpd>; USERS as usize],
}

impl TitleSettings<'_> {
    /// Returns a setting of the user at this place. The title's own options are those of the user's
    /// GPD, unless it has stored others in this run.
    pub fn get(&mut self, user: u32, id: SettingId) -> Option<Value> {
        let Self { data, title, databases } = self;
        let set = data.profiles.lock().get(user).and_then(|profile| profile.setting(*title, id).cloned());
        if set.is_some() || !id.may_be_set_by_titles() {
            return set;
        }
        let database = databases.get_mut(user as usize)?;
        let database = database.get_or_insert_with(|| {
            data.gpd_of(user, *title).unwrap_or_else(|error| {
                tracing::warn!(target: "vfs", "the options in the GPD of {title:08X} are not used: {error:?}");
                Gpd::default()
            })
        });
        let value = Value::Bytes(database.binary_setting(id.0)?.to_vec());
        id.accepts(&value).then_some(value)
    }
}
