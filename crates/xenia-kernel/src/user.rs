//! What the console keeps for its users: profiles, settings, notifications, key strokes, overlapped requests.

pub mod keystrokes;
pub mod notifications;
pub mod overlapped;
pub mod profile;
pub mod profile_settings;
pub mod xconfig;

use keystrokes::Keystrokes;
use notifications::Notifications;
use profile::Profiles;
use xconfig::XConfig;
use xenia_sync::{Level, Mutex};

/// The user's side of a machine. Each lock is taken alone.
pub struct User {
    /// The console's settings.
    pub xconfig: Mutex<XConfig>,
    /// Who is signed in.
    pub profiles: Mutex<Profiles>,
    /// System notifications.
    pub notifications: Mutex<Notifications>,
    /// What titles were told of the controllers' keys.
    pub keystrokes: Mutex<Keystrokes>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            xconfig: Mutex::new(Level::Settings, XConfig::default()),
            profiles: Mutex::new(Level::Settings, Profiles::default()),
            notifications: Mutex::new(Level::Settings, Notifications::default()),
            keystrokes: Mutex::new(Level::Devices, Keystrokes::default()),
        }
    }
}
