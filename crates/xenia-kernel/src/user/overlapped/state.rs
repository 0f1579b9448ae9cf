//! State of the overlapped requests.

use super::{OverlappedCalls, Pending, Requests};
use crate::objects::check_thread;
use serde::{Deserialize, Serialize};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check, is_count};

/// State of [`Requests`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RequestsState {
    calls: OverlappedCalls,
}

impl OverlappedCalls {
    fn check_state(&self, limits: &ResourceLimits) -> Result<(), Impossible> {
        let Self { pending, waiters } = self;
        if let Some(others) = pending.len().checked_sub(1) {
            let admitted = limits.admit(Limit::OverlappedCalls, others);
            check(admitted.is_ok(), "too many overlapped calls")?;
        }
        check(
            pending.iter().is_sorted_by_key(|call: &Pending| call.due),
            "overlapped calls are not in order",
        )?;
        check(pending.back().is_none_or(|last| is_count(last.due)), "an overlapped call is never due")?;
        waiters.iter().map(|waiter| waiter.thread).try_for_each(check_thread)
    }
}

impl Requests {
    /// The requests' state.
    pub(crate) fn state(&self) -> RequestsState {
        // The time of the first call is a copy.
        let Self { calls, due: _ } = self;
        RequestsState { calls: calls.lock().clone() }
    }

    /// Replaces the requests by those of a state.
    pub(crate) fn restore(&self, state: RequestsState, limits: &ResourceLimits) -> Result<(), Impossible> {
        let RequestsState { calls } = state;
        calls.check_state(limits)?;
        let mut own = self.lock();
        *own = calls;
        self.set_due(&own);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OverlappedFields, Waiter};
    use super::*;
    use crate::abi::WaiterResult;
    use xenia_guest::{GuestAddr, Win32Error};
    use xenia_sched::ThreadRef;

    fn pending(due: u64) -> Pending {
        let fields = OverlappedFields { result: 5, extended: Win32Error(5).to_hresult(), length: 7 };
        Pending { due, at: GuestAddr(0x100), thread_id: 3, fields }
    }

    fn state(due: &[u64], hw_id: u8) -> RequestsState {
        let thread = ThreadRef { hw_id, generation: 2, idx: 1 };
        let wants = WaiterResult::Result(Some(GuestAddr(0x40)));
        let waiters = vec![Waiter { at: GuestAddr(0x100), thread, wants }];
        let pending = due.iter().map(|&due| pending(due)).collect();
        RequestsState { calls: OverlappedCalls { pending, waiters } }
    }

    #[test]
    fn restored_calls_are_due_when_they_were() {
        let lines = |requests: &Requests| {
            let mut lines = Vec::new();
            requests.describe(&mut |line| lines.push(line.to_owned()));
            lines
        };
        let requests = Requests::new(0x11);
        let saved = crate::kernel::round_trip(&state(&[5, 5, 9], 1));
        requests.restore(saved, &ResourceLimits::default()).expect("they can be");
        assert_eq!((requests.next_due(), lines(&requests).len()), (Some(5), 4));
        let other = Requests::new(0x11);
        other.restore(requests.state(), &ResourceLimits::default()).expect("they can be");
        assert_eq!((lines(&other), other.next_due()), (lines(&requests), Some(5)));
        other.restore(state(&[], 1), &ResourceLimits::default()).expect("they can be");
        assert_eq!(other.next_due(), None);
    }

    #[test]
    fn impossible_states_of_pending_calls_are_refused() {
        for state in [state(&[9, 5], 1), state(&[5, u64::MAX], 1), state(&[5], 6), state(&vec![5; 0x1001], 1)]
        {
            assert!(Requests::new(0x11).restore(state, &ResourceLimits::default()).is_err());
        }
    }
}
