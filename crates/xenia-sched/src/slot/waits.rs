//! Waits: parking, waking and deadlines.
//!
//! A waiting thread is in no run queue and has no slot. An exception is a thread that holds its
//! slot while it waits for a spin lock: it is the slot's `spinning` thread, and runs there when it
//! is woken. `timed` has each deadline with the wait's serial number, so that equal deadlines
//! expire in the order in which the waits began. Code that ends a wait must first win its wait word
//! ([`crate::WaitWord::end`], without a lock), so that only one can; until then the record says
//! that the thread waits.

use super::HwSlot;
use crate::common::{Common, Moment};
use crate::priority::boosted;
use crate::thread::DeadlineKey;
use crate::{
    Commit, Event, GuestTicks, Running, SchedError, ThreadRef, ThreadState, Wait, WaitTicket, WaitWord,
    WakeResult,
};
use xenia_cpu::PpcContext;

impl HwSlot {
    /// Makes a running or ready thread wait, in a wait that was not opened before.
    pub(crate) fn park(&mut self, moment: Moment<'_>, r: ThreadRef, wait: Wait) -> Result<(), SchedError> {
        self.live(r)?;
        moment.common.open_wait(r, wait.alertable)?;
        self.commit_wait(moment, r, wait).map(|_| ())
    }

    fn live(&self, r: ThreadRef) -> Result<(), SchedError> {
        match self.records.get(r)?.state {
            ThreadState::Exited { .. } => Err(SchedError::Exited(r)),
            _ => Ok(()),
        }
    }

    /// Parks a thread that has opened its wait, unless the wait has ended.
    fn commit_wait(&mut self, moment: Moment<'_>, r: ThreadRef, wait: Wait) -> Result<Commit, SchedError> {
        self.live(r)?;
        let common = moment.common;
        // From here on a waker may win the wait; it needs the slot to itself before it uses the
        // record.
        let commit = common.directory.wait_word(r)?.commit();
        if commit != Commit::Parked {
            self.counters.wakes += 1;
            return Ok(commit);
        }
        let spins = self.records.get(r)?.holds_slot && self.running == Some(r) && wait.reason.may_keep_slot();
        self.dequeue(common, r)?;
        self.forget_deadline(common, r)?;
        if spins {
            self.spinning = Some(r);
            self.refresh(common);
        }
        let serial = common.next_wait();
        if let Some(deadline) = wait.deadline {
            self.add_deadline(common, DeadlineKey { deadline, serial }, r);
        }
        let thread = self.records.get_mut(r)?;
        moment.emit(&Event::Wait { thread: thread.id, wait: &wait });
        thread.state = ThreadState::Waiting { wait, since: moment.now, serial };
        Ok(commit)
    }

    /// Puts a thread's registers back and parks it, after a call that returned this wait; or
    /// returns the thread with the value of the wake if the wait has ended already. The thread is
    /// not queued in between, because a thread that resumes must be in no run queue.
    pub(crate) fn try_park(
        &mut self,
        moment: Moment<'_>,
        running: Running,
        wait: Wait,
    ) -> Option<(Running, u64)> {
        let r = running.thread;
        self.return_registers(running);
        let is_open = moment.common.directory.wait_word(r).map(WaitWord::is_open);
        let committed = is_open.and_then(|is_open| {
            // A wait that only its deadline can end need not have been opened.
            if !is_open {
                moment.common.open_wait(r, wait.alertable)?;
            }
            self.commit_wait(moment, r, wait)
        });
        match committed {
            Ok(Commit::Parked) => None,
            Ok(Commit::GoOn(value)) => Some((self.take(r).ok()?, value)),
            Err(error) => {
                tracing::error!(target: "sched", "a thread that has made a call can't wait: {error}");
                None
            }
        }
    }

    /// Ends the wait of a thread whose wait word the caller has won, with this result. `registers`
    /// may change its registers.
    pub(crate) fn wake(
        &mut self,
        moment: Moment<'_>,
        r: ThreadRef,
        result: WakeResult,
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<(), SchedError> {
        let mut running = self.begin_wake(moment.common, r, result.value)?;
        if let Some(registers) = registers {
            registers(&mut running.ctx);
        }
        self.finish_wake(moment, running, result)
    }

    /// First half of [`Self::wake`]: returns the thread's registers, with `value` in r3.
    pub(crate) fn begin_wake(
        &mut self,
        common: &Common,
        r: ThreadRef,
        value: u64,
    ) -> Result<Running, SchedError> {
        let mut running = self.take(r)?;
        running.ctx.gpr[3] = value;
        self.counters.wakes += 1;
        self.forget_deadline(common, r)?;
        Ok(running)
    }

    /// Second half of [`Self::wake`]: makes the thread ready.
    pub(crate) fn finish_wake(
        &mut self,
        moment: Moment<'_>,
        running: Running,
        result: WakeResult,
    ) -> Result<(), SchedError> {
        let r = running.thread;
        let common = moment.common;
        // Before the state changes: `put` expects that a ready thread is queued.
        self.put(common, running);
        let thread = self.records.get_mut(r)?;
        thread.state = ThreadState::Ready;
        let before = thread.priority;
        if !thread.boost_disabled {
            thread.priority = boosted(thread.base_priority, before, result.boost);
        }
        if self.spinning != Some(r) {
            thread.charge_wait(common.quantum);
        }
        if thread.priority != before && thread.note_priority_change() {
            self.changed_priorities.push(r);
            common.note_priority_changes();
        }
        moment.emit(&Event::Wake { thread: thread.id, value: result.value });
        if self.spinning == Some(r) {
            // It has held the slot all the time.
            thread.state = ThreadState::Running;
            self.spinning = None;
            self.running = Some(r);
            self.refresh(common);
        } else if thread.suspend_count == 0 {
            let priority = thread.priority;
            self.enqueue(common, priority, r);
        }
        Ok(())
    }

    /// The wait of a waiting thread.
    pub(crate) fn waits_for(&self, common: &Common, r: ThreadRef) -> Option<(WaitTicket, Wait)> {
        let wait = self.records.get(r).ok()?.wait()?;
        let serial = common.directory.wait_word(r).ok()?.waiting()?;
        Some((WaitTicket { thread: r, serial }, wait.clone()))
    }

    // ---- deadlines ----

    /// The earliest deadline of a wait.
    pub(crate) fn first_deadline(&self) -> Option<DeadlineKey> {
        self.timed.keys().next().copied()
    }

    /// Removes the next deadline that is not after `now`. Returns its thread, which still waits.
    pub(crate) fn pop_expired(&mut self, common: &Common, now: GuestTicks) -> Option<ThreadRef> {
        let entry = self.timed.first_entry()?;
        if entry.key().deadline > now {
            return None;
        }
        let r = entry.remove();
        self.show_deadline(common);
        Some(r)
    }

    pub(super) fn add_deadline(&mut self, common: &Common, key: DeadlineKey, r: ThreadRef) {
        self.timed.insert(key, r);
        if self.first_deadline() == Some(key) {
            self.show_deadline(common);
        }
    }

    pub(super) fn forget_deadline(&mut self, common: &Common, r: ThreadRef) -> Result<(), SchedError> {
        if let Some(key) = self.records.get(r)?.deadline() {
            self.take_deadline(common, key);
        }
        Ok(())
    }

    /// Removes a deadline. Returns whether it was still queued.
    pub(super) fn take_deadline(&mut self, common: &Common, key: DeadlineKey) -> bool {
        let is_first = self.first_deadline() == Some(key);
        let found = self.timed.remove(&key).is_some();
        if is_first {
            self.show_deadline(common);
        }
        found
    }

    pub(super) fn show_deadline(&mut self, common: &Common) {
        let deadline = self.first_deadline().map_or(GuestTicks::MAX, |first| first.deadline);
        if common.set_deadline(self.hw_id, deadline) {
            self.signals |= super::KEEPER;
        }
    }
}
