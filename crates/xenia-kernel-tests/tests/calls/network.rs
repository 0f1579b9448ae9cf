//! Tests of sockets: transfers, waits and errors.

mod events;
mod http;
mod overlapped;
mod room;
mod waits;
mod xnet;

use super::*;
use xenia_net::LocalNetwork;
use xenia_sched::GuestTicks;

const STREAM: u64 = 1;
const DATAGRAM: u64 = 2;
const FAILED: i32 = -1;
const WOULD_BLOCK: u32 = 10035;
const NOT_SOCKET: u32 = 10038;
/// Offsets in the scratch memory of addresses, their lengths and sets.
const ADDRESS: u32 = 0x100;
const LENGTH: u32 = 0x120;
const SETS: u32 = 0x200;
const TIME: u32 = 0x600;
const DATA: u32 = 0x1000;
const INTO: u32 = 0x4000;

/// Calls of sockets.
trait SocketCalls {
    /// Creates a machine whose title has started Winsock.
    fn online() -> Self;

    fn start_winsock(&mut self);

    fn at(&self, offset: u32) -> u64;

    /// Calls a function and carries out its control flow. `None` means that the thread waits.
    fn begin(&mut self, name: &str, arguments: &[u64]) -> Option<i32>;

    /// Like [`Self::begin`], for calls that must not wait.
    fn net(&mut self, name: &str, arguments: &[u64]) -> i32;

    fn last_error(&mut self) -> u32;

    /// Checks that a call fails with this error.
    fn refused(&mut self, name: &str, arguments: &[u64], error: u32);

    /// Stores an address; returns where it is, and its length.
    fn put_address(&self, ip: u32, port: u16) -> [u64; 2];

    /// Reserves room for an address.
    fn room_for_address(&self) -> [u64; 2];

    fn stored_address(&self) -> (u32, u16);

    fn socket(&mut self, kind: u64) -> u64;

    /// Creates a socket bound to this port.
    fn bound(&mut self, kind: u64, port: u16) -> u64;

    fn listener(&mut self, port: u16) -> u64;

    /// Creates the two ends of a connection.
    fn pair(&mut self) -> (u64, u64);

    fn send(&mut self, socket: u64, text: &str);

    fn received(&self, length: i32) -> Vec<u8>;

    fn set_non_blocking(&mut self, socket: u64);

    /// Stores a set; returns its address.
    fn put_set(&self, index: u32, sockets: &[u64]) -> u64;

    fn stored_set(&self, index: u32) -> Vec<u64>;

    /// Advances guest time; waits whose deadline has passed end.
    fn pass_until(&mut self, now: GuestTicks);

    fn put_time(&self, seconds: i32, microseconds: i32) -> u64;
}

impl SocketCalls for Harness {
    fn online() -> Self {
        let mut b = Self::new();
        b.start_winsock();
        b
    }

    fn start_winsock(&mut self) {
        let data = self.at(0x800);
        assert_eq!(self.xam_call("NetDll_WSAStartup", &[1, 0x0202, data]), 0);
    }

    fn at(&self, offset: u32) -> u64 {
        u64::from(self.scratch.offset(offset).0)
    }

    fn begin(&mut self, name: &str, arguments: &[u64]) -> Option<i32> {
        let flow = self.call(Library::xam, name, arguments);
        let kernel = self.kernel.clone();
        let disposition = self.act(self.thread, |cpu, running| {
            let mut call = Call::new(&kernel, cpu, running);
            kernel.apply(&mut call, flow)
        });
        assert!(!matches!(disposition, Disposition::End(_)), "{name}: {disposition:?}");
        self.answer(self.thread).map(|value| value as i32)
    }

    fn net(&mut self, name: &str, arguments: &[u64]) -> i32 {
        self.begin(name, arguments).unwrap_or_else(|| panic!("{name} waits"))
    }

    fn last_error(&mut self) -> u32 {
        self.xam_call("NetDll_WSAGetLastError", &[]) as u32
    }

    fn refused(&mut self, name: &str, arguments: &[u64], error: u32) {
        assert_eq!(self.net(name, arguments), FAILED, "{name} {arguments:x?}");
        assert_eq!(self.last_error(), error, "{name} {arguments:x?}");
    }

    fn put_address(&self, ip: u32, port: u16) -> [u64; 2] {
        self.memory().write(self.scratch.offset(ADDRESS), 2_u16).unwrap();
        self.memory().write(self.scratch.offset(ADDRESS + 2), port).unwrap();
        self.memory().write(self.scratch.offset(ADDRESS + 4), ip).unwrap();
        [self.at(ADDRESS), 16]
    }

    fn room_for_address(&self) -> [u64; 2] {
        self.memory().fill(self.scratch.offset(ADDRESS), 16, 0).unwrap();
        self.memory().write(self.scratch.offset(LENGTH), 16_u32).unwrap();
        [self.at(ADDRESS), self.at(LENGTH)]
    }

    fn stored_address(&self) -> (u32, u16) {
        let port = self.memory().read(self.scratch.offset(ADDRESS + 2)).unwrap();
        (self.word(ADDRESS + 4), port)
    }

    fn socket(&mut self, kind: u64) -> u64 {
        let socket = self.net("NetDll_socket", &[1, 2, kind, 0]);
        assert!(socket > 0);
        socket as u64
    }

    fn bound(&mut self, kind: u64, port: u16) -> u64 {
        let socket = self.socket(kind);
        let [at, length] = self.put_address(0, port);
        assert_eq!(self.net("NetDll_bind", &[1, socket, at, length]), 0);
        socket
    }

    fn listener(&mut self, port: u16) -> u64 {
        let socket = self.bound(STREAM, port);
        assert_eq!(self.net("NetDll_listen", &[1, socket, 4]), 0);
        socket
    }

    fn pair(&mut self) -> (u64, u64) {
        let listener = self.listener(4000);
        let client = self.socket(STREAM);
        let [at, length] = self.put_address(0x7F00_0001, 4000);
        assert_eq!(self.net("NetDll_connect", &[1, client, at, length]), 0);
        let server = self.net("NetDll_accept", &[1, listener, 0, 0]) as u64;
        assert_eq!(self.net("NetDll_closesocket", &[1, listener]), 0);
        (client, server)
    }

    fn send(&mut self, socket: u64, text: &str) {
        let at = self.put_text(DATA, text);
        assert_eq!(self.net("NetDll_send", &[1, socket, at, text.len() as u64, 0]), text.len() as i32);
    }

    fn received(&self, length: i32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        self.memory().read_bytes(self.scratch.offset(INTO), &mut bytes).unwrap();
        bytes
    }

    fn set_non_blocking(&mut self, socket: u64) {
        self.memory().write(self.scratch.offset(TIME), 1_u32).unwrap();
        let at = self.at(TIME);
        assert_eq!(self.net("NetDll_ioctlsocket", &[1, socket, 0x8004_667E, at]), 0);
    }

    fn put_set(&self, index: u32, sockets: &[u64]) -> u64 {
        let at = SETS + 0x110 * index;
        self.memory().write(self.scratch.offset(at), sockets.len() as u32).unwrap();
        for (socket, place) in sockets.iter().zip(1..) {
            self.memory().write(self.scratch.offset(at + 4 * place), *socket as u32).unwrap();
        }
        self.at(at)
    }

    fn stored_set(&self, index: u32) -> Vec<u64> {
        let at = SETS + 0x110 * index;
        (1..=self.word(at)).map(|place| u64::from(self.word(at + 4 * place))).collect()
    }

    fn pass_until(&mut self, now: GuestTicks) {
        self.scheduler.set_now(now);
        let mut system = KernelSystem::new(self.kernel.clone());
        while let Some(thread) = self.scheduler.pop_expired(now) {
            self.scheduler.time_out(&mut system, thread);
        }
    }

    fn put_time(&self, seconds: i32, microseconds: i32) -> u64 {
        self.memory().write(self.scratch.offset(TIME), seconds).unwrap();
        self.memory().write(self.scratch.offset(TIME + 4), microseconds).unwrap();
        self.at(TIME)
    }
}

#[test]
fn winsock_is_begun_before_it_is_used_and_its_end_closes_all() {
    let mut b = Harness::new();
    b.refused("NetDll_socket", &[1, 2, STREAM, 6], 10093);
    b.refused("NetDll_WSACleanup", &[1], 10093);
    let data = b.at(0x800);
    b.memory().write(b.scratch.offset(0x800 + 0x18C), 77_u32).unwrap();
    assert_eq!(b.xam_call("NetDll_WSAStartup", &[1, 0x0202, 0]), 10014);
    assert_eq!(b.xam_call("NetDll_WSAStartup", &[1, 0x0200, data]), 10092);
    assert_eq!(b.xam_call("NetDll_WSAStartup", &[1, 0x0001, data]), 0);
    assert_eq!(b.word(0x800), 0x0001_0202);
    assert_eq!(b.xam_call("NetDll_WSAStartupEx", &[1, 0x0202, data, 0]), 0);
    assert_eq!((b.word(0x800), b.word(0x800 + 0x18C)), (0x0202_0202, 77));
    let socket = b.socket(STREAM);
    assert_eq!(b.net("NetDll_WSACleanup", &[1]), 0);
    assert_eq!(b.net("NetDll_listen", &[1, socket, 1]), FAILED);
    assert_eq!(b.net("NetDll_WSACleanup", &[1]), 0);
    b.start_winsock();
    b.refused("NetDll_closesocket", &[1, socket], NOT_SOCKET);
}

#[test]
fn sockets_have_three_protocols_and_a_limited_number() {
    let mut b = Harness::online();
    for (arguments, error) in [
        ([1, 23, STREAM, 6], 10047),
        ([1, 2, 3, 0], 10044),
        ([1, 2, STREAM, 17], 10043),
        ([1, 2, DATAGRAM, 6], 10043),
    ] {
        b.refused("NetDll_socket", &arguments, error);
    }
    for (kind, protocol) in [(STREAM, 6), (DATAGRAM, 17), (DATAGRAM, 254)] {
        let socket = b.net("NetDll_socket", &[1, 2, kind, protocol]) as u64;
        assert_eq!(b.net("NetDll_closesocket", &[1, socket]), 0);
        b.refused("NetDll_closesocket", &[1, socket], NOT_SOCKET);
    }
    let count = (0..1000).take_while(|_| b.net("NetDll_socket", &[1, 2, DATAGRAM, 17]) != FAILED).count();
    assert_eq!((count, b.last_error()), (128, 10024));
    b.xam_call("NetDll_WSASetLastError", &[5]);
    assert_eq!(b.last_error(), 5);
}

#[test]
fn sent_data_arrives_and_wakes_the_receiver() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let [at, length] = b.room_for_address();
    assert_eq!(b.net("NetDll_getpeername", &[1, client, at, length]), 0);
    assert_eq!(b.stored_address(), (0x7F00_0001, 4000));
    assert_eq!(b.net("NetDll_getsockname", &[1, client, at, length]), 0);
    let own = b.stored_address();
    assert_eq!(b.net("NetDll_getpeername", &[1, server, at, length]), 0);
    assert_eq!(b.stored_address(), own);
    b.send(client, "hello");
    let into = b.at(INTO);
    assert_eq!(b.net("NetDll_recv", &[1, server, into, 3, 2]), 3, "looked at");
    let got = b.net("NetDll_recv", &[1, server, into, 100, 0]);
    assert_eq!(b.received(got), b"hello");
    // No data is available: the thread waits until another one sends.
    let second = b.add_thread();
    assert_eq!(b.begin("NetDll_recv", &[1, server, into, 100, 0]), None);
    let first = b.act_as(second);
    b.send(client, "later");
    b.act_as(first);
    assert_eq!(b.answer(first), Some(5));
    assert_eq!(b.received(5), b"later");
    // The end of one direction is reported as an empty receive.
    assert_eq!(b.begin("NetDll_recv", &[1, server, into, 100, 0]), None);
    b.act_as(second);
    assert_eq!(b.net("NetDll_shutdown", &[1, client, 1]), 0);
    b.refused("NetDll_send", &[1, client, into, 1, 0], 10058);
    assert_eq!(b.answer(first), Some(0));
}

#[test]
fn datagrams_have_a_sender_and_are_truncated_with_an_error() {
    let mut b = Harness::online();
    let a = b.bound(DATAGRAM, 6000);
    let c = b.bound(DATAGRAM, 6001);
    let into = b.at(INTO);
    let [from, length] = b.room_for_address();
    assert_eq!(b.begin("NetDll_recvfrom", &[1, c, into, 100, 0, from, length]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    let text = b.put_text(DATA, "message");
    let [to, size] = b.put_address(0x7F00_0001, 6001);
    assert_eq!(b.net("NetDll_sendto", &[1, a, text, 7, 0, to, size]), 7);
    assert_eq!((b.answer(first), b.stored_address()), (Some(7), (0x7F00_0001, 6000)));
    assert_eq!(b.received(7), b"message");
    let [to, size] = b.put_address(0x7F00_0001, 6001);
    assert_eq!(b.net("NetDll_sendto", &[1, a, text, 7, 0, to, size]), 7);
    b.refused("NetDll_recv", &[1, c, into, 4, 0], 10040);
    let [to, size] = b.put_address(0xC000_0201, 6001);
    b.refused("NetDll_sendto", &[1, a, text, 7, 0, to, size], 10051);
    let [to, size] = b.put_address(0xFFFF_FFFF, 6001);
    b.refused("NetDll_sendto", &[1, a, text, 7, 0, to, size], 10013);
    b.refused("NetDll_send", &[1, a, text, 7, 0], 10057);
    b.refused("NetDll_sendto", &[1, a, text, 0x1_0000, 0, to, size], 10040);
    b.refused("NetDll_sendto", &[1, a, 8, 7, 0, to, size], 10014);
    b.refused("NetDll_recv", &[1, c, into, 4, 1], 10045);
    b.refused("NetDll_listen", &[1, c, 4], 10045);
}

#[test]
fn options_are_kept_and_others_refused() {
    let mut b = Harness::online();
    let stream = b.socket(STREAM);
    let datagram = b.socket(DATAGRAM);
    let value = b.at(INTO);
    let length = b.at(LENGTH);
    let get = |b: &mut Harness, socket, level, option| {
        b.memory().write(b.scratch.offset(LENGTH), 4_u32).unwrap();
        b.net("NetDll_getsockopt", &[1, socket, level, option, value, length])
    };
    for (level, option, word) in
        [(0xFFFF, 4, 1), (0xFFFF, 8, 1), (0xFFFF, 0x1001, 9000), (6, 1, 1), (0xFFFF, 0x5801, 1)]
    {
        b.memory().write(b.scratch.offset(INTO), word).unwrap();
        assert_eq!(b.net("NetDll_setsockopt", &[1, stream, level, option, value, 4]), 0);
        b.memory().write(b.scratch.offset(INTO), 99_u32).unwrap();
        assert_eq!(get(&mut b, stream, level, option), 0);
        assert_eq!(b.word(INTO), word, "{option:#x}");
    }
    b.memory().write(b.scratch.offset(INTO), 0x0001_0005_u32).unwrap();
    assert_eq!(b.net("NetDll_setsockopt", &[1, stream, 0xFFFF, 0x80, value, 4]), 0);
    assert_eq!(get(&mut b, stream, 0xFFFF, 0x80), 0);
    assert_eq!(b.word(INTO), 0x0001_0005);
    assert_eq!(get(&mut b, datagram, 0xFFFF, 0x1008), 0);
    assert_eq!(b.word(INTO), 2);
    assert_eq!(get(&mut b, stream, 0xFFFF, 0x7777), FAILED);
    b.refused("NetDll_setsockopt", &[1, datagram, 6, 1, value, 4], 10042);
    b.refused("NetDll_setsockopt", &[1, stream, 0xFFFF, 0x20, value, 4], 10042);
    b.refused("NetDll_setsockopt", &[1, stream, 0xFFFF, 4, value, 0], 10014);
    b.refused("NetDll_setsockopt", &[1, stream, 0xFFFF, 4, 0, 4], 10014);
    b.refused("NetDll_getsockopt", &[1, stream, 0xFFFF, 4, value, 0], 10014);
}

#[test]
fn an_address_is_read_from_text() {
    let mut b = Harness::new();
    for (text, value) in [("127.0.0.1", 0x7F00_0001), ("", 0), ("no address", 0xFFFF_FFFF)] {
        let at = b.put_text(DATA, text);
        assert_eq!(b.xam_call("NetDll_inet_addr", &[at]), value, "{text}");
    }
    assert_eq!(b.xam_call("NetDll_inet_addr", &[0]), 0xFFFF_FFFF);
}

#[test]
fn sockets_without_a_cable_report_network_unreachable() {
    let mut b = Harness::with_network(Box::new(LocalNetwork::without_cable()));
    b.start_winsock();
    let listener = b.listener(7000);
    let client = b.socket(STREAM);
    let [to, size] = b.put_address(0x7F00_0001, 7000);
    b.refused("NetDll_connect", &[1, client, to, size], 10051);
    b.set_non_blocking(client);
    b.refused("NetDll_connect", &[1, client, to, size], 10051);
    b.set_non_blocking(listener);
    b.refused("NetDll_accept", &[1, listener, 0, 0], WOULD_BLOCK);
    let own = b.at(INTO);
    assert_eq!(b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]), 1);
    assert_eq!(b.word(INTO), 0);
    assert_eq!(b.xam_call("NetDll_XNetGetEthernetLinkStatus", &[1]), 0);
}
