//! Names of the keyboard's keys in settings, and their built-in assignment.
//!
//! Keys are identified by their position on the keyboard, not by their label; names are those of
//! the web's `KeyboardEvent.code`:
//!
//! ```text
//!  Q left shoulder   W right shoulder      arrows  directional pad      Enter      start
//!  A X   S Y                               I J K L left stick, U its    Backspace  back
//!  Z A   X B         1 left trigger                click                Home       guide
//!                    2 right trigger       T F G H right stick, Y its click
//! ```

use super::config::Tuning;
use super::control::{PadControl, Side, StickDirection};
use serde::Deserialize;
use xenia_kernel::ports::Gamepad;
use xenia_render::{ControllerKeys, KeyCode};

/// The built-in assignment of keys to parts of the controller.
pub const BUILT_IN: &[(KeyCode, PadControl)] = &[
    (KeyCode::ArrowUp, PadControl::Button(Gamepad::UP)),
    (KeyCode::ArrowDown, PadControl::Button(Gamepad::DOWN)),
    (KeyCode::ArrowLeft, PadControl::Button(Gamepad::LEFT)),
    (KeyCode::ArrowRight, PadControl::Button(Gamepad::RIGHT)),
    (KeyCode::Enter, PadControl::Button(Gamepad::START)),
    (KeyCode::Backspace, PadControl::Button(Gamepad::BACK)),
    (KeyCode::KeyQ, PadControl::Button(Gamepad::LEFT_SHOULDER)),
    (KeyCode::KeyW, PadControl::Button(Gamepad::RIGHT_SHOULDER)),
    (KeyCode::KeyZ, PadControl::Button(Gamepad::A)),
    (KeyCode::KeyX, PadControl::Button(Gamepad::B)),
    (KeyCode::KeyA, PadControl::Button(Gamepad::X)),
    (KeyCode::KeyS, PadControl::Button(Gamepad::Y)),
    (KeyCode::Digit1, PadControl::Trigger(Side::Left)),
    (KeyCode::Digit2, PadControl::Trigger(Side::Right)),
    (KeyCode::Home, PadControl::Button(Gamepad::GUIDE)),
    (KeyCode::KeyU, PadControl::Button(Gamepad::LEFT_STICK)),
    (KeyCode::KeyY, PadControl::Button(Gamepad::RIGHT_STICK)),
    (KeyCode::KeyI, PadControl::Stick(Side::Left, StickDirection::Up)),
    (KeyCode::KeyK, PadControl::Stick(Side::Left, StickDirection::Down)),
    (KeyCode::KeyJ, PadControl::Stick(Side::Left, StickDirection::Left)),
    (KeyCode::KeyL, PadControl::Stick(Side::Left, StickDirection::Right)),
    (KeyCode::KeyT, PadControl::Stick(Side::Right, StickDirection::Up)),
    (KeyCode::KeyG, PadControl::Stick(Side::Right, StickDirection::Down)),
    (KeyCode::KeyF, PadControl::Stick(Side::Right, StickDirection::Left)),
    (KeyCode::KeyH, PadControl::Stick(Side::Right, StickDirection::Right)),
];

/// Groups of parts on the page of keys, with the names of the parts in the order of the text.
const GROUPS: [(&str, &[&str]); 8] = [
    ("directional pad: up, down, left, right", &["up", "down", "left", "right"]),
    ("A B X Y", &["a", "b", "x", "y"]),
    ("shoulders: left, right", &["left-shoulder", "right-shoulder"]),
    ("triggers: left, right", &["left-trigger", "right-trigger"]),
    (
        "left stick: up, left, down, right, click",
        &["left-stick-up", "left-stick-left", "left-stick-down", "left-stick-right", "left-stick"],
    ),
    (
        "right stick: up, left, down, right, click",
        &["right-stick-up", "right-stick-left", "right-stick-down", "right-stick-right", "right-stick"],
    ),
    ("start, back", &["start", "back"]),
    ("guide", &["guide"]),
];

/// The keys of an assignment as text for users: a row for each group of parts, in which `-` marks a
/// part without a key. No rows if no controller has the keyboard.
pub fn for_people(tuning: &Tuning) -> ControllerKeys {
    let Some(user) = tuning.keyboard else { return ControllerKeys::default() };
    let of_part = |name: &&str| {
        let keys = tuning.keys.iter().filter(|(_, control)| control.name() == *name);
        let labels: Vec<&str> = keys.map(|(key, _)| label(*key)).collect();
        if labels.is_empty() { "-".to_owned() } else { labels.join("/") }
    };
    let row = |(meaning, parts): &(&str, &[&str])| {
        let keys: Vec<String> = parts.iter().map(of_part).collect();
        (keys.join(" "), (*meaning).to_owned())
    };
    ControllerKeys {
        heading: format!("Controller {}", user + 1),
        rows: GROUPS.iter().map(row).collect(),
        keys: tuning.keys.iter().map(|(key, _)| *key).collect(),
    }
}

/// Label of a key for users, without spaces.
pub(super) fn label(key: KeyCode) -> &'static str {
    let name = name(key);
    ["Key", "Digit", "Arrow"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

macro_rules! names {
    ($($key:ident)*) => {
        /// Names of keys in settings.
        const NAMES: &[(&str, KeyCode)] = &[$((stringify!($key), KeyCode::$key)),*];
    };
}
names! {
    KeyA KeyB KeyC KeyD KeyE KeyF KeyG KeyH KeyI KeyJ KeyK KeyL KeyM KeyN KeyO KeyP KeyQ KeyR KeyS KeyT KeyU KeyV KeyW KeyX
    KeyY KeyZ Digit0 Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 ArrowUp ArrowDown ArrowLeft ArrowRight
    Enter Backspace Space Tab Escape Insert Delete Home End PageUp PageDown CapsLock Pause ContextMenu ShiftLeft ShiftRight
    ControlLeft ControlRight AltLeft AltRight Backquote Backslash BracketLeft BracketRight Comma Equal IntlBackslash Minus
    Period Quote Semicolon Slash Numpad0 Numpad1 Numpad2 Numpad3 Numpad4 Numpad5 Numpad6 Numpad7 Numpad8 Numpad9 NumpadAdd
    NumpadDecimal NumpadDivide NumpadEnter NumpadMultiply NumpadSubtract NumLock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12
}

/// A key, by its name in settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NamedKey(pub KeyCode);

/// Name of a key in settings.
pub fn name(key: KeyCode) -> &'static str {
    NAMES.iter().find(|(_, known)| *known == key).map_or("?", |(name, _)| name)
}

impl TryFrom<String> for NamedKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(&(_, key)) = NAMES.iter().find(|(known, _)| *known == text) else {
            // The window's labels leave out a part of some names.
            let shown = NAMES.iter().find(|(_, key)| label(*key).eq_ignore_ascii_case(&text));
            let meant = shown.map_or(text.as_str(), |(name, _)| name);
            let tip = xenia_wording::nearest::tip(meant, NAMES.iter().map(|(known, _)| *known));
            return Err(format!("`{text}` is not a key{tip}"));
        };
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_controller_has_a_built_in_key_and_a_place_on_the_page() {
        for (name, control) in super::super::control::CONTROLS {
            assert!(BUILT_IN.iter().any(|(_, known)| *known == control), "{name}");
            assert_eq!(GROUPS.iter().flat_map(|(_, parts)| *parts).filter(|part| **part == name).count(), 1);
        }
        for (key, _) in BUILT_IN {
            let is_windows = |binding: &&xenia_render::KeyBinding| {
                binding.key == *key && binding.with == xenia_render::Modifier::Any
            };
            assert!(!xenia_render::BINDINGS.iter().any(|binding| is_windows(&binding)), "{key:?}");
        }
    }

    #[test]
    fn the_page_of_keys_shows_what_settings_assign() {
        let config = |text: &str| super::super::config::parse(text, "config.toml".as_ref()).unwrap();
        let page = |text: &str| for_people(&config(text).for_title(None));
        assert_eq!(page("").rows[1], ("Z X A S".to_owned(), "A B X Y".to_owned()));
        let mine = page("[input]\nkeyboard = 2\n[input.keys]\na = ['Space', 'KeyP']\nx = 'KeyS'");
        assert_eq!((mine.heading.as_str(), mine.rows[1].0.as_str()), ("Controller 2", "Space/P X S -"));
        assert!(mine.keys.contains(&KeyCode::KeyP) && !mine.keys.contains(&KeyCode::KeyZ));
        assert_eq!(page("[input]\nkeyboard = 0"), ControllerKeys::default());
    }

    #[test]
    fn built_in_keys_have_names_and_none_is_the_windows() {
        for &(key, control) in BUILT_IN {
            assert_eq!(NamedKey::try_from(name(key).to_owned()), Ok(NamedKey(key)));
            assert!(!control.name().is_empty());
        }
    }

    #[test]
    fn no_two_keys_are_the_same() {
        for (index, (key, _)) in BUILT_IN.iter().enumerate() {
            assert!(BUILT_IN[..index].iter().all(|(other, _)| other != key), "{key:?}");
        }
        for (index, (name, key)) in NAMES.iter().enumerate() {
            assert!(NAMES[..index].iter().all(|(known, other)| known != name && other != key), "{name}");
        }
    }
}
