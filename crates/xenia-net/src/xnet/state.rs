//! Saved state of `XNet`: addresses, keys and answers of the title. A loaded one is untrusted:
//! numbers and events are checked.

use super::quality::MAX_QUALITIES;
use super::{Association, DEFAULTS, KeyId, Listening, LookUp, MAX_LOOKUPS, PARAMETERS_SIZE, XNet};
use crate::saved_events::{RestoredEvents, SavedEvents};
use crate::traffic::NetTraffic;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, check};

/// Largest number of keys, addresses and sessions with answers, each: the parameters are bytes.
const MAX_ANSWERS: usize = u8::MAX as usize;

/// State of [`XNet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct XNetState {
    parameters: [u8; PARAMETERS_SIZE],
    keys: BTreeMap<KeyId, [u8; 16]>,
    associations: BTreeMap<Ipv4Addr, AssociationState>,
    lookups: BTreeMap<GuestAddr, LookUpState>,
    qualities: BTreeSet<GuestAddr>,
    listening: BTreeMap<KeyId, Listening>,
    system_link_port: u16,
    traffic: NetTraffic,
    traffic_before: NetTraffic,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AssociationState {
    address: Vec<u8>,
    key: KeyId,
    is_connected: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LookUpState {
    name: Option<String>,
    /// Index of the event that is held.
    event: Option<u32>,
}

impl Association {
    fn state(&self) -> AssociationState {
        let Self { address, key, is_connected } = self;
        AssociationState { address: address.to_vec(), key: *key, is_connected: *is_connected }
    }
}

impl AssociationState {
    fn association(self) -> Result<Association, Impossible> {
        let Self { address, key, is_connected } = self;
        let address = address.try_into().map_err(|_| "an address of a console has another size")?;
        Ok(Association { address, key, is_connected })
    }
}

impl XNet {
    /// Addresses, keys and results of the title, as plain data.
    pub(crate) fn state(&self, events: &mut SavedEvents) -> XNetState {
        let Self {
            parameters,
            keys,
            associations,
            // Empty on the machine's own network; the host's is not saved.
            heard: _,
            probing: _,
            last_probe: _,
            lookups,
            qualities,
            listening,
            system_link_port,
            traffic,
            traffic_before,
        } = self;
        let mut lookup = |LookUp { name, event }: &LookUp| LookUpState {
            name: name.clone(),
            event: event.as_ref().map(|(event, _)| events.index_of(event)),
        };
        XNetState {
            parameters: *parameters,
            keys: keys.clone(),
            associations: associations.iter().map(|(&at, one)| (at, one.state())).collect(),
            lookups: lookups.iter().map(|(&at, one)| (at, lookup(one))).collect(),
            qualities: qualities.clone(),
            listening: listening.clone(),
            system_link_port: *system_link_port,
            traffic: *traffic,
            traffic_before: *traffic_before,
        }
    }

    /// Makes the value of a state again.
    pub(crate) fn restored(state: XNetState, events: &RestoredEvents) -> Result<Self, Impossible> {
        let XNetState {
            parameters,
            keys,
            associations,
            lookups,
            qualities,
            listening,
            system_link_port,
            traffic,
            traffic_before,
        } = state;
        // `XNet::start` has replaced zeros by defaults, of which some are zero themselves.
        let is_set = parameters[0] == DEFAULTS[0]
            && parameters.iter().zip(DEFAULTS).all(|(&value, default)| value != 0 || default == 0);
        check(is_set, "a parameter of XNet is missing")?;
        let counts = [keys.len(), associations.len(), listening.len()];
        check(counts.into_iter().all(|count| count <= MAX_ANSWERS), "XNet has too many keys or addresses")?;
        let is_short = lookups.len() <= MAX_LOOKUPS && qualities.len() <= MAX_QUALITIES;
        check(is_short, "XNet has too many results")?;
        let fits = |listening: &Listening| listening.data.len() <= 4 * MAX_ANSWERS;
        check(listening.values().all(fits), "an answer to probes is too long")?;
        let associations = associations.into_iter().map(|(at, one)| Ok((at, one.association()?)));
        let lookups = lookups.into_iter().map(|(at, LookUpState { name, event })| {
            let event = event.map(|index| events.get(index)).transpose()?;
            Ok((at, LookUp { name, event }))
        });
        Ok(Self {
            parameters,
            keys,
            associations: associations.collect::<Result<_, Impossible>>()?,
            heard: BTreeSet::new(),
            lookups: lookups.collect::<Result<_, Impossible>>()?,
            qualities,
            probing: BTreeMap::new(),
            last_probe: 0,
            listening,
            system_link_port,
            traffic,
            traffic_before,
        })
    }
}
