//! Tests of probes between consoles on one cable.

use super::*;
use crate::network::{Ready, Received, Setting, SocketKind};
use std::collections::{BTreeMap, VecDeque};
use std::net::Shutdown;
use std::sync::Mutex;
use xenia_memory::{Heap, Protect};

const KEY: KeyId = [7; 8];
const SECOND: GuestTicks = TICKS_PER_SECOND;
const UNUSED: WsaError = WsaError::OPERATION_NOT_SUPPORTED;

/// Datagrams on the way to each console, with their senders.
type Cable = Arc<Mutex<BTreeMap<Ipv4Addr, VecDeque<(Ipv4Addr, Vec<u8>)>>>>;

/// A console's end of the cable, for one datagram socket at the port of probes.
struct CableEnd {
    own: Ipv4Addr,
    cable: Cable,
    is_open: bool,
}

impl Network for CableEnd {
    fn has_link(&self) -> bool {
        true
    }
    fn address(&self) -> Option<Ipv4Addr> {
        Some(self.own)
    }
    fn changes_by_itself(&self) -> bool {
        true
    }
    fn open(&mut self, kind: SocketKind) -> Result<SocketId, WsaError> {
        assert!(kind == SocketKind::Datagram && !self.is_open);
        self.is_open = true;
        Ok(1)
    }
    fn close(&mut self, _: SocketId) {
        assert!(std::mem::take(&mut self.is_open));
    }
    fn set(&mut self, _: SocketId, _: Setting) -> Result<(), WsaError> {
        Err(UNUSED)
    }
    fn bind(&mut self, _: SocketId, at: SocketAddrV4) -> Result<(), WsaError> {
        if at.port() == QUALITY_PORT { Ok(()) } else { Err(UNUSED) }
    }
    fn local(&self, _: SocketId) -> Option<SocketAddrV4> {
        None
    }
    fn remote(&self, _: SocketId) -> Option<SocketAddrV4> {
        None
    }
    fn listen(&mut self, _: SocketId, _: usize) -> Result<(), WsaError> {
        Err(UNUSED)
    }
    fn accept(&mut self, _: SocketId) -> Result<(SocketId, SocketAddrV4), WsaError> {
        Err(UNUSED)
    }
    fn connect(&mut self, _: SocketId, _: SocketAddrV4) -> Result<(), WsaError> {
        Err(UNUSED)
    }
    fn connected(&mut self, _: SocketId) -> Result<(), WsaError> {
        Err(UNUSED)
    }
    fn send(&mut self, _: SocketId, bytes: &[u8], to: Option<SocketAddrV4>) -> Result<usize, WsaError> {
        let to = to.ok_or(UNUSED)?;
        let mut cable = self.cable.lock().unwrap();
        cable.entry(*to.ip()).or_default().push_back((self.own, bytes.to_vec()));
        Ok(bytes.len())
    }
    fn receive(&mut self, _: SocketId, into: &mut [u8]) -> Result<Received, WsaError> {
        let mut cable = self.cable.lock().unwrap();
        let next = cable.get_mut(&self.own).and_then(VecDeque::pop_front);
        let (from, bytes) = next.ok_or(WsaError::WOULD_BLOCK)?;
        let length = bytes.len().min(into.len());
        into[..length].copy_from_slice(&bytes[..length]);
        let from = Some(SocketAddrV4::new(from, QUALITY_PORT));
        Ok(Received { length, from, is_cut: bytes.len() > length })
    }
    fn peek(&mut self, _: SocketId, _: &mut [u8]) -> Result<Received, WsaError> {
        Err(UNUSED)
    }
    fn shutdown(&mut self, _: SocketId, _: Shutdown) -> Result<(), WsaError> {
        Err(UNUSED)
    }
    fn ready(&mut self, _: SocketId) -> Ready {
        Ready::default()
    }
    fn available(&mut self, _: SocketId) -> usize {
        0
    }
    fn look_up(&mut self, _: &str) -> Result<Vec<Ipv4Addr>, WsaError> {
        Err(UNUSED)
    }
}

/// A console with memory for one result.
struct CableConsole {
    xnet: XNet,
    end: CableEnd,
    socket: Option<SocketId>,
    memory: Arc<GuestMemory>,
    at: GuestAddr,
}

impl CableConsole {
    fn new(cable: &Cable, last: u8) -> Self {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1000, Protect::READ_WRITE).unwrap();
        let own = Ipv4Addr::new(10, 0, 0, last);
        let end = CableEnd { own, cable: cable.clone(), is_open: false };
        Self { xnet: XNet::default(), end, socket: None, memory, at }
    }

    fn poll(&mut self, now: GuestTicks) {
        let events = self.xnet.poll_quality(&mut self.end, &mut self.socket, &self.memory, now);
        assert!(events.is_empty(), "no request has one");
    }

    /// Asks the console with this last number of its address.
    fn ask(&mut self, last: u8, probes: u16) {
        let mut address = [0; super::super::XNADDR_SIZE];
        address[..4].copy_from_slice(&[10, 0, 0, last]);
        let targets = vec![Some(QualityTarget::new(address, KEY))];
        let lookup = QualityLookup { at: self.at, targets, probes, event: None };
        self.xnet.ask_quality(&self.memory, lookup).unwrap();
    }

    /// The words of a result with one entry: the number that is pending, then the entry.
    fn result(&self) -> [u32; 7] {
        [4, 8, 0xC, 0x10, 0x14, 0x18, 0x1C].map(|offset| self.memory.read(self.at.offset(offset)).unwrap())
    }
}

#[test]
fn a_console_answers_the_probes_of_another_with_its_data() {
    let cable = Cable::default();
    let mut host = CableConsole::new(&cable, 1);
    let mut guest = CableConsole::new(&cable, 2);
    host.xnet.listen(KEY, 1 | 4, b"a game".to_vec()).unwrap();
    host.poll(0);
    guest.ask(1, 2);
    let millisecond = SECOND / 1000;
    for (now, trip) in [(0, 5), (5, 3)] {
        guest.poll(now * millisecond);
        assert_eq!(guest.result()[0], 1, "pending");
        host.poll(now * millisecond);
        guest.poll((now + trip) * millisecond);
    }
    let data = guest.at.0 + 0x20;
    assert_eq!(guest.result(), [0, 0x0B00_0002, 0x0002_0006, data, 0x0003_0005, BANDWIDTH, BANDWIDTH]);
    let mut text = [0; 6];
    guest.memory.read_bytes(GuestAddr(data), &mut text).unwrap();
    assert_eq!(&text, b"a game");
    guest.poll(SECOND);
    assert!(!guest.end.is_open && host.end.is_open, "as long as it is needed");
    host.xnet.listen(KEY, 0x10, Vec::new()).unwrap();
    host.poll(SECOND);
    assert!(!host.end.is_open);
}

#[test]
fn lost_probes_are_repeated_until_the_console_counts_as_absent() {
    let cable = Cable::default();
    let mut guest = CableConsole::new(&cable, 2);
    guest.ask(1, 8);
    // Two seconds each, and three repetitions.
    for second in 0..8 {
        guest.poll(second * SECOND);
        assert_eq!(guest.result()[..2], [1, 0], "{second}");
    }
    guest.poll(8 * SECOND);
    assert_eq!(guest.result(), [0, 0x0100_0004, 0, 0, 0, 0, 0]);
    assert_eq!(cable.lock().unwrap()[&Ipv4Addr::new(10, 0, 0, 1)].len(), 4);
    // Part of the answers is a result, too.
    let mut host = CableConsole::new(&cable, 1);
    host.xnet.listen(KEY, 1, Vec::new()).unwrap();
    guest.ask(1, 8);
    guest.poll(9 * SECOND);
    host.poll(9 * SECOND);
    for second in 9..18 {
        guest.poll(second * SECOND);
    }
    assert_eq!(guest.result()[..3], [0, 0x1300_0005, 0x0001_0000]);
}

#[test]
fn a_session_without_answers_is_disabled_and_strangers_are_ignored() {
    let cable = Cable::default();
    let mut host = CableConsole::new(&cable, 1);
    let mut guest = CableConsole::new(&cable, 2);
    host.xnet.listen(KEY, 2 | 4, b"secret".to_vec()).unwrap();
    // Another session keeps the socket open.
    host.xnet.listen([8; 8], 1, Vec::new()).unwrap();
    guest.ask(1, 2);
    guest.poll(0);
    let forged = Listening { answers: true, data: b"forged".to_vec() };
    let stranger = Ipv4Addr::new(10, 0, 0, 9);
    let own = guest.end.own;
    let arrive = |from, bytes| cable.lock().unwrap().entry(own).or_default().push_back((from, bytes));
    arrive(stranger, answer(1, &forged));
    arrive(host.end.own, answer(9, &forged));
    arrive(host.end.own, b"XQSA".to_vec());
    guest.poll(1);
    assert_eq!(guest.result()[0], 1, "pending");
    host.poll(1);
    guest.poll(2);
    assert_eq!(guest.result()[..4], [0, 0x0700_0001, 0x0001_0000, 0]);
}

#[test]
fn no_answer_is_longer_than_its_probe() {
    let probe = probe(3, KEY);
    assert_eq!(
        (probe.len(), QualityMessage::of(&probe)),
        (DATAGRAM_SIZE, Some(QualityMessage::Probe { token: 3, key: KEY }))
    );
    assert_eq!(QualityMessage::of(&probe[..DATAGRAM_SIZE - 1]), None);
    let longest = Listening { answers: true, data: vec![1; 4 * usize::from(u8::MAX)] };
    let bytes = answer(4, &longest);
    assert!(bytes.len() <= DATAGRAM_SIZE, "{}", bytes.len());
    assert_eq!(QualityMessage::of(&bytes), Some(QualityMessage::Answer { token: 4, answer: longest }));
    for cut in 0..9 {
        assert_eq!(QualityMessage::of(&bytes[..cut]), None, "{cut}");
    }
}
