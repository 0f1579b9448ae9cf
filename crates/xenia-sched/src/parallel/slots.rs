//! The slots of a parallel run: one lock each, ranked below the thread table's.
//!
//! An operation on a thread takes only the lock of the thread's slot. A thread moves under the
//! thread table's lock and those of both slots. Several slots are locked in ascending order. So
//! after locking the slot that the directory names, a caller finds the thread there, or retries.
//! After a change, the caller unlocks the slot and then notifies the host threads of affected
//! slots; after a guest thread's wakes, [`SlotCpu`](super::slot_cpu::SlotCpu) does so at the end of
//! the call.

use super::parker::Parker;
use crate::common::{Common, Moment};
use crate::new_thread::make_thread;
use crate::scheduler::Rounds;
use crate::slot::KEEPER;
use crate::slot::moves::{best_for, migrate};
use crate::thread_table::ThreadTable;
use crate::{
    Ended, GuestTicks, HW_THREADS, HwSlot, Placement, Running, SchedError, Scheduler, SpawnParameters,
    ThreadRef, Wait, WaitTicket, Which, Woken,
};
use xenia_sync::{Level, Mutex, MutexGuard};

/// The slots, their locks, and the parkers of their host threads.
pub(super) struct Slots {
    thread_table: Mutex<ThreadTable>,
    locks: [Mutex<HwSlot>; HW_THREADS],
    pub(super) common: Common,
    rounds: Rounds,
    /// Parkers of the slots' host threads.
    pub(super) owners: [Parker; HW_THREADS],
    /// Parker of the time-keeper.
    pub(super) keeper: Parker,
}

impl Slots {
    pub(super) fn new(scheduler: Scheduler) -> Self {
        let Scheduler { slots, thread_table, common, rounds, now: _ } = scheduler;
        let mut ordinal = 0..;
        Self {
            thread_table: Mutex::new(Level::Topology, thread_table),
            locks: slots.map(|slot| Mutex::numbered(Level::Slot, ordinal.next().unwrap_or_default(), slot)),
            common,
            rounds,
            owners: Default::default(),
            keeper: Parker::default(),
        }
    }

    /// Returns the scheduler after a run.
    pub(super) fn into_scheduler(self, now: GuestTicks) -> Scheduler {
        Scheduler {
            slots: self.locks.map(Mutex::into_inner),
            thread_table: self.thread_table.into_inner(),
            common: self.common,
            rounds: self.rounds,
            now,
        }
    }

    fn moment(&self, now: GuestTicks) -> Moment<'_> {
        Moment { common: &self.common, now }
    }

    // ---- locks ----

    fn lock(&self, hw_id: u8) -> Option<MutexGuard<'_, HwSlot>> {
        let lock = self.locks.get(usize::from(hw_id))?;
        // Tried first only to count contention.
        let free = lock.try_lock();
        let waits = free.is_none();
        let mut slot = free.unwrap_or_else(|| lock.lock());
        slot.counters.lock_takes += 1;
        slot.counters.lock_waits += u64::from(waits);
        Some(slot)
    }

    /// Unlocks a slot, and then notifies the host threads affected by its changes, except `except`.
    fn unlock_and_notify(&self, mut slot: MutexGuard<'_, HwSlot>, except: u8) {
        let signals = slot.take_signals() & !except;
        drop(slot);
        self.notify(signals);
    }

    /// Notifies the host threads of these bits.
    pub(super) fn notify(&self, signals: u8) {
        if signals == 0 {
            return;
        }
        for (hw_id, owner) in self.owners.iter().enumerate() {
            if signals >> hw_id & 1 != 0 {
                owner.notify();
            }
        }
        if signals & KEEPER != 0 {
            self.keeper.notify();
        }
    }

    /// Locks the slot that a thread is on.
    fn lock_slot_of(&self, r: ThreadRef) -> Result<MutexGuard<'_, HwSlot>, SchedError> {
        let mut hw_id = self.common.directory.slot_of(r)?;
        loop {
            let slot = self.lock(hw_id).ok_or(SchedError::Stale(r))?;
            if slot.records.has(r) {
                return Ok(slot);
            }
            // The thread has moved, or its record is gone.
            let now = self.common.directory.slot_of(r)?;
            if now == hw_id {
                return Err(SchedError::Stale(r));
            }
            drop(slot);
            hw_id = now;
        }
    }

    /// Runs `f` on the slot that a thread is on.
    pub(super) fn run_on_slot<R>(
        &self,
        r: ThreadRef,
        now: GuestTicks,
        f: impl FnOnce(&mut HwSlot, Moment<'_>) -> Result<R, SchedError>,
    ) -> Result<R, SchedError> {
        self.run_untimed_on_slot(r, |slot, _| f(slot, self.moment(now)))
    }

    /// Does the same for an operation that needs no guest time.
    pub(super) fn run_untimed_on_slot<R>(
        &self,
        r: ThreadRef,
        f: impl FnOnce(&mut HwSlot, &Common) -> Result<R, SchedError>,
    ) -> Result<R, SchedError> {
        let mut slot = self.lock_slot_of(r)?;
        let result = f(&mut slot, &self.common);
        self.unlock_and_notify(slot, 0);
        result
    }

    /// Runs `f` on the slot that a thread is on, and adds the host threads affected by the changes
    /// to `signals`, for [`Self::notify`].
    pub(super) fn run_on_slot_quietly<R>(
        &self,
        r: ThreadRef,
        now: GuestTicks,
        signals: &mut u8,
        f: impl FnOnce(&mut HwSlot, Moment<'_>) -> Result<R, SchedError>,
    ) -> Result<R, SchedError> {
        let mut slot = self.lock_slot_of(r)?;
        let result = f(&mut slot, self.moment(now));
        *signals |= slot.take_signals();
        result
    }

    /// Runs `f` on a slot for its own host thread, which needs no notification of the changes.
    pub(super) fn own<R>(&self, hw_id: u8, f: impl FnOnce(&mut HwSlot) -> R) -> Option<R> {
        let mut slot = self.lock(hw_id)?;
        let result = f(&mut slot);
        self.unlock_and_notify(slot, 1 << hw_id);
        Some(result)
    }

    /// Runs `f` on a consistent view of all slots, by locking all of them.
    pub(super) fn with_all_slots<R>(&self, f: impl FnOnce([&HwSlot; HW_THREADS]) -> R) -> R {
        let slots = self.locks.each_ref().map(Mutex::lock);
        f(slots.each_ref().map(|slot| &**slot))
    }

    // ---- moves ----

    /// Work stealing: the host thread of a slot without threads takes a ready thread from another
    /// slot.
    pub(super) fn steal(&self, hw_id: u8, now: GuestTicks) {
        if !self.common.can_take_thread(hw_id) {
            return;
        }
        let _threads = self.thread_table.lock();
        let mut slots = self.locks.each_ref().map(Mutex::lock);
        let to = usize::from(hw_id);
        // Checked again under the locks: the thread may have been taken, or the slot may have got
        // another one.
        if slots.get(to).is_some_and(|slot| slot.is_idle())
            && let Some((from, thread)) = best_for(hw_id, |index| slots.get(index).map(|slot| &**slot))
            && let Ok([from, to]) = slots.get_disjoint_mut([from, to])
            && migrate(self.moment(now), from, to, thread).is_ok()
            && let Ok(thread) = to.records.get_mut(thread)
        {
            thread.moved = true;
        }
        let mut signals = 0;
        for slot in &mut slots {
            signals |= slot.take_signals();
        }
        drop(slots);
        self.notify(signals & !(1 << hw_id));
    }

    pub(super) fn set_affinity(
        &self,
        r: ThreadRef,
        mask: u32,
        now: GuestTicks,
    ) -> Result<Placement, SchedError> {
        // No thread moves while this is held.
        let _threads = self.thread_table.lock();
        let moment = self.moment(now);
        let mut from = self.lock_slot_of(r)?;
        let (before, hw_id) = from.set_affinity(moment.common, r, mask)?;
        let home = self.common.directory.slot_of(r)?;
        let placement = Placement { before, hw_id };
        if hw_id == home {
            self.unlock_and_notify(from, 0);
            return Ok(placement);
        }
        let lock_to = || self.lock(hw_id).ok_or(SchedError::NoProcessor(mask));
        let mut to;
        if hw_id > home {
            to = lock_to()?;
        } else {
            // The lower slot must be locked first. The thread can't move meanwhile, because this
            // holds the thread table's lock.
            self.unlock_and_notify(from, 0);
            to = lock_to()?;
            from = self.lock_slot_of(r)?;
        }
        let moved = migrate(moment, &mut from, &mut to, r);
        let signals = from.take_signals() | to.take_signals();
        drop((from, to));
        self.notify(signals);
        moved.map(|()| placement)
    }

    // ---- creation and end of threads ----

    /// Creates a thread. The returned name counts one reference.
    pub(super) fn spawn(
        &self,
        parameters: SpawnParameters,
        now: GuestTicks,
    ) -> Result<ThreadRef, SchedError> {
        let slot =
            parameters.slot().inspect_err(|_| self.thread_table.lock().counters.spawn_rejected += 1)?;
        let mut thread_table = self.thread_table.lock();
        let reference = thread_table.add(slot, &self.common.directory, |ended, slot| {
            if let Some(mut slot) = self.lock(slot) {
                // Without a record there is nothing to free.
                let _ = slot.records.remove(ended);
            }
        })?;
        thread_table.retain(reference)?;
        drop(thread_table);
        let (thread, wait) = make_thread(parameters, reference, slot, self.common.quantum);
        let mut slot = self.lock(slot).ok_or(SchedError::Full(slot))?;
        let added = slot.add(self.moment(now), thread, wait);
        self.unlock_and_notify(slot, 0);
        added.map(|()| reference)
    }

    pub(super) fn exit(&self, r: ThreadRef, code: u32, now: GuestTicks) -> Result<(), SchedError> {
        // Not nested: the thread table's lock can't be acquired under a slot's.
        self.run_on_slot(r, now, |slot, moment| slot.exit(moment, r, code))?;
        self.thread_table.lock().note_exit(r)
    }

    pub(super) fn release(&self, r: ThreadRef) -> Result<(), SchedError> {
        self.thread_table.lock().release(r)
    }

    // ---- waits ----

    /// Ends a thread's wait through its wait word, without a lock. `None`: the thread was parked,
    /// and only the caller may make it ready.
    pub(super) fn win_wait(
        &self,
        r: ThreadRef,
        which: Which,
        value: u64,
    ) -> Result<Option<Woken>, SchedError> {
        Ok(match self.common.directory.wait_word(r)?.end(which, value) {
            Ended::Over => Some(Woken::NotWaiting),
            Ended::BeforePark => Some(Woken::BeforePark),
            Ended::Parked => None,
        })
    }

    /// Puts a thread's registers back and parks it, or returns the thread if its wait is over
    /// ([`crate::parks::Parks`]).
    pub(super) fn try_park(&self, running: Running, wait: Wait, now: GuestTicks) -> Option<(Running, u64)> {
        // The caller picks the slot's next thread at once, so its host thread needs no
        // notification.
        let own = 1 << running.hw_id;
        let mut slot = self.lock_slot_of(running.thread).ok()?;
        let on = slot.try_park(self.moment(now), running, wait);
        self.unlock_and_notify(slot, own);
        on
    }

    /// Puts a thread's registers back, on the slot that it is on by now.
    pub(super) fn put(&self, running: Running, now: GuestTicks) {
        // A thread without a record has ended; its registers are not needed.
        let _ = self.run_on_slot(running.thread, now, |slot, moment| {
            slot.put(moment.common, running);
            Ok(())
        });
    }

    /// Removes and returns the next wait whose deadline is not after `now`.
    pub(super) fn pop_expired_wait(&self, now: GuestTicks) -> Option<(WaitTicket, Wait)> {
        while let Some((_, hw_id)) = self.common.first_deadline().filter(|&(deadline, _)| deadline <= now) {
            let mut slot = self.lock(hw_id)?;
            let thread = slot.pop_expired(&self.common, now);
            let expired = thread.and_then(|thread| slot.waits_for(&self.common, thread));
            // The time-keeper itself calls this and computes its next deadline afterwards, so it
            // needs no notification.
            self.unlock_and_notify(slot, KEEPER);
            if expired.is_some() {
                return expired;
            }
        }
        None
    }
}
