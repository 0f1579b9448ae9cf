//! Controller connections of which the title has been notified.
//!
//! The kernel notices that a controller was connected or removed when the title reads one or polls
//! its notifications, which titles do each frame. So the time at which a title is notified follows
//! from its own calls, and a recording reproduces it.

use serde::{Deserialize, Serialize};
use xenia_guest::USERS;

/// The last connection state seen for each user; `None` before the first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Connections([Option<bool>; USERS as usize]);

impl Connections {
    /// Records whether `user` has a controller; returns whether that changed. The first observation
    /// is not a change.
    pub fn observe(&mut self, user: u32, connected: bool) -> bool {
        let Some(known) = self.0.get_mut(user as usize) else { return false };
        known.replace(connected).is_some_and(|before| before != connected)
    }

    /// Like [`Self::observe`], for all users; `connected` has a bit for each.
    pub fn observe_all(&mut self, connected: u8) -> bool {
        (0..USERS).fold(false, |news, user| self.observe(user, connected >> user & 1 != 0) | news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_connections_raise_no_notification() {
        let mut connections = Connections::default();
        assert!(!connections.observe(1, true) && !connections.observe(1, true));
        let mut all = |connected| connections.observe_all(connected);
        assert!(!all(0b0010) && all(0b0110) && !all(0b0110));
        assert!(all(0b1001), "all at once are reported once");
        let mut one = |user, connected| connections.observe(user, connected);
        assert!(one(0, false) && !one(4, true) && !one(u32::MAX, true));
    }
}
