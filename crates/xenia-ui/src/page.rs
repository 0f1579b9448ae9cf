//! Pages over the picture, their widths and their results.

use super::PageCommand;

/// Width of a page in points.
const WIDTH: f32 = 420.0;
/// Width of a page with text in points.
const READABLE: f32 = 640.0;
/// Width of the page with the machine's internals.
const WIDE: f32 = 1000.0;

macro_rules! menu_pages {
    ($($(#[$doc:meta])* $page:ident;)*) => {
        /// A page over the picture.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum MenuPage {
            $($(#[$doc])* $page,)*
        }

        impl MenuPage {
            /// All pages of the list.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$page),*];
        }
    };
}
menu_pages! {
    /// The pause menu.
    Menu;
    /// Why the machine has stopped.
    Stopped;
    /// Settings that act at once.
    Settings;
    /// All settings with their sources.
    AllSettings;
    /// One of all settings.
    OneSetting;
    /// The value of a setting, letter by letter.
    TypeSetting;
    /// The search for a setting, letter by letter.
    FindSetting;
    /// Keys, buttons and dead zones of controllers.
    Input;
    /// Question before the built-in keys and buttons are used again.
    AskBuiltIn;
    /// The machine's internals.
    Internals;
    /// Screenshots and videos.
    Gallery;
    /// A picture of the gallery.
    Picture;
    /// The profiles in the folder of saves.
    Profiles;
    /// A profile, and what can be done with it.
    OneProfile;
    /// The name of a new profile, letter by letter.
    NewProfile;
    /// The new name of a profile, letter by letter.
    RenameProfile;
    /// Question before a profile is deleted.
    AskDeleteProfile;
    /// Achievements of a title.
    Achievements;
    /// Saved games and content of a title.
    Saves;
    /// A saved game, or content.
    Package;
    /// Question before a package is deleted.
    AskDeletePackage;
    /// A package is chosen for import.
    Import;
    /// Question before a package replaces another one.
    AskReplace;
    /// Slots to save the state to.
    SaveState;
    /// Question before a saved state is replaced.
    AskSave;
    /// Slots to load a state from.
    LoadState;
    /// The titles that can be run. It fills the window.
    Library;
    /// The search for a title, letter by letter.
    FindTitle;
    /// Details of a title of the library.
    Title;
    /// Choice of a folder to add to the library.
    ChooseFolder;
    /// The path of a new folder of the library.
    AddFolder;
    /// Choice of a folder to remove from the library.
    RemoveFolder;
    /// Files and folders of the library that could not be read.
    Unread;
    /// Reason why a title was not started.
    Failure;
    /// Question before a title's saves are deleted.
    AskDelete;
    /// Question before all settings of a table are reset.
    AskReset;
    /// Question before a title is left for the library.
    AskHome;
    /// Question before a title is left for a file that was dropped.
    AskOpen;
    /// Question before the title is restarted.
    AskRestart;
    /// Question before the window is closed.
    AskQuit;
}

impl MenuPage {
    /// Width of the page in points, on a window that has room for it.
    pub(super) fn width(self) -> f32 {
        match self {
            Self::Internals | Self::Picture => WIDE,
            Self::Stopped | Self::Failure | Self::Gallery | Self::Unread => READABLE,
            Self::FindTitle | Self::ChooseFolder | Self::AddFolder | Self::RemoveFolder => READABLE,
            Self::AllSettings | Self::OneSetting | Self::TypeSetting | Self::FindSetting => READABLE,
            Self::Profiles | Self::NewProfile | Self::RenameProfile => READABLE,
            Self::Achievements | Self::Saves | Self::Package | Self::Import => READABLE,
            _ => WIDTH,
        }
    }
}

/// Result of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Another page is shown.
    Go(MenuPage),
    /// The window does something.
    Do(PageCommand),
}
