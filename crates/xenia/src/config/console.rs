//! Options of the console that a title sees: its settings, its version, its answers to missing
//! calls.

use std::fmt;
use std::str::FromStr;
use xenia_kernel::imports::MissingAnswer;
use xenia_kernel::locale::country_number;
use xenia_kernel::ports::DisplayMode;
use xenia_kernel::{KernelConfig, LimitSetting};

/// Options of the console.
#[derive(Clone, Debug, Default)]
pub struct ConsoleConfig {
    /// Results of missing exports; empty: their documented failures.
    pub missing: Vec<MissingAnswer>,
    /// Version of the system; `None`: the console's last.
    pub system_version: Option<SystemVersion>,
    /// Language of the console; `None`: English.
    pub language: Option<Language>,
    /// Country of the console; `None`: the United States.
    pub country: Option<Country>,
    /// Region of the console; `None`: North America.
    pub region: Option<ConsoleRegion>,
    /// Video mode of the console's settings; `None`: 1280x720 at 60 Hz.
    pub video_mode: Option<VideoMode>,
    /// Whether the screen is 16:9; `None`: by the video mode.
    pub widescreen: Option<bool>,
    /// Whether titles may read addresses below 64 KiB.
    pub null_page: bool,
    /// Limits of the kernel with numbers other than the usual ones.
    pub limits: Vec<LimitSetting>,
}

impl ConsoleConfig {
    /// Changes the kernel's defaults.
    pub fn apply(&self, config: &mut KernelConfig) {
        config.missing = self.missing.iter().collect();
        config.null_page = self.null_page;
        config.limits.clone_from(&self.limits);
        if let Some(version) = self.system_version {
            config.version = version.0;
        }
        let locale = &mut config.locale;
        let mode = self.display_mode();
        locale.widescreen = mode.widescreen;
        locale.is_50_hz = mode.is_50_hz();
        locale.language = self.language.map_or(locale.language, |language| language as u32);
        locale.country = self.country.map_or(locale.country, |country| country.number);
        locale.game_region = self.region.map_or(locale.game_region, |region| region as u32);
    }

    /// The display that titles see.
    pub fn display_mode(&self) -> DisplayMode {
        let usual = DisplayMode::default();
        let mode = self.video_mode.map_or(usual, |VideoMode { width, height, interlaced, refresh_rate }| {
            let widescreen = width * WIDE.1 >= height * WIDE.0;
            DisplayMode { width, height, interlaced, widescreen, refresh_rate }
        });
        DisplayMode { widescreen: self.widescreen.unwrap_or(mode.widescreen), ..mode }
    }

    /// The options that differ from the defaults, as flags.
    pub fn flags(&self) -> Vec<String> {
        let mut flags: Vec<String> =
            self.missing.iter().map(|answer| format!("--missing {answer}")).collect();
        flags.extend(self.system_version.map(|version| format!("--system-version {version}")));
        flags.extend(self.language.map(|language| format!("--language {}", language as u32)));
        flags.extend(self.country.map(|country| format!("--country {country}")));
        flags.extend(self.region.map(|region| format!("--region {:#x}", region as u32)));
        flags.extend(self.video_mode.map(|mode| format!("--video-mode {mode}")));
        flags.extend(self.widescreen.map(|wide| format!("--widescreen {wide}")));
        flags.extend(self.null_page.then(|| "--null-page".to_owned()));
        flags.extend(self.limits.iter().map(|limit| format!("--limit {limit}")));
        flags
    }
}

/// Version of the console's system: major, minor, build, revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemVersion(pub [u16; 4]);

impl fmt::Display for SystemVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

impl FromStr for SystemVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Titles see the parts in 4, 4, 16 and 8 bits.
        const MAX_PARTS: [u16; 4] = [0xF, 0xF, 0xFFFF, 0xFF];
        let wrong = || {
            format!(
                "{text:?} is not a version such as 2.0.21119.0 or 2.0.21119: parts up to 15, 15, 65535, 255"
            )
        };
        let parts: Option<Vec<u16>> =
            text.split('.').map(|part| part.parse::<u16>().ok().filter(|_| !part.starts_with('+'))).collect();
        let mut parts = parts.ok_or_else(wrong)?;
        if parts.len() == 3 {
            parts.push(0);
        }
        let parts: [u16; 4] = parts.try_into().map_err(|_| wrong())?;
        if parts.iter().zip(MAX_PARTS).any(|(&part, most)| part > most) {
            Err(wrong())
        } else {
            Ok(Self(parts))
        }
    }
}

/// Aspect ratio from which on a mode is taken for 16:9.
const WIDE: (u32, u32) = (3, 2);
/// Smallest and largest sizes of a video mode.
const SIZES: [(u32, u32); 2] = [(640, 480), (1920, 1080)];
/// Fields per second of the console's video modes.
const RATES: [f32; 3] = [50.0, 59.94, 60.0];

/// A video mode of the console's settings: `WIDTHxHEIGHT`, `i` if it is interlaced, `@RATE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoMode {
    width: u32,
    height: u32,
    interlaced: bool,
    refresh_rate: f32,
}

impl fmt::Display for VideoMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, interlaced, refresh_rate } = self;
        write!(f, "{width}x{height}{}@{refresh_rate}", if *interlaced { "i" } else { "" })
    }
}

impl FromStr for VideoMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a video mode such as 1280x720, 640x480@50 or 1920x1080i: from 640x480 to 1920x1080, \
                 at 50, 59.94 or 60 Hz"
            )
        };
        let (size, rate) = text.split_once('@').unwrap_or((text, "60"));
        let refresh_rate = rate.parse().ok().filter(|rate| RATES.contains(rate)).ok_or_else(wrong)?;
        let (size, interlaced) = size.strip_suffix('i').map_or((size, false), |size| (size, true));
        let (width, height) = size.split_once('x').ok_or_else(wrong)?;
        let part = |text: &str, least: u32, most: u32| {
            text.parse().ok().filter(|size| (least..=most).contains(size) && !text.starts_with('+'))
        };
        let [least, most] = SIZES;
        let width = part(width, least.0, most.0).ok_or_else(wrong)?;
        let height = part(height, least.1, most.1).ok_or_else(wrong)?;
        Ok(Self { width, height, interlaced, refresh_rate })
    }
}

/// A country that the console can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country {
    code: [u8; 2],
    number: u8,
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.code.map(char::from);
        write!(f, "{first}{second}")
    }
}

impl FromStr for Country {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let code = text.to_ascii_uppercase();
        let wrong = || format!("{text:?} is not a country of the console, two letters such as US or JP");
        let number = country_number(&code).and_then(|number| u8::try_from(number).ok()).ok_or_else(wrong)?;
        let code = code.as_bytes().try_into().map_err(|_| wrong())?;
        Ok(Self { code, number })
    }
}

/// Languages of the console, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Language {
    English = 1,
    Japanese = 2,
    German = 3,
    French = 4,
    Spanish = 5,
    Italian = 6,
    Korean = 7,
    /// Chinese in traditional characters.
    TraditionalChinese = 8,
    Portuguese = 9,
    Polish = 11,
    Russian = 12,
    Swedish = 13,
    Turkish = 14,
    Norwegian = 15,
    Dutch = 16,
    /// Chinese in simplified characters.
    SimplifiedChinese = 17,
}

impl Language {
    const ALL: [Self; 16] = [
        Self::English,
        Self::Japanese,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Korean,
        Self::TraditionalChinese,
        Self::Portuguese,
        Self::Polish,
        Self::Russian,
        Self::Swedish,
        Self::Turkish,
        Self::Norwegian,
        Self::Dutch,
        Self::SimplifiedChinese,
    ];
}

/// A flag of [`ConsoleConfig::flags`] as the command line takes it: languages and regions are
/// numbers there, and words here.
pub(crate) fn as_typed(flag: &str) -> String {
    let language = Language::ALL
        .into_iter()
        .map(|language| ("--language", format!("{}", language as u32), word(&language)));
    let regions = ConsoleRegion::ALL
        .into_iter()
        .map(|region| ("--region", format!("{:#x}", region as u32), word(&region)));
    let known = language.chain(regions).find(|(name, number, _)| flag == format!("{name} {number}"));
    known.map_or_else(|| flag.to_owned(), |(name, _, word)| format!("{name} {word}"))
}

/// The word of a variant: `TraditionalChinese` is `traditional-chinese`.
fn word(variant: &impl fmt::Debug) -> String {
    let name = format!("{variant:?}");
    let mut word = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// Regions of consoles, with the masks that titles compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ConsoleRegion {
    NorthAmerica = 0xFF,
    Japan = 0x101,
    China = 0x102,
    /// The rest of Asia.
    Asia = 0x1FC,
    /// Australia and New Zealand.
    Australia = 0x201,
    Europe = 0x2FE,
}

impl ConsoleRegion {
    const ALL: [Self; 6] =
        [Self::NorthAmerica, Self::Japan, Self::China, Self::Asia, Self::Australia, Self::Europe];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_three_or_four_parts_that_titles_can_see() {
        let version = |text: &str| text.parse::<SystemVersion>();
        assert_eq!(version("2.0.17559.0"), Ok(SystemVersion([2, 0, 17_559, 0])));
        assert_eq!(version("2.0.17559"), version("2.0.17559.0"));
        assert_eq!(version("0.0.0").unwrap().to_string(), "0.0.0.0");
        for wrong in ["", "2", "2.0", "2.0.1.2.3", "16.0.1", "2.0.65536", "2.0.1.256", "2.0.x", "2.0.+1"] {
            assert!(version(wrong).unwrap_err().contains("such as 2.0.21119.0 or 2.0.21119:"), "{wrong}");
        }
    }

    #[test]
    fn video_modes_are_those_of_consoles() {
        let mode = |text: &str| text.parse::<VideoMode>().map(|mode| mode.to_string());
        assert_eq!(mode("1280x720").as_deref(), Ok("1280x720@60"));
        assert_eq!(mode("1920x1080i@59.94").as_deref(), Ok("1920x1080i@59.94"));
        for wrong in [
            "",
            "720p",
            "1280",
            "639x480",
            "1920x1081",
            "640x480@25",
            "640x480@nan",
            "640x480@",
            "+640x480",
            "640x480ii",
        ] {
            assert!(mode(wrong).unwrap_err().contains("such as 1280x720"), "{wrong}");
        }
        for (text, widescreen) in
            [("640x480@50", false), ("1280x1024", false), ("848x480", true), ("1440x900", true)]
        {
            let mode = Some(text.parse().unwrap());
            let mut console = ConsoleConfig { video_mode: mode, ..ConsoleConfig::default() };
            assert_eq!(console.display_mode().widescreen, widescreen, "{text}");
            console.widescreen = Some(!widescreen);
            assert_eq!(console.display_mode().widescreen, !widescreen, "{text}");
        }
        assert_eq!(ConsoleConfig::default().display_mode(), DisplayMode::default());
    }

    #[test]
    fn the_kernel_gets_what_was_set_and_keeps_its_defaults() {
        let mut config = KernelConfig::default();
        ConsoleConfig::default().apply(&mut config);
        let usual = KernelConfig::default();
        assert_eq!((config.version, config.locale), (usual.version, usual.locale));
        assert!(ConsoleConfig::default().flags().is_empty());
        let console = ConsoleConfig {
            missing: vec![MissingAnswer::Zero],
            system_version: Some(SystemVersion([2, 0, 7371, 0])),
            language: Some(Language::German),
            country: Some("de".parse().unwrap()),
            region: Some(ConsoleRegion::Europe),
            video_mode: Some("640x480@50".parse().unwrap()),
            widescreen: Some(true),
            null_page: true,
            limits: vec!["open_files=99".parse().unwrap()],
        };
        console.apply(&mut config);
        let locale = config.locale;
        assert_eq!((config.version, locale.language, locale.country), ([2, 0, 7371, 0], 3, 24));
        assert!(locale.game_region == 0x2FE && config.null_page && config.missing != usual.missing);
        assert_eq!(config.limits.len(), 1);
        assert_eq!(
            console.flags(),
            [
                "--missing zero",
                "--system-version 2.0.7371.0",
                "--language 3",
                "--country DE",
                "--region 0x2fe",
                "--video-mode 640x480@50",
                "--widescreen true",
                "--null-page",
                "--limit open_files=99"
            ]
        );
        let typed: Vec<String> = console.flags().iter().map(|flag| as_typed(flag)).collect();
        assert_eq!((typed[2].as_str(), typed[4].as_str()), ("--language german", "--region europe"));
        assert_eq!(typed[8], "--limit open_files=99");
        assert_eq!(as_typed("--language 8"), "--language traditional-chinese");
        for wrong in ["", "ZZ", "XX", "USA", "é"] {
            assert!(wrong.parse::<Country>().is_err(), "{wrong}");
        }
    }
}
