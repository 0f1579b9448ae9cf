//! Arguments that configure the window.

use clap::{Args, ValueEnum};
use std::num::NonZeroU32;
use std::path::PathBuf;
use xenia_cli::numbers::{number, number_in};
use xenia_render::{
    Appearance, AspectRatio, BINDINGS, BRIGHTNESS, FramePacing, GAMMA, KeyBinding, MAX_OVERSCAN,
    PictureSettings,
};

/// Ways to fit the picture into the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ScalingArg {
    /// As large as fits, with its aspect ratio kept.
    #[default]
    Aspect,
    /// The largest integer multiple that fits.
    Integer,
    /// Stretched to the whole window.
    Stretch,
}

/// Filters that scale the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FilterArg {
    /// Smooth: bilinear interpolation.
    #[default]
    Linear,
    /// Sharp: every pixel becomes a rectangle.
    Nearest,
}

/// Smoothing of the picture's edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AntialiasingArg {
    /// Edges are as the title drew them.
    #[default]
    Off,
    /// Fast approximate antialiasing: softens edges, and small letters a little.
    Fxaa,
}

/// Figures shown over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Osd {
    /// No figures are shown.
    #[value(alias = "none")]
    Off,
    /// Frames per second.
    Small,
    /// All available figures.
    Full,
}

/// Colours of the menu, the library and other pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// Those of the system; dark ones if it has no preference, as under X11.
    #[default]
    System,
    /// Light letters on a dark ground.
    Dark,
    /// Dark letters on a light ground.
    Light,
}

impl From<ThemeArg> for xenia_render::PageTheme {
    fn from(theme: ThemeArg) -> Self {
        match theme {
            ThemeArg::System => Self::System,
            ThemeArg::Dark => Self::Dark,
            ThemeArg::Light => Self::Light,
        }
    }
}

impl From<Osd> for xenia_render::Overlay {
    fn from(osd: Osd) -> Self {
        match osd {
            Osd::Off => Self::Off,
            Osd::Small => Self::Small,
            Osd::Full => Self::Full,
        }
    }
}

impl From<ScalingArg> for xenia_render::Scaling {
    fn from(scaling: ScalingArg) -> Self {
        match scaling {
            ScalingArg::Aspect => Self::Aspect,
            ScalingArg::Integer => Self::Integer,
            ScalingArg::Stretch => Self::Stretch,
        }
    }
}

impl From<FilterArg> for xenia_render::Filter {
    fn from(filter: FilterArg) -> Self {
        match filter {
            FilterArg::Linear => Self::Linear,
            FilterArg::Nearest => Self::Nearest,
        }
    }
}

/// Range of the brightness, in the parser's type.
const BRIGHTNESS_RANGE: std::ops::RangeInclusive<u64> = *BRIGHTNESS.start() as u64..=*BRIGHTNESS.end() as u64;

/// Range of the gamma, in the parser's type.
const GAMMA_RANGE: std::ops::RangeInclusive<u64> = *GAMMA.start() as u64..=*GAMMA.end() as u64;

/// Speed of guest time, in video fields per second of host time.
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
        limit.map(|limit| Self(Some(limit))).ok_or_else(|| format!("{text} is not a limit; `off` removes it"))
    }
}

/// Flags that configure the window; refused with `--headless`, and without effect if the host has
/// no display.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Window")]
pub struct WindowArgs {
    /// Start in full-screen mode.
    #[arg(long, conflicts_with = "headless")]
    pub fullscreen: bool,
    /// Synchronize with the display's vertical blank.
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
    /// Show the newest frame at each vertical blank, with at most one waiting, instead of frames in
    /// their order, where the display's driver can.
    #[arg(long, conflicts_with = "headless")]
    pub low_latency: bool,
    /// How to fit the picture into the window.
    #[arg(long, value_enum, default_value_t, conflicts_with = "headless")]
    pub scaling: ScalingArg,
    /// Filter that scales the picture.
    #[arg(long, value_enum, default_value_t, conflicts_with = "headless")]
    pub filter: FilterArg,
    /// Smoothing of edges.
    #[arg(long, value_enum, default_value_t, conflicts_with = "headless")]
    pub antialiasing: AntialiasingArg,
    /// Sharpening, 0 to 100.
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "0",
        value_parser = number_in::<u8>(0..=100),
        conflicts_with = "headless"
    )]
    pub sharpness: u8,
    /// Brightness, 50 to 200; 100 changes nothing.
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "100",
        value_parser = number_in::<u16>(BRIGHTNESS_RANGE),
        conflicts_with = "headless"
    )]
    pub brightness: u16,
    /// Gamma, 50 to 300: above 100 dark tones become lighter, below it darker.
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "100",
        value_parser = number_in::<u16>(GAMMA_RANGE),
        conflicts_with = "headless"
    )]
    pub gamma: u16,
    /// Shape of the picture with --scaling aspect: `auto` is that of the title's frames.
    #[arg(long, value_name = "W:H|auto", default_value_t, conflicts_with = "headless")]
    pub aspect_ratio: AspectRatio,
    /// Part of the picture to cut off at each edge, 0 to 20.
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "0",
        value_parser = number_in::<u8>(0..=MAX_OVERSCAN as u64),
        conflicts_with = "headless"
    )]
    pub overscan: u8,
    /// Speed of guest time, in video fields per second of host time: 60 is the console's speed,
    /// `off` is unlimited.
    #[arg(long, value_name = "N|off", default_value_t, conflicts_with = "headless")]
    pub frame_limit: FrameLimit,
    /// Show figures over the picture from the start.
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "full",
        conflicts_with = "headless"
    )]
    pub osd: Option<Osd>,
    /// Colours of the menu, the library and other pages.
    #[arg(long, value_enum, default_value_t, conflicts_with = "headless")]
    pub theme: ThemeArg,
    /// Pause while another window has the keyboard.
    #[arg(long, conflicts_with = "headless")]
    pub pause_unfocused: bool,
    /// Let the desktop's screen saver and lock begin while a title runs.
    #[arg(long, conflicts_with = "headless")]
    pub screen_saver: bool,
    /// End with the title, however it ends: no library, no page after a crash, errors on standard
    /// error only. For front ends that start titles.
    #[arg(long, conflicts_with = "headless")]
    pub batch: bool,
    /// Folder for screenshots (default: screenshots in the data folder).
    #[arg(long, value_name = "DIR", conflicts_with = "headless")]
    pub screenshots: Option<PathBuf>,
}

impl WindowArgs {
    /// Changes to the picture on its way to the window.
    pub fn appearance(&self) -> Appearance {
        Appearance {
            smooths_edges: self.antialiasing == AntialiasingArg::Fxaa,
            sharpness: self.sharpness,
            brightness: self.brightness,
            gamma: self.gamma,
            aspect: self.aspect_ratio,
            overscan: self.overscan,
        }
    }

    /// When frames are shown.
    pub fn pacing(&self) -> FramePacing {
        FramePacing { vsync: self.vsync, low_latency: self.low_latency }
    }

    /// How frames are shown.
    pub fn picture(&self) -> PictureSettings {
        PictureSettings {
            scaling: self.scaling.into(),
            filter: self.filter.into(),
            appearance: self.appearance(),
            pacing: self.pacing(),
        }
    }
}

/// The window's keyboard shortcuts, as text for the long help.
pub fn key_help() -> String {
    let width = BINDINGS.iter().map(|binding| binding.label.len()).max().unwrap_or_default();
    let row = |binding: &KeyBinding| format!("  {:width$}  {}\n", binding.label, binding.action.meaning());
    let rows: Vec<String> = BINDINGS.iter().map(row).collect();
    "Keys in the window:\n".to_owned()
        + &rows.concat()
        + "All others are the first controller's; see Running and playing titles in the book."
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
    fn headless_runs_refuse_flags_of_the_window() {
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
            "--pause-unfocused",
            "--screen-saver",
            "--batch",
            "--antialiasing=fxaa",
            "--sharpness=50",
            "--brightness=110",
            "--gamma=120",
            "--aspect-ratio=4:3",
            "--overscan=5",
            "--theme=light",
            "--low-latency",
            "--background-input=false",
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
        let book = include_str!("../../../../docs/src/using/playing.md");
        for binding in BINDINGS {
            assert!(key_help().contains(binding.label.as_ref()));
            let row = book.lines().find(|line| {
                line.starts_with(&format!("| {} | `{}` |", binding.label, binding.action.name()))
            });
            assert!(
                row.is_some_and(|row| row.contains(binding.action.meaning())),
                "{}: {row:?}",
                binding.label
            );
        }
        let page = xenia::input::key_page::for_people(&xenia::input::config::Tuning::default());
        for (keys, meaning) in page.rows {
            let row = format!("| {keys} | {meaning} |");
            assert!(book.lines().any(|line| line == row), "{row}");
        }
    }
}
