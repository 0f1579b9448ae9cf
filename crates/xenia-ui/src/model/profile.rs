//! Data of the pages of profiles, and their commands.

use crate::LibraryIcon;
use std::path::PathBuf;
use std::sync::Arc;

/// The title whose data is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DataOwner {
    /// The title that runs.
    #[default]
    Running,
    /// A title of the library, by its file; `None`: the demo.
    InLibrary(Option<PathBuf>),
}

/// A profile, to be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileName {
    /// The profile's id.
    pub xuid: u64,
    /// The user's name.
    pub name: String,
}

/// The profiles and the chosen one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChoice {
    /// All profiles, by id.
    pub profiles: Vec<ProfileName>,
    /// Index of the one whose data is shown.
    pub chosen: usize,
}

impl ProfileChoice {
    /// The profile whose data is shown.
    pub fn chosen(&self) -> Option<&ProfileName> {
        self.profiles.get(self.chosen)
    }

    /// The profile after the chosen one; `None` if there is no other.
    pub(crate) fn next(&self) -> Option<&ProfileName> {
        let next = (self.chosen + 1).checked_rem(self.profiles.len())?;
        self.profiles.get(next).filter(|_| next != self.chosen)
    }
}

/// Data of the pages of profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileModel {
    /// Whether the title that runs can have such data.
    pub has_title: bool,
    /// Whether profiles can be shown without a title.
    pub has_profiles: bool,
    /// The profiles; `None` while they are being read.
    pub profiles: Option<Arc<ProfilesModel>>,
    /// The title whose data is shown.
    pub of: DataOwner,
    /// Its achievements; `None` while they are being read.
    pub achievements: Option<Arc<AchievementsModel>>,
    /// Its saved games and content; `None` while they are being read.
    pub saves: Option<Arc<SavesModel>>,
    /// A file whose package exists already.
    pub conflict: Option<PathBuf>,
}

/// Command of a page of profiles. Those about a title mean the one whose data is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileCommand {
    /// Read and show the profiles.
    ShowProfiles,
    /// Make a profile with this name.
    Create(String),
    /// Give a profile another name.
    Rename {
        /// The profile's id.
        xuid: u64,
        /// The new name.
        name: String,
    },
    /// Remove the profile with this id, and all of its data.
    Remove(u64),
    /// Read and show the achievements of this title.
    ShowAchievements(DataOwner),
    /// Read and show the saved games and content of this title.
    ShowSaves(DataOwner),
    /// Show the data of the profile with this id, on the page that is open.
    Choose(u64),
    /// Delete a package.
    Delete(PackageId),
    /// Write a package to a file.
    Export(PackageId),
    /// Take a package in.
    Import {
        /// File of the package.
        path: PathBuf,
        /// Whether a package of the same name is replaced.
        replaces: bool,
    },
}

/// The profiles in the folder of saves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilesModel {
    /// The profiles, by id; the first one is the first user's.
    pub profiles: Vec<StoredProfile>,
    /// Why something is missing, or profiles can't be changed.
    pub failure: Option<String>,
}

/// A profile in the folder of saves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredProfile {
    /// The profile's id.
    pub xuid: u64,
    /// The user's name.
    pub name: String,
    /// Gamerscore and saved games, in words.
    pub details: String,
}

/// Achievements of a title, and which of them a profile has earned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AchievementsModel {
    /// Name of the title.
    pub title: String,
    /// The profiles, and the one whose achievements these are.
    pub choice: ProfileChoice,
    /// The totals in words.
    pub totals: String,
    /// Its achievements, by id.
    pub rows: Vec<EarnedRow>,
    /// Why something is missing.
    pub failure: Option<String>,
}

/// An achievement as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarnedRow {
    /// Its name, or another one while it is a secret.
    pub name: String,
    /// Its description; empty while it is a secret.
    pub description: String,
    /// Gamerscore, and when it was unlocked, in words.
    pub details: String,
    /// Whether it is unlocked.
    pub is_earned: bool,
    /// Its picture; `None` if there is none.
    pub picture: Option<Arc<LibraryIcon>>,
}

/// Saved games and content of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavesModel {
    /// Name of the title.
    pub title: String,
    /// The profiles, and the one whose packages these are, beside those of all profiles.
    pub choice: ProfileChoice,
    /// Number and size of the packages, in words.
    pub totals: String,
    /// Packages of the title.
    pub packages: Vec<StoredPackage>,
    /// Why packages can't be changed; `None` if they can.
    pub fixed: Option<String>,
    /// Package files in the folder of exports.
    pub importable: Vec<ImportableFile>,
    /// Folder of exports; `None` if there is no data folder.
    pub exports: Option<PathBuf>,
    /// Why something is missing.
    pub failure: Option<String>,
}

/// A package in the folder of saves.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageId {
    /// The profile that owns it; 0 for all profiles.
    pub owner: u64,
    /// Id of the title.
    pub title: u32,
    /// Its content type.
    pub kind: u32,
    /// Name of the file.
    pub file: String,
}

/// A saved game, or content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPackage {
    /// Place in the folder of saves.
    pub id: PackageId,
    /// Its display name.
    pub name: String,
    /// Kind, size and date, in words.
    pub details: String,
    /// Its picture; `None` if there is none.
    pub picture: Option<Arc<LibraryIcon>>,
}

/// A package file in the folder of exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportableFile {
    /// Path of the file.
    pub path: PathBuf,
    /// Size and date, in words.
    pub details: String,
}
