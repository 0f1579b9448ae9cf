//! `select`: which of many sockets something can be done with.

use super::{Connection, Net, WsaError};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Sockets that a set has room for.
const SET_LIMIT: u32 = 64;

/// A set of sockets in guest memory: a count, and their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    at: GuestAddr,
    sockets: Vec<u32>,
}

impl Set {
    /// Reads a set.
    pub fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, WsaError> {
        let count = memory.read::<u32>(at)?;
        if count > SET_LIMIT {
            return Err(WsaError::INVALID);
        }
        let socket = |index| memory.read::<u32>(at.offset(4 + 4 * index));
        let sockets = (0..count).map(socket).collect::<Result<_, _>>()?;
        Ok(Self { at, sockets })
    }

    /// Whether a socket is in it.
    pub fn has(&self, socket: u32) -> bool {
        self.sockets.contains(&socket)
    }

    fn store(&self, memory: &GuestMemory, ready: &[u32]) -> Result<(), WsaError> {
        for (&socket, at) in ready.iter().zip(1..) {
            memory.write(self.at.offset(4 * at), socket)?;
        }
        memory.write(self.at, ready.len() as u32)?;
        Ok(())
    }
}

/// The sets of one call: what is to be read, to be written, and has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// In this order.
    pub sets: [Option<Set>; 3],
}

impl Select {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.sets.iter().flatten().all(|set| set.sockets.is_empty())
    }

    /// Leaves the sockets of `ready` alone in the sets; how many they are.
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
    /// Those of each set that are ready; none at all if nobody is.
    pub(super) fn ready_of(&mut self, select: &Select) -> Result<Option<[Vec<u32>; 3]>, WsaError> {
        let mut all = [const { Vec::new() }; 3];
        for (index, set) in select.sets.iter().enumerate() {
            for &name in set.iter().flat_map(|set| &set.sockets) {
                self.look_at_connection(name)?;
                let socket = self.get(name)?;
                let (id, connection) = (socket.id, socket.connection);
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
