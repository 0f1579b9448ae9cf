//! Keys of the window; all other keys are the machine's.

use winit::keyboard::KeyCode;

/// Action of a window key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyAction {
    /// Leaves full screen; else closes the window.
    Leave,
    FullScreen,
    Pause,
    /// Runs to the next frame, then pauses.
    Step,
    /// Removes the speed limit while the key is held.
    Turbo,
    Screenshot,
    /// Writes a bug report.
    Report,
    Help,
    /// Restarts a title that has stopped.
    Again,
    Overlay,
    Scaling,
    Filter,
    Vsync,
}

/// Key binding of the window.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    /// The key, by its position on a US keyboard.
    pub key: KeyCode,
    /// Whether Alt must be held.
    pub alt: bool,
    /// Label of the key.
    pub name: &'static str,
    /// Description of the action.
    pub meaning: &'static str,
    pub(crate) action: KeyAction,
}

const fn binding(key: KeyCode, name: &'static str, meaning: &'static str, action: KeyAction) -> KeyBinding {
    KeyBinding { key, alt: false, name, meaning, action }
}

/// Key bindings of the window.
pub const BINDINGS: &[KeyBinding] = &[
    binding(KeyCode::F1, "F1", "shows the keys, and hides them", KeyAction::Help),
    binding(KeyCode::Escape, "Escape", "leaves full screen; else closes the window", KeyAction::Leave),
    binding(KeyCode::F11, "F11", "full screen, without the mouse pointer", KeyAction::FullScreen),
    KeyBinding {
        alt: true,
        ..binding(
            KeyCode::Enter,
            "Alt+Enter",
            "full screen, without the mouse pointer",
            KeyAction::FullScreen,
        )
    },
    binding(KeyCode::Pause, "Pause", "pauses the machine, and lets it go on", KeyAction::Pause),
    binding(KeyCode::KeyP, "P", "the same", KeyAction::Pause),
    binding(KeyCode::Period, ".", "runs to the next frame and pauses", KeyAction::Step),
    binding(KeyCode::Tab, "Tab", "while held: as fast as it can", KeyAction::Turbo),
    binding(KeyCode::F3, "F3", "figures over the picture: few, all, none", KeyAction::Overlay),
    binding(KeyCode::F6, "F6", "scaling: aspect ratio, whole multiples, stretched", KeyAction::Scaling),
    binding(KeyCode::F7, "F7", "filter: linear, nearest", KeyAction::Filter),
    binding(KeyCode::F8, "F8", "vertical synchronisation, on and off", KeyAction::Vsync),
    binding(KeyCode::F12, "F12", "keeps the frame as a PNG file", KeyAction::Screenshot),
    binding(KeyCode::F9, "F9", "writes a bug report to send", KeyAction::Report),
    binding(KeyCode::KeyR, "R", "after a crash: runs the title again", KeyAction::Again),
];

impl KeyAction {
    /// Action of a key.
    pub(crate) fn of(key: KeyCode, alt: bool) -> Option<Self> {
        BINDINGS
            .iter()
            .find(|binding| binding.key == key && (alt || !binding.alt))
            .map(|binding| binding.action)
    }

    /// Whether a key keeps its action while a dialog of the machine is open; the dialog gets all
    /// others.
    pub(crate) fn stays_in_dialogs(key: KeyCode) -> bool {
        Self::of(key, false).is_some_and(|action| {
            matches!(
                action,
                Self::FullScreen
                    | Self::Help
                    | Self::Overlay
                    | Self::Scaling
                    | Self::Filter
                    | Self::Vsync
                    | Self::Screenshot
                    | Self::Report
                    | Self::Turbo
            )
        })
    }

    /// Whether a held key repeats the action.
    pub(crate) fn repeats(self) -> bool {
        self == Self::Step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            assert!(BINDINGS[..index].iter().all(|other| other.key != binding.key), "{}", binding.name);
        }
    }

    #[test]
    fn a_dialog_has_every_key_that_writes() {
        for key in
            [KeyCode::KeyP, KeyCode::KeyR, KeyCode::Period, KeyCode::Escape, KeyCode::KeyA, KeyCode::Enter]
        {
            assert!(!KeyAction::stays_in_dialogs(key), "{key:?}");
        }
        for key in [KeyCode::F1, KeyCode::F11, KeyCode::F12] {
            assert!(KeyAction::stays_in_dialogs(key), "{key:?}");
        }
    }

    #[test]
    fn enter_is_the_machines_without_alt() {
        assert_eq!(KeyAction::of(KeyCode::Enter, false), None);
        assert_eq!(KeyAction::of(KeyCode::Enter, true), Some(KeyAction::FullScreen));
        assert_eq!(KeyAction::of(KeyCode::F11, true), Some(KeyAction::FullScreen));
        assert_eq!(KeyAction::of(KeyCode::KeyA, false), None);
    }
}
