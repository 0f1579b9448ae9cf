//! Settings of the picture, of which a title's table in config.toml may have its own.

use super::appearance::Appearance;
use super::scaling::{Filter, Scaling};

/// When the window shows frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FramePacing {
    /// Whether frames change in the display's vertical blank.
    pub vsync: bool,
    /// Whether the newest frame is shown, with at most one waiting, instead of frames in their
    /// order.
    pub low_latency: bool,
}

/// How the window shows frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PictureSettings {
    /// Scaling of frames to the window.
    pub scaling: Scaling,
    /// Filter of scaled frames.
    pub filter: Filter,
    /// Changes to the picture beyond its scaling.
    pub appearance: Appearance,
    /// When frames are shown.
    pub pacing: FramePacing,
}

/// Change between the settings of two titles, or of a title and the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureChange {
    /// The settings before the change.
    pub from: PictureSettings,
    /// The settings after it.
    pub to: PictureSettings,
}

impl PictureChange {
    /// The window's settings after the change. Settings that are equal on both sides stay as the
    /// user has set them in the window.
    pub(crate) fn apply(&self, now: PictureSettings) -> PictureSettings {
        let Self { from, to } = self;
        let looks = now.appearance;
        let old = &from.appearance;
        let new = &to.appearance;
        PictureSettings {
            scaling: setting_after(now.scaling, from.scaling, to.scaling),
            filter: setting_after(now.filter, from.filter, to.filter),
            appearance: Appearance {
                smooths_edges: setting_after(looks.smooths_edges, old.smooths_edges, new.smooths_edges),
                sharpness: setting_after(looks.sharpness, old.sharpness, new.sharpness),
                brightness: setting_after(looks.brightness, old.brightness, new.brightness),
                gamma: setting_after(looks.gamma, old.gamma, new.gamma),
                aspect: setting_after(looks.aspect, old.aspect, new.aspect),
                overscan: setting_after(looks.overscan, old.overscan, new.overscan),
            },
            pacing: FramePacing {
                vsync: setting_after(now.pacing.vsync, from.pacing.vsync, to.pacing.vsync),
                low_latency: setting_after(
                    now.pacing.low_latency,
                    from.pacing.low_latency,
                    to.pacing.low_latency,
                ),
            },
        }
    }
}

/// A setting after a change from one value to another.
fn setting_after<T: Copy + PartialEq>(now: T, from: T, to: T) -> T {
    if from == to { now } else { to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_titles_picture_ends_with_the_title_and_the_users_changes_stay() {
        let own = PictureSettings::default();
        let bright = Appearance { brightness: 200, overscan: 5, ..Appearance::default() };
        let quick = FramePacing { vsync: false, low_latency: true };
        let synchronised = FramePacing { vsync: true, low_latency: false };
        let of_title =
            PictureSettings { scaling: Scaling::Stretch, appearance: bright, pacing: quick, ..own };
        let now = PictureSettings { filter: Filter::Nearest, pacing: synchronised, ..own };
        let changed = PictureChange { from: own, to: of_title }.apply(now);
        let pacing = FramePacing { vsync: true, low_latency: true };
        assert_eq!(changed, PictureSettings { filter: Filter::Nearest, pacing, ..of_title });
        // The title is restarted, and left.
        assert_eq!(PictureChange { from: of_title, to: of_title }.apply(changed), changed);
        assert_eq!(PictureChange { from: of_title, to: own }.apply(changed), now);
    }
}
