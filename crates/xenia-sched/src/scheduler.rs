//! The scheduler: threads and their slots.

mod affinity;
#[cfg(test)]
mod costs;
mod cpu;
mod waits;

use crate::contention::{ContentionPoints, RecordedContention};
use crate::counters::Published;
use crate::order::Shuffle;
use crate::priority::{MAX_PRIORITY, REAL_TIME};
use crate::table::ThreadTable;
use crate::{
    Contention, Event, EventSink, GuestThread, GuestTicks, HW_THREADS, HwSlot, NoEvents, OrderMode,
    QUANTUM_DEFAULT, SchedError, SchedulerCounters, ThreadRef, ThreadState, Wait, WaitWord, Which,
};
use affinity::{choose, others, roams};
use std::collections::BTreeMap;
use std::fmt;
use xenia_cpu::PpcContext;
use xenia_guest::ALL_HW_THREADS;

/// NT's limit of a thread's suspend count.
const MAX_SUSPEND_COUNT: u32 = 127;

/// Beside the bits of the slots in [`Scheduler::take_signals`]: the earliest deadline has changed.
pub(crate) const KEEPER: u8 = 1 << 6;

/// Settings of a scheduler.
#[derive(Clone, Debug)]
pub struct SchedulerConfig {
    /// How rounds are ordered.
    pub order: OrderMode,
    /// Instructions in a visit; at least 1.
    pub quantum: u32,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self { order: OrderMode::Fixed, quantum: QUANTUM_DEFAULT }
    }
}

/// A thread to be made.
#[derive(Debug)]
pub struct SpawnParameters {
    /// Its registers at the start.
    pub ctx: Box<PpcContext>,
    /// Guest thread id; the caller keeps ids unique.
    pub id: u32,
    /// Base priority, 0–31.
    pub priority: u8,
    /// A bit per hardware thread that it may run on; at least one of the low six.
    pub affinity: u32,
    /// The hardware thread it prefers, used if the affinity allows it.
    pub ideal: u8,
    /// Whether it starts with a suspend count of 1.
    pub suspended: bool,
    /// Whether it is one of the kernel's own.
    pub service: bool,
    /// What it waits for at the start, unless it is ready.
    pub wait: Option<Wait>,
}

/// Threads on six slots. See the crate's documentation for its invariants.
pub struct Scheduler {
    slots: [HwSlot; HW_THREADS],
    tables: [ThreadTable; HW_THREADS],
    /// A bit per slot that has a running thread, or a ready one that nobody keeps from running.
    non_empty_runnable: u8,
    rotation_cursor: u8,
    order: OrderMode,
    shuffle: Shuffle,
    quantum: u32,
    /// Live threads that may run on several slots.
    roaming: usize,
    /// Live threads of the title.
    live: usize,
    timed: BTreeMap<(GuestTicks, u64), ThreadRef>,
    wait_serial: u64,
    contention: ContentionPoints,
    /// Threads whose priority has changed by itself since the guest was told, each once.
    news: Vec<ThreadRef>,
    last_ran: [Option<ThreadRef>; HW_THREADS],
    /// A bit per slot whose queues or running thread have changed, and [`KEEPER`]; see [`Self::take_signals`].
    signals: u8,
    /// What the title's thread that ended last returned.
    exit_code: u32,
    now: GuestTicks,
    /// Figures.
    pub counters: SchedulerCounters,
    published: Published,
    events: Box<dyn EventSink>,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("slots", &self.slots)
            .field("now", &self.now)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new(SchedulerConfig::default())
    }
}

impl Scheduler {
    /// A scheduler without threads, at tick 0.
    pub fn new(config: SchedulerConfig) -> Self {
        let seed = match config.order {
            OrderMode::Seeded { seed } => seed,
            _ => 0,
        };
        // The slots' order is the fixed one then.
        let (order, replayed) = match config.order {
            OrderMode::Replay { manifest } => (OrderMode::Fixed, Some(manifest)),
            order => (order, None),
        };
        Self {
            slots: Default::default(),
            tables: Default::default(),
            non_empty_runnable: 0,
            rotation_cursor: 0,
            order,
            shuffle: Shuffle::new(seed),
            quantum: config.quantum.max(1),
            roaming: 0,
            live: 0,
            timed: BTreeMap::new(),
            wait_serial: 0,
            contention: ContentionPoints::new(replayed),
            news: Vec::new(),
            last_ran: [None; HW_THREADS],
            signals: 0,
            exit_code: 0,
            now: 0,
            counters: SchedulerCounters::default(),
            published: Published::default(),
            events: Box::new(NoEvents),
        }
    }

    // ---- time and events ----

    /// Guest time.
    pub fn now(&self) -> GuestTicks {
        self.now
    }

    /// Sets guest time; the executor's business.
    pub fn set_now(&mut self, now: GuestTicks) {
        self.now = now;
    }

    /// Where events go from now on.
    pub fn set_events(&mut self, events: Box<dyn EventSink>) {
        self.events = events;
    }

    /// Reports an event at the present guest time.
    pub fn emit(&mut self, event: &Event<'_>) {
        if self.events.is_enabled() {
            self.events.event(self.now, event);
        }
    }

    /// Tells the recorder of the `metrics` facade, if one is installed, what has been counted since the last time.
    pub fn publish_counters(&mut self) {
        self.published.publish(&self.counters);
    }

    // ---- threads ----

    /// Makes a thread. Frees exited ones that nobody refers to once its slot has several.
    pub fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError> {
        let affinity = parameters.affinity as u8 & ALL_HW_THREADS;
        if affinity == 0 {
            self.counters.spawn_rejected += 1;
            return Err(SchedError::NoProcessor(parameters.affinity));
        }
        let slot = choose(affinity, parameters.ideal, parameters.ideal);
        let priority = parameters.priority.min(MAX_PRIORITY);
        let SpawnParameters { mut ctx, id, suspended, service, wait, .. } = parameters;
        ctx.hw_id = slot;
        ctx.thread_id = id;
        let pc = ctx.pc;
        let made = self.tables[usize::from(slot)].insert(slot, |reference| GuestThread {
            ctx: Some(ctx),
            id,
            reference,
            state: ThreadState::Ready,
            wait_word: WaitWord::default(),
            slot,
            affinity,
            ideal: slot,
            base_priority: priority,
            priority,
            boost_disabled: false,
            holds_slot: false,
            moved: false,
            lands: false,
            news: false,
            suspend_count: u32::from(suspended),
            service,
        });
        match made {
            Ok(reference) => {
                self.counters.spawn_ok += 1;
                self.roaming += usize::from(roams(affinity));
                self.live += usize::from(!service);
                if !suspended {
                    self.enqueue(slot, priority, reference, false);
                }
                self.emit(&Event::Spawn { thread: id, hw_id: slot, pc, suspended });
                if let Some(wait) = wait {
                    self.park(reference, wait)?;
                }
                Ok(reference)
            }
            Err(error) => {
                self.counters.spawn_rejected += 1;
                Err(error)
            }
        }
    }

    /// Counts a stored reference: its position is not reused before [`Self::release`].
    pub fn retain(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.table_mut(r)?.retain(r)
    }

    /// Takes back a counted reference.
    pub fn release(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        self.table_mut(r)?.release(r)
    }

    fn table_mut(&mut self, r: ThreadRef) -> Result<&mut ThreadTable, SchedError> {
        self.tables.get_mut(usize::from(r.hw_id)).ok_or(SchedError::Stale(r))
    }

    /// The thread of this name.
    pub fn thread(&self, r: ThreadRef) -> Result<&GuestThread, SchedError> {
        self.tables.get(usize::from(r.hw_id)).ok_or(SchedError::Stale(r))?.get(r)
    }

    fn thread_mut(&mut self, r: ThreadRef) -> Result<&mut GuestThread, SchedError> {
        self.table_mut(r)?.get_mut(r)
    }

    /// A thread's registers, unless they are out because it runs.
    pub fn context_mut(&mut self, r: ThreadRef) -> Result<&mut PpcContext, SchedError> {
        self.thread_mut(r)?.ctx.as_deref_mut().ok_or(SchedError::Running(r))
    }

    /// All threads, exited ones that are still kept included, slot by slot.
    pub fn threads(&self) -> impl Iterator<Item = &GuestThread> {
        self.tables.iter().flat_map(ThreadTable::iter)
    }

    /// Threads of the title that have not exited.
    pub fn live_threads(&self) -> usize {
        self.live
    }

    /// The exit code of a title that ends because its threads have: that of the last of them.
    pub fn exit_code(&self) -> u32 {
        self.exit_code
    }

    /// One hardware thread.
    pub fn slot(&self, hw_id: u8) -> Option<&HwSlot> {
        self.slots.get(usize::from(hw_id))
    }

    /// The thread that has a slot.
    pub fn running(&self, hw_id: u8) -> Option<ThreadRef> {
        self.slots.get(usize::from(hw_id))?.running
    }

    /// A bit per slot that has a running thread, or a ready one that nobody keeps from running.
    pub fn non_empty_runnable(&self) -> u8 {
        self.non_empty_runnable
    }

    // ---- rounds and visits ----

    /// The order of the next round; moves the rotation cursor on.
    pub fn begin_round(&mut self) -> [u8; HW_THREADS] {
        let mut order = std::array::from_fn(|index| (self.rotation_cursor + index as u8) % HW_THREADS as u8);
        self.rotation_cursor = (self.rotation_cursor + 1) % HW_THREADS as u8;
        if matches!(self.order, OrderMode::Seeded { .. }) {
            self.shuffle.shuffle(&mut order);
        }
        order
    }

    /// Instructions in a visit. `shift` is log2 of the instructions per tick.
    pub fn visit_budget(&self, shift: u32) -> u64 {
        match self.order {
            OrderMode::ScanQuantum { ticks } => u64::from(ticks) << shift,
            _ => u64::from(self.quantum),
        }
    }

    /// Decides who has the slot now: the running thread, unless a higher one is ready or its quantum is over
    /// and a peer is ready, and it does not hold the slot. A slot with nobody takes a thread that would have to wait on another; see
    /// [`Self::take_moved`].
    pub fn begin_slot_visit(&mut self, hw_id: u8) -> Option<ThreadRef> {
        let index = usize::from(hw_id);
        if self.slots[index].spinning.is_some() {
            return None;
        }
        if self.non_empty_runnable >> hw_id & 1 == 0 {
            let waiting = self.waiting_for_another_slot(hw_id)?;
            self.migrate(waiting, hw_id).ok()?;
            self.thread_mut(waiting).ok()?.moved = true;
        }
        if let Some(running) = self.slots[index].running {
            let quantum_over = self.slots[index].quantum_left <= 0;
            let thread = self.tables[usize::from(running.hw_id)].get_mut(running).ok()?;
            if thread.holds_slot {
                return Some(running);
            }
            if quantum_over && thread.priority < REAL_TIME && thread.priority > thread.base_priority {
                thread.priority -= 1;
                if !std::mem::replace(&mut thread.news, true) {
                    self.news.push(running);
                }
            }
            let priority = thread.priority;
            let affinity = thread.affinity;
            let slot = &mut self.slots[index];
            let best = slot.highest_ready();
            let give_way = best.is_some_and(|best| best > priority || (quantum_over && best == priority));
            if !give_way {
                if quantum_over {
                    slot.quantum_left = i64::from(self.quantum);
                }
                return Some(running);
            }
            thread.state = ThreadState::Ready;
            slot.running = None;
            slot.make_ready(running, priority, others(affinity, hw_id), !quantum_over);
        }
        let next = self.slots[index].take_ready();
        if let Some(next) = next {
            self.tables[usize::from(next.hw_id)].get_mut(next).ok()?.state = ThreadState::Running;
            self.slots[index].running = Some(next);
            self.slots[index].quantum_left = i64::from(self.quantum);
            if self.last_ran[index] != Some(next) {
                self.last_ran[index] = Some(next);
                self.counters.switches += 1;
            }
        }
        self.refresh(hw_id);
        next
    }

    /// Notes that the slot's thread executed `instructions` of its quantum.
    pub fn decrement_quantum(&mut self, hw_id: u8, instructions: u64) {
        self.slots[usize::from(hw_id)].quantum_left -= instructions as i64;
    }

    /// The slot's thread makes way for its equal-priority peers.
    pub fn yield_slot(&mut self, hw_id: u8) {
        self.slots[usize::from(hw_id)].quantum_left = 0;
    }

    fn refresh(&mut self, hw_id: u8) {
        let slot = &self.slots[usize::from(hw_id)];
        let is_runnable = slot.running.is_some() || (slot.spinning.is_none() && slot.has_ready());
        let bit = u8::from(is_runnable) << hw_id;
        self.non_empty_runnable = self.non_empty_runnable & !(1 << hw_id) | bit;
        self.signals |= 1 << hw_id;
    }

    /// What has changed since this was last asked, for an executor that has to tell somebody: a bit per slot, and [`KEEPER`].
    pub(crate) fn take_signals(&mut self) -> u8 {
        std::mem::take(&mut self.signals)
    }

    /// A ready thread gets its place in its slot's queue. One whose registers are out, because it ran on another slot a
    /// moment ago and its executor has not noticed yet, gets it when they come back: before, nobody could run it.
    fn line_up(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let thread = self.thread_mut(r)?;
        if thread.ctx.is_none() {
            thread.lands = true;
            return Ok(());
        }
        let (slot, priority) = (thread.slot, thread.priority);
        self.enqueue(slot, priority, r, false);
        Ok(())
    }

    fn enqueue(&mut self, hw_id: u8, priority: u8, thread: ThreadRef, front: bool) {
        let others = self.thread(thread).map_or(0, |found| others(found.affinity, hw_id));
        self.slots[usize::from(hw_id)].make_ready(thread, priority, others, front);
        self.refresh(hw_id);
        // Any slot with nobody may take it.
        if self.roaming > 0
            && let Ok(thread) = self.thread(thread)
            && roams(thread.affinity)
        {
            self.signals |= thread.affinity;
        }
    }

    /// Lets a thread keep its slot, or not any more; returns how it was. A thread that keeps its slot makes way for nobody,
    /// and nobody runs there while it waits for a spin lock: what raised interrupt levels do on the console. As
    /// soon as it waits for anything else, is suspended, moves or ends, others have the slot.
    pub fn hold_slot(&mut self, r: ThreadRef, held: bool) -> Result<bool, SchedError> {
        if !held {
            self.spin_no_more(r)?;
        }
        let thread = self.thread_mut(r)?;
        let (before, slot) = (std::mem::replace(&mut thread.holds_slot, held), thread.slot);
        if before && !held {
            // Whoever had to wait for that.
            self.signals |= 1 << slot;
        }
        Ok(before)
    }

    /// Others may have the slot that a thread keeps while it waits for a spin lock.
    fn spin_no_more(&mut self, r: ThreadRef) -> Result<(), SchedError> {
        let slot = self.thread(r)?.slot;
        let spinning = &mut self.slots[usize::from(slot)].spinning;
        if *spinning == Some(r) {
            *spinning = None;
            self.refresh(slot);
        }
        Ok(())
    }

    /// Takes a thread off its slot or out of its run queue; says whether it was on either.
    fn dequeue(&mut self, r: ThreadRef) -> Result<bool, SchedError> {
        let (slot, priority) = {
            let thread = self.thread(r)?;
            (thread.slot, thread.priority)
        };
        self.spin_no_more(r)?;
        let place = &mut self.slots[usize::from(slot)];
        let found = if place.running == Some(r) {
            place.running = None;
            true
        } else {
            place.remove_ready(priority, r)
        };
        self.refresh(slot);
        Ok(found)
    }

    // ---- suspension, priority, exit ----

    /// Suspends a thread once more; returns the count before.
    pub fn suspend(&mut self, r: ThreadRef) -> Result<u32, SchedError> {
        let thread = self.thread_mut(r)?;
        if matches!(thread.state, ThreadState::Exited { .. }) {
            return Err(SchedError::Exited(r));
        }
        let before = thread.suspend_count;
        if before >= MAX_SUSPEND_COUNT {
            return Err(SchedError::SuspendCount(r));
        }
        thread.suspend_count += 1;
        self.spin_no_more(r)?;
        if before == 0 && !matches!(self.thread(r)?.state, ThreadState::Waiting { .. }) {
            self.dequeue(r)?;
            self.thread_mut(r)?.state = ThreadState::Ready;
        }
        Ok(before)
    }

    /// Takes one suspension back; returns the count before. A count of 0 stays.
    pub fn resume(&mut self, r: ThreadRef) -> Result<u32, SchedError> {
        let thread = self.thread_mut(r)?;
        if matches!(thread.state, ThreadState::Exited { .. }) {
            return Err(SchedError::Exited(r));
        }
        let before = thread.suspend_count;
        thread.suspend_count = before.saturating_sub(1);
        if before == 1 && thread.state == ThreadState::Ready {
            self.line_up(r)?;
        }
        Ok(before)
    }

    /// Sets the base priority, 0–31, and ends any boost; returns the base priority before.
    pub fn set_base_priority(&mut self, r: ThreadRef, base: u8) -> Result<u8, SchedError> {
        let base = base.min(MAX_PRIORITY);
        let thread = self.thread(r)?;
        let (before, state_ready) = (thread.base_priority, thread.state == ThreadState::Ready);
        let queued = state_ready && self.dequeue(r)?;
        let thread = self.thread_mut(r)?;
        thread.base_priority = base;
        thread.priority = base;
        let slot = thread.slot;
        if queued {
            self.enqueue(slot, base, r, false);
        }
        self.signals |= 1 << slot;
        Ok(before)
    }

    /// Sets the priority that a thread has now, 0–31, as a boost would; returns the one before. What is above the base and
    /// below real time decays as boosts do.
    pub fn set_priority(&mut self, r: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        let priority = priority.min(MAX_PRIORITY);
        let is_ready = self.thread(r)?.state == ThreadState::Ready;
        let queued = is_ready && self.dequeue(r)?;
        let thread = self.thread_mut(r)?;
        let before = std::mem::replace(&mut thread.priority, priority);
        let slot = thread.slot;
        if queued {
            self.enqueue(slot, priority, r, false);
        }
        self.signals |= 1 << slot;
        Ok(before)
    }

    /// Priorities that have changed by themselves since this was last asked, by thread id: for
    /// [`crate::System::priority_changed`].
    pub fn take_priority_news(&mut self) -> Vec<(u32, u8)> {
        let mut news = Vec::new();
        for r in std::mem::take(&mut self.news) {
            if let Ok(thread) = self.thread_mut(r) {
                thread.news = false;
                news.push((thread.id, thread.priority));
            }
        }
        news
    }

    /// Turns boosts on wake off or on; returns whether they were off.
    pub fn set_boost_disabled(&mut self, r: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        Ok(std::mem::replace(&mut self.thread_mut(r)?.boost_disabled, disabled))
    }

    /// Ends a thread. Its waiters are its owner's business.
    pub fn exit(&mut self, r: ThreadRef, code: u32) -> Result<(), SchedError> {
        if matches!(self.thread(r)?.state, ThreadState::Exited { .. }) {
            return Err(SchedError::Exited(r));
        }
        self.dequeue(r)?;
        self.forget_deadline(r)?;
        let thread = self.thread_mut(r)?;
        // Whoever still has it on a list learns that it does not wait.
        let _ = thread.wait_word.end(Which::Any, 0);
        thread.state = ThreadState::Exited { code };
        let (id, service, affinity) = (thread.id, thread.service, thread.affinity);
        if !service {
            self.exit_code = code;
        }
        self.roaming -= usize::from(roams(affinity));
        self.live -= usize::from(!service);
        self.table_mut(r)?.note_exit(r)?;
        self.contention.forget(id);
        self.emit(&Event::Exit { thread: id, code });
        Ok(())
    }

    // ---- recorded contention ----

    /// Counts a lock attempt of thread `tid` and returns the contention that the replayed record has for it.
    pub fn peek_contention(&mut self, tid: u32) -> Option<Contention> {
        self.contention.peek(tid)
    }

    /// Whether lock attempts are counted: contention is repeated or recorded.
    pub(crate) fn counts_attempts(&self) -> bool {
        self.contention.counts()
    }

    /// From now on contention is recorded; to be called before anything runs, so that attempts are counted from the first.
    pub fn record_contention(&mut self) {
        self.contention.record();
    }

    /// The contention that was recorded, if any was to be.
    pub fn take_recorded_contention(&mut self) -> Option<RecordedContention> {
        self.contention.take_recorded()
    }
}
