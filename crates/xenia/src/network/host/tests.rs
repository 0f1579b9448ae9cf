//! Tests of sockets on the host's loopback interface.

use super::*;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};
use xenia_guest::{Buffer, GuestAddr};
use xenia_kernel::net::address::AddressOutput;
use xenia_kernel::net::{
    Buffers, NamedOperation, Net, NetState, OptionValue, Receive, SocketCall, SocketCaller, SocketOperation,
};
use xenia_memory::GuestMemory;
use xenia_sched::{Scheduler, ThreadRef};

/// Polls until the host's network has an answer.
fn poll_until_answered<R>(mut ask: impl FnMut() -> Result<R, WsaError>) -> Result<R, WsaError> {
    let given_up = Instant::now() + Duration::from_mins(1);
    loop {
        match ask() {
            Err(WsaError::WOULD_BLOCK) if Instant::now() < given_up => std::thread::yield_now(),
            answer => return answer,
        }
    }
}

fn receive(network: &mut HostNetwork, id: SocketId, room: usize) -> Result<Vec<u8>, WsaError> {
    let mut bytes = vec![0; room];
    let received = poll_until_answered(|| network.receive(id, &mut bytes))?;
    bytes.truncate(received.length);
    Ok(bytes)
}

fn bound(network: &mut HostNetwork, kind: SocketKind) -> (SocketId, SocketAddrV4) {
    let socket = network.open(kind).unwrap();
    assert_eq!(network.local(socket), None);
    network.bind(socket, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    (socket, network.local(socket).unwrap())
}

/// A connected client and server.
fn connected(network: &mut HostNetwork) -> (SocketId, SocketId) {
    let (listener, at) = bound(network, SocketKind::Stream);
    network.listen(listener, 4).unwrap();
    let client = network.open(SocketKind::Stream).unwrap();
    if network.connect(client, at).is_err() {
        poll_until_answered(|| network.connected(client)).unwrap();
    }
    (client, poll_until_answered(|| network.accept(listener)).unwrap().0)
}

/// A receive of no bytes.
fn receive_nothing() -> SocketOperation {
    SocketOperation::Receive(Receive {
        into: Buffers::one(Buffer { at: GuestAddr::NULL, length: 0 }),
        flags: 0,
        from: AddressOutput::NOWHERE,
        count: GuestAddr::NULL,
        done: 0,
        returns_zero: false,
    })
}

/// Attempts a title's operation on a non-blocking socket.
fn attempt(net: &mut Net, memory: &GuestMemory, socket: u32, what: SocketOperation) -> Result<i32, WsaError> {
    let thread = ThreadRef { hw_id: 0, generation: 0, idx: 0 };
    let caller = SocketCaller { thread, kthread: Err(WsaError::FAULT) };
    let operation = NamedOperation { socket, what };
    match net.do_or_wait(memory, &mut Scheduler::default(), caller, operation, None) {
        SocketCall::Done(result) => result,
        SocketCall::Wait(wait) => panic!("{wait:?}"),
    }
}

#[test]
fn a_message_that_nobody_receives_does_not_fail_the_next_receive() {
    let mut network = HostNetwork::new();
    let (socket, at) = bound(&mut network, SocketKind::Datagram);
    let (gone, nowhere) = bound(&mut network, SocketKind::Datagram);
    network.close(gone);
    // Of all hosts only Windows reports it to a socket without a peer.
    network.send(socket, b"lost", Some(nowhere)).unwrap();
    network.send(socket, b"found", Some(at)).unwrap();
    assert_eq!(receive(&mut network, socket, 9).unwrap(), b"found");
}

#[test]
fn a_connected_socket_ignores_lost_messages() {
    let mut network = HostNetwork::new();
    let (socket, _) = bound(&mut network, SocketKind::Datagram);
    let (gone, nowhere) = bound(&mut network, SocketKind::Datagram);
    network.close(gone);
    network.connect(socket, nowhere).unwrap();
    for _ in 0..4 {
        assert_eq!(network.send(socket, b"lost", None), Ok(4));
        assert_eq!(network.send(socket, b"too", None), Ok(3));
        assert!(!network.ready(socket).readable);
        assert_eq!(network.receive(socket, &mut [0; 4]), Err(WsaError::WOULD_BLOCK));
    }
}

#[test]
fn a_reset_that_a_poll_finds_fails_every_receive() {
    let mut network = HostNetwork::new();
    let (client, server) = connected(&mut network);
    network.get(server).unwrap().any().set_linger(Some(Duration::ZERO)).unwrap();
    network.close(server);
    poll_until_answered(|| if network.ready(client).readable { Ok(()) } else { Err(WsaError::WOULD_BLOCK) })
        .unwrap();
    assert!(network.ready(client).is_ended);
    assert_eq!(network.available(client), 0);
    for _ in 0..2 {
        assert_eq!(network.receive(client, &mut [0; 4]), Err(WsaError::CONNECTION_RESET));
    }
}

#[test]
fn a_reset_that_a_send_finds_fails_every_receive() {
    let mut network = HostNetwork::new();
    let (client, server) = connected(&mut network);
    network.get(server).unwrap().any().set_linger(Some(Duration::ZERO)).unwrap();
    assert_eq!(network.send(server, b"data", None), Ok(4));
    assert_eq!(poll_until_answered(|| network.peek(client, &mut [0; 9])).unwrap().length, 4);
    network.close(server);
    let reset = poll_until_answered(|| match network.send(client, b"x", None) {
        Ok(_) => Err(WsaError::WOULD_BLOCK),
        sent => Ok(sent),
    });
    assert_eq!(reset, Ok(Err(WsaError::CONNECTION_RESET)));
    if cfg!(target_os = "linux") {
        // Windows drops data that was not received.
        assert_eq!(receive(&mut network, client, 9).unwrap(), b"data");
    }
    for _ in 0..2 {
        assert_eq!(network.receive(client, &mut [0; 4]), Err(WsaError::CONNECTION_RESET));
    }
}

#[test]
fn the_port_of_an_own_connection_is_taken() {
    let mut network = HostNetwork::new();
    let (client, _) = connected(&mut network);
    let own = network.local(client).unwrap();
    let other = network.open(SocketKind::Stream).unwrap();
    assert_eq!(network.bind(other, own), Err(WsaError::ADDRESS_IN_USE));
}

#[test]
fn a_connection_on_the_hosts_loopback_carries_all_both_ways() {
    let mut network = HostNetwork::new();
    let (listener, at) = bound(&mut network, SocketKind::Stream);
    network.listen(listener, 4).unwrap();
    assert!(!network.ready(listener).readable);
    assert_eq!(network.accept(listener).err(), Some(WsaError::WOULD_BLOCK));
    let client = network.open(SocketKind::Stream).unwrap();
    if network.connect(client, at).is_err() {
        poll_until_answered(|| network.connected(client)).unwrap();
    }
    let (server, remote) = poll_until_answered(|| network.accept(listener)).unwrap();
    assert_eq!((Some(remote), network.remote(client)), (network.local(client), Some(at)));
    assert_eq!(network.receive(server, &mut [0; 4]).err(), Some(WsaError::WOULD_BLOCK));
    // More data than the host buffers at once, sent and received in one thread.
    let all: Vec<u8> = (0..4_000_000_u32).map(|index| (index / 7) as u8).collect();
    let mut sent = 0;
    let mut got = Vec::new();
    while got.len() < all.len() {
        if sent < all.len() {
            match network.send(client, &all[sent..], None) {
                Ok(count) => sent += count,
                Err(error) => assert_eq!(error, WsaError::WOULD_BLOCK),
            }
        }
        got.extend(receive(&mut network, server, 0x1_0000).unwrap());
    }
    assert!(got == all, "other bytes");
    network.send(server, b"back", None).unwrap();
    assert_eq!(receive(&mut network, client, 2).unwrap(), b"ba");
    assert_eq!(network.available(client), 2);
    network.shutdown(server, Shutdown::Write).unwrap();
    assert_eq!(receive(&mut network, client, 9).unwrap(), b"ck");
    assert_eq!(receive(&mut network, client, 9).unwrap(), b"");
    assert!(network.ready(client).is_ended);
}

#[test]
fn sent_data_arrives_after_shutdown_and_close() {
    for shuts in [false, true] {
        let mut network = HostNetwork::new();
        let (client, server) = connected(&mut network);
        let mut sent = 0;
        let block = vec![7; 0x1_0000];
        loop {
            match network.send(client, &block, None) {
                Ok(count) => sent += count,
                Err(error) => break assert_eq!(error, WsaError::WOULD_BLOCK),
            }
        }
        assert!(!network.ready(client).writable);
        if shuts {
            network.shutdown(client, Shutdown::Write).unwrap();
        }
        network.close(client);
        let mut got = 0;
        loop {
            match receive(&mut network, server, 0x1_0000).unwrap().len() {
                0 => break,
                count => got += count,
            }
        }
        assert_eq!(got, sent);
    }
}

#[test]
fn connect_to_unlistening_address_is_refused() {
    let mut network = HostNetwork::new();
    let (taken, at) = bound(&mut network, SocketKind::Stream);
    let other = network.open(SocketKind::Stream).unwrap();
    assert_eq!(network.bind(other, at), Err(WsaError::ADDRESS_IN_USE));
    let refused = match network.connect(other, at) {
        Err(WsaError::WOULD_BLOCK) => poll_until_answered(|| network.connected(other)),
        begun => begun,
    };
    assert_eq!(refused, Err(WsaError::CONNECTION_REFUSED));
    // The same socket may try again.
    network.listen(taken, 1).unwrap();
    if network.connect(other, at) != Ok(()) {
        poll_until_answered(|| network.connected(other)).unwrap();
    }
    assert_eq!(network.remote(other), Some(at));
    network.close(taken);
    assert_eq!(network.bind(taken, at), Err(WsaError::NOT_SOCKET));
}

#[test]
fn a_port_is_free_once_its_sockets_are_closed() {
    let mut network = HostNetwork::new();
    let (listener, at) = bound(&mut network, SocketKind::Stream);
    network.listen(listener, 4).unwrap();
    let client = network.open(SocketKind::Stream).unwrap();
    if network.connect(client, at).is_err() {
        poll_until_answered(|| network.connected(client)).unwrap();
    }
    let server = poll_until_answered(|| network.accept(listener)).unwrap().0;
    // The host still knows a connection for a while on the side that closes it first.
    network.close(server);
    assert_eq!(receive(&mut network, client, 9).unwrap(), b"");
    network.close(client);
    network.close(listener);
    let again = network.open(SocketKind::Stream).unwrap();
    assert_eq!(network.bind(again, at), Ok(()));
    let other = network.open(SocketKind::Stream).unwrap();
    assert_eq!(network.bind(other, at), Err(WsaError::ADDRESS_IN_USE));
    assert_eq!(network.listen(again, 4), Ok(()));
    assert_eq!(network.bind(other, at), Err(WsaError::ADDRESS_IN_USE));
}

#[test]
fn messages_on_the_hosts_loopback_have_a_sender_and_are_cut() {
    let mut network = HostNetwork::new();
    let (a, from) = bound(&mut network, SocketKind::Datagram);
    let (b, at) = bound(&mut network, SocketKind::Datagram);
    assert_eq!(network.send(a, b"message", Some(at)), Ok(7));
    let mut room = [0; 4];
    let looked = poll_until_answered(|| network.peek(b, &mut room)).unwrap();
    let received = network.receive(b, &mut room).unwrap();
    assert_eq!(looked, received);
    assert_eq!((received.length, received.is_cut, received.from, &room), (4, true, Some(from), b"mess"));
    assert_eq!(network.send(a, &vec![0; 70_000], Some(at)), Err(WsaError::MESSAGE_SIZE));
    assert_eq!(network.send(a, b"x", None), Err(WsaError::NOT_CONNECTED));
}

#[test]
fn a_connect_to_port_0_removes_the_peer_of_a_datagram_socket() {
    const NOWHERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let mut network = HostNetwork::new();
    let socket = network.open(SocketKind::Datagram).unwrap();
    network.bind(socket, NOWHERE).unwrap();
    let port = network.local(socket).unwrap().port();
    let (_, peer) = bound(&mut network, SocketKind::Datagram);
    network.connect(socket, peer).unwrap();
    assert_eq!(network.connect(socket, NOWHERE), Ok(()));
    assert_eq!(network.remote(socket), None);
    assert_eq!(network.local(socket).unwrap().port(), port);
    let other = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    other.send_to(b"found", (Ipv4Addr::LOCALHOST, port)).unwrap();
    assert_eq!(receive(&mut network, socket, 9).unwrap(), b"found");
}

#[test]
fn the_datagram_ports_that_titles_prefer_need_no_rights() {
    let exchanged = [999, 1000, 1023, 1024, 30_999, 31_000, 31_023, 31_024].map(exchanged_port);
    assert_eq!(exchanged, [999, 31_000, 31_023, 1024, 30_999, 1000, 1023, 31_024]);
    let mut network = HostNetwork::new();
    let title = network.open(SocketKind::Datagram).unwrap();
    // Other processes of the host may have some of the ports.
    let mut addresses = TITLE_PORTS.map(|port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    let at = addresses.find(|&at| network.bind(title, at).is_ok()).unwrap();
    assert_eq!(network.local(title), Some(at));
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    other.send_to(b"x", (Ipv4Addr::LOCALHOST, exchanged_port(at.port()))).unwrap();
    assert_eq!(receive(&mut network, title, 9).unwrap(), b"x");
    // Titles see their own ports only.
    let (peer, from) = bound(&mut network, SocketKind::Datagram);
    network.connect(peer, at).unwrap();
    assert_eq!(network.remote(peer), Some(at));
    assert_eq!(network.send(peer, b"ab", None), Ok(2));
    let mut room = [0; 4];
    let received = poll_until_answered(|| network.receive(title, &mut room)).unwrap();
    assert_eq!((received.length, received.from), (2, Some(from)));
    assert_eq!(network.send(title, b"c", Some(from)), Ok(1));
    assert_eq!(poll_until_answered(|| network.receive(peer, &mut room)).unwrap().from, Some(at));
}

#[test]
fn names_are_looked_up_in_the_background() {
    let mut network = HostNetwork::new();
    assert_eq!(network.look_up("localhost"), Err(WsaError::WOULD_BLOCK));
    assert!(poll_until_answered(|| network.look_up("localhost")).unwrap().contains(&Ipv4Addr::LOCALHOST));
    assert!(network.lookups.is_empty());
    // Finished lookups that are not polled again are dropped when others start.
    for index in 0..MAX_LOOKUPS {
        assert_eq!(network.look_up(&format!("127.0.0.{index}")), Err(WsaError::WOULD_BLOCK));
    }
    assert!(poll_until_answered(|| network.look_up("localhost")).unwrap().contains(&Ipv4Addr::LOCALHOST));
}

#[test]
fn a_console_that_joins_is_in_the_only_session() {
    let state = NetState::new(Box::new(HostNetwork::new()), Arc::default());
    let mut net = state.lock();
    let ip = Ipv4Addr::new(192, 0, 2, 30);
    let mut address = net.own_address();
    address[..4].copy_from_slice(&ip.octets());
    address[0xD..0x10].copy_from_slice(&[0, 2, 30]);
    assert_eq!(net.console_at(ip, &[]), Err(WsaError::INVALID), "no session");
    assert_eq!(net.is_connected(ip, &[]), None);
    assert_eq!(net.connect_console(ip, &[]), Err(WsaError::INVALID));
    assert_eq!(net.console_at(ip, &[[1; 8]]), Ok((address, [1; 8])));
    assert_eq!(net.is_connected(ip, &[[1; 8]]), Some(true));
    assert_eq!(net.connect_console(ip, &[[1; 8]]), Ok(()));
    assert_eq!(net.unregister_address(ip, &[[1; 8]]), Ok(()));
    net.xnet.register_key([1; 8], [2; 16]).unwrap();
    assert_eq!(net.console_at(ip, &[[1; 8]]), Ok((address, [1; 8])), "the title registers its key");
    assert_eq!(net.console_at(ip, &[[3; 8]]), Err(WsaError::INVALID), "two sessions");
    assert_eq!(net.console_at(Ipv4Addr::BROADCAST, &[]), Err(WsaError::INVALID));
}

#[test]
fn a_console_whose_data_came_before_it_was_looked_up_is_connected() {
    let memory = GuestMemory::new().unwrap();
    let state = NetState::new(Box::new(HostNetwork::new()), Arc::default());
    let mut net = state.lock();
    net.start();
    let title = net.open(SocketKind::Datagram).unwrap();
    net.set_blocking(title, false).unwrap();
    net.bind(title, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    other.send_to(&[], net.local(title).unwrap()).unwrap();
    assert_eq!(poll_until_answered(|| attempt(&mut net, &memory, title, receive_nothing())), Ok(0));
    let mut address = net.own_address();
    address[..4].copy_from_slice(&Ipv4Addr::LOCALHOST.octets());
    assert_eq!(net.associate(address, [1; 8]), Ok(Ipv4Addr::LOCALHOST));
    assert_eq!(net.is_connected(Ipv4Addr::LOCALHOST, &[[1; 8]]), Some(true));
}

#[test]
fn each_call_notices_a_connection_made_in_the_background() {
    /// `SO_ERROR` of all sockets.
    const ERROR: (u32, u32) = (0xFFFF, 0x1007);
    let memory = GuestMemory::new().unwrap();
    let state = NetState::new(Box::new(HostNetwork::new()), Arc::default());
    let mut net = state.lock();
    net.start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let SocketAddr::V4(at) = listener.local_addr().unwrap() else { panic!("not an address of IPv4") };
    let connecting = |net: &mut Net| {
        let socket = net.open(SocketKind::Stream).unwrap();
        net.set_blocking(socket, false).unwrap();
        assert_eq!(net.connect(socket, at), Err(WsaError::WOULD_BLOCK));
        socket
    };
    let send_nothing = SocketOperation::Send(xenia_kernel::net::Send {
        bytes: Buffers::one(Buffer { at: GuestAddr::NULL, length: 0 }),
        flags: 0,
        to: None,
        count: GuestAddr::NULL,
        done: 0,
        returns_zero: false,
    });
    for what in [send_nothing, receive_nothing()] {
        let socket = connecting(&mut net);
        let done = poll_until_answered(|| match attempt(&mut net, &memory, socket, what.clone()) {
            Err(WsaError::NOT_CONNECTED) => Err(WsaError::WOULD_BLOCK),
            done => Ok(done),
        });
        // Not every host receives no bytes at once.
        assert!([Ok(Ok(0)), Ok(Err(WsaError::WOULD_BLOCK))].contains(&done), "{what:?}: {done:?}");
        drop(listener.accept().unwrap());
    }
    let socket = connecting(&mut net);
    listener.accept().unwrap().0.write_all(b"data").unwrap();
    let available = poll_until_answered(|| match net.available(socket) {
        Ok(0) => Err(WsaError::WOULD_BLOCK),
        count => count,
    });
    assert_eq!(available, Ok(4));
    drop(listener);
    let socket = connecting(&mut net);
    let error = poll_until_answered(|| match net.option(socket, ERROR.0, ERROR.1) {
        Ok(OptionValue::Word(0)) => Err(WsaError::WOULD_BLOCK),
        error => error,
    });
    assert_eq!(error, Ok(OptionValue::Word(WsaError::CONNECTION_REFUSED.0)));
}
