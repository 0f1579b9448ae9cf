//! State of a thread's APC queues and interrupted waits.

use super::{Apc, Apcs};
use crate::abi::GuestCall;
#[cfg(any(test, feature = "testing"))]
use crate::objects::HeldState;
use crate::objects::dispatcher::{WaitBlock, WaitBlockState};
use crate::objects::{MAX_SERIAL, Objects};
use crate::thread::frames::check_guest_call;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use xenia_state::{Impossible, check};

/// State of [`Apcs`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApcsState {
    user: VecDeque<Apc>,
    kernel: VecDeque<Apc>,
    interrupted: Vec<(u64, WaitBlockState)>,
    interruptions: u64,
    before_park: Option<GuestCall>,
    run_down: bool,
}

impl Apcs {
    pub(crate) fn state(&self) -> ApcsState {
        let Self { user, kernel, interrupted, interruptions, before_park, run_down } = self;
        ApcsState {
            user: user.clone(),
            kernel: kernel.clone(),
            interrupted: interrupted.iter().map(|(&number, wait)| (number, wait.state())).collect(),
            interruptions: *interruptions,
            before_park: before_park.clone(),
            run_down: *run_down,
        }
    }

    /// Number of calls that are saved for the thread: 0 or 1.
    pub(in crate::thread) fn pending_calls(&self) -> usize {
        usize::from(self.before_park.is_some())
    }
}

impl ApcsState {
    /// The queues. Interrupted waits hold their objects in the restored table.
    pub(crate) fn restore(self, objects: &Arc<Objects>) -> Result<Apcs, Impossible> {
        let Self { user, kernel, interrupted, interruptions, before_park, run_down } = self;
        check(interruptions <= MAX_SERIAL, "a thread has too many interruptions")?;
        let numbers: BTreeSet<u64> = interrupted.iter().map(|&(number, _)| number).collect();
        let numbered =
            numbers.len() == interrupted.len() && numbers.last().is_none_or(|&last| last < interruptions);
        check(numbered, "the number of an interrupted wait occurs twice or is too large")?;
        before_park.iter().try_for_each(check_guest_call)?;
        let wait = |(number, wait): (u64, WaitBlockState)| -> Result<(u64, WaitBlock), Impossible> {
            Ok((number, wait.restore(objects)?))
        };
        let interrupted = interrupted.into_iter().map(wait).collect::<Result<_, _>>()?;
        Ok(Apcs { user, kernel, interrupted, interruptions, before_park, run_down })
    }
}

#[cfg(any(test, feature = "testing"))]
impl ApcsState {
    /// The objects that interrupted waits hold.
    pub(crate) fn held(&self) -> impl Iterator<Item = HeldState> + '_ {
        self.interrupted.iter().flat_map(|(_, wait)| wait.held())
    }
}

#[cfg(test)]
impl Apcs {
    /// Saves a call for the thread.
    pub(in crate::thread) fn save_call(&mut self, call: GuestCall) {
        self.before_park = Some(call);
    }
}
