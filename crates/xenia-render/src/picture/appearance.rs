//! Appearance of the picture in the window, beyond its scaling. The frame itself is unchanged, also
//! in screenshots and digests.

use super::aspect::AspectRatio;
use std::fmt::Write;
use std::ops::RangeInclusive;

/// Changes to the picture on its way to the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// Whether edges are smoothed (FXAA).
    pub smooths_edges: bool,
    /// Sharpening in percent, 0 to 100.
    pub sharpness: u8,
    /// Brightness in percent; 100 changes nothing.
    pub brightness: u16,
    /// Gamma in percent: above 100 dark tones become lighter, below it darker. White stays white.
    pub gamma: u16,
    /// Aspect ratio of the picture.
    pub aspect: AspectRatio,
    /// Percent of the frame's width and height cut off at each edge, 0 to 20.
    pub overscan: u8,
}

impl Default for Appearance {
    fn default() -> Self {
        Self {
            smooths_edges: false,
            sharpness: 0,
            brightness: 100,
            gamma: 100,
            aspect: AspectRatio::default(),
            overscan: 0,
        }
    }
}

/// Step of the sharpness, in percent.
const SHARPNESS_STEP: u8 = 25;
/// Step of brightness and gamma, in percent.
const TONE_STEP: u16 = 10;
/// Step of the overscan, in percent.
const OVERSCAN_STEP: u8 = 5;
/// Range of the brightness, in percent.
pub const BRIGHTNESS: RangeInclusive<u16> = 50..=200;
/// Range of the gamma, in percent.
pub const GAMMA: RangeInclusive<u16> = 50..=300;
/// Largest overscan, in percent.
pub const MAX_OVERSCAN: u8 = 20;

impl Appearance {
    /// Whether the pixels are shown as they are.
    pub(crate) fn is_plain(&self) -> bool {
        Self { aspect: AspectRatio::default(), ..*self } == Self::default()
    }

    /// The next sharpness, for the key that cycles through some.
    pub(crate) fn sharpen(&mut self) {
        self.sharpness = cycled(self.sharpness, SHARPNESS_STEP, 100);
    }

    /// The next overscan, for the key that cycles through some.
    pub(crate) fn crop(&mut self) {
        self.overscan = cycled(self.overscan, OVERSCAN_STEP, MAX_OVERSCAN);
    }

    /// Changes the brightness by a step.
    pub(crate) fn brighten(&mut self, up: bool) {
        self.brightness = stepped(self.brightness, up, &BRIGHTNESS);
    }

    /// Changes the gamma by a step.
    pub(crate) fn lighten(&mut self, up: bool) {
        self.gamma = stepped(self.gamma, up, &GAMMA);
    }

    /// The settings, besides the aspect ratio, that differ from the default, as the end of a list.
    pub(crate) fn list(&self) -> String {
        let plain = Self::default();
        let mut out = String::new();
        if self.smooths_edges {
            out += ", edges smoothed";
        }
        for (name, value, usual) in [
            ("sharpness", u16::from(self.sharpness), u16::from(plain.sharpness)),
            ("brightness", self.brightness, plain.brightness),
            ("gamma", self.gamma, plain.gamma),
            ("overscan", u16::from(self.overscan), u16::from(plain.overscan)),
        ] {
            if value != usual {
                let _ = write!(out, ", {name} {value}%");
            }
        }
        out
    }
}

/// The value after `now` of a key that cycles from 0 to `most`.
fn cycled(now: u8, step: u8, most: u8) -> u8 {
    if now >= most { 0 } else { (now + step).min(most) }
}

/// A brightness or gamma after a step up or down.
fn stepped(now: u16, up: bool, range: &RangeInclusive<u16>) -> u16 {
    let stepped = if up { now.saturating_add(TONE_STEP) } else { now.saturating_sub(TONE_STEP) };
    stepped.clamp(*range.start(), *range.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_within_the_ranges() {
        let mut appearance = Appearance { sharpness: 80, ..Appearance::default() };
        appearance.sharpen();
        assert_eq!(appearance.sharpness, 100);
        appearance.sharpen();
        assert_eq!(appearance.sharpness, 0);
        for overscan in [5, 10, 15, 20, 0] {
            appearance.crop();
            assert_eq!(appearance.overscan, overscan);
        }
        for (up, brightness, gamma) in [(true, 200, 300), (false, 50, 50)] {
            for _ in 0..30 {
                appearance.brighten(up);
                appearance.lighten(up);
            }
            assert_eq!((appearance.brightness, appearance.gamma), (brightness, gamma));
        }
    }

    #[test]
    fn only_what_differs_is_listed() {
        let plain = Appearance::default();
        assert!(plain.is_plain() && plain.list().is_empty());
        let television = Appearance { aspect: AspectRatio(Some((4, 3))), ..plain };
        assert!(television.is_plain());
        assert!(television.list().is_empty());
        let changed = Appearance { smooths_edges: true, gamma: 120, ..plain };
        assert!(!changed.is_plain());
        assert_eq!(changed.list(), ", edges smoothed, gamma 120%");
    }
}
