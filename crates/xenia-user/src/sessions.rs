//! Multiplayer sessions: their members and states. Sessions span one console, or several consoles
//! on one network; sessions arranged by the online service are not available.
//!
//! ```text
//! created (lobby) ─start─► in game ─end─► reporting ─start─► in game …  ─delete─► gone
//! ```

use super::profile::Xuid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, check};

/// Maximum number of slots of each kind. The console's limit is 64 in all; here a session can have
/// twice as many members.
pub const MAX_SLOTS: u32 = 64;

pub mod flags {
    /// This console hosts the session.
    pub const HOST: u32 = 1;
    /// Other consoles can join over the network.
    pub const PEER_NETWORK: u32 = 0x20;
    /// Features of the online service: presence, statistics, matchmaking, arbitration.
    pub const ONLINE: u32 = 0x2 | 0x4 | 0x8 | 0x10;
}

/// State of a session, with the numbers that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionState {
    /// Players join before the game.
    #[default]
    Lobby = 0,
    /// The game is running.
    InGame = 2,
    /// The game is over.
    Reporting = 3,
}

/// Error of an operation on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// The session does not exist.
    NotFound,
    /// No slot is free.
    Full,
    /// The session's state does not permit it.
    WrongState,
    /// An argument is invalid.
    Invalid,
}

/// A member of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub xuid: Xuid,
    /// Place at this console; `None` if the member is at another console.
    pub user: Option<u32>,
    /// Whether the member takes a private slot.
    pub is_private: bool,
}

/// Data that other consoles need to join (`XSESSION_INFO`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The session's id; the first four bits are 0, as for system link.
    pub id: [u8; 8],
    /// The `XNADDR` of the host, as words.
    pub host: [u32; 9],
    /// The session's key.
    pub key: [u8; 16],
}

/// Numbers of public and of private slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotCounts {
    pub public: u32,
    pub private: u32,
}

impl SlotCounts {
    /// Whether a session may have this number of slots.
    pub fn is_allowed(self) -> bool {
        self.public <= MAX_SLOTS && self.private <= MAX_SLOTS
    }

    /// Whether members that take this number of slots fit.
    fn has_room_for(self, taken: Self) -> bool {
        taken.public <= self.public && taken.private <= self.private
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Combination of [`flags`].
    pub flags: u32,
    /// Place of the user that hosts it; `XUSER_INDEX_NONE` if another console does.
    pub host: u32,
    /// All slots, free or taken.
    pub slots: SlotCounts,
    /// In the order in which they joined.
    pub members: Vec<Member>,
    pub state: SessionState,
    pub address: Address,
    /// An unpredictable number.
    pub nonce: u64,
}

impl Session {
    fn taken(&self) -> SlotCounts {
        let private = self.members.iter().filter(|member| member.is_private).count();
        SlotCounts { public: (self.members.len() - private) as u32, private: private as u32 }
    }

    /// Returns the numbers of free slots.
    pub fn free(&self) -> SlotCounts {
        let taken = self.taken();
        SlotCounts {
            public: self.slots.public.saturating_sub(taken.public),
            private: self.slots.private.saturating_sub(taken.private),
        }
    }

    /// Adds the members that have not joined yet, all or none of them. A member that wants a
    /// private slot gets a public one if no private one is free.
    pub fn join(&mut self, all: &[Member]) -> Result<(), SessionError> {
        let before = self.members.len();
        for member in all {
            if self.members.iter().any(|there| there.xuid == member.xuid) {
                continue;
            }
            let free = self.free();
            let is_private = member.is_private && free.private > 0;
            if !is_private && free.public == 0 {
                self.members.truncate(before);
                return Err(SessionError::Full);
            }
            self.members.push(Member { is_private, ..*member });
        }
        Ok(())
    }

    /// Removes these members; others in the list are ignored.
    pub fn leave(&mut self, all: &[Xuid]) {
        self.members.retain(|member| !all.contains(&member.xuid));
    }

    /// Starts the game.
    pub fn start(&mut self) -> Result<(), SessionError> {
        if self.state == SessionState::InGame {
            return Err(SessionError::WrongState);
        }
        self.state = SessionState::InGame;
        Ok(())
    }

    /// Ends the game.
    pub fn end(&mut self) -> Result<(), SessionError> {
        if self.state != SessionState::InGame {
            return Err(SessionError::WrongState);
        }
        self.state = SessionState::Reporting;
        Ok(())
    }

    /// Changes flags and slots; fails if members would lose their slots.
    pub fn modify(&mut self, flags: u32, slots: SlotCounts) -> Result<(), SessionError> {
        if !slots.has_room_for(self.taken()) || !slots.is_allowed() {
            return Err(SessionError::Invalid);
        }
        // A changed session stays its host's, whichever flags the title passes.
        self.flags = flags | self.flags & flags::HOST;
        self.slots = slots;
        Ok(())
    }
}

/// All sessions, by the address of their objects' bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions(BTreeMap<GuestAddr, Session>);

impl Sessions {
    /// Checks sessions that come from a saved state.
    ///
    /// # Errors
    /// A session with more members than slots, or too many slots.
    pub fn check_state(&self) -> Result<(), Impossible> {
        let Self(sessions) = self;
        let is_possible =
            |session: &Session| session.slots.is_allowed() && session.slots.has_room_for(session.taken());
        check(sessions.values().all(is_possible), "a session has more members than slots")
    }

    /// Creates an object's session; an object has one session at a time.
    pub fn insert(&mut self, body: GuestAddr, session: Session) -> Result<(), SessionError> {
        if self.0.contains_key(&body) {
            return Err(SessionError::WrongState);
        }
        self.0.insert(body, session);
        Ok(())
    }

    /// Returns the session of an object.
    pub fn get(&mut self, body: GuestAddr) -> Result<&mut Session, SessionError> {
        self.0.get_mut(&body).ok_or(SessionError::NotFound)
    }

    /// Returns the ids of all sessions.
    pub fn ids(&self) -> Vec<[u8; 8]> {
        self.0.values().map(|session| session.address.id).collect()
    }

    /// Deletes the session of an object; fails if there is none.
    pub fn delete(&mut self, body: GuestAddr) -> Result<(), SessionError> {
        self.0.remove(&body).map(drop).ok_or(SessionError::NotFound)
    }

    /// Drops the session of an object that was deleted.
    pub fn remove(&mut self, body: GuestAddr) {
        self.0.remove(&body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn slots(public: u32, private: u32) -> SlotCounts {
        SlotCounts { public, private }
    }

    fn member(xuid: u64, is_private: bool) -> Member {
        Member { xuid: Xuid(xuid), user: None, is_private }
    }

    #[test]
    fn slots_are_taken_and_released() {
        let mut session = Session { slots: slots(2, 1), ..Session::default() };
        session.join(&[member(1, true), member(2, true)]).unwrap();
        assert_eq!(session.members, [member(1, true), member(2, false)], "no private slot was left");
        assert_eq!(session.free(), slots(1, 0));
        assert_eq!(session.join(&[member(3, false), member(4, false)]), Err(SessionError::Full));
        assert_eq!((session.members.len(), session.free()), (2, slots(1, 0)), "all members join, or none");
        session.join(&[member(1, false), member(3, false)]).unwrap();
        session.leave(&[Xuid(1), Xuid(9)]);
        assert_eq!((session.members.len(), session.free()), (2, slots(0, 1)));
        assert_eq!(session.modify(0, slots(1, 1)), Err(SessionError::Invalid));
        assert_eq!(session.modify(0, slots(2, MAX_SLOTS + 1)), Err(SessionError::Invalid));
        session.modify(0x20, slots(4, 0)).unwrap();
        assert_eq!((session.free(), session.flags), (slots(2, 0), 0x20));
    }

    #[test]
    fn a_changed_session_stays_its_hosts() {
        let slots = slots(1, 1);
        for (before, flags, after) in [
            (flags::HOST | flags::PEER_NETWORK, 0, flags::HOST),
            (flags::HOST, flags::PEER_NETWORK, flags::HOST | flags::PEER_NETWORK),
            (flags::PEER_NETWORK, 0, 0),
        ] {
            let mut session = Session { flags: before, ..Session::default() };
            session.modify(flags, slots).unwrap();
            assert_eq!((session.flags, session.slots), (after, slots), "{before:#x} {flags:#x}");
        }
    }

    #[test]
    fn games_begin_and_end_in_order() {
        let mut session = Session::default();
        assert_eq!(session.end(), Err(SessionError::WrongState));
        session.start().unwrap();
        assert_eq!(session.start(), Err(SessionError::WrongState));
        session.end().unwrap();
        session.start().unwrap();
        let mut all = Sessions::default();
        let at = GuestAddr(4);
        all.insert(at, session.clone()).unwrap();
        assert_eq!(all.insert(at, session), Err(SessionError::WrongState));
        all.delete(at).unwrap();
        assert_eq!(all.get(at), Err(SessionError::NotFound));
    }
}
