//! The assignment of keys and buttons that a page changes while titles run.

use super::config::InputConfig;
use super::config::edit::{ChangedInput, InputFraction};
use super::control::{CONTROLS, PadControl, PartSet};
use super::key_page;
use super::keys;
use super::{Controllers, PluggedPad};
use crate::lock_order;
use anyhow::{Context, Result};
use std::sync::Arc;
use xenia_render::{ControllerKeys, KeyCode};
use xenia_sync::{Level, Mutex};

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
    /// Label of the pad's button that is mapped to the part; `None` if there is none.
    pub button: Option<&'static str>,
    /// How far the part is pressed now, in percent.
    pub pressed: u8,
}

impl LiveInput {
    /// The assignment of a settings file, for these controllers.
    pub fn new(controllers: Controllers, config: InputConfig) -> Self {
        let state = Assigned { config, title: None, changed: ChangedInput::new() };
        Self { controllers, state: Arc::new(Mutex::numbered(Level::Host, lock_order::ASSIGNMENT, state)) }
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
        let keys = key_page::for_people(&tuning);
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

    /// Makes the button pressed on a pad a part for titles: the first of these parts. It is that in
    /// the pad's own assignment, if it has one.
    pub fn bind_button(&self, part: PadControl, pressed: PartSet) -> Result<ControllerKeys> {
        let pressed = pressed.first().context("nothing is pressed")?;
        let pad = self.controllers.last_pad();
        self.change(|config, title| Ok(config.bind_button(title, pad.as_ref(), part, pressed)))
    }

    /// Gives the pad with this number, as in [`Controllers::pads`], the next named assignment.
    pub fn next_pad_assignment(&self, number: usize) -> Result<ControllerKeys> {
        let pads = self.controllers.pads();
        let pad = pads.get(number).context("the pad is gone")?;
        self.change(|config, _| Ok(config.next_pad_assignment(&pad.name)))
    }

    /// The pads that are plugged in, each with the name of its own assignment.
    pub fn pads(&self) -> Vec<(PluggedPad, Option<String>)> {
        let state = self.state.lock();
        let own = |pad: PluggedPad| {
            let name = state.config.pad_assignment(&pad.name).map(str::to_owned);
            (pad, name)
        };
        self.controllers.pads().into_iter().map(own).collect()
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
        // Of several pads, the one that is used is shown.
        let buttons = tuning.pad_tuning(self.controllers.last_pad().as_ref()).buttons;
        let meant = |printed: PadControl| buttons.get(&printed).copied().unwrap_or(printed);
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
    fn a_change_acts_immediately_and_is_kept_until_written() {
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
        input.bind_button(a, PartSet(0b11 << 12)).unwrap();
        let part = input.parts().into_iter().find(|part| part.name == "a").unwrap();
        assert_eq!(part.button, Some("b"));
    }

    #[test]
    fn what_is_pressed_on_an_injected_pad_is_bound_in_its_own_assignment() {
        use super::super::motors::Motors;
        use crate::shape::console_pad;
        let mut controllers = Controllers::default();
        let (sender, received) = std::sync::mpsc::channel();
        controllers.watch_pads(move |held| {
            let _ = sender.send(held.parts);
        });
        let input = LiveInput::new(controllers.clone(), InputConfig::default());
        input.open(None);
        assert!(input.next_pad_assignment(0).is_err(), "there is no pad");
        let pad = controllers.plug(console_pad(), Motors::default());
        let bind = |part: &str, change: &dyn Fn()| {
            change();
            let pressed = received.try_iter().last().unwrap();
            input.bind_button(PadControl::try_from(part.to_owned()).unwrap(), pressed).unwrap();
        };
        // A trigger, and a stick that is pushed up.
        bind("a", &|| controllers.axis(pad, 2, 255));
        controllers.axis(pad, 2, 0);
        received.try_iter().last();
        bind("b", &|| controllers.axis(pad, 1, -32768));
        let button = |name: &str| input.parts().into_iter().find(|part| part.name == name).unwrap().button;
        assert_eq!((button("a"), button("b")), (Some("left-trigger"), Some("left-stick-up")));
        assert_eq!((button("left-trigger"), button("left-stick-up")), (Some("a"), Some("b")));
        assert_eq!(controllers.gamepad(0, 0).unwrap().buttons, 0x2000, "the stick is B");
        // Touching the stick does not count as a press.
        controllers.axis(pad, 1, -9000);
        assert_eq!(received.try_iter().last(), Some(PartSet::default()));
        input.note_kept();
        input.next_pad_assignment(0).unwrap();
        let own = input.pads()[0].1.clone().unwrap();
        bind("x", &|| controllers.axis(pad, 5, 255));
        let changes: Vec<String> = input.changes().into_iter().map(|(key, _)| key).collect();
        assert!(changes.contains(&format!("controller.{own}.buttons.right-trigger")), "{changes:?}");
        assert!(changes.iter().any(|key| key.starts_with("pad.")), "{changes:?}");
        controllers.unplug(pad);
        assert_eq!(input.pads(), []);
    }
}
