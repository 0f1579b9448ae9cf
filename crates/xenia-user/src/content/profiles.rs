//! Profiles on the disk: small text files, one with the name and one per title with settings. The
//! titles' own options are in their databases.

use super::{ContentStore, PackageName};
use crate::profile::{MAX_NAME_LENGTH, Profile, Profiles, Xuid};
use crate::profile_settings::{SettingId, Value};
use std::fmt::Write as _;
use xenia_formats::gpd::MAX_PICTURE;
use xenia_vfs::{VfsError, VfsResult};

/// First line of a profile file.
const PROFILE: &str = "xenia-rs profile 1";
const SETTINGS: &str = "xenia-rs settings 1";
/// Name of the file with a profile's name.
const PROFILE_FILE: &str = "profile";
/// Suffix of settings files, after the title's ID.
const SUFFIX: &str = ".settings";
/// Largest number of profiles, and of titles of a profile, that are read.
const MAX_READ: usize = 1024;

fn folder(xuid: Xuid) -> Vec<String> {
    vec!["Profiles".to_owned(), format!("{:016X}", xuid.0)]
}

fn below(xuid: Xuid, file: String) -> Vec<String> {
    let mut path = folder(xuid);
    path.push(file);
    path
}

/// Parses a profile file that has a name.
fn parse_profile(xuid: Xuid, text: &[u8]) -> Option<Profile> {
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    (lines.next()? == PROFILE).then_some(())?;
    Profile::new(xuid, lines.next()?.strip_prefix("name = ")?)
}

/// Parses a settings file; malformed lines are skipped.
fn parse_settings(text: &[u8]) -> Vec<(SettingId, Value)> {
    let mut lines = std::str::from_utf8(text).unwrap_or_default().lines();
    if lines.next() != Some(SETTINGS) {
        return Vec::new();
    }
    lines.filter_map(parse_setting).collect()
}

fn parse_setting(line: &str) -> Option<(SettingId, Value)> {
    let (id, digits) = line.split_once(" = ")?;
    let id = SettingId(u32::from_str_radix(id, 16).ok()?);
    if !id.is_outside() {
        return Some((id, Value::Bits(u64::from_str_radix(digits, 16).ok()?)));
    }
    if !digits.is_ascii() || digits.len() % 2 != 0 {
        return None;
    }
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
    Some((id, Value::Bytes(bytes.collect::<Option<_>>()?)))
}

impl ContentStore {
    /// A picture (PNG) among a profile's files; `None` if it is missing, empty or over the size
    /// limit.
    pub fn profile_picture(&self, xuid: Xuid, name: &str) -> VfsResult<Option<Vec<u8>>> {
        let picture = self.read_at_most(&below(xuid, name.to_owned()), MAX_PICTURE as u64)?;
        Ok(picture.filter(|bytes| (1..=MAX_PICTURE).contains(&bytes.len())))
    }

    /// Reads all profiles on the disk; the first is signed in. If there are none, a profile is
    /// made; `number` is the console's configured XUID, if it has one.
    pub fn load_profiles(&self, number: Option<u64>) -> Profiles {
        let found = match self.read_profiles() {
            Ok(found) => found,
            Err(error) => {
                // A new profile could permanently replace an existing one that cannot be read now.
                tracing::error!(target: "vfs", "profiles can't be read: {error}");
                return Profiles::default();
            }
        };
        let profiles = Profiles::of(found, number);
        if self.is_kept()
            && let Some(profile) = profiles.get(0)
            && let Err(error) = self.save_profile(profile)
        {
            tracing::error!(target: "vfs", "can't save profile {}: {error}", profile.name());
        }
        profiles
    }

    /// The profiles on the disk, by id.
    ///
    /// # Errors
    /// A profile can't be read.
    pub fn read_profiles(&self) -> VfsResult<Vec<Profile>> {
        let mut found = Vec::new();
        for entry in self.list(&["Profiles".to_owned()])?.into_iter().take(MAX_READ) {
            let Ok(xuid) = u64::from_str_radix(&entry.name, 16) else { continue };
            let Some(mut profile) = self.read_profile(Xuid(xuid))? else { continue };
            let xuid = profile.xuid;
            for file in self.list(&folder(xuid))?.into_iter().take(MAX_READ) {
                let owner = file.name.strip_suffix(SUFFIX).map(|owner| u32::from_str_radix(owner, 16));
                let Some(Ok(owner)) = owner else { continue };
                let text = self.read(&below(xuid, file.name.clone()))?.unwrap_or_default();
                for (id, value) in parse_settings(&text) {
                    profile.set_of(owner, id, value);
                }
            }
            found.push(profile);
        }
        Ok(found)
    }

    /// Reads the file of a profile. One without a name, or whose name no title could show, has
    /// another one meanwhile: with another id, its saves would be lost. `None`: there is no profile
    /// with this XUID.
    fn read_profile(&self, xuid: Xuid) -> VfsResult<Option<Profile>> {
        let path = below(xuid, PROFILE_FILE.to_owned());
        let Some(text) = self.read(&path)? else { return Ok(None) };
        let profile = parse_profile(xuid, &text);
        if profile.is_some() {
            return Ok(profile);
        }
        let profile = Profile::unnamed(xuid);
        if let Some(profile) = &profile {
            let path = path.join("/");
            let name = profile.name();
            tracing::error!(
                target: "vfs",
                "{path} has no valid name, so the profile is called {name}: the first line is `{PROFILE}`, \
                 the second one `name = NAME`; a name is up to {MAX_NAME_LENGTH} letters (A to Z), digits and \
                 spaces, with a letter first and no space last"
            );
        }
        Ok(profile)
    }

    /// Whether a profile with this XUID exists.
    pub fn has_profile(&self, xuid: Xuid) -> bool {
        self.read_profile(xuid).is_ok_and(|profile| profile.is_some())
    }

    /// Writes a profile's name, unless it has a file with text: then the name there is the user's.
    pub fn save_profile(&self, profile: &Profile) -> VfsResult<()> {
        let path = below(profile.xuid, PROFILE_FILE.to_owned());
        if self.read(&path)?.is_some_and(|found| !found.is_empty()) {
            return Ok(());
        }
        self.write_name(profile)
    }

    fn write_name(&self, profile: &Profile) -> VfsResult<()> {
        let text = format!("{PROFILE}\nname = {}\n", profile.name());
        self.replace(&below(profile.xuid, PROFILE_FILE.to_owned()), text.as_bytes())
    }

    /// Makes a profile with this name, after those that exist; `number` is the console's own one,
    /// from which the first profile's id comes.
    ///
    /// # Errors
    /// The name is invalid, there are too many profiles, or the file can't be written.
    pub fn create_profile(&self, name: &str, number: u64) -> VfsResult<Profile> {
        let found = self.read_profiles()?;
        if found.len() >= MAX_READ {
            return Err(VfsError::Full);
        }
        let is_first = found.is_empty();
        let profiles = Profiles::of(found, Some(number));
        let first = profiles.get(0).filter(|_| is_first).map(|profile| profile.xuid);
        let xuid = first.unwrap_or_else(|| profiles.generate(0).xuid);
        let profile = Profile::new(xuid, name).ok_or(VfsError::InvalidName)?;
        self.write_name(&profile)?;
        Ok(profile)
    }

    /// Gives a profile another name.
    ///
    /// # Errors
    /// The name is invalid, the profile is missing, or its file can't be written.
    pub fn rename_profile(&self, xuid: Xuid, name: &str) -> VfsResult<()> {
        let profile = Profile::new(xuid, name).ok_or(VfsError::InvalidName)?;
        self.read_profile(xuid)?.ok_or(VfsError::NotFound)?;
        self.write_name(&profile)
    }

    /// Removes a profile with its saved games, settings and achievements. Its name is removed last:
    /// a profile whose removal was interrupted can be removed again.
    ///
    /// # Errors
    /// The profile is missing, or a file can't be removed.
    pub fn remove_profile(&self, xuid: Xuid) -> VfsResult<()> {
        self.read_profile(xuid)?.ok_or(VfsError::NotFound)?;
        self.remove_tree(&PackageName::titles_directory(xuid))?;
        for entry in self.list(&folder(xuid))? {
            let path = below(xuid, entry.name.clone());
            if entry.directory {
                self.remove_tree(&path)?;
            } else if !entry.name.eq_ignore_ascii_case(PROFILE_FILE) {
                self.remove_file(&path)?;
            }
        }
        self.remove_tree(&folder(xuid))
    }

    /// Writes a profile's settings of a title, or those of all titles (the dashboard's). A title's
    /// own options go to its database, as on consoles; the text, in which earlier versions kept
    /// them, loses them only then.
    pub fn save_settings(&self, profile: &Profile, owner: u32) -> VfsResult<()> {
        self.save_profile(profile)?;
        self.save_options(profile, owner)?;
        let mut text = format!("{SETTINGS}\n");
        for (id, value) in profile.settings_of(owner).filter(|(id, _)| !id.may_be_set_by_titles()) {
            // Writing to a string cannot fail.
            let _ = match value {
                Value::Bits(bits) => write!(text, "{:08X} = {bits:016X}", id.0),
                Value::Bytes(_) => write!(text, "{:08X} = ", id.0),
            };
            if let Value::Bytes(bytes) = value {
                for byte in bytes {
                    let _ = write!(text, "{byte:02X}");
                }
            }
            text.push('\n');
        }
        self.replace(&below(profile.xuid, format!("{owner:08X}{SUFFIX}")), text.as_bytes())
    }

    /// Writes a title's own options to its database.
    fn save_options(&self, profile: &Profile, owner: u32) -> VfsResult<()> {
        let mut options = profile.options_of(owner).peekable();
        if options.peek().is_none() {
            return Ok(());
        }
        let mut gpd = self.gpd(profile.xuid, owner)?;
        let mut is_changed = false;
        for (id, value) in options {
            if gpd.binary_setting(id.0) != Some(value) {
                gpd.set_binary_setting(id.0, value);
                is_changed = true;
            }
        }
        if is_changed { self.save_gpd(profile.xuid, owner, &gpd) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PackageHeader;
    use super::*;
    use crate::profile_settings::DASHBOARD;
    use std::path::Path;
    use std::sync::Arc;
    use xenia_vfs::HostFolder;

    fn store(folder: &Path) -> ContentStore {
        ContentStore::new(Box::new(HostFolder::writable(folder, Arc::default()).unwrap()))
    }

    #[test]
    fn profiles_are_found_again_with_what_they_have_set() {
        let folder = tempfile::tempdir().unwrap();
        let first = store(folder.path()).load_profiles(None);
        let mut profile = first.get(0).unwrap().clone();
        let number = Value::Bits(7 << 32);
        let all = SettingId(0x1004_0002);
        let own = SettingId(0x63E8_3FFF);
        for (id, value) in [
            (all, number.clone()),
            (own, Value::Bytes(vec![1, 0xAB])),
            (SettingId(0x402C_0011), Value::Bytes(vec![])),
        ] {
            assert!(profile.set(5, id, value));
        }
        let mut without_options = Profile::new(profile.xuid, profile.name()).unwrap();
        for (id, value) in profile.settings_of(DASHBOARD) {
            assert!(without_options.set(5, id, value.clone()));
        }
        for owner in [5, DASHBOARD] {
            store(folder.path()).save_settings(&profile, owner).unwrap();
        }
        let again = store(folder.path()).load_profiles(None);
        assert_eq!(again.get(0), Some(&without_options));
        assert_eq!(again.mask(), 1);
        let gpd = store(folder.path()).gpd(profile.xuid, 5).unwrap();
        assert_eq!(gpd.binary_setting(own.0), Some(&[1, 0xAB][..]));
    }

    #[test]
    fn options_of_an_earlier_version_go_to_the_database_with_all_others() {
        let folder = tempfile::tempdir().unwrap();
        let xuid = Profile::made_for(0).xuid;
        let store = store(folder.path());
        let mut gpd = store.gpd(xuid, 5).unwrap();
        for (id, value) in [(0x63E8_3FFD, b"a"), (0x63E8_3FFF, b"b")] {
            gpd.set_binary_setting(id, value);
        }
        store.save_gpd(xuid, 5, &gpd).unwrap();
        store.save_profile(&Profile::made_for(0)).unwrap();
        let text = folder.path().join(format!("Profiles/{:016X}/00000005.settings", xuid.0));
        std::fs::write(&text, format!("{SETTINGS}\n10040038 = 0000000700000000\n63E83FFF = 63\n")).unwrap();
        let profiles = store.load_profiles(None);
        store.save_settings(profiles.get(0).unwrap(), 5).unwrap();
        let gpd = store.gpd(xuid, 5).unwrap();
        let stored = [0x63E8_3FFD, 0x63E8_3FFE, 0x63E8_3FFF].map(|id| gpd.binary_setting(id));
        assert_eq!(stored, [Some(&b"a"[..]), None, Some(&b"c"[..])]);
        let text = std::fs::read_to_string(text).unwrap();
        assert_eq!(text, format!("{SETTINGS}\n10040038 = 0000000700000000\n"));
    }

    #[test]
    fn the_first_profile_of_a_console_with_a_number_stays() {
        let folder = tempfile::tempdir().unwrap();
        let first = store(folder.path()).load_profiles(Some(0x1234_5678_9ABC_DEF0));
        let xuid = first.get(0).unwrap().xuid;
        assert_eq!(xuid, Xuid(0xE234_5678_9ABC_0001));
        for number in [Some(7), None] {
            assert_eq!(store(folder.path()).load_profiles(number).get(0), first.get(0));
        }
    }

    #[test]
    fn others_sign_in_in_order_and_new_ones_get_free_ids() {
        let folder = tempfile::tempdir().unwrap();
        for (xuid, name) in
            [("E000000000000002", "Second"), ("E000000000000001", "First"), ("0000000000000001", "No")]
        {
            let at = folder.path().join("Profiles").join(xuid);
            std::fs::create_dir_all(&at).unwrap();
            std::fs::write(at.join("profile"), format!("{PROFILE}\nname = {name}\n")).unwrap();
        }
        std::fs::create_dir_all(folder.path().join("Profiles/E000000000000003")).unwrap();
        std::fs::write(folder.path().join("Profiles/x"), "noise").unwrap();
        let mut profiles = store(folder.path()).load_profiles(None);
        for user in 1..4 {
            profiles.sign_in(user);
        }
        let names: Vec<_> = (0..4).map(|user| profiles.get(user).unwrap().name().to_owned()).collect();
        assert_eq!(names, ["First", "Second", "Player 3", "Player 4"]);
    }

    #[test]
    fn profiles_are_made_named_and_removed_with_their_saves() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let first = store.create_profile("Ada", 7 << 16).unwrap();
        assert_eq!(first.xuid, Xuid::first_of(7 << 16));
        let second = store.create_profile("Bo", 9 << 16).unwrap();
        assert!(second.xuid > first.xuid, "the first user stays");
        for name in ["", "1a", "sixteen letters."] {
            assert_eq!(store.create_profile(name, 0), Err(VfsError::InvalidName), "{name}");
            assert_eq!(store.rename_profile(first.xuid, name), Err(VfsError::InvalidName), "{name}");
        }
        store.rename_profile(second.xuid, "Cy").unwrap();
        assert_eq!(store.rename_profile(Xuid(second.xuid.0 + 1), "Di"), Err(VfsError::NotFound));
        let names = || -> Vec<String> {
            store.read_profiles().unwrap().iter().map(|profile| profile.name().to_owned()).collect()
        };
        assert_eq!(names(), ["Ada", "Cy"]);

        store.save_settings(&second, 5).unwrap();
        let owners = [first.xuid, second.xuid, Xuid::NOBODY];
        for owner in owners {
            let name = PackageName::new(owner, 5, 1, "save").unwrap();
            store.commit(&name, &PackageHeader::new(owner, "A save")).unwrap();
        }
        store.remove_profile(second.xuid).unwrap();
        assert_eq!(store.remove_profile(second.xuid), Err(VfsError::NotFound));
        assert_eq!(names(), ["Ada"]);
        let left: Vec<Xuid> = store.every_package().unwrap().iter().map(|(name, _)| name.owner).collect();
        assert_eq!(left, [Xuid::NOBODY, first.xuid], "others' saves stay");
        let id = format!("{:016X}", second.xuid.0);
        assert!(!folder.path().join("Profiles").join(id).exists());
    }

    #[test]
    fn a_profile_with_a_wrong_name_keeps_its_id_and_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("Profiles/E000000000000001");
        std::fs::create_dir_all(&at).unwrap();
        let text = format!("{PROFILE}\nname = Sixteen letters x\n");
        std::fs::write(at.join("profile"), &text).unwrap();
        let profiles = store(folder.path()).load_profiles(None);
        let profile = profiles.get(0).unwrap();
        assert_eq!((profile.xuid, profile.name()), (Xuid(0xE000_0000_0000_0001), "Player 1"));
        store(folder.path()).save_settings(profile, 5).unwrap();
        assert_eq!(std::fs::read_to_string(at.join("profile")).unwrap(), text, "it is the user's");
        assert_eq!(std::fs::read_dir(folder.path().join("Profiles")).unwrap().count(), 1);
        assert!(store(folder.path()).has_profile(profile.xuid));
    }

    #[test]
    fn a_profile_whose_file_is_empty_keeps_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("Profiles/E000000000000001");
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("profile"), "").unwrap();
        let profiles = store(folder.path()).load_profiles(None);
        assert_eq!(profiles.get(0).unwrap().xuid, Xuid(0xE000_0000_0000_0001));
        let text = std::fs::read_to_string(at.join("profile")).unwrap();
        assert_eq!(text, format!("{PROFILE}\nname = Player 1\n"), "there is no text of the user's");
        assert_eq!(std::fs::read_dir(folder.path().join("Profiles")).unwrap().count(), 1);
    }

    #[test]
    fn damaged_files_are_ignored() {
        for line in [
            "",
            "x",
            "10040002 = ",
            "10040002 = G",
            "10040002 =1",
            "63E83FFF = 1",
            "63E83FFF = \u{e9}",
            "= = =",
        ] {
            assert_eq!(parse_setting(line), None, "{line}");
        }
        assert_eq!(parse_settings(b"\xFF"), []);
        assert_eq!(parse_settings(b"10040002 = 0000000000000001\n"), [], "no first line");
        for text in [
            &b""[..],
            b"xenia-rs profile 1\n",
            b"xenia-rs profile 1\nname = \n",
            b"xenia-rs profile 2\nname = A\n",
        ] {
            assert_eq!(parse_profile(Xuid(0xE000_0000_0000_0001), text), None);
        }
        let mut profile = Profile::made_for(0);
        assert!(!profile.set_of(5, SettingId(0x1004_0002), Value::Bits(0)), "not a title's own");
        assert!(
            !profile.set_of(DASHBOARD, SettingId(0x63E8_3FFF), Value::Bytes(vec![])),
            "not the dashboard's"
        );
    }
}
