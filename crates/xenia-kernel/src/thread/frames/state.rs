//! State of a thread's guest call frames.

use super::{FrameCount, Frames, GuestCallFrame};
use crate::abi::{Continuation, GuestCall, MAX_LOCALS};
use serde::{Deserialize, Serialize};
use xenia_limits::Limit;
use xenia_state::{Impossible, check};

/// State of [`Frames`], innermost last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FramesState(Vec<GuestCallFrame>);

impl Frames {
    pub(crate) fn state(&self) -> FramesState {
        // The number of frames of all threads.
        let Self { list, all: _ } = self;
        FramesState(list.clone())
    }
}

impl FramesState {
    /// The frames, counted in `all`.
    pub(crate) fn restore(self, all: &FrameCount) -> Result<Frames, Impossible> {
        let Self(list) = self;
        let limit = Limit::NestedCalls.row().value;
        check(list.len() as u64 <= limit, "a thread has too many nested guest calls")?;
        let mut frames = Frames::new(all);
        for frame in list {
            let GuestCallFrame { pc: _, lr: _, stack_pointer: _, then } = &frame;
            check_continuation(then)?;
            frames.push(frame);
        }
        Ok(frames)
    }
}

/// Checks a continuation of a saved state. The fields of an export's or a kernel function's
/// continuation may have any value: each is an address, a number that is looked up, or a flag.
fn check_continuation(then: &Continuation) -> Result<(), Impossible> {
    match then {
        Continuation::Kernel(_) | Continuation::Export(_) => Ok(()),
        Continuation::Exception(activity) => activity.check(),
        Continuation::Rest(rest) => rest.check(),
    }
}

/// Checks a call of guest code of a saved state.
pub(crate) fn check_guest_call(guest: &GuestCall) -> Result<(), Impossible> {
    let GuestCall { pc: _, args, locals, link: _, then } = guest;
    check(args.len() <= 8 && locals.len() <= MAX_LOCALS, "a guest call has too many arguments")?;
    check_continuation(then)
}
