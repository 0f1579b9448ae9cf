//! Readiness, ports and peers of sockets, a setting of datagram sockets, and errors for which the
//! standard library has no kind.

use crate::socket_error::SocketCondition;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::windows::io::{AsRawSocket, AsSocket};
use std::ptr;
use windows_sys::Win32::Networking::WinSock::{
    POLLWRNORM, SIO_UDP_CONNRESET, WSAEALREADY, WSAEDESTADDRREQ, WSAEINPROGRESS, WSAEISCONN, WSAEMSGSIZE,
    WSAIoctl, WSAPOLLFD, WSAPoll,
};

/// Whether ended connections keep their port for a while from stream sockets without
/// `SO_REUSEADDR`. On Windows they don't, and that option lets a socket take the port of an open
/// one.
///
/// Source: Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
pub const HOLDS_ENDED_PORTS: bool = false;

/// Whether the host can take more data of a socket, or has an error to report.
pub fn is_writable(socket: &impl AsSocket) -> bool {
    let fd = socket.as_socket().as_raw_socket() as usize;
    let mut asked = WSAPOLLFD { fd, events: POLLWRNORM, revents: 0 };
    // SAFETY: one structure, as the count says; without waiting.
    unsafe { WSAPoll(&raw mut asked, 1, 0) > 0 }
}

/// Stops a datagram socket from reporting that a message found no receiver: by default, its next
/// receive fails with WSAECONNRESET. The system may refuse this.
///
/// Source: Microsoft, "Winsock IOCTLs", `SIO_UDP_CONNRESET`.
pub fn ignore_unreachable(socket: &impl AsSocket) {
    let fd = socket.as_socket().as_raw_socket() as usize;
    let reports = 0_u32;
    let size = size_of_val(&reports) as u32;
    let mut written = 0_u32;
    // SAFETY: the socket is open. The call reads one word and writes a count before it returns, as
    // there is neither an output buffer nor an overlapped structure.
    unsafe {
        let word = (&raw const reports).cast();
        let count = &raw mut written;
        WSAIoctl(fd, SIO_UDP_CONNRESET, word, size, ptr::null_mut(), 0, count, ptr::null_mut(), None);
    }
}

/// Removes the peer of a datagram socket, which keeps its address.
///
/// Source: Microsoft, "connect function": an address of zeros.
pub fn remove_peer(socket: &UdpSocket) -> io::Result<()> {
    socket.connect((Ipv4Addr::UNSPECIFIED, 0))
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
