//! Random operations, valid and invalid, applied to the scheduler and to the model.

use super::*;
use xenia_sched::Alertable;

impl Case {
    /// A processor, a priority or a boost, mostly a valid one.
    pub(super) fn small(&mut self, end: usize) -> u8 {
        if self.dice.one_in(12) { self.dice.next() as u8 } else { self.dice.below(end) as u8 }
    }

    pub(super) fn affinity(&mut self) -> u32 {
        match self.dice.below(8) {
            0 => self.dice.next() as u32,
            1 => 0xC0,
            2 => u32::MAX,
            _ => 1 << self.dice.below(HW_THREADS) | 1 << self.dice.below(HW_THREADS),
        }
    }

    pub(super) fn wait(&mut self) -> Wait {
        let now = self.scheduler.now();
        let deadline = match self.dice.below(8) {
            0 | 1 => None,
            2 => Some(now),
            3 => Some(0),
            4 => Some(GuestTicks::MAX),
            // Often equal to another wait's deadline.
            _ => Some(now + 10 * self.dice.below(20) as u64),
        };
        let reason =
            if self.dice.one_in(3) { BlockReason::SpinLock { lock: 4 } } else { BlockReason::Dialog };
        let alertable = if self.dice.one_in(2) { Alertable::InUserMode } else { Alertable::No };
        Wait { reason, deadline, alertable }
    }

    pub(super) fn spawn(&mut self) {
        let parameters = SpawnParameters {
            ctx: Box::default(),
            id: self.model.threads.len() as u32 + 1,
            priority: self.small(32),
            affinity: self.affinity(),
            ideal: self.small(HW_THREADS),
            suspended: self.dice.one_in(4),
            service: self.dice.one_in(8),
            wait: None,
        };
        let given = SpawnParameters { ctx: Box::default(), wait: None, ..parameters };
        match self.scheduler.spawn(parameters) {
            Ok(name) => {
                let live = |t: &expected::Thread| t.name == name && t.state != State::Gone;
                // A name may be reused only if its thread could be freed.
                let reused = self.model.threads.iter().any(|t| live(t) && !t.may_be_freed());
                assert!(!reused, "{name:?} names two threads");
                self.see_freed();
                let taken = |idx: u16| {
                    let at = |t: &expected::Thread| (t.name.hw_id, t.name.idx) == (name.hw_id, idx);
                    self.model.threads.iter().any(|t| at(t) && t.state != State::Gone)
                };
                assert_eq!(
                    (0..=u16::MAX).find(|&idx| !taken(idx)),
                    Some(name.idx),
                    "the lowest free position"
                );
                self.model.spawn(name, &given);
                let kept = |t: &&expected::Thread| {
                    t.name.hw_id == name.hw_id && t.may_be_freed() && t.state != State::Gone
                };
                let kept = self.model.threads.iter().filter(kept).count();
                assert!(kept < KEPT, "{kept} exited threads of slot {} are kept", name.hw_id);
            }
            Err(error) => {
                assert_eq!(error, SchedError::NoProcessor(given.affinity));
                assert_eq!(given.affinity & 0x3F, 0);
                self.model.rejected += 1;
            }
        }
    }

    /// Marks the threads that the scheduler has freed: exited ones without references.
    pub(super) fn see_freed(&mut self) {
        for thread in &mut self.model.threads {
            if thread.may_be_freed() && self.scheduler.thread(thread.name).is_err() {
                thread.state = State::Gone;
            }
        }
    }

    /// Any thread of the model, live or not.
    pub(super) fn any(&mut self) -> Option<usize> {
        let count = self.model.threads.len();
        // Mostly a recent one, because many early ones are freed.
        let newest = if self.dice.one_in(3) { count } else { count.min(24) };
        (count > 0).then(|| count - 1 - self.dice.below(newest))
    }

    /// Asserts that every operation refuses a stale or invalid name.
    pub(super) fn refuses(&mut self, name: ThreadRef) {
        let stale = SchedError::Stale(name);
        let wait = self.wait();
        let mask = self.affinity() | 1;
        let s = &mut self.scheduler;
        assert_eq!(s.thread(name).map(|_| ()), Err(stale));
        assert_eq!(s.context_mut(name).map(|_| ()), Err(stale));
        assert_eq!((s.retain(name), s.release(name)), (Err(stale), Err(stale)));
        assert_eq!((s.park(name, wait), s.exit(name, 1)), (Err(stale), Err(stale)));
        assert_eq!((s.wake_ref(name, 1, 1), s.set_boost_disabled(name, true)), (Err(stale), Err(stale)));
        assert_eq!((s.suspend(name), s.resume(name)), (Err(stale), Err(stale)));
        assert_eq!((s.set_base_priority(name, 9), s.set_affinity(name, mask)), (Err(stale), Err(stale)));
        assert_eq!(s.set_ideal_processor(name, 1), Err(stale));
        assert_eq!((s.hold_slot(name, true), s.yield_thread(name)), (Err(stale), Err(stale)));
    }

    pub(super) fn visit(&mut self) {
        let slot = self.dice.below(HW_THREADS) as u8;
        let picked = self.scheduler.begin_slot_visit(slot);
        self.log.add(&format!("hw{slot} {picked:?}"));
        let moved = self.model.visit(slot);
        let mut is_told = || picked.is_some_and(|thread| self.scheduler.take_moved(thread));
        assert_eq!((is_told(), is_told()), (moved, false));
        assert_eq!(picked, self.model.running(slot).map(|at| self.model.threads[at].name), "slot {slot}");
        if let Some(at) = self.model.running(slot) {
            let thread = &self.model.threads[at];
            assert!(
                thread.affinity >> slot & 1 == 1 && (thread.suspended == 0 || thread.holds),
                "{thread:?}"
            );
            let best = self.model.ready(slot).first().map(|&at| self.model.threads[at].priority);
            let keeps = thread.holds || self.model.yielded_to[usize::from(slot)];
            assert!(keeps || best <= Some(thread.priority), "{best:?} waits for {thread:?}");
        }
        match self.dice.below(5) {
            4 => {
                if let Some(at) = self.model.running(slot) {
                    let name = self.model.threads[at].name;
                    assert_eq!(self.scheduler.yield_thread(name), Ok(self.model.yield_thread(at)));
                }
            }
            0 => {
                self.scheduler.yield_slot(slot);
                self.model.left[usize::from(slot)] = 0;
            }
            1 => {
                let wait = self.wait();
                let running = self.scheduler.running(slot);
                let parked = running.filter(|&name| self.scheduler.park(name, wait.clone()).is_ok());
                assert_eq!(parked, picked);
                if let Some(at) = self.model.running(slot) {
                    self.model.park(at, wait.deadline, spins(&wait));
                }
            }
            _ => {
                let instructions = self.dice.next() % (u64::from(self.quantum) * 3 / 2 + 1);
                self.scheduler.decrement_quantum(slot, instructions);
                self.model.left[usize::from(slot)] -= instructions as i64;
            }
        }
    }

    /// Advances time; takes some or all of the expired waits, and mostly ends them.
    pub(super) fn time_passes(&mut self) {
        let now = match self.dice.below(6) {
            0 => self.scheduler.next_deadline().unwrap_or(0).max(self.scheduler.now()),
            1 => self.scheduler.now(),
            _ => self.scheduler.now() + self.dice.below(100) as u64,
        };
        let now = now.min(1 << 60);
        self.scheduler.set_now(now);
        let most = if self.dice.one_in(3) { self.dice.below(3) } else { usize::MAX };
        for _ in 0..most {
            let expected = self.model.expire(now);
            let popped = self.scheduler.pop_expired(now);
            assert_eq!(popped, expected.map(|at| self.model.threads[at].name), "due by {now}");
            self.log.add(&format!("{now} over {popped:?}"));
            let Some(at) = expected else { break };
            if !self.dice.one_in(4) {
                self.wake(at);
            }
        }
    }

    pub(super) fn wake(&mut self, at: usize) {
        let value = self.dice.next();
        let boost = self.small(4);
        let waited = matches!(self.model.threads[at].state, State::Waiting { .. });
        let name = self.model.threads[at].name;
        let woken = if waited { Woken::Yes } else { Woken::NotWaiting };
        assert_eq!(self.scheduler.wake_ref(name, value, boost), Ok(woken));
        if waited {
            assert_eq!(self.scheduler.thread(name).unwrap().context().unwrap().gpr[3], value);
            self.model.wake(at, boost);
        }
    }

    /// Applies a random operation to one thread.
    pub(super) fn act(&mut self, at: usize) {
        let thread = &self.model.threads[at];
        let name = thread.name;
        let ended = matches!(thread.state, State::Exited(_));
        let or_ended = |before: u32| if ended { Err(SchedError::Exited(name)) } else { Ok(before) };
        match self.dice.below(16) {
            0 | 1 => {
                let wait = self.wait();
                let deadline = wait.deadline;
                let for_spin_lock = spins(&wait);
                assert_eq!(self.scheduler.park(name, wait).map(|()| 0), or_ended(0));
                if !ended {
                    self.model.park(at, deadline, for_spin_lock);
                }
            }
            2 | 3 => self.wake(at),
            4 => {
                let times = if self.dice.one_in(40) { 130 } else { 1 };
                for _ in 0..times {
                    let before = self.model.threads[at].suspended;
                    let refused = before == 127 && !ended;
                    let expected =
                        if refused { Err(SchedError::SuspendCount(name)) } else { or_ended(before) };
                    assert_eq!(self.scheduler.suspend(name), expected);
                    if expected.is_ok() {
                        self.model.suspend(at);
                    }
                }
            }
            5 | 6 => {
                let times = if self.dice.one_in(10) { 130 } else { 1 };
                for _ in 0..times {
                    assert_eq!(self.scheduler.resume(name), or_ended(self.model.threads[at].suspended));
                    if !ended {
                        self.model.resume(at);
                    }
                }
            }
            7 => {
                let base = self.small(32);
                let before = self.model.set_base(at, base);
                assert_eq!(self.scheduler.set_base_priority(name, base), Ok(before));
            }
            8 => {
                let disabled = self.dice.one_in(2);
                let before = std::mem::replace(&mut self.model.threads[at].boost_disabled, disabled);
                assert_eq!(self.scheduler.set_boost_disabled(name, disabled), Ok(before));
            }
            9 => {
                let mask = self.affinity();
                let result = self.scheduler.set_affinity(name, mask);
                match self.model.set_affinity(at, mask) {
                    Some(before) => assert_eq!(result, Ok(before)),
                    None => assert_eq!(result, Err(SchedError::NoProcessor(mask))),
                }
            }
            10 => {
                let ideal = self.small(HW_THREADS);
                let result = self.scheduler.set_ideal_processor(name, ideal);
                if usize::from(ideal) < HW_THREADS {
                    let before = std::mem::replace(&mut self.model.threads[at].ideal, ideal);
                    assert_eq!(result, Ok(before));
                } else {
                    assert_eq!(result, Err(SchedError::NoProcessor(u32::from(ideal))));
                }
            }
            11 => {
                let counted = self.model.threads[at].references;
                if self.dice.one_in(2) {
                    assert_eq!(self.scheduler.retain(name), Ok(()));
                    self.model.threads[at].references += 1;
                } else if counted > 0 {
                    assert_eq!(self.scheduler.release(name), Ok(()));
                    self.model.threads[at].references -= 1;
                } else {
                    assert_eq!(self.scheduler.release(name), Err(SchedError::Stale(name)));
                }
            }
            12 | 13 => {
                let holds = self.dice.one_in(2);
                let before = self.model.hold(at, holds);
                assert_eq!(self.scheduler.hold_slot(name, holds), Ok(before));
            }
            14 => assert_eq!(self.scheduler.yield_thread(name), Ok(self.model.yield_thread(at))),
            _ => self.exit(at),
        }
    }

    pub(super) fn exit(&mut self, at: usize) {
        let code = self.dice.next() as u32;
        let name = self.model.threads[at].name;
        let state = self.model.threads[at].state;
        if matches!(state, State::Exited(_)) {
            assert_eq!(self.scheduler.exit(name, code), Err(SchedError::Exited(name)));
        } else {
            assert_eq!(self.scheduler.exit(name, code), Ok(()));
            self.model.leave(at);
            self.model.forget_contention(self.model.threads[at].id);
            self.model.threads[at].state = State::Exited(code);
        }
    }

    pub(super) fn round(&mut self) {
        let order = self.scheduler.begin_round();
        self.log.add(&format!("{order:?}"));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
        if !matches!(self.order, OrderMode::Seeded { .. }) {
            assert_eq!(usize::from(order[0]), self.rounds % HW_THREADS);
            assert!(order.windows(2).all(|pair| (pair[0] + 1) % 6 == pair[1]), "{order:?}");
        }
        self.rounds += 1;
        let visit = self.scheduler.visit_budget(4);
        let ticks = if let OrderMode::ScanQuantum { ticks } = self.order { Some(ticks) } else { None };
        assert_eq!(visit, ticks.map_or(u64::from(self.quantum), |ticks| 16 * u64::from(ticks)));
    }

    pub(super) fn operation(&mut self) {
        match self.dice.below(20) {
            0..=2 => self.spawn(),
            3..=8 => self.visit(),
            9 | 10 => self.time_passes(),
            11 => self.round(),
            12 => {
                let tid = self.dice.below(5) as u32;
                let met = self.scheduler.peek_contention(tid);
                let replays = matches!(self.order, OrderMode::Replay { .. });
                assert_eq!(met, if replays { self.model.peek(tid) } else { None });
            }
            13 => {
                let [hw_id, generation, low, high] = (self.dice.next() as u32).to_le_bytes();
                let idx = if self.dice.one_in(2) { 0x100 * u16::from(high) } else { 0 } + u16::from(low);
                let name = ThreadRef { hw_id, generation, idx };
                if !self.model.threads.iter().any(|t| t.name == name && t.state != State::Gone) {
                    self.refuses(name);
                }
            }
            _ => match self.any() {
                Some(at) if self.model.threads[at].state == State::Gone => {
                    self.refuses(self.model.threads[at].name);
                }
                Some(at) => self.act(at),
                None => self.spawn(),
            },
        }
    }
}
