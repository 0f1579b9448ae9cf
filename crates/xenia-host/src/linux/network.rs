//! Sockets' readiness, a setting of datagram sockets, the ports of ended connections, and errors for
//! which the standard library has no kind.

use crate::socket_error::SocketCondition;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
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
