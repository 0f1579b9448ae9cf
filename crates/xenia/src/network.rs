//! The network of titles: none, a private one, or the host's.
//!
//! Only `--network host` opens sockets of the host. It requires `--parallel`, because the timing of
//! input from outside cannot be repeated by a lockstep run.

#[cfg(feature = "network")]
mod host;

use crate::config::NetworkKind;
use anyhow::{Result, bail};
use xenia_kernel::net::LocalNetwork;
use xenia_kernel::ports::Network;

/// Creates the network of a machine.
pub fn port(kind: NetworkKind, parallel: bool) -> Result<Box<dyn Network>> {
    Ok(match kind {
        NetworkKind::Off => Box::new(LocalNetwork::without_cable()),
        NetworkKind::Loopback => Box::new(LocalNetwork::isolated()),
        #[cfg(feature = "network")]
        NetworkKind::Host if parallel => Box::new(host::HostNetwork::new()),
        #[cfg(not(feature = "network"))]
        NetworkKind::Host if parallel => bail!("the crate `xenia` was built without its feature `network`"),
        NetworkKind::Host => bail!("{REFUSAL}"),
    })
}

/// Error for the host's network in lockstep.
pub const REFUSAL: &str = "--network host brings input that no run can repeat: use it with --parallel, or --network loopback with --lockstep";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_network_is_refused_in_lockstep() {
        assert!(port(NetworkKind::Host, false).is_err_and(|error| error.to_string().contains("--parallel")));
        assert!(port(NetworkKind::Host, true).unwrap().changes_by_itself());
        assert!(!port(NetworkKind::Off, false).unwrap().has_link());
        let loopback = port(NetworkKind::Loopback, false).unwrap();
        assert!(loopback.has_link() && !loopback.changes_by_itself());
    }
}
