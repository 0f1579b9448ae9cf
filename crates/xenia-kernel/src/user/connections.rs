//! Which users have a controller, as far as the title was told.
//!
//! The kernel hears of a controller that comes or goes when the title asks for one, or for its
//! notifications, which titles do for each frame: what a title is told at which time follows from
//! its own questions, so a recording has all of it.

use crate::ports::PAD_USERS;

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Connections([Option<bool>; PAD_USERS as usize]);

impl Connections {
    /// Takes in whether `user` has a controller; whether that is news. What is there at first is
    /// none.
    pub fn see(&mut self, user: u32, connected: bool) -> bool {
        let Some(known) = self.0.get_mut(user as usize) else { return false };
        known.replace(connected).is_some_and(|before| before != connected)
    }

    /// As [`Self::see`], for all users: a bit each.
    pub fn see_all(&mut self, connected: u8) -> bool {
        (0..PAD_USERS).fold(false, |news, user| self.see(user, connected >> user & 1 != 0) | news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_at_first_is_no_news() {
        let mut connections = Connections::default();
        assert!(!connections.see(1, true) && !connections.see(1, true));
        assert!(!connections.see_all(0b0010) && connections.see_all(0b0110) && !connections.see_all(0b0110));
        assert!(connections.see_all(0b1001), "all at once are told once");
        assert!(connections.see(0, false) && !connections.see(4, true) && !connections.see(u32::MAX, true));
    }
}
