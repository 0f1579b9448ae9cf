//! What the console keeps for its users: profiles, settings, notifications, lists, key strokes,
//! overlapped requests.

pub mod achievements;
pub mod connections;
pub mod dialogs;
pub mod enumerators;
pub mod gamer_pictures;
pub mod keystrokes;
pub mod locale;
pub mod music;
pub mod notifications;
pub mod overlapped;
pub mod pictures;
pub mod profile;
pub mod profile_settings;
pub mod sessions;
pub mod xconfig;

use crate::messages::{Presence, Unanswered};
use connections::Connections;
use dialogs::OpenDialog;
use enumerators::Enumerators;
use keystrokes::Keystrokes;
use music::MusicPlayer;
use notifications::Notifications;
use profile::Profiles;
use sessions::Sessions;
use std::sync::atomic::AtomicU32;
use xconfig::XConfig;
use xenia_guest::GuestAddr;
use xenia_sync::{Level, Mutex};

/// The user's side of a machine. Each lock is taken alone.
pub struct User {
    /// The console's settings.
    pub xconfig: Mutex<XConfig>,
    /// Who is signed in.
    pub profiles: Mutex<Profiles>,
    /// Lists that titles read piece by piece.
    pub enumerators: Mutex<Enumerators>,
    /// What is played together.
    pub sessions: Mutex<Sessions>,
    /// What users are doing, as the title says.
    pub presence: Mutex<Presence>,
    /// The music player.
    pub music: MusicPlayer,
    /// Messages that nobody answers.
    pub unanswered: Mutex<Unanswered>,
    /// System notifications.
    pub notifications: Mutex<Notifications>,
    /// What titles were told of the controllers' keys.
    pub keystrokes: Mutex<Keystrokes>,
    /// The dialog on the screen.
    pub dialog: OpenDialog,
    /// Which controllers titles know of.
    pub connections: Mutex<Connections>,
    /// The word that programs leave for the dashboard.
    pub dash_context: AtomicU32,
    /// Where the schema of the online service is, once somebody has asked. Taken over the pool.
    pub online_schema: Mutex<Option<GuestAddr>>,
}

impl User {
    /// The side of a machine with these profiles.
    pub fn new(profiles: Profiles) -> Self {
        Self {
            xconfig: Mutex::new(Level::Settings, XConfig::default()),
            profiles: Mutex::new(Level::Settings, profiles),
            enumerators: Mutex::new(Level::Settings, Enumerators::default()),
            sessions: Mutex::new(Level::Settings, Sessions::default()),
            presence: Mutex::new(Level::Settings, Presence::default()),
            music: MusicPlayer::default(),
            unanswered: Mutex::new(Level::Settings, Unanswered::default()),
            notifications: Mutex::new(Level::Settings, Notifications::default()),
            keystrokes: Mutex::new(Level::Devices, Keystrokes::default()),
            dialog: OpenDialog::default(),
            connections: Mutex::new(Level::Devices, Connections::default()),
            dash_context: AtomicU32::default(),
            online_schema: Mutex::new(Level::Settings, None),
        }
    }
}
