//! Navigation between pages: where the key leads that leaves a page.

use super::page::{MenuPage, Outcome};
use super::{PageCommand, PageModel, all_settings, profile, states};

/// Result of leaving a page by Escape, or by B of a pad.
pub(super) fn back(page: MenuPage, model: &PageModel) -> Outcome {
    match page {
        MenuPage::Menu if model.is_home => Outcome::Go(MenuPage::Library),
        MenuPage::Menu | MenuPage::AskOpen => Outcome::Do(PageCommand::Resume),
        MenuPage::Stopped => Outcome::Do(PageCommand::LeaveStopped),
        MenuPage::AskDelete => Outcome::Go(MenuPage::Title),
        // Not to the library: the folder that was reached part by part stays.
        MenuPage::AddFolder => Outcome::Go(MenuPage::ChooseFolder),
        MenuPage::AskBuiltIn => Outcome::Go(MenuPage::Input),
        MenuPage::AskSave => Outcome::Go(MenuPage::SaveState),
        MenuPage::OneSetting | MenuPage::FindSetting | MenuPage::AskReset => {
            Outcome::Go(MenuPage::AllSettings)
        }
        MenuPage::TypeSetting => Outcome::Go(MenuPage::OneSetting),
        MenuPage::AllSettings => all_settings::back(model),
        MenuPage::Picture => Outcome::Go(MenuPage::Gallery),
        MenuPage::Profiles
        | MenuPage::OneProfile
        | MenuPage::NewProfile
        | MenuPage::RenameProfile
        | MenuPage::AskDeleteProfile
        | MenuPage::Achievements
        | MenuPage::Saves
        | MenuPage::Package
        | MenuPage::AskDeletePackage
        | MenuPage::Import
        | MenuPage::AskReplace => profile::back(page, model),
        MenuPage::FindTitle
        | MenuPage::Title
        | MenuPage::ChooseFolder
        | MenuPage::RemoveFolder
        | MenuPage::Unread
        | MenuPage::Failure => Outcome::Go(MenuPage::Library),
        MenuPage::SaveState | MenuPage::LoadState => Outcome::Go(states::parent(model)),
        MenuPage::Settings
        | MenuPage::Input
        | MenuPage::Internals
        | MenuPage::Gallery
        | MenuPage::Library
        | MenuPage::AskRestart
        | MenuPage::AskHome
        | MenuPage::AskQuit => Outcome::Go(MenuPage::Menu),
    }
}
