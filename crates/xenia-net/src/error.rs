//! Winsock error codes; titles know the numbers from the public Windows headers.

use serde::{Deserialize, Serialize};
use xenia_memory::MemoryFault;

/// A Winsock error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsaError(pub u32);

macro_rules! errors {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl WsaError {
            $(#[doc = $text] pub const $name: Self = Self($number);)*
        }
    };
}

errors! {
    INVALID_HANDLE = 6, "`WSA_INVALID_HANDLE`: the handle is not an event's.";
    OPERATION_ABORTED = 995, "`WSA_OPERATION_ABORTED`: the overlapped operation was cancelled.";
    IO_INCOMPLETE = 996, "`WSA_IO_INCOMPLETE`: the overlapped operation has not completed, and the call does not wait.";
    IO_PENDING = 997, "`WSA_IO_PENDING`: the overlapped operation has started.";
    INTERRUPTED = 10004, "`WSAEINTR`: a blocking call was interrupted.";
    ACCESS_DENIED = 10013, "`WSAEACCES`: a broadcast from a socket without `SO_BROADCAST`.";
    FAULT = 10014, "`WSAEFAULT`: an invalid pointer, or a buffer that is too small.";
    INVALID = 10022, "`WSAEINVAL`: an invalid argument, or a socket in the wrong state.";
    TOO_MANY_SOCKETS = 10024, "`WSAEMFILE`: the limit of sockets is reached.";
    WOULD_BLOCK = 10035, "`WSAEWOULDBLOCK`: the operation would block, and the socket is non-blocking.";
    IN_PROGRESS = 10036, "`WSAEINPROGRESS`: a blocking call is in progress.";
    ALREADY = 10037, "`WSAEALREADY`: a connection attempt is in progress.";
    NOT_SOCKET = 10038, "`WSAENOTSOCK`: the descriptor is not an open socket.";
    DESTINATION_REQUIRED = 10039, "`WSAEDESTADDRREQ`: the call needs a destination address.";
    MESSAGE_SIZE = 10040, "`WSAEMSGSIZE`: the message exceeds the limit, or the receive buffer.";
    NO_PROTOCOL_OPTION = 10042, "`WSAENOPROTOOPT`: the socket option is unknown.";
    PROTOCOL_NOT_SUPPORTED = 10043, "`WSAEPROTONOSUPPORT`: the protocol is not supported.";
    SOCKET_NOT_SUPPORTED = 10044, "`WSAESOCKTNOSUPPORT`: the socket type is not supported.";
    OPERATION_NOT_SUPPORTED = 10045, "`WSAEOPNOTSUPP`: sockets of this type do not support the operation.";
    FAMILY_NOT_SUPPORTED = 10047, "`WSAEAFNOSUPPORT`: the address family is not supported.";
    ADDRESS_IN_USE = 10048, "`WSAEADDRINUSE`: another socket is bound to the address.";
    ADDRESS_NOT_AVAILABLE = 10049, "`WSAEADDRNOTAVAIL`: the address is not local, or not a valid destination.";
    NETWORK_UNREACHABLE = 10051, "`WSAENETUNREACH`: there is no route to the network.";
    CONNECTION_ABORTED = 10053, "`WSAECONNABORTED`: the connection was aborted by this side.";
    CONNECTION_RESET = 10054, "`WSAECONNRESET`: the peer has closed the connection.";
    NO_BUFFERS = 10055, "`WSAENOBUFS`: a limit of `xenia_limits` is reached.";
    IS_CONNECTED = 10056, "`WSAEISCONN`: the socket is already connected.";
    NOT_CONNECTED = 10057, "`WSAENOTCONN`: the socket is not connected.";
    SHUT_DOWN = 10058, "`WSAESHUTDOWN`: this direction of the socket was shut down.";
    TIMED_OUT = 10060, "`WSAETIMEDOUT`: the connection attempt has timed out.";
    CONNECTION_REFUSED = 10061, "`WSAECONNREFUSED`: no socket listens at the address, or its backlog is full.";
    HOST_UNREACHABLE = 10065, "`WSAEHOSTUNREACH`: there is no route to the host.";
    VERSION_NOT_SUPPORTED = 10092, "`WSAVERNOTSUPPORTED`: this version of Winsock is not supported.";
    NOT_INITIALISED = 10093, "`WSANOTINITIALISED`: `WSAStartup` was not called.";
    HOST_NOT_FOUND = 11001, "`WSAHOST_NOT_FOUND`: no host has this name.";
}

impl From<MemoryFault> for WsaError {
    fn from(_: MemoryFault) -> Self {
        Self::FAULT
    }
}
