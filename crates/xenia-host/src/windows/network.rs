//! Sockets' readiness, and errors of theirs for which the standard library has no kind.

use crate::socket_error::SocketCondition;
use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket};
use windows_sys::Win32::Networking::WinSock::{
    POLLWRNORM, WSAEALREADY, WSAEDESTADDRREQ, WSAEINPROGRESS, WSAEISCONN, WSAEMSGSIZE, WSAPOLLFD, WSAPoll,
};

/// Whether the host can take more data of a socket, or has an error to report.
pub fn is_writable(socket: &impl AsSocket) -> bool {
    let fd = socket.as_socket().as_raw_socket() as usize;
    let mut asked = WSAPOLLFD { fd, events: POLLWRNORM, revents: 0 };
    // SAFETY: one structure, as the count says; without waiting.
    unsafe { WSAPoll(&raw mut asked, 1, 0) > 0 }
}

/// The condition that an error reports, if it is one of these.
pub fn condition(error: &io::Error) -> Option<SocketCondition> {
    Some(match error.raw_os_error()? {
        WSAEINPROGRESS => SocketCondition::InProgress,
        WSAEALREADY => SocketCondition::AlreadyInProgress,
        WSAEISCONN => SocketCondition::IsConnected,
        WSAEMSGSIZE => SocketCondition::MessageTooLong,
        WSAEDESTADDRREQ => SocketCondition::NoDestination,
        _ => return None,
    })
}
