//! Entry to optimized code and exit from it.
//!
//! `enter_code` saves the host's registers, puts the context into its register and jumps to
//! `dispatch`, which looks up the pc, calls the region, and repeats with the returned pc, until a
//! region leaves for another reason than a branch. Host frames of guest functions hold no guest
//! state, so returning to the dispatcher is always correct, whatever the guest did to its stack.
//! The code of both, and thunks, are the processor's ([`crate::arch::enter`]).
//!
//! ```text
//!  region(budget, pc, r1, r3, r4) -> (budget, pc | reason << 32, r1, r3)
//! ```
//!
//! The registers are copies of values in the context (`CALLED_WITH` of xenia-lifter). The table of
//! entries points at the slow entry, where the first entry of a region loads the argument registers
//! and falls into the fast entry, [`LINKED`] bytes later. Callers that have loaded the registers
//! use the fast entry. The other entries of a region need no arguments.
//!
//! # Leaving
//! A guest return is a host return. Any other exit (a spent budget, a return to an address that the
//! caller does not expect) jumps to `leave_region`. If few frames are on the stack, `leave_region`
//! returns, too: each caller compares the result with its return address, and returns in turn or
//! continues. Processors predict such returns well. If there are many frames, left over from a
//! `longjmp` for example, it drops all of them together.
//!
//! A call checks nothing; the callee's thunk ([`first_thunk`]) compares the stack pointer with the
//! limit, and if that is reached, the call continues from the dispatcher.
//!
//! A host fault in compiled code resumes at [`land`]. Without a fault exit the region is left with
//! the stack pointer that was saved here ([`drop_frames`]); the context then holds the budget of
//! the block's start.
//!
//! [`LINKED`]: xenia_lifter::thunks::LINKED
//! [`first_thunk`]: xenia_lifter::thunks::first_thunk

pub(crate) use crate::arch::enter::{drop_frames, land, leave_missing, leave_region};
use crate::arch::enter::{enter_code, stack_pointer};
use xenia_cpu::{Exit, PpcContext};
use xenia_lifter::host::{Leave, Word};

/// Bytes of host stack for nested guest calls.
pub(crate) const NESTING: u64 = 192 << 10;

/// Bytes of host stack that are unwound frame by frame: about as many frames as the return
/// predictors of processors hold.
pub(crate) const NEAR: u64 = 1 << 10;

/// The reason for which compiled code has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Departure {
    pub(crate) leave: Leave,
    /// A detail that some reasons have.
    pub(crate) detail: u32,
    /// The exit that a hook has noted, for [`Leave::Exit`].
    pub(crate) exit: Option<Exit>,
}

impl Departure {
    /// Decodes the reason that code has left in the context.
    pub(crate) fn of(ctx: &PpcContext, exit: Option<Exit>) -> Self {
        let bits = ctx.host[Word::Leave as usize] as u32;
        let leave = Leave::from_bits(bits);
        debug_assert_ne!(leave, Leave::Branch, "a branch does not leave compiled code");
        debug_assert!(leave != Leave::Exit || exit.is_some(), "the hook that left has noted no exit");
        Self { leave, detail: bits >> 8, exit }
    }
}

/// Runs compiled code on `ctx` from its pc, until it leaves a [`Departure`] in the context. The
/// caller has set the words of `PpcContext::host`: those of the code
/// ([`crate::shared::ModeCode`]), which the caller's borrow keeps alive, and the run
/// ([`crate::runtime::hooks::lend_run`]).
pub(crate) fn enter(ctx: &mut PpcContext) {
    let here = stack_pointer();
    ctx.host[Word::StackLimit as usize] = here.saturating_sub(NESTING);
    ctx.host[Word::FarStack as usize] = here.saturating_sub(NEAR);
    // SAFETY: the tables lead to code that the lifter emitted, which follows `xenia_lifter::host`,
    // or to the stub.
    unsafe { enter_code(ctx) };
}
