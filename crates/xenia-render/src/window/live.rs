//! Settings that act at once: those of the settings page, by their keys in config.toml.

use super::Client;
use super::keys::KeyAction;
use super::osd::{OsdState, Overlay};
use crate::picture::{Appearance, BRIGHTNESS, Filter, FramePacing, GAMMA, MAX_OVERSCAN, Scaling, aspect};
use xenia_ui::{LiveSetting, PageTheme, SettingControl};

/// Range of the volume in percent.
const VOLUME: std::ops::RangeInclusive<u16> = 0..=200;

const SCALINGS: &[(&str, &str)] =
    &[("aspect", "aspect ratio"), ("integer", "whole multiples"), ("stretch", "stretched")];
const FILTERS: &[(&str, &str)] = &[("linear", "smooth"), ("nearest", "sharp")];
const SMOOTHINGS: &[(&str, &str)] = &[("off", "off"), ("fxaa", "FXAA")];
const OVERLAYS: &[(&str, &str)] = &[("off", "off"), ("small", "few"), ("full", "all")];

const THEMES: &[(&str, &str)] = &[("system", "the system's"), ("dark", "dark"), ("light", "light")];

/// Keys of the settings, in the order of the page.
pub const LIVE: [&str; 15] = [
    "volume",
    "mute",
    "fullscreen",
    "scaling",
    "aspect-ratio",
    "filter",
    "antialiasing",
    "sharpness",
    "brightness",
    "gamma",
    "overscan",
    "vsync",
    "low-latency",
    "osd",
    "theme",
];

/// State of the settings that the window does not keep in [`OsdState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outside {
    pub(super) volume: SoundVolume,
    pub(super) full_screen: bool,
}

/// Volume of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundVolume {
    /// The volume in percent.
    pub percent: u16,
    /// Whether the sound is off.
    pub muted: bool,
}

/// The settings with their present values.
pub(super) fn settings(osd: &OsdState, outside: Outside) -> Vec<LiveSetting> {
    LIVE.map(|key| setting(key, osd, outside)).into()
}

fn setting(key: &'static str, osd: &OsdState, outside: Outside) -> LiveSetting {
    use SettingControl::{Choice, Percent, Switch};
    let appearance = &osd.appearance;
    let percent = |range: std::ops::RangeInclusive<u16>, step| Percent { range, step };
    let (label, control, value) = match key {
        "volume" => ("Volume", percent(VOLUME, 10), outside.volume.percent.to_string()),
        "mute" => ("Mute", Switch, outside.volume.muted.to_string()),
        "fullscreen" => ("Full screen", Switch, outside.full_screen.to_string()),
        "scaling" => {
            let word = match osd.scaling {
                Scaling::Aspect => "aspect",
                Scaling::Integer => "integer",
                Scaling::Stretch => "stretch",
            };
            ("Scaling", Choice(SCALINGS), word.to_owned())
        }
        "aspect-ratio" => ("Aspect ratio", Choice(aspect::COMMON), appearance.aspect.to_string()),
        "filter" => {
            let word = if osd.filter == Filter::Linear { "linear" } else { "nearest" };
            ("Filter", Choice(FILTERS), word.to_owned())
        }
        "antialiasing" => {
            let word = if appearance.smooths_edges { "fxaa" } else { "off" };
            ("Antialiasing", Choice(SMOOTHINGS), word.to_owned())
        }
        "sharpness" => ("Sharpness", percent(0..=100, 5), appearance.sharpness.to_string()),
        "brightness" => ("Brightness", percent(BRIGHTNESS, 5), appearance.brightness.to_string()),
        "gamma" => ("Gamma", percent(GAMMA, 5), appearance.gamma.to_string()),
        "overscan" => ("Overscan", percent(0..=MAX_OVERSCAN.into(), 1), appearance.overscan.to_string()),
        "vsync" => ("Vertical sync", Switch, osd.pacing.vsync.to_string()),
        "low-latency" => ("Low latency", Switch, osd.pacing.low_latency.to_string()),
        "theme" => {
            let word = match osd.theme {
                PageTheme::System => "system",
                PageTheme::Dark => "dark",
                PageTheme::Light => "light",
            };
            ("Colours of pages", Choice(THEMES), word.to_owned())
        }
        _ => {
            let word = match osd.overlay {
                Overlay::Off => "off",
                Overlay::Small => "small",
                Overlay::Full => "full",
            };
            ("Figures", Choice(OVERLAYS), word.to_owned())
        }
    };
    LiveSetting { key, label, control, value }
}

/// Keys of the settings that an action of the window changes.
pub(super) fn changed_by(action: KeyAction) -> &'static [&'static str] {
    match action {
        KeyAction::FullScreen => &["fullscreen"],
        KeyAction::Louder | KeyAction::Quieter | KeyAction::Mute => &["volume", "mute"],
        KeyAction::Overlay => &["osd"],
        KeyAction::Scaling => &["scaling"],
        KeyAction::AspectRatio => &["aspect-ratio"],
        KeyAction::Overscan => &["overscan"],
        KeyAction::Filter => &["filter"],
        KeyAction::Sharpness => &["sharpness"],
        KeyAction::Smooth => &["antialiasing"],
        KeyAction::Brighter | KeyAction::Darker => &["brightness"],
        KeyAction::GammaUp | KeyAction::GammaDown => &["gamma"],
        KeyAction::Vsync => &["vsync"],
        KeyAction::LowLatency => &["low-latency"],
        _ => &[],
    }
}

/// Change of a setting that [`super::view::View`] makes itself, because the system has a part in
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemChange {
    FullScreen(bool),
    Pacing(FramePacing),
}

/// Sets a setting to a value, as text of its page. Values that it does not have change nothing.
pub(super) fn set(
    key: &str,
    value: &str,
    osd: &mut OsdState,
    client: &mut dyn Client,
) -> Option<SystemChange> {
    let number = value.parse::<u16>().ok();
    let is_on = value == "true";
    match key {
        "volume" => {
            let volume = client.sound();
            client.set_sound(SoundVolume { percent: number.unwrap_or(volume.percent), ..volume });
        }
        "mute" => {
            let volume = client.sound();
            client.set_sound(SoundVolume { muted: is_on, ..volume });
        }
        "fullscreen" => return Some(SystemChange::FullScreen(is_on)),
        "vsync" => return Some(SystemChange::Pacing(FramePacing { vsync: is_on, ..osd.pacing })),
        "low-latency" => {
            return Some(SystemChange::Pacing(FramePacing { low_latency: is_on, ..osd.pacing }));
        }
        "scaling" => {
            osd.scaling = match value {
                "integer" => Scaling::Integer,
                "stretch" => Scaling::Stretch,
                _ => Scaling::Aspect,
            };
        }
        "filter" => osd.filter = if value == "nearest" { Filter::Nearest } else { Filter::Linear },
        "theme" => {
            osd.theme = match value {
                "dark" => PageTheme::Dark,
                "light" => PageTheme::Light,
                _ => PageTheme::System,
            };
        }
        "osd" => {
            osd.overlay = match value {
                "small" => Overlay::Small,
                "full" => Overlay::Full,
                _ => Overlay::Off,
            };
        }
        _ => set_appearance(key, value, &mut osd.appearance),
    }
    None
}

/// Sets a setting of the picture's appearance to a value, as text of its page.
fn set_appearance(key: &str, value: &str, appearance: &mut Appearance) {
    let number = value.parse::<u16>().ok();
    let percent = |now: u8, most: u8| number.map_or(now, |to| to.min(most.into()) as u8);
    match key {
        "aspect-ratio" => appearance.aspect = value.parse().unwrap_or(appearance.aspect),
        "antialiasing" => appearance.smooths_edges = value == "fxaa",
        "sharpness" => appearance.sharpness = percent(appearance.sharpness, 100),
        "brightness" => appearance.brightness = number.unwrap_or(appearance.brightness),
        "gamma" => appearance.gamma = number.unwrap_or(appearance.gamma),
        "overscan" => appearance.overscan = percent(appearance.overscan, MAX_OVERSCAN),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::KeyEvent;
    use super::super::VolumeChange;
    use super::*;
    use crate::picture::AspectRatio;
    use winit::keyboard::KeyCode;
    use xenia_gpu::Frame;

    struct Speaker(SoundVolume);

    impl Client for Speaker {
        fn key(&mut self, _: KeyEvent) {}

        fn dialog_key(&mut self, _: KeyCode, _: Option<&str>) -> Option<xenia_ui::ConsoleDialog> {
            None
        }

        fn pause(&mut self, _: bool) {}

        fn step(&mut self) {}

        fn turbo(&mut self, _: bool) {}

        fn again(&mut self) {}

        fn restart(&mut self) {}

        fn volume(&mut self, _: VolumeChange) -> String {
            String::new()
        }

        fn sound(&self) -> SoundVolume {
            self.0
        }

        fn set_sound(&mut self, volume: SoundVolume) {
            self.0 = volume;
        }

        fn open_menu(&mut self, _: bool) {}

        fn remember(&mut self, _: &[(String, Option<String>)]) -> Result<String, String> {
            Err(String::new())
        }

        fn keep(&mut self, _: u64, _: &Frame) -> Result<String, String> {
            Err(String::new())
        }

        fn report(&mut self, _: Option<&Frame>) -> Option<String> {
            None
        }
    }

    #[test]
    fn what_keys_change_can_be_kept() {
        let changed: Vec<&str> =
            KeyAction::ALL.iter().flat_map(|action| changed_by(*action)).copied().collect();
        assert!(changed.iter().all(|key| LIVE.contains(key)), "{changed:?}");
        let without_keys: Vec<&str> = LIVE.into_iter().filter(|key| !changed.contains(key)).collect();
        assert_eq!(without_keys, ["theme"]);
    }

    #[test]
    fn every_setting_takes_each_value_of_its_page_at_once_and_alone() {
        let mut client = Speaker(SoundVolume { percent: 100, muted: false });
        let mut osd = OsdState::default();
        let mut full_screen = false;
        let now = |osd: &OsdState, client: &Speaker, full_screen| {
            settings(osd, Outside { volume: client.sound(), full_screen })
        };
        let mut expected = now(&osd, &client, full_screen);
        for (place, key) in LIVE.into_iter().enumerate() {
            assert_eq!(expected[place].key, key);
            let values: Vec<String> = match &expected[place].control {
                SettingControl::Switch => vec!["true".to_owned(), "false".to_owned()],
                SettingControl::Choice(values) => {
                    values.iter().map(|(value, _)| (*value).to_owned()).rev().collect()
                }
                SettingControl::Percent { range, .. } => {
                    [range.start(), range.end()].map(ToString::to_string).into()
                }
            };
            for value in values {
                match set(key, &value, &mut osd, &mut client) {
                    Some(SystemChange::FullScreen(on)) => full_screen = on,
                    Some(SystemChange::Pacing(pacing)) => osd.pacing = pacing,
                    None => {}
                }
                expected[place].value = value;
                assert_eq!(now(&osd, &client, full_screen), expected, "{key}");
            }
        }
    }

    #[test]
    fn values_of_the_file_that_the_page_lacks_act_and_wrong_ones_change_nothing() {
        let mut client = Speaker(SoundVolume { percent: 100, muted: false });
        let mut osd = OsdState::default();
        for (key, value) in [("aspect-ratio", "3:2"), ("overscan", "7"), ("gamma", "111")] {
            for value in [value, "wrong", ""] {
                assert_eq!(set(key, value, &mut osd, &mut client), None);
            }
        }
        let aspect = AspectRatio(Some((3, 2)));
        assert_eq!(osd.appearance, Appearance { aspect, overscan: 7, gamma: 111, ..Appearance::default() });
    }

    /// The test `the_windows_settings_fit_its_usual_size` of xenia-ui draws as many rows.
    #[test]
    fn the_page_has_as_many_rows_as_were_seen_to_fit() {
        let outside = Outside { volume: SoundVolume { percent: 100, muted: false }, full_screen: false };
        let mut kinds = [0; 3];
        for setting in settings(&OsdState::default(), outside) {
            kinds[match setting.control {
                SettingControl::Percent { .. } => 0,
                SettingControl::Switch => 1,
                SettingControl::Choice(_) => 2,
            }] += 1;
        }
        assert_eq!(kinds, [5, 4, 6]);
    }
}
