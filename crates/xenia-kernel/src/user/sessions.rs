//! Sessions: who plays together, and how far they are. Here they are of one console, or of several
//! on one network; those that the online service arranges need the service.
//!
//! ```text
//! made (lobby) ─start─► in game ─end─► reporting ─start─► in game …  ─delete─► gone
//! ```

use super::profile::Xuid;
use std::collections::BTreeMap;
use xenia_guest::GuestAddr;

/// Slots of each kind, and so members, at most: the console's own limit is 64 in all.
pub const SLOTS: u32 = 64;

/// Flags of a session.
pub mod flags {
    /// The console holds it.
    pub const HOST: u32 = 1;
    /// What only the online service has: presence, tables, search, arbitration.
    pub const ONLINE: u32 = 0x2 | 0x4 | 0x8 | 0x10;
}

/// How far a session is; the numbers are those that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Players gather.
    #[default]
    Lobby = 0,
    /// They play.
    InGame = 2,
    /// They have played.
    Reporting = 3,
}

/// Why something can't be done with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// There is none.
    NotFound,
    /// There is no slot left.
    Full,
    /// Not now.
    WrongState,
    /// An argument is none.
    Invalid,
}

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub xuid: Xuid,
    /// Their place at this console; `None`: at another.
    pub user: Option<u32>,
    /// Whether they have a private slot.
    pub is_private: bool,
}

/// What others must know to take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The session's id; the first four bits are 0, as on a network without the service.
    pub id: [u8; 8],
    /// Its key.
    pub key: [u8; 16],
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// See [`flags`].
    pub flags: u32,
    /// Whose place holds it.
    pub host: u32,
    /// Public slots, and private ones.
    pub slots: [u32; 2],
    /// In the order in which they came.
    pub members: Vec<Member>,
    /// How far it is.
    pub state: State,
    /// What others must know.
    pub address: Address,
    /// A number that nobody can guess.
    pub nonce: u64,
}

impl Session {
    /// Slots that are free: public, private.
    pub fn free(&self) -> [u32; 2] {
        [false, true].map(|is_private| {
            let taken = self.members.iter().filter(|member| member.is_private == is_private).count() as u32;
            self.slots[usize::from(is_private)].saturating_sub(taken)
        })
    }

    /// Takes everybody in who is not there yet, or nobody. Who wants a private slot gets a public
    /// one if there is none.
    pub fn join(&mut self, all: &[Member]) -> Result<(), SessionError> {
        let before = self.members.len();
        for member in all {
            if self.members.iter().any(|there| there.xuid == member.xuid) {
                continue;
            }
            let [public, private] = self.free();
            let is_private = member.is_private && private > 0;
            if !is_private && public == 0 {
                self.members.truncate(before);
                return Err(SessionError::Full);
            }
            self.members.push(Member { is_private, ..*member });
        }
        Ok(())
    }

    /// Lets everybody of these go who is there.
    pub fn leave(&mut self, all: &[Xuid]) {
        self.members.retain(|member| !all.contains(&member.xuid));
    }

    /// The game begins.
    pub fn start(&mut self) -> Result<(), SessionError> {
        if self.state == State::InGame {
            return Err(SessionError::WrongState);
        }
        self.state = State::InGame;
        Ok(())
    }

    /// The game is over.
    pub fn end(&mut self) -> Result<(), SessionError> {
        if self.state != State::InGame {
            return Err(SessionError::WrongState);
        }
        self.state = State::Reporting;
        Ok(())
    }

    /// Changes flags and slots. Nobody loses a slot by it.
    pub fn modify(&mut self, flags: u32, slots: [u32; 2]) -> Result<(), SessionError> {
        let changed = Self { flags: flags | self.flags & flags::HOST, slots, ..self.clone() };
        let taken = |is_private| self.members.iter().filter(|member| member.is_private == is_private).count();
        let has_room = taken(false) <= slots[0] as usize && taken(true) <= slots[1] as usize;
        if !has_room || slots.iter().any(|&slots| slots > SLOTS) {
            return Err(SessionError::Invalid);
        }
        *self = changed;
        Ok(())
    }
}

/// All sessions, by the address of their objects' bodies.
#[derive(Debug, Default)]
pub struct Sessions(BTreeMap<GuestAddr, Session>);

impl Sessions {
    /// Makes an object's session; each has one at a time.
    pub fn insert(&mut self, body: GuestAddr, session: Session) -> Result<(), SessionError> {
        if self.0.contains_key(&body) {
            return Err(SessionError::WrongState);
        }
        self.0.insert(body, session);
        Ok(())
    }

    /// The session of an object.
    pub fn get(&mut self, body: GuestAddr) -> Result<&mut Session, SessionError> {
        self.0.get_mut(&body).ok_or(SessionError::NotFound)
    }

    /// The session of an object is over; whether there was one.
    pub fn delete(&mut self, body: GuestAddr) -> Result<(), SessionError> {
        self.0.remove(&body).map(drop).ok_or(SessionError::NotFound)
    }

    /// The object is gone.
    pub fn remove(&mut self, body: GuestAddr) {
        self.0.remove(&body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(xuid: u64, is_private: bool) -> Member {
        Member { xuid: Xuid(xuid), user: None, is_private }
    }

    #[test]
    fn slots_are_taken_and_given_back() {
        let mut session = Session { slots: [2, 1], ..Session::default() };
        session.join(&[member(1, true), member(2, true)]).unwrap();
        assert_eq!(session.members, [member(1, true), member(2, false)], "no private slot was left");
        assert_eq!(session.free(), [1, 0]);
        assert_eq!(session.join(&[member(3, false), member(4, false)]), Err(SessionError::Full));
        assert_eq!((session.members.len(), session.free()), (2, [1, 0]), "all or nobody");
        session.join(&[member(1, false), member(3, false)]).unwrap();
        session.leave(&[Xuid(1), Xuid(9)]);
        assert_eq!((session.members.len(), session.free()), (2, [0, 1]));
        assert_eq!(session.modify(0, [1, 1]), Err(SessionError::Invalid));
        assert_eq!(session.modify(0, [2, SLOTS + 1]), Err(SessionError::Invalid));
        session.modify(0x20, [4, 0]).unwrap();
        assert_eq!((session.free(), session.flags), ([2, 0], 0x20));
    }

    #[test]
    fn games_begin_and_end_in_order() {
        let mut session = Session::default();
        assert_eq!(session.end(), Err(SessionError::WrongState));
        session.start().unwrap();
        assert_eq!(session.start(), Err(SessionError::WrongState));
        session.end().unwrap();
        session.start().unwrap();
        let (mut all, at) = (Sessions::default(), GuestAddr(4));
        all.insert(at, session.clone()).unwrap();
        assert_eq!(all.insert(at, session), Err(SessionError::WrongState));
        all.delete(at).unwrap();
        assert_eq!(all.get(at), Err(SessionError::NotFound));
    }
}
