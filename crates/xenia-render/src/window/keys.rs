//! Actions of the window, and their default keys: the table from which settings and the page of
//! keys take names and descriptions.

use std::borrow::Cow;
use winit::keyboard::{KeyCode, ModifiersState};

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $name:literal $meaning:literal;)*) => {
        /// Action of a window key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum KeyAction {
            $($(#[$doc])* #[doc = concat!("The key ", $meaning, ".")] $action,)*
        }

        impl KeyAction {
            /// All actions, in the order of the page of keys.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// Name of the action in settings.
            pub fn name(self) -> &'static str {
                match self { $(Self::$action => $name),* }
            }

            /// Description of the action.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$action => $meaning),* }
            }
        }
    };
}
actions! {
    Help "help" "shows the keys, and hides them";
    /// It closes the window of a machine that has stopped.
    Menu "menu" "opens the menu: resume, restart, settings, quit";
    FullScreen "full-screen" "fills the screen, without the mouse pointer";
    Pause "pause" "pauses and resumes the machine";
    Step "step" "runs to the next frame and pauses";
    Turbo "turbo" "runs as fast as it can, while held";
    TurboSwitch "turbo-switch" "runs as fast as it can, on and off";
    Louder "louder" "makes the sound louder";
    Quieter "quieter" "makes the sound quieter";
    Mute "mute" "switches the sound off and on";
    Overlay "figures" "shows figures over the picture: few, all, none";
    Scaling "scaling" "changes the scaling: aspect ratio, whole multiples, stretched";
    AspectRatio "aspect-ratio" "changes the aspect ratio where scaling keeps it: auto, 4:3, 16:9, 16:10, 21:9";
    Overscan "overscan" "cuts off edges: 0, 5, 10, 15, 20 percent";
    Filter "filter" "changes the filter: linear, nearest";
    Sharpness "sharpness" "changes the sharpness: 0, 25, 50, 75, 100 percent";
    Smooth "smooth-edges" "smooths edges (FXAA), on and off";
    Brighter "brighter" "makes the picture brighter";
    Darker "darker" "makes the picture darker";
    GammaUp "gamma-up" "makes dark tones lighter";
    GammaDown "gamma-down" "makes dark tones darker";
    Vsync "vsync" "switches vertical synchronisation on and off";
    LowLatency "low-latency" "shows the newest frame, or frames in their order";
    SaveState "save-state" "saves the state, to the slot used last";
    LoadState "load-state" "loads the state in the slot used last";
    Rewind "rewind" "goes back in time while held, with --rewind";
    Screenshot "screenshot" "keeps the frame as a PNG file";
    Video "video" "records a video with its sound, on and off";
    Report "report" "writes a bug report to send";
    Again "again" "runs the title again after it has ended";
    /// Not bound to a key by default, since it loses progress.
    Restart "restart" "restarts the title, after a question";
}

/// Modifier key that a binding needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// None; held ones are ignored.
    Any,
    Alt,
    Control,
    Shift,
}

impl Modifier {
    /// Whether it is among the modifiers that are held.
    pub(super) fn is_held(self, held: ModifiersState) -> bool {
        match self {
            Self::Any => true,
            Self::Alt => held.alt_key(),
            Self::Control => held.control_key(),
            Self::Shift => held.shift_key(),
        }
    }
}

/// Key binding of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// The key, by its position on a US keyboard.
    pub key: KeyCode,
    /// Modifier that must be held.
    pub with: Modifier,
    /// Label of the key, with its modifier.
    pub label: Cow<'static, str>,
    /// Action of the key.
    pub action: KeyAction,
}

const fn binding(key: KeyCode, label: &'static str, action: KeyAction) -> KeyBinding {
    KeyBinding { key, with: Modifier::Any, label: Cow::Borrowed(label), action }
}

const fn control(key: KeyCode, label: &'static str, action: KeyAction) -> KeyBinding {
    KeyBinding { key, with: Modifier::Control, label: Cow::Borrowed(label), action }
}

/// Keys of the window that settings may assign to a controller.
const GIVEN_AWAY: [KeyCode; 4] = [KeyCode::KeyP, KeyCode::KeyR, KeyCode::Period, KeyCode::Tab];

/// Built-in key bindings of the window.
pub const BINDINGS: &[KeyBinding] = &[
    binding(KeyCode::F1, "F1", KeyAction::Help),
    binding(KeyCode::Escape, "Escape", KeyAction::Menu),
    binding(KeyCode::F11, "F11", KeyAction::FullScreen),
    KeyBinding {
        key: KeyCode::Enter,
        with: Modifier::Alt,
        label: Cow::Borrowed("Alt+Enter"),
        action: KeyAction::FullScreen,
    },
    binding(KeyCode::Pause, "Pause", KeyAction::Pause),
    binding(KeyCode::KeyP, "P", KeyAction::Pause),
    binding(KeyCode::Period, ".", KeyAction::Step),
    binding(KeyCode::Tab, "Tab", KeyAction::Turbo),
    control(KeyCode::Tab, "Ctrl+Tab", KeyAction::TurboSwitch),
    control(KeyCode::ArrowUp, "Ctrl+Up", KeyAction::Louder),
    control(KeyCode::ArrowDown, "Ctrl+Down", KeyAction::Quieter),
    control(KeyCode::KeyM, "Ctrl+M", KeyAction::Mute),
    binding(KeyCode::F3, "F3", KeyAction::Overlay),
    binding(KeyCode::F6, "F6", KeyAction::Scaling),
    control(KeyCode::F6, "Ctrl+F6", KeyAction::AspectRatio),
    control(KeyCode::F11, "Ctrl+F11", KeyAction::Overscan),
    binding(KeyCode::F7, "F7", KeyAction::Filter),
    control(KeyCode::F7, "Ctrl+F7", KeyAction::Sharpness),
    binding(KeyCode::F2, "F2", KeyAction::Smooth),
    control(KeyCode::PageUp, "Ctrl+PageUp", KeyAction::Brighter),
    control(KeyCode::PageDown, "Ctrl+PageDown", KeyAction::Darker),
    control(KeyCode::Home, "Ctrl+Home", KeyAction::GammaUp),
    control(KeyCode::End, "Ctrl+End", KeyAction::GammaDown),
    binding(KeyCode::F8, "F8", KeyAction::Vsync),
    control(KeyCode::F8, "Ctrl+F8", KeyAction::LowLatency),
    binding(KeyCode::F5, "F5", KeyAction::SaveState),
    binding(KeyCode::F4, "F4", KeyAction::LoadState),
    binding(KeyCode::F10, "F10", KeyAction::Rewind),
    binding(KeyCode::F12, "F12", KeyAction::Screenshot),
    control(KeyCode::F12, "Ctrl+F12", KeyAction::Video),
    binding(KeyCode::F9, "F9", KeyAction::Report),
    binding(KeyCode::KeyR, "R", KeyAction::Again),
];

impl KeyBinding {
    /// Whether the key is always the window's. Settings may assign the others to a controller.
    pub fn is_reserved(&self) -> bool {
        self.with == Modifier::Any && !GIVEN_AWAY.contains(&self.key)
    }

    /// Whether the key is the controller's, which has these.
    pub(super) fn is_given_away(&self, controller: &[KeyCode]) -> bool {
        self.with == Modifier::Any && GIVEN_AWAY.contains(&self.key) && controller.contains(&self.key)
    }
}

impl KeyAction {
    /// The action with this name in settings.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether the action lasts for as long as its key is held.
    pub(super) fn is_held(self) -> bool {
        matches!(self, Self::Turbo | Self::Rewind)
    }

    /// Whether a key keeps the action while a dialog of the machine is open; the dialog gets all
    /// others.
    pub(super) fn stays_in_dialogs(self) -> bool {
        matches!(
            self,
            Self::FullScreen
                | Self::Help
                | Self::Overlay
                | Self::Scaling
                | Self::AspectRatio
                | Self::Overscan
                | Self::Filter
                | Self::Smooth
                | Self::Vsync
                | Self::LowLatency
                | Self::Screenshot
                | Self::Video
                | Self::Report
                | Self::Turbo
                | Self::Rewind
        )
    }

    /// Whether a held key repeats the action.
    pub(super) fn repeats(self) -> bool {
        matches!(
            self,
            Self::Step
                | Self::Louder
                | Self::Quieter
                | Self::Brighter
                | Self::Darker
                | Self::GammaUp
                | Self::GammaDown
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_and_no_name_two_actions() {
        for (index, binding) in BINDINGS.iter().enumerate() {
            assert!(
                BINDINGS[..index].iter().all(|other| (other.key, other.with) != (binding.key, binding.with)),
                "{}",
                binding.label
            );
        }
        for action in KeyAction::ALL {
            assert_eq!(KeyAction::named(action.name()), Some(*action));
            let has_key = BINDINGS.iter().any(|binding| binding.action == *action);
            assert_eq!(has_key, *action != KeyAction::Restart, "{action:?}");
        }
    }
}
