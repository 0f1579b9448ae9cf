//! The console's settings, as `ExGetXConfigSetting` numbers them.

use xenia_guest::NtStatus;

/// The settings that titles can notice. Numbers are the console's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale {
    /// 1 English, 2 Japanese, 3 German, 4 French, 5 Spanish, 6 Italian, 7 Korean, 8 traditional Chinese, 9 Portuguese,
    /// 11 Polish, 12 Russian, 13 Swedish, 14 Turkish, 15 Norwegian, 16 Dutch, 17 simplified Chinese.
    pub language: u32,
    /// 103 is the United States.
    pub country: u8,
    /// Regions whose titles run: 0xFF is North America.
    pub game_region: u32,
}

impl Default for Locale {
    /// English, the United States, North America.
    fn default() -> Self {
        Self { language: 1, country: 103, game_region: 0xFF }
    }
}

mod category {
    pub(super) const SECURED: u16 = 2;
    pub(super) const USER: u16 = 3;
}

/// The bytes of a setting.
pub fn setting(locale: &Locale, category: u16, setting: u16) -> Result<Vec<u8>, NtStatus> {
    let word = |value: u32| Ok(value.to_be_bytes().to_vec());
    match (category, setting) {
        // Video standard and region: North America.
        (category::SECURED, 2) => word(0x1000),
        (category::SECURED, 3) => Ok((locale.game_region as u16).to_be_bytes().to_vec()),
        // The console is in UTC and has no daylight saving: biases, names, and dates of change.
        (category::USER, 1..=7) => word(0),
        (category::USER, 9) => word(locale.language),
        // Video: widescreen.
        (category::USER, 0xA) => word(0x4_0000),
        // Audio: stereo, digital.
        (category::USER, 0xB) => word(0x1_0001),
        // Retail: none of the first-start flags.
        (category::USER, 0xC) => word(0),
        (category::USER, 0xE) => Ok(vec![locale.country]),
        (category::SECURED | category::USER, _) => Err(NtStatus::INVALID_PARAMETER_2),
        _ => Err(NtStatus::INVALID_PARAMETER_1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_their_sizes_and_unknown_ones_their_errors() {
        let locale = Locale { language: 3, country: 24, game_region: 0x2FE };
        for (category, number, expected) in [
            (3, 9, Ok(vec![0, 0, 0, 3])),
            (3, 0xE, Ok(vec![24])),
            (2, 3, Ok(vec![2, 0xFE])),
            (3, 1, Ok(vec![0; 4])),
            (3, 0xFF, Err(NtStatus::INVALID_PARAMETER_2)),
            (2, 0, Err(NtStatus::INVALID_PARAMETER_2)),
            (9, 0, Err(NtStatus::INVALID_PARAMETER_1)),
        ] {
            assert_eq!(setting(&locale, category, number), expected, "{category} {number}");
        }
    }
}
