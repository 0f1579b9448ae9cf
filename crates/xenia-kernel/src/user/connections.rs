//! Controller connections of which the title has been notified.
//!
//! The kernel notices that a controller was connected or removed when the title reads one or polls
//! its notifications, which titles do each frame. So the time at which a title is told follows from
//! its own calls, and a recording reproduces it.

use serde::{Deserialize, Serialize};
use xenia_guest::USERS;

/// The last connection state seen for each user; `None` before the first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Connections([Option<bool>; USERS as usize]);

impl Connections {
    /// Records whether `user` has a controller; returns whether that changed. The first observation
    /// is not a change.
    pub fn see(&mut self, user: u32, connected: bool) -> bool {
        let Some(known) = self.0.get_mut(user as usize) else { return false };
        known.replace(connected).is_some_and(|before| before != connected)
    }

    /// Like [`Self::see`], for all users; `connected` has a bit for each.
    pub fn see_all(&mut self, connected: u8) -> bool {
        (0..USERS).fold(false, |news, user| self.see(user, connected >> user & 1 != 0) | news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_connections_raise_no_notification() {
        let mut connections = Connections::default();
        assert!(!connections.see(1, true) && !connections.see(1, true));
        assert!(!connections.see_all(0b0010) && connections.see_all(0b0110) && !connections.see_all(0b0110));
        assert!(connections.see_all(0b1001), "all at once are told once");
        assert!(connections.see(0, false) && !connections.see(4, true) && !connections.see(u32::MAX, true));
    }
}
