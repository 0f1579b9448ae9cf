//! TCP ports on which this process waits for gdb.
//!
//! Ports belong to the process, so all its machines share one list: no title's socket may reach any
//! of these ports.

use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::net::SocketAddrV4;

static PORTS: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Keeps a port in the list.
pub(crate) struct OwnPort(u16);

impl OwnPort {
    /// Adds a port, on which only one listener of the host can wait.
    pub(crate) fn new(port: u16) -> Self {
        PORTS.lock().insert(port);
        Self(port)
    }
}

impl Drop for OwnPort {
    fn drop(&mut self) {
        PORTS.lock().remove(&self.0);
    }
}

/// Whether a connection to `to` would reach a [`Listener`](crate::Listener) of this process. The
/// unspecified address leads to the loopback interface, too.
pub fn waits_at(to: SocketAddrV4) -> bool {
    (to.ip().is_loopback() || to.ip().is_unspecified()) && PORTS.lock().contains(&to.port())
}

#[cfg(test)]
mod tests {
    use crate::{Listener, ServerAddress, waits_at};
    use std::net::{Ipv4Addr, SocketAddrV4};

    #[test]
    fn a_port_is_listed_while_its_listener_waits() {
        let listener = Listener::open(&ServerAddress::Port(0)).unwrap();
        let &ServerAddress::Port(port) = listener.address() else { panic!("{}", listener.address()) };
        for (ip, waits) in [
            (Ipv4Addr::LOCALHOST, true),
            (Ipv4Addr::UNSPECIFIED, true),
            (Ipv4Addr::new(127, 255, 0, 9), true),
            (Ipv4Addr::new(192, 0, 2, 1), false),
        ] {
            assert_eq!(waits_at(SocketAddrV4::new(ip, port)), waits, "{ip}");
            assert!(!waits_at(SocketAddrV4::new(ip, 1)), "{ip}");
        }
        drop(listener);
        assert!(!waits_at(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)));
    }
}
