//! Errors of the host's sockets, as the guest knows them.

use std::io::ErrorKind;
use xenia_host::SocketCondition;
use xenia_host::network::condition;
use xenia_kernel::net::WsaError;

/// Translates an error of the host to the guest's error code.
pub(super) fn wsa_error(error: &std::io::Error) -> WsaError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => WsaError::WOULD_BLOCK,
        ErrorKind::ConnectionRefused => WsaError::CONNECTION_REFUSED,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => WsaError::CONNECTION_RESET,
        ErrorKind::ConnectionAborted => WsaError::CONNECTION_ABORTED,
        ErrorKind::NotConnected => WsaError::NOT_CONNECTED,
        ErrorKind::AddrInUse => WsaError::ADDRESS_IN_USE,
        ErrorKind::AddrNotAvailable => WsaError::ADDRESS_NOT_AVAILABLE,
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => WsaError::NETWORK_UNREACHABLE,
        ErrorKind::HostUnreachable => WsaError::HOST_UNREACHABLE,
        ErrorKind::PermissionDenied => WsaError::ACCESS_DENIED,
        ErrorKind::TimedOut => WsaError::TIMED_OUT,
        ErrorKind::InvalidInput => WsaError::INVALID,
        _ => match condition(error) {
            Some(SocketCondition::InProgress) => WsaError::WOULD_BLOCK,
            Some(SocketCondition::AlreadyInProgress) => WsaError::ALREADY,
            Some(SocketCondition::IsConnected) => WsaError::IS_CONNECTED,
            Some(SocketCondition::MessageTooLong) => WsaError::MESSAGE_SIZE,
            Some(SocketCondition::NoDestination) => WsaError::NOT_CONNECTED,
            None => WsaError::NO_BUFFERS,
        },
    }
}
