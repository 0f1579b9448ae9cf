//! Ahead-of-time compilation of a title: compiles, on several threads, the worthwhile functions
//! that are reachable from known ones, into the store.
//!
//! The title does not run, and no code is published. One thread finds the functions, so that the
//! set of compiled functions depends on the title alone; then all threads compile. Functions
//! reachable only through pointers, and not named by the caller, are compiled when they are hot.

use crate::shared::{ModeCode, Shared};
use crate::tiering::ahead::{AheadCompiler, Finder, Pieces};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use xenia_guest::GuestAddr;
use xenia_lifter::{Compiler, Mode};
use xenia_sync::{Level, Mutex};

/// Functions found between two calls of `progress`.
const FOUND_AT_ONCE: usize = 1 << 10;

/// Progress of precompilation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precompiled {
    /// Number of known functions.
    pub functions: u64,
    /// Number of these that are done.
    pub done: u64,
    /// Number of done functions that are left to the baseline tier, in which they run as fast.
    pub left: u64,
    /// Number of compiled regions.
    pub regions: u64,
    /// Number of guest instructions in the compiled regions.
    pub instructions: u64,
    /// Number of regions that the store already had.
    pub known: u64,
    /// Number of regions that could not be compiled.
    pub failed: u64,
}

/// Compiles a machine's code ahead of time; created by [`Jit::ahead`](crate::Jit::ahead).
pub struct Ahead {
    shared: Arc<Shared>,
    compiler: Compiler,
}

/// Functions to compile, taken from the end.
struct Work {
    todo: Mutex<Vec<u32>>,
    done: Mutex<Precompiled>,
    stop: AtomicBool,
}

impl Ahead {
    /// A compiler for the machine with this state.
    pub(crate) fn new(shared: Arc<Shared>, compiler: Compiler) -> Self {
        Self { shared, compiler }
    }

    /// Notes that the title is in memory, and the addresses of its functions, so that idle-time
    /// compilation can begin.
    pub fn name_functions(&self, starts: &[GuestAddr]) {
        let starts = starts.iter().map(|start| start.0).collect::<BTreeSet<u32>>();
        *self.shared.named.lock() = Some(starts.into_iter().collect());
        self.shared.wake_idle();
    }

    /// Compiles the worthwhile functions reachable from `starts` into the store, on `threads`
    /// threads. `progress` is called now and then, and ends it by returning `false`.
    pub fn precompile(
        &self,
        starts: &[GuestAddr],
        threads: usize,
        progress: &(dyn Fn(Precompiled) -> bool + Sync),
    ) -> Precompiled {
        let shared = &*self.shared;
        let mode = Mode::default();
        let Some(code) = shared.code(mode) else { return Precompiled::default() };
        let Some(aside) = shared.aside() else { return Precompiled::default() };
        let learned = &aside;
        let work = Work::find(shared, learned, starts, progress);
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                let compiler = self.compiler.fork();
                let work = &work;
                scope.spawn(move || {
                    work.run(AheadCompiler { shared, code, learned, mode, compiler }, progress);
                });
            }
        });
        work.done.into_inner()
    }
}

impl Work {
    /// Finds the functions to compile.
    fn find(
        shared: &Shared,
        code: &ModeCode,
        starts: &[GuestAddr],
        progress: &(dyn Fn(Precompiled) -> bool + Sync),
    ) -> Self {
        let mut finder = Finder::new(shared);
        for start in starts.iter().map(|start| start.0).collect::<BTreeSet<u32>>() {
            finder.add(code, start);
        }
        let mut done = Precompiled::default();
        let mut todo = Vec::new();
        let mut stop = false;
        while let Some((start, scanned)) = finder.next(shared, code).filter(|_| !stop) {
            done.functions = finder.found() as u64;
            if scanned.is_some_and(|scanned| shared.is_worth_it(&scanned)) {
                todo.push(start);
            } else {
                done.done += 1;
                done.left += 1;
            }
            let looked_at = done.done as usize + todo.len();
            stop = looked_at.is_multiple_of(FOUND_AT_ONCE) && !progress(done);
        }
        todo.sort_unstable_by_key(|&start| std::cmp::Reverse(start));
        let todo = Mutex::new(Level::Leaf, todo);
        let done = Mutex::new(Level::Leaf, done);
        Self { todo, done, stop: AtomicBool::new(stop) }
    }

    fn run(&self, mut ahead: AheadCompiler<'_>, progress: &(dyn Fn(Precompiled) -> bool + Sync)) {
        let goes_on = || !self.stop.load(Relaxed);
        while goes_on() {
            let Some(start) = self.todo.lock().pop() else { return };
            let Pieces { regions, instructions, known, failed } = ahead.function(start, &goes_on);
            let mut done = self.done.lock();
            done.done += 1;
            done.regions += regions;
            done.instructions += instructions;
            done.known += known;
            done.failed += failed;
            let so_far = *done;
            // `progress` is the caller's, and may take long.
            drop(done);
            if !progress(so_far) {
                self.stop.store(true, Relaxed);
            }
        }
    }
}
