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
    INVALID_HANDLE = 6, "An event that is none.";
    OPERATION_ABORTED = 995, "An overlapped request was taken back.";
    IO_INCOMPLETE = 996, "An overlapped request is under way, and nobody wanted to wait.";
    IO_PENDING = 997, "An overlapped request is under way.";
    INTERRUPTED = 10004, "A wait was ended by somebody else.";
    ACCESS_DENIED = 10013, "Not allowed: everybody is sent to by sockets alone that say so.";
    FAULT = 10014, "A pointer that leads nowhere, or too small a place.";
    INVALID = 10022, "An argument that makes no sense.";
    TOO_MANY_SOCKETS = 10024, "No more sockets.";
    WOULD_BLOCK = 10035, "It would have to be waited for.";
    IN_PROGRESS = 10036, "Something is under way.";
    ALREADY = 10037, "A connection is being made.";
    NOT_SOCKET = 10038, "No socket.";
    DESTINATION_REQUIRED = 10039, "Nowhere to send to.";
    MESSAGE_SIZE = 10040, "A message that is too long.";
    NO_PROTOCOL_OPTION = 10042, "No such option.";
    PROTOCOL_NOT_SUPPORTED = 10043, "No such protocol.";
    SOCKET_NOT_SUPPORTED = 10044, "No such kind of socket.";
    OPERATION_NOT_SUPPORTED = 10045, "Not for sockets of this kind.";
    FAMILY_NOT_SUPPORTED = 10047, "Addresses of another kind.";
    ADDRESS_IN_USE = 10048, "Somebody has the address.";
    ADDRESS_NOT_AVAILABLE = 10049, "An address that is not the console's, or is nobody's.";
    NETWORK_UNREACHABLE = 10051, "No way there.";
    CONNECTION_ABORTED = 10053, "The connection was given up.";
    CONNECTION_RESET = 10054, "The other side is gone.";
    NO_BUFFERS = 10055, "A limit was reached.";
    IS_CONNECTED = 10056, "It is connected.";
    NOT_CONNECTED = 10057, "It is not connected.";
    SHUT_DOWN = 10058, "This direction was ended.";
    TIMED_OUT = 10060, "It took too long.";
    CONNECTION_REFUSED = 10061, "Nobody listens there, or too many wait.";
    HOST_UNREACHABLE = 10065, "No way to that console.";
    VERSION_NOT_SUPPORTED = 10092, "A version of Winsock that there is none of.";
    NOT_INITIALISED = 10093, "Nobody has begun.";
    HOST_NOT_FOUND = 11001, "No host of that name.";
}

impl From<MemoryFault> for WsaError {
    fn from(_: MemoryFault) -> Self {
        Self::FAULT
    }
}
