//! Volume of a run: a gain that keys of the window change while the machine plays.

use crate::lock_order;
use std::sync::Arc;
use xenia_sync::{Level, Mutex};

/// Largest volume in percent.
const MAX_PERCENT: u16 = 200;
/// Step of the keys in percent.
const STEP: u16 = 10;

/// A volume, which can be muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeLevel {
    /// The volume in percent.
    pub percent: u16,
    /// Whether the sound is off.
    pub is_muted: bool,
}

/// The volume of a run; clones share it.
#[derive(Clone, Debug)]
pub struct VolumeControl(Arc<Mutex<VolumeLevel>>);

impl VolumeControl {
    /// A volume in percent, at most 200.
    pub fn new(percent: u16, is_muted: bool) -> Self {
        let state = VolumeLevel { percent: percent.min(MAX_PERCENT), is_muted };
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::VOLUME, state)))
    }

    /// The linear gain.
    pub fn gain(&self) -> f32 {
        let state = self.0.lock();
        if state.is_muted { 0.0 } else { f32::from(state.percent) / 100.0 }
    }

    /// The volume that is set.
    pub fn get(&self) -> VolumeLevel {
        *self.0.lock()
    }

    /// Sets the volume, at most 200 percent.
    pub fn set(&self, level: VolumeLevel) {
        *self.0.lock() = VolumeLevel { percent: level.percent.min(MAX_PERCENT), ..level };
    }

    /// A step louder, and no longer muted. Returns a message.
    pub fn louder(&self) -> String {
        self.change(|state| {
            state.percent = (state.percent + STEP).min(MAX_PERCENT);
            state.is_muted = false;
        })
    }

    /// A step quieter. Returns a message.
    pub fn quieter(&self) -> String {
        self.change(|state| state.percent = state.percent.saturating_sub(STEP))
    }

    /// Mutes, or restores the volume. Returns a message.
    pub fn mute(&self) -> String {
        self.change(|state| state.is_muted = !state.is_muted)
    }

    fn change(&self, change: impl FnOnce(&mut VolumeLevel)) -> String {
        let mut state = self.0.lock();
        change(&mut state);
        if state.is_muted { "sound: off".to_owned() } else { format!("volume: {} %", state.percent) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_change_the_gain_within_its_range() {
        let volume = VolumeControl::new(190, false);
        assert_eq!(
            (volume.louder(), volume.louder()),
            ("volume: 200 %".to_owned(), "volume: 200 %".to_owned())
        );
        assert_eq!((volume.mute().as_str(), volume.gain()), ("sound: off", 0.0));
        assert_eq!(volume.quieter(), "sound: off", "still muted");
        assert_eq!((volume.mute().as_str(), volume.gain()), ("volume: 190 %", 1.9));
        volume.mute();
        assert_eq!(volume.louder(), "volume: 200 %");
        for _ in 0..30 {
            volume.quieter();
        }
        assert_eq!(volume.gain(), 0.0);
        volume.set(VolumeLevel { percent: 250, is_muted: false });
        assert_eq!(volume.get(), VolumeLevel { percent: 200, is_muted: false });
        assert_eq!(volume.gain(), 2.0);
    }
}
