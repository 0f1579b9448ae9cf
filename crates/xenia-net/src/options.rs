//! Socket options (`setsockopt`, `getsockopt`): their numbers, value sizes and effects.
//!
//! Options are stored as the title sets them, and those that matter to the host's sockets are
//! passed to the network first, which may refuse them. A title reads back its own values, not the
//! host's.

use super::{Connection, Net, WsaError};
use crate::network::{RECEIVE_BUFFER, Setting, SocketKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Level of the options that all sockets have.
const SOL_SOCKET: u32 = 0xFFFF;
/// Level of TCP's options.
const IPPROTO_TCP: u32 = 6;

/// Numbers of the options. As in Winsock, an option with the opposite meaning has the complement.
mod number {
    pub(super) const DEBUG: u32 = 1;
    pub(super) const ACCEPTS: u32 = 2;
    pub(super) const REUSE_ADDRESS: u32 = 4;
    pub(super) const KEEP_ALIVE: u32 = 8;
    pub(super) const DONT_ROUTE: u32 = 0x10;
    pub(super) const BROADCAST: u32 = 0x20;
    pub(super) const LINGER: u32 = 0x80;
    pub(super) const EXCLUSIVE: u32 = !REUSE_ADDRESS;
    pub(super) const DONT_LINGER: u32 = !LINGER;
    pub(super) const SEND_BUFFER: u32 = 0x1001;
    pub(super) const RECEIVE_BUFFER: u32 = 0x1002;
    pub(super) const SEND_TIMEOUT: u32 = 0x1005;
    pub(super) const RECEIVE_TIMEOUT: u32 = 0x1006;
    pub(super) const ERROR: u32 = 0x1007;
    pub(super) const TYPE: u32 = 0x1008;
    /// The console's own options that allow unencrypted data.
    pub(super) const INSECURE: [u32; 3] = [0x5801, 0x5802, 0x5803];
    // The number of `DEBUG`, at the level of TCP.
    pub(super) const NO_DELAY: u32 = 1;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// A 32-bit value.
    Word(u32),
    /// Whether to linger, and for how many seconds: two 16-bit values.
    Linger(u16, u16),
}

/// Options that a title has set on a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Options {
    words: BTreeMap<(u32, u32), u32>,
    linger: (u16, u16),
}

impl Options {
    fn word(&self, level: u32, option: u32, default: u32) -> u32 {
        self.words.get(&(level, option)).copied().unwrap_or(default)
    }

    /// Time limit in milliseconds of a blocking receive; 0 means no limit.
    pub(super) fn receive_timeout(&self) -> u32 {
        self.word(SOL_SOCKET, number::RECEIVE_TIMEOUT, 0)
    }

    /// Time limit in milliseconds of a blocking send; 0 means no limit.
    pub(super) fn send_timeout(&self) -> u32 {
        self.word(SOL_SOCKET, number::SEND_TIMEOUT, 0)
    }
}

/// Returns whether the option's value is the linger structure of two 16-bit values.
pub fn is_linger(level: u32, option: u32) -> bool {
    (level, option) == (SOL_SOCKET, number::LINGER)
}

impl Net {
    pub fn set_option(
        &mut self,
        name: u32,
        level: u32,
        option: u32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        use number as n;
        let socket = self.get_mut(name)?;
        let id = socket.id;
        let kind = socket.kind;
        let word = match value {
            OptionValue::Linger(on, seconds) if is_linger(level, option) => {
                socket.options.linger = (on, seconds);
                return Ok(());
            }
            OptionValue::Linger(..) => return Err(WsaError::FAULT),
            OptionValue::Word(word) => word,
        };
        let setting = match (level, option) {
            (SOL_SOCKET, n::REUSE_ADDRESS) => Some(Setting::ReuseAddress(word != 0)),
            (SOL_SOCKET, n::BROADCAST) => Some(Setting::Broadcast(word != 0)),
            (SOL_SOCKET, n::RECEIVE_BUFFER) => Some(Setting::ReceiveBuffer(word)),
            (IPPROTO_TCP, n::NO_DELAY) if kind == SocketKind::Stream => Some(Setting::NoDelay(word != 0)),
            (SOL_SOCKET, n::DONT_LINGER) => {
                socket.options.linger.0 = u16::from(word == 0);
                return Ok(());
            }
            (
                SOL_SOCKET,
                n::DEBUG
                | n::KEEP_ALIVE
                | n::DONT_ROUTE
                | n::SEND_BUFFER
                | n::SEND_TIMEOUT
                | n::RECEIVE_TIMEOUT
                | n::EXCLUSIVE,
            ) => None,
            (SOL_SOCKET, option) if n::INSECURE.contains(&option) => None,
            _ => return Err(WsaError::NO_PROTOCOL_OPTION),
        };
        if let Some(setting) = setting {
            self.port.set(id, setting)?;
        }
        // A title can read only options that the network has accepted.
        self.get_mut(name)?.options.words.insert((level, option), word);
        Ok(())
    }

    /// Returns the value of an option. Reading the pending error (`SO_ERROR`) clears it.
    pub fn option(&mut self, name: u32, level: u32, option: u32) -> Result<OptionValue, WsaError> {
        use number as n;
        self.poll_connection(name)?;
        let socket = self.get_mut(name)?;
        let options = &socket.options;
        let word = match (level, option) {
            (SOL_SOCKET, n::LINGER) => return Ok(OptionValue::Linger(options.linger.0, options.linger.1)),
            (SOL_SOCKET, n::DONT_LINGER) => u32::from(options.linger.0 == 0),
            (SOL_SOCKET, n::ACCEPTS) => u32::from(socket.listens),
            (SOL_SOCKET, n::TYPE) => match socket.kind {
                SocketKind::Stream => 1,
                SocketKind::Datagram => 2,
            },
            (SOL_SOCKET, n::ERROR) => match socket.connection {
                Connection::Failed(error) => {
                    // As in Winsock, reading the error clears it.
                    socket.connection = Connection::None;
                    error.0
                }
                _ => 0,
            },
            // The size of a send buffer has no effect, so both have the one default.
            (SOL_SOCKET, n::SEND_BUFFER | n::RECEIVE_BUFFER) => {
                options.word(level, option, RECEIVE_BUFFER as u32)
            }
            (
                SOL_SOCKET,
                n::DEBUG
                | n::REUSE_ADDRESS
                | n::KEEP_ALIVE
                | n::DONT_ROUTE
                | n::BROADCAST
                | n::SEND_TIMEOUT
                | n::RECEIVE_TIMEOUT
                | n::EXCLUSIVE,
            ) => options.word(level, option, 0),
            (IPPROTO_TCP, n::NO_DELAY) if socket.kind == SocketKind::Stream => options.word(level, option, 0),
            (SOL_SOCKET, known) if n::INSECURE.contains(&known) => options.word(level, option, 0),
            _ => return Err(WsaError::NO_PROTOCOL_OPTION),
        };
        Ok(OptionValue::Word(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalNetwork;
    use std::sync::Arc;
    use xenia_limits::ResourceLimits;

    #[test]
    fn a_refused_option_keeps_its_value() {
        let mut net = Net::new(Box::new(LocalNetwork::isolated()), Arc::new(ResourceLimits::default()));
        net.start();
        for (kind, set, value) in
            [(SocketKind::Stream, Err(WsaError::NO_PROTOCOL_OPTION), 0), (SocketKind::Datagram, Ok(()), 1)]
        {
            let socket = net.open(kind).unwrap();
            let broadcast = (SOL_SOCKET, number::BROADCAST);
            let done = net.set_option(socket, broadcast.0, broadcast.1, OptionValue::Word(1));
            assert_eq!(done, set, "{kind:?}");
            let read = net.option(socket, broadcast.0, broadcast.1);
            assert_eq!(read, Ok(OptionValue::Word(value)), "{kind:?}");
        }
    }
}
