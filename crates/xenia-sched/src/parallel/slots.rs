//! The slots of a machine whose hardware threads run at once: a lock each, below the topology's.
//!
//! What is done to a thread takes the lock of the slot that it is on, and no other. A thread moves
//! under the topology's lock and those of both slots, the lower number's first; so who has locked
//! the slot that the directory names finds the thread there, or looks again. Several slots are
//! locked in rising order. Whoever has changed something calls the slots' owners, after it has let
//! go.

use super::post::Post;
use crate::common::{Common, Moment};
use crate::scheduler::{Rounds, make_thread};
use crate::slot::KEEPER;
use crate::slot::moves::{best_for, migrate};
use crate::topology::Topology;
use crate::{
    Ended, GuestTicks, HW_THREADS, HwSlot, Placement, Running, SchedError, Scheduler, SpawnParameters,
    ThreadRef, Wait, WaitTicket, Which, Woken,
};
use xenia_sync::{Level, Mutex, MutexGuard};

/// See the module's documentation.
pub(super) struct Slots {
    topology: Mutex<Topology>,
    locks: [Mutex<HwSlot>; HW_THREADS],
    pub(super) common: Common,
    rounds: Rounds,
    /// Where each slot's host thread is called.
    pub(super) owners: [Post; HW_THREADS],
    /// Where the time-keeper is.
    pub(super) keeper: Post,
}

impl Slots {
    pub(super) fn new(scheduler: Scheduler) -> Self {
        let Scheduler { slots, topology, common, rounds, now: _ } = scheduler;
        let mut ordinal = 0..;
        Self {
            topology: Mutex::new(Level::Topology, topology),
            locks: slots.map(|slot| Mutex::numbered(Level::Slot, ordinal.next().unwrap_or_default(), slot)),
            common,
            rounds,
            owners: Default::default(),
            keeper: Post::default(),
        }
    }

    /// The scheduler of a machine that stands still.
    pub(super) fn into_scheduler(self, now: GuestTicks) -> Scheduler {
        Scheduler {
            slots: self.locks.map(Mutex::into_inner),
            topology: self.topology.into_inner(),
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
        let free = lock.try_lock();
        let waits = free.is_none();
        let mut slot = free.unwrap_or_else(|| lock.lock());
        slot.counters.lock_takes += 1;
        slot.counters.lock_waits += u64::from(waits);
        Some(slot)
    }

    /// Calls those whom a slot's changes concern, but for `except`, once it is let go.
    fn let_go(&self, mut slot: MutexGuard<'_, HwSlot>, except: u8) {
        let signals = slot.take_signals() & !except;
        drop(slot);
        self.call(signals);
    }

    /// Calls the host threads of these bits.
    fn call(&self, signals: u8) {
        if signals == 0 {
            return;
        }
        for (hw_id, owner) in self.owners.iter().enumerate() {
            if signals >> hw_id & 1 != 0 {
                owner.call();
            }
        }
        if signals & KEEPER != 0 {
            self.keeper.call();
        }
    }

    /// The slot that a thread is on, locked.
    fn lock_slot_of(&self, r: ThreadRef) -> Result<MutexGuard<'_, HwSlot>, SchedError> {
        let mut hw_id = self.common.directory.slot_of(r)?;
        loop {
            let slot = self.lock(hw_id).ok_or(SchedError::Stale(r))?;
            if slot.records.has(r) {
                return Ok(slot);
            }
            // It has moved, or its record is gone.
            let now = self.common.directory.slot_of(r)?;
            if now == hw_id {
                return Err(SchedError::Stale(r));
            }
            drop(slot);
            hw_id = now;
        }
    }

    /// Lets `f` act on the slot that a thread is on.
    pub(super) fn on<R>(
        &self,
        r: ThreadRef,
        now: GuestTicks,
        f: impl FnOnce(&mut HwSlot, Moment<'_>) -> Result<R, SchedError>,
    ) -> Result<R, SchedError> {
        let mut slot = self.lock_slot_of(r)?;
        let result = f(&mut slot, self.moment(now));
        self.let_go(slot, 0);
        result
    }

    /// Lets the host thread of a slot act on it; it needs no call for what it has changed.
    pub(super) fn own<R>(&self, hw_id: u8, f: impl FnOnce(&mut HwSlot) -> R) -> Option<R> {
        let mut slot = self.lock(hw_id)?;
        let result = f(&mut slot);
        self.let_go(slot, 1 << hw_id);
        Some(result)
    }

    /// Lets `f` see all slots at one moment. They stand still meanwhile.
    pub(super) fn look<R>(&self, f: impl FnOnce([&HwSlot; HW_THREADS]) -> R) -> R {
        let slots = self.locks.each_ref().map(Mutex::lock);
        f(slots.each_ref().map(|slot| &**slot))
    }

    // ---- moves ----

    /// The host thread of a slot with nobody takes a thread that has to wait on another.
    pub(super) fn take_from_another(&self, hw_id: u8, now: GuestTicks) {
        if !self.common.is_offered_one(hw_id) {
            return;
        }
        let _topology = self.topology.lock();
        let mut slots = self.locks.each_ref().map(Mutex::lock);
        let to = usize::from(hw_id);
        // Looked at again: somebody else may have taken it, or the slot may have got one of its own.
        if slots.get(to).is_some_and(|slot| slot.has_nobody())
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
        self.call(signals & !(1 << hw_id));
    }

    pub(super) fn set_affinity(
        &self,
        r: ThreadRef,
        mask: u32,
        now: GuestTicks,
    ) -> Result<Placement, SchedError> {
        // Nobody moves as long as this is held.
        let _topology = self.topology.lock();
        let moment = self.moment(now);
        let mut from = self.lock_slot_of(r)?;
        let (before, hw_id) = from.set_affinity(moment.common, r, mask)?;
        let home = self.common.directory.slot_of(r)?;
        let placement = Placement { before, hw_id };
        if hw_id == home {
            self.let_go(from, 0);
            return Ok(placement);
        }
        let lock_to = || self.lock(hw_id).ok_or(SchedError::NoProcessor(mask));
        let mut to;
        if hw_id > home {
            to = lock_to()?;
        } else {
            self.let_go(from, 0);
            to = lock_to()?;
            from = self.lock_slot_of(r)?;
        }
        let moved = migrate(moment, &mut from, &mut to, r);
        let signals = from.take_signals() | to.take_signals();
        drop((from, to));
        self.call(signals);
        moved.map(|()| placement)
    }

    // ---- threads come and go ----

    /// Makes a thread, whose name is counted once.
    pub(super) fn spawn(
        &self,
        parameters: SpawnParameters,
        now: GuestTicks,
    ) -> Result<ThreadRef, SchedError> {
        let slot = parameters.slot().inspect_err(|_| self.topology.lock().counters.spawn_rejected += 1)?;
        let mut topology = self.topology.lock();
        let reference = topology.add(slot, &self.common.directory, |ended, slot| {
            if let Some(mut slot) = self.lock(slot) {
                let _ = slot.records.remove(ended);
            }
        })?;
        topology.retain(reference)?;
        drop(topology);
        let (thread, wait) = make_thread(parameters, reference, slot);
        let mut slot = self.lock(slot).ok_or(SchedError::Full(slot))?;
        let added = slot.add(self.moment(now), thread, wait);
        self.let_go(slot, 0);
        added.map(|()| reference)
    }

    pub(super) fn exit(&self, r: ThreadRef, code: u32, now: GuestTicks) -> Result<(), SchedError> {
        self.on(r, now, |slot, moment| slot.exit(moment, r, code))?;
        self.topology.lock().note_exit(r)
    }

    pub(super) fn release(&self, r: ThreadRef) -> Result<(), SchedError> {
        self.topology.lock().release(r)
    }

    // ---- waits ----

    /// Ends a thread's wait on its wait word, without a lock. `None`: it was parked, and the
    /// caller, and nobody else, makes it ready.
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

    /// Puts a thread's registers back and parks it, or gives it back; see [`crate::parks::Parks`].
    pub(super) fn park_or_go_on(
        &self,
        running: Running,
        wait: Wait,
        now: GuestTicks,
    ) -> Option<(Running, u64)> {
        // Its slot's next thread is looked for at once, so that the host thread needs no call for it.
        let own = 1 << running.hw_id;
        let mut slot = self.lock_slot_of(running.thread).ok()?;
        let on = slot.park_or_go_on(self.moment(now), running, wait);
        self.let_go(slot, own);
        on
    }

    /// Puts a thread's registers back, wherever it is by now.
    pub(super) fn put(&self, running: Running, now: GuestTicks) {
        // Without a record it has ended, and nobody can ask for its registers.
        let _ = self.on(running.thread, now, |slot, moment| {
            slot.put(moment.common, running);
            Ok(())
        });
    }

    /// The next wait whose deadline is not after `now`.
    pub(super) fn pop_expired_wait(&self, now: GuestTicks) -> Option<(WaitTicket, Wait)> {
        while let Some((_, hw_id)) = self.common.first_deadline().filter(|&(deadline, _)| deadline <= now) {
            let mut slot = self.lock(hw_id)?;
            let thread = slot.pop_expired(&self.common, now);
            let expired = thread.and_then(|thread| slot.waits_for(&self.common, thread));
            // The time-keeper itself does this, and looks ahead afterwards.
            self.let_go(slot, KEEPER);
            if expired.is_some() {
                return expired;
            }
        }
        None
    }
}
