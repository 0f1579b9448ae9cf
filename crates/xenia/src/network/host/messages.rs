//! Messages of datagram sockets, without the reports that earlier ones found no receiver.
//!
//! The next transfer of a connected socket of Linux fails with such a report, which is then gone
//! (udp(7)). The machine's own network and Windows
//! ([`ignore_unreachable`](xenia_host::network::ignore_unreachable)) report nothing.

use super::errors::wsa_error;
use std::io::{self, ErrorKind};
use std::net::{SocketAddrV4, UdpSocket};
use xenia_kernel::net::WsaError;

/// Largest number of reports that one transfer skips: a peer can send them without end.
const MAX_REPORTS: u32 = 4;

/// Whether an error can be a report.
fn is_report(error: &io::Error) -> bool {
    use ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionRefused | Kind::HostUnreachable | Kind::NetworkUnreachable)
}

/// Transfers a message after the reports that come first.
fn past_reports<T>(mut transfer: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut done = transfer();
    for _ in 0..MAX_REPORTS {
        if !done.as_ref().is_err_and(is_report) {
            break;
        }
        done = transfer();
    }
    done
}

/// Receives a message, or peeks at it.
pub(super) fn receive_message<T>(receive: impl FnMut() -> io::Result<T>) -> Result<T, WsaError> {
    past_reports(receive)
        .map_err(|error| if is_report(&error) { WsaError::WOULD_BLOCK } else { wsa_error(&error) })
}

/// Sends a message to the socket's peer or to `to`.
pub(super) fn send_message(
    socket: &UdpSocket,
    bytes: &[u8],
    to: Option<SocketAddrV4>,
) -> Result<usize, WsaError> {
    let sent = past_reports(|| match to {
        Some(to) => socket.send_to(bytes, to),
        None => socket.send(bytes),
    });
    match sent {
        // The message is lost like those before it.
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(bytes.len()),
        sent => sent.map_err(|error| wsa_error(&error)),
    }
}
