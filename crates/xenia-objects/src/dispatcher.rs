//! Dispatcher objects: waiting and signalling.
//!
//! An object's state is in guest memory (`DISPATCHER_HEADER.SignalState`), where titles may read
//! it. The wait lists are here, by address of the header; titles see a copy ([`wait_list`]).
//! [`waiting`] defines how a wait consumes signals and the order in which waiters are served;
//! [`signals`] signals events and semaphores; [`mutant`] and [`timer`] have the other kinds.
//!
//! The dispatcher has no global lock. It has these locks, in lock order; the first three have 64
//! shards each:
//!
//! | lock | sharded by | guards |
//! |---|---|---|
//! | object shards ([`Held`]) | object | signal states, wait lists, mutant owners, timer settings |
//! | turns ([`Turn`]) | thread | its wait, and whether an APC or alert is pending for it |
//! | owners ([`mutant`]) | owner | the mutants of each owner |
//! | timer queue | (one lock) | the order in which timers are due |
//!
//! A wait begins and ends under its thread's turn.
//!
//! An operation holds the shards of all objects that it may change from its first read to its last
//! wake, so it is atomic as if under one global lock. [`Dispatcher::hold_around`] finds these
//! shards. An operation holds at most one turn and one owner shard at a time. The proof is in
//! docs/src/decisions/0041-lock-order.md.

mod lock;
#[cfg(all(test, feature = "model"))]
mod models;
pub mod mutant;
mod shards;
mod signals;
mod state;
#[cfg(test)]
pub(crate) mod tests;
pub mod timer;
mod wait_list;
mod waiting;

pub use crate::dispatcher_header::{check_header, initialize, kind, set_signal_state, signal_state};
pub use lock::{Guard, LockCounts};
pub use shards::{Held, ThreadWait, Turn};
pub use state::{DispatcherState, WaitBlockState};

use crate::HeldObject;
use crate::sharded::Sharded;
use lock::CountedLock;
use mutant::Owners;
use serde::{Deserialize, Serialize};
use shards::{ObjectShard, ShardSet, Waits};
use std::sync::Arc;
use timer::Timers;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::ResourceLimits;
use xenia_sched::{Alertable, AwaitedObjects, GuestTicks, ThreadRef, Wait};
use xenia_sync::Level;

/// First ordinals of the dispatcher's locks within their lock level. `Kernel` uses the ordinals
/// below and above.
const SHARD_LOCKS: u32 = 0x40;
const TURN_LOCKS: u32 = 0x80;
const OWNER_LOCKS: u32 = 0xC0;
/// First ordinal after those of the dispatcher's locks.
pub const ORDINALS_END: u32 = 0x100;
/// Ordinal of the timer queue. A caller that interrupts a wait holds the threads' lock, and the
/// wait may be for a timer, so the timer queue follows the threads' lock.
const AFTER_THREADS: u32 = 1;

/// Maximum number of objects in one wait.
pub const MAX_WAIT_OBJECTS: u32 = 64;

/// Which of its objects end a wait; the values are those of `WAIT_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitType {
    /// All of them together.
    All = 0,
    /// Any one of them.
    Any = 1,
}

impl WaitType {
    /// The type that an argument names; `None` if there is no such type.
    pub fn of(argument: u32) -> Option<Self> {
        match argument {
            0 => Some(Self::All),
            1 => Some(Self::Any),
            _ => None,
        }
    }
}

/// The objects of a wait.
#[derive(Clone, Copy, Debug)]
pub struct WaitSet<'a> {
    pub objects: &'a [GuestAddr],
    pub wait_type: WaitType,
}

impl<'a> WaitSet<'a> {
    /// A single object.
    pub fn one(object: &'a GuestAddr) -> Self {
        Self::any(std::slice::from_ref(object))
    }

    /// Any one of these objects.
    pub fn any(objects: &'a [GuestAddr]) -> Self {
        Self { objects, wait_type: WaitType::Any }
    }
}

/// A thread's current wait for one or more objects.
#[derive(Debug)]
pub struct WaitBlock {
    pub objects: AwaitedObjects,
    pub wait_type: WaitType,
    /// Guest time at which the wait times out.
    pub deadline: Option<GuestTicks>,
    /// Interruptions that may end it.
    pub alertable: Alertable,
    /// The waiting thread's object, which becomes the owner of mutants.
    pub kthread: GuestAddr,
    /// References to those of the objects that are kernel objects.
    pub held: Vec<HeldObject>,
}

impl WaitBlock {
    fn set(&self) -> WaitSet<'_> {
        WaitSet { objects: self.objects.as_slice(), wait_type: self.wait_type }
    }
}

/// The wait lists, current waits, owned mutants and timers of all dispatcher objects; see [the
/// locks](self).
#[derive(Debug)]
pub struct Dispatcher {
    shards: Sharded<CountedLock<ObjectShard>>,
    waits: Sharded<CountedLock<Waits>>,
    owners: Owners,
    timers: CountedLock<Timers>,
    limits: Arc<ResourceLimits>,
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

/// A thread that is about to wait, and how.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    pub thread: ThreadRef,
    /// The thread's object.
    pub kthread: GuestAddr,
    /// Guest time at which the wait ends; `None`: never. A time that is not in the future only
    /// polls.
    pub deadline: Option<GuestTicks>,
    /// Interruptions that may end it.
    pub alertable: Alertable,
}

/// Result of beginning a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// The wait is over, with this status.
    Done(NtStatus),
    /// The thread must park with this wait.
    Park(Wait),
}

impl Dispatcher {
    /// Creates a dispatcher without waiters. Refused requests are counted in `limits`.
    pub fn new(limits: Arc<ResourceLimits>) -> Self {
        Self {
            shards: Sharded::new(|shard| {
                CountedLock::new(Level::Dispatcher, SHARD_LOCKS + shard, ObjectShard::default())
            }),
            waits: Sharded::new(|shard| {
                CountedLock::new(Level::Dispatcher, TURN_LOCKS + shard, Waits::default())
            }),
            owners: Owners::new(OWNER_LOCKS),
            timers: CountedLock::new(Level::Threads, AFTER_THREADS, Timers::default()),
            limits,
        }
    }

    /// How often the locks of each kind were taken, and how often with contention.
    pub fn lock_counts(&self) -> [(&'static str, LockCounts); 4] {
        fn sum(counts: impl Iterator<Item = LockCounts>) -> LockCounts {
            counts.fold(LockCounts::default(), |mut sum, counts| {
                sum.add(counts);
                sum
            })
        }
        [
            ("object_shards", sum(self.shards.iter().map(CountedLock::counts))),
            ("thread_turns", sum(self.waits.iter().map(CountedLock::counts))),
            ("mutant_owners", sum(self.owners.counts())),
            ("timer_queue", self.timers.counts()),
        ]
    }
}
