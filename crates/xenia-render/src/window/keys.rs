//! Keys of the window; all other keys are the machine's.

use winit::keyboard::{KeyCode, ModifiersState};

/// Action of a window key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyAction {
    /// Opens the menu; closes the window of a machine that has stopped.
    Menu,
    FullScreen,
    Pause,
    /// Runs to the next frame, then pauses.
    Step,
    /// Removes the speed limit while the key is held.
    Turbo,
    /// Removes or restores the speed limit.
    TurboSwitch,
    Louder,
    Quieter,
    Mute,
    Screenshot,
    /// Saves the state to the slot used last.
    SaveState,
    /// Loads the state in the slot used last.
    LoadState,
    /// Goes back while the key is held.
    Rewind,
    /// Writes a bug report.
    Report,
    Help,
    /// Restarts a title that has stopped.
    Again,
    Overlay,
    Scaling,
    Filter,
    /// Smooths edges, or leaves them.
    Smooth,
    Sharpness,
    Brighter,
    Darker,
    Vsync,
}

/// Modifier key that a binding needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// None; held ones are ignored.
    Any,
    Alt,
    Control,
}

/// Key binding of the window.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    /// The key, by its position on a US keyboard.
    pub key: KeyCode,
    /// Modifier that must be held.
    pub with: Modifier,
    /// Label of the key.
    pub name: &'static str,
    /// Description of the action.
    pub meaning: &'static str,
    pub(crate) action: KeyAction,
}

const fn binding(key: KeyCode, name: &'static str, meaning: &'static str, action: KeyAction) -> KeyBinding {
    KeyBinding { key, with: Modifier::Any, name, meaning, action }
}

const fn control(key: KeyCode, name: &'static str, meaning: &'static str, action: KeyAction) -> KeyBinding {
    KeyBinding { key, with: Modifier::Control, name, meaning, action }
}

/// Keys of the window that settings may assign to a controller.
const GIVEN_AWAY: [KeyCode; 4] = [KeyCode::KeyP, KeyCode::KeyR, KeyCode::Period, KeyCode::Tab];

/// Key bindings of the window.
pub const BINDINGS: &[KeyBinding] = &[
    binding(KeyCode::F1, "F1", "shows the keys, and hides them", KeyAction::Help),
    binding(KeyCode::Escape, "Escape", "the menu: resume, restart, settings, quit", KeyAction::Menu),
    binding(KeyCode::F11, "F11", "full screen, without the mouse pointer", KeyAction::FullScreen),
    KeyBinding {
        with: Modifier::Alt,
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
    control(KeyCode::Tab, "Ctrl+Tab", "as fast as it can, on and off", KeyAction::TurboSwitch),
    control(KeyCode::ArrowUp, "Ctrl+Up", "louder", KeyAction::Louder),
    control(KeyCode::ArrowDown, "Ctrl+Down", "quieter", KeyAction::Quieter),
    control(KeyCode::KeyM, "Ctrl+M", "sound off and on", KeyAction::Mute),
    binding(KeyCode::F3, "F3", "figures over the picture: few, all, none", KeyAction::Overlay),
    binding(KeyCode::F6, "F6", "scaling: aspect ratio, whole multiples, stretched", KeyAction::Scaling),
    binding(KeyCode::F7, "F7", "filter: linear, nearest", KeyAction::Filter),
    control(KeyCode::F7, "Ctrl+F7", "sharpness: 0, 25, 50, 75, 100 percent", KeyAction::Sharpness),
    binding(KeyCode::F2, "F2", "smooth edges (FXAA), on and off", KeyAction::Smooth),
    control(KeyCode::PageUp, "Ctrl+PageUp", "brighter", KeyAction::Brighter),
    control(KeyCode::PageDown, "Ctrl+PageDown", "darker", KeyAction::Darker),
    binding(KeyCode::F8, "F8", "vertical synchronisation, on and off", KeyAction::Vsync),
    binding(KeyCode::F5, "F5", "saves the state, to the slot used last", KeyAction::SaveState),
    binding(KeyCode::F4, "F4", "loads the state in the slot used last", KeyAction::LoadState),
    binding(KeyCode::F10, "F10", "while held: goes back in time, with --rewind", KeyAction::Rewind),
    binding(KeyCode::F12, "F12", "keeps the frame as a PNG file", KeyAction::Screenshot),
    binding(KeyCode::F9, "F9", "writes a bug report to send", KeyAction::Report),
    binding(KeyCode::KeyR, "R", "after the title has ended: runs it again", KeyAction::Again),
];

impl KeyBinding {
    /// Whether the key is always the window's. Settings may assign the others to a controller.
    pub fn is_reserved(&self) -> bool {
        self.with == Modifier::Any && !GIVEN_AWAY.contains(&self.key)
    }

    /// Whether the key is the controller's, which has these.
    pub(crate) fn is_given_away(&self, controller: &[KeyCode]) -> bool {
        self.with == Modifier::Any && GIVEN_AWAY.contains(&self.key) && controller.contains(&self.key)
    }
}

impl KeyAction {
    /// Action of a key with these modifiers held; `controller` has the keys of the machine's
    /// controller.
    pub(crate) fn of(key: KeyCode, held: ModifiersState, controller: &[KeyCode]) -> Option<Self> {
        let fits = |with: Modifier| match with {
            Modifier::Any => true,
            Modifier::Alt => held.alt_key(),
            Modifier::Control => held.control_key(),
        };
        let bindings = || BINDINGS.iter().filter(|binding| binding.key == key && fits(binding.with));
        // A binding with a modifier comes before one without.
        let modified = bindings().find(|binding| binding.with != Modifier::Any);
        let plain = || bindings().find(|binding| !binding.is_given_away(controller));
        modified.or_else(plain).map(|binding| binding.action)
    }

    /// Whether a key keeps its action while a dialog of the machine is open; the dialog gets all
    /// others.
    pub(crate) fn stays_in_dialogs(key: KeyCode) -> bool {
        Self::of(key, ModifiersState::empty(), &[]).is_some_and(|action| {
            matches!(
                action,
                Self::FullScreen
                    | Self::Help
                    | Self::Overlay
                    | Self::Scaling
                    | Self::Filter
                    | Self::Smooth
                    | Self::Vsync
                    | Self::Screenshot
                    | Self::Report
                    | Self::Turbo
                    | Self::Rewind
            )
        })
    }

    /// Whether a held key repeats the action.
    pub(crate) fn repeats(self) -> bool {
        matches!(self, Self::Step | Self::Louder | Self::Quieter | Self::Brighter | Self::Darker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            assert!(
                BINDINGS[..index].iter().all(|other| (other.key, other.with) != (binding.key, binding.with)),
                "{}",
                binding.name
            );
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
        let (none, alt) = (ModifiersState::empty(), ModifiersState::ALT);
        assert_eq!(KeyAction::of(KeyCode::Enter, none, &[]), None);
        assert_eq!(KeyAction::of(KeyCode::Enter, alt, &[]), Some(KeyAction::FullScreen));
        assert_eq!(KeyAction::of(KeyCode::F11, alt, &[]), Some(KeyAction::FullScreen));
        assert_eq!(KeyAction::of(KeyCode::KeyA, none, &[]), None);
    }

    #[test]
    fn settings_may_give_letters_to_a_controller_but_no_function_key() {
        let (none, control) = (ModifiersState::empty(), ModifiersState::CONTROL);
        assert_eq!(KeyAction::of(KeyCode::Tab, none, &[]), Some(KeyAction::Turbo));
        assert_eq!(KeyAction::of(KeyCode::Tab, control, &[]), Some(KeyAction::TurboSwitch));
        let given = [KeyCode::Tab, KeyCode::KeyP, KeyCode::F1];
        assert_eq!(KeyAction::of(KeyCode::Tab, none, &given), None);
        assert_eq!(KeyAction::of(KeyCode::Tab, control, &given), Some(KeyAction::TurboSwitch));
        assert_eq!(KeyAction::of(KeyCode::KeyP, none, &given), None);
        assert_eq!(KeyAction::of(KeyCode::F1, none, &given), Some(KeyAction::Help));
        assert_eq!(KeyAction::of(KeyCode::ArrowUp, none, &[]), None);
        assert_eq!(KeyAction::of(KeyCode::ArrowUp, control, &[]), Some(KeyAction::Louder));
    }
}
