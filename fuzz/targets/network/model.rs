//! Calls that an input makes, and the conditions that must hold after each.

use super::machine::{ASKER, DATA, NetworkHarness, SLOTS, THREADS};
use std::collections::BTreeMap;

/// Limit on open sockets, not counting accepted ones.
const MAX_SOCKETS: usize = 12;
/// Ports that sockets are bound to; 0 is any port.
const PORTS: [u16; 4] = [0, 1000, 1001, 1002];
/// Ticks of guest time per millisecond.
pub(super) const MILLISECOND: u64 = 49_875;
/// Steps by which an input advances guest time.
const TIMES: [u64; 4] = [1, MILLISECOND, 5 * MILLISECOND, 100 * MILLISECOND];
pub(super) const LOOPBACK: u32 = 0x7F00_0001;
pub(super) const WOULD_BLOCK: i32 = 10_035;
/// Event bits of `WSAEventSelect`.
pub(super) const READ: u32 = 1;
pub(super) const ACCEPT: u32 = 8;
/// Offset of a value or a time in a thread's area.
pub(super) const VALUE: u32 = 0x80;

pub(super) struct Socket {
    pub(super) name: u32,
    pub(super) is_stream: bool,
    pub(super) port: u16,
    pub(super) listens: bool,
    pub(super) waits: bool,
    /// The socket's connection, and its side of it.
    pub(super) end: Option<(usize, usize)>,
    /// Number of the last message that it received.
    pub(super) message: u32,
    /// Timeouts of receiving and sending, in milliseconds.
    pub(super) timeouts: [u32; 2],
    /// An event's index, the selected event bits, and the recorded ones.
    pub(super) watch: Option<(usize, u32, u32)>,
}

/// The bytes of one send.
pub(super) struct Piece {
    pub(super) number: u32,
    /// Number of bytes sent; while the send is pending, the requested number.
    pub(super) end: u32,
}

/// Data sent by one side of a connection.
#[derive(Default)]
pub(super) struct Direction {
    pub(super) pieces: Vec<Piece>,
    /// The next byte to be received: a piece, and the index in it.
    pub(super) at: (usize, u32),
    /// Whether the number of transferred bytes is unknown, because a request was cancelled.
    pub(super) is_unknown: bool,
}

pub(super) struct Connection {
    /// The listening socket; 0 if it was closed.
    pub(super) listener: u32,
    pub(super) is_accepted: bool,
    pub(super) directions: [Direction; 2],
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Who {
    Thread(usize),
    Overlapped(usize),
}

pub(super) enum What {
    Accept,
    Receive { at: u64, length: u32, flags: u32 },
    Send { piece: Option<(usize, usize, usize)>, length: u32 },
    Select([Vec<u32>; 3]),
    Finish(usize),
}

pub(super) struct Request {
    pub(super) who: Who,
    pub(super) socket: u32,
    pub(super) what: What,
    pub(super) deadline: Option<u64>,
}

/// Model of the sockets, which checks the kernel's results.
pub(super) struct Model<'a> {
    pub(super) machine: &'a mut NetworkHarness,
    pub(super) input: std::slice::Iter<'a, u8>,
    pub(super) sockets: Vec<Socket>,
    pub(super) connections: Vec<Connection>,
    /// Pending requests, in the order in which they were made.
    pub(super) requests: Vec<Request>,
    /// Lengths of messages, by number.
    pub(super) messages: BTreeMap<u32, u32>,
    /// The last number given to a piece or a message.
    pub(super) last_number: u32,
}

/// Byte `index` of the data sent with a number.
pub(super) fn byte_of(number: u32, index: u32) -> u8 {
    (number.wrapping_mul(0x9E37_79B1) >> 24) as u8 ^ (index.wrapping_mul(13) ^ index >> 8) as u8
}

impl Direction {
    /// Checks received or peeked bytes; `stay` for peeked ones.
    pub(super) fn take(&mut self, bytes: &[u8], stay: bool) {
        let (mut piece, mut index) = self.at;
        for &byte in bytes.iter().filter(|_| !self.is_unknown) {
            while self.pieces.get(piece).is_some_and(|piece| index == piece.end) {
                piece += 1;
                index = 0;
            }
            let sent = self.pieces.get(piece).expect("no more is received than was sent");
            assert_eq!(byte, byte_of(sent.number, index), "byte {index} of a piece is another");
            index += 1;
        }
        if !stay {
            self.at = (piece, index);
        }
    }
}

impl<'a> Model<'a> {
    pub(super) fn new(machine: &'a mut NetworkHarness, input: &'a [u8]) -> Self {
        let data = machine.at(ASKER, DATA);
        assert_eq!(machine.ask("NetDll_WSAStartup", &[1, 0x0202, data]), 0);
        Self {
            machine,
            input: input.iter(),
            sockets: Vec::new(),
            connections: Vec::new(),
            requests: Vec::new(),
            messages: BTreeMap::new(),
            last_number: 0,
        }
    }

    pub(super) fn pick(&mut self, count: usize) -> usize {
        usize::from(self.input.next().copied().unwrap_or_default()) % count
    }

    pub(super) fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.pick(values.len())]
    }

    /// Picks a socket's index.
    pub(super) fn socket(&mut self) -> Option<usize> {
        let count = self.sockets.len();
        (count > 0).then(|| self.pick(count))
    }

    /// Picks a thread that does not wait.
    pub(super) fn thread(&mut self) -> Option<usize> {
        let thread = self.pick(THREADS);
        self.requests.iter().all(|request| request.who != Who::Thread(thread)).then_some(thread)
    }

    /// Picks an unused overlapped structure.
    pub(super) fn slot(&mut self) -> Option<usize> {
        let slot = self.pick(SLOTS);
        let needs = |request: &Request| {
            request.who == Who::Overlapped(slot) || matches!(request.what, What::Finish(of) if of == slot)
        };
        (!self.requests.iter().any(needs)).then_some(slot)
    }

    /// Makes one call, and checks the conditions after it; `false` at the end of the input.
    pub(super) fn step(&mut self) -> bool {
        let Some(&choice) = self.input.next() else { return false };
        match choice % 20 {
            0 => self.open(),
            1 => self.bind(),
            2 => self.listen(),
            3 => self.connect(),
            4 => self.accept(),
            5 | 6 => self.send(),
            7 | 8 => self.receive(),
            9 => self.shut_down(),
            10 => self.close(),
            11 => self.set(),
            12 => self.select(),
            13 => {
                let end = self.machine.now() + self.of(&TIMES);
                self.machine.pass_until(end);
                None
            }
            14 => self.send_overlapped(),
            15 => self.receive_overlapped(),
            16 => self.cancel(),
            17 => self.finish_overlapped(),
            18 => self.watch(),
            _ if choice > 250 => self.clean_up(),
            _ => self.pair(),
        };
        self.check(choice > 127);
        true
    }

    /// Checks that no request or socket is left.
    pub(super) fn end(&mut self) {
        self.clean_up();
        self.check(false);
        assert!(self.requests.is_empty(), "somebody waits for a socket, and there is none");
        assert_eq!(self.machine.ask("NetDll_WSACleanup", &[1]), 0);
        assert_eq!(self.machine.sockets(), 0, "sockets are left");
    }

    /// Cleans up Winsock, and starts it again.
    pub(super) fn clean_up(&mut self) -> Option<()> {
        assert_eq!(self.machine.ask("NetDll_WSACleanup", &[1]), 0);
        self.sockets.clear();
        self.connections.iter_mut().for_each(|connection| connection.listener = 0);
        let data = self.machine.at(ASKER, DATA);
        (self.machine.ask("NetDll_WSAStartup", &[1, 0x0202, data]) == 0).then_some(())
    }

    pub(super) fn add(&mut self, name: u32, is_stream: bool) -> &mut Socket {
        self.sockets.push(Socket {
            name,
            is_stream,
            port: 0,
            listens: false,
            waits: true,
            end: None,
            message: 0,
            timeouts: [0; 2],
            watch: None,
        });
        self.sockets.last_mut().expect("it was added")
    }

    fn open(&mut self) -> Option<()> {
        let kind = 1 + self.pick(2) as u64;
        (self.sockets.len() < MAX_SOCKETS).then(|| {
            let name = self.machine.ask("NetDll_socket", &[1, 2, kind, 0]);
            assert!(name > 0, "there is room for a socket");
            self.add(name as u32, kind == 1);
        })
    }

    /// Writes an address into a thread's area.
    pub(super) fn put_address(&self, thread: usize, ip: u32, port: u16) -> u64 {
        let at = self.machine.at(thread, 0);
        self.machine.write_words(at, &[0x0002_0000 | u32::from(port), ip, 0, 0]);
        at
    }

    /// The port of one of a socket's addresses.
    pub(super) fn port_of(&mut self, name: u32, call: &str) -> Option<u16> {
        let at = self.machine.at(ASKER, 0);
        self.machine.write_words(at + 0x20, &[16]);
        (self.machine.ask(call, &[1, name.into(), at, at + 0x20]) == 0).then(|| self.machine.word(at) as u16)
    }

    fn bind_to(&mut self, index: usize, ip: u32, port: u16) {
        let name = self.sockets[index].name;
        let at = self.put_address(ASKER, ip, port);
        if self.machine.ask("NetDll_bind", &[1, name.into(), at, 16]) == 0 {
            self.sockets[index].port = self.port_of(name, "NetDll_getsockname").expect("it is bound");
        }
    }

    fn bind(&mut self) -> Option<()> {
        let index = self.socket()?;
        let port = self.of(&PORTS);
        let ip = self.of(&[0, LOOPBACK]);
        self.bind_to(index, ip, port);
        Some(())
    }

    fn listen_with(&mut self, index: usize, backlog: u64) {
        let name = self.sockets[index].name;
        self.sockets[index].listens |= self.machine.ask("NetDll_listen", &[1, name.into(), backlog]) == 0;
    }

    fn listen(&mut self) -> Option<()> {
        let index = self.socket()?;
        let backlog = self.pick(4);
        self.listen_with(index, backlog as u64);
        Some(())
    }

    /// Connects a socket; on this network a connection takes no time.
    fn connect_to(&mut self, index: usize, port: u16) {
        let Socket { name, is_stream, end, .. } = self.sockets[index];
        let at = self.put_address(ASKER, LOOPBACK, port);
        let connected = self.machine.ask("NetDll_connect", &[1, name.into(), at, 16]);
        let is_made = connected == 0
            || self.machine.last_error(ASKER) == WOULD_BLOCK
                && self.port_of(name, "NetDll_getpeername").is_some();
        if is_stream && is_made && end.is_none() {
            let listener = self.sockets.iter().find(|socket| socket.listens && socket.port == port);
            let listener = listener.expect("somebody listens").name;
            self.sockets[index].end = Some((self.connections.len(), 0));
            let directions = [Direction::default(), Direction::default()];
            self.connections.push(Connection { listener, is_accepted: false, directions });
        }
    }

    fn connect(&mut self) -> Option<()> {
        let index = self.socket()?;
        let other = self.socket()?;
        let port = self.sockets[other].port;
        self.connect_to(index, port);
        Some(())
    }

    fn accept_with(&mut self, thread: usize, index: usize) {
        let Socket { name, listens, waits, .. } = self.sockets[index];
        let ready = (!waits && listens).then(|| self.is_ready(0, name));
        if let Some((_, _, reported)) = &mut self.sockets[index].watch {
            *reported &= !ACCEPT;
        }
        let at = self.machine.at(thread, 0);
        self.machine.write_words(at + 0x20, &[16]);
        let request = Request { who: Who::Thread(thread), socket: name, what: What::Accept, deadline: None };
        self.begin(request, "NetDll_accept", &[1, name.into(), at, at + 0x20], ready);
    }

    fn accept(&mut self) -> Option<()> {
        let thread = self.thread()?;
        let index = self.socket()?;
        self.accept_with(thread, index);
        Some(())
    }

    /// Creates both ends of a connection.
    fn pair(&mut self) -> Option<()> {
        if self.sockets.len() + 3 > MAX_SOCKETS {
            return None;
        }
        for _ in 0..2 {
            let name = self.machine.ask("NetDll_socket", &[1, 2, 1, 0]) as u32;
            self.add(name, true);
        }
        let [.., listener, client] = &self.sockets[..] else { return None };
        let listener = listener.name;
        let client = client.name;
        let index = self.sockets.len() - 2;
        self.bind_to(index, 0, 0);
        self.listen_with(index, 1);
        let port = self.sockets[index].port;
        self.connect_to(index + 1, port);
        self.accept_with(ASKER, index);
        assert_eq!(self.sockets.len(), index + 3, "{client} is accepted by {listener}");
        self.close_it(index);
        Some(())
    }

    fn close_it(&mut self, index: usize) {
        let name = self.sockets.remove(index).name;
        assert_eq!(self.machine.ask("NetDll_closesocket", &[1, name.into()]), 0);
        for connection in self.connections.iter_mut().filter(|connection| connection.listener == name) {
            connection.listener = 0;
        }
    }

    fn close(&mut self) -> Option<()> {
        let index = self.socket()?;
        self.close_it(index);
        Some(())
    }

    fn shut_down(&mut self) -> Option<()> {
        let index = self.socket()?;
        let how = self.pick(3);
        let name = self.sockets[index].name;
        self.machine.ask("NetDll_shutdown", &[1, name.into(), how as u64]);
        Some(())
    }

    /// Changes an option, or whether calls block.
    fn set(&mut self) -> Option<()> {
        let index = self.socket()?;
        let option = self.pick(6);
        let value = match option {
            0 => self.of(&[1, 1024, 4096, 0x4_0000]),
            1 | 2 => self.of(&[0, 1, 5]),
            _ => self.of(&[0, 1]),
        };
        let Socket { name, is_stream, .. } = self.sockets[index];
        let at = self.machine.at(ASKER, VALUE);
        self.machine.write_words(at, &[value]);
        if option == 3 {
            if self.machine.ask("NetDll_ioctlsocket", &[1, name.into(), 0x8004_667E, at]) == 0 {
                self.sockets[index].waits = value == 0;
            }
            return Some(());
        }
        // Which of two listeners on one port gets a connection is unspecified.
        let number = [0x1002, 0x1006, 0x1005, 0, 0x20, if is_stream { 0x20 } else { 4 }][option];
        let set = self.machine.ask("NetDll_setsockopt", &[1, name.into(), 0xFFFF, number, at, 4]);
        if set == 0 && matches!(option, 1 | 2) {
            self.sockets[index].timeouts[option - 1] = value;
        }
        Some(())
    }

    fn watch(&mut self) -> Option<()> {
        let index = self.socket()?;
        let event = self.pick(2);
        let wanted = self.of(&[0, READ, READ | ACCEPT, 0x3F]);
        let name = self.sockets[index].name;
        let handle = self.machine.event(event);
        let words = [1, name.into(), handle, u64::from(wanted)];
        assert_eq!(self.machine.ask("NetDll_WSAEventSelect", &words), 0);
        self.sockets[index].watch = (wanted != 0).then_some((event, wanted, 0));
        self.sockets[index].waits = false;
        Some(())
    }
}
