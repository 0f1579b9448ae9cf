//! Waits of the calling thread: timeouts, pending APCs, parking (docs/src/internals/kernel.md has
//! the way from call to wake).
//!
//! Invariant: the thread's turn is held from the check for an interruption until the wait can be
//! interrupted, so no interruption is lost.

use crate::abi::{Call, Flow, IntoFlow, Ptr};
use crate::objects::HeldObject;
use crate::objects::dispatcher::{Held, Turn, WaitBlock, WaitResult, WaitSet, Waiter};
use crate::ports::Clock;
use crate::ports::clock::{interrupt_from, last_interrupt};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{Alertable, Cpu, GuestTicks, MAX_TICKS, ticks_from_100ns};

/// Pointer to a timeout in units of 100 ns: a negative value is relative to the last clock
/// interrupt, a positive one a system time, 0 does not wait. `None` waits for ever.
pub type Timeout = Option<Ptr<i64>>;

/// Guest time at which an interval ends; an end from [`MAX_TICKS`] on is never reached. As on the
/// console, a relative interval begins at the last clock interrupt, and all end at one: if the end
/// has passed, at the last one.
pub fn deadline_of(clock: Clock, now: GuestTicks, interval: i64) -> GuestTicks {
    let last = last_interrupt(now);
    if interval < 0 {
        interrupt_from(last.saturating_add(ticks_from_100ns(interval.unsigned_abs())))
    } else {
        interrupt_from(clock.guest_time(interval as u64)).max(last)
    }
}

/// Guest time at which a timeout ends; `None` means never, as does the largest interval.
pub fn deadline(call: &Call, timeout: Timeout) -> Fallible<Option<GuestTicks>> {
    Ok(match timeout {
        Some(interval) => Some(deadline_of(call.kernel.clock, call.now(), interval.read(call.memory())?))
            .filter(|&at| at < MAX_TICKS),
        None => None,
    })
}

/// A wait that a call asks for.
#[derive(Debug)]
pub struct WaitRequest<'a> {
    pub set: WaitSet<'a>,
    pub alertable: Alertable,
    /// Guest time at which it ends; `None`: never.
    pub deadline: Option<GuestTicks>,
    pub keep: KeepAlive,
}

/// How a wait keeps its objects alive.
#[derive(Debug)]
pub enum KeepAlive {
    /// By references that titles can see: a wait by handle. The call keeps the objects alive until
    /// the wait has begun.
    Counted,
    /// By references that titles can't see: a wait by pointer. Dispatcher objects in a title's own
    /// memory are not kept alive.
    Unseen,
    /// By the references that were taken before the wait was interrupted.
    Held(Vec<HeldObject>),
}

impl KeepAlive {
    fn hold(self, call: &Call, bodies: &[GuestAddr]) -> Vec<HeldObject> {
        let objects = &call.kernel.objects;
        match self {
            Self::Counted => bodies.iter().filter_map(|&body| objects.hold_counted(body)).collect(),
            Self::Unseen => bodies.iter().filter_map(|&body| objects.hold(body)).collect(),
            Self::Held(held) => held,
        }
    }
}

/// Waits with the semantics of all kernel waits.
pub fn wait(call: &mut Call, request: WaitRequest<'_>) -> Fallible<Flow<NtStatus>> {
    let mut held = call.kernel.dispatcher.hold(request.set.objects);
    wait_under(call, &mut held, request)
}

/// Resumes a wait that was interrupted, with its original deadline.
pub(crate) fn wait_again(call: &mut Call, wait: WaitBlock) -> Flow {
    let WaitBlock { objects, wait_type, deadline, alertable, held, .. } = wait;
    let set = WaitSet { objects: objects.as_slice(), wait_type };
    let keep = KeepAlive::Held(held);
    self::wait(call, WaitRequest { set, alertable, deadline, keep }).into_flow()
}

/// Signals the object `signalled` by `signal` and waits, atomically.
pub fn signal_and_wait(
    call: &mut Call,
    signalled: GuestAddr,
    signal: impl FnOnce(&mut Held<'_>, &mut dyn Cpu) -> Fallible<()>,
    request: WaitRequest<'_>,
) -> Fallible<Flow<NtStatus>> {
    let mut held = call.kernel.dispatcher.hold_around(signalled, request.set.objects);
    signal(&mut held, call.cpu)?;
    wait_under(call, &mut held, request)
}

/// Starts a wait with the objects locked.
fn wait_under(call: &mut Call, held: &mut Held<'_>, request: WaitRequest<'_>) -> Fallible<Flow<NtStatus>> {
    let WaitRequest { set, alertable, deadline, mut keep } = request;
    let kthread = call.kthread()?;
    let kernel = call.kernel;
    // Objects that are signalled already are taken before APCs are checked, as NT does it.
    if let Some(status) = held.try_take(call.memory(), set, kthread)? {
        return Ok(Flow::Return(status));
    }
    call.forget_abandoned_calls();
    let mut turn = kernel.dispatcher.turn(call.thread());
    if let Some(flow) = interruption(call, &mut turn, alertable)? {
        return Ok(flow);
    }
    let is_over = deadline.is_some_and(|deadline| deadline <= call.now());
    if !is_over && kernel.pending_apcs.is_any() {
        let kept = keep.hold(call, set.objects);
        let WaitSet { objects, wait_type } = set;
        let wait = WaitBlock { objects: objects.into(), wait_type, deadline, alertable, kthread, held: kept };
        match kernel.apcs().interrupt_before(call.thread_id(), wait)? {
            Ok(guest) => return Ok(Flow::CallGuest(guest)),
            Err(wait) => keep = KeepAlive::Held(wait.held),
        }
    }
    let waiter = Waiter { thread: call.thread(), kthread, deadline, alertable };
    Ok(match held.wait(&mut turn, &kernel.memory, call.cpu, waiter, set)? {
        WaitResult::Done(status) => Flow::Return(status),
        WaitResult::Park(wait) => {
            turn.keep(keep.hold(call, set.objects));
            Flow::Block(wait)
        }
    })
}

/// Returns the interruption that ends a wait of the calling thread before it begins. The caller
/// holds the thread's turn. Takes no other lock if there is no interruption.
pub fn interruption(
    call: &Call,
    turn: &mut Turn<'_>,
    alertable: Alertable,
) -> Fallible<Option<Flow<NtStatus>>> {
    if !alertable.is_alertable() || !turn.is_interruption_requested() {
        return Ok(None);
    }
    let flow = call.kernel.threads.lock().interruption(call.memory(), call.thread_id(), alertable)?;
    // A wait in kernel mode leaves APCs and user-mode alerts to a later wait.
    if flow.is_none() && alertable == Alertable::InUserMode {
        turn.clear_interruption();
    }
    Ok(flow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_sched::START_FILETIME;

    #[test]
    fn intervals_are_relative_absolute_or_none() {
        assert_eq!(deadline_of(Clock::default(), 100, -10_000), 49_875);
        assert_eq!(deadline_of(Clock::default(), 100, START_FILETIME as i64 + 10_000), 49_875);
        assert_eq!(deadline_of(Clock::default(), 100, i64::MIN), u64::MAX);
        assert_eq!(deadline_of(Clock::default(), u64::MAX - 1, i64::MIN), u64::MAX);
    }

    #[test]
    fn intervals_begin_and_end_at_clock_interrupts() {
        let clock = Clock::starting_at(START_FILETIME + 1234);
        let in_ms = |now, interval| {
            let deadline = deadline_of(clock, now, interval);
            assert_eq!(deadline % 49_875, 0, "{interval} at {now}");
            deadline / 49_875
        };
        // A wait for a millisecond after 0.6 ms of work ends 0.4 ms later.
        assert_eq!(in_ms(7 * 49_875 + 29_925, -10_000), 8);
        assert_eq!((in_ms(7 * 49_875, -10_000), in_ms(8 * 49_875 - 1, -10_000)), (8, 8));
        assert_eq!((in_ms(7 * 49_875 + 1, -1), in_ms(7 * 49_875, -10_001)), (8, 9));
        for past in [0, 1, START_FILETIME as i64 + 1234] {
            assert_eq!((in_ms(7 * 49_875 + 100, past), in_ms(7 * 49_875, past)), (7, 7), "{past} has passed");
        }
        let time = |units| START_FILETIME as i64 + 1234 + units;
        assert_eq!((in_ms(0, time(20_000)), in_ms(0, time(20_001)), in_ms(0, time(29_999))), (2, 3, 3));
    }
}
