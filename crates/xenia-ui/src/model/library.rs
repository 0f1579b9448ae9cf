//! Data of the library and of the pages of its folders.

use crate::LibraryIcon;
use std::path::PathBuf;
use std::sync::Arc;

/// Property by which titles are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LibrarySort {
    /// The name in the library.
    #[default]
    Name,
    /// The time of the last run, the latest first.
    LastPlayed,
    /// The time of all runs, the longest first.
    TimePlayed,
}

impl LibrarySort {
    /// Name on the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LastPlayed => "last played",
            Self::TimePlayed => "time played",
        }
    }

    /// The next one.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Name => Self::LastPlayed,
            Self::LastPlayed => Self::TimePlayed,
            Self::TimePlayed => Self::Name,
        }
    }
}

/// How the library shows its titles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibraryView {
    /// Property by which titles are sorted.
    pub sort: LibrarySort,
    /// Whether titles are cells of a grid, and not rows of a list.
    pub is_grid: bool,
}

/// The titles, and the state of the scan that finds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryModel {
    /// How titles are shown, until that is changed on the page.
    pub view: LibraryView,
    /// The titles; the demo is the first one. Models share them: a scan reports its progress often.
    pub entries: Arc<Vec<LibraryEntry>>,
    /// Progress of the scan; `None` if none runs.
    pub progress: Option<String>,
    /// Folders of titles that the settings name; `None`: they have not been read yet.
    pub folders: Option<Vec<PathBuf>>,
    /// Folders and files that could not be read, with the reasons.
    pub failures: Vec<String>,
}

impl LibraryModel {
    /// Whether folders are named, and a scan has found nothing in them.
    pub(crate) fn has_empty_folders(&self) -> bool {
        let has_folders = self.folders.as_ref().is_some_and(|folders| !folders.is_empty());
        has_folders && self.progress.is_none() && self.entries.iter().all(|entry| entry.path.is_none())
    }
}

/// A title of the library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Name of the title.
    pub name: String,
    /// The file that starts it; `None` starts the demo.
    pub path: Option<PathBuf>,
    /// Id and format, in one line.
    pub kind: String,
    /// Time since the last run and time of all runs, in words; empty if it has not run.
    pub played: String,
    /// State of the last run.
    pub state: Option<&'static str>,
    /// End of the last run, in seconds since 1970.
    pub last_played: Option<u64>,
    /// Time of all runs, in seconds.
    pub seconds_played: u64,
    /// Whether it has an id, by which profiles keep its data.
    pub has_id: bool,
    /// Its icon; `None` if it has none.
    pub icon: Option<Arc<LibraryIcon>>,
}

/// A folder, and the part of those in it that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderModel {
    /// Path of the folder.
    pub path: PathBuf,
    /// The folder that it is in; `None` if it is in none.
    pub parent: Option<PathBuf>,
    /// Folders in it, by name.
    pub folders: Vec<(String, PathBuf)>,
    /// Number of folders before this part.
    pub before: usize,
    /// Number of all folders in it.
    pub total: usize,
    /// Why folders are missing.
    pub failure: Option<String>,
}
