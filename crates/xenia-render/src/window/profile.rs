//! Messages between the window and its client about profiles and their data of a title.

use super::{AchievementsModel, DataOwner, PackageId, ProfilesModel, SavesModel};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Data that was read, or the outcome of a request.
#[derive(Clone, Debug)]
pub enum ProfileNews {
    /// The profiles in the folder of saves.
    Profiles(Arc<ProfilesModel>),
    /// Achievements of the title whose data is shown.
    Achievements(Arc<AchievementsModel>),
    /// Its saved games and content.
    Saves(Arc<SavesModel>),
    /// The package in this file has the name of another one.
    Conflict(PathBuf),
}

/// Requests of the pages of profiles, on the main thread. Those that read or write files are
/// carried out in the background. [`super::FrameSender::profile`] follows, and messages.
pub trait ProfileClient {
    /// Whether the title that runs can have such data.
    fn has_title(&self) -> bool;

    /// Reads the profiles, while no title runs.
    fn read_profiles(&mut self);

    /// Makes a profile, and reads all of them again. Returns a message if the name is invalid.
    fn create_profile(&mut self, name: &str) -> Result<(), String>;

    /// Gives a profile another name, likewise.
    fn rename_profile(&mut self, xuid: u64, name: &str) -> Result<(), String>;

    /// Removes a profile with all of its data, and reads the others again.
    fn remove_profile(&mut self, xuid: u64);

    /// Reads a title's achievements, for the profile with this id or the first one.
    fn read_achievements(&mut self, of: &DataOwner, xuid: Option<u64>);

    /// Reads a title's saved games and content, likewise.
    fn read_saves(&mut self, of: &DataOwner, xuid: Option<u64>);

    /// Deletes a package, and reads the others again.
    fn delete(&mut self, package: &PackageId);

    /// Writes a package to a file.
    fn export(&mut self, package: &PackageId);

    /// Takes in a package of the title whose saves are shown, for the profile that is shown, and
    /// reads them again. One that `replaces` another belongs to the title and the profile of the
    /// last [`ProfileNews::Conflict`] about the file.
    fn import(&mut self, path: &Path, replaces: bool);

    /// Takes in a package of any title, while none is shown.
    fn import_any(&mut self, path: &Path);

    /// Whether a file is a package and not a title.
    fn is_package(&self, path: &Path) -> bool;
}
