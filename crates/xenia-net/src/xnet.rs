//! State of `XNet`: the console's `XNADDR`, session keys, addresses that represent other consoles,
//! name look-ups and quality-of-service (QoS) answers.
//!
//! Data is not encrypted: a key is only registered under its id. There is no online service, so the
//! online part of an address is empty.

mod quality;
mod state;
#[cfg(test)]
mod tests;

pub use quality::{QualityLookup, QualityTarget};
pub(crate) use state::XNetState;

use super::event_hold::EventHold;
use super::{Net, WsaError};
use crate::network::Network;
use crate::traffic::NetTraffic;
use quality::{Listening, PendingQuality};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use xenia_guest::ETHERNET_ADDRESS;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Size of an `XNADDR` in bytes.
pub const XNADDR_SIZE: usize = 0x24;
/// Size of an `XNDNS` in bytes.
pub const LOOKUP_SIZE: u32 = 0x28;
/// Size of an `XNetStartupParams` in bytes.
pub const PARAMETERS_SIZE: usize = 13;
/// Maximum number of concurrent look-ups.
const MAX_LOOKUPS: usize = 16;
/// Maximum number of addresses in an `XNDNS`.
const MAX_ADDRESSES: usize = 8;
/// UDP port of system link.
const SYSTEM_LINK_PORT: u16 = 3074;

/// Values that a parameter of 0 stands for, and indices of the parameters that are used here.
const DEFAULTS: [u8; PARAMETERS_SIZE] = [PARAMETERS_SIZE as u8, 0, 8, 32, 16, 16, 8, 32, 64, 2, 3, 8, 2];
const KEYS: usize = 6;
const ASSOCIATIONS: usize = 7;
const QUALITY_WORDS: usize = 8;

/// Id of a session's key (`XNKID`).
pub type KeyId = [u8; 8];
/// A console's address (`XNADDR`).
pub type XnAddr = [u8; XNADDR_SIZE];

/// A console that a local IP address represents.
#[derive(Clone, Debug)]
struct Association {
    address: XnAddr,
    key: KeyId,
    is_connected: bool,
}

#[derive(Debug)]
struct LookUp {
    /// The name; `None` once it is resolved.
    name: Option<String>,
    event: Option<(Arc<dyn EventHold>, GuestAddr)>,
}

/// State of `XNet` (see [the module](self)).
#[derive(Debug)]
pub struct XNet {
    parameters: [u8; PARAMETERS_SIZE],
    keys: BTreeMap<KeyId, [u8; 16]>,
    associations: BTreeMap<Ipv4Addr, Association>,
    /// Consoles whose data came before their addresses were looked up.
    heard: BTreeSet<Ipv4Addr>,
    lookups: BTreeMap<GuestAddr, LookUp>,
    qualities: BTreeSet<GuestAddr>,
    /// The QoS results that are not complete.
    probing: BTreeMap<GuestAddr, PendingQuality>,
    /// Number of the last probe.
    last_probe: u32,
    listening: BTreeMap<KeyId, Listening>,
    /// UDP port of system link.
    pub system_link_port: u16,
    /// All traffic of the title.
    pub(crate) traffic: NetTraffic,
    /// The traffic until the last `XNetCleanup`.
    traffic_before: NetTraffic,
}

impl Default for XNet {
    fn default() -> Self {
        Self {
            parameters: DEFAULTS,
            keys: BTreeMap::new(),
            associations: BTreeMap::new(),
            heard: BTreeSet::new(),
            lookups: BTreeMap::new(),
            qualities: BTreeSet::new(),
            probing: BTreeMap::new(),
            last_probe: 0,
            listening: BTreeMap::new(),
            system_link_port: SYSTEM_LINK_PORT,
            traffic: NetTraffic::default(),
            traffic_before: NetTraffic::default(),
        }
    }
}

/// Whether one more look-up can start.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookups {
    /// Another look-up is possible.
    Room,
    /// The limit is reached.
    Full,
}

impl XNet {
    /// Stores the parameters of `XNetStartup`; a value of 0 selects the default.
    pub fn start(&mut self, parameters: Option<[u8; PARAMETERS_SIZE]>) -> Result<(), WsaError> {
        let Some(mut parameters) = parameters else { return Ok(()) };
        if usize::from(parameters[0]) != PARAMETERS_SIZE {
            return Err(WsaError::INVALID);
        }
        for (value, default) in parameters.iter_mut().zip(DEFAULTS) {
            if *value == 0 {
                *value = default;
            }
        }
        self.parameters = parameters;
        Ok(())
    }

    /// Drops keys and associations. Results that a title must release remain.
    pub fn end(&mut self) {
        self.parameters = DEFAULTS;
        self.keys.clear();
        self.associations.clear();
        self.heard.clear();
        self.probing.clear();
        self.listening.clear();
        self.traffic_before = self.traffic;
    }

    /// Returns all traffic of the title.
    pub fn traffic(&self) -> NetTraffic {
        self.traffic
    }

    /// Returns the traffic of the title since the last `XNetCleanup`.
    pub fn traffic_since_cleanup(&self) -> NetTraffic {
        self.traffic.since(self.traffic_before)
    }

    /// Returns the parameters in force.
    pub fn parameters(&self) -> [u8; PARAMETERS_SIZE] {
        self.parameters
    }

    /// Registers a session's key.
    pub fn register_key(&mut self, id: KeyId, key: [u8; 16]) -> Result<(), WsaError> {
        if self.keys.contains_key(&id) {
            return Err(WsaError::INVALID);
        }
        if self.keys.len() >= usize::from(self.parameters[KEYS]) {
            return Err(WsaError::NO_BUFFERS);
        }
        self.keys.insert(id, key);
        Ok(())
    }

    /// Removes a session's key and the addresses that were made with it.
    pub fn unregister_key(&mut self, id: KeyId) -> Result<(), WsaError> {
        self.keys.remove(&id).ok_or(WsaError::INVALID)?;
        self.associations.retain(|_, association| association.key != id);
        self.heard.clear();
        Ok(())
    }

    /// Moves the associations of one key to another.
    pub fn replace_key(&mut self, old: KeyId, new: KeyId) -> Result<(), WsaError> {
        if ![old, new].iter().all(|id| self.keys.contains_key(id)) {
            return Err(WsaError::INVALID);
        }
        if old != new {
            self.keys.remove(&old);
        }
        for association in self.associations.values_mut().filter(|association| association.key == old) {
            association.key = new;
        }
        Ok(())
    }

    /// Marks a console as connected; returns whether its address is known. On the console data is
    /// transferred only after a key exchange, which the first message starts.
    pub(super) fn connect(&mut self, at: Ipv4Addr) -> bool {
        let Some(association) = self.associations.get_mut(&at) else { return false };
        association.is_connected = true;
        true
    }

    /// Returns whether another name can be looked up.
    pub fn room(&self) -> Lookups {
        if self.lookups.len() < MAX_LOOKUPS { Lookups::Room } else { Lookups::Full }
    }

    /// Starts a look-up; the result is stored at `at` when it is available.
    pub fn look_up(&mut self, at: GuestAddr, name: String, event: Option<(Arc<dyn EventHold>, GuestAddr)>) {
        self.lookups.insert(at, LookUp { name: Some(name), event });
    }

    /// Releases a look-up; fails if the title has none at this address.
    pub fn take_lookup(&mut self, at: GuestAddr) -> Result<(), WsaError> {
        self.lookups.remove(&at).map(|_| ()).ok_or(WsaError::INVALID)
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.lookups.values().any(|lookup| lookup.name.is_some()) || self.is_probed()
    }

    /// Retries pending look-ups; returns the events to be signalled.
    pub(super) fn look_up_again(
        &mut self,
        port: &mut dyn Network,
        memory: &GuestMemory,
    ) -> Vec<(Arc<dyn EventHold>, GuestAddr)> {
        let mut found = Vec::new();
        for (at, lookup) in &mut self.lookups {
            let Some(name) = &lookup.name else { continue };
            let result = port.look_up(name);
            if result == Err(WsaError::WOULD_BLOCK) {
                continue;
            }
            lookup.name = None;
            if let Err(fault) = store_lookup(memory, *at, &result) {
                tracing::debug!(target: "kernel", "can't store a host's addresses: {fault}");
            }
            found.extend(lookup.event.take());
        }
        found
    }

    pub(super) fn describe(&self, line: &mut dyn FnMut(&str)) {
        for (id, key) in &self.keys {
            line(&format!("net key {id:x?} {key:x?}"));
        }
        for (at, association) in &self.associations {
            line(&format!("net console {at} {association:?}"));
        }
        for (id, listening) in &self.listening {
            line(&format!("net listening {id:x?} {listening:?}"));
        }
        for (at, lookup) in &self.lookups {
            line(&format!("net look-up {at} {:?}", lookup.name));
        }
    }
}

/// Marks a look-up as in progress.
pub fn begin_lookup(memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
    memory.fill(at, LOOKUP_SIZE, 0)?;
    memory.write(at, WsaError::IN_PROGRESS.0)
}

fn store_lookup(
    memory: &GuestMemory,
    at: GuestAddr,
    result: &Result<Vec<Ipv4Addr>, WsaError>,
) -> Result<(), MemoryFault> {
    let addresses = result.as_deref().unwrap_or_default();
    let count = addresses.len().min(MAX_ADDRESSES);
    for (index, &address) in addresses.iter().take(count).enumerate() {
        memory.write(at.offset(8 + 4 * index as u32), u32::from(address))?;
    }
    memory.write(at.offset(4), count as u32)?;
    // Last, because other threads of the title may poll the status.
    memory.write(at, result.as_ref().err().map_or(0, |error| error.0))
}

/// Returns the address of the console with this IP address. Titles distinguish consoles by their
/// Ethernet addresses, so each has its own; it follows from the IP address, so that those of other
/// consoles are known, too.
fn address_of(ip: Ipv4Addr) -> XnAddr {
    let mut address = [0; XNADDR_SIZE];
    address[..4].copy_from_slice(&ip.octets());
    address[0xA..0x10].copy_from_slice(&ETHERNET_ADDRESS);
    if !ip.is_unspecified() {
        address[0xD..0x10].copy_from_slice(&ip.octets()[1..]);
    }
    address
}

/// Whether an IP address can be that of one console.
fn is_unicast(ip: Ipv4Addr) -> bool {
    !(ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast())
}

impl Net {
    /// Returns the console's own address; the IP address is 0 without a network.
    pub fn own_address(&self) -> XnAddr {
        address_of(self.address().unwrap_or(Ipv4Addr::UNSPECIFIED))
    }

    /// Returns an IP address that represents a console.
    pub fn associate(&mut self, address: XnAddr, key: KeyId) -> Result<Ipv4Addr, WsaError> {
        let ip = Ipv4Addr::new(address[0], address[1], address[2], address[3]);
        let own = self.address().ok_or(WsaError::NETWORK_UNREACHABLE)?;
        if !is_unicast(ip) {
            return Err(WsaError::INVALID);
        }
        let is_here = ip == own || ip.is_loopback();
        if !is_here && !self.port.changes_by_itself() {
            return Err(WsaError::HOST_UNREACHABLE);
        }
        let limit = usize::from(self.xnet.parameters[ASSOCIATIONS]);
        let XNet { associations, heard, .. } = &mut self.xnet;
        if !associations.contains_key(&ip) && associations.len() >= limit {
            return Err(WsaError::NO_BUFFERS);
        }
        // A repeated request for the same console keeps its connection.
        let is_connected = heard.remove(&ip)
            || associations
                .get(&ip)
                .is_some_and(|there| there.is_connected && there.address == address && there.key == key);
        associations.insert(ip, Association { address, key, is_connected });
        Ok(ip)
    }

    /// Returns the console that an IP address represents, and its key. `sessions` are the ids of
    /// the title's sessions; their keys need not be registered.
    pub fn console_at(&self, ip: Ipv4Addr, sessions: &[KeyId]) -> Result<(XnAddr, KeyId), WsaError> {
        if let Some(association) = self.xnet.associations.get(&ip) {
            return Ok((association.address, association.key));
        }
        if self.address() == Some(ip) {
            return Ok((self.own_address(), KeyId::default()));
        }
        let id = self.session_of(ip, sessions).ok_or(WsaError::INVALID)?;
        Ok((address_of(ip), id))
    }

    /// Returns the session of a console that has joined, which the title need not have looked up.
    /// On the console a key exchange names the session. There is none here, so it is known only if
    /// there is just one.
    fn session_of(&self, ip: Ipv4Addr, sessions: &[KeyId]) -> Option<KeyId> {
        let ids: BTreeSet<KeyId> = self.xnet.keys.keys().chain(sessions).copied().collect();
        let is_other = is_unicast(ip) && self.address() != Some(ip) && self.port.changes_by_itself();
        ids.first().copied().filter(|_| ids.len() == 1 && is_other)
    }

    /// Starts a connection to a console; fails if the address is unknown.
    pub fn connect_console(&mut self, at: Ipv4Addr, sessions: &[KeyId]) -> Result<(), WsaError> {
        let is_known = self.xnet.connect(at) || self.session_of(at, sessions).is_some();
        if is_known { Ok(()) } else { Err(WsaError::INVALID) }
    }

    /// Notes data of a console, which connects it, even if its address is looked up only later. The
    /// machine's own network has no other consoles.
    pub(super) fn note_sender(&mut self, at: Ipv4Addr) {
        let has_room = self.xnet.heard.len() < usize::from(self.xnet.parameters[ASSOCIATIONS]);
        if !self.xnet.connect(at) && self.port.changes_by_itself() && has_room {
            self.xnet.heard.insert(at);
        }
    }

    /// Returns whether a console is connected; `None` if the address is unknown. One that was not
    /// looked up counts as a connected member of the only session.
    pub fn is_connected(&self, at: Ipv4Addr, sessions: &[KeyId]) -> Option<bool> {
        let looked_up = self.xnet.associations.get(&at).map(|association| association.is_connected);
        looked_up.or_else(|| self.session_of(at, sessions).map(|_| true))
    }

    /// Removes the association of an address with a console; fails if the address is unknown.
    pub fn unregister_address(&mut self, at: Ipv4Addr, sessions: &[KeyId]) -> Result<(), WsaError> {
        let removed = self.xnet.associations.remove(&at);
        self.xnet.heard.remove(&at);
        let was_known = removed.is_some() || self.session_of(at, sessions).is_some();
        if was_known { Ok(()) } else { Err(WsaError::INVALID) }
    }
}
