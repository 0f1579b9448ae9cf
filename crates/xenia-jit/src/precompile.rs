//! Compiling ahead of time: everything that can be reached from known functions goes to the store, on several threads.
//!
//! Nothing runs and nothing is published. Functions are found as they are in a run: those that came from outside, what they
//! call, and code behind a jump to an address in a register, which are the cases of switches. What only pointers lead to, and nobody
//! named, is compiled when it is warm.

use crate::JitError;
use crate::function_tier::Compiler;
use crate::jit::Jit;
use crate::mode::Mode;
use crate::plan::{Plan, Wanted, shorten};
use crate::region::{End, REGION_LIMIT, Region, end_of};
use crate::shared::{ModeCode, Shared};
use crate::starts::ends_in_a_jump;
use parking_lot::{Condvar, Mutex};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, decode};

/// Functions that are looked at, at most.
const MOST_FUNCTIONS: usize = 1 << 20;
/// Pieces of one function that are compiled.
const MOST_PIECES: usize = 1 << 10;

/// What has been done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precompiled {
    /// Functions that are known.
    pub functions: u64,
    /// Of these, how many are done.
    pub done: u64,
    /// Regions that were compiled.
    pub regions: u64,
    /// Their guest instructions.
    pub instructions: u64,
    /// Regions that the store had.
    pub known: u64,
    /// Regions that could not be compiled.
    pub failed: u64,
}

#[derive(Default)]
struct State {
    todo: Vec<u32>,
    seen: HashSet<u32>,
    /// Functions that somebody is at.
    at_work: usize,
    done: Precompiled,
}

impl State {
    fn add(&mut self, start: u32) {
        if self.seen.len() < MOST_FUNCTIONS && start.is_multiple_of(4) && self.seen.insert(start) {
            self.done.functions += 1;
            self.todo.push(start);
        }
    }
}

#[derive(Default)]
struct Work {
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
}

impl Jit {
    /// Compiles what can be reached from `starts` into the store, on so many threads. `progress` is told now and then how far it
    /// is, and ends it with `false`.
    pub fn precompile(
        &self,
        starts: &[GuestAddr],
        threads: usize,
        progress: &(dyn Fn(Precompiled) -> bool + Sync),
    ) -> Precompiled {
        let work = Work::default();
        let mode = Mode::default();
        let Some(code) = self.shared.code(mode) else { return Precompiled::default() };
        {
            let mut state = work.state.lock();
            let mut cache = code.cache.lock();
            for start in starts {
                state.add(start.0);
                cache.functions.add(start.0);
            }
        }
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                let compiler = self.engine.compiler.lock().fork();
                let work = &work;
                scope
                    .spawn(move || Worker { shared: &self.shared, code, mode, work, compiler }.run(progress));
            }
        });
        let state = work.state.lock();
        state.done
    }
}

/// That somebody is at a function. Should that fail, the others don't wait for it.
struct AtWork<'a>(&'a Work);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.state.lock().at_work -= 1;
        self.0.changed.notify_all();
    }
}

struct Worker<'a> {
    shared: &'a Shared,
    code: &'a ModeCode,
    mode: Mode,
    work: &'a Work,
    compiler: Compiler,
}

impl<'a> Worker<'a> {
    fn run(mut self, progress: &(dyn Fn(Precompiled) -> bool + Sync)) {
        while let Some((start, _at_work)) = self.next() {
            let mut done = Precompiled { done: 1, ..Precompiled::default() };
            let calls = self.function(start, &mut done);
            let mut state = self.work.state.lock();
            for call in calls {
                state.add(call);
            }
            state.done.done += 1;
            state.done.regions += done.regions;
            state.done.instructions += done.instructions;
            state.done.known += done.known;
            state.done.failed += done.failed;
            let so_far = state.done;
            drop(state);
            if !progress(so_far) {
                self.work.stop.store(true, Relaxed);
            }
        }
    }

    /// The next function; `None` if there is none and nobody can find one any more.
    fn next(&self) -> Option<(u32, AtWork<'a>)> {
        let mut state = self.work.state.lock();
        loop {
            if self.work.stop.load(Relaxed) {
                return None;
            }
            if let Some(start) = state.todo.pop() {
                state.at_work += 1;
                return Some((start, AtWork(self.work)));
            }
            if state.at_work == 0 {
                return None;
            }
            self.work.changed.wait(&mut state);
        }
    }

    /// Compiles a function, piece by piece; what it calls.
    fn function(&mut self, start: u32, done: &mut Precompiled) -> Vec<u32> {
        let mut calls = Vec::new();
        let mut todo = vec![start];
        let mut seen = HashSet::new();
        while let Some(pc) = todo.pop() {
            if seen.len() >= MOST_PIECES || !seen.insert(pc) {
                continue;
            }
            let Some(plan) = self.piece(pc, done) else { continue };
            calls.extend(&plan.calls);
            let mut cache = self.code.cache.lock();
            for &call in &plan.calls {
                cache.functions.add(call);
            }
            let place = cache.place(plan.start);
            // The piece behind it, if the function was cut.
            if place.piece.1 < place.end_of_code.min(place.function.1) {
                todo.push(place.piece.1);
            }
        }
        calls
    }

    /// Compiles the piece of a function that begins at `pc`, with the cases of its switches.
    fn piece(&mut self, pc: u32, done: &mut Precompiled) -> Option<Plan> {
        let mut limit = REGION_LIMIT;
        loop {
            let mut plan =
                self.shared.plan(self.code, Wanted { pc, as_entry: true }, &|_, _| Vec::new(), limit)?;
            if ends_in_a_jump(&plan.region) {
                let to = self.code.cache.lock().place(pc).piece.1;
                let cases = self.cases(&plan.region, to);
                if let Some(&first) = cases.first() {
                    let among = |from: u32, to: u32| {
                        cases.iter().copied().filter(|case| (from..to).contains(case)).collect()
                    };
                    let wanted = Wanted { pc: first, as_entry: true };
                    let whole = self.shared.plan(self.code, wanted, &among, limit);
                    plan = whole.filter(|whole| whole.region.entries.contains(&pc)).unwrap_or(plan);
                }
            }
            let store = self.shared.store.as_ref()?;
            let words = |places: crate::store::Words<'_>| {
                crate::store::words_of(places, &|pc| self.shared.memory.fetch_u32(pc).ok())
            };
            if store.find(self.mode, pc, &words).is_some_and(|found| found.has(&plan.region.entries)) {
                done.known += 1;
                return Some(plan);
            }
            let config = self.shared.lift_config(self.mode);
            match self.compiler.compile(&plan.region, config, false) {
                Ok(compiled) => {
                    store.add(self.mode, &plan, &compiled);
                    done.regions += 1;
                    done.instructions += plan.region.instructions as u64;
                    return Some(plan);
                }
                Err(JitError::TooLong(fitting)) if limit > 1 => {
                    limit = shorten(self.code, plan, fitting, limit);
                }
                Err(error) => {
                    tracing::warn!(%error, "not compiled");
                    done.failed += 1;
                    return Some(plan);
                }
            }
        }
    }

    /// Where code begins between the region's instructions, and behind them up to `to`, that no branch leads to.
    fn cases(&self, region: &Region, to: u32) -> Vec<u32> {
        let end = region.end();
        let has_bounds =
            self.code.cache.lock().functions.ends_at(region.entries.first().copied().unwrap_or(0));
        let to = if has_bounds == Some(to) { to } else { end };
        let mut cases = Vec::new();
        let mut begins = true;
        for pc in (region.entries.iter().copied().min().unwrap_or(end)..to).step_by(4) {
            if region.contains(pc) {
                begins = true;
                continue;
            }
            let Ok(word) = self.shared.memory.fetch_u32(pc) else { break };
            let op = decode(word);
            if op.is_none() || word == NOP {
                begins = true;
                continue;
            }
            if std::mem::take(&mut begins) {
                cases.push(pc);
            }
            begins = matches!(
                end_of(pc, op, Instruction(word)),
                End::Stop
                    | End::Branch { conditional: false, .. }
                    | End::Indirect { conditional: false, link: false }
            );
        }
        cases
    }
}

/// `nop`.
const NOP: u32 = 0x6000_0000;
