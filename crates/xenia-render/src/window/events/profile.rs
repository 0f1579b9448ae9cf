//! The pages of profiles: their names, achievements, saved games and content.

use super::Events;
use crate::window::{DataOwner, ProfileClient, ProfileNews};
use std::path::{Path, PathBuf};
use xenia_ui::{MenuPage, ProfileCommand, ProfileModel};

impl Events {
    /// Data of the pages of profiles.
    pub(super) fn profile_model(&mut self) -> ProfileModel {
        let has_title = self.is_running() && self.client.profile().is_some_and(|profile| profile.has_title());
        ProfileModel { has_title, has_profiles: self.client.profile().is_some(), ..self.profile.clone() }
    }

    /// Carries out a command of these pages.
    pub(super) fn run_profile_command(&mut self, command: ProfileCommand) {
        match command {
            ProfileCommand::ShowProfiles => {
                self.profile.profiles = None;
                self.change_profiles(|profile| {
                    profile.read_profiles();
                    Ok(())
                });
            }
            ProfileCommand::Create(name) => self.change_profiles(|profile| profile.create_profile(&name)),
            ProfileCommand::Rename { xuid, name } => {
                self.change_profiles(|profile| profile.rename_profile(xuid, &name));
            }
            ProfileCommand::Remove(xuid) => self.change_profiles(|profile| {
                profile.remove_profile(xuid);
                Ok(())
            }),
            ProfileCommand::ShowAchievements(of) => self.show_profile(of, MenuPage::Achievements),
            ProfileCommand::ShowSaves(of) => self.show_profile(of, MenuPage::Saves),
            ProfileCommand::Choose(xuid) => self.read_profile(Some(xuid)),
            ProfileCommand::Delete(package) => {
                self.open_page(MenuPage::Saves);
                if let Some(profile) = self.client.profile() {
                    profile.delete(&package);
                }
            }
            ProfileCommand::Export(package) => {
                self.say("exporting\u{2026}".to_owned());
                if let Some(profile) = self.client.profile() {
                    profile.export(&package);
                }
            }
            ProfileCommand::Import { path, replaces } => self.import_package(&path, replaces),
        }
    }

    /// Changes or reads the profiles, and shows them. If they can't be changed so, the page stays,
    /// so that a name can be corrected.
    fn change_profiles(&mut self, change: impl FnOnce(&mut dyn ProfileClient) -> Result<(), String>) {
        match self.client.profile().map(change) {
            Some(Ok(())) => self.open_page(MenuPage::Profiles),
            Some(Err(reason)) => self.say(reason),
            None => {}
        }
    }

    /// Opens one of these pages for a title.
    fn show_profile(&mut self, of: DataOwner, page: MenuPage) {
        self.profile = ProfileModel { of, ..ProfileModel::default() };
        self.open_page(page);
        self.read_profile(None);
    }

    /// Lets the data of the open page be read.
    fn read_profile(&mut self, xuid: Option<u64>) {
        let page = self.page();
        let Some(profile) = self.client.profile() else { return };
        if page == Some(MenuPage::Achievements) {
            profile.read_achievements(&self.profile.of, xuid);
        } else {
            profile.read_saves(&self.profile.of, xuid);
        }
    }

    fn import_package(&mut self, path: &Path, replaces: bool) {
        self.open_page(MenuPage::Saves);
        self.say(format!("importing {}\u{2026}", path.display()));
        if let Some(profile) = self.client.profile() {
            profile.import(path, replaces);
        }
    }

    /// Takes a file that was dropped onto the window, if it is a package to be imported. Returns
    /// the path otherwise.
    pub(super) fn take_package(&mut self, path: PathBuf) -> Option<PathBuf> {
        let is_of_page = matches!(self.page(), Some(MenuPage::Saves | MenuPage::Package | MenuPage::Import));
        if is_of_page {
            self.import_package(&path, false);
            return None;
        }
        let is_home = self.home.is_open;
        let Some(profile) = self.client.profile().filter(|profile| is_home && profile.is_package(&path))
        else {
            return Some(path);
        };
        profile.import_any(&path);
        self.say(format!("importing {}\u{2026}", path.display()));
        None
    }

    /// Takes the data that the client has read.
    pub(super) fn take_profile(&mut self, news: Vec<ProfileNews>) {
        for news in news {
            match news {
                ProfileNews::Profiles(model) => self.profile.profiles = Some(model),
                ProfileNews::Achievements(model) => self.profile.achievements = Some(model),
                ProfileNews::Saves(model) => self.profile.saves = Some(model),
                ProfileNews::Conflict(path) => {
                    if self.page() == Some(MenuPage::Saves) {
                        self.profile.conflict = Some(path);
                        self.open_page(MenuPage::AskReplace);
                    } else {
                        self.say(format!("{} is not imported: its package exists", path.display()));
                    }
                }
            }
        }
        self.refresh();
    }
}
