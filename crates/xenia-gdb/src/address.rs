//! Addresses at which the server listens: a TCP port of this host, or a socket file.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Prefix of socket files.
const UNIX: &str = "unix:";

/// An address at which the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// A TCP port of the loopback interface; 0 lets the host choose one.
    Port(u16),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a port (0 to 65535) nor unix:PATH")]
pub struct ServerAddressError(String);

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        match text.strip_prefix(UNIX) {
            Some(path) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(_) => Err(ServerAddressError(text.to_owned())),
            None => text.parse().map(Self::Port).map_err(|_| ServerAddressError(text.to_owned())),
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "localhost:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_socket_files_are_addresses() {
        assert_eq!("1234".parse(), Ok(ServerAddress::Port(1234)));
        assert_eq!("unix:/run/gdb".parse(), Ok(ServerAddress::Unix("/run/gdb".into())));
    }

    #[test]
    fn other_texts_are_refused_with_the_two_forms() {
        for text in ["", "x", "65536", "-1", "unix:", "0.0.0.0:1234", "host:1"] {
            let error = text.parse::<ServerAddress>().unwrap_err().to_string();
            assert!(error.contains("unix:PATH"), "{error}");
        }
    }
}
