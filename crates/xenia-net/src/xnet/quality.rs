//! Quality of service (QoS): this console's answers to probes, and the title's own probes.
//!
//! ```text
//! XNetQosLookup ─► probe ──UDP──► XNetQosListen of the other console
//!        result ◄───────── answer with its data
//! ```
//!
//! Probes are datagrams of this emulator's own, because those of consoles are encrypted. Only a
//! network outside the machine has other consoles: on the machine's own, each result is complete at
//! once. The socket for the datagrams does not belong to the title, and is open while it is needed.

mod datagrams;
#[cfg(test)]
mod tests;

use super::{KEYS, KeyId, QUALITY_WORDS, XNet, XnAddr, is_unicast};
use crate::WsaError;
use crate::event_hold::EventHold;
use crate::network::{Network, SocketId};
use datagrams::{DATAGRAM_SIZE, QUALITY_PORT, QualityMessage, answer, open_socket, probe};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use xenia_guest::{Buffer, GuestAddr};
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};

/// Sizes in bytes of an `XNQOS` without its entries, and of an entry.
const QUALITY_HEADER: u32 = 8;
const QUALITY_ENTRY: u32 = 0x18;
/// Maximum number of QoS results that a title has not released.
pub(super) const MAX_QUALITIES: usize = 32;
/// Maximum number of consoles in one QoS request.
const MAX_QUALITY_ENTRIES: u32 = 64;
/// Maximum number of answered probes to one console, whatever the title asks for.
const MAX_PROBES: u16 = 16;
/// Maximum number of datagrams that one poll receives.
const MAX_DATAGRAMS: usize = 64;
/// Bandwidth in bits per second in both directions: that of the link, as probes don't measure it.
const BANDWIDTH: u32 = 100_000_000;

/// Indices of the parameters for probes: seconds until one is lost, and repetitions of a lost one.
const TIMEOUT: usize = 9;
const RETRIES: usize = 10;

/// Flags of an entry.
mod flag {
    /// The probes are over.
    pub(super) const COMPLETE: u8 = 1;
    /// The console has answered.
    pub(super) const CONTACTED: u8 = 2;
    /// The console does not answer probes of this session.
    pub(super) const DISABLED: u8 = 4;
    /// The answer has data.
    pub(super) const DATA: u8 = 8;
    /// Some probes were lost.
    pub(super) const PARTIAL: u8 = 0x10;
}

/// The answer to QoS probes of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listening {
    pub(super) answers: bool,
    pub(super) data: Vec<u8>,
}

/// A console and the session about which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualityTarget {
    ip: Ipv4Addr,
    key: KeyId,
}

impl QualityTarget {
    /// The console with this address.
    pub fn new(address: XnAddr, key: KeyId) -> Self {
        Self { ip: Ipv4Addr::new(address[0], address[1], address[2], address[3]), key }
    }
}

/// A request for the quality of connections to consoles.
#[derive(Debug)]
pub struct QualityLookup {
    /// Place of the result, which has the size of [`XNet::quality_size`].
    pub at: GuestAddr,
    /// The consoles; `None` for a server of the online service, which no probe reaches.
    pub targets: Vec<Option<QualityTarget>>,
    /// Number of probes to each.
    pub probes: u16,
    /// Event that is signalled each time that an entry of the result is complete.
    pub event: Option<(Arc<dyn EventHold>, GuestAddr)>,
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct PendingQuality {
    consoles: Vec<ProbedConsole>,
    /// Number of bytes of an answer that fit.
    room: u32,
    event: Option<(Arc<dyn EventHold>, GuestAddr)>,
}

/// One console of a request, and the answers to its probes.
#[derive(Clone, Debug)]
struct ProbedConsole {
    target: Option<QualityTarget>,
    /// Number of probes that the title asks for.
    probes: u16,
    /// Number of the probe under way; no other has it.
    token: u32,
    sent: u16,
    /// Repetitions of the probe under way.
    repetitions: u8,
    /// Time of the probe under way; `None` if there is none.
    begun: Option<GuestTicks>,
    /// Times from probes to their answers.
    trips: Vec<GuestTicks>,
    /// The first answer.
    answer: Option<Listening>,
    is_over: bool,
    /// Whether the title has the result.
    is_stored: bool,
}

impl ProbedConsole {
    fn new(target: Option<QualityTarget>, probes: u16) -> Self {
        Self {
            target,
            probes,
            token: 0,
            sent: 0,
            repetitions: 0,
            begun: None,
            trips: Vec::new(),
            answer: None,
            is_over: false,
            is_stored: false,
        }
    }

    /// Number of answers that are waited for.
    fn wanted(&self) -> u16 {
        self.probes.clamp(1, MAX_PROBES)
    }

    fn has_all(&self) -> bool {
        self.trips.len() >= usize::from(self.wanted())
    }

    /// Ends the probes to a console that none reaches.
    fn give_up(&mut self) {
        self.sent = self.probes;
        self.is_over = true;
    }

    /// Takes the answer from the machine itself.
    fn answer_here(&mut self, answer: Listening) {
        self.sent = self.wanted();
        self.trips = vec![0; usize::from(self.sent)];
        self.answer = Some(answer);
        self.is_over = true;
    }

    /// Takes the answer to the probe under way.
    fn take_answer(&mut self, answer: Listening, now: GuestTicks) {
        let Some(begun) = self.begun.take() else { return };
        self.trips.push(now.saturating_sub(begun));
        self.repetitions = 0;
        self.is_over = !answer.answers || self.has_all();
        if self.answer.is_none() {
            self.answer = Some(answer);
        }
    }

    /// Flags of the entry once the probes are over.
    fn flags(&self) -> u8 {
        let Some(answer) = &self.answer else { return flag::COMPLETE };
        if !answer.answers {
            return flag::COMPLETE | flag::CONTACTED | flag::DISABLED;
        }
        let data = if answer.data.is_empty() { 0 } else { flag::DATA };
        let partial = if self.has_all() { 0 } else { flag::PARTIAL };
        flag::COMPLETE | flag::CONTACTED | data | partial
    }

    /// Stores the entry at `at`, and the answer's data in `room`. The flags come last, because
    /// other threads of the title may poll them.
    fn store(&self, memory: &GuestMemory, at: GuestAddr, room: Buffer) -> Result<(), MemoryFault> {
        let mut trips: Vec<u16> = self.trips.iter().map(|&trip| milliseconds(trip)).collect();
        trips.sort_unstable();
        memory.write(at.offset(2), self.sent)?;
        memory.write(at.offset(4), trips.len() as u16)?;
        if let Some(answer) = self.answer.as_ref().filter(|answer| answer.answers) {
            let bytes = &answer.data[..answer.data.len().min(room.length as usize)];
            memory.write_bytes(room.at, bytes)?;
            memory.write(at.offset(6), bytes.len() as u16)?;
            memory.write(at.offset(8), if bytes.is_empty() { GuestAddr::NULL } else { room.at })?;
            memory.write(at.offset(0x10), BANDWIDTH)?;
            memory.write(at.offset(0x14), BANDWIDTH)?;
        }
        memory.write(at.offset(0xC), trips.first().copied().unwrap_or(0))?;
        memory.write(at.offset(0xE), trips.get(trips.len() / 2).copied().unwrap_or(0))?;
        memory.write(at, self.flags())
    }
}

impl PendingQuality {
    /// Stores the results at `at` that are new; returns whether there are any.
    fn store_new(&mut self, memory: &GuestMemory, at: GuestAddr) -> bool {
        let entries = at.offset(QUALITY_HEADER);
        let behind = entries.offset(QUALITY_ENTRY * self.consoles.len() as u32);
        let mut has_news = false;
        for (index, console) in (0..).zip(&mut self.consoles) {
            if !console.is_over || console.is_stored {
                continue;
            }
            let room = Buffer { at: behind.offset(self.room * index), length: self.room };
            let stored = console.store(memory, entries.offset(QUALITY_ENTRY * index), room);
            if let Err(fault) = stored {
                tracing::debug!(target: "kernel", "can't store the quality of a connection: {fault}");
            }
            console.is_stored = true;
            has_news = true;
        }
        if has_news && let Err(fault) = memory.write(at.offset(4), self.left()) {
            tracing::debug!(target: "kernel", "can't store the number of probed consoles: {fault}");
        }
        has_news
    }

    /// Number of consoles whose result the title does not have.
    fn left(&self) -> u32 {
        self.consoles.iter().filter(|console| !console.is_stored).count() as u32
    }
}

/// A time in milliseconds, at least one: no connection takes none.
fn milliseconds(ticks: GuestTicks) -> u16 {
    let whole = ticks / (TICKS_PER_SECOND / 1000);
    u16::try_from(whole).unwrap_or(u16::MAX).max(1)
}

impl XNet {
    /// Sets the answer to QoS probes of a session.
    pub fn listen(&mut self, id: KeyId, flags: u32, data: Vec<u8>) -> Result<(), WsaError> {
        const ON: u32 = 1;
        const OFF: u32 = 2;
        const DATA: u32 = 4;
        const RELEASE: u32 = 0x10;
        if flags & (ON | OFF) == ON | OFF {
            return Err(WsaError::INVALID);
        }
        if flags & RELEASE != 0 {
            return self.listening.remove(&id).map(|_| ()).ok_or(WsaError::INVALID);
        }
        if data.len() > self.quality_bytes()
            || !self.listening.contains_key(&id) && self.listening.len() >= usize::from(self.parameters[KEYS])
        {
            return Err(WsaError::NO_BUFFERS);
        }
        let listening = self.listening.entry(id).or_default();
        if flags & (ON | OFF) != 0 {
            listening.answers = flags & ON != 0;
        }
        if flags & DATA != 0 {
            listening.data = data;
        }
        Ok(())
    }

    /// Returns whether QoS probes of a session are answered.
    pub fn listens(&self, id: KeyId) -> bool {
        self.listening.contains_key(&id)
    }

    /// Maximum number of data bytes in an answer to a QoS probe.
    pub fn quality_bytes(&self) -> usize {
        4 * usize::from(self.parameters[QUALITY_WORDS])
    }

    /// Returns the size in bytes of a result for this many consoles, with room for their data;
    /// fails beyond the limits.
    pub fn quality_size(&self, entries: u32) -> Result<u32, WsaError> {
        if entries > MAX_QUALITY_ENTRIES || self.qualities.len() >= MAX_QUALITIES {
            return Err(WsaError::NO_BUFFERS);
        }
        Ok(QUALITY_HEADER + (QUALITY_ENTRY + self.quality_bytes() as u32) * entries)
    }

    /// Starts a QoS request. Its result is complete after polls, on the machine's own network after
    /// the next.
    pub fn ask_quality(&mut self, memory: &GuestMemory, lookup: QualityLookup) -> Result<(), MemoryFault> {
        let QualityLookup { at, targets, probes, event } = lookup;
        let count = targets.len() as u32;
        memory.fill(at, QUALITY_HEADER + QUALITY_ENTRY * count, 0)?;
        memory.write(at, count)?;
        memory.write(at.offset(4), count)?;
        let consoles = targets.into_iter().map(|target| ProbedConsole::new(target, probes)).collect();
        let room = self.quality_bytes() as u32;
        self.qualities.insert(at);
        self.probing.insert(at, PendingQuality { consoles, room, event });
        Ok(())
    }

    /// Releases a QoS result; fails if the title has none at this address.
    pub fn take_quality(&mut self, at: GuestAddr) -> Result<(), WsaError> {
        self.probing.remove(&at);
        if self.qualities.remove(&at) { Ok(()) } else { Err(WsaError::INVALID) }
    }

    /// Returns whether probes are under way, or may come.
    pub(super) fn is_probed(&self) -> bool {
        !self.probing.is_empty() || self.listening.values().any(|listening| listening.answers)
    }

    /// Answers probes of other consoles, and continues the title's own; `socket` is that for the
    /// datagrams. Returns the events to be signalled.
    pub(crate) fn poll_quality(
        &mut self,
        port: &mut dyn Network,
        socket: &mut Option<SocketId>,
        memory: &GuestMemory,
        now: GuestTicks,
    ) -> Vec<(Arc<dyn EventHold>, GuestAddr)> {
        if port.changes_by_itself() {
            match (self.is_probed(), *socket) {
                (true, None) => *socket = open_socket(port),
                (false, Some(id)) => {
                    port.close(id);
                    *socket = None;
                }
                _ => {}
            }
        }
        if let Some(id) = *socket {
            self.receive_quality(port, id, now);
        }
        let mut events = Vec::new();
        let mut probing = std::mem::take(&mut self.probing);
        probing.retain(|&at, pending| {
            for console in pending.consoles.iter_mut().filter(|console| !console.is_over) {
                self.advance_probe(port, *socket, console, now);
            }
            let has_news = pending.store_new(memory, at);
            let is_over = pending.left() == 0;
            if has_news || is_over {
                events.extend(pending.event.clone());
            }
            !is_over
        });
        self.probing = probing;
        events
    }

    /// Answers the probes that have arrived, and takes the answers to the title's.
    fn receive_quality(&mut self, port: &mut dyn Network, socket: SocketId, now: GuestTicks) {
        let mut room = [0; DATAGRAM_SIZE];
        for _ in 0..MAX_DATAGRAMS {
            let Ok(received) = port.receive(socket, &mut room) else { break };
            let Some(from) = received.from.filter(|_| !received.is_cut) else { continue };
            match QualityMessage::of(room.get(..received.length).unwrap_or_default()) {
                Some(QualityMessage::Probe { token, key }) => {
                    if let Some(listening) = self.listening.get(&key) {
                        // An answer that is not sent is a lost one, after which the probe comes
                        // again.
                        let _ = port.send(socket, &answer(token, listening), Some(from));
                    }
                }
                Some(QualityMessage::Answer { token, answer }) => {
                    self.take_answer(*from.ip(), token, answer, now);
                }
                None => {}
            }
        }
    }

    /// Takes a console's answer, if it is that to a probe under way.
    fn take_answer(&mut self, from: Ipv4Addr, token: u32, answer: Listening, now: GuestTicks) {
        let mut consoles = self.probing.values_mut().flat_map(|pending| &mut pending.consoles);
        let is_its = |console: &&mut ProbedConsole| {
            console.token == token && console.target.is_some_and(|target| target.ip == from)
        };
        if let Some(console) = consoles.find(is_its) {
            console.take_answer(answer, now);
        }
    }

    /// Sends the next probe to a console, or the lost one again, or ends the probes.
    fn advance_probe(
        &mut self,
        port: &mut dyn Network,
        socket: Option<SocketId>,
        console: &mut ProbedConsole,
        now: GuestTicks,
    ) {
        let Some(target) = console.target else {
            console.give_up();
            return;
        };
        let is_here = port.address() == Some(target.ip) || target.ip.is_loopback();
        if let Some(listening) = self.listening.get(&target.key).filter(|_| is_here) {
            console.answer_here(listening.clone());
            return;
        }
        let Some(socket) = socket.filter(|_| !is_here && is_unicast(target.ip)) else {
            console.give_up();
            return;
        };
        let timeout = u64::from(self.parameters[TIMEOUT]) * TICKS_PER_SECOND;
        match console.begun {
            Some(begun) if now < begun.saturating_add(timeout) => return,
            Some(_) if console.repetitions >= self.parameters[RETRIES] => {
                console.is_over = true;
                return;
            }
            Some(_) => console.repetitions += 1,
            None => {}
        }
        self.last_probe = self.last_probe.wrapping_add(1);
        console.token = self.last_probe;
        console.begun = Some(now);
        console.sent = console.sent.saturating_add(1);
        let to = SocketAddrV4::new(target.ip, QUALITY_PORT);
        if let Err(error) = port.send(socket, &probe(console.token, target.key), Some(to)) {
            tracing::debug!(target: "kernel", "can't probe the console {}: {error:?}", target.ip);
        }
    }
}
