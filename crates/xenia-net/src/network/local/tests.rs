//! Tests of streams, datagrams and errors between sockets of one machine.

use super::*;
use xenia_limits::Limit;

fn at(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

fn pair(network: &mut LocalNetwork) -> (SocketId, SocketId) {
    let listener = network.open(SocketKind::Stream).unwrap();
    network.bind(listener, at(0)).unwrap();
    network.listen(listener, 1).unwrap();
    let to = network.local(listener).unwrap();
    let client = network.open(SocketKind::Stream).unwrap();
    network.connect(client, to).unwrap();
    let (server, remote) = network.accept(listener).unwrap();
    assert_eq!((Some(remote), network.remote(client)), (network.local(client), Some(to)));
    network.close(listener);
    (client, server)
}

fn receive(network: &mut LocalNetwork, id: SocketId, room: usize) -> Result<Vec<u8>, WsaError> {
    let mut bytes = vec![0; room];
    let received = network.receive(id, &mut bytes)?;
    bytes.truncate(received.length);
    Ok(bytes)
}

#[test]
fn a_stream_keeps_order_and_ends_after_its_last_byte() {
    let mut network = LocalNetwork::isolated();
    let (a, b) = pair(&mut network);
    assert_eq!(receive(&mut network, b, 9), Err(WsaError::WOULD_BLOCK));
    assert_eq!((network.send(a, b"one", None), network.send(a, b"two", None)), (Ok(3), Ok(3)));
    assert_eq!(network.available(b), 6);
    assert_eq!(network.peek(b, &mut [0; 9]).unwrap().length, 6);
    assert_eq!(receive(&mut network, b, 4).unwrap(), b"onet");
    network.shutdown(a, Shutdown::Write).unwrap();
    assert_eq!(network.send(a, b"x", None), Err(WsaError::SHUT_DOWN));
    assert_eq!(receive(&mut network, b, 9).unwrap(), b"wo");
    assert_eq!(receive(&mut network, b, 9).unwrap(), b"");
    assert_eq!(network.send(b, b"back", None), Ok(4));
    network.close(b);
    assert_eq!(receive(&mut network, a, 9).unwrap(), b"back");
    assert_eq!(receive(&mut network, a, 9).unwrap(), b"");
    assert_eq!(network.send(a, b"x", None), Err(WsaError::SHUT_DOWN));
}

#[test]
fn close_with_unread_data_resets_the_peer() {
    let mut network = LocalNetwork::isolated();
    let (a, b) = pair(&mut network);
    network.send(a, b"unread", None).unwrap();
    network.close(b);
    assert_eq!(receive(&mut network, a, 9), Err(WsaError::CONNECTION_RESET));
    assert_eq!(network.send(a, b"x", None), Err(WsaError::CONNECTION_RESET));
    assert_eq!(network.queued, 0);
}

#[test]
fn a_stream_is_full_at_its_receivers_buffer() {
    let mut network = LocalNetwork::isolated();
    let (a, b) = pair(&mut network);
    // A receive buffer has at least one kilobyte.
    network.set(b, Setting::ReceiveBuffer(100)).unwrap();
    assert_eq!(network.send(a, &[7; 3000], None), Ok(1024));
    assert_eq!(network.send(a, &[7; 300], None), Err(WsaError::WOULD_BLOCK));
    assert!(!network.ready(a).writable);
    assert_eq!(receive(&mut network, b, 40).unwrap(), [7; 40]);
    assert!(network.ready(a).writable);
    assert_eq!(network.send(a, &[8; 300], None), Ok(40));
}

#[test]
fn shut_down_sockets_are_ready() {
    let mut network = LocalNetwork::isolated();
    for (own_end, answer) in [(true, WsaError::SHUT_DOWN), (false, WsaError::CONNECTION_RESET)] {
        let (a, b) = pair(&mut network);
        assert_eq!(network.send(a, &[7; RECEIVE_BUFFER], None), Ok(RECEIVE_BUFFER));
        assert!(!network.ready(a).writable);
        let shut_down =
            if own_end { network.shutdown(a, Shutdown::Write) } else { network.shutdown(b, Shutdown::Read) };
        shut_down.unwrap();
        assert_eq!((network.send(a, b"x", None), network.ready(a).writable), (Err(answer), true));
    }
    let messages = network.open(SocketKind::Datagram).unwrap();
    network.bind(messages, at(1000)).unwrap();
    assert!(!network.ready(messages).readable);
    network.shutdown(messages, Shutdown::Read).unwrap();
    assert_eq!(receive(&mut network, messages, 9), Err(WsaError::SHUT_DOWN));
    assert!(network.ready(messages).readable);
}

#[test]
fn datagrams_keep_boundaries_and_senders_and_drop_when_full() {
    let mut network = LocalNetwork::isolated();
    let a = network.open(SocketKind::Datagram).unwrap();
    let b = network.open(SocketKind::Datagram).unwrap();
    assert_eq!(receive(&mut network, b, 9), Err(WsaError::INVALID), "no address");
    network.bind(b, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 1000)).unwrap();
    assert_eq!(network.send(a, b"message", Some(at(1000))), Ok(7));
    assert_eq!(network.send(a, b"", Some(at(1000))), Ok(0));
    assert_eq!(network.send(a, b"nobody", Some(at(1001))), Ok(6));
    let mut room = [0; 4];
    let received = network.receive(b, &mut room).unwrap();
    assert_eq!((received.length, received.is_cut, &room), (4, true, b"mess"));
    assert_eq!(received.from, Some(at(network.local(a).unwrap().port())));
    assert_eq!(receive(&mut network, b, 9).unwrap(), b"");
    assert_eq!(receive(&mut network, b, 9), Err(WsaError::WOULD_BLOCK));
    assert_eq!(network.send(a, &vec![0; MAX_DATAGRAM + 1], Some(at(1000))), Err(WsaError::MESSAGE_SIZE));
    for _ in 0..3 * MAX_MESSAGES {
        assert_eq!(network.send(a, b"x", Some(at(1000))), Ok(1));
    }
    assert_eq!(network.queued, MAX_MESSAGES);
    assert_eq!(network.send(a, b"x", None), Err(WsaError::NOT_CONNECTED));
    network.connect(b, at(2000)).unwrap();
    network.close(b);
    assert_eq!(network.queued, 0);
}

#[test]
fn broadcast_requires_the_broadcast_option() {
    let mut network = LocalNetwork::isolated();
    let all = SocketAddrV4::new(Ipv4Addr::BROADCAST, 1000);
    let sockets: Vec<_> = (0..3).map(|_| network.open(SocketKind::Datagram).unwrap()).collect();
    for &socket in &sockets[..2] {
        network.set(socket, Setting::ReuseAddress(true)).unwrap();
        network.bind(socket, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 1000)).unwrap();
    }
    assert_eq!(network.send(sockets[2], b"all", Some(all)), Err(WsaError::ACCESS_DENIED));
    network.set(sockets[2], Setting::Broadcast(true)).unwrap();
    assert_eq!(network.send(sockets[2], b"all", Some(all)), Ok(3));
    for &socket in &sockets[..2] {
        assert_eq!(receive(&mut network, socket, 9).unwrap(), b"all");
    }
}

#[test]
fn local_network_rejects_outside_addresses() {
    let outside = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 80);
    for (mut network, here) in [
        (LocalNetwork::isolated(), Err(WsaError::CONNECTION_REFUSED)),
        (LocalNetwork::without_cable(), Err(WsaError::NETWORK_UNREACHABLE)),
    ] {
        let stream = network.open(SocketKind::Stream).unwrap();
        let messages = network.open(SocketKind::Datagram).unwrap();
        network.set(messages, Setting::Broadcast(true)).unwrap();
        assert_eq!(network.connect(stream, outside), Err(WsaError::NETWORK_UNREACHABLE));
        assert_eq!(network.send(messages, b"x", Some(outside)), Err(WsaError::NETWORK_UNREACHABLE));
        assert_eq!(network.bind(stream, outside), Err(WsaError::ADDRESS_NOT_AVAILABLE));
        assert_eq!(network.connect(stream, at(80)), here);
        assert_eq!(network.look_up("example.org"), Err(WsaError::HOST_NOT_FOUND));
        assert_eq!(network.look_up("LocalHost").is_ok(), network.has_link());
    }
}

#[test]
fn ports_have_one_owner_and_connections_wait_for_room() {
    let mut network = LocalNetwork::isolated();
    let listener = network.open(SocketKind::Stream).unwrap();
    assert_eq!(network.listen(listener, 1), Err(WsaError::INVALID), "no address");
    network.bind(listener, at(1000)).unwrap();
    assert_eq!(network.bind(listener, at(1001)), Err(WsaError::INVALID));
    network.listen(listener, 2).unwrap();
    let other = network.open(SocketKind::Stream).unwrap();
    assert_eq!(network.bind(other, at(1000)), Err(WsaError::ADDRESS_IN_USE));
    assert_eq!(network.accept(listener), Err(WsaError::WOULD_BLOCK));
    let clients: Vec<_> = (0..3).map(|_| network.open(SocketKind::Stream).unwrap()).collect();
    assert_eq!(network.connect(clients[0], at(1000)), Ok(()));
    assert_eq!(network.connect(clients[1], at(1000)), Ok(()));
    assert_eq!(network.connect(clients[2], at(1000)), Err(WsaError::CONNECTION_REFUSED));
    assert_eq!(network.connect(clients[1], at(1000)), Err(WsaError::IS_CONNECTED));
    // Closing a listener closes the connections in its backlog.
    network.send(clients[0], b"lost", None).unwrap();
    network.close(listener);
    assert_eq!(receive(&mut network, clients[0], 9), Err(WsaError::CONNECTION_RESET));
    assert_eq!((network.queued, network.sockets.len()), (0, 4));
}

#[test]
fn queued_socket_bytes_are_limited() {
    let mut network = LocalNetwork::isolated();
    let limits = Arc::new(ResourceLimits::default());
    network.begin(limits.clone());
    let mut pairs = Vec::new();
    let mut sent = 0;
    loop {
        let (a, b) = pair(&mut network);
        network.set(b, Setting::ReceiveBuffer(u32::MAX)).unwrap();
        let done = network.send(a, &vec![1; MAX_RECEIVE_BUFFER + 1], None);
        pairs.push((a, b));
        match done {
            Ok(count) => sent += count as u64,
            Err(error) => {
                assert_eq!(error, WsaError::WOULD_BLOCK);
                break;
            }
        }
    }
    assert_eq!(sent, Limit::SocketBytes.row().value);
    assert_eq!(limits.hits().get("socket_bytes"), Some(&1));
    // A socket is writable only if a send would make progress.
    let (last, other) = pair(&mut network);
    pairs.push((last, other));
    assert!(!network.ready(last).writable);
    assert_eq!(receive(&mut network, pairs[0].1, 1).map(|bytes| bytes.len()), Ok(1));
    assert!(network.ready(last).writable);
    assert_eq!(network.send(last, b"xy", None), Ok(1));
    for (a, b) in pairs {
        network.close(a);
        network.close(b);
    }
    assert_eq!((network.queued, network.sockets.len()), (0, 0));
}
