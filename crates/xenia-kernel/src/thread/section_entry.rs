//! Entry of the calling thread into a critical section.

use crate::abi::{Call, Flow};
use crate::objects::critical_section::{enter_or_join, try_enter};
use crate::objects::lock_queue::LockWaiter;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_sched::{BlockReason, NotedContention, Wait};

/// Enters a section, or waits for it. Returns `None` if the caller is inside, otherwise the flow of
/// the export. The thread that hands the section over stores `result` in r3.
pub fn enter<T>(call: &mut Call, at: GuestAddr, result: u64) -> Fallible<Option<Flow<T>>> {
    let kthread = call.kthread()?;
    let id = call.thread_id();
    if let Some(contention) = call.cpu.peek_contention(id) {
        tracing::debug!(target: "kernel", "replayed contention {contention:?} at {at}");
        return Ok(Some(Flow::Repeat));
    }
    if try_enter(call.memory(), at, kthread)? {
        return Ok(None);
    }
    let reason = BlockReason::CriticalSection { section: at.0 };
    // Read before the wait begins: afterwards the section may be handed to this thread at any time.
    let owner = call.cpu.records_contention().then(|| call.kernel.lock_holders().first_id(&reason));
    let waiter = LockWaiter { thread: call.thread(), owner: kthread, result };
    let kernel = call.kernel;
    if enter_or_join(&kernel.memory, call.cpu, &kernel.sections, at, waiter)? {
        return Ok(None);
    }
    if let Some(owner_tid) = owner {
        call.cpu.note_contention(NotedContention { tid: id, object: at.0, owner_tid });
    }
    Ok(Some(Flow::Block(Wait::forever(reason))))
}
