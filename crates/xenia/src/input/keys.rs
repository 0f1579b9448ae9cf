//! Names of the keyboard's keys in settings, and their built-in assignment.
//!
//! Keys are identified by their position on the keyboard, not by their label; names are those of
//! the web's `KeyboardEvent.code`:
//!
//! ```text
//!  Q left shoulder   W right shoulder      arrows  directional pad      Enter      start
//!  A X   S Y                               I J K L left stick           Backspace  back
//!  Z A   X B         1 left trigger   2 right trigger
//! ```

use super::control::{PadControl, Side, StickDirection};
use serde::Deserialize;
use xenia_render::{BINDINGS, KeyCode};

/// The built-in assignment of keys to parts of the controller.
pub const BUILT_IN: &[(KeyCode, PadControl)] = &[
    (KeyCode::ArrowUp, PadControl::Button(0x0001)),
    (KeyCode::ArrowDown, PadControl::Button(0x0002)),
    (KeyCode::ArrowLeft, PadControl::Button(0x0004)),
    (KeyCode::ArrowRight, PadControl::Button(0x0008)),
    (KeyCode::Enter, PadControl::Button(0x0010)),
    (KeyCode::Backspace, PadControl::Button(0x0020)),
    (KeyCode::KeyQ, PadControl::Button(0x0100)),
    (KeyCode::KeyW, PadControl::Button(0x0200)),
    (KeyCode::KeyZ, PadControl::Button(0x1000)),
    (KeyCode::KeyX, PadControl::Button(0x2000)),
    (KeyCode::KeyA, PadControl::Button(0x4000)),
    (KeyCode::KeyS, PadControl::Button(0x8000)),
    (KeyCode::Digit1, PadControl::Trigger(Side::Left)),
    (KeyCode::Digit2, PadControl::Trigger(Side::Right)),
    (KeyCode::KeyI, PadControl::Stick(Side::Left, StickDirection::Up)),
    (KeyCode::KeyK, PadControl::Stick(Side::Left, StickDirection::Down)),
    (KeyCode::KeyJ, PadControl::Stick(Side::Left, StickDirection::Left)),
    (KeyCode::KeyL, PadControl::Stick(Side::Left, StickDirection::Right)),
];

/// The built-in assignment as text for users.
pub const FOR_PEOPLE: &[(&str, &str)] = &[
    ("arrows", "directional pad"),
    ("Z X A S", "A B X Y"),
    ("Q W, 1 2", "shoulders, triggers"),
    ("I J K L", "left stick"),
    ("Enter, Backspace", "start, back"),
];

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
            let tip = crate::nearest::nearest(&text, NAMES.iter().map(|(known, _)| *known));
            let tip = tip.map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
            return Err(format!("`{text}` is not a key{tip}"));
        };
        if let Some(binding) = BINDINGS.iter().find(|binding| !binding.alt && binding.key == key) {
            return Err(format!("{text} is the window's: it {}", binding.meaning));
        }
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
