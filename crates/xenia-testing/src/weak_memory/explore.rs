//! States of a protocol, and the walk through all of them.

use super::order::is_ordered;
use super::{
    Barrier, LocalRegister, MAX_PLACES, MAX_REGISTERS, MAX_THREADS, MemoryLocation, Processor, Step,
    StepCondition, StepValue, ThreadSteps, What,
};
use std::collections::HashSet;

/// Limit of the stores to a place that fetches can distinguish.
const MAX_STORES: usize = 4;
/// Limit of states.
const MAX_STATES: usize = 4_000_000;

/// Judgement of an end of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The protocol failed.
    Forbidden,
    /// The protocol achieved its purpose. A model without such an end shows nothing.
    Worked,
    /// Nothing of note.
    Other,
}

/// Result of an exploration.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Number of different states.
    pub states: usize,
    /// Whether an end was judged as [`Judgement::Worked`].
    pub worked: bool,
    /// The steps that lead to an end judged as [`Judgement::Forbidden`].
    pub failure: Option<Vec<String>>,
}

/// A state of a protocol, in flat arrays, which are hashed quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    /// The performed steps of each thread.
    done: [u32; MAX_THREADS],
    registers: [u8; MAX_THREADS * MAX_REGISTERS],
    /// By place, its values: the present one is the last. Earlier ones are those that a fetch may
    /// still return.
    values: [u8; MAX_PLACES * MAX_STORES],
    counts: [u8; MAX_PLACES],
    /// By place, the index of the oldest value that a cache of instructions may be filled with.
    cleaned: [u8; MAX_PLACES],
    /// The place, plus 1, of each thread's exclusive load that no store of another has ended.
    exclusive: [u8; MAX_THREADS],
    /// The threads that each thread's barrier has interrupted.
    interrupted: [u8; MAX_THREADS],
}

/// An end of a protocol: all steps are performed.
#[derive(Clone, Copy, Debug)]
pub struct FinalState<'a>(&'a State);

impl FinalState<'_> {
    /// The value of a register; 0 if the step that sets it was not performed.
    #[must_use]
    pub fn of(&self, register: LocalRegister) -> u8 {
        self.0.register(register)
    }

    /// The value at a place.
    #[must_use]
    pub fn at(&self, place: MemoryLocation) -> u8 {
        self.0.now(place.into())
    }
}

impl State {
    fn register(&self, register: LocalRegister) -> u8 {
        self.registers[register.thread * MAX_REGISTERS + register.index]
    }

    fn set(&mut self, register: LocalRegister, value: u8) {
        self.registers[register.thread * MAX_REGISTERS + register.index] = value;
    }

    fn value(&self, operand: StepValue) -> u8 {
        match operand {
            StepValue::Value(value) => value,
            StepValue::Sum(register, by) => self.register(register).wrapping_add(by),
        }
    }

    fn holds(&self, condition: StepCondition) -> bool {
        match condition {
            StepCondition::Is(register, other) => self.register(register) == self.value(other),
            StepCondition::IsNot(register, other) => self.register(register) != self.value(other),
            StepCondition::Above(register, other) => self.register(register) > self.value(other),
        }
    }

    /// The values of the place with this index.
    fn values(&self, place: usize) -> &[u8] {
        let first = place * MAX_STORES;
        &self.values[first..first + usize::from(self.counts[place])]
    }

    fn now(&self, place: usize) -> u8 {
        self.values[place * MAX_STORES + usize::from(self.counts[place]) - 1]
    }

    fn write(&mut self, thread: usize, place: MemoryLocation, value: u8) {
        let at = usize::from(place);
        let count = usize::from(self.counts[at]);
        assert!(count < MAX_STORES, "too many stores to one place");
        self.values[at * MAX_STORES + count] = value;
        self.counts[at] += 1;
        for (other, exclusive) in self.exclusive.iter_mut().enumerate() {
            if other != thread && *exclusive == place.0 + 1 {
                *exclusive = 0;
            }
        }
    }

    /// Removes the `oldest` values of a place, which nothing can read, so that equal states compare
    /// equal.
    fn forget(&mut self, place: usize, oldest: u8) {
        if oldest > 0 {
            let values = &mut self.values[place * MAX_STORES..(place + 1) * MAX_STORES];
            values.rotate_left(oldest.into());
            self.counts[place] -= oldest;
            values[self.counts[place].into()..].fill(0);
            self.cleaned[place] = self.cleaned[place].saturating_sub(oldest);
        }
    }
}

/// The fixed facts of a thread, as sets of its steps, a bit for each.
struct Plan<'a> {
    thread: &'a ThreadSteps,
    all: u32,
    /// For each step, the earlier steps that it is ordered after, and the later steps ordered after
    /// it.
    before: Vec<u32>,
    behind: Vec<u32>,
    /// By step, those that set the registers that it uses; that its conditions use.
    uses: Vec<u32>,
    tests: Vec<u32>,
    /// The steps with conditions, and the kinds of steps.
    conditional: u32,
    speculative: u32,
    only_orders: u32,
    fetches: u32,
}

impl<'a> Plan<'a> {
    fn new(processor: Processor, thread: &'a ThreadSteps) -> Self {
        let steps = &thread.steps;
        let set = |is: &dyn Fn(usize, &Step) -> bool| {
            let members = steps.iter().enumerate().filter(|&(at, step)| is(at, step));
            members.fold(0, |set, (at, _)| set | 1_u32 << at)
        };
        let makers = |registers: &mut dyn Iterator<Item = LocalRegister>| {
            registers.fold(0, |set, register| set | 1_u32 << thread.makers[register.index])
        };
        let each = |of: &dyn Fn(usize, &Step) -> u32| -> Vec<u32> {
            steps.iter().enumerate().map(|(at, step)| of(at, step)).collect()
        };
        Self {
            thread,
            all: set(&|_, _| true),
            before: each(&|at, step| set(&|to, other| to < at && is_ordered(processor, other, step))),
            behind: each(&|at, step| set(&|to, other| to > at && is_ordered(processor, step, other))),
            uses: each(&|_, step| makers(&mut step.what.uses())),
            tests: each(&|_, step| makers(&mut step.conditions.iter().flat_map(StepCondition::uses))),
            conditional: set(&|_, step| !step.conditions.is_empty()),
            speculative: set(&|_, step| step.what.is_speculative()),
            only_orders: set(&|_, step| step.what.only_orders()),
            fetches: set(&|_, step| step.what.is_fetch()),
        }
    }

    fn done(&self, s: &State) -> u32 {
        s.done[self.thread.number]
    }

    /// The steps whose conditions hold, those whose conditions fail, and those still undecided.
    fn choices(&self, s: &State) -> Choices {
        let done = self.done(s);
        let mut choices = Choices { taken: self.all & !self.conditional, skipped: 0, unknown: 0 };
        for at in members(self.conditional) {
            let conditions = &self.thread.steps[at].conditions;
            let known = |condition: &&StepCondition| {
                condition.uses().all(|register| done >> self.thread.makers[register.index] & 1 != 0)
            };
            if conditions.iter().filter(known).any(|&condition| !s.holds(condition)) {
                choices.skipped |= 1 << at;
            } else if self.tests[at] & !done == 0 {
                choices.taken |= 1 << at;
            } else {
                choices.unknown |= 1 << at;
            }
        }
        choices
    }

    /// The steps that may be performed now. Of an earlier step whose condition is unknown, loads
    /// and fetches may guess that it is not performed.
    fn ready(&self, s: &State, choices: Choices) -> u32 {
        let done = self.done(s);
        let Choices { taken, unknown, .. } = choices;
        let certain = unknown.checked_ilog2().map_or(self.all, |_| (1 << unknown.trailing_zeros()) - 1);
        let candidates = (taken | unknown) & !done & (certain | self.speculative);
        let mut ready = 0;
        for at in members(candidates) {
            if self.uses[at] & !done == 0 && self.before[at] & taken & !done == 0 {
                ready |= 1 << at;
            }
        }
        ready
    }

    /// Whether a step that is performed only now should have been before another one that was
    /// performed already: the guess that it would not be was wrong.
    fn was_guessed_wrong(&self, s: &State, choices: Choices, at: usize) -> bool {
        self.conditional >> at & 1 != 0 && self.behind[at] & self.done(s) & !choices.skipped != 0
    }

    /// Whether the thread is between two steps, all before having been performed and none after;
    /// fetches count if `with_fetches`.
    fn is_between(&self, s: &State, with_fetches: bool) -> bool {
        let ignored = self.only_orders | if with_fetches { 0 } else { self.fetches };
        let counts = self.all & !ignored & !self.choices(s).skipped;
        let done = counts & self.done(s);
        let rest = counts & !self.done(s);
        rest == 0 || done >> rest.trailing_zeros() == 0
    }

    /// The value that the load at `at` reads: that of the thread's own last store, which others may
    /// not see yet, or memory's. `None` if it is not known yet.
    fn loaded(&self, s: &State, choices: Choices, at: usize, from: MemoryLocation) -> Option<u8> {
        for (before, step) in self.thread.steps[..at].iter().enumerate().rev() {
            let What::Store { to, value, .. } = step.what else { continue };
            let bit = 1 << before;
            if to != from || (self.done(s) | choices.skipped) & bit != 0 {
                continue;
            }
            let is_known = choices.taken & bit != 0 && self.uses[before] & !self.done(s) == 0;
            return is_known.then(|| s.value(value));
        }
        Some(s.now(from.into()))
    }
}

#[derive(Clone, Copy)]
struct Choices {
    taken: u32,
    skipped: u32,
    unknown: u32,
}

/// The members of a set of steps.
fn members(mut set: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.checked_ilog2().map(|_| set.trailing_zeros())?;
        set &= set - 1;
        Some(at as usize)
    })
}

struct Protocol<'a> {
    processor: Processor,
    threads: Vec<Plan<'a>>,
    /// By place: whether a fetch from it may return earlier values than the last.
    keeps: [bool; MAX_PLACES],
}

/// A step: the number of its thread, and its own.
type Taken = (usize, usize);

impl Protocol<'_> {
    /// Adds the states to which a step that is ready leads.
    fn perform(&self, s: &State, thread: &Plan<'_>, choices: Choices, at: usize, next: &mut Vec<State>) {
        if thread.was_guessed_wrong(s, choices, at) {
            return;
        }
        let number = thread.thread.number;
        let what = thread.thread.steps[at].what;
        let mut after = *s;
        after.done[number] |= 1 << at;
        match what {
            What::Load { from, into, .. } => {
                let Some(value) = thread.loaded(s, choices, at, from) else { return };
                after.set(into, value);
            }
            What::Store { to, value, .. } => after.write(number, to, s.value(value)),
            What::Checked { gate, to, value, into } => {
                if s.now(gate.into()) == 0 {
                    after.set(into, 1);
                    after.write(number, to, s.value(value));
                }
            }
            What::Take { at, into, .. } => {
                after.set(into, s.now(at.into()));
                after.exclusive[number] = at.0 + 1;
            }
            What::Give { at, value, taken, free, .. } => {
                if s.exclusive[number] != at.0 + 1 || free && s.register(taken) != 0 {
                    return;
                }
                after.exclusive[number] = 0;
                after.write(number, at, s.value(value));
            }
            What::Fetch { from, into } => {
                let values = s.values(from.into());
                for (i, &value) in values.iter().enumerate() {
                    if !values[..i].contains(&value) {
                        after.set(into, value);
                        next.push(after);
                    }
                }
                return;
            }
            What::Clean(code) => after.cleaned[usize::from(code)] = s.counts[usize::from(code)] - 1,
            What::Drop(code) => after.forget(code.into(), s.cleaned[usize::from(code)]),
            What::Everywhere(barrier) => {
                self.interrupt(s, number, barrier, next);
                if s.interrupted[number].count_ones() as usize + 1 < self.threads.len() {
                    return;
                }
                after.interrupted[number] = 0;
            }
            What::FenceAll | What::FenceLoads | What::Isb => {}
        }
        for place in (0..MAX_PLACES).filter(|&place| !self.keeps[place]) {
            after.forget(place, after.counts[place] - 1);
        }
        next.push(after);
    }

    /// Adds the states in which a barrier on all threads has interrupted one more.
    fn interrupt(&self, s: &State, caller: usize, barrier: Barrier, next: &mut Vec<State>) {
        let with_fetches = barrier == Barrier::Instructions || self.processor == Processor::X86_64;
        for (number, thread) in self.threads.iter().enumerate().filter(|&(number, _)| number != caller) {
            if s.interrupted[caller] >> number & 1 == 0 && thread.is_between(s, with_fetches) {
                let mut after = *s;
                after.interrupted[caller] |= 1 << number;
                next.push(after);
            }
        }
    }

    /// Adds the states that follow, with the step that leads to each.
    fn follow(&self, s: &State, next: &mut Vec<State>, steps: &mut Vec<Taken>) {
        let mut choices = Vec::with_capacity(MAX_THREADS);
        for thread in &self.threads {
            let chosen = thread.choices(s);
            let ready = thread.ready(s, chosen);
            // No other step depends on when these are performed.
            let at_once = (chosen.skipped & !thread.done(s)) | (ready & thread.only_orders);
            if let Some(at) = members(at_once).next() {
                let is_skipped = chosen.skipped >> at & 1 != 0;
                if is_skipped || !thread.was_guessed_wrong(s, chosen, at) {
                    let mut after = *s;
                    after.done[thread.thread.number] |= 1 << at;
                    next.push(after);
                    steps.push((thread.thread.number, at));
                }
                return;
            }
            choices.push((chosen, ready));
        }
        for (thread, (choices, ready)) in self.threads.iter().zip(choices) {
            for at in members(ready) {
                self.perform(s, thread, choices, at, next);
                steps.resize(next.len(), (thread.thread.number, at));
            }
        }
    }
}

/// Explores a protocol between threads, from the `initial` values of the places on, until a failure
/// is found.
///
/// # Panics
/// If the protocol has more places or states than the explorer takes.
#[must_use]
pub fn explore(
    processor: Processor,
    initial: &[u8],
    threads: &[ThreadSteps],
    judge: impl Fn(&FinalState<'_>) -> Judgement,
) -> Explored {
    assert!(initial.len() <= MAX_PLACES, "too many places");
    let mut keeps = [false; MAX_PLACES];
    for step in threads.iter().flat_map(|thread| &thread.steps) {
        if let What::Fetch { from, .. } = step.what {
            keeps[usize::from(from)] = processor == Processor::Aarch64;
        }
    }
    let plans: Vec<Plan<'_>> = threads.iter().map(|thread| Plan::new(processor, thread)).collect();
    let all: Vec<u32> = plans.iter().map(|plan| plan.all).collect();
    let protocol = Protocol { processor, threads: plans, keeps };
    let mut start = State {
        done: [0; MAX_THREADS],
        registers: [0; MAX_THREADS * MAX_REGISTERS],
        values: [0; MAX_PLACES * MAX_STORES],
        counts: [1; MAX_PLACES],
        cleaned: [0; MAX_PLACES],
        exclusive: [0; MAX_THREADS],
        interrupted: [0; MAX_THREADS],
    };
    for (place, &value) in initial.iter().enumerate() {
        start.values[place * MAX_STORES] = value;
    }
    let mut explored = Explored { states: 0, worked: false, failure: None };
    let mut seen = HashSet::from([start]);
    // By state, the one that it follows, and the step.
    let mut origins: Vec<(usize, Taken)> = vec![(0, (0, 0))];
    let mut open = vec![(start, 0)];
    let mut next = Vec::new();
    let mut steps = Vec::new();
    while let Some((state, number)) = open.pop() {
        if state.done[..threads.len()] == all {
            match judge(&FinalState(&state)) {
                Judgement::Worked => explored.worked = true,
                Judgement::Forbidden => {
                    explored.failure = Some(way(threads, &origins, number));
                    break;
                }
                Judgement::Other => {}
            }
            continue;
        }
        protocol.follow(&state, &mut next, &mut steps);
        for (state, step) in next.drain(..).zip(steps.drain(..)) {
            if seen.insert(state) {
                origins.push((number, step));
                open.push((state, origins.len() - 1));
            }
        }
        assert!(seen.len() < MAX_STATES, "too many states");
    }
    explored.states = seen.len();
    explored
}

/// The steps that lead to a state.
fn way(threads: &[ThreadSteps], origins: &[(usize, Taken)], mut state: usize) -> Vec<String> {
    let mut way = Vec::new();
    while state != 0 {
        let (before, (thread, step)) = origins[state];
        way.push(format!("{}: {:?}", threads[thread].name, threads[thread].steps[step].what));
        state = before;
    }
    way.reverse();
    way
}
