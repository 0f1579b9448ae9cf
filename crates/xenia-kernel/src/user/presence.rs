//! Presence: the contexts and properties that a title sets for its users. Only the title itself
//! reads them.
//!
//! The title's database (SPA) defines its ids. Others, and values of a context beyond its largest,
//! are ignored without an error, as in Xenia Canary (`UserTracker::UpdateContext`, `AddProperty`).
//! All ids that the system defines are accepted, and all ids of a title without such a table.

use super::gamer_data::GamerData;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_formats::xdbf::Xdbf;
use xenia_guest::USERS;
use xenia_state::{Impossible, check};

/// Bit of the ids that the system defines.
const OF_SYSTEM: u32 = 0x8000;
/// Maximum number of contexts, and of properties, of one user.
const MAX_VALUES: usize = 256;

/// Contexts and properties of all users, by place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RichPresence {
    users: [UserPresence; USERS as usize],
}

/// Contexts and properties of one user, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UserPresence {
    contexts: BTreeMap<u32, u32>,
    properties: BTreeMap<u32, Vec<u8>>,
}

/// Sets a value; beyond the limit only existing ids can be set.
fn set<V>(all: &mut BTreeMap<u32, V>, id: u32, value: V) {
    if all.len() < MAX_VALUES || all.contains_key(&id) {
        all.insert(id, value);
    }
}

impl GamerData<'_> {
    /// Whether the context can have this value.
    pub fn has_context(&self, id: u32, value: u32) -> bool {
        let database = self.database();
        let defined = Xdbf::read(&database).ok().and_then(|title| title.contexts());
        id & OF_SYSTEM != 0
            || defined.is_none_or(|contexts| contexts.get(&id).is_some_and(|&most| value <= most))
    }

    /// Whether there is such a property.
    pub fn has_property(&self, id: u32) -> bool {
        let database = self.database();
        let defined = Xdbf::read(&database).ok().and_then(|title| title.properties());
        id & OF_SYSTEM != 0 || defined.is_none_or(|properties| properties.contains(&id))
    }
}

impl RichPresence {
    /// Checks contexts and properties that come from a saved state.
    pub(super) fn check_state(&self) -> Result<(), Impossible> {
        let Self { users } = self;
        let is_possible =
            |user: &UserPresence| user.contexts.len() <= MAX_VALUES && user.properties.len() <= MAX_VALUES;
        check(users.iter().all(is_possible), "a user has too many contexts or properties")
    }

    /// The user at a place.
    pub fn user_mut(&mut self, user: u32) -> Option<&mut UserPresence> {
        self.users.get_mut(user as usize)
    }

    /// Drops the contexts and properties of a user who has left the place.
    pub fn clear(&mut self, user: u32) {
        if let Some(left) = self.user_mut(user) {
            *left = UserPresence::default();
        }
    }
}

impl UserPresence {
    pub fn set_context(&mut self, id: u32, value: u32) {
        set(&mut self.contexts, id, value);
    }

    pub fn context(&self, id: u32) -> Option<u32> {
        self.contexts.get(&id).copied()
    }

    pub fn set_property(&mut self, id: u32, bytes: Vec<u8>) {
        set(&mut self.properties, id, bytes);
    }

    pub fn property(&self, id: u32) -> Option<&[u8]> {
        self.properties.get(&id).map(Vec::as_slice)
    }
}
