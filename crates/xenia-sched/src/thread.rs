//! A guest thread: its processor state and where it stands.

use crate::{GuestTicks, ThreadRef};
use xenia_cpu::PpcContext;

/// What a thread waits for. For reports and the event log; who wakes it knows on their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockReason {
    /// Dispatcher objects, by guest address.
    Objects {
        /// Addresses of the objects' headers, in the order of the wait.
        objects: Vec<u32>,
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
    /// The passing of time.
    Delay,
    /// Work: a thread of the kernel's own with nothing to do.
    Idle,
    /// Something else, such as the end of an I/O request.
    Other(&'static str),
}

/// How a thread waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// For what.
    pub reason: BlockReason,
    /// Guest time at which the wait ends by itself; `None`: never.
    pub deadline: Option<GuestTicks>,
    /// Whether an asynchronous procedure call may interrupt it.
    pub alertable: bool,
}

impl Wait {
    /// A wait without a deadline that nothing interrupts.
    pub fn forever(reason: BlockReason) -> Self {
        Self { reason, deadline: None, alertable: false }
    }
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// Ready to run; queued, unless it is suspended.
    Ready,
    /// Has its slot.
    Running,
    /// Waits.
    Waiting {
        /// For what, and how.
        wait: Wait,
        /// Since when.
        since: GuestTicks,
        /// Which wait of the machine this is; orders waits.
        serial: u64,
    },
    /// Ended; kept until nobody refers to it.
    Exited {
        /// Its exit code.
        code: u32,
    },
}

/// A guest thread.
#[derive(Debug)]
pub struct GuestThread {
    /// Its registers, unless they are out because it runs. Boxed: contexts are large, and an
    /// engine's stay where they are.
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
    /// Whether it keeps its slot, whoever else is ready.
    pub(crate) holds_slot: bool,
    /// The scheduler has moved it, and nobody has told the guest yet.
    pub(crate) moved: bool,
    /// It is ready, and gets its place in the run queue when its registers come back.
    pub(crate) lands: bool,
    /// It stands among those whose priority the scheduler has changed by itself, and nobody has
    /// told the guest yet.
    pub(crate) news: bool,
    /// Its priority has changed by itself since it ran.
    pub(crate) untold: bool,
    pub(crate) suspend_count: u32,
    /// Kernel threads don't keep a machine alive and don't count as deadlocked.
    pub(crate) service: bool,
}

impl GuestThread {
    /// Its registers; `None` while they are out, which is while it runs.
    pub fn context(&self) -> Option<&PpcContext> {
        self.ctx.as_deref()
    }

    /// The name of this thread.
    pub fn reference(&self) -> ThreadRef {
        self.reference
    }

    /// Where it stands.
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

    /// The hardware thread it prefers.
    pub fn ideal_processor(&self) -> u8 {
        self.ideal
    }

    /// Priority without boosts.
    pub fn base_priority(&self) -> u8 {
        self.base_priority
    }

    /// Priority now.
    pub fn priority(&self) -> u8 {
        self.priority
    }

    /// Whether waking it raises its priority.
    pub fn boost_disabled(&self) -> bool {
        self.boost_disabled
    }

    /// Whether it keeps its slot, whoever else is ready there; see [`crate::Scheduler::hold_slot`].
    pub fn holds_slot(&self) -> bool {
        self.holds_slot
    }

    /// How often it was suspended and not resumed; it runs at 0 only.
    pub fn suspend_count(&self) -> u32 {
        self.suspend_count
    }

    /// Whether it is one of the kernel's own threads.
    pub fn is_service(&self) -> bool {
        self.service
    }

    /// Its priority has changed by itself; whether that is to go on the slot's list of news.
    pub(crate) fn is_news(&mut self) -> bool {
        self.untold = true;
        !std::mem::replace(&mut self.news, true)
    }

    /// The deadline of its wait, and the wait's number.
    pub(crate) fn deadline(&self) -> Option<(GuestTicks, u64)> {
        match &self.state {
            ThreadState::Waiting { wait, serial, .. } => Some((wait.deadline?, *serial)),
            _ => None,
        }
    }

    /// The wait it is in.
    pub fn wait(&self) -> Option<&Wait> {
        match &self.state {
            ThreadState::Waiting { wait, .. } => Some(wait),
            _ => None,
        }
    }
}
