//! A guest thread: its processor state and its scheduling state.
//!
//! Reasons of waits are plain data, which saved states, digests and the event log contain.
//! Invariant: the registers in the record are current only while the thread is not running; during
//! a visit the host thread of its slot owns them ([`crate`] has the rule).

use crate::priority::REAL_TIME;
use crate::{Alertable, GuestTicks, ThreadRef};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;

/// Waits that use up a quantum: on the console each costs 10 of its 60 units.
const WAITS_PER_QUANTUM: i64 = 6;

/// Deadline of a wait. The numbers of waits order equal deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct DeadlineKey {
    pub(crate) deadline: GuestTicks,
    /// Serial number of the wait.
    pub(crate) serial: u64,
}

/// Dispatcher objects of a wait: the addresses of their headers, in the order of the wait. Clones
/// share the list, so a wait and its waker's record of it have one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<GuestAddr>", into = "Vec<GuestAddr>")]
pub struct AwaitedObjects(Arc<[GuestAddr]>);

impl AwaitedObjects {
    /// Addresses of the objects.
    pub fn as_slice(&self) -> &[GuestAddr] {
        &self.0
    }
}

impl From<&[GuestAddr]> for AwaitedObjects {
    fn from(objects: &[GuestAddr]) -> Self {
        Self(objects.into())
    }
}

impl From<Vec<GuestAddr>> for AwaitedObjects {
    fn from(objects: Vec<GuestAddr>) -> Self {
        Self(objects.into())
    }
}

impl From<AwaitedObjects> for Vec<GuestAddr> {
    fn from(objects: AwaitedObjects) -> Self {
        objects.0.to_vec()
    }
}

/// Digests contain this form: plain numbers.
impl fmt::Debug for AwaitedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|object| object.0)).finish()
    }
}

/// The object of a wait, for reports and the event log. A waker's record of the wait shares its
/// list of objects. The scheduler only asks whether the waiter may keep its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockReason {
    /// Dispatcher objects, by guest address.
    Objects {
        /// Their addresses, in order.
        objects: AwaitedObjects,
        /// Whether all of them must be signalled at once.
        all: bool,
    },
    /// A critical section that another thread owns.
    CriticalSection {
        /// Its guest address.
        section: u32,
    },
    /// A spin lock that another thread holds.
    SpinLock {
        /// Its guest address.
        lock: u32,
    },
    /// A delay of fixed length.
    Delay,
    /// A kernel thread without work.
    Idle,
    /// The result of a socket call.
    Socket,
    /// A packet of an I/O completion port.
    Completion,
    /// The completion of an overlapped structure.
    Overlapped,
    /// The answer to a dialog.
    Dialog,
}

impl BlockReason {
    /// Whether a waiter that holds its slot keeps it: only one that waits for a spin lock.
    pub(crate) fn may_keep_slot(&self) -> bool {
        matches!(self, Self::SpinLock { .. })
    }
}

/// Parameters of a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The object waited for.
    pub reason: BlockReason,
    /// Guest time of the timeout; `None` if there is none.
    pub deadline: Option<GuestTicks>,
    /// Interruptions that may end it.
    pub alertable: Alertable,
}

impl Wait {
    /// A wait without a timeout that can't be interrupted.
    pub fn forever(reason: BlockReason) -> Self {
        Self { reason, deadline: None, alertable: Alertable::No }
    }
}

/// Scheduling state of a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThreadState {
    /// Ready to run; queued unless it is suspended or its registers are out.
    Ready,
    /// Running on its slot.
    Running,
    /// Waiting until a wake or a deadline.
    Waiting {
        /// Parameters of the wait.
        wait: Wait,
        /// Guest time at which the wait began.
        since: GuestTicks,
        /// Serial number of the wait in the machine; orders waits.
        serial: u64,
    },
    /// Exited; kept until no reference is left.
    Exited {
        /// Exit code of the thread.
        code: u32,
    },
}

/// A guest thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuestThread {
    /// Its registers, unless they are out: it runs, or a waker has them. Boxed, because contexts
    /// are large and move between records and engines.
    pub(crate) ctx: Option<Box<PpcContext>>,
    /// Guest thread id.
    pub id: u32,
    pub(crate) reference: ThreadRef,
    pub(crate) state: ThreadState,
    pub(crate) slot: u8,
    pub(crate) affinity: u8,
    pub(crate) ideal: u8,
    pub(crate) base_priority: u8,
    pub(crate) priority: u8,
    pub(crate) boost_disabled: bool,
    /// Whether it holds its slot, so that it is not preempted.
    pub(crate) holds_slot: bool,
    /// Whether the scheduler has moved it and the guest has not been notified yet.
    pub(crate) moved: bool,
    /// Whether it is ready and will be queued when its registers are put back.
    pub(crate) queues_when_put_back: bool,
    /// Whether it is in a list of threads whose priority the scheduler has changed and not reported
    /// to the guest yet.
    pub(crate) is_listed_as_changed: bool,
    /// Whether its priority was changed by the scheduler since it last ran.
    pub(crate) has_unreported_priority: bool,
    /// Instructions left of its quantum when it last left its slot. While it runs, the slot counts
    /// them.
    pub(crate) quantum_left: i64,
    pub(crate) suspend_count: u32,
    /// Whether it is a kernel thread. Kernel threads neither keep a machine alive nor count as
    /// deadlocked.
    pub(crate) service: bool,
}

impl GuestThread {
    /// Its registers; `None` while they are out.
    pub fn context(&self) -> Option<&PpcContext> {
        self.ctx.as_deref()
    }

    /// The name of this thread in the scheduler.
    pub fn reference(&self) -> ThreadRef {
        self.reference
    }

    /// The scheduling state.
    pub fn state(&self) -> &ThreadState {
        &self.state
    }

    /// The hardware thread it runs on.
    pub fn slot(&self) -> u8 {
        self.slot
    }

    /// A bit per hardware thread that it may run on.
    pub fn affinity(&self) -> u8 {
        self.affinity
    }

    /// The preferred hardware thread.
    pub fn ideal_processor(&self) -> u8 {
        self.ideal
    }

    /// Priority without boosts.
    pub fn base_priority(&self) -> u8 {
        self.base_priority
    }

    /// Priority including boosts.
    pub fn priority(&self) -> u8 {
        self.priority
    }

    /// Whether boosts on wake are disabled.
    pub fn boost_disabled(&self) -> bool {
        self.boost_disabled
    }

    /// Whether it holds its slot; see [`crate::Scheduler::hold_slot`].
    pub fn holds_slot(&self) -> bool {
        self.holds_slot
    }

    /// Number of suspensions that were not resumed; it runs only at 0.
    pub fn suspend_count(&self) -> u32 {
        self.suspend_count
    }

    /// Whether it is a kernel thread.
    pub fn is_service(&self) -> bool {
        self.service
    }

    /// Marks its priority as changed. Returns whether it must be added to the slot's list of
    /// changes.
    pub(crate) fn note_priority_change(&mut self) -> bool {
        self.has_unreported_priority = true;
        !std::mem::replace(&mut self.is_listed_as_changed, true)
    }

    /// Takes a step of its boost, if it has one that decays. Returns whether its priority must be
    /// added to the slot's list of changes.
    pub(crate) fn decay_boost(&mut self) -> bool {
        let has_boost = self.priority < REAL_TIME && self.priority > self.base_priority;
        self.priority -= u8::from(has_boost);
        has_boost && self.note_priority_change()
    }

    /// Charges a wait that is over to the quantum. If nothing is left, the thread loses a step of
    /// its boost and gets a whole quantum; otherwise threads that only wake each other would keep
    /// their boosts for ever.
    pub(crate) fn charge_wait(&mut self, quantum: u32) {
        let quantum = i64::from(quantum);
        if self.priority >= REAL_TIME || self.base_priority >= REAL_TIME - 1 {
            self.quantum_left = quantum;
            return;
        }
        self.quantum_left -= quantum / WAITS_PER_QUANTUM;
        if self.quantum_left <= 0 {
            self.quantum_left = quantum;
            if self.priority > self.base_priority {
                self.priority -= 1;
            }
        }
    }

    /// The deadline of its wait.
    pub(crate) fn deadline(&self) -> Option<DeadlineKey> {
        match &self.state {
            ThreadState::Waiting { wait, serial, .. } => {
                Some(DeadlineKey { deadline: wait.deadline?, serial: *serial })
            }
            _ => None,
        }
    }

    /// Its current wait.
    pub fn wait(&self) -> Option<&Wait> {
        match &self.state {
            ThreadState::Waiting { wait, .. } => Some(wait),
            _ => None,
        }
    }

    /// Description of its state: the object that it waits for, ready, or running.
    pub fn describe_state(&self) -> String {
        match self.wait() {
            Some(wait) => wait.reason.to_string(),
            None => format!("{:?}", self.state),
        }
    }
}
