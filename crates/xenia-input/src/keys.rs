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

use super::control::{PadControl, Side, StickDirection};
use serde::Deserialize;
use xenia_kernel::ports::Gamepad;
use xenia_render::KeyCode;

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
            let labelled = NAMES.iter().find(|(_, key)| label(*key).eq_ignore_ascii_case(&text));
            let meant = labelled.map_or(text.as_str(), |(name, _)| name);
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
    fn every_part_of_the_controller_has_a_built_in_key() {
        for (name, control) in super::super::control::CONTROLS {
            assert!(BUILT_IN.iter().any(|(_, known)| *known == control), "{name}");
        }
        for (key, _) in BUILT_IN {
            let is_windows = |binding: &&xenia_render::KeyBinding| {
                binding.key == *key && binding.with == xenia_render::Modifier::Any
            };
            assert!(!xenia_render::BINDINGS.iter().any(|binding| is_windows(&binding)), "{key:?}");
        }
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
