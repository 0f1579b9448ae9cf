//! The volume in a session: a title's own settings of it end with the title, and the user's changes
//! in the window stay.

use crate::cli::SoundArgs;
use std::cell::Cell;
use xenia::sound::{VolumeControl, VolumeLevel};

/// The volume by the settings, and the one that is heard.
pub(super) struct SessionVolume<'a> {
    control: &'a VolumeControl,
    settings: Cell<VolumeLevel>,
}

impl<'a> SessionVolume<'a> {
    /// The volume of the command line's title, or of the library.
    pub(super) fn new(own: &SoundArgs, control: &'a VolumeControl) -> Self {
        Self { control, settings: Cell::new(level(own)) }
    }

    /// Takes these settings. A part that they do not change stays as the user has set it.
    pub(super) fn show(&self, to: &SoundArgs) {
        let to = level(to);
        let from = self.settings.replace(to);
        if from == to {
            return;
        }
        let mut heard = self.control.get();
        if from.percent != to.percent {
            heard.percent = to.percent;
        }
        if from.is_muted != to.is_muted {
            heard.is_muted = to.is_muted;
        }
        self.control.set(heard);
    }
}

fn level(sound: &SoundArgs) -> VolumeLevel {
    VolumeLevel { percent: sound.volume, is_muted: sound.mute }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_titles_volume_ends_with_the_title_and_the_users_changes_stay() {
        let sound = SoundArgs { volume: 100, ..SoundArgs::default() };
        let control = VolumeControl::new(100, false);
        let volume = SessionVolume::new(&sound, &control);
        let heard = || (control.get().percent, control.get().is_muted);
        volume.show(&SoundArgs { volume: 60, ..sound.clone() });
        assert_eq!(heard(), (60, false));
        control.mute();
        volume.show(&sound);
        assert_eq!(heard(), (100, true), "the title has no switch of its own");
        control.quieter();
        volume.show(&sound);
        assert_eq!(heard(), (90, true), "the next title has no volume of its own");
    }
}
