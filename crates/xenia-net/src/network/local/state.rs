//! Saved state of the loopback network. A loaded one is untrusted: its sums, ports and connections
//! are checked before they replace the present ones.

use super::{
    FIRST_PORT, LocalNetwork, MAX_BACKLOG, MAX_DATAGRAM, MAX_MESSAGES, MAX_RECEIVE_BUFFER,
    MIN_RECEIVE_BUFFER, Messages, Socket, State, Stream,
};
use crate::network::{SocketId, SocketKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_limits::Limit;
use xenia_state::{Impossible, check};

/// State of a [`LocalNetwork`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalNetworkState {
    has_cable: bool,
    sockets: BTreeMap<SocketId, Socket>,
    last: SocketId,
    next_port: u16,
}

impl LocalNetworkState {
    /// The kind of a socket.
    pub(crate) fn kind_of(&self, id: SocketId) -> Option<SocketKind> {
        let is_datagram = self.sockets.get(&id)?.is_datagram();
        Some(if is_datagram { SocketKind::Datagram } else { SocketKind::Stream })
    }
}

impl Socket {
    /// Number of bytes in the receive queue, if the socket is possible.
    fn queued(&self) -> Result<usize, Impossible> {
        // Addresses are compared only.
        let Self { local: _, is_accepted: _, reuses: _, buffer, state } = self;
        let buffers = MIN_RECEIVE_BUFFER..=MAX_RECEIVE_BUFFER;
        check(buffers.contains(buffer), "a socket's buffer has an impossible size")?;
        match state {
            State::Idle => Ok(0),
            State::Listening { backlog, queue } => {
                let fits = (1..=MAX_BACKLOG).contains(backlog) && queue.len() <= MAX_BACKLOG;
                check(fits, "too many connections wait for a socket")?;
                Ok(0)
            }
            State::Connected(Stream { incoming, .. }) => Ok(incoming.len()),
            State::Messages(Messages { queue, bytes, .. }) => {
                let fits = queue.iter().all(|(_, message)| message.len() <= MAX_DATAGRAM);
                check(fits && queue.len() <= MAX_MESSAGES, "a socket has too many datagrams")?;
                let sum: usize = queue.iter().map(|(_, message)| message.len()).sum();
                check(sum == *bytes, "a socket's datagrams do not match its size")?;
                Ok(sum)
            }
        }
    }
}

impl LocalNetwork {
    /// The network's state.
    pub(super) fn saved(&self) -> LocalNetworkState {
        // The sum of the queues, and the machine's configuration.
        let Self { queued: _, limits: _, has_cable, sockets, last, next_port } = self;
        let sockets = sockets.clone();
        LocalNetworkState { has_cable: *has_cable, sockets, last: *last, next_port: *next_port }
    }

    /// Replaces the sockets by those of a state.
    pub(super) fn replace(&mut self, state: LocalNetworkState) -> Result<(), Impossible> {
        let LocalNetworkState { has_cable, sockets, last, next_port } = state;
        check(has_cable == self.has_cable, "the network cable differs")?;
        check(next_port >= FIRST_PORT, "the next port is not one for connections")?;
        let mut queued = 0_usize;
        for socket in sockets.values() {
            queued += socket.queued()?;
        }
        check(
            queued as u64 <= Limit::SocketBytes.row().value,
            "too many bytes are under way between sockets",
        )?;
        // Closing a listener closes those that wait for it: none may wait for two, or listen.
        let mut waiting = BTreeSet::new();
        for socket in sockets.values() {
            if let State::Listening { queue, .. } = &socket.state {
                for id in queue {
                    let is_connected =
                        sockets.get(id).is_some_and(|socket| matches!(socket.state, State::Connected(_)));
                    check(
                        is_connected && waiting.insert(*id),
                        "a waiting connection is not connected, or waits twice",
                    )?;
                }
            }
        }
        // Only after all checks: a refused state changes nothing.
        self.sockets = sockets;
        self.last = last;
        self.next_port = next_port;
        self.queued = queued;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use std::net::{Ipv4Addr, SocketAddrV4};

    fn at(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
    }

    /// A listener with a connection that waits, a connection with bytes under way, and datagrams.
    fn network() -> (LocalNetwork, [SocketId; 5]) {
        let mut network = LocalNetwork::isolated();
        let mut open = |kind| network.open(kind).expect("there is room");
        let [listener, one, two] = [(); 3].map(|()| open(SocketKind::Stream));
        let [from, to] = [(); 2].map(|()| open(SocketKind::Datagram));
        network.bind(listener, at(80)).expect("a free port");
        network.listen(listener, 5).expect("it is bound");
        network.connect(one, at(80)).expect("it listens");
        network.accept(listener).expect("one waits");
        network.send(one, b"under way", None).expect("there is room");
        network.connect(two, at(80)).expect("it listens");
        network.bind(to, at(81)).expect("a free port");
        for message in [&b"first"[..], b"", b"third"] {
            network.send(from, message, Some(at(81))).expect("it is bound");
        }
        (network, [listener, one, two, from, to])
    }

    /// All that happens afterwards.
    fn goes_on(network: &mut LocalNetwork, [listener, one, two, from, to]: [SocketId; 5]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut bytes = [0; 8];
        lines.push(format!("{:?}", network.receive(to, &mut bytes)));
        lines.push(format!("{:?}", network.send(from, b"fourth", Some(at(81)))));
        let accepted = network.accept(listener);
        lines.push(format!("{accepted:?}"));
        network.close(one);
        network.close(two);
        let other = network.open(SocketKind::Stream).expect("there is room");
        lines.push(format!("{:?}", network.connect(other, at(80))));
        network.close(listener);
        for id in [other, to, accepted.expect("one waits").0, one + 5] {
            lines.push(format!("{:?} {:?}", network.receive(id, &mut bytes), network.ready(id)));
        }
        network.describe(&mut |line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn a_restored_network_continues_as_the_saved_one() {
        let (mut network, ids) = network();
        let mut other = LocalNetwork::isolated();
        other.restore(network.state().expect("it is the machine's own")).expect("it can be");
        assert_eq!((other.saved(), other.queued), (network.saved(), network.queued));
        assert_eq!(goes_on(&mut other, ids), goes_on(&mut network, ids));
        assert_eq!(other.queued, network.queued);
    }

    #[test]
    fn impossible_network_states_are_refused() {
        type Change = fn(&mut LocalNetworkState, [SocketId; 5]);
        let changes: [Change; 8] = [
            |state, _| state.has_cable = false,
            |state, _| state.next_port = 80,
            |state, [listener, ..]| {
                if let Some(State::Listening { queue, .. }) =
                    state.sockets.get_mut(&listener).map(|socket| &mut socket.state)
                {
                    queue.push_back(listener);
                }
            },
            |state, [listener, ..]| {
                if let Some(State::Listening { queue, .. }) =
                    state.sockets.get_mut(&listener).map(|socket| &mut socket.state)
                {
                    queue.extend(queue.clone());
                }
            },
            |state, [listener, ..]| {
                if let Some(State::Listening { backlog, .. }) =
                    state.sockets.get_mut(&listener).map(|socket| &mut socket.state)
                {
                    *backlog = 0;
                }
            },
            |state, [.., to]| {
                if let Some(State::Messages(messages)) =
                    state.sockets.get_mut(&to).map(|socket| &mut socket.state)
                {
                    messages.bytes += 1;
                }
            },
            |state, [_, one, ..]| {
                if let Some(State::Connected(stream)) =
                    state.sockets.get_mut(&one).map(|socket| &mut socket.state)
                {
                    stream.incoming.resize(0x100_0001, 0);
                }
            },
            |state, [_, one, ..]| {
                if let Some(socket) = state.sockets.get_mut(&one) {
                    socket.buffer = usize::MAX;
                }
            },
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let (network, ids) = network();
            let mut state = network.saved();
            change(&mut state, ids);
            assert!(LocalNetwork::isolated().restore(state).is_err(), "{index}");
        }
    }
}
