//! Per-user state of a machine, on the types of [`xenia_user`]: dialogs, music, pictures,
//! keystrokes and overlapped requests.

pub mod achievements;
pub mod connections;
pub mod content_data;
pub mod dialogs;
pub mod gamer_data;
pub mod gamer_pictures;
pub mod keystrokes;
pub mod music;
pub mod notifier;
pub mod overlapped;
pub mod pictures;
pub mod presence;
mod state;
pub mod unknown_messages;

pub use xenia_user::profile;

pub(crate) use state::UserState;

use connections::Connections;
use dialogs::OpenDialog;
use keystrokes::Keystrokes;
use music::MusicPlayer;
use presence::RichPresence;
use std::sync::atomic::AtomicU32;
use unknown_messages::UnknownMessages;
use xenia_guest::GuestAddr;
use xenia_sync::{Level, Mutex};
use xenia_user::enumerators::Enumerators;
use xenia_user::notifications::Notifications;
use xenia_user::profile::Profiles;
use xenia_user::sessions::Sessions;
use xenia_user::xconfig::XConfig;

/// Per-user state of a machine. No two of these locks are held at once, except those of `profiles`
/// and then `presence`.
pub struct User {
    pub xconfig: Mutex<XConfig>,
    /// Profiles, and which of them are signed in.
    pub profiles: Mutex<Profiles>,
    /// Lists that titles read piece by piece.
    pub enumerators: Mutex<Enumerators>,
    pub sessions: Mutex<Sessions>,
    /// Contexts and properties that titles have set for users.
    pub presence: Mutex<RichPresence>,
    pub music: MusicPlayer,
    /// Messages (`XMsg*`) without an implementation that were logged.
    pub unknown_messages: Mutex<UnknownMessages>,
    pub notifications: Mutex<Notifications>,
    /// Keystroke state of the controllers, as last reported to titles.
    pub keystrokes: Mutex<Keystrokes>,
    pub dialog: OpenDialog,
    /// Controllers that were reported to titles.
    pub connections: Mutex<Connections>,
    /// The word that programs leave for the dashboard.
    pub dash_context: AtomicU32,
    /// Guest address of the online service's schema, once it was requested. Its lock is held while
    /// the schema is allocated from the pool.
    pub online_schema: Mutex<Option<GuestAddr>>,
}

impl User {
    /// Creates the state for a machine with these profiles.
    pub fn new(profiles: Profiles) -> Self {
        Self {
            xconfig: Mutex::new(Level::Settings, XConfig::default()),
            profiles: Mutex::new(Level::Settings, profiles),
            enumerators: Mutex::new(Level::Settings, Enumerators::default()),
            sessions: Mutex::new(Level::Settings, Sessions::default()),
            presence: Mutex::numbered(Level::Settings, 1, RichPresence::default()),
            music: MusicPlayer::default(),
            unknown_messages: Mutex::new(Level::Settings, UnknownMessages::default()),
            notifications: Mutex::new(Level::Settings, Notifications::default()),
            keystrokes: Mutex::new(Level::Devices, Keystrokes::default()),
            dialog: OpenDialog::default(),
            connections: Mutex::new(Level::Devices, Connections::default()),
            dash_context: AtomicU32::default(),
            online_schema: Mutex::new(Level::Settings, None),
        }
    }
}
