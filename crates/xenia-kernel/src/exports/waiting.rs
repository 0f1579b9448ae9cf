//! What the exports that wait have in common: timeouts, pending APCs, parking; and named objects.

use crate::abi::{Call, Flow, Handle, IntoFlow, ObjectAttributes, Out, Ptr};
use crate::objects::ObjectKind;
use crate::objects::dispatcher::{WaitBlock, WaitResult, Waiter};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{GuestTicks, MAX_TICKS, START_FILETIME, ticks_from_100ns};

/// A pointer to a timeout in units of 100 ns: negative is from now on, positive is a system time, 0 does not wait. None
/// waits for ever.
pub type Timeout = Option<Ptr<i64>>;

/// Guest time at which an interval ends; from [`MAX_TICKS`] on it never does.
pub fn deadline_of(now: GuestTicks, interval: i64) -> GuestTicks {
    match interval {
        0 => now,
        interval if interval < 0 => now.saturating_add(ticks_from_100ns(interval.unsigned_abs())),
        time => ticks_from_100ns((time as u64).saturating_sub(START_FILETIME)),
    }
}

/// Guest time at which a timeout ends; `None`: never. The largest interval is how titles say that, too.
pub fn deadline(call: &Call, timeout: Timeout) -> Fallible<Option<GuestTicks>> {
    Ok(match timeout {
        Some(interval) => {
            Some(deadline_of(call.now(), interval.read(call.memory())?)).filter(|&at| at < MAX_TICKS)
        }
        None => None,
    })
}

/// Waits for one or all of `objects`, as every wait of the kernel does.
pub fn wait(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    timeout: Timeout,
) -> Fallible<Flow<NtStatus>> {
    let deadline = deadline(call, timeout)?;
    wait_until(call, objects, all, alertable, deadline)
}

/// A wait that was interrupted goes on, for as long as it had left.
pub fn wait_again(call: &mut Call, wait: WaitBlock) -> Flow {
    let WaitBlock { objects, all, deadline, alertable, held, .. } = wait;
    let flow = wait_until(call, &objects, all, alertable, deadline);
    call.kernel.dispatcher.lock().hold(call.thread(), held);
    flow.into_flow()
}

fn wait_until(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    deadline: Option<GuestTicks>,
) -> Fallible<Flow<NtStatus>> {
    let kthread = call.kthread()?;
    // Held from the look for an interruption until the wait can be interrupted: none comes in between.
    let mut dispatcher = call.kernel.dispatcher.lock();
    // What is signalled already is taken before an APC is looked for, as NT does it.
    if let Some(status) = dispatcher.try_take(call.memory(), objects, all, kthread)? {
        return Ok(Flow::Return(status));
    }
    call.forget_left_calls();
    if alertable
        && let Some(flow) = call.kernel.threads.lock().interruption(call.memory(), call.thread_id())?
    {
        return Ok(flow);
    }
    let waiter = Waiter { thread: call.thread(), kthread, deadline, alertable };
    Ok(match dispatcher.wait(&call.kernel.memory, call.cpu, waiter, objects, all)? {
        WaitResult::Done(status) => Flow::Return(status),
        WaitResult::Park(wait) => Flow::Block(wait),
    })
}

/// Makes an object for a handle, or opens the one that has the name already (`OBJECT_NAME_EXISTS`).
pub fn create_object(
    call: &mut Call,
    handle: Option<Out<Handle>>,
    attributes: Option<Ptr<ObjectAttributes>>,
    kind: ObjectKind,
    size: u32,
    initialize: impl FnOnce(&mut Call, GuestAddr) -> Fallible<()>,
) -> Fallible<NtStatus> {
    let memory = call.memory();
    let name = match attributes {
        Some(attributes) => attributes.read(memory)?.name(memory)?,
        None => None,
    };
    let made = {
        let mut objects = call.kernel.objects.lock();
        let mut pool = call.kernel.pool.lock();
        objects.create(
            memory,
            &mut pool,
            kind,
            size,
            name.as_deref().filter(|name| !name.is_empty()),
            true,
        )?
    };
    if !made.existed {
        initialize(call, made.body)?;
    }
    let opened = call.kernel.objects.lock().open(memory, made.body);
    call.kernel.dereference(made.body)?;
    if let Some(out) = handle {
        out.set(memory, opened?)?;
    }
    Ok(if made.existed { NtStatus::OBJECT_NAME_EXISTS } else { NtStatus::SUCCESS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_relative_absolute_or_none() {
        assert_eq!(deadline_of(100, 0), 100);
        assert_eq!(deadline_of(100, -10_000), 100 + 49_875);
        assert_eq!(deadline_of(100, START_FILETIME as i64 + 10_000), 49_875);
        assert_eq!(deadline_of(100, 5), 0, "long ago");
        assert_eq!(deadline_of(100, i64::MIN), u64::MAX);
    }
}
