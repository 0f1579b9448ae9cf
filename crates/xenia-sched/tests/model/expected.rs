//! The model: threads on six slots, without optimizations. Ready threads are found by searching one
//! list, and sorted each time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use xenia_sched::{Contention, GuestTicks, HW_THREADS, MAX_PRIORITY, REAL_TIME, SpawnParameters, ThreadRef};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    Running,
    Waiting {
        /// The requested deadline.
        asked: Option<GuestTicks>,
        /// The deadline, until it is reported.
        deadline: Option<GuestTicks>,
        /// Serial number of the wait.
        serial: u64,
        /// Whether it holds its slot while waiting.
        spins: bool,
    },
    Exited(u32),
    /// Freed by the scheduler: its name is stale.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) name: ThreadRef,
    pub(crate) id: u32,
    pub(crate) slot: u8,
    pub(crate) affinity: u8,
    pub(crate) ideal: u8,
    pub(crate) base: u8,
    pub(crate) priority: u8,
    pub(crate) boost_disabled: bool,
    pub(crate) suspended: u32,
    pub(crate) holds: bool,
    pub(crate) service: bool,
    pub(crate) references: u32,
    pub(crate) state: State,
    /// Instructions left of its quantum when it last left its slot.
    left: i64,
    /// Order among ready threads of equal priority: the smallest turn is first.
    turn: i64,
}

impl Thread {
    /// Whether the scheduler may free it.
    pub(crate) fn may_be_freed(&self) -> bool {
        self.references == 0 && matches!(self.state, State::Exited(_) | State::Gone)
    }
}

pub(crate) struct Model {
    pub(crate) threads: Vec<Thread>,
    quantum: u32,
    /// Instructions left of each slot's quantum.
    pub(crate) left: [i64; HW_THREADS],
    /// Whether each slot's running thread has yielded and is still to be replaced.
    yields: [bool; HW_THREADS],
    /// Whether each slot's running thread keeps the slot from threads of higher priority.
    pub(crate) yielded_to: [bool; HW_THREADS],
    last: [Option<usize>; HW_THREADS],
    turns: i64,
    waits: u64,
    pub(crate) switches: u64,
    pub(crate) rejected: u64,
    /// Contentions of the recorded run that were not replayed yet.
    recorded: Vec<Contention>,
    /// Lock attempts by thread, without replayed ones.
    attempts: BTreeMap<u32, u64>,
}

/// The slot for a thread with this affinity.
fn place(affinity: u8, current: u8, ideal: u8) -> u8 {
    let allowed: Vec<u8> = (0..6).filter(|slot| affinity >> slot & 1 == 1).collect();
    [current, ideal].into_iter().find(|slot| allowed.contains(slot)).unwrap_or(allowed[0])
}

impl Model {
    pub(crate) fn new(quantum: u32, recorded: Vec<Contention>) -> Self {
        Self {
            threads: Vec::new(),
            quantum,
            left: [0; HW_THREADS],
            yields: [false; HW_THREADS],
            yielded_to: [false; HW_THREADS],
            last: [None; HW_THREADS],
            turns: 0,
            waits: 0,
            switches: 0,
            rejected: 0,
            recorded,
            attempts: BTreeMap::new(),
        }
    }

    /// Drops the contentions of a thread that has ended.
    pub(crate) fn forget_contention(&mut self, tid: u32) {
        self.recorded.retain(|contention| contention.tid != tid);
    }

    /// The running thread of a slot.
    pub(crate) fn running(&self, slot: u8) -> Option<usize> {
        let mut running = (0..self.threads.len())
            .filter(|&at| self.threads[at].slot == slot && self.threads[at].state == State::Running);
        let first = running.next();
        assert_eq!(running.next(), None, "two threads have slot {slot}");
        first
    }

    /// The thread that holds a slot while it waits.
    pub(crate) fn spinning(&self, slot: u8) -> Option<usize> {
        let spins = |t: &Thread| t.slot == slot && matches!(t.state, State::Waiting { spins: true, .. });
        (0..self.threads.len()).find(|&at| spins(&self.threads[at]))
    }

    /// Sets whether a thread holds its slot. If it waits and no longer holds the slot, others may
    /// run there.
    pub(crate) fn hold(&mut self, at: usize, holds: bool) -> bool {
        let before = std::mem::replace(&mut self.threads[at].holds, holds);
        if before && !holds {
            self.end_spin(at);
            if self.threads[at].suspended > 0 {
                self.leave(at);
            }
        }
        before
    }

    fn end_spin(&mut self, at: usize) {
        if let State::Waiting { spins, .. } = &mut self.threads[at].state {
            *spins = false;
        }
    }

    /// Ready threads of a slot, in the order in which they would run.
    pub(crate) fn ready(&self, slot: u8) -> Vec<usize> {
        let is_ready = |t: &Thread| t.slot == slot && t.state == State::Ready && t.suspended == 0;
        let mut ready: Vec<usize> =
            (0..self.threads.len()).filter(|&at| is_ready(&self.threads[at])).collect();
        ready.sort_by_key(|&at| (Reverse(self.threads[at].priority), self.threads[at].turn));
        ready
    }

    /// Puts a thread after all others.
    fn last_turn(&mut self, at: usize) {
        self.turns += 1;
        self.threads[at].turn = self.turns;
    }

    /// Puts a thread that may have become ready after all others. It ends the turn of a running
    /// thread of lower priority.
    fn enqueue(&mut self, at: usize) {
        self.last_turn(at);
        let thread = &self.threads[at];
        if (thread.state, thread.suspended) == (State::Ready, 0) {
            let running = self.running(thread.slot).map(|running| self.threads[running].priority);
            self.yielded_to[usize::from(thread.slot)] &= running >= Some(thread.priority);
        }
    }

    /// Makes a thread yield to the others of its slot, if it is the running one.
    pub(crate) fn yield_thread(&mut self, at: usize) -> bool {
        let Thread { slot, holds, state, .. } = self.threads[at];
        let best = self.ready(slot).first().map_or(0, |&at| self.threads[at].priority);
        let yields = state == State::Running && !holds && best > 0;
        if yields {
            self.yields[usize::from(slot)] = true;
            self.left[usize::from(slot)] = 0;
        }
        yields
    }

    /// Puts a thread before all others.
    fn first_turn(&mut self, at: usize) {
        self.turns += 1;
        self.threads[at].turn = -self.turns;
    }

    /// Adds a thread with the name that the scheduler gave it.
    pub(crate) fn spawn(&mut self, name: ThreadRef, parameters: &SpawnParameters) {
        let &SpawnParameters { ideal, suspended, service, .. } = parameters;
        let affinity = parameters.affinity as u8 & 0x3F;
        let slot = place(affinity, ideal, ideal);
        let priority = parameters.priority.min(MAX_PRIORITY);
        self.threads.push(Thread {
            name,
            id: self.threads.len() as u32 + 1,
            slot,
            affinity,
            ideal: slot,
            base: priority,
            priority,
            boost_disabled: false,
            suspended: u32::from(suspended),
            holds: false,
            service,
            references: 0,
            state: State::Ready,
            left: self.quantum.into(),
            turn: 0,
        });
        assert_eq!(name.hw_id, slot);
        self.enqueue(self.threads.len() - 1);
    }

    /// The ready thread that this slot can take from another: of the highest priority, then of the
    /// nearest slot.
    fn waiting_elsewhere(&self, slot: u8) -> Option<usize> {
        let mut best: Option<usize> = None;
        for other in (1..6).map(|distance| (slot + distance) % 6) {
            let mut waiting = self.ready(other);
            if self.running(other).is_none() && !waiting.is_empty() {
                waiting.remove(0);
            }
            let first = waiting.into_iter().find(|&at| self.threads[at].affinity >> slot & 1 == 1);
            let priority = |at: usize| self.threads[at].priority;
            if let Some(at) = first.filter(|&at| best.is_none_or(|best| priority(at) > priority(best))) {
                best = Some(at);
            }
        }
        best
    }

    /// Picks the slot's thread. Returns whether the slot took it from another.
    pub(crate) fn visit(&mut self, slot: u8) -> bool {
        if self.spinning(slot).is_some() {
            return false;
        }
        if self.running(slot).is_some() || !self.ready(slot).is_empty() {
            self.pick(slot);
            return false;
        }
        let Some(at) = self.waiting_elsewhere(slot) else { return false };
        self.threads[at].slot = slot;
        self.last_turn(at);
        self.pick(slot);
        true
    }

    fn pick(&mut self, slot: u8) {
        let index = usize::from(slot);
        let over = self.left[index] <= 0;
        let yields = std::mem::take(&mut self.yields[index]);
        let first = self.ready(slot).first().copied();
        let mut yielded_to = false;
        if let Some(at) = self.running(slot) {
            let best = self.ready(slot).first().map(|&at| self.threads[at].priority);
            let thread = &mut self.threads[at];
            if thread.holds {
                return;
            }
            if over && thread.base < REAL_TIME && thread.priority > thread.base {
                thread.priority -= 1;
            }
            let priority = thread.priority;
            self.yielded_to[index] &= !over;
            let stays = match best {
                None => true,
                Some(1..) if yields => false,
                Some(best) if best > priority => self.yielded_to[index],
                Some(best) => best < priority || !over,
            };
            if over {
                self.left[index] = self.quantum.into();
            }
            if stays {
                return;
            }
            yielded_to = best < Some(priority);
            thread.state = State::Ready;
            thread.left = self.left[index];
            if over { self.last_turn(at) } else { self.first_turn(at) }
        }
        if let Some(at) = first {
            self.yielded_to[index] = yielded_to;
            self.threads[at].state = State::Running;
            self.left[index] = self.threads[at].left;
            if self.last[index].replace(at) != Some(at) {
                self.switches += 1;
            }
        }
    }

    /// Takes a thread off its slot without changing anything else.
    pub(crate) fn leave(&mut self, at: usize) {
        let thread = &mut self.threads[at];
        if thread.state == State::Running {
            thread.state = State::Ready;
            self.free(at);
        }
    }

    /// Forgets a slot's yields, because its running thread leaves it, with the rest of its quantum.
    fn free(&mut self, at: usize) {
        let slot = usize::from(self.threads[at].slot);
        self.threads[at].left = self.left[slot];
        self.yields[slot] = false;
        self.yielded_to[slot] = false;
    }

    pub(crate) fn park(&mut self, at: usize, deadline: Option<GuestTicks>, for_spin_lock: bool) {
        self.waits += 1;
        let thread = &mut self.threads[at];
        let was_running = thread.state == State::Running;
        let spins = for_spin_lock && thread.holds && was_running;
        thread.state = State::Waiting { asked: deadline, deadline, serial: self.waits, spins };
        if was_running {
            self.free(at);
        }
    }

    pub(crate) fn wake(&mut self, at: usize, boost: u8) {
        let thread = &mut self.threads[at];
        let spins = matches!(thread.state, State::Waiting { spins: true, .. });
        thread.state = if spins { State::Running } else { State::Ready };
        if !thread.boost_disabled && thread.base < REAL_TIME {
            let raised = (u32::from(thread.base) + u32::from(boost)).min(u32::from(REAL_TIME) - 1);
            thread.priority = thread.priority.max(raised as u8);
        }
        if !spins {
            let is_free = thread.priority >= REAL_TIME || thread.base >= REAL_TIME - 1;
            thread.left -= i64::from(self.quantum / 6);
            if is_free || thread.left <= 0 {
                thread.left = self.quantum.into();
                thread.priority -= u8::from(!is_free && thread.priority > thread.base);
            }
        }
        self.enqueue(at);
    }

    /// Removes the next deadline that is not after `now`, and marks it as reported. Returns its
    /// thread.
    pub(crate) fn expire(&mut self, now: GuestTicks) -> Option<usize> {
        let due = |t: &Thread| match t.state {
            State::Waiting { deadline: Some(deadline), serial, .. } if deadline <= now => {
                Some((deadline, serial))
            }
            _ => None,
        };
        let waits = self.threads.iter().enumerate().filter_map(|(at, t)| Some((due(t)?, at)));
        let (_, at) = waits.min()?;
        if let State::Waiting { deadline, .. } = &mut self.threads[at].state {
            *deadline = None;
        }
        Some(at)
    }

    pub(crate) fn next_deadline(&self) -> Option<GuestTicks> {
        let deadline = |t: &Thread| match t.state {
            State::Waiting { deadline, .. } => deadline,
            _ => None,
        };
        self.threads.iter().filter_map(deadline).min()
    }

    pub(crate) fn suspend(&mut self, at: usize) {
        if !self.threads[at].holds {
            self.leave(at);
        }
        self.threads[at].suspended += 1;
    }

    pub(crate) fn resume(&mut self, at: usize) {
        let count = self.threads[at].suspended;
        self.threads[at].suspended = count.saturating_sub(1);
        if count == 1 && self.threads[at].state == State::Ready {
            self.enqueue(at);
        }
    }

    pub(crate) fn set_base(&mut self, at: usize, base: u8) -> u8 {
        let base = base.min(MAX_PRIORITY);
        let before = std::mem::replace(&mut self.threads[at].priority, base);
        match self.threads[at].state {
            State::Ready => self.enqueue(at),
            State::Running if base < before => {
                self.yielded_to[usize::from(self.threads[at].slot)] = false;
            }
            _ => {}
        }
        std::mem::replace(&mut self.threads[at].base, base)
    }

    /// Sets the affinity. Returns the previous mask, or `None` if there is no such processor.
    pub(crate) fn set_affinity(&mut self, at: usize, mask: u32) -> Option<u8> {
        let affinity = mask as u8 & 0x3F;
        if affinity == 0 {
            return None;
        }
        let thread = &mut self.threads[at];
        let before = std::mem::replace(&mut thread.affinity, affinity);
        let to = place(affinity, thread.slot, thread.ideal);
        if thread.slot != to {
            self.end_spin(at);
            self.leave(at);
            self.threads[at].slot = to;
            self.enqueue(at);
        }
        Some(before)
    }

    /// Models a lock attempt. An attempt that met recorded contention is repeated, so it is not
    /// counted.
    pub(crate) fn peek(&mut self, tid: u32) -> Option<Contention> {
        let attempt = self.attempts.entry(tid).or_default();
        let is_it = |contention: &Contention| (contention.tid, contention.peek_idx) == (tid, *attempt);
        let found = self.recorded.iter().position(is_it);
        *attempt += u64::from(found.is_none());
        found.map(|at| self.recorded.remove(at))
    }
}
