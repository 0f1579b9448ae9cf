//! Profiles: who is signed in at which of the four places, and what each has set.
//!
//! Nobody is on the online service: a profile is the console's own, with an id of the form that
//! such profiles have. A machine without a content folder, and one whose runs repeat, has the
//! profiles that are made here, the same in every run, so that nothing of the host reaches the
//! guest. Others get ids that hardly any other console has.

use super::profile_settings::{DASHBOARD, SettingId, Value};
use std::collections::{BTreeMap, VecDeque};

/// Users that may be signed in at once.
pub const USERS: u32 = 4;
/// Characters of a name.
pub const NAME_LENGTH: usize = 15;

/// Who made something: a profile's id, the same as long as the profile exists. 0 is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xuid(pub u64);

impl Xuid {
    /// Nobody: what belongs to all users of the console.
    pub const NOBODY: Self = Self(0);
    /// The first of the ids that the profiles made here have. Profiles that are not online's begin
    /// with 0xE; bits 54 and 55 are 0, some titles look at them.
    const FIRST_MADE: u64 = 0xE030_0000_0058_0001;

    /// The first id of a console with this number; see [`crate::ports::Storage::own_number`].
    pub fn first_of(number: u64) -> Self {
        // The last digits count the console's profiles.
        Self(0xE << 60 | number & 0x0F3F_FFFF_FFFF_0000 | 1)
    }

    /// Whether a profile of the console's own may have this id.
    pub fn is_offline(self) -> bool {
        self.0 >> 60 == 0xE && self.0 & 3 << 54 == 0
    }
}

/// Somebody with a name and settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The profile's id.
    pub xuid: Xuid,
    /// Letters, digits and spaces.
    name: String,
    settings: BTreeMap<(u32, SettingId), Value>,
}

impl Profile {
    /// A profile without settings; `None` if the console knows no such name or id.
    pub fn new(xuid: Xuid, name: &str) -> Option<Self> {
        let is_name = (1..=NAME_LENGTH).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
            && !name.ends_with(' ');
        (is_name && xuid.is_offline()).then(|| Self {
            xuid,
            name: name.to_owned(),
            settings: BTreeMap::new(),
        })
    }

    /// The profile that a machine without others has for a user, if it has no number of its own.
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

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose setting it is: the title's that asks, or the dashboard's.
    fn owner(title: u32, id: SettingId) -> u32 {
        if id.is_of_title() { title } else { DASHBOARD }
    }

    /// What was set, by this title or by any if it is not each one's own.
    pub fn setting(&self, title: u32, id: SettingId) -> Option<&Value> {
        self.settings.get(&(Self::owner(title, id), id))
    }

    /// Sets what exists, to a value that it accepts. `false` if it is not so, and nothing changes.
    pub fn set(&mut self, title: u32, id: SettingId, value: Value) -> bool {
        let is_fine = id.exists() && id.accepts(&value);
        if is_fine {
            self.settings.insert((Self::owner(title, id), id), value);
        }
        is_fine
    }

    /// Sets what an owner, a title or [`DASHBOARD`], may have. `false` if it is not so, and nothing
    /// changes.
    pub fn set_of(&mut self, owner: u32, id: SettingId, value: Value) -> bool {
        Self::owner(owner, id) == owner
            && id.is_of_title() == (owner != DASHBOARD)
            && self.set(owner, id, value)
    }

    /// What was set for a title, or for [`DASHBOARD`]; by id.
    pub fn settings_of(&self, owner: u32) -> impl Iterator<Item = (SettingId, &Value)> {
        let range = (owner, SettingId(0))..=(owner, SettingId(u32::MAX));
        self.settings.range(range).map(|(&(_, id), value)| (id, value))
    }
}

/// Who is signed in, and who may.
#[derive(Debug)]
pub struct Profiles {
    places: [Option<Profile>; USERS as usize],
    /// Who signs in next.
    others: VecDeque<Profile>,
    /// Where the ids of profiles that are made here begin: behind the first one's, so that it stays
    /// the first.
    first_made: Xuid,
}

impl Default for Profiles {
    /// The first user.
    fn default() -> Self {
        Self::of(Vec::new(), None)
    }
}

impl Profiles {
    /// These, with the first signed in; if there is none, one that is made here. `number` is the
    /// console's own, if it has one.
    pub fn of(profiles: Vec<Profile>, number: Option<u64>) -> Self {
        let mut others = VecDeque::from(profiles);
        let own = number.map_or(Xuid(Xuid::FIRST_MADE), Xuid::first_of);
        let first = others.pop_front().unwrap_or_else(|| Profile::made(own, 0));
        Self { first_made: first.xuid, places: [Some(first), None, None, None], others }
    }

    /// Signs the next profile in at a place; without another one, one that is made here.
    pub fn sign_in(&mut self, user: u32) -> Option<&Profile> {
        let made = || {
            let all = || self.places.iter().flatten().chain(&self.others);
            let free = |first| {
                let mut profile = Profile::made(first, user);
                while all().any(|other| other.xuid == profile.xuid) {
                    profile.xuid.0 += u64::from(USERS);
                }
                profile
            };
            let profile = free(self.first_made);
            // The first one's may be among the last that there are.
            if profile.xuid.is_offline() { profile } else { free(Xuid(Xuid::FIRST_MADE)) }
        };
        let profile = if self.others.is_empty() { Some(made()) } else { self.others.pop_front() };
        self.set(user, profile);
        self.get(user)
    }

    /// Who is signed in at a place.
    pub fn get(&self, user: u32) -> Option<&Profile> {
        self.places.get(user as usize)?.as_ref()
    }

    /// Signs somebody in at a place; `None` signs out.
    pub fn set(&mut self, user: u32, profile: Option<Profile>) {
        if let Some(place) = self.places.get_mut(user as usize) {
            *place = profile;
        }
    }

    /// All profiles of the console, signed in or not, by id.
    pub fn all(&self) -> Vec<&Profile> {
        let mut all: Vec<_> = self.places.iter().flatten().chain(&self.others).collect();
        all.sort_unstable_by_key(|profile| profile.xuid);
        all
    }

    /// The profile with this id, signed in or not.
    pub fn find(&self, xuid: Xuid) -> Option<&Profile> {
        self.places.iter().flatten().chain(&self.others).find(|profile| profile.xuid == xuid)
    }

    /// The place of who has this id.
    pub fn place_of(&self, xuid: Xuid) -> Option<u32> {
        (0..USERS).find(|&user| self.get(user).is_some_and(|profile| profile.xuid == xuid))
    }

    /// Places at which somebody is signed in: a bit each.
    pub fn mask(&self) -> u32 {
        (0..USERS).filter(|&user| self.get(user).is_some()).map(|user| 1 << user).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_user_is_there_and_the_same_each_time() {
        let (first, again) = (Profiles::default(), Profiles::default());
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
    fn consoles_with_numbers_have_ids_of_their_own() {
        let mut ids = std::collections::BTreeSet::new();
        for number in [0, 1 << 16, 2 << 16, 3 << 54, u64::MAX] {
            let mut profiles = Profiles::of(Vec::new(), Some(number));
            for user in 0..USERS {
                profiles.sign_in(user);
                let profile = profiles.get(user).unwrap();
                assert!(profile.xuid.is_offline() && profile.name() == format!("Player {}", user + 1));
                ids.insert(profile.xuid);
            }
        }
        assert_eq!(ids.len(), 4 * USERS as usize, "two of the numbers differ in nothing that ids have");
        assert!(!ids.contains(&Profile::made_for(0).xuid));
    }

    #[test]
    fn who_is_made_comes_after_the_first() {
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
    fn a_title_has_three_settings_of_its_own_and_shares_the_rest() {
        let mut profile = Profile::made_for(0);
        let (own, shared) = (SettingId(0x63E8_3FFF), SettingId(0x1004_0002));
        assert!(profile.set(1, own, Value::Bytes(vec![1])) && profile.set(2, own, Value::Bytes(vec![2])));
        assert!(profile.set(1, shared, Value::Bits(1 << 32)));
        assert_eq!(profile.setting(1, own), Some(&Value::Bytes(vec![1])));
        assert_eq!(profile.setting(2, shared), Some(&Value::Bits(1 << 32)));
        assert_eq!(profile.settings_of(DASHBOARD).count(), 1);
        assert!(!profile.set(1, SettingId(0x1004_7777), Value::Bits(0)), "there is no such setting");
        assert!(!profile.set(1, shared, Value::Bytes(vec![0; 4])), "not of its type");
        assert_eq!(profile.setting(3, own), None);
    }
}
