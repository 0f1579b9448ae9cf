//! State of the service threads and their queues.

use super::{GraphicsCallback, Interrupts, ServiceCall, ServiceKind, ServiceThread};
use crate::objects::check_thread;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use xenia_sched::HW_THREADS;
use xenia_state::{Impossible, check};

/// State of [`Interrupts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InterruptsState {
    callback: Option<GraphicsCallback>,
    queues: [VecDeque<ServiceCall>; HW_THREADS],
    threads: [Option<ServiceThread>; HW_THREADS],
}

impl Interrupts {
    pub(crate) fn state(&self) -> InterruptsState {
        let Self {
            callback,
            queues,
            // Those in the queues.
            dpcs: _,
            // The machine has them.
            limits: _,
            threads,
        } = self;
        InterruptsState { callback: *callback, queues: queues.clone(), threads: *threads }
    }

    pub(crate) fn restore(&mut self, state: InterruptsState) -> Result<(), Impossible> {
        let InterruptsState { callback, queues, threads } = state;
        let mut dpcs = BTreeSet::new();
        for call in queues.iter().flatten() {
            if let ServiceKind::Dpc(dpc) = call.kind {
                check(dpcs.insert(dpc), "a deferred call is queued twice")?;
            }
        }
        for service in threads.iter().flatten() {
            let &ServiceThread { thread, kpcr: _, idle, begun } = service;
            check_thread(thread)?;
            check(!idle || begun.is_none(), "a service thread is idle and has a call")?;
        }
        *self = Self { callback, queues, dpcs, limits: self.limits.clone(), threads };
        Ok(())
    }

    /// Number of calls for which service threads are being woken.
    pub(in crate::thread) fn pending_calls(&self) -> usize {
        self.threads.iter().flatten().filter(|service| service.begun.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::GuestAddr;

    #[test]
    fn a_deferred_call_is_in_one_queue_only() {
        let mut interrupts = Interrupts::default();
        let call = ServiceCall { kind: ServiceKind::Dpc(GuestAddr(4)), pc: GuestAddr(8), args: [0; 4] };
        interrupts.push(2, call).unwrap();
        let mut state = interrupts.state();
        let mut restored = Interrupts::default();
        restored.restore(state.clone()).unwrap();
        assert_eq!((restored.state(), restored.push(3, call)), (state.clone(), Ok(false)));
        state.queues[3].push_back(call);
        assert!(restored.restore(state).is_err());
    }
}
