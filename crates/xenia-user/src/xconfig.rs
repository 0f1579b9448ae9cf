//! The console's settings, as numbered by `ExGetXConfigSetting` and `ExSetXConfigSetting`.
//!
//! Numbers and sizes are those of the console's last system version. Settings without a meaning
//! here are zero, as on a console that was reset. Values that a title sets last as long as the
//! machine and are passed to the title that it launches. Setting 0, a whole category with its
//! checksum, is reserved for the system and refused.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_guest::{ETHERNET_ADDRESS, NtStatus};
use xenia_state::{Impossible, check};

/// Regions of consoles: masks of the regions whose titles run.
pub mod game_region {
    use std::ops::RangeInclusive;

    pub const NORTH_AMERICA: u32 = 0xFF;
    pub const JAPAN: u32 = 0x101;
    pub const CHINA: u32 = 0x102;
    /// Masks of all consoles in Asia, those of Japan and China included.
    pub const ASIA: RangeInclusive<u32> = 0x100..=0x1FF;
    /// Masks of consoles in Europe, Australia and New Zealand.
    pub const EUROPE: RangeInclusive<u32> = 0x200..=0x2FF;
}

/// Settings that affect titles, with the console's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale {
    /// 1 English, 2 Japanese, 3 German, 4 French, 5 Spanish, 6 Italian, 7 Korean, 8 traditional
    /// Chinese, 9 Portuguese, 11 Polish, 12 Russian, 13 Swedish, 14 Turkish, 15 Norwegian, 16
    /// Dutch, 17 simplified Chinese.
    pub language: u32,
    /// Country number; 103 is the United States.
    pub country: u8,
    /// Mask of the regions whose titles run ([names](game_region)).
    pub game_region: u32,
    /// Whether the screen is set to 16:9.
    pub widescreen: bool,
    /// Whether the screen shows 50 fields per second.
    pub is_50_hz: bool,
}

impl Default for Locale {
    /// English, the United States, North America, 16:9, 60 Hz.
    fn default() -> Self {
        Self {
            language: 1,
            country: 103,
            game_region: game_region::NORTH_AMERICA,
            widescreen: true,
            is_50_hz: false,
        }
    }
}

/// Numbers of the categories.
pub mod category {
    pub const STATIC: u16 = 0;
    pub const SECURED: u16 = 2;
    pub const USER: u16 = 3;
    pub const XNET_MACHINE_ACCOUNT: u16 = 4;
    pub const XNET_PARAMETERS: u16 = 5;
    pub const MEDIA_CENTER: u16 = 6;
    pub const CONSOLE: u16 = 7;
    pub const DVD: u16 = 8;
    pub const IPTV: u16 = 9;
    pub const SYSTEM: u16 = 10;
}

/// Sizes in bytes of the settings of a category, from setting 1 on.
#[rustfmt::skip]
fn sizes(category: u16) -> Option<&'static [u16]> {
    Some(match category {
        // First power-on date, configuration of the system controller.
        category::STATIC => &[5, 0x100],
        // Network address, video region, game region, DVD region, reset key, system flags, power
        // mode, network, power control, serial number.
        category::SECURED => &[6, 4, 2, 4, 4, 4, 2, 4, 2, 16],
        category::USER => &[
            // Time zone: bias, names, dates of change, biases; default profile, language, video,
            // audio, retail, devkit.
            4, 4, 4, 4, 4, 4, 4, 8, 4, 4, 4, 4, 4,
            // Country, parental control, file sharing, account, credentials, screen sizes.
            1, 1, 0x100, 8, 0x10, 4, 4, 4,
            // Parental control: games, pass code, films, ratings, hint, answer, override.
            4, 4, 4, 4, 4, 1, 0x20, 0x20,
            // Music: mode, volume, flags; arcade; parental control: version, TV, videos.
            4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
            // Black levels, player's mode, timings, driver, music visualisation, sources of videos,
            // music and pictures.
            4, 1, 4, 4, 4, 1, 1, 1,
        ],
        category::XNET_MACHINE_ACCOUNT | category::XNET_PARAMETERS => &[0x1EC],
        // Player, and the media center that the console is paired with.
        category::MEDIA_CENTER => &[20, 10, 20, 8, 20, 0x65C, 6, 16, 0x80, 4],
        // Screen saver, auto-off, wireless, camera, play timer, starting discs, keyboard,
        // exemptions, Kinect, voice, flags, tutorials, size of the TV, network storage,
        // discoverable, TV provider, unused, captions, contract.
        category::CONSOLE => &[
            2, 2, 0x100, 4, 20, 2, 2, 100, 28, 1, 4, 4, 2, 20, 1, 4, 2, 1, 4, 26,
        ],
        // Disc, bookmarks.
        category::DVD => &[20, 0x280],
        // Provider, server, support, start.
        category::IPTV => &[0x78, 0x80, 0x80, 0x80],
        // Alarm, version before the last update, delays.
        category::SYSTEM => &[8, 4, 16],
        _ => return None,
    })
}

fn size_of(category: u16, setting: u16) -> Result<usize, NtStatus> {
    let sizes = sizes(category).ok_or(NtStatus::INVALID_PARAMETER_1)?;
    let index = usize::from(setting).checked_sub(1).ok_or(NtStatus::INVALID_PARAMETER_2)?;
    sizes.get(index).map(|&size| usize::from(size)).ok_or(NtStatus::INVALID_PARAMETER_2)
}

/// The settings of one console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct XConfig {
    /// Values that titles have set.
    set: BTreeMap<(u16, u16), Vec<u8>>,
}

impl XConfig {
    /// Checks settings that come from a saved state.
    ///
    /// # Errors
    /// A setting that titles cannot have set.
    pub fn check_state(&self) -> Result<(), Impossible> {
        let Self { set } = self;
        let is_settable = |(&(category, setting), value): (&(u16, u16), &Vec<u8>)| {
            category > category::SECURED && size_of(category, setting) == Ok(value.len())
        };
        check(set.iter().all(is_settable), "a saved setting of the console is not one that titles can set")
    }

    /// Returns the bytes of a setting.
    pub fn get(&self, locale: &Locale, category: u16, setting: u16) -> Result<Vec<u8>, NtStatus> {
        let size = size_of(category, setting)?;
        if let Some(value) = self.set.get(&(category, setting)) {
            return Ok(value.clone());
        }
        Ok(initial(locale, category, setting).unwrap_or_else(|| vec![0; size]))
    }

    /// Changes a setting. The console's own categories are read-only.
    pub fn set(&mut self, category: u16, setting: u16, value: &[u8]) -> Result<(), NtStatus> {
        if size_of(category, setting)? != value.len() {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        if category <= category::SECURED {
            return Err(NtStatus::ACCESS_DENIED);
        }
        self.set.insert((category, setting), value.to_vec());
        Ok(())
    }

    /// Returns the language for titles, see [`Locale::language`].
    pub fn language(&self, locale: &Locale) -> u32 {
        let set = self.set.get(&(category::USER, USER_LANGUAGE));
        set.and_then(|value| value.first_chunk()).map_or(locale.language, |value| u32::from_be_bytes(*value))
    }

    /// Returns the country, see [`Locale::country`].
    pub fn country(&self, locale: &Locale) -> u8 {
        let set = self.set.get(&(category::USER, USER_COUNTRY));
        set.and_then(|value| value.first().copied()).unwrap_or(locale.country)
    }

    /// Returns whether the console shows times of day with 24 hours.
    pub fn has_24_hour_clock(&self) -> bool {
        let set = self.set.get(&(category::USER, USER_RETAIL_FLAGS));
        let flags = set.and_then(|value| value.first_chunk()).map(|value| u32::from_be_bytes(*value));
        flags.is_some_and(|flags| flags & HOURS_24 != 0)
    }
}

const USER_LANGUAGE: u16 = 9;
const USER_RETAIL_FLAGS: u16 = 0xC;
/// Retail flag: a clock of 24 hours.
const HOURS_24: u32 = 8;
const USER_COUNTRY: u16 = 0xE;

/// Number of a video standard in a `VIDEO_MODE`.
pub mod video_standard {
    pub const NTSC_M: u32 = 1;
    pub const NTSC_J: u32 = 2;
    pub const PAL_I: u32 = 3;
}

/// [Video standard](video_standard) of a console that runs titles of these regions. Only PAL has 50
/// fields per second.
pub fn video_standard_of(game_region: u32, is_50_hz: bool) -> u32 {
    match game_region {
        _ if is_50_hz => video_standard::PAL_I,
        game_region::JAPAN => video_standard::NTSC_J,
        region if game_region::EUROPE.contains(&region) => video_standard::PAL_I,
        _ => video_standard::NTSC_M,
    }
}

/// The setting with the video standard and the fields per second.
fn video_region(locale: &Locale) -> u32 {
    match video_standard_of(locale.game_region, locale.is_50_hz) {
        video_standard::NTSC_J => 0x40_0200,
        video_standard::PAL_I if locale.is_50_hz => 0x80_0300,
        video_standard::PAL_I => 0x40_0400,
        _ => 0x40_0100,
    }
}

/// Returns the settings whose initial value is not zero.
fn initial(locale: &Locale, category: u16, setting: u16) -> Option<Vec<u8>> {
    let word = |value: u32| Some(value.to_be_bytes().to_vec());
    match (category, setting) {
        (category::SECURED, 1) => Some(ETHERNET_ADDRESS.to_vec()),
        (category::SECURED, 2) => word(video_region(locale)),
        (category::SECURED, 3) => Some((locale.game_region as u16).to_be_bytes().to_vec()),
        // DVD region.
        (category::SECURED, 4) => word(1),
        (category::USER, USER_LANGUAGE) => word(locale.language),
        // Video: widescreen.
        (category::USER, 0xA) => word(if locale.widescreen { 0x1_0000 } else { 0 }),
        // Audio: stereo, digital.
        (category::USER, 0xB) => word(0x1_0001),
        // The console has been set up.
        (category::USER, USER_RETAIL_FLAGS) => word(0x40),
        (category::USER, USER_COUNTRY) => Some(vec![locale.country]),
        // Parental control: online play is allowed.
        (category::USER, 0xF) => Some(vec![3]),
        // Screen of a component cable: 1280 x 720.
        (category::USER, 0x14) => word(0x0500_02D0),
        // Parental control: games and films of every rating.
        (category::USER, 0x16 | 0x18) => word(0xFF),
        // Black level: normal.
        (category::USER, 0x29) => word(0x300),
        // Screen saver: off. Camera: on.
        (category::CONSOLE, 1) => Some(0x1000_u16.to_be_bytes().to_vec()),
        (category::CONSOLE, 4) => word(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_their_sizes_and_unknown_ones_their_errors() {
        let locale =
            Locale { language: 3, country: 24, game_region: 0x2FE, widescreen: false, is_50_hz: false };
        for (category, number, expected) in [
            (3, 9, Ok(vec![0, 0, 0, 3])),
            (3, 0xE, Ok(vec![24])),
            (3, 0xA, Ok(vec![0; 4])),
            (2, 2, Ok(vec![0, 0x40, 4, 0])),
            (7, 1, Ok(vec![0x10, 0])),
            (2, 3, Ok(vec![2, 0xFE])),
            (3, 1, Ok(vec![0; 4])),
            (3, 8, Ok(vec![0; 8])),
            (3, 0x16, Ok(vec![0, 0, 0, 0xFF])),
            (3, 0x1C, Ok(vec![0; 32])),
            (3, 0x30, Ok(vec![0])),
            (7, 9, Ok(vec![0; 28])),
            (10, 3, Ok(vec![0; 16])),
            (3, 0x31, Err(NtStatus::INVALID_PARAMETER_2)),
            (3, 0xFF, Err(NtStatus::INVALID_PARAMETER_2)),
            (2, 0, Err(NtStatus::INVALID_PARAMETER_2)),
            (1, 1, Err(NtStatus::INVALID_PARAMETER_1)),
            (11, 0, Err(NtStatus::INVALID_PARAMETER_1)),
        ] {
            assert_eq!(XConfig::default().get(&locale, category, number), expected, "{category} {number}");
        }
    }

    #[test]
    fn a_console_that_is_set_up_has_these_settings() {
        let locale = Locale::default();
        for (category, number, expected) in [
            (category::SECURED, 2, &[0, 0x40, 1, 0][..]),
            (category::SECURED, 3, &[0, 0xFF]),
            (category::SECURED, 4, &[0, 0, 0, 1]),
            (category::USER, 9, &[0, 0, 0, 1]),
            (category::USER, 0xA, &[0, 1, 0, 0]),
            (category::USER, 0xB, &[0, 1, 0, 1]),
            (category::USER, 0xC, &[0, 0, 0, 0x40]),
            (category::USER, 0xE, &[103]),
            (category::USER, 0xF, &[3]),
            // 1280 and 720.
            (category::USER, 0x14, &[5, 0, 2, 0xD0]),
            (category::USER, 0x18, &[0, 0, 0, 0xFF]),
            (category::USER, 0x29, &[0, 0, 3, 0]),
        ] {
            let value = XConfig::default().get(&locale, category, number);
            assert_eq!(value.as_deref(), Ok(expected), "{category} {number:#x}");
        }
        let mut config = XConfig::default();
        assert_eq!(config.country(&locale), 103);
        config.set(category::USER, USER_COUNTRY, &[24]).unwrap();
        assert_eq!(config.country(&locale), 24);
    }

    #[test]
    fn a_screen_of_50_hz_is_pal_in_every_region() {
        for game_region in [0xFF, 0x101, 0x2FE] {
            let locale = Locale { game_region, is_50_hz: true, ..Locale::default() };
            assert_eq!(XConfig::default().get(&locale, 2, 2), Ok(vec![0, 0x80, 3, 0]), "{game_region:#x}");
        }
    }

    #[test]
    fn every_initial_value_has_the_size_of_its_setting() {
        for category in 0..=u16::from(u8::MAX) {
            for setting in 0..0x100 {
                if let Some(value) = initial(&Locale::default(), category, setting) {
                    assert_eq!(size_of(category, setting), Ok(value.len()), "{category} {setting}");
                }
            }
        }
    }

    #[test]
    fn xconfig_settings_persist_and_invalid_writes_are_rejected() {
        let mut config = XConfig::default();
        let locale = Locale::default();
        config.set(3, 9, &[0, 0, 0, 4]).unwrap();
        assert_eq!(config.get(&locale, 3, 9), Ok(vec![0, 0, 0, 4]));
        assert_eq!(config.language(&locale), 4);
        for (category, setting, value, error) in [
            (3, 9, &[0; 3][..], NtStatus::INVALID_PARAMETER),
            (2, 3, &[0; 2], NtStatus::ACCESS_DENIED),
            (3, 0, &[], NtStatus::INVALID_PARAMETER_2),
            (0xFF, 1, &[], NtStatus::INVALID_PARAMETER_1),
        ] {
            assert_eq!(config.set(category, setting, value), Err(error), "{category} {setting}");
        }
    }
}
