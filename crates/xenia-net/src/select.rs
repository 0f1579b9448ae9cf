//! `select`: waits until one of several sockets is ready.

use super::{Connection, Net, WsaError};
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Maximum number of sockets in a set (`FD_SETSIZE`).
const MAX_SOCKETS: u32 = 64;

/// An `fd_set` in guest memory: a count, and descriptors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    at: GuestAddr,
    sockets: Vec<u32>,
}

impl Set {
    /// Reads a set.
    pub fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, WsaError> {
        let count = memory.read::<u32>(at)?;
        if count > MAX_SOCKETS {
            return Err(WsaError::INVALID);
        }
        let socket = |index| memory.read::<u32>(at.offset(4 + 4 * index));
        let sockets = (0..count).map(socket).collect::<Result<_, _>>()?;
        Ok(Self { at, sockets })
    }

    /// Returns whether a socket is in the set.
    pub fn has(&self, socket: u32) -> bool {
        self.sockets.contains(&socket)
    }

    fn store(&self, memory: &GuestMemory, ready: &[u32]) -> Result<(), WsaError> {
        // The ready sockets are some of the set's, so there is room for them.
        for (&socket, at) in ready.iter().zip(1..) {
            memory.write(self.at.offset(4 * at), socket)?;
        }
        memory.write(self.at, ready.len() as u32)?;
        Ok(())
    }
}

/// The three sets of one call: to be read, to be written, and failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Select {
    /// The sets, in this order.
    pub sets: [Option<Set>; 3],
}

impl Select {
    /// Validates sets that come from a saved state.
    pub(super) fn is_valid(&self) -> bool {
        let Self { sets } = self;
        sets.iter().flatten().all(|set| set.sockets.len() <= MAX_SOCKETS as usize)
    }

    /// Returns whether no socket is in any set.
    pub fn is_empty(&self) -> bool {
        self.sets.iter().flatten().all(|set| set.sockets.is_empty())
    }

    /// Stores only the sockets of `ready` in the sets; returns their number.
    pub(super) fn store(&self, memory: &GuestMemory, ready: &[Vec<u32>; 3]) -> Result<i32, WsaError> {
        let mut count = 0;
        for (set, ready) in self.sets.iter().zip(ready) {
            if let Some(set) = set {
                set.store(memory, ready)?;
                count += ready.len() as i32;
            }
        }
        Ok(count)
    }
}

impl Net {
    /// Returns the ready sockets of each set, or `None` if no socket is ready.
    pub(super) fn ready_of(&mut self, select: &Select) -> Result<Option<[Vec<u32>; 3]>, WsaError> {
        let mut all = [const { Vec::new() }; 3];
        for (index, set) in select.sets.iter().enumerate() {
            for &name in set.iter().flat_map(|set| &set.sockets) {
                self.poll_connection(name)?;
                let socket = self.get(name)?;
                let id = socket.id;
                let connection = socket.connection;
                let failed = matches!(connection, Connection::Failed(_));
                let is_ready = match index {
                    0 => self.port.ready(id).readable,
                    1 => self.port.ready(id).writable && connection != Connection::Begun && !failed,
                    _ => failed,
                };
                if is_ready {
                    all[index].push(name);
                }
            }
        }
        Ok(all.iter().any(|ready| !ready.is_empty()).then_some(all))
    }
}
