//! The assignment of keys and buttons that a page changes while titles run.

use super::Controllers;
use super::config::InputConfig;
use super::config::edit::{ChangedInput, InputFraction};
use super::control::{CONTROLS, PadControl};
use super::keys;
use anyhow::Result;
use parking_lot::Mutex;
use std::sync::Arc;
use xenia_render::{ControllerKeys, KeyCode};

/// An assignment, with the controllers that it acts on; clones share both.
#[derive(Clone, Debug)]
pub struct LiveInput {
    controllers: Controllers,
    state: Arc<Mutex<Assigned>>,
}

#[derive(Debug)]
struct Assigned {
    config: InputConfig,
    /// The title that runs.
    title: Option<u32>,
    changed: ChangedInput,
}

/// A part of the controller as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedPart {
    /// Name in settings.
    pub name: &'static str,
    /// Labels of its keys.
    pub keys: Vec<&'static str>,
    /// The button of pads, as it is printed on them; `None` if no button is this part.
    pub button: Option<&'static str>,
    /// How far the part is pressed now, in percent.
    pub pressed: u8,
}

impl LiveInput {
    /// The assignment of a settings file, for these controllers.
    pub fn new(controllers: Controllers, config: InputConfig) -> Self {
        let state = Assigned { config, title: None, changed: ChangedInput::new() };
        Self { controllers, state: Arc::new(Mutex::new(state)) }
    }

    /// The controllers that it acts on.
    pub fn controllers(&self) -> &Controllers {
        &self.controllers
    }

    /// Applies the assignment for a title that is opened; `None`: for no title.
    pub fn open(&self, title: Option<u32>) -> ControllerKeys {
        let mut state = self.state.lock();
        state.title = title;
        self.apply(&state)
    }

    fn apply(&self, state: &Assigned) -> ControllerKeys {
        let tuning = state.config.for_title(state.title);
        let keys = keys::for_people(&tuning);
        self.controllers.tune(tuning);
        keys
    }

    /// Makes a change and applies it; returns the keys for the page of keys.
    fn change(
        &self,
        change: impl FnOnce(&mut InputConfig, Option<u32>) -> Result<ChangedInput>,
    ) -> Result<ControllerKeys> {
        let mut state = self.state.lock();
        let title = state.title;
        let changed = change(&mut state.config, title)?;
        state.changed.extend(changed);
        Ok(self.apply(&state))
    }

    /// Assigns a key to a part; fails for keys of the window.
    pub fn bind_key(&self, part: PadControl, key: KeyCode) -> Result<ControllerKeys> {
        self.change(|config, title| config.bind_key(title, part, key))
    }

    /// Takes all keys from a part.
    pub fn unbind(&self, part: PadControl) -> Result<ControllerKeys> {
        self.change(|config, title| config.unbind(title, part))
    }

    /// Makes a button of pads a part for titles; the lowest one of these bits of the console's own
    /// states.
    pub fn bind_button(&self, part: PadControl, bits: u16) -> Result<ControllerKeys> {
        let lowest = PadControl::Button(bits & bits.wrapping_neg());
        self.change(|config, title| Ok(config.bind_button(title, part, lowest)))
    }

    /// Sets a fraction, in percent.
    pub fn set_fraction(&self, fraction: InputFraction, percent: u16) -> Result<ControllerKeys> {
        self.change(|config, title| Ok(config.set_fraction(title, fraction, percent)))
    }

    /// Uses the next named assignment (`[controller.NAME]`).
    pub fn next_controller(&self) -> Result<ControllerKeys> {
        self.change(|config, title| Ok(config.next_controller(title)))
    }

    /// Name of the assignment in use, empty for none; `None` if there are no named ones.
    pub fn controller_name(&self) -> Option<String> {
        let state = self.state.lock();
        let name = state.config.controller_name(state.title).unwrap_or_default();
        state.config.has_controllers().then(|| name.to_owned())
    }

    /// Goes back to the built-in assignment.
    pub fn reset(&self) -> Result<ControllerKeys> {
        self.change(|config, title| Ok(config.reset(title)))
    }

    /// A fraction in percent.
    pub fn fraction(&self, fraction: InputFraction) -> u16 {
        let state = self.state.lock();
        let tuning = state.config.for_title(state.title);
        let part = match fraction {
            InputFraction::StickZone => tuning.stick_zone,
            InputFraction::TriggerZone => tuning.trigger_zone,
            InputFraction::Rumble => tuning.rumble,
        };
        (part * 100.0).round() as u16
    }

    /// All parts, in the order of [`CONTROLS`].
    pub fn parts(&self) -> Vec<AssignedPart> {
        let state = self.state.lock();
        let tuning = state.config.for_title(state.title);
        let pressed = self.controllers.pressed_by_all();
        let meant = |printed: PadControl| tuning.buttons.get(&printed).copied().unwrap_or(printed);
        let part = |(name, part): (&'static str, PadControl)| AssignedPart {
            name,
            keys: tuning.keys_of(part).map(keys::label).collect(),
            button: CONTROLS.iter().find(|(_, printed)| meant(*printed) == part).map(|(name, _)| *name),
            pressed: (pressed.amount(part) * 100.0) as u8,
        };
        CONTROLS.into_iter().map(part).collect()
    }

    /// The changes since they were kept last, as keys and values of the settings file; `None`: the
    /// key is to be removed.
    pub fn changes(&self) -> Vec<(String, Option<String>)> {
        let state = self.state.lock();
        state.changed.iter().map(|key| state.config.setting(key)).collect()
    }

    /// Notes that the changes were written to the settings file.
    pub fn note_kept(&self) {
        self.state.lock().changed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_kernel::ports::Input;

    #[test]
    fn a_change_acts_at_once_and_is_kept_until_it_is_written() {
        let mut controllers = Controllers::default();
        let input = LiveInput::new(controllers.clone(), InputConfig::default());
        input.open(None);
        let a = PadControl::Button(0x1000);
        let keys = input.bind_key(a, KeyCode::Space).unwrap();
        assert!(keys.keys.contains(&KeyCode::Space) && !keys.keys.contains(&KeyCode::KeyZ));
        controllers.keyboard(KeyCode::Space, true);
        assert_eq!(controllers.gamepad(0, 0).unwrap().buttons, 0x1000);
        let part = input.parts().into_iter().find(|part| part.name == "a").unwrap();
        assert_eq!((part.keys.as_slice(), part.button, part.pressed), (&["Space"][..], Some("a"), 100));
        assert_eq!(input.changes(), [("input.keys.a".to_owned(), Some("[\"Space\"]".to_owned()))]);
        input.note_kept();
        assert_eq!(input.changes(), []);
        input.set_fraction(InputFraction::Rumble, 40).unwrap();
        assert_eq!(input.fraction(InputFraction::Rumble), 40);
        assert!(input.bind_key(a, KeyCode::F12).is_err());
        input.bind_button(a, 0x6000).unwrap();
        let part = input.parts().into_iter().find(|part| part.name == "a").unwrap();
        assert_eq!(part.button, Some("b"));
    }
}
