//! The page of controllers: shows the assignment of keys and buttons, and changes it.

use anyhow::Error;
use xenia::input::config::edit::{InputFraction, MAX_ZONE};
use xenia::input::control::{PadControl, PartSet};
use xenia::input::{AssignedPart, LiveInput, PluggedPad};
use xenia_render::{
    ControllerKeys, InputClient, InputModel, InputPad, InputPart, KeyCode, LiveSetting, SettingControl,
};

/// The window's client for the page.
pub(super) struct Remapping(pub(super) LiveInput);

/// Label of a part, from its name in settings.
fn label(name: &str) -> String {
    let words = match name {
        "up" | "down" | "left" | "right" => format!("d-pad {name}"),
        _ => name.replace('-', " "),
    };
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Keys of a part, and its button of pads if that is not the one of its name.
fn bound(part: &AssignedPart) -> String {
    let keys = if part.keys.is_empty() { "-".to_owned() } else { part.keys.join("/") };
    match part.button {
        Some(button) if button == part.name => keys,
        Some(button) => format!("{keys}, pad: {}", label(button)),
        None => format!("{keys}, pad: -"),
    }
}

fn text(error: &Error) -> String {
    format!("{error:#}")
}

impl Remapping {
    fn setting(&self, fraction: InputFraction) -> LiveSetting {
        let (label, most) = match fraction {
            InputFraction::StickZone => ("Dead zone of sticks", MAX_ZONE),
            InputFraction::TriggerZone => ("Dead zone of triggers", MAX_ZONE),
            InputFraction::Rumble => ("Strength of motors", 100),
        };
        let control = SettingControl::Percent { range: 0..=most, step: 5 };
        LiveSetting { key: fraction.name(), label, control, value: self.0.fraction(fraction).to_string() }
    }
}

/// The part of a name in settings.
fn part(name: &str) -> Result<PadControl, String> {
    PadControl::try_from(name.to_owned())
}

impl InputClient for Remapping {
    fn model(&self) -> InputModel {
        let input_part = |part: AssignedPart| InputPart {
            name: part.name,
            label: label(part.name),
            bound: bound(&part),
            pressed: part.pressed,
        };
        let pad = |(PluggedPad { name, user }, assignment): (PluggedPad, Option<String>)| InputPad {
            name: match user {
                Some(user) => format!("{}: controller {user}", name.name),
                None => format!("{}: waits for a place", name.name),
            },
            assignment,
        };
        InputModel {
            parts: self.0.parts().into_iter().map(input_part).collect(),
            pads: self.0.pads().into_iter().map(pad).collect(),
            assignment: self.0.controller_name(),
            settings: InputFraction::ALL.map(|fraction| self.setting(fraction)).into(),
        }
    }

    fn bind_key(&self, name: &str, key: KeyCode) -> Result<ControllerKeys, String> {
        self.0.bind_key(part(name)?, key).map_err(|error| text(&error))
    }

    fn bind_parts(&self, name: &str, pressed: u32) -> Result<ControllerKeys, String> {
        self.0.bind_button(part(name)?, PartSet(pressed)).map_err(|error| text(&error))
    }

    fn next_pad_assignment(&self, number: usize) -> Result<ControllerKeys, String> {
        self.0.next_pad_assignment(number).map_err(|error| text(&error))
    }

    fn unbind(&self, name: &str) -> Result<ControllerKeys, String> {
        self.0.unbind(part(name)?).map_err(|error| text(&error))
    }

    fn set(&self, key: &str, value: &str) -> Result<ControllerKeys, String> {
        let fraction = InputFraction::ALL.into_iter().find(|fraction| fraction.name() == key);
        let (Some(fraction), Ok(percent)) = (fraction, value.parse()) else {
            return Err(format!("{key} is not a setting of controllers"));
        };
        self.0.set_fraction(fraction, percent).map_err(|error| text(&error))
    }

    fn next_assignment(&self) -> Result<ControllerKeys, String> {
        self.0.next_controller().map_err(|error| text(&error))
    }

    fn reset(&self) -> Result<ControllerKeys, String> {
        self.0.reset().map_err(|error| text(&error))
    }

    fn try_motors(&self, on: bool) {
        self.0.controllers().test_motors(on);
    }

    fn changes(&self) -> Vec<(String, Option<String>)> {
        self.0.changes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::input::Controllers;
    use xenia::input::config::InputConfig;

    #[test]
    fn the_page_shows_what_is_assigned_and_changes_it() {
        let page = Remapping(LiveInput::new(Controllers::default(), InputConfig::default()));
        let bound = |name: &str| {
            let part = page.model().parts.into_iter().find(|part| part.name == name).unwrap();
            (part.label, part.bound)
        };
        let both = |label: &str, bound: &str| (label.to_owned(), bound.to_owned());
        assert_eq!(bound("left-stick-up"), both("Left stick up", "I"));
        page.bind_key("up", KeyCode::Numpad8).unwrap();
        page.bind_parts("a", 1 << 12).unwrap();
        page.unbind("start").unwrap();
        assert_eq!(bound("up"), both("D-pad up", "Numpad8"));
        assert_eq!((bound("a"), bound("start")), (both("A", "Z, pad: B"), both("Start", "-")));
        assert!(page.bind_key("a", KeyCode::F5).unwrap_err().contains("F5"));
        page.set("rumble", "35").unwrap();
        assert_eq!(page.model().settings[2].value, "35");
        let changes: Vec<String> = page.changes().into_iter().map(|(key, _)| key).collect();
        assert_eq!(
            changes,
            ["input.keys.up", "input.keys.start", "input.buttons.a", "input.buttons.b", "input.rumble"]
        );
        page.reset().unwrap();
        assert!(page.changes().iter().all(|(_, value)| value.is_none()));
        assert_eq!(bound("a"), both("A", "Z"));
    }
}
