//! Readiness, ports and peers of sockets, a setting of datagram sockets, and errors for which the
//! standard library has no kind.

use crate::socket_error::SocketCondition;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{bind, connect_unspec};
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;

/// Whether ended connections keep their port for a while from stream sockets without
/// `SO_REUSEADDR`. They do on Linux, also from the next socket that listens there.
pub const HOLDS_ENDED_PORTS: bool = true;

/// Whether the host can take more data of a socket, or has an error to report.
pub fn is_writable(socket: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(socket, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Changes nothing: only connected datagram sockets report that a message found no receiver, and
/// Linux has no setting for it.
pub fn ignore_unreachable(_socket: &impl AsFd) {}

/// Removes the peer of a datagram socket, which keeps its address.
pub fn remove_peer(socket: &UdpSocket) -> io::Result<()> {
    let before = socket.local_addr()?;
    connect_unspec(socket)?;
    let mut after = socket.local_addr()?;
    // Linux also removes a port that it has selected itself.
    if after.port() != before.port() {
        after.set_port(before.port());
        bind(socket, &after)?;
    }
    Ok(())
}

/// The condition that an error reports, if it is one of these.
pub fn condition(error: &io::Error) -> Option<SocketCondition> {
    Some(match Errno::from_io_error(error)? {
        Errno::INPROGRESS => SocketCondition::InProgress,
        Errno::ALREADY => SocketCondition::AlreadyInProgress,
        Errno::ISCONN => SocketCondition::IsConnected,
        Errno::MSGSIZE => SocketCondition::MessageTooLong,
        Errno::DESTADDRREQ => SocketCondition::NoDestination,
        _ => return None,
    })
}
