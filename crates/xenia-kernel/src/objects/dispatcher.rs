//! Waiting: who waits for which dispatcher object, and what a signal does.
//!
//! An object's state is in guest memory (`DISPATCHER_HEADER.SignalState`), where titles may look at
//! it; the lists of waiters are here, by address of the header, and titles see a copy
//! ([`super::wait_list`]). What a wait takes, and in which order waiters are served, is in
//! [`waiting`]; what signals events and semaphores in [`signals`].
//!
//! Nothing here is under one lock for all. There are, in the order in which they are taken, each in
//! 64 shards:
//!
//! | lock | of | guards |
//! |---|---|---|
//! | object shards ([`Held`]) | an object's address | signal states, lists of waiters, which mutants have an owner, how timers are set |
//! | turns ([`Turn`]) | a thread | what it waits for, and whether an APC or alert is to end it; a wait begins and ends under it |
//! | owners ([`super::mutant`]) | an owner's address | the mutants of each owner |
//! | the queue of timers, one | | in which order timers are due |
//!
//! An operation holds the shards of all objects that it may change, which
//! [`Dispatcher::hold_around`] finds, from its first look to the last wake; so each is one step, as
//! under one lock. Of turns and owners it holds one at a time. Why this is right: docs/src/
//! decisions/0049-the-dispatcher-in-shards.md.

mod header;
mod lock;
#[cfg(all(test, feature = "model"))]
mod models;
mod shards;
mod signals;
#[cfg(test)]
pub(crate) mod tests;
mod waiting;

pub use header::{check_header, initialize, kind, set_signal_state, signal_state};
pub(crate) use lock::Guard;
pub(super) use lock::Lock;
pub use lock::LockCounts;
pub(super) use shards::ShardSet;
pub use shards::{Held, ThreadWait, Turn};

use crate::limits::Limits;
use crate::objects::HeldObject;
use crate::objects::mutant::Owners;
use crate::objects::sharded::Sharded;
use crate::objects::timer::Timers;
use crate::ports::Clock;
use shards::{Shard, Waits};
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{GuestTicks, ThreadRef, Wait};
use xenia_sync::Level;

/// Ordinals of the dispatcher's locks among those of their level; `Kernel` has those below and
/// above.
const SHARD_LOCKS: u32 = 0x40;
const TURN_LOCKS: u32 = 0x80;
const OWNER_LOCKS: u32 = 0xC0;
/// The first ordinal that no lock of the dispatcher's has.
pub(crate) const ORDINALS_END: u32 = 0x100;
/// Who interrupts a wait has the threads' lock, and the wait may be for a timer: the queue of
/// timers comes after that.
const AFTER_THREADS: u32 = 1;

/// Objects that one wait may name.
pub const MAXIMUM_WAIT_OBJECTS: u32 = 64;

/// A wait for objects.
#[derive(Debug)]
pub struct WaitBlock {
    /// The objects.
    pub objects: Vec<GuestAddr>,
    /// Whether it is for all of them.
    pub all: bool,
    /// When it ends by itself.
    pub deadline: Option<GuestTicks>,
    /// Whether a user APC may end it.
    pub alertable: bool,
    /// The waiting thread's object, which becomes the owner of mutants.
    pub kthread: GuestAddr,
    /// The kernel's objects among them.
    pub held: Vec<HeldObject>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Dispatcher {
    shards: Sharded<Lock<Shard>>,
    waits: Sharded<Lock<Waits>>,
    pub(super) owners: Owners,
    pub(super) timers: Lock<Timers>,
    pub(super) limits: Arc<Limits>,
    pub(super) clock: Clock,
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

/// Who waits, and how.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// The thread.
    pub thread: ThreadRef,
    /// Its thread object.
    pub kthread: GuestAddr,
    /// Guest time at which the wait ends; `None`: never. A time not after now only looks.
    pub deadline: Option<GuestTicks>,
    /// Whether an APC may end it.
    pub alertable: bool,
}

/// What a wait came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// It is over, with this status.
    Done(NtStatus),
    /// The thread must park like this.
    Park(Wait),
}

impl Dispatcher {
    /// Nobody waits yet; what is refused is counted in `limits`.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self::with_clock(limits, Clock::default())
    }

    /// As [`Self::new`]; timers show when they are due by `clock`.
    pub fn with_clock(limits: Arc<Limits>, clock: Clock) -> Self {
        Self {
            clock,
            shards: Sharded::new(|shard| Lock::new(Level::Dispatcher, SHARD_LOCKS + shard, Shard::default())),
            waits: Sharded::new(|shard| Lock::new(Level::Dispatcher, TURN_LOCKS + shard, Waits::default())),
            owners: Owners::new(OWNER_LOCKS),
            timers: Lock::new(Level::Threads, AFTER_THREADS, Timers::default()),
            limits,
        }
    }

    /// How often the locks of each kind were taken.
    pub fn lock_counts(&self) -> [(&'static str, LockCounts); 4] {
        fn sum(counts: impl Iterator<Item = LockCounts>) -> LockCounts {
            counts.fold(LockCounts::default(), |mut sum, counts| {
                sum.add(counts);
                sum
            })
        }
        [
            ("object_shards", sum(self.shards.iter().map(Lock::counts))),
            ("thread_turns", sum(self.waits.iter().map(Lock::counts))),
            ("mutant_owners", sum(self.owners.counts())),
            ("timer_queue", self.timers.counts()),
        ]
    }
}
