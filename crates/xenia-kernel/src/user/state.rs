//! State of the users.

use super::connections::Connections;
use super::dialogs::OpenDialogState;
use super::keystrokes::Keystrokes;
use super::music::Music;
use super::presence::RichPresence;
use super::unknown_messages::UnknownMessages;
use super::{GuestAddr, User};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering::Relaxed;
use xenia_limits::ResourceLimits;
use xenia_state::Impossible;
use xenia_sync::Mutex;
use xenia_user::enumerators::Enumerators;
use xenia_user::notifications::Notifications;
use xenia_user::profile::Profiles;
use xenia_user::sessions::Sessions;
use xenia_user::xconfig::XConfig;

/// State of [`User`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UserState {
    xconfig: XConfig,
    profiles: Profiles,
    enumerators: Enumerators,
    sessions: Sessions,
    presence: RichPresence,
    music: Music,
    unknown_messages: UnknownMessages,
    notifications: Notifications,
    keystrokes: Keystrokes,
    dialog: OpenDialogState,
    connections: Connections,
    dash_context: u32,
    online_schema: Option<GuestAddr>,
}

/// A copy of the data behind a lock, which is released at once.
fn copy_of<T: Clone>(lock: &Mutex<T>) -> T {
    lock.lock().clone()
}

impl User {
    /// The users' state. The databases of their profiles are files.
    pub(crate) fn state(&self) -> UserState {
        let Self {
            xconfig,
            profiles,
            enumerators,
            sessions,
            presence,
            music,
            unknown_messages,
            notifications,
            keystrokes,
            dialog,
            connections,
            dash_context,
            online_schema,
        } = self;
        UserState {
            xconfig: copy_of(xconfig),
            profiles: copy_of(profiles),
            enumerators: copy_of(enumerators),
            sessions: copy_of(sessions),
            presence: copy_of(presence),
            music: music.state(),
            unknown_messages: copy_of(unknown_messages),
            notifications: copy_of(notifications),
            keystrokes: copy_of(keystrokes),
            dialog: dialog.state(),
            connections: copy_of(connections),
            dash_context: dash_context.load(Relaxed),
            online_schema: copy_of(online_schema),
        }
    }

    /// Replaces the users' state.
    pub(crate) fn restore(&self, state: UserState, limits: &ResourceLimits) -> Result<(), Impossible> {
        let UserState {
            xconfig,
            profiles,
            enumerators,
            sessions,
            presence,
            music,
            unknown_messages,
            notifications,
            keystrokes,
            dialog,
            connections,
            dash_context,
            online_schema,
        } = state;
        xconfig.check_state()?;
        profiles.check_state()?;
        enumerators.check_state(limits)?;
        sessions.check_state()?;
        presence.check_state()?;
        unknown_messages.check_state()?;
        notifications.check_state()?;
        keystrokes.check_state()?;
        self.music.restore(music)?;
        self.dialog.restore(dialog)?;
        *self.xconfig.lock() = xconfig;
        *self.profiles.lock() = profiles;
        *self.enumerators.lock() = enumerators;
        *self.sessions.lock() = sessions;
        *self.presence.lock() = presence;
        *self.unknown_messages.lock() = unknown_messages;
        *self.notifications.lock() = notifications;
        *self.keystrokes.lock() = keystrokes;
        *self.connections.lock() = connections;
        self.dash_context.store(dash_context, Relaxed);
        *self.online_schema.lock() = online_schema;
        Ok(())
    }
}
