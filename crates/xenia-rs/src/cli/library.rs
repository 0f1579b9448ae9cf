//! Arguments of `library`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use xenia_render::{LibrarySort, LibraryView};

/// Properties by which titles are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SortArg {
    /// The name in the library.
    Name,
    /// The time of the last run, the latest first.
    LastPlayed,
    /// The time of all runs, the longest first.
    TimePlayed,
}

/// Forms of the window's library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ViewArg {
    /// A row for each title.
    #[default]
    List,
    /// Icons side by side.
    Grid,
}

impl From<SortArg> for LibrarySort {
    fn from(sort: SortArg) -> Self {
        match sort {
            SortArg::Name => Self::Name,
            SortArg::LastPlayed => Self::LastPlayed,
            SortArg::TimePlayed => Self::TimePlayed,
        }
    }
}

/// The values of --sort and --view for a view of the window.
pub fn values_of(view: LibraryView) -> [(&'static str, String); 2] {
    let sorts = SortArg::value_variants().iter();
    let sort = sorts.copied().find(|sort| LibrarySort::from(*sort) == view.sort);
    let form = if view.is_grid { ViewArg::Grid } else { ViewArg::List };
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    };
    let sort = name(sort.and_then(|sort| sort.to_possible_value()));
    [("sort", sort), ("view", name(form.to_possible_value()))]
}

/// Arguments of `library`.
#[derive(Clone, Debug, Args)]
pub struct LibraryArgs {
    /// Folders with titles, in addition to those of --folder.
    pub folders: Vec<PathBuf>,
    /// A folder with titles; may be given several times, and as a list in config.toml:
    /// `[library]`, `folder = ["/home/me/games"]`.
    #[arg(long, value_name = "DIR")]
    pub folder: Vec<PathBuf>,
    /// Examine all files again, also those that have not changed since the last time.
    #[arg(long)]
    pub rescan: bool,
    /// Write JSON (`-` for standard output).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// How to sort the titles (default: by path; the window's library: by name).
    #[arg(long, value_name = "BY", value_enum)]
    pub sort: Option<SortArg>,
    /// How the window's library shows the titles.
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub view: ViewArg,
    /// TOML file with the user's retail key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

impl LibraryArgs {
    /// How the window's library shows the titles.
    pub fn window_view(&self) -> LibraryView {
        LibraryView {
            sort: self.sort.map_or_else(LibrarySort::default, Into::into),
            is_grid: self.view == ViewArg::Grid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    #[test]
    fn a_view_of_the_window_is_the_same_after_the_next_start() {
        for sort in [LibrarySort::Name, LibrarySort::LastPlayed, LibrarySort::TimePlayed] {
            for is_grid in [false, true] {
                let view = LibraryView { sort, is_grid };
                let flags = values_of(view).map(|(name, value)| format!("--{name}={value}"));
                let words = ["xenia-rs", "library"].into_iter().chain(flags.iter().map(String::as_str));
                let Some(Command::Library(args)) = Cli::parse_from(words).command else {
                    panic!("another command");
                };
                assert_eq!(args.window_view(), view);
            }
        }
    }
}
