//! Volume of a run: a gain that keys of the window change while the machine plays.

use crate::lock_order;
use std::sync::Arc;
use xenia_sync::{Level, Mutex};

/// Loudest volume in percent.
const LOUDEST: u16 = 200;
/// Step of the keys in percent.
const STEP: u16 = 10;

#[derive(Debug)]
struct State {
    percent: u16,
    muted: bool,
}

/// The volume of a run; clones share it.
#[derive(Clone, Debug)]
pub struct VolumeControl(Arc<Mutex<State>>);

impl VolumeControl {
    /// A volume in percent, at most 200.
    pub fn new(percent: u16, muted: bool) -> Self {
        let state = State { percent: percent.min(LOUDEST), muted };
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::VOLUME, state)))
    }

    /// The linear gain.
    pub fn gain(&self) -> f32 {
        let state = self.0.lock();
        if state.muted { 0.0 } else { f32::from(state.percent) / 100.0 }
    }

    /// The volume in percent, and whether the sound is off.
    pub fn get(&self) -> (u16, bool) {
        let state = self.0.lock();
        (state.percent, state.muted)
    }

    /// Sets the volume in percent, at most 200, and whether the sound is off.
    pub fn set(&self, percent: u16, muted: bool) {
        *self.0.lock() = State { percent: percent.min(LOUDEST), muted };
    }

    /// A step louder, and no longer muted. Returns a message.
    pub fn louder(&self) -> String {
        self.change(|state| {
            (state.percent, state.muted) = ((state.percent + STEP).min(LOUDEST), false);
        })
    }

    /// A step quieter. Returns a message.
    pub fn quieter(&self) -> String {
        self.change(|state| state.percent = state.percent.saturating_sub(STEP))
    }

    /// Mutes, or restores the volume. Returns a message.
    pub fn mute(&self) -> String {
        self.change(|state| state.muted = !state.muted)
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> String {
        let mut state = self.0.lock();
        change(&mut state);
        if state.muted { "sound: off".to_owned() } else { format!("volume: {} %", state.percent) }
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
        volume.set(250, false);
        assert_eq!((volume.get(), volume.gain()), ((200, false), 2.0));
    }
}
