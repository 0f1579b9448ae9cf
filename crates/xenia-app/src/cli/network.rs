//! Arguments that configure the network.

use clap::ValueEnum;

/// Networks that a title's sockets can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NetworkKind {
    /// No network: the console's cable is unplugged.
    Off,
    /// A private network inside the process: a title's sockets reach only each other.
    #[default]
    Loopback,
    /// The host's network, with everything reachable from it.
    Host,
}
