//! Profiles: the users signed in at the four places, and their settings.
//!
//! All profiles are offline profiles, with ids of the form that these have. A machine without a
//! content folder, and one in a reproducible run, gets generated profiles that are the same in
//! every run, so that no host state reaches the guest. Other machines use ids that are unlikely to
//! occur on another console.

use super::profile_settings::{DASHBOARD, SettingId, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use xenia_formats::gpd::Gpd;
use xenia_guest::USERS;
use xenia_state::{Impossible, check};

/// Maximum length of a name in characters.
pub const MAX_NAME_LENGTH: usize = 15;
/// Rule of names, after the number of characters.
pub const NAME_RULE: &str = "letters (A to Z), digits and spaces, with a letter first and no space last";

/// Id of a profile, stable as long as the profile exists. 0 means no user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Xuid(pub u64);

impl Xuid {
    /// No user: the owner of data that belongs to all users of the console.
    pub const NOBODY: Self = Self(0);
    /// First id of the profiles generated here. Offline ids begin with 0xE; bits 54 and 55 are 0,
    /// which some titles check.
    const FIRST_MADE: u64 = 0xE030_0000_0058_0001;

    /// Returns the first id of a console with this number; see
    /// `ports::Storage::own_number` of the kernel.
    pub fn first_of(number: u64) -> Self {
        // The last 16 bits count the console's profiles.
        Self(0xE << 60 | number & 0x0F3F_FFFF_FFFF_0000 | 1)
    }

    /// Returns whether this is a valid id of an offline profile.
    pub fn is_offline(self) -> bool {
        self.0 >> 60 == 0xE && self.0 & 3 << 54 == 0
    }
}

/// A user: an id, a name and settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub xuid: Xuid,
    /// Letters, digits and spaces.
    name: String,
    settings: BTreeMap<(u32, SettingId), Value>,
}

impl Profile {
    /// Creates a profile without settings; `None` if the name or the id is invalid.
    pub fn new(xuid: Xuid, name: &str) -> Option<Self> {
        let is_name = (1..=MAX_NAME_LENGTH).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
            && !name.ends_with(' ');
        (is_name && xuid.is_offline()).then(|| Self {
            xuid,
            name: name.to_owned(),
            settings: BTreeMap::new(),
        })
    }

    /// Returns a profile with a generated name; `None` if the id is invalid.
    pub(crate) fn unnamed(xuid: Xuid) -> Option<Self> {
        xuid.is_offline().then(|| Self::made(xuid, 0))
    }

    /// Returns the generated profile of a user on a machine without a number of its own.
    pub fn made_for(user: u32) -> Self {
        Self::made(Xuid(Xuid::FIRST_MADE), user)
    }

    fn made(first: Xuid, user: u32) -> Self {
        Self {
            xuid: Xuid(first.0 + u64::from(user)),
            name: format!("Player {}", user + 1),
            settings: BTreeMap::new(),
        }
    }

    /// Validates a profile that comes from a saved state.
    fn is_valid(&self) -> bool {
        let Self { xuid, name, settings } = self;
        let is_possible = |(&(owner, id), value): (&(u32, SettingId), &Value)| {
            Self::owner(owner, id) == owner && id.exists() && id.accepts(value)
        };
        Self::new(*xuid, name).is_some() && settings.iter().all(is_possible)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the gamerscore over all titles.
    pub fn gamerscore(&self) -> u32 {
        match self.setting(DASHBOARD, SettingId::GAMERSCORE) {
            Some(Value::Bits(bits)) => (bits >> 32) as u32,
            _ => 0,
        }
    }

    /// Returns the title under which a setting is stored: the calling one, or the dashboard.
    fn owner(title: u32, id: SettingId) -> u32 {
        if id.is_of_title() { title } else { DASHBOARD }
    }

    /// Returns a setting: this title's value, or the common value for all titles if the setting is
    /// not per title.
    pub fn setting(&self, title: u32, id: SettingId) -> Option<&Value> {
        self.settings.get(&(Self::owner(title, id), id))
    }

    /// Stores a setting; returns `false` and changes no value if the setting does not exist or does
    /// not accept the value.
    pub fn set(&mut self, title: u32, id: SettingId, value: Value) -> bool {
        let is_fine = id.exists() && id.accepts(&value);
        if is_fine {
            self.settings.insert((Self::owner(title, id), id), value);
        }
        is_fine
    }

    /// Stores a setting for an owner, a title or [`DASHBOARD`]; returns `false` and changes no
    /// value if the owner cannot have it, or if [`Self::set`] refuses the setting.
    pub fn set_of(&mut self, owner: u32, id: SettingId, value: Value) -> bool {
        Self::owner(owner, id) == owner
            && id.is_of_title() == (owner != DASHBOARD)
            && self.set(owner, id, value)
    }

    /// Returns the settings stored for a title, or for [`DASHBOARD`], by id.
    pub fn settings_of(&self, owner: u32) -> impl Iterator<Item = (SettingId, &Value)> {
        let range = (owner, SettingId(0))..=(owner, SettingId(u32::MAX));
        self.settings.range(range).map(|(&(_, id), value)| (id, value))
    }

    /// Returns the options that a title has stored itself, by id.
    pub(crate) fn options_of(&self, title: u32) -> impl Iterator<Item = (SettingId, &[u8])> {
        let own = self.settings_of(title).filter(|(id, _)| id.may_be_set_by_titles());
        own.filter_map(|(id, value)| match value {
            Value::Bytes(bytes) => Some((id, bytes.as_slice())),
            Value::Bits(_) => None,
        })
    }

    /// Returns whether the profile has options of a title, as an earlier version kept them in the
    /// settings, and the title's database has no others: then they can be moved.
    pub fn can_move_options(&self, title: u32, gpd: &Gpd) -> bool {
        let mut options = self.options_of(title).peekable();
        options.peek().is_some()
            && options.all(|(id, value)| gpd.binary_setting(id.0).is_none_or(|stored| stored == value))
    }
}

/// The signed-in profiles and those available for sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profiles {
    places: [Option<Profile>; USERS as usize],
    /// Available profiles, in the order in which they sign in.
    others: VecDeque<Profile>,
    /// Where the ids of generated profiles begin: after the first profile's, so that it stays the
    /// first.
    first_made: Xuid,
}

impl Default for Profiles {
    /// The first user, with a generated profile.
    fn default() -> Self {
        Self::of(Vec::new(), None)
    }
}

impl Profiles {
    /// Creates the state with the first profile signed in, or a generated one if there is none.
    /// `number` is the console's own number, if it has one.
    pub fn of(profiles: Vec<Profile>, number: Option<u64>) -> Self {
        let mut others = VecDeque::from(profiles);
        let own = number.map_or(Xuid(Xuid::FIRST_MADE), Xuid::first_of);
        let first = others.pop_front().unwrap_or_else(|| Profile::made(own, 0));
        Self { first_made: first.xuid, places: [Some(first), None, None, None], others }
    }

    /// Checks profiles that come from a saved state.
    ///
    /// # Errors
    /// A profile with an invalid name, id or setting.
    pub fn check_state(&self) -> Result<(), Impossible> {
        let Self { places, others, first_made } = self;
        let are_possible = places.iter().flatten().chain(others).all(Profile::is_valid);
        check(are_possible && first_made.is_offline(), "a profile is invalid")
    }

    /// Makes the available profile with this id the first user's, before a title has seen users.
    /// The profile in its place becomes the next one to sign in. Returns whether it is the first
    /// user's then.
    pub fn begin_with(&mut self, xuid: Xuid) -> bool {
        if let Some(index) = self.others.iter().position(|profile| profile.xuid == xuid) {
            let chosen = self.others.remove(index);
            let before = std::mem::replace(&mut self.places[0], chosen);
            self.make_available(before);
        }
        self.place_of(xuid) == Some(0)
    }

    /// Adds a profile to the available ones, in the order of their ids, as at first.
    fn make_available(&mut self, profile: Option<Profile>) {
        self.others.extend(profile);
        self.others.make_contiguous().sort_by_key(|profile| profile.xuid);
    }

    /// Signs the next available profile in at a place, or a generated one. Returns it, or `None` if
    /// the place is not free.
    pub fn sign_in(&mut self, user: u32) -> Option<&Profile> {
        self.places.get(user as usize).filter(|place| place.is_none())?;
        let profile = self.others.pop_front().unwrap_or_else(|| self.generate(user));
        self.places[user as usize] = Some(profile);
        self.get(user)
    }

    /// Generates a profile for a place, with an id that no other has.
    pub(crate) fn generate(&self, user: u32) -> Profile {
        let all = || self.places.iter().flatten().chain(&self.others);
        let free = |first| {
            let mut profile = Profile::made(first, user);
            while all().any(|other| other.xuid == profile.xuid) {
                // In steps of the places, whose generated ids thus never meet.
                profile.xuid.0 += u64::from(USERS);
            }
            profile
        };
        let profile = free(self.first_made);
        // The first profile's id may be among the last valid ones: then start at `FIRST_MADE`.
        if profile.xuid.is_offline() { profile } else { free(Xuid(Xuid::FIRST_MADE)) }
    }

    /// Signs the available profile with this id in at a place, if the place is free. Returns
    /// whether it is signed in there then.
    pub fn sign_in_as(&mut self, user: u32, xuid: Xuid) -> bool {
        let index = self.others.iter().position(|profile| profile.xuid == xuid);
        if let Some(index) = index.filter(|_| user < USERS && self.get(user).is_none()) {
            self.places[user as usize] = self.others.remove(index);
        }
        self.place_of(xuid) == Some(user)
    }

    /// Signs the user at a place out. The profile is available again.
    pub fn sign_out(&mut self, user: u32) {
        let profile = self.places.get_mut(user as usize).and_then(Option::take);
        self.make_available(profile);
    }

    /// Returns the profile signed in at a place.
    pub fn get(&self, user: u32) -> Option<&Profile> {
        self.places.get(user as usize)?.as_ref()
    }

    /// Returns the id that is signed in at a place.
    pub fn xuid_at(&self, user: u32) -> Option<Xuid> {
        self.get(user).map(|profile| profile.xuid)
    }

    /// Replaces the profile with the same id, signed in or not: its user may have left the place
    /// since the profile was read.
    pub fn update(&mut self, profile: Profile) {
        let mut all = self.places.iter_mut().flatten().chain(&mut self.others);
        if let Some(own) = all.find(|own| own.xuid == profile.xuid) {
            *own = profile;
        }
    }

    /// All profiles of the console, signed in or not, by id.
    pub fn all(&self) -> Vec<&Profile> {
        let mut all: Vec<_> = self.places.iter().flatten().chain(&self.others).collect();
        all.sort_unstable_by_key(|profile| profile.xuid);
        all
    }

    /// Returns the profile with this id, signed in or not.
    pub fn find(&self, xuid: Xuid) -> Option<&Profile> {
        self.places.iter().flatten().chain(&self.others).find(|profile| profile.xuid == xuid)
    }

    /// Returns the place at which this id is signed in.
    pub fn place_of(&self, xuid: Xuid) -> Option<u32> {
        (0..USERS).find(|&user| self.xuid_at(user) == Some(xuid))
    }

    /// Returns a bit for each place with a signed-in user.
    pub fn mask(&self) -> u32 {
        (0..USERS).filter(|&user| self.get(user).is_some()).map(|user| 1 << user).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_profile_may_be_the_first_users() {
        let profile = |number| Profile::made(Xuid(Xuid::FIRST_MADE + number), 0);
        let mut profiles = Profiles::of((0..3).map(profile).collect(), None);
        assert!(profiles.begin_with(profile(2).xuid) && !profiles.begin_with(Xuid(7)));
        assert_eq!((profiles.get(0), profiles.mask()), (Some(&profile(2)), 1));
        for (user, number) in [(1, 0), (2, 1)] {
            assert_eq!(profiles.sign_in(user), Some(&profile(number)));
        }
        assert!(profiles.sign_in(3).unwrap().xuid > profile(2).xuid, "it is a new one");
    }

    #[test]
    fn a_signed_out_profile_is_available_again() {
        let profile = |number| Profile::made(Xuid(Xuid::FIRST_MADE + number), 0);
        let mut profiles = Profiles::of((0..2).map(profile).collect(), None);
        profiles.sign_out(0);
        profiles.sign_out(USERS);
        assert_eq!((profiles.mask(), profiles.find(profile(0).xuid)), (0, Some(&profile(0))));
        assert_eq!(profiles.sign_in(USERS), None);
        assert_eq!(profiles.sign_in(3), Some(&profile(0)), "before the one with a later id");
    }

    #[test]
    fn a_changed_profile_whose_user_has_left_replaces_no_other() {
        let profile = |number| Profile::made(Xuid(Xuid::FIRST_MADE + number), 0);
        let mut profiles = Profiles::of((0..2).map(profile).collect(), None);
        let mut changed = profile(0);
        assert!(changed.set(0, SettingId(0x1004_0002), Value::Bits(1 << 32)));
        profiles.sign_out(0);
        assert!(profiles.sign_in_as(0, profile(1).xuid));
        profiles.update(changed.clone());
        assert_eq!((profiles.get(0), profiles.mask()), (Some(&profile(1)), 1));
        assert_eq!(profiles.all(), [&changed, &profile(1)]);
        profiles.update(profile(0));
        profiles.update(profile(2));
        assert_eq!(profiles.all(), [&profile(0), &profile(1)], "the third does not exist");
    }

    #[test]
    fn the_first_user_exists_and_is_the_same_each_time() {
        let first = Profiles::default();
        let again = Profiles::default();
        assert_eq!(first.get(0), again.get(0));
        assert_eq!((first.mask(), first.get(0).unwrap().name()), (1, "Player 1"));
        assert!(first.get(1).is_none() && first.get(4).is_none() && first.get(u32::MAX).is_none());
        for user in 0..USERS {
            let Profile { xuid, name, .. } = Profile::made_for(user);
            assert!(Profile::new(xuid, &name).is_some(), "{name}");
        }
        assert_eq!(first.place_of(first.get(0).unwrap().xuid), Some(0));
        assert_eq!(first.place_of(Xuid::NOBODY), None);
    }

    #[test]
    fn numbered_consoles_have_unique_ids() {
        let mut ids = std::collections::BTreeSet::new();
        for number in [0, 1 << 16, 2 << 16, 3 << 54, u64::MAX] {
            let mut profiles = Profiles::of(Vec::new(), Some(number));
            for user in 0..USERS {
                assert_eq!(profiles.sign_in(user).is_some(), user != 0, "the first place is not free");
                let profile = profiles.get(user).unwrap();
                assert!(profile.xuid.is_offline() && profile.name() == format!("Player {}", user + 1));
                ids.insert(profile.xuid);
            }
        }
        assert_eq!(ids.len(), 4 * USERS as usize, "two of the numbers differ in nothing that ids have");
        assert!(!ids.contains(&Profile::made_for(0).xuid));
    }

    #[test]
    fn created_profiles_have_ids_after_the_first() {
        let at = |xuid| Profile::new(Xuid(xuid), "First").unwrap();
        let first = at(0xE900_0000_0000_0010);
        for number in [None, Some(1 << 16), Some(u64::MAX)] {
            let mut profiles = Profiles::of(vec![first.clone()], number);
            for user in 1..USERS {
                assert!(profiles.sign_in(user).unwrap().xuid > first.xuid);
            }
        }
        let mut profiles = Profiles::of(vec![at(0xEF3F_FFFF_FFFF_FFFF)], None);
        assert_eq!(profiles.sign_in(1), Some(&Profile::made_for(1)), "there are none behind it");
    }

    #[test]
    fn names_and_ids_are_those_of_consoles() {
        let xuid = Profile::made_for(0).xuid;
        for name in ["", " a", "a ", "1a", "a-b", "ä", "sixteen letters.", "sixteenlettersss", "a\0"] {
            assert_eq!(Profile::new(xuid, name), None, "{name:?}");
        }
        for xuid in [0, 1, 0x0009_0000_0000_0001, 0xE0C0_0000_0000_0001, u64::MAX] {
            assert_eq!(Profile::new(Xuid(xuid), "a"), None, "{xuid:#x}");
        }
    }

    #[test]
    fn a_title_has_three_private_settings_and_shares_the_rest() {
        let mut profile = Profile::made_for(0);
        let own = SettingId(0x63E8_3FFF);
        let shared = SettingId(0x1004_0002);
        assert!(profile.set(1, own, Value::Bytes(vec![1])) && profile.set(2, own, Value::Bytes(vec![2])));
        assert!(profile.set(1, shared, Value::Bits(1 << 32)));
        assert_eq!(profile.setting(1, own), Some(&Value::Bytes(vec![1])));
        assert_eq!(profile.setting(2, shared), Some(&Value::Bits(1 << 32)));
        assert_eq!(profile.settings_of(DASHBOARD).count(), 1);
        let mut gpd = Gpd::default();
        assert!(profile.can_move_options(1, &gpd) && !profile.can_move_options(3, &gpd));
        gpd.set_binary_setting(own.0, &[1]);
        assert!(profile.can_move_options(1, &gpd) && !profile.can_move_options(2, &gpd));
        assert!(!profile.set(1, SettingId(0x1004_7777), Value::Bits(0)), "there is no such setting");
        assert!(!profile.set(1, shared, Value::Bytes(vec![0; 4])), "not of its type");
        assert_eq!(profile.setting(3, own), None);
    }
}
