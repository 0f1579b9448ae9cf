//! Saved state of completion ports.

use super::{CompletionPorts, Port};
use crate::objects::{HeldObject, HeldState, Objects, check_thread};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_sched::ThreadRef;
use xenia_state::{Impossible, check};

/// All completion ports, as they are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::files) struct PortsState {
    ports: BTreeMap<GuestAddr, Port>,
    joined: BTreeMap<ThreadRef, (GuestAddr, Option<HeldState>)>,
}

impl CompletionPorts {
    /// All ports, for a saved state.
    pub(in crate::files) fn state(&self) -> PortsState {
        let Self {
            ports,
            // Counted again.
            queued: _,
            joined,
            // A setting.
            limits: _,
        } = self;
        let joined = joined
            .iter()
            .map(|(&thread, (port, held))| (thread, (*port, held.as_ref().map(HeldObject::state))));
        PortsState { ports: ports.clone(), joined: joined.collect() }
    }

    /// Forgets the waiting threads, and drops the ports that they hold.
    pub(in crate::files) fn release_all(&mut self) {
        self.joined.clear();
    }

    /// Replaces all ports by saved ones. The objects of the state are restored already.
    pub(in crate::files) fn restore(
        &mut self,
        state: PortsState,
        objects: &Arc<Objects>,
    ) -> Result<(), Impossible> {
        let PortsState { ports, joined } = state;
        let queued = ports.values().map(|port| port.queue.len()).sum::<usize>();
        let most = self.limits.value(Limit::Completions);
        check(queued as u64 <= most, "too many completions are queued")?;
        joined.keys().try_for_each(|&thread| check_thread(thread))?;
        let waiting = ports
            .iter()
            .flat_map(|(&at, port)| port.receivers.iter().map(move |receiver| (receiver.thread, at)));
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_unstable();
        let is_right = waiting.iter().copied().eq(joined.iter().map(|(&thread, &(port, _))| (thread, port)));
        check(is_right, "a thread waits at another completion port than it says")?;
        let hold = |(thread, (port, held)): (ThreadRef, (GuestAddr, Option<HeldState>))| {
            let held = held.map(|held| objects.hold_again(held)).transpose()?;
            Ok((thread, (port, held)))
        };
        self.joined = joined.into_iter().map(hold).collect::<Result<_, Impossible>>()?;
        self.ports = ports;
        self.queued = queued;
        Ok(())
    }

    /// Whether there is a port at this address.
    pub(in crate::files) fn has(&self, port: GuestAddr) -> bool {
        self.ports.contains_key(&port)
    }
}
