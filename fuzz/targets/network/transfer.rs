//! Calls that send, receive and wait, and their completion.

use super::machine::{ASKER, DATA, THREADS};
use super::model::{
    ACCEPT, Direction, LOOPBACK, MILLISECOND, Model, Piece, READ, Request, Socket, VALUE, WOULD_BLOCK, What,
    Who, byte_of,
};

/// Lengths of stream transfers in bytes.
const LENGTHS: [u32; 8] = [0, 1, 4, 100, 1024, 5000, 20_000, 150_000];
/// Lengths of messages in bytes; the first four bytes are the number.
const MESSAGES: [u32; 4] = [0, 4, 100, 9000];
const FAILED: i32 = -1;
const IO_PENDING: i32 = 997;
const TIMED_OUT: i32 = 10_060;
const PEEK: u32 = 2;
const WAIT_ALL: u32 = 8;
/// Offset of the sets in a thread's area, and their spacing.
const SETS: u32 = 0x100;
const SET: u32 = 0x110;
/// Offsets in an overlapped structure's area: the structure, then a count, flags, and two buffer
/// descriptors.
const COUNT: u64 = 0x40;
const FLAGS: u64 = 0x44;
const PIECES: u64 = 0x50;

impl Model<'_> {
    /// Makes a call. `ready` says whether it can complete; it may fail with "would block" only if
    /// not.
    pub(super) fn begin(&mut self, request: Request, name: &str, arguments: &[u64], ready: Option<bool>) {
        let Who::Thread(thread) = request.who else { unreachable!("threads call") };
        let was_settled = self.machine.is_settled();
        let Some(result) = self.machine.call(thread, name, arguments) else {
            self.requests.push(request);
            return;
        };
        if let Some(ready) = ready.filter(|_| was_settled) {
            let blocks = result == FAILED && self.machine.last_error(thread) == WOULD_BLOCK;
            assert_eq!(blocks, !ready, "{name} and select differ");
        }
        self.finish(request, result, true);
    }

    /// Handles a completed request.
    pub(super) fn finish(&mut self, request: Request, result: i32, at_once: bool) {
        match request.what {
            What::Accept if result > 0 => {
                let mut waiting = self.connections.iter().enumerate();
                let waiting = waiting.find(|(_, it)| it.listener == request.socket && !it.is_accepted);
                let connection = waiting.expect("a connection waits to be accepted").0;
                self.connections[connection].is_accepted = true;
                let listener = self.sockets.iter().find(|socket| socket.name == request.socket);
                let listener = listener.expect("it listens");
                let waits = listener.waits;
                let timeouts = listener.timeouts;
                let watch = listener.watch;
                let socket = self.add(result as u32, true);
                socket.end = Some((connection, 1));
                socket.waits = waits;
                socket.timeouts = timeouts;
                socket.watch = watch.map(|(event, wanted, _)| (event, wanted, 0));
            }
            What::Receive { at, length, flags } => self.received(request.socket, at, length, flags, result),
            What::Send { piece: Some((connection, side, piece)), .. } => {
                // Only refused or timed-out sends are known to have sent no data.
                let is_unknown = result < 0
                    && !at_once
                    && match request.who {
                        Who::Thread(thread) => self.machine.last_error(thread) != TIMED_OUT,
                        Who::Overlapped(_) => true,
                    };
                let direction = &mut self.connections[connection].directions[side];
                direction.is_unknown |= is_unknown;
                if !direction.is_unknown {
                    let sent = result.max(0) as u32;
                    let all = std::mem::replace(&mut direction.pieces[piece].end, sent);
                    let (first, index) = direction.at;
                    assert!(first <= piece || sent == all, "more was received than sent");
                    assert!(first != piece || index <= sent, "more was received than sent");
                }
            }
            What::Send { piece: None, length } => assert!(result < 0 || result as u32 == length),
            _ => {}
        }
    }

    fn received(&mut self, name: u32, at: u64, length: u32, flags: u32, result: i32) {
        let Some(socket) = self.sockets.iter_mut().find(|socket| socket.name == name) else { return };
        let looked = flags & PEEK != 0;
        if result < 0 {
            if let (Some((connection, side)), true) = (socket.end, flags & WAIT_ALL != 0) {
                self.connections[connection].directions[1 - side].is_unknown = true;
            }
            return;
        }
        assert!(result as u32 <= length);
        if let Some((_, _, reported)) = &mut socket.watch {
            *reported &= !READ;
        }
        let bytes = self.machine.read(at, result as usize);
        if socket.is_stream {
            let (connection, side) = socket.end.expect("it is connected");
            let direction = &mut self.connections[connection].directions[1 - side];
            direction.take(&bytes, looked);
            let is_end = bytes.is_empty() && length > 0;
            assert!(!is_end || direction.is_unknown || direction.is_empty(), "an end before the last byte");
        } else if let Some((number, rest)) = bytes.split_first_chunk() {
            let number = u32::from_be_bytes(*number);
            assert_eq!(self.messages.get(&number), Some(&(bytes.len() as u32)), "a message that nobody sent");
            assert!(number > socket.message, "a message twice, or behind a later one");
            assert!(
                (4..).zip(rest).all(|(index, byte)| *byte == byte_of(number, index)),
                "a message arrives as it was sent"
            );
            if !looked {
                socket.message = number;
            }
        }
    }

    /// Fills the buffer of a send: the next piece of a stream, or a message.
    fn fill(&mut self, socket: usize, at: u64, length: u32) -> Option<(usize, usize, usize)> {
        self.last_number += 1;
        let number = self.last_number;
        let mut bytes: Vec<u8> = (0..length).map(|index| byte_of(number, index)).collect();
        let Socket { is_stream, end, .. } = self.sockets[socket];
        let piece = end.map(|(connection, side)| {
            let pieces = &mut self.connections[connection].directions[side].pieces;
            pieces.push(Piece { number, end: length });
            (connection, side, pieces.len() - 1)
        });
        if !is_stream && let Some(place) = bytes.first_chunk_mut() {
            *place = number.to_be_bytes();
            self.messages.insert(number, length);
        }
        self.machine.write(at, &bytes);
        piece
    }

    fn deadline(&self, milliseconds: u32) -> Option<u64> {
        (milliseconds != 0).then(|| self.machine.now() + u64::from(milliseconds) * MILLISECOND)
    }

    pub(super) fn send(&mut self) -> Option<()> {
        let thread = self.thread()?;
        let index = self.socket()?;
        let Socket { name, is_stream, waits, end, timeouts, .. } = self.sockets[index];
        let length = if is_stream { self.of(&LENGTHS) } else { self.of(&MESSAGES) };
        let at = self.machine.at(thread, DATA);
        let ready = (!waits && end.is_some() && length > 0).then(|| self.is_ready(1, name));
        let piece = self.fill(index, at, length);
        let what = What::Send { piece, length };
        let request =
            Request { who: Who::Thread(thread), socket: name, what, deadline: self.deadline(timeouts[1]) };
        let name = u64::from(name);
        let length = u64::from(length);
        if is_stream {
            self.begin(request, "NetDll_send", &[1, name, at, length, 0], ready);
        } else {
            let to = self.pick(self.sockets.len());
            let ip = self.of(&[LOOPBACK, u32::MAX]);
            let port = self.sockets[to].port;
            let to = self.put_address(thread, ip, port);
            self.begin(request, "NetDll_sendto", &[1, name, at, length, 0, to, 16], None);
        }
        Some(())
    }

    pub(super) fn receive(&mut self) -> Option<()> {
        let thread = self.thread()?;
        let index = self.socket()?;
        let length = self.of(&LENGTHS);
        let flags = self.of(&[0, 0, PEEK, WAIT_ALL]);
        let Socket { name, is_stream, waits, end, timeouts, .. } = self.sockets[index];
        let is_reached =
            if is_stream { end.is_some() } else { self.port_of(name, "NetDll_getsockname").is_some() };
        let asks = !waits && is_reached && length > 0 && flags & WAIT_ALL == 0;
        let ready = asks.then(|| self.is_ready(0, name));
        let at = self.machine.at(thread, DATA);
        let from = self.machine.at(thread, 0);
        self.machine.write_words(from + 0x20, &[16]);
        let what = What::Receive { at, length, flags };
        let request =
            Request { who: Who::Thread(thread), socket: name, what, deadline: self.deadline(timeouts[0]) };
        let words = [1, name.into(), at, length.into(), flags.into(), from, from + 0x20];
        self.begin(request, "NetDll_recvfrom", &words, ready);
        Some(())
    }

    /// Writes sets and a timeout in microseconds; returns the arguments of a `select`.
    fn put_sets(&mut self, thread: usize, sets: &[Vec<u32>; 3], time: Option<u32>) -> [u64; 6] {
        let mut words = [1, 0, 0, 0, 0, 0];
        for ((number, set), word) in (0..).zip(sets).zip(&mut words[2..]) {
            if !set.is_empty() {
                *word = self.machine.at(thread, SETS + SET * number);
                self.machine.write_words(*word, &[&[set.len() as u32], &set[..]].concat());
            }
        }
        if let Some(time) = time {
            words[5] = self.machine.at(thread, VALUE);
            self.machine.write_words(words[5], &[0, time]);
        }
        words
    }

    /// The number of ready sockets, or -1.
    fn count_ready(&mut self, sets: &[Vec<u32>; 3]) -> i32 {
        let words = self.put_sets(ASKER, sets, Some(0));
        self.machine.ask("NetDll_select", &words)
    }

    /// Whether a socket is ready for reading (0) or writing (1).
    pub(super) fn is_ready(&mut self, set: usize, name: u32) -> bool {
        let mut sets = [const { Vec::new() }; 3];
        sets[set].push(name);
        let count = self.count_ready(&sets);
        assert!(count >= 0, "there is no socket {name:#x}");
        count == 1
    }

    pub(super) fn select(&mut self) -> Option<()> {
        let thread = self.thread()?;
        let masks = [(); 3].map(|()| self.pick(256) | self.pick(16) << 8);
        let time = self.of(&[None, Some(0), Some(3000)]);
        let sets = masks.map(|mask| {
            let names = self.sockets.iter().enumerate();
            names.filter(|(index, _)| mask >> index & 1 == 1).map(|(_, socket)| socket.name).collect()
        });
        let deadline = time.map(|time| self.machine.now() + u64::from(time / 1000) * MILLISECOND);
        let words = self.put_sets(thread, &sets, time);
        let request = Request { who: Who::Thread(thread), socket: 0, what: What::Select(sets), deadline };
        self.begin(request, "NetDll_select", &words, None);
        Some(())
    }

    /// Makes the overlapped call that `what` names; both kinds have the same arguments.
    fn begin_overlapped(&mut self, slot: usize, socket: u32, what: What, flags: u32, length: u32) {
        let at = self.machine.at(THREADS + 1 + slot, 0);
        let data = self.machine.at(THREADS + 1 + slot, DATA) as u32;
        self.machine.write_words(at, &[0; 5]);
        self.machine.write_words(at + FLAGS, &[flags]);
        self.machine.write_words(at + PIECES, &[length / 3, data, length - length / 3, data + length / 3]);
        let (name, flags) = match what {
            What::Send { .. } => ("NetDll_WSASend", 0),
            _ => ("NetDll_WSARecv", at + FLAGS),
        };
        let words = [1, socket.into(), at + PIECES, 2, at + COUNT, flags, at, 0];
        let result = self.machine.ask(name, &words);
        let request = Request { who: Who::Overlapped(slot), socket, what, deadline: None };
        if result == 0 {
            assert_eq!(
                self.machine.word(at),
                0,
                "the overlapped structure of a finished call has its status"
            );
            self.finish(request, self.machine.word(at + 4) as i32, true);
        } else if self.machine.last_error(ASKER) == IO_PENDING {
            self.requests.push(request);
        } else {
            self.finish(request, FAILED, true);
        }
    }

    pub(super) fn send_overlapped(&mut self) -> Option<()> {
        let slot = self.slot()?;
        let index = self.socket()?;
        let length = self.of(&LENGTHS);
        let Socket { name, is_stream, .. } = self.sockets[index];
        if is_stream {
            let piece = self.fill(index, self.machine.at(THREADS + 1 + slot, DATA), length);
            self.begin_overlapped(slot, name, What::Send { piece, length }, 0, length);
        }
        Some(())
    }

    pub(super) fn receive_overlapped(&mut self) -> Option<()> {
        let slot = self.slot()?;
        let index = self.socket()?;
        let length = self.of(&LENGTHS);
        let flags = self.of(&[0, 0, PEEK, WAIT_ALL]);
        let at = self.machine.at(THREADS + 1 + slot, DATA);
        let name = self.sockets[index].name;
        self.begin_overlapped(slot, name, What::Receive { at, length, flags }, flags, length);
        Some(())
    }

    pub(super) fn cancel(&mut self) -> Option<()> {
        let index = self.socket()?;
        let name = self.sockets[index].name;
        assert_eq!(self.machine.ask("NetDll_WSACancelOverlappedIO", &[1, name.into()]), 0);
        Some(())
    }

    /// Waits for an overlapped request.
    pub(super) fn finish_overlapped(&mut self) -> Option<()> {
        let thread = self.thread()?;
        let index = self.socket()?;
        let slot = self.pick(super::machine::SLOTS);
        let name = self.sockets[index].name;
        let at = self.machine.at(THREADS + 1 + slot, 0);
        let count = self.machine.at(thread, VALUE);
        if self.requests.iter().any(|request| request.who == Who::Overlapped(slot)) {
            let request =
                Request { who: Who::Thread(thread), socket: name, what: What::Finish(slot), deadline: None };
            let words = [1, name.into(), at, count, 1, 0];
            self.begin(request, "NetDll_WSAGetOverlappedResult", &words, None);
        }
        Some(())
    }

    /// The result of a request; `None` if it is pending.
    fn end_of(&self, request: &Request) -> Option<i32> {
        match request.who {
            Who::Thread(thread) => self.machine.answer(thread),
            Who::Overlapped(slot) => {
                let at = self.machine.at(THREADS + 1 + slot, 0);
                match self.machine.word(at) as i32 {
                    IO_PENDING => None,
                    0 => Some(self.machine.word(at + 4) as i32),
                    _ => Some(FAILED),
                }
            }
        }
    }

    /// Checks the conditions between two calls; with `hurries`, does not wait for pending events.
    pub(super) fn check(&mut self, hurries: bool) {
        if !hurries {
            self.machine.catch_up();
        }
        let mut over = Vec::new();
        let mut left = Vec::new();
        for request in std::mem::take(&mut self.requests) {
            match self.end_of(&request) {
                Some(result) => over.push((request, result)),
                None => left.push(request),
            }
        }
        // Sends complete before the receives of their data.
        over.sort_by_key(|(request, _)| !matches!(request.what, What::Send { .. }));
        for (request, result) in over {
            self.finish(request, result, false);
        }
        assert_eq!(self.machine.requests(), left.len(), "requests that nobody made, or that are lost");
        if self.machine.is_settled() {
            for request in &left {
                self.check_waits(request);
            }
            self.check_events();
        }
        self.requests = left;
    }

    /// Checks that a waiting request has no data to continue with.
    fn check_waits(&mut self, request: &Request) {
        let mut sets = [const { Vec::new() }; 3];
        match &request.what {
            What::Accept | What::Receive { .. } => sets[0].push(request.socket),
            What::Send { .. } => sets[1].push(request.socket),
            What::Select(asked) => sets.clone_from(asked),
            // The check of the request count covers its structure.
            What::Finish(slot) => {
                let at = self.machine.at(THREADS + 1 + slot, 0);
                assert_eq!(self.machine.word(at) as i32, IO_PENDING, "a thread waits for what is over");
                return;
            }
        }
        assert_eq!(self.count_ready(&sets), 0, "a thread or a structure waits for what is there");
        let is_late = request.deadline.is_some_and(|deadline| deadline + 1000 < self.machine.now());
        assert!(!is_late, "a thread waits for longer than it wanted");
    }

    /// Checks that events are signalled for available data, once until the title queries them.
    fn check_events(&mut self) {
        for index in 0..self.sockets.len() {
            let Socket { name, is_stream, listens, end, watch, .. } = self.sockets[index];
            let Some((event, wanted, reported)) = watch else { continue };
            let bit = if listens { ACCEPT } else { READ };
            let may_report = listens || !is_stream || end.is_some();
            if may_report && wanted & bit & !reported != 0 && self.is_ready(0, name) {
                let at = self.machine.at(ASKER, VALUE);
                self.machine.write_words(at, &[self.machine.event(event) as u32]);
                let waited = self.machine.ask("NetDll_WSAWaitForMultipleEvents", &[1, at, 0, 0, 0]);
                assert_eq!(waited, 0, "an event was not signalled");
                self.sockets[index].watch = Some((event, wanted, reported | bit));
            }
        }
        for event in 0..super::machine::EVENTS {
            let handle = self.machine.event(event);
            assert_eq!(self.machine.ask("NetDll_WSAResetEvent", &[handle]), 1);
        }
    }
}

impl Direction {
    /// Whether all sent data was received.
    fn is_empty(&self) -> bool {
        let (piece, index) = self.at;
        self.pieces.iter().skip(piece).map(|piece| piece.end).sum::<u32>() == index
    }
}
