//! System notifications: listeners, the areas that they subscribe to, and their queues.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use xenia_guest::{GuestAddr, HResult};
use xenia_state::{Impossible, check};

/// Maximum number of queued notifications of a listener; the oldest are dropped.
const MAX_QUEUE: usize = 256;

/// Ids of notifications (`XN_*`).
pub mod id {
    /// The system's user interface appeared (1) or disappeared (0).
    pub const SYSTEM_UI: u32 = 9;
    /// The signed-in users changed; the parameter has a bit for each.
    pub const SIGN_IN_CHANGED: u32 = 0xA;
    /// A storage device was connected or removed.
    pub const STORAGE_DEVICES_CHANGED: u32 = 0xB;
    /// Profile settings changed; the parameter has a bit for each user.
    pub const PROFILE_SETTING_CHANGED: u32 = 0xE;
    /// A controller was connected or removed.
    pub const INPUT_DEVICES_CHANGED: u32 = 0x12;
    /// The dashboard's context changed (a system notification: the top bit is set).
    pub const DASH_CONTEXT_CHANGED: u32 = 0x8000_000C;
    /// Avatars changed; the parameter has a bit for each user.
    pub const AVATAR_CHANGED: u32 = 0x4_0017;
    /// The music player's state changed: idle (0), playing (1) or paused (2).
    pub const MUSIC_STATE_CHANGED: u32 = 0x0A00_0001;
    /// The music playback order changed.
    pub const MUSIC_BEHAVIOR_CHANGED: u32 = 0x0A00_0002;
    /// The music playback controller changed; 1 is the title.
    pub const MUSIC_CONTROLLER_CHANGED: u32 = 0x0A00_0003;
    /// The connection to the online service changed.
    pub const LIVE_CONNECTION_CHANGED: u32 = 0x0200_0001;
    /// The network cable was connected (1) or removed (0).
    pub const LIVE_LINK_STATE_CHANGED: u32 = 0x0200_0003;
}

/// `XONLINE_S_LOGON_DISCONNECTED`: not connected to the online service, without an error.
pub const DISCONNECTED: HResult = HResult(0x0015_10F1);

/// The current state, reported to new listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotificationState {
    /// Whether the system's user interface is shown.
    pub shows_ui: bool,
    /// A bit for each user that is signed in.
    pub users: u32,
    pub has_link: bool,
    /// Whether the title controls the music player, and does not override its music.
    pub title_plays_music: bool,
}

/// Notifications of the state that only the first listener of their area gets. Titles create
/// further listeners to wait for the end of a dialog that may have ended by then, or to learn
/// whether they may play music.
const FIRST_ONLY: [u32; 3] = [id::SIGN_IN_CHANGED, id::LIVE_CONNECTION_CHANGED, id::LIVE_LINK_STATE_CHANGED];

impl NotificationState {
    /// Returns the notifications for new listeners.
    fn notifications(self) -> [Notification; 5] {
        [
            (id::SYSTEM_UI, self.shows_ui.into()),
            (id::SIGN_IN_CHANGED, self.users),
            (id::LIVE_CONNECTION_CHANGED, DISCONNECTED.0),
            (id::LIVE_LINK_STATE_CHANGED, self.has_link.into()),
            (id::MUSIC_CONTROLLER_CHANGED, self.title_plays_music.into()),
        ]
        .map(|(id, parameter)| Notification { id, parameter })
    }
}

/// A notification: an event and its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Bits 0–15: number in its area; 16–24: version in which it was introduced; 25–30: area.
    pub id: u32,
    pub parameter: u32,
}

impl Notification {
    fn area(self) -> u32 {
        self.id >> 25 & 0x3F
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listener {
    areas: u64,
    version: u32,
    queue: VecDeque<Notification>,
}

impl Listener {
    /// Queues a notification; returns `false` if the listener has not subscribed to its area and
    /// version.
    fn hear(&mut self, notification: Notification) -> bool {
        let area = notification.area();
        let version = notification.id >> 16 & 0x1FF;
        if self.areas >> area & 1 == 0 || version > self.version {
            return false;
        }
        if self.queue.len() == MAX_QUEUE {
            self.queue.pop_front();
        }
        self.queue.push_back(notification);
        true
    }
}

/// All listeners, by the address of their bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    listeners: BTreeMap<GuestAddr, Listener>,
    /// Areas that have had a listener, a bit per area.
    informed: u64,
}

impl Notifications {
    /// Checks listeners that come from a saved state.
    ///
    /// # Errors
    /// A queue that is longer than the limit.
    pub fn check_state(&self) -> Result<(), Impossible> {
        let Self { listeners, informed: _ } = self;
        let is_possible = |listener: &Listener| listener.queue.len() <= MAX_QUEUE;
        check(listeners.values().all(is_possible), "a listener has too many notifications")
    }

    /// Adds a listener for areas (a bit per area), up to a version.
    pub fn listen(&mut self, listener: GuestAddr, areas: u64, version: u32) {
        self.listeners.insert(listener, Listener { areas, version, queue: VecDeque::new() });
    }

    pub fn remove(&mut self, listener: GuestAddr) {
        self.listeners.remove(&listener);
    }

    /// Queues a notification for all listeners of its area; returns these listeners.
    pub fn broadcast(&mut self, notification: Notification) -> Vec<GuestAddr> {
        let listeners = self.listeners.iter_mut();
        listeners.filter_map(|(&at, listener)| listener.hear(notification).then_some(at)).collect()
    }

    /// Queues the current state of its areas for a new listener. Returns `false` if there is
    /// nothing to queue.
    pub fn begin(&mut self, listener: GuestAddr, state: NotificationState) -> bool {
        let Some(listener) = self.listeners.get_mut(&listener) else { return false };
        let mut heard = false;
        for notification in state.notifications() {
            let is_known = self.informed >> notification.area() & 1 != 0;
            if !(is_known && FIRST_ONLY.contains(&notification.id)) {
                heard |= listener.hear(notification);
            }
        }
        // After the loop, in which two notifications have one area.
        self.informed |= listener.areas;
        heard
    }

    /// Removes a listener's oldest notification, or the oldest with this id.
    pub fn take(&mut self, listener: GuestAddr, id: Option<u32>) -> Option<Notification> {
        let queue = &mut self.listeners.get_mut(&listener)?.queue;
        let index = queue.iter().position(|queued| id.is_none_or(|id| queued.id == id))?;
        queue.remove(index)
    }

    /// Returns whether a listener's queue is empty.
    pub fn is_empty(&self, listener: GuestAddr) -> bool {
        self.listeners.get(&listener).is_none_or(|listener| listener.queue.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_hear_their_areas_and_versions() {
        let mut notifications = Notifications::default();
        let system = GuestAddr(0x100);
        let live = GuestAddr(0x200);
        notifications.listen(system, 1, 0);
        notifications.listen(live, 2, 5);
        let ui = Notification { id: id::SYSTEM_UI, parameter: 1 };
        assert_eq!(notifications.broadcast(ui), [system]);
        let late = Notification { id: 0x0206_0001, parameter: 2 };
        assert_eq!(notifications.broadcast(late), [], "version 6");
        let sign_in = Notification { id: id::SIGN_IN_CHANGED, parameter: 3 };
        notifications.broadcast(sign_in);
        assert_eq!(notifications.take(system, Some(id::SIGN_IN_CHANGED)), Some(sign_in));
        assert_eq!(notifications.take(system, None), Some(ui));
        assert_eq!(notifications.take(system, None), None);
        assert!(notifications.is_empty(system) && notifications.is_empty(GuestAddr(1)));
    }

    #[test]
    fn new_listeners_hear_how_things_are_and_first_ones_more() {
        let mut notifications = Notifications::default();
        let mut begin = |at: u32, areas| {
            notifications.listen(GuestAddr(at), areas, 10);
            let state =
                NotificationState { shows_ui: false, users: 5, has_link: true, title_plays_music: true };
            let heard = notifications.begin(GuestAddr(at), state);
            let mut all = Vec::new();
            while let Some(next) = notifications.take(GuestAddr(at), None) {
                all.push((next.id, next.parameter));
            }
            assert_eq!(heard, !all.is_empty());
            all
        };
        assert_eq!(begin(0x100, 4), []);
        assert_eq!(begin(0x200, 1), [(9, 0), (0xA, 5)]);
        assert_eq!(begin(0x300, 3), [(9, 0), (0x0200_0001, 0x0015_10F1), (0x0200_0003, 1)]);
        assert_eq!(begin(0x400, 0xEF), [(9, 0), (0x0A00_0003, 1)]);
        assert_eq!(begin(0x400, 0x20), [(0x0A00_0003, 1)]);
        assert_eq!(begin(0x400, 0xCE), []);
        assert!(
            !notifications.begin(GuestAddr(0x500), NotificationState::default()),
            "a listener that does not exist is not found"
        );
    }

    #[test]
    fn the_oldest_notification_of_an_id_is_taken_from_between_the_others() {
        let mut notifications = Notifications::default();
        let at = GuestAddr(1);
        notifications.listen(at, 1, 0);
        let ids = [id::SYSTEM_UI, id::SIGN_IN_CHANGED, id::SYSTEM_UI, id::SIGN_IN_CHANGED];
        for (id, parameter) in ids.into_iter().zip(1..) {
            notifications.broadcast(Notification { id, parameter });
        }
        let mut taken = |id| notifications.take(at, id).map(|taken| taken.parameter);
        assert_eq!([taken(Some(id::SIGN_IN_CHANGED)), taken(None)], [Some(2), Some(1)]);
        assert_eq!(taken(Some(id::AVATAR_CHANGED)), None);
        assert_eq!([taken(Some(id::SIGN_IN_CHANGED)), taken(None), taken(None)], [Some(4), Some(3), None]);
    }

    #[test]
    fn the_queue_of_an_idle_listener_is_bounded() {
        let mut notifications = Notifications::default();
        notifications.listen(GuestAddr(1), 1, 0);
        for parameter in 0..1000 {
            notifications.broadcast(Notification { id: 9, parameter });
        }
        assert_eq!(notifications.take(GuestAddr(1), None).unwrap().parameter, 1000 - MAX_QUEUE as u32);
    }
}
