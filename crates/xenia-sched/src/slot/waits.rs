//! Waits: a thread begins to wait, is woken, or its deadline passes.
//!
//! A thread that waits is in no run queue and has no slot; one that keeps its slot while it waits
//! for a spin lock is its slot's `spinning` thread, and runs there when it is woken. Each deadline
//! stands in `timed` under the wait's serial number, so that equal ones end in the order in which
//! they began. Who ends a wait has won its wait word before ([`crate::WaitWord::end`], without a
//! lock), so that nobody else does; the record says that it waits until then.

use super::HwSlot;
use crate::common::{Common, Moment};
use crate::priority::boosted;
use crate::{
    BlockReason, Commit, Event, GuestTicks, Running, SchedError, ThreadRef, ThreadState, Wait, WaitTicket,
    WaitWord,
};
use std::mem;
use xenia_cpu::PpcContext;

impl HwSlot {
    /// A thread that runs or is ready waits, for what nobody has been told of yet.
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

    /// A thread that has opened its wait parks, unless that is over.
    fn commit_wait(&mut self, moment: Moment<'_>, r: ThreadRef, wait: Wait) -> Result<Commit, SchedError> {
        self.live(r)?;
        let common = moment.common;
        let commit = common.directory.wait_word(r)?.commit();
        if commit != Commit::Parked {
            self.counters.wakes += 1;
            return Ok(commit);
        }
        let spins = self.records.get(r)?.holds_slot
            && self.running == Some(r)
            && matches!(wait.reason, BlockReason::SpinLock { .. });
        self.dequeue(common, r)?;
        self.forget_deadline(common, r)?;
        if spins {
            self.spinning = Some(r);
            self.refresh(common);
        }
        let serial = common.next_wait();
        if let Some(deadline) = wait.deadline {
            self.add_deadline(common, (deadline, serial), r);
        }
        let thread = self.records.get_mut(r)?;
        moment.emit(&Event::Wait { thread: thread.id, wait: &wait });
        thread.state = ThreadState::Waiting { wait, since: moment.now, serial };
        Ok(commit)
    }

    /// A thread's call has come to this wait: puts its registers back and parks it, or gives it
    /// back with the value that its wait was ended with before. It gets no place in a run queue
    /// in between: one that goes on must be in none.
    pub(crate) fn park_or_go_on(
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

    /// Ends the wait of a thread whose wait word the caller has won: it receives `value` in r3 and
    /// becomes ready, its priority raised by `boost`. `registers` may change its registers.
    pub(crate) fn wake(
        &mut self,
        moment: Moment<'_>,
        r: ThreadRef,
        (value, boost): (u64, u8),
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<(), SchedError> {
        let mut running = self.begin_wake(moment.common, r, value)?;
        if let Some(registers) = registers {
            registers(&mut running.ctx);
        }
        self.finish_wake(moment, running, (value, boost))
    }

    /// The first half of that: the caller has the thread's registers, with `value` in r3.
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

    /// The second half: the thread is ready.
    pub(crate) fn finish_wake(
        &mut self,
        moment: Moment<'_>,
        running: Running,
        (value, boost): (u64, u8),
    ) -> Result<(), SchedError> {
        let (r, common) = (running.thread, moment.common);
        self.put(common, running);
        let thread = self.records.get_mut(r)?;
        thread.state = ThreadState::Ready;
        if !thread.boost_disabled {
            let priority = boosted(thread.base_priority, thread.priority, boost);
            let changed = mem::replace(&mut thread.priority, priority) != priority;
            if changed && thread.is_news() {
                self.news.push(r);
                common.note_news();
            }
        }
        moment.emit(&Event::Wake { thread: thread.id, value });
        if self.spinning == Some(r) {
            // It never left.
            thread.state = ThreadState::Running;
            (self.spinning, self.running) = (None, Some(r));
            self.refresh(common);
        } else if thread.suspend_count == 0 {
            let priority = thread.priority;
            self.enqueue(common, priority, r);
        }
        Ok(())
    }

    /// The wait that a thread is in.
    pub(crate) fn waits_for(&self, common: &Common, r: ThreadRef) -> Option<(WaitTicket, Wait)> {
        let wait = self.records.get(r).ok()?.wait()?;
        let serial = common.directory.wait_word(r).ok()?.waiting()?;
        Some((WaitTicket { thread: r, serial }, wait.clone()))
    }

    // ---- deadlines ----

    /// The earliest deadline of a wait, and which wait that is.
    pub(crate) fn first_deadline(&self) -> Option<(GuestTicks, u64)> {
        self.timed.keys().next().copied()
    }

    /// The next thread whose deadline is not after `now`; it still waits, but without a deadline.
    pub(crate) fn pop_expired(&mut self, common: &Common, now: GuestTicks) -> Option<ThreadRef> {
        let entry = self.timed.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let r = entry.remove();
        self.show_deadline(common);
        Some(r)
    }

    pub(super) fn add_deadline(&mut self, common: &Common, key: (GuestTicks, u64), r: ThreadRef) {
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

    /// Takes a deadline away; whether it was still there.
    pub(super) fn take_deadline(&mut self, common: &Common, key: (GuestTicks, u64)) -> bool {
        let is_first = self.first_deadline() == Some(key);
        let found = self.timed.remove(&key).is_some();
        if is_first {
            self.show_deadline(common);
        }
        found
    }

    fn show_deadline(&mut self, common: &Common) {
        let deadline = self.first_deadline().map_or(GuestTicks::MAX, |(deadline, _)| deadline);
        if common.set_deadline(self.hw_id, deadline) {
            self.signals |= super::KEEPER;
        }
    }
}
