//! Errors of sockets for which the standard library has no kind.

/// A condition of a socket that made a call fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketCondition {
    /// A connection attempt has begun and is in progress.
    InProgress,
    /// An earlier connection attempt is still in progress.
    AlreadyInProgress,
    /// The socket is connected already.
    IsConnected,
    /// A message is longer than the protocol or the buffer allows.
    MessageTooLong,
    /// The socket has no destination, and the call names none.
    NoDestination,
}
