//! A new thread: its parameters, and the record made from them.

use crate::affinity::choose;
use crate::priority::MAX_PRIORITY;
use crate::{GuestThread, SchedError, ThreadRef, ThreadState, Wait};
use xenia_cpu::PpcContext;
use xenia_guest::ALL_HW_THREADS;

/// Parameters of a new thread.
#[derive(Debug)]
pub struct SpawnParameters {
    /// Registers at the start.
    pub ctx: Box<PpcContext>,
    /// Guest thread id; the caller keeps ids unique.
    pub id: u32,
    /// Base priority, 0–31.
    pub priority: u8,
    /// A bit per hardware thread that it may run on; at least one of the low six must be set.
    pub affinity: u32,
    /// The preferred hardware thread, used if the affinity allows it.
    pub ideal: u8,
    /// Whether it starts with a suspend count of 1.
    pub suspended: bool,
    /// Whether it is a kernel thread, which does not keep the title alive.
    pub service: bool,
    /// The wait that it starts in; `None` if it starts ready.
    pub wait: Option<Wait>,
}

impl SpawnParameters {
    /// The slot that the thread starts on.
    pub(crate) fn slot(&self) -> Result<u8, SchedError> {
        match self.affinity as u8 & ALL_HW_THREADS {
            0 => Err(SchedError::NoProcessor(self.affinity)),
            affinity => Ok(choose(affinity, self.ideal, self.ideal)),
        }
    }
}

/// Creates the record of a new thread with this name, and a whole quantum. Also returns its initial
/// wait.
pub(crate) fn make_thread(
    parameters: SpawnParameters,
    reference: ThreadRef,
    slot: u8,
    quantum: u32,
) -> (GuestThread, Option<Wait>) {
    let SpawnParameters { mut ctx, id, priority, affinity, suspended, service, wait, .. } = parameters;
    ctx.hw_id = slot;
    ctx.thread_id = id;
    let priority = priority.min(MAX_PRIORITY);
    let thread = GuestThread {
        ctx: Some(ctx),
        id,
        reference,
        state: ThreadState::Ready,
        slot,
        affinity: affinity as u8 & ALL_HW_THREADS,
        ideal: slot,
        base_priority: priority,
        priority,
        boost_disabled: false,
        holds_slot: false,
        moved: false,
        queues_when_put_back: false,
        is_listed_as_changed: false,
        has_unreported_priority: false,
        quantum_left: quantum.into(),
        suspend_count: u32::from(suspended),
        service,
    };
    (thread, wait)
}
