//! The keys of a run's window, and the combinations of pad buttons that act as keys: the built-in
//! ones, with the changes of settings.
//!
//! An action that settings name has the keys that they list, and no built-in one. A built-in key
//! that they assign to an action is that action's alone.

use super::keys::{BINDINGS, KeyAction, KeyBinding, Modifier};
use thiserror::Error;
use winit::keyboard::{KeyCode, ModifiersState};

/// Combination of pad buttons that acts as a key of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PadChord {
    /// The buttons, as bits of the console's own states of pads.
    pub buttons: u16,
    /// Label of the combination.
    pub label: String,
    /// Action of the combination.
    pub action: KeyAction,
}

/// Settings that no window can have.
#[derive(Debug, Error)]
pub enum HotkeyError {
    /// A key or combination has two actions.
    #[error("{key} is both `{}` and `{}`", first.name(), second.name())]
    TwoActions {
        /// Label of the key.
        key: String,
        /// The action named first.
        first: KeyAction,
        /// The other action.
        second: KeyAction,
    },
}

/// Keys and pad combinations of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hotkeys {
    keys: Vec<KeyBinding>,
    chords: Vec<PadChord>,
}

impl Default for Hotkeys {
    fn default() -> Self {
        Self { keys: BINDINGS.to_vec(), chords: Vec::new() }
    }
}

impl Hotkeys {
    /// The keys where settings name these actions, with all their keys and combinations.
    ///
    /// # Errors
    /// A key or a combination has two actions.
    pub fn new(
        named: &[KeyAction],
        keys: Vec<KeyBinding>,
        chords: Vec<PadChord>,
    ) -> Result<Self, HotkeyError> {
        for (index, key) in keys.iter().enumerate() {
            if let Some(other) = keys[..index].iter().find(|other| is_same(other, key)) {
                return Err(two_actions(&key.label, other.action, key.action));
            }
        }
        for (index, chord) in chords.iter().enumerate() {
            if let Some(other) = chords[..index].iter().find(|other| other.buttons == chord.buttons) {
                return Err(two_actions(&chord.label, other.action, chord.action));
            }
        }
        let built_in = BINDINGS.iter().filter(|binding| {
            !named.contains(&binding.action) && !keys.iter().any(|key| is_same(key, binding))
        });
        let mut keys: Vec<KeyBinding> = built_in.cloned().chain(keys.iter().cloned()).collect();
        keys.sort_by_key(|binding| binding.action);
        Ok(Self { keys, chords })
    }

    /// All key bindings, in the order of the actions.
    pub fn keys(&self) -> &[KeyBinding] {
        &self.keys
    }

    /// All combinations of pad buttons.
    pub fn chords(&self) -> &[PadChord] {
        &self.chords
    }

    /// Label of the first key of an action; `None` if it has none.
    pub(super) fn label(&self, action: KeyAction) -> Option<&str> {
        self.keys.iter().find(|binding| binding.action == action).map(|binding| binding.label.as_ref())
    }

    /// Action of a key with these modifiers held; `controller` has the keys of the machine's
    /// controller.
    pub(super) fn action(
        &self,
        key: KeyCode,
        held: ModifiersState,
        controller: &[KeyCode],
    ) -> Option<KeyAction> {
        let bindings = || self.keys.iter().filter(|binding| binding.key == key && binding.with.is_held(held));
        // A binding with a modifier comes before one without.
        let modified = bindings().find(|binding| binding.with != Modifier::Any);
        let plain = || bindings().find(|binding| !binding.is_given_away(controller));
        modified.or_else(plain).map(|binding| binding.action)
    }

    /// Whether a key keeps its action while a dialog of the machine is open. Keys that write never
    /// do.
    pub(super) fn stays_in_dialogs(&self, key: KeyCode) -> bool {
        let action = self.action(key, ModifiersState::empty(), &[]);
        !writes(key) && action.is_some_and(KeyAction::stays_in_dialogs)
    }

    /// Whether a key saves or loads a state. An open dialog of the machine leaves it to the window,
    /// but a page does not.
    pub(super) fn is_of_states(&self, key: KeyCode) -> bool {
        let action = self.action(key, ModifiersState::empty(), &[]);
        !writes(key) && matches!(action, Some(KeyAction::SaveState | KeyAction::LoadState))
    }

    /// Whether one of these buttons is part of a combination.
    pub(super) fn uses_button(&self, button: u16) -> bool {
        self.chords.iter().any(|chord| chord.buttons & button != 0)
    }

    /// The combinations that begin or end when pads hold the buttons `now` instead of `before`, and
    /// whether each begins. Of two combinations that begin at once, the larger one does.
    pub(super) fn changes(&self, before: u16, now: u16) -> Vec<(KeyAction, bool)> {
        let is_held = |chord: &PadChord, held: u16| held & chord.buttons == chord.buttons;
        let begins = |chord: &PadChord| is_held(chord, now) && !is_held(chord, before);
        let is_part = |chord: &PadChord| {
            let larger = |other: &PadChord| {
                other.buttons != chord.buttons && other.buttons & chord.buttons == chord.buttons
            };
            self.chords.iter().any(|other| larger(other) && begins(other))
        };
        let change = |chord: &PadChord| match (is_held(chord, before), is_held(chord, now)) {
            (false, true) if !is_part(chord) => Some((chord.action, true)),
            (true, false) => Some((chord.action, false)),
            _ => None,
        };
        self.chords.iter().filter_map(change).collect()
    }
}

fn is_same(one: &KeyBinding, other: &KeyBinding) -> bool {
    (one.key, one.with) == (other.key, other.with)
}

fn two_actions(key: &str, first: KeyAction, second: KeyAction) -> HotkeyError {
    HotkeyError::TwoActions { key: key.to_owned(), first, second }
}

/// Whether a key writes, or edits the text.
fn writes(key: KeyCode) -> bool {
    !matches!(
        key,
        KeyCode::Tab
            | KeyCode::Pause
            | KeyCode::F1
            | KeyCode::F2
            | KeyCode::F3
            | KeyCode::F4
            | KeyCode::F5
            | KeyCode::F6
            | KeyCode::F7
            | KeyCode::F8
            | KeyCode::F9
            | KeyCode::F10
            | KeyCode::F11
            | KeyCode::F12
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: ModifiersState = ModifiersState::empty();

    fn key(key: KeyCode, with: Modifier, action: KeyAction) -> KeyBinding {
        KeyBinding { key, with, label: format!("{key:?}").into(), action }
    }

    fn chord(buttons: u16, action: KeyAction) -> PadChord {
        PadChord { buttons, label: format!("{buttons:#x}"), action }
    }

    #[test]
    fn a_dialog_has_every_key_that_writes() {
        let built_in = Hotkeys::default();
        for key in
            [KeyCode::KeyP, KeyCode::KeyR, KeyCode::Period, KeyCode::Escape, KeyCode::KeyA, KeyCode::Enter]
        {
            assert!(!built_in.stays_in_dialogs(key), "{key:?}");
        }
        for key in [KeyCode::F1, KeyCode::F11, KeyCode::F12] {
            assert!(built_in.stays_in_dialogs(key), "{key:?}");
        }
        for key in [KeyCode::F4, KeyCode::F5] {
            assert!(built_in.is_of_states(key) && !built_in.stays_in_dialogs(key), "{key:?}");
        }
        assert!(!built_in.is_of_states(KeyCode::F6) && !built_in.is_of_states(KeyCode::KeyA));
        let letter = vec![key(KeyCode::KeyO, Modifier::Any, KeyAction::Screenshot)];
        let own = Hotkeys::new(&[KeyAction::Screenshot], letter, Vec::new()).unwrap();
        assert!(!own.stays_in_dialogs(KeyCode::KeyO) && !own.stays_in_dialogs(KeyCode::F12));
    }

    #[test]
    fn enter_belongs_to_the_machine_without_alt() {
        let built_in = Hotkeys::default();
        let of = |key, held| built_in.action(key, held, &[]);
        assert_eq!(of(KeyCode::Enter, NONE), None);
        assert_eq!(of(KeyCode::Enter, ModifiersState::ALT), Some(KeyAction::FullScreen));
        assert_eq!(of(KeyCode::F11, ModifiersState::ALT), Some(KeyAction::FullScreen));
        assert_eq!(of(KeyCode::KeyA, NONE), None);
    }

    #[test]
    fn settings_may_give_letters_to_a_controller_but_no_function_key() {
        let built_in = Hotkeys::default();
        let of = |key, held, controller: &[KeyCode]| built_in.action(key, held, controller);
        let control = ModifiersState::CONTROL;
        assert_eq!(of(KeyCode::Tab, NONE, &[]), Some(KeyAction::Turbo));
        assert_eq!(of(KeyCode::Tab, control, &[]), Some(KeyAction::TurboSwitch));
        let given = [KeyCode::Tab, KeyCode::KeyP, KeyCode::F1];
        assert_eq!(of(KeyCode::Tab, NONE, &given), None);
        assert_eq!(of(KeyCode::Tab, control, &given), Some(KeyAction::TurboSwitch));
        assert_eq!(of(KeyCode::KeyP, NONE, &given), None);
        assert_eq!(of(KeyCode::F1, NONE, &given), Some(KeyAction::Help));
        assert_eq!(of(KeyCode::ArrowUp, NONE, &[]), None);
        assert_eq!(of(KeyCode::ArrowUp, control, &[]), Some(KeyAction::Louder));
    }

    #[test]
    fn a_named_action_has_only_the_named_keys_and_takes_them_from_others() {
        let keys = vec![
            key(KeyCode::F5, Modifier::Any, KeyAction::Pause),
            key(KeyCode::F5, Modifier::Shift, KeyAction::Mute),
        ];
        let own = Hotkeys::new(&[KeyAction::Pause, KeyAction::Mute, KeyAction::Report], keys, Vec::new());
        let own = own.unwrap();
        let of = |key, held| own.action(key, held, &[]);
        assert_eq!(of(KeyCode::F5, NONE), Some(KeyAction::Pause), "and not `save-state`");
        assert_eq!(of(KeyCode::F5, ModifiersState::SHIFT), Some(KeyAction::Mute));
        assert_eq!((of(KeyCode::KeyP, NONE), of(KeyCode::F9, NONE)), (None, None));
        assert_eq!(of(KeyCode::F4, NONE), Some(KeyAction::LoadState));
        assert_eq!((own.label(KeyAction::Pause), own.label(KeyAction::SaveState)), (Some("F5"), None));
    }

    #[test]
    fn no_key_or_combination_has_two_actions() {
        let keys = [KeyAction::Pause, KeyAction::Mute].map(|action| key(KeyCode::F5, Modifier::Any, action));
        let error = Hotkeys::new(&[], keys.to_vec(), Vec::new()).unwrap_err().to_string();
        assert_eq!(error, "F5 is both `pause` and `mute`");
        let chords = [KeyAction::Pause, KeyAction::Mute].map(|action| chord(0x30, action));
        assert!(Hotkeys::new(&[], Vec::new(), chords.to_vec()).is_err());
    }

    #[test]
    fn combinations_begin_and_end_and_the_larger_one_wins() {
        let chords = vec![chord(0x0410, KeyAction::Pause), chord(0x0430, KeyAction::Turbo)];
        let own = Hotkeys::new(&[], Vec::new(), chords).unwrap();
        assert_eq!(own.changes(0, 0x0400), []);
        assert_eq!(own.changes(0x0400, 0x0410), [(KeyAction::Pause, true)]);
        assert_eq!(own.changes(0x0410, 0x0411), []);
        assert_eq!(own.changes(0x0400, 0x0430), [(KeyAction::Turbo, true)]);
        assert_eq!(own.changes(0x0430, 0x0420), [(KeyAction::Pause, false), (KeyAction::Turbo, false)]);
        assert!(own.uses_button(0x0400) && !own.uses_button(1));
    }
}
