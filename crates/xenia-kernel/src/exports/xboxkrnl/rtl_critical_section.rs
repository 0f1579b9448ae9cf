//! Critical sections (`Rtl*CriticalSection*`).

use crate::abi::{Call, Flow, Ptr};
use crate::objects::critical_section::{enter_or_join, initialize_section, leave, try_enter};
use crate::objects::lock_queue::LockWaiter;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::{BlockReason, Wait};

/// The exports for critical sections.
pub struct RtlCriticalSection;

#[exports(xboxkrnl)]
impl RtlCriticalSection {
    /// Initialises a free critical section.
    #[export(Done)]
    fn RtlInitializeCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<()> {
        initialize_section(call.memory(), section.addr(), 0)
    }

    /// Initialises a free critical section with a spin count.
    #[export(Done)]
    fn RtlInitializeCriticalSectionAndSpinCount(
        call: &mut Call,
        section: Ptr<()>,
        spin_count: u32,
    ) -> Fallible<NtStatus> {
        initialize_section(call.memory(), section.addr(), spin_count)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Enters a critical section; waits if another thread owns it.
    #[export(Done)]
    fn RtlEnterCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<Flow<()>> {
        Ok(enter(call, section.addr(), 0)?.unwrap_or(Flow::Return(())))
    }

    /// Enters a critical section if it is free or owned by the caller; returns whether it did.
    #[export(Done)]
    fn RtlTryEnterCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<bool> {
        let kthread = call.kthread()?;
        try_enter(call.memory(), section.addr(), kthread)
    }

    /// Leaves a critical section once.
    #[export(Done)]
    fn RtlLeaveCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<()> {
        let kernel = call.kernel;
        leave(&kernel.memory, call.cpu, &kernel.sections, section.addr())
    }
}

/// Enters a section, or waits for it. Returns `None` if the caller is inside, otherwise the flow of
/// the export. The thread that hands the section over stores `result` in r3.
pub(crate) fn enter<T>(call: &mut Call, at: GuestAddr, result: u64) -> Fallible<Option<Flow<T>>> {
    let (kthread, id) = (call.kthread()?, call.thread_id());
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
    if let Some(owner) = owner {
        call.cpu.note_contention(id, at.0, owner);
    }
    Ok(Some(Flow::Block(Wait::forever(reason))))
}
