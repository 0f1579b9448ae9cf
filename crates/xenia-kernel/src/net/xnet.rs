//! What `XNet` keeps: the console's address in its own form, keys of sessions, addresses that were
//! made of others', names that are looked up, what others are told who ask how good the connection
//! is.
//!
//! Nothing is encrypted: a key only has a name here. There is no online service, so an address has
//! no part of it.

use super::{Net, WsaError};
use crate::objects::HeldObject;
use crate::ports::Network;
use crate::user::xconfig::ETHERNET_ADDRESS;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Bytes of an `XNADDR`.
pub const XNADDR_SIZE: usize = 0x24;
/// Bytes of an `XNDNS`.
pub const LOOKUP_SIZE: u32 = 0x28;
/// Bytes of the parameters of a start.
pub const PARAMETERS_SIZE: usize = 13;
/// Bytes of an `XNQOS` without its entries, and of an entry.
const QUALITY_HEADER: u32 = 8;
const QUALITY_ENTRY: u32 = 0x18;
/// A question about quality is answered. Nobody has.
const COMPLETE: u8 = 1;
/// Names that are looked up at once.
const LOOKUPS_LIMIT: usize = 16;
/// Addresses that a look-up's place holds.
const ADDRESSES: usize = 8;
/// Answers about quality that a title has not given back.
const QUALITIES_LIMIT: usize = 32;
/// Consoles that one question may be about.
const QUALITY_ENTRIES: u32 = 64;
/// The port of system link.
const SYSTEM_LINK_PORT: u16 = 3074;

/// What a parameter of 0 stands for, and where the ones are that this uses.
const DEFAULTS: [u8; PARAMETERS_SIZE] = [PARAMETERS_SIZE as u8, 0, 8, 32, 16, 16, 8, 32, 64, 2, 3, 8, 2];
const KEYS: usize = 6;
const ASSOCIATIONS: usize = 7;
const QUALITY_WORDS: usize = 8;

/// The name of a session's key.
pub type KeyId = [u8; 8];
/// A console's address as consoles write it.
pub type XnAddr = [u8; XNADDR_SIZE];

/// An address that stands for another console's.
#[derive(Clone, Debug)]
struct Association {
    address: XnAddr,
    key: KeyId,
    is_connected: bool,
}

#[derive(Debug)]
struct LookUp {
    /// Until it is found.
    name: Option<String>,
    event: Option<(Arc<HeldObject>, GuestAddr)>,
}

/// What others are told who ask about a session.
#[derive(Clone, Debug, Default)]
struct Listening {
    answers: bool,
    data: Vec<u8>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct XNet {
    parameters: [u8; PARAMETERS_SIZE],
    keys: BTreeMap<KeyId, [u8; 16]>,
    associations: BTreeMap<Ipv4Addr, Association>,
    lookups: BTreeMap<GuestAddr, LookUp>,
    qualities: BTreeSet<GuestAddr>,
    listening: BTreeMap<KeyId, Listening>,
    /// The port of system link.
    pub system_link_port: u16,
}

impl Default for XNet {
    fn default() -> Self {
        Self {
            parameters: DEFAULTS,
            keys: BTreeMap::new(),
            associations: BTreeMap::new(),
            lookups: BTreeMap::new(),
            qualities: BTreeSet::new(),
            listening: BTreeMap::new(),
            system_link_port: SYSTEM_LINK_PORT,
        }
    }
}

/// What a look-up has come to: it is stored, or to be asked for again.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookups {
    /// There is room for one more.
    Room,
    /// There is none.
    Full,
}

impl XNet {
    /// Takes the parameters of a start; what is 0 is the default.
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

    /// Forgets keys and addresses. What a title has to give back it keeps.
    pub fn end(&mut self) {
        self.parameters = DEFAULTS;
        self.keys.clear();
        self.associations.clear();
        self.listening.clear();
    }

    /// The parameters that are in force.
    pub fn parameters(&self) -> [u8; PARAMETERS_SIZE] {
        self.parameters
    }

    /// Takes in a session's key.
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

    /// Forgets a session's key, and the addresses that were made with it.
    pub fn unregister_key(&mut self, id: KeyId) -> Result<(), WsaError> {
        self.keys.remove(&id).ok_or(WsaError::INVALID)?;
        self.associations.retain(|_, association| association.key != id);
        Ok(())
    }

    /// Moves what was made with one key to another.
    pub fn replace_key(&mut self, old: KeyId, new: KeyId) -> Result<(), WsaError> {
        if !self.keys.contains_key(&new) || self.keys.remove(&old).is_none() {
            return Err(WsaError::INVALID);
        }
        for association in self.associations.values_mut().filter(|association| association.key == old) {
            association.key = new;
        }
        Ok(())
    }

    /// Begins to talk to a console; whether there is one.
    pub fn connect(&mut self, at: Ipv4Addr) -> Result<(), WsaError> {
        let association = self.associations.get_mut(&at).ok_or(WsaError::INVALID)?;
        association.is_connected = true;
        Ok(())
    }

    /// Whether a console is talked to; `None`: it is not known.
    pub fn is_connected(&self, at: Ipv4Addr) -> Option<bool> {
        self.associations.get(&at).map(|association| association.is_connected)
    }

    /// Forgets an address.
    pub fn unregister_address(&mut self, at: Ipv4Addr) -> Result<(), WsaError> {
        self.associations.remove(&at).map(|_| ()).ok_or(WsaError::INVALID)
    }

    /// Says what is answered to who asks about a session.
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

    /// Whether somebody is answered who asks about a session.
    pub fn listens(&self, id: KeyId) -> bool {
        self.listening.contains_key(&id)
    }

    /// Bytes that who asks may be told.
    pub fn quality_bytes(&self) -> usize {
        4 * usize::from(self.parameters[QUALITY_WORDS])
    }

    /// Bytes of an answer about so many consoles, if it may be about them.
    pub fn quality_size(&self, entries: u32) -> Result<u32, WsaError> {
        if entries > QUALITY_ENTRIES || self.qualities.len() >= QUALITIES_LIMIT {
            return Err(WsaError::NO_BUFFERS);
        }
        Ok(QUALITY_HEADER + QUALITY_ENTRY * entries)
    }

    /// Stores an answer: nobody has answered.
    pub fn store_quality(
        &mut self,
        memory: &GuestMemory,
        at: GuestAddr,
        (entries, probes): (u32, u16),
    ) -> Result<(), MemoryFault> {
        memory.fill(at, QUALITY_HEADER + QUALITY_ENTRY * entries, 0)?;
        memory.write(at, entries)?;
        for index in 0..entries {
            let entry = at.offset(QUALITY_HEADER + QUALITY_ENTRY * index);
            memory.write(entry, COMPLETE)?;
            memory.write(entry.offset(2), probes)?;
        }
        self.qualities.insert(at);
        Ok(())
    }

    /// Whether an answer was a title's, which gives it back.
    pub fn take_quality(&mut self, at: GuestAddr) -> Result<(), WsaError> {
        if self.qualities.remove(&at) { Ok(()) } else { Err(WsaError::INVALID) }
    }

    /// Whether another name may be looked up.
    pub fn room(&self) -> Lookups {
        if self.lookups.len() < LOOKUPS_LIMIT { Lookups::Room } else { Lookups::Full }
    }

    /// Looks a name up; the answer goes to `at` when it is there.
    pub fn look_up(&mut self, at: GuestAddr, name: String, event: Option<(Arc<HeldObject>, GuestAddr)>) {
        self.lookups.insert(at, LookUp { name: Some(name), event });
    }

    /// Whether a look-up was a title's, which gives it back.
    pub fn take_lookup(&mut self, at: GuestAddr) -> Result<(), WsaError> {
        self.lookups.remove(&at).map(|_| ()).ok_or(WsaError::INVALID)
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.lookups.values().any(|lookup| lookup.name.is_some())
    }

    /// Asks again for the names that have not been found; whose event is to be signalled.
    pub(super) fn look_up_again(
        &mut self,
        port: &mut dyn Network,
        memory: &GuestMemory,
    ) -> Vec<(Arc<HeldObject>, GuestAddr)> {
        let mut found = Vec::new();
        for (at, lookup) in &mut self.lookups {
            let Some(name) = &lookup.name else { continue };
            let result = port.look_up(name);
            if result == Err(WsaError::WOULD_BLOCK) {
                continue;
            }
            lookup.name = None;
            if let Err(fault) = store_lookup(memory, *at, &result) {
                tracing::debug!(target: "kernel", "a host's addresses can't be told: {fault}");
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

/// Says that a look-up is under way.
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
    let count = addresses.len().min(ADDRESSES);
    for (index, &address) in addresses.iter().take(count).enumerate() {
        memory.write(at.offset(8 + 4 * index as u32), u32::from(address))?;
    }
    memory.write(at.offset(4), count as u32)?;
    memory.write(at, result.as_ref().err().map_or(0, |error| error.0))
}

impl Net {
    /// The console's own address; without a network it has no place in one.
    pub fn own_address(&self) -> XnAddr {
        let mut address = [0; XNADDR_SIZE];
        let ip = self.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        address[..4].copy_from_slice(&ip.octets());
        address[0xA..0x10].copy_from_slice(&ETHERNET_ADDRESS);
        address
    }

    /// An address for sockets that stands for a console's.
    pub fn associate(&mut self, address: XnAddr, key: KeyId) -> Result<Ipv4Addr, WsaError> {
        let ip = Ipv4Addr::new(address[0], address[1], address[2], address[3]);
        let own = self.address().ok_or(WsaError::NETWORK_UNREACHABLE)?;
        if ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() {
            return Err(WsaError::INVALID);
        }
        let is_here = ip == own || ip.is_loopback();
        if !is_here && !self.port.changes_by_itself() {
            return Err(WsaError::HOST_UNREACHABLE);
        }
        let limit = usize::from(self.xnet.parameters[ASSOCIATIONS]);
        let associations = &mut self.xnet.associations;
        if !associations.contains_key(&ip) && associations.len() >= limit {
            return Err(WsaError::NO_BUFFERS);
        }
        // Who asks once more for a console that is connected has it connected.
        let is_connected = associations
            .get(&ip)
            .is_some_and(|there| there.is_connected && there.address == address && there.key == key);
        associations.insert(ip, Association { address, key, is_connected });
        Ok(ip)
    }

    /// The console that an address stands for, and the key that was said with it.
    pub fn console_at(&self, ip: Ipv4Addr) -> Result<(XnAddr, KeyId), WsaError> {
        if let Some(association) = self.xnet.associations.get(&ip) {
            return Ok((association.address, association.key));
        }
        if self.address() == Some(ip) {
            Ok((self.own_address(), KeyId::default()))
        } else {
            Err(WsaError::INVALID)
        }
    }
}
