//! Arguments about the network.

use clap::ValueEnum;

/// The network that a title's sockets are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NetworkKind {
    /// None: the console has no cable.
    Off,
    /// One of the machine's own, with nobody else on it: a title's sockets reach each other.
    #[default]
    Loopback,
    /// The host's, with all that can be reached from there.
    Host,
}
