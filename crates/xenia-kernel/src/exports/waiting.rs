//! Common parts of the exports that wait: timeouts, pending APCs, parking; and creation of named
//! objects.

use crate::abi::{Call, Flow, Handle, IntoFlow, ObjectAttributes, Out, Ptr};
use crate::objects::dispatcher::{Held, Turn, WaitBlock, WaitResult, Waiter};
use crate::objects::{HeldObject, ObjectKind};
use crate::ports::Clock;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{Cpu, GuestTicks, MAX_TICKS, ticks_from_100ns};

/// Pointer to a timeout in units of 100 ns: a negative value is relative to now, a positive one a
/// system time, 0 does not wait. `None` waits for ever.
pub type Timeout = Option<Ptr<i64>>;

/// Guest time at which an interval ends; from [`MAX_TICKS`] on it never does.
pub fn deadline_of(clock: Clock, now: GuestTicks, interval: i64) -> GuestTicks {
    match interval {
        0 => now,
        interval if interval < 0 => now.saturating_add(ticks_from_100ns(interval.unsigned_abs())),
        time => clock.guest_time(time as u64),
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

/// Waits for one or all of `objects`, with the semantics of all kernel waits.
pub fn wait(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    timeout: Timeout,
) -> Fallible<Flow<NtStatus>> {
    let deadline = deadline(call, timeout)?;
    wait_until(call, objects, all, alertable, deadline, Keep::Unseen)
}

/// Like [`wait`], for objects named by handles, which the call keeps alive until this returns.
pub fn wait_by_handle(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    timeout: Timeout,
) -> Fallible<Flow<NtStatus>> {
    let deadline = deadline(call, timeout)?;
    wait_until(call, objects, all, alertable, deadline, Keep::Counted)
}

/// Like [`wait_by_handle`], with a deadline.
pub fn wait_by_handle_until(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    deadline: Option<GuestTicks>,
) -> Fallible<Flow<NtStatus>> {
    wait_until(call, objects, all, alertable, deadline, Keep::Counted)
}

/// How a wait keeps its objects alive.
#[derive(Debug)]
enum Keep {
    /// By references that titles can see: a wait by handle.
    Counted,
    /// By references that titles can't see: a wait by pointer. Dispatcher objects in a title's own
    /// memory are not kept alive.
    Unseen,
    /// By the references that were taken before the wait was interrupted.
    Held(Vec<HeldObject>),
}

impl Keep {
    fn hold(self, call: &Call, bodies: &[GuestAddr]) -> Vec<HeldObject> {
        let objects = &call.kernel.objects;
        match self {
            Self::Counted => bodies.iter().filter_map(|&body| objects.hold_counted(body)).collect(),
            Self::Unseen => bodies.iter().filter_map(|&body| objects.hold(body)).collect(),
            Self::Held(held) => held,
        }
    }
}

/// Resumes a wait that was interrupted, with its original deadline.
pub fn wait_again(call: &mut Call, wait: WaitBlock) -> Flow {
    let WaitBlock { objects, all, deadline, alertable, held, .. } = wait;
    wait_until(call, &objects, all, alertable, deadline, Keep::Held(held)).into_flow()
}

fn wait_until(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    deadline: Option<GuestTicks>,
    keep: Keep,
) -> Fallible<Flow<NtStatus>> {
    let mut held = call.kernel.dispatcher.hold(objects);
    wait_under(call, &mut held, objects, all, (alertable, deadline), keep)
}

/// Signals an object and waits for one named by a handle, atomically.
pub fn signal_and_wait(
    call: &mut Call,
    (signalled, signal): (GuestAddr, impl FnOnce(&mut Held<'_>, &mut dyn Cpu) -> Fallible<()>),
    object: GuestAddr,
    alertable: bool,
    timeout: Timeout,
) -> Fallible<Flow<NtStatus>> {
    let deadline = deadline(call, timeout)?;
    let mut held = call.kernel.dispatcher.hold_around(signalled, &[object]);
    signal(&mut held, call.cpu)?;
    wait_under(call, &mut held, &[object], false, (alertable, deadline), Keep::Counted)
}

/// Starts a wait with the objects locked. The thread's turn is held from the check for an
/// interruption until the wait can be interrupted, so that no interruption is lost in between.
fn wait_under(
    call: &mut Call,
    held: &mut Held<'_>,
    objects: &[GuestAddr],
    all: bool,
    (alertable, deadline): (bool, Option<GuestTicks>),
    mut keep: Keep,
) -> Fallible<Flow<NtStatus>> {
    let (kthread, kernel) = (call.kthread()?, call.kernel);
    // Objects that are signalled already are taken before APCs are checked, as NT does it.
    if let Some(status) = held.try_take(call.memory(), objects, all, kthread)? {
        return Ok(Flow::Return(status));
    }
    call.forget_abandoned_calls();
    let mut turn = kernel.dispatcher.turn(call.thread());
    if alertable && let Some(flow) = interruption(call, &mut turn)? {
        return Ok(flow);
    }
    let is_over = deadline.is_some_and(|deadline| deadline <= call.now());
    if !is_over && kernel.pending_apcs.is_any() {
        let kept = keep.hold(call, objects);
        let wait = WaitBlock { objects: objects.to_vec(), all, deadline, alertable, kthread, held: kept };
        match kernel.apcs().interrupt_before(call.thread_id(), wait)? {
            Ok(guest) => return Ok(Flow::CallGuest(guest)),
            Err(wait) => keep = Keep::Held(wait.held),
        }
    }
    let waiter = Waiter { thread: call.thread(), kthread, deadline, alertable };
    Ok(match held.wait(&mut turn, &kernel.memory, call.cpu, waiter, (objects, all))? {
        WaitResult::Done(status) => Flow::Return(status),
        WaitResult::Park(wait) => {
            turn.keep(keep.hold(call, objects));
            Flow::Block(wait)
        }
    })
}

/// Returns the interruption that ends an alertable wait of the calling thread before it begins. The
/// caller holds the thread's turn. Takes no other lock if there is no interruption.
pub fn interruption(call: &Call, turn: &mut Turn<'_>) -> Fallible<Option<Flow<NtStatus>>> {
    if !turn.is_asked() {
        return Ok(None);
    }
    let flow = call.kernel.threads.lock().interruption(call.memory(), call.thread_id())?;
    if flow.is_none() {
        turn.has_answered();
    }
    Ok(flow)
}

/// Creates an object for a handle, or opens the existing one with the name (`OBJECT_NAME_EXISTS`).
/// The name becomes visible only after the object is initialised.
pub fn create_object(
    call: &mut Call,
    handle: Option<Out<Handle>>,
    attributes: Option<Ptr<ObjectAttributes>>,
    kind: ObjectKind,
    size: u32,
    initialize: impl FnMut(&mut Call, GuestAddr) -> Fallible<()>,
) -> Fallible<NtStatus> {
    let (opened, existed) = make_object(call, attributes, kind, size, initialize)?;
    if let Some(out) = handle {
        out.set(call.memory(), opened?)?;
    }
    Ok(if existed { NtStatus::OBJECT_NAME_EXISTS } else { NtStatus::SUCCESS })
}

/// Creates an object or finds the existing one with the name. Returns its handle, if one could be
/// allocated, and whether the object existed.
pub fn make_object(
    call: &mut Call,
    attributes: Option<Ptr<ObjectAttributes>>,
    kind: ObjectKind,
    size: u32,
    mut initialize: impl FnMut(&mut Call, GuestAddr) -> Fallible<()>,
) -> Fallible<(Fallible<Handle>, bool)> {
    let memory = call.memory();
    let name = match attributes {
        Some(attributes) => attributes.read(memory)?.name(memory)?,
        None => None,
    };
    let name = name.as_deref().filter(|name| !name.is_empty());
    let objects = &call.kernel.objects;
    let (body, existed) = loop {
        if let Some(name) = name
            && let Some(body) = objects.reference_named(name, kind)?
        {
            break (body, true);
        }
        let body = objects.create(&call.kernel.pool, kind, size)?;
        let named = initialize(call, body).and_then(|()| match name {
            Some(name) => objects.claim_name(body, name),
            None => Ok(true),
        });
        if matches!(named, Ok(true)) {
            break (body, false);
        }
        // Another thread has created an object of that name meanwhile, or the name can't be
        // inserted.
        call.kernel.dereference(body)?;
        named?;
    };
    let opened = objects.open(body);
    call.kernel.dereference(body)?;
    Ok((opened, existed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_sched::START_FILETIME;

    #[test]
    fn intervals_are_relative_absolute_or_none() {
        assert_eq!(deadline_of(Clock::default(), 100, 0), 100);
        assert_eq!(deadline_of(Clock::default(), 100, -10_000), 100 + 49_875);
        assert_eq!(deadline_of(Clock::default(), 100, START_FILETIME as i64 + 10_000), 49_875);
        assert_eq!(deadline_of(Clock::default(), 100, 5), 0, "long ago");
        assert_eq!(deadline_of(Clock::default(), 100, i64::MIN), u64::MAX);
    }
}
