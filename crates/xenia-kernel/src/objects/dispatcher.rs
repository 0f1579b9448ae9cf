//! Waiting: who waits for which dispatcher object, and what a signal does.
//!
//! An object's state is in guest memory (`DISPATCHER_HEADER.SignalState`), where titles may look at it; the lists of
//! waiters are here, by address of the header, and titles see a copy ([`super::wait_list`]). Waiters are served first come,
//! first served, as NT serves them. A wait for all objects takes none of them before it can take all.
//!
//! Nothing here is under one lock for all. There are, in the order in which they are taken, each in 64 shards:
//!
//! | lock | of | guards |
//! |---|---|---|
//! | object shards ([`Held`]) | an object's address | signal states, lists of waiters, which mutants have an owner, how timers are set |
//! | turns ([`Turn`]) | a thread | what it waits for, and whether an APC or alert is to end it; a wait begins and ends under it |
//! | owners ([`super::mutant`]) | an owner's address | the mutants of each owner |
//! | the queue of timers, one | | in which order timers are due |
//!
//! An operation holds the shards of all objects that it may change, which [`Dispatcher::hold_around`] finds, from its first look to
//! the last wake; so each is one step, as under one lock. Of turns and owners it holds one at a time. Why this is
//! right: docs/src/decisions/0049-the-dispatcher-in-shards.md.

mod lock;
#[cfg(all(test, feature = "model"))]
mod models;
mod shards;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use lock::Guard;
pub(super) use lock::Lock;
pub use lock::LockCounts;
pub(super) use shards::ShardSet;
pub use shards::{Held, ThreadWait, Turn};

use crate::layout::{dispatcher_header as header, kmutant, ksemaphore};
use crate::limits::Limits;
use crate::objects::HeldObject;
use crate::objects::mutant::Owners;
use crate::objects::sharded::Sharded;
use crate::objects::timer::Timers;
use crate::objects::wait_list::Registration;
#[cfg(test)]
use crate::objects::wait_list::WaitList;
use crate::ports::Clock;
use crate::status::failure::Fallible;
use shards::{Shard, Waits};
use std::sync::Arc;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{BlockReason, Cpu, GuestTicks, ThreadRef, Wait, Woken};
use xenia_sync::Level;

/// Ordinals of the dispatcher's locks among those of their level; `Kernel` has those below and above.
const SHARD_LOCKS: u32 = 0x40;
const TURN_LOCKS: u32 = 0x80;
const OWNER_LOCKS: u32 = 0xC0;
/// The first ordinal that no lock of the dispatcher's has.
pub(crate) const ORDINALS_END: u32 = 0x100;
/// Who interrupts a wait has the threads' lock, and the wait may be for a timer: the queue of timers comes after that.
const AFTER_THREADS: u32 = 1;

/// Kind of a dispatcher object, as its header's first byte says.
pub mod kind {
    /// Event that stays signalled until it is reset.
    pub const MANUAL_EVENT: u8 = 0;
    /// Event that one waiter consumes.
    pub const AUTO_EVENT: u8 = 1;
    /// Mutant.
    pub const MUTANT: u8 = 2;
    /// Semaphore.
    pub const SEMAPHORE: u8 = 5;
    /// Thread: signalled once it has ended.
    pub const THREAD: u8 = 6;
    /// Timer that stays signalled until it is set again.
    pub const MANUAL_TIMER: u8 = 8;
    /// Timer that one waiter consumes.
    pub const AUTO_TIMER: u8 = 9;
}

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

/// Reads an object's signal state.
pub fn signal_state(memory: &GuestMemory, object: GuestAddr) -> Fallible<i32> {
    Ok(memory.read(object.offset(header::SIGNAL_STATE))?)
}

/// Writes an object's signal state without looking for waiters.
pub fn set_signal_state(memory: &GuestMemory, object: GuestAddr, state: i32) -> Fallible<()> {
    Ok(memory.write(object.offset(header::SIGNAL_STATE), state)?)
}

/// Refuses an address that no dispatcher header can have: its words are accessed atomically on the console.
pub fn check_header(object: GuestAddr) -> Fallible<()> {
    if object.0.is_multiple_of(4) { Ok(()) } else { Err(NtStatus::DATATYPE_MISALIGNMENT.into()) }
}

/// Initialises a dispatcher header: no waiters.
pub fn initialize(memory: &GuestMemory, object: GuestAddr, kind: u8, size: u32, state: i32) -> Fallible<()> {
    check_header(object)?;
    memory.write(object.offset(header::TYPE), kind)?;
    memory.write(object.offset(header::ABSOLUTE), 0_u8)?;
    memory.write(object.offset(header::SIZE_WORDS), (size / 4) as u8)?;
    memory.write(object.offset(header::INSERTED), 0_u8)?;
    set_signal_state(memory, object, state)?;
    let list = object.offset(header::WAIT_LIST);
    memory.write(list, list)?;
    memory.write(list.offset(4), list)?;
    Ok(())
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

    // ---- events and semaphores ----

    /// Signals an event; returns the state before.
    pub fn set_event(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        self.hold_around(event, &[]).set_event(memory, cpu, event, boost)
    }

    /// Resets an event; returns the state before. Between a signal and whom it wakes nobody comes.
    pub fn reset_event(&self, memory: &GuestMemory, event: GuestAddr) -> Fallible<i32> {
        let _held = self.hold(&[event]);
        let before = signal_state(memory, event)?;
        set_signal_state(memory, event, 0)?;
        Ok(before)
    }

    /// Signals an event for those who wait now, and resets it; returns the state before.
    pub fn pulse_event(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        let mut held = self.hold_around(event, &[]);
        let before = held.set_event(memory, cpu, event, boost)?;
        set_signal_state(memory, event, 0)?;
        Ok(before)
    }

    /// Adds to a semaphore's count; returns the count before. `None` if that would exceed its limit: nothing is changed.
    pub fn release_semaphore(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        semaphore: GuestAddr,
        count: i32,
        boost: u8,
    ) -> Fallible<Option<i32>> {
        self.hold_around(semaphore, &[]).release_semaphore(memory, cpu, semaphore, count, boost)
    }
}

impl Held<'_> {
    /// Waits for one or all of `objects`, or takes what is signalled already. The caller has the waiter's turn, and keeps it
    /// until it has looked for whatever ends a wait before it begins.
    pub fn wait(
        &mut self,
        turn: &mut Turn<'_>,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        waiter: Waiter,
        (objects, all): (&[GuestAddr], bool),
    ) -> Fallible<WaitResult> {
        for &object in objects {
            check_header(object)?;
        }
        if let Some(status) = self.try_take(memory, objects, all, waiter.kthread)? {
            return Ok(WaitResult::Done(status));
        }
        if waiter.deadline.is_some_and(|deadline| deadline <= cpu.now()) {
            return Ok(WaitResult::Done(NtStatus::TIMEOUT));
        }
        cpu.open_wait(waiter.thread, waiter.alertable)?;
        let Waiter { thread, deadline, alertable, kthread } = waiter;
        let reach = ShardSet::of(objects);
        for (index, &object) in objects.iter().enumerate() {
            let registration = Registration { thread, kthread, index, count: objects.len(), all, reach };
            let list = self.shard_mut(object).lists.entry(object).or_default();
            let is_first = list.is_empty();
            list.push(memory, object, registration);
            if is_first {
                self.note_waited_for(object, true);
            }
        }
        turn.begin(WaitBlock {
            objects: objects.to_vec(),
            all,
            deadline,
            alertable,
            kthread,
            held: Vec::new(),
        });
        Ok(WaitResult::Park(Wait {
            reason: BlockReason::Objects { objects: objects.iter().map(|object| object.0).collect(), all },
            deadline,
            alertable,
        }))
    }

    /// Takes the objects if they are signalled as the wait asks; returns its status.
    pub fn try_take(
        &mut self,
        memory: &GuestMemory,
        objects: &[GuestAddr],
        all: bool,
        kthread: GuestAddr,
    ) -> Fallible<Option<NtStatus>> {
        if all {
            for &object in objects {
                if !signalled(memory, object, kthread)? {
                    return Ok(None);
                }
            }
            let mut abandoned = false;
            for &object in objects {
                abandoned |= self.take(memory, object, kthread)?;
            }
            return Ok(Some(if abandoned { NtStatus::ABANDONED_WAIT_0 } else { NtStatus::SUCCESS }));
        }
        for (index, &object) in objects.iter().enumerate() {
            if signalled(memory, object, kthread)? {
                let base = if self.take(memory, object, kthread)? { NtStatus::ABANDONED_WAIT_0.0 } else { 0 };
                return Ok(Some(NtStatus(base + index as u32)));
            }
        }
        Ok(None)
    }

    /// What a satisfied wait does to one object; returns whether it was an abandoned mutant.
    fn take(&mut self, memory: &GuestMemory, object: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
        let state = signal_state(memory, object)?;
        match memory.read::<u8>(object)? {
            kind::AUTO_EVENT | kind::AUTO_TIMER => set_signal_state(memory, object, 0)?,
            kind::SEMAPHORE => set_signal_state(memory, object, state.wrapping_sub(1))?,
            kind::MUTANT => {
                set_signal_state(memory, object, state.wrapping_sub(1))?;
                if state == 1 {
                    memory.write(object.offset(kmutant::OWNER), kthread)?;
                    // Past the limit the wait is over all the same: the state says so already.
                    let _ = self.own(object, kthread);
                }
                let abandoned: u8 = memory.read(object.offset(kmutant::ABANDONED))?;
                memory.write(object.offset(kmutant::ABANDONED), 0_u8)?;
                return Ok(abandoned != 0);
            }
            _ => {}
        }
        Ok(false)
    }

    /// An object may have become signalled: serves its waiters while it is. Woken threads are boosted by `boost`.
    pub fn serve(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        object: GuestAddr,
        boost: u8,
    ) -> Fallible<()> {
        let mut passed_over = 0;
        while let Some(thread) = self.waiter(object, passed_over) {
            // Held until it is awake: an APC that came to it before would end a wait that is over.
            let mut turn = self.dispatcher.turn(thread);
            let mut status = None;
            if let Some(block) = turn.block() {
                if !signalled(memory, object, block.kthread)? {
                    break;
                }
                status = self.try_take(memory, &block.objects, block.all, block.kthread)?;
            }
            match status {
                Some(status) => {
                    self.end_wait(&mut turn, memory);
                    cpu.wake(thread, status.to_register(), boost)?.by_owner(thread);
                }
                None => passed_over += 1,
            }
        }
        Ok(())
    }

    /// Takes a wait off all lists.
    fn end_wait(&mut self, turn: &mut Turn<'_>, memory: &GuestMemory) -> Option<WaitBlock> {
        let (thread, block) = turn.end()?;
        self.leave_lists(memory, thread, &block);
        Some(block)
    }

    /// Whether somebody waits for an object.
    pub(super) fn is_waited_for(&self, object: GuestAddr) -> bool {
        self.shard(object).lists.contains_key(&object)
    }

    fn waiter(&self, object: GuestAddr, place: usize) -> Option<ThreadRef> {
        self.shard(object).lists.get(&object)?.thread(place)
    }

    /// Threads that wait for an object, first come first.
    #[cfg(test)]
    pub(crate) fn waiters(&self, object: GuestAddr) -> impl Iterator<Item = ThreadRef> + '_ {
        self.shard(object).lists.get(&object).into_iter().flat_map(WaitList::threads)
    }

    /// Signals an event; returns the state before.
    pub fn set_event(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        event: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        check_header(event)?;
        let before = signal_state(memory, event)?;
        set_signal_state(memory, event, 1)?;
        self.serve(memory, cpu, event, boost)?;
        Ok(before)
    }

    /// As [`Dispatcher::release_semaphore`].
    pub fn release_semaphore(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        semaphore: GuestAddr,
        count: i32,
        boost: u8,
    ) -> Fallible<Option<i32>> {
        check_header(semaphore)?;
        let before = signal_state(memory, semaphore)?;
        let limit: i32 = memory.read(semaphore.offset(ksemaphore::LIMIT))?;
        let Some(after) = before.checked_add(count).filter(|&after| count > 0 && after <= limit) else {
            return Ok(None);
        };
        set_signal_state(memory, semaphore, after)?;
        self.serve(memory, cpu, semaphore, boost)?;
        Ok(Some(before))
    }
}

impl ThreadWait<'_> {
    /// Ends the thread's wait with `status` if it is alertable, and takes it off its lists.
    pub fn interrupt_alertable(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        status: NtStatus,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Fallible<Woken> {
        let woken = cpu.interrupt(self.turn.thread(), status.to_register(), registers)?;
        if woken != Woken::NotWaiting {
            drop(self.take(memory));
        }
        Ok(woken)
    }

    /// Whether the thread waits for objects.
    pub fn is_waiting(&self) -> bool {
        self.turn.block().is_some()
    }

    /// Takes the thread's wait for objects off all lists: the caller ends it, or has ended it. It may begin anew; what it has a
    /// reference to, it keeps.
    pub fn take(&mut self, memory: &GuestMemory) -> Option<WaitBlock> {
        self.held.end_wait(&mut self.turn, memory)
    }
}

/// Whether a wait of `kthread` for this object would be satisfied.
fn signalled(memory: &GuestMemory, object: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
    let state = signal_state(memory, object)?;
    if memory.read::<u8>(object)? == kind::MUTANT && state <= 0 {
        return Ok(memory.read::<GuestAddr>(object.offset(kmutant::OWNER))? == kthread);
    }
    Ok(state > 0)
}
