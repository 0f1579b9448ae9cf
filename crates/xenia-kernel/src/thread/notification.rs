//! Thread notification routines, `routine(registration, thread, creating)`, which a title registers
//! to be told of its threads.
//!
//! The routines are called by the creator of a new thread before it runs, and by a thread that ends
//! before its resources are freed. The structure and the arguments are those of two public debug
//! monitors for the console (`EX_THREAD_REGISTRATION`); the calling thread is as on Windows NT.

use crate::abi::{Call, Continuation, Flow, GuestCall, KernelResumption};
use crate::notification_list::CallOrder;
use crate::thread::life::MadeThread;
use xenia_guest::{GuestAddr, NtStatus};

/// The event that is announced.
#[derive(Clone, Copy, Debug)]
enum Occasion {
    /// A thread was created; it is resumed afterwards if it was held for this.
    Made { resume: bool },
    /// The calling thread ends with this code.
    Ends { code: u32 },
}

/// Announces a new thread. It is held until this is over, unless it stays suspended anyway.
pub fn notify_created(call: &mut Call, made: &MadeThread, resume: bool) -> Flow<NtStatus> {
    match call_next(call, None, made.kthread, Occasion::Made { resume }) {
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
        if std::mem::replace(&mut record.end_is_told, true) {
            return None;
        }
        record.kthread
    };
    match call_next(call, None, kthread, Occasion::Ends { code }) {
        Flow::CallGuest(guest) => Some(guest),
        _ => None,
    }
}

/// Calls the routine after the one at `last`; its continuation calls the rest.
fn call_next(call: &mut Call, last: Option<CallOrder>, kthread: GuestAddr, occasion: Occasion) -> Flow {
    let next = call.kernel.threads.lock().notifications.next(last);
    let creating = matches!(occasion, Occasion::Made { .. });
    let Some((order, next)) = next else {
        return match occasion {
            Occasion::Made { resume } => {
                let made = call.kernel.threads.lock().by_kthread(kthread).map(|record| record.reference);
                // The thread's record may be gone by now: then there is nothing to resume.
                if let Some(made) = made.filter(|_| resume)
                    && let Err(error) = call.cpu.resume(made)
                {
                    tracing::debug!(target: "kernel", "a thread that was held: {error}");
                }
                Flow::Return(NtStatus::SUCCESS.to_register())
            }
            Occasion::Ends { code } => Flow::Exit { code },
        };
    };
    let what = match occasion {
        Occasion::Made { resume } => u64::from(resume),
        Occasion::Ends { code } => u64::from(code),
    };
    let state = [order.0, u64::from(kthread.0), u64::from(creating), what];
    let then = Continuation::Kernel(KernelResumption::ThreadNotification, state);
    let args = vec![u64::from(next.registration.0), u64::from(kthread.0), u64::from(creating)];
    Flow::CallGuest(GuestCall { args, ..GuestCall::new(next.routine, then) })
}

/// Calls the routine after the one that has returned.
pub(crate) fn go_on(call: &mut Call, [order, kthread, creating, what]: [u64; 4]) -> Flow {
    let occasion = if creating != 0 {
        Occasion::Made { resume: what != 0 }
    } else {
        Occasion::Ends { code: what as u32 }
    };
    call_next(call, Some(CallOrder(order)), GuestAddr(kthread as u32), occasion)
}
