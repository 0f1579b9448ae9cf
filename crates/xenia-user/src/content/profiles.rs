//! Profiles on the disk: small text files, one with the name and one per title with settings. The
//! titles' own options are in their databases.

#[cfg(test)]
mod tests;

use super::{ContentStore, PackageName};
use crate::profile::{MAX_NAME_LENGTH, NAME_RULE, Profile, Profiles, Xuid};
use crate::profile_settings::{SettingId, Value};
use std::fmt::Write as _;
use xenia_formats::gpd::{Gpd, MAX_PICTURE};
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
                 the second one `name = NAME`; a name is up to {MAX_NAME_LENGTH} {NAME_RULE}"
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

    /// Makes a profile with this name. A first one's id comes from the console's own `number`, if
    /// it has one; that of a further one is free and comes from the first profile's, so that the
    /// first user stays the first.
    ///
    /// # Errors
    /// The name is invalid, there are too many profiles, or the file can't be written.
    pub fn create_profile(&self, name: &str, number: Option<u64>) -> VfsResult<Profile> {
        let found = self.read_profiles()?;
        if found.len() >= MAX_READ {
            return Err(VfsError::Full);
        }
        let is_first = found.is_empty();
        let profiles = Profiles::of(found, number);
        let first = profiles.xuid_at(0).filter(|_| is_first);
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
    /// a profile whose removal was interrupted can be removed again. Files of the host that the
    /// store does not show stay.
    ///
    /// # Errors
    /// The profile is missing, or a file can't be removed.
    pub fn remove_profile(&self, xuid: Xuid) -> VfsResult<()> {
        self.read_profile(xuid)?.ok_or(VfsError::NotFound)?;
        self.remove_shown(&PackageName::titles_directory(xuid))?;
        if self.device().lock().remove_link(&folder(xuid))? {
            return Ok(());
        }
        for entry in self.list(&folder(xuid))? {
            let path = below(xuid, entry.name.clone());
            if entry.directory {
                self.remove_shown(&path)?;
            } else if !entry.name.eq_ignore_ascii_case(PROFILE_FILE) {
                self.remove_file(&path)?;
            }
        }
        self.remove_file(&below(xuid, PROFILE_FILE.to_owned()))?;
        self.remove_shown(&folder(xuid))
    }

    /// Removes what the store shows of a directory tree, and of those whose names differ only in
    /// case: each is shown when the one before is gone.
    fn remove_shown(&self, path: &[String]) -> VfsResult<()> {
        loop {
            match self.remove_tree(path) {
                Err(VfsError::NotEmpty) => return Ok(()),
                result => result?,
            }
            if self.device().lock().find(path).is_err() {
                return Ok(());
            }
        }
    }

    /// Writes a profile's settings of a title, or those of all titles (the dashboard's). The text,
    /// in which earlier versions kept a title's own options, loses those that its database has with
    /// the same value.
    pub fn save_settings(&self, profile: &Profile, owner: u32) -> VfsResult<()> {
        self.save_profile(profile)?;
        let has_options = profile.options_of(owner).next().is_some();
        let gpd = if has_options { self.gpd(profile.xuid, owner)? } else { Gpd::default() };
        let is_in_gpd = |id: SettingId, value: &Value| {
            id.may_be_set_by_titles()
                && matches!(value, Value::Bytes(bytes) if gpd.binary_setting(id.0) == Some(bytes.as_slice()))
        };
        let empty = format!("{SETTINGS}\n");
        let mut text = empty.clone();
        for (id, value) in profile.settings_of(owner).filter(|&(id, value)| !is_in_gpd(id, value)) {
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
        let path = below(profile.xuid, format!("{owner:08X}{SUFFIX}"));
        // A title's options alone don't change the text, whose replacement is slow and may fail.
        let before = self.read(&path)?.unwrap_or_else(|| empty.into_bytes());
        if before == text.as_bytes() { Ok(()) } else { self.replace(&path, text.as_bytes()) }
    }

    /// Writes a title's own options to its database, as on consoles.
    ///
    /// # Errors
    /// The name or the database can't be written, or the database can't be read.
    pub fn save_options(&self, profile: &Profile, title: u32) -> VfsResult<()> {
        let mut options = profile.options_of(title).peekable();
        if options.peek().is_none() {
            return Ok(());
        }
        // First: if the name can't be written, the title gets an error, and no option may change.
        self.save_profile(profile)?;
        let mut gpd = self.gpd(profile.xuid, title)?;
        let mut is_changed = false;
        for (id, value) in options {
            if gpd.binary_setting(id.0) != Some(value) {
                gpd.set_binary_setting(id.0, value);
                is_changed = true;
            }
        }
        if is_changed { self.save_gpd(profile.xuid, title, &gpd) } else { Ok(()) }
    }
}
