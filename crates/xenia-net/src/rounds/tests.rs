//! Tests of the events that a pass signals.

use super::*;
use crate::address::AddressOutput;
use crate::network::SocketId;
use crate::{Buffers, EventHold, HeldEvent, LocalNetwork, Receive};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use xenia_guest::{Buffer, GuestAddr};
use xenia_sched::Scheduler;

const HERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4000);

fn network() -> Net {
    let mut net = Net::new(Box::new(LocalNetwork::isolated()), Arc::default());
    net.start();
    net
}

/// A socket with an event, and its name in the network below.
fn watched(net: &mut Net, kind: SocketKind, wanted: u32) -> (u32, SocketId) {
    let socket = net.open(kind).unwrap();
    let event: Arc<dyn EventHold> = Arc::new(HeldEvent { position: 0, body: GuestAddr::NULL });
    net.watch(socket, Some((event, GuestAddr::NULL)), wanted).unwrap();
    (socket, net.get(socket).unwrap().id)
}

/// The number of events that the next pass signals.
fn signals(net: &mut Net, memory: &GuestMemory) -> usize {
    net.retry_requests(memory, &mut Scheduler::default()).0.len()
}

#[test]
fn a_receive_that_finds_nothing_enables_its_event() {
    let memory = GuestMemory::new().unwrap();
    let mut net = network();
    let (socket, id) = watched(&mut net, SocketKind::Datagram, network_event::READ);
    net.bind(socket, HERE).unwrap();
    let sender = net.port.open(SocketKind::Datagram).unwrap();
    for _ in 0..2 {
        net.port.send(sender, b"x", Some(HERE)).unwrap();
        assert_eq!((signals(&mut net, &memory), signals(&mut net, &memory)), (1, 0));
        // A host finds out late that the checksum of a message is wrong.
        net.port.receive(id, &mut [0]).unwrap();
        let mut receive = SocketOperation::Receive(Receive {
            into: Buffers::one(Buffer { at: GuestAddr::NULL, length: 1 }),
            flags: 0,
            from: AddressOutput::NOWHERE,
            count: GuestAddr::NULL,
            done: 0,
            returns_zero: false,
        });
        let attempt = net.attempt_in_order(&memory, socket, &mut receive, Remainder::Never);
        assert_eq!(attempt, Attempt::Nothing);
    }
}

#[test]
fn each_attempt_to_connect_signals_its_end() {
    let memory = GuestMemory::new().unwrap();
    let mut net = network();
    let (client, _) = watched(&mut net, SocketKind::Stream, network_event::CONNECT);
    assert_eq!(net.connect(client, HERE), Err(WsaError::WOULD_BLOCK));
    assert_eq!((signals(&mut net, &memory), signals(&mut net, &memory)), (1, 0), "refused");
    let listener = net.open(SocketKind::Stream).unwrap();
    net.bind(listener, HERE).unwrap();
    net.listen(listener, 1).unwrap();
    assert_eq!(net.connect(client, HERE), Err(WsaError::WOULD_BLOCK));
    assert_eq!((signals(&mut net, &memory), signals(&mut net, &memory)), (1, 0), "made");
}

/// A pass goes through the sockets in the set alone.
#[test]
fn only_sockets_with_an_event_are_polled() {
    let mut net = network();
    let check = |net: &Net, expected: &[u32]| {
        let named = net.sockets.iter().filter(|(_, socket)| socket.watch.is_some());
        let named: Vec<u32> = named.map(|(&name, _)| name).collect();
        let polled: Vec<u32> = net.watched.iter().copied().collect();
        assert_eq!((named.as_slice(), polled.as_slice()), (expected, expected));
    };
    net.open(SocketKind::Datagram).unwrap();
    let (first, _) = watched(&mut net, SocketKind::Datagram, network_event::READ);
    let (listener, _) = watched(&mut net, SocketKind::Stream, network_event::ACCEPT);
    check(&net, &[first, listener]);
    net.bind(listener, HERE).unwrap();
    net.listen(listener, 1).unwrap();
    let client = net.open(SocketKind::Stream).unwrap();
    net.connect(client, HERE).unwrap();
    let (id, _) = net.port.accept(net.get(listener).unwrap().id).unwrap();
    let accepted = net.insert_accepted(listener, id);
    check(&net, &[first, listener, accepted]);
    net.watch(first, None, 0).unwrap();
    check(&net, &[listener, accepted]);
    net.close(listener).unwrap();
    check(&net, &[accepted]);
    net.end().unwrap();
    check(&net, &[]);
}
