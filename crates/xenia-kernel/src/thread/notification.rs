//! Thread notification routines, `routine(registration, thread, creating)`, which a title registers
//! to be notified of its threads.
//!
//! The routines are called by the creator of a new thread before it runs, and by a thread that ends
//! before its resources are freed. The structure and the arguments are those of two public debug
//! monitors for the console (`EX_THREAD_REGISTRATION`); the calling thread is as on Windows NT.

use crate::abi::{Call, Continuation, Flow, GuestCall, KernelResumption, ThreadEvent};
use crate::notification_list::CallOrder;
use crate::thread::life::MadeThread;
use xenia_guest::{GuestAddr, NtStatus};

/// Announces a new thread. The thread starts after the last routine, unless it is to stay
/// suspended.
pub fn notify_created(call: &mut Call, made: &MadeThread, resume: bool) -> Flow<NtStatus> {
    match call_next(call, None, made.kthread, ThreadEvent::Created { resume }) {
        Flow::CallGuest(guest) => Flow::CallGuest(guest),
        _ => Flow::Return(NtStatus::SUCCESS),
    }
}

/// Announces that the calling thread is about to end: returns the call of the first routine, unless
/// that has been done already.
pub(crate) fn notify_exit(call: &mut Call, code: u32) -> Option<GuestCall> {
    let kthread = {
        let mut threads = call.kernel.threads.lock();
        if threads.notifications.is_empty() {
            return None;
        }
        let record = threads.get_mut(call.thread_id())?;
        if std::mem::replace(&mut record.exit_is_notified, true) {
            return None;
        }
        record.kthread
    };
    match call_next(call, None, kthread, ThreadEvent::Exit { code }) {
        Flow::CallGuest(guest) => Some(guest),
        _ => None,
    }
}

/// Calls the routine after the one at `last`; its continuation calls the rest.
pub(crate) fn call_next(
    call: &mut Call,
    last: Option<CallOrder>,
    kthread: GuestAddr,
    event: ThreadEvent,
) -> Flow {
    let next = call.kernel.threads.lock().notifications.next(last);
    let Some((order, next)) = next else { return after_routines(call, kthread, event) };
    let creating = matches!(event, ThreadEvent::Created { .. });
    let then = Continuation::Kernel(KernelResumption::ThreadNotification { last: order, kthread, event });
    let args = vec![u64::from(next.registration.0), u64::from(kthread.0), u64::from(creating)];
    Flow::CallGuest(GuestCall { args, ..GuestCall::new(next.routine, then) })
}

/// Continues the calling thread after the last routine.
fn after_routines(call: &mut Call, kthread: GuestAddr, event: ThreadEvent) -> Flow {
    match event {
        ThreadEvent::Created { resume } => {
            let made = call.kernel.threads.lock().by_kthread(kthread).map(|record| record.reference);
            // The thread's record may be gone by now: then there is nothing to resume.
            if let Some(made) = made.filter(|_| resume)
                && let Err(error) = call.cpu.resume(made)
            {
                tracing::debug!(target: "kernel", "a thread that was held: {error}");
            }
            Flow::Return(NtStatus::SUCCESS.to_register())
        }
        ThreadEvent::Exit { code } => Flow::Exit { code },
    }
}
