//! `[hotkeys]` of config.toml: the keys of the window, and combinations of pad buttons that act as
//! keys.
//!
//! ```toml
//! [hotkeys]                  # an action has these keys alone, and none if the list is empty
//! pause = ["Pause", "Ctrl+Space"]
//! save-state = ["F5", "pad:guide+right-shoulder"]
//! report = []
//! ```

use super::control::{CONTROLS, PadControl};
use super::keys::{self, NamedKey};
use super::one_or_many::OneOrMany;
use serde::Deserialize;
use std::collections::BTreeMap;
use xenia_render::{HotkeyError, Hotkeys, KeyAction, KeyBinding, Modifier, PadChord};

/// Prefix of a combination of pad buttons.
const PAD: &str = "pad:";
/// Modifiers of keys, by name.
const MODIFIERS: [(&str, Modifier); 3] =
    [("Ctrl+", Modifier::Control), ("Alt+", Modifier::Alt), ("Shift+", Modifier::Shift)];

/// A key with its modifier, or a combination of pad buttons.
#[derive(Clone, Debug)]
enum Combination {
    Key { named: NamedKey, with: Modifier, label: String },
    Pad { buttons: u16, label: String },
}

impl TryFrom<String> for Combination {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(names) = text.strip_prefix(PAD) {
            let mut buttons = 0;
            for name in names.split('+') {
                let PadControl::Button(bit) = PadControl::try_from(name.to_owned())? else {
                    return Err(format!("`{name}` is not a button: combinations are of buttons"));
                };
                buttons |= bit;
            }
            if buttons.count_ones() < 2 {
                return Err(format!("`{text}`: a combination has two buttons at least, as in `pad:guide+a`"));
            }
            return Ok(Self::Pad { buttons, label: label(buttons) });
        }
        let modified =
            MODIFIERS.iter().find_map(|(name, with)| Some((*with, name, text.strip_prefix(name)?)));
        let (with, prefix, name) =
            modified.map_or((Modifier::Any, "", text.as_str()), |(with, name, key)| (with, *name, key));
        let named = NamedKey::try_from(name.to_owned())?;
        Ok(Self::Key { named, with, label: format!("{prefix}{}", keys::label(named.0)) })
    }
}

/// The names of buttons, for users.
fn label(buttons: u16) -> String {
    let is_held = |control: PadControl| matches!(control, PadControl::Button(bit) if buttons & bit != 0);
    let names = CONTROLS.iter().filter(|(_, control)| is_held(*control)).map(|(name, _)| *name);
    format!("pad {}", names.collect::<Vec<_>>().join("+"))
}

/// An action of the window, by its name in settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct ActionName(KeyAction);

impl TryFrom<String> for ActionName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        KeyAction::named(&name).map(Self).ok_or_else(|| {
            let tip = xenia_wording::nearest::tip(&name, KeyAction::ALL.iter().map(|action| action.name()));
            format!("`{name}` is not an action of the window{tip}")
        })
    }
}

/// The table `[hotkeys]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct HotkeyTable(BTreeMap<ActionName, OneOrMany<Combination>>);

impl HotkeyTable {
    /// The keys of the window.
    pub(super) fn hotkeys(&self) -> Result<Hotkeys, HotkeyError> {
        let mut named = Vec::new();
        let mut keys = Vec::new();
        let mut chords = Vec::new();
        for (&ActionName(action), combinations) in &self.0 {
            named.push(action);
            for combination in &combinations.0 {
                match combination.clone() {
                    Combination::Key { named, with, label } => {
                        keys.push(KeyBinding { key: named.0, with, label: label.into(), action });
                    }
                    Combination::Pad { buttons, label } => chords.push(PadChord { buttons, label, action }),
                }
            }
        }
        Hotkeys::new(&named, keys, chords)
    }
}
