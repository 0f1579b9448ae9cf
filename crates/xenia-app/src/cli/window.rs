//! Arguments about the window.

use super::number;
use clap::{Args, ValueEnum};
use std::num::NonZeroU32;
use std::path::PathBuf;
use xenia_render::{BINDINGS, Binding};

/// How the picture is fitted into the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Scaling {
    /// As large as fits, with its proportions.
    #[default]
    Aspect,
    /// The largest whole multiple that fits.
    Integer,
    /// The whole window.
    Stretch,
}

/// How the picture is made larger or smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Filter {
    /// Smooth.
    #[default]
    Linear,
    /// Every pixel a rectangle.
    Nearest,
}

/// Which figures are shown over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Osd {
    /// Frames a second.
    Small,
    /// All of them.
    Full,
}

impl From<Osd> for xenia_render::Overlay {
    fn from(osd: Osd) -> Self {
        match osd {
            Osd::Small => Self::Small,
            Osd::Full => Self::Full,
        }
    }
}

impl From<Scaling> for xenia_render::Scaling {
    fn from(scaling: Scaling) -> Self {
        match scaling {
            Scaling::Aspect => Self::Aspect,
            Scaling::Integer => Self::Integer,
            Scaling::Stretch => Self::Stretch,
        }
    }
}

impl From<Filter> for xenia_render::Filter {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter::Linear => Self::Linear,
            Filter::Nearest => Self::Nearest,
        }
    }
}

/// Fields of guest time in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimit(pub Option<NonZeroU32>);

impl Default for FrameLimit {
    fn default() -> Self {
        Self(NonZeroU32::new(60))
    }
}

impl std::fmt::Display for FrameLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl std::str::FromStr for FrameLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let limit = u32::try_from(number(text)?).ok().and_then(NonZeroU32::new);
        limit.map(|limit| Self(Some(limit))).ok_or_else(|| format!("{text} is no limit; `off` is for none"))
    }
}

/// Flags about the window; with `--headless` they are refused. Where there is no display they
/// change nothing.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Window")]
pub struct WindowArgs {
    /// Fill the screen.
    #[arg(long, conflicts_with = "headless")]
    pub fullscreen: bool,
    /// Wait for the display's vertical blank.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        conflicts_with = "headless"
    )]
    pub vsync: bool,
    /// How the picture is fitted into the window.
    #[arg(long, value_enum, default_value_t, conflicts_with = "headless")]
    pub scaling: Scaling,
    /// How the picture is made larger or smaller.
    #[arg(long, value_enum, default_value_t, conflicts_with = "headless")]
    pub filter: Filter,
    /// Fields of guest time in a second of the host's, 60 being the console's speed, or `off`.
    #[arg(long, value_name = "N|off", default_value_t, conflicts_with = "headless")]
    pub frame_limit: FrameLimit,
    /// Begin with figures over the picture.
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "full",
        conflicts_with = "headless"
    )]
    pub osd: Option<Osd>,
    /// Where screenshots go (default: screenshots in the data folder).
    #[arg(long, value_name = "DIR", conflicts_with = "headless")]
    pub screenshots: Option<PathBuf>,
}

/// The window's keys, for the long help.
pub fn key_help() -> String {
    let width = BINDINGS.iter().map(|binding| binding.name.len()).max().unwrap_or_default();
    let row = |binding: &Binding| format!("  {:width$}  {}\n", binding.name, binding.meaning);
    let rows: Vec<String> = BINDINGS.iter().map(row).collect();
    "Keys in the window:\n".to_owned()
        + &rows.concat()
        + "All others are the first controller's; see Running titles in the book."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_or_off() {
        assert_eq!("off".parse(), Ok(FrameLimit(None)));
        assert_eq!("1_20".parse(), Ok(FrameLimit(NonZeroU32::new(120))));
        for wrong in ["0", "-1", "4294967296", "on", ""] {
            assert!(wrong.parse::<FrameLimit>().is_err(), "{wrong}");
        }
        for limit in ["off", "60", "7"] {
            assert_eq!(limit.parse::<FrameLimit>().unwrap().to_string(), limit);
        }
    }

    #[test]
    fn a_run_without_a_window_takes_no_flag_of_one() {
        use crate::cli::Cli;
        use clap::Parser;
        for flag in [
            "--fullscreen",
            "--vsync=false",
            "--scaling=integer",
            "--filter=nearest",
            "--frame-limit=30",
            "--osd",
            "--screenshots=x",
        ] {
            for words in [&["xenia-rs", "--headless", flag][..], &["xenia-rs", "exec", flag, "--headless"]] {
                let error = Cli::try_parse_from(words).err().unwrap_or_else(|| panic!("{words:?}"));
                assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict, "{words:?}");
            }
            assert!(Cli::try_parse_from(["xenia-rs", flag]).is_ok());
        }
    }

    #[test]
    fn the_help_and_the_book_name_every_key() {
        let book = include_str!("../../../../docs/src/playing.md");
        for binding in BINDINGS {
            assert!(key_help().contains(binding.name));
            let row = book.lines().find(|line| line.starts_with(&format!("| {} |", binding.name)));
            assert!(row.is_some_and(|row| row.contains(binding.meaning)), "{}: {row:?}", binding.name);
        }
        for (keys, meaning) in crate::input::keys::FOR_PEOPLE {
            let row = format!("| {keys} | {meaning} |");
            assert!(book.lines().any(|line| line == row), "{row}");
        }
    }
}
