//! Waits: a thread begins to wait, is woken, or its deadline passes.
//!
//! A thread that waits is on no slot and in no run queue; one that keeps its slot while it waits for a spin lock is its
//! slot's `spinning` thread, and runs there when it is woken. Each deadline stands in `timed` under the wait's serial
//! number, so that equal ones end in the order in which they began.

use super::{KEEPER, Scheduler};
use crate::priority::boosted;
use crate::{
    BlockReason, Commit, Ended, Event, GuestTicks, Running, SchedError, ThreadRef, ThreadState, Wait,
    WaitSerial, WaitTicket, Which, Woken,
};
use xenia_cpu::PpcContext;

impl Scheduler {
    /// The slot's running thread begins to wait. Returns its name, or `None` if nothing runs there.
    pub fn park_current(&mut self, hw_id: u8, wait: Wait) -> Option<ThreadRef> {
        let current = self.running(hw_id)?;
        self.park(current, wait).ok()?;
        Some(current)
    }

    /// A thread that runs or is ready waits, for what nobody has been told of yet.
    pub fn park(&mut self, r: ThreadRef, wait: Wait) -> Result<(), SchedError> {
        self.open_wait(r, wait.alertable)?;
        self.commit_wait(r, wait).map(|_| ())
    }

    /// A thread is about to wait: from now on it can be woken.
    pub(super) fn open_wait(&mut self, r: ThreadRef, alertable: bool) -> Result<WaitSerial, SchedError> {
        let thread = self.thread(r)?;
        match thread.state {
            ThreadState::Exited { .. } => Err(SchedError::Exited(r)),
            _ => Ok(thread.wait_word.open(alertable)),
        }
    }

    /// A thread that has opened its wait parks, unless that is over.
    pub(super) fn commit_wait(&mut self, r: ThreadRef, wait: Wait) -> Result<Commit, SchedError> {
        let thread = self.thread(r)?;
        if matches!(thread.state, ThreadState::Exited { .. }) {
            return Err(SchedError::Exited(r));
        }
        let commit = thread.wait_word.commit();
        if commit != Commit::Parked {
            return Ok(commit);
        }
        let (slot, holds_slot) = (self.thread(r)?.slot, self.thread(r)?.holds_slot);
        let spins = holds_slot
            && self.running(slot) == Some(r)
            && matches!(wait.reason, BlockReason::SpinLock { .. });
        self.dequeue(r)?;
        self.forget_deadline(r)?;
        if spins {
            self.slots[usize::from(slot)].spinning = Some(r);
            self.refresh(slot);
        }
        self.wait_serial += 1;
        let (now, serial) = (self.now, self.wait_serial);
        if let Some(deadline) = wait.deadline {
            self.timed.insert((deadline, serial), r);
            if self.next_deadline() == Some(deadline) {
                self.signals |= KEEPER;
            }
        }
        let id = self.thread(r)?.id;
        self.emit(&Event::Wait { thread: id, wait: &wait });
        self.thread_mut(r)?.state = ThreadState::Waiting { wait, since: now, serial };
        Ok(commit)
    }

    pub(super) fn forget_deadline(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        if let ThreadState::Waiting { wait, serial, .. } = &self.thread(r)?.state
            && let Some(deadline) = wait.deadline
        {
            let key = (deadline, *serial);
            self.timed.remove(&key);
        }
        Ok(())
    }

    /// Ends a wait: the thread receives `value` in r3 and becomes ready, its priority raised by `boost`.
    pub fn wake_ref(&mut self, r: ThreadRef, value: u64, boost: u8) -> Result<Woken, SchedError> {
        self.end_wait(r, Which::Any, (value, boost), None)
    }

    /// As [`Self::wake_ref`], if the wait is one of `which`; `registers` may change the thread's registers.
    pub(super) fn end_wait(
        &mut self,
        r: ThreadRef,
        which: Which,
        (value, boost): (u64, u8),
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        let mut running = match self.begin_wake(r, which, value)? {
            Ok(running) => running,
            Err(woken) => return Ok(woken),
        };
        if let Some(registers) = registers {
            registers(&mut running.ctx);
        }
        self.finish_wake(running, (value, boost))?;
        Ok(Woken::Yes)
    }

    /// The first half of ending a wait: if there is one of `which`, the caller has the thread's registers, with `value` in r3,
    /// and nobody else ends it.
    pub(crate) fn begin_wake(
        &mut self,
        r: ThreadRef,
        which: Which,
        value: u64,
    ) -> Result<Result<Running, Woken>, SchedError> {
        let ended = self.thread(r)?.wait_word.end(which, value);
        if ended == Ended::Over {
            return Ok(Err(Woken::NotWaiting));
        }
        self.counters.wakes += 1;
        if ended == Ended::BeforePark {
            return Ok(Err(Woken::BeforePark));
        }
        let mut running = self.take(r)?;
        running.ctx.gpr[3] = value;
        self.forget_deadline(r)?;
        Ok(Ok(running))
    }

    /// The second half: the thread is ready.
    pub(crate) fn finish_wake(
        &mut self,
        running: Running,
        (value, boost): (u64, u8),
    ) -> Result<(), SchedError> {
        let r = running.thread;
        self.put(running);
        let thread = self.thread_mut(r)?;
        thread.state = ThreadState::Ready;
        if !thread.boost_disabled {
            let priority = boosted(thread.base_priority, thread.priority, boost);
            let changed = std::mem::replace(&mut thread.priority, priority) != priority;
            if changed && !std::mem::replace(&mut thread.news, true) {
                self.news.push(r);
            }
        }
        let thread = self.thread(r)?;
        let (slot, priority, id, suspended) =
            (thread.slot, thread.priority, thread.id, thread.suspend_count > 0);
        self.emit(&Event::Wake { thread: id, value });
        if self.slots[usize::from(slot)].spinning == Some(r) {
            // It never left.
            self.thread_mut(r)?.state = ThreadState::Running;
            let place = &mut self.slots[usize::from(slot)];
            (place.spinning, place.running) = (None, Some(r));
            self.refresh(slot);
        } else if !suspended {
            self.enqueue(slot, priority, r, false);
        }
        Ok(())
    }

    /// The earliest deadline of a wait.
    pub fn next_deadline(&self) -> Option<GuestTicks> {
        self.timed.keys().next().map(|&(deadline, _)| deadline)
    }

    /// As [`Self::pop_expired`], with what [`crate::System::timed_out`] is told of it: the wait that the deadline belonged to,
    /// which may be over before anybody acts on it.
    pub(crate) fn pop_expired_wait(&mut self, now: GuestTicks) -> Option<(WaitTicket, Wait)> {
        while let Some(r) = self.pop_expired(now) {
            if let Some(expired) = self.waits_for(r) {
                return Some(expired);
            }
        }
        None
    }

    /// The wait that a thread is in.
    pub(crate) fn waits_for(&self, r: ThreadRef) -> Option<(WaitTicket, Wait)> {
        let thread = self.thread(r).ok()?;
        let (serial, wait) = thread.wait_word.waiting().zip(thread.wait().cloned())?;
        Some((WaitTicket { thread: r, serial }, wait))
    }

    /// The next thread whose deadline is not after `now`; it still waits, but without a deadline.
    pub fn pop_expired(&mut self, now: GuestTicks) -> Option<ThreadRef> {
        let entry = self.timed.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        Some(entry.remove())
    }
}
