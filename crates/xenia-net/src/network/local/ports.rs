//! Ports and reachability in the loopback network.

use super::{FIRST_PORT, LocalNetwork};
use crate::WsaError;
use crate::network::SocketId;
use std::net::{Ipv4Addr, SocketAddrV4};

impl LocalNetwork {
    /// Returns whether a socket bound to `local` receives data sent to `to`.
    pub(super) fn covers(local: Option<SocketAddrV4>, to: SocketAddrV4) -> bool {
        local.is_some_and(|local| {
            local.port() == to.port()
                && (local.ip().is_unspecified() || to.ip().is_broadcast() || local.ip() == to.ip())
        })
    }

    pub(super) fn is_taken(&self, id: SocketId, at: SocketAddrV4) -> bool {
        let Some(new) = self.sockets.get(&id) else { return false };
        self.sockets.iter().any(|(&other, socket)| {
            let Some(local) = socket.local else { return false };
            let meets = local.ip().is_unspecified() || at.ip().is_unspecified() || local.ip() == at.ip();
            other != id
                && !socket.is_accepted
                && socket.is_datagram() == new.is_datagram()
                && local.port() == at.port()
                && meets
                && !(socket.reuses && new.reuses)
        })
    }

    /// Returns an ephemeral port that no socket has, of either kind.
    pub(super) fn free_port(&mut self) -> Result<u16, WsaError> {
        for _ in FIRST_PORT..=u16::MAX {
            // Continues after the last one, so that the port of a closed socket is not reused soon.
            let port = self.next_port;
            self.next_port = if port == u16::MAX { FIRST_PORT } else { port + 1 };
            let has_port = |local: SocketAddrV4| local.port() == port;
            if !self.sockets.values().any(|socket| socket.local.is_some_and(has_port)) {
                return Ok(port);
            }
        }
        Err(WsaError::ADDRESS_IN_USE)
    }

    /// Binds a socket to an ephemeral port if it is not bound yet.
    pub(super) fn bind_to_any(&mut self, id: SocketId, ip: Ipv4Addr) -> Result<SocketAddrV4, WsaError> {
        if let Some(local) = self.get(id)?.local {
            return Ok(local);
        }
        let at = SocketAddrV4::new(ip, self.free_port()?);
        self.get_mut(id)?.local = Some(at);
        Ok(at)
    }

    /// Checks that an address can be sent to.
    pub(super) fn check_reachable(&self, to: SocketAddrV4) -> Result<(), WsaError> {
        if to.port() == 0 || to.ip().is_unspecified() {
            return Err(WsaError::ADDRESS_NOT_AVAILABLE);
        }
        let is_here = to.ip().is_loopback() || to.ip().is_broadcast();
        if self.has_cable && is_here { Ok(()) } else { Err(WsaError::NETWORK_UNREACHABLE) }
    }
}
